"""Headers: which column of the file is which column of the contract. By name, never by position."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citizenstats.contracts.model import Contract, Reading
from citizenstats.receive.outcome import Example, Finding


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
        return self.names[self.position[column]] if column in self.position else column


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
            text = " ".join(unicodedata.normalize("NFC", text).split())
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


def match(names: Sequence[str], contract: Contract) -> Headers:
    """Return the headers of a file matched to a contract."""
    places: dict[str, list[int]] = {}
    for position, header in enumerate(names):
        places.setdefault(folded(header), []).append(position)
    found: dict[str, int] = {}
    findings: list[Finding] = []
    missing: list[str] = []
    for column, declared in contract.columns.items():
        aliases = aliases_of(contract, column)
        here = sorted({position for alias in aliases for position in places.get(folded(alias), [])})
        if len(here) > 1:
            findings.append(
                Finding("DUPLICATE_HEADER", (aliases or [column])[0], facts={"columns": str(len(here))})
            )
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
