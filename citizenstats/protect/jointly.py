"""Those with a characteristic, those without and those whom a condition leaves out, as one table.

`decide.py` looks at each of these by itself. Where some figure shows how many units a place has, one more of those with the
characteristic is one less of those without, so that what each could be by itself they cannot be together. Here all of them
are one problem, with the units that are shown as its sums, after every figure has its pattern. What is still within reach is
moved out of it: by hiding the figure in more places, or the units of a place in all figures that tell them.

What belongs here: the one problem of a figure, and what is hidden for it. What does not: solving it (`suppress`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from citizenstats.engine import Engine
from citizenstats.protect.figures import Parents
from citizenstats.protect.suppress import Layer, Problem, Relation, widened
from citizenstats.protect.table import Bools, Floats, Ints, table_of

_DEAREST = 1e4
"""How many times as dear as else is a cell that was shown before, or that the office wants to stay."""

_FOUND = pa.schema([("figure", pa.string()), ("categories", pa.list_(pa.string()))])

Place = tuple[str, tuple[str, ...]]
"""A figure, and of a cell its categories that are not at their total."""


@dataclass(frozen=True)
class _Figure:
    """One figure whose units are those with and those without a characteristic, when every figure has its pattern.

    Attributes:
        name: of the figure.
        at: of each cell its categories that are not at their total, as ``VARIABLE=code``.
        counts: ``k`` with, ``m`` without and, where a condition leaves out some, ``o``.
        minimum: the threshold of each cell.
        cost: how many times as dear as a cell of its size and depth is otherwise.
        hidden: cells that are hidden.
        asking: of each cell the figures that show the units.
        everybody: of each cell the figures that show the units of the whole population.
    """

    name: str
    at: Sequence[tuple[str, ...]]
    counts: Mapping[str, Floats]
    minimum: Floats
    cost: Floats
    hidden: Bools
    asking: Sequence[tuple[str, ...]]
    everybody: Sequence[tuple[str, ...]]

    @cached_property
    def units(self) -> Floats:
        """Those with and those without the characteristic."""
        return self.counts["k"] + self.counts["m"]

    @cached_property
    def told(self) -> Bools:
        """Where any figure shows the units."""
        return np.array([bool(of) for of in self.asking], dtype=bool)

    @cached_property
    def told_of_everybody(self) -> Bools:
        """Where any figure shows the units of the whole population, of which a condition leaves out some."""
        return np.array(["o" in self.counts and bool(of) for of in self.everybody], dtype=bool)

    @cached_property
    def loss(self) -> Floats:
        """What hiding each cell costs."""
        order = np.array([len(at) for at in self.at])
        deep = 1 + order.max(initial=0) - order
        return np.asarray(self.cost * (1 + np.log1p(self.units)) * deep, dtype=np.float64)


def hide_jointly(engine: Engine, parents: Parents) -> bool:
    """Hide, in the table `quantities`, what the units that are shown would tell of figures; return whether there was any.

    Args:
        engine: with the tables `quantities` and `hidden`, of which no other rule hides more.
        parents: the variables.
    """
    figures = [figure for figure in _figures(engine) if _is_told(figure)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = {
            place for of in pool.map(lambda figure: _hidden_more(figure, parents), figures) for place in of
        }
    rows = sorted(found)
    table = pa.table(
        {"figure": [f for f, _ in rows], "categories": [list(at) for _, at in rows]}, schema=_FOUND
    )
    engine.register("jointly", table)
    return bool(
        engine.value(
            "UPDATE quantities SET hidden = TRUE FROM jointly AS f WHERE quantities.figure = f.figure "
            "AND quantities.categories = f.categories AND quantities.minimum IS NOT NULL"
        )
    )


def _figures(engine: Engine) -> Iterator[_Figure]:
    """Yield the figures of which units, those with and those without are known in every cell, and something is hidden."""
    rows = engine.rows(
        "WITH told AS (SELECT q.*, h.figure IS NOT NULL AS is_hidden, max(n) FILTER (tells) OVER "
        "(PARTITION BY population, q.categories) AS widest FROM quantities AS q LEFT JOIN hidden AS h "
        "ON h.figure = q.figure AND h.categories = q.categories WHERE minimum IS NOT NULL), "
        "beside AS (SELECT *, list(figure) FILTER (tells AND NOT is_hidden) OVER (PARTITION BY coalesce(asked, figure), "
        "categories) AS asking, list(figure) FILTER (tells AND NOT is_hidden AND n = widest) OVER "
        "(PARTITION BY population, categories) AS everybody, "
        "bool_and(coalesce(n = k + m, FALSE)) OVER (PARTITION BY figure) AND bool_or(is_hidden) OVER (PARTITION BY figure) "
        "AS is_asked, bool_and(o IS NOT NULL) OVER (PARTITION BY figure) AS leaves_out FROM told) "
        "SELECT figure, categories, k, m, CASE WHEN leaves_out THEN o END, minimum, "
        f"coalesce(cost, 1) * CASE WHEN kept OR declared THEN {_DEAREST} ELSE 1 END, is_hidden, "
        "coalesce(asking, []), coalesce(everybody, []) FROM beside WHERE is_asked ORDER BY figure, categories"
    )
    for name, group in groupby(rows, key=lambda row: str(row[0])):
        of = list(group)
        layers = {"k": _floats(of, 2), "m": _floats(of, 3)}
        if of[0][4] is not None:
            layers["o"] = _floats(of, 4)
        yield _Figure(
            name,
            [tuple(row[1]) for row in of],
            layers,
            _floats(of, 5),
            _floats(of, 6),
            np.array([bool(row[7]) for row in of], dtype=bool),
            [tuple(row[8]) for row in of],
            [tuple(row[9]) for row in of],
        )


def _floats(rows: Sequence[tuple[Any, ...]], column: int) -> Floats:
    return np.array([row[column] for row in rows], dtype=np.float64)


def _is_told(figure: _Figure) -> bool:
    """Return whether any figure tells a sum of what this one hides."""
    return bool((figure.hidden & (figure.told | figure.told_of_everybody)).any())


def _hidden_more(figure: _Figure, parents: Parents) -> set[Place]:
    """Return what must be hidden besides.

    What cannot be protected so takes the breakdowns with it, in all figures that tell the units.
    """
    joint = _Joint.of(figure, parents)
    found = widened(joint.problem)
    more = set(joint.places(figure, found.suppressed & ~joint.problem.hidden))
    if found.failures:
        at = [figure.at[joint.cell[failure.cell]] for failure in found.failures]
        within = {_breakdown(of) for of in at}
        whole = np.array([_breakdown(of) in within for of in figure.at], dtype=bool)
        more |= _all_of(figure, whole) or _all_of(figure, np.ones_like(whole))
    return more


def _breakdown(at: Sequence[str]) -> frozenset[str]:
    return frozenset(entry.partition("=")[0] for entry in at)


def _all_of(figure: _Figure, cells: Bools) -> set[Place]:
    """Return the cells of a figure, and of those that tell its units, that are not hidden yet."""
    own = {(figure.name, figure.at[i]) for i in np.flatnonzero(cells & ~figure.hidden).tolist()}
    return own | {(of, figure.at[i]) for i in np.flatnonzero(cells).tolist() for of in figure.asking[i]}


@dataclass(frozen=True)
class _Part:
    """Cells of the one problem that count the same: one of each cell of the figure, and rests behind them.

    Attributes:
        name: a layer, ``n`` for units, or ``all`` for those of everybody.
        values: what is counted.
        above: how far above its value each is thought possible.
        hidden: whether it is hidden already.
        cost: of hiding it.
        asked: how wide each must be left; 0 where nothing is asked.
    """

    name: str
    values: Floats
    above: Floats
    hidden: Bools
    cost: Floats
    asked: Floats


@dataclass(frozen=True)
class _Joint:
    """The one problem of a figure.

    Attributes:
        problem: what is asked.
        cell: of each of its cells that of the figure; -1 of rests.
        part: of each what it counts.
    """

    problem: Problem
    cell: Ints
    part: Sequence[str]

    @staticmethod
    def of(figure: _Figure, parents: Parents) -> _Joint:
        """Return the problem of a figure."""
        relations: list[Relation] = []
        parts: list[_Part] = []
        first: dict[str, int] = {}
        for layer, counted in figure.counts.items():
            made = table_of(figure.at, parents, {layer: counted})
            start = first[layer] = sum(len(part.values) for part in parts)
            relations += [
                Relation(start + r.parent, tuple(start + i for i in r.children)) for r in made.relations
            ]
            parts.append(_counted(figure, layer, made.layers[layer]))
        cells = range(len(figure.at))
        for name, (one, other), telling in _sums(figure):
            start = first[name] = sum(len(part.values) for part in parts)
            relations += [Relation(start + i, (first[one] + i, first[other] + i)) for i in cells]
            parts.append(_told(figure, name, [p for p in parts if p.name in (one, other)], telling))
        return _Joint(
            _problem(figure, parts, relations),
            np.concatenate(
                [np.where(np.arange(len(p.values)) < len(cells), np.arange(len(p.values)), -1) for p in parts]
            ),
            [part.name for part in parts for _ in part.values],
        )

    def places(self, figure: _Figure, chosen: Bools) -> Iterator[Place]:
        """Yield what is hidden where cells of the problem are: the figure, or those that tell the units."""
        telling = {"n": figure.asking, "all": figure.everybody}
        for i in np.flatnonzero(chosen).tolist():
            cell = int(self.cell[i])
            for name in telling[self.part[i]][cell] if self.part[i] in telling else (figure.name,):
                yield name, figure.at[cell]


def _sums(figure: _Figure) -> Iterator[tuple[str, tuple[str, str], Sequence[tuple[str, ...]]]]:
    """Yield what figures tell: its name, what it is the sum of, and of each cell which figures tell it."""
    yield "n", ("k", "m"), figure.asking
    if "o" in figure.counts:
        yield "all", ("n", "o"), figure.everybody


def _counted(figure: _Figure, layer: str, values: Floats) -> _Part:
    """Return the cells of a layer: each small count could as well be nobody, or as many as the minimum.

    Nobody knows which withheld cells are empty, and where units are told anything is possible that they leave room for.
    """
    given, units, told, everybody = len(figure.at), figure.units, figure.told, figure.told_of_everybody
    rests = len(values) - given
    minimum = np.concatenate([figure.minimum, np.full(rests, figure.minimum.max(initial=0))])
    above = np.maximum(values, 2 * minimum - values)
    above[:given] = np.where(values[:given] == 0, figure.minimum, above[:given])
    above[given:] = np.where(values[given:] == 0, 0.0, above[given:])
    # Of a figure that tells no units those without are hidden where no other one tells them.
    hidden = figure.hidden if layer == "k" else figure.hidden | ~told
    hidden, is_bound, room = (
        (hidden | ~everybody, everybody, units)
        if layer == "o"
        else (hidden, told, units - figure.counts[layer])
    )
    few = (values[:given] > 0) & (values[:given] < figure.minimum) & hidden
    far = np.where(few, figure.minimum - values[:given], 0.0)
    above[:given] = np.where(is_bound, np.maximum(room, far), above[:given])
    return _Part(
        layer,
        values,
        above,
        np.concatenate([hidden, np.ones(rests, dtype=bool)]),
        np.concatenate([figure.loss, np.ones(rests)]),
        np.concatenate([np.where(few, figure.minimum, 0.0), np.zeros(rests)]),
    )


def _told(figure: _Figure, name: str, parts: Sequence[_Part], telling: Sequence[tuple[str, ...]]) -> _Part:
    """Return a sum of two parts in each cell: hidden where no figure tells it, or by hiding all that do."""
    given = len(figure.at)
    number = np.array([float(len(of)) for of in telling])
    one, other = parts
    return _Part(
        name,
        one.values[:given] + other.values[:given],
        one.above[:given] + other.above[:given],
        number == 0,
        figure.loss * np.maximum(number, 1.0),
        np.zeros(given),
    )


def _problem(figure: _Figure, parts: Sequence[_Part], relations: Sequence[Relation]) -> Problem:
    """Return all parts as one problem: what a figure shows or hides of a cell it does in all layers."""
    given = len(figure.at)
    values, above, hidden, cost, asked = (
        np.concatenate([getattr(part, of) for part in parts])
        for of in ("values", "above", "hidden", "cost", "asked")
    )
    mates = np.arange(len(values))
    alone = np.zeros(len(values))
    start = 0
    for part in parts:
        own = slice(start, start + given)
        if part.name in figure.counts:
            mates[own] = np.where(part.hidden[:given] == figure.hidden, np.arange(given), mates[own])
        alone[own] = figure.units
        start += len(part.values)
    primary = asked > 0
    layer = Layer(
        "all counts",
        values,
        primary,
        lower=np.where(primary, values, 0.0),
        upper=np.where(primary, asked - values, 0.0),
        contributors=alone,
        ceiling=values + above,
    )
    return Problem(len(values), relations, [layer], cost, np.zeros(len(values), dtype=bool), hidden, mates)
