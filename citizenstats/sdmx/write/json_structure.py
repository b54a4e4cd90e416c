"""What an SDMX-JSON message says before its data: the header, and the structure with the values that occur.

Knows no rows: which values occur, and at which place in their lists, is told by `Values`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from citizenstats.clock import stamp
from citizenstats.engine import name, quoted
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component, Item, Reference
from citizenstats.sdmx.write.fragments import Sql, value
from citizenstats.sdmx.write.message import Action, DataMessage, Layout

_TWG = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas"
_SCHEMAS = {
    "1.0": f"{_TWG}/1.0/sdmx-json-data-schema.json",
    "2.0": f"{_TWG}/2.0.0/sdmx-json-data-schema.json",
    "2.1": "https://json.sdmx.org/2.1/sdmx-json-data-schema.json",
}
"""What the official schemas call themselves."""
_ID = re.compile(r"[A-Za-z0-9_@$-]+")


@dataclass(frozen=True)
class Version:
    """What a version of SDMX-JSON has of its own.

    Attributes:
        number: as people call it.
        actions: action → what it calls it, where it has another word.
        first: whether it is the first version: one structure, one measure, each attribute by index, no groups, and no
            values without an id.
    """

    number: str
    actions: Mapping[Action, Action] = field(default_factory=dict)
    first: bool = False

    @property
    def form(self) -> str:
        """Name of the format."""
        return f"json-{self.number}"

    @property
    def schema(self) -> str:
        """The address of the official schema."""
        return _SCHEMAS[self.number]

    def action(self, message: DataMessage) -> Action:
        """Return what a receiver does with the observations, in the words of this version."""
        return self.actions.get(message.action, message.action)


@dataclass(frozen=True)
class Values:
    """The values that occur: component id → its list, for all that is written by index.

    Attributes:
        lists: component id → the values that its indices stand for.
        types: component id → SQL type.
        quotes: whether numbers of a list are written as texts: the schema of 2.0 takes a list of whole numbers for one of
            two kinds at once, and refuses it.
    """

    lists: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]
    quotes: bool = False

    def index(self, component: Component) -> Sql:
        """Return SQL of the index of a component's value; NULL where it has none."""
        listed = ", ".join(quoted(text) for text in self.lists[component.id])
        if not listed:
            return Sql("CAST(NULL AS VARCHAR)")
        told = indexed(component, self.types[component.id])
        return Sql(f"CAST(enum_code(CAST({told} AS ENUM({listed}))) AS VARCHAR)")


def indexed(component: Component, sql_type: str) -> str:
    """Return SQL of a value's text, as it stands in the list of values; NULL where there is none."""
    return (
        f"nullif({name(component.id)}, '')" if sql_type == "VARCHAR" else value(component, sql_type, str).text
    )


