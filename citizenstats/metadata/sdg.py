"""Reference metadata for the SDG national reporting: IAEG-SDGs:SDG_MSD(1.0) in SDMX-ML 2.1.

One set for each series, reporting type and area that a release has, with the ids of report and target that national
platforms send (open-sdg/sdg-build, `sdg/outputs/OutputSdmxMl.py`, read in 2026): report SDG_META_RPT, target KEY_TARGET with
DIMENSION_DESCRIPTOR_VALUES_TARGET and Dataflow. All 44 attributes of the structure are optional; those that contracts and facts
can answer are filled, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from citizenstats.contracts.model import Contract
from citizenstats.engine import quoted, session
from citizenstats.estimate.representative import said_of_calibration, said_of_comparison
from citizenstats.house import House
from citizenstats.metadata.model import URN, Texts
from citizenstats.metadata.report import (
    CONSENTS,
    ORIGINS,
    PERMISSIONS,
    SAMPLINGS,
    confidentiality,
    report,
    validation,
)
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.schema import base

STRUCTURE = "IAEG-SDGs:SDG_MSD(1.0)"
FLOW = "IAEG-SDGs:DF_SDG_GLC"
"""The dataflow of the national reporting."""

KEY = ("SERIES", "REPORTING_TYPE", "REF_AREA")

_MES, _COM = f"{base('2.1')}/message", f"{base('2.1')}/common"
_GEN = f"{base('2.1')}/metadata/generic"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def is_reported(flow: Reference) -> bool:
    """Return whether a dataflow is that of the national reporting."""
    return f"{flow.agency}:{flow.id}" == FLOW


def attributes(house: House, facts: Mapping[str, Any]) -> dict[str, Texts]:
    """Return attribute of the structure → texts, in the structure's order."""
    file = house.mappings.dataflow(FLOW)
    agency = house.mappings.agency
    contracts = [house.mappings.dataset(name).contract for name in file.feeds]
    partners = [house.mappings.partners[name.partition("/")[0]] for name in file.feeds]
    quality, samples = facts.get("quality"), facts.get("samples", ())
    said = {
        "META_LAST_UPDATE": {"en": facts["prepared"][:10]},
        "CONTACT_ORGANISATION": agency.name,
        "CONTACT_EMAIL": {"en": agency.contact},
        "STAT_CONC_DEF": file.description or file.name,
        "SOURCE_TYPE": _joined(
            {"en": f"{ORIGINS[c.record.origin]} {SAMPLINGS[c.record.sampling]}"} for c in contracts
        ),
        "COLL_METHOD": _joined({"en": _collected(c)} for c in contracts),
        "FREQ_COLL": _joined(
            {"en": f"Expected every {c.delivery.expected_every_days} days."}
            for c in contracts
            if c.delivery.expected_every_days
        ),
        "DATA_SOURCE": _joined(p.name for p in partners),
        "COMPILING_ORG": agency.name,
        "REC_USE_LIM": _joined(c.record.limitations for c in contracts),
        "DATA_COMP": _joined({"en": said_of_calibration(s)} for s in samples if s["calibration"] is not None),
        "DATA_VALIDATION": {"en": validation(quality)},
        "DOC_METHOD": _joined({"en": c.record.methodology} for c in contracts),
        "QUALITY_ASSURE": {
            "en": f"Criteria of quality are judged in the open. {confidentiality(house, facts)}"
        },
        "QUALITY_ASSMNT": _joined([*([{"en": _assessed(quality)}] if quality else []), *_compared(samples)]),
        "COVERAGE": _joined(c.record.population for c in contracts),
    }
    return {attribute: texts for attribute, texts in said.items() if texts}


def _collected(contract: Contract) -> str:
    record = contract.record
    levels = [f"{k} {v}" for k, v in record.participation.model_dump().items() if v is not None]
    taking_part = f" Participation of those concerned, level of 5: {', '.join(levels)}." if levels else ""
    return f"{record.mode}.{taking_part} {CONSENTS[record.consent.basis]} {PERMISSIONS[record.publication]}"


