"""A structure map as what a contract's target says: its map, values worth a name, and when a record is refused.

The SQL that comes out is scalar expressions over the columns of one record, checked by the same rules as what a person
writes in a contract (`citizenstats.contracts.expressions`); nothing of a message reaches the engine in another way.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from citizenstats.contracts import expressions
from citizenstats.contracts.model import Column, Mapped
from citizenstats.engine import name, quoted
from citizenstats.errors import MappingError
from citizenstats.mapping.model import (
    ComponentMap,
    DatePatternMap,
    MapMessage,
    RepresentationMap,
    StructureMap,
    TimeMap,
)
from citizenstats.mapping.rules_sql import Rule, representation_rule
from citizenstats.mapping.time_sql import Frequency, first_day, time_rule

TIME = "TIME_PERIOD"
"""The time dimension; SDMX 3.0 knows no other id for it."""


LONGEST = 400_000
"""Characters of SQL of one component at most."""

FIXED = "FixedValueMap"
"""What the trace of a fixed value says; it counts when no other rule gives a value."""

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a component is called in a contract; it becomes part of names in SQL and of files."""


@dataclass(frozen=True)
class Refusal:
    """When a record is refused because no mapping knows its values."""

    component: str
    column: str
    condition: str


@dataclass(frozen=True)
class Trace:
    """A rule of a structure map that may give a component its value, for who asks which one did.

    Attributes:
        says: what the rule is.
        representation: its map of values, if it has one.
        texts: SQL of each of its sources as text.
        start: SQL of the first day of the record's period as text, where the map asks for it.
    """

    says: str
    representation: RepresentationMap | None = None
    texts: tuple[str, ...] = ()
    start: str | None = None


@dataclass(frozen=True)
class Resolved:
    """A structure map in the terms of a contract.

    Attributes:
        structure_map: what was resolved.
        message: the message that holds it, with its representation maps.
        map: component → where it comes from.
        derive: values that several rules use, in order: name → SQL.
        refusals: when records are refused, apart from what `codes` of a column refuse.
        literals: component → the values that its rules can give, for the lint.
        traces: component → the rules that may give its value, in the order in which they are tried.
    """

    structure_map: StructureMap
    message: MapMessage
    map: Mapping[str, Mapped]
    derive: Mapping[str, str]
    refusals: tuple[Refusal, ...]
    literals: Mapping[str, tuple[str, ...]]
    traces: Mapping[str, tuple[Trace, ...]]


def resolved(
    structure_map: StructureMap,
    message: MapMessage,
    columns: Mapping[str, Column],
    beside: Mapping[str, Mapped],
    names: Collection[str],
    where: str,
) -> Resolved:
    """Return a structure map in the terms of a contract.

    Args:
        structure_map: the map.
        message: the message that holds its representation maps.
        columns: the columns of the contract.
        beside: what the contract maps itself, for frequency and time.
        names: all names that expressions on a record may use.
        where: file and line for errors.

    Raises:
        MappingError: a source is no column, a component is mapped twice, or a rule has no meaning.
    """
    return _Resolver(structure_map, message, columns, beside, names, where).resolved()


