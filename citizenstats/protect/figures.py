"""What is decided together: cells of the same quantity, wherever they are published.

A *figure* is one measured quantity of one population: the same condition estimated as a share and as a count is one figure, in
all dataflows of the family. A *population* is all figures about the same units. Within a figure a cell is told by its
categories that are not at their total. This module writes these three as SQL texts over the observations of a feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sqlglot

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Difference, Estimate, Indicator, Mapped, Target
from citizenstats.engine import name, quoted
from citizenstats.house import House
from citizenstats.protect import variables
from citizenstats.protect.lists import Shared, lists_of
from citizenstats.protect.variables import Variables
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.store import digest

Parents = Mapping[str, tuple[str, Mapping[str, str | None]]]
"""Variable → code of its total, and code → parent of its code list."""


@dataclass(frozen=True)
class Feed:
    """The figures of one dataset in one dataflow.

    Attributes:
        flow: ``AGENCY:ID``.
        dataset: the dataset.
        structure: of the dataflow.
        variables: what breaks the figures down.
        target: what the contract says of them.
        shared: breakdown → its categories, where other lists of the same column break down too.
    """

    flow: str
    dataset: Dataset
    structure: DataStructure
    variables: Variables
    target: Target
    shared: Mapping[str, Shared] = field(default_factory=dict)

    @property
    def estimate(self) -> Estimate | None:
        """How its figures are estimated; None for compiled ones."""
        return self.target.estimate

    @property
    def guards_revisions(self) -> bool:
        """Whether a change by few stays unpublished."""
        return self.dataset.contract.protection.guards(self.estimate)

    @property
    def measures(self) -> list[str]:
        """The ids of the measures."""
        return [measure.id for measure in self.structure.measures]

    @property
    def fixed(self) -> list[str]:
        """The dimensions that tell figures apart."""
        return [d for d in self.structure.key if d not in self.variables.totals]

    @cached_property
    def _indicator_dimensions(self) -> set[str]:
        """The dimensions by which indicators of one population differ."""
        if self.estimate is None:
            return set()
        set_by_some = {c for indicator in self.estimate.indicators.values() for c in indicator.set}
        return {self.estimate.indicator_dimension, *set_by_some} & set(self.fixed)

    def series(self) -> str:
        """Return SQL of what is published as one: all dimensions that break nothing down."""
        return self._joined(self.fixed, "")

    def population(self) -> str:
        """Return SQL of the population of a cell: what it is about, apart from what is measured.

        What the contract says of all records alike tells nobody apart: another dataflow may say it otherwise, or not at all.
        """
        about = [d for d in self.fixed if d not in self._indicator_dimensions and not self._is_constant(d)]
        return self._joined(about, self.start())

    def _is_constant(self, dimension: str) -> bool:
        mapped = self.target.map.get(dimension)
        return self.estimate is not None and mapped is not None and mapped.value is not None

    def start(self) -> str:
        """Return how the names of its populations begin: the dataset, and which of its units they are."""
        where = digest(self.target.where or "") if self.target.where else ""
        return f"{self.dataset.name if self.estimate else ''}|{where}"

    def peers(self) -> str:
        """Return SQL of the figures among which others may ask the same units: its population, of compiled ones the dataset."""
        return self.population() if self.estimate is not None else quoted(self.dataset.name)

    def scope(self) -> str:
        """Return SQL of the dataset and time of a cell: of whom all is known together by whoever knows who came or went.

        NULL where a change by few is published as any other.
        """
        if not self.guards_revisions:
            return "CAST(NULL AS VARCHAR)"
        time = self.structure.time
        period = f"coalesce(CAST({name(time.id)} AS VARCHAR), '')" if time is not None else "''"
        return f"{quoted(self.dataset.name + '|')} || {period}"

    def figure(self) -> str:
        """Return SQL of the figure of a cell: its population and what is measured."""
        if self.estimate is None:
            return self._joined(self.fixed, "")
        measured = f"CASE {self._by_indicator(self._measured)} ELSE {self._joined(self.fixed, '')} END"
        return f"{self.population()} || '|' || {measured}"

    def measured(self) -> str:
        """Return SQL of what is measured in which dataset; NULL for compiled figures, which say nothing of it."""
        if self.estimate is None:
            return "CAST(NULL AS VARCHAR)"
        start = quoted(f"{self.dataset.name}|{_normal(self.target.where or 'TRUE')}|")
        return f"CASE {self._by_indicator(lambda key: f'{start} || {self._measured(key)}')} END"

    def origin(self) -> str:
        """Return SQL of what a cell is about in the partner's own words, so that codes of two code lists can be compared.

        A list of texts: each column of the dataset with the cell's value in it, or the expression with its result.
        """
        parts = []
        for dimension in sorted(self.structure.key):
            mapped = self.target.map.get(dimension)
            if mapped is None or mapped.value is not None:
                continue
            text = self._origin(dimension, mapped)
            total = self.variables.totals.get(dimension)
            parts.append(
                text
                if total is None
                else f"CASE WHEN {name(dimension)} IS DISTINCT FROM {quoted(total)} THEN {text} END"
            )
        if not parts:
            return "CAST([] AS VARCHAR[])"
        return f"list_sort(list_filter([{', '.join(parts)}], lambda part: part IS NOT NULL))"

    def cell(self) -> str:
        """Return SQL of what a cell is known again by, in whichever dataflow and under whichever codes it was published.

        It is told by the columns `measured` and `origin` with the time, which a contract may say once for all records; of
        compiled figures, which say nothing of either, by the columns that were coded, and the codes.
        """
        if self.estimate is not None:
            time = self.structure.time
            period = f"coalesce(CAST({name(time.id)} AS VARCHAR), '')" if time is not None else "''"
            return f"md5(_measured || '|' || {period} || '|' || array_to_string(_origin, '|'))"
        told = [
            quoted(
                f"{self.dataset.name}|{_normal(self.target.where or 'TRUE')}|{self._source(self.measures[0])}"
            )
        ]
        for dimension in sorted(self.structure.key):
            total = self.variables.totals.get(dimension)
            text = f"{quoted(f'|{dimension}<{self._source(dimension)}=')} || coalesce(CAST({name(dimension)} AS VARCHAR), '')"
            if total is not None:
                text = f"CASE WHEN {name(dimension)} = {quoted(total)} THEN '' ELSE {text} END"
            told.append(text)
        return f"md5({' || '.join(told)})"

    def _source(self, component: str) -> str:
        """Return the column or the expression that a component comes from; an empty text where the contract says it."""
        mapped = self.target.map.get(component)
        return (mapped.column or _normal(mapped.sql or "")) if mapped is not None else ""

    def _origin(self, dimension: str, mapped: Mapped) -> str:
        code = f"coalesce(CAST({name(dimension)} AS VARCHAR), '')"
        codes = self.dataset.codes_of(mapped)
        if mapped.column is None or codes is None:
            return f"{quoted((mapped.column or _normal(mapped.sql or '')) + '=')} || {code}"
        raws: dict[str, list[str]] = {}
        for raw, to in codes.items():
            raws.setdefault(to, []).append(raw)
        cases = " ".join(
            f"WHEN {quoted(to)} THEN {quoted(f'{mapped.column}={digest(sorted(of))}')}"
            for to, of in sorted(raws.items())
        )
        return f"CASE {code} {cases} ELSE {quoted(mapped.column + '=')} || {code} END"

    def at(self) -> str:
        """Return SQL of the list of a cell's categories that are not at their total, by dimension."""
        parts = [
            f"CASE WHEN {name(d)} IS DISTINCT FROM {quoted(total)} THEN {quoted(self.variable(d) + '=')} || {name(d)} END"
            for d, total in sorted(self.variables.totals.items())
            if d not in self.shared
        ]
        variables = dict.fromkeys(self.shared[d].variable for d in sorted(self.shared))
        parts += [
            self._finest([d for d in sorted(self.shared) if self.shared[d].variable == v]) for v in variables
        ]
        if not parts:
            return "CAST([] AS VARCHAR[])"
        return f"list_filter([{', '.join(parts)}], lambda c: c IS NOT NULL)"

    def _finest(self, dimensions: list[str]) -> str:
        """Return SQL of the category of a cell in a variable that these dimensions have in common: that of the finest."""
        found = []
        for d in dimensions:
            of = self.shared[d]
            cases = " ".join(
                f"WHEN {quoted(code)} THEN {quoted(f'{of.depth[category]:04}{of.variable}={category}')}"
                for code, category in sorted(of.codes.items())
            )
            otherwise = f"{quoted(f'0000{self.variable(d)}=')} || {name(d)}"
            total = quoted(self.variables.totals[d])
            found.append(
                f"CASE WHEN {name(d)} IS DISTINCT FROM {total} THEN CASE {name(d)} {cases} ELSE {otherwise} END END"
            )
        return f"substr(list_max([{', '.join(found)}]), 5)"

    def sensitive(self) -> str:
        """Return the SQL condition that a figure is made from a sensitive column of the contract."""
        if self.estimate is None:
            return "FALSE"
        return f"CASE {self._by_indicator(self._asks_sensitive)} ELSE FALSE END"

    def minimum(self) -> str:
        """Return SQL of the fewest units of a cell, more where the question is sensitive; NULL where no rule applies."""
        more = f"greatest(_minimum, {self.dataset.contract.protection.sensitive_minimum})"
        return f"CASE WHEN _minimum IS NOT NULL AND {self.sensitive()} THEN {more} ELSE _minimum END"

    def restricted(self) -> str:
        """Return the SQL condition that a figure is about a part of the population that a condition tells apart."""
        if self.estimate is None:
            return "FALSE"
        return f"CASE {self._by_indicator(self._is_restricted)} ELSE FALSE END"

    def scale(self) -> str:
        """Return SQL of the factor on a figure."""
        if self.estimate is None:
            return "1"
        return f"CASE {self._by_indicator(self._scale)} ELSE 1 END"

    def differences(self) -> dict[str, Difference]:
        """Return SQL of whether a cell is a difference → the difference, in the order of the contract."""
        if self.estimate is None:
            return {}
        indicators = self.estimate.indicators.items()
        return {self.is_of(key): one.difference for key, one in indicators if one.difference is not None}

    def is_of(self, key: str) -> str:
        """Return the SQL condition that a cell is of an indicator."""
        assert self.estimate is not None  # noqa: S101 - the callers asked
        codes = {self.estimate.indicator_dimension: key, **self.estimate.indicators[key].set}
        told = [f"{name(d)} = {quoted(code)}" for d, code in sorted(codes.items()) if d in self.fixed]
        return " AND ".join(told) or "TRUE"

    def beside_indicators(self) -> list[str]:
        """Return the dimensions that break nothing down and tell no indicators apart."""
        return [d for d in self.fixed if d not in self._indicator_dimensions]

    def variable(self, dimension: str) -> str:
        """Return the name under which a dimension is the same in all dataflows: with its code list."""
        return f"{dimension}@{self.structure.by_id[dimension].codelist}"

    def _joined(self, dimensions: Iterable[str], start: str) -> str:
        parts = [f"{quoted(self.variable(d) + '=')} || coalesce({name(d)}, '')" for d in sorted(dimensions)]
        return " || '|' || ".join([quoted(start), *parts])

    def _by_indicator(self, what: Callable[[str], str]) -> str:
        assert self.estimate is not None  # noqa: S101 - the callers asked
        return " ".join(f"WHEN {self.is_of(key)} THEN {what(key)}" for key in self.estimate.indicators)

    def _asks_sensitive(self, key: str) -> str:
        assert self.estimate is not None  # noqa: S101 - the callers asked
        contract = self.dataset.contract
        texts = _expressions(self.estimate.measured(key))
        asked = {column for text in texts for column in _columns_behind(text, contract.derive)}
        sensitive = {c.casefold() for c, declared in contract.columns.items() if declared.role == "sensitive"}
        return "TRUE" if sensitive & {column.casefold() for column in asked} else "FALSE"

    def _is_restricted(self, key: str) -> str:
        assert self.estimate is not None  # noqa: S101 - the callers asked
        return "TRUE" if self.estimate.measured(key).among else "FALSE"

    def _scale(self, key: str) -> str:
        assert self.estimate is not None  # noqa: S101 - the callers asked
        return repr(float(self.estimate.scale_of(key)))

    def conditions(self) -> dict[str, str]:
        """Return the name of each measured condition → its SQL over a record; NULL for whom it is not asked."""
        if self.estimate is None:
            return {}
        found = {}
        for key, indicator in self.estimate.indicators.items():
            if indicator.kind in ("proportion", "count"):
                (text,) = indicator.expressions
                asked = "TRUE" if indicator.among is None else indicator.among
                found[self._measured_name(key)] = f"CASE WHEN {asked} THEN CAST(({text}) AS BOOLEAN) END"
        return found

    def answers(self) -> dict[str, str]:
        """Return the same with what is measured of amounts: TRUE for whoever answered."""
        if self.estimate is None:
            return {}
        found = {}
        for key, indicator in self.estimate.indicators.items():
            if indicator.difference is None and indicator.kind not in ("proportion", "count"):
                told = " AND ".join(f"({text}) IS NOT NULL" for text in indicator.expressions)
                asked = f"({indicator.among}) AND " if indicator.among is not None else ""
                found[self._measured_name(key)] = f"CASE WHEN {asked}{told} THEN TRUE END"
        return found | self.conditions()

    def _measured(self, key: str) -> str:
        """Return SQL of what an indicator measures."""
        return quoted(self._measured_name(key))

    def _measured_name(self, key: str) -> str:
        """Return what an indicator measures: the share of a condition and its count measure the same.

        Quantiles of one expression are figures by themselves, and so is each difference.
        """
        assert self.estimate is not None  # noqa: S101 - the callers asked
        indicator, of = self.estimate.indicators[key], self.estimate.measured(key)
        kind = "condition" if of.kind in ("proportion", "count") else of.kind
        said: list[object] = [*_expressions(of)]
        if indicator.quantile is not None:
            said.append(indicator.quantile.p)
        if indicator.difference is not None:
            across = self.variable(indicator.difference.across)
            kind, said = "difference", [kind, *said, across, *indicator.difference.groups]
        return f"{kind}:{digest(said)}"


