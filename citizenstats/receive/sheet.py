"""Workbooks: from a sheet as a person made it to rows of text.

A workbook is looked at before any library opens it: two cells far apart make a reader build the whole grid between them
and abort the process, and a small archive can unpack to more than the machine holds.
"""

from __future__ import annotations

import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from citizenstats.contracts.model import Reading
from citizenstats.receive.header import folded
from citizenstats.receive.outcome import RefusalError

MOST_CELLS = 50_000_000
MOST_COLUMNS = 2_000
MOST_ROWS = 1_048_576
MOST_UNPACKED = 2 << 30
MOST_RATIO = 200
_SMALL = 64 << 20
"""What unpacks to less than this may have any ratio."""

_CELL = re.compile(rb'<(?:\w+:)?c\b[^<>]{0,400}?\br="([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^<>]{0,400}?\br="(\d{1,7})"')
_ERROR = re.compile(rb'<(?:\w+:)?c\b[^<>]{0,400}?\bt="e"')
_UNCOMPUTED = re.compile(
    rb'<(?:\w+:)?c\b(?![^<>]{0,400}\bt="str")[^<>]{0,400}>\s*<(?:\w+:)?f\b[^<>]{0,400}>[^<]{0,8192}</(?:\w+:)?f>\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)

_HIDDEN = re.compile(rb'<(?:\w+:)?(?:row|col)\b[^<>]{0,400}?\bhidden="(?:1|true)"')
_STYLED = re.compile(
    rb'<(?:\w+:)?c\b(?![^<>]{0,400}\bt="(?:s|str|inlineStr|e|b)")[^<>]{0,400}?\bs="(\d{1,7})"[^<>]{0,400}>'
)
"""The style of a cell that holds a number."""
_PERCENT_FORMAT = re.compile(rb'<(?:\w+:)?numFmt\b[^<>]*?\bnumFmtId="(\d+)"[^<>]*?\bformatCode="[^"]*%')
_CELL_STYLES = re.compile(rb"<(?:\w+:)?cellXfs\b[^<>]*>(.*?)</(?:\w+:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(rb'<(?:\w+:)?xf\b[^<>]*?\bnumFmtId="(\d+)"')
_MOST_DIGITS = 1e15
"""From here on a spreadsheet drops digits."""

Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last (row, column) of merged cells, from 0."""


@dataclass(frozen=True)
class Seen:
    """What a look into the archive found.

    Attributes:
        errors: some cell holds an error such as ``#DIV/0!``, which the fast reader would give as empty.
        uncomputed: some formula has no result: a program wrote it, and no spreadsheet has computed it since.
        hidden: some row or column is hidden, as those are that a filter leaves out.
        percent: some cell is shown as percent: what is in it is a hundred times less.
    """

    errors: bool = False
    uncomputed: bool = False
    hidden: bool = False
    percent: bool = False


def prescan(path: Path) -> Seen:
    """Look at a workbook's archive before it is opened.

    Raises:
        RefusalError: it is no whole archive, has a password, or would unpack to more than a workbook should.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive.infolist())
            names = sorted({n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)})
            if not names:
                # All programs of an office write archives; what has neither of these is files that somebody packed.
                there = set(archive.namelist())
                is_packed = there and not there & {"mimetype", "[Content_Types].xml"}
                raise RefusalError("COMPRESSED" if is_packed else "NOT_A_WORKBOOK")
            styled = _percent_styles(archive)
            found = [_scan(archive, name, styled) for name in names]
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError):
        raise RefusalError("TRUNCATED") from None
    return Seen(*(any(getattr(seen, part.name) for seen in found) for part in fields(Seen)))


def _check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise RefusalError("PASSWORD")
    size = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    if size > MOST_UNPACKED or (size > _SMALL and size / packed > MOST_RATIO):
        raise RefusalError("UNPACKS_TOO_LARGE")


def _percent_styles(archive: zipfile.ZipFile) -> frozenset[bytes]:
    """Return the numbers of the styles that show a number as percent."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    with archive.open("xl/styles.xml") as file:
        styles = file.read(_SMALL)
    percent = {b"9", b"10", *_PERCENT_FORMAT.findall(styles)}
    cells = _CELL_STYLES.search(styles)
    forms = _STYLE.findall(cells[1]) if cells else []
    return frozenset(str(i).encode() for i, form in enumerate(forms) if form in percent)


def _scan(archive: zipfile.ZipFile, name: str, percent: frozenset[bytes]) -> Seen:
    """Look through a sheet; one whose used range is larger than is read is refused."""
    columns = rows = 0
    errors = uncomputed = hidden = styled = False
    rest = b""
    with archive.open(name) as sheet:
        while block := sheet.read(1 << 20):
            text = rest + block
            for letters, row in _CELL.findall(text):
                columns, rows = max(columns, _number(letters)), max(rows, int(row))
            rows = max([rows, *(int(r) for r in _ROW.findall(text))])
            errors = errors or _ERROR.search(text) is not None
            uncomputed = uncomputed or _UNCOMPUTED.search(text) is not None
            hidden = hidden or _HIDDEN.search(text) is not None
            styled = styled or (bool(percent) and not percent.isdisjoint(_STYLED.findall(text)))
            rest = text[-400:]
    if columns > MOST_COLUMNS or columns * rows > MOST_CELLS:
        raise RefusalError("TOO_WIDE", columns=MOST_COLUMNS, rows=MOST_ROWS)
    return Seen(errors, uncomputed, hidden, styled)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


@dataclass
class LongNumbers:
    """Whether a number was met that has more digits than a spreadsheet keeps."""

    found: bool = False


def rows(
    path: Path, seen: Seen, read: Reading, long: LongNumbers | None = None
) -> tuple[str, Iterator[list[str]]]:
    """Return the name of the sheet that is read, and its rows as text from row 1 to the last that is not blank.

    Args:
        path: the workbook, after `prescan`.
        seen: what that found.
        long: is told of numbers with too many digits below the headers.
        read: names the sheet (hidden ones are read only by name), the header rows, and the forms of numbers and dates.

    Raises:
        RefusalError: it cannot be opened, or has no such sheet.
    """
    name, values, ranges = _opened(path, seen, read)
    filled = _with_headers_filled(values, ranges, read)
    return name, _without_blank_end(
        [_text(cell, read) for cell in row] for row in _watched(filled, long or LongNumbers())
    )


def _watched(values: Iterable[Sequence[Any]], long: LongNumbers) -> Iterator[Sequence[Any]]:
    for row in values:
        if not long.found:
            long.found = any(isinstance(cell, int | float) and abs(cell) >= _MOST_DIGITS for cell in row)
        yield row


def openings(path: Path, read: Reading, most: int) -> Iterator[list[list[str]]]:
    """Yield the first rows of each visible sheet, as text."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_path(str(path))
    for found in workbook.sheets_metadata:
        if found.typ == SheetTypeEnum.WorkSheet and found.visible == SheetVisibleEnum.Visible:
            rows_of = workbook.get_sheet_by_name(found.name).iter_rows()
            yield [[_text(cell, read) for cell in row] for row in itertools.islice(rows_of, most)]


