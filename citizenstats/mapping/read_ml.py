"""Structure maps from SDMX-ML 3.0 and 3.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

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

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def maps_of(root: etree._Element) -> MapMessage:
    """Return the maps of a structure message, whatever the prefixes and the version of its namespaces."""
    return MapMessage(
        tuple(_structure_map(e) for e in root.iter("{*}StructureMap")),
        tuple(_representation_map(e) for e in root.iter("{*}RepresentationMap") if e.get("id") is not None),
    )


def _children(parent: etree._Element, tag: str) -> Iterator[etree._Element]:
    yield from parent.iterchildren(f"{{*}}{tag}")


def _texts(parent: etree._Element, tag: str) -> tuple[str, ...]:
    return tuple(child.text or "" for child in _children(parent, tag))


def _ids(parent: etree._Element, tag: str) -> tuple[str, ...]:
    """Return ids and URNs, without the space that an editor put around them."""
    return tuple(text.strip() for text in _texts(parent, tag))


def _first(parent: etree._Element, tag: str) -> str | None:
    return next(iter(_ids(parent, tag)), None)


def _names(parent: etree._Element, tag: str) -> dict[str, str]:
    return {child.get(_LANG, "en"): child.text or "" for child in _children(parent, tag)}


def _reference(element: etree._Element) -> Reference:
    return Reference(element.attrib["agencyID"], element.attrib["id"], element.get("version", "1.0"))


def _annotations(element: etree._Element) -> tuple[Annotation, ...]:
    return tuple(
        Annotation(
            next(iter(_texts(one, "AnnotationType")), ""),
            next(iter(_texts(one, "AnnotationTitle")), None),
            _names(one, "AnnotationText"),
            next(iter(_texts(one, "AnnotationURL")), None),
        )
        for listed in _children(element, "Annotations")
        for one in _children(listed, "Annotation")
    )


# --- representation maps ----------------------------------------------------------------------------------


def _representation_map(element: etree._Element) -> RepresentationMap:
    sides = {
        side: tuple(
            (child.text or "").strip()
            for child in element
            if etree.QName(child).localname in (f"{side}Codelist", f"{side}DataType")
        )
        for side in ("Source", "Target")
    }
    width = len(sides["Target"])
    return RepresentationMap(
        _reference(element),
        _names(element, "Name"),
        sides["Source"],
        sides["Target"],
        tuple(_mapping(line, width) for line in _children(element, "RepresentationMapping")),
        _names(element, "Description"),
        _annotations(element),
    )


def _mapping(line: etree._Element, width: int) -> ValueMapping:
    return ValueMapping(
        tuple(_source(value) for value in _children(line, "SourceValue")),
        padded(_texts(line, "TargetValue"), width),
        day(line.get("validFrom")),
        day(line.get("validTo")),
    )


def _source(element: etree._Element) -> SourceValue:
    start, end = element.get("startIndex"), element.get("endIndex")
    return source_value(
        element.text or "",
        regex=element.get("isRegEx", "false") in ("true", "1"),
        start=int(start) if start is not None else None,
        end=int(end) if end is not None else None,
    )


# --- structure maps ---------------------------------------------------------------------------------------


def _structure_map(element: etree._Element) -> StructureMap:
    epochs = [
        EpochMap(**_time(e), base=e.attrib["basePeriod"], period=e.attrib["epochPeriod"])  # type: ignore[arg-type]
        for e in _children(element, "EpochMap")
    ]
    patterns = [
        DatePatternMap(**_time(e), pattern=e.attrib["sourcePattern"], locale=e.get("locale", "en"))  # type: ignore[arg-type]
        for e in _children(element, "DatePatternMap")
    ]
    times: Sequence[TimeMap] = [*epochs, *patterns]
    return StructureMap(
        _reference(element),
        _names(element, "Name"),
        _first(element, "Source") or "",
        _first(element, "Target") or "",
        tuple(times),
        tuple(
            FrequencyFormat(
                e.get("id", ""), _first(e, "FrequencyId") or "", next(iter(_texts(e, "DatePattern")), "")
            )
            for e in _children(element, "FrequencyFormatMapping")
        ),
        tuple(_component(e) for e in _children(element, "ComponentMap")),
        tuple(_fixed(e) for e in _children(element, "FixedValueMap")),
        _names(element, "Description"),
        _annotations(element),
    )


def _time(element: etree._Element) -> dict[str, object]:
    return {
        "pairs": tuple(zip(_ids(element, "Source"), _ids(element, "Target"), strict=True)),
        "frequency": _first(element, "TargetFrequencyID"),
        "frequency_component": _first(element, "FrequencyDimension"),
        "formats": _ids(element, "MappedFrequencies"),
        "resolve": element.get("resolvePeriod"),
        "id": element.get("id"),
    }


def _component(element: etree._Element) -> ComponentMap:
    urn = _first(element, "RepresentationMap")
    return ComponentMap(_ids(element, "Source"), _ids(element, "Target"), referred(urn)[1] if urn else None)


def _fixed(element: etree._Element) -> FixedValueMap:
    source, target = _first(element, "Source"), _first(element, "Target")
    values = _texts(element, "Value")
    if source is not None:
        return FixedValueMap(source, values, "source")
    return FixedValueMap(target or "", values)
