"""Agreement with R's package `survey`: asked live where it is installed, and stored figures of R for where it is not."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from citizenstats.estimate.distributions import korn_graubard
from tests.estimate import agreement
from tests.estimate.agreement import DESIGNS, ESTIMATE
from tests.estimate.support import estimated

STORED = agreement.read_figures(agreement.STORED)
SCHOOLS = {"waived": "schools are no persons"}
"""Of persons the design effect of a count is not told."""
KINDS = {"mean", "total", "ratio", "proportion", "count", "quantile", "difference"}

BETA = {
    "apistrat": (0.7741713285973, 0.8734315926207),
    "apiclus1": (0.8237022108475, 0.9147044921269),
    "apiclus2": (0.5907711261131, 0.8732922796574),
}
"""Korn and Graubard's interval of the share WIDE by R."""

LONELY = {
    ("certainty", False): (10.61630157031, 92896.00269931),
    ("certainty", True): (10.48338210779, 91370.83297584),
    ("adjust", False): (10.6307020981, 98480.46275155),
    ("adjust", True): (10.49794566709, 97035.80680824),
    ("average", False): (13.00226090138, 113773.9028788),
    ("average", True): (12.83946847136, 111905.9590819),
}
"""Rule and whether there is a finite population → errors of mean API00 and total ENROLL by R."""


@pytest.fixture(scope="session")
def r(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which R wrote its samples of schools and the figures of all surveys."""
    folder: Path = tmp_path_factory.mktemp("r")
    hindered = agreement.from_r(folder)
    if hindered is not None:
        pytest.skip(hindered)
    return folder


def compare(ours: pd.DataFrame, expected: pd.DataFrame) -> int:
    """Assert that figures are R's to ten digits; return how many were compared."""
    for key, figure in expected.iterrows():
        assert isinstance(key, tuple)
        row = ours.loc[key]
        assert math.isclose(row["OBS_VALUE"], figure["value"], rel_tol=1e-10, abs_tol=1e-8), key
        for companion, of_r in (("_se", "se"), ("_lower", "low"), ("_upper", "high")):
            # A bound near zero is the difference of two numbers of the figure's size.
            near = 1e-10 * (abs(figure["value"]) + figure["se"])
            assert math.isclose(row[companion], figure[of_r], abs_tol=near), (key, companion)
        assert row["_df"] == row["DEGREES_OF_FREEDOM"] == figure["df"], key
        if math.isfinite(figure["deff"]):
            assert math.isclose(row["DESIGN_EFFECT"], figure["deff"], abs_tol=0.005 + 1e-9), key
        if "difference" in agreement.INDICATORS[key[0]]:
            continue
        assert math.isclose(row["_cv"], figure["se"] / abs(figure["value"]), rel_tol=1e-9), key
        # Of R's design effect, which is against a sample drawn with replacement, with n - 1 in the variance between units.
        if key[0] == "API00" and math.isfinite(figure["deff"]):
            assert math.isclose(row["_neff"], row["_base"] / figure["deff"], rel_tol=1e-9), key
        if key[0] == "WIDE" and math.isfinite(figure["deff"]):
            most = min(row["_base"], (row["_base"] - 1) / figure["deff"])
            assert math.isclose(row["_neff"], most, rel_tol=1e-9), key
    return len(expected)


@pytest.mark.parametrize("survey", [name for name in DESIGNS if name.startswith("made")])
def test_figures_of_a_made_survey_are_those_that_r_gave(survey: str) -> None:
    ours = estimated(agreement.made()[survey], {**ESTIMATE, **DESIGNS[survey]}, protection=SCHOOLS)
    assert compare(ours, STORED.loc[survey]) > 50


@pytest.mark.parametrize("survey", [name for name in DESIGNS if name.startswith("api")])
def test_figures_of_the_schools_are_those_that_r_gives_and_gave(survey: str, r: Path) -> None:
    ours = estimated(
        agreement.read_table(r / f"{survey}.csv"), {**ESTIMATE, **DESIGNS[survey]}, protection=SCHOOLS
    )
    assert compare(ours, agreement.read_figures(r / "figures.csv").loc[survey]) > 50
    assert compare(ours, STORED.loc[survey]) > 50


def test_r_still_gives_what_is_stored(r: Path) -> None:
    live = agreement.read_figures(r / "figures.csv")
    pd.testing.assert_frame_equal(live, STORED, rtol=1e-9)


def test_every_kind_of_indicator_is_compared() -> None:
    compared = STORED.index.get_level_values("indicator").unique()
    kinds = {next(kind for kind in agreement.INDICATORS[key] if kind in KINDS) for key in compared}
    assert kinds == KINDS


@pytest.mark.parametrize("survey", BETA)
def test_the_interval_of_korn_and_graubard_is_that_of_r(survey: str, r: Path) -> None:
    figure, size = STORED.loc[survey, "WIDE", "_T", "_T"], len(agreement.read_table(r / f"{survey}.csv"))
    low, high = korn_graubard(figure["value"], figure["se"], size, int(figure["df"]))
    assert math.isclose(low, BETA[survey][0], rel_tol=1e-9)
    assert math.isclose(high, BETA[survey][1], rel_tol=1e-9)


@pytest.mark.parametrize(("lonely", "has_population"), LONELY)
def test_a_lonely_cluster_counts_as_in_r(lonely: str, has_population: bool, r: Path) -> None:
    table = agreement.read_table(r / "apistrat.csv")
    kept = table[(table["stype"] != "H") | (~table["stype"].duplicated())]
    indicators = {key: agreement.INDICATORS[key] for key in ("API00", "ENROLL")}
    estimate = {"weight": "pw", "strata": "stype", "lonely": lonely, "indicators": indicators}
    found = estimated(kept, {**estimate, **({"population": "fpc"} if has_population else {})})
    mean, total = LONELY[lonely, has_population]
    assert math.isclose(found.loc["API00"]["_se"], mean, rel_tol=1e-10)
    assert math.isclose(found.loc["ENROLL"]["_se"], total, rel_tol=1e-10)
