"""White space that means something stays; what is dropped, and what may be a slip, is told and stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from citizenstats.contracts.lint import lint, notes
from citizenstats.contracts.model import Mapped, Reading
from tests.receive.office import DATASET, Office, file, row

OFFICE = Callable[..., Office]


def test_white_space_stays_where_it_means_something(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["read"] |= {"footnote_marks": " ?%$", "ends_at": "^Kilde ", "date_format": "%d. %m. %Y "}
        contract["columns"]["comment"]["pattern"] = "a | b"

    said = office_of(change).house.mappings.dataset(DATASET).contract
    assert (said.read.footnote_marks, said.read.ends_at, said.read.date_format) == (
        " ?%$",
        "^Kilde ",
        "%d. %m. %Y ",
    )
    assert said.columns["comment"].pattern == "a | b"
    assert Reading(quote="\t", footnote_marks="%$\n").footnote_marks == "%$"


def test_percent_signs_after_any_blank_are_stripped(office_of: OFFICE) -> None:
    here = office_of(lambda contract: contract["read"].update(footnote_marks="%$"))
    assert here.send(file(row("a1", score="12 %"), row("a2", score="12\u00a0%"))).counts["accepted"] == 2


@pytest.mark.parametrize("mark", [" ", "\u00a0", "\u202f", "'", "\u2019"])
def test_marks_of_thousands_that_look_the_same_are_the_same(office_of: OFFICE, mark: str) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["read"]["thousands"] = mark
        contract["columns"]["score"]["range"] = [0, 10_000]
        contract["rules"] = []

    here = office_of(change)
    alike = "'\u2019" if mark in "'\u2019" else " \u00a0\u202f"
    rows = [row(f"a{i}", score=f"1{each}234,5") for i, each in enumerate(alike)]
    assert here.send(file(*rows)).counts["accepted"] == len(rows)


def test_texts_that_differ_by_white_space_alone_are_two_codes_only_where_they_are_looked_up_as_they_are() -> (
    None
):
    with pytest.raises(ValueError, match="'north' stands twice but for the white space"):
        Mapped.model_validate({"column": "region", "codes": {"north": "N", "north ": "S"}})
    assert Mapped.model_validate({"column": "region", "codes": {" north ": "N"}}).codes == {"north": "N"}
    assert Mapped.model_validate({"sql": "x", "codes": {"north ": "N"}}).codes == {"north ": "N"}


def test_white_space_that_is_dropped_is_told_and_stops_nothing(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["author"] = " A. Author"
        contract["columns"]["sex"]["allowed"] = ["f", "m "]
        contract["title"] = "A block of lines\n"

    here = office_of(change)
    assert not lint(here.mappings)
    assert [(n.code, n.what.split("'")[1]) for n in notes(here.mappings)] == [
        ("SPACE_DROPPED", "author"),
        ("SPACE_DROPPED", "columns.sex.allowed.1"),
    ]


def test_one_sample_size_for_several_questions_is_told(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["columns"]["second"] = {"type": "number", "optional": True}
        [target] = contract["targets"]
        del target["estimate"]
        target["unpivot"] = {"columns": {"score": {"INDICATOR": "SCORE"}, "second": {"INDICATOR": "SCORE"}}}
        target["map"] |= {"OBS_VALUE": "answer", "_n": "score"}

    here = office_of(change)
    assert not lint(here.mappings)
    [note] = notes(here.mappings)
    assert (note.code, "score, second" in note.what) == ("ONE_SAMPLE_SIZE", True)


def test_two_columns_with_one_header_are_told(office_of: OFFICE) -> None:
    here = office_of(lambda contract: contract["columns"]["comment"].update(header="REGION"))
    [note] = notes(here.mappings)
    assert (note.code, note.what) == (
        "SAME_HEADER",
        "'comment' takes the header of 'region': both have the same cells",
    )


@pytest.mark.parametrize(
    ("change", "code", "mend"),
    [
        (lambda c: c["columns"]["comment"].update(pattern="(?=a)b"), "BAD_PATTERN", "say it with characters"),
        (lambda c: c["read"].update(footnote_marks=r"(\d)\1$"), "BAD_PATTERN", "say it with characters"),
        (lambda c: c["rules"][0].update(must='sex = "f"'), "UNKNOWN_COLUMN", "single quotation marks"),
        (lambda c: c["read"].update(delimiter="tab"), "BAD_VALUE", "write the mark itself"),
    ],
    ids=["looks ahead", "looks back", "double quotes", "mark in words"],
)
def test_slips_of_the_hand_are_faults_with_a_cure(
    office_of: OFFICE, change: Callable[[dict[str, Any]], None], code: str, mend: str
) -> None:
    [fault] = lint(office_of(change).mappings)
    assert (fault.code, mend in fault.mend) == (code, True)


@pytest.mark.parametrize(
    ("line", "cure"),
    [("read:\n\tformat: csv\n", "not with tabs"), ("title: Answers: of all\n", "a text with a colon")],
)
def test_slips_in_yaml_have_a_cure(office_of: OFFICE, line: str, cure: str) -> None:
    here = office_of()
    path = here.mappings / "partners" / "watch" / "answers.yaml"
    path.write_text(line + path.read_text("utf-8"), "utf-8")
    [fault] = lint(here.mappings)
    assert (fault.code, cure in fault.mend) == ("BAD_YAML", True)
