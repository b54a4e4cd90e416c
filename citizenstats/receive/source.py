"""The rows of a file as SQL: cells as text in ``c0``, ``c1``, …, with the row's number and whether it is ragged.

Most files are read by the engine itself, sniffing off. A file that it cannot read strictly (ragged rows, blank lines,
notes under the table) is brought to Parquet by Python, row by row; the outcome says so.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from citizenstats.contracts.model import Contract
from citizenstats.engine import quoted, session
from citizenstats.errors import DeliveryError, EngineError
from citizenstats.receive import text
from citizenstats.receive.header import joined

_BATCH = 20_000
MOST_COLUMNS = 5_000
LONGEST_LINE = 64 << 20


@dataclass(frozen=True)
class Source:
    """A table inside a file."""

    headers: tuple[str, ...]
    sql: str
    reader: str
    notes: int = 0
    """Rows from `read.ends_at` on, which are no data."""


def from_csv(cleaned: Path, delimiter: str, skip: int, contract: Contract, work: Path) -> Source | None:
    """Return a clean CSV file as the engine reads it; None when it does not keep to one form throughout.

    Args:
        cleaned: UTF-8, without byte order mark.
        delimiter: between cells.
        skip: records before everything else, such as ``sep=;``.
        contract: says where the headers are.
        work: the only folder that is open.
    """
    read = contract.read
    before = skip + read.header_row - 1
    found, lines = text.opening(cleaned, delimiter, read.quote, before + read.header_rows)
    headers = joined(found[before:], read.footnote_marks)
    _check(headers)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(headers)))
    options = (
        f"columns = {{{columns}}}, auto_detect = false, header = false, delim = {quoted(delimiter)}, "
        f"quote = {quoted(read.quote)}, escape = {quoted(read.quote)}, skip = {lines}, nullstr = '', "
        f"strict_mode = true, null_padding = false, max_line_size = {LONGEST_LINE}"
    )
    scan = f"SELECT * FROM read_csv({quoted(str(cleaned))}, {options})"
    first = read.header_row + read.header_rows
    target = work / "table.parquet"
    try:
        with session([work]) as engine:
            engine.run(
                f"COPY (SELECT *, row_number() OVER () + {first - 1} AS _row, FALSE AS _ragged FROM ({scan})) "
                f"TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)"
            )
    except EngineError:
        return None
    return Source(headers, f"SELECT * FROM read_parquet({quoted(str(target))})", "engine")


def from_rows(rows: Iterable[list[str]], contract: Contract, work: Path, reader: str) -> Source:
    """Return rows as a table in Parquet.

    Raises:
        DeliveryError: there is no header where the contract says.
    """
    read = contract.read
    numbered = iter(enumerate(rows, start=1))
    opening = list(itertools.islice(numbered, read.header_row - 1 + read.header_rows))[read.header_row - 1 :]
    headers = joined([row for _, row in opening], read.footnote_marks)
    while headers and not headers[-1]:
        headers = headers[:-1]
    _check(headers)
    target = work / "table.parquet"
    width = len(headers)
    fields: list[pa.Field[Any]] = [pa.field(f"c{i}", pa.string()) for i in range(width)]
    schema = pa.schema([*fields, pa.field("_row", pa.int64()), pa.field("_ragged", pa.bool_())])
    ended = _Notes(read.ends_at)
    with pq.ParquetWriter(target, schema, compression="lz4") as out:
        data = itertools.takewhile(lambda item: not ended.by(item[1]), numbered)
        for batch in _batches(data):
            columns: list[pa.Array[Any]] = [
                pa.array((row[i] if i < len(row) else None for _, row in batch), pa.string())
                for i in range(width)
            ]
            columns.append(pa.array((number for number, _ in batch), pa.int64()))
            columns.append(pa.array((_is_ragged(row, width) for _, row in batch), pa.bool_()))
            out.write_table(pa.Table.from_arrays(columns, schema=schema))
    notes = (1 if ended.found else 0) + sum(1 for _ in numbered)
    return Source(headers, f"SELECT * FROM read_parquet({quoted(str(target))})", reader, notes)


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


def _check(headers: tuple[str, ...]) -> None:
    if not any(headers):
        raise DeliveryError(
            "NO_HEADER", "there is no header row", mend="put the header where the template has it"
        )
    if len(headers) > MOST_COLUMNS:
        raise DeliveryError(
            "TOO_WIDE", f"the table has {len(headers):,} columns", mend="send only the columns asked for"
        )
