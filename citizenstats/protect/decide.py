"""Which cells are hidden: the unsafe ones, and as few others as keep them out of reach.

First the populations: where few people stand, every figure about them is hidden in the same places, so that the sample size of
one figure does not tell that of another. Then each figure by itself: units, those with the characteristic, and those without,
each with everything that adds up (`table.py`); the pattern comes from `suppress`. What was shown in a former release and has
not changed stays shown, for it is known; what was hidden and has not changed stays hidden.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from citizenstats.contracts.model import Hiding
from citizenstats.engine import Engine
from citizenstats.protect.asked import LAST_TOLD
from citizenstats.protect.figures import Parents
from citizenstats.protect.suppress import Layer, Problem, exposed_to_insiders, suppress
from citizenstats.protect.table import Bools, Floats, Table, table_of

CHANGES = ("n_change", "k_change", "m_change")
"""Layers that say how much a count changed: two releases side by side are a table of those who came or went."""

SUM = "v"
"""Layer of the values of a total: what it adds up, not whom it counts."""

_MOSTLY = 0.5
"""A breakdown of which a greater share is unsafe is hidden whole."""

OTHERS = "o"
"""Layer of those whom a condition leaves out of a figure: its units less those of the whole population."""

_EXACT = 120
"""Up to so many cells, rests among them, the cheapest pattern is looked for where that is asked; it can take minutes."""

_DEAREST = 1e4
"""How many times as dear as else a declared cell is that cannot stay at any price."""

_LAYERS = ("n", "k", "m", OTHERS, SUM, *CHANGES)


@dataclass(frozen=True)
class Figure:
    """The cells of one figure, or of a population, as they are known before anything is hidden.

    Attributes:
        at: of each cell its categories that are not at their total, as ``VARIABLE=code``.
        layers: ``n`` units, ``k`` with the characteristic, ``m`` without, and by how much each changed since the last
            release (`CHANGES`); whom a condition leaves out (`OTHERS`); of a total its value (`SUM`); NaN where not known.
        minimum: the threshold of each cell.
        unsafe: cells that may not be shown by themselves.
        hidden: cells that are hidden anyhow.
        kept: cells that were shown before and have not changed.
        wanted: how far above and below its value an unsafe total must be possible; NaN for what is none.
        cost: how many times as dear as a cell of its size and depth is otherwise.
        declared: cells that the office wants to stay, others being hidden instead.
        most: of those layers of which other figures tell how great they can be: that, of each cell; NaN where none does.
    """

    at: Sequence[tuple[str, ...]]
    layers: Mapping[str, Floats]
    minimum: Floats
    unsafe: Bools
    hidden: Bools
    kept: Bools
    wanted: Floats
    cost: Floats
    declared: Bools
    most: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """What is hidden in all figures.

    Attributes:
        hidden: ``figure``, ``categories``, ``why`` (``unsafe`` or ``with others``), in order.
        figures: how many figures hide something.
        cheapest: of how many of these it is proved that nothing cheaper would do; by the exact method only.
    """

    hidden: pa.Table
    figures: int
    cheapest: int


@dataclass(frozen=True)
class Hidden:
    """Which cells of one figure are hidden, and whether it is proved that nothing cheaper would do."""

    cells: Bools
    cheapest: bool = False


class Patterns:
    """The patterns of all figures, of which those are looked for anew that other rules have hidden more of."""

    def __init__(self, engine: Engine, parents: Parents, method: Hiding) -> None:
        """Look at the populations, which no rule changes.

        Args:
            engine: with the table `quantities`: figure, population, categories, minimum, unsafe, hidden, kept, wanted, cost,
                declared, asked, most, whole, and the `_LAYERS`. Of these `unsafe` and `hidden` may change.
            parents: the variables.
            method: how those are found that go with the unsafe ones.
        """
        self._engine, self._parents, self._method = engine, parents, method
        self._thin = dict(_populations(engine, parents, method))
        self._found: dict[str, tuple[bytes, Hidden]] = {}

    def decide(self) -> Decided:
        """Return the hidden cells."""
        figures = list(_figures(self._engine))
        # The solver works without holding the interpreter, and each figure stands by itself.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(self._suppressed, figures))
        rows: list[tuple[str, list[str], str]] = []
        for ((name, *_), figure), of in zip(figures, found, strict=True):
            rows += [
                (name, list(figure.at[i]), "unsafe" if figure.unsafe[i] else "with others")
                for i in np.flatnonzero(of.cells).tolist()
            ]
        schema = pa.schema(
            [("figure", pa.string()), ("categories", pa.list_(pa.string())), ("why", pa.string())]
        )
        hidden = pa.table(
            {field.name: [row[i] for row in rows] for i, field in enumerate(schema)}, schema=schema
        )
        hiding = [of for of in found if of.cells.any()]
        return Decided(hidden, len(hiding), sum(of.cheapest for of in hiding))

    def _suppressed(self, entry: tuple[tuple[str, str, str], Figure]) -> Hidden:
        (name, population, asked), figure = entry
        told = figure.unsafe.tobytes() + figure.hidden.tobytes()
        if name in self._found and self._found[name][0] == told:
            return self._found[name][1]
        gone = self._thin.get(population, frozenset()) | self._thin.get(asked, frozenset())
        among = np.array([at in gone for at in figure.at], dtype=bool)
        # There no other figure is shown either.
        most = {layer: np.where(among, np.nan, of) for layer, of in figure.most.items()}
        hidden = pattern(
            replace(figure, hidden=figure.hidden | among, most=most), self._parents, self._method
        )
        self._found[name] = told, hidden
        return hidden


def pattern(figure: Figure, parents: Parents, method: Hiding) -> Hidden:
    """Return which cells of a figure are hidden.

    Where declared cells are in the way of the best pattern, they are from then on only the dearest of all. Where even that
    leaves an unsafe cell within reach, all breakdowns that hold such a cell are hidden whole, and at last the whole figure.
    """
    # Totals are rounded, so that their parts may hold a little more than they do; and of those whom a condition leaves out each
    # place knows by the figure with the most units there.
    made = table_of(figure.at, parents, figure.layers, (*CHANGES, SUM, OTHERS))
    if _is_settled(figure):
        problem = _problem(figure, made, figure.declared)
        if not exposed_to_insiders(problem, problem.hidden):
            return Hidden(figure.hidden | figure.unsafe)
        # Not every release was kept from insiders. What they can tell of this one, others need not be shown again.
        figure = replace(figure, kept=np.zeros_like(figure.kept))
    breakdowns = [frozenset(entry.partition("=")[0] for entry in at) for at in figure.at]
    mostly = _mostly_unsafe(figure, breakdowns) & ~figure.kept & ~figure.declared
    figure = replace(figure, hidden=figure.hidden | mostly)
    stay = figure.declared
    while True:
        problem = _problem(figure, made, stay)
        if (
            not any(layer.primary.any() for layer in problem.layers)
            and not problem.hidden[: made.given].any()
        ):
            return Hidden(np.zeros(made.given, dtype=bool))
        found = suppress(problem, method=method if made.cells <= _EXACT else "repair")
        suppressed = np.asarray(found.suppressed[: made.given], dtype=bool) | figure.unsafe | figure.hidden
        if not found.failures or suppressed.all():
            return Hidden(suppressed, found.cheapest)
        if stay.any() and any(failure.reason == "fixed" for failure in found.failures):
            stay = np.zeros(made.given, dtype=bool)
            continue
        within = {breakdowns[f.cell] for f in found.failures if f.cell < made.given} or set(breakdowns)
        whole = np.array([breakdown in within for breakdown in breakdowns], dtype=bool)
        if not (whole & ~suppressed).any():
            whole[:] = True
        figure = replace(figure, hidden=figure.hidden | whole, kept=figure.kept & ~whole)
        stay = stay & ~whole


def _is_settled(figure: Figure) -> bool:
    """Return whether every cell is as it was in the last release, so that its pattern, which protects from outsiders, stands.

    Not where a cell that was shown may be shown no more: the threshold has risen since; and not where a condition leaves units
    out, for by how much those changed is not known.
    """
    if OTHERS in figure.layers:
        return False
    few = figure.unsafe.copy()
    for layer, counted in figure.layers.items():
        if layer in CHANGES and np.nan_to_num(counted).any():
            return False
        if layer != SUM:
            few |= (counted > 0) & (counted < figure.minimum)
    return bool((figure.kept | figure.hidden).all()) and not (few & figure.kept).any()


def _mostly_unsafe(figure: Figure, breakdowns: Sequence[frozenset[str]]) -> Bools:
    """Return the cells of breakdowns of which more than half is unsafe: what would be left tells little and costs much."""
    unsafe = figure.unsafe | figure.hidden
    for layer, counted in figure.layers.items():
        if layer not in (*CHANGES, SUM):
            unsafe |= (counted > 0) & (counted < figure.minimum)
    number = {breakdown: i for i, breakdown in enumerate(dict.fromkeys(breakdowns))}
    of = np.array([number[breakdown] for breakdown in breakdowns], dtype=np.int64)
    share = np.bincount(of, weights=unsafe) / np.bincount(of)
    return np.asarray(share[of] > _MOSTLY, dtype=bool)


def _problem(figure: Figure, made: Table, stay: Bools) -> Problem:
    """Return what is asked of the pattern, while some cells must stay."""
    rests = made.cells - made.given
    minimum = np.concatenate([figure.minimum, np.full(rests, figure.minimum.max(initial=0))])
    unsafe, hidden, kept = (
        np.concatenate([of, np.full(rests, value)])
        for of, value in (
            (figure.unsafe, False),
            (figure.hidden, True),
            ((figure.kept | stay) & ~figure.unsafe, False),
        )
    )
    # Where nobody told the units, those with the characteristic know themselves.
    units = made.layers.get("n", made.layers.get("k"))
    knowing: dict[str, Floats | None] = dict.fromkeys(made.layers, units)
    if _is_told_by_its_parts(made.layers):
        knowing["n"] = None
    if units is not None and OTHERS in knowing:
        # Who is left out alone of a cell that is there knows himself, too.
        there = np.arange(made.cells) < made.given
        knowing[OTHERS] = np.stack([units, np.where(there, made.layers[OTHERS], 0.0)])
    wanted = np.concatenate([np.nan_to_num(figure.wanted), np.zeros(rests)])
    most = {layer: np.concatenate([of, np.full(rests, np.nan)]) for layer, of in figure.most.items()}
    layers = [
        _sum_layer(counted, unsafe, wanted)
        if name == SUM
        else _layer(name, counted, minimum, unsafe, knowing[name], made.given, most.get(name))
        for name, counted in made.layers.items()
    ]
    size = made.layers["n"] if "n" in made.layers else next(iter(made.layers.values()))
    order = np.array([*(len(at) for at in figure.at), *([0] * rests)])
    cost = (1 + np.log1p(size)) * (1 + order.max(initial=0) - order)
    cost[: made.given] *= np.where(figure.declared, _DEAREST, figure.cost)
    return Problem(made.cells, made.relations, layers, cost, kept & ~hidden, hidden | unsafe)


def _is_told_by_its_parts(layers: Mapping[str, Floats]) -> bool:
    """Return whether the units of each cell are those with and those without the characteristic.

    Any count with and any count without that agree with what is shown may stand together. So whoever is kept from these two is
    kept from the units, of which there are few only where there are few of both or none of one.
    """
    return {"n", "k", "m"} <= layers.keys() and bool((layers["n"] == layers["k"] + layers["m"]).all())


def _layer(
    name: str,
    counted: Floats,
    minimum: Floats,
    unsafe: Bools,
    units: Floats | None,
    given: int,
    most: Floats | None,
) -> Layer:
    """Return what is asked of a layer: each small count could as well be nobody, or as many as the minimum.

    Who stands alone in a cell knows himself, and with that everything about the cell, but not which other hidden cells have
    none of this count. The attacker thinks twice the count possible, and twice the minimum, as far as no other figure tells how
    great it can be; of a change, that more or fewer came, not that some went where others came.

    Args:
        name: of the layer.
        counted: of each cell.
        minimum: of each cell.
        unsafe: cells that may not be shown by themselves.
        units: behind each cell, of whom a single one knows himself; None where nobody is looked for.
        given: number of cells; those behind are rests, and of an empty one it follows from what is published.
        most: how great each can be; NaN where nobody tells.
    """
    size = np.abs(counted)
    few = (size > 0) & (size < minimum)
    if name == OTHERS:
        # A sum that does not hold says nothing.
        few &= counted > 0
        size = np.where(counted < 0, 2 * size.max(initial=0.0), size)
    primary = few if name in (*CHANGES, OTHERS) else few | (unsafe & (size > 0))
    room = np.full(len(size), np.inf) if most is None else np.where(np.isnan(most), np.inf, most - counted)
    near = np.where(primary, np.minimum(size, np.where(few, size, minimum / 2)), 0.0)
    # Where all have it nobody thinks that more do.
    near = np.where(primary & ~few & (room <= 0), np.minimum(size, minimum), near)
    far = np.where(primary, minimum - near, 0.0)
    farthest = np.where(size > 0, np.maximum(size, 2 * minimum - size), 0.0)
    falls = counted < 0
    inside = np.where((size == 0) & (np.arange(len(size)) < given), minimum, farthest)
    farthest, inside = (np.minimum(of, np.maximum(room, far)) for of in (farthest, inside))
    return Layer(
        name,
        counted,
        primary,
        lower=np.where(falls, far, near),
        upper=np.where(falls, near, far),
        contributors=None if name in CHANGES else units,
        ceiling=counted + np.where(falls, size, farthest),
        floor=counted - np.where(falls, farthest, size),
        ceiling_inside=None if name in CHANGES else counted + inside,
    )


def _sum_layer(values: Floats, unsafe: Bools, wanted: Floats) -> Layer:
    """Return what is asked of the values of a total: an unsafe one could as well be greater or less by what is wanted.

    The attacker thinks twice the value possible, and knows on which side of zero it lies.
    """
    size = np.abs(values)
    primary = unsafe & (size > 0)
    most = np.maximum(size, 2 * wanted)
    below = np.where(values < 0, most, size)
    above = np.where(values < 0, size, most)
    return Layer(
        SUM,
        values,
        primary,
        lower=np.where(primary, np.minimum(wanted, below), 0.0),
        upper=np.where(primary, np.minimum(wanted, above), 0.0),
        contributors=None,
        ceiling=values + above,
        floor=values - below,
    )


def _populations(
    engine: Engine, parents: Parents, method: Hiding
) -> Iterator[tuple[str, frozenset[tuple[str, ...]]]]:
    """Yield of each population the places where few people stand, or came or went, with what is hidden together with them.

    So it is of those whom several figures ask, where that is only a part of the population.
    """
    columns = (
        "max(n), max(minimum), bool_or(kept AND tells), max(cost), bool_or(declared), max(whole), "
        f"first(n_change ORDER BY {LAST_TOLD})"
    )
    told = "FROM quantities WHERE n IS NOT NULL AND minimum IS NOT NULL"
    part = (
        f"SELECT asked FROM (SELECT asked, n, max(n) OVER (PARTITION BY population, categories) AS every_one {told}) "
        "WHERE asked IS NOT NULL AND n < every_one"
    )
    rows = engine.rows(
        f"SELECT population, categories, {columns} {told} GROUP BY population, categories UNION ALL "
        f"SELECT asked, categories, {columns} {told} AND asked IN ({part}) GROUP BY asked, categories ORDER BY 1, 2"
    )
    for population, group in _grouped(rows, 1):
        at: list[tuple[str, ...]] = [tuple(row[1]) for row in group]
        n, minimum, whole = _floats(group, 2), _floats(group, 3), _floats(group, 7)
        few = (n > 0) & (n < minimum)
        none = np.zeros(len(group), dtype=bool)
        kept, cost, declared = _bools(group, 4), _floats(group, 5), _bools(group, 6)
        none_wanted = np.full(len(group), np.nan)
        # Of a whole population nobody tells how great it can be.
        most = {"n": np.where(whole > n, whole, np.nan)}
        layers, change = {"n": n}, _floats(group, 8)
        if not np.isnan(change).all():
            layers["n_change"] = change
        figure = Figure(at, layers, minimum, few, none, kept, none_wanted, cost, declared, most)
        hidden = pattern(figure, parents, method).cells
        yield population[0], frozenset(a for a, is_hidden in zip(at, hidden, strict=True) if is_hidden)


def _figures(engine: Engine) -> Iterator[tuple[tuple[str, str, str], Figure]]:
    rows = engine.rows(
        "SELECT figure, population, coalesce(asked, '') AS asked, categories, minimum, unsafe, hidden, kept, wanted, cost, "
        f"declared, most, whole, {', '.join(_LAYERS)} FROM quantities "
        "WHERE minimum IS NOT NULL ORDER BY figure, population, asked, categories"
    )
    for name, group in _grouped(rows, 3):
        layers = {layer: _floats(group, i) for i, layer in enumerate(_LAYERS, 13)}
        known = {layer: of for layer, of in layers.items() if not np.isnan(of).all()}
        at: list[tuple[str, ...]] = [tuple(row[3]) for row in group]
        unsafe, hidden, kept = (_bools(group, i) for i in (5, 6, 7))
        counted = known or {"n": np.zeros(len(at))}
        minimum, wanted = _floats(group, 4), _floats(group, 8)
        cost, declared = _floats(group, 9), _bools(group, 10)
        most: dict[str, Floats] = {}
        if _is_told_by_its_parts({layer: np.nan_to_num(of) for layer, of in known.items()}):
            most = {"k": _floats(group, 11), "m": _floats(group, 11)}
        if OTHERS in known:
            most[OTHERS] = _floats(group, 12)
        figure = Figure(at, counted, minimum, unsafe, hidden, kept, wanted, cost, declared, most)
        yield (name[0], name[1], name[2]), figure


def _grouped(rows: list[tuple[Any, ...]], by: int) -> Iterator[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end][:by] != rows[start][:by]:
            yield tuple(str(part) for part in rows[start][:by]), rows[start:end]
            start = end


def _floats(rows: list[tuple[Any, ...]], column: int) -> Floats:
    return np.array([np.nan if row[column] is None else row[column] for row in rows], dtype=np.float64)


def _bools(rows: list[tuple[Any, ...]], column: int) -> Bools:
    return np.array([bool(row[column]) for row in rows], dtype=bool)
