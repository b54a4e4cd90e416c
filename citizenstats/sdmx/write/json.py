"""SDMX-JSON 2.0 and 2.1: by series along time unless the message says otherwise.

Dimensions and coded components are written as indices into the lists of values that occur, which stand in the
structure before the data; what has no code list is written as it is. The engine knows the lists, as enumerations,
so rows stream by here too. A value that is missing is ``null``.

The lists hold what occurs, so their size goes with the codes and periods, not with the observations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from citizenstats.clock import stamp
from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import Component, Item, Reference
from citizenstats.sdmx.write.checks import check_levels
from citizenstats.sdmx.write.fragments import Sql, concat, value, when
from citizenstats.sdmx.write.message import Action, DataMessage, Format, Layout, layout
from citizenstats.sdmx.write.stream import texts
from citizenstats.sdmx.write.xml import any_of

_SCHEMA = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas"
_ID = re.compile(r"[A-Za-z0-9_@$-]+")
_CLOSE = "}},\n"
_NEXT = ",\n"
_FLOATS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class _Version:
    """What a version of SDMX-JSON has of its own: its number, and its words for actions where it has others."""

    number: str
    actions: Mapping[Action, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Values:
    """The values that occur: component id → its list, for dimensions and what has a code list."""

    lists: Mapping[str, tuple[str, ...]]

    def index(self, component: Component) -> Sql:
        """Return SQL of the index of a component's value; NULL where it has none."""
        listed = ", ".join(quoted(text) for text in self.lists[component.id])
        if not listed:
            return Sql("CAST(NULL AS VARCHAR)")
        return Sql(f"CAST(enum_code(CAST(nullif({name(component.id)}, '') AS ENUM({listed}))) AS VARCHAR)")


def _writer(version: _Version) -> Callable[[Engine, DataMessage], Iterator[bytes]]:
    def write(engine: Engine, message: DataMessage) -> Iterator[bytes]:
        found = layout(engine, message, message.along)
        check_levels(engine, found)
        values = _occurring(engine, message, found)
        opening = _opening(engine, version, message, found, values)
        return _framed(opening, _rows(engine, found, values), closing="}}]}}\n")

    return write


def _framed(opening: str, rows: Iterator[bytes], closing: str) -> Iterator[bytes]:
    yield opening.encode()
    yield from rows
    yield closing.encode()


def _occurring(engine: Engine, message: DataMessage, found: Layout) -> _Values:
    """Return the values that occur, in the order of their code list, or of their text."""
    lists = {}
    for component in message.structure.components:
        if component.id in found.types and (component.codelist or component.role in ("dimension", "time")):
            column = name(component.id)
            there = f"{column} IS NOT NULL AND {column} <> ''"
            rows = engine.rows(f"SELECT DISTINCT {column} FROM ({message.source}) WHERE {there} ORDER BY 1")
            occurring = {str(row[0]) for row in rows}
            ordered = [item.id for item in _items(message, component) if item.id in occurring]
            lists[component.id] = (*ordered, *sorted(occurring.difference(ordered)))
    return _Values(lists)


def _items(message: DataMessage, component: Component) -> tuple[Item, ...]:
    if component.codelist is None or message.structures is None:
        return ()
    return message.structures.scheme(component.codelist).items


# --- rows -------------------------------------------------------------------------------------------------


def _rows(engine: Engine, found: Layout, values: _Values) -> Iterator[bytes]:
    """Yield the series, or the observations of a flat message, without the comma before the first."""
    observation = [
        '"', *_key(values, found.key), '":[', *_listed(found, values, (*found.measures, *found.observation)), "]",
    ]  # fmt: skip
    if not found.series_key:
        return _between(texts(engine, concat([_NEXT, *observation]), found.source), _NEXT, "\n")
    keys = [name(dimension.id) for dimension in found.series_key]
    lags = ", ".join(f"lag({key}) OVER () AS before_{i}" for i, key in enumerate(keys))
    changed = " OR ".join(f"{key} IS DISTINCT FROM before_{i}" for i, key in reversed(list(enumerate(keys))))
    attributes = ['"attributes":[', *_listed(found, values, found.series), "],"] if found.series else []
    opened = concat([f'{_CLOSE}"', *_key(values, found.series_key), '":{', *attributes, '"observations":{'])
    text = concat([Sql(f"CASE WHEN {changed} THEN {opened.text} ELSE ',' END"), *observation])
    return _between(texts(engine, text, f"SELECT *, {lags} FROM ({found.source})"), _CLOSE, "}}\n")


