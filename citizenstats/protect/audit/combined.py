"""Counts that follow from several published ones: what is left of a question when all answers but one are shown.

The audit reads conditions as they are written, and works out for every kind of person (one value of each column that any
comparison tells apart; what is no comparison may be anything) whether each published count counts that person. A sum or
difference of counts that counts every kind once or not at all is the count of a group. What belongs here: finding these, and
putting the small ones into the tables of cells. What does not: attacking them, which goes as with every other figure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import comb, prod

import numpy as np
import numpy.typing as npt
from sqlglot import exp
from sqlglot.errors import SqlglotError

from citizenstats.contracts.model import Indicator
from citizenstats.engine import Engine, quoted
from citizenstats.protect.audit.implied import plain
from citizenstats.protect.audit.words import Ladder, Words, measured_sql

Truth = npt.NDArray[np.int8]
"""Of each kind of person whether a condition holds: 1, 0, or -1 where there is no answer."""
Group = npt.NDArray[np.int16]
Term = tuple[int, int]
"""Sign and place of a count."""

_KINDS = 50_000
"""So many kinds of people are told apart; conditions that tell more are not looked at together."""
_MOST = 300_000
"""So many sums are tried of the counts of one group of conditions."""
_LONGEST = 4
_NONE = -1


@dataclass(frozen=True)
class _Asked:
    """One indicator: whom it is asked, and what is asked, as SQL of its place and as conditions."""

    whom: str
    measured: str
    among: tuple[exp.Expr, ...]
    told: exp.Expr | None


def add_combined(engine: Engine, words: Sequence[Words]) -> list[Ladder]:
    """Put the small counts that follow from several into the table `cells`, and return what more adds up.

    Args:
        engine: with the table `cells`.
        words: how the keys of the family's dataflows are told.
    """
    ladders: list[Ladder] = []
    _add_left_out(engine)
    by_dataset: dict[str, list[Words]] = {}
    for of in words:
        by_dataset.setdefault(of.dataset.name, []).append(of)
    number = 0
    for fed in by_dataset.values():
        required = {c.casefold() for c, said in fed[0].dataset.contract.columns.items() if said.required}
        for group in _together(_indicators(fed)):
            for counts, terms, is_table in _told(engine, group, required):
                number += 1
                told = [(sign, counts[place]) for sign, place in terms]
                _add(engine, told, number, is_table=is_table)
                if is_table:
                    names = [f"answer{number}={i}" for i in range(len(told))]
                    ladders.append(Ladder(f"answer{number}", dict.fromkeys(names), {}))
    return ladders


def _add_left_out(engine: Engine) -> None:
    """Whoever a condition leaves out is told by each figure that asks the same people, and says how many these are."""
    by = " OR ".join(f"{f}.shown AND NOT {f}.counted" for f in "ab")
    engine.run(
        "INSERT INTO cells BY NAME SELECT md5(a.figure || 'left out' || b.figure) AS figure, categories, population, "
        "list_distinct(a.flows || b.flows) AS flows, coalesce(a.o, b.o) AS k, "
        f"greatest(a.minimum, b.minimum) AS minimum, a.guards, {by} AS shown, FALSE AS restricted "
        "FROM cells AS a JOIN cells AS b USING (population, categories) WHERE a.restricted AND b.restricted "
        "AND a.figure < b.figure AND a.n IS NOT NULL AND b.n IS NOT NULL AND a.measured <> b.measured "
        "WINDOW pair AS (PARTITION BY a.figure, b.figure) QUALIFY bool_and(a.n = b.n) OVER pair "
        "AND min(coalesce(a.o, b.o)) OVER pair >= 0"
    )


def _indicators(words: Sequence[Words]) -> list[_Asked]:
    found = {}
    # What all targets ask first tells nobody apart.
    apart = len({of.target.where for of in words}) > 1
    for of in words:
        derive, target = of.dataset.contract.derive, of.target
        where = target.where if apart else None
        for indicator in target.estimate.indicators.values() if target.estimate else ():
            try:
                among = tuple(plain(text, derive) for text in (where, indicator.among) if text)
                told = _condition(indicator, derive)
            except SqlglotError:
                continue
            if told is not None:
                measured = measured_sql(indicator, target)
                found[of.whom, measured] = _Asked(of.whom, measured, among, told)
    return list(found.values())


def _condition(indicator: Indicator, derive: Mapping[str, str]) -> exp.Expr | None:
    text = indicator.proportion or indicator.count
    return plain(text, derive) if text is not None else None


def _together(indicators: Sequence[_Asked]) -> list[list[_Asked]]:
    """Return the indicators in groups that share a column."""
    groups: list[tuple[set[str], list[_Asked]]] = []
    for of in indicators:
        mine = {
            c.name.casefold() for e in (*of.among, of.told) if e is not None for c in e.find_all(exp.Column)
        }
        members, apart = [of], []
        for columns, listed in groups:
            if columns & mine:
                mine, members = mine | columns, [*listed, *members]
            else:
                apart.append((columns, listed))
        groups = [*apart, (mine, members)]
    return [members for _, members in groups if len(members) > 1]


# --- kinds of people -------------------------------------------------------------------------------------


class _People:
    """All kinds of people that some conditions tell apart."""

    def __init__(self, conditions: Sequence[exp.Expr], required: set[str]) -> None:
        self._values: dict[str, list[object]] = {}
        for condition in conditions:
            for leaf in _leaves(condition):
                about, values = _tells_apart(leaf)
                known = self._values.setdefault(about, [])
                known += [value for value in values if value not in known]
        for about, values in self._values.items():
            numbers = sorted(v for v in values if isinstance(v, float))
            ends = [(a + b) / 2 for a, b in pairwise(numbers)]
            values += [*ends, *([numbers[0] - 1, numbers[-1] + 1] if numbers else [])]
            if any(isinstance(v, str) for v in values):
                values.append("\0 anything else")
            if about not in required:
                values.append(None)
        self.kinds = prod(len(values) for values in self._values.values())

    def truth(self, condition: exp.Expr) -> Truth:
        """Return whether a condition holds for each kind."""
        if isinstance(condition, exp.Paren):
            return self.truth(condition.this)
        if isinstance(condition, exp.Not):
            inner = self.truth(condition.this)
            return np.where(inner < 0, inner, 1 - inner).astype(np.int8)
        if isinstance(condition, exp.And | exp.Or):
            one, other = self.truth(condition.this), self.truth(condition.expression)
            decides = 0 if isinstance(condition, exp.And) else 1
            either = (one == decides) | (other == decides)
            unknown = (one < 0) | (other < 0)
            return np.where(either, decides, np.where(unknown, _NONE, 1 - decides)).astype(np.int8)
        about, _ = _tells_apart(condition)
        values = self._values[about]
        place = list(self._values).index(about)
        before = prod(len(v) for v in list(self._values.values())[:place])
        of_value = np.array([_holds(condition, value) for value in values], dtype=np.int8)
        after = self.kinds // (before * len(values))
        return np.tile(np.repeat(of_value, after), before)


def _leaves(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Paren | exp.Not):
        yield from _leaves(condition.this)
    elif isinstance(condition, exp.And | exp.Or):
        yield from _leaves(condition.this)
        yield from _leaves(condition.expression)
    else:
        yield condition


_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def _tells_apart(leaf: exp.Expr) -> tuple[str, list[object]]:
    """Return what a comparison is about and the values that it names; of anything else itself, which may be true or not."""
    if isinstance(leaf, exp.In) and isinstance(leaf.this, exp.Column) and leaf.expressions:
        values = [_value(of) for of in leaf.expressions]
        if None not in values:
            return leaf.this.name.casefold(), values
    if isinstance(leaf, _COMPARED) and isinstance(leaf.this, exp.Column):
        value = _value(leaf.expression)
        if value is not None:
            return leaf.this.name.casefold(), [value]
    if isinstance(leaf, exp.Column):
        return leaf.name.casefold(), [True, False]
    return leaf.sql().casefold(), [True, False]


def _value(of: exp.Expr) -> object:
    if isinstance(of, exp.Literal):
        return of.name if of.is_string else float(of.name)
    if isinstance(of, exp.Neg) and isinstance(of.this, exp.Literal) and not of.this.is_string:
        return -float(of.this.name)
    return None


def _holds(leaf: exp.Expr, value: object) -> int:
    if value is None:
        return _NONE
    about = _tells_apart(leaf)
    if isinstance(leaf, exp.In) and about[1] != [True, False]:
        return int(value in about[1])
    if isinstance(leaf, _COMPARED) and about[1] != [True, False]:
        named = about[1][0]
        if isinstance(leaf, exp.EQ | exp.NEQ):
            return int((value == named) is isinstance(leaf, exp.EQ))
        if isinstance(value, float) and isinstance(named, float):
            above, same = value > named, value == named
            upward = isinstance(leaf, exp.GT | exp.GTE)
            return int(
                (above if upward else not above and not same)
                or (same and isinstance(leaf, exp.GTE | exp.LTE))
            )
        return 0
    return int(value is True)


# --- sums of counts ----------------------------------------------------------------------------------------

_Count = tuple[tuple[str, str, str], ...]
"""Whom, what is measured, and the count: of each figure that tells the same."""


def _told(
    engine: Engine, group: Sequence[_Asked], required: set[str]
) -> Iterator[tuple[list[_Count], Sequence[Term], bool]]:
    """Yield the sums of the counts of a group that count somebody, and are small somewhere; and whether it is a table."""
    people = _People([e for of in group for e in (*of.among, of.told) if e is not None], required)
    if not 1 < people.kinds <= _KINDS:
        return
    vectors: dict[bytes, tuple[Group, list[tuple[str, str, str]]]] = {}
    for of in group:
        assert of.told is not None  # noqa: S101 - a group is of conditions
        asked = np.ones(people.kinds, dtype=np.bool_)
        for among in of.among:
            asked &= people.truth(among) == 1
        truth = people.truth(of.told)
        for layer, is_it in (("n", truth >= 0), ("k", truth == 1), ("m", truth == 0)):
            vector = (is_it & asked).astype(np.int16)
            if vector.any():
                vectors.setdefault(vector.tobytes(), (vector, []))[1].append((of.whom, of.measured, layer))
    counts = [tuple(named) for _, named in vectors.values()]
    apart = np.unique(np.stack([vector for vector, _ in vectors.values()]), axis=1)
    values, minimum = _read(engine, counts)
    for terms in _sums(apart, [len({c[:2] for c in named}) > 1 for named in counts], counts):
        total = sum((sign * values[:, place] for sign, place in terms), np.zeros(len(values)))
        if ((total > 0) & (total < minimum)).any():
            yield counts, terms, False
    for whole, parts in _answers(apart, counts):
        each = values[:, list(parts)]
        rest = values[:, whole] - each.sum(axis=1)
        if ((rest > 0) & (rest < minimum)).any() or ((each > 0) & (each < minimum[:, None])).any():
            yield counts, ((1, whole), *((-1, part) for part in parts)), True


def _sums(vectors: Group, shared: Sequence[bool], counts: Sequence[_Count]) -> Iterator[Sequence[Term]]:
    """Yield sums that count every kind of person once or not at all."""
    size, known = len(vectors), {vector.tobytes(): i for i, vector in enumerate(vectors)}
    # One count that two figures tell, of those asked in one and those who meet the condition of another.
    yield from (((1, i),) for i in range(size) if shared[i] and any(c[2] != "n" for c in counts[i]))
    left = _MOST
    for length in range(2, _LONGEST + 1):
        if comb(size, length) * 2**length > left:
            break
        left -= comb(size, length) * 2**length
        for first, signs in product(combinations(range(size), length - 1), product((1, -1), repeat=length)):
            total = (
                np.array(signs[:-1], dtype=np.int16) @ vectors[list(first)]
                + signs[-1] * vectors[first[-1] + 1 :]
            )
            for last in np.flatnonzero((total.min(axis=1) >= 0) & (total.max(axis=1) == 1)).tolist():
                chosen = (*first, first[-1] + 1 + last)
                terms = tuple(zip(signs, chosen, strict=True))
                if _is_new(terms, counts, known, total[last]) and not _is_told_shorter(vectors, terms, known):
                    yield terms


def _is_new(
    terms: Sequence[Term], counts: Sequence[_Count], known: Mapping[bytes, int], total: Group
) -> bool:
    """Return whether a sum tells more than its counts do: several groups together, or those with and without, tell nothing."""
    if all(sign > 0 for sign, _ in terms):
        return False
    figures = {c[:2] for _, place in terms for c in counts[place] if c[2] != "n"}
    same = known.get(total.tobytes())
    return len(terms) > 2 or len(figures) != 1 or same is None or {c[:2] for c in counts[same]} != figures


def _is_told_shorter(vectors: Group, terms: Sequence[Term], known: Collection[bytes]) -> bool:
    """Return whether two of more terms are a count together that is there by itself, or all are what is left of one.

    What is left of one, with others that exclude one another, is a table of answers.
    """
    if len(terms) < 3:
        return False
    for (s, a), (t, b) in combinations(terms, 2):
        both = s * vectors[a] + t * vectors[b]
        if both.tobytes() in known or (-both).tobytes() in known:
            return True
    taken = [place for sign, place in terms if sign < 0]
    return len(taken) == len(terms) - 1 and int(vectors[taken].sum(axis=0).max()) == 1


def _answers(vectors: Group, counts: Sequence[_Count]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield a count, and others that lie in it and exclude one another, as many as fit beside each."""
    telling = [i for i, of in enumerate(counts) if any(c[2] != "n" for c in of)]
    for whole, of in enumerate(vectors):
        # Those without one answer are those with any other.
        if all(c[2] == "m" for c in counts[whole]):
            continue
        inside = [i for i in telling if i != whole and (vectors[i] <= of).all()]
        found = set()
        for first in inside:
            taken = [first]
            for i in inside:
                if i != first and not (vectors[taken].sum(axis=0) * vectors[i]).any():
                    taken.append(i)
            if len({c[:2] for i in taken for c in counts[i]}) > 1:
                found.add(tuple(sorted(taken)))
        yield from ((whole, taken) for taken in sorted(found))


