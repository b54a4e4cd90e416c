"""The schema of structure-specific data: what a message of one data structure may hold, as XSD.

Structure-specific SDMX-ML is valid only together with a schema made from its structure (SDMX 2.1 and 3.0, Section 3A).
This one restricts the official base types to the structure's dimensions, measures and attributes, with the codes of
their lists. Validate with it beside the official schemas; see `citizenstats.sdmx.validate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from lxml import etree

from citizenstats.sdmx.model import Component, DataStructure, Reference, Structures

Version = Literal["2.1", "3.0", "3.1"]

XS = "http://www.w3.org/2001/XMLSchema"
FLAT = "AllDimensions"
"""The dimension at observation of a message whose observations stand alone, each with its whole key."""

TYPES = {
    "String": "xs:string",
    "Integer": "xs:int",
    "Long": "xs:long",
    "Short": "xs:short",
    "BigInteger": "xs:integer",
    "Count": "xs:integer",
    "Double": "xs:double",
    "Float": "xs:float",
    "Decimal": "xs:decimal",
    "Boolean": "xs:boolean",
    "DateTime": "xs:dateTime",
    "URI": "xs:anyURI",
    "ObservationalTimePeriod": "common:ObservationalTimePeriodType",
}
"""SDMX data type → its XML type."""


def base(version: Version) -> str:
    """Return the beginning of the official namespaces of a version."""
    return f"http://www.sdmx.org/resources/sdmxml/schemas/v{version.replace('.', '_')}"


def namespace(structure: DataStructure, dimension_at_observation: str | None = None) -> str:
    """Return the namespace of a structure's data: its URN and the dimension at the observation.

    Args:
        structure: the data structure.
        dimension_at_observation: a dimension or ``AllDimensions``; time, or all where there is none, unless said.
    """
    urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={structure.reference}"
    return f"{urn}:ObsLevelDim:{dimension_at_observation or default_dimension(structure)}"


def default_dimension(structure: DataStructure) -> str:
    """Return the dimension at the observation unless one is asked for: time, or all where there is none."""
    return structure.time.id if structure.time else FLAT


def schema(
    structure: DataStructure,
    structures: Structures,
    version: Version,
    dimension_at_observation: str | None = None,
) -> bytes:
    """Return the XSD of a structure's data.

    Args:
        structure: the data structure.
        structures: where its code lists are.
        version: of SDMX-ML.
        dimension_at_observation: as in `namespace`.

    Raises:
        StructureError: a code list is missing.
    """
    along = dimension_at_observation or default_dimension(structure)
    target = namespace(structure, along)
    prefixes: Any = {
        "xs": XS,
        None: target,
        "dsd": f"{base(version)}/data/structurespecific",
        "common": f"{base(version)}/common",
    }
    root = etree.Element(
        f"{{{XS}}}schema",
        {
            "targetNamespace": target,
            "elementFormDefault": "unqualified",
            "attributeFormDefault": "unqualified",
        },
        nsmap=prefixes,
    )
    for part, location in (
        ("common", "SDMXCommon.xsd"),
        ("data/structurespecific", "SDMXDataStructureSpecific.xsd"),
    ):
        _add(root, "import", namespace=f"{base(version)}/{part}", schemaLocation=location)
    # In 2.1 the types of a time series serve both kinds of messages: each restricts the one of the other.
    is_time_series = version == "2.1" and structure.time is not None and along == structure.time.id
    kind = "TimeSeries" if is_time_series else ""
    _data_set(root, structure, along, f"dsd:{kind}DataSetType")
    if along != FLAT:
        _series(root, structure, along, f"dsd:{kind or 'Series'}Type")
    _observation(root, structure, along, f"dsd:{kind}ObsType")
    groups = {c.group for c in structure.attributes if c.group}
    for group in sorted(groups):
        _group(root, structure, group)
    for codelist in _lists(structure):
        _codes(root, codelist, structures)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def group_name(group: Iterable[str]) -> str:
    """Return the name of the group of these dimensions."""
    return "Group_" + "_".join(group)


def _lists(structure: DataStructure) -> list[Reference]:
    return sorted({c.codelist for c in structure.components if c.codelist is not None})


# --- types ------------------------------------------------------------------------------------------------


def _data_set(root: etree._Element, structure: DataStructure, along: str, of: str) -> None:
    sequence, restriction = _restriction(root, "DataSetType", of)
    _add(
        sequence,
        "element",
        name="DataProvider",
        type="common:DataProviderReferenceType",
        minOccurs="0",
        form="unqualified",
    )
    choice = _add(sequence, "choice", minOccurs="0", maxOccurs="unbounded") if _is_3(root) else sequence
    if any(c.group for c in structure.attributes):
        kinds = sorted({group_name(c.group) for c in structure.attributes if c.group})
        kind = kinds[0] if len(kinds) == 1 else "dsd:GroupType"
        _add(
            choice,
            "element",
            name="Group",
            type=kind,
            minOccurs="0",
            maxOccurs="unbounded",
            form="unqualified",
        )
    name, kind = ("Obs", "ObsType") if along == FLAT else ("Series", "SeriesType")
    _add(choice, "element", name=name, type=kind, minOccurs="0", maxOccurs="unbounded", form="unqualified")
    _attributes(restriction, [c for c in structure.attributes if c.attachment == "dataset"], optional=False)
    _add(restriction, "attributeGroup", ref="dsd:SetAttributeGroup")


def _series(root: etree._Element, structure: DataStructure, along: str, of: str) -> None:
    sequence, restriction = _restriction(root, "SeriesType", of)
    _add(
        sequence,
        "element",
        name="Obs",
        type="ObsType",
        minOccurs="0",
        maxOccurs="unbounded",
        form="unqualified",
    )
    keys = [c for c in structure.components if c.role in ("dimension", "time") and c.id != along]
    _attributes(restriction, keys, optional=False, required=True)
    attributes = [c for c in structure.attributes if structure.level(c, along) == "series"]
    _attributes(restriction, attributes, optional=False)
    if structure.time is None or along == structure.time.id:
        _add(restriction, "attribute", name="TIME_PERIOD", use="prohibited")


def _observation(root: etree._Element, structure: DataStructure, along: str, of: str) -> None:
    _, restriction = _restriction(root, "ObsType", of)
    keys = [c for c in structure.components if c.role in ("dimension", "time") and along in (FLAT, c.id)]
    _attributes(restriction, keys, optional=False, required=True)
    _attributes(restriction, structure.measures, optional=True)
    attributes = [c for c in structure.attributes if structure.level(c, along) == "observation"]
    _attributes(restriction, attributes, optional=False)
    if structure.time is None or not any(c.role == "time" for c in keys):
        _add(restriction, "attribute", name="TIME_PERIOD", use="prohibited")


def _group(root: etree._Element, structure: DataStructure, group: tuple[str, ...]) -> None:
    _, restriction = _restriction(root, group_name(group), "dsd:GroupType")
    _attributes(restriction, [structure.by_id[d] for d in group], optional=False, required=True)
    _attributes(restriction, [c for c in structure.attributes if c.group == group], optional=False)


def _restriction(root: etree._Element, name: str, of: str) -> tuple[etree._Element, etree._Element]:
    """Add a restricted complex type; return its sequence and the restriction."""
    kind = _add(root, "complexType", name=name)
    restriction = _add(_add(kind, "complexContent"), "restriction", base=of)
    sequence = _add(restriction, "sequence")
    _add(sequence, "element", ref="common:Annotations", minOccurs="0")
    return sequence, restriction


def _attributes(
    parent: etree._Element, components: Iterable[Component], *, optional: bool, required: bool = False
) -> None:
    """Add the XML attributes of components; `required` and `optional` go before what they say themselves."""
    for component in components:
        use = "required" if required or (component.mandatory and not optional) else "optional"
        _add(parent, "attribute", name=component.id, type=_type(component), use=use)


def _type(component: Component) -> str:
    if component.codelist is not None:
        return type_name(component.codelist)
    return TYPES.get(component.type, "xs:string")


def type_name(codelist: Reference) -> str:
    """Return the name of the simple type that enumerates a code list."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", f"{codelist.agency}.{codelist.id}.{codelist.version}")


def _codes(root: etree._Element, codelist: Reference, structures: Structures) -> None:
    kind = _add(root, "simpleType", name=type_name(codelist))
    restriction = _add(kind, "restriction", base="xs:string")
    for code in _ids(structures, codelist):
        _add(restriction, "enumeration", value=code)


def _ids(structures: Structures, codelist: Reference) -> Iterator[str]:
    yield from (item.id for item in structures.scheme(codelist).items)


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XS}}}{tag}", attributes)


def _is_3(root: etree._Element) -> bool:
    return "/v3_" in str(root.nsmap["dsd"])
