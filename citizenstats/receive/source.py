"""The rows of a file as SQL: cells as text in ``c0``, ``c1``, …, with the row's number and whether it is ragged.

Most text files are read by the engine itself, sniffing off. A file that it cannot read strictly (ragged rows, blank
lines, notes under the table) is brought to Parquet by Python, row by row; the outcome says so.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.contracts.model import Contract, Reading
from citizenstats.engine import Engine, quoted
from citizenstats.errors import EngineError
from citizenstats.receive import sheet, text
from citizenstats.receive.header import joined, least_width
from citizenstats.receive.kinds import refuse_other_kinds
from citizenstats.receive.outcome import Finding, RefusalError

_BATCH = 20_000
_TELLING = 5
"""Columns from which on the delimiters of a whole row inside one cell tell an open quotation mark."""
MOST_COLUMNS = 5_000
LONGEST_RECORD = 16 << 20
"""Bytes of one record that the engine reads; a longer one goes row by row."""
BUFFER = 4 * LONGEST_RECORD


@dataclass(frozen=True)
class Source:
    """A table inside a file.

    Attributes:
        headers: one a column.
        sql: the SELECT of its rows.
        how: what the receipt says of the reading.
        notes: rows from `read.ends_at` on, which are no data.
        findings: what was found on the way and refuses nothing.
        forbidden: some cell may hold a forbidden character.
        garbled: some cell may hold the mark of a lost letter.
        swallowed: the condition, over these columns, that a cell holds other rows. It is long where a table is wide.
        different: columns whose texts differ so much that the table keeps no dictionary of them.
    """

    headers: tuple[str, ...]
    sql: str
    how: dict[str, str]
    notes: int = 0
    findings: tuple[Finding, ...] = ()
    forbidden: bool = True
    garbled: bool = True
    swallowed: str = "FALSE"
    different: frozenset[int] = frozenset()


# --- text -------------------------------------------------------------------------------------------------


def from_csv(engine: Engine, content: Path, contract: Contract, work: Path) -> Source:
    """Return the table of a text file.

    Args:
        engine: can reach `work`.
        content: the bytes as they came.
        contract: says how to read them.
        work: an empty folder for what is made on the way.

    Raises:
        RefusalError: wrong encoding, a quote that is never closed, or no header.
    """
    read = contract.read
    encoding = text.encoding_of(content, read.encoding, contract.said_language)
    cleaned = work / "clean.csv"
    seen = text.clean(content, encoding, cleaned)
    said = text.says_delimiter(cleaned)
    delimiter = said or read.delimiter or text.likely_delimiter(cleaned)
    how = {
        "format": "csv",
        "encoding": encoding.name,
        "encoding_known_by": encoding.known_by,
        "delimiter": text.shown(delimiter),
    }
    skipped = 1 if said else 0
    first = skipped + read.header_row - 1
    opening = text.opening(cleaned, delimiter, read.quote, first + read.header_rows)
    headers = _checked(joined(opening[first:], read, fill=True), contract)
    table = work / "table.parquet"
    notes = 0
    different: frozenset[int] = frozenset()
    whole = not seen.blank_lines and read.ends_at is None
    if whole and _by_engine(engine, cleaned, delimiter, read, skipped, len(headers), table):
        how["reader"] = "engine"
        different = _without_dictionary(engine, table)
    else:
        records = itertools.islice(text.rows(cleaned, delimiter, read.quote), skipped, None)
        headers, notes = _by_row(records, headers, contract, table)
        how["reader"] = "row by row"
    guessed = Finding("ENCODING_GUESSED", facts={"encoding": encoding.name})
    findings = (guessed,) if encoding.known_by == "guessed" else ()
    return Source(
        headers,
        _scan(table),
        how,
        notes,
        findings,
        seen.forbidden,
        seen.garbled,
        _swallowing(len(headers), delimiter),
        different,
    )


def other_delimiter(work: Path, read: Reading) -> RefusalError | None:
    """Return that a file has another delimiter than the contract says, once its headers are not found; None if not."""
    cleaned = work / "clean.csv"
    if read.delimiter is None or not cleaned.exists() or text.says_delimiter(cleaned):
        return None
    likely = text.likely_delimiter(cleaned)
    if likely == read.delimiter:
        return None
    return RefusalError("WRONG_DELIMITER", agreed=text.shown(read.delimiter), found=text.shown(likely))


def _by_engine(
    engine: Engine, cleaned: Path, delimiter: str, read: Reading, skipped: int, width: int, table: Path
) -> bool:
    """Bring a clean file to Parquet by the engine; return False when it does not keep to one form throughout.

    The rows above the data are read as data and dropped by number: to skip lines is not to skip records.
    """
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    options = (
        f"columns = {{{columns}}}, auto_detect = false, header = false, delim = {quoted(delimiter)}, "
        f"quote = {quoted(read.quote)}, escape = {quoted(read.quote)}, skip = {skipped}, nullstr = '', "
        f"strict_mode = true, null_padding = false, max_line_size = {LONGEST_RECORD}, buffer_size = {BUFFER}"
    )
    above = read.header_row - 1 + read.header_rows
    try:
        engine.run(
            f"COPY (SELECT *, FALSE AS _ragged FROM (SELECT *, row_number() OVER () AS _row "
            f"FROM read_csv({quoted(str(cleaned))}, {options})) WHERE _row > {above}) "
            f"TO {quoted(str(table))} (FORMAT parquet, COMPRESSION lz4)"
        )
    except EngineError:
        return False
    return True


def _without_dictionary(engine: Engine, table: Path) -> frozenset[int]:
    """Return the columns of a table, `_row` and `_ragged` among them, of which some part has no dictionary."""
    found = engine.rows(
        f"SELECT DISTINCT column_id FROM parquet_metadata({quoted(str(table))}) WHERE dictionary_page_offset IS NULL"
    )
    return frozenset(int(row[0]) for row in found)


# --- workbooks --------------------------------------------------------------------------------------------


def from_workbook(content: Path, contract: Contract, work: Path) -> Source:
    """Return the table of a workbook's sheet.

    Raises:
        RefusalError: it is no whole workbook, too large, or has no such sheet or header.
    """
    read = contract.read
    seen = sheet.prescan(content)
    long = sheet.LongNumbers()
    name, rows = sheet.rows(content, seen, read, long)
    above = read.header_row - 1 + read.header_rows
    opening = list(itertools.islice(rows, above))
    headers = _checked(joined(opening[read.header_row - 1 :], read, fill=False), contract)
    table = work / "table.parquet"
    headers, notes = _by_row(itertools.chain(opening, rows), headers, contract, table)
    told = {
        "FORMULAS_WITHOUT_RESULT": seen.uncomputed, "HIDDEN_CELLS": seen.hidden, "PERCENT_CELLS": seen.percent,
        "LONG_NUMBERS": long.found,
    }  # fmt: skip
    findings = tuple(Finding(code) for code, is_so in told.items() if is_so)
    how = {"format": "xlsx", "sheet": name, "reader": "workbook"}
    return Source(headers, _scan(table), how, notes, findings)


# --- row by row -------------------------------------------------------------------------------------------


def _by_row(
    rows: Iterable[list[str]], headers: tuple[str, ...], contract: Contract, table: Path
) -> tuple[tuple[str, ...], int]:
    """Bring rows, those above the data among them, to Parquet; return the headers and the number of notes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    read, least = contract.read, least_width(contract)
    while len(headers) > least and not headers[-1]:
        headers = headers[:-1]
    width = len(headers)
    above = read.header_row - 1 + read.header_rows
    numbered = itertools.islice(enumerate(rows, start=1), above, None)
    fields: list[pa.Field[Any]] = [pa.field(f"c{i}", pa.string()) for i in range(width)]
    schema = pa.schema([*fields, pa.field("_row", pa.int64()), pa.field("_ragged", pa.bool_())])
    ended = _Notes(read.ends_at)
    with pq.ParquetWriter(table, schema, compression="lz4") as out:
        data = itertools.takewhile(lambda item: not ended.by(item[1]), numbered)
        for batch in _batches(data):
            columns: list[pa.Array[Any]] = [
                pa.array((row[i] if i < len(row) else None for _, row in batch), pa.string())
                for i in range(width)
            ]
            columns.append(pa.array((number for number, _ in batch), pa.int64()))
            columns.append(pa.array((_is_ragged(row, width) for _, row in batch), pa.bool_()))
            out.write_table(pa.Table.from_arrays(columns, schema=schema))
    return headers, (1 if ended.found else 0) + sum(1 for _ in numbered)


