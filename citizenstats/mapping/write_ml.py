"""Structure maps as SDMX-ML 3.0: a structure message with the maps and the structure of their source."""

from __future__ import annotations

from lxml import etree

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
    map_urn,
)
from citizenstats.sdmx import structures_ml
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Annotation, Names
from citizenstats.sdmx.schema import base
from citizenstats.sdmx.selected import Selected

COM, STR = (f"{{{base('3.0')}/{part}}}" for part in ("common", "structure"))

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write(maps: MapMessage, source: Selected, header: Header) -> bytes:
    """Return the message.

    Args:
        maps: the structure maps and representation maps.
        source: the structures of what is mapped from.
        header: of the message.
    """
    root = etree.fromstring(structures_ml.write(source, header, "3.0"))
    body = root[1]
    for element in [child for child in body if len(child) == 0]:
        body.remove(element)
    if maps.representation_maps:
        listed = _add(body, "RepresentationMaps")
        for representation in maps.representation_maps:
            _representation_map(listed, representation)
    if maps.structure_maps:
        listed = _add(body, "StructureMaps")
        for structure_map in maps.structure_maps:
            _structure_map(listed, structure_map)
    etree.indent(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add(
    parent: etree._Element, tag: str, text: str | None = None, space: str = STR, **attributes: str
) -> etree._Element:
    child = etree.SubElement(parent, f"{space}{tag}", attributes)
    child.text = text
    return child


def _named(
    parent: etree._Element, names: Names, descriptions: Names, annotations: tuple[Annotation, ...]
) -> None:
    if annotations:
        listed = _add(parent, "Annotations", space=COM)
        for annotation in annotations:
            element = _add(listed, "Annotation", space=COM)
            if annotation.title is not None:
                _add(element, "AnnotationTitle", annotation.title, COM)
            _add(element, "AnnotationType", annotation.type, COM)
            if annotation.url is not None:
                _add(element, "AnnotationURL", annotation.url, COM)
            for language, text in annotation.text.items():
                _add(element, "AnnotationText", text, COM).set(_LANG, language)
    for tag, texts in (("Name", names), ("Description", descriptions)):
        for language, text in texts.items():
            _add(parent, tag, text, COM).set(_LANG, language)


def _maintained(
    parent: etree._Element, kind: str, artefact: StructureMap | RepresentationMap
) -> etree._Element:
    reference = artefact.reference
    element = _add(
        parent,
        kind,
        id=reference.id,
        urn=map_urn(kind, reference),  # type: ignore[arg-type]
        agencyID=reference.agency,
        version=reference.version,
        isExternalReference="false",
    )
    _named(element, artefact.names, artefact.descriptions, artefact.annotations)
    return element


# --- representation maps ----------------------------------------------------------------------------------


def _representation_map(parent: etree._Element, representation: RepresentationMap) -> None:
    element = _maintained(parent, "RepresentationMap", representation)
    for side, said in (("Source", representation.sources), ("Target", representation.targets)):
        for one in said:
            _add(element, f"{side}{'Codelist' if one.startswith('urn:') else 'DataType'}", one)
    for mapping in representation.mappings:
        times = (("validFrom", mapping.valid_from), ("validTo", mapping.valid_to))
        line = _add(element, "RepresentationMapping", **{key: day for key, day in times if day is not None})
        for source in mapping.sources:
            _source_value(line, source)
        for target in mapping.targets:
            _add(line, "TargetValue", target)


def _source_value(line: etree._Element, source: SourceValue) -> None:
    element = _add(line, "SourceValue", source.value)
    if source.regex:
        element.set("isRegEx", "true")
    for key, index in (("startIndex", source.start), ("endIndex", source.end)):
        if index is not None:
            element.set(key, str(index))


# --- structure maps ---------------------------------------------------------------------------------------


def _structure_map(parent: etree._Element, structure_map: StructureMap) -> None:
    element = _maintained(parent, "StructureMap", structure_map)
    _add(element, "Source", structure_map.source)
    _add(element, "Target", structure_map.target)
    for epoch in structure_map.epochs:
        _epoch(element, epoch)
    for pattern in structure_map.patterns:
        _pattern(element, pattern)
    for form in structure_map.formats:
        line = _add(element, "FrequencyFormatMapping", id=form.id)
        _add(line, "FrequencyId", form.frequency)
        _add(line, "DatePattern", form.pattern)
    for component in structure_map.components:
        _component(element, component)
    for fixed in structure_map.fixed:
        _fixed(element, fixed)


def _epoch(parent: etree._Element, epoch: EpochMap) -> None:
    element = _time(parent, "EpochMap", epoch)
    element.set("basePeriod", epoch.base)
    element.set("epochPeriod", epoch.period)


def _pattern(parent: etree._Element, pattern: DatePatternMap) -> None:
    element = _time(parent, "DatePatternMap", pattern)
    element.set("sourcePattern", pattern.pattern)
    element.set("locale", pattern.locale)


def _time(parent: etree._Element, tag: str, time: TimeMap) -> etree._Element:
    given = (("id", time.id), ("resolvePeriod", time.resolve))
    element = _add(parent, tag, **{key: text for key, text in given if text is not None})
    for source, target in time.pairs:
        _add(element, "Source", source)
        _add(element, "Target", target)
    if time.frequency_component is not None:
        _add(element, "FrequencyDimension", time.frequency_component)
        for form in time.formats:
            _add(element, "MappedFrequencies", form)
    else:
        _add(element, "TargetFrequencyID", time.frequency)
    return element


def _component(parent: etree._Element, component: ComponentMap) -> None:
    element = _add(parent, "ComponentMap")
    for source in component.sources:
        _add(element, "Source", source)
    for target in component.targets:
        _add(element, "Target", target)
    if component.representation is not None:
        _add(element, "RepresentationMap", map_urn("RepresentationMap", component.representation))


def _fixed(parent: etree._Element, fixed: FixedValueMap) -> None:
    element = _add(parent, "FixedValueMap")
    _add(element, "Source" if fixed.located_in == "source" else "Target", fixed.component)
    for value in fixed.values:
        _add(element, "Value", value)
