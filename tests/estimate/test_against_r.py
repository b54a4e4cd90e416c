"""Agreement with R's package `survey` on its data set `api`: figures stored here, data read where R is installed."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from citizenstats.estimate.quantile import korn_graubard
from tests.estimate.support import estimated

TAKEN_OUT = """suppressMessages(library(survey)); data(api); options(digits = 17)
for (n in c("apistrat", "apiclus1", "apiclus2")) write.csv(get(n), paste0(n, ".csv"), row.names = FALSE)"""

INDICATORS = {
    "API00": {"mean": "api00"},
    "ENROLL": {"total": "enroll"},
    "RATIO": {"ratio": ["api_stu", "enroll"]},
    "WIDE": {"proportion": "sch_wide = 'Yes'", "scale": 1},
    "AWARDS": {"proportion": "awards = 'Yes'", "scale": 1},
}
BREAKDOWNS = ["STYPE", "SCH_WIDE", "COMP_IMP"]
DESIGNS: dict[str, dict[str, Any]] = {
    "apistrat": {"strata": "stype", "population": "fpc"},
    "apiclus1": {"cluster": "dnum", "population": "fpc"},
    "apiclus2": {"cluster": "dnum", "cluster2": "snum", "population": "fpc1", "population2": "fpc2"},
}
T = "_T"
FIGURES: dict[tuple[str, str, str, str], tuple[tuple[float, float] | None, ...]] = {
    ("API00", T, T, T): ((662.2873631593, 9.408940802785), (644.1693989071, 23.54224069378), (670.8118081181, 30.09902737684)),
    ("ENROLL", T, T, T): ((3687177.532438, 114641.7161008), (3404940.134529, 932235.0270412), (2639272.93, 799637.7736484)),
    ("RATIO", T, T, T): ((0.8369568869405, 0.007757103166638), (0.8497087417245, 0.008386297169391),
                         (0.8197370421255, 0.01885056331267)),
    ("WIDE", T, T, T): ((0.8279480114158, 0.02434478011307), (0.8743169398907, 0.02035947724463),
                        (0.7512915129151, 0.06639498843429)),
    ("AWARDS", T, T, T): ((0.6389360640506, 0.03440591799727), (0.7103825136612, 0.03301829955372),
                          (0.639852398524, 0.06339930607683)),
    ("API00", "E", T, T): ((674.43, 12.38247979391), (648.8680555556, 22.36240889383), (692.8104008667, 29.9266042374)),
    ("API00", "H", T, T): ((625.82, 14.93712918539), (618.5714285714, 38.02024935941), (598.3406593407, 17.69416712609)),
    ("API00", "M", T, T): ((636.6, 16.21470730818), (631.44, 31.60946522725), (642.352, 45.09131630033)),
    ("API00", T, "No", "No"): ((593.1630473063, 19.9987439817), (608.0434782609, 28.98768854135),
                               (577.5448504983, 13.70175952475)),
    ("API00", T, "Yes", "No"): ((670.1348546826, 22.75332467271), (654.0740740741, 32.66871093096),
                                (545.3801652893, 38.21994614281)),
    ("API00", T, "No", "Yes"): ((599.1731077916, 47.11851350228), None, (479.0, 0.0)),
    ("API00", T, "Yes", "Yes"): ((678.4224056144, 11.85663098744), (648.4060150376, 22.47502151586),
                                 (726.7268673356, 27.76639749084)),
    ("ENROLL", "H", T, T): ((997128.5251904, 69239.39595225), (535594.8695679, 226716.5947064), (715486.12, 338720.9881391)),
    ("RATIO", "H", T, T): ((0.810570152192, 0.02047725675624), (0.8300682507583, 0.01472607324327),
                           (0.7577605907994, 0.05856703721551)),
}  # fmt: skip
"""Figure → estimate and standard error by R 4.2 and survey 4.1-1, in the order of `DESIGNS`."""

LOGIT = {
    ("WIDE", T): ((0.7745396547468, 0.8708148549436), (0.823798892383, 0.9119000770244), (0.5955078708009, 0.8610743799123)),
    ("WIDE", "H"): ((0.3833795166215, 0.6536933597513), (0.5036879678657, 0.9298125723647),
                    (0.03888687721704, 0.4285569402671)),
}  # fmt: skip
BETA = (
    (0.7741713285973, 0.8734315926207),
    (0.8237022108475, 0.9147044921269),
    (0.5907711261131, 0.8732922796574),
)
DEGREES = {T: (197, 14, 39), "E": (99, 14, 34), "H": (49, 7, 13), "M": (49, 11, 20)}
"""Degrees of freedom of the whole, and of the domains; R names them E 14, H 7, M 11 in the cluster sample."""

LONELY = {
    ("certainty", False): (10.61630157031, 92896.00269931),
    ("certainty", True): (10.48338210779, 91370.83297584),
    ("adjust", False): (10.6307020981, 98480.46275155),
    ("adjust", True): (10.49794566709, 97035.80680824),
    ("average", False): (13.00226090138, 113773.9028788),
    ("average", True): (12.83946847136, 111905.9590819),
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The samples of schools as R has them; they are not ours to keep here (GPL)."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed: apt-get install r-cran-survey")
    folder: Path = tmp_path_factory.mktemp("api")
    made = subprocess.run([program, "-e", TAKEN_OUT], cwd=folder, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("R has no package survey: apt-get install r-cran-survey")
    tables = {}
    for sample in DESIGNS:
        table = pd.read_csv(folder / f"{sample}.csv")
        table.columns = [column.lower().replace(".", "_") for column in table.columns]
        tables[sample] = table
    second = tables["apiclus2"]
    within = second.groupby("dnum")["snum"].transform("size")
    second["pw"] = second["fpc1"] / 40 * second["fpc2"] / within
    return tables


@pytest.fixture(scope="module")
def ours(api: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    shared = {"weight": "pw", "breakdowns": BREAKDOWNS, "indicators": INDICATORS}
    return [estimated(api[sample], {**shared, **design}) for sample, design in DESIGNS.items()]


@pytest.mark.parametrize("number", range(3), ids=list(DESIGNS))
@pytest.mark.parametrize("figure", FIGURES, ids=" ".join)
def test_estimate_and_error_are_those_of_r(
    ours: list[pd.DataFrame], figure: tuple[str, ...], number: int
) -> None:
    expected = FIGURES[figure][number]
    if expected is None:
        assert figure not in ours[number].index
        return
    row = ours[number].loc[figure]
    assert math.isclose(row["OBS_VALUE"], expected[0], rel_tol=1e-10, abs_tol=1e-8)
    if expected[1] == 0:
        assert pd.isna(row["_se"]), "one school has no precision"
    else:
        assert math.isclose(row["_se"], expected[1], rel_tol=1e-10)


@pytest.mark.parametrize("number", range(3), ids=list(DESIGNS))
@pytest.mark.parametrize("domain", [T, "H"])
def test_the_interval_of_a_share_is_that_of_r(ours: list[pd.DataFrame], domain: str, number: int) -> None:
    low, high = LOGIT["WIDE", domain][number]
    row = ours[number].loc[("WIDE", domain, T, T)]
    assert math.isclose(row["_lower"], low, rel_tol=1e-9)
    assert math.isclose(row["_upper"], high, rel_tol=1e-9)


@pytest.mark.parametrize("number", range(3), ids=list(DESIGNS))
def test_the_interval_of_korn_and_graubard_is_that_of_r(ours: list[pd.DataFrame], number: int) -> None:
    row = ours[number].loc[("WIDE", T, T, T)]
    expected, size = FIGURES["WIDE", T, T, T][number], (200, 183, 126)[number]
    assert expected is not None
    low, high = korn_graubard(expected[0], row["_se"], size, int(row["_df"]))
    assert math.isclose(low, BETA[number][0], rel_tol=1e-9)
    assert math.isclose(high, BETA[number][1], rel_tol=1e-9)


@pytest.mark.parametrize("domain", DEGREES)
def test_degrees_of_freedom_are_those_of_r(ours: list[pd.DataFrame], domain: str) -> None:
    found = [ours[number].loc[("API00", domain, T, T)]["_df"] for number in range(3)]
    assert found == list(DEGREES[domain])


@pytest.mark.parametrize(("lonely", "has_population"), LONELY)
def test_a_lonely_cluster_counts_as_in_r(
    api: dict[str, pd.DataFrame], lonely: str, has_population: bool
) -> None:
    table = api["apistrat"]
    kept = table[(table["stype"] != "H") | (~table["stype"].duplicated())]
    estimate = {"weight": "pw", "strata": "stype", "lonely": lonely, "indicators": INDICATORS}
    found = estimated(kept, {**estimate, **({"population": "fpc"} if has_population else {})})
    mean, total = LONELY[lonely, has_population]
    assert math.isclose(found.loc["API00"]["_se"], mean, rel_tol=1e-10)
    assert math.isclose(found.loc["ENROLL"]["_se"], total, rel_tol=1e-10)
