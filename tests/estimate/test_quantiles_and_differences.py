"""Quantiles and differences of generated designs against a plain computation, and their properties."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.estimate.sampled import calibrated_estimates, counted
from tests.estimate.support import contract, estimated
from tests.estimate.test_design import survey

GAP = {"difference": {"of": "MEAN", "across": "A", "groups": ["A1", "A2"]}}
INDICATORS = {
    "MEAN": {"mean": "y"},
    "MEDIAN": {"quantile": {"of": "y"}},
    "LOW": {"quantile": {"of": "y", "p": 0.23}},
    "GAP": GAP,
}
DESIGN = {
    "weight": "w",
    "strata": "h",
    "cluster": "c",
    "population": "pop",
    "breakdowns": ["A", "B"],
    "indicators": INDICATORS,
}
FEW = settings(max_examples=4, deadline=None)
"""Each example is planned and run by the engine."""


def plain_quantile(values: pd.Series, weights: pd.Series, p: float) -> float:
    """Return the least value at or below which the share p of the weights lies."""
    order = values.sort_values().index
    reached = weights[order].cumsum() >= p * weights.sum() - 1e-9
    return float(values[order][reached].iloc[0])


def variance(table: pd.DataFrame, z: pd.Series) -> float:
    """Return the variance of the sum of residuals, by loops over strata and clusters."""
    found = 0.0
    for _, part in table.groupby("h"):
        totals = z[part.index].groupby(part["c"]).sum().to_numpy()
        n = len(totals)
        found += (1 - n / part["pop"].iloc[0]) * n / (n - 1) * float(((totals - totals.mean()) ** 2).sum())
    return found


def residuals(table: pd.DataFrame, inside: pd.Series) -> tuple[float, pd.Series]:
    """Return the mean of a domain and its linearised residual on each record."""
    used = inside & table["y"].notna()
    base = table["w"][used].sum()
    mean = (table["w"] * table["y"])[used].sum() / base
    return float(mean), (table["w"] * (table["y"] - mean) / base).where(used, 0.0)


@FEW
@given(seed=st.integers(0, 10_000))
def test_every_quantile_is_where_the_weights_reach_its_share(seed: int) -> None:
    table = survey(seed)
    found = estimated(table, DESIGN)
    for indicator, p in (("MEDIAN", 0.5), ("LOW", 0.23)):
        for a in ("_T", "A1", "A2", "A3"):
            inside = (table["a"].eq(a) | (a == "_T")) & table["y"].notna()
            row = found.loc[(indicator, a, "_T")]
            value = plain_quantile(table["y"][inside], table["w"][inside], p)
            assert math.isclose(row["OBS_VALUE"], value, abs_tol=1e-8)
            beneath, above = (table["y"][inside] <= value).sum(), (table["y"][inside] >= value).sum()
            assert row["_side"] == min(beneath, above)
            assert row["_lower"] <= value <= row["_upper"]


@FEW
@given(seed=st.integers(0, 10_000), by=st.sampled_from([2, 3]))
def test_a_quantile_follows_its_values_and_a_weight_is_a_record_so_many_times(seed: int, by: int) -> None:
    table = survey(seed, rows=300).assign(w=lambda t: np.where(t["a"] == "A1", float(by), 1.0))
    often = pd.concat([table, *[table[table["w"] > 1]] * (by - 1)], ignore_index=True).assign(w=1.0)
    once = estimated(table, DESIGN)
    for other, factor in (
        (often, 1),
        (table.assign(w=table["w"] * 7), 1),
        (table.assign(y=table["y"] * 8), 8),
    ):
        found = estimated(other, DESIGN)
        for column in ("OBS_VALUE", "_lower", "_upper", "_se"):
            ours, theirs = (f.loc[["MEDIAN", "LOW", "GAP"]][column].astype(float) for f in (found, once))
            np.testing.assert_allclose(ours, factor * theirs, rtol=1e-8, atol=1e-7)


@FEW
@given(seed=st.integers(0, 10_000))
def test_a_difference_has_the_variance_of_residuals_that_share_clusters(seed: int) -> None:
    table = survey(seed)
    found = estimated(table, DESIGN)
    shared = []
    for b in ("_T", "B1", "B2"):
        inside = table["b"].eq(b) | (b == "_T")
        (first, z1), (second, z2) = (residuals(table, inside & table["a"].eq(a)) for a in ("A1", "A2"))
        row = found.loc[("GAP", "_T", b)]
        assert math.isclose(row["OBS_VALUE"], first - second, abs_tol=1e-8)
        assert math.isclose(row["_se"], math.sqrt(variance(table, z1 - z2)), rel_tol=1e-9)
        shared.append(row["_se"] - math.hypot(*(found.loc[("MEAN", a, b)]["_se"] for a in ("A1", "A2"))))
        assert row["_n"] == sum(found.loc[("MEAN", a, b)]["_n"] for a in ("A1", "A2"))
    assert max(map(abs, shared)) > 1e-6, "the groups share clusters"
    assert set(found.loc["GAP"].index.get_level_values("A")) == {"_T"}


def test_without_clusters_a_difference_of_two_strata_has_the_sum_of_their_variances() -> None:
    table = survey(3).assign(a=lambda t: t["h"].map({"H0": "A1", "H1": "A2", "H2": "A3", "H3": "A3"}))
    found = estimated(table, {**DESIGN, "cluster": None, "population": None})
    apart = math.hypot(*(found.loc[("MEAN", a, "_T")]["_se"] for a in ("A1", "A2")))
    assert math.isclose(found.loc[("GAP", "_T", "_T")]["_se"], apart, rel_tol=1e-9)


def test_only_the_margins_asked_for_have_differences() -> None:
    found = estimated(survey(4), {**DESIGN, "margins": [["A"], ["A", "B"], ["B"]]})
    assert set(found.loc["GAP"].index) == {("_T", "_T"), ("_T", "B1"), ("_T", "B2")}
    assert set(found.loc["MEDIAN"].index.get_level_values("A")) == {"_T", "A1", "A2", "A3"}
    assert ("_T", "_T") not in found.loc["MEDIAN"].index


@pytest.mark.parametrize(
    ("margins", "drawn"),
    [
        ([[]], {}),
        ([["B"], []], {"cluster": None, "population": None}),
        ([[]], {"design": "none"}),
    ],
)
def test_a_breakdown_that_no_margin_tells_is_totalled(
    margins: list[list[str]], drawn: dict[str, Any]
) -> None:
    indicators = {key: one for key, one in INDICATORS.items() if key != "GAP"}
    design = {**DESIGN, **drawn, "indicators": indicators}
    few, all_ = estimated(survey(7), {**design, "margins": margins}), estimated(survey(7), design)
    assert set(few.index.get_level_values("A")) == {"_T"}
    expected = all_[(all_.index.get_level_values("A") == "_T")]
    if margins == [[]]:
        expected = expected[expected.index.get_level_values("B") == "_T"]
    pd.testing.assert_frame_equal(few.sort_index(), expected.sort_index(), check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"margins": []}, "the total alone is"),
        ({"margins": [["C"]]}, "C is not among the breakdowns"),
        ({"margins": [["A", "B"], ["B", "A"]]}, "twice"),
        ({"margins": [["A", "A"]]}, "twice"),
        ({"breakdowns": ["A", "B", "A"]}, "twice"),
    ],
)
def test_margins_that_say_nothing_or_the_same_again_are_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        contract({"y": "DOUBLE"}, {**DESIGN, "indicators": {"MEAN": {"mean": "y"}}, **said})


@pytest.mark.parametrize("sampling", ["non_probability", "census_of_communities", "register"])
def test_without_a_probability_design_there_is_the_figure_and_no_error(sampling: str) -> None:
    table = survey(5)
    drawn, found = estimated(table, DESIGN), estimated(table, DESIGN, sampling=sampling)
    np.testing.assert_allclose(found["OBS_VALUE"], drawn["OBS_VALUE"], rtol=1e-10)
    told = [
        "_se",
        "_df",
        "_neff",
        "_cv",
        "_lower",
        "_upper",
        "STD_ERROR",
        "DESIGN_EFFECT",
        "DEGREES_OF_FREEDOM",
    ]
    assert found[told].isna().all().all()
    assert drawn.loc["GAP"]["_se"].notna().all()


def test_a_difference_has_no_error_where_a_group_has_none() -> None:
    table = survey(6)
    table.loc[table["a"] == "A1", "yes"] = True
    shares = {"SHARE": {"proportion": "yes"}, "GAP": {"difference": {**GAP["difference"], "of": "SHARE"}}}
    found = estimated(table, {**DESIGN, "indicators": shares})
    row = found.loc[("GAP", "_T", "_T")]
    assert math.isclose(row["OBS_VALUE"], 100 - found.loc[("SHARE", "A2", "_T")]["OBS_VALUE"], abs_tol=1e-7)
    assert row[["_se", "_df", "_lower", "_upper", "STD_ERROR"]].isna().all()


def test_bounds_that_are_values_of_few_are_not_told() -> None:
    table = survey(7, rows=120)
    low = {"LOWEST": {"quantile": {"of": "y", "p": 0.11}}, "MEDIAN": INDICATORS["MEDIAN"]}
    found = estimated(table, {**DESIGN, "indicators": low})
    told = ["STD_ERROR", "LOWER_BOUND", "UPPER_BOUND"]
    lowest, median = found.loc[("LOWEST", "_T", "_T")], found.loc[("MEDIAN", "_T", "_T")]
    assert (table["y"] <= lowest["_lower"]).sum() < 10
    assert lowest[["_se", "_lower", "_upper"]].notna().all()
    assert lowest[told].isna().all()
    assert median[told].notna().all()


def test_all_values_alike_are_a_quantile_without_an_error() -> None:
    found = estimated(survey(8).assign(y=3.0), DESIGN)
    row = found.loc[("MEDIAN", "_T", "_T")]
    assert row["OBS_VALUE"] == 3
    assert row[["_se", "_lower", "_upper", "_df"]].isna().all()
    assert row["_side"] == row["_n"]


@pytest.mark.parametrize(
    ("gap", "says"),
    [
        ({"of": "NONE"}, "must be of a proportion, mean or ratio"),
        ({"of": "MEDIAN"}, "must be of a proportion, mean or ratio"),
        ({"across": "C"}, "not among the breakdowns"),
        ({"groups": ["A1", "A1"]}, "two different groups"),
        ({"groups": ["A1", "_T"]}, "is no group"),
    ],
)
def test_a_difference_that_cannot_be_is_refused(gap: dict[str, Any], says: str) -> None:
    wrong = {**INDICATORS, "GAP": {"difference": {**GAP["difference"], **gap}}}
    with pytest.raises(ValidationError, match=says):
        contract({"y": "DOUBLE"}, {"breakdowns": ["A"], "indicators": wrong})


@pytest.mark.parametrize("design", [{"strata": "h"}, {"strata": "h", "cluster": "c", "population": "pop"}])
def test_calibrated_weights_are_in_the_errors_of_quantiles_and_differences(design: dict[str, Any]) -> None:
    """The share at or below a median, and a difference as a total, are known to agree with R under calibrated weights."""
    sampled = pd.read_csv(
        Path(__file__).parent / "calibration_sample.csv", dtype={"pop": "float64", "pop2": "float64"}
    )
    sampled = sampled[sampled["y"].notna()]
    regions = {"N": 3000, "S": 4500}
    estimate = {
        "weight": "w", **design, "breakdowns": ["REGION"], "benchmarks": {"one": {"by": ["region"]}},
        "calibrate": {"method": "linear"},
    }  # fmt: skip

    def found(indicators: dict[str, Any]) -> pd.DataFrame:
        return calibrated_estimates(
            sampled, {**estimate, "indicators": indicators}, {"one": counted(regions)}
        )[0]

    gap = {"difference": {"of": "MEAN", "across": "REGION", "groups": ["N", "S"]}}
    ours = found({"MEAN": {"mean": "y"}, "MEDIAN": {"quantile": {"of": "y"}}, "GAP": gap})
    median, difference = ours.loc[("MEDIAN", "_T")], ours.loc[("GAP", "_T")]
    linear = "CASE region WHEN 'N' THEN y / 3000 WHEN 'S' THEN -y / 4500 END"
    other = found(
        {
            "SHARE": {"proportion": f"y <= {float(median['OBS_VALUE'])!r}", "scale": 1},
            "AS_TOTAL": {"total": linear},
        }
    )
    share, total = other.loc[("SHARE", "_T")], other.loc[("AS_TOTAL", "_T")]
    assert math.isclose(median["_neff"], share["_neff"], rel_tol=1e-9)
    assert math.isclose(difference["OBS_VALUE"], total["OBS_VALUE"], abs_tol=1e-7)
    if "cluster" in design:
        assert math.isclose(difference["_se"], total["_se"], rel_tol=1e-9)
    else:
        assert pd.isna(difference["_se"])


def test_a_dimension_may_be_called_as_a_column_of_a_step_is() -> None:
    """They ended in the engine, which took the one for the other."""
    table = survey(11, 60)
    gap = {"difference": {"of": "MEAN", "across": "POPULATION", "groups": ["A1", "A2"]}}
    other = {**DESIGN, "breakdowns": ["POPULATION", "N"], "indicators": {**INDICATORS, "GAP": gap}}
    found = estimated(table.rename(columns={"a": "population", "b": "n"}), other)
    expected = estimated(table, DESIGN).rename_axis(found.index.names)
    pd.testing.assert_frame_equal(found, expected)
