"""Structures as SDMX-ML 2.1, 3.0 and 3.1.

2.1 and 3.x differ in how one artefact refers to another (a ``Ref`` element in 2.1, a URN in 3.x) and in a few names; both
stand side by side here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from citizenstats.clock import stamp
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import (
    Annotation,
    Component,
    DataStructure,
    Item,
    ItemScheme,
    Names,
    Reference,
)
from citizenstats.sdmx.schema import Version, base
from citizenstats.sdmx.selected import ITEMS, PACKAGES, Selected, urn

_PARENT_OF_3 = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What the official schema of 3.0 takes as the parent of a code: narrower than the id of a code, so `_T` as parent of its
parts can be said in 2.1 and JSON only."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write(selected: Selected, header: Header, version: Version) -> bytes:
    """Return the structure message of a version."""
    root = _Writer(version).message(selected, header)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


class _Writer:
    """Writes elements in the namespaces and manners of one version."""

    def __init__(self, version: Version) -> None:
        self._3 = version != "2.1"
        self._3_1 = version == "3.1"
        spaces = {
            part: f"{base(version)}/{whole}"
            for part, whole in (("mes", "message"), ("com", "common"), ("str", "structure"))
        }
        self._spaces = spaces

    # --- small parts --------------------------------------------------------------------------------------

    def _add(
        self, parent: etree._Element, tag: str, text: str | None = None, **attributes: str
    ) -> etree._Element:
        prefix, _, name = tag.rpartition(":")
        qualified = f"{{{self._spaces[prefix]}}}{name}" if prefix else name
        child = etree.SubElement(parent, qualified, attributes)
        child.text = text
        return child

    def _names(
        self,
        parent: etree._Element,
        names: Names,
        descriptions: Names,
        annotations: Sequence[Annotation] = (),
    ) -> None:
        if annotations:
            listed = self._add(parent, "com:Annotations")
            for annotation in annotations:
                self._annotation(listed, annotation)
        for tag, texts in (("com:Name", names), ("com:Description", descriptions)):
            for language, text in texts.items():
                self._add(parent, tag, text).set(_LANG, language)

    def _annotation(self, parent: etree._Element, annotation: Annotation) -> None:
        element = self._add(parent, "com:Annotation")
        for tag, text in (("Title", annotation.title), ("Type", annotation.type), ("URL", annotation.url)):
            if text:
                self._add(element, f"com:Annotation{tag}", text)
        for language, text in annotation.text.items():
            self._add(element, "com:AnnotationText", text).set(_LANG, language)

    def _maintained(
        self, parent: etree._Element, kind: str, reference: Reference, **more: str
    ) -> etree._Element:
        # Schemes of organisations are never final in 2.1, and have no version in 3.0; nor have categorisations in 3.1.
        organisations = kind in ("AgencyScheme", "DataProviderScheme")
        bare = (self._3 and organisations) or (self._3_1 and kind == "Categorisation")
        version = {} if bare else {"version": reference.version}
        if self._3_1 and kind == "Categorisation":
            reference = Reference(reference.agency, reference.id, "1.0")
        final = {} if self._3 or organisations else {"isFinal": "true"}
        return self._add(
            parent,
            f"str:{kind}",
            id=reference.id,
            urn=urn(kind, reference),
            agencyID=reference.agency,
            isExternalReference="false",
            **version,
            **final,
            **more,
        )

    def _refer(
        self, parent: etree._Element, tag: str, kind: str, reference: Reference, item: str | None = None
    ) -> None:
        """Refer to an artefact or an item: by URN in 3.0, by the parts of it in 2.1."""
        element = self._add(parent, tag)
        if self._3:
            element.text = urn(kind, reference, item)
            return
        if item is None:
            parts = {"id": reference.id, "version": reference.version}
        else:
            parts = {
                "id": item,
                "maintainableParentID": reference.id,
                "maintainableParentVersion": reference.version,
            }
        self._add(
            element, "Ref", agencyID=reference.agency, **parts, **{"class": kind, "package": PACKAGES[kind]}
        )

    # --- the message --------------------------------------------------------------------------------------

    def message(self, selected: Selected, header: Header) -> etree._Element:
        """Return the whole message."""
        root = etree.Element(f"{{{self._spaces['mes']}}}Structure", nsmap=dict(self._spaces))
        head = self._add(root, "mes:Header")
        self._add(head, "mes:ID", header.id)
        self._add(head, "mes:Test", str(header.test).lower())
        self._add(head, "mes:Prepared", stamp(header.prepared))
        self._add(head, "mes:Sender", id=header.sender)
        if header.receiver:
            self._add(head, "mes:Receiver", id=header.receiver)
        body = self._add(root, "mes:Structures")
        if self._3:
            # In any order by the schema; dataflows stand before what points at them, else sdmx1 2.28 forgets their names.
            self._schemes(body, "AgencySchemes", selected.of("AgencyScheme"))
            self._schemes(body, "CategorySchemes", selected.of("CategoryScheme"))
            self._schemes(body, "Codelists", selected.of("Codelist"))
            self._schemes(body, "ConceptSchemes", selected.of("ConceptScheme"))
            self._data_structures(body, selected)
            self._dataflows(body, selected)
            self._categorisations(body, selected)
            self._constraints(body, selected)
            if self._3_1:
                self._schemes(body, "DataProviderSchemes", selected.of("DataProviderScheme"))
                self._agreements(body, selected)
            # Data providers and their agreements are in the messages of all other versions: sdmx1 2.28 refuses a whole message
            # of 3.0 with DataProviderSchemes or ProvisionAgreements in it.
        else:
            organisations = (*selected.of("AgencyScheme"), *selected.of("DataProviderScheme"))
            self._schemes(body, "OrganisationSchemes", organisations)
            self._dataflows(body, selected)
            self._schemes(body, "CategorySchemes", selected.of("CategoryScheme"))
            self._categorisations(body, selected)
            self._schemes(body, "Codelists", selected.of("Codelist"))
            self._schemes(body, "Concepts", selected.of("ConceptScheme"))
            self._data_structures(body, selected)
            self._constraints(body, selected)
            self._agreements(body, selected)
        return root

    # --- item schemes -------------------------------------------------------------------------------------

    def _schemes(self, body: etree._Element, tag: str, schemes: Iterable[ItemScheme]) -> None:
        listed = tuple(schemes)
        if not listed:
            return
        parent = self._add(body, f"str:{tag}")
        for scheme in listed:
            partial = {"isPartial": "true"} if scheme.partial else {}
            element = self._maintained(parent, scheme.kind, scheme.reference, **partial)
            self._names(element, scheme.names, {}, scheme.annotations)
            if scheme.kind == "CategoryScheme":
                self._categories(element, scheme, None, "")
            else:
                for item in scheme.items:
                    self._item(element, scheme, item)

    def _item(self, parent: etree._Element, scheme: ItemScheme, item: Item) -> None:
        kind = ITEMS[scheme.kind]
        element = self._add(parent, f"str:{kind}", id=item.id, urn=urn(kind, scheme.reference, item.id))
        self._names(element, item.names, item.descriptions, item.annotations)
        if item.parent is not None and (not self._3 or self._3_1 or _PARENT_OF_3.fullmatch(item.parent)):
            holder = self._add(element, "str:Parent", item.parent if self._3 else None)
            if not self._3:
                self._add(holder, "Ref", id=item.parent)

    def _categories(self, parent: etree._Element, scheme: ItemScheme, above: str | None, path: str) -> None:
        for item in scheme.items:
            if item.parent == above:
                whole = f"{path}{item.id}"
                element = self._add(
                    parent, "str:Category", id=item.id, urn=urn("Category", scheme.reference, whole)
                )
                self._names(element, item.names, item.descriptions, item.annotations)
                self._categories(element, scheme, item.id, f"{whole}.")

    # --- data structures ----------------------------------------------------------------------------------

    def _data_structures(self, body: etree._Element, selected: Selected) -> None:
        parent = self._add(body, "str:DataStructures")
        for structure in selected.data_structures:
            element = self._maintained(parent, "DataStructure", structure.reference)
            self._names(element, structure.names, {})
            components = self._add(element, "str:DataStructureComponents")
            self._dimensions(components, structure)
            for group in sorted({c.group for c in structure.attributes if c.group}):
                self._group(components, structure, group)
            if structure.attributes:
                listed = self._list(components, "AttributeList", "AttributeDescriptor", structure)
                for attribute in structure.attributes:
                    self._attribute(listed, structure, attribute)
            listed = self._list(components, "MeasureList", "MeasureDescriptor", structure)
            for measure in structure.measures:
                kind = "Measure" if self._3 else "PrimaryMeasure"
                self._component(listed, kind, structure, measure)

    def _list(
        self, parent: etree._Element, tag: str, identifier: str, structure: DataStructure
    ) -> etree._Element:
        whole = f"urn:sdmx:org.sdmx.infomodel.datastructure.{identifier}={structure.reference}.{identifier}"
        return self._add(parent, f"str:{tag}", id=identifier, urn=whole)

    def _dimensions(self, components: etree._Element, structure: DataStructure) -> None:
        listed = self._list(components, "DimensionList", "DimensionDescriptor", structure)
        for position, dimension in enumerate(structure.dimensions, start=1):
            self._component(listed, "Dimension", structure, dimension, position=str(position))
        if structure.time is not None:
            place = {} if self._3 else {"position": str(len(structure.dimensions) + 1)}
            self._component(listed, "TimeDimension", structure, structure.time, **place)

    def _component(
        self, parent: etree._Element, tag: str, structure: DataStructure, component: Component, **more: str
    ) -> etree._Element:
        classes = {"Attribute": "DataAttribute"}
        whole = f"urn:sdmx:org.sdmx.infomodel.datastructure.{classes.get(tag, tag)}={structure.reference}.{component.id}"
        element = self._add(parent, f"str:{tag}", id=component.id, urn=whole, **more)
        self._refer(element, "str:ConceptIdentity", "Concept", component.concept_scheme, component.concept)
        several = {"minOccurs": "0", "maxOccurs": component.occurs} if component.array and self._3 else {}
        representation = self._add(element, "str:LocalRepresentation", **several)
        if component.codelist is not None:
            self._refer(representation, "str:Enumeration", "Codelist", component.codelist)
        else:
            languages = self._languages(component)
            self._add(representation, "str:TextFormat", textType=component.type, **languages)
        return element

    def _languages(self, component: Component) -> dict[str, str]:
        """Return whether values are texts by language; 3.0 takes them to be so unless it is told."""
        if component.multilingual:
            return {"isMultiLingual": "true"}
        told = (
            self._3
            and not self._3_1
            and component.role in ("measure", "attribute")
            and component.type == "String"
        )
        return {"isMultiLingual": "false"} if told else {}

    def _attribute(self, parent: etree._Element, structure: DataStructure, attribute: Component) -> None:
        if self._3:
            status = {"usage": "mandatory" if attribute.mandatory else "optional"}
        else:
            status = {"assignmentStatus": "Mandatory" if attribute.mandatory else "Conditional"}
        element = self._component(parent, "Attribute", structure, attribute, **status)
        relation = self._add(element, "str:AttributeRelationship")
        if attribute.group:
            self._point(relation, "str:Group", structure.group_name(attribute.group))
        elif attribute.attachment == "dataset":
            self._add(relation, "str:Dataflow" if self._3 else "str:None")
        elif attribute.attachment == "series":
            for dimension in structure.dimensions_of(attribute):
                self._point(relation, "str:Dimension", dimension)
        elif self._3:
            self._add(relation, "str:Observation")
        else:
            self._point(relation, "str:PrimaryMeasure", structure.measures[0].id)

    def _point(self, parent: etree._Element, tag: str, identifier: str) -> None:
        """Point at a component of the same structure."""
        element = self._add(parent, tag, identifier if self._3 else None)
        if not self._3:
            self._add(element, "Ref", id=identifier)

    def _group(self, components: etree._Element, structure: DataStructure, group: tuple[str, ...]) -> None:
        name = structure.group_name(group)
        whole = (
            f"urn:sdmx:org.sdmx.infomodel.datastructure.GroupDimensionDescriptor={structure.reference}.{name}"
        )
        element = self._add(components, "str:Group", id=name, urn=whole)
        for dimension in group:
            self._point(self._add(element, "str:GroupDimension"), "str:DimensionReference", dimension)

    # --- the rest -----------------------------------------------------------------------------------------

    def _dataflows(self, body: etree._Element, selected: Selected) -> None:
        parent = self._add(body, "str:Dataflows")
        for flow in selected.dataflows:
            element = self._maintained(parent, "Dataflow", flow.reference)
            self._names(element, flow.names, flow.descriptions, flow.annotations)
            self._refer(element, "str:Structure", "DataStructure", flow.structure)

    def _agreements(self, body: etree._Element, selected: Selected) -> None:
        if not selected.agreements:
            return
        parent = self._add(body, "str:ProvisionAgreements")
        for agreement in selected.agreements:
            element = self._maintained(parent, "ProvisionAgreement", agreement.reference)
            self._names(element, agreement.names, {})
            self._refer(
                element, "str:Dataflow" if self._3 else "str:StructureUsage", "Dataflow", agreement.dataflow
            )
            self._refer(
                element, "str:DataProvider", "DataProvider", agreement.provider_scheme, agreement.provider
            )

    def _categorisations(self, body: etree._Element, selected: Selected) -> None:
        if not selected.categorisations:
            return
        parent = self._add(body, "str:Categorisations")
        for categorisation in selected.categorisations:
            element = self._maintained(parent, "Categorisation", categorisation.reference)
            self._names(element, categorisation.names, {})
            self._refer(element, "str:Source", "Dataflow", categorisation.dataflow)
            self._refer(
                element, "str:Target", "Category", categorisation.category_scheme, categorisation.category
            )

    def _constraints(self, body: etree._Element, selected: Selected) -> None:
        if not selected.constraints:
            return
        parent = self._add(body, "str:DataConstraints" if self._3 else "str:Constraints")
        for constraint in selected.constraints:
            kind = "DataConstraint" if self._3 else "ContentConstraint"
            # Since 3.1 what is allowed and what is available are two kinds of artefacts.
            role = {} if self._3_1 else {"role" if self._3 else "type": "Allowed"}
            element = self._maintained(parent, kind, constraint.reference, **role)
            self._names(element, constraint.names, {})
            attachment = self._add(element, "str:ConstraintAttachment")
            self._refer(attachment, "str:Dataflow", "Dataflow", constraint.dataflow)
            region = self._add(element, "str:CubeRegion", include="true")
            self._region(region, constraint.allowed)

    def _region(self, region: etree._Element, allowed: Mapping[str, Sequence[str]]) -> None:
        prefix = "str" if self._3 else "com"
        for dimension, codes in allowed.items():
            values = self._add(region, f"{prefix}:KeyValue", id=dimension)
            for code in codes:
                self._add(values, f"{prefix}:Value", code)
