"""Conditions that say something of one another: whoever is unemployed over a year is unemployed.

Where those with one characteristic are among those with another (or among those without it), the difference of two published
counts is the count of whom only one of them tells. That is a figure of its own that nobody publishes and everybody has. Here
are found the pairs, and their differences are put beside the other figures; `decide.py` keeps their small counts out of reach.

A pair is looked for by trying the conditions on every combination of values that tells them apart. What cannot be tried counts
as a pair while the counts do not contradict it. More than two conditions at once are looked at in `combined.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.model import Column, Contract
from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import EngineError
from citizenstats.protect.figures import Feed
from citizenstats.protect.tried import COMBINATIONS, unfolded, values_to_try
from citizenstats.store import digest

_SIDES = {"k": "IS TRUE", "m": "IS FALSE"}
"""Count of those with and of those without a characteristic → what a condition is for them."""


@dataclass(frozen=True)
class Pair:
    """Those on one side of a condition are among those on a side of another.

    Attributes:
        few: name of what is measured, and the count, of those who are among the others.
        many: the same of the others.
    """

    few: tuple[str, str]
    many: tuple[str, str]


def put_differences(engine: Engine, feeds: Sequence[Feed]) -> None:
    """Put the difference of each pair with a small one into `quantities`, and make the table `pairs` (pair, figure).

    Args:
        engine: with the table `quantities` of the cells of all figures.
        feeds: of the family.
    """
    engine.run("CREATE TEMP TABLE pairs (pair VARCHAR, figure VARCHAR)")
    for pair in _pairs(engine, feeds):
        (few, f), (many, m) = pair.few, pair.many
        named = quoted(f"|{digest([*pair.few, *pair.many])}")
        told = (
            f"SELECT a.population || {named} AS figure, a.population, a.categories, a.figure AS few, b.figure AS many, "
            f"b.{m} - a.{f} AS k, b.{m}_change - a.{f}_change AS k_change, greatest(a.minimum, b.minimum) AS minimum, "
            "greatest(a.cost, b.cost) AS cost, a.declared OR b.declared AS declared, a.kept AND b.kept AS kept, "
            "FALSE AS unsafe, FALSE AS hidden, FALSE AS restricted "
            "FROM quantities AS a JOIN quantities AS b USING (population, categories) "
            f"WHERE a.figure = a.population || '|' || {quoted(few)} AND b.figure = b.population || '|' || {quoted(many)} "
            f"AND a.{f} IS NOT NULL AND b.{m} IS NOT NULL"
        )
        # Counts that contradict it are of no pair; where no difference is small, nothing is asked.
        engine.run(
            f"CREATE OR REPLACE TEMP TABLE differences AS SELECT * FROM ({told}) "
            "WINDOW each_one AS (PARTITION BY population) QUALIFY min(k) OVER each_one >= 0 AND "
            "bool_or(abs(k) BETWEEN 1 AND minimum - 1 OR abs(k_change) BETWEEN 1 AND minimum - 1) OVER each_one"
        )
        engine.run("INSERT INTO quantities BY NAME SELECT * EXCLUDE (few, many) FROM differences")
        engine.run("INSERT INTO pairs SELECT DISTINCT figure, UNNEST([figure, few, many]) FROM differences")


def hide_alike(engine: Engine) -> bool:
    """Hide each cell of a pair, in the table `quantities`, of which one of its figures is hidden; return whether any was.

    Then any number of those whom both tell, of those whom one tells, and of the rest may stand together, so that each is as far
    out of reach as it is by itself.
    """
    is_hidden = "h.figure = q.figure AND h.categories = q.categories"
    found = (
        "WITH gone AS (SELECT DISTINCT p.pair, h.categories FROM hidden AS h JOIN pairs AS p USING (figure)) "
        "SELECT DISTINCT q.figure, q.categories FROM quantities AS q JOIN pairs AS p USING (figure) "
        "JOIN gone AS g ON g.pair = p.pair AND g.categories = q.categories "
        f"ANTI JOIN hidden AS h ON {is_hidden} WHERE q.minimum IS NOT NULL"
    )
    return bool(
        engine.value(
            f"UPDATE quantities SET hidden = TRUE FROM ({found}) AS f "
            "WHERE quantities.figure = f.figure AND quantities.categories = f.categories"
        )
    )


def _pairs(engine: Engine, feeds: Sequence[Feed]) -> Iterator[Pair]:
    conditions: dict[str, dict[str, str]] = {}
    contracts: dict[str, Contract] = {}
    for feed in feeds:
        conditions.setdefault(feed.dataset.name, {}).update(feed.conditions())
        contracts[feed.dataset.name] = feed.dataset.contract
    for dataset, named in sorted(conditions.items()):
        columns = contracts[dataset].columns
        whole = {of: unfolded(text, contracts[dataset].derive) for of, text in sorted(named.items())}
        for one, other in combinations(whole, 2):
            asked = {c.casefold() for c in expressions.columns_of(whole[one])}
            if asked & {c.casefold() for c in expressions.columns_of(whole[other])}:
                yield from _pairs_of(engine, (one, whole[one]), (other, whole[other]), columns)


def _pairs_of(
    engine: Engine,
    one: tuple[str, exp.Expr],
    other: tuple[str, exp.Expr],
    columns: Mapping[str, Column],
) -> Iterator[Pair]:
    """Yield what two conditions say of one another."""
    ways = [
        ((a, x), (b, y))
        for (a, b) in ((one[0], other[0]), (other[0], one[0]))
        for x in _SIDES
        for y in _SIDES
    ]
    told = {of: expressions.sql(condition) for of, condition in (one, other)}
    beyond = ", ".join(
        f"count(*) FILTER (({told[a]}) {_SIDES[x]} AND NOT ({told[b]}) {_SIDES[y]})"
        for (a, x), (b, y) in ways
    )
    values = values_to_try([one[1], other[1]], columns)
    counts: Sequence[int] = [0] * len(ways)
    if prod(map(len, values.values())) <= COMBINATIONS:
        tried = " CROSS JOIN ".join(
            f"(SELECT UNNEST([{', '.join(of)}]) AS {name(column)})" for column, of in values.items()
        )
        # What cannot be tried counts as a pair.
        with contextlib.suppress(EngineError):
            counts = engine.rows(f"SELECT {beyond} FROM {tried}")[0]
    yield from (Pair(few, many) for (few, many), contrary in zip(ways, counts, strict=True) if not contrary)