def _between(chunks: Iterator[bytes], before: str, after: str) -> Iterator[bytes]:
    """Yield the chunks without what stands before the first row, and what comes after the last."""
    first = next(chunks, None)
    if first is not None:
        yield first.removeprefix(before.encode())
        yield from chunks
        yield after.encode()


def _key(values: _Values, dimensions: Iterable[Component]) -> Iterator[str | Sql]:
    for position, dimension in enumerate(dimensions):
        if position:
            yield ":"
        yield values.index(dimension)


def _listed(found: Layout, values: _Values, components: Iterable[Component]) -> Iterator[str | Sql]:
    """Yield the values of components with commas between; what has none is null."""
    for position, component in enumerate(components):
        if position:
            yield ","
        yield Sql(f"coalesce({_value(found, values, component).text}, 'null')")


def _value(found: Layout, values: _Values, component: Component) -> Sql:
    if component.id in values.lists:
        return values.index(component)
    kind = found.types[component.id]
    if kind in _FLOATS:
        # JSON has no word for what is no number.
        return when(f"isfinite({name(component.id)})", value(component, kind, str))
    if kind in ("VARCHAR", "DATE"):
        column = f"CAST({name(component.id)} AS VARCHAR)"
        return Sql(f"CAST(to_json(nullif({column}, '')) AS VARCHAR)")
    return value(component, kind, str)


# --- before and after the rows ----------------------------------------------------------------------------


def _opening(engine: Engine, version: _Version, message: DataMessage, found: Layout, values: _Values) -> str:
    data_set: dict[str, Any] = {
        "structure": 0,
        "action": version.actions.get(message.action, message.action),
        "links": [_link(message.dataflow.reference, "Dataflow", "dataflow")],
    }
    if found.data_set:
        text = concat(["[", *_listed(found, values, found.data_set), "]"])
        told = engine.value(f"SELECT {text.text} FROM ({message.source}) LIMIT 1")
        data_set["attributes"] = json.loads(told) if told else [None] * len(found.data_set)
    if found.groups:
        data_set["dimensionGroupAttributes"] = _groups(engine, message, found, values)
    head = {"meta": _meta(version, message), "data": {"structures": [_structure(message, found, values)]}}
    before = json.dumps(head, ensure_ascii=False, separators=(",", ":")).removesuffix("}}")
    told_of_set = json.dumps(data_set, ensure_ascii=False, separators=(",", ":")).removesuffix("}")
    kind = "series" if found.series_key else "observations"
    return f'{before},"dataSets":[{told_of_set},"{kind}":{{\n'


def _meta(version: _Version, message: DataMessage) -> dict[str, Any]:
    header = message.header
    receivers = {"receivers": [{"id": header.receiver}]} if header.receiver else {}
    return {
        "schema": f"{_SCHEMA}/{version.number}.0/sdmx-json-data-schema.json",
        "id": header.id,
        "test": header.test,
        "prepared": stamp(header.prepared),
        "contentLanguages": sorted(message.dataflow.names),
        "sender": {"id": header.sender},
        **receivers,
        "links": [],
    }


