"""The defender: for each primary in reach of an attacker, the cheapest cells to hide besides, by linear programs.

What belongs here: sequential repair, the certificate of every protection it gives, and why one could not be given. What does
not: who attacks. Source of the method: the heuristic of Kelly, Golden and Assad (Networks 22, 1992), with the loss of a cell as
price of moving its value.
"""

from __future__ import annotations

import numpy as np

from citizenstats.protect.suppress.attack import TOLERANCE, Bounds, Proofs
from citizenstats.protect.suppress.graph import Floats, Ints
from citizenstats.protect.suppress.problem import Mask, Problem
from citizenstats.protect.suppress.program import Program

MOVED = 1e-7
"""A deviation above this, in units of the scaled layer, means that the cell must be hidden."""


class Defence:
    """One program over all cells that may be hidden: the cheapest deviations that move a primary as far as asked."""

    def __init__(self, problem: Problem, bounds: Bounds, allowed: Mask, price: Floats, seed: int) -> None:
        """Load the program.

        Args:
            problem: the tables.
            bounds: of one layer.
            allowed: the cells that may move: hidden already, or free to be hidden.
            price: of moving each cell by one.
            seed: of the solver.
        """
        self._problem = problem
        self.cells: Ints = np.flatnonzero(allowed & ((bounds.down > 0) | (bounds.up > 0)))
        self.size = len(self.cells)
        start, row, entry, rows = problem.graph.columns(self.cells)
        matrix = (
            np.concatenate([start, start[-1] + start[1:]]),
            np.tile(row, 2),
            np.concatenate([entry, -entry]),
            rows,
        )
        self._up, self._down = bounds.up[self.cells].copy(), bounds.down[self.cells].copy()
        self._held: dict[int, tuple[float, float]] = {}
        self.program = Program(
            matrix,
            np.zeros(2 * self.size),
            np.concatenate([self._up, self._down]),
            np.tile(price[self.cells], 2),
            seed,
        )

    def column(self, cell: int) -> int | None:
        """Return the place of a cell in `self.cells`, or None."""
        place = int(np.searchsorted(self.cells, cell))
        return place if place < self.size and self.cells[place] == cell else None

    def hold(self, cells: Ints) -> None:
        """Let cells not move until they are released."""
        for column in self._columns(cells):
            self._held[column] = (self._up[column], self._down[column])
            self._limit(column, 0.0, 0.0)

    def release(self, cells: Ints) -> None:
        """Let held cells move again."""
        for column in self._columns(cells):
            self._limit(column, *self._held.pop(column))

    def _columns(self, cells: Ints) -> list[int]:
        return [column for column in map(self.column, cells.tolist()) if column is not None]

    def _limit(self, column: int, up: float, down: float) -> None:
        self._up[column], self._down[column] = up, down
        self.program.bound(column, 0.0, up)
        self.program.bound(column + self.size, 0.0, down)

    def cheapest(self, cell: int, side: float, asked: float) -> Floats | None:
        """Return the deviations of `self.cells`, or None if `cell` cannot move by `asked` up (side 1.0) or down (-1.0)."""
        column = self.column(cell)
        if column is None:
            return None
        up, down = self._up[column], self._down[column]
        most = up if side > 0 else down
        if asked > most + TOLERANCE:
            return None
        towards, away = (column, column + self.size) if side > 0 else (column + self.size, column)
        self.program.bound(towards, min(asked, most), most)
        self.program.bound(away, 0.0, 0.0)
        found = self.program.solve()
        self._limit(column, up, down)
        return None if found is None else found[: self.size] - found[self.size :]

    def hide(self, deviation: Floats, hidden: Mask) -> None:
        """Hide the cells that move, with their mates; from now on they cost nothing. `hidden` is changed."""
        fresh = np.zeros_like(hidden)
        fresh[self.cells[np.abs(deviation) > MOVED]] = True
        fresh = self._problem.with_mates(fresh & ~hidden) & ~hidden
        hidden |= fresh
        for column in np.flatnonzero(fresh[self.cells]).tolist():
            self.program.price(column, 0.0)
            self.program.price(column + self.size, 0.0)


def repair(
    problem: Problem, proofs: Proofs, targets: list[tuple[int, float]], allowed: Mask, hidden: Mask, seed: int
) -> None:
    """Hide cells until every target is protected, as far as can be; `hidden` is changed.

    Args:
        problem: the tables.
        proofs: of one layer; what protects a target is noted there.
        targets: primaries and sides, the most demanding first.
        allowed: the cells that may move.
        hidden: the cells that are hidden already.
        seed: of the solver.
    """
    if not targets:
        return
    bounds = proofs.bounds
    defence = Defence(problem, bounds, allowed, np.where(hidden, 0.0, problem.cost), seed)
    for cell, side in targets:
        if not proofs.reached(cell, side):
            found = defence.cheapest(
                cell, side, float(bounds.upper[cell] if side > 0 else bounds.lower[cell])
            )
            if found is not None:
                proofs.note(defence.cells, found)
                defence.hide(found, hidden)
