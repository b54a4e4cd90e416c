"""Structure maps from the JSON that the Fusion Metadata Registry exports by itself (``format=fusion-json``).

The keys are those that pysdmx 1.21 reads (``pysdmx/io/json/fusion/messages/map.py``), and a few spellings beside them;
there is no public description of the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from citizenstats.mapping.model import (
    ComponentMap,
    DatePatternMap,
    FixedValueMap,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    ValueMapping,
    referred,
)
from citizenstats.mapping.values import day, padded, source_value
from citizenstats.sdmx.model import Reference

Json = Mapping[str, Any]


def maps_of(message: Json) -> MapMessage:
    """Return the maps of a Fusion-JSON message."""
    return MapMessage(
        tuple(_structure_map(m) for m in message.get("StructureMap", ())),
        tuple(_representation_map(r) for r in message.get("RepresentationMap", ())),
    )


def _reference(said: Json) -> Reference:
    return Reference(said.get("agencyId") or said["agencyID"], said["id"], said.get("version", "1.0"))


def _names(listed: Sequence[Json]) -> dict[str, str]:
    return {one.get("locale", "en"): one["value"] for one in listed}


def _representation_map(said: Json) -> RepresentationMap:
    targets = tuple(said["targets"])
    return RepresentationMap(
        _reference(said),
        _names(said.get("names", ())),
        tuple(said["sources"]),
        targets,
        tuple(_mapping(line, len(targets)) for line in said.get("mappedRelationships", ())),
        _names(said.get("descriptions", ())),
    )


def _mapping(line: Json, width: int) -> ValueMapping:
    return ValueMapping(
        tuple(_source(value) for value in line["source"]),
        padded([str(t) if t is not None else "" for t in line.get("target", ())], width),
        day(line.get("validFrom")),
        day(line.get("validTo")),
    )


def _source(said: Json | str) -> SourceValue:
    if isinstance(said, str):
        return source_value(said, regex=False, start=None, end=None)
    regex = True in (said.get("regEx"), said.get("isRegEx"))
    start, end = said.get("startIndex"), said.get("endIndex")
    return source_value(str(said.get("value") or ""), regex=regex, start=start, end=end)


def _structure_map(said: Json) -> StructureMap:
    fixed = [FixedValueMap(c, _values(v)) for c, v in said.get("fixedOutput", {}).items()]
    fixed += [FixedValueMap(c, _values(v), "source") for c, v in said.get("fixedInput", {}).items()]
    return StructureMap(
        _reference(said),
        _names(said.get("names", ())),
        said["source"],
        said["target"],
        tuple(_pattern(p) for p in said.get("timePatternMaps", ())),
        components=tuple(_component(c) for c in said.get("componentMaps", ())),
        fixed=tuple(fixed),
        descriptions=_names(said.get("descriptions", ())),
    )


def _values(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)


def _pattern(said: Json) -> DatePatternMap:
    return DatePatternMap(
        ((said["source"], said["target"]),),
        said.get("freqId"),
        said.get("freqDim"),
        resolve=said.get("resolvePeriod"),
        id=said.get("id"),
        pattern=said["pattern"],
        locale=said.get("locale", "en"),
    )


def _component(said: Json) -> ComponentMap:
    urn = said.get("representationMapRef")
    return ComponentMap(tuple(said["sources"]), tuple(said["targets"]), referred(urn)[1] if urn else None)
