"""The insider: a unit that stands alone in a cell knows the value of that cell, and may not find out another.

What belongs here: who knows what, which primaries an insider comes too near to, and the repair of those. What does not:
insiders who act together, and a unit that is alone nowhere. Rules PS2 and PS2* of the Handbook on Statistical Disclosure
Control, chapter 4.
"""

from __future__ import annotations

import numpy as np

from citizenstats.protect.suppress.attack import FEW, TOLERANCE, Attack, Bounds, attacks
from citizenstats.protect.suppress.graph import Floats, Ints
from citizenstats.protect.suppress.problem import Layer, Mask, Problem
from citizenstats.protect.suppress.repair import MOVED, Defence

SPLITS = 4
"""So often each half of the insiders is held at once, before those are asked one by one who are left."""
LOOKS = 5_000
"""So many programs may ask one by one in a group of cells; what has not been shown to be open by then counts as exposed."""
REPAIRS = 1_000
"""So many pairs are repaired before insiders are looked for again."""
WORTH = 0.9
"""While a look leaves no greater share open another one of the same kind is worth it."""


People = list[list[Ints]]
"""Of each kind of people the cells that each insider knows; of one kind no cell stands in two."""

Pair = tuple[Ints, int]
"""The cells that an insider knows, and a primary."""


def people(problem: Problem, layer: Layer) -> People:
    """Return for each unit that stands alone the cells it stands alone in.

    A cell of one contributor that lies in another one holds the same unit, and so on along the relations.
    """
    kinds = () if layer.contributors is None else np.atleast_2d(layer.contributors)
    return [problem.graph.lines(kind == 1) for kind in kinds]


def exposed(problem: Problem, bounds: Bounds, known: People, hidden: Mask, seed: int) -> list[Pair]:
    """Return the pairs of insider and primary whose value the insider can tell too nearly, in order.

    Without a primary that cannot move though nobody's cells are held: that is what an outsider can tell.

    Args:
        problem: the tables.
        bounds: of one layer, as an insider sees them.
        known: the insiders.
        hidden: the cells whose value is not shown.
        seed: of the solver.
    """
    return [
        (kind[insider], cell)
        for kind in known
        if kind
        for insider, cell in _exposed_to(problem, bounds, kind, hidden, seed)
    ]


def _exposed_to(
    problem: Problem, bounds: Bounds, known: list[Ints], hidden: Mask, seed: int
) -> list[tuple[int, int]]:
    """Return the pairs of one kind of insiders, each by its place."""
    owner = np.full(problem.cells, -1, dtype=np.int64)
    for insider, cells in enumerate(known):
        owner[cells] = insider
    asked = np.flatnonzero((bounds.width > 0) & hidden)
    found: list[tuple[int, int]] = []
    for attack, targets in attacks(problem, hidden, bounds.down, bounds.up, asked, seed):
        # Whoever stands alone in another group knows nothing that these cells hang together with.
        found += _Search(attack, targets, bounds.width, owner, seed).pairs()
    return sorted(found)


class _Search:
    """Which insider has been shown not to come near which primary of one group of cells.

    One solution answers for many: deviations that move a primary as far as asked, and nothing that an insider knows, leave that
    primary open to him.
    """

    def __init__(self, attack: Attack, targets: Ints, width: Floats, owner: Ints, seed: int) -> None:
        self.attack, self.targets = attack, targets
        self.place = np.searchsorted(attack.group, targets)
        self.asked = width[targets] - TOLERANCE
        own = owner[attack.group]
        self.insiders = np.unique(own[own >= 0])
        self.columns = np.flatnonzero(own >= 0)
        self.owner = np.searchsorted(self.insiders, own[self.columns])
        self.open = own[self.place][:, None] != self.insiders
        self.looks = LOOKS
        self.chance = np.random.default_rng(seed)

    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of insider and primary of which no deviation leaves the primary open."""
        everyone = np.ones(len(self.insiders), dtype=np.bool_)
        self._against(everyone)
        for _ in range(SPLITS):
            half = self.chance.random(len(self.insiders)) < 0.5
            self._against(half)
            self._against(~half)
        for insider in range(len(self.insiders)):
            self._against(np.arange(len(self.insiders)) == insider, one_by_one=True)
        for target in np.flatnonzero(self.open.any(axis=1)).tolist():
            self.open[target] &= self._moves(target)
        return [(int(self.insiders[i]), int(self.targets[t])) for t, i in np.argwhere(self.open).tolist()]

    def _against(self, insiders: Mask, *, one_by_one: bool = False) -> None:
        """Look for deviations in which nothing moves that any of these insiders knows."""
        held = self.attack.group[self.columns[insiders[self.owner]]]
        free = ~np.isin(self.targets, held)
        still = self._still(insiders, free)
        if not len(still):
            return
        self.attack.hold(held)
        while len(still) > (FEW if one_by_one else 0):
            pull = self.chance.choice((-1.0, 1.0), len(still)) * self.chance.uniform(0.5, 1.5, len(still))
            self._note(self.attack.together(self.targets[still], pull))
            before, still = len(still), self._still(insiders, free)
            if len(still) > WORTH * before:
                break
        if one_by_one:
            for target in still.tolist():
                for side in (1.0, -1.0):
                    if self.looks > 0 and self.open[target, insiders].any():
                        self.looks -= 1
                        self._note(self.attack.farthest(int(self.targets[target]), side))
        self.attack.release(held)

    def _still(self, insiders: Mask, free: Mask) -> Ints:
        return np.flatnonzero(self.open[:, insiders].any(axis=1) & free)

    def _note(self, deviation: Floats) -> None:
        far = np.abs(deviation)
        moved = np.bincount(self.owner, far[self.columns] > MOVED, len(self.insiders)) > 0
        self.open[np.ix_(far[self.place] >= self.asked, ~moved)] = False

    def _moves(self, target: int) -> bool:
        """Return whether a primary is open to those who know nothing of their own."""
        cell, place = int(self.targets[target]), int(self.place[target])
        return any(abs(self.attack.farthest(cell, side)[place]) >= self.asked[target] for side in (1.0, -1.0))


def repair_insiders(
    problem: Problem,
    bounds: Bounds,
    pairs: list[Pair],
    allowed: Mask,
    hidden: Mask,
    seed: int,
) -> None:
    """Hide cells so that none of the first `REPAIRS` pairs is left, as far as can be; `hidden` is changed."""
    defence = Defence(problem, bounds, allowed, np.where(hidden, 0.0, problem.cost), seed)
    for known, cell in pairs[:REPAIRS]:
        defence.hold(known)
        found = [defence.cheapest(cell, side, float(bounds.width[cell])) for side in (1.0, -1.0)]
        defence.release(known)
        ways = [way for way in found if way is not None]
        if ways:
            defence.hide(min(ways, key=lambda way: _loss(problem, defence, hidden, way)), hidden)


def _loss(problem: Problem, defence: Defence, hidden: Mask, deviation: Floats) -> float:
    cells = defence.cells[np.abs(deviation) > MOVED]
    return float(problem.cost[cells[~hidden[cells]]].sum())
