"""SDMX-CSV 1.0, 2.0 and 2.1, read by the engine: comma or semicolon, ids or ids with labels, any mix of actions.

A file that packs is unpacked into the work folder first, within limits. Its text is UTF-8.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import EngineError, MessageError
from citizenstats.sdmx.model import Component, Reference, Structures
from citizenstats.sdmx.read.message import Head, MessageFacts, Named, Used, named, used
from citizenstats.sdmx.read.several import is_open, one_text_of_cell, one_text_of_single
from citizenstats.sdmx.read.source import opened

LONGEST_RECORD = 16 << 20
_OWN = ("STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "SERIES_KEY", "OBS_KEY", "DATAFLOW")
_ACTIONS = {"A": "Append", "M": "Merge", "R": "Replace", "D": "Delete", "I": "Information"}
_HEADER = re.compile(r"(?P<id>[^\[:]+?)(?:\[(?P<inside>[^\]]*)\])?(?P<label>:.*)?", re.DOTALL)


@dataclass(frozen=True)
class _Column:
    """A column of the file: its position, its id, what stands in brackets behind it, and whether cells hold ``id: label``."""

    position: int
    id: str
    inside: str | None
    labelled: bool

    @property
    def cell(self) -> str:
        """SQL of its cell."""
        return f"c{self.position}"


def read(
    engine: Engine, file: Path, structures: Structures, expected: Reference | None, work: Path, into: Path
) -> MessageFacts:
    """Read a message into a Parquet file; see `citizenstats.sdmx.read.read_rows`.

    Raises:
        MessageError: it is no UTF-8, rows differ in their cells, or its structure is not known.
    """
    plain = work / "message.csv"
    _unpack(file, plain)
    header, delimiter = _header(plain)
    columns = _columns(header)
    if columns[0].id not in ("STRUCTURE", "DATAFLOW"):
        raise MessageError(
            "NOT_SDMX", "the first column is neither STRUCTURE nor DATAFLOW", "line 1", "add it"
        )
    head = Head("csv-1.0" if columns[0].id == "DATAFLOW" else "csv-2.x")
    scan = _scan(plain, len(header), delimiter)
    try:
        found = _structure(engine, scan, columns, structures, expected)
        _check_actions(engine, scan, columns)
        _check_parts(engine, scan, columns, found)
        rows = engine.write_parquet(_frame(scan, columns, found, head), into.absolute())
        held = _held(engine, into.absolute(), found)
    except EngineError:
        raise MessageError(
            "NOT_WELL_FORMED",
            "the rows do not have as many cells as the header, or a quotation mark stands open",
            mend="write the file again",
        ) from None
    return head.facts(found, held, rows)


def _unpack(file: Path, plain: Path) -> None:
    """Copy a message as text, seen to be UTF-8 to its end."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(file) as stream, plain.open("wb") as out:
        while block := stream.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                raise MessageError(
                    "NOT_WELL_FORMED", "the file is not UTF-8", mend="save it as UTF-8"
                ) from None
            out.write(block)


def _header(plain: Path) -> tuple[list[str], str]:
    with plain.open(encoding="utf-8", newline="") as content:
        start = content.read(1 << 20)
    # A sub-field separator inside brackets is none of fields.
    outside = re.sub(r"\[[^\]]*\]|\"[^\"]*\"", "", start.split("\n", 1)[0])
    delimiter = max(",;\t|", key=outside.count)
    try:
        return next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)), delimiter
    except (csv.Error, StopIteration):
        raise MessageError(
            "NOT_WELL_FORMED", "the header is no row of CSV", "line 1", "write it again"
        ) from None


def _columns(header: Sequence[str]) -> list[_Column]:
    found = []
    for position, text in enumerate(header):
        match = _HEADER.fullmatch(text.strip())
        if match:
            found.append(_Column(position, match["id"].strip(), match["inside"], bool(match["label"])))
    return found


def _scan(plain: Path, width: int, delimiter: str) -> str:
    told = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(width))
    return (
        f"SELECT *, row_number() OVER () AS _row FROM read_csv({quoted(str(plain))}, columns = {{{told}}}, "
        f"auto_detect = false, header = true, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', nullstr = '', "
        f"strict_mode = true, null_padding = false, max_line_size = {LONGEST_RECORD}, buffer_size = {4 * LONGEST_RECORD})"
    )


