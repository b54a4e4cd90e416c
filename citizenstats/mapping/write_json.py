"""Structure maps as SDMX-JSON 2.0: a structure message with the maps and the structure of their source."""

from __future__ import annotations

import json
from typing import Any

from citizenstats.mapping.model import (
    ComponentMap,
    DatePatternMap,
    EpochMap,
    FixedValueMap,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    TimeMap,
    ValueMapping,
    map_urn,
)
from citizenstats.sdmx import structures_json
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Annotation, Names
from citizenstats.sdmx.selected import Selected

Json = dict[str, Any]


def write(maps: MapMessage, source: Selected, header: Header) -> bytes:
    """Return the message; arguments as in `citizenstats.mapping.write_ml.write`."""
    message = json.loads(structures_json.write(source, header))
    data = {key: listed for key, listed in message["data"].items() if listed}
    if maps.structure_maps:
        data["structureMaps"] = [_structure_map(m) for m in maps.structure_maps]
    if maps.representation_maps:
        data["representationMaps"] = [_representation_map(r) for r in maps.representation_maps]
    message["data"] = data
    return (json.dumps(message, ensure_ascii=False, indent=1) + "\n").encode()


def _maintained(kind: str, artefact: StructureMap | RepresentationMap) -> Json:
    reference = artefact.reference
    said: Json = {
        "id": reference.id,
        "agencyID": reference.agency,
        "version": reference.version,
        "isExternalReference": False,
        **_texts("name", artefact.names),
        **_texts("description", artefact.descriptions),
        "links": [{"rel": "self", "urn": map_urn(kind, reference)}],  # type: ignore[arg-type]
    }
    if artefact.annotations:
        said["annotations"] = [_annotation(annotation) for annotation in artefact.annotations]
    return said


def _texts(key: str, texts: Names) -> Json:
    if not texts:
        return {}
    return {key: texts.get("en") or next(iter(texts.values())), f"{key}s": dict(texts)}


def _annotation(annotation: Annotation) -> Json:
    said: Json = {"type": annotation.type}
    if annotation.title is not None:
        said["title"] = annotation.title
    if annotation.url is not None:
        said["links"] = [{"href": annotation.url, "rel": "annotation"}]
    return {**said, **_texts("text", annotation.text)}


# --- representation maps ----------------------------------------------------------------------------------


def _representation_map(representation: RepresentationMap) -> Json:
    said = _maintained("RepresentationMap", representation)
    for side, given in (("source", representation.sources), ("target", representation.targets)):
        said[side] = [{"codelist" if one.startswith("urn:") else "dataType": one} for one in given]
    if representation.mappings:
        said["representationMappings"] = [_mapping(mapping) for mapping in representation.mappings]
    return said


def _mapping(mapping: ValueMapping) -> Json:
    said: Json = {"sourceValues": [_source_value(source) for source in mapping.sources]}
    said["targetValues"] = list(mapping.targets)
    # SDMX-JSON has times where SDMX-ML has days: the whole of the last day counts.
    if mapping.valid_from is not None:
        said["validFrom"] = f"{mapping.valid_from}T00:00:00Z"
    if mapping.valid_to is not None:
        said["validTo"] = f"{mapping.valid_to}T23:59:59Z"
    return said


def _source_value(source: SourceValue) -> Json:
    said: Json = {"value": source.value}
    if source.regex:
        said["isRegEx"] = True
    if source.start is not None:
        said["startIndex"] = source.start
    if source.end is not None:
        said["endIndex"] = source.end
    return said


# --- structure maps ---------------------------------------------------------------------------------------


def _structure_map(structure_map: StructureMap) -> Json:
    said = _maintained("StructureMap", structure_map)
    said |= {"source": structure_map.source, "target": structure_map.target}
    formats = [
        {"id": f.id, "frequencyId": f.frequency, "datePattern": f.pattern} for f in structure_map.formats
    ]
    listed = {
        "epochMaps": [_epoch(epoch) for epoch in structure_map.epochs],
        "datePatternMaps": [_pattern(pattern) for pattern in structure_map.patterns],
        "frequencyFormatMappings": formats,
        "componentMaps": [_component(component) for component in structure_map.components],
        "fixedValueMaps": [_fixed(fixed) for fixed in structure_map.fixed],
    }
    return {**said, **{key: maps for key, maps in listed.items() if maps}}


def _epoch(epoch: EpochMap) -> Json:
    return {"basePeriod": epoch.base, "epochPeriod": epoch.period, **_time(epoch)}


def _pattern(pattern: DatePatternMap) -> Json:
    return {"sourcePattern": pattern.pattern, "locale": pattern.locale, **_time(pattern)}


def _time(time: TimeMap) -> Json:
    said: Json = {"mappedComponents": [{"source": s, "target": t} for s, t in time.pairs]}
    if time.id is not None:
        said["id"] = time.id
    if time.resolve is not None:
        said["resolvePeriod"] = time.resolve
    if time.frequency_component is not None:
        said["frequencyDimension"] = time.frequency_component
        if time.formats:
            said["mappedFrequencies"] = list(time.formats)
    else:
        said["targetFrequencyID"] = time.frequency
    return said


def _component(component: ComponentMap) -> Json:
    said: Json = {"source": list(component.sources), "target": list(component.targets)}
    if component.representation is not None:
        said["representationMap"] = map_urn("RepresentationMap", component.representation)
    return said


def _fixed(fixed: FixedValueMap) -> Json:
    said: Json = {"values": list(fixed.values)} if fixed.values else {}
    return {"source" if fixed.located_in == "source" else "target": fixed.component, **said}
