"""A linear program in HiGHS: one thread, simplex, each solve warm from the last.

What belongs here: the only calls of the solver for continuous programs. What does not: what a program means.
HiGHS refuses to solve when two of its objects in one process ask for different numbers of threads; all ask for one here.
"""

from __future__ import annotations

import highspy
import numpy as np

from citizenstats.errors import CitizenstatsError
from citizenstats.protect.suppress.graph import Floats, Ints


class SolverError(CitizenstatsError):
    """The solver gave neither a solution nor a proof that there is none."""

    def __init__(self, what: str) -> None:
        super().__init__("SOLVER", what)


def quiet(seed: int) -> highspy.Highs:
    """Return a solver that says nothing, uses one thread and draws from `seed`."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", seed)
    return solver


class Program:
    """Minimise cost · x over bounds and rows that are all equal to 0."""

    def __init__(
        self, matrix: tuple[Ints, Ints, Floats, int], lower: Floats, upper: Floats, cost: Floats, seed: int
    ) -> None:
        """Load the program.

        Args:
            matrix: by column: where each starts, row of each entry, the entry; and the number of rows.
            lower: lower bound of each column.
            upper: upper bound of each column.
            cost: cost of each column.
            seed: of the solver's own choices.
        """
        start, row, entry, rows = matrix
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(lower), rows
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
        model.row_lower_ = model.row_upper_ = np.zeros(rows)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = start.astype(np.int32), row.astype(np.int32)
        model.a_matrix_.value_ = entry
        self.solver = quiet(seed)
        self.solver.setOptionValue("solver", "simplex")
        self.solver.setOptionValue("presolve", "off")
        self.solver.passModel(model)

    def bound(self, column: int, lower: float, upper: float) -> None:
        """Change the bounds of one column."""
        self.solver.changeColBounds(column, lower, upper)

    def price(self, column: int, cost: float) -> None:
        """Change the cost of one column."""
        self.solver.changeColCost(column, cost)

    def solve_both(self) -> tuple[Floats, Floats]:
        """Return an optimal solution and the reduced cost of each column.

        Raises:
            SolverError: there is none, or none was found.
        """
        found = self.solve()
        if found is None:
            raise SolverError("a program that has a solution was called infeasible")
        return found, np.asarray(self.solver.getSolution().col_dual, dtype=np.float64)

    def solve(self) -> Floats | None:
        """Return an optimal solution, or None when there is none.

        Raises:
            SolverError: neither could be shown, also not from a cold start.
        """
        for attempt in range(2):
            if attempt:
                self.solver.clearSolver()
            self.solver.run()
            status = self.solver.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                return np.asarray(self.solver.getSolution().col_value, dtype=np.float64)
            if status == highspy.HighsModelStatus.kInfeasible:
                return None
        raise SolverError(f"the solver ended with {self.solver.modelStatusToString(status)}")
