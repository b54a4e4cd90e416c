"""The attacker: what can be worked out about the hidden cells from all published ones.

What belongs here: the attacker's linear programs, as deviations from the true values over the hidden cells only. What does not:
hiding more. A solution is a proof: values that could be behind the published figures, so one solution proves many cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from citizenstats.protect.suppress.graph import Floats, Graph, Ints
from citizenstats.protect.suppress.problem import Layer, Mask, Problem
from citizenstats.protect.suppress.program import Program, SolverError

TOLERANCE = 1e-6
"""How near to what is asked counts as reached, in units of the scaled layer."""
FEW = 8
"""So few cells are proved one by one."""
BOUNDLESS = 1e7
"""Stands for no upper bound at all, in units of the scaled layer."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """What an attacker can infer about cells of one layer.

    Attributes:
        layer: name of the layer.
        cells: positions of the cells.
        lower: the least value that agrees with what is published, one for each of `cells`.
        upper: the greatest, infinite where nothing bounds it.
    """

    layer: str
    cells: Ints
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Bounds:
    """How far each cell can move in a layer: what is asked and what the attacker thinks possible, scaled alike.

    Attributes:
        down: below the true value, 0 where nothing can move.
        up: above it.
        lower: protection asked below, 0 where none is.
        upper: protection asked above.
        width: what is asked against insiders.
        scale: a scaled number times this is in the layer's own unit.
    """

    down: Floats
    up: Floats
    lower: Floats
    upper: Floats
    width: Floats
    scale: float

    @staticmethod
    def of(layer: Layer) -> Bounds:
        """Return the bounds of a layer, scaled so that the solver's tolerance is far below what is asked."""
        asked = (layer.lower + layer.upper)[layer.primary]
        scale = float(np.median(asked)) / 10 if len(asked) else 1.0
        scale = 1.0 if 0.1 <= scale <= 100 else scale
        lower, upper = (np.where(layer.primary, side, 0.0) / scale for side in (layer.lower, layer.upper))
        width = np.where(layer.primary, layer.against_insiders, 0.0) / scale
        return Bounds(layer.down / scale, layer.up / scale, lower, upper, width, scale)

    @staticmethod
    def inside(layer: Layer) -> Bounds:
        """Return the bounds of a layer as an insider sees them."""
        bounds = Bounds.of(layer)
        return replace(bounds, up=layer.up_inside / bounds.scale)


class Attack:
    """The deviations that one group of connected hidden cells can take while all published cells stay as they are."""

    def __init__(self, graph: Graph, group: Ints, down: Floats, up: Floats, seed: int) -> None:
        """Load the program of `group`, positions in order; `down` and `up` are of all cells."""
        self.group = group
        self._down, self._up = -down[group], up[group]
        self._price = -1
        self.program = Program(graph.columns(group), self._down, self._up, np.zeros(len(group)), seed)

    def hold(self, cells: Ints) -> None:
        """Let cells of the group be known until they are released."""
        for column in np.searchsorted(self.group, cells).tolist():
            self.program.bound(column, 0.0, 0.0)

    def release(self, cells: Ints) -> None:
        """Let held cells be unknown again."""
        for column in np.searchsorted(self.group, cells).tolist():
            self.program.bound(column, self._down[column], self._up[column])

    def farthest(self, cell: int, side: float) -> Floats:
        """Return deviations of the group with that of `cell` as far up (side 1.0) or down (-1.0) as can be."""
        column = int(np.searchsorted(self.group, cell))
        if self._price >= 0 and self._price != column:
            self.program.price(self._price, 0.0)
        self.program.price(column, -side)
        self._price = column
        return self._solved()

    def together(self, cells: Ints, pull: Floats) -> Floats:
        """Return deviations of the group with those of `cells` as far as can be in the sum, each weighed by its `pull`."""
        columns = np.searchsorted(self.group, cells).tolist()
        if self._price >= 0:
            self.program.price(self._price, 0.0)
            self._price = -1
        for column, weight in zip(columns, pull.tolist(), strict=True):
            self.program.price(column, -weight)
        found = self._solved()
        for column in columns:
            self.program.price(column, 0.0)
        return found

    def _solved(self) -> Floats:
        found = self.program.solve()
        if found is None:
            raise SolverError("the solver does not see that no deviation at all is possible")
        return found


def attacks(
    problem: Problem, chosen: Mask, down: Floats, up: Floats, targets: Ints, seed: int
) -> Iterator[tuple[Attack, Ints]]:
    """Yield the attack on each group of connected chosen cells that holds targets, with those targets in their order."""
    movable = chosen & ((down > 0) | (up > 0))
    group_of = np.full(problem.cells, -1, dtype=np.int64)
    groups = problem.graph.components(movable)
    for number, group in enumerate(groups):
        group_of[group] = number
    wanted: dict[int, list[int]] = {}
    for cell in targets.tolist():
        if group_of[cell] >= 0:
            wanted.setdefault(int(group_of[cell]), []).append(cell)
    for number, cells in wanted.items():
        yield Attack(problem.graph, groups[number], down, up, seed), np.array(cells, dtype=np.int64)