def feeds_of(house: House, flow: str) -> list[Feed]:
    """Return the feeds of the dataflow ``AGENCY:ID``."""
    structures: Structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    found = []
    for dataset_name in house.mappings.dataflow(flow).feeds:
        dataset = house.mappings.dataset(dataset_name)
        target = next(t for t in dataset.contract.targets if t.dataflow == flow)
        shared = {d: of for (fed, d), of in lists_of(dataset, house.mappings).shared.items() if fed == flow}
        if target.estimate is None:
            breaking = variables.of_compiled(structure, structures)
        else:
            totals = {d: target.estimate.totals.get(d, "_T") for d in target.estimate.breakdowns}
            breaking = variables.of_estimate(totals, structure, structures)
        found.append(Feed(flow, dataset, structure, breaking, target, shared))
    return found


def _expressions(indicator: Indicator) -> tuple[str, ...]:
    """Return the expressions of an indicator, in the way the engine would write them."""
    texts = [*indicator.expressions, *([indicator.among] if indicator.among is not None else [])]
    return tuple(_normal(text) for text in texts)


def _normal(text: str) -> str:
    try:
        parsed = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return " ".join(text.split())
    return expressions.sql(parsed)


def _columns_behind(text: str, derive: Mapping[str, str]) -> set[str]:
    """Return the columns of a record that an expression uses, through what is derived."""
    found: set[str] = set()
    waiting = [text]
    while waiting:
        parsed = sqlglot.parse_one(waiting.pop(), dialect="duckdb")
        for column in expressions.columns_of(parsed) - found:
            found.add(column)
            if column in derive:
                waiting.append(derive[column])
    return found


def numerator(feed: Feed) -> str:
    """Return SQL of the units with the characteristic; of a compiled percentage that does not say, from its base."""
    if feed.estimate is not None or "UNIT_MEASURE" not in feed.structure.by_id:
        return "_k"
    percent = f"CAST(round({name(feed.measures[0])} * _n / 100) AS BIGINT)"
    return f"coalesce(_k, CASE WHEN UNIT_MEASURE IN ('PT', 'PERCENT') THEN {percent} END)"


def parents_of(feeds: Iterable[Feed], structures: Structures) -> Parents:
    """Return the variables of feeds: code of the total, and code → parent of the code list."""
    found: dict[str, tuple[str, Mapping[str, str | None]]] = {}
    for feed in feeds:
        for dimension, total in feed.variables.totals.items():
            codelist = feed.structure.by_id[dimension].codelist
            items = structures.scheme(codelist).by_id if codelist else {}
            found[feed.variable(dimension)] = (total, {code: item.parent for code, item in items.items()})
        found |= {of.variable: ("", of.parents) for of in feed.shared.values()}
    return found