@dataclass
class _Resolver:
    structure_map: StructureMap
    message: MapMessage
    columns: Mapping[str, Column]
    beside: Mapping[str, Mapped]
    names: Collection[str]
    where: str
    rules: dict[str, list[Rule | Mapped]] = field(default_factory=dict)
    derive: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, list[str]] = field(default_factory=dict)
    traces: dict[str, list[Trace]] = field(default_factory=dict)

    def resolved(self) -> Resolved:
        self._fixed()
        timed = [c for c in self.structure_map.components if self._is_timed(c)]
        for component in self.structure_map.components:
            if component not in timed:
                self._component(component, None)
        for time in self.structure_map.times:
            self._time(time)
        if timed:
            start = self._start()
            for component in timed:
                self._component(component, start)
        twice = [c for c in self.rules if c in self.beside]
        if twice:
            raise MappingError(
                "MAPPED_TWICE",
                f"{twice[0]} stands in `map` and in the structure map",
                self.where,
                "say it once",
            )
        made = {c: self._mapped(rules) for c, rules in self.rules.items()}
        refusals = [r for c, rules in self.rules.items() for r in self._refusals(c, rules)]
        literals = {c: tuple(v for r in rules for v in _literals(r)) for c, rules in self.rules.items()}
        self._check(made, refusals)
        traces = {c: tuple(sorted(told, key=lambda t: t.says == FIXED)) for c, told in self.traces.items()}
        return Resolved(
            self.structure_map, self.message, made, dict(self.derive), tuple(refusals), literals, traces
        )

    # --- sources ------------------------------------------------------------------------------------------

    def _text(self, source: str) -> str:
        """Return the SQL of a source component as text."""
        constants = {f.component: f.values for f in self.structure_map.fixed if f.located_in == "source"}
        if source in self.columns:
            plain = self.columns[source].type in ("text", "period")
            return name(source) if plain else f"CAST({name(source)} AS VARCHAR)"
        if constants.get(source):
            return quoted(constants[source][0])
        if source in self.names:
            return f"CAST({name(source)} AS VARCHAR)"
        raise MappingError(
            "UNKNOWN_COLUMN", f"the structure map takes '{source}', which is no column", self.where,
            expressions.nearest(source, self.columns),
        )  # fmt: skip

    def _is_timed(self, component: ComponentMap) -> bool:
        if component.representation is None:
            return False
        found = self.message.representation(component.representation, self.where)
        return any(m.valid_from or m.valid_to for m in found.mappings)

    def _start(self) -> str:
        """Return the SQL of the first day of the record's period, which gets a name of its own."""
        if TIME not in self.rules and TIME not in self.beside:
            raise MappingError(
                "NO_PERIOD",
                f"mappings hold for a time only, but nothing is mapped to {TIME}",
                self.where,
                f"map {TIME}",
            )
        step = f"{TIME}__start"
        self.derive[step] = first_day(self._period())
        return name(step)

    def _period(self) -> str:
        """Return the SQL of the time period as text."""
        rules = self.rules.get(TIME)
        mapped = self._mapped(rules) if rules is not None else self.beside[TIME]
        column = self.columns.get(mapped.column or "")
        text = mapped.column in self.derive or (column is not None and column.type in ("text", "period"))
        return (
            self._output(TIME) if text and mapped.codes is None else f"CAST({self._output(TIME)} AS VARCHAR)"
        )

    def _output(self, component: str) -> str:
        """Return the SQL of a target component."""
        return _expression(
            self._mapped(self.rules[component]) if component in self.rules else self.beside[component]
        )

    # --- rules --------------------------------------------------------------------------------------------

    def _fixed(self) -> None:
        for fixed in self.structure_map.fixed:
            if fixed.located_in == "source":
                continue
            if len(fixed.values) != 1:
                raise MappingError(
                    "BAD_MAPPING", f"the fixed value of {fixed.component} has {len(fixed.values)} values", self.where,
                    "give one",
                )  # fmt: skip
            self._add(fixed.component, Mapped(value=fixed.values[0]), Trace(FIXED))

    def _add(self, component: str, rule: Rule | Mapped, trace: Trace, *inputs: str) -> None:
        if not _ID.fullmatch(component):
            raise MappingError("BAD_ID", f"'{component}' is no id of a component", self.where)
        self.rules.setdefault(component, []).append(rule)
        self.traces.setdefault(component, []).append(trace)
        self.inputs.setdefault(component, []).extend(inputs)

    def _component(self, component: ComponentMap, start: str | None) -> None:
        if component.representation is None:
            if len(component.sources) != len(component.targets):
                raise MappingError(
                    "BAD_MAPPING",
                    f"the map to {', '.join(component.targets)} needs a representation map",
                    self.where,
                )
            for source, target in zip(component.sources, component.targets, strict=True):
                self._add(target, self._copied(source), Trace(f"ComponentMap from {source}"), source)
            return
        representation = self.message.representation(component.representation, self.where)
        texts = [self._text(source) for source in component.sources]
        told = f"RepresentationMap {representation.reference} from {', '.join(component.sources)}"
        trace = Trace(told, representation, tuple(texts), start)
        for position, target in enumerate(component.targets):
            rule = representation_rule(representation, texts, position, start, self.where)
            if rule.codes is not None and len(texts) == 1 and component.sources[0] in self.columns:
                looked_up = Mapped(column=component.sources[0], codes=dict(rule.codes))
                self._add(target, looked_up, trace, component.sources[0])
            else:
                self._add(target, rule, trace, *component.sources)

    def _copied(self, source: str) -> Mapped:
        text = self._text(source)
        return Mapped(column=source) if source in self.names else Mapped(sql=text)

    def _time(self, time: TimeMap) -> None:
        formats = {f.id: f for f in self.structure_map.formats}
        for source, target in time.pairs:
            text = self._text(source)
            # What the contract reads as a date has the form of its own `date_format` no more.
            dated = (
                isinstance(time, DatePatternMap)
                and source in self.columns
                and self.columns[source].type == "date"
            )
            step = f"{target}__{source}"
            while step in self.derive:
                step += "_"
            read = name(source) if dated else text
            self.derive |= time_rule(
                time, read, step, self._frequency(time), formats, self.where, dated=dated
            )
            kind = "DatePatternMap" if isinstance(time, DatePatternMap) else "EpochMap"
            trace = Trace(f"{kind} from {source}")
            self._add(target, Rule(f"{text} IS NOT NULL", sql=name(step), step=step), trace, source)

    def _frequency(self, time: TimeMap) -> Frequency | None:
        """Return the frequency: of the target, or of the source where the target's is not mapped."""
        component = time.frequency_component
        if component is None:
            return None
        if component not in self.rules and component not in self.beside:
            return Frequency(self._text(component)) if component in self.columns else None
        rules = self.rules.get(component) or [self.beside[component]]
        known = all(not isinstance(r, Mapped) or r.value is not None or r.codes is not None for r in rules)
        codes = tuple(dict.fromkeys(code for r in rules for code in _literals(r)))
        return Frequency(self._output(component), codes if known and codes else None)

    def _mapped(self, rules: list[Rule | Mapped]) -> Mapped:
        """Return what gives a component its value: one rule, or the first of several that gives one."""
        for rule in rules:
            _short_enough((rule.sql or "") + (rule.key or "" if isinstance(rule, Rule) else ""), self.where)
        if len(rules) == 1:
            return _as_mapped(rules[0])
        # What is fixed is what is left when no other rule knows better.
        ordered = sorted(rules, key=lambda r: isinstance(r, Mapped) and r.value is not None)
        tried = ", ".join(_expression(_as_mapped(r)) for r in ordered)
        return Mapped(sql=_short_enough(f"coalesce({tried})", self.where))

    def _refusals(self, component: str, rules: list[Rule | Mapped]) -> list[Refusal]:
        """Return when a record is refused for a component: something is given, and no rule knows it."""
        if len(rules) == 1 and (isinstance(rules[0], Mapped) or rules[0].codes is not None):
            return []
        if any(isinstance(r, Mapped) and r.codes is None for r in rules):
            return []
        given = " OR ".join(f"({_given(r)})" for r in rules)
        matched = " OR ".join(f"({_matched(r)})" for r in rules)
        column = next((c for c in self.inputs[component] if c in self.columns), "")
        return [Refusal(component, column, f"({given}) AND NOT coalesce({matched}, FALSE)")]

    def _check(self, made: Mapping[str, Mapped], refusals: list[Refusal]) -> None:
        """Check what was made like the expressions of a contract."""
        names = list(self.names)
        for step, text in self.derive.items():
            expressions.parse(text, names, self.where)
            names.append(step)
        for text in [*(m.sql for m in made.values() if m.sql is not None), *(r.condition for r in refusals)]:
            expressions.parse(text, names, self.where)


