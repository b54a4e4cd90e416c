"""What all SDMX-ML data messages have in common: header, frame, and where series begin while rows stream by.

A version is a `Dialect`; how a group, a series and an observation look is a `Syntax`. One line a series and an
observation, so that files can be compared and searched. Where a series begins is seen by a look at the row before,
in the engine.

An observation without a value says so: ``NaN`` where the measure is a floating point number, as the guides of 2.x
have it and the standard since 3.1; both sdmx1 and pysdmx hand it on, and pandas takes it for missing. Left out, it
could be taken for "unchanged". A measure of another type is ``#N/A`` since 3.1, and left out before, where the schema
has no word for it. An attribute without a value is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from citizenstats.clock import stamp
from citizenstats.engine import Engine, name
from citizenstats.sdmx.model import Component, Reference
from citizenstats.sdmx.write.checks import check_characters, check_levels, check_missing
from citizenstats.sdmx.write.features import words
from citizenstats.sdmx.write.fragments import (
    Sql,
    character,
    concat,
    escaping,
    has_value,
    in_language,
    otherwise,
    value,
    when,
)
from citizenstats.sdmx.write.fragments import text_of as one_text
from citizenstats.sdmx.write.message import DataMessage, Layout, layout
from citizenstats.sdmx.write.stream import texts

_BASE = "http://www.sdmx.org/resources/sdmxml/schemas"
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


class Syntax(Protocol):
    """How the parts of a data set look; each text ends with a line feed."""

    @property
    def close(self) -> str:
        """What ends a series."""
        ...

    def namespaces(self, base: str, message: DataMessage, along: str) -> str:
        """Return the declarations of the namespaces that the data set uses, as XML attributes."""
        ...

    def header(self, message: DataMessage, along: str) -> str:
        """Return what the header's reference to the structure says more, as XML attributes."""
        ...

    def opening(self, message: DataMessage, action: str, attributes: str) -> str:
        """Return the start of the data set, with its action and the text of its attributes."""
        ...

    def attributes(self, found: Layout) -> Sql:
        """Return the text of the data set's attributes."""
        ...

    def group(self, message: DataMessage, found: Layout, group: tuple[str, ...]) -> Sql:
        """Return the text of a group."""
        ...

    def series(self, found: Layout) -> Sql:
        """Return the text that opens a series."""
        ...

    def observation(self, message: DataMessage, found: Layout) -> Sql:
        """Return the text of an observation."""
        ...


@dataclass(frozen=True)
class Dialect:
    """What a version of SDMX-ML has of its own.

    Attributes:
        form: name of the format.
        version: as it stands in the namespaces, such as ``v3_0``.
        dataflow: gives the XML that refers to a dataflow in the header.
        root: the element that holds header and data set.
        actions: action → what this version calls it, where it has another word.
    """

    form: str
    version: str
    dataflow: Callable[[Reference], str]
    root: str = "StructureSpecificData"
    actions: Mapping[str, str] = field(default_factory=dict)

    def action(self, message: DataMessage) -> str:
        """Return what a receiver does with the observations, in the words of this version."""
        return self.actions.get(message.action, message.action)


def write(
    engine: Engine,
    messages: Sequence[DataMessage],
    dialect: Dialect,
    syntax: Syntax,
) -> Iterator[bytes]:
    """Return the chunks of a message.

    Args:
        engine: reads the observations.
        messages: what is written, a data set each.
        dialect: the version.
        syntax: how the data sets look.
    """
    along = messages[0].along
    opening = _head(messages, dialect, syntax, along).encode()
    sets = [_data_set(engine, message, dialect, syntax, along) for message in messages]
    return chain([opening], *sets, [f"</mes:{dialect.root}>\n".encode()])


def validity(message: DataMessage, prefix: str = "") -> str:
    """Return the times between which a data set was valid, as XML attributes; empty where it does not say."""
    times = (("validFromDate", message.valid_from), ("validToDate", message.valid_to))
    return "".join(f' {prefix}{attribute}="{stamp(time)}"' for attribute, time in times if time is not None)


