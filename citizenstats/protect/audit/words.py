"""What a cell is about, told from the contracts: so that the same cell is known again in whichever dataflow it stands.

What is measured, of whom, and each category, in the partner's own words: a category is the set of raw texts that its code
stands for; where one column is broken down in several ways, of the column's values (`values.py`). Two code lists that call the
same people differently then have the same cell, and a code that stands for the people of several others is their sum. Compiled
figures say nothing of where they come from: there the codes are the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlglot

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Indicator, Mapped, Target
from citizenstats.engine import name, quoted
from citizenstats.house import House
from citizenstats.protect.audit.values import Stands, stands_for
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.store import digest


@dataclass(frozen=True)
class Ladder:
    """The categories into which one dimension of a dataflow breaks the figures down.

    Attributes:
        variable: what is broken down; the same in all dataflows that break down the same column.
        above: category → the one that it lies under; None where that is the total.
        made_of: category → the raw texts that it stands for.
    """

    variable: str
    above: Mapping[str, str | None]
    made_of: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Words:
    """How the keys of one dataset in one dataflow are told.

    Attributes:
        flow: ``AGENCY:ID``.
        dataset: its dataset.
        figure: SQL of what is measured of whom, over the columns of the key.
        population: SQL of whom.
        whom: the units among which the target looks.
        peers: SQL of the figures among which others may ask the same units: its population, of compiled ones the dataset.
        about: SQL of the rest of the population: of what dataset, when, where.
        measured: SQL of what is measured.
        restricted: SQL condition that only some of them are asked.
        categories: SQL of the sorted list of categories that are not the total.
        ladders: what adds up.
        named: dimension → what it breaks down, and code → category.
    """

    flow: str
    dataset: Dataset
    target: Target
    figure: str
    population: str
    whom: str
    peers: str
    about: str
    measured: str
    restricted: str
    categories: str
    ladders: tuple[Ladder, ...]
    named: Mapping[str, tuple[str, Mapping[str, str]]]

    @property
    def guards(self) -> bool:
        """Whether changes by few may not be had."""
        return self.dataset.contract.protection.guards(self.target.estimate)


def words_of(house: House, flow: str) -> list[Words]:
    """Return how the keys of the dataflow ``AGENCY:ID`` are told, for each dataset that feeds it."""
    structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    found = []
    for fed_by in house.mappings.dataflow(flow).feeds:
        dataset = house.mappings.dataset(fed_by)
        target = next(t for t in dataset.contract.targets if t.dataflow == flow)
        found.append(_told(flow, dataset, target, structure, structures))
    return found


def _told(
    flow: str, dataset: Dataset, target: Target, structure: DataStructure, structures: Structures
) -> Words:
    totals = _totals(target, structure, structures)
    measured_by = _measured_by(target)
    about: list[str] = []
    categories: list[str] = []
    ladders: list[Ladder] = []
    named: dict[str, tuple[str, Mapping[str, str]]] = {}
    for dimension in sorted(set(structure.key) - measured_by):
        word = _word(dimension, dataset, target, structure, structures)
        if word is None:
            continue
        if dimension in totals:
            ladders.append(word.ladder(totals[dimension]))
            named[dimension] = (word.variable, {code: word.category(code) for code in word.made_of})
            at_total = f"{name(dimension)} = {quoted(totals[dimension])}"
            categories.append(f"CASE WHEN NOT coalesce({at_total}, FALSE) THEN {word.sql()} END")
        else:
            about.append(word.sql())
    population = " || '|' || ".join([quoted(_of_whom(dataset, target)), *sorted(about)])
    listed = ", ".join(categories)
    measured = _by_indicator(target, structure, lambda i: measured_sql(i, target))
    return Words(
        flow,
        dataset,
        target,
        figure=f"md5({population} || '|' || {measured})",
        population=f"md5({population})",
        whom=_of_whom(dataset, target),
        peers=f"md5({population})" if target.estimate is not None else quoted(dataset.name),
        about=f"md5({' || '.join([quoted(dataset.name), *sorted(about)])})",
        measured=measured,
        restricted=_by_indicator(target, structure, lambda i: "TRUE" if i.among else "FALSE", "FALSE"),
        categories=f"list_sort(list_filter(CAST([{listed}] AS VARCHAR[]), lambda c: c IS NOT NULL))",
        ladders=tuple(ladders),
        named=named,
    )


def _of_whom(dataset: Dataset, target: Target) -> str:
    return f"{dataset.name}|{_normal(target.where or 'TRUE')}" if target.estimate else ""


def _measured_by(target: Target) -> set[str]:
    """Return the dimensions that say which indicator it is; its meaning stands in their place."""
    if target.estimate is None:
        return set()
    fixed = {c for indicator in target.estimate.indicators.values() for c in indicator.set}
    return {target.estimate.indicator_dimension, *fixed} - set(target.estimate.breakdowns)


def _totals(target: Target, structure: DataStructure, structures: Structures) -> dict[str, str]:
    if target.estimate is not None:
        return {d: target.estimate.totals.get(d, "_T") for d in target.estimate.breakdowns}
    found = {}
    for dimension in structure.dimensions:
        if dimension.codelist is not None:
            items = structures.scheme(dimension.codelist).items
            parents = {item.parent for item in items if item.parent is not None}
            roots = [item.id for item in items if item.parent is None and item.id in parents]
            if any(item.id == "_T" for item in items):
                found[dimension.id] = "_T"
            elif len(roots) == 1:
                found[dimension.id] = roots[0]
    return found


@dataclass(frozen=True)
class _Word:
    """One dimension: what it breaks down, and what each of its codes stands for.

    Attributes:
        dimension: its id.
        variable: the column, or the expression, behind it.
        coded: whether its codes stand for raw texts; else they are the words themselves.
        parents: code → parent in the code list.
        made_of: code → the texts that it stands for, those of the codes below it too.
    """

    dimension: str
    variable: str
    coded: bool
    parents: Mapping[str, str | None]
    made_of: Mapping[str, frozenset[str]]

    def category(self, code: str) -> str:
        """Return what a code is called where all dataflows understand it."""
        return f"{self.variable}={digest(sorted(self.made_of[code]))[:12] if self.coded and self.made_of[code] else code}"

    def sql(self) -> str:
        """Return SQL of the category of a key."""
        code = f"coalesce({name(self.dimension)}, '')"
        itself = f"{quoted(self.variable + '=')} || {code}"
        if not self.coded:
            return itself
        cases = " ".join(f"WHEN {quoted(c)} THEN {quoted(self.category(c))}" for c in sorted(self.made_of))
        return f"CASE {code} {cases} ELSE {itself} END"

    def ladder(self, total: str) -> Ladder:
        """Return what adds up to the total."""
        codes = [code for code in sorted(self.made_of) if code != total]
        above: dict[str, str | None] = {}
        for code in codes:
            mine = self.category(code)
            higher = (self.category(up) for up in _over(code, self.parents) if up != total)
            above[mine] = next((up for up in higher if up != mine), None)
        return Ladder(self.variable, above, {self.category(code): self.made_of[code] for code in codes})


def _word(
    dimension: str, dataset: Dataset, target: Target, structure: DataStructure, structures: Structures
) -> _Word | None:
    """Return what a dimension says; None where it says the same of every figure."""
    codelist = structure.by_id[dimension].codelist
    items = structures.scheme(codelist).items if codelist is not None else ()
    parents = {item.id: item.parent for item in items}
    variable = f"{dimension}@{codelist}"
    raws: Stands | None = None
    if target.estimate is not None:
        mapped = target.map.get(dimension)
        if mapped is None or mapped.value is not None:
            return None
        variable, raws = _source(mapped), _raws(dataset, mapped)
        several = stands_for(dataset, mapped)
        if several is not None:
            variable, raws = several
    made_of = {code: set() if raws is not None else {code} for code in parents}
    for code, listed in (raws or {}).items():
        made_of.setdefault(code, set()).update(listed)
    for code, texts in list(made_of.items()):
        for up in _over(code, parents):
            made_of.setdefault(up, set()).update(texts)
    told = {code: frozenset(texts) for code, texts in made_of.items()}
    return _Word(dimension, digest(variable)[:8], raws is not None, parents, told)


def _raws(dataset: Dataset, mapped: Mapped) -> Stands | None:
    """Return code → the raw texts that it stands for; None where the contract has no map of codes."""
    codes = dataset.codes_of(mapped)
    if codes is None:
        return None
    found: dict[str, set[str]] = {}
    for raw, code in codes.items():
        found.setdefault(code, set()).add(raw)
    return {code: frozenset(of) for code, of in found.items()}


def _over(code: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return all codes above a code, the nearest first."""
    found: list[str] = []
    at = parents.get(code)
    while at is not None and at not in found and at != code:
        found.append(at)
        at = parents.get(at)
    return found


