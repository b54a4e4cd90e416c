"""An attacker's intervals: least and largest value of a hidden cell that agree with everything that is known.

He knows that counts are not negative, and all sums. Linear programs give the sharp bounds (Fischetti and Salazar, Management
Science 47 (2001), the attacker subproblem). Every solution is a possible world, so one solution proves widths of many cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import highspy
import numpy as np

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
        self._low = {cell: values[cell] for cell in hidden}
        self._high = dict(self._low)
        self._cells = list(hidden)
        self._solver = self._loaded(sums)

    def width(self, cell: int, enough: float) -> float:
        """Return how far apart the bounds of a cell lie; a lower figure than the truth once it is `enough`."""
        for sense in (highspy.ObjSense.kMaximize, highspy.ObjSense.kMinimize):
            if self._high[cell] - self._low[cell] >= enough - _TINY:
                break
            self._solve(cell, sense, enough)
        return self._high[cell] - self._low[cell]

    def bounds(self, cell: int) -> tuple[float, float]:
        """Return the widest interval of a cell that was found so far; `width` finds it."""
        return self._low[cell], self._high[cell]

    def _solve(self, cell: int, sense: highspy.ObjSense, enough: float) -> None:
        column = self._column[cell]
        self._solver.changeObjectiveSense(sense)
        self._solver.changeColCost(column, 1.0)
        self._solver.run()
        status = self._solver.getModelStatus()
        self._solver.changeColCost(column, 0.0)
        if status == highspy.HighsModelStatus.kOptimal:
            found = self._solver.getSolution().col_value
            for other, value in zip(self._cells, found, strict=True):
                self._low[other] = min(self._low[other], value)
                self._high[other] = max(self._high[other], value)
        elif status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            self._high[cell] = max(self._high[cell], self._low[cell] + enough)

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
        model.num_col_, model.num_row_ = len(self._cells), len(right)
        model.col_cost_ = np.zeros(len(self._cells))
        model.col_lower_ = np.zeros(len(self._cells))
        model.col_upper_ = np.full(len(self._cells), highspy.kHighsInf)
        model.row_lower_ = model.row_upper_ = np.array(right, dtype=np.float64)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(columns, dtype=np.int32)
        model.a_matrix_.value_ = np.array(signs, dtype=np.float64)
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
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


_TINY = 1e-6
"""What is smaller than this is no difference: counts are whole, and the solver works to 1e-7."""
