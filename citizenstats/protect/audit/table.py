"""One figure as an attacker sees it: its cells, what adds up in them, and what is known of each in every count.

What belongs here: from cells told in words to arrays and sums. What does not: solving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from citizenstats.protect.audit.attack import TINY, Floats, Sum
from citizenstats.protect.audit.words import Ladder

Categories = tuple[str, ...]
"""Of a cell, as ``VARIABLE=word``, those at their total left out."""


def sums_of(cells: Sequence[Categories], ladders: Sequence[Ladder]) -> list[Sum]:
    """Return what adds up among cells: in each variable, a parent and the cells that differ from it by a category below.

    A category lies under the nearest one above it that any cell has. The same sum of two dataflows is there once.
    """
    position = {frozenset(of): i for i, of in enumerate(cells)}
    present = {category for of in cells for category in of}
    found: dict[tuple[int, tuple[int, ...]], None] = {}
    for step in steps(ladders):
        children: dict[int, list[int]] = {}
        for of, i in position.items():
            for category in of:
                if category in step:
                    above = _nearest(category, step, present)
                    parent = position.get((of - {category}) | ({above} if above is not None else set()))
                    if parent is not None:
                        children.setdefault(parent, []).append(i)
        found.update(
            dict.fromkeys((parent, tuple(sorted(below))) for parent, below in sorted(children.items()))
        )
    return list(found)


def steps(ladders: Sequence[Ladder]) -> list[Mapping[str, str | None]]:
    """Return everything that adds up: category → the one above it, for categories that do not overlap.

    Each ladder by itself; and of two ladders of one variable, what of the one lies within a category of the other.
    """
    found: list[Mapping[str, str | None]] = []
    different: list[Ladder] = []
    for ladder in ladders:
        if not any(ladder.variable == other.variable and ladder.above == other.above for other in different):
            different.append(ladder)
            found.append(ladder.above)
    for fine in different:
        for coarse in different:
            if fine.variable == coarse.variable and fine is not coarse:
                found += _between(fine, coarse)
    return found


def _between(fine: Ladder, coarse: Ladder) -> list[Mapping[str, str | None]]:
    """Return, for each category of a ladder that the other has not, the largest of the other's that lie within it."""
    found: list[Mapping[str, str | None]] = []
    for whole, texts in coarse.made_of.items():
        if whole not in fine.made_of:
            inside = {c: of for c, of in fine.made_of.items() if of and of < texts}
            largest = {c: of for c, of in inside.items() if not any(of < more for more in inside.values())}
            if largest and sum(map(len, largest.values())) == len(frozenset().union(*largest.values())):
                found.append(dict.fromkeys(largest, whole))
    return found


def _nearest(category: str, above: Mapping[str, str | None], present: set[str]) -> str | None:
    at, seen = above.get(category), {category}
    while at is not None and at not in present and at not in seen:
        seen.add(at)
        at = above.get(at)
    return at if at not in seen else None


def with_rests(
    sums: Iterable[Sum], values: Floats, *, signed: bool, rounded: float = 0.0
) -> tuple[list[float], list[Sum], list[float]]:
    """Return values, sums and how far each may be off, with what a parent has and its children have not as a hidden cell.

    Where children hold more than their parent they overlap, and the sum says nothing: unless values may be negative, or it
    is no more than rounding makes.

    Args:
        sums: what adds up.
        values: of each cell.
        signed: whether values may be negative.
        rounded: how far a parent may be off for each of its children.
    """
    whole: list[float] = values.tolist()
    every: list[Sum] = []
    slack: list[float] = []
    for parent, children in sums:
        rest = whole[parent] - sum(whole[child] for child in children)
        off = rounded * (len(children) + 1)
        if abs(rest) <= TINY:
            every.append((parent, children))
            slack.append(0.0)
        elif abs(rest) <= off:
            every.append((parent, children))
            slack.append(off)
        elif rest > 0 or signed:
            whole.append(rest)
            every.append((parent, (*children, len(whole) - 1)))
            slack.append(0.0)
    return whole, every, slack
