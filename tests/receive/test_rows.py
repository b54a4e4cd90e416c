"""Rows that are wrong: what is refused, why, and that nothing else is; every row is counted once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citizenstats.clock import now, stamp
from citizenstats.engine import quoted, session
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.outcome import COUNTS, Outcome
from citizenstats.receive.reader import read
from citizenstats.receive.text import encoding_of
from citizenstats.store import sha256_of
from tests.receive.office import DATASET, Office, file, row

GOOD = [row(f"g{n:03}") for n in range(60)]

OFFICE = Callable[..., Office]


def tolerant(more: Callable[[dict[str, Any]], None] | None = None) -> Callable[[dict[str, Any]], None]:
    """A contract under which any share of rows may be refused."""

    def change(contract: dict[str, Any]) -> None:
        contract["delivery"]["max_refused_share"] = 1.0
        if more is not None:
            more(contract)

    return change


ROWS: list[tuple[str, str, str | None]] = [
    (row(""), "REQUIRED", "id"),
    (row("r", region=""), "REQUIRED", "region"),
    (row("r", region="-"), "REQUIRED", "region"),
    (row("r", region="Atlantis"), "UNKNOWN_CODE", "region"),
    (row("r", region="north"), "UNKNOWN_CODE", "region"),
    (row("r", sex="x"), "NOT_ALLOWED", "sex"),
    (row("r", score="12.5"), "NOT_A_NUMBER", "score"),
    (row("r", score="1.234,5"), "NOT_A_NUMBER", "score"),
    (row("r", score="1,2,3"), "NOT_A_NUMBER", "score"),
    (row("r", score="NaN"), "NOT_A_NUMBER", "score"),
    (row("r", score="1e999"), "NOT_A_NUMBER", "score"),
    (row("r", score="١٢"), "NOT_A_NUMBER", "score"),
    (row("r", score="100,1"), "OUT_OF_RANGE", "score"),
    (row("r", score="-0,1"), "OUT_OF_RANGE", "score"),
    (row("r", year="2024-13"), "BAD_PERIOD", "year"),
    (row("r", year="2024-Q1"), "BAD_PERIOD", "year"),
    (row("r", year="24"), "BAD_PERIOD", "year"),
    (row("r", asked_on="2024-02-30"), "NOT_A_DATE", "asked_on"),
    (row("r", asked_on="01/02/2024"), "NOT_A_DATE", "asked_on"),
    (row("r", asked_on="0024-02-01"), "NOT_A_DATE", "asked_on"),
    (row("r", sex="m", score="95"), "RULE", None),
    (row("r", comment="bell\x07"), "FORBIDDEN_CHARACTER", "comment"),
    (row("r", comment="nul\x00"), "FORBIDDEN_CHARACTER", "comment"),
    (row("r", comment="S\ufffdren"), "GARBLED", "comment"),
    (row("r") + ";one more", "RAGGED_ROW", None),
    (row("r").rpartition(";")[0], "RAGGED_ROW", None),
]


@pytest.mark.parametrize(("bad", "code", "column"), ROWS)
def test_a_bad_row_is_refused_for_one_reason_and_the_others_are_kept(
    reading: Callable[[str], tuple[Outcome, Path]], bad: str, code: str, column: str | None
) -> None:
    outcome, work = reading(file(*GOOD[:30], bad, *GOOD[30:]))
    assert outcome.status == "partially_accepted"
    (finding,) = [f for f in outcome.findings if f.code not in ("BLANK_ROWS",)]
    assert (finding.code, finding.column, finding.count, finding.first_row) == (code, column, 1, 32)
    assert [r[0] for r in rows_of(work / "records.parquet", "id")] == [f"g{n:03}" for n in range(60)]


def test_a_file_in_which_a_cell_swallowed_rows_is_refused_whole(
    reading: Callable[[str], tuple[Outcome, Path]],
) -> None:
    """The row of somebody who takes consent back may be among them."""
    outcome, work = reading(file(*GOOD, row("r", comment=f'"{row("s1")}\n{row("s2", agrees="no")}"')))
    assert outcome.status == "refused"
    assert "SWALLOWED_ROWS" in [f.code for f in outcome.findings]
    assert not (work / "records.parquet").exists()


def rows_of(path: Path, columns: str) -> list[tuple[Any, ...]]:
    with session([path.parent]) as engine:
        return engine.rows(f"SELECT {columns} FROM read_parquet({quoted(str(path))}) ORDER BY _row")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("rows"), tolerant())


@pytest.fixture
def reading(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Outcome, Path]]:
    """Read a file with the contract in this process; return the outcome and the folder of its records."""

    def look(content: str, name: str = "answers.csv") -> tuple[Outcome, Path]:
        work = tmp_path_factory.mktemp("work")
        path = work / "bytes"
        path.write_bytes(content.encode())
        delivery = Delivery(DATASET, 1, sha256_of(path), name, path.stat().st_size, stamp(now()), "mark")
        return read(delivery, path, office.house.mappings.dataset(DATASET), work), work

    return look


CELL = st.sampled_from(
    ["", "-", "North", "South", "f", "m", "x", "12,5", "1.5", "101", "2024", "yes", "no", "=1+1", "a b", "🙂", "'", "\u200f"]
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(
            st.lists(CELL, min_size=8, max_size=8),
            st.lists(CELL, min_size=0, max_size=10),
            st.sampled_from([line.split(";") for line in GOOD[:5]]),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_every_row_is_counted_once_whatever_it_holds(
    reading: Callable[[str], tuple[Outcome, Path]], lines: list[list[str]]
) -> None:
    outcome, work = reading(file(*GOOD[5:], *(";".join(line) for line in lines)))
    counts = outcome.counts
    assert counts["read"] == sum(counts[c] for c in COUNTS if c != "read")
    assert counts["read"] <= 55 + len(lines)
    assert len(rows_of(work / "records.parquet", "id")) == counts["accepted"]
    assert len(rows_of(work / "refused.parquet", "_row")) == counts["refused"]


def test_a_file_without_blank_lines_is_counted_line_by_line(
    reading: Callable[[str], tuple[Outcome, Path]],
) -> None:
    outcome, _ = reading(file(*GOOD, ";;;;;;;", row("no", agrees="no"), row("bad", score="x"), GOOD[0]))
    assert dict(outcome.counts) == {"read": 64, "accepted": 60, "refused": 1, "withheld": 1, "ignored": 2}
    assert {(f.code, f.count) for f in outcome.findings} == {
        ("NOT_A_NUMBER", 1), ("NO_CONSENT", 1), ("BLANK_ROWS", 1), ("REPEATED_ROWS", 1),
    }  # fmt: skip


def test_rows_with_one_key_that_differ_are_all_refused(
    reading: Callable[[str], tuple[Outcome, Path]],
) -> None:
    outcome, work = reading(file(*GOOD, row("k", score="1"), row("k", score="2"), row("k", score="1")))
    (finding,) = outcome.findings
    assert (finding.code, finding.count, finding.facts) == ("DUPLICATE_KEY", 3, {"key": "id"})
    assert "k" not in [r[0] for r in rows_of(work / "records.parquet", "id")]


def test_a_row_without_consent_is_withheld_before_it_is_judged(
    reading: Callable[[str], tuple[Outcome, Path]],
) -> None:
    outcome, work = reading(file(*GOOD, row("x", agrees="no", region="Atlantis"), row("y", agrees="")))
    assert [f.code for f in outcome.findings] == ["NO_CONSENT"]
    assert outcome.counts["withheld"] == 2
    assert rows_of(work / "refused.parquet", "_row") == []


def test_awkward_text_is_kept_as_it_came(reading: Callable[[str], tuple[Outcome, Path]]) -> None:
    texts = ['"said ""no"""', "'single'", '"<b>&amp;</b>"', "🙂 مرحبا", '"two\nlines"', "=1+1", "\u200fשלום"]
    outcome, work = reading(file(*GOOD, *(row(f"t{n}", comment=t) for n, t in enumerate(texts))))
    assert outcome.status == "accepted"
    kept = [r[0] for r in rows_of(work / "records.parquet", "comment")][60:]
    assert kept == ['said "no"', "'single'", "<b>&amp;</b>", "🙂 مرحبا", "two\nlines", "=1+1", "\u200fשלום"]


