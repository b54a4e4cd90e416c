"""Where the headers stand, when they are not where they were agreed to be: under a title, or in another sheet.

What belongs here: telling it. What does not: reading on from there; what a table is, is agreed and not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from citizenstats.contracts.model import Contract
from citizenstats.receive import sheet, text
from citizenstats.receive.header import aliases_of, folded, joined
from citizenstats.receive.outcome import Finding

_LOOKED_AT = 40
"""Rows of each sheet."""


def elsewhere(content: Path, work: Path, contract: Contract, found: int) -> Finding | None:
    """Return where more of the headers agreed stand than where they were looked for; None when nowhere.

    Args:
        content: the file as it came.
        work: where it was read; holds the clean text of one that is no workbook.
        contract: names the headers.
        found: how many of them stand in the row agreed.
    """
    read, cleaned = contract.read, work / "clean.csv"
    if read.format == "sdmx":
        return None
    if not cleaned.exists():
        counted = {
            (number, row): alike
            for number, rows in enumerate(_sheets(content, contract), start=1)
            for row, alike in _alike(rows, contract)
        }
        (number, row), alike = max(counted.items(), key=lambda item: item[1], default=((0, 0), 0))
        # Of one sheet, which needs no number; a hidden one that is read by name is not counted.
        is_only = read.sheet is None and number == 1
        facts = {"row": str(row)} if is_only else {"sheet": str(number), "row": str(row)}
    else:
        delimiter = text.says_delimiter(cleaned) or read.delimiter or text.likely_delimiter(cleaned)
        rows = text.opening(cleaned, delimiter, read.quote, _LOOKED_AT)
        row, alike = max(_alike(rows, contract), key=lambda item: item[1], default=(0, 0))
        facts = {"row": str(row)}
    is_agreed = "sheet" not in facts and row == read.header_row
    if is_agreed or alike <= max(found, len(contract.columns) // 2):
        return None
    return Finding("HEADER_IN_SHEET" if "sheet" in facts else "HEADER_ELSEWHERE", facts=facts)


def _sheets(content: Path, contract: Contract) -> list[list[list[str]]]:
    # What the fast reader cannot open was read by the other one; to look for headers it is not opened a third time.
    try:
        return list(sheet.openings(content, contract.read, _LOOKED_AT))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:
        return []


def _alike(rows: Sequence[Sequence[str]], contract: Contract) -> list[tuple[int, int]]:
    """Return for each row, from 1, how many columns of the contract have their header if the headers begin there."""
    deep = contract.read.header_rows
    counted = []
    for i in range(len(rows)):
        there = {folded(header) for header in joined(rows[i : i + deep], contract.read, fill=True)}
        named = sum(
            any(folded(alias) in there for alias in aliases_of(contract, column))
            for column in contract.columns
        )
        counted.append((i + 1, named))
    return counted
