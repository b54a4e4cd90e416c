"""Reports of reference metadata as SDMX-ML 3.0 and 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from lxml import etree

from citizenstats import clock
from citizenstats.metadata.model import FLOW, URN, Report, Reported
from citizenstats.sdmx.schema import base

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write(report: Report, version: Literal["3.0", "3.1"]) -> bytes:
    """Return the message of a version."""
    root = _Writer(version).message(report)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


class _Writer:
    """Writes elements in the namespaces of one version."""

    def __init__(self, version: Literal["3.0", "3.1"]) -> None:
        self._mes = f"{base(version)}/message"
        self._com = f"{base(version)}/common"
        self._gen = f"{base(version)}/metadata/generic"

    def message(self, report: Report) -> etree._Element:
        """Return the root element."""
        root = etree.Element(
            f"{{{self._mes}}}GenericMetadata", nsmap={"mes": self._mes, "com": self._com, "gen": self._gen}
        )
        flow = f"{URN}metadatastructure.Metadataflow={FLOW}"
        header = self._add(root, self._mes, "Header")
        self._add(header, self._mes, "ID", report.id)
        self._add(header, self._mes, "Test", "false")
        self._add(header, self._mes, "Prepared", clock.stamp(report.prepared))
        self._add(header, self._mes, "Sender").set("id", report.sender)
        used = self._add(header, self._mes, "Structure")
        used.set("structureID", "CITIZEN_DATA")
        self._add(used, self._com, "StructureUsage", flow)
        found = self._add(root, self._mes, "MetadataSet")
        for key, value in (
            ("id", report.id),
            ("agencyID", report.agency),
            ("version", "1.0.0"),
            ("urn", f"{URN}metadatastructure.MetadataSet={report.agency}:{report.id}(1.0.0)"),
        ):
            found.set(key, value)
        for language, text in report.names.items():
            self._add(found, self._com, "Name", text).set(_LANG, language)
        self._add(found, self._gen, "Metadataflow", flow)
        self._add(found, self._gen, "Target", report.target)
        for attribute in report.attributes:
            self._attribute(found, attribute)
        return root

    def _attribute(self, parent: etree._Element, reported: Reported) -> None:
        element = self._add(parent, self._gen, "Attribute")
        element.set("id", reported.id)
        if isinstance(reported.value, Mapping):
            for language, text in reported.value.items():
                self._add(element, self._com, "Text", text).set(_LANG, language)
        elif reported.value is not None:
            self._add(element, self._gen, "Value", str(reported.value))
        for part in reported.parts:
            self._attribute(element, part)

    def _add(self, parent: etree._Element, space: str, tag: str, text: str | None = None) -> etree._Element:
        child = etree.SubElement(parent, f"{{{space}}}{tag}")
        child.text = text
        return child
