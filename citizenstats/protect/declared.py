"""What an office declares of the cells of a dataflow: how dear it is to hide them, and which stay.

What belongs here: the declarations as SQL over a dataflow's cells, and where two dataflows of a family contradict each other.
What does not: what follows from them (`decide.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from citizenstats.contracts.model import HidingCost, PartialKey, Suppression
from citizenstats.engine import name, quoted
from citizenstats.sdmx.model import DataStructure


def cost_sql(said: Suppression | None) -> str:
    """Return SQL of how many times as dear as else a cell is; NULL where nothing is said of it."""
    cases = " ".join(
        f"WHEN {_holds_sql(entry.cells)} THEN {entry.times!r}" for entry in (said.cost if said else ())
    )
    return f"CAST(CASE {cases} END AS DOUBLE)" if cases else "CAST(NULL AS DOUBLE)"


def stays_sql(said: Suppression | None) -> str:
    """Return the SQL condition that a cell must stay."""
    return " OR ".join(f"({_holds_sql(cells)})" for cells in (said.stay if said else ())) or "FALSE"


def _holds_sql(cells: PartialKey) -> str:
    told = [f"{name(d)} IN ({', '.join(map(quoted, codes))})" for d, codes in cells.items()]
    return " AND ".join(told) or "TRUE"


@dataclass(frozen=True)
class Contradiction:
    """Two entries that give one cell two costs: their places in the lists of two dataflows."""

    first: int
    second: int


def contradictions(
    first: Suppression, of: DataStructure, second: Suppression, other: DataStructure
) -> Iterator[Contradiction]:
    """Yield what two dataflows say differently of cells that both have: dimensions of the same name with the same codes.

    What one of them says of dimensions that the other one has not is about cells of its own.
    """
    shared = {d for d in of.key if d in other.key and of.by_id[d].codelist == other.by_id[d].codelist}
    mine, theirs = _about(first.cost, shared), _about(second.cost, shared)
    seen = set()
    for key in _kinds([entry.cells for _, entry in (*mine, *theirs)]):
        a, b = _first(mine, key), _first(theirs, key)
        if a is not None and b is not None and a[1].times != b[1].times and (a[0], b[0]) not in seen:
            seen.add((a[0], b[0]))
            yield Contradiction(a[0], b[0])


Entries = Sequence[tuple[int, HidingCost]]
"""Entries with their places in the list."""


def _about(entries: Sequence[HidingCost], dimensions: set[str]) -> Entries:
    return [(i, entry) for i, entry in enumerate(entries) if set(entry.cells) <= dimensions]


def _first(entries: Entries, key: Mapping[str, str | None]) -> tuple[int, HidingCost] | None:
    """Return the entry that counts for a cell."""
    return next((e for e in entries if all(key[d] in codes for d, codes in e[1].cells.items())), None)


def _kinds(named: Sequence[PartialKey]) -> Iterator[dict[str, str | None]]:
    """Yield one cell of each kind that entries tell apart; None is a code that no entry names."""
    told: dict[str, dict[frozenset[int], str | None]] = {}
    for dimension in sorted({d for cells in named for d in cells}):
        by = {i: set(cells[dimension]) for i, cells in enumerate(named) if dimension in cells}
        told[dimension] = {frozenset(): None}
        for code in sorted(set().union(*by.values())):
            told[dimension].setdefault(frozenset(i for i, codes in by.items() if code in codes), code)
    for codes in product(*(kinds.values() for kinds in told.values())):
        yield dict(zip(told, codes, strict=True))
