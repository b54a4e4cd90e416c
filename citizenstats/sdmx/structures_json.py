"""Structures as SDMX-JSON 1.0, 2.0 and 2.1 (structure message).

1.0 has the information model of SDMX 2.1: one primary measure, and other names for the same things.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from citizenstats.clock import stamp
from citizenstats.errors import MessageError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Annotation, Component, DataStructure, Item, ItemScheme, Names, Reference
from citizenstats.sdmx.selected import ITEMS, Selected, urn

Json = dict[str, Any]

_SCHEMES = {
    "agencySchemes": ("AgencyScheme", "agencies"),
    "dataProviderSchemes": ("DataProviderScheme", "dataProviders"),
    "categorySchemes": ("CategoryScheme", "categories"),
    "conceptSchemes": ("ConceptScheme", "concepts"),
    "codelists": ("Codelist", "codes"),
}
"""Key of the message → kind of scheme, key of its items."""

Version = Literal["1.0", "2.0", "2.1"]

_TWG = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas"
_SCHEMA: Mapping[Version, str] = {
    "1.0": f"{_TWG}/1.0/sdmx-json-structure-schema.json",
    "2.0": f"{_TWG}/2.0.0/sdmx-json-structure-schema.json",
    "2.1": "https://json.sdmx.org/2.1/sdmx-json-structure-schema.json",
}
"""What the official schemas call themselves."""


def write(selected: Selected, header: Header, version: Version = "2.0") -> bytes:
    """Return the structure message of a version.

    Raises:
        MessageError: ``ONE_MEASURE_ONLY`` when 1.0 cannot say a structure.
    """
    old = version == "1.0"
    maintained = _final if old else _maintained
    data: Json = {
        key: [_scheme(scheme, items, old=old) for scheme in selected.of(kind)]
        for key, (kind, items) in _SCHEMES.items()
        if selected.of(kind)
    }
    data["dataStructures"] = [
        _old_structure(structure) if old else _data_structure(structure)
        for structure in selected.data_structures
    ]
    data["dataflows"] = [
        {
            **maintained("Dataflow", flow.reference, flow.names, flow.descriptions),
            "structure": urn("DataStructure", flow.structure),
            **({"annotations": [_annotation(one) for one in flow.annotations]} if flow.annotations else {}),
        }
        for flow in selected.dataflows
    ]
    links = _old_links(selected) if old else _links(selected, version)
    data |= {key: listed for key, listed in links if listed}
    data = {key: listed for key, listed in data.items() if listed}
    meta: Json = {
        # First, for readers know the format by it.
        "schema": _SCHEMA[version],
        "id": header.id,
        "test": header.test,
        "prepared": stamp(header.prepared),
        "contentLanguages": _languages(selected),
        "sender": {"id": header.sender},
    }
    if header.receiver:
        meta["receivers"] = [{"id": header.receiver}]
    return _laid_out(meta, data).encode()


def _laid_out(meta: Json, data: Json) -> str:
    """Return the message with one artefact a line: as fast to write as one line, and a change shows in a diff."""
    listed = []
    for key, artefacts in data.items():
        lines = ",\n".join(_text(artefact) for artefact in artefacts)
        listed.append(f"{_text(key)}: [\n{lines}\n]")
    lists = ",\n".join(listed)
    schema = f'"$schema": {_text(meta["schema"])},\n' if meta["schema"] == _SCHEMA["2.1"] else ""
    return f'{{{schema}"meta": {_text(meta)},\n"data": {{\n{lists}\n}}}}\n'


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _languages(selected: Selected) -> list[str]:
    # In small letters, for the schema knows no others here: `zh-hant` for `zh-Hant`.
    named = [
        *((scheme.names, {}) for scheme in selected.schemes),
        *((item.names, item.descriptions) for scheme in selected.schemes for item in scheme.items),
        *((structure.names, {}) for structure in selected.data_structures),
        *((flow.names, flow.descriptions) for flow in selected.dataflows),
    ]
    found = {language.lower() for texts in named for one in texts for language in one}
    return sorted(found, key=lambda language: (language != "en", language)) or ["en"]


# --- parts ------------------------------------------------------------------------------------------------


def _named(names: Names, descriptions: Names, annotations: Sequence[Annotation] = ()) -> Json:
    said: Json = {"name": _best(names), "names": dict(names)}
    if descriptions:
        said |= {"description": _best(descriptions), "descriptions": dict(descriptions)}
    if annotations:
        said["annotations"] = [_annotation(annotation) for annotation in annotations]
    return said


def _best(texts: Names) -> str:
    return texts.get("en") or next(iter(texts.values()))


def _annotation(annotation: Annotation) -> Json:
    said: Json = {"type": annotation.type}
    if annotation.title:
        said["title"] = annotation.title
    if annotation.text:
        said |= {"text": _best(annotation.text), "texts": dict(annotation.text)}
    if annotation.url:
        said["links"] = [{"href": annotation.url, "rel": "annotation"}]
    return said


def _maintained(kind: str, reference: Reference, names: Names, descriptions: Names | None = None) -> Json:
    return {
        "id": reference.id,
        "agencyID": reference.agency,
        "version": reference.version,
        "isExternalReference": False,
        **_named(names, descriptions or {}),
        "links": [{"rel": "self", "urn": urn(kind, reference)}],
    }


def _final(kind: str, reference: Reference, names: Names, descriptions: Names | None = None) -> Json:
    """Return what an artefact of 1.0 says: like those of 2.x, and that it is final, which organisations never are."""
    organisations = kind in ("AgencyScheme", "DataProviderScheme")
    return {
        **_maintained(kind, reference, names, descriptions),
        **({} if organisations else {"isFinal": True}),
    }


def _scheme(scheme: ItemScheme, items: str, *, old: bool) -> Json:
    listed = (
        list(_categories(scheme, None, ""))
        if scheme.kind == "CategoryScheme"
        else [_item(scheme, item) for item in scheme.items]
    )
    maintained = (_final if old else _maintained)(scheme.kind, scheme.reference, scheme.names)
    said = {**maintained, "isPartial": scheme.partial}
    if scheme.annotations:
        said["annotations"] = [_annotation(annotation) for annotation in scheme.annotations]
    return {**said, items: listed} if listed else said


def _item(scheme: ItemScheme, item: Item) -> Json:
    said = {"id": item.id, **_named(item.names, item.descriptions, item.annotations)}
    said["links"] = [{"rel": "self", "urn": urn(ITEMS[scheme.kind], scheme.reference, item.id)}]
    return {**said, "parent": item.parent} if item.parent else said


def _categories(scheme: ItemScheme, above: str | None, path: str) -> Iterator[Json]:
    for item in scheme.items:
        if item.parent == above:
            whole = f"{path}{item.id}"
            said = {"id": item.id, **_named(item.names, item.descriptions, item.annotations)}
            said["links"] = [{"rel": "self", "urn": urn("Category", scheme.reference, whole)}]
            inner = list(_categories(scheme, item.id, f"{whole}."))
            yield {**said, "categories": inner} if inner else said


def _data_structure(structure: DataStructure) -> Json:
    dimensions: Json = {
        "id": "DimensionDescriptor",
        "dimensions": [{**_component(d), "position": n} for n, d in enumerate(structure.dimensions)],
    }
    if structure.time is not None:
        dimensions["timeDimension"] = _component(structure.time)
    components: Json = {"dimensionList": dimensions}
    groups = sorted({c.group for c in structure.attributes if c.group})
    if groups:
        components["groups"] = [{"id": structure.group_name(g), "groupDimensions": list(g)} for g in groups]
    if structure.attributes:
        listed = [_attribute(structure, attribute) for attribute in structure.attributes]
        components["attributeList"] = {"id": "AttributeDescriptor", "attributes": listed}
    measures = [{**_component(m), "usage": "optional"} for m in structure.measures]
    if measures:
        components["measureList"] = {"id": "MeasureDescriptor", "measures": measures}
    said = _maintained("DataStructure", structure.reference, structure.names)
    return {**said, "dataStructureComponents": components}


def _component(component: Component) -> Json:
    if component.codelist is not None:
        representation: Json = {"enumeration": urn("Codelist", component.codelist)}
    else:
        languages = {"isMultiLingual": True} if component.multilingual else {}
        representation = {"format": {"dataType": component.type, **languages}}
    if component.array:
        representation |= {"minOccurs": 0, "maxOccurs": component.most or "unbounded"}
    return {
        "id": component.id,
        "conceptIdentity": urn("Concept", component.concept_scheme, component.concept),
        "localRepresentation": representation,
    }


def _attribute(structure: DataStructure, attribute: Component) -> Json:
    relationship: Json = {"observation": {}}
    if attribute.group:
        relationship = {"group": structure.group_name(attribute.group)}
    elif attribute.attachment == "dataset":
        relationship = {"dataflow": {}}
    elif attribute.attachment == "series":
        relationship = {"dimensions": list(structure.dimensions_of(attribute))}
    usage = "mandatory" if attribute.mandatory else "optional"
    return {**_component(attribute), "usage": usage, "attributeRelationship": relationship}


def _links(selected: Selected, version: Version) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    yield (
        "provisionAgreements",
        [
            {
                **_maintained("ProvisionAgreement", a.reference, a.names),
                "dataflow": urn("Dataflow", a.dataflow),
                "dataProvider": urn("DataProvider", a.provider_scheme, a.provider),
            }
            for a in selected.agreements
        ],
    )
    yield (
        "categorisations",
        [
            {
                **_maintained("Categorisation", c.reference, c.names),
                "source": urn("Dataflow", c.dataflow),
                "target": urn("Category", c.category_scheme, c.category),
            }
            for c in selected.categorisations
        ],
    )
    yield (
        "dataConstraints",
        [
            {
                **_maintained("DataConstraint", c.reference, c.names),
                # Since 2.1 what is allowed and what is available are two kinds of artefacts.
                **({"role": "Allowed"} if version == "2.0" else {}),
                "constraintAttachment": {"dataflows": [urn("Dataflow", c.dataflow)]},
                "cubeRegions": [
                    {
                        "include": True,
                        "keyValues": [
                            {"id": d, "values": [{"value": code} for code in codes]}
                            for d, codes in c.allowed.items()
                        ],
                    }
                ],
            }
            for c in selected.constraints
        ],
    )


# --- 1.0 --------------------------------------------------------------------------------------------------


def _old_structure(structure: DataStructure) -> Json:
    if len(structure.measures) != 1:
        raise MessageError(
            "ONE_MEASURE_ONLY",
            f"SDMX-JSON 1.0 has one measure; {structure.reference} has {len(structure.measures)}",
            mend="use json-2.0 or json-2.1",
        )
    (measure,) = structure.measures
    dimensions: Json = {
        "id": "DimensionDescriptor",
        "dimensions": [
            {**_old(d), "position": n, "type": "Dimension"} for n, d in enumerate(structure.dimensions)
        ],
    }
    if structure.time is not None:
        time = {**_old(structure.time), "position": len(structure.dimensions), "type": "TimeDimension"}
        dimensions["timeDimensions"] = [time]
    components: Json = {
        "dimensionList": dimensions,
        "measureList": {"id": "MeasureDescriptor", "primaryMeasure": _old(measure)},
    }
    groups = sorted({c.group for c in structure.attributes if c.group})
    if groups:
        components["groups"] = [{"id": structure.group_name(g), "groupDimensions": list(g)} for g in groups]
    if structure.attributes:
        listed = [_old_attribute(structure, attribute, measure) for attribute in structure.attributes]
        components["attributeList"] = {"id": "AttributeDescriptor", "attributes": listed}
    said = _final("DataStructure", structure.reference, structure.names)
    return {**said, "dataStructureComponents": components}


def _old(component: Component) -> Json:
    said = _component(component)
    if component.codelist is None:
        said["localRepresentation"] = {"textFormat": {"textType": component.type}}
    return said


def _old_attribute(structure: DataStructure, attribute: Component, measure: Component) -> Json:
    relationship: Json = {"primaryMeasure": measure.id}
    if attribute.group:
        relationship = {"group": structure.group_name(attribute.group)}
    elif attribute.attachment == "dataset":
        relationship = {"none": {}}
    elif attribute.attachment == "series":
        relationship = {"dimensions": list(structure.dimensions_of(attribute))}
    status = "Mandatory" if attribute.mandatory else "Conditional"
    return {**_old(attribute), "assignmentStatus": status, "attributeRelationship": relationship}


def _old_links(selected: Selected) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    yield (
        "provisionAgreements",
        [
            {
                **_final("ProvisionAgreement", a.reference, a.names),
                "structureUsage": urn("Dataflow", a.dataflow),
                "dataProvider": urn("DataProvider", a.provider_scheme, a.provider),
            }
            for a in selected.agreements
        ],
    )
    yield (
        "categorisations",
        [
            {
                **_final("Categorisation", c.reference, c.names),
                "source": urn("Dataflow", c.dataflow),
                "target": urn("Category", c.category_scheme, c.category),
            }
            for c in selected.categorisations
        ],
    )
    yield (
        "contentConstraints",
        [
            {
                **_final("ContentConstraint", c.reference, c.names),
                "type": "Allowed",
                "constraintAttachment": {"dataflows": [urn("Dataflow", c.dataflow)]},
                "cubeRegions": [
                    {
                        "isIncluded": True,
                        "keyValues": [{"id": d, "values": list(codes)} for d, codes in c.allowed.items()],
                    }
                ],
            }
            for c in selected.constraints
        ],
    )