def _source(mapped: Mapped) -> str:
    return mapped.column.casefold() if mapped.column is not None else _normal(mapped.sql or "")


def _by_indicator(
    target: Target, structure: DataStructure, what: Callable[[Indicator], str], otherwise: str = "''"
) -> str:
    """Return SQL of something that each indicator has."""
    if target.estimate is None:
        return otherwise
    cases = []
    for key, indicator in target.estimate.indicators.items():
        codes = {target.estimate.indicator_dimension: key, **indicator.set}
        is_it = " AND ".join(
            f"{name(d)} = {quoted(c)}" for d, c in sorted(codes.items()) if d in structure.key
        )
        cases.append(f"WHEN {is_it or 'TRUE'} THEN {what(indicator)}")
    return f"CASE {' '.join(cases)} ELSE {otherwise} END"


def measured_sql(indicator: Indicator, target: Target) -> str:
    """Return SQL of what an indicator measures: the share of a condition and the number that meet it are one."""
    assert target.estimate is not None  # noqa: S101 - an indicator is one of an estimate
    apart: list[str] = []
    if (compared := indicator.difference) is not None:
        apart = ["difference", compared.across, *compared.groups]
        indicator = target.estimate.indicators[compared.of]
    elif (quantile := indicator.quantile) is not None:
        apart = [str(quantile.p)]
    kind = "condition" if indicator.kind in ("proportion", "count") else indicator.kind
    parts = [*indicator.expressions, indicator.among or ""]
    return quoted(f"{kind}:{digest([*(_normal(part) for part in parts), *apart])}")


def _normal(text: str) -> str:
    try:
        return expressions.sql(sqlglot.parse_one(text, dialect="duckdb")) if text else ""
    except sqlglot.errors.SqlglotError:
        return " ".join(text.split())
