"""The relations as sparse matrix, by row and by column, and which cells hang together.

What belongs here: looking things up in the matrix. What does not: values, and what may be hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Graph:
    """A matrix with a row for each relation: -1 at its parent, +1 at its children.

    Attributes:
        cells: number of columns.
        parents: the parent of each row.
        start: where each row starts in `member`; one entry more than rows.
        member: the columns, row by row, the parent first.
        sign: the entries, row by row.
        column_start: where each column starts in `row`.
        row: the rows of each column.
        column_sign: the entries, column by column.
    """

    cells: int
    parents: Ints
    start: Ints
    member: Ints
    sign: Floats
    column_start: Ints
    row: Ints
    column_sign: Floats

    @staticmethod
    def of(cells: int, relations: Sequence[tuple[int, tuple[int, ...]]]) -> Graph:
        """Return the matrix of relations given as parent and children."""
        lengths = np.array([1 + len(children) for _, children in relations], dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        member = np.fromiter(
            (cell for p, c in relations for cell in (p, *c)), dtype=np.int64, count=int(start[-1])
        )
        sign = np.ones(len(member))
        sign[start[:-1]] = -1.0
        rows = np.repeat(np.arange(len(relations), dtype=np.int64), lengths)
        order = np.argsort(member, kind="stable")
        column_start = np.concatenate([[0], np.cumsum(np.bincount(member, minlength=cells))]).astype(np.int64)
        parents = member[start[:-1]]
        return Graph(cells, parents, start, member, sign, column_start, rows[order], sign[order])

    def sums(self, values: Floats) -> Floats:
        """Return for each row the children's values less the parent's."""
        if not len(self.parents):
            return np.zeros(0)
        return np.asarray(np.add.reduceat(self.sign * values[self.member], self.start[:-1]), dtype=np.float64)

    def rows_of(self, cell: int) -> Ints:
        """Return the rows in which a cell stands."""
        return self.row[self.column_start[cell] : self.column_start[cell + 1]]

    def members_of(self, row: int) -> Ints:
        """Return the cells of a row, the parent first."""
        return self.member[self.start[row] : self.start[row + 1]]

    def children_of(self, cell: int) -> list[int]:
        """Return the children of a cell over all rows that sum to it."""
        rows = self.row[self.column_start[cell] : self.column_start[cell + 1]]
        own = rows[self.column_sign[self.column_start[cell] : self.column_start[cell + 1]] < 0]
        return [child for row in own.tolist() for child in self.members_of(row)[1:].tolist()]

    def columns(self, cells: Ints) -> tuple[Ints, Ints, Floats, int]:
        """Return the matrix of some columns by column: where each starts, rows renumbered from 0, entries, number of rows."""
        lengths = self.column_start[cells + 1] - self.column_start[cells]
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        position = np.arange(int(start[-1])) - np.repeat(start[:-1] - self.column_start[cells], lengths)
        used, renumbered = np.unique(self.row[position], return_inverse=True)
        return start, renumbered.astype(np.int64), self.column_sign[position], len(used)

    def lines(self, chosen: Flags) -> list[Ints]:
        """Return the chosen cells in groups of those that lie in one another, each in order, the groups by their first cell."""
        near: dict[int, list[int]] = {cell: [] for cell in np.flatnonzero(chosen).tolist()}
        child = np.flatnonzero(chosen[self.member] & (self.sign > 0))
        parent = np.repeat(self.parents, np.diff(self.start))[child]
        for low, high in zip(self.member[child].tolist(), parent.tolist(), strict=True):
            if chosen[high]:
                near[low].append(high)
                near[high].append(low)
        groups, seen = [], set()
        for first in near:
            if first not in seen:
                group = [first]
                seen.add(first)
                for cell in group:
                    fresh = [other for other in dict.fromkeys(near[cell]) if other not in seen]
                    seen.update(fresh)
                    group += fresh
                groups.append(np.array(sorted(group), dtype=np.int64))
        return groups

    def components(self, chosen: Flags) -> list[Ints]:
        """Return the chosen cells in groups that no row connects, each in order, the groups by their first cell."""
        label = np.full(self.cells, -1, dtype=np.int64)
        seen_row = np.zeros(len(self.parents), dtype=np.bool_)
        groups: list[Ints] = []
        for first in np.flatnonzero(chosen).tolist():
            if label[first] >= 0:
                continue
            group, label[first] = [first], len(groups)
            for cell in group:
                for row in self.rows_of(cell).tolist():
                    if seen_row[row]:
                        continue
                    seen_row[row] = True
                    for other in self.members_of(row).tolist():
                        if chosen[other] and label[other] < 0:
                            label[other] = len(groups)
                            group.append(other)
            groups.append(np.array(sorted(group), dtype=np.int64))
        return groups
