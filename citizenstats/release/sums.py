"""Totals that a partner compiled and no code list tells: protection could not know that other figures give hidden ones away.

What adds up is known from code lists (a code lies under its parent, and everything under ``_T``). A file may hold more:
"the whole country" beside its regions, in a list without parents. Whoever has it can subtract, so the figures are stopped until
the list says what they are. Found are totals of all other codes of a dimension; parts of them are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.validation.finding import Finding

TOTAL = "_T"
"""What lies above every other code without that a list says so."""

_NOT_PARTS = frozenset({"FREQ", "INDICATOR"})
"""Dimensions whose codes are no parts of anything."""

_FEWEST_PARTS = 4
"""Figures that have to add up before that is no accident."""


def undeclared_totals(engine: Engine, structure: DataStructure, structures: Structures) -> Iterator[Finding]:
    """Yield the totals that the code lists do not tell.

    Args:
        engine: has the relation ``fed``, the observations of all feeds with their companions.
        structure: of the dataflow.
        structures: hold its code lists.
    """
    counted = "_kind = 'given' AND _n IS NOT NULL AND _minimum IS NOT NULL"
    if not engine.value(f"SELECT count(*) FROM (SELECT 1 FROM fed WHERE {counted} LIMIT 1)"):
        return
    for component in structure.dimensions:
        if component.codelist is None or component.id in _NOT_PARTS:
            continue
        dimension = name(component.id)
        codes = [str(row[0]) for row in engine.rows(f"SELECT DISTINCT {dimension} FROM fed WHERE {counted}")]
        parents = {code: item.parent for code, item in structures.scheme(component.codelist).by_id.items()}
        tops = [code for code in sorted(codes) if code != TOTAL and not _lies_under(code, codes, parents)]
        if len(tops) <= 2:
            continue
        among = f"{counted} AND {dimension} IN ({', '.join(map(quoted, tops))})"
        for total in _totals(engine, structure, component.id, among):
            yield Finding(
                "TOTAL_NOT_DECLARED",
                component.id,
                1,
                f"{total} is the sum of all others: make it their parent in its code list, or leave it out",
            )


def _lies_under(code: str, codes: Collection[str], parents: Mapping[str, str | None]) -> bool:
    """Return whether another code of the data lies above a code."""
    at, seen = parents.get(code), {code}
    while at is not None and at not in seen:
        if at in codes:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _totals(engine: Engine, structure: DataStructure, dimension: str, where: str) -> list[str]:
    """Return the codes whose units are those of all the others together, wherever they stand."""
    others = [name(d) for d in structure.key if d != dimension]
    group = ", ".join(others) or "1"
    around = (
        f"SELECT {name(dimension)} AS code, _n, sum(_n) OVER around AS together, count(*) OVER around AS codes "
        f"FROM fed WHERE {where} WINDOW around AS (PARTITION BY {group})"
    )
    rows = engine.rows(
        f"SELECT code FROM ({around}) WHERE codes > 2 GROUP BY code HAVING bool_and(2 * _n = together) "
        f"AND sum(codes - 1) FILTER (WHERE together > 0) >= {_FEWEST_PARTS} ORDER BY code"
    )
    return [str(row[0]) for row in rows]
