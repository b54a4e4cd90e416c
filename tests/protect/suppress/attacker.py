"""An attacker who shares nothing with the library: SciPy's linear programs over the true relations and the shown values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

from citizenstats.protect.suppress import Relation


def attack(
    relations: Sequence[Relation],
    values: np.ndarray,
    shown: np.ndarray,
    targets: Iterable[int],
    ceiling: np.ndarray | None = None,
    floor: float = 0.0,
) -> dict[int, tuple[float, float]]:
    """Return for each target the least and greatest value that agree with all shown values and all relations.

    He knows that nothing hidden is below `floor` and, with `ceiling`, the greatest value each cell can have.
    """
    rows = lil_matrix((len(relations), len(values)))
    for row, relation in enumerate(relations):
        rows[row, relation.parent] = -1
        for child in relation.children:
            rows[row, child] += 1
    low = np.where(shown, values, floor)
    high = np.where(shown, values, np.inf if ceiling is None else ceiling)
    bounds = np.stack([low, high], axis=1)
    matrix, right = rows.tocsr(), np.zeros(len(relations))
    found = {}
    for cell in targets:
        aim = np.zeros(len(values))
        aim[cell] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            solved = linprog(sign * aim, A_eq=matrix, b_eq=right, bounds=bounds, method="highs")
            assert solved.status in (0, 3), solved.message
            ends.append(sign * solved.fun if solved.status == 0 else np.inf)
        found[cell] = (float(ends[0]), float(ends[1]))
    return found
