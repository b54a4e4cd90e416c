"""Files that are wrong as a whole: each gives a receipt that says what and how to mend it, and the others go on."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from citizenstats.receive import words
from citizenstats.receive.labels import LABELS
from citizenstats.receive.outcome import Outcome
from citizenstats.store import read_json
from tests.receive.office import HEADER, Office, file, row

GOOD = [row(f"g{n}") for n in range(20)]


def workbook(change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (HEADER, *GOOD):
        sheet.append(line.split(";"))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def far_cell(book: openpyxl.Workbook) -> None:
    book.worksheets[0]["XFD1048576"] = "x"


def hidden(book: openpyxl.Workbook) -> None:
    book.create_sheet("chart").sheet_state = "visible"
    book.worksheets[0].sheet_state = "hidden"
    del book["chart"]
    book.create_sheet("empty")


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (300 << 20))
    return out.getvalue()


def without(column: str) -> str:
    place = HEADER.split(";").index(column)
    lines = [line.split(";") for line in (HEADER, *GOOD)]
    return "\n".join(";".join(cells[:place] + cells[place + 1 :]) for cells in lines)


BAD: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "EMPTY_FILE"),
    "spaces.csv": (b" \n\n \n", "EMPTY_FILE"),
    "bom_only.csv": (b"\xef\xbb\xbf", "EMPTY_FILE"),
    "header_only.csv": (HEADER.encode(), "NO_ROWS"),
    "blank_header.csv": ((";;;;;;;\n" + "\n".join(GOOD)).encode(), "NO_HEADER"),
    "no_header.csv": ("\n".join(GOOD).encode(), "MISSING_COLUMN"),
    "column_missing.csv": (without("region").encode(), "MISSING_COLUMN"),
    "header_twice.csv": (file(*GOOD).replace("comment", "region", 1).encode(), "DUPLICATE_HEADER"),
    "open_quote.csv": (file(*GOOD, row("z", comment='"never closed'), row("y")).encode(), "OPEN_QUOTE"),
    "gzip.csv": (gzip.compress(file(*GOOD).encode()), "COMPRESSED"),
    "page.csv": (b"<!DOCTYPE html><html><body>Log in</body></html>", "NOT_A_TABLE"),
    "scan.csv": (b"%PDF-1.7 ...", "NOT_A_TABLE"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "OLD_WORKBOOK"),
    "locked.xlsx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "PASSWORD",
    ),
    "cut.xlsx": (workbook()[:3000], "TRUNCATED"),
    "changed_bytes.xlsx": (workbook().replace(b"sheet1", b"sheet9", 1), "TRUNCATED"),
    "other_archive.xlsx": (b"PK\x05\x06" + bytes(18), "NOT_A_WORKBOOK"),
    "bomb.xlsx": (bomb(), "UNPACKS_TOO_LARGE"),
    "far.xlsx": (workbook(far_cell), "TOO_WIDE"),
    "hidden.xlsx": (workbook(hidden), "NO_HEADER"),
    "ten_thousand_unknown.csv": (
        file(*(row(f"u{n}", region=f"Atlantis {n}") for n in range(10_000))).encode(), "TOO_MANY_REFUSED",
    ),
    "all_wrong_numbers.csv": (
        file(*(row(f"n{n}", score="1.234,56.7") for n in range(5))).encode(), "TOO_MANY_REFUSED",
    ),
    "large.csv": (file(*GOOD).encode() + b"x" * (65 << 20), "TOO_LARGE"),
    "wide.csv": ((";".join(f"c{n}" for n in range(6000)) + "\n").encode(), "TOO_WIDE"),
    "binary.csv": (bytes(range(256)) * 40, "UNREADABLE"),
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that took all of them in at once, a good one among them."""
    office = Office(tmp_path_factory.mktemp("bad"))
    for name, (content, _) in BAD.items():
        office.drop(content, name)
    office.drop(file(*GOOD), "m_good.csv")
    return office


@pytest.fixture(scope="module")
def outcomes(office: Office) -> dict[str, Outcome]:
    return {outcome.delivery.file_name: outcome for outcome in office.receive()}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_is_refused_and_its_receipt_says_why(
    office: Office, outcomes: dict[str, Outcome], name: str
) -> None:
    outcome = outcomes[name]
    assert outcome.status == "refused"
    assert outcome.findings[0].code == BAD[name][1]
    assert outcome.counts["read"] == sum(outcome.counts[c] for c in ("refused", "withheld", "ignored"))
    receipt = read_json(office.outbox / f"{outcome.delivery.id}.receipt.json")
    assert receipt is not None
    (first, *_) = receipt["findings"]
    assert first["code"] == BAD[name][1]
    assert first["what"]
    assert first["mend"]
    assert first["what"] in (office.outbox / f"{outcome.delivery.id}.receipt.html").read_text("utf-8")


