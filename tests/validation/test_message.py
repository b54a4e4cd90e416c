"""The content of messages, whatever format says it, and what is told of it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from citizenstats.sdmx.model import ContentConstraint, Dataflow, Structures
from citizenstats.sdmx.validate import MessageFinding, validate_message
from tests.sdmx.write.support import STRUCTURES, message, row, structure, written

DSD = structure()
FORMS = ("csv-2.1", "ml-2.1-generic", "ml-2.1-structure-specific", "ml-3.0", "json-1.0", "json-2.0")


def known(allowed: Mapping[str, tuple[str, ...]] | None = None) -> Structures:
    constraint = ContentConstraint(DSD.reference, {"en": "Homes"}, DSD.reference, allowed or {})
    return Structures(
        STRUCTURES.schemes,
        {DSD.reference: DSD},
        {DSD.reference: Dataflow(DSD.reference, {"en": "Homes"}, DSD.reference)},
        constraints=(constraint,),
    )


def found(
    folder: Path,
    form: str,
    rows: Sequence[Mapping[str, Any]],
    structures: Structures | None = None,
    pack: bool = False,
) -> list[MessageFinding]:
    content = written(message(folder, rows), form, folder)
    (folder / "file").write_bytes(gzip.compress(content) if pack else content)
    return validate_message(folder / "file", structures or known())


def told(findings: Sequence[MessageFinding]) -> list[tuple[str, str, int, int | None]]:
    return [(f.code, f.component, f.count, f.row) for f in findings]


@pytest.mark.parametrize("form", FORMS)
def test_what_no_schema_can_say_is_told_in_every_format(tmp_path: Path, form: str) -> None:
    rows = [row(), row(period="2020-01"), row("NP", value=None)]
    assert told(found(tmp_path, form, rows)) == [
        ("PERIOD_DOES_NOT_FIT", "TIME_PERIOD", 1, 2),
        ("COMPANION_OF_WITHHELD", "SAMPLE_SIZE", 1, 3),
    ]


@pytest.mark.parametrize("form", ["csv-2.1", "ml-3.0", "json-2.0"])
def test_a_packed_message_is_judged_as_one_that_is_not(tmp_path: Path, form: str) -> None:
    assert told(found(tmp_path, form, [row("NP", value=None)], pack=True)) == [
        ("COMPANION_OF_WITHHELD", "SAMPLE_SIZE", 1, 1)
    ]


@pytest.mark.parametrize("form", ["ml-2.1-generic", "json-2.0"])
def test_codes_that_the_schema_does_not_know_are_told_with_component_and_value(
    tmp_path: Path, form: str
) -> None:
    (finding,) = found(tmp_path, form, [row(), row(sex="M", UNIT_MEASURE="KG")])
    assert told([finding]) == [("NOT_IN_CODELIST", "UNIT_MEASURE", 1, 2)]
    assert finding.values == ("KG",)
    assert "OFFICE:CL_UNIT_MEASURE(1.0.0)" in finding.mend


def test_the_constraint_of_the_dataflow_that_a_message_names_is_asked(tmp_path: Path) -> None:
    assert told(found(tmp_path, "csv-2.1", [row(), row("NP")], known({"REF_AREA": ("DK",)}))) == [
        ("NOT_IN_CONSTRAINT", "REF_AREA", 1, 2)
    ]


def csv(folder: Path, *lines: str) -> list[MessageFinding]:
    content = written(message(folder, [row()]), "csv-2.0", folder).decode().splitlines()
    header = content[0].strip()
    (folder / "file").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return validate_message(folder / "file", known())


def line(**cells: str) -> str:
    """Return a row of SDMX-CSV of the structure; what is not told is empty."""
    columns = ["ACTION", *DSD.by_id]
    return ",".join(["dataflow", "OFFICE:HOMES(1.0.0)", *(cells.get(c, "") for c in columns)])


FULL = {"FREQ": "A", "REF_AREA": "DK", "SEX": "F", "TIME_PERIOD": "2020", "OBS_VALUE": "1", "OBS_STATUS": "A"}


def test_a_row_of_open_keys_says_attributes_of_what_it_covers(tmp_path: Path) -> None:
    series = {"FREQ": "A", "REF_AREA": "DK", "SEX": "F", "UNIT_MEASURE": "PT", "ACTION": "M"}
    rows = [line(**series), line(ACTION="M", **FULL), line(ACTION="M", **FULL | {"TIME_PERIOD": "2021"})]
    assert told(csv(tmp_path, *rows)) == []
    other = line(ACTION="M", **FULL | {"SEX": "M"})
    assert told(csv(tmp_path, *rows, other)) == [("MISSING", "UNIT_MEASURE", 1, 4)]


def test_rows_that_delete_are_judged_by_the_codes_of_their_keys(tmp_path: Path) -> None:
    full = FULL | {"UNIT_MEASURE": "PT"}
    assert told(csv(tmp_path, line(ACTION="M", **full), line(ACTION="D", FREQ="A", SEX="F"))) == []
    assert told(csv(tmp_path, line(ACTION="M", **full), line(ACTION="D", FREQ="A", SEX="X"))) == [
        ("NOT_IN_CODELIST", "SEX", 1, 2)
    ]


def test_a_message_that_only_deletes_everything_has_no_finding(tmp_path: Path) -> None:
    assert told(csv(tmp_path, line(ACTION="D"))) == []


def test_a_merge_of_sdmx_ml_may_leave_mandatory_attributes_out(tmp_path: Path) -> None:
    content = written(message(tmp_path, [row(), row(sex="M")]), "ml-3.1", tmp_path).decode()
    partial = re.sub(r' OBS_STATUS="A"', "", content, count=1)
    for action, codes in (("Replace", ["MISSING"]), ("Merge", [])):
        said = re.sub(r'action="\w+"', f'action="{action}"', partial)
        (tmp_path / "file").write_text(said, "utf-8")
        assert [f.code for f in validate_message(tmp_path / "file", known())] == codes