def test_columns_are_found_by_name_in_any_order(reading: Callable[[str], tuple[Outcome, Path]]) -> None:
    lines = [";".join(reversed(line.split(";"))) for line in file(*GOOD).splitlines()]
    outcome, work = reading("\n".join(lines).replace("region", " Region\u00a0"))
    assert outcome.status == "accepted"
    assert rows_of(work / "records.parquet", "id, region, score")[0] == ("g000", "North", 12.5)


def test_the_first_rows_of_a_file_count_as_a_spreadsheet_shows_them(
    office_of: OFFICE,
) -> None:
    office = office_of(tolerant(lambda c: c["read"].update({"header_row": 3, "ends_at": "^Note"})))
    outcome = office.send(
        "A title;;\n\n" + file(*GOOD[:3], row("z", score="x")) + "Note: made by hand\nmore\n"
    )
    (wrong, notes) = outcome.findings
    assert (wrong.code, wrong.first_row, notes.code, notes.count) == ("NOT_A_NUMBER", 7, "NOTES", 2)
    assert dict(outcome.counts) == {"read": 6, "accepted": 3, "refused": 1, "withheld": 0, "ignored": 2}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_too_many_refused_rows_refuse_the_delivery(office_of: OFFICE, share: float) -> None:
    office = office_of(lambda c: c["delivery"].update({"max_refused_share": share}))
    wrong = int(share * 60) + 1
    bad = [row(f"b{n}", score="x") for n in range(wrong)]
    outcome = office.send(file(*GOOD[: 60 - wrong], *bad))
    assert (outcome.status, outcome.counts["refused"], office.records()) == ("refused", 60, [])
    assert office.send(file(*GOOD[: 61 - wrong], *bad[1:])).status != "refused"


