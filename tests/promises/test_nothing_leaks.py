"""A canary planted in microdata, names and coordinates is found nowhere outside the restricted store and its own receipt."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Command, Said

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples" / "1_first"
WORD = "Kvadrupelkanariefugl"
NUMBER = "8675309421"


def plant(home: Path) -> None:
    """Drop the samples with canaries in names, free text, places, coordinates, weights, a refused and a withheld row."""
    for file in SAMPLES.glob("*/*/*.csv"):
        dataset = f"{file.parent.parent.name}/{file.parent.name}"
        encoding = "windows-1252" if dataset == "dihr/disability_barometer" else "utf-8-sig"
        # Cells are planted as cells: a remark may hold the delimiter, quotation marks and line breaks.
        with file.open(encoding=encoding, newline="") as source:
            delimiter = ";" if ";" in source.readline() else ","
            source.seek(0)
            header, *rows = csv.reader(source, delimiter=delimiter)
        planted = 0
        for number, cells in enumerate(rows, start=1):
            if len(cells) != len(header):
                continue
            put = [_canary(column, cell, number) for column, cell in zip(header, cells, strict=True)]
            planted += put != cells
            cells[:] = put
        assert planted, file
        inbox = home / "inbox" / dataset
        inbox.mkdir(parents=True, exist_ok=True)
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=delimiter).writerows([header, *rows])
        (inbox / file.name.replace(".csv", f"_{WORD}.csv")).write_bytes(
            written.getvalue().encode(encoding, "replace")
        )


def _canary(column: str, cell: str, number: int) -> str:
    if column in (
        "bemærkning",
        "victim_name",
        "place",
        "community_name",
        "respondent_name",
        "comments",
        "motive",
    ):
        return f"{WORD}{number}" if cell else cell
    if column in ("vægt", "opregningsvægt") and number % 50 == 1:
        return f"1,{NUMBER}"
    if column in ("_location_latitude", "_location_longitude") and number % 10 == 1:
        return f"1.{NUMBER}"
    if column in ("køn", "act") and number % 97 == 0:
        return f"{WORD}{number}"
    return cell


def found_in(folder: Path) -> list[str]:
    """Return the files under a folder whose content or name holds a canary; Parquet and databases are opened."""
    hits = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            content = str(duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()).encode()
        elif path.suffix == ".gz":
            content = gzip.decompress(path.read_bytes())
        else:
            content = path.read_bytes()
        if WORD.encode() in content or NUMBER.encode() in content or WORD in path.name:
            hits.append(str(path.relative_to(folder)))
    return hits


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, citizenstats_process: Command) -> tuple[Path, Said]:
    home = tmp_path_factory.mktemp("canary") / "home"
    plant(home)
    said = citizenstats_process("--home", home, "--mappings", ROOT / "sdmx_mappings", "run")
    assert said.code == 0, said.out + said.err
    return home, said


def test_the_canary_is_in_the_records_so_the_search_can_find_it(planted: tuple[Path, Said]) -> None:
    assert any("records.parquet" in hit for hit in found_in(planted[0] / "restricted"))
    assert (planted[0] / "restricted").stat().st_mode & 0o077 == 0


def test_the_canary_is_in_nothing_that_is_published_or_printed(planted: tuple[Path, Said]) -> None:
    home, said = planted
    assert found_in(home / "published") == []
    assert WORD not in said.out + said.err
    assert NUMBER not in said.out + said.err


def test_the_canary_is_in_no_other_partners_receipts(planted: tuple[Path, Said]) -> None:
    home, _ = planted
    for hit in found_in(home / "outbox"):
        partner, dataset = Path(hit).parts[:2]
        own = (home / "inbox" / partner / dataset).glob("*")
        assert any(WORD.encode() in file.read_bytes() or WORD in file.name for file in own), hit


@pytest.mark.parametrize("command", [["releases"], ["--json", "releases"], ["check"]])
def test_the_canary_is_in_no_answer_of_the_command_line(
    planted: tuple[Path, Said], citizenstats: Command, command: list[str]
) -> None:
    said = citizenstats("--home", planted[0], "--mappings", ROOT / "sdmx_mappings", *command)
    assert WORD not in said.out + said.err


def test_a_preview_prints_no_microdata(
    citizenstats: Command, planted: tuple[Path, Said], tmp_path: Path
) -> None:
    home, _ = planted
    file = next((home / "inbox" / "right_to_defend" / "incidents").glob("*2024_Kv*"))
    shutil.copy(file, tmp_path / "incidents_2024.csv")
    said = citizenstats(
        "--home", tmp_path / "h", "--mappings", ROOT / "sdmx_mappings", "preview", "right_to_defend/incidents",
        tmp_path / "incidents_2024.csv",
    )  # fmt: skip
    assert WORD not in said.out + said.err
    assert NUMBER not in said.out + said.err
