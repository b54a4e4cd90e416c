"""Structure-specific SDMX-ML data, what versions 2.1 and 3.0 have in common: header, groups, series, observations.

A version is a `Dialect`. One line a series and an observation, so that files can be compared and searched. Where a
series begins is seen by a look at the row before, in the engine, while rows stream by.

An observation without a value says so: ``OBS_VALUE="NaN"`` where the measure is a floating point number, as the
guides of 2.x have it and the standard since 3.1; both sdmx1 and pysdmx hand it on, and pandas takes it for
missing. Left out, it could be taken for "unchanged". A measure of another type is left out: its schema has no word
for it. An attribute without a value is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from xml.sax.saxutils import escape, quoteattr

from citizenstats.clock import stamp
from citizenstats.engine import Engine, name
from citizenstats.sdmx.model import Component, Reference
from citizenstats.sdmx.schema import group_name, namespace
from citizenstats.sdmx.write.checks import check_characters, check_levels
from citizenstats.sdmx.write.fragments import (
    FLOATING,
    Sql,
    character,
    concat,
    escaping,
    has_value,
    otherwise,
    value,
    when,
)
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
_CLOSE = "</Series>\n"


@dataclass(frozen=True)
class Dialect:
    """What a version of SDMX-ML has of its own.

    Attributes:
        version: as it stands in the namespaces, such as ``v3_0``.
        dataflow: gives the XML that refers to a dataflow in the header.
        data_set: attributes of every data set, as XML.
    """

    version: str
    dataflow: Callable[[Reference], str]
    data_set: str = ""


def write(engine: Engine, message: DataMessage, dialect: Dialect) -> Iterator[bytes]:
    """Return the chunks of a structure-specific message."""
    along = message.along
    found = layout(engine, message, along)
    check_levels(engine, found)
    check_characters(engine, found)
    opening = _head(message, dialect, along) + _data_set(engine, message, dialect, found)
    return _framed(opening, _groups(engine, message, found), _observations(engine, message, found))


def _framed(opening: str, groups: Iterable[bytes], observations: Iterable[bytes]) -> Iterator[bytes]:
    yield opening.encode()
    yield from groups
    yield from observations
    yield b"</mes:DataSet>\n</mes:StructureSpecificData>\n"


def _groups(engine: Engine, message: DataMessage, found: Layout) -> Iterator[bytes]:
    """Yield the attributes of groups, each group once."""
    for group, attributes in found.groups.items():
        dimensions = [message.structure.by_id[identifier] for identifier in group]
        parts = [_required(found, d) for d in dimensions] + [_optional(found, a) for a in attributes]
        text = concat([f'<Group xsi:type="ns1:{group_name(group)}"', *chain.from_iterable(parts), "/>\n"])
        keys = ", ".join(name(identifier) for identifier in group)
        values = ", ".join(f"min({name(a.id)}) AS {name(a.id)}" for a in attributes)
        told = " OR ".join(has_value(a, found.types[a.id]) for a in attributes)
        grouped = f"SELECT {keys}, {values} FROM ({message.source}) GROUP BY {keys}"
        yield from texts(engine, text, f"SELECT * FROM ({grouped}) WHERE {told} ORDER BY {keys}")


def _observations(engine: Engine, message: DataMessage, found: Layout) -> Iterator[bytes]:
    observation = concat(["<Obs", *_observation(message, found), "/>\n"])
    if found.series_key:
        return _closed(texts(engine, *_in_series(found, observation)))
    return texts(engine, observation, found.source)


def _closed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks of series, each of which closes the one before: so that the first one closes none."""
    first = next(chunks, None)
    if first is not None:
        yield first.removeprefix(_CLOSE.encode())
        yield from chunks
        yield _CLOSE.encode()