def _place(count: tuple[str, str, str]) -> str:
    whom, measured, layer = count
    return (
        f"SELECT about, categories, flows, guards, {layer} AS told, shown, minimum FROM cells "
        f"WHERE whom = {quoted(whom)} AND measured = {measured} AND {layer} IS NOT NULL"
    )


def _read(
    engine: Engine, counts: Sequence[_Count]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the counts at each place (NaN where nobody has them), and its minimum."""
    parts = " UNION ALL ".join(
        f"SELECT {i} AS i, * FROM ({_place(count)})" for i, of in enumerate(counts) for count in of
    )
    each = ", ".join(f"max(told) FILTER (i = {i})" for i in range(len(counts)))
    rows = engine.rows(f"SELECT max(minimum), {each} FROM ({parts}) GROUP BY about, categories")
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 1 + len(counts))
    return table[:, 1:], table[:, 0]


def _add(engine: Engine, terms: Sequence[tuple[int, _Count]], number: int, *, is_table: bool) -> None:
    """Put one sum into `cells`: it is shown where each of its counts is, by whichever figure.

    In a table of answers each count is a cell, and the sum, which is what is left, is one that nobody shows.
    """
    joined, value, shown, least, flows, guards = "", "0", [], [], [], []
    for i, (sign, of) in enumerate(terms):
        every = " UNION ALL ".join(map(_place, of))
        told = (
            "SELECT about, categories, max(told) AS told, bool_or(shown) AS shown, max(minimum) AS minimum, "
            f"flatten(list(flows)) AS flows, bool_and(guards) AS guards FROM ({every}) GROUP BY about, categories"
        )
        joined += f"({told}) AS t{i}" if not i else f" JOIN ({told}) AS t{i} USING (about, categories)"
        value += f" {'+' if sign > 0 else '-'} t{i}.told"
        shown.append(f"t{i}.shown")
        least.append(f"t{i}.minimum")
        flows.append(f"t{i}.flows")
        guards.append(f"t{i}.guards")
    each = "".join(f", t{i}.told AS told{i}, t{i}.shown AS shown{i}" for i in range(len(terms)))
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE summed AS SELECT md5(about || 'sum {number}') AS figure, categories, "
        f"list_distinct({' || '.join(flows)}) AS flows, greatest({', '.join(least)}) AS minimum, "
        f"{' AND '.join(guards)} AS guards, {value} AS k, {' AND '.join(shown)} AS shown{each} FROM {joined} "
        f"QUALIFY min({value}) OVER (PARTITION BY about) >= 0"
    )
    listed = "figure, flows, minimum, guards"
    if not is_table:
        engine.run(f"INSERT INTO cells BY NAME SELECT {listed}, categories, k, shown FROM summed")
        return
    parts = [
        f"SELECT {listed}, list_append(categories, 'answer{number}=0') AS categories, k, FALSE AS shown FROM summed"
    ]
    for i in range(len(terms)):
        at = f"list_append(categories, 'answer{number}={i}')" if i else "categories"
        parts.append(f"SELECT {listed}, {at} AS categories, told{i} AS k, shown{i} AS shown FROM summed")
    engine.run(
        f"INSERT INTO cells BY NAME SELECT * REPLACE (list_sort(categories) AS categories) FROM ({' UNION ALL '.join(parts)})"
    )
