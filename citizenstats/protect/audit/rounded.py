"""The verdict on a message whose counts are rounded: what an attacker knows of each small count behind it.

He knows the base, that each count lies within one base of what is shown, that counts are not negative, every sum, and what
former releases showed of counts that have not changed. He does not know what was drawn. By linear programs he finds the least
and the greatest count that agree with all this; where fewer whole numbers lie between them than the minimum, the release is
stopped. So it is where a sum does not hold, where a number is not made of multiples of the base, or where one count is
rounded in two ways: two roundings beside each other tell more than one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from citizenstats.errors import ReleaseError
from citizenstats.protect.audit.additive import Sum, Worlds, nearest, sums_of
from citizenstats.protect.audit.changed import Cell, ChangedAudit, Published
from citizenstats.protect.audit.together import Whole


@dataclass(frozen=True, kw_only=True)
class RoundedAudit(ChangedAudit):
    """What an attacker finds in a message with rounded counts; `narrowest` are the fewest counts possible behind a small one.

    Attributes:
        torn: sums that hold for the true counts and not for the shown ones.
    """

    torn: int

    def require(self, flow: str) -> None:
        """Stop a release of which somebody could learn a small count, or that nobody judged in part.

        Raises:
            ReleaseError: ``MESSAGES_DIFFER``, ``NOT_JUDGED``, ``DISCLOSIVE``.
        """
        super().require(flow)
        if self.within_reach or self.shown or self.torn or self.unsteady:
            raise ReleaseError(
                "DISCLOSIVE",
                f"{self.within_reach} small counts are within reach, {self.shown} figures are not made of rounded counts, "
                f"{self.torn} sums do not hold, {self.unsteady} counts are rounded in two ways",
                flow,
                "nothing is published; the account beside the protected state says which",
            )


def audit_rounded(published: Published, base: int) -> RoundedAudit:
    """Attack a message whose counts are rounded to a base, by itself and with the other dataflows of its family."""
    seen = published.read(base)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda group: _attacked(group, seen.summing, seen.above, base), seen.groups))
    possible = [counts for widths, _ in found for counts in widths]
    possible += [counts for whole in published.family for counts in attacked_together(whole, base)]
    return RoundedAudit(
        **seen.counted(),
        attacked=len(possible),
        within_reach=sum(counts < minimum - _TINY for counts, minimum in possible),
        shown=sum(c.is_shown and not c.is_sound for c in seen.cells),
        torn=sum(torn for _, torn in found),
        narrowest=min((counts for counts, _ in possible), default=None),
    )


def attacked_together(whole: Whole, base: int) -> list[tuple[float, float]]:
    """Return how many counts are possible behind each small one of a figure of several dataflows, with the minimum."""
    world, cells = _World(base), whole.cells
    for layer in (0, 1):
        there = {i for i, c in enumerate(cells) if c.told[layer] is not None and c.true[layer] is not None}
        for i in sorted(there):
            world.add((layer, i), cells[i].true[layer], cells[i].told[layer])
        for parent, children in whole.sums:
            if parent in there and there.issuperset(children):
                world.sum((layer, parent), [(layer, child) for child in children])
    for i in range(len(cells)):
        if (0, i) in world.column and (1, i) in world.column:
            world.rest((2, i), (0, i), (1, i))
    few = {
        column: float(cells[i].minimum)
        for (_, i), column in world.column.items()
        if i >= 0 and 0 < world.true[column] < cells[i].minimum
    }
    return world.possible(few) if few else []


def _attacked(
    group: Sequence[Cell], inside: Sequence[int], parents: Sequence[Mapping[str, str]], base: int
) -> tuple[list[tuple[float, float]], int]:
    """Return how many counts are possible behind each small one, with the minimum; and the sums that do not hold."""
    places = {tuple(cell.codes[i] for i in inside): position for position, cell in enumerate(group)}
    present = [{codes[i] for codes in places} for i in range(len(inside))]
    sums = sums_of(places, [nearest(above, there) for above, there in zip(parents, present, strict=True)])
    world = _World(base)
    torn = 0
    for layer in (0, 1):
        there = {i: c for i, c in enumerate(group) if c.told[layer] is not None and c.true[layer] is not None}
        for i, cell in there.items():
            world.add((layer, i), cell.true[layer], cell.told[layer], cell.before[layer])
        for parent, children in sums:
            if parent in there and all(child in there for child in children):
                torn += world.sum((layer, parent), [(layer, child) for child in children])
    for i in range(len(group)):
        if (0, i) in world.column and (1, i) in world.column:
            world.rest((2, i), (0, i), (1, i))
    few = {
        column: float(cell.minimum)
        for (_, i), column in world.column.items()
        if i >= 0 and (cell := group[i]).minimum is not None and 0 < world.true[column] < cell.minimum
    }
    if not few:
        return [], torn
    return world.possible(few), torn


class _World:
    """All counts that an attacker does not know, with what he knows of each."""

    def __init__(self, base: int) -> None:
        self.column: dict[tuple[int, int], int] = {}
        self.true: list[float] = []
        self._told: list[float | None] = []
        self._before: list[Sequence[int]] = []
        self._sums: list[Sum] = []
        self._reach = base - 1

    def add(self, at: tuple[int, int], true: Any, told: Any, before: Sequence[int] = ()) -> int:
        self.column[at] = len(self.true)
        self.true.append(float(true))
        self._told.append(told)
        self._before.append(before)
        if told is not None:
            # Where cells had to go further than to the nearest two multiples, he is taken to know it.
            self._reach = max(self._reach, int(abs(true - told)))
        return self.column[at]

    def sum(self, parent: tuple[int, int], children: Sequence[tuple[int, int]]) -> bool:
        """Take note that children add up to their parent, with a rest where they hold less; return whether it is torn."""
        whole, parts = self.column[parent], [self.column[child] for child in children]
        rest = self.true[whole] - sum(self.true[part] for part in parts)
        if rest < 0:
            return False
        left = (self._told[whole] or 0) - sum(self._told[part] or 0 for part in parts)
        if rest > 0:
            parts.append(self.add((3, -1 - len(self.true)), rest, max(left, 0)))
        self._sums.append((whole, tuple(parts)))
        return left != 0 if rest == 0 else left < 0

    def rest(self, at: tuple[int, int], whole: tuple[int, int], part: tuple[int, int]) -> None:
        """Take note of those without a characteristic, of whom nothing is told by itself."""
        units, having = self.column[whole], self.column[part]
        lacking = self.add(at, self.true[units] - self.true[having], None)
        self._sums.append((units, (having, lacking)))

    def possible(self, few: Mapping[int, float]) -> list[tuple[float, float]]:
        """Return of the columns how many whole counts agree with all that is known, and how many are asked."""
        low, high = np.zeros(len(self.true)), np.full(len(self.true), np.inf)
        for i, (told, before) in enumerate(zip(self._told, self._before, strict=True)):
            for value in () if told is None else (told, *before):
                low[i] = max(low[i], value - self._reach)
                high[i] = min(high[i], value + self._reach)
        low, high = np.minimum(low, self.true), np.maximum(high, self.true)
        worlds = Worlds(self.true, (low, high), self._sums)
        widths = worlds.widths(list(few), [asked - 1 for asked in few.values()])
        return [(width + 1, asked) for width, asked in zip(widths, few.values(), strict=True)]


_TINY = 1e-6
"""Counts are whole; what is smaller than this is no difference."""