def _opened(path: Path, seen: Seen, read: Reading) -> tuple[str, Iterable[Sequence[Any]], list[Range]]:
    if seen.errors:
        return _by_openpyxl(path, read)
    try:
        return _by_calamine(path, read)
    except (RefusalError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    # The reader's own errors come in many types, a panic among them, and say nothing that a partner could use.
    except BaseException:
        return _by_openpyxl(path, read)


def _by_calamine(path: Path, read: Reading) -> tuple[str, Iterable[Sequence[Any]], list[Range]]:
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise RefusalError("PASSWORD") from None
    sheets = [s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    visible = [s.name for s in sheets if s.visible == SheetVisibleEnum.Visible]
    name = _choose(read.sheet, [s.name for s in sheets], visible)
    sheet = workbook.get_sheet_by_name(name)
    left = sheet.start[1] if sheet.start else 0
    # The rows begin with the first column that is used, the ranges count from column A.
    ranges = [
        ((top, first - left), (bottom, last - left))
        for (top, first), (bottom, last) in sheet.merged_cell_ranges or []
    ]
    return name, sheet.iter_rows(), ranges


def _by_openpyxl(path: Path, read: Reading) -> tuple[str, Iterable[Sequence[Any]], list[Range]]:
    import openpyxl

    try:
        # As an open file: by its name it would judge whether it is a workbook.
        with path.open("rb") as file:
            workbook = openpyxl.load_workbook(file, data_only=True)
    # As above: whatever it is, the workbook cannot be read.
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise RefusalError("TRUNCATED") from None
    visible = [s.title for s in workbook.worksheets if s.sheet_state == "visible"]
    sheet = workbook[_choose(read.sheet, [s.title for s in workbook.worksheets], visible)]
    ranges = [
        ((r.min_row - 1, r.min_col - 1), (r.max_row - 1, r.max_col - 1)) for r in sheet.merged_cells.ranges
    ]
    return sheet.title, sheet.iter_rows(values_only=True), ranges


def _choose(wanted: str | None, names: list[str], visible: list[str]) -> str:
    if wanted is not None and wanted not in names:
        alike = [name for name in names if folded(name) == folded(wanted)]
        if len(alike) != 1:
            raise RefusalError("NO_SUCH_SHEET", sheet=wanted)
        return alike[0]
    if wanted is None and not visible:
        raise RefusalError("NO_VISIBLE_SHEET")
    return wanted if wanted is not None else visible[0]


def _with_headers_filled(
    values: Iterable[Sequence[Any]], ranges: list[Range], read: Reading
) -> Iterator[Sequence[Any]]:
    """Yield the rows; in header rows each cell of a merged range has the text of its first cell.

    In rows of data a merged cell stays one cell: to repeat it would invent values.
    """
    last = read.header_row - 1 + read.header_rows
    for number, row in enumerate(values):
        if number >= last:
            yield row
            continue
        cells = list(row)
        for (top, left), (_, right) in ranges:
            if top == number and 0 <= left < len(cells):
                cells[left : right + 1] = [cells[left]] * (min(right + 1, len(cells)) - left)
        yield cells


def _without_blank_end(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the rows up to the last that is not blank: formats alone make a sheet longer than its table."""
    blank: list[list[str]] = []
    for row in rows:
        if any(cell.strip() for cell in row):
            yield from itertools.chain(blank, [row])
            blank = []
        else:
            blank.append(row)


def _text(cell: Any, read: Reading) -> str:
    """Return a cell as the text that the contract expects: its decimal mark and form of dates; 13.0 as 13."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            # A spreadsheet keeps and shows 15 digits; those after are noise of its arithmetic.
            text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
            return text.replace(".", read.decimal)
        case datetime():
            whole_day = cell.time() == time(0)
            return cell.strftime(read.date_format) if whole_day else _moment(cell, read.date_format)
        case date():
            return cell.strftime(read.date_format)
        case time() | timedelta():
            return str(cell)
        case _:
            return str(cell)


def _moment(cell: datetime, form: str) -> str:
    """Return a time of a day: in the form agreed if that has hours, else in one that is never taken for a date."""
    return cell.strftime(form) if "%H" in form or "%I" in form else cell.isoformat(sep=" ")
