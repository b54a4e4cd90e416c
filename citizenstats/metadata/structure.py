"""The metadata structure for citizen data, its concepts and its metadataflow, as structure messages.

The attributes stand in ``citizen_data.yaml``; each is a concept of the same id in CITIZENSTATS:CS_CITIZEN_DATA(1.0.0). The
metadataflow takes reports on any dataflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from lxml import etree

from citizenstats import clock
from citizenstats.contracts.document import read_yaml
from citizenstats.metadata.model import CONCEPTS, FLOW, MSD, URN, Texts
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.schema import base

SHIPPED = Path(__file__).parent / "citizen_data.yaml"

Kind = Literal["text", "number", "heading"]
Form = Literal["ml-3.0", "ml-3.1", "json-2.0", "json-2.1"]

_NAMES: Mapping[str, Texts] = {
    CONCEPTS: {"en": "Concepts of reference metadata on citizen data"},
    MSD: {"en": "Metadata structure for citizen data"},
    FLOW: {"en": "Reference metadata on citizen data"},
}
_TARGET = f"{URN}datastructure.Dataflow=*:*(*)"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCHEMAS = {
    "json-2.0": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/2.0.0/"
    "sdmx-json-structure-schema.json",
    "json-2.1": "https://json.sdmx.org/2.1/sdmx-json-structure-schema.json",
}


@dataclass(frozen=True)
class Declared:
    """An attribute of the structure."""

    id: str
    names: Texts
    kind: Kind
    many: bool
    parts: tuple[Declared, ...]

    def walk(self) -> Iterator[Declared]:
        """Yield it and everything below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@cache
def declared() -> tuple[Declared, ...]:
    """Return the attributes of the structure in their order."""
    return tuple(_declared(read_yaml(SHIPPED).content))


def _declared(said: Mapping[str, Any]) -> Iterator[Declared]:
    for identifier, one in said.items():
        parts = tuple(_declared(one.get("parts", {})))
        yield Declared(identifier, one["name"], one.get("is", "text"), bool(one.get("many")), parts)


def message(form: Form, header: Header) -> bytes:
    """Return concepts, metadata structure and metadataflow as a structure message."""
    if form == "ml-3.0":
        return _ml("3.0", header)
    if form == "ml-3.1":
        return _ml("3.1", header)
    return _json(form, header)


def _identity(reference: str) -> dict[str, str]:
    known = Reference.parse(reference)
    return {"id": known.id, "agencyID": known.agency, "version": known.version}


def _concept(identifier: str) -> str:
    return f"{URN}conceptscheme.Concept={CONCEPTS}.{identifier}"


# --- SDMX-ML ----------------------------------------------------------------------------------------------


