"""An attacker of published tables: linear programs over everything that is shown.

Separate from what it attacks: it knows the dimensions, the code of each total, the published counts, and that counts are not
negative. For each cell that is not shown it finds the least and the largest count that agree with all published ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

Cell = tuple[str, ...]
TOTAL = "_T"


def intervals(
    published: Mapping[Cell, float], categories: Sequence[Sequence[str]]
) -> dict[Cell, tuple[float, float]]:
    """Return the interval of each hidden cell of the full cube over `categories`, totals included.

    Args:
        published: cell → count; a cell is one code a dimension, `_T` where it is summed over.
        categories: the codes of each dimension, without the total.

    Raises:
        AssertionError: the published counts contradict one another.
    """
    inner = {cell: i for i, cell in enumerate(product(*categories))}
    rows = lil_matrix((len(published), len(inner)))
    for row, cell in enumerate(published):
        for position in _inside(cell, categories, inner):
            rows[row, position] = 1
    equal_to = np.array(list(published.values()), dtype=float)
    constraints = rows.tocsr()
    found = {}
    for cell in product(*[[*codes, TOTAL] for codes in categories]):
        if cell in published:
            continue
        aim = np.zeros(len(inner))
        aim[_inside(cell, categories, inner)] = 1
        ends = []
        for sign in (1, -1):
            solved = linprog(sign * aim, A_eq=constraints, b_eq=equal_to, bounds=(0, None), method="highs")
            assert solved.status in (0, 3), solved.message
            ends.append(float(sign * solved.fun) if solved.status == 0 else np.inf)
        found[cell] = (ends[0], ends[1])
    return found


def _inside(cell: Cell, categories: Sequence[Sequence[str]], inner: Mapping[Cell, int]) -> list[int]:
    chosen = [codes if code == TOTAL else [code] for code, codes in zip(cell, categories, strict=True)]
    return [inner[inside] for inside in product(*chosen)]
