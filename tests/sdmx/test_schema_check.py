"""A message too large for a tree is streamed through the same schemas, and gets the same answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from citizenstats.engine import session
from citizenstats.sdmx import schema_check
from citizenstats.sdmx.data_sets import actions, only
from citizenstats.sdmx.schema_check import xml_findings
from citizenstats.sdmx.write import FLAT, chunks
from tests.sdmx.test_validate import KNOWN, ROWS, damaged, own
from tests.sdmx.write.support import message

XML = ["ml-2.1-structure-specific", "ml-2.1-generic", "ml-3.0", "ml-3.1"]


@pytest.fixture(autouse=True)
def _every_message_is_large(monkeypatch):
    monkeypatch.setattr(schema_check, "LARGEST_TREE", 0)


def found(folder: Path, content: bytes) -> list[str]:
    (folder / "message").write_bytes(content)
    return [finding.code for finding in xml_findings(folder / "message", KNOWN)]


def delta(folder: Path, form: str) -> bytes:
    """A message that deletes, then replaces."""
    there = message(folder, ROWS, dimension_at_observation=FLAT)
    key = ", ".join(f'"{k}"' for k in there.structure.key)
    gone = replace(there, action="Delete", source=f"SELECT {key} FROM ({there.source})")
    with session([folder]) as engine:
        return b"".join(chunks(engine, [gone, there], form))


@pytest.mark.parametrize("form", XML)
def test_there_is_nothing_to_say_about_our_own_messages(tmp_path, form):
    assert found(tmp_path, own(form)) == []


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ('SEX="F"', 'SEX="X9"', "NOT_IN_CODELIST"),
        ('SEX="F"', "", "MISSING"),
        ('SEX="F"', 'SEX="F" BOGUS="1"', "NOT_IN_STRUCTURE"),
    ],
)
def test_a_fault_has_the_same_code_as_in_a_small_message(tmp_path, good, bad, code):
    assert code in found(tmp_path, damaged("ml-3.0", good, bad))


def test_one_that_breaks_off_or_has_a_document_type_is_refused(tmp_path):
    assert found(tmp_path, own("ml-3.0")[:-40]) == ["NOT_WELL_FORMED"]
    typed = own("ml-3.0").replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n', 1)
    assert found(tmp_path, typed) == ["NOT_SDMX"]


@pytest.mark.parametrize("form", ["ml-3.0", "ml-2.1-structure-specific"])
def test_each_purpose_of_a_delta_is_asked_by_its_own_schema(tmp_path, form):
    content = delta(tmp_path, form)
    assert found(tmp_path, content) == []
    assert actions(tmp_path / "message") == ["Delete", "Replace"]
    # What a deletion may leave out, a replacement may not.
    whole = content[content.index(b'="Replace"', content.index(b"DataSet")) :]
    assert b'OBS_STATUS="A"' in whole
    assert found(tmp_path, content.replace(b' OBS_STATUS="A"', b"", 1)) == ["MISSING"]


def test_data_sets_are_taken_apart_wherever_a_chunk_ends(tmp_path, monkeypatch):
    content = delta(tmp_path, "ml-3.0")
    (tmp_path / "message").write_bytes(content)
    first, second = content.index(b"<mes:DataSet "), content.rindex(b"<mes:DataSet ")
    end = content.rindex(b"</mes:DataSet>") + len(b"</mes:DataSet>")
    middle = content[first:second]
    gone = middle[: middle.rindex(b"</mes:DataSet>") + len(b"</mes:DataSet>")]
    for size in (1, 7, 64, 1000, 1 << 20):
        monkeypatch.setattr("citizenstats.sdmx.data_sets._CHUNK", size)
        assert actions(tmp_path / "message") == ["Delete", "Replace"]
        kept = b"".join(iter(only(tmp_path / "message", lambda action: action == "Replace").read, b""))
        assert kept == content.replace(gone, b"", 1)
        assert kept.count(b"DataSet ") == 1
        left = b"".join(iter(only(tmp_path / "message", lambda action: action == "Delete").read, b""))
        assert left == content[:second] + content[end:]
