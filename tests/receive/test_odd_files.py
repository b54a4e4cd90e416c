"""Files as partners send them: nothing is read as what it is not, and what may surprise is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.receive.office import HEADER, Office, file, row

OFFICE = Callable[..., Office]
GOOD = [row(f"a{n}") for n in range(3)]


def book(change: Callable[[Any], None] = lambda _: None, sheet: int = 0) -> bytes:
    """A workbook with the good rows in one of its sheets."""
    whole = openpyxl.Workbook()
    for _ in range(sheet):
        whole.create_sheet()
        whole.worksheets[0].append(["About this file"])
    page = whole.worksheets[sheet]
    for line in file(*GOOD).splitlines():
        page.append(line.split(";"))
    change(page)
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def archive(**entries: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in entries.items():
            packed.writestr(name.replace("__", "/"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        (b'{"id": "a1", "region": "North"}\n{"id": "a2"}\n', "NOT_A_TABLE", "json"),
        (b'[\n {"id": "a1"}]', "NOT_A_TABLE", "json"),
        (b"$FL2@(#) SPSS DATA FILE" + bytes(200), "NOT_A_TABLE", "statistics"),
        (b"<stata_dta><header>", "NOT_A_TABLE", "statistics"),
        (b"\x72\x02\x01\x00" + bytes(200), "NOT_A_TABLE", "statistics"),
        (b'CHARSET="ANSI";\nAXIS-VERSION="2010";\nDATA=\n1 2;\n', "NOT_A_TABLE", "px"),
        (b"<table><tr><td>id</td></tr></table>", "NOT_A_TABLE", "web page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "NOT_A_TABLE", "picture"),
        (rb"{\rtf1 id;region}", "NOT_A_TABLE", "text document"),
        (archive(**{"data.csv": file(*GOOD), "__MACOSX__._data.csv": "x"}), "COMPRESSED", None),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "NOT_A_WORKBOOK", None),
    ],
    ids=["lines", "list", "sav", "dta", "old dta", "px", "html", "png", "rtf", "zip", "ods"],
)
def test_what_is_no_table_is_called_what_it_is(
    office_of: OFFICE, content: bytes, code: str, kind: str | None
) -> None:
    [finding] = office_of().send(content).findings
    assert (finding.code, finding.facts.get("kind")) == (code, kind)


def test_headers_under_a_title_are_told_by_their_row(office_of: OFFICE) -> None:
    outcome = office_of().send("Answers of 2024\n\n" + file(*GOOD))
    assert outcome.status == "refused"
    assert (outcome.findings[0].code, outcome.findings[0].facts) == ("HEADER_ELSEWHERE", {"row": "3"})


def test_headers_in_another_sheet_are_told_by_its_number(office_of: OFFICE) -> None:
    outcome = office_of().send(book(sheet=1), "answers.xlsx")
    assert (outcome.findings[0].code, outcome.findings[0].facts) == (
        "HEADER_IN_SHEET",
        {"sheet": "2", "row": "1"},
    )


def test_of_a_file_without_headers_no_answer_stands_in_the_receipt(office_of: OFFICE) -> None:
    here = office_of()
    outcome = here.send(
        file("Anne Hansen;North;f;2024;1;2024-01-01;yes;none", *GOOD).removeprefix(f"{HEADER}\n")
    )
    assert {finding.code for finding in outcome.findings} == {"MISSING_COLUMN"}
    assert not any("Hansen" in path.read_text("utf-8") for path in here.outbox.iterdir())


def test_headers_that_stand_there_again_are_no_answer(office_of: OFFICE) -> None:
    outcome = office_of().send(file(*GOOD, HEADER.title(), row("b")))
    assert (outcome.status, outcome.counts["accepted"], outcome.counts["ignored"]) == ("accepted", 4, 1)
    assert [finding.code for finding in outcome.findings] == ["HEADER_AGAIN"]


def hide_row(page: Any) -> None:
    page.row_dimensions[3].hidden = True


def hide_column(page: Any) -> None:
    page.column_dimensions["C"].hidden = True


def as_percent(page: Any) -> None:
    page["E2"].value, page["E2"].number_format = 0.5, "0.0%"


def text_as_percent(page: Any) -> None:
    page["A2"].number_format = "0%"


def long_number(page: Any) -> None:
    page["A2"].value = 1234567890123456789


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (hide_row, ["HIDDEN_CELLS"]),
        (hide_column, ["HIDDEN_CELLS"]),
        (as_percent, ["PERCENT_CELLS"]),
        (text_as_percent, []),
        (long_number, ["LONG_NUMBERS"]),
    ],
)
def test_what_a_workbook_shows_otherwise_than_it_holds_is_told(
    office_of: OFFICE, change: Callable[[Any], None], told: list[str]
) -> None:
    outcome = office_of().send(book(change), "answers.xlsx")
    assert (outcome.status, outcome.counts["accepted"]) == ("accepted", 3)
    assert [finding.code for finding in outcome.findings] == told


def test_a_sheet_is_found_whatever_the_case_of_its_name(office_of: OFFICE) -> None:
    here = office_of(lambda contract: contract["read"].update(sheet="SHEET "))
    assert here.send(book(), "answers.xlsx").status == "accepted"


def test_letters_written_twice_are_refused_and_lawful_ones_are_not(office_of: OFFICE) -> None:
    here = office_of()
    rows = [
        row("a", comment="KÃ¸benhavn"),
        row("b", comment="Ã…rhus Ã†rÃ¸"),
        row("c", comment="CORAÇÃO Ância São Ã"),
    ]
    outcome = here.send(file(*rows, *(row(f"d{n}") for n in range(40))))
    assert [(f.code, f.count) for f in outcome.findings if f.code == "GARBLED"] == [("GARBLED", 2)]


def test_a_damaged_byte_in_utf_8_is_told_by_its_line(office_of: OFFICE) -> None:
    content = file(*GOOD, row("æøå", comment="Sjælland")).encode() + row("ø").encode("latin-1")
    [finding] = office_of().send(content).findings
    assert (finding.code, finding.facts) == ("WRONG_ENCODING", {"encoding": "utf-8", "line": "6"})


def test_a_long_minus_is_a_minus_and_space_without_width_is_space(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["columns"]["score"]["range"] = [-10, 10]

    here = office_of(change)
    assert here.send(file(row("a", region="North\u200b", score="\u22125"))).status == "accepted"
    assert here.records("region, score") == [("North", -5.0)]


def test_a_quotation_mark_inside_a_cell_that_is_not_doubled_refuses_the_row(office_of: OFFICE) -> None:
    here = office_of()
    bad = [row("b", comment='"say \\"no\\" to it"'), row("c", comment='"North" of it')]
    outcome = here.send(file(*(row(f"a{n}") for n in range(40)), *bad, row("d", comment='"say ""no"""')))
    assert [(f.code, f.count) for f in outcome.findings] == [("RAGGED_ROW", 2)]
    assert ("d", 'say "no"') in here.records("id, comment")


