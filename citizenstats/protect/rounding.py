"""Controlled rounding: every cell a multiple of the base, and every sum still true.

What belongs here: the whole-number program over linked tables. What does not: which tables are rounded rather than suppressed.
Source: Cox and Ernst, Controlled rounding, INFOR 20 (1982); Salazar, Mathematical Programming 105 (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from citizenstats.errors import CitizenstatsError
from citizenstats.protect.suppress.graph import Graph
from citizenstats.protect.suppress.problem import Relation
from citizenstats.protect.suppress.program import quiet

Counts = npt.NDArray[np.int64]

GAP = 0.02
"""How far from the best the sum of changes may be, as a share."""
WIDER = 3
"""How many further multiples on either side are tried when there is no solution between the nearest two."""


class RoundingError(CitizenstatsError):
    """No additive rounding was found."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__("ROUNDING", what, mend=mend)


@dataclass(frozen=True, eq=False)
class Rounded:
    """Additive multiples of the base.

    Attributes:
        values: one a cell.
        change: sum of the absolute changes.
        greatest: greatest absolute change of a cell.
        wider: 0 when every cell went to one of its two nearest multiples, else by how many multiples the bounds were widened.
    """

    values: Counts
    change: int
    greatest: int
    wider: int


def rounded(
    counts: Counts, relations: Sequence[Relation], base: int, *, nodes: int = 2000, seed: int = 0
) -> Rounded:
    """Return the counts as multiples of `base` that still add up, with as little change as can be found.

    Multiples of the base stay where that is possible; zeros always stay. The search ends at a gap of 2 % or after so many nodes
    of the tree, not by the clock: the same counts and seed give the same values.

    Args:
        counts: whole numbers, not negative, additive over the relations.
        relations: every sum that must hold.
        base: what to round to, 2 or more.
        nodes: of the search tree at most.
        seed: of the solver's own choices.

    Raises:
        RoundingError: the counts are not fit to be rounded, or no additive rounding was found.
    """
    graph = Graph.of(len(counts), [(relation.parent, relation.children) for relation in relations])
    if base < 2 or bool(np.any(counts < 0)) or bool(np.any(graph.sums(counts.astype(np.float64)) != 0)):
        raise RoundingError(
            "the base is below 2, or the counts are negative or do not add up", "mend the table"
        )
    for wider in range(WIDER + 1):
        found = _solved(counts, graph, base, wider, nodes, seed)
        if found is not None:
            change = np.abs(found - counts)
            return Rounded(found, int(change.sum()), int(change.max(initial=0)), wider)
    raise RoundingError(
        f"no additive rounding to base {base} was found", "take a smaller base, or suppress cells instead"
    )


def _solved(counts: Counts, graph: Graph, base: int, wider: int, nodes: int, seed: int) -> Counts | None:
    """Return the best rounding to the nearest two multiples, or `wider` further on either side; None if none was found.

    A cell is floor + s + up - down: s takes the upper of the nearest two multiples, up and down go beyond them at a full base
    each, so that the sum of changes is linear.
    """
    floor, rest = np.divmod(counts, base)
    size, inexact = len(counts), (rest > 0).astype(np.float64)
    start, row, entry, _ = graph.columns(np.arange(size, dtype=np.int64))
    copies = 1 if not wider else 3
    signs = (1.0, 1.0, -1.0)[:copies]
    model = highspy.HighsLp()
    upper = (inexact, np.where(counts > 0, wider, 0), np.minimum(floor, wider))[:copies]
    price = ((base - 2 * rest).astype(np.float64), np.full(size, float(base)), np.full(size, float(base)))[
        :copies
    ]
    model.num_col_ = copies * size
    model.col_cost_, model.col_upper_ = np.concatenate(price), np.concatenate(upper).astype(np.float64)
    model.col_lower_ = np.zeros(copies * size)
    model.integrality_ = [highspy.HighsVarType.kInteger] * (copies * size)
    used = np.unique(graph.row)
    model.num_row_ = len(used)
    model.row_lower_ = model.row_upper_ = -graph.sums(floor.astype(np.float64))[used]
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    length = len(entry)
    model.a_matrix_.start_ = np.concatenate(
        [start[:-1] + copy * length for copy in range(copies)] + [[copies * length]]
    ).astype(np.int32)
    model.a_matrix_.index_ = np.tile(row, copies).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate([sign * entry for sign in signs])
    solver = quiet(seed)
    solver.setOptionValue("mip_rel_gap", GAP)
    solver.setOptionValue("mip_max_nodes", nodes)
    solver.passModel(model)
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    steps = np.rint(np.asarray(solver.getSolution().col_value)).astype(np.int64).reshape(copies, size)
    values = base * (floor + sum(int(sign) * step for sign, step in zip(signs, steps, strict=True)))
    if bool(np.any(graph.sums(values.astype(np.float64)) != 0)):
        return None
    return np.asarray(values, dtype=np.int64)
