"""Exact elimination: publish what can be published without a primary following by adding and subtracting.

What belongs here: integers modulo a prime, so that no tolerance decides what is exact. What does not: intervals, bounds and
insiders, which elimination cannot see. Source of the method: GaussSuppression (Statistics Norway), Langsrud, Privacy in
Statistical Databases (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from citizenstats.protect.suppress.graph import Graph
from citizenstats.protect.suppress.problem import Mask, Values

PRIME = 2**61 - 1
"""A Mersenne prime: a coincidence modulo it is less likely than a fault of the machine."""

Vector = dict[int, int]
"""Coordinate → number modulo the prime, none of them 0."""


def coordinates(graph: Graph, weight: Values) -> list[Vector]:
    """Return each cell as a combination of cells that are free of one another; a free cell is its own.

    Of the children of each relation one is dropped, for it is the parent less the others. Dropped is the child that lies
    furthest in dropped rows already, so that the dropped cells of a table line up and the combinations stay short;
    else the one of least weight.

    Args:
        graph: the relations.
        weight: of each cell; heavy cells stay free.
    """
    dropped: dict[int, Vector] = {}
    users: dict[int, set[int]] = {}
    aligned = np.zeros(graph.cells, dtype=np.int64)
    for row in _downwards(graph):
        rest: Vector = {}
        members = graph.members_of(row).tolist()
        for place, cell in enumerate(members):
            _add(rest, dropped.get(cell, {cell: 1}), 1 if place else PRIME - 1)
        if not rest:
            continue
        candidates = [cell for cell in members[1:] if cell in rest] or list(rest)
        pivot = min(candidates, key=lambda cell: (-aligned[cell], weight[cell], cell))
        inverse = PRIME - pow(rest.pop(pivot), -1, PRIME)
        expression = {cell: number * inverse % PRIME for cell, number in rest.items()}
        for user in sorted(users.pop(pivot, ())):
            factor = dropped[user].pop(pivot, 0)
            _add(dropped[user], expression if factor else {}, factor)
            for cell in expression if factor else ():
                users.setdefault(cell, set()).add(user)
        dropped[pivot] = expression
        for cell in expression:
            users.setdefault(cell, set()).add(pivot)
        for below in graph.children_of(pivot):
            aligned[below] += 1
    return [dropped.get(cell, {cell: 1}) for cell in range(graph.cells)]


def eliminate(
    vectors: Sequence[Vector], primary: Sequence[int], stay: Sequence[int], others: Sequence[int]
) -> list[int]:
    """Return those of `others` that must be hidden so that no primary follows exactly from all that is published.

    Args:
        vectors: the coordinates of each cell.
        primary: the cells that must not follow.
        stay: the cells that are published whatever happens.
        others: the cells that may be published, the most important first.
    """
    published = _Published({cell: vectors[cell] for cell in primary})
    for cell in stay:
        published.add(vectors[cell], must=True)
    return [cell for cell in others if not published.add(vectors[cell], must=False)]


class _Published:
    """The span of all that is published, and what is left of each primary beside it."""

    def __init__(self, primary: dict[int, Vector]) -> None:
        self.left = {cell: dict(vector) for cell, vector in primary.items()}
        self.pivots: list[Vector] = []
        self.number: dict[int, int] = {}
        self.users: dict[int, set[int]] = {}
        self.lines: dict[frozenset[tuple[int, int]], int] = {}
        for cell, vector in self.left.items():
            for coordinate in vector:
                self.users.setdefault(coordinate, set()).add(cell)
            self._count(vector, 1)

    def add(self, vector: Vector, must: bool) -> bool:
        """Publish a cell unless it would give a primary away and need not be; return whether it is published."""
        rest = self._reduced(vector)
        if not rest:
            return True
        if not must and _line(rest) in self.lines:
            return False
        pivot = min(rest, key=lambda coordinate: (len(self.users.get(coordinate, ())), coordinate))
        inverse = pow(rest[pivot], -1, PRIME)
        column = {coordinate: number * inverse % PRIME for coordinate, number in rest.items()}
        self.number[pivot] = len(self.pivots)
        self.pivots.append(column)
        for cell in sorted(self.users.get(pivot, ())):
            self._reduce(cell, pivot, column)
        return True

    def _reduced(self, vector: Vector) -> Vector:
        rest = dict(vector)
        waiting = [(self.number[c], c) for c in rest if c in self.number]
        waiting.sort()
        while waiting:
            number, coordinate = heappop(waiting)
            factor = rest.get(coordinate)
            if factor is None:
                continue
            column = self.pivots[number]
            for other in column:
                if other not in rest and other in self.number:
                    heappush(waiting, (self.number[other], other))
            _add(rest, column, PRIME - factor)
        return rest

    def _reduce(self, cell: int, pivot: int, column: Vector) -> None:
        left = self.left[cell]
        self._count(left, -1)
        factor = PRIME - left[pivot]
        for coordinate, number in column.items():
            now = (left.get(coordinate, 0) + factor * number) % PRIME
            if now:
                left[coordinate] = now
                self.users.setdefault(coordinate, set()).add(cell)
            elif left.pop(coordinate, None) is not None:
                self.users[coordinate].discard(cell)
        self._count(left, 1)

    def _count(self, vector: Vector, by: int) -> None:
        if vector:
            line = _line(vector)
            self.lines[line] = self.lines.get(line, 0) + by
            if not self.lines[line]:
                del self.lines[line]


def _line(vector: Vector) -> frozenset[tuple[int, int]]:
    """Return what all multiples of a vector have in common."""
    inverse = pow(vector[min(vector)], -1, PRIME)
    return frozenset((coordinate, number * inverse % PRIME) for coordinate, number in vector.items())


def _add(to: Vector, vector: Vector, factor: int) -> None:
    for coordinate, number in vector.items():
        now = (to.get(coordinate, 0) + factor * number) % PRIME
        if now:
            to[coordinate] = now
        else:
            to.pop(coordinate, None)


def _downwards(graph: Graph) -> list[int]:
    """Return the relations so that those of a cell's parents come before its own, as far as there is such an order."""
    waits = np.zeros(graph.cells, dtype=np.int64)
    np.add.at(waits, graph.member[graph.sign > 0], 1)
    own: dict[int, list[int]] = {}
    for row, parent in enumerate(graph.parents.tolist()):
        own.setdefault(parent, []).append(row)
    ready = [parent for parent in own if not waits[parent]]
    order: list[int] = []
    for parent in ready:
        for row in own[parent]:
            order.append(row)
            for child in graph.members_of(row)[1:].tolist():
                waits[child] -= 1
                if not waits[child] and child in own:
                    ready.append(child)
    done = set(order)
    return order + [row for row in range(len(graph.parents)) if row not in done]


def dearest(cost: Values, chosen: Mask) -> list[int]:
    """Return the chosen cells, the dearest first."""
    cells = np.flatnonzero(chosen)
    return [int(cell) for cell in cells[np.argsort(-cost[cells], kind="stable")]]