class _Notes:
    """Knows where the table ends and the notes begin."""

    def __init__(self, ends_at: str | None) -> None:
        self._pattern = re.compile(ends_at) if ends_at else None
        self.found = False

    def by(self, row: list[str]) -> bool:
        """Return whether this row is the first of the notes."""
        first = next((cell for cell in row if cell.strip()), "")
        self.found = bool(self._pattern and self._pattern.search(first.strip()))
        return self.found


def _batches(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch


def _is_ragged(row: list[str], width: int) -> bool:
    """Return whether a row has fewer cells than the header, or more that are not empty; a blank row is not ragged."""
    if not any(cell.strip() for cell in row):
        return False
    return len(row) < width or any(cell.strip() for cell in row[width:])


def _scan(table: Path) -> str:
    return f"SELECT * FROM read_parquet({quoted(str(table))})"


def _swallowing(width: int, delimiter: str) -> str:
    """Return the condition that a row holds other rows in a cell, since a quotation mark stands open.

    Text over several lines is lawful, and so are delimiters in it; as many as a row has are not by accident. A table
    of few columns has too few to tell.
    """
    if width < _TELLING:
        return "FALSE"
    cells = " OR ".join(
        f"(contains(c{i}, chr(10)) AND len(c{i}) - len(replace(c{i}, {quoted(delimiter)}, '')) >= {width - 1})"
        for i in range(width)
    )
    return f"coalesce({cells}, FALSE)"


def _checked(headers: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """Return the headers, with blank ones up to the last column that the contract calls by its place."""
    if not any(headers):
        raise RefusalError("NO_HEADER", row=contract.read.header_row)
    if len(headers) > MOST_COLUMNS:
        raise RefusalError("TOO_WIDE", columns=MOST_COLUMNS, rows=sheet.MOST_ROWS)
    return (*headers, *[""] * (min(least_width(contract), MOST_COLUMNS) - len(headers)))


# --- which kind -------------------------------------------------------------------------------------------

_START = 64
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def table_of(engine: Engine, content: Path, contract: Contract, work: Path) -> Source:
    """Return the table of a file, whichever kind it is: its first bytes say, never its name.

    Raises:
        RefusalError: it is empty, of another kind, damaged, or not as the contract says.
    """
    with content.open("rb") as file:
        start = file.read(_START)
    start = start.removeprefix(codecs.BOM_UTF8)
    if not start.strip() and content.stat().st_size <= _START:
        raise RefusalError("EMPTY_FILE")
    if start.startswith(_OLD_OFFICE):
        raise RefusalError("PASSWORD" if _holds(content, _ENCRYPTED) else "OLD_WORKBOOK")
    refuse_other_kinds(start)
    is_archive = start.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    if contract.read.format == "xlsx" and not is_archive:
        raise RefusalError("NOT_A_WORKBOOK")
    if is_archive:
        return from_workbook(content, contract, work)
    return from_csv(engine, content, contract, work)


def _holds(path: Path, wanted: bytes) -> bool:
    rest = b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if wanted in rest + block:
                return True
            rest = block[-len(wanted) :]
    return False
