"""Estimates of made surveys, drawn one by one and in clusters: 1,260 domains, a mean, a share, and a total with p %."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset
from citizenstats.engine import MEMORY_LIMIT, quoted, session
from citizenstats.harmonize.observe import LITTLE_MEMORY
from citizenstats.harmonize.select import select_for
from tests.estimate.support import contract, structure

Timed = Callable[[], object]

BREAKDOWNS = {"A": 6, "B": 5, "C": 5, "D": 4}
"""Breakdown → number of its categories; with all totals these are 1,260 domains."""

COLUMNS = {**dict.fromkeys("abcdh", "VARCHAR"), "few": "VARCHAR", "many": "VARCHAR", "w": "DOUBLE", "y": "DOUBLE",
           "yes": "BOOLEAN"}  # fmt: skip
MEAN_AND_SHARE = {"MEAN": {"mean": "y"}, "SHARE": {"proportion": "yes"}}


def records(folder: Path, rows: int) -> Timed:
    """Make records whose clusters (1,000, or 10,000) lie in no order, which is the worst of them, once."""
    target = _records(folder, rows)
    if not target.exists():
        chance = ", ".join(f"hash(i * 16 + {k}) AS c{k}" for k in range(9))
        codes = ", ".join(
            f"'{d}' || (c{k} % {n}) AS {d.lower()}" for k, (d, n) in enumerate(BREAKDOWNS.items())
        )
        with session([folder]) as engine:
            engine.write_parquet(
                f"SELECT {codes}, 'H' || (c4 % 10) AS h, 'P' || (c4 % 1000) AS few, 'P' || (c4 % 10000) AS many, "
                "1.0 + (c5 % 1000) / 250.0 AS w, CASE WHEN c6 % 20 > 0 THEN 1000.0 * (1 + c7 % 97) END AS y, "
                f"c8 % 10 < 3 AS yes, 'd' AS _delivery FROM (SELECT {chance} FROM range({rows}) AS numbers(i))",
                target,
            )
    return lambda: None


def alone(folder: Path, rows: int) -> Timed:
    """A mean and a share of records drawn one by one in ten strata."""
    return _estimated(folder, rows, {"strata": "h"}, MEAN_AND_SHARE, {}, MEMORY_LIMIT)


def bare_aggregation(folder: Path, rows: int) -> Timed:
    """The yardstick of strata: answers, numerators and denominators of the same figures in all combinations, by hand."""
    keys = ", ".join(d.lower() for d in BREAKDOWNS)
    select = (
        f"SELECT {keys}, count(y), sum(w * y), sum(w) FILTER (WHERE y IS NOT NULL), count(yes), sum(w * yes::INT), "
        f"sum(w) FILTER (WHERE yes IS NOT NULL) FROM read_parquet({quoted(str(_records(folder, rows)))}) "
        f"GROUP BY CUBE ({keys})"
    )

    def run() -> None:
        with session([folder], threads=1) as engine:
            engine.write_parquet(select, folder / "designs-bare.parquet")

    return run


def few_clusters(folder: Path, rows: int) -> Timed:
    """A mean and a share of 1,000 clusters."""
    return _estimated(folder, rows, {"strata": "h", "cluster": "few"}, MEAN_AND_SHARE, {}, LITTLE_MEMORY)


def many_clusters(folder: Path, rows: int) -> Timed:
    """A mean and a total of 10,000 clusters with p %."""
    indicators = {"MEAN": {"mean": "y"}, "TOTAL": {"total": "y"}}
    design = {"strata": "h", "cluster": "many"}
    return _estimated(folder, rows, design, indicators, {"p_percent": 10}, LITTLE_MEMORY)


def _records(folder: Path, rows: int) -> Path:
    return folder / f"designs-{rows}.parquet"


def _estimated(
    folder: Path,
    rows: int,
    design: Mapping[str, str],
    indicators: Mapping[str, Any],
    protection: Mapping[str, Any],
    memory: str,
) -> Timed:
    breakdowns = list(BREAKDOWNS)
    estimate = {"weight": "w", "breakdowns": breakdowns, "indicators": indicators, **design}
    made = contract(COLUMNS, estimate, protection)
    dataset = Dataset("kin", "survey", made, Document(Path("survey.yaml"), {}, {}))
    source = f"SELECT * FROM read_parquet({quoted(str(_records(folder, rows)))})"
    select = select_for(dataset, made.targets[0], structure(breakdowns), source)

    def run() -> None:
        with (
            tempfile.TemporaryDirectory(dir=folder) as scratch,
            session([folder], threads=1, scratch=Path(scratch), memory=memory) as engine,
        ):
            engine.write_parquet(select, folder / "designs-estimates.parquet")

    return run
