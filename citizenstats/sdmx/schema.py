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

Purpose = Literal["Replace", "Merge", "Delete"]
"""What data of a schema are for: whole observations, changes in them, or what to delete."""

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
    "Alpha": "common:AlphaType",
    "AlphaNumeric": "common:AlphaNumericType",
    "Numeric": "common:NumericType",
    **{
        f"{kind}TimePeriod": f"common:{kind}TimePeriodType"
        for kind in ("Standard", "Basic", "Gregorian", "Reporting")
    },
    **{
        f"Reporting{part}": f"common:Reporting{part}Type"
        for part in ("Year", "Semester", "Trimester", "Quarter", "Month", "Week", "Day")
    },
    "GregorianYear": "xs:gYear",
    "GregorianYearMonth": "xs:gYearMonth",
    "GregorianDay": "xs:date",
    "TimeRange": "common:TimeRangeType",
    "Month": "xs:gMonth",
    "MonthDay": "xs:gMonthDay",
    "Day": "xs:gDay",
    "Time": "xs:time",
    "Duration": "xs:duration",
}
"""SDMX data type → its XML type."""

TAKEN = "type"
"""What a component of structure-specific data cannot be called: the base types have an XML attribute of that name."""

FLOATING = frozenset({"Double", "Float"})
"""SDMX types whose values can be ``NaN``."""


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
    purpose: Purpose = "Replace",
) -> bytes:
    """Return the XSD of a structure's data.

    Args:
        structure: the data structure.
        structures: where its code lists are.
        version: of SDMX-ML.
        dimension_at_observation: as in `namespace`.
        purpose: a change may leave out mandatory attributes, and what deletes may leave dimensions open too; SDMX REST
            2.2 asks for the latter with ``deletion=true``.

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
    types = _Types(root, structure, along, purpose)
    types.data_set(f"dsd:{kind}DataSetType")
    if along != FLAT:
        types.series(f"dsd:{kind or 'Series'}Type")
    types.observation(f"dsd:{kind}ObsType")
    for group in sorted({c.group for c in structure.attributes if c.group}):
        types.group(group)
    if version != "2.1":
        for component in (c for c in structure.components if c.several):
            types.several(component)
    for codelist in _lists(structure):
        of_parts = (
            any(c.several and c.codelist == codelist for c in structure.components) and version != "2.1"
        )
        _codes(root, codelist, structures, of_parts=of_parts)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def comp_name(component: Component) -> str:
    """Return the name of the type of a component with several values or languages."""
    return f"{component.id}.Comp"


def _lists(structure: DataStructure) -> list[Reference]:
    return sorted({c.codelist for c in structure.components if c.codelist is not None})


# --- types ------------------------------------------------------------------------------------------------


class _Types:
    """The types of a data set, added to a schema one by one."""

    def __init__(self, root: etree._Element, structure: DataStructure, along: str, purpose: Purpose) -> None:
        self._root = root
        self._structure = structure
        self._along = along
        self._purpose = purpose

    def data_set(self, of: str) -> None:
        """Add the type of the data set."""
        structure, along = self._structure, self._along
        sequence, restriction = _restriction(self._root, "DataSetType", of)
        _add(
            sequence,
            "element",
            name="DataProvider",
            type="common:DataProviderReferenceType",
            minOccurs="0",
            form="unqualified",
        )
        choice = _add(sequence, "choice", minOccurs="0", maxOccurs="unbounded") if self._is_3 else sequence
        kinds = sorted({structure.group_name(c.group) for c in structure.attributes if c.group})
        if kinds:
            _many(choice, "Group", kinds[0] if len(kinds) == 1 else "dsd:GroupType")
        if any(c.several and c.attachment == "dataset" for c in structure.attributes) and self._is_3:
            _many(choice, "Atts", "AttsType")
            sequence, _ = _restriction(self._root, "AttsType", "dsd:AttsType")
            _many(sequence, "Comp", "dsd:CompType")
        _many(choice, *(("Obs", "ObsType") if along == FLAT else ("Series", "SeriesType")))
        self._attributes(restriction, [c for c in structure.attributes if c.attachment == "dataset"])
        _add(restriction, "attributeGroup", ref="dsd:SetAttributeGroup")

    def series(self, of: str) -> None:
        """Add the type of a series."""
        structure, along = self._structure, self._along
        sequence, restriction = _restriction(self._root, "SeriesType", of)
        attributes = [c for c in structure.attributes if structure.level(c, along) == "series"]
        self._comps(sequence, attributes)
        _many(sequence, "Obs", "ObsType")
        keys = [c for c in structure.components if c.role in ("dimension", "time") and c.id != along]
        self._key(restriction, keys)
        self._attributes(restriction, attributes)
        if structure.time is None or along == structure.time.id:
            _add(restriction, "attribute", name="TIME_PERIOD", use="prohibited")

    def observation(self, of: str) -> None:
        """Add the type of an observation."""
        structure, along = self._structure, self._along
        sequence, restriction = _restriction(self._root, "ObsType", of)
        attributes = [c for c in structure.attributes if structure.level(c, along) == "observation"]
        self._comps(sequence, (*structure.measures, *attributes))
        keys = [c for c in structure.components if c.role in ("dimension", "time") and along in (FLAT, c.id)]
        self._key(restriction, keys)
        for measure in (m for m in structure.measures if not m.several):
            self._component(restriction, measure, "optional")
        self._attributes(restriction, attributes)
        if structure.time is None or not any(c.role == "time" for c in keys):
            _add(restriction, "attribute", name="TIME_PERIOD", use="prohibited")

    def group(self, group: tuple[str, ...]) -> None:
        """Add the type of a group."""
        sequence, restriction = _restriction(self._root, self._structure.group_name(group), "dsd:GroupType")
        attributes = [c for c in self._structure.attributes if c.group == group]
        self._comps(sequence, attributes)
        self._key(restriction, [self._structure.by_id[d] for d in group])
        self._attributes(restriction, attributes)

    def several(self, component: Component) -> None:
        """Add the type of a component with several values or languages."""
        sequence, restriction = _restriction(self._root, comp_name(component), "dsd:CompType")
        kind = "common:TextValueType" if component.multilingual else "common:StringValueType"
        if component.codelist is not None:
            kind = f"{type_name(component.codelist)}.Value"
        _add(
            sequence,
            "element",
            name="Value",
            type=kind,
            minOccurs="0",
            maxOccurs=component.occurs,
            form="unqualified",
        )
        _add(
            restriction,
            "attribute",
            name="id",
            type="common:NCNameIDType",
            use="required",
            fixed=component.id,
        )

    def _comps(self, sequence: etree._Element, components: Iterable[Component]) -> None:
        if any(component.several for component in components) and self._is_3:
            _many(sequence, "Comp", "dsd:CompType")

    @property
    def _is_3(self) -> bool:
        return "/v3_" in str(self._root.nsmap["dsd"])

    def _key(self, parent: etree._Element, dimensions: Iterable[Component]) -> None:
        for dimension in dimensions:
            # At an observation of a series the base type of 2.1 asks for time.
            open_ = self._purpose == "Delete" and dimension.id != self._along
            self._component(parent, dimension, "optional" if open_ else "required")

    def _attributes(self, parent: etree._Element, attributes: Iterable[Component]) -> None:
        for attribute in (a for a in attributes if not a.several):
            whole = attribute.mandatory and self._purpose == "Replace"
            self._component(parent, attribute, "required" if whole else "optional")

    def _component(self, parent: etree._Element, component: Component, use: str) -> None:
        """Add the XML attribute of a component."""
        kind = _type(component)
        missing = component.role == "measure" and component.type not in FLOATING
        if missing and "/v3_1/" in str(self._root.nsmap["dsd"]):
            added = _add(parent, "attribute", name=component.id, use=use)
            _add(_add(added, "simpleType"), "union", memberTypes=f"{kind} common:MissingType")
        else:
            _add(parent, "attribute", name=component.id, type=kind, use=use)


def _many(parent: etree._Element, name: str, kind: str) -> None:
    _add(parent, "element", name=name, type=kind, minOccurs="0", maxOccurs="unbounded", form="unqualified")


def _restriction(root: etree._Element, name: str, of: str) -> tuple[etree._Element, etree._Element]:
    """Add a restricted complex type; return its sequence and the restriction."""
    kind = _add(root, "complexType", name=name)
    restriction = _add(_add(kind, "complexContent"), "restriction", base=of)
    sequence = _add(restriction, "sequence")
    _add(sequence, "element", ref="common:Annotations", minOccurs="0")
    return sequence, restriction


def _type(component: Component) -> str:
    if component.codelist is not None:
        return type_name(component.codelist)
    if component.id == "REPORTING_YEAR_START_DAY":
        return TYPES["MonthDay"]  # whose type the base types of 2.1 have already
    return TYPES.get(component.type, "xs:string")


def type_name(codelist: Reference) -> str:
    """Return the name of the simple type that enumerates a code list."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", f"{codelist.agency}.{codelist.id}.{codelist.version}")


def _codes(root: etree._Element, codelist: Reference, structures: Structures, *, of_parts: bool) -> None:
    kind = _add(root, "simpleType", name=type_name(codelist))
    restrictions = [_add(kind, "restriction", base="xs:string")]
    if of_parts:
        part = _add(_add(root, "complexType", name=f"{type_name(codelist)}.Value"), "simpleContent")
        restrictions.append(_add(part, "restriction", base="common:StringValueType"))
    for restriction in restrictions:
        for code in _ids(structures, codelist):
            _add(restriction, "enumeration", value=code)


def _ids(structures: Structures, codelist: Reference) -> Iterator[str]:
    yield from (item.id for item in structures.scheme(codelist).items)


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XS}}}{tag}", attributes)
