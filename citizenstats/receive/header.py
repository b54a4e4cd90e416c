"""Headers: which column of the file is which column of the contract. By name; by position only where no name tells.

A column without a header of its own (blank, or the same as another one's) is called by its place: ``(A)`` is the first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citizenstats.contracts.model import Contract, Reading
from citizenstats.receive.outcome import Example, Finding

SHOWN = 8
"""How many columns with one header are told at most."""

_PLACE = re.compile(r"\(([A-Z]{1,3})\)", re.IGNORECASE)


@dataclass(frozen=True)
class Headers:
    """The headers of a file, matched to the contract.

    Attributes:
        names: the headers as they stand, several header rows joined by `` / ``.
        position: contract column → position in the file; a column that the file lacks is not in it.
        findings: what is wrong with them; any of them refuses the delivery.
        unread: headers that the contract does not name.
    """

    names: tuple[str, ...]
    position: Mapping[str, int]
    findings: tuple[Finding, ...]
    unread: tuple[str, ...]

    def said(self, column: str) -> str:
        """Return the header of a contract's column as it stands in the file, which the contract knows too."""
        if column not in self.position:
            return column
        position = self.position[column]
        header = self.names[position]
        alone = header and sum(folded(other) == folded(header) for other in self.names) == 1
        return header if alone else place_of(position)


def letters(position: int) -> str:
    """Return a column's letters as a spreadsheet shows them."""
    found = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def place_of(position: int) -> str:
    """Return what a column is called that has no header of its own: its letters in round brackets."""
    return f"({letters(position)})"


def folded(header: str) -> str:
    """Return a header as it is compared: without regard to case, spaces, or how its letters are composed."""
    return " ".join(unicodedata.normalize("NFC", header).split()).casefold()


def joined(rows: Sequence[Sequence[str]], read: Reading, *, fill: bool) -> tuple[str, ...]:
    """Return one header a column from one or more header rows: their texts joined, repeats and blanks left out.

    Args:
        rows: the header rows.
        read: names the footnote marks.
        fill: a blank cell, except in the last row, says the same as the one to its left; a CSV has lost the merging.
    """
    if fill:
        rows = [*map(_filled, rows[:-1]), *rows[-1:]]
    width = max((len(row) for row in rows), default=0)
    headers = []
    for position in range(width):
        parts: list[str] = []
        for row in rows:
            text = row[position] if position < len(row) else ""
            # A file that was put together has more than one byte order mark.
            text = " ".join(unicodedata.normalize("NFC", text.strip("\ufeff\u200b")).split())
            text = re.sub(read.footnote_marks, "", text).strip() if read.footnote_marks else text
            if text and text not in parts:
                parts.append(text)
        headers.append(" / ".join(parts))
    return tuple(headers)


def _filled(row: Sequence[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        cells.append(cell if cell.strip() or not cells else cells[-1])
    return cells


def least_width(contract: Contract) -> int:
    """Return up to which column the table goes at least, since the contract calls that one by its place; 0 if none."""
    named = [
        _PLACE.fullmatch(alias.strip())
        for column in contract.columns
        for alias in aliases_of(contract, column)
    ]
    return max((_number(found[1]) for found in named if found is not None), default=0)


def _number(place: str) -> int:
    number = 0
    for letter in place.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def match(names: Sequence[str], contract: Contract) -> Headers:
    """Return the headers of a file matched to a contract."""
    places: dict[str, list[int]] = {}
    for position, header in enumerate(names):
        places.setdefault(folded(header), []).append(position)
    nameless = [p for header, there in places.items() if not header or len(there) > 1 for p in there]
    for position in nameless:
        places.setdefault(folded(place_of(position)), []).append(position)
    found: dict[str, int] = {}
    findings: list[Finding] = []
    missing: list[str] = []
    for column, declared in contract.columns.items():
        aliases = aliases_of(contract, column)
        here = sorted({position for alias in aliases for position in places.get(folded(alias), [])})
        if len(here) > 1:
            told = ", ".join([*map(place_of, here[:SHOWN]), *(["…"] if len(here) > SHOWN else [])])
            findings.append(Finding("DUPLICATE_HEADER", (aliases or [column])[0], facts={"columns": told}))
        elif here:
            found[column] = here[0]
        elif not declared.optional:
            missing.append((aliases or [column])[0])
    taken = set(found.values())
    free = [header for position, header in enumerate(names) if position not in taken and header]
    findings += [Finding("MISSING_COLUMN", wanted, values=_meant(wanted, free)) for wanted in missing]
    return Headers(tuple(names), found, tuple(findings), tuple(free))


def aliases_of(contract: Contract, column: str) -> list[str]:
    """Return the headers that a column of the contract may have."""
    header = contract.columns[column].header
    if header is None:
        return [column]
    return [header] if isinstance(header, str) else list(dict.fromkeys(header))


def _meant(wanted: str, free: Sequence[str]) -> tuple[Example, ...]:
    """Return the header of the file that may be meant; it is the partner's text, so it is an example."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(wanted, free, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    return (Example(best[0], 1, wanted),) if best else ()
