"""A sample against official counts: its cells, the calibrated weights, and what is told of the change.

The SELECT of the cells is one scan of the records; everything after it is over cells. What is told holds no weight and no
number of units, is rounded, and rests on at least as many units as the contract's minimum frequency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from citizenstats.contracts.counts import Counted
from citizenstats.contracts.model import Estimate
from citizenstats.engine import name
from citizenstats.errors import CitizenstatsError
from citizenstats.estimate.calibration import Margin, Numbers, Whole, basis, factors

if TYPE_CHECKING:
    import pyarrow as pa

Categories = tuple[str | None, ...]

CHANGE = (
    "lowest",
    "lower_quartile",
    "median",
    "upper_quartile",
    "highest",
    "unequal_weighting_before",
    "unequal_weighting_after",
)
"""What is told of the change of a period's weights."""


@dataclass(frozen=True)
class Cell:
    """A combination of categories that occurs in the sample of a period."""

    period: str | None
    categories: Categories
    units: int
    weight: float
    squares: float


@dataclass(frozen=True)
class Calibrated:
    """The weights of a target.

    Attributes:
        table: one row a cell: `_period`, the columns of the benchmarks, `_cell`, `_g` and `_basis`.
        told: what may be told of each period's change of weights.
    """

    table: pa.Table
    told: tuple[Mapping[str, Any], ...]


def columns_met(estimate: Estimate) -> list[str]:
    """Return the columns of the records on which the weights depend, each once."""
    return list(dict.fromkeys(column for benchmark in estimate.met.values() for column in benchmark.by))


def cells_sql(estimate: Estimate, period: str, records: str) -> str:
    """Return the SELECT of the cells of a sample, in one scan: by each benchmark, and by all that are met together.

    `cells_of` picks the cells of one from its rows.
    """
    columns = _columns(estimate)
    weight = f"CAST({name(estimate.weight) if estimate.weight else '1'} AS DOUBLE)"
    given = [f"CAST({name(column)} AS VARCHAR) AS {name(column)}" for column in columns]
    listed = ", ".join(map(name, columns))
    together = [columns_met(estimate)] if estimate.met else []
    sets = {tuple(by) for by in (*(list(b.by) for b in estimate.benchmarks.values()), *together)}
    grouped = ", ".join(f"({', '.join(['_period', *map(name, by)])})" for by in sorted(sets))
    # All columns together first: a record is looked at once, and not once for each set.
    return (
        f"SELECT GROUPING({listed}) AS _set, _period, {listed}, sum(_n) AS _n, sum(_w) AS _w, sum(_w2) AS _w2 FROM "
        f"(SELECT _period, {listed}, count(*) AS _n, sum(_w) AS _w, sum(_w * _w) AS _w2 FROM "
        f"(SELECT CAST({period} AS VARCHAR) AS _period, {', '.join(given)}, {weight} AS _w FROM {records}) GROUP BY ALL) "
        f"GROUP BY GROUPING SETS ({grouped}) ORDER BY ALL"
    )


def cells_of(rows: Sequence[tuple[Any, ...]], estimate: Estimate, by: Sequence[str]) -> list[Cell]:
    """Return the cells by some columns from the rows of `cells_sql`."""
    columns = _columns(estimate)
    # Of the columns in their order, the last one is the lowest bit, and a bit says that a column is summed over.
    wanted = sum(1 << place for place, column in enumerate(reversed(columns)) if column not in by)
    at = [2 + columns.index(column) for column in by]
    return [
        Cell(row[1], tuple(row[i] for i in at), int(row[-3]), float(row[-2] or 0), float(row[-1] or 0))
        for row in rows
        if row[0] == wanted
    ]


def _columns(estimate: Estimate) -> list[str]:
    """Return the columns of all benchmarks, each once."""
    return list(
        dict.fromkeys(column for benchmark in estimate.benchmarks.values() for column in benchmark.by)
    )


def counts_of_period(counted: Counted, period: str | None) -> dict[tuple[str, ...], float]:
    """Return category → official count in a period; empty where nobody counted then."""
    return {categories: count for of, categories, count in counted if of is None or of == period}


def calibrated(
    estimate: Estimate, counts: Mapping[str, Counted], cells: Sequence[Cell], minimum: int, where: str
) -> Calibrated:
    """Return the weights with which the sample gives the counts of its benchmarks, each period by itself.

    Args:
        estimate: says the benchmarks and how they are met.
        counts: benchmark → its counts.
        cells: the sample, by `columns_met`.
        minimum: fewest units behind anything told.
        where: dataset and dataflow, for the error.

    Raises:
        CitizenstatsError: what `margin_of` and `factors` raise.
    """
    said, columns = estimate.calibrate, columns_met(estimate)
    assert said is not None  # noqa: S101 - the caller asked
    rows: list[dict[str, Any]] = []
    told = []
    for period in sorted({cell.period for cell in cells}, key=str):
        sample = [cell for cell in cells if cell.period == period]
        here = f"{where}, {period}" if period is not None else where
        margins = [
            margin_of(benchmark, [columns.index(c) for c in said_of.by], counts[benchmark], sample, here)
            for benchmark, said_of in estimate.met.items()
        ]
        weights = np.array([cell.weight for cell in sample])
        changed = factors(weights, margins, said, here)
        coordinates = basis(weights, margins)
        rows += [
            {"_period": period, **dict(zip(columns, cell.categories, strict=True)), "_cell": len(rows) + i,
             "_g": float(changed[i]), "_basis": coordinates[i].tolist()}
            for i, cell in enumerate(sample)
        ]  # fmt: skip
        # With one benchmark a factor is an official count over what was asked of its category, which gives that away.
        change = _told(sample, changed, minimum) if len(margins) > 1 or minimum <= 1 else None
        told += [{"period": period, **change}] if change is not None else []
    return Calibrated(_table(rows, columns), tuple(told))