def _structure(message: DataMessage, found: Layout, values: _Values) -> dict[str, Any]:
    position = {identifier: i for i, identifier in enumerate(message.structure.key)}

    def dimensions(components: Iterable[Component]) -> list[dict[str, Any]]:
        # A dimension's list of values may not be empty: without observations there are no dimensions to tell of.
        there = [c for c in components if values.lists[c.id]]
        return [{**_told(message, values, c), "keyPosition": position[c.id]} for c in there]

    def attributes(components: Iterable[Component]) -> list[dict[str, Any]]:
        return [
            {
                **_told(message, values, c),
                "isMandatory": c.mandatory,
                "relationship": _relationship(message, c),
            }
            for c in components
        ]

    grouped = [attribute for listed in found.groups.values() for attribute in listed]
    return {
        "dataSets": [0],
        "links": [_link(message.structure.reference, "DataStructure", "structure")],
        **_names(message.dataflow.names, message.dataflow.reference.id),
        "dimensions": {
            "dataSet": [],
            "series": dimensions(found.series_key),
            "observation": dimensions(found.key),
        },
        "measures": {"observation": [_told(message, values, m) for m in found.measures]},
        "attributes": {
            "dataSet": attributes(found.data_set),
            "dimensionGroup": attributes(grouped),
            "series": attributes(found.series),
            "observation": attributes(found.observation),
        },
        "annotations": [],
    }


def _told(message: DataMessage, values: _Values, component: Component) -> dict[str, Any]:
    """Return id, names, type and the values that occur of a component."""
    concept: Item | None = None
    if message.structures is not None:
        concept = message.structures.scheme(component.concept_scheme).by_id.get(component.concept)
    told: dict[str, Any] = {"id": component.id, **_names(concept.names if concept else {}, component.id)}
    if component.id not in values.lists:
        return {**told, "format": {"dataType": component.type}}
    items = {item.id: item for item in _items(message, component)}
    listed = [_item(text, items.get(text)) for text in values.lists[component.id]]
    return {**told, **({"values": listed} if listed else {})}


def _item(text: str, item: Item | None) -> dict[str, Any]:
    identity = "id" if _ID.fullmatch(text) else "value"
    return {identity: text, **_names(item.names if item else {}, text)}


def _names(names: Mapping[str, str], otherwise: str) -> dict[str, Any]:
    """Return a name, English where there is one, and all names by language."""
    if not names:
        return {"name": otherwise}
    return {"name": names.get("en") or next(iter(names.values())), "names": dict(names)}


def _relationship(message: DataMessage, attribute: Component) -> dict[str, Any]:
    if attribute.attachment == "dataset":
        return {"dataflow": {}}
    if attribute.attachment == "observation":
        return {"observation": {}}
    return {"dimensions": list(message.structure.dimensions_of(attribute))}


def _link(reference: Reference, kind: str, rel: str) -> dict[str, str]:
    return {"urn": f"urn:sdmx:org.sdmx.infomodel.datastructure.{kind}={reference}", "rel": rel}


def _groups(engine: Engine, message: DataMessage, found: Layout, values: _Values) -> dict[str, list[Any]]:
    """Return the attributes of groups by partial key: an index where a dimension is of the group, else nothing."""
    told: dict[str, list[Any]] = {}
    everything = [attribute for listed in found.groups.values() for attribute in listed]
    for group, attributes in found.groups.items():
        keys = ", ".join(name(identifier) for identifier in group)
        held = ", ".join(f"min({name(a.id)}) AS {name(a.id)}" for a in attributes)
        grouped = f"SELECT {keys}, {held} FROM ({message.source}) GROUP BY {keys}"
        partial = [
            values.index(message.structure.by_id[d]) if d in group else "" for d in message.structure.key
        ]
        key = concat([part for i, one in enumerate(partial) for part in ([":"] if i else []) + [one]])
        text = concat(["[", *_listed(found, values, attributes), "]"])
        where = any_of(found, attributes)
        for place, said in engine.rows(
            f"SELECT {key.text}, {text.text} FROM (SELECT * FROM ({grouped}) WHERE {where} ORDER BY {keys})"
        ):
            own = dict(zip((a.id for a in attributes), json.loads(said), strict=True))
            told[str(place)] = [own.get(a.id) for a in everything]
    return told


def _format(version: _Version) -> Format:
    name_ = f"json-{version.number}"
    media_type = f"application/vnd.sdmx.data+json;version={version.number}.0"
    return Format(name_, media_type, f"data.{name_}.json", _writer(version))


FORMATS = tuple(map(_format, (_Version("2.0"), _Version("2.1", {"Append": "Merge", "Information": "Merge"}))))
