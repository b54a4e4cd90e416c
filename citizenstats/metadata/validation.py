"""The report of a validation as a metadata set: rules, components and counts, on the dataflow that a message names.

SDMX has no message of its own for validation; reference metadata is its form for what is said about data. A value stands
nowhere in it: a metadata set travels, and the values are in the JSON report for whoever holds the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from citizenstats.contracts.model import AgencyFile
from citizenstats.errors import MessageError
from citizenstats.metadata import write_json, write_ml
from citizenstats.metadata.model import URN, Report, Reported
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.sdmx.validate_finding import MessageFinding
from citizenstats.store import digest
from citizenstats.validation.rules import RULES


def validation_message(file: Path, report: Report) -> bytes:
    """Return the report in the format that a file's name asks for: SDMX-ML 3.0 or SDMX-JSON 2.0.

    Raises:
        MessageError: ``NO_SUCH_FORMAT``.
    """
    if file.suffix == ".xml":
        return write_ml.write(report, "3.0")
    if file.suffix == ".json":
        return write_json.write(report, "2.0")
    raise MessageError(
        "NO_SUCH_FORMAT",
        f"the SDMX report is not written to a file named {file.suffix or 'without an ending'}",
        mend="name it ….xml for SDMX-ML 3.0, or ….json for SDMX-JSON 2.0",
    )


def reported_on(structures: Structures, structure: Reference | None, dataflow: Reference | None) -> Reference:
    """Return the dataflow that a report on a message is about: the one it names, or the one of its structure.

    Raises:
        MessageError: ``NO_TARGET`` when the message names no dataflow and none or several have its structure.
    """
    if dataflow is not None:
        return dataflow
    found = [one.reference for one in structures.dataflows.values() if one.structure == structure]
    if len(found) != 1:
        raise MessageError(
            "NO_TARGET",
            "a metadata set is about a dataflow, and the file names none that is known here",
            mend="use --json or --html: SDMX has no form for a report about a file of no dataflow",
        )
    return found[0]


def validation_report(
    agency: AgencyFile, flow: Reference, findings: Sequence[MessageFinding], prepared: datetime
) -> Report:
    """Return what a validation found as reference metadata.

    Args:
        agency: who says so.
        flow: the dataflow of the message.
        findings: what was found.
        prepared: when.
    """
    errors = sum(found.severity == "error" for found in findings)
    content = [(f.code, f.severity, f.component, f.count, f.row, f.line) for f in findings]
    parts = (
        _text("VALIDATION_VERDICT", "not_valid" if errors else "valid"),
        Reported("VALIDATION_ERRORS", errors),
        Reported("VALIDATION_WARNINGS", len(findings) - errors),
        *(_finding(found) for found in findings),
    )
    return Report(
        id=f"{flow.id}-VALIDATION-{digest(content, str(flow), str(prepared))}",
        agency=agency.id,
        names={"en": f"{flow.id}: report of a validation"},
        target=f"{URN}datastructure.Dataflow={flow}",
        prepared=prepared,
        sender=agency.sender or agency.id,
        attributes=(Reported("VALIDATION_REPORT", parts=parts),),
    )


def _finding(found: MessageFinding) -> Reported:
    rule = RULES.get(found.code)
    parts = [_text("FINDING_RULE", found.code), _text("FINDING_SEVERITY", found.severity)]
    if rule:
        parts.append(_text("FINDING_TEXT", rule.what))
    if found.component:
        parts.append(_text("FINDING_COMPONENT", found.component))
    parts.append(Reported("FINDING_COUNT", found.count))
    if found.row is not None:
        parts.append(Reported("FINDING_ROW", found.row))
    if found.line is not None:
        parts.append(Reported("FINDING_LINE", found.line))
    return Reported("VALIDATION_FINDING", parts=tuple(parts))


def _text(identifier: str, text: str) -> Reported:
    return Reported(identifier, {"en": text})
