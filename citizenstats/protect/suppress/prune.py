"""Cells that need not be hidden after all: each is tried, the dearest first, and shown if every protection stands without it.

What belongs here: giving cells back. What does not: insiders, who are looked for afterwards.
"""

from __future__ import annotations

import numpy as np

from citizenstats.protect.suppress.attack import TOLERANCE, Bounds
from citizenstats.protect.suppress.graph import Floats
from citizenstats.protect.suppress.problem import Mask, Problem
from citizenstats.protect.suppress.repair import MOVED, Defence

SLIGHT = 1e-3
"""Price of moving a cell that stays hidden in any case, beside the cost of a secondary."""

Target = tuple[int, float]
"""A primary and the side on which it is protected."""


def pruned(problem: Problem, hidden: Mask, seed: int) -> Mask:
    """Return a part of `hidden` that protects, from outsiders, all that `hidden` protects, in every layer."""
    kept = hidden.copy()
    secondary = hidden & ~problem.certain
    layers = [_Proofs(problem, Bounds.of(layer), hidden, secondary, seed) for layer in problem.layers]
    cells = np.flatnonzero(secondary)
    tried = np.zeros_like(hidden)
    for cell in cells[np.argsort(-problem.cost[cells], kind="stable")].tolist():
        if tried[cell]:
            continue
        one = np.zeros_like(hidden)
        one[cell] = True
        tried |= problem.with_mates(one)
        mates = np.flatnonzero(problem.with_mates(one))
        for layer in layers:
            layer.defence.hold(mates)
        if all(layer.stands_without(mate) for layer in layers for mate in mates.tolist()):
            kept[mates] = False
        else:
            for layer in layers:
                layer.defence.release(mates)
    return kept


class _Proofs:
    """For each protection of a layer the secondaries that one proof of it moves."""

    def __init__(self, problem: Problem, bounds: Bounds, hidden: Mask, secondary: Mask, seed: int) -> None:
        price = np.where(secondary, problem.cost, SLIGHT)
        self.defence = Defence(problem, bounds, hidden & ~problem.fixed, price, seed)
        self.secondary = secondary
        self.asked = {1.0: bounds.upper, -1.0: bounds.lower}
        self.moved: dict[Target, frozenset[int]] = {}
        self.users: dict[int, set[Target]] = {}
        for cell in np.flatnonzero(problem.primary).tolist():
            for side, asked in self.asked.items():
                if asked[cell] > 0 and (cell, side) not in self.moved:
                    found = self.defence.cheapest(cell, side, float(asked[cell]))
                    if found is not None:
                        self._note(found, None)

    def stands_without(self, cell: int) -> bool:
        """Return whether every protection can be proved now that the cell is held still."""
        for target in sorted(self.users.get(cell, ())):
            if cell in self.moved[target]:
                found = self.defence.cheapest(*target, float(self.asked[target[1]][target[0]]))
                if found is None:
                    return False
                self._note(found, cell)
        return True

    def _note(self, deviation: Floats, without: int | None) -> None:
        cells = self.defence.cells
        moving = cells[np.abs(deviation) > MOVED]
        moved = frozenset(moving[self.secondary[moving]].tolist())
        for side, asked in self.asked.items():
            much = asked[cells]
            for cell in cells[(much > 0) & (side * deviation >= much - TOLERANCE)].tolist():
                target = (cell, side)
                if target not in self.moved or without in self.moved[target]:
                    for other in self.moved.get(target, ()):
                        self.users[other].discard(target)
                    self.moved[target] = moved
                    for other in moved:
                        self.users.setdefault(other, set()).add(target)
