"""An attacker's intervals: least and largest value of a hidden cell that agree with everything that is known.

He knows on which side of zero each value lies, and all sums. Linear programs give the sharp bounds (Fischetti and Salazar,
Management Science 47 (2001), the attacker subproblem). Every solution is a possible world, so one solution proves widths of
many cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import highspy
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Sum = tuple[int, Sequence[int]]
"""A parent and its children: the children add up to the parent."""

TINY = 1e-6
"""What is smaller than this is no difference: counts are whole, and the solver works to 1e-7."""
_FEW = 4
"""So few cells are looked at one by one."""


class Attacker:
    """Who knows the values of some cells and that all sums hold.

    Args:
        values: the true value of each cell; those of hidden cells only tell where to begin, and their sign.
        hidden: positions of the cells that he does not know.
        sums: what adds up.
        slack: how far each sum may be off, because what is published is rounded.
    """

    def __init__(
        self, values: Floats, hidden: Ints, sums: Sequence[Sum], slack: Sequence[float] | None = None
    ) -> None:
        self.cells = hidden
        self.truth = values[hidden].astype(np.float64)
        self._column = np.full(len(values), -1, dtype=np.int64)
        self._column[hidden] = np.arange(len(hidden))
        self._most = 2 * float(np.abs(values).max(initial=0.0)) + 1000.0
        self._solver = self._loaded(values, sums, slack or [0.0] * len(sums))

    def columns(self, cells: Iterable[int]) -> Ints:
        """Return the places of hidden cells among all hidden ones."""
        return self._column[np.fromiter(cells, dtype=np.int64)]

    def world(self, pulls: Mapping[int, float]) -> Floats | None:
        """Return a value of each hidden cell that agrees with all that is known, with the pulled columns far out.

        None where the solver finds no optimum within its limits, which proves nothing.
        """
        for column, pull in pulls.items():
            self._solver.changeColCost(column, pull)
        self._solver.run()
        found = None
        if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            found = np.asarray(self._solver.getSolution().col_value, dtype=np.float64)
        for column in pulls:
            self._solver.changeColCost(column, 0.0)
        return found

    def hold(self, columns: Ints) -> None:
        """Let columns be known until they are released."""
        for column in columns.tolist():
            self._solver.changeColBounds(column, self.truth[column], self.truth[column])

    def release(self, columns: Ints) -> None:
        """Let held columns be unknown again."""
        for column in columns.tolist():
            self._solver.changeColBounds(column, *self._side(column))

    def widths(self, cells: Sequence[int], asked: Floats) -> Floats:
        """Return how far apart the bounds of each cell lie; a lower figure than the truth once it is what is `asked`."""
        columns = self.columns(cells)
        low, high = self._explored(columns, lambda low, high: (high - low)[columns] < asked - TINY)
        return (high - low)[columns]

    def reach(self, cells: Sequence[int], below: Floats, above: Floats) -> Floats:
        """Return of each cell which share of what is asked below and above its value is possible, the lesser of both."""
        columns = self.columns(cells)
        truth = self.truth[columns]

        def reached(low: Floats, high: Floats) -> Floats:
            down = np.where(below > 0, (truth - low[columns]) / np.where(below > 0, below, 1.0), 1.0)
            up = np.where(above > 0, (high[columns] - truth) / np.where(above > 0, above, 1.0), 1.0)
            return np.minimum(down, up)

        low, high = self._explored(columns, lambda low, high: reached(low, high) < 1 - TINY)
        return np.minimum(reached(low, high), 1.0)

    def _explored(self, columns: Ints, is_open: Callable[[Floats, Floats], Bools]) -> tuple[Floats, Floats]:
        """Return the least and largest value of each column that any world has, until no cell is open or can be closed."""
        low, high = self.truth.copy(), self.truth.copy()

        def look(pulls: Mapping[int, float]) -> None:
            found = self.world(pulls)
            if found is not None:
                np.minimum(low, found, out=low)
                np.maximum(high, found, out=high)

        chance = np.random.default_rng(0)
        still = columns[is_open(low, high)]
        # Most is proved by few worlds, each with all open cells pulled up or down at random.
        while len(still) > _FEW:
            pulls = chance.choice((-1.0, 1.0), len(still)) * chance.uniform(0.5, 1.5, len(still))
            look(dict(zip(still.tolist(), pulls.tolist(), strict=True)))
            left = columns[is_open(low, high)]
            if len(left) > 0.9 * len(still):
                break
            still = left
        for place, column in enumerate(columns.tolist()):
            for direction in (1.0, -1.0):
                if is_open(low, high)[place]:
                    look({column: direction})
        return low, high

    def _side(self, column: int) -> tuple[float, float]:
        return (-self._most, 0.0) if self.truth[column] < 0 else (0.0, self._most)

    def _loaded(self, values: Floats, sums: Sequence[Sum], slack: Sequence[float]) -> highspy.Highs:
        """Return the solver with every sum in which something is hidden; the known part stands on the right."""
        lengths = np.array([1 + len(children) for _, children in sums], dtype=np.int64)
        members = np.array(
            [cell for parent, children in sums for cell in (parent, *children)], dtype=np.int64
        )
        row = np.repeat(np.arange(len(sums)), lengths)
        sign = np.ones(len(members))
        sign[np.cumsum(lengths) - lengths] = -1.0
        at = self._column[members]
        is_hidden = at >= 0
        known = np.bincount(row[~is_hidden], (sign * values[members])[~is_hidden], len(sums))
        starts = np.r_[0, np.cumsum(np.bincount(row[is_hidden], minlength=len(sums)))]
        give = np.array(slack, dtype=np.float64)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cells), len(sums)
        model.col_cost_ = np.zeros(len(self.cells))
        model.col_lower_ = np.where(self.truth < 0, -self._most, 0.0)
        model.col_upper_ = np.where(self.truth < 0, 0.0, self._most)
        # Of a sum in which nothing is hidden nothing is left.
        nothing = np.diff(starts) == 0
        model.row_lower_ = np.where(nothing, -np.inf, -known - give)
        model.row_upper_ = np.where(nothing, np.inf, give - known)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = starts.astype(np.int32)
        model.a_matrix_.index_ = at[is_hidden].astype(np.int32)
        model.a_matrix_.value_ = sign[is_hidden]
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("simplex_strategy", 4)
        solver.setOptionValue("presolve", "off")
        solver.passModel(model)
        solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        return solver
