"""Calibrated weights: what they meet, what they leave alone, and the named errors when they cannot be had."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from citizenstats.contracts.counts import read_counts
from citizenstats.contracts.model import Benchmark, Calibration, Estimate
from citizenstats.errors import CitizenstatsError, MappingError
from citizenstats.estimate.calibration import Margin, basis, factors
from tests.estimate.sampled import calibrated_estimates, counted

SEXES = {"F": 5200.0, "M": 4800.0}
AGES = {"Y": 2500.0, "A": 4500.0, "O": 3000.0}
ESTIMATE: dict[str, Any] = {
    "weight": "w",
    "strata": "h",
    "breakdowns": ["SEX", "AGE"],
    "indicators": {"ALL": {"count": "true"}, "SUM": {"total": "y"}, "MEAN": {"mean": "y"}},
    "benchmarks": {"sexes": {"by": ["sex"]}, "ages": {"by": ["age"]}},
}
METHODS: dict[str, dict[str, Any]] = {
    "raking": {"method": "raking"},
    "linear": {"method": "linear"},
    "linear in bounds": {"method": "linear", "bounds": [0.4, 2.4]},
    "logit": {"method": "logit", "bounds": [0.4, 2.4]},
}


def survey(seed: int, rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], rows, p=[0.62, 0.38])
    age = rng.choice(["Y", "A", "O"], rows, p=[0.15, 0.5, 0.35])
    return pd.DataFrame(
        {
            "h": rng.choice(["H0", "H1", "H2"], rows),
            "sex": sex,
            "age": age,
            "w": rng.uniform(15, 35, rows),
            "y": 30 + 6 * (sex == "F") + 9 * (age == "O") + rng.normal(0, 4, rows),
        }
    )


def counts(**other: Mapping[Any, float]) -> dict[str, Any]:
    return {name: counted(of) for name, of in ({"sexes": SEXES, "ages": AGES} | other).items()}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [11, 12])
def test_the_weighted_sample_has_the_official_counts(method: str, seed: int) -> None:
    found, _ = calibrated_estimates(survey(seed), {**ESTIMATE, "calibrate": METHODS[method]}, counts())
    for sex, count in SEXES.items():
        assert math.isclose(found.loc[("ALL", sex, "_T")]["OBS_VALUE"], count, rel_tol=1e-8)
    for age, count in AGES.items():
        assert math.isclose(found.loc[("ALL", "_T", age)]["OBS_VALUE"], count, rel_tol=1e-8)
    assert found.loc["ALL"]["_se"][[("F", "_T"), ("_T", "Y"), ("_T", "_T")]].isna().all(), (
        "an official count is sure"
    )


def test_what_the_benchmarks_explain_is_surer_after_calibration() -> None:
    table = survey(13)
    before, _ = calibrated_estimates(
        table, {**ESTIMATE, "calibrate": {"method": "poststratify", "to": ["sexes"]}}, counts()
    )
    after, _ = calibrated_estimates(table, {**ESTIMATE, "calibrate": {"method": "raking"}}, counts())
    assert after.loc[("MEAN", "_T", "_T")]["_se"] < before.loc[("MEAN", "_T", "_T")]["_se"]


def test_a_sample_that_has_the_official_counts_stays_as_it_is() -> None:
    table = survey(14)
    sexes, ages = (table.groupby(column)["w"].sum().to_dict() for column in ("sex", "age"))
    found, weights = calibrated_estimates(
        table, {**ESTIMATE, "calibrate": {"method": "raking"}}, counts(sexes=sexes, ages=ages)
    )
    np.testing.assert_allclose(weights.table["_g"].to_numpy(), 1, rtol=1e-9)
    assert math.isclose(
        found.loc[("SUM", "_T", "_T")]["OBS_VALUE"], (table["w"] * table["y"]).sum(), rel_tol=1e-9
    )


def test_weights_of_another_scale_give_the_same_calibrated_figures() -> None:
    table = survey(15)
    raked = {**ESTIMATE, "calibrate": {"method": "raking"}}
    one, _ = calibrated_estimates(table, raked, counts())
    other, _ = calibrated_estimates(table.assign(w=table["w"] / 1000), raked, counts())
    np.testing.assert_allclose(one["OBS_VALUE"], other["OBS_VALUE"], rtol=1e-7)
    np.testing.assert_allclose(one["_se"].astype(float), other["_se"].astype(float), rtol=1e-6)


def test_factors_stay_within_the_bounds() -> None:
    for method in ("linear in bounds", "logit"):
        said = METHODS[method] | {"bounds": [0.7, 1.9]}
        _, weights = calibrated_estimates(survey(16), {**ESTIMATE, "calibrate": said}, counts())
        found = weights.table["_g"].to_numpy()
        assert found.min() >= 0.7
        assert found.max() <= 1.9


def test_each_period_meets_its_own_counts_where_they_have_a_period() -> None:
    by_period = {name: (*counted(of, "2020"), *counted(dict.fromkeys(of, 9.0), "1990")) for name, of in
                 {"sexes": SEXES, "ages": AGES}.items()}  # fmt: skip
    found, weights = calibrated_estimates(
        survey(17), {**ESTIMATE, "calibrate": {"method": "raking"}}, by_period
    )
    assert math.isclose(found.loc[("ALL", "_T", "_T")]["OBS_VALUE"], 10_000, rel_tol=1e-8)
    assert [change["period"] for change in weights.told] == ["2020"]


def test_a_sample_without_a_design_is_calibrated_and_has_no_error() -> None:
    plain = {key: said for key, said in ESTIMATE.items() if key not in ("strata", "weight")}
    found, _ = calibrated_estimates(survey(18), {**plain, "calibrate": {"method": "raking"}}, counts())
    assert math.isclose(found.loc[("ALL", "F", "_T")]["OBS_VALUE"], SEXES["F"], rel_tol=1e-8)
    assert found["_se"].isna().all()


def test_the_change_of_weights_is_told_by_quantiles_and_kish() -> None:
    table = survey(19)
    _, weights = calibrated_estimates(
        table, {**ESTIMATE, "calibrate": {"method": "raking"}}, counts(), minimum=10
    )
    cells = weights.table.to_pandas()
    g = table.merge(cells, on=["sex", "age"])
    ordered = g["_g"].sort_values().to_numpy()
    (told,) = weights.told
    assert told["lowest"] == round(ordered[9], 2)
    assert told["highest"] == round(ordered[-10], 2)
    assert told["median"] == round(float(np.quantile(ordered, 0.5, method="inverted_cdf")), 2)
    after = g["w"] * g["_g"]
    assert told["unequal_weighting_after"] == round(len(g) * (after**2).sum() / after.sum() ** 2, 2)
    assert told["unequal_weighting_before"] == round(len(g) * (g["w"] ** 2).sum() / g["w"].sum() ** 2, 2)


def test_of_a_sample_below_the_minimum_nothing_is_told() -> None:
    _, weights = calibrated_estimates(
        survey(20, rows=60), {**ESTIMATE, "calibrate": {"method": "raking"}}, counts(), minimum=61
    )
    assert weights.told == ()


def test_of_one_benchmark_alone_nothing_is_told_for_its_factors_are_counts() -> None:
    table = survey(21)
    said = {
        **ESTIMATE,
        "benchmarks": {"sexes": ESTIMATE["benchmarks"]["sexes"]},
        "calibrate": {"method": "raking"},
    }
    _, weights = calibrated_estimates(table.assign(w=1.0), said, {"sexes": counts()["sexes"]}, minimum=10)
    factors = weights.table.to_pandas().set_index("sex")["_g"]
    asked = table.groupby("sex").size()
    assert all(round(SEXES[sex] / factors[sex]) == asked[sex] for sex in SEXES), (
        "the factor tells who was asked"
    )
    assert weights.told == ()


Change = Callable[[pd.DataFrame], pd.DataFrame]
FAULTS: dict[str, tuple[Change, dict[str, Any], dict[str, Any], str]] = {
    "an official category without a record": (
        lambda t: t[t["age"] != "Y"], {}, {}, "BENCHMARK_EMPTY_CATEGORY"),
    "a category that nobody counted": (
        lambda t: t.assign(age=t["age"].replace("Y", "young")), {}, {}, "BENCHMARK_UNKNOWN_CATEGORY"),
    "a category of records that is counted as none": (
        lambda t: t, {"ages": {"Y": 0.0, "A": 7000.0, "O": 3000.0}}, {}, "BENCHMARK_UNKNOWN_CATEGORY"),
    "records without a category": (
        lambda t: t.assign(age=t["age"].where(t.index > 2)), {}, {}, "BENCHMARK_MISSING_CATEGORY"),
    "totals that differ": (lambda t: t, {"ages": {"Y": 2500, "A": 4500, "O": 3001}}, {}, "BENCHMARK_TOTALS_DIFFER"),
    "too few iterations": (lambda t: t, {}, {"iterations": 1, "tolerance": 1e-12}, "CALIBRATION_NOT_CONVERGED"),
    "bounds that are too narrow": (
        lambda t: t, {}, {"method": "logit", "bounds": [0.98, 1.02]}, "CALIBRATION_NOT_CONVERGED"),
    "a weight below 0": (
        lambda t: t, {"sexes": {"F": 100, "M": 9900}, "ages": {"Y": 200, "A": 300, "O": 9500}}, {"method": "linear"},
        "CALIBRATION_NEGATIVE_WEIGHTS"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_met_is_an_error_that_says_how_to_mend_it(fault: str) -> None:
    change, other, method, code = FAULTS[fault]
    estimate = {**ESTIMATE, "calibrate": {"method": "raking", **method}}
    with pytest.raises(CitizenstatsError) as raised:
        calibrated_estimates(change(survey(21)), estimate, counts(**other))
    assert raised.value.code == code
    assert raised.value.where.startswith("kin/survey, OFFICE:SURVEY")
    assert raised.value.mend
    assert "young" not in str(raised.value), "a value of a record is never told"


def test_a_period_that_nobody_counted_is_an_error() -> None:
    late = {name: counted(of, "1990") for name, of in {"sexes": SEXES, "ages": AGES}.items()}
    with pytest.raises(CitizenstatsError, match="BENCHMARK_NO_PERIOD"):
        calibrated_estimates(survey(22), {**ESTIMATE, "calibrate": {"method": "raking"}}, late)


def test_the_basis_is_orthonormal_and_has_no_category_twice() -> None:
    weights = np.array([10.0, 20, 30, 15, 25, 5])
    one = Margin("one", np.array([0, 0, 0, 1, 1, 1]), np.array([70.0, 50]))
    other = Margin("other", np.array([0, 1, 2, 0, 1, 2]), np.array([30.0, 50, 40]))
    found = basis(weights, [one, other])
    assert found.shape == (6, 4)
    np.testing.assert_allclose(found.T @ (weights[:, None] * found), np.eye(4), atol=1e-12)


def test_linear_and_raking_are_the_same_to_one_benchmark() -> None:
    weights, margin = np.array([10.0, 20, 30]), Margin("one", np.array([0, 1, 1]), np.array([12.0, 40]))
    raked = factors(weights, [margin], Calibration(method="raking"), "here")
    np.testing.assert_allclose(
        factors(weights, [margin], Calibration(method="linear"), "here"), raked, rtol=1e-12
    )
    np.testing.assert_allclose(raked, [1.2, 0.8, 0.8], rtol=1e-12)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"calibrate": {"method": "logit"}}, "needs bounds"),
        ({"calibrate": {"method": "raking", "bounds": [0.5, 2]}}, "bounds are for"),
        ({"calibrate": {"method": "linear", "bounds": [1.1, 2]}}, "around 1"),
        ({"calibrate": {"method": "raking", "to": ["regions"]}}, "none of the benchmarks"),
        ({"calibrate": {"method": "poststratify"}}, "one benchmark"),
        ({"calibrate": {"method": "raking"}, "benchmarks": {}}, "needs benchmarks"),
        ({"benchmarks": {"sexes": {"by": ["sex"], "source": "x"}}}, "exactly one of file, dataset"),
    ],
)
def test_a_calibration_that_cannot_be_meant_is_refused(said: dict[str, Any], told: str) -> None:
    benchmarks = {name: {"file": "c.csv", "source": "x", **of} for name, of in ESTIMATE["benchmarks"].items()}
    with pytest.raises(ValidationError, match=told):
        Estimate.model_validate({"indicators": ESTIMATE["indicators"], "benchmarks": benchmarks, **said})


# --- the file beside the contract -------------------------------------------------------------------------

AGE_BY_YEAR = Benchmark.model_validate(
    {"by": {"age": "age_group"}, "file": "c.csv", "period": "year", "source": "x"}
)


def test_counts_are_added_up_over_columns_that_the_benchmark_does_not_name(tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("year,age_group,sex,count\n2020,Y,F,10\n2020,Y,M,5\n2020,O,F,7.5\n", "utf-8")
    assert read_counts(file, AGE_BY_YEAR, "here") == (("2020", ("Y",), 15.0), ("2020", ("O",), 7.5))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("year,age,count\n2020,Y,10\n", "BAD_CSV"),
        ("year,age_group,count\n2020,Y,\n", "BAD_CSV"),
        ("year,age_group,count\n2020,Y,-1\n", "BAD_CSV"),
        ("year,age_group,count\n2020,Y,1e999\n", "BAD_CSV"),
        ("year,age_group,count\n2020,Y,10\n2020,Y,11\n", "DUPLICATE_KEY"),
        (None, "NO_SUCH_FILE"),
    ],
)
def test_a_file_of_counts_that_is_wrong_names_its_line(tmp_path: Path, text: str | None, code: str) -> None:
    file = tmp_path / "c.csv"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(MappingError) as raised:
        read_counts(file, AGE_BY_YEAR, "here")
    assert raised.value.code == code
    assert raised.value.where
    assert raised.value.mend
