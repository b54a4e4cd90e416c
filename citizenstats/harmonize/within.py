"""Which breakdowns lie in one another as the records say: each district in one region.

The same units may be broken down by one column here and by another there, and no expression tells that a category of the one is
the sum of some of the other. Whoever knows the country knows it. So protection and its audit are told, for breakdowns that
nothing crosses.

What belongs here: what the records say of two breakdowns. What does not: what follows for a table (`protect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

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
    """Return the pairs of breakdowns of a dataset, in both orders, that no estimate crosses."""
    targets = [t for t in dataset.contract.targets if t.estimate is not None and t.unpivot is None]
    found: dict[str, Coded] = {}
    crossed: set[frozenset[str]] = set()
    for target in targets if dataset.contract.protection.waived is None else ():
        coded = dict(_breakdowns(dataset, target))
        for dimension, (sql, columns) in coded.items():
            before = found[sql].at if sql in found else ()
            found[sql] = Coded(sql, columns, (*before, (target.dataflow, dimension)))
        crossed |= {
            frozenset((coded[a][0], coded[b][0]))
            for a, b in permutations(coded, 2)
            if target.estimate is not None
            and (target.estimate.margins is None or any({a, b} <= set(m) for m in target.estimate.margins))
        }
    return [
        (one, other)
        for one, other in permutations(found.values(), 2)
        if frozenset((one.sql, other.sql)) not in crossed
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
    for fine, coarse in uncrossed(dataset):
        columns = ", ".join(map(name, dict.fromkeys((*fine.columns, *coarse.columns))))
        rows = engine.rows(
            f"{records} SELECT fine, min(coarse), count(DISTINCT coarse), count(*) FILTER (coarse IS NULL) FROM "
            f"(SELECT DISTINCT CAST({fine.sql} AS VARCHAR) AS fine, CAST({coarse.sql} AS VARCHAR) AS coarse "
            f"FROM (SELECT DISTINCT {columns} FROM derived)) WHERE fine IS NOT NULL GROUP BY fine ORDER BY fine"
        )
        if rows and all(different + unknown == 1 for _, _, different, unknown in rows):
            codes: Mapping[str, str | None] = {code: above for code, above, *_ in rows}
            found.append({"fine": fine.at, "coarse": coarse.at, "codes": codes})
    return found


def _breakdowns(dataset: Dataset, target: Target) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """Yield the breakdowns of a target: dimension, the SQL of its code, and the columns behind."""
    assert target.estimate is not None  # noqa: S101 - the caller asked
    coder = Coder(dataset, target, {})
    for dimension in target.estimate.breakdowns:
        mapped, sql = target.map.get(dimension), coder.code(dimension)
        if mapped is not None and mapped.value is None and sql is not None:
            yield dimension, (sql, _columns(coder, dimension, mapped))


def _columns(coder: Coder, dimension: str, mapped: Mapped) -> tuple[str, ...]:
    if mapped.sql is None:
        return (mapped.column or "",)
    parsed = sqlglot.parse_one(coder.parse(mapped.sql, "map", dimension), dialect="duckdb")
    return tuple(sorted(expressions.columns_of(parsed)))
