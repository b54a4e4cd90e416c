"""Workbooks as a person makes them: dates, numbers, merged headers, errors, formulas, hidden sheets."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest

from citizenstats.receive.outcome import Outcome
from tests.receive.office import HEADER, Office

OFFICE = Callable[..., Office]
COLUMNS = HEADER.split(";")


def cells(identifier: str, score: Any = 12.5, asked_on: Any = dt.date(2024, 5, 1), **more: Any) -> list[Any]:
    given = {"id": identifier, "region": "North", "sex": "f", "year": 2024, "score": score, "asked_on": asked_on,
             "agrees": "yes", "comment": None, **more}  # fmt: skip
    return [given[column] for column in COLUMNS]


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def book(rows: Sequence[Sequence[Any]], above: Sequence[Sequence[Any]] = ()) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for line in (*above, COLUMNS, *rows):
        sheet.append(list(line))
    return made


@pytest.fixture
def send(office_of: OFFICE) -> Callable[..., tuple[Office, Outcome]]:
    def do(made: openpyxl.Workbook, change: Any = None) -> tuple[Office, Outcome]:
        office = office_of(change)
        return office, office.send(saved(made), "answers.xlsx")

    return do


def test_numbers_and_dates_are_read_as_they_are(send: Callable[..., tuple[Office, Outcome]]) -> None:
    office, outcome = send(book([cells("a"), cells("b", 0.1 + 0.2), cells("c", 13, dt.datetime(2024, 5, 1))]))
    assert (outcome.status, outcome.how_read["format"]) == ("accepted", "xlsx")
    assert office.records("score, asked_on, year") == [
        (12.5, dt.date(2024, 5, 1), "2024"), (0.3, dt.date(2024, 5, 1), "2024"), (13.0, dt.date(2024, 5, 1), "2024"),
    ]  # fmt: skip


def test_a_time_of_day_is_no_date(send: Callable[..., tuple[Office, Outcome]]) -> None:
    _, outcome = send(
        book([cells(f"a{n}") for n in range(40)] + [cells("b", asked_on=dt.datetime(2024, 5, 1, 13, 5))])
    )
    assert [(f.code, f.column) for f in outcome.findings] == [("NOT_A_DATE", "asked_on")]


def test_an_error_in_a_cell_is_not_an_empty_cell(send: Callable[..., tuple[Office, Outcome]]) -> None:
    made = book([cells(f"a{n}") for n in range(40)] + [cells("b", score="#DIV/0!")])
    cell = made.worksheets[0].cell(42, COLUMNS.index("score") + 1)
    cell.data_type = "e"
    office, outcome = send(made)
    (finding,) = outcome.findings
    assert (finding.code, finding.column, finding.values[0].text) == ("NOT_A_NUMBER", "score", "#DIV/0!")
    assert len(office.records()) == 40


def test_formulas_that_nobody_computed_are_told(send: Callable[..., tuple[Office, Outcome]]) -> None:
    _, outcome = send(book([cells("a"), cells("b", score="=1+1")]))
    assert "FORMULAS_WITHOUT_RESULT" in [f.code for f in outcome.findings]


def test_the_first_visible_sheet_is_read(send: Callable[..., tuple[Office, Outcome]]) -> None:
    made = book([cells("a")])
    made.create_sheet("raw", 0).append(["names", "of", "people"])
    made.worksheets[0].sheet_state = "veryHidden"
    office, outcome = send(made)
    assert (outcome.how_read["sheet"], len(office.records())) == ("Sheet", 1)


def test_a_sheet_that_is_not_there_is_named(send: Callable[..., tuple[Office, Outcome]]) -> None:
    _, outcome = send(book([cells("a")]), lambda c: c["read"].update({"sheet": "Data"}))
    assert (outcome.findings[0].code, outcome.findings[0].facts) == ("NO_SUCH_SHEET", {"sheet": "Data"})


def test_title_rows_two_headers_merged_footnotes_and_notes(
    send: Callable[..., tuple[Office, Outcome]],
) -> None:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet["A1"] = "Answers 2024"
    groups = ["Who", None, None, "When", "What", None, None, None]
    for place, (group, column) in enumerate(zip(groups, COLUMNS, strict=True), start=1):
        sheet.cell(3, place, group)
        sheet.cell(4, place, column + ("(1)" if column == "score" else ""))
    sheet.merge_cells("A3:C3")
    sheet.merge_cells("E3:H3")
    for place, value in enumerate(cells("a", score="12,5(2)"), start=1):
        sheet.cell(5, place, value)
    sheet["A6"] = "Notes"
    sheet["A7"] = "(1) of 100"

    def change(contract: dict[str, Any]) -> None:
        contract["read"] |= {
            "header_row": 3,
            "header_rows": 2,
            "footnote_marks": r"\(\d\)$",
            "ends_at": "^Notes$",
        }
        for column, group in zip(COLUMNS, ["Who"] * 3 + ["When"] + ["What"] * 4, strict=True):
            contract["columns"][column]["header"] = f"{group} / {column}"

    office, outcome = send(made, change)
    assert dict(outcome.counts) == {"read": 3, "accepted": 1, "refused": 0, "withheld": 0, "ignored": 2}
    assert office.records("id, score") == [("a", 12.5)]


def test_a_merged_cell_in_the_data_is_not_repeated(send: Callable[..., tuple[Office, Outcome]]) -> None:
    made = book([cells(f"a{n}") for n in range(40)] + [cells("b"), cells("c")])
    made.worksheets[0].merge_cells("B42:B43")
    _, outcome = send(made)
    assert [(f.code, f.column, f.first_row) for f in outcome.findings] == [("REQUIRED", "region", 43)]


def test_formats_far_below_the_table_are_no_rows(send: Callable[..., tuple[Office, Outcome]]) -> None:
    made = book([cells("a")])
    made.worksheets[0].cell(5000, 1).font = openpyxl.styles.Font(bold=True)
    _, outcome = send(made)
    assert outcome.counts["read"] == 1
