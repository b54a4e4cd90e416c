"""Standard errors of generated designs against a plain computation, their properties, and where there are none."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from citizenstats.contracts.model import Contract
from citizenstats.estimate.design import design_of
from tests.estimate.support import contract, design_faults, estimated, select

INDICATORS = {
    "SHARE": {"proportion": "yes", "scale": 1},
    "MEAN": {"mean": "y"},
    "TOTAL": {"total": "y"},
    "RATIO": {"ratio": ["y", "x"]},
    "COUNT": {"count": "yes"},
}
DESIGN = {
    "weight": "w",
    "strata": "h",
    "cluster": "c",
    "population": "pop",
    "breakdowns": ["A", "B"],
    "indicators": INDICATORS,
}


def survey(seed: int, rows: int = 600) -> pd.DataFrame:
    """Return records of 4 strata with 3 to 9 clusters each; some answers are missing."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 4, rows)
    cluster = rng.integers(0, 3 + 2 * stratum)
    effect = rng.normal(0, 3, (4, 12))[stratum, cluster]
    y = 40 + effect + 5 * stratum + rng.normal(0, 6, rows)
    answered = rng.random(rows) > 0.05
    return pd.DataFrame(
        {
            "h": [f"H{s}" for s in stratum],
            "c": [f"C{c}" for c in cluster],
            "pop": (20.0 + 10 * stratum),
            "w": rng.uniform(1, 9, rows),
            "y": np.where(answered, y, np.nan),
            "x": y * rng.uniform(0.8, 1.2, rows) + 5,
            "yes": y + rng.normal(0, 8, rows) > 50,
            "a": rng.choice(["A1", "A2", "A3"], rows),
            "b": rng.choice(["B1", "B2"], rows),
        }
    ).astype({"y": "float64"})


def plainly(table: pd.DataFrame, indicator: str, inside: Any) -> tuple[float, float, int]:
    """Return estimate, standard error and degrees of freedom of a domain, by loops over strata and clusters."""
    y = {"SHARE": table["yes"].astype(float), "COUNT": table["yes"].astype(float)}.get(indicator, table["y"])
    x = table["x"] if indicator == "RATIO" else pd.Series(1.0, table.index)
    used = inside & y.notna()
    w = table["w"]
    linear = indicator in ("TOTAL", "COUNT")
    top, base = (w * y)[used].sum(), (w * x)[used].sum()
    estimate = top if linear else top / base
    z = (w * y if linear else w * (y - estimate * x) / base).where(used, 0.0)
    variance, clusters, strata = 0.0, 0, 0
    for _, part in table.groupby("h"):
        totals = z[part.index].groupby(part["c"]).sum().to_numpy()
        n = len(totals)
        variance += (1 - n / part["pop"].iloc[0]) * n / (n - 1) * float(((totals - totals.mean()) ** 2).sum())
        seen = part["c"][used[part.index]].nunique()
        clusters, strata = clusters + seen, strata + (seen > 0)
    return float(estimate), math.sqrt(variance), clusters - strata


@pytest.mark.parametrize("seed", [1, 2])
def test_every_domain_of_a_generated_design_is_what_a_plain_computation_gives(seed: int) -> None:
    table = survey(seed)
    found = estimated(table, DESIGN)
    compared = 0
    for indicator, a, b in itertools.product(INDICATORS, ["_T", "A1", "A2", "A3"], ["_T", "B1", "B2"]):
        inside = (table["a"].eq(a) | (a == "_T")) & (table["b"].eq(b) | (b == "_T"))
        estimate, error, degrees = plainly(table, indicator, inside)
        row = found.loc[(indicator, a, b)]
        assert math.isclose(row["OBS_VALUE"], estimate, rel_tol=1e-10, abs_tol=1e-8)
        assert math.isclose(row["_se"], error, rel_tol=1e-10), (indicator, a, b)
        if indicator != "COUNT":
            assert row["_df"] == degrees
        compared += 1
    assert compared == 60


def test_errors_scale_with_the_values_and_not_with_the_weights() -> None:
    table = survey(3)
    once = estimated(table, DESIGN)
    heavier = estimated(table.assign(w=table["w"] * 7), DESIGN)
    larger = estimated(table.assign(y=table["y"] * 10), DESIGN)
    for indicator in ("SHARE", "MEAN", "RATIO"):
        np.testing.assert_allclose(heavier.loc[indicator]["_se"], once.loc[indicator]["_se"], rtol=1e-10)
    np.testing.assert_allclose(heavier.loc["TOTAL"]["_se"], 7 * once.loc["TOTAL"]["_se"], rtol=1e-10)
    np.testing.assert_allclose(larger.loc["MEAN"]["_se"], 10 * once.loc["MEAN"]["_se"], rtol=1e-10)


