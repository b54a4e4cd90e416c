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
LOOKS = 40
"""How often the solver may look at its limits without any solution before further multiples are tried: work, not time."""
SECONDS = 900.0
"""Of one search at most. It then has no answer: one that hangs on the clock would not come again."""
WIDER = 3
"""How many further multiples on either side are tried when there is no solution between the nearest two."""


class RoundingError(CitizenstatsError):
    """No additive rounding was found."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__("ROUNDING", what, mend=mend)


class TooLargeError(CitizenstatsError):
    """The limits of work ended the search before there was an additive rounding."""

    def __init__(self, cells: int, relations: int) -> None:
        super().__init__(
            "TOO_LARGE",
            f"a table of {cells:,} cells and {relations:,} sums is too large to be rounded so that it adds up",
            mend="give its dataflow fewer breakdowns or `margins`, or choose `cell_key`, which needs no sums to hold",
        )


@dataclass(frozen=True)
class Limits:
    """Where a search ends.

    Attributes:
        nodes: of the search tree at most.
        looks: of the solver at its limits without any solution.
        seconds: the last resort; a search that comes here has no answer.
    """

    nodes: int = 2000
    looks: int = LOOKS
    seconds: float = SECONDS


@dataclass(frozen=True, eq=False)
class Rounded:
    """Additive multiples of the base.

    Attributes:
        values: one a cell.
        change: sum of the absolute changes.
        greatest: greatest absolute change of a cell.
        wider: 0 when every cell could go to one of its two nearest multiples, else how many multiples further.
    """

    values: Counts
    change: int
    greatest: int
    wider: int


def rounded(
    counts: Counts,
    relations: Sequence[Relation],
    base: int,
    *,
    toward: Counts | None = None,
    least: Counts | None = None,
    most: Counts | None = None,
    gap: float = GAP,
    limits: Limits | None = None,
    seed: int = 0,
) -> Rounded:
    """Return the counts as multiples of `base` that still add up, as near to what is aimed at as can be found.

    Multiples of the base stay where that is possible; zeros always stay. The search ends at the gap or at limits of work, not
    by the clock: the same arguments give the same values.

    Args:
        counts: whole numbers, not negative, additive over the relations.
        relations: every sum that must hold.
        base: what to round to, 2 or more.
        toward: the values aimed at; the counts themselves unless given.
        least: multiples that the values may not be below, whatever the counts are; -1 for none.
        most: multiples that the values may not be above; -1 for none.
        gap: how far from the best the sum of distances may be, as a share.
        limits: of the search; the usual ones unless given.
        seed: of the solver's own choices.

    Raises:
        RoundingError: the counts are not fit to be rounded, or there is no additive rounding.
        TooLargeError: limits ended the search before one was found, or it lasted too long.
    """
    graph = Graph.of(len(counts), [(relation.parent, relation.children) for relation in relations])
    if base < 2 or bool(np.any(counts < 0)) or bool(np.any(graph.sums(counts.astype(np.float64)) != 0)):
        raise RoundingError(
            "the base is below 2, or the counts are negative or do not add up", "mend the table"
        )
    aim = counts if toward is None else toward
    is_limited = False
    for wider in range(WIDER + 1):
        low, high = _steps(counts, base, wider, least, most)
        search = Search(limits or Limits(), gap, seed)
        found = _solved(aim, graph, base, low, high, search)
        if search.is_late:
            break
        is_limited |= search.is_limited
        if found is not None:
            change = np.abs(found - counts)
            return Rounded(found, int(change.sum()), int(change.max(initial=0)), wider)
    if is_limited or search.is_late:
        raise TooLargeError(len(counts), len(relations))
    raise RoundingError(
        f"no additive rounding to base {base} was found", "take a smaller base, or suppress cells instead"
    )


class Search:
    """One run of the solver within limits.

    Attributes:
        is_limited: whether a limit of work ended it.
        is_late: whether the clock did.
    """

    def __init__(self, limits: Limits, gap: float, seed: int) -> None:
        self._limits, self._gap, self._seed = limits, gap, seed
        self._looks = 0
        self.is_limited = self.is_late = False

    def run(self, model: highspy.HighsLp) -> highspy.Highs:
        """Return the solver after its run."""
        solver = quiet(self._seed)
        solver.setOptionValue("mip_rel_gap", self._gap)
        solver.setOptionValue("mip_max_nodes", self._limits.nodes)
        solver.setOptionValue("time_limit", self._limits.seconds)
        # Its limit of iterations does not hold inside a search for whole numbers, nor does it tell of them there.
        solver.cbMipInterrupt += self._look
        solver.passModel(model)
        solver.run()
        status = solver.getModelStatus()
        self.is_late = status == highspy.HighsModelStatus.kTimeLimit
        self.is_limited = status in (
            highspy.HighsModelStatus.kInterrupt,
            highspy.HighsModelStatus.kSolutionLimit,
        )
        return solver

    def _look(self, event: highspy.HighsCallbackEvent) -> None:
        if abs(event.data_out.mip_primal_bound) >= highspy.kHighsInf:
            self._looks += 1
            event.data_in.user_interrupt = self._looks > self._limits.looks


def _steps(
    counts: Counts, base: int, wider: int, least: Counts | None, most: Counts | None
) -> tuple[Counts, Counts]:
    """Return the least and the greatest number of bases of each cell: the nearest two, or so many further on either side."""
    low = np.maximum(counts // base - wider, 0)
    high = np.where(counts > 0, -(-counts // base) + wider, 0)
    if least is not None:
        floor = np.where(least >= 0, least // base, low)
        low, high = np.maximum(low, floor), np.maximum(high, floor)
    if most is not None:
        ceiling = np.where(most >= 0, most // base, high)
        low, high = np.minimum(low, ceiling), np.minimum(high, ceiling)
    return low, high


def _solved(aim: Counts, graph: Graph, base: int, low: Counts, high: Counts, search: Search) -> Counts | None:
    """Return the best rounding within the bounds; None if none was found.

    A cell is start + s + up - down bases: s takes the upper one of the two multiples next to the aim, up and down go beyond
    them at a full base each, so that the sum of distances is linear.
    """
    floor, rest = np.divmod(aim, base)
    start = np.clip(floor, low, high)
    between = (rest > 0) & (start == floor) & (high > start)
    parts = [
        (1.0, between.astype(np.float64), (base - 2 * rest).astype(np.float64)),
        (1.0, (high - start - between).astype(np.float64), np.full(len(aim), float(base))),
        (-1.0, (start - low).astype(np.float64), np.full(len(aim), float(base))),
    ]
    parts = [part for part in parts if part[1].any()] or parts[:1]
    size, copies = len(aim), len(parts)
    column, row, entry, _ = graph.columns(np.arange(size, dtype=np.int64))
    model = highspy.HighsLp()
    model.num_col_ = copies * size
    model.col_cost_ = np.concatenate([price for _, _, price in parts])
    model.col_upper_ = np.concatenate([upper for _, upper, _ in parts])
    model.col_lower_ = np.zeros(copies * size)
    model.integrality_ = [highspy.HighsVarType.kInteger] * (copies * size)
    used = np.unique(graph.row)
    model.num_row_ = len(used)
    model.row_lower_ = model.row_upper_ = -graph.sums(start.astype(np.float64))[used]
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    length = len(entry)
    model.a_matrix_.start_ = np.concatenate(
        [column[:-1] + copy * length for copy in range(copies)] + [[copies * length]]
    ).astype(np.int32)
    model.a_matrix_.index_ = np.tile(row, copies).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate([sign * entry for sign, _, _ in parts])
    solver = search.run(model)
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    steps = np.rint(np.asarray(solver.getSolution().col_value)).astype(np.int64).reshape(copies, size)
    moved = sum(int(sign) * step for (sign, _, _), step in zip(parts, steps, strict=True))
    values = base * (start + moved)
    if bool(np.any(graph.sums(values.astype(np.float64)) != 0)):
        return None
    return np.asarray(values, dtype=np.int64)
