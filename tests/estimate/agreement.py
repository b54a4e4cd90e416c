"""Figures of surveys by R's package `survey`: asked of R where it is installed, and stored for where it is not.

``python -m tests.estimate.agreement`` asks R (4.2, survey 4.1-1) and stores anew. R's own data set `api` is not ours to keep
here (GPL): its figures are stored, its records are read where R is. The made surveys are computed by whole numbers, so that
they are the same on every machine; their figures are stored too.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

STORED = Path(__file__).parent / "agreement.csv"
PROGRAM = Path(__file__).parent / "agreement.R"
KEY = ["data", "indicator", "stype", "awards"]

INDICATORS: dict[str, dict[str, Any]] = {
    "API00": {"mean": "api00"},
    "ENROLL": {"total": "enroll"},
    "RATIO": {"ratio": ["api_stu", "enroll"]},
    "WIDE": {"proportion": "sch_wide = 'Yes'", "scale": 1},
    "NUMBER": {"count": "awards = 'Yes'"},
    "MEDIAN": {"quantile": {"of": "api00"}},
    "LOWER": {"quantile": {"of": "api00", "p": 0.245}},
    "UPPER": {"quantile": {"of": "enroll", "p": 0.905}},
    "API00_E_H": {"difference": {"of": "API00", "across": "STYPE", "groups": ["E", "H"]}},
    "WIDE_E_H": {"difference": {"of": "WIDE", "across": "STYPE", "groups": ["E", "H"]}},
    "RATIO_E_H": {"difference": {"of": "RATIO", "across": "STYPE", "groups": ["E", "H"]}},
}
_TWO_STAGES = {"cluster": "dnum", "cluster2": "snum", "population": "fpc1", "population2": "fpc2"}
DESIGNS: dict[str, dict[str, Any]] = {
    "apistrat": {"strata": "stype", "population": "fpc"},
    "apiclus1": {"cluster": "dnum", "population": "fpc"},
    "apiclus2": _TWO_STAGES,
    "madestrat": {"strata": "region", "population": "fpc"},
    "madeclus1": {"strata": "region", "cluster": "dnum"},
    "madeclus2": {"strata": "region", **_TWO_STAGES},
}
ESTIMATE = {"weight": "pw", "breakdowns": ["STYPE", "AWARDS"], "indicators": INDICATORS}


def from_r(folder: Path) -> str | None:
    """Let R write its samples and its figures into a folder; return why it could not."""
    program = shutil.which("Rscript")
    if program is None:
        return "R is not installed: apt-get install r-cran-survey"
    for name, table in made().items():
        table.to_csv(folder / f"{name}.csv", index=False)
    done = subprocess.run([program, str(PROGRAM), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode and "there is no package called" in done.stderr:
        return "R has no package survey: apt-get install r-cran-survey"
    done.check_returncode()
    return None


def read_figures(path: Path) -> pd.DataFrame:
    """Return figures by `KEY`."""
    return pd.read_csv(path, na_values=["NA"]).set_index(KEY).sort_index()


def read_table(path: Path) -> pd.DataFrame:
    """Return a survey as R or we wrote it."""
    return pd.read_csv(path)


@cache
def made() -> dict[str, pd.DataFrame]:
    """Return surveys of schools that nobody asked: drawn one by one, in clusters, and in two stages."""
    return {"madestrat": _one_by_one(), "madeclus1": _in_clusters(), "madeclus2": _in_two_stages()}


class _Chance:
    """Whole numbers that look random, the same everywhere (Park and Miller, CACM 31, 1988)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, n: int) -> int:
        self._state = self._state * 48271 % 2147483647
        return self._state % n


def _school(chance: _Chance, effect: int) -> dict[str, Any]:
    enroll = 150 + chance.below(900) + 20 * effect
    return {
        "stype": "EEEHM"[chance.below(5)],
        "awards": "Yes" if chance.below(10) + effect > 4 else "No",
        "sch_wide": "Yes" if chance.below(10) < 7 else "No",
        "api00": 500 + 12 * effect + chance.below(250),
        "enroll": enroll if chance.below(20) else None,
        "api_stu": enroll * (80 + chance.below(15)) // 100,
    }


def _one_by_one() -> pd.DataFrame:
    chance = _Chance(11)
    rows = []
    for region, size in (("N", 40), ("S", 70), ("W", 25)):
        rows += [
            {
                "region": region,
                "fpc": 60 * size,
                "pw": 50 + chance.below(200) / 8,
                **_school(chance, len(rows) % 3),
            }
            for _ in range(size)
        ]
    return pd.DataFrame(rows)


def _in_clusters() -> pd.DataFrame:
    chance = _Chance(23)
    rows = []
    for region, clusters in (("N", 6), ("S", 9), ("W", 4)):
        for cluster in range(clusters):
            effect = chance.below(7)
            rows += [
                {
                    "region": region,
                    "dnum": cluster,
                    "pw": 10 + chance.below(80) / 4,
                    **_school(chance, effect),
                }
                for _ in range(5 + chance.below(12))
            ]
    return pd.DataFrame(rows)


def _in_two_stages() -> pd.DataFrame:
    chance = _Chance(37)
    rows = []
    for region, clusters in (("N", 7), ("S", 8)):
        for cluster in range(clusters):
            effect, drawn, there = chance.below(6), 3 + chance.below(3), 9 + chance.below(8)
            for household in range(drawn):
                rows += [
                    {
                        "region": region, "dnum": cluster, "snum": household, "fpc1": 10 * clusters, "fpc2": there,
                        "pw": 10 * there / drawn, **_school(chance, effect),
                    }
                    for _ in range(2 + chance.below(4))
                ]  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hindered = from_r(Path(folder))
        if hindered is not None:
            raise SystemExit(hindered)
        shutil.copy(Path(folder) / "figures.csv", STORED)


if __name__ == "__main__":
    main()