def meta(version: Version, message: DataMessage, described: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the header; `described` are the structures of the data sets, whose names say in which languages they are."""
    header = message.header
    receivers = {"receivers": [{"id": header.receiver}]} if header.receiver else {}
    return {
        "schema": version.schema,
        "id": header.id,
        "test": header.test,
        "prepared": stamp(header.prepared),
        "contentLanguages": _languages(message, described),
        "sender": {"id": header.sender},
        **receivers,
        "links": [],
    }


def _languages(message: DataMessage, described: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the languages of all names and texts, English first, in small letters: the schemas know no others here."""
    found = {
        language.lower() for component in message.structure.components for language in component.languages
    }
    rest: list[Any] = list(described)
    while rest:
        told = rest.pop()
        if isinstance(told, Mapping):
            found |= {language.lower() for language in told.get("names", ())}
            rest.extend(value for key, value in told.items() if key != "names")
        elif isinstance(told, list):
            rest.extend(told)
    return sorted(found, key=lambda language: (language != "en", language)) or ["en"]


def structure(
    version: Version, message: DataMessage, found: Layout, values: Values, number: int
) -> dict[str, Any]:
    """Return what describes a data set: its components and the values that occur.

    Args:
        version: of SDMX-JSON.
        message: the data set.
        found: where its components stand.
        values: what occurs.
        number: place of the data set among those of the message.
    """
    position = {identifier: i for i, identifier in enumerate(message.structure.key)}

    def dimensions(components: Iterable[Component]) -> list[dict[str, Any]]:
        # A dimension's list of values may not be empty: without observations there are no dimensions to tell of.
        there = [c for c in components if values.lists[c.id]]
        return [{**_told(version, message, values, c), "keyPosition": position[c.id]} for c in there]

    def attributes(components: Iterable[Component]) -> list[dict[str, Any]]:
        return [
            {
                **_told(version, message, values, c),
                "isMandatory": c.mandatory,
                "relationship": _relationship(version, message, c),
            }
            for c in components
        ]

    grouped = [attribute for listed in found.groups.values() for attribute in listed]
    measures = [_told(version, message, values, m) for m in found.measures]
    return {
        **({} if version.first else {"dataSets": [number]}),
        "links": [link(message.structure.reference, "DataStructure", "structure")],
        **_names(message.dataflow.names, message.dataflow.reference.id),
        "dimensions": {
            "dataSet": [],
            "series": dimensions(found.series_key),
            "observation": dimensions(found.key),
        },
        **({} if version.first else {"measures": {"observation": measures}}),
        "attributes": {
            "dataSet": attributes(found.data_set),
            **({} if version.first else {"dimensionGroup": attributes(grouped)}),
            "series": attributes(found.series),
            "observation": attributes(found.observation),
        },
        "annotations": [],
    }


def _told(version: Version, message: DataMessage, values: Values, component: Component) -> dict[str, Any]:
    """Return id, names, type and the values that occur of a component."""
    concept: Item | None = None
    if message.structures is not None:
        concept = message.structures.scheme(component.concept_scheme).by_id.get(component.concept)
    told: dict[str, Any] = {"id": component.id, **_names(concept.names if concept else {}, component.id)}
    if component.id not in values.lists:
        # Codes of an attribute with several values stand as they are: a list of values would be of whole arrays.
        several = {"maxOccurs": component.most or "unbounded"} if component.array else {}
        languages = {"isMultiLingual": True} if component.multilingual else {}
        return {**told, "format": {"dataType": component.type, **several, **languages}}
    named = {item.id: item for item in items(message, component)}
    listed = [_item(version, component, text, named.get(text)) for text in values.lists[component.id]]
    return {**told, **({"values": listed} if listed or version.first else {})}


def _item(version: Version, component: Component, text: str, item: Item | None) -> dict[str, Any]:
    """Return a value that occurs.

    Raises:
        MessageError: ``NO_ID_FOR_VALUE`` when a dimension has it and the first version cannot write it.
    """
    names = _names(item.names if item else {}, text)
    if version.first and component.role == "attribute" and component.codelist is None:
        return names
    if _ID.fullmatch(text):
        return {"id": text, **names}
    if version.first:
        raise MessageError(
            "NO_ID_FOR_VALUE",
            f"in SDMX-JSON {version.number} a value of a dimension or code list is an id of letters, digits, _, @, $ and -",
            where=component.id,
            mend="use json-2.0",
        )
    return {"value": text, **names}


def _names(names: Mapping[str, str], otherwise: str) -> dict[str, Any]:
    """Return a name, English where there is one, and all names by language."""
    if not names:
        return {"name": otherwise}
    return {"name": names.get("en") or next(iter(names.values())), "names": dict(names)}


def _relationship(version: Version, message: DataMessage, attribute: Component) -> dict[str, Any]:
    if attribute.attachment == "dataset":
        return {"none" if version.first else "dataflow": {}}
    if attribute.attachment == "observation":
        return {"primaryMeasure": message.structure.measures[0].id} if version.first else {"observation": {}}
    return {"dimensions": list(message.structure.dimensions_of(attribute))}


def items(message: DataMessage, component: Component) -> tuple[Item, ...]:
    """Return the codes of a component's list, in their order; none where it has no list or names are not asked for."""
    if component.codelist is None or message.structures is None:
        return ()
    return message.structures.scheme(component.codelist).items


def link(reference: Reference, kind: str, rel: str) -> dict[str, str]:
    """Return the link to an artefact by its URN."""
    return {"urn": f"urn:sdmx:org.sdmx.infomodel.datastructure.{kind}={reference}", "rel": rel}