def _data_set(
    engine: Engine, message: DataMessage, dialect: Dialect, syntax: Syntax, along: str
) -> Iterator[bytes]:
    """Return the chunks of a data set; what can be wrong is raised by the call."""
    found = layout(engine, message, along, words(dialect.form))
    check_missing(engine, message, found)
    check_levels(engine, found)
    check_characters(engine, found)
    told = ""
    if found.data_set:
        # The same in all observations, as was checked.
        told = engine.value(f"SELECT {syntax.attributes(found).text} FROM ({message.source}) LIMIT 1") or ""
    opening = syntax.opening(message, dialect.action(message), told).encode()
    return chain(
        [opening],
        _groups(engine, message, found, syntax),
        _observations(engine, message, found, syntax),
        [b"</mes:DataSet>\n"],
    )


def _groups(engine: Engine, message: DataMessage, found: Layout, syntax: Syntax) -> Iterator[bytes]:
    """Yield the attributes of groups, each group once."""
    for group, attributes in found.groups.items():
        keys = ", ".join(name(identifier) for identifier in group)
        values = ", ".join(f"min({name(a.id)}) AS {name(a.id)}" for a in attributes)
        grouped = f"SELECT {keys}, {values} FROM ({message.source}) GROUP BY {keys}"
        source = f"SELECT * FROM ({grouped}) WHERE {any_of(found, attributes)} ORDER BY {keys}"
        yield from texts(engine, syntax.group(message, found, group), source)


def _observations(engine: Engine, message: DataMessage, found: Layout, syntax: Syntax) -> Iterator[bytes]:
    observation = syntax.observation(message, found)
    if found.deletes:
        observation = when(_deletes_there(found), observation)
    if found.series_key:
        chunks = texts(engine, *_in_series(found, syntax, observation))
        return _closed(chunks, syntax.close.encode())
    return texts(engine, observation, found.source)


def _deletes_there(found: Layout) -> str:
    """Return SQL of whether a row deletes at the observation: an element there without values deletes it whole.

    Where the dimension at the observation is open, the series goes; where only attributes above the observation are
    marked, they go.
    """
    marked = any_of(found, (*found.measures, *found.observation))
    above = any_of(found, (*found.data_set, *_grouped(found), *found.series))
    named = any_of(found, found.key) if found.series_key else "true"
    return f"({named}) AND (({marked}) OR NOT ({above}))"


def _grouped(found: Layout) -> tuple[Component, ...]:
    return tuple(attribute for attributes in found.groups.values() for attribute in attributes)


def _deletes_in_series(found: Layout) -> str:
    """Return SQL of whether a row deletes a series or something in it: one without anything would delete all that it covers.

    Marks of the data set and of groups are told there.
    """
    above = any_of(found, (*found.data_set, *_grouped(found)))
    below = any_of(found, (*found.series, *found.measures, *found.observation))
    return f"({below}) OR NOT ({above})"


def _closed(chunks: Iterator[bytes], close: bytes) -> Iterator[bytes]:
    """Yield the chunks of series, each of which closes the one before: so that the first one closes none."""
    first = next(chunks, None)
    if first is not None:
        yield first.removeprefix(close)
        yield from chunks
        yield close


def _in_series(found: Layout, syntax: Syntax, observation: Sql) -> tuple[Sql, str]:
    """Return the text of each row with the start of a series where one starts, and its source."""
    keys = [name(dimension.id) for dimension in found.series_key]
    source = found.source
    if found.deletes:
        source = f"SELECT * FROM ({source}) WHERE {_deletes_in_series(found)}"
        # A series that goes as a whole stands apart from observations of the same key that go one by one.
        keys += [f"({name(dimension.id)} IS NULL)" for dimension in found.key]
    lags = ", ".join(f"lag({key}) OVER () AS before_{i}" for i, key in enumerate(keys))
    changed = " OR ".join(f"{key} IS DISTINCT FROM before_{i}" for i, key in reversed(list(enumerate(keys))))
    opened = concat([syntax.close, syntax.series(found)])
    return concat([when(changed, opened), observation]), f"SELECT *, {lags} FROM ({source})"


