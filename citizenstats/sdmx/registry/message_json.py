"""Structures from SDMX-JSON 1.0, 2.0 and 2.1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from citizenstats.errors import StructureError
from citizenstats.sdmx.late_bound import bound_or_itself
from citizenstats.sdmx.model import (
    Annotation,
    Categorisation,
    Component,
    ContentConstraint,
    Dataflow,
    DataStructure,
    Item,
    ItemScheme,
    ProvisionAgreement,
    Reference,
)
from citizenstats.sdmx.registry.artefacts import (
    Artefacts,
    Representation,
    allowed_of,
    group_of,
    known_type,
    most_of,
    some_of,
)
from citizenstats.sdmx.registry.urns import parts, reference

Json = Mapping[str, Any]

_SCHEMES: Mapping[str, tuple[Any, str]] = {
    "codelists": ("Codelist", "codes"),
    "conceptSchemes": ("ConceptScheme", "concepts"),
    "categorySchemes": ("CategoryScheme", "categories"),
    "agencySchemes": ("AgencyScheme", "agencies"),
    "dataProviderSchemes": ("DataProviderScheme", "dataProviders"),
}


def read(content: bytes) -> Artefacts:
    """Return the artefacts of a message.

    Raises:
        StructureError: ``NOT_STRUCTURES``.
    """
    try:
        message = json.loads(content)
    except (ValueError, RecursionError):
        raise StructureError("NOT_STRUCTURES", "this is no JSON", mend="ask for it again") from None
    data = message.get("data")
    if not isinstance(data, dict) or "dataSets" in data:
        raise StructureError("NOT_STRUCTURES", "this is no structure message of SDMX-JSON", mend="send one")
    made = Artefacts()
    concepts: dict[tuple[Reference, str], Representation] = {}
    for key, (kind, items) in _SCHEMES.items():
        for said in _whole(data, key):
            scheme = _identity(said)
            listed = tuple(_items(said, items, None))
            made.schemes[scheme] = ItemScheme(
                kind, scheme, _names(said), listed, bool(said.get("isPartial")), _annotations(said)
            )
            if kind == "ConceptScheme":
                concepts |= {
                    (scheme, c["id"]): _representation(c["coreRepresentation"])
                    for c in said.get(items, ())
                    if c.get("coreRepresentation")
                }
    for said in _whole(data, "dataStructures"):
        if "dataStructureComponents" in said:
            made.data_structures[_identity(said)] = _structure(said, concepts)
    for said in _whole(data, "dataflows"):
        if "structure" in said:
            made.dataflows[_identity(said)] = Dataflow(
                _identity(said), _names(said), reference(said["structure"]), said.get("descriptions") or {}
            )
    _linked(data, made)
    return made


def _linked(data: Json, made: Artefacts) -> None:
    for said in _whole(data, "provisionAgreements"):
        _, scheme, provider = parts(said["dataProvider"])
        flow = reference(said.get("dataflow") or said["structureUsage"])
        made.agreements[_identity(said)] = ProvisionAgreement(
            _identity(said), _names(said), flow, scheme, provider
        )
    for said in _whole(data, "categorisations"):
        kind, flow, _ = parts(said["source"])
        _, scheme, category = parts(said["target"])
        if kind == "Dataflow":
            made.categorisations[_identity(said)] = Categorisation(
                _identity(said), _names(said), flow, scheme, category
            )
    for key in ("dataConstraints", "contentConstraints"):
        for said in _whole(data, key):
            constraint = _constraint(said)
            if constraint is not None:
                made.constraints[_identity(said)] = constraint


def _whole(data: Json, key: str) -> Iterator[Json]:
    yield from (said for said in data.get(key) or () if not said.get("isExternalReference"))


def _identity(said: Json) -> Reference:
    return Reference(said["agencyID"], said["id"], said.get("version") or "1.0")


def _names(said: Json) -> Mapping[str, str]:
    return said.get("names") or {"en": said.get("name") or said["id"]}


def _annotations(said: Json) -> tuple[Annotation, ...]:
    return tuple(
        Annotation(
            one.get("type") or one.get("id") or "NOTE",
            one.get("title"),
            one.get("texts") or ({"en": one["text"]} if one.get("text") else {}),
            next((link["href"] for link in one.get("links") or () if link.get("href")), None),
        )
        for one in said.get("annotations") or ()
    )


def _items(said: Json, key: str, above: str | None) -> Iterator[Item]:
    for one in said.get(key) or ():
        descriptions = one.get("descriptions") or (
            {"en": one["description"]} if one.get("description") else {}
        )
        yield Item(one["id"], _names(one), descriptions, one.get("parent") or above, _annotations(one))
        yield from _items(one, key, one["id"])


def _representation(said: Json) -> Representation:
    most = most_of(said.get("maxOccurs"))
    if said.get("enumeration"):
        kind, codelist, _ = parts(said["enumeration"])
        return Representation(codelist if kind == "Codelist" else None, most=most)
    format_ = said.get("format") or said.get("textFormat") or {}
    # Before 11.18, the Fusion Metadata Registry wrote the word of 1.0 in 2.0 (bis-med-it/pysdmx#171).
    type_, multilingual = (
        format_.get("dataType") or format_.get("textType"),
        format_.get("isMultiLingual") is True,
    )
    return Representation(type=type_, most=most, multilingual=multilingual)


def _structure(said: Json, concepts: Mapping[tuple[Reference, str], Representation]) -> DataStructure:
    listed = said["dataStructureComponents"]
    dimensions = listed["dimensionList"]
    groups = {g["id"]: tuple(g.get("groupDimensions") or ()) for g in listed.get("groups") or ()}
    times = [t for t in (dimensions.get("timeDimension"), *(dimensions.get("timeDimensions") or ())) if t]
    measures = listed.get("measureList") or {}
    measured = [m for m in (measures.get("primaryMeasure"), *(measures.get("measures") or ())) if m]
    ordered = sorted(enumerate(dimensions.get("dimensions") or ()), key=lambda d: d[1].get("position", d[0]))
    key = tuple(d["id"] for _, d in ordered)

    def component(one: Json, role: Any, **more: Any) -> Component:
        _, scheme, concept = parts(one["conceptIdentity"])
        told = _representation(one.get("localRepresentation") or {})
        if told == Representation():
            told = concepts.get((bound_or_itself(scheme, {known for known, _ in concepts}), concept), told)
        mandatory = "mandatory" in (one.get("usage"), str(one.get("assignmentStatus")).lower())
        if role == "measure":
            mandatory = one.get("usage") == "mandatory"
        codelist = None if role == "time" else told.codelist
        type_ = known_type(told.type, role)
        more |= told.several(role)
        return Component(one["id"], role, scheme, concept, codelist, type_, mandatory=mandatory, **more)

    return DataStructure(
        _identity(said),
        _names(said),
        (
            *(component(d, "dimension") for _, d in ordered),
            *(component(t, "time") for t in times),
            *(component(m, "measure") for m in measured),
            *(
                component(
                    a,
                    "attribute",
                    **_related(a["attributeRelationship"], key, [t["id"] for t in times], groups),
                )
                for a in (listed.get("attributeList") or {}).get("attributes") or ()
            ),
        ),
    )


def _related(
    said: Json, key: tuple[str, ...], time: list[str], groups: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Any]:
    if "none" in said or "dataflow" in said:
        return {"attachment": "dataset"}
    if said.get("group"):
        return {"attachment": "series", **group_of(said["group"], groups)}
    dimensions = said.get("dimensions") or ()
    if dimensions and not set(dimensions) & set(time):
        return {"attachment": "series", **some_of(dimensions, key)}
    return {"attachment": "observation"}


def _constraint(said: Json) -> ContentConstraint | None:
    flows = (said.get("constraintAttachment") or {}).get("dataflows") or ()
    regions = [
        one for one in said.get("cubeRegions") or () if one.get("include", one.get("isIncluded")) is not False
    ]
    actual = "Actual" in (said.get("role"), said.get("type"))
    if not flows or not regions or actual:
        return None
    listed = [
        {
            one["id"]: [
                (v["value"], v.get("cascadeValues", False)) if isinstance(v, dict) else (str(v), False)
                for v in one.get("values") or ()
            ]
            for one in region.get("keyValues") or ()
            if one.get("include") is not False
        }
        for region in regions
    ]
    return ContentConstraint(_identity(said), _names(said), reference(flows[0]), allowed_of(listed))
