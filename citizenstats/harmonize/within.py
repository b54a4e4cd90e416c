"""Which breakdowns lie in one another as the records say: each district in one region.

The same units may be broken down by one column here and by another there, and no expression tells that a category of the one is
the sum of some of the other. Whoever knows the country knows it. So protection and its audit are told, for breakdowns that
nothing crosses.

What belongs here: what the records say of two breakdowns. What does not: what follows for a table (`protect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import sqlglot

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Mapped, Target
from citizenstats.engine import Engine, name
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.select import derived_sql

Dimension = tuple[str, str]
"""A breakdown: dataflow and dimension."""


@dataclass(frozen=True)
class Coded:
    """The same breakdown in all dataflows that have it.

    Attributes:
        sql: the code of a record.
        columns: columns that the code is made of.
        at: where it stands.
    """

    sql: str
    columns: tuple[str, ...]
    at: tuple[Dimension, ...]


def uncrossed(dataset: Dataset) -> list[tuple[Coded, Coded]]:
    """Return the pairs of breakdowns of a dataset that no estimate crosses, beside whatever else both are crossed with."""
    targets = [t for t in dataset.contract.targets if t.unpivot is None]
    found: dict[str, Coded] = {}
    crossings: set[frozenset[str]] = set()
    for target in targets if dataset.contract.protection.waived is None else ():
        coded = dict(_breakdowns(dataset, target))
        for dimension, (sql, columns) in coded.items():
            before = found[sql].at if sql in found else ()
            found[sql] = Coded(sql, columns, (*before, (target.dataflow, dimension)))
        if target.estimate is not None:
            for margin in target.estimate.margins or [target.estimate.breakdowns]:
                crossings.add(frozenset(coded[d][0] for d in margin if d in coded))
    return [
        (one, other)
        for one, other in combinations(found.values(), 2)
        if not all(
            any((mine & theirs) | {one.sql, other.sql} <= crossing for crossing in crossings)
            for mine, theirs in product(crossings, crossings)
            if one.sql in mine and other.sql in theirs
        )
    ]


def within(engine: Engine, dataset: Dataset, source: str) -> list[dict[str, object]]:
    """Return the pairs of breakdowns, crossed by nothing, of which one lies in the other.

    Args:
        engine: can read the records.
        dataset: the dataset.
        source: the SELECT of the records that count.

    Returns:
        Of each pair `fine` and `coarse`, where each stands (dataflow and dimension), and `codes`: code of the fine one → code
        of the coarse one in which it lies; None where that is not known.
    """
    records = f"WITH current AS ({source}), derived AS ({derived_sql(dataset.contract, dataset)})"
    found: list[dict[str, object]] = []
    for one, other in uncrossed(dataset):
        columns = ", ".join(map(name, dict.fromkeys((*one.columns, *other.columns))))
        rows = engine.rows(
            f"{records} SELECT DISTINCT CAST({one.sql} AS VARCHAR) AS one, CAST({other.sql} AS VARCHAR) AS other "
            f"FROM (SELECT DISTINCT {columns} FROM derived) ORDER BY one, other"
        )
        found += _of(one, other, rows)
        found += _of(other, one, [(second, first) for first, second in rows])
    return found


def _of(
    fine: Coded, coarse: Coded, rows: Sequence[tuple[str | None, str | None]]
) -> Iterator[dict[str, object]]:
    """Yield what the codes that stand together say, where each of the first stands with one of the second only."""
    codes: dict[str, str | None] = {}
    for code, above in rows:
        if code is not None and codes.setdefault(code, above) != above:
            return
    if codes:
        yield {"fine": fine.at, "coarse": coarse.at, "codes": dict(sorted(codes.items()))}


def _breakdowns(dataset: Dataset, target: Target) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """Yield the breakdowns of an estimate: dimension, the SQL of its code, and the columns behind."""
    coder = Coder(dataset, target, {})
    for dimension in target.estimate.breakdowns if target.estimate is not None else ():
        mapped, sql = target.map.get(dimension), coder.code(dimension)
        if mapped is not None and mapped.value is None and sql is not None:
            yield dimension, (sql, _columns(coder, dimension, mapped))


def _columns(coder: Coder, dimension: str, mapped: Mapped) -> tuple[str, ...]:
    if mapped.sql is None:
        return (mapped.column or "",)
    parsed = sqlglot.parse_one(coder.parse(mapped.sql, "map", dimension), dialect="duckdb")
    return tuple(sorted(expressions.columns_of(parsed)))
