"""Controlled rounding of a family: every count a multiple of the base, everything that adds up still does.

Units of a cell first, one rounding for all figures about the same units; then those with the characteristic, of whom there
are never more. Each count aims at a multiple that is drawn for its cell from the office's secret: so nobody can tell a count
from its nearest multiple, and the same cell is drawn alike in every table and release. What a former release showed binds: a
count that is the same again has the same value, and one that grew has no smaller one. Beside figures of the same units, an
attacker is left with every count from the shown value to one base less one above it, at least (`docs/suppression.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from citizenstats.engine import Engine
from citizenstats.protect.figures import Parents
from citizenstats.protect.rounding import Counts, rounded
from citizenstats.protect.suppress import Relation
from citizenstats.protect.table import table_of

At = tuple[str, ...]
"""The categories of a cell that are not at their total, as ``VARIABLE=code``."""

GAP = 0.5
"""How far the distances to what was drawn may be from the least, as a share: each draw is as good as another."""

NONE = -1
"""No bound."""

OUTCOME = pa.schema(
    [
        ("figure", pa.string()),
        ("counted", pa.bool_()),
        ("categories", pa.list_(pa.string())),
        ("n_out", pa.int64()),
        ("k_out", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Count:
    """A count of a cell, and between which values former releases keep its own."""

    value: int
    least: int = NONE
    most: int = NONE

    def within(self, other: Count) -> Count:
        """Return the count with the bounds of both."""
        tops = [top for top in (self.most, other.most) if top != NONE]
        return replace(self, least=max(self.least, other.least), most=min(tops, default=NONE))


@dataclass
class Layer:
    """Counts of the same kind that add up: units, or those with a characteristic.

    Attributes:
        draw: what their draws depend on, besides the secret and the cell.
        counts: cell → count.
        names: cell → what it is about in the partner's own words; the same words and count are the same units elsewhere.
    """

    draw: str
    counts: dict[At, Count] = field(default_factory=dict)
    names: dict[At, tuple[str, ...]] = field(default_factory=dict)


class Rounder:
    """Rounds layers one after another, the same units always alike."""

    def __init__(self, base: int, secret: str, parents: Parents) -> None:
        self._base, self._secret, self._parents = base, secret, parents
        self._elsewhere: dict[tuple[tuple[str, ...], int], int] = {}

    def values(self, layer: Layer, whole: Mapping[At, int] | None = None) -> dict[At, int]:
        """Return the values of a layer.

        Args:
            layer: what is rounded.
            whole: rounded units of the same cells, which the values are not above.
        """
        places = list(layer.counts)
        known = {"": np.array([layer.counts[at].value for at in places], dtype=np.float64)}
        made = table_of(places, self._parents, known)
        rests = made.layers[""][made.given :].astype(np.int64).tolist()
        counts = [*(self._bound(layer, at) for at in places), *map(Count, rests)]
        tops = _tops(
            [whole.get(at) for at in places] if whole is not None else [], made.cells, made.relations
        )
        counts = [c.within(Count(c.value, most=top)) for c, top in zip(counts, tops, strict=True)]
        found = rounded(
            _ints([c.value for c in counts]),
            made.relations,
            self._base,
            toward=_ints([*(self._aim(layer, at) for at in places), *rests]),
            least=_ints([c.least for c in counts]),
            most=_ints([c.most for c in counts]),
            gap=GAP,
        ).values
        values = {at: int(found[i]) for i, at in enumerate(places)}
        for at, words in layer.names.items():
            self._elsewhere.setdefault((words, layer.counts[at].value), values[at])
        return values

    def _bound(self, layer: Layer, at: At) -> Count:
        """Return a count with the bounds of former releases, and of the same units under other codes."""
        count = layer.counts[at]
        same = self._elsewhere.get((layer.names[at], count.value)) if at in layer.names else None
        return count if same is None else count.within(Count(count.value, same, same))

    def _aim(self, layer: Layer, at: At) -> int:
        """Return the multiple drawn for a cell: above the count with a chance of its rest over the base."""
        drawn = hashlib.sha256("|".join([self._secret, layer.draw, *at]).encode()).digest()[:8]
        return (layer.counts[at].value + int.from_bytes(drawn) % self._base) // self._base * self._base


def _tops(whole: Sequence[int | None], cells: int, relations: Sequence[Relation]) -> list[int]:
    """Return the greatest value of each cell: the rounded units, also of what a parent has and its categories have not."""
    tops = [NONE if top is None else top for top in whole]
    tops += [NONE] * (cells - len(tops))
    if NONE in tops[: len(whole)]:
        return tops
    waiting = list(relations)
    while True:
        later = []
        for relation in waiting:
            open_ = [child for child in relation.children if tops[child] == NONE]
            if len(open_) == 1 and tops[relation.parent] != NONE:
                known = sum(tops[child] for child in relation.children if tops[child] != NONE)
                tops[open_[0]] = max(tops[relation.parent] - known, 0)
            elif open_:
                later.append(relation)
        if len(later) == len(waiting):
            return tops
        waiting = later


def outcome(engine: Engine, parents: Parents, base: int, secret: str) -> pa.Table:
    """Return the rounded counts: `OUTCOME`.

    Args:
        engine: with the table `quantities`: figure, counted (whether its figures are counts), population, categories, measured,
            origin, n, k, and the bounds n_least, n_most, k_least, k_most, NULL for none.
        parents: the variables.
        base: what to round to.
        secret: the office's own.

    Raises:
        RoundingError: no additive rounding was found.
    """
    rows = engine.rows(
        "SELECT figure, counted, population, categories, measured, origin, n, k, n_least, n_most, k_least, k_most "
        "FROM quantities ORDER BY population, figure, counted, categories"
    )
    series: dict[tuple[str, bool], dict[At, tuple[Any, ...]]] = {}
    for row in rows:
        series.setdefault((row[0], row[1]), {})[tuple(row[3])] = row
    rounder = Rounder(base, secret, parents)
    units = _units(series, rounder)
    having = {
        figure: _having(figure, series, units, rounder)
        for figure in dict.fromkeys(name for name, _ in series)
    }
    found = [
        (figure, counted, list(at), units[figure, counted].get(at), having[figure].get(at))
        for (figure, counted), cells in series.items()
        for at in cells
    ]
    return pa.table(
        {column.name: [row[i] for row in found] for i, column in enumerate(OUTCOME)}, schema=OUTCOME
    )


def _units(
    series: Mapping[tuple[str, bool], Mapping[At, tuple[Any, ...]]], rounder: Rounder
) -> dict[tuple[str, bool], dict[At, int]]:
    """Return the rounded units of each cell; figures of one population that count the same units share them."""
    groups: list[tuple[Layer, list[tuple[str, bool]]]] = []
    for name, cells in series.items():
        layer = Layer(f"n|{next(iter(cells.values()))[2]}")
        for at, (*_, measured, origin, n, _, least, most, _, _) in cells.items():
            if n is not None:
                layer.counts[at] = _count(n, least, most)
                if measured is not None:
                    layer.names[at] = ("n", measured.rpartition("|")[0], *origin)
        for known, members in groups:
            if known.draw == layer.draw and _agree(known, layer):
                for at, count in layer.counts.items():
                    known.counts[at] = known.counts.get(at, count).within(count)
                known.names |= layer.names
                members.append(name)
                break
        else:
            groups.append((layer, [name]))
    found: dict[tuple[str, bool], dict[At, int]] = {}
    for layer, names in groups:
        found |= dict.fromkeys(names, rounder.values(layer) if layer.counts else {})
    return found


def _agree(one: Layer, other: Layer) -> bool:
    """Return whether two layers count the same wherever both count."""
    both = one.counts.keys() & other.counts.keys()
    return bool(both) and all(one.counts[at].value == other.counts[at].value for at in both)


def _having(
    figure: str,
    series: Mapping[tuple[str, bool], Mapping[At, tuple[Any, ...]]],
    units: Mapping[tuple[str, bool], Mapping[At, int]],
    rounder: Rounder,
) -> dict[At, int]:
    """Return the rounded units that have the characteristic of a figure, never more than the units of its share."""
    layer = Layer(f"k|{figure}")
    whole: dict[At, int] = {}
    for counted in (False, True):
        for at, (*_, measured, origin, n, k, _, _, least, most) in series.get((figure, counted), {}).items():
            if k is None:
                continue
            count = _count(k, least, most)
            layer.counts[at] = layer.counts.get(at, count).within(count)
            if measured is not None:
                layer.names[at] = ("k", measured, *origin)
            if n is not None:
                whole.setdefault(at, units[figure, counted][at])
    return rounder.values(layer, whole) if layer.counts else {}


def _count(value: int, least: int | None, most: int | None) -> Count:
    return Count(int(value), NONE if least is None else int(least), NONE if most is None else int(most))


def _ints(values: Sequence[int]) -> Counts:
    return np.array(values, dtype=np.int64)
