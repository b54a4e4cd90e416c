"""Structures from SDMX-ML 2.1, 3.0 and 3.1: elements by local name, references as ``Ref`` or URN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from lxml import etree

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
from citizenstats.sdmx.registry.urns import parts

Element = Any
"""An element of lxml."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ROOT = re.compile(r"http://www\.sdmx\.org/resources/sdmxml/schemas/v(2_1|3_0|3_1)/message")
_ITEMS = {
    "Codelist": "Code",
    "ConceptScheme": "Concept",
    "CategoryScheme": "Category",
    "AgencyScheme": "Agency",
    "DataProviderScheme": "DataProvider",
}
_Kind = Literal["Codelist", "ConceptScheme", "CategoryScheme", "AgencyScheme", "DataProviderScheme"]
_KINDS: tuple[_Kind, ...] = (
    "Codelist",
    "ConceptScheme",
    "CategoryScheme",
    "AgencyScheme",
    "DataProviderScheme",
)


def read(content: bytes) -> Artefacts:
    """Return the artefacts of a message.

    Raises:
        StructureError: ``NOT_STRUCTURES``.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: Element = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise StructureError(
            "NOT_STRUCTURES", "this is no well-formed XML", f"line {error.lineno}", "ask for it again"
        ) from None
    if root.getroottree().docinfo.doctype:
        raise StructureError("NOT_STRUCTURES", "a message has no document type declaration", mend="remove it")
    if not _ROOT.fullmatch(etree.QName(root).namespace or "") or _local(root) not in (
        "Structure",
        "RegistryInterface",
    ):
        raise StructureError(
            "NOT_STRUCTURES", "this is no structure message of SDMX-ML 2.1 or 3.x", mend="send one"
        )
    return _Reader(root).artefacts()


def _local(element: Element) -> str:
    return str(etree.QName(element).localname)


def _children(element: Element, *names: str) -> Iterator[Element]:
    for child in element:
        if _local(child) in names:
            yield child


def _child(element: Element | None, *names: str) -> Element | None:
    return next(_children(element, *names), None) if element is not None else None


def _below(element: Element, holder: str, *names: str) -> Iterator[Element]:
    """Yield the elements inside one that may not be there."""
    inside = _child(element, holder)
    if inside is not None:
        yield from _children(inside, *names)


def _texts(element: Element, name: str) -> dict[str, str]:
    return {child.get(_LANG, "en"): child.text or "" for child in _children(element, name)}


def _names(element: Element) -> dict[str, str]:
    """Return the names; what has none, as a stub of an old server, is named by its id."""
    return _texts(element, "Name") or {"en": str(element.get("id"))}


def _annotations(element: Element) -> tuple[Annotation, ...]:
    found = []
    for one in _below(element, "Annotations", "Annotation"):
        told = {_local(child): child.text for child in one if _local(child) != "AnnotationText"}
        texts = {k: v for k, v in _texts(one, "AnnotationText").items() if v}
        kind = told.get("AnnotationType") or one.get("id") or "NOTE"
        found.append(Annotation(kind, told.get("AnnotationTitle"), texts, told.get("AnnotationURL")))
    return tuple(found)


def _identity(element: Element) -> Reference:
    return Reference(element.attrib["agencyID"], element.attrib["id"], element.get("version", "1.0"))


def _refers(element: Element | None) -> tuple[str, Reference, str]:
    """Return what an element refers to: kind, reference and item; by ``Ref``, ``URN`` or its own text."""
    if element is None:
        raise ValueError("a reference is missing")
    ref, urn = _child(element, "Ref"), _child(element, "URN")
    if ref is not None:
        maintained = ref.get("maintainableParentID")
        version = ref.get("maintainableParentVersion" if maintained else "version", "1.0")
        item = ref.attrib["id"] if maintained else ""
        return (
            ref.get("class", ""),
            Reference(ref.attrib["agencyID"], maintained or ref.attrib["id"], version),
            item,
        )
    return parts(urn.text if urn is not None else element.text)


class _Reader:
    """Reads the artefacts below one root."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._concepts: dict[tuple[Reference, str], Representation] = {}
        self._schemes: tuple[Reference, ...] = ()

    def artefacts(self) -> Artefacts:
        """Return all of them."""
        made = Artefacts()
        maintained = [
            e
            for e in self._root.iter()
            if isinstance(e.tag, str) and "agencyID" in e.attrib and "id" in e.attrib
        ]
        stubs = [e for e in maintained if e.get("isExternalReference") == "true"]
        whole = [e for e in maintained if e not in stubs and _local(e) != "Ref"]
        for element in whole:
            for kind in _KINDS:
                if _local(element) == kind:
                    scheme = self._scheme(kind, element)
                    made.schemes[scheme.reference] = scheme
        self._schemes = tuple(made.schemes)
        for element in whole:
            self._other(element, made)
        return made

    def _other(self, element: Element, made: Artefacts) -> None:
        reference, local = _identity(element), _local(element)
        if local == "DataStructure" and _child(element, "DataStructureComponents") is not None:
            made.data_structures[reference] = self._structure(reference, element)
        elif local == "Dataflow" and _child(element, "Structure") is not None:
            structure = _refers(_child(element, "Structure"))[1]
            made.dataflows[reference] = Dataflow(
                reference, _names(element), structure, _texts(element, "Description")
            )
        elif local == "ProvisionAgreement":
            flow = _refers(_child(element, "StructureUsage", "Dataflow"))[1]
            _, scheme, provider = _refers(_child(element, "DataProvider"))
            made.agreements[reference] = ProvisionAgreement(
                reference, _names(element), flow, scheme, provider
            )
        elif local == "Categorisation":
            kind, flow, _ = _refers(_child(element, "Source"))
            _, scheme, category = _refers(_child(element, "Target"))
            if kind in ("Dataflow", ""):
                made.categorisations[reference] = Categorisation(
                    reference, _names(element), flow, scheme, category
                )
        elif local in ("ContentConstraint", "DataConstraint"):
            constraint = self._constraint(reference, element)
            if constraint is not None:
                made.constraints[reference] = constraint

    # --- item schemes -------------------------------------------------------------------------------------

    def _scheme(self, kind: _Kind, element: Element) -> ItemScheme:
        reference = _identity(element)
        items = tuple(self._items(_ITEMS[kind], element, None, reference))
        partial = element.get("isPartial") == "true"
        return ItemScheme(kind, reference, _names(element), items, partial, _annotations(element))

    def _items(self, local: str, parent: Element, above: str | None, scheme: Reference) -> Iterator[Item]:
        for element in _children(parent, local):
            holder = _child(element, "Parent")
            said = None
            if holder is not None:
                ref = _child(holder, "Ref")
                said = ref.get("id") if ref is not None else (holder.text or "").strip() or None
            identifier = element.attrib["id"]
            if local == "Concept":
                core = _child(element, "CoreRepresentation")
                if core is not None:
                    self._concepts[scheme, identifier] = _representation(core)
            yield Item(
                identifier,
                _names(element),
                _texts(element, "Description"),
                said or above,
                _annotations(element),
            )
            yield from self._items(local, element, identifier, scheme)

    # --- data structures ----------------------------------------------------------------------------------

    def _structure(self, reference: Reference, element: Element) -> DataStructure:
        listed = _child(element, "DataStructureComponents")
        dimensions: list[Component] = []
        time: list[Component] = []
        groups: dict[str, tuple[str, ...]] = {}
        for child in _below(listed, "DimensionList", "Dimension", "MeasureDimension", "TimeDimension"):
            if _local(child) != "TimeDimension":
                dimensions.append(self._component(child, "dimension"))
            else:
                time.append(self._component(child, "time"))
        for group in _children(listed, "Group"):
            groups[group.attrib["id"]] = tuple(
                _pointed(_child(one, "DimensionReference")) for one in _children(group, "GroupDimension")
            )
        measures = [
            self._component(child, "measure")
            for child in _below(listed, "MeasureList", "PrimaryMeasure", "Measure")
        ]
        key = tuple(d.id for d in dimensions)
        attributes = [
            self._attribute(child, key, [t.id for t in time], groups)
            for child in _below(listed, "AttributeList", "Attribute")
        ]
        return DataStructure(reference, _names(element), (*dimensions, *time, *measures, *attributes))

    def _component(self, element: Element, role: Any, **more: Any) -> Component:
        _, scheme, concept = _refers(_child(element, "ConceptIdentity"))
        local = _child(element, "LocalRepresentation")
        told = _representation(local) if local is not None else Representation()
        if told == Representation():
            told = self._concepts.get((bound_or_itself(scheme, self._schemes), concept), told)
        mandatory = "mandatory" in (element.get("usage", ""), element.get("assignmentStatus", "").lower())
        identifier = element.get("id") or concept
        type_ = known_type(told.type, role)
        codelist = None if role == "time" else told.codelist
        more |= told.several(role)
        return Component(identifier, role, scheme, concept, codelist, type_, mandatory=mandatory, **more)

    def _attribute(
        self, element: Element, key: tuple[str, ...], time: list[str], groups: dict[str, tuple[str, ...]]
    ) -> Component:
        relation = _child(element, "AttributeRelationship")
        group = _child(relation, "Group", "AttachmentGroup")
        dimensions = (
            [_pointed(one) for one in _children(relation, "Dimension")] if relation is not None else []
        )
        attachment, more = "observation", dict[str, Any]()
        if _child(relation, "None", "Dataflow", "Dataset") is not None:
            attachment = "dataset"
        elif group is not None:
            attachment, more = "series", group_of(_pointed(group), groups)
        elif dimensions and not set(dimensions) & set(time):
            attachment, more = "series", some_of(dimensions, key)
        return self._component(element, "attribute", attachment=attachment, **more)

    def _constraint(self, reference: Reference, element: Element) -> ContentConstraint | None:
        flow = _child(_child(element, "ConstraintAttachment"), "Dataflow")
        regions = [one for one in _children(element, "CubeRegion") if one.get("include") != "false"]
        actual = "actual" in (element.get("type", "").lower(), element.get("role", "").lower())
        if flow is None or not regions or actual:
            return None
        listed = [
            {
                values.attrib["id"]: [
                    ((v.text or "").strip(), v.get("cascadeValues", "false"))
                    for v in _children(values, "Value")
                ]
                for values in _children(region, "KeyValue")
                if values.get("include") != "false"
            }
            for region in regions
        ]
        return ContentConstraint(reference, _names(element), _refers(flow)[1], allowed_of(listed))


def _representation(element: Element) -> Representation:
    enumeration, most = _child(element, "Enumeration"), most_of(element.get("maxOccurs"))
    if enumeration is not None:
        kind, reference, _ = _refers(enumeration)
        return Representation(reference if kind in ("Codelist", "") else None, most=most)
    format_ = _child(element, "TextFormat", "EnumerationFormat")
    if format_ is None:
        return Representation(most=most)
    # In 2.1 the attribute has no place in a data structure: one that says it all the same means nothing by it.
    multilingual = format_.get("isMultiLingual") in ("true", "1") and "/v2_1/" not in (format_.tag or "")
    return Representation(type=format_.get("textType", "String"), most=most, multilingual=multilingual)


def _pointed(element: Element | None) -> str:
    """Return the id of the component or group that an element points at, inside the same structure."""
    if element is None:
        raise ValueError("a reference is missing")
    ref = _child(element, "Ref")
    said = ref.attrib["id"] if ref is not None else (element.text or "").strip()
    return str(said).rpartition(".")[2] if said.startswith("urn:") else str(said)
