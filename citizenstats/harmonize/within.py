"""Which breakdowns lie in one another as the records say: each district in one region.

The same units may be broken down by one column here and by another there, and no expression tells that a category of the one is
the sum of some of the other. Whoever knows the country knows it. So protection and its audit are told, for breakdowns that
nothing crosses.

What belongs here: what the records say of two breakdowns. What does not: what follows for a table (`protect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Target
from citizenstats.engine import Engine, name
from citizenstats.estimate.crossed import are_crossed, largest_margins
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.select import derived_sql, long_maps

Dimension = tuple[str, str]
"""A breakdown: dataflow and dimension."""


@dataclass(frozen=True)
class Coded:
    """The same breakdown in all dataflows that have it.

    Attributes:
        sql: the code of a record.
        target: the first of the targets that have it.
        at: where it stands.
    """

    sql: str
    target: Target
    at: tuple[Dimension, ...]


def uncrossed(dataset: Dataset) -> list[tuple[Coded, Coded]]:
    """Return the pairs of breakdowns of a dataset that no estimate crosses, beside whatever else both are crossed with."""
    targets = [t for t in dataset.contract.targets if t.unpivot is None]
    found: dict[str, Coded] = {}
    crossings: set[frozenset[str]] = set()
    for target in targets if dataset.contract.protection.waived is None else ():
        coded = dict(_breakdowns(dataset, target))
        for dimension, sql in coded.items():
            before = found.get(sql, Coded(sql, target, ()))
            found[sql] = replace(before, at=(*before.at, (target.dataflow, dimension)))
        if target.estimate is not None:
            crossings |= {
                frozenset(coded[d] for d in margin if d in coded)
                for margin in largest_margins(target.estimate)
            }
    return [
        (one, other)
        for one, other in combinations(found.values(), 2)
        if not are_crossed(one.sql, other.sql, crossings, crossings, crossings)
    ]


def within(
    engine: Engine, dataset: Dataset, pairs: Sequence[tuple[Coded, Coded]], source: str
) -> list[dict[str, object]]:
    """Return of which pairs of breakdowns one lies in the other.

    Args:
        engine: can read the records.
        dataset: the dataset.
        pairs: those that are `uncrossed`.
        source: the SELECT of the records that count.

    Returns:
        Of each pair `fine` and `coarse`, where each stands (dataflow and dimension), and `codes`: code of the fine one → code
        of the coarse one in which it lies; None where that is not known.
    """
    told = list({of.sql: of for pair in pairs for of in pair}.values())
    steps = [f"current AS ({source})", f"derived AS ({derived_sql(dataset.contract, dataset)})"]
    listed = []
    for i, of in enumerate(told):
        maps = long_maps(dataset, of.target, f"of_{i}_")
        steps += [f"{name(step)} AS ({values})" for step, values in maps.values()]
        code = Coder(dataset, of.target, maps).code(of.at[0][1])
        listed.append(f"CAST({code} AS VARCHAR) AS code{i}")
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE kinds AS WITH {', '.join(steps)} SELECT DISTINCT {', '.join(listed)} FROM derived"
    )
    found: list[dict[str, object]] = []
    for one, other in pairs:
        first, second = (f"code{told.index(of)}" for of in (one, other))
        rows = engine.rows(f"SELECT DISTINCT {first}, {second} FROM kinds ORDER BY ALL")
        found += _of(one, other, rows)
        found += _of(other, one, [(above, code) for code, above in rows])
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


def _breakdowns(dataset: Dataset, target: Target) -> Iterator[tuple[str, str]]:
    """Yield the breakdowns of an estimate: dimension, and the SQL of its code."""
    coder = Coder(dataset, target, {})
    for dimension in target.estimate.breakdowns if target.estimate is not None else ():
        mapped, sql = target.map.get(dimension), coder.code(dimension)
        if mapped is not None and mapped.value is None and sql is not None:
            yield dimension, sql
