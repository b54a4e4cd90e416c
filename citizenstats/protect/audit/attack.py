"""An attacker's intervals: least and largest value of a hidden cell that agree with everything that is known.

He knows that counts are not negative, and all sums. Linear programs give the sharp bounds (Fischetti and Salazar, Management
Science 47 (2001), the attacker subproblem). Every solution is a possible world, so one solution proves widths of many cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import highspy
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Sum = tuple[int, Sequence[int]]
"""A parent and its children: the children add up to the parent."""


class Attacker:
    """Who knows the values of some cells and that all sums hold.

    Args:
        values: the true value of each cell; those of hidden cells only tell where to begin.
        hidden: positions of the cells that he does not know.
        sums: what adds up.
    """

    def __init__(self, values: Sequence[float], hidden: Sequence[int], sums: Sequence[Sum]) -> None:
        self._column = {cell: i for i, cell in enumerate(hidden)}
        self._values = values
        self._low = np.array([values[cell] for cell in hidden], dtype=np.float64)
        self._high = self._low.copy()
        self._solver = self._loaded(sums)

    def widths(self, cells: Sequence[int], enough: Sequence[float]) -> list[float]:
        """Return how far apart the bounds of each cell lie; a lower figure than the truth once it is `enough`."""
        columns = np.array([self._column[cell] for cell in cells], dtype=np.int64)
        asked = np.array(enough, dtype=np.float64)
        self._together(columns, asked)
        for column, wanted in zip(columns.tolist(), asked.tolist(), strict=True):
            for direction in (1.0, -1.0):
                if self._high[column] - self._low[column] >= wanted - _TINY:
                    break
                self._solve({column: direction}, wanted)
        return [float(width) for width in (self._high - self._low)[columns]]

    def _together(self, columns: Ints, asked: Floats) -> None:
        """Prove most widths by few solutions, each with all open cells pulled up or down at random."""
        chance = np.random.default_rng(0)
        while True:
            still = columns[(self._high - self._low)[columns] < asked - _TINY]
            pulls = chance.choice((-1.0, 1.0), len(still)) * chance.uniform(0.5, 1.5, len(still))
            if len(still) <= _FEW or not self._solve(
                dict(zip(still.tolist(), pulls.tolist(), strict=True)), 0.0
            ):
                return
            left = np.count_nonzero((self._high - self._low)[columns] < asked - _TINY)
            if left > 0.9 * len(still):
                return

    def _solve(self, pulls: Mapping[int, float], enough: float) -> bool:
        """Find a world with the pulled columns far out; return whether there is one that is farthest."""
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        for column, pull in pulls.items():
            self._solver.changeColCost(column, pull)
        self._solver.run()
        status = self._solver.getModelStatus()
        for column in pulls:
            self._solver.changeColCost(column, 0.0)
        if status == highspy.HighsModelStatus.kOptimal:
            found = np.asarray(self._solver.getSolution().col_value, dtype=np.float64)
            np.minimum(self._low, found, out=self._low)
            np.maximum(self._high, found, out=self._high)
            return True
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            for column in pulls:
                self._high[column] = max(self._high[column], self._low[column] + enough)
        return False

    def _loaded(self, sums: Sequence[Sum]) -> highspy.Highs:
        """Return the solver with every sum in which something is hidden; the known part stands on the right."""
        starts, columns, signs, right = [0], [], [], []
        for parent, children in sums:
            known = 0.0
            row: list[tuple[int, float]] = []
            for cell, sign in [(parent, -1.0), *((child, 1.0) for child in children)]:
                if cell in self._column:
                    row.append((self._column[cell], sign))
                else:
                    known += sign * self._values[cell]
            if row:
                columns += [column for column, _ in row]
                signs += [sign for _, sign in row]
                starts.append(len(columns))
                right.append(-known)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._column), len(right)
        model.col_cost_ = np.zeros(len(self._column))
        model.col_lower_ = np.zeros(len(self._column))
        model.col_upper_ = np.full(len(self._column), highspy.kHighsInf)
        model.row_lower_ = model.row_upper_ = np.array(right, dtype=np.float64)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(columns, dtype=np.int32)
        model.a_matrix_.value_ = np.array(signs, dtype=np.float64)
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("simplex_strategy", 4)
        solver.setOptionValue("presolve", "off")
        solver.passModel(model)
        return solver


def sums_of(
    cells: Mapping[tuple[str, ...], int], parents: Sequence[Mapping[str, str]]
) -> list[tuple[int, tuple[int, ...]]]:
    """Return the sums among cells: for each dimension, a parent and the cells that differ from it by a child code.

    Args:
        cells: one code a dimension → position.
        parents: of each dimension, code → its nearest parent among the codes there.
    """
    found = []
    for dimension, parent_of in enumerate(parents):
        children: dict[int, list[int]] = {}
        for codes, position in cells.items():
            above = parent_of.get(codes[dimension])
            if above is not None:
                parent = cells.get((*codes[:dimension], above, *codes[dimension + 1 :]))
                if parent is not None:
                    children.setdefault(parent, []).append(position)
        found += [(parent, tuple(sorted(of))) for parent, of in sorted(children.items())]
    return found


_FEW = 4
"""So few cells are looked at one by one."""
_TINY = 1e-6
"""What is smaller than this is no difference: counts are whole, and the solver works to 1e-7."""