def test_the_good_file_among_them_is_accepted(office: Office, outcomes: dict[str, Outcome]) -> None:
    assert outcomes["m_good.csv"].status == "accepted"
    assert len(office.records()) == len(GOOD)


def test_unknown_codes_are_counted_and_the_most_frequent_are_listed(
    outcomes: dict[str, Outcome],
) -> None:
    (unknown,) = [f for f in outcomes["ten_thousand_unknown.csv"].findings if f.code == "UNKNOWN_CODE"]
    assert (unknown.count, unknown.facts["different"], len(unknown.values)) == (10_000, "10,000", 20)


def test_every_finding_has_words_in_every_language() -> None:
    codes = set(words.WORDS["en"])
    for language, said in words.WORDS.items():
        assert set(said) == codes, language
        assert set(LABELS[language]) == set(LABELS["en"])
        assert all(w.what and w.mend for w in said.values())


def test_every_code_that_receiving_gives_has_words() -> None:
    import re
    from pathlib import Path

    import citizenstats.receive as package

    source = "".join(path.read_text("utf-8") for path in Path(package.__file__).parent.glob("*.py"))
    given = set(re.findall(r'(?:Finding|RefusalError|Problem)\(\s*"([A-Z_]+)"', source))
    assert len(given) > 35
    assert given <= set(words.WORDS["en"])


@pytest.mark.parametrize(
    ("encoding", "declared", "known_by"),
    [
        ("utf-8", None, "valid UTF-8"),
        ("utf-8-sig", "windows-1252", "byte order mark"),
        ("utf-16", None, "byte order mark"),
        ("utf-16-le", None, "guessed"),
        ("windows-1252", "windows-1252", "declared"),
        ("utf-8", "windows-1252", "valid UTF-8"),
    ],
)
def test_an_encoding_is_found_or_taken_as_declared(
    office_of: Callable[..., Office], encoding: str, declared: str | None, known_by: str
) -> None:
    office = office_of(lambda c: c["read"].update({"encoding": declared} if declared else {}))
    outcome = office.send(file(*GOOD, row("æøå", comment="Sjælland, Ærø")).encode(encoding))
    assert (outcome.status, outcome.how_read["encoding_known_by"]) == ("accepted", known_by)
    assert office.records("comment")[-1] == ("Sjælland, Ærø",)


def test_bytes_that_do_not_fit_the_declared_encoding_refuse_the_file(
    office_of: Callable[..., Office],
) -> None:
    office = office_of(lambda c: c["read"].update({"encoding": "ascii"}))
    outcome = office.send(file(*GOOD, row("å")).encode("latin-1"))
    assert [f.code for f in outcome.findings] == ["WRONG_ENCODING"]
    assert outcome.findings[0].facts == {"encoding": "ascii", "line": "22"}


def test_another_delimiter_than_agreed_is_named(office_of: Callable[..., Office]) -> None:
    office = office_of(lambda c: c["read"].update({"delimiter": ";"}))
    outcome = office.send(file(*GOOD).replace(",", ".").replace(";", ","))
    assert [f.code for f in outcome.findings] == ["WRONG_DELIMITER"]
    assert outcome.findings[0].facts == {"agreed": "semicolon", "found": "comma"}


def test_a_delimiter_that_the_file_itself_says_is_taken(office_of: Callable[..., Office]) -> None:
    office = office_of(lambda c: c["read"].update({"delimiter": ";"}))
    outcome = office.send("sep=|\r\n" + file(*GOOD).replace(";", "|").replace("\n", "\r\n"))
    assert (outcome.status, outcome.counts["accepted"]) == ("accepted", 20)


def test_decimal_commas_in_every_row_are_not_taken_for_the_delimiter(
    office_of: Callable[..., Office],
) -> None:
    office = office_of(lambda c: c["delivery"].update({"max_refused_share": 0.5}))
    outcome = office.send(file(*GOOD, "12,5", "12,5"))
    assert (outcome.how_read["delimiter"], outcome.counts["accepted"]) == ("semicolon", 20)


def test_a_reader_that_is_killed_refuses_the_file_and_no_other(
    office_of: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    from citizenstats.receive import read

    office = office_of()
    monkeypatch.setattr(read, "CPU_SECONDS", 0)
    outcome = office.send(file(*(row(f"r{n}") for n in range(400_000))))
    assert (outcome.status, outcome.findings[0].code) == ("refused", "TOO_MUCH")
    monkeypatch.undo()
    assert office.send(file(*GOOD, row("z"))).status == "accepted"


def test_a_reader_without_memory_refuses_the_file(
    office_of: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    from citizenstats.receive import read

    office = office_of()
    monkeypatch.setattr(read, "MEMORY", 200 << 20)
    outcome = office.send(file(*GOOD))
    assert outcome.status == "refused"
    assert outcome.findings[0].code in ("TOO_MUCH", "UNREADABLE")
