"""Workbooks: from a sheet as a person made it to rows of text.

A workbook is looked at before any library opens it: two cells far apart make a reader build the whole grid between them and
abort the process, and a small archive can unpack to more than the machine holds.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from citizenstats.errors import DeliveryError

MOST_CELLS = 50_000_000
MOST_COLUMNS = 2_000
MOST_UNPACKED = 2 << 30
MOST_RATIO = 200

_REFERENCE = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"')


def prescan(path: Path) -> None:
    """Look at a workbook's archive before it is opened.

    Raises:
        DeliveryError: it is no whole archive, has a password, or would unpack to more than a workbook should.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if any(entry.flag_bits & 1 for entry in entries):
                raise DeliveryError(
                    "PASSWORD", "the workbook has a password", mend="remove the password and send it again"
                )
            if not any(n.startswith("xl/worksheets/") for n in names):
                raise DeliveryError(
                    "NOT_A_WORKBOOK", "the archive is no workbook", mend="send the .xlsx file itself"
                )
            size = sum(entry.file_size for entry in entries)
            packed = max(sum(entry.compress_size for entry in entries), 1)
            if size > MOST_UNPACKED or (size > 64 << 20 and size / packed > MOST_RATIO):
                raise DeliveryError(
                    "TOO_LARGE", "the workbook unpacks to more than is read", mend="send it as CSV"
                )
            for name in sorted(n for n in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)):
                _scan_sheet(archive, name)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError):
        raise DeliveryError(
            "TRUNCATED", "the workbook is cut off or damaged", mend="save it again and send the whole file"
        ) from None


def _scan_sheet(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a sheet whose used range is larger than is read."""
    columns = rows = 0
    rest = b""
    with archive.open(name) as sheet:
        while block := sheet.read(1 << 20):
            text = rest + block
            for letters, row in _REFERENCE.findall(text):
                columns, rows = max(columns, _number(letters)), max(rows, int(row))
            rows = max([rows, *(int(r) for r in _ROW.findall(text))])
            rest = text[-200:]
    if columns > MOST_COLUMNS or columns * rows > MOST_CELLS:
        raise DeliveryError(
            "TOO_WIDE",
            f"a sheet reaches to column {columns:,} and row {rows:,}",
            mend="delete the cells far outside the table (Ctrl+End shows them) and save again",
        )


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def rows(path: Path, wanted: str | None, decimal: str, date_format: str) -> tuple[str, Iterator[list[str]]]:
    """Return the name of the sheet that is read, and its rows as text from row 1 on.

    Args:
        path: the workbook, after `prescan`.
        wanted: name of the sheet; None for the first visible one. Hidden sheets are read only by name.
        decimal: mark to write in numbers, as the contract declares for text.
        date_format: form in which dates are written.

    Raises:
        DeliveryError: it cannot be opened, or has no such sheet.
    """
    try:
        return _by_calamine(path, wanted, decimal, date_format)
    except DeliveryError:
        raise
    # The reader's own errors come in many types, a panic among them, and say nothing that a partner could use.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        return _by_openpyxl(path, wanted, decimal, date_format)


def _by_calamine(
    path: Path, wanted: str | None, decimal: str, date_format: str
) -> tuple[str, Iterator[list[str]]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_path(str(path))
    sheets = [s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    visible = [s.name for s in sheets if s.visible == SheetVisibleEnum.Visible]
    name = _choose(wanted, [s.name for s in sheets], visible)
    sheet = workbook.get_sheet_by_name(name)
    values = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    _fill_merged(values, [(start, end) for start, end in sheet.merged_cell_ranges or []])
    return name, ([_text(cell, decimal, date_format) for cell in row] for row in values)


def _by_openpyxl(
    path: Path, wanted: str | None, decimal: str, date_format: str
) -> tuple[str, Iterator[list[str]]]:
    import openpyxl

    try:
        workbook = openpyxl.load_workbook(path, data_only=True)
    # As above: whatever it is, the workbook cannot be read.
    except Exception:
        raise DeliveryError(
            "UNREADABLE_WORKBOOK", "the workbook cannot be opened", mend="save it again as .xlsx and send it"
        ) from None
    visible = [s.title for s in workbook.worksheets if s.sheet_state == "visible"]
    name = _choose(wanted, workbook.sheetnames, visible)
    sheet = workbook[name]
    values: list[list[Any]] = [list(row) for row in sheet.iter_rows(values_only=True)]
    ranges = [
        ((r.min_row - 1, r.min_col - 1), (r.max_row - 1, r.max_col - 1)) for r in sheet.merged_cells.ranges
    ]
    _fill_merged(values, ranges)
    return name, ([_text(cell, decimal, date_format) for cell in row] for row in values)


def _choose(wanted: str | None, names: list[str], visible: list[str]) -> str:
    if wanted is not None and wanted in names:
        return wanted
    if wanted is None and visible:
        return visible[0]
    told = f"the workbook has no sheet '{wanted}'" if wanted else "the workbook has no visible sheet"
    raise DeliveryError("NO_SUCH_SHEET", told, mend="name the sheet as in the template")


def _fill_merged(values: list[list[Any]], ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Give every cell of a merged range in one row the text of its first cell, as headers over several columns need."""
    for (top, left), (_, right) in ranges:
        if top < len(values) and left < len(values[top]):
            row = values[top]
            for column in range(left + 1, min(right + 1, len(row))):
                row[column] = row[left]


def _text(cell: Any, decimal: str, date_format: str) -> str:
    """Return a cell as the text that the contract expects; whole numbers without a fraction."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{round(cell, 12):.15g}"
            return text.replace(".", decimal)
        case datetime():
            midnight = cell.time() == time(0)
            return cell.strftime(date_format) if midnight else cell.isoformat(sep=" ")
        case date():
            return cell.strftime(date_format)
        case time() | timedelta():
            return str(cell)
        case _:
            return str(cell).strip()
