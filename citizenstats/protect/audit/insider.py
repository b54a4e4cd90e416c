"""The insider: whoever stands alone in a cell knows himself, and what that tells him of others.

He knows every cell in which he is the only unit, in every count. What belongs here: who knows what, and how near he comes to
another's. What does not: outsiders. The question is put for all insiders at once as far as one world answers it: a world in
which a cell has another value, and none of an insider's own has, leaves that cell open to him.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from citizenstats.protect.audit.attack import TINY, Attacker, Bools, Floats, Ints, Sum

_SPLITS = 4
"""So often half of the insiders are held at once, before each is asked by himself."""


def people(alone: Bools, sums: Sequence[Sum]) -> list[list[int]]:
    """Return the cells of each unit that stands alone somewhere: a cell of one that lies in another of one is the same unit."""
    head = {int(cell): int(cell) for cell in np.flatnonzero(alone)}

    def top(cell: int) -> int:
        while head[cell] != cell:
            cell = head[cell]
        return cell

    for parent, children in sums:
        if parent in head:
            for child in children:
                if child in head:
                    head[top(child)] = top(parent)
    found: dict[int, list[int]] = {}
    for cell in head:
        found.setdefault(top(cell), []).append(cell)
    return [sorted(cells) for _, cells in sorted(found.items())]


def narrowest(
    attacker: Attacker, insiders: Sequence[Sequence[int]], cells: Sequence[int], asked: Floats
) -> Floats:
    """Return for each cell the narrowest interval that an insider is left with; not more than what is asked of it.

    Args:
        attacker: loaded as an outsider.
        insiders: the cells that each knows.
        cells: the cells asked for.
        asked: how wide their intervals must be left.
    """
    if not insiders or not len(cells):
        return asked.copy()
    return _Search(attacker, insiders, cells, asked).narrowest()


class _Search:
    """Which insider has been shown not to come near which cell."""

    def __init__(
        self, attacker: Attacker, insiders: Sequence[Sequence[int]], cells: Sequence[int], asked: Floats
    ) -> None:
        self.attacker, self.asked = attacker, asked
        self.targets = attacker.columns(cells)
        self.known = [attacker.columns(known) for known in insiders]
        self.open = np.ones((len(cells), len(insiders)), dtype=np.bool_)
        for insider, columns in enumerate(self.known):
            self.open[np.isin(self.targets, columns), insider] = False

    def narrowest(self) -> Floats:
        chance = np.random.default_rng(0)
        everyone = np.ones(len(self.known), dtype=np.bool_)
        self._held(everyone, chance)
        for _ in range(_SPLITS):
            half = chance.random(len(self.known)) < 0.5
            self._held(half, chance)
            self._held(~half, chance)
        found = self.asked.copy()
        for insider in range(len(self.known)):
            for target in np.flatnonzero(self.open[:, insider]).tolist():
                if self.open[target, insider]:
                    found[target] = min(found[target], self._width(insider, target))
        return found

    def _held(self, insiders: Bools, chance: np.random.Generator) -> None:
        """Look for worlds in which nothing moves that any of these insiders knows."""
        columns = [self.known[i] for i in np.flatnonzero(insiders)]
        if not columns:
            return
        held = np.concatenate(columns)
        self.attacker.hold(held)
        while True:
            still = self.targets[self.open[:, insiders].any(axis=1) & ~np.isin(self.targets, held)]
            before = int(self.open.sum())
            if not len(still):
                break
            pulls = chance.choice((-1.0, 1.0), len(still)) * chance.uniform(0.5, 1.5, len(still))
            self._look(dict(zip(still.tolist(), pulls.tolist(), strict=True)))
            if int(self.open.sum()) > 0.9 * before:
                break
        self.attacker.release(held)

    def _width(self, insider: int, target: int) -> float:
        self.attacker.hold(self.known[insider])
        column, ends = int(self.targets[target]), []
        for direction in (1.0, -1.0):
            world = self._look({column: direction})
            ends.append(float(world[column]) if world is not None else float(self.attacker.truth[column]))
        self.attacker.release(self.known[insider])
        return ends[0] - ends[1]

    def _look(self, pulls: dict[int, float]) -> Floats | None:
        world = self.attacker.world(pulls)
        if world is not None:
            moved = np.abs(world - self.attacker.truth)
            stayed = np.array([not (moved[known] > TINY).any() for known in self.known], dtype=np.bool_)
            moving: Ints = np.flatnonzero(moved[self.targets] >= self.asked - TINY)
            self.open[np.ix_(moving, np.flatnonzero(stayed))] = False
        return world