@pytest.mark.parametrize(
    ("scores", "read", "asked"),
    [
        (["1.234", "12.345", "123.456"], {"decimal": "."}, True),
        (["1.234", "12.345", "7"], {"decimal": "."}, False),
        (["1.234", "12.345", "123.45"], {"decimal": "."}, False),
        (["0.234", "0.345", "0.456"], {"decimal": "."}, False),
        (["1.234", "12.345", "123.456"], {"decimal": ",", "thousands": "."}, False),
    ],
)
def test_points_that_may_part_thousands_are_asked_about(
    office_of: OFFICE, scores: list[str], read: dict[str, str], asked: bool
) -> None:
    def change(contract: dict[str, Any]) -> None:
        contract["read"] = read
        contract["columns"]["score"] = {"type": "number"}
        contract["rules"] = []

    here = office_of(change)
    here.drop(file(*(row(f"a{n}", score=score) for n, score in enumerate(scores))))
    (outcome,) = here.receive()
    told = [(f.column, f.count) for f in outcome.findings if f.code == "THOUSANDS_UNCLEAR"]
    assert (outcome.status, told) == ("accepted", [("score", 3)] if asked else [])


@pytest.mark.parametrize(
    ("language", "encoding", "text"),
    [
        ("es", "cp1252", "Cataluña;Andalucía;niñas"),
        ("pt", "cp1252", "Região;Sexo;São Paulo;Mulheres;Paraná;Homens"),
        ("en", "cp1252", "São Tomé;Côte d’Ivoire"),
        ("cs", "cp1250", "Středočeský;Jihočeský;ženy"),
        ("hu", "cp1250", "Győr-Moson;férfi;nő"),
        ("tr", "cp1254", "İstanbul;Kadın;Muğla"),
        ("en", "cp1251", "Москва;Женщины;Мужчины"),
        ("el", "cp1253", "Περιφέρεια;Φύλο;Αττική;Γυναίκες;Κρήτη;Άνδρες"),
    ],
)
def test_of_encodings_that_fit_as_well_the_language_decides(
    tmp_path: Path, language: str, encoding: str, text: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    found = encoding_of(path, None, language)
    assert text.encode(encoding).decode(found.name) == text
    assert found.known_by == "guessed"
