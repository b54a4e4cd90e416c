"""Agreement of calibrated figures with R's `survey`: on a sample of ours anywhere, on its data `api` where R is.

`calibration.R` makes the figures. Those of our sample are stored in `calibration_figures.csv`; where R is installed, they are
made again.
"""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.estimate.sampled import calibrated_estimates, counted

HERE = Path(__file__).parent
METHODS: dict[str, dict[str, Any]] = {
    "poststratify": {"method": "poststratify", "to": ["one"]},
    "rake": {"method": "raking"},
    "raking": {"method": "raking"},
    "linear": {"method": "linear"},
    "logit": {"method": "logit", "bounds": [0.3, 4]},
}
OURS: dict[str, dict[str, Any]] = {
    "alone": {"strata": "h"},
    "clusters": {"strata": "h", "cluster": "c", "population": "pop"},
    "stages": {"strata": "h", "cluster": "c", "cluster2": "s", "population": "pop", "population2": "pop2"},
}
SCHOOLS: dict[str, dict[str, Any]] = {
    "apistrat": {"strata": "stype", "population": "fpc"},
    "apiclus1": {"cluster": "dnum", "population": "fpc"},
    "apiclus2": {"cluster": "dnum", "cluster2": "snum", "population": "fpc1", "population2": "fpc2"},
}
DRAWN_ONE_BY_ONE = ("alone", "apistrat")
GROUPS = {
    ("F", "Y"): 900,
    ("F", "A"): 1500,
    ("F", "O"): 1300,
    ("M", "Y"): 1000,
    ("M", "A"): 1600,
    ("M", "O"): 1200,
}
REGIONS = {"N": 3000, "S": 4500}


def indicators(y: str, x: str, yes: str, across: str, groups: list[str]) -> dict[str, Any]:
    gap = {"across": across, "groups": groups}
    return {
        "MEAN": {"mean": y},
        "TOTAL": {"total": y},
        "RATIO": {"ratio": [y, x]},
        "SHARE": {"proportion": f"{yes} = 'Yes'", "scale": 1},
        "COUNT": {"count": f"{yes} = 'Yes'"},
        "MEAN_GAP": {"difference": {"of": "MEAN", **gap}},
        "SHARE_GAP": {"difference": {"of": "SHARE", **gap}},
    }


@lru_cache
def ours(sample: str, method: str) -> pd.DataFrame:
    estimate = {
        "weight": "w", **OURS[sample], "breakdowns": ["REGION"],
        "indicators": indicators("y", "x", "yes", "REGION", ["N", "S"]),
        "benchmarks": {"one": {"by": ["sex", "age"]}, "other": {"by": ["region"]}}, "calibrate": METHODS[method],
    }  # fmt: skip
    sampled = pd.read_csv(HERE / "calibration_sample.csv", dtype={"pop": "float64", "pop2": "float64"})
    return calibrated_estimates(sampled, estimate, {"one": counted(GROUPS), "other": counted(REGIONS)})[0]


def stored() -> pd.DataFrame:
    return pd.read_csv(HERE / "calibration_figures.csv")


def compare(found: pd.DataFrame, expected: pd.DataFrame) -> int:
    """Hold figures against those of R; an error that is nothing there is none here. Return how many errors there were."""
    (method,), (sample,) = expected["method"].unique(), expected["sample"].unique()
    # R's rake takes the residuals without weights, in ten rounds: the same only where all weights are equal.
    error = 1e-9 if method != "rake" else 1e-6 if sample == "apiclus1" else math.inf
    errors = 0
    for row in expected.itertuples():
        figure = found.loc[(row.figure, row.domain)]
        assert math.isclose(figure["OBS_VALUE"], row.estimate, rel_tol=1e-9, abs_tol=1e-7), row
        if row.se <= 1e-6 * abs(row.estimate):
            assert pd.isna(figure["_se"]), "what the benchmarks fix has no sampling error"
        elif row.figure.endswith("_GAP") and sample in DRAWN_ONE_BY_ONE:
            assert pd.isna(figure["_se"]), "the products of two groups' residuals are not summed"
        elif row.figure.endswith("_GAP") and found.loc[row.figure.removesuffix("_GAP")]["_se"].isna().any():
            assert pd.isna(figure["_se"]), "a group in which all are alike has no error"
        else:
            assert abs(figure["_se"] - row.se) <= error * row.se, (row, figure["_se"])
            errors += 1
    return errors


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sample", OURS)
def test_figures_of_our_sample_are_those_of_r(sample: str, method: str) -> None:
    table = stored()
    expected = table[(table["sample"] == sample) & (table["method"] == method)]
    assert compare(ours(sample, method), expected) == (15 if sample in DRAWN_ONE_BY_ONE else 17)


@pytest.fixture(scope="module")
def made_by_r(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, pd.DataFrame]:
    """What `calibration.R` writes; the schools are not ours to keep here (GPL)."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed: apt-get install r-cran-survey r-cran-mass")
    folder = tmp_path_factory.mktemp("r")
    made = subprocess.run(
        [program, HERE / "calibration.R", HERE / "calibration_sample.csv", folder],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("R lacks the packages survey or MASS: apt-get install r-cran-survey r-cran-mass")
    return {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}


def test_the_stored_figures_are_what_r_gives(made_by_r: Mapping[str, pd.DataFrame]) -> None:
    again = made_by_r["figures"]
    again = again[again["sample"].isin(OURS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(stored(), again, rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sample", SCHOOLS)
def test_figures_of_schools_are_those_of_r(
    made_by_r: Mapping[str, pd.DataFrame], sample: str, method: str
) -> None:
    schools, margins, figures = made_by_r[sample], made_by_r["margins"], made_by_r["figures"]
    schools.columns = [column.lower().replace(".", "_") for column in schools.columns]
    counts = {
        name: counted(dict(zip(part["category"], part["count"], strict=True)))
        for name, part in margins.groupby("margin")
    }
    estimate = {
        "weight": "pw", **SCHOOLS[sample], "breakdowns": ["COMP_IMP"],
        "indicators": indicators("api00", "api99", "awards", "COMP_IMP", ["No", "Yes"]),
        "benchmarks": {"one": {"by": ["stype"]}, "other": {"by": ["sch_wide"]}}, "calibrate": METHODS[method],
    }  # fmt: skip
    found, _ = calibrated_estimates(schools, estimate, {"one": counts["stype"], "other": counts["sch_wide"]})
    expected = figures[(figures["sample"] == sample) & (figures["method"] == method)]
    assert compare(found, expected) >= (12 if sample in DRAWN_ONE_BY_ONE else 13)
