"""What is attacked of one figure, and what comes of it.

Units, those with the characteristic, those without, those whom a condition leaves out; by how much each changed since a
former release; and the values of totals. Each is a layer of its own over the same cells. Units are those with and those
without, so that whoever attacks all three knows of the units what he knows of those two, and no more: any count with and any
count without that agree with what is shown may stand together. The interval of units is then as wide as both, and is not
attacked again. Not so where another figure shows the units (`asked.py`): then those with and those without are attacked as one
table (`joined.py`) as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from citizenstats.protect.audit.attack import TINY, Attacker, Bools, Floats, Ints, Sum
from citizenstats.protect.audit.insider import narrowest, people
from citizenstats.protect.audit.joined import Joined
from citizenstats.protect.audit.table import Categories, sums_of, with_rests
from citizenstats.protect.audit.words import Ladder

COUNTS = ("n", "k", "m", "o")
"""Units, those with the characteristic, those without, and those whom a condition leaves out."""

UNIT = 1.0
"""So wide is what an insider must be left with: he may not know the count of another cell exactly."""


@dataclass(frozen=True)
class Found:
    """What came of the attack on one figure; counts of attacked values, and intervals.

    Attributes:
        attacked: values that were attacked: small counts, small changes, totals in which single units stand out.
        within_reach: those whose interval is narrower than what is asked.
        narrowest: the narrowest interval of a small count or change in units, up to what is asked; None without any.
        insiders: units that stand alone in a cell.
        attacked_inside: small counts that they were set on.
        within_reach_inside: those that one of them knows exactly.
        narrowest_inside: the narrowest interval that one of them is left with, up to one unit.
    """

    attacked: int = 0
    within_reach: int = 0
    narrowest: float | None = None
    insiders: int = 0
    attacked_inside: int = 0
    within_reach_inside: int = 0
    narrowest_inside: float | None = None

    def __add__(self, other: Found) -> Found:
        """Return both together."""
        return Found(
            self.attacked + other.attacked,
            self.within_reach + other.within_reach,
            _least(self.narrowest, other.narrowest),
            self.insiders + other.insiders,
            self.attacked_inside + other.attacked_inside,
            self.within_reach_inside + other.within_reach_inside,
            _least(self.narrowest_inside, other.narrowest_inside),
        )


@dataclass(frozen=True)
class Cell:
    """One cell, as the accounts and the messages say.

    Attributes:
        asked: whether any figure shows the units of the cell.
        everybody: the units of the whole population, where any figure shows them.
        counted: whether the figure itself says nothing of units, and counts those with the characteristic alone.
    """

    categories: Categories
    counts: Mapping[str, int | None]
    minimum: int
    guards: bool
    shown: bool
    value: float | None
    needed: float | None
    asked: bool = False
    everybody: int | None = None
    counted: bool = False


@dataclass(frozen=True)
class Was:
    """What a former release showed of a cell."""

    counts: Mapping[str, int | None]
    shown: bool


@dataclass(frozen=True)
class Figure:
    """All cells of one figure, and what former releases said of them.

    Attributes:
        cells: in order.
        former: of each vintage, categories → what it was.
    """

    cells: Sequence[Cell]
    former: Sequence[Mapping[Categories, Was]]

    def adding(self, ladders: Sequence[Ladder]) -> list[Ladder]:
        """Return the ladders that break it down."""
        variables = {category.partition("=")[0] for cell in self.cells for category in cell.categories}
        return [ladder for ladder in ladders if ladder.variable in variables]

    def attacked(self, ladders: Sequence[Ladder]) -> Found:
        """Attack everything."""
        return self.attacked_now(ladders) + self.attacked_since(ladders)

    def attacked_now(self, ladders: Sequence[Ladder]) -> Found:
        """Attack what there is, whatever was before."""
        sums = self._sums(ladders)
        found = Found(insiders=len(self._insiders(sums)))
        joined = self._joined(sums)
        for layer in COUNTS[1:] if self._is_told_by_its_parts else COUNTS:
            if any(cell.counts[layer] is not None for cell in self.cells):
                found += self._counts(layer, sums, joined)
        return found + self._values([s for s in sums if self._adds(s)])

    def attacked_since(self, ladders: Sequence[Ladder]) -> Found:
        """Attack what changed since former releases."""
        found = Found()
        changed = [was for was in self.former if any(self._change(layer, was).any() for layer in COUNTS[:3])]
        if changed and all(cell.guards for cell in self.cells):
            adding = [s for s in self._sums(ladders) if self._adds(s)]
            for was in changed:
                for layer in COUNTS[:3]:
                    found += self._changes(layer, was, adding)
        return found

    def _sums(self, ladders: Sequence[Ladder]) -> list[Sum]:
        return sums_of([cell.categories for cell in self.cells], self.adding(ladders))

    def _joined(self, sums: Sequence[Sum]) -> Joined | None:
        """Return those with, those without and those left out as one table; None where nobody else tells their sum."""
        if not self._is_told_by_its_parts:
            return None
        hidden = ~(self._known("k") & self._known("m"))
        asked = np.array([cell.asked for cell in self.cells], dtype=np.bool_) & hidden
        others = all(cell.counts["o"] is not None for cell in self.cells)
        everybody = np.array([others and cell.everybody is not None for cell in self.cells], dtype=np.bool_)
        if not (asked | everybody & hidden).any():
            return None
        layers = ("k", "m", "o") if others else ("k", "m")
        known = {layer: self._known(layer) for layer in layers}
        if others:
            known["o"] = known["o"] & everybody
        return Joined({layer: self._of(layer) for layer in layers}, known, sums, asked, everybody)

    def _counts(self, layer: str, sums: Sequence[Sum], joined: Joined | None) -> Found:
        values, minimum = self._of(layer), self._minimum
        few = (values > 0) & (values < minimum)
        hidden = ~self._known(layer) & (values > 0)
        targets = np.flatnonzero(few & hidden)
        if not len(targets):
            return Found()
        asked = minimum[targets]
        whole, every, _ = with_rests(sums, values, signed=False)
        attacker = Attacker(np.array(whole), np.r_[np.flatnonzero(hidden), len(values) : len(whole)], every)
        widths = attacker.widths(targets.tolist(), asked)
        if joined is not None:
            widths = np.minimum(widths, joined.widths(layer, targets, asked))
        return _told(widths, asked) + self._inside(layer, targets, sums, joined)

    def _inside(self, layer: str, targets: Ints, sums: Sequence[Sum], joined: Joined | None) -> Found:
        """Set those on the small counts who stand alone in a cell. They cannot tell which withheld cells are empty."""
        insiders = self._insiders(sums)
        if not insiders:
            return Found()
        values = self._of(layer)
        whole, every, _ = with_rests(sums, values, signed=False)
        hidden = np.r_[np.flatnonzero(~self._known(layer)), len(values) : len(whole)]
        asked = np.minimum(self._minimum[targets], UNIT)
        left = narrowest(Attacker(np.array(whole), hidden, every), insiders, targets.tolist(), asked)
        if joined is not None:
            left = np.minimum(left, joined.narrowest(layer, insiders, targets, asked))
        return Found(
            attacked_inside=len(targets),
            within_reach_inside=int(np.count_nonzero(left < asked - TINY)),
            narrowest_inside=float(left.min()),
        )

    def _insiders(self, sums: Sequence[Sum]) -> list[list[int]]:
        """Return the cells of each unit that stands alone in a withheld one."""
        units = self._of("n" if any(cell.counts["n"] is not None for cell in self.cells) else "k")
        return people((units == 1) & ~self._known("n"), sums)

    @property
    def _is_told_by_its_parts(self) -> bool:
        """Whether the units of each cell are those with and those without the characteristic."""
        told = [cell.counts for cell in self.cells]
        return all(
            c["n"] is not None and c["k"] is not None and c["m"] is not None and c["n"] == c["k"] + c["m"]
            for c in told
        )

    def _changes(self, layer: str, was: Mapping[Categories, Was], sums: Sequence[Sum]) -> Found:
        """Attack by how much a count changed: two releases side by side are a table of those who came or went.

        A cell that was not there before held nobody. What did not change is taken for known.
        """
        before = [was.get(cell.categories) for cell in self.cells]
        known = self._known(layer) & np.array([w is None or w.shown for w in before])
        change = self._change(layer, was)
        few = (np.abs(change) > TINY) & (np.abs(change) < self._minimum)
        hidden = ~known & (np.abs(change) > TINY)
        targets = np.flatnonzero(few & hidden)
        if not len(targets):
            return Found()
        whole, every, _ = with_rests(sums, change, signed=True)
        attacker = Attacker(np.array(whole), np.r_[np.flatnonzero(hidden), len(change) : len(whole)], every)
        asked = self._minimum[targets]
        return _told(attacker.widths(targets.tolist(), asked), asked)

    def _change(self, layer: str, was: Mapping[Categories, Was]) -> Floats:
        before = [was.get(cell.categories) for cell in self.cells]
        then: Floats = np.array([float((w.counts[layer] or 0) if w else 0) for w in before])
        return np.asarray(self._of(layer) - then, dtype=np.float64)

    def _values(self, sums: Sequence[Sum]) -> Found:
        """Attack totals in which single units stand out: each must be possible so far from its value as the rules ask."""
        values = np.array([cell.value or 0.0 for cell in self.cells])
        needed = np.array([cell.needed or 0.0 for cell in self.cells])
        dominated = needed > 1e-9 * np.abs(values)
        hidden = ~self._shown & (values != 0)
        targets = np.flatnonzero(dominated & hidden)
        if not len(targets):
            return Found()
        scale = max(float(np.median(needed[targets])) / 10, 1e-9)
        whole, every, slack = with_rests(
            sums, values / scale, signed=bool((values < 0).any()), rounded=_rounding(values) / scale
        )
        attacker = Attacker(
            np.array(whole), np.r_[np.flatnonzero(hidden), len(values) : len(whole)], every, slack
        )
        asked = needed[targets] / scale
        below = np.minimum(asked, np.abs(values[targets]) / scale)
        share = attacker.reach(targets.tolist(), below, asked)
        return Found(attacked=len(targets), within_reach=int(np.count_nonzero(share < 1 - 1e-4)))

    def _of(self, layer: str) -> Floats:
        return np.array([float(cell.counts[layer] or 0) for cell in self.cells])

    @property
    def _minimum(self) -> Floats:
        return np.array([float(cell.minimum) for cell in self.cells])

    @property
    def _shown(self) -> Bools:
        return np.array([cell.shown for cell in self.cells], dtype=np.bool_)

    def _known(self, layer: str) -> Bools:
        """Return where a count is known: of a figure that says nothing of units, those without are where another one tells."""
        told = [cell.shown and (layer == "k" or cell.asked or not cell.counted) for cell in self.cells]
        return np.array(told, dtype=np.bool_)

    def _adds(self, of: Sum) -> bool:
        """Return whether children hold no more than their parent, in any count."""
        parent, children = of
        return all(
            (self.cells[parent].counts[layer] or 0) >= sum(self.cells[i].counts[layer] or 0 for i in children)
            for layer in COUNTS
        )


def figures(
    cells: Sequence[tuple[Any, ...]], former: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[Figure, tuple[str, ...]]]:
    """Yield each figure with the dataflows that it stands in.

    Args:
        cells: figure, categories, flows, n, k, m, o, v, minimum, guards, shown, needed, asked, everybody, counted; by figure.
        former: figure, vintage, categories, n, k, m, shown.
    """
    was: dict[str, dict[int, dict[Categories, Was]]] = {}
    for figure, vintage, categories, n, k, m, shown in former:
        of = was.setdefault(figure, {}).setdefault(vintage, {})
        of[tuple(categories)] = Was({"n": n, "k": k, "m": m}, shown)
    start = 0
    for end in range(1, len(cells) + 1):
        if end == len(cells) or cells[end][0] != cells[start][0]:
            group = cells[start:end]
            made = [
                Cell(
                    tuple(row[1]),
                    dict(zip(COUNTS, row[3:7], strict=True)),
                    row[8],
                    row[9],
                    row[10],
                    row[7],
                    row[11],
                    bool(row[12]),
                    row[13],
                    bool(row[14]),
                )
                for row in group
            ]
            flows = {flow for row in group for flow in row[2]}
            yield Figure(made, list(was.get(group[0][0], {}).values())), tuple(sorted(flows))
            start = end


def _told(widths: Floats, asked: Floats) -> Found:
    return Found(
        attacked=len(widths),
        within_reach=int(np.count_nonzero(widths < asked - TINY)),
        narrowest=float(np.minimum(widths, asked).min()),
    )


def _rounding(values: Floats) -> float:
    """Return by how much a published value may be off: half of the last place that any has."""
    for decimals in range(9):
        if np.allclose(
            values, np.round(values, decimals), rtol=0, atol=1e-9 * max(1.0, float(np.abs(values).max()))
        ):
            return 0.5 * 10.0**-decimals if decimals else 0.5
    return 0.0


def _least(one: float | None, other: float | None) -> float | None:
    return min((of for of in (one, other) if of is not None), default=None)