def _short_enough(sql: str, where: str) -> str:
    """Return SQL that a contract may hold; raises MappingError where a map has too many rules that must be tried."""
    if len(sql) > LONGEST:
        raise MappingError(
            "TOO_LARGE", f"the rules of one component make {len(sql):,} characters of SQL; {LONGEST:,} is the most",
            where, "map whole values, which are looked up, in place of regular expressions and validity",
        )  # fmt: skip
    return sql


def _as_mapped(rule: Rule | Mapped) -> Mapped:
    if isinstance(rule, Mapped):
        return rule
    if rule.codes is not None:
        return Mapped(sql=rule.key, codes=dict(rule.codes))
    return Mapped(column=rule.step) if rule.step is not None else Mapped(sql=rule.sql)


def _expression(mapped: Mapped) -> str:
    """Return the SQL of what a contract says of a component."""
    if mapped.value is not None:
        return quoted(mapped.value)
    text = f"({mapped.sql})" if mapped.sql is not None else name(mapped.column or "")
    if mapped.codes is None:
        return text
    if isinstance(mapped.codes, str):
        raise MappingError(
            "CODES_IN_A_FILE", "a frequency or time that a structure map needs comes from a code map in a file", "",
            "write its codes in the contract",
        )  # fmt: skip
    cases = " ".join(f"WHEN {quoted(raw)} THEN {quoted(code)}" for raw, code in mapped.codes.items())
    return f"CASE CAST({text} AS VARCHAR) {cases} END"


def _given(rule: Rule | Mapped) -> str:
    return f"{name(rule.column or '')} IS NOT NULL" if isinstance(rule, Mapped) else rule.given


def _matched(rule: Rule | Mapped) -> str:
    if not isinstance(rule, Mapped) and rule.matched is not None:
        return rule.matched
    return f"{_expression(_as_mapped(rule))} IS NOT NULL"


def _literals(rule: Rule | Mapped) -> tuple[str, ...]:
    if isinstance(rule, Rule):
        return rule.literals
    if rule.value is not None:
        return (rule.value,)
    return tuple(rule.codes.values()) if isinstance(rule.codes, dict) else ()