def test_a_weight_of_two_is_the_record_twice_in_its_cluster() -> None:
    table = survey(4).assign(w=lambda t: np.where(t["a"] == "A1", 2.0, 1.0))
    twice = pd.concat([table, table[table["w"] == 2]], ignore_index=True).assign(w=1.0)
    one, other = estimated(table, DESIGN), estimated(twice, DESIGN)
    np.testing.assert_allclose(one["OBS_VALUE"], other["OBS_VALUE"], rtol=1e-10)
    np.testing.assert_allclose(one["_se"].astype(float), other["_se"].astype(float), rtol=1e-9)


def test_totals_of_domains_add_up_and_contributions_are_the_largest() -> None:
    table = survey(5)
    found = estimated(table, DESIGN, protection={"p_percent": 10})
    parts = [found.loc[("TOTAL", a, "_T")]["OBS_VALUE"] for a in ("A1", "A2", "A3")]
    assert math.isclose(sum(parts), found.loc[("TOTAL", "_T", "_T")]["OBS_VALUE"], rel_tol=1e-10)
    first, second = (table["w"] * table["y"]).abs().nlargest(2)
    row = found.loc[("TOTAL", "_T", "_T")]
    assert (row["_x1"], row["_x2"]) == (first, second)
    mean = found.loc[("MEAN", "_T", "_T")]
    assert math.isclose(mean["_x1"], first / table["w"][table["y"].notna()].sum(), rel_tol=1e-12)
    assert found.loc["SHARE"]["_x1"].isna().all()
    alone = estimated(
        table, {**DESIGN, "design": "none"}, protection={"dominance": {"units": 2, "share": 0.8}}
    )
    pd.testing.assert_frame_equal(alone[["_x1", "_x2"]], found[["_x1", "_x2"]])
    unasked = estimated(table, DESIGN)
    pd.testing.assert_series_equal(unasked["_x1"], found["_x1"])
    assert unasked["_x2"].isna().all()


def test_no_list_of_contributions_goes_through_the_cells_of_clusters() -> None:
    """Of ten thousand clusters in a thousand domains they do not fit into the memory of a step, not even empty."""
    assert "MAX(ABS(_num" in select(survey(5), DESIGN, {})
    text = select(survey(5), DESIGN, {"p_percent": 10})
    cells, _, sums = text.partition("cells AS MATERIALIZED")[2].partition("sums AS")
    assert "MAX(ABS(_num1), 2) AS _most1" in text
    assert "_most" not in cells
    assert "_most" not in sums.partition("behind AS")[0]


def test_a_lonely_stratum_is_averaged_over_strata_that_answered() -> None:
    """Errors by R's survey of those that answered; of stratum d nobody did."""
    table = pd.DataFrame(
        {
            "h": list("aaaabbbccdd"),
            "c": [*"11231221112"],
            "w": [1.0, 2, 3, 1, 2, 2, 1, 4, 1, 3, 2],
            "y": [5.0, 7, 1, 4, 8, 2, 6, 3, 9, np.nan, np.nan],
        }
    )
    design = {"weight": "w", "strata": "h", "cluster": "c", "lonely": "average"}
    found = estimated(table, {**design, "indicators": {k: INDICATORS[k] for k in ("MEAN", "TOTAL")}})
    assert math.isclose(found.loc["MEAN"]["_se"], 1.2488569503458649, rel_tol=1e-12)
    assert math.isclose(found.loc["TOTAL"]["_se"], 20.383817110639509, rel_tol=1e-12)


def test_there_is_no_error_of_one_cluster_nor_of_everybody() -> None:
    table = survey(6)
    table.loc[(table["a"] == "A1") & ~((table["h"] == "H0") & (table["c"] == "C0")), "a"] = "A2"
    table.loc[table["b"] == "B1", "yes"] = True
    found = estimated(table, DESIGN)
    nothing = ["_se", "_df", "_neff", "_cv", "_lower", "_upper", "STD_ERROR", "LOWER_BOUND", "UPPER_BOUND"]
    assert found.loc[("MEAN", "A1", "_T")][nothing].isna().all()
    assert found.loc[("SHARE", "_T", "B1")][nothing].isna().all()
    assert found.loc[("SHARE", "_T", "B2")][nothing].notna().all()


@pytest.mark.parametrize(
    ("sampling", "declared", "has_error"),
    [
        ("probability", {}, True),
        ("probability", {"design": "none"}, False),
        ("probability", {"design": "census"}, False),
        (
            "probability",
            {"design": "simple_random", "strata": None, "cluster": None, "population": None},
            True,
        ),
        ("probability", {"strata": None, "cluster": None, "population": None}, False),
        ("non_probability", {}, False),
        ("census_of_communities", {}, False),
        ("register", {}, False),
        ("document_review", {}, False),
    ],
)
def test_only_a_probability_design_has_an_error(
    sampling: str, declared: dict[str, Any], has_error: bool
) -> None:
    found = estimated(survey(7), {**DESIGN, **declared}, sampling=sampling)
    assert found["STD_ERROR"].notna().any() == has_error
    assert found["_se"].notna().any() == has_error