def margin_of(
    benchmark: str, at: Sequence[int], counted: Counted, sample: Sequence[Cell], where: str
) -> Margin:
    """Return a benchmark over the cells of one period.

    Args:
        benchmark: its name.
        at: where its columns stand among a cell's categories.
        counted: its counts.
        sample: the cells.
        where: dataset, dataflow and period, for the error.

    Raises:
        CitizenstatsError: ``BENCHMARK_NO_PERIOD``, ``BENCHMARK_MISSING_CATEGORY``, ``BENCHMARK_UNKNOWN_CATEGORY`` or
            ``BENCHMARK_EMPTY_CATEGORY``. Categories of the records are counted, not named.
    """
    counts = counts_of_period(counted, sample[0].period)
    if not counts:
        raise CitizenstatsError(
            "BENCHMARK_NO_PERIOD", f"{benchmark} has no counts for this period", where,
            "add them; or leave `period` out, so that the counts hold for each period",
        )  # fmt: skip
    of = [tuple(cell.categories[i] for i in at) for cell in sample]
    known = [tuple(c for c in categories if c is not None) for categories in of]
    missing = sum(
        cell.units for cell, all_of, some in zip(sample, of, known, strict=True) if len(some) < len(all_of)
    )
    if missing:
        raise CitizenstatsError(
            "BENCHMARK_MISSING_CATEGORY", f"{missing} records have no category in {benchmark}", where,
            "make its columns required, derive a category for what is open, or calibrate to other columns",
        )  # fmt: skip
    unknown = {categories for categories in known if not counts.get(categories)}
    if unknown:
        raise CitizenstatsError(
            "BENCHMARK_UNKNOWN_CATEGORY",
            f"{len(unknown)} categories of the records are not in the counts of {benchmark}, or are counted as 0", where,
            "write categories in both alike; derive a column that has those of the counts",
        )  # fmt: skip
    there = set(known)
    empty = [categories for categories, count in counts.items() if count > 0 and categories not in there]
    if empty:
        raise CitizenstatsError(
            "BENCHMARK_EMPTY_CATEGORY",
            f"{len(empty)} categories of {benchmark} have no record, such as {' × '.join(empty[0])}", where,
            "merge them with others, in the counts and in the derived column; leave rows of totals out",
        )  # fmt: skip
    counted_some = {categories: count for categories, count in counts.items() if count > 0}
    numbers = {categories: i for i, categories in enumerate(counted_some)}
    return Margin(
        benchmark,
        np.array([numbers[categories] for categories in known], dtype=np.int64),
        np.array(list(counted_some.values())),
    )


# --- what is told ----------------------------------------------------------------------------------------


def _told(sample: Sequence[Cell], changed: Numbers, minimum: int) -> dict[str, float] | None:
    """Return how the weights changed, to two decimals; None where too few units are behind."""
    units = np.array([cell.units for cell in sample], dtype=np.int64)
    weights = np.array([cell.weight for cell in sample])
    squares = np.array([cell.squares for cell in sample])
    total = int(units.sum())
    if total < max(minimum, 1):
        return None
    order = np.argsort(changed, kind="stable")
    at_or_below = units[order].cumsum()

    def of_unit(number: float) -> float:
        return float(changed[order][np.searchsorted(at_or_below, number)])

    facts = (
        # At least as many units as the minimum lie at or beyond the ends.
        of_unit(minimum),
        of_unit(total / 4),
        of_unit(total / 2),
        of_unit(total * 3 / 4),
        of_unit(min(total - minimum + 1, total)),
        _kish(units, weights, squares),
        _kish(units, weights * changed, squares * changed**2),
    )
    return {fact: round(value, 2) for fact, value in zip(CHANGE, facts, strict=True)}


def _kish(units: Whole, weights: Numbers, squares: Numbers) -> float:
    """Return n Σw² / (Σw)²: how much unequal weights alone enlarge a variance (Kish 1965, 11.7)."""
    return float(units.sum() * squares.sum() / weights.sum() ** 2)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.Table:
    # Only here: most contracts calibrate nothing.
    import pyarrow as pa

    schema = pa.schema(
        [
            ("_period", pa.string()),
            *((column, pa.string()) for column in columns),
            ("_cell", pa.int64()),
            ("_g", pa.float64()),
            ("_basis", pa.list_(pa.float64())),
        ]
    )
    return pa.Table.from_pylist(list(rows), schema=schema)
