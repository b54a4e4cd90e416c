"""The report of a validation as a metadata set: valid by the official schemas, about the right dataflow, without a value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from citizenstats.contracts.model import AgencyFile
from citizenstats.errors import MessageError
from citizenstats.metadata import structure, write_json
from citizenstats.metadata.validation import reported_on, validation_message, validation_report
from citizenstats.sdmx.model import Dataflow, Reference, Structures
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.validate_finding import MessageFinding

AGENCY = AgencyFile(id="OFFICE", name={"en": "Office"}, contact="office@example.org")
FLOW = Reference("OFFICE", "HOMES", "1.0.0")
DSD = Reference("OFFICE", "HOMES_DSD", "1.0.0")
FOUND = [
    MessageFinding(
        "NOT_IN_CODELIST",
        "SEX: no code: Kanariefugl",
        None,
        "map it",
        "error",
        "SEX",
        12,
        7,
        ("Kanariefugl",),
    ),
    MessageFinding("DOES_NOT_ADD_UP", "SEX: no sum", None, "look", "warning", "SEX", 1, None),
    MessageFinding("NOT_VALID", "Element 'Obs': Kanariefugl is not allowed", 14),
]


def report(findings):
    return validation_report(AGENCY, FLOW, findings, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("findings", [FOUND, []], ids=["findings", "nothing found"])
@pytest.mark.parametrize("name", ["report.xml", "report.json"])
def test_it_is_valid_by_the_official_schemas_and_holds_no_value(tmp_path, name, findings):
    content = validation_message(Path(name), report(findings))
    (tmp_path / name).write_bytes(content)
    assert validate_message(tmp_path / name, None) == []
    assert b"Kanariefugl" not in content
    assert b"OFFICE:HOMES(1.0.0)" in content


def test_it_tells_verdict_rules_counts_and_places():
    told = write_json.read(validation_message(Path("r.json"), report(FOUND)))
    [top] = told.attributes
    parts = [part for part in top.parts if part.id != "VALIDATION_FINDING"]
    assert {p.id: p.value for p in parts} == {
        "VALIDATION_VERDICT": {"en": "not_valid"}, "VALIDATION_ERRORS": 2, "VALIDATION_WARNINGS": 1,
    }  # fmt: skip
    first, _, third = [part for part in top.parts if part.id == "VALIDATION_FINDING"]
    assert {p.id: p.value for p in first.parts} == {
        "FINDING_RULE": {"en": "NOT_IN_CODELIST"},
        "FINDING_SEVERITY": {"en": "error"},
        "FINDING_TEXT": {"en": "a value is no code of the component's list"},
        "FINDING_COMPONENT": {"en": "SEX"},
        "FINDING_COUNT": 12,
        "FINDING_ROW": 7,
    }
    assert {p.id: p.value for p in third.parts}["FINDING_LINE"] == 14


def test_each_attribute_of_it_is_declared_in_the_metadata_structure():
    declared = {one.id for top in structure.declared() for one in top.walk()}
    assert {part.id for top in report(FOUND).attributes for part in top.walk()} <= declared


def test_it_is_about_the_dataflow_that_the_message_names_or_the_one_of_its_structure():
    def known(*flows):
        listed = {Reference("OFFICE", f, "1.0.0") for f in flows}
        return Structures({}, {}, {r: Dataflow(r, {"en": r.id}, DSD) for r in listed})

    assert reported_on(known("A", "B"), DSD, FLOW) == FLOW
    assert reported_on(known("A"), DSD, None).id == "A"
    for structures, dsd in ((known("A", "B"), DSD), (known("A"), None), (known(), DSD)):
        with pytest.raises(MessageError, match="NO_TARGET"):
            reported_on(structures, dsd, None)


def test_a_file_of_another_name_is_refused():
    with pytest.raises(MessageError, match="NO_SUCH_FORMAT"):
        validation_message(Path("report.txt"), report([]))