# --- values -----------------------------------------------------------------------------------------------


def text_of(found: Layout, component: Component) -> Sql:
    """Return SQL of a component's value as it stands in an XML attribute; NULL where it has none."""
    return value(component, found.types[component.id], _escaped)


def values_of(found: Layout, component: Component) -> Sql:
    """Return SQL of ``Value`` elements: of a value with several parts, each of them; NULL where there is none."""

    def value_element(held: str) -> str:
        if not component.multilingual:
            text = one_text(component, held, found.types[component.id].removesuffix("[]"), _escaped)
            return f"CASE WHEN CAST({held} AS VARCHAR) <> '' THEN concat('<Value>', {text}, '</Value>') END"
        listed = []
        for language in component.languages:
            text = in_language(held, language)
            element = f"concat('<com:Text xml:lang=\"{language}\">', {_escaped(text)}, '</com:Text>')"
            listed.append(f"CASE WHEN {text} <> '' THEN {element} END")
        return f"concat('<Value>', {', '.join(listed)}, '</Value>')"

    column = name(component.id)
    if not component.array:
        return Sql(value_element(column))
    return Sql(f"array_to_string(list_transform({column}, lambda part: {value_element('part')}), '')")


def measured(found: Layout, measure: Component) -> Sql:
    """Return SQL of a measure as it stands in an XML attribute; NULL where nothing is said of it."""
    text = text_of(found, measure)
    word = found.missing(measure)
    there = when(has_value(measure, found.types[measure.id]), text)
    return there if word is None else otherwise(there, word)


def any_of(found: Layout, components: Iterable[Component]) -> str:
    """Return SQL of whether any of the components has a value."""
    tests = [has_value(c, found.types[c.id]) for c in components]
    # A value that is NULL makes a test on text NULL: not so.
    return " OR ".join(f"coalesce({test}, false)" for test in tests) or "false"


def _entities(text: str) -> str:
    for one, entity in _ENTITIES.items():
        text = f"replace({text}, {character(one)}, '{entity}')"
    return text


_escaped = escaping("".join(_ENTITIES), _entities)


# --- header -----------------------------------------------------------------------------------------------


def structure_id(message: DataMessage) -> str:
    """Return the name by which the data set refers to its structure in the header: an XML name."""
    reference = message.dataflow.reference
    return f"{reference.agency}_{reference.id}_{reference.version}".replace("@", "_").replace("$", "_")


def _head(messages: Sequence[DataMessage], dialect: Dialect, syntax: Syntax, along: str) -> str:
    message = messages[0]
    header = message.header
    prepared = stamp(header.prepared)
    receiver = f"<mes:Receiver id={quoteattr(header.receiver)}/>\n" if header.receiver else ""
    base = f"{_BASE}/{dialect.version}"
    actions = {dialect.action(one) for one in messages}
    # One action for all data sets, or none here: each says its own.
    action = f"<mes:DataSetAction>{actions.pop()}</mes:DataSetAction>\n" if len(actions) == 1 else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mes:{dialect.root} xmlns:mes="{base}/message" xmlns:com="{base}/common" '
        f'{syntax.namespaces(base, message, along)} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        "<mes:Header>\n"
        f"<mes:ID>{escape(header.id)}</mes:ID>\n"
        f"<mes:Test>{str(header.test).lower()}</mes:Test>\n"
        f"<mes:Prepared>{prepared}</mes:Prepared>\n"
        f"<mes:Sender id={quoteattr(header.sender)}/>\n"
        f"{receiver}"
        f"<mes:Structure structureID={quoteattr(structure_id(message))}{syntax.header(message, along)} "
        f'dimensionAtObservation="{along}">'
        f"<com:StructureUsage>{dialect.dataflow(message.dataflow.reference)}</com:StructureUsage>"
        "</mes:Structure>\n"
        f"{action}"
        f"<mes:Extracted>{prepared}</mes:Extracted>\n"
        "</mes:Header>\n"
    )
