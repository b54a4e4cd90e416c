"""Counts that several published ones give together: of all answers but one, of whom a domain leaves out, of both of two.

Each published count is about those who meet a condition. Sums and differences of such counts are again about somebody: units
less those with one of three answers are those with any other; those with one trouble and those with another, less those with
either, are those with both. Here the conditions are tried on every combination of values that tells them apart, and every sum
of up to four counts that is the count of a group is put beside the other figures as one of its own, where it is small anywhere.
Two conditions of one population that imply one another are found in `implied.py`.

What belongs here: which counts follow from which. What does not: hiding them (`decide.py`), and hiding alike (`implied.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.model import Column
from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import EngineError
from citizenstats.protect.answers import Told, put_answers
from citizenstats.protect.figures import Feed, Parents
from citizenstats.protect.tried import COMBINATIONS, unfolded, values_to_try
from citizenstats.protect.vectors import Vector, exclusive, falls_apart, groups, is_shorter, ways
from citizenstats.store import digest

_TERMS = 4
"""So many counts are added and subtracted at most."""

_SUMS = 400_000
"""So many sums of one group of conditions are tried: with more counts, those of fewer terms."""


@dataclass(frozen=True)
class Count:
    """A published count.

    Attributes:
        of: how the names of its populations begin, and what is measured.
        layer: ``n`` of those asked, ``k`` of those who meet the condition, ``m`` of those asked who do not.
    """

    of: tuple[str, str]
    layer: str


@dataclass(frozen=True)
class Combined:
    """Counts that are added (1) and subtracted (-1), and those that count the same as the sum does."""

    terms: tuple[tuple[int, tuple[Count, ...]], ...]
    same: tuple[Count, ...]

    @property
    def hides(self) -> list[Count]:
        """The counts that are hidden where the sum is: those of conditions; where there are none, one of those asked."""
        having = [count for _, counts in self.terms for count in counts if count.layer != "n"]
        asked = [counts for _, counts in self.terms]
        asked.sort(key=len)
        return having or list(asked[0])


def put_combined(engine: Engine, feeds: Sequence[Feed]) -> Parents:
    """Put small sums of counts into `quantities`, and make the table `follows`: where `one` is hidden, `other` is too.

    Args:
        engine: with the table `quantities` of the cells of all figures, and the table `pairs`.
        feeds: of the family.

    Returns:
        The variables of tables of answers (`answers.py`).
    """
    engine.run("CREATE TEMP TABLE follows (one VARCHAR, other VARCHAR)")
    engine.run("CREATE TEMP TABLE answers (figure VARCHAR, tag VARCHAR, told VARCHAR)")
    _put_left_out(engine)
    variables: dict[str, tuple[str, Mapping[str, str | None]]] = {}
    for vectors in _told_together(engine, feeds):
        _put_same(engine, vectors)
        counts = [tuple(of) for _, of in vectors.values()]
        if len(counts) < 2:
            continue
        matrix = _Counts.read(engine, counts)
        for combined in _sums(vectors):
            if matrix.is_small([(s, counts.index(of)) for s, of in combined.terms]):
                _put(engine, combined, digest([[s, *map(repr, of)] for s, of in combined.terms]))
        tells = [any(c.layer != "n" for c in of) for of in counts]
        # Those without one answer are those with any other.
        wholes = [any(c.layer != "m" for c in of) for of in counts]
        for whole, parts in exclusive([vector for vector, _ in vectors.values()], wholes, tells):
            if len({count.of for i in parts for count in counts[i]}) > 1 and matrix.is_rest_small(
                whole, parts
            ):
                variables |= put_answers(
                    engine, _as_told(counts[whole]), [_as_told(counts[i]) for i in parts]
                )
    return variables


def _as_told(counts: Sequence[Count]) -> Told:
    """Return a count as SQL; of its figures those that tell it of a condition, where any do."""
    having = [count for count in counts if count.layer != "n"] or counts
    figures = " UNION ".join(
        f"SELECT DISTINCT figure, {_about(count)} AS about FROM quantities WHERE {_is(count)}"
        for count in having
    )
    return Told(_told(counts), figures)


def hide_following(engine: Engine) -> bool:
    """Hide, in the table `quantities`, what would tell a count that is hidden; return whether there was any."""
    found = (
        "SELECT DISTINCT q.figure, q.categories FROM follows AS f JOIN hidden AS h ON h.figure = f.one "
        "JOIN quantities AS q ON q.figure = f.other AND q.categories = h.categories "
        "ANTI JOIN hidden AS g ON g.figure = q.figure AND g.categories = q.categories WHERE q.minimum IS NOT NULL"
    )
    return bool(
        engine.value(
            f"UPDATE quantities SET hidden = TRUE FROM ({found}) AS f "
            "WHERE quantities.figure = f.figure AND quantities.categories = f.categories"
        )
    )


@dataclass(frozen=True)
class _Counts:
    """All counts of a group of conditions.

    Attributes:
        minimum: of each place.
        told: places × counts; NaN where nobody tells it.
        change: the same of how they changed.
    """

    minimum: npt.NDArray[np.float64]
    told: npt.NDArray[np.float64]
    change: npt.NDArray[np.float64]

    @classmethod
    def read(cls, engine: Engine, counts: Sequence[tuple[Count, ...]]) -> _Counts:
        """Return the counts of the table `quantities`."""
        parts = " UNION ALL ".join(f"SELECT {i} AS i, * FROM ({_told(of)})" for i, of in enumerate(counts))
        columns = ", ".join(
            f"max({c}) FILTER (i = {i}) AS {c}{i}" for c in ("told", "change") for i in range(len(counts))
        )
        rows = engine.rows(f"SELECT max(minimum), {columns} FROM ({parts}) GROUP BY about, categories")
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 1 + 2 * len(counts))
        half = 1 + len(counts)
        return cls(table[:, 0], table[:, 1:half], table[:, half:])

    def is_small(self, terms: Sequence[tuple[int, int]]) -> bool:
        """Return whether a sum of counts, or how it changed, is small somewhere."""
        total, change = np.zeros(len(self.told)), np.zeros(len(self.told))
        for sign, i in terms:
            total += sign * self.told[:, i]
            change += sign * self.change[:, i]
        change = np.abs(change)
        few = (total > 0) & (total < self.minimum) | (change > 0) & (change < self.minimum)
        return bool(few.any())

    def is_rest_small(self, whole: int, parts: Sequence[int]) -> bool:
        """Return whether what is left of a count is small somewhere or changed by few, or a part of it is small."""
        told = np.nan_to_num(self.told[:, list(parts)])
        rest = self.told[:, whole] - told.sum(axis=1)
        change = np.abs(self.change[:, whole] - np.nan_to_num(self.change[:, list(parts)]).sum(axis=1))
        small = (rest > 0) & (rest < self.minimum) | (change > 0) & (change < self.minimum)
        few = (told > 0) & (told < self.minimum[:, None])
        return bool((small | few.any(axis=1)).any())


def _put_left_out(engine: Engine) -> None:
    """Let figures that ask the same part of a population be hidden alike where few are left out of it.

    The sample size of one of them is that of the others. A count has none.
    """
    small = "a.o BETWEEN 1 AND a.minimum - 1 OR coalesce(abs(a.o_change) BETWEEN 1 AND a.minimum - 1, FALSE)"
    engine.run(
        "INSERT INTO pairs SELECT pair, UNNEST([one, other]) FROM (SELECT a.figure || '|' || b.figure AS pair, "
        "a.figure AS one, b.figure AS other FROM quantities AS a JOIN quantities AS b USING (population, categories) "
        "WHERE a.restricted AND b.restricted AND a.figure < b.figure AND a.tells AND b.tells "
        f"GROUP BY a.figure, b.figure HAVING bool_and(a.n = b.n) AND bool_or({small}))"
    )


def _put(engine: Engine, combined: Combined, named: str) -> None:
    """Put one sum into `quantities` where it is small somewhere and nowhere below zero."""
    relations, value, change = [], "0", "0"
    for number, (sign, counts) in enumerate(combined.terms):
        relations.append(f"({_told(counts)}) AS t{number}")
        value += f" {'+' if sign > 0 else '-'} t{number}.told"
        change += f" {'+' if sign > 0 else '-'} t{number}.change"
    every = range(len(relations))
    least = ", ".join(f"t{i}.minimum" for i in every)
    joined = relations[0] + "".join(f" JOIN {of} USING (about, categories)" for of in relations[1:])
    engine.run(
        "CREATE OR REPLACE TEMP TABLE combined AS SELECT * FROM ("
        f"SELECT about || {quoted('|sum:' + named)} AS figure, about AS population, about, categories, {value} AS k, "
        f"{change} AS k_change, greatest({least}) AS minimum, greatest({', '.join(f't{i}.cost' for i in every)}) AS cost, "
        f"{' OR '.join(f't{i}.declared' for i in every)} AS declared, {' AND '.join(f't{i}.kept' for i in every)} AS kept, "
        f"FALSE AS unsafe, FALSE AS hidden, FALSE AS restricted FROM {joined}) "
        "WINDOW each_one AS (PARTITION BY figure) QUALIFY min(k) OVER each_one >= 0 AND "
        "bool_or(abs(k) BETWEEN 1 AND minimum - 1 OR abs(k_change) BETWEEN 1 AND minimum - 1) OVER each_one"
    )
    engine.run("INSERT INTO quantities BY NAME SELECT * EXCLUDE (about) FROM combined")
    for count in combined.hides:
        telling = f"SELECT DISTINCT figure, {_about(count)} AS about FROM quantities WHERE {_is(count)}"
        engine.run(
            f"INSERT INTO follows SELECT DISTINCT c.figure, q.figure FROM combined AS c JOIN ({telling}) AS q USING (about)"
        )
        for same in combined.same:
            if same.layer != "n":
                _follow(engine, same, count)


def _put_same(engine: Engine, vectors: Mapping[bytes, tuple[Vector, list[Count]]]) -> None:
    """Let counts of the same people follow one another: whoever is asked as one who meets a condition is counted as one."""
    for _, counts in vectors.values():
        for one, other in product(counts, counts):
            if one.of != other.of and one.layer != "n":
                _follow(engine, one, other)


def _follow(engine: Engine, one: Count, other: Count) -> None:
    """Let a figure be hidden wherever another one is, at the same places."""
    first, second = (
        f"SELECT DISTINCT figure, {_about(count)} AS about FROM quantities WHERE {_is(count)}"
        for count in (one, other)
    )
    engine.run(
        f"INSERT INTO follows SELECT a.figure, b.figure FROM ({first}) AS a JOIN ({second}) AS b USING (about) "
        "WHERE a.figure <> b.figure"
    )


def _told(counts: Sequence[Count]) -> str:
    """Return the SELECT of a count at each place, from whichever figure has it."""
    parts = " UNION ALL ".join(
        f"SELECT {_about(c)} AS about, categories, {c.layer} AS told, {c.layer}_change AS change, minimum, cost, declared, "
        f"kept FROM quantities WHERE {_is(c)} AND {c.layer} IS NOT NULL AND minimum IS NOT NULL"
        for c in counts
    )
    return (
        "SELECT about, categories, max(told) AS told, max(change) AS change, max(minimum) AS minimum, max(cost) AS cost, "
        f"bool_or(declared) AS declared, bool_or(kept) AS kept FROM ({parts}) GROUP BY about, categories"
    )


def _is(count: Count) -> str:
    start, measured = count.of
    return (
        f"starts_with(population, {quoted(start + '|')}) AND figure = population || '|' || {quoted(measured)}"
    )


def _about(count: Count) -> str:
    """Return SQL of what a population is about, apart from the domain that a target tells apart."""
    dataset = count.of[0].partition("|")[0]
    return f"{quoted(dataset)} || substr(population, {len(count.of[0]) + 1})"


def _told_together(
    engine: Engine, feeds: Sequence[Feed]
) -> Iterator[dict[bytes, tuple[Vector, list[Count]]]]:
    """Yield the vectors of conditions that share columns, dataset by dataset."""
    by_dataset: dict[str, list[Feed]] = {}
    for feed in feeds:
        if feed.estimate is not None:
            by_dataset.setdefault(feed.dataset.name, []).append(feed)
    for _, of in sorted(by_dataset.items()):
        # A domain that all have tells nobody apart.
        apart = len({feed.target.where for feed in of}) > 1
        told = {
            (feed.start(), measured): unfolded(
                f"CASE WHEN {feed.target.where} THEN {text} END" if apart and feed.target.where else text,
                feed.dataset.contract.derive,
            )
            for feed in of
            for measured, text in feed.answers().items()
        }
        columns = of[0].dataset.contract.columns
        for group in _sharing(told):
            conditions = {key: told[key] for key in group}
            if len(conditions) > 1:
                yield _vectors(engine, conditions, columns)


def _sharing(told: Mapping[tuple[str, str], exp.Expr]) -> list[list[tuple[str, str]]]:
    """Return the conditions in groups, those together that share a column, directly or through others."""
    groups: list[tuple[set[str], list[tuple[str, str]]]] = []
    for key, condition in sorted(told.items(), key=lambda entry: entry[0]):
        columns = {column.casefold() for column in expressions.columns_of(condition)}
        own: tuple[set[str], list[tuple[str, str]]] = (columns, [key])
        apart = []
        for group in groups:
            if group[0] & own[0]:
                own = (group[0] | own[0], [*group[1], *own[1]])
            else:
                apart.append(group)
        groups = [*apart, own]
    return [keys for _, keys in groups]


def _vectors(
    engine: Engine, conditions: Mapping[tuple[str, str], exp.Expr], columns: Mapping[str, Column]
) -> dict[bytes, tuple[Vector, list[Count]]]:
    """Return each different vector with the counts that have it; nothing where there is too much to try."""
    values = values_to_try(list(conditions.values()), columns)
    if prod(map(len, values.values())) > COMBINATIONS:
        return {}
    tried = " CROSS JOIN ".join(
        f"(SELECT UNNEST([{', '.join(of)}]) AS {name(c)})" for c, of in values.items()
    )
    sides = ", ".join(
        f"({text}) IS NOT NULL AS n{i}, coalesce(({text}), FALSE) AS k{i}"
        for i, text in enumerate(expressions.sql(condition) for condition in conditions.values())
    )
    rows: list[tuple[bool, ...]] = []
    with contextlib.suppress(EngineError):
        rows = engine.rows(f"SELECT DISTINCT {sides} FROM {tried or '(SELECT 1)'} ORDER BY ALL")
    table = np.array(rows, dtype=np.int8)
    found: dict[bytes, tuple[Vector, list[Count]]] = {}
    for i, key in enumerate(conditions) if len(table) else ():
        asked, having = table[:, 2 * i], table[:, 2 * i + 1]
        for layer, of in (("n", asked), ("k", having), ("m", asked - having)):
            # What only tells whether there is an answer has no condition of its own.
            if of.any() and (layer == "n" or not (having == asked).all()):
                vector = np.ascontiguousarray(of)
                found.setdefault(vector.tobytes(), (vector, []))[1].append(Count(key, layer))
    return found


def _sums(vectors: Mapping[bytes, tuple[Vector, list[Count]]]) -> Iterator[Combined]:
    """Yield the sums of up to `_TERMS` counts that count a group, and are not put together from two such sums."""
    told = [of for of, _ in vectors.values()]
    counts = [tuple(of) for _, of in vectors.values()]
    terms = next((t for t in range(_TERMS, 1, -1) if ways(len(told), t) <= _SUMS), 1)
    every = np.stack(told).astype(np.int16) if told else np.zeros((0, 1), dtype=np.int16)
    for size in range(2, terms + 1):
        for chosen, signs in groups(every, size):
            parts = [told[i] for i in chosen]
            if falls_apart(signs, parts) or (size > 2 and is_shorter(signs, parts, vectors.keys())):
                continue
            if _is_rest(signs, [counts[i] for i in chosen], every[list(chosen)]):
                continue
            if size == 2 and _is_known(counts[chosen[0]], counts[chosen[1]]):
                continue
            total = np.array(signs, dtype=np.int16) @ every[list(chosen)]
            same = vectors.get(total.astype(np.int8).tobytes(), (None, []))[1]
            yield Combined(tuple((s, counts[i]) for s, i in zip(signs, chosen, strict=True)), tuple(same))


def _is_rest(signs: Sequence[int], counts: Sequence[Sequence[Count]], vectors: npt.NDArray[np.int16]) -> bool:
    """Return whether a sum is what is left of a count without others that exclude one another: `answers.py` sees to these."""
    inside = [i for i, sign in enumerate(signs) if sign < 0]
    telling = all(any(c.layer != "n" for c in counts[i]) for i in inside)
    return len(inside) == len(signs) - 1 > 1 and telling and int(vectors[inside].sum(axis=0).max()) == 1


def _is_known(one: Sequence[Count], other: Sequence[Count]) -> bool:
    """Return whether a difference is looked at elsewhere: of those without a characteristic, of pairs of one population."""
    return any(
        a.of == b.of or (a.layer != "n" and b.layer != "n" and a.of[0] == b.of[0])
        for a, b in product(one, other)
    )