def _ml(version: Literal["3.0", "3.1"], header: Header) -> bytes:
    spaces = {
        s: f"{base(version)}/{n}" for s, n in (("mes", "message"), ("com", "common"), ("str", "structure"))
    }

    def add(parent: etree._Element, tag: str, text: str | None = None, **said: str) -> etree._Element:
        prefix, _, name = tag.partition(":")
        child = etree.SubElement(parent, f"{{{spaces[prefix]}}}{name}", said)
        child.text = text
        return child

    def maintained(parent: etree._Element, tag: str, package: str, reference: str) -> etree._Element:
        urn = f"{URN}{package}.{tag}={reference}"
        element = add(parent, f"str:{tag}", **_identity(reference), urn=urn, isExternalReference="false")
        for language, text in _NAMES[reference].items():
            add(element, "com:Name", text).set(_LANG, language)
        return element

    def attribute(parent: etree._Element, one: Declared, path: str) -> None:
        place = f"{path}.{one.id}" if path else one.id
        element = add(
            parent,
            "str:MetadataAttribute",
            id=one.id,
            urn=f"{URN}metadatastructure.MetadataAttribute={MSD}.{place}",
            minOccurs="0",
            maxOccurs="unbounded" if one.many else "1",
            isPresentational=str(one.kind == "heading").lower(),
        )
        add(element, "str:ConceptIdentity", _concept(one.id))
        if one.kind != "heading":
            text = one.kind == "text"
            said = {"textType": "String", "isMultiLingual": "true"} if text else {"textType": "Double"}
            add(add(element, "str:LocalRepresentation"), "str:TextFormat", **said)
        for part in one.parts:
            attribute(element, part, place)

    root = etree.Element(f"{{{spaces['mes']}}}Structure", nsmap=dict(spaces))
    head = add(root, "mes:Header")
    add(head, "mes:ID", header.id)
    add(head, "mes:Test", str(header.test).lower())
    add(head, "mes:Prepared", clock.stamp(header.prepared))
    add(head, "mes:Sender", id=header.sender)
    structures = add(root, "mes:Structures")
    scheme = maintained(add(structures, "str:ConceptSchemes"), "ConceptScheme", "conceptscheme", CONCEPTS)
    for one in (found for top in declared() for found in top.walk()):
        concept = add(scheme, "str:Concept", id=one.id, urn=_concept(one.id))
        for language, text in one.names.items():
            add(concept, "com:Name", text).set(_LANG, language)
    flow = maintained(add(structures, "str:Metadataflows"), "Metadataflow", "metadatastructure", FLOW)
    add(flow, "str:Structure", f"{URN}metadatastructure.MetadataStructure={MSD}")
    add(flow, "str:Target", _TARGET)
    structure = maintained(
        add(structures, "str:MetadataStructures"), "MetadataStructure", "metadatastructure", MSD
    )
    listed = add(
        add(structure, "str:MetadataStructureComponents"),
        "str:MetadataAttributeList",
        id="MetadataAttributeDescriptor",
    )
    for one in declared():
        attribute(listed, one, "")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


# --- SDMX-JSON --------------------------------------------------------------------------------------------


def _json(form: Form, header: Header) -> bytes:
    content: dict[str, Any] = {
        "meta": {
            "schema": _SCHEMAS[form],
            "id": header.id,
            "test": header.test,
            "prepared": clock.stamp(header.prepared),
            "contentLanguages": ["en"],
            "sender": {"id": header.sender},
        },
        "data": {
            "conceptSchemes": [
                {
                    **_named(CONCEPTS),
                    "concepts": [
                        {"id": one.id, "name": one.names["en"], "names": dict(one.names)}
                        for top in declared()
                        for one in top.walk()
                    ],
                }
            ],
            "metadataflows": [
                {
                    **_named(FLOW),
                    "structure": f"{URN}metadatastructure.MetadataStructure={MSD}",
                    "targets": [_TARGET],
                }
            ],
            "metadataStructures": [
                {
                    **_named(MSD),
                    "metadataStructureComponents": {
                        "metadataAttributeList": {
                            "id": "MetadataAttributeDescriptor",
                            "metadataAttributes": [_json_attribute(one) for one in declared()],
                        }
                    },
                }
            ],
        },
    }
    if form == "json-2.1":
        content = {"$schema": _SCHEMAS[form], **content}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _named(reference: str) -> dict[str, Any]:
    names = _NAMES[reference]
    return {**_identity(reference), "isExternalReference": False, "name": names["en"], "names": dict(names)}


def _json_attribute(one: Declared) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": one.id,
        "conceptIdentity": _concept(one.id),
        "minOccurs": 0,
        "maxOccurs": "unbounded" if one.many else 1,
        "isPresentational": one.kind == "heading",
    }
    if one.kind == "text":
        said["localRepresentation"] = {"format": {"dataType": "String", "isMultiLingual": True}}
    elif one.kind == "number":
        said["localRepresentation"] = {"format": {"dataType": "Double"}}
    if one.parts:
        said["metadataAttributes"] = [_json_attribute(part) for part in one.parts]
    return said
