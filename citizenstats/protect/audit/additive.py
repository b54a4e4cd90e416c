"""What an attacker makes of counts that are all shown and all changed: the sums among keys, and the counts behind them.

What belongs here: from codes to sums, and bounds by linear programs. What does not: what is known of a count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import highspy
import numpy as np
import numpy.typing as npt

from citizenstats.sdmx.model import DataStructure, Structures

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Sum = tuple[int, Sequence[int]]
"""A parent and its children: the children add up to the parent."""


class Worlds:
    """All counts that agree with bounds and sums.

    Args:
        values: the true value of each cell, where the search begins.
        bounds: the least and the greatest value of each.
        sums: what adds up.
    """

    def __init__(self, values: Sequence[float], bounds: tuple[Floats, Floats], sums: Sequence[Sum]) -> None:
        self._low = np.array(values, dtype=np.float64)
        self._high = self._low.copy()
        self._solver = _loaded(bounds, sums)

    def widths(self, cells: Sequence[int], enough: Sequence[float]) -> list[float]:
        """Return how far apart the bounds of each cell lie; a lower figure than the truth once it is `enough`."""
        columns = np.array(cells, dtype=np.int64)
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


def _loaded(bounds: tuple[Floats, Floats], sums: Sequence[Sum]) -> highspy.Highs:
    starts, columns, signs = [0], [], []
    for parent, children in sums:
        columns += [parent, *children]
        signs += [-1.0, *(1.0 for _ in children)]
        starts.append(len(columns))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(bounds[0]), len(sums)
    model.col_cost_ = np.zeros(len(bounds[0]))
    model.col_lower_, model.col_upper_ = bounds
    model.row_lower_ = model.row_upper_ = np.zeros(len(sums))
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


def parents_in(
    structures: Structures, structure: DataStructure, totals: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return dimension → code → parent for all dimensions with a total: from the code lists, and from declared totals."""
    found = {}
    for dimension in structure.dimensions:
        if dimension.codelist is None:
            continue
        items = structures.scheme(dimension.codelist).items
        above = {item.id: item.parent for item in items if item.parent is not None}
        total = totals.get(dimension.id, "_T" if any(item.id == "_T" for item in items) else None)
        roots = [item.id for item in items if item.parent is None and item.id in above.values()]
        if total is None and len(roots) == 1:
            total = roots[0]
        if total is not None:
            found[dimension.id] = {item.id: above.get(item.id, total) for item in items if item.id != total}
    return found


def nearest(above: Mapping[str, str], present: set[str]) -> dict[str, str]:
    """Return code → its nearest ancestor among those present."""
    found = {}
    for code in present:
        at, seen = above.get(code), {code}
        while at is not None and at not in present and at not in seen:
            seen.add(at)
            at = above.get(at)
        if at is not None and at not in seen:
            found[code] = at
    return found


_FEW = 4
"""So few cells are looked at one by one."""
_TINY = 1e-6
"""What is smaller than this is no difference: counts are whole, and the solver works to 1e-7."""