def _structure(
    engine: Engine, scan: str, columns: Sequence[_Column], structures: Structures, expected: Reference | None
) -> Used:
    by_id = {c.id: c for c in columns}
    if "DATAFLOW" in by_id:
        kind, reference = "'dataflow'", _id(by_id["DATAFLOW"].cell)
    elif "STRUCTURE_ID" in by_id:
        kind, reference = by_id["STRUCTURE"].cell, _id(by_id["STRUCTURE_ID"].cell)
    else:
        raise MessageError("NOT_SDMX", "there is no column STRUCTURE_ID", "line 1", "add it")
    told = engine.rows(f"SELECT DISTINCT {kind}, {reference} FROM ({scan}) ORDER BY ALL LIMIT 100")
    said: list[Named | None] = [named(str(k), str(r)) if k and r else None for k, r in told]
    found = {u.structure.reference: u for u in (used(structures, one, expected) for one in said or [None])}
    if len(found) > 1:
        raise MessageError(
            "SEVERAL_STRUCTURES",
            "the rows of the message have several structures",
            mend="send one message for each",
        )
    return next(iter(found.values()))


def _id(cell: str) -> str:
    """Return SQL of a reference without the label that may stand behind it."""
    return f"regexp_replace({cell}, ':\\s.*$', '', 's')"


def _check_actions(engine: Engine, scan: str, columns: Sequence[_Column]) -> None:
    action = next((c.cell for c in columns if c.id == "ACTION"), None)
    if action is None:
        return
    listed = ", ".join(quoted(a) for a in _ACTIONS)
    where = f"WHERE {action} IS NOT NULL AND {action} NOT IN ({listed})"
    count, first = engine.rows(f"SELECT count(*), min(_row) FROM ({scan}) {where}")[0]
    if count:
        raise MessageError(
            "BAD_ACTION",
            f"{count:,} rows have an action that is none of {', '.join(_ACTIONS)}",
            f"row {first}",
            "mend it",
        )


def _check_parts(engine: Engine, scan: str, columns: Sequence[_Column], found: Used) -> None:
    """Refuse cells of several values in which a quotation mark stands open."""
    for column in columns:
        if column.inside is not None and column.id in found.structure.by_id:
            where = f"WHERE {is_open(column.cell, _between(columns))}"
            count, first = engine.rows(f"SELECT count(*), min(_row) FROM ({scan}) {where}")[0]
            if count:
                raise MessageError(
                    "NOT_WELL_FORMED",
                    f"{count:,} cells of {column.id} have parts in which a quotation mark stands open",
                    f"row {first}",
                    "put a part that holds one in quotation marks, and write each of its own twice",
                )


def _between(columns: Sequence[_Column]) -> str:
    """Return the separator between the parts of a cell, which the first column names."""
    told = columns[0].inside or ""
    return told if len(told) == 1 else ";"


def _frame(scan: str, columns: Sequence[_Column], found: Used, head: Head) -> str:
    structure = found.structure
    by_id: dict[str, _Column] = {}
    labels = any(c.id == "STRUCTURE_NAME" for c in columns)
    for before, column in zip([None, *columns], columns, strict=False):
        if column.id in structure.by_id:
            by_id.setdefault(column.id, column)
        elif column.id not in _OWN and not (labels and before is not None and before.id in structure.by_id):
            head.met_unknown(column.id)
    action = next((c.cell for c in columns if c.id == "ACTION"), "NULL")
    words = " ".join(f"WHEN {quoted(letter)} THEN {quoted(word)}" for letter, word in _ACTIONS.items())
    default = "Append" if head.format == "csv-1.0" else "Merge"
    cells = [
        f"{_cell(by_id.get(component.id), component, _between(columns))} AS {name(component.id)}"
        for component in structure.components
    ]
    return (
        f"SELECT _row, CASE {action} {words} ELSE {quoted(default)} END AS _action, {', '.join(cells)} "
        f"FROM ({scan}) ORDER BY _row"
    )


def _cell(column: _Column | None, component: Component, between: str) -> str:
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    if column.inside is not None:
        languages = [language for language in column.inside.split(between) if language] or component.languages
        return one_text_of_cell(component, column.cell, between, languages, labelled=column.labelled)
    if component.several:
        return one_text_of_single(component, column.cell)
    if column.labelled and component.codelist is not None:
        return f"split_part({column.cell}, ': ', 1)"
    return column.cell


def _held(engine: Engine, into: Path, found: Used) -> list[str]:
    listed = [c.id for c in found.structure.components]
    counts = ", ".join(f"count({name(identifier)})" for identifier in listed)
    row = engine.rows(f"SELECT {counts} FROM read_parquet({quoted(str(into))})")[0]
    return [identifier for identifier, count in zip(listed, row, strict=True) if count]
