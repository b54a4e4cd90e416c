"""The cheapest pattern of all, for small tables: a choice of cells, corrected by cuts until no attack is left.

What belongs here: the whole-number program and its cuts. What does not: insiders, who ask for one of two moves and so for no
linear cut; they are repaired afterwards. Source: Fischetti and Salazar, Management Science 47 (2001), 1008-1027.
"""

from __future__ import annotations

import highspy
import numpy as np

from citizenstats.protect.suppress.attack import TOLERANCE, Bounds
from citizenstats.protect.suppress.graph import Floats, Ints
from citizenstats.protect.suppress.problem import Mask, Problem
from citizenstats.protect.suppress.program import Program, quiet

RELAXED = 60
"""Rounds of cuts before cells must be chosen whole."""
ROUNDS = 200
"""Rounds of cuts with whole cells at most."""
NODES = 1000
"""Nodes of all search trees at most; a limit in work, not in time, gives the same answer on every machine."""

Cut = tuple[Ints, Floats]
"""Cells and their coefficients: the chosen ones must come to 1 together."""


def cheapest(problem: Problem, start: Mask, allowed: Mask, seed: int) -> tuple[Mask, bool]:
    """Return the cheapest cells to hide from outsiders and whether that is proved; `start` when the limits are reached.

    Args:
        problem: the tables. Primaries that nothing can protect are left out.
        start: a pattern that protects all others.
        allowed: the cells that may be hidden.
        seed: of the solver.
    """
    rivals = [_Rival(problem, Bounds.of(layer), allowed, seed) for layer in problem.layers]
    master = _Master(problem, allowed, seed)
    best = float(problem.cost[start & ~master.free_of_cost].sum())
    whole = False
    for number in range(RELAXED + ROUNDS):
        chosen = master.solve()
        if chosen is None or master.nodes > NODES:
            break
        if whole and master.value() >= best - TOLERANCE:
            return start, True
        chosen = np.rint(chosen) if whole else chosen
        cuts = [cut for rival in rivals for cut in rival.cuts(chosen, master.free_of_cost)]
        master.add(cuts)
        if whole and not cuts:
            return np.asarray(chosen > 0.5, dtype=np.bool_) | master.free_of_cost, True
        if not whole and (not cuts or number + 1 >= RELAXED):
            whole = True
            master.choose_whole()
    return start, False


class _Master:
    """Which cells to hide at the least cost, as far as the cuts so far tell."""

    def __init__(self, problem: Problem, allowed: Mask, seed: int) -> None:
        self.free_of_cost = problem.primary | problem.hidden
        self.cells, self.nodes = problem.cells, 0
        self.solver = quiet(seed)
        self.solver.setOptionValue("mip_rel_gap", 0.0)
        self.solver.setOptionValue("mip_max_nodes", NODES)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = problem.cells, 0
        model.col_cost_ = np.where(self.free_of_cost, 0.0, problem.cost)
        model.col_lower_ = self.free_of_cost.astype(np.float64)
        model.col_upper_ = (self.free_of_cost | allowed).astype(np.float64)
        model.a_matrix_.start_ = np.zeros(problem.cells + 1, dtype=np.int32)
        self.solver.passModel(model)

    def choose_whole(self) -> None:
        cells = np.arange(self.cells, dtype=np.int32)
        self.solver.changeColsIntegrality(
            self.cells, cells, np.full(self.cells, highspy.HighsVarType.kInteger)
        )

    def add(self, cuts: list[Cut]) -> None:
        for cells, coefficients in cuts:
            self.solver.addRow(1.0, highspy.kHighsInf, len(cells), cells.astype(np.int32), coefficients)

    def solve(self) -> Floats | None:
        self.solver.run()
        self.nodes += max(0, int(self.solver.getInfo().mip_node_count))
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(self.solver.getSolution().col_value, dtype=np.float64)

    def value(self) -> float:
        return float(self.solver.getInfo().objective_function_value)


class _Rival:
    """The attacker of one layer, who says of a choice of cells what it lacks."""

    def __init__(self, problem: Problem, bounds: Bounds, allowed: Mask, seed: int) -> None:
        self.cells = np.flatnonzero(
            (allowed | problem.primary) & ((bounds.down > 0) | (bounds.up > 0)) & ~problem.fixed
        )
        self.down, self.up = bounds.down[self.cells], bounds.up[self.cells]
        matrix = problem.graph.columns(self.cells)
        self.program = Program(matrix, -self.down, self.up, np.zeros(len(self.cells)), seed)
        asked = [(column, 1.0, float(bounds.upper[cell])) for column, cell in enumerate(self.cells.tolist())]
        asked += [
            (column, -1.0, float(bounds.lower[cell])) for column, cell in enumerate(self.cells.tolist())
        ]
        self.asked = [(column, side, much) for column, side, much in asked if much > 0]
        self.asked = [target for target in self.asked if self._reach(*target)[0] >= target[2] - TOLERANCE]

    def cuts(self, chosen: Floats, certain: Mask) -> list[Cut]:
        """Return a cut for each protection that a choice, whole or in fractions, does not give."""
        share = np.maximum(chosen[self.cells], 0.0)
        for column in range(len(self.cells)):
            self.program.bound(column, -self.down[column] * share[column], self.up[column] * share[column])
        found = []
        for column, side, much in self.asked:
            reach, dual = self._reach(column, side, much)
            if reach < much - TOLERANCE:
                weight = np.where(dual < 0, -dual * self.up, dual * self.down)
                found.append(self._cut(np.minimum(weight, much), much, certain))
        return found

    def _reach(self, column: int, side: float, much: float) -> tuple[float, Floats]:
        self.program.price(column, -side)
        values, dual = self.program.solve_both()
        self.program.price(column, 0.0)
        return side * float(values[column]), dual

    def _cut(self, weight: Floats, much: float, certain: Mask) -> Cut:
        """Return sum of weight x >= much without what is certain, made as tight as whole choices allow."""
        sure = certain[self.cells]
        left = much - float(weight[sure].sum())
        weight = np.where(sure, 0.0, np.minimum(weight, left) / left)
        used = weight > 1e-9
        return self.cells[used], weight[used]
