"""Structure maps from SDMX-JSON 2.0 and 2.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from citizenstats.mapping.model import (
    ComponentMap,
    DatePatternMap,
    EpochMap,
    FixedValueMap,
    FrequencyFormat,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    TimeMap,
    ValueMapping,
    referred,
)
from citizenstats.mapping.values import day, padded, source_value
from citizenstats.sdmx.model import Annotation, Reference

Json = Mapping[str, Any]


def maps_of(message: Json) -> MapMessage:
    """Return the maps of a structure message; the outer ``data`` may be missing."""
    data = message.get("data", message)
    return MapMessage(
        tuple(_structure_map(m) for m in data.get("structureMaps", ())),
        tuple(_representation_map(r) for r in data.get("representationMaps", ())),
    )


def _reference(said: Json) -> Reference:
    return Reference(said["agencyID"], said["id"], said.get("version", "1.0"))


def _names(said: Json, key: str) -> dict[str, str]:
    if f"{key}s" in said:
        return dict(said[f"{key}s"])
    return {"en": said[key]} if key in said else {}


def _annotations(said: Json) -> tuple[Annotation, ...]:
    return tuple(
        Annotation(
            one.get("type", ""),
            one.get("title"),
            _names(one, "text"),
            next((link["href"] for link in one.get("links", ()) if "href" in link), None),
        )
        for one in said.get("annotations", ())
    )


# --- representation maps ----------------------------------------------------------------------------------


def _representation_map(said: Json) -> RepresentationMap:
    sources, targets = (_side(said.get(side, ())) for side in ("source", "target"))
    return RepresentationMap(
        _reference(said),
        _names(said, "name"),
        sources,
        targets,
        tuple(_mapping(line, len(targets)) for line in said.get("representationMappings", ())),
        _names(said, "description"),
        _annotations(said),
    )


def _side(listed: Sequence[Json]) -> tuple[str, ...]:
    # `valuelist` is no key of the schema, but is written by some.
    return tuple(one.get("codelist") or one.get("valuelist") or one["dataType"] for one in listed)


def _mapping(line: Json, width: int) -> ValueMapping:
    return ValueMapping(
        tuple(_source(value) for value in line["sourceValues"]),
        padded([str(t) if t is not None else "" for t in line.get("targetValues", ())], width),
        day(line.get("validFrom")),
        day(line.get("validTo")),
    )


def _source(said: Json | str) -> SourceValue:
    if isinstance(said, str):
        return source_value(said, regex=False, start=None, end=None)
    return source_value(
        str(said["value"]),
        regex=said.get("isRegEx") in (True, "true"),
        start=said.get("startIndex"),
        end=said.get("endIndex"),
    )


# --- structure maps ---------------------------------------------------------------------------------------


def _structure_map(said: Json) -> StructureMap:
    epochs = [
        EpochMap(**_time(e), base=str(e["basePeriod"]), period=e["epochPeriod"])
        for e in said.get("epochMaps", ())
    ]
    patterns = [
        DatePatternMap(**_time(e), pattern=e["sourcePattern"], locale=e.get("locale", "en"))
        for e in said.get("datePatternMaps", ())
    ]
    times: Sequence[TimeMap] = [*epochs, *patterns]
    return StructureMap(
        _reference(said),
        _names(said, "name"),
        said.get("source", ""),
        said.get("target", ""),
        tuple(times),
        tuple(
            FrequencyFormat(f.get("id", ""), f["frequencyId"], f["datePattern"])
            for f in said.get("frequencyFormatMappings", ())
        ),
        tuple(_component(c) for c in said.get("componentMaps", ())),
        tuple(_fixed(f) for f in said.get("fixedValueMaps", ())),
        _names(said, "description"),
        _annotations(said),
    )


def _time(said: Json) -> dict[str, Any]:
    return {
        "pairs": tuple((pair["source"], pair["target"]) for pair in said["mappedComponents"]),
        "frequency": said.get("targetFrequencyID"),
        "frequency_component": said.get("frequencyDimension"),
        "formats": tuple(said.get("mappedFrequencies", ())),
        "resolve": said.get("resolvePeriod"),
        "id": said.get("id"),
    }


def _component(said: Json) -> ComponentMap:
    urn = said.get("representationMap")
    sources, targets = _listed(said["source"]), _listed(said["target"])
    return ComponentMap(sources, targets, referred(urn)[1] if urn else None)


def _fixed(said: Json) -> FixedValueMap:
    values = _listed(said.get("values", ()))
    side: Literal["source", "target"] = "source" if "source" in said else "target"
    (component,) = _listed(said[side])
    return FixedValueMap(component, values, side)


def _listed(said: Any) -> tuple[str, ...]:
    """Return what is a list by the schema, and a single text by some writers; the other way round too."""
    return tuple(str(one) for one in ([said] if isinstance(said, str) else said))