def _compared(samples: Sequence[Mapping[str, Any]]) -> Iterator[Texts]:
    """Yield how samples compare with official counts, of the newest period of each benchmark."""
    for sample in samples:
        newest = {c["benchmark"]: c for c in sorted(sample["comparisons"], key=lambda c: str(c["period"]))}
        yield from ({"en": said_of_comparison(comparison)} for comparison in newest.values())


def _assessed(quality: Mapping[str, Any]) -> str:
    scores = [f"{d['id']} {d['score']}" for d in quality["dimensions"] if d["score"] is not None]
    open_ = [c["id"] for c in quality["criteria"] if c["verdict"] == "unanswered"]
    unanswered = f" Unanswered: {', '.join(open_)}." if open_ else ""
    return f"Score {quality['score']} of 1; by dimension: {', '.join(scores)}.{unanswered}"


def _joined(texts: Any) -> dict[str, str]:
    """Return the texts of several contracts by language, each one once."""
    found: dict[str, list[str]] = {}
    for one in texts:
        for language, text in one.items():
            listed = found.setdefault(language, [])
            if text not in listed:
                listed.append(text)
    return {language: " ".join(listed) for language, listed in found.items()}


def message(house: House, facts: Mapping[str, Any], observations: Path) -> bytes:
    """Return the message of a release.

    Args:
        house: where the contracts are.
        facts: what ``candidate.json`` or the manifest says.
        observations: its Parquet file.
    """
    said = attributes(house, facts)
    told = report(house, facts)
    flow = Reference.parse(facts["dataflow"])
    with session([observations.parent]) as engine:
        listed = ", ".join(KEY)
        keys = engine.rows(
            f"SELECT DISTINCT {listed} FROM read_parquet({quoted(str(observations))}) ORDER BY ALL"
        )
    root = etree.Element(f"{{{_MES}}}GenericMetadata", nsmap={"mes": _MES, "com": _COM, "gen": _GEN})
    header = _add(root, _MES, "Header")
    _add(header, _MES, "ID", told.id)
    _add(header, _MES, "Test", "false")
    _add(header, _MES, "Prepared", facts["prepared"])
    _add(header, _MES, "Sender").set("id", told.sender)
    used = _add(header, _MES, "Structure")
    used.set("structureID", "MDS1")
    _add(_add(used, _COM, "Structure"), "", "URN", f"{URN}metadatastructure.MetadataStructure={STRUCTURE}")
    for number, values in enumerate(keys, start=1):
        found = _add(root, _MES, "MetadataSet")
        found.set("structureRef", "MDS1")
        found.set("setID", f"{told.id}-{number}")
        _add(found, _COM, "Name", "SDG METADATA SET").set(_LANG, "en")
        _report(found, flow, dict(zip(KEY, values, strict=True)), said)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _report(
    parent: etree._Element, flow: Reference, values: Mapping[str, str], said: Mapping[str, Texts]
) -> None:
    reported = _add(parent, _GEN, "Report")
    reported.set("id", "SDG_META_RPT")
    target = _add(reported, _GEN, "Target")
    target.set("id", "KEY_TARGET")
    place = _add(target, _GEN, "ReferenceValue")
    place.set("id", "DIMENSION_DESCRIPTOR_VALUES_TARGET")
    key = _add(place, _GEN, "DataKey")
    for dimension, code in values.items():
        value = _add(key, _COM, "KeyValue")
        value.set("id", dimension)
        _add(value, _COM, "Value", code)
    about = _add(target, _GEN, "ReferenceValue")
    about.set("id", "Dataflow")
    _add(_add(about, _GEN, "ObjectReference"), "", "URN", f"{URN}datastructure.Dataflow={flow}")
    listed = _add(reported, _GEN, "AttributeSet")
    for attribute, texts in said.items():
        element = _add(listed, _GEN, "ReportedAttribute")
        element.set("id", attribute)
        for language, text in texts.items():
            _add(element, _COM, "Text", text).set(_LANG, language)


def _add(parent: etree._Element, space: str, tag: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{space}}}{tag}" if space else tag)
    child.text = text
    return child