def test_a_sample_that_nobody_drew_cannot_be_declared_random() -> None:
    with pytest.raises(ValidationError, match=r"record\.sampling: probability"):
        contract(
            {"y": "DOUBLE"},
            {"design": "simple_random", "indicators": {"M": {"mean": "y"}}},
            sampling="register",
        )


def test_a_sampling_error_that_a_partner_told_needs_a_random_sample() -> None:
    said = contract({"y": "DOUBLE", "e": "DOUBLE"}, {"indicators": {"M": {"mean": "y"}}}).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    said["targets"][0]["map"]["STD_ERROR"] = "e"
    Contract.model_validate(said)
    said["record"]["sampling"] = "non_probability"
    with pytest.raises(ValidationError, match="STD_ERROR of OFFICE:SURVEY needs"):
        Contract.model_validate(said)


def test_a_simple_random_sample_has_the_error_of_the_textbook() -> None:
    table = survey(8)
    estimate = {"design": "simple_random", "population": "size", "indicators": {"MEAN": {"mean": "x"}}}
    row = estimated(table.assign(size=5000.0), estimate).loc["MEAN"]
    n = len(table)
    assert math.isclose(row["_se"], math.sqrt((1 - n / 5000) * table["x"].var() / n), rel_tol=1e-10)
    assert row["_df"] == n - 1
    assert math.isclose(row["_neff"], n / (1 - n / 5000), rel_tol=1e-9)


def test_the_design_must_hold_on_the_records() -> None:
    table = survey(9)
    estimate = {key: value for key, value in DESIGN.items() if key != "breakdowns"}
    assert set(design_faults(table, estimate).values()) == {0}
    alone = table[(table["h"] != "H1") | (table["c"] == "C0")]
    assert design_faults(alone, estimate)["LONELY_CLUSTER"] == 1
    assert design_faults(alone, {**estimate, "lonely": "adjust"})["LONELY_CLUSTER"] == 0
    assert design_faults(table.assign(pop=2.0), estimate)["DESIGN_POPULATION"] == 4
    assert (
        design_faults(table.assign(w=table["w"].where(table.index > 2)), estimate)["DESIGN_INCOMPLETE"] == 3
    )
    assert (
        design_faults(table.assign(w=table["w"].replace(table["w"][0], np.inf)), estimate)[
            "DESIGN_INCOMPLETE"
        ]
        == 1
    )
    certain = contract({"y": "DOUBLE", "h": "VARCHAR"}, {"strata": "h", "indicators": {"M": {"mean": "y"}}})
    assert certain.targets[0].estimate is not None
    assert design_of(certain, certain.targets[0].estimate) is not None


def test_weights_must_be_given_where_nothing_was_drawn_too() -> None:
    table = survey(9).head(40)
    estimate = {"design": "none", "weight": "w", "indicators": {"MEAN": {"mean": "y"}}}
    assert set(design_faults(table, estimate).values()) == {0}
    for wrong in (np.nan, 0.0, -1.0, np.inf):
        assert design_faults(table.assign(w=table["w"].where(table.index > 2, wrong)), estimate) == {
            "DESIGN_INCOMPLETE": 3,
            "DESIGN_POPULATION": 0,
            "LONELY_CLUSTER": 0,
        }


def test_there_is_no_error_of_what_is_no_number() -> None:
    """A division by zero in the contract; the message is then refused, with its place (`NOT_A_NUMBER`)."""
    table = survey(10)
    table.loc[0, "y"] = np.inf
    found = estimated(table, DESIGN)
    rows = found.loc[[("MEAN", "_T", "_T"), ("TOTAL", "_T", "_T"), ("RATIO", "_T", "_T")]]
    assert rows["_se"].isna().all()
    assert rows["DESIGN_EFFECT"].isna().all()
    assert not found.loc[("SHARE", "_T", "_T")].isna()["_se"]


def test_the_design_effect_of_a_count_of_people_is_not_told() -> None:
    """With the count and its error it tells how many were asked, and so how many of them have it not."""
    table = survey(11)
    of_people, of_things = (
        estimated(table, DESIGN, protection=protection)["DESIGN_EFFECT"]
        for protection in ({}, {"waived": "no persons"})
    )
    told = of_people.notna().groupby("INDICATOR").sum().to_dict()
    assert told["COUNT"] == 0 < of_things.notna().groupby("INDICATOR").sum()["COUNT"]
    assert min(told[key] for key in ("SHARE", "MEAN", "TOTAL")) > 5
