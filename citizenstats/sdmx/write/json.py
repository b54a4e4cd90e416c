"""SDMX-JSON 1.0, 2.0 and 2.1: by series along time unless the message says otherwise.

Dimensions and coded components are written as indices into the lists of values that occur, which stand in the
structure before the data; what has no code list is written as it is, in 1.0 as an index too. The engine knows the
lists, as enumerations, so rows stream by here too. A missing measure is ``null``, since 2.1 ``NaN`` or ``#N/A``.

The lists hold what occurs, so their size goes with the codes and periods, not with the observations; in 1.0 free
texts and numbers beside the value are in them too, which is why it takes a limited number.

To delete, a key with an open dimension stands among the attributes of dimension groups, without attributes (field
guide of 2.1, on ``Delete``); 1.0 has no such place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from citizenstats.clock import stamp
from citizenstats.engine import Engine, name
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component
from citizenstats.sdmx.write.checks import (
    check_characters,
    check_levels,
    check_missing,
    check_named,
)
from citizenstats.sdmx.write.features import MARKS_ABOVE, OPEN_KEYS, words
from citizenstats.sdmx.write.fragments import (
    Sql,
    concat,
    has_value,
    in_language,
    otherwise,
    text_of,
    value,
    when,
)
from citizenstats.sdmx.write.json_structure import Values, Version, indexed, items, link, meta, structure
from citizenstats.sdmx.write.message import DataMessage, Format, Layout, Words, Writer, layout
from citizenstats.sdmx.write.options import Options
from citizenstats.sdmx.write.stream import texts
from citizenstats.sdmx.write.xml import any_of

MOST_VALUES = 100_000
"""Different values of an attribute without code list that a message of 1.0 takes: its lists are held in memory."""

_CLOSE = "}},\n"
_NEXT = ",\n"
_FLOATS = ("DOUBLE", "FLOAT")


def _writer(version: Version) -> Writer:
    def write(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
        sets = [_DataSet(engine, version, message, number) for number, message in enumerate(messages)]
        structures = [one.structure() for one in sets]
        described = {"structure": structures[0]} if version.first else {"structures": structures}
        said = {"meta": meta(version, messages[0], structures), "data": described}
        # Since 2.1 the schema stands at the root, and `meta` has it for those who look there.
        head = _json({"$schema": version.schema, **said} if version.number == "2.1" else said).removesuffix(
            "}}"
        )
        bodies = [one.chunks(b"," if number else b"") for number, one in enumerate(sets)]
        return chain([f'{head},"dataSets":['.encode()], *bodies, [b"]}}\n"])

    return write


class _DataSet:
    """A data set that is about to be written; all that can be wrong is raised when it is made."""

    def __init__(self, engine: Engine, version: Version, message: DataMessage, number: int) -> None:
        self._engine = engine
        self._version = version
        self._message = message
        self._number = number
        found = layout(engine, message, message.along, _words(version))
        check_missing(engine, message, found)
        self._found = _without_groups(message, found) if version.first else found
        check_levels(engine, self._found)
        if version.first:
            check_characters(engine, self._found)
        self._values = _occurring(engine, version, message, self._found)
        if version.first:
            self._found = _with_values(self._found, self._values)
        self._open = (
            _open_keys(engine, version, message, self._found, self._values) if found.deletes else None
        )

    def structure(self) -> dict[str, Any]:
        """Return what describes the data set."""
        return structure(self._version, self._message, self._found, self._values, self._number)

    def chunks(self, before: bytes) -> Iterator[bytes]:
        """Return the text of the data set after the text that parts it from the one before."""
        found, message = self._found, self._message
        told: dict[str, Any] = {
            **({} if self._version.first else {"structure": self._number}),
            "action": self._version.action(message),
            "links": [link(message.dataflow.reference, "Dataflow", "dataflow")],
            **({"validFrom": stamp(message.valid_from)} if message.valid_from else {}),
            **({"validTo": stamp(message.valid_to)} if message.valid_to else {}),
        }
        if found.data_set and not found.deletes:
            text = concat(["[", *_listed(found, self._values, found.data_set), "]"])
            said = self._engine.value(f"SELECT {text.text} FROM ({message.source}) LIMIT 1")
            told["attributes"] = json.loads(said) if said else [None] * len(found.data_set)
        if found.deletes:
            full = " AND ".join(f"{name(d)} IS NOT NULL" for d in message.structure.key)
            found = replace(found, source=f"SELECT * FROM ({found.source}) WHERE {full}")
            told |= {"dimensionGroupAttributes": self._open} if self._open else {}
        elif found.groups:
            told["dimensionGroupAttributes"] = _groups(self._engine, message, found, self._values)
        kind = "series" if found.series_key else "observations"
        opening = f'{_json(told).removesuffix("}")},"{kind}":{{\n'
        rows = _rows(self._engine, found, self._values)
        return chain([before, opening.encode()], rows, [b"}}"])


def _words(version: Version) -> Words:
    """Return the words for what is missing, as JSON."""
    said = words(version.form)
    return Words(*(word and _json(word) for word in (said.number, said.other)))


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _without_groups(message: DataMessage, found: Layout) -> Layout:
    """Return the layout with attributes of groups at the series where its key settles them, else at the observation."""
    series = {d.id for d in found.series_key}
    moved = [
        (a, bool(series) and series >= set(group)) for group, listed in found.groups.items() for a in listed
    ]
    order = [c.id for c in message.structure.attributes]
    return replace(
        found,
        groups={},
        series=tuple(sorted((*found.series, *(a for a, up in moved if up)), key=lambda a: order.index(a.id))),
        observation=tuple(
            sorted((*found.observation, *(a for a, up in moved if not up)), key=lambda a: order.index(a.id))
        ),
    )


def _with_values(found: Layout, values: Values) -> Layout:
    """Return the layout without attributes that have no value at all: readers of 1.0 lose count of them."""
    return replace(
        found,
        data_set=tuple(a for a in found.data_set if values.lists[a.id]),
        series=tuple(a for a in found.series if values.lists[a.id]),
        observation=tuple(a for a in found.observation if values.lists[a.id]),
    )


def _occurring(engine: Engine, version: Version, message: DataMessage, found: Layout) -> Values:
    """Return the values that occur, in the order of their code list, or of their text.

    Raises:
        MessageError: ``TOO_MANY_VALUES`` when there are more of an attribute than the version can list.
    """
    lists = {}
    for component in message.structure.components:
        coded = component.codelist is not None and component.role != "measure"
        by_index = coded or component.role in ("dimension", "time")
        if component.role == "measure" and not version.first:
            by_index = component.codelist is not None
        every = version.first and component.role == "attribute"
        if component.id in found.types and (by_index or every) and not component.several:
            text = indexed(component, found.types[component.id])
            limit = f"LIMIT {MOST_VALUES + 1}" if every and not coded else ""
            distinct = (
                f"SELECT DISTINCT {text} AS text FROM ({message.source}) WHERE {text} IS NOT NULL {limit}"
            )
            occurring = {str(row[0]) for row in engine.rows(distinct)}
            if limit and len(occurring) > MOST_VALUES:
                raise MessageError(
                    "TOO_MANY_VALUES",
                    f"SDMX-JSON {version.number} lists each value of an attribute, and there are more than {MOST_VALUES}",
                    where=component.id,
                    mend="use json-2.0",
                )
            ordered = [item.id for item in items(message, component) if item.id in occurring]
            lists[component.id] = (*ordered, *sorted(occurring.difference(ordered)))
    return Values(lists, found.types, version.number == "2.0")


def _open_keys(
    engine: Engine, version: Version, message: DataMessage, found: Layout, values: Values
) -> dict[str, list[Any]]:
    """Return the keys to delete in which a dimension is open, each without attributes: all below it goes.

    Raises:
        MessageError: the version has no place for what is deleted.
    """
    open_ = " OR ".join(f"{name(d)} IS NULL" for d in message.structure.key)
    marked = any_of(found, [*found.measures, *found.observation])
    grouped = [attribute for listed in found.groups.values() for attribute in listed]
    above = any_of(found, [*found.data_set, *grouped, *found.series])
    misplaced = f"SELECT count(*) FROM ({message.source}) WHERE ({above}) OR (({open_}) AND ({marked}))"
    if count := engine.value(misplaced):
        MARKS_ABOVE.require(version.form, told=f", and {count} rows mark others")
    check_named(engine, message, message.structure.key, version.form)
    index = [values.index(message.structure.by_id[d]) for d in message.structure.key]
    key = concat([part for i, one in enumerate(index) for part in ([":"] if i else []) + [one]])
    keys = [str(row[0]) for row in engine.rows(f"SELECT {key.text} FROM ({message.source}) WHERE {open_}")]
    if keys:
        OPEN_KEYS.require(version.form, told=f", and there are {len(keys)}")
    return {one: [] for one in keys}


# --- rows -------------------------------------------------------------------------------------------------


def _rows(engine: Engine, found: Layout, values: Values) -> Iterator[bytes]:
    """Yield the series, or the observations of a flat message, without the comma before the first."""
    observation = [
        '"', *_key(values, found.key), '":[',
        *_listed(found, values, (*found.measures, *found.observation)), "]",
    ]  # fmt: skip
    if not found.series_key:
        return _between(texts(engine, concat([_NEXT, *observation]), found.source), _NEXT, "\n")
    keys = [name(dimension.id) for dimension in found.series_key]
    lags = ", ".join(f"lag({key}) OVER () AS before_{i}" for i, key in enumerate(keys))
    changed = " OR ".join(f"{key} IS DISTINCT FROM before_{i}" for i, key in reversed(list(enumerate(keys))))
    attributes = (
        ['"attributes":[', *_listed(found, values, found.series), "],"]
        if found.series and not found.deletes
        else []
    )
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


def _key(values: Values, dimensions: Iterable[Component]) -> Iterator[str | Sql]:
    for position, dimension in enumerate(dimensions):
        if position:
            yield ":"
        yield values.index(dimension)


def _listed(found: Layout, values: Values, components: Iterable[Component]) -> Iterator[str | Sql]:
    """Yield the values of components with commas between; what has none is null."""
    for position, component in enumerate(components):
        if position:
            yield ","
        word = found.missing(component)
        if word and component.array:
            word = f"[{word}]"
        yield otherwise(_value(found, values, component), word or "null")


def _in_languages(component: Component, held: str) -> str:
    """Return SQL of an object of the texts by language that are there."""
    parts = []
    for language in component.languages:
        text = in_language(held, language)
        told = f"""concat('"{language}":', CAST(to_json({text}) AS VARCHAR))"""
        parts.append(f"CASE WHEN {text} <> '' THEN {told} END")
    return f"concat('{{', concat_ws(',', {', '.join(parts)}), '}}')"


def _several(found: Layout, values: Values, component: Component) -> Sql:
    """Return the array of a component with several values, or the object of one in several languages."""
    column = name(component.id)
    if component.multilingual and component.array:
        parts = (
            f"array_to_string(list_transform({column}, lambda part: {_in_languages(component, 'part')}), ',')"
        )
        told = Sql(f"concat('[', {parts}, ']')")
    elif component.multilingual:
        told = Sql(_in_languages(component, column))
    else:
        kind = found.types[component.id].removesuffix("[]")
        part = (
            "CAST(to_json(part) AS VARCHAR)" if kind == "VARCHAR" else text_of(component, "part", kind, str)
        )
        if kind in _FLOATS:
            part = f"CASE WHEN isfinite(part) THEN {part} END"
        if values.quotes and kind != "VARCHAR":
            part = f"'\"' || {part} || '\"'"
        parts = f"list_transform({column}, lambda part: coalesce({part}, 'null'))"
        told = Sql(f"concat('[', array_to_string({parts}, ','), ']')")
    return when(has_value(component, found.types[component.id]), told)


def _value(found: Layout, values: Values, component: Component) -> Sql:
    if component.several:
        return _several(found, values, component)
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


def _groups(engine: Engine, message: DataMessage, found: Layout, values: Values) -> dict[str, list[Any]]:
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


def _format(version: Version) -> Format:
    media_type = f"application/vnd.sdmx.data+json;version={version.number}.0"
    return Format(version.form, media_type, f"data.{version.form}.json", _writer(version))


FORMATS = (
    _format(Version("1.0", {"Merge": "Append"}, first=True)),
    _format(Version("2.0", {"Merge": "Append"})),
    _format(Version("2.1", {"Append": "Merge", "Information": "Merge"})),
)
