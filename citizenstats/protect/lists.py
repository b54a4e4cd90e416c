"""Several lists of categories of one column: by five years here, by ten there.

Every category is the set of values of the partner's columns that it stands for, over values that tell all of them apart. Where
each two categories lie in one another or apart, all lists together are a tree: one variable, in which a category of one list
is the sum of those of another, so that they are protected together. Where they overlap otherwise, the difference of two of them
is a group that nobody published and everybody has (15 to 24 years less 15 to 17); such lists are refused, unless a dataflow
crosses them, for what lies in both is a figure there.

What belongs here: which categories lie in which. What does not: what adds up in a table (`table.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import prod

from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import Target
from citizenstats.engine import name, quoted, session
from citizenstats.errors import EngineError
from citizenstats.estimate.crossed import are_crossed, largest_margins
from citizenstats.protect.tried import COMBINATIONS, every_value, is_compared, unfolded, values_to_try
from citizenstats.store import digest

Dimension = tuple[str, str]
"""A breakdown: dataflow and dimension."""

Set = frozenset[int]
"""The values that a category stands for, by their numbers among those tried."""


@dataclass(frozen=True)
class Shared:
    """The categories of one breakdown, in a variable that several lists have in common.

    Attributes:
        variable: its name.
        codes: code → what the category is called in the variable.
        parents: category → the one in which it lies; None where that is the total. Those of all lists.
        depth: category → how many it lies in.
    """

    variable: str
    codes: Mapping[str, str]
    parents: Mapping[str, str | None]
    depth: Mapping[str, int]


@dataclass(frozen=True)
class Categories:
    """One breakdown, the code list of its codes, and what each stands for."""

    at: Dimension
    codelist: str
    sets: Mapping[str, Set]


@dataclass(frozen=True)
class Overlap:
    """Two breakdowns of one column of which neither is told by the other."""

    one: Dimension
    other: Dimension
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Lists:
    """What the breakdowns of a dataset say of one another."""

    shared: Mapping[Dimension, Shared]
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True)
class _Breakdown:
    """One breakdown of one target.

    Attributes:
        at: dataflow and dimension.
        target: its target.
        codelist: of its codes.
        coded: the code of a record, over the columns of the delivery.
        parents: code → parent, of the codes under the total.
        expected: codes that some value has.
        sets: code → values that it stands for, where they could be tried.
    """

    at: Dimension
    target: Target
    codelist: str
    coded: exp.Expr
    parents: Mapping[str, str | None]
    expected: frozenset[str]
    sets: Mapping[str, Set] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """The columns behind it."""
        return {column.casefold() for column in expressions.columns_of(self.coded)}

    @property
    def word(self) -> tuple[str, str, str]:
        """What is the same where nothing has to be compared."""
        return self.at[1], self.codelist, self.coded.sql(dialect="duckdb")


def lists_of(dataset: Dataset, mappings: Mappings) -> Lists:
    """Return what the breakdowns of all estimates of a dataset say of one another."""
    shared: dict[Dimension, Shared] = {}
    overlaps: list[Overlap] = []
    every = list(_breakdowns(dataset, mappings))
    for group in _connected(every):
        if len({of.word for of in group}) == 1:
            continue
        tried = _tried(dataset, group)
        apart = [(one, other) for one, other in combinations(tried or group, 2) if not _is_told(one, other)]
        overlaps += [
            Overlap(one.at, other.at, tuple(sorted(one.columns & other.columns)))
            for one, other in apart
            if not _are_crossed(one, other, every)
        ]
        if tried and not apart:
            shared |= tree_of([Categories(of.at, of.codelist, of.sets) for of in tried]) or {}
    return Lists(shared, tuple(overlaps))


def _breakdowns(dataset: Dataset, mappings: Mappings) -> Iterator[_Breakdown]:
    contract = dataset.contract
    for target in contract.targets:
        if target.estimate is None or target.dataflow not in mappings.dataflows:
            continue
        structure = mappings.structures.structure_of(mappings.reference(target.dataflow))
        for dimension in target.estimate.breakdowns:
            mapped = target.map.get(dimension)
            component = structure.by_id.get(dimension)
            if mapped is None or mapped.value is not None or component is None or component.codelist is None:
                continue
            total = target.estimate.totals.get(dimension, "_T")
            items = mappings.structures.scheme(component.codelist).items
            parents = {item.id: item.parent for item in items if item.id != total}
            coded = unfolded(
                mapped.sql if mapped.sql is not None else name(mapped.column or ""), contract.derive
            )
            codes = dataset.codes_of(mapped)
            if codes is not None:
                # As the records are coded.
                cases = " ".join(f"WHEN {quoted(raw)} THEN {quoted(code)}" for raw, code in codes.items())
                text = f"CASE CAST(({expressions.sql(coded)}) AS VARCHAR) {cases} END"
                coded = unfolded(text, {})
            told = {literal.name for literal in coded.find_all(exp.Literal) if literal.is_string}
            if isinstance(coded, exp.Column):
                told = set(parents)
            at = (target.dataflow, dimension)
            expected = frozenset(told & parents.keys())
            yield _Breakdown(at, target, str(component.codelist), coded, parents, expected)


def _connected(breakdowns: Sequence[_Breakdown]) -> list[list[_Breakdown]]:
    """Return the breakdowns in groups that share columns, whether at once or through others."""
    groups: list[list[_Breakdown]] = []
    for breakdown in breakdowns:
        near = [group for group in groups if any(of.columns & breakdown.columns for of in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(of for group in near for of in group), breakdown])
    return groups


def _tried(dataset: Dataset, group: Sequence[_Breakdown]) -> list[_Breakdown]:
    """Return the breakdowns with what their codes stand for; none where it cannot be told by trying values."""
    told: dict[str, exp.Expr] = {}
    for breakdown in group:
        texts = {literal.name for literal in breakdown.coded.find_all(exp.Literal)} | breakdown.expected
        told |= {text: exp.Literal.string(text) for text in texts}
    numbers = [exp.Literal.number(text) for text in told if _is_number(text)]
    coded = list(dict.fromkeys(of.coded.sql(dialect="duckdb") for of in group))
    values = values_to_try([*(of.coded for of in group), *told.values(), *numbers], dataset.contract.columns)
    declared = {column.casefold(): of for column, of in dataset.contract.columns.items()}
    for column in values:
        every = every_value(declared.get(column))
        if every is not None:
            values[column] = every
        elif not all(is_compared(of.coded, column) for of in group):
            return []
    if prod(map(len, values.values())) > COMBINATIONS:
        return []
    tried = " CROSS JOIN ".join(
        f"(SELECT UNNEST([{', '.join(of)}]) AS {name(column)})" for column, of in values.items()
    )
    listed = ", ".join(f"CAST(({text}) AS VARCHAR)" for text in coded)
    with session(threads=1) as engine:
        try:
            rows = engine.rows(f"SELECT {listed} FROM {tried}")
        except EngineError:
            return []
    found = [
        _with_sets(of, [row[coded.index(of.coded.sql(dialect="duckdb"))] for row in rows]) for of in group
    ]
    return found if all(of.expected <= of.sets.keys() for of in found) else []


def _with_sets(breakdown: _Breakdown, codes: Sequence[str | None]) -> _Breakdown:
    """Return a breakdown with the values of each code and of those above it."""
    sets: dict[str, set[int]] = {}
    for number, code in enumerate(codes):
        at, seen = code, set[str]()
        while at is not None and at in breakdown.parents and at not in seen:
            seen.add(at)
            sets.setdefault(at, set()).add(number)
            at = breakdown.parents[at]
    return replace(breakdown, sets={code: frozenset(of) for code, of in sets.items()})


def _is_told(one: _Breakdown, other: _Breakdown) -> bool:
    """Return whether what two breakdowns say of one another is known, and protected: as a tree, or because they are the same.

    Of two domains only the same categories are compared (`combined.py`).
    """
    if one.word == other.word or not one.columns & other.columns:
        return True
    if not one.sets or not other.sets:
        return False
    if one.target.where != other.target.where:
        return set(one.sets.values()) == set(other.sets.values())
    return _above([*one.sets.values(), *other.sets.values()]) is not None


def _are_crossed(one: _Breakdown, other: _Breakdown, every: Sequence[_Breakdown]) -> bool:
    """Return whether what lies in a category of both is a figure, beside whatever else both are crossed with."""
    if one.target.where != other.target.where:
        return False
    targets = {of.at[0]: of.target for of in every if of.target.where == one.target.where}
    told = {flow: _crossings(target, every) for flow, target in targets.items()}
    crossings = [crossing for of in told.values() for crossing in of]
    return are_crossed(one.word, other.word, told[one.at[0]], told[other.at[0]], crossings)


def _crossings(target: Target, every: Sequence[_Breakdown]) -> list[frozenset[tuple[str, str, str]]]:
    """Return the largest crossings that the figures of a target have."""
    words = {of.at[1]: of.word for of in every if of.target is target}
    margins = largest_margins(target.estimate) if target.estimate is not None else []
    return [frozenset(words[d] for d in margin if d in words) for margin in margins]


def tree_of(group: Sequence[Categories]) -> dict[Dimension, Shared] | None:
    """Return each breakdown with its categories in the variable that the group has in common; None where two overlap."""
    named: dict[Set, str] = {}
    for breakdown in group:
        for code, of in sorted(breakdown.sets.items()):
            named.setdefault(of, f"{breakdown.at[1]}@{breakdown.codelist}.{code}")
    above = _above(named)
    if above is None:
        return None
    parents = {named[of]: named[up] if up is not None else None for of, up in above.items()}
    depth: dict[str, int] = {}
    for category, up in parents.items():
        depth[category] = 0 if up is None else depth[up] + 1
    variable = f"lists@{digest(sorted(named.values()))}"
    return {
        breakdown.at: Shared(
            variable, {code: named[of] for code, of in breakdown.sets.items()}, parents, depth
        )
        for breakdown in group
    }


def _above(sets: Iterable[Set]) -> dict[Set, Set | None] | None:
    """Return set → the smallest other one that it lies in, greater ones first; None where two overlap otherwise."""
    within: dict[int, Set] = {}
    found: dict[Set, Set | None] = {}
    for of in sorted(dict.fromkeys(sets), key=lambda s: (-len(s), min(s))):
        above = {within.get(value) for value in of}
        if len(above) > 1:
            return None
        (found[of],) = above
        within |= dict.fromkeys(of, of)
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text and text[-1:].isdigit()
