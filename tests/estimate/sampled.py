"""A survey in memory whose weights are calibrated: the way of `harmonize/observe.py`, without files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from citizenstats.contracts.counts import Counted
from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset
from citizenstats.estimate.benchmarks import Calibrated, calibrated, cells_of, columns_met
from citizenstats.harmonize.select import cells_for, select_for
from tests.estimate.support import contract, structure

SOURCE = "SELECT * FROM records"


def counted(counts: Mapping[Any, float], period: str | None = None) -> Counted:
    """Return counts by category (a text, or several) as a benchmark has them."""
    return tuple(
        (period, (categories,) if isinstance(categories, str) else tuple(categories), float(count))
        for categories, count in counts.items()
    )


def calibrated_estimates(
    records: pd.DataFrame, estimate: Mapping[str, Any], counts: Mapping[str, Counted], minimum: int = 1
) -> tuple[pd.DataFrame, Calibrated]:
    """Return the observations of `estimate`, by INDICATOR and the breakdowns, and the weights behind them."""
    breakdowns = estimate.get("breakdowns", [])
    benchmarks = {
        name: {"file": "counts.csv", "source": "a census", **said}
        for name, said in estimate["benchmarks"].items()
    }
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("given", records)
        connection.execute("CREATE TABLE records AS SELECT *, 'd' AS _delivery FROM given")
        described = {row[0]: row[1] for row in connection.execute("DESCRIBE records").fetchall()}
        del described["_delivery"]
        made = contract(described, {**estimate, "benchmarks": benchmarks})
        target, dataset = (
            made.targets[0],
            Dataset("kin", "survey", made, Document(Path("survey.yaml"), {}, {})),
        )
        assert target.estimate is not None
        rows = connection.execute(cells_for(dataset, target, structure(breakdowns), SOURCE)).fetchall()
        cells = cells_of(rows, target.estimate, columns_met(target.estimate))
        weights = calibrated(target.estimate, counts, cells, minimum, "kin/survey, OFFICE:SURVEY")
        connection.register("table_of_weights", weights.table)
        select = select_for(dataset, target, structure(breakdowns), SOURCE, "SELECT * FROM table_of_weights")
        found = connection.execute(select).df()
    return found.set_index(["INDICATOR", *breakdowns]).sort_index(), weights