class Proofs:
    """What solutions have shown of one layer: how far each cell can move; it stays true when more cells are hidden."""

    def __init__(self, problem: Problem, bounds: Bounds, seed: int) -> None:
        """Begin with nothing proved.

        Args:
            problem: the tables.
            bounds: of the layer.
            seed: of the solver.
        """
        self.bounds = bounds
        self._problem, self._seed = problem, seed
        self._highest, self._lowest = np.zeros(problem.cells), np.zeros(problem.cells)
        self._attacked: Mask = np.zeros(0, dtype=np.bool_)
        asked = np.flatnonzero((bounds.lower > 0) | (bounds.upper > 0))
        self._asked = asked[np.argsort(-np.maximum(bounds.lower, bounds.upper)[asked], kind="stable")]

    def note(self, cells: Ints, deviation: Floats) -> None:
        """Keep a solution: deviations that `cells` can take together."""
        self._highest[cells] = np.maximum(self._highest[cells], deviation)
        self._lowest[cells] = np.minimum(self._lowest[cells], deviation)

    def reached(self, cell: int, side: float) -> bool:
        """Return whether a primary is known to move as far as asked up (side 1.0) or down (-1.0)."""
        if side > 0:
            return bool(self._highest[cell] >= self.bounds.upper[cell] - TOLERANCE)
        return bool(-self._lowest[cell] >= self.bounds.lower[cell] - TOLERANCE)

    def unprotected(self, hidden: Mask) -> list[tuple[int, float]]:
        """Return the primaries and sides that an attacker comes nearer to than asked, the most demanding first.

        Args:
            hidden: the cells whose value is not shown: at least those of every solution that was noted.
        """
        if np.array_equal(hidden, self._attacked):
            return self._open()
        self._attacked = hidden.copy()
        bounds = self.bounds
        open_ = np.array([cell for cell, _ in self._open()], dtype=np.int64)
        targets = open_[np.sort(np.unique(open_, return_index=True)[1])]
        for attack, cells in attacks(self._problem, hidden, bounds.down, bounds.up, targets, self._seed):
            self._all_at_once(attack, cells)
            for cell in cells.tolist():
                for side in (1.0, -1.0):
                    if not self.reached(cell, side):
                        self.note(attack.group, attack.farthest(cell, side))
        return self._open()

    def _open(self) -> list[tuple[int, float]]:
        return [
            (cell, side)
            for cell in self._asked.tolist()
            for side in (1.0, -1.0)
            if not self.reached(cell, side)
        ]

    def _all_at_once(self, attack: Attack, cells: Ints) -> None:
        """Prove as many cells as can be by few solutions, each with all unproved cells pulled away in random directions."""
        chance = np.random.default_rng(self._seed)
        bounds = self.bounds
        while len(cells) > FEW:
            above = self._highest[cells] < bounds.upper[cells] - TOLERANCE
            below = -self._lowest[cells] < bounds.lower[cells] - TOLERANCE
            open_ = above | below
            cells, above, below = cells[open_], above[open_], below[open_]
            if not len(cells):
                return
            sides = np.where(
                above & below, chance.choice((-1.0, 1.0), len(cells)), np.where(above, 1.0, -1.0)
            )
            found = attack.together(cells, sides * chance.uniform(0.5, 1.5, len(cells)))
            moved = found[np.searchsorted(attack.group, cells)]
            self.note(attack.group, found)
            proved = (above & (moved >= bounds.upper[cells] - TOLERANCE)) | (
                below & (-moved >= bounds.lower[cells] - TOLERANCE)
            )
            if np.count_nonzero(proved) < 0.05 * len(cells):
                return


def intervals(
    problem: Problem, suppressed: Mask, cells: Sequence[int] | None = None, known: Sequence[int] = ()
) -> list[Intervals]:
    """Return what an attacker can infer who knows only that no value is negative; of a layer with a floor, not even that.

    Args:
        problem: the tables; costs, protection levels and ceilings do not matter.
        suppressed: the cells that are not shown.
        cells: the cells asked for; by default all suppressed ones.
        known: suppressed cells whose value the attacker knows all the same, such as an insider's own.

    Returns:
        One entry a layer, in the layers' order. A shown or known cell has its value at both ends. Zeros that are suppressed
        count as hidden here.
    """
    asked = np.flatnonzero(suppressed) if cells is None else np.array(list(cells), dtype=np.int64)
    secret = suppressed.copy()
    secret[np.array(list(known), dtype=np.int64)] = False
    answer = []
    for layer in problem.layers:
        scale = Bounds.of(layer).scale
        up = np.full(problem.cells, BOUNDLESS)
        down = layer.values / scale if layer.floor is None else up
        ends = {side: np.zeros(problem.cells) for side in (-1.0, 1.0)}
        for attack, group in attacks(problem, secret, down, up, np.unique(asked[secret[asked]]), 0):
            for cell in group.tolist():
                for side in ends:
                    ends[side][cell] = attack.farthest(cell, side)[np.searchsorted(attack.group, cell)]
        low, high = (layer.values[asked] + scale * ends[side][asked] for side in (-1.0, 1.0))
        low = (
            np.maximum(low, 0.0)
            if layer.floor is None
            else np.where(low <= -BOUNDLESS * scale / 2, -np.inf, low)
        )
        answer.append(
            Intervals(layer.name, asked, low, np.where(high >= BOUNDLESS * scale / 2, np.inf, high))
        )
    return answer