def _in_series(found: Layout, observation: Sql) -> tuple[Sql, str]:
    """Return the text of each row with the start of a series where one starts, and its source."""
    keys = [name(dimension.id) for dimension in found.series_key]
    lags = ", ".join(f"lag({key}) OVER () AS before_{i}" for i, key in enumerate(keys))
    changed = " OR ".join(f"{key} IS DISTINCT FROM before_{i}" for i, key in reversed(list(enumerate(keys))))
    start = [*(_required(found, d) for d in found.series_key), *(_optional(found, a) for a in found.series)]
    opened = concat([f"{_CLOSE}<Series", *chain.from_iterable(start), ">\n"])
    return concat([when(changed, opened), observation]), f"SELECT *, {lags} FROM ({found.source})"


def _observation(message: DataMessage, found: Layout) -> Iterator[str | Sql]:
    for dimension in found.key:
        yield from _required(found, dimension)
    for measure in found.measures:
        missing_said = measure.type in FLOATING and message.action != "Delete"
        yield from _required(found, measure, "NaN") if missing_said else _optional(found, measure)
    for attribute in found.observation:
        yield from _optional(found, attribute)


def _required(found: Layout, component: Component, missing: str | None = None) -> tuple[str | Sql, ...]:
    text = _value(found, component)
    return f' {component.id}="', text if missing is None else otherwise(text, missing), '"'


def _optional(found: Layout, component: Component) -> tuple[str | Sql, ...]:
    there = has_value(component, found.types[component.id])
    return (when(there, concat(_required(found, component))),)


def _value(found: Layout, component: Component) -> Sql:
    return value(component, found.types[component.id], _escaped)


def _entities(text: str) -> str:
    for one, entity in _ENTITIES.items():
        text = f"replace({text}, {character(one)}, '{entity}')"
    return text


_escaped = escaping("".join(_ENTITIES), _entities)


def _data_set(engine: Engine, message: DataMessage, dialect: Dialect, found: Layout) -> str:
    attributes = concat(["", *chain.from_iterable(_optional(found, a) for a in found.data_set)])
    told = engine.value(f"SELECT {attributes.text} FROM ({message.source}) LIMIT 1") if found.data_set else ""
    return (
        f'<mes:DataSet xsi:type="ns1:DataSetType" ss:structureRef={quoteattr(_structure_id(message))} '
        f'ss:action="{message.action}"{dialect.data_set}{told or ""}>\n'
    )


def _head(message: DataMessage, dialect: Dialect, along: str) -> str:
    header = message.header
    specific = quoteattr(namespace(message.structure, along))
    prepared = stamp(header.prepared)
    receiver = f"<mes:Receiver id={quoteattr(header.receiver)}/>\n" if header.receiver else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mes:StructureSpecificData xmlns:mes="{_BASE}/{dialect.version}/message" '
        f'xmlns:com="{_BASE}/{dialect.version}/common" '
        f'xmlns:ss="{_BASE}/{dialect.version}/data/structurespecific" '
        f'xmlns:ns1={specific} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        "<mes:Header>\n"
        f"<mes:ID>{escape(header.id)}</mes:ID>\n"
        f"<mes:Test>{str(header.test).lower()}</mes:Test>\n"
        f"<mes:Prepared>{prepared}</mes:Prepared>\n"
        f"<mes:Sender id={quoteattr(header.sender)}/>\n"
        f"{receiver}"
        f"<mes:Structure structureID={quoteattr(_structure_id(message))} namespace={specific} "
        f'dimensionAtObservation="{along}">'
        f"<com:StructureUsage>{dialect.dataflow(message.dataflow.reference)}</com:StructureUsage>"
        "</mes:Structure>\n"
        f"<mes:DataSetAction>{message.action}</mes:DataSetAction>\n"
        f"<mes:Extracted>{prepared}</mes:Extracted>\n"
        "</mes:Header>\n"
    )


def _structure_id(message: DataMessage) -> str:
    """Return the name by which the data set refers to its structure in the header: an XML name."""
    reference = message.dataflow.reference
    return f"{reference.agency}_{reference.id}_{reference.version}".replace("@", "_").replace("$", "_")