def test_a_cell_of_any_length_leaves_the_separator_alone(office_of: OFFICE) -> None:
    outcome = office_of().send(file(row("a", comment="x" * 200_000)))
    assert (outcome.status, outcome.how_read["delimiter"]) == ("accepted", "semicolon")


def test_texts_of_columns_that_tell_who_somebody_is_are_told_nobody(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["columns"]["id"]["pattern"] = "a[0-9]"
        contract["columns"]["asked_on"]["role"] = "quasi_identifier"
        contract["delivery"]["max_refused_share"] = 1

    here = office_of(change)
    outcome = here.send(file(row("Anne"), row("a1", asked_on="01.02.1990"), row("a2", region="Nowhere")))
    told = {finding.code: [example.text for example in finding.values] for finding in outcome.findings}
    assert told == {"BAD_PATTERN": [], "NOT_A_DATE": [], "UNKNOWN_CODE": ["Nowhere"]}


@pytest.mark.parametrize("above", [";;;;;;;\n;;;;;;;\n", "\n\n"])
def test_headers_under_blank_rows_are_told_by_their_row(office_of: OFFICE, above: str) -> None:
    outcome = office_of().send(above + file(*GOOD))
    assert outcome.findings[0].facts == {"row": "3"}
    assert {finding.code for finding in outcome.findings} == {"HEADER_ELSEWHERE", "NO_HEADER"}


def test_a_byte_order_mark_too_many_is_no_part_of_a_header(office_of: OFFICE) -> None:
    assert office_of().send("\ufeff\ufeff" + file(*GOOD)).status == "accepted"


def test_a_row_of_numbers_like_its_headers_is_an_answer(office_of: OFFICE) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["columns"] |= {"one": {"header": "1"}, "two": {"header": "2"}}
        for column in ("id", "region", "sex", "year", "score", "asked_on", "agrees", "comment"):
            contract["columns"][column] |= {"optional": True, "required": False}
        contract["record"]["consent"] = {"basis": "public_source", "evidence": "none"}
        contract |= {"key": [], "delivery": {"replaces": "everything"}}

    assert office_of(change).send("1;2\n1;2\n3;4\n").counts["accepted"] == 2
