"""The insider: a unit that stands alone in a cell knows the value of that cell, and may not find out another.

What belongs here: who knows what, which primaries an insider comes too near to, and the repair of those. What does not:
insiders who act together, and a unit that is alone nowhere. Rules PS2 and PS2* of the Handbook on Statistical Disclosure
Control, chapter 4.
"""

from __future__ import annotations

import numpy as np

from citizenstats.protect.suppress.attack import TOLERANCE, Bounds
from citizenstats.protect.suppress.graph import Floats, Ints
from citizenstats.protect.suppress.problem import Layer, Mask, Problem
from citizenstats.protect.suppress.repair import MOVED, Defence

WARY = 10.0
"""Price of moving a cell some insider knows against that of any other: a proof without such cells holds against everybody."""


def people(problem: Problem, layer: Layer) -> list[Ints]:
    """Return for each unit that stands alone the cells it stands alone in.

    A cell of one contributor that lies in another one holds the same unit, and so on along the relations.
    """
    return [] if layer.contributors is None else problem.graph.lines(layer.contributors == 1)


def exposed(
    problem: Problem, bounds: Bounds, known: list[Ints], hidden: Mask, seed: int
) -> list[tuple[int, int]]:
    """Return the pairs of insider and primary whose value the insider can tell too nearly, in order.

    Args:
        problem: the tables.
        bounds: of one layer.
        known: the cells each insider knows; no cell stands in two.
        hidden: the cells whose value is not shown.
        seed: of the solver.
    """
    if not known:
        return []
    search = _Search(problem, bounds, known, hidden, seed)
    asked = np.flatnonzero((bounds.width > 0) & hidden).tolist()
    return sorted((insider, cell) for cell in asked for insider in search.winners(cell))


class _Search:
    """Looks for deviations that leave the value of a primary open though an insider's own cells cannot move."""

    def __init__(self, problem: Problem, bounds: Bounds, known: list[Ints], hidden: Mask, seed: int) -> None:
        self.width, self.known = bounds.width, known
        self.owner = np.full(problem.cells, -1, dtype=np.int64)
        for insider, cells in enumerate(known):
            self.owner[cells] = insider
        price = np.where(self.owner >= 0, WARY, 1.0)
        self.defence = Defence(problem, bounds, hidden, price, seed)
        self.left: dict[int, set[int]] = {}

    def winners(self, cell: int) -> list[int]:
        """Return the insiders against whom no deviation leaves `cell` open; none of them if it is open to nobody at all."""
        own = {int(self.owner[cell])}
        if cell not in self.left and not self._open(cell):
            return []
        winners = []
        for insider in sorted(self.left[cell] - own):
            if insider in self.left[cell]:
                self.defence.hold(self.known[insider])
                if not self._open(cell):
                    winners.append(insider)
                self.defence.release(self.known[insider])
        return winners

    def _open(self, cell: int) -> bool:
        for side in (1.0, -1.0):
            found = self.defence.cheapest(cell, side, float(self.width[cell]))
            if found is not None:
                self._note(found)
                return True
        return False

    def _note(self, deviation: Floats) -> None:
        moved = np.abs(deviation) > MOVED
        cells, by = self.defence.cells[moved], np.abs(deviation[moved])
        touched = {int(owner) for owner in self.owner[cells] if owner >= 0}
        for cell in cells[(self.width[cells] > 0) & (by >= self.width[cells] - TOLERANCE)].tolist():
            self.left[cell] = self.left[cell] & touched if cell in self.left else touched


def repair_insiders(
    problem: Problem,
    bounds: Bounds,
    known: list[Ints],
    pairs: list[tuple[int, int]],
    allowed: Mask,
    hidden: Mask,
    seed: int,
) -> None:
    """Hide cells so that no pair of insider and primary is left, as far as can be; `hidden` is changed."""
    defence = Defence(problem, bounds, allowed, np.where(hidden, 0.0, problem.cost), seed)
    for insider, cell in pairs:
        defence.hold(known[insider])
        found = [defence.cheapest(cell, side, float(bounds.width[cell])) for side in (1.0, -1.0)]
        defence.release(known[insider])
        ways = [way for way in found if way is not None]
        if ways:
            defence.hide(min(ways, key=lambda way: _loss(problem, defence, hidden, way)), hidden)


def _loss(problem: Problem, defence: Defence, hidden: Mask, deviation: Floats) -> float:
    cells = defence.cells[np.abs(deviation) > MOVED]
    return float(problem.cost[cells[~hidden[cells]]].sum())
