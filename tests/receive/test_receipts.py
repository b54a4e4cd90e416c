"""Receipts: what a partner reads, and that nothing in them can harm."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from citizenstats.receive.outcome import Outcome
from citizenstats.receive.receipt import _harmless
from citizenstats.store import read_json
from tests.receive.office import Office, file, row

OFFICE = Callable[..., Office]
GOOD = [row(f"g{n}") for n in range(40)]


def receipt(office: Office, outcome: Outcome) -> dict[str, Any]:
    told = read_json(office.outbox / f"{outcome.delivery.id}.receipt.json")
    assert told is not None
    schema = json.loads((files("citizenstats") / "schemas" / "receipt.schema.json").read_text("utf-8"))
    jsonschema.validate(told, schema, cls=jsonschema.Draft202012Validator)
    return told


def page(office: Office, outcome: Outcome) -> str:
    return (office.outbox / f"{outcome.delivery.id}.receipt.html").read_text("utf-8")


def sent_back(office: Office, outcome: Outcome) -> list[list[str]]:
    text = (office.outbox / f"{outcome.delivery.id}.refused.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_a_receipt_says_counts_how_it_was_read_and_each_fault(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(file(*GOOD, row("x", region="Nord"), row("no", agrees="no")))
    told = receipt(office, outcome)
    assert told["counts"] == {"read": 42, "accepted": 40, "refused": 1, "withheld": 1, "ignored": 0}
    assert told["how_read"]["delimiter"] == "semicolon"
    unknown = told["findings"][0]
    assert (unknown["code"], unknown["column"], unknown["count"], unknown["first_row"]) == (
        "UNKNOWN_CODE", "region", 1, 42,
    )  # fmt: skip
    assert unknown["texts"] == [{"text": "Nord", "count": 1, "suggestion": "North"}]


def test_an_accepted_delivery_and_a_duplicate_get_a_receipt_too(office_of: OFFICE) -> None:
    office = office_of()
    accepted, duplicate = office.send(file(*GOOD)), office.send(file(*GOOD), "again.csv")
    assert receipt(office, accepted)["findings"] == []
    assert receipt(office, duplicate)["status"] == "duplicate"
    assert "Received before" in page(office, duplicate)


def test_it_speaks_the_language_of_the_contract(office_of: OFFICE) -> None:
    office = office_of(lambda c: c.update({"language": "da", "title": {"da": "Svar", "en": "Answers"}}))
    outcome = office.send(file(*GOOD, row("x", score="1.5")))
    assert "Det er ikke et tal på den aftalte form." in page(office, outcome)
    assert sent_back(office, outcome)[0][:2] == ["række", "hvad er galt"]


def test_the_refused_rows_come_back_with_what_is_wrong_and_no_other_row_does(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(
        file(*GOOD, row("x", score="1.5", comment="mine"), row("w", agrees="no", comment="withheld words"))
    )
    header, refused = sent_back(office, outcome)
    assert header == [
        "row",
        "what is wrong",
        "id",
        "region",
        "sex",
        "year",
        "score",
        "asked_on",
        "agrees",
        "comment",
    ]
    assert refused[0] == "42"
    assert refused[1].startswith("score: This is no number")
    assert refused[-1] == "mine"
    everything = "".join(path.read_text("utf-8-sig") for path in office.outbox.iterdir())
    assert "withheld words" not in everything
    assert "g39" not in everything


def test_nothing_of_a_partner_is_markup_or_a_formula(office_of: OFFICE) -> None:
    office = office_of()
    evil = "<script>alert(1)</script>"
    outcome = office.send(
        file(
            *GOOD, row("x", region=evil, comment="=HYPERLINK(1)"), row("y", region="@SUM(A1)", comment="-5")
        ),
        "<img src=x onerror=alert(1)>.csv",
    )
    shown = page(office, outcome)
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    cells = [cell for line in sent_back(office, outcome)[1:] for cell in line]
    assert "'=HYPERLINK(1)" in cells
    assert "'@SUM(A1)" in cells
    assert "-5" in cells


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("\n=1+1", "'\n'=1+1"),
        # A spreadsheet whose separator is the comma splits it there.
        ("Lund,=cmd|'/C calc'!A0", "Lund,'=cmd|'/C calc'!A0"),
        ("Lund; @SUM(1)", "Lund;' @SUM(1)"),
        ("see a-b, c-d", "see a-b, c-d"),
        ("-1.234,5", "-1.234,5"),
        ("12,-5", "12,-5"),
        ("+45 12 34 56 78", "+45 12 34 56 78"),
    ],
)
def test_a_cell_that_is_sent_back_is_no_formula_in_any_spreadsheet(cell: str, sent: str) -> None:
    assert _harmless(cell) == sent


def test_what_nobody_sees_in_a_text_or_a_name_is_spelt_out(office_of: OFFICE) -> None:
    office = office_of()
    hidden = [row("x", region="No\u200brth"), row("y", region="\u202eNorth"), row("z", region="می\u200cروم")]
    shown = page(office, office.send(file(*GOOD, *hidden), "a\nb.csv"))
    for said in ("No⟨U+200B⟩rth", "⟨U+202E⟩North", "می\u200cروم", "a⟨U+000A⟩b.csv"):
        assert said in shown


def test_a_receipt_that_would_say_the_same_is_not_sent_again(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(file(*GOOD))
    path = office.outbox / f"{outcome.delivery.id}.receipt.json"
    before = path.stat().st_mtime_ns
    office.agree(lambda c: c["columns"].update({"comment": {"role": "free_text"}}))
    assert len(office.receive()) == 1
    assert path.stat().st_mtime_ns == before


def test_the_outbox_holds_nothing_of_another_dataset(office_of: OFFICE) -> None:
    office = office_of()
    office.send(file(*GOOD, row("x", score="x")))
    assert {path.parent for path in (office.home / "outbox").rglob("*.*")} == {office.outbox}
