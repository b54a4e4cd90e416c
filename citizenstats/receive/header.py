"""Headers: which column of the file is which column of the contract. By name, never by position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citizenstats.contracts.model import Contract
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


def joined(rows: Sequence[Sequence[str]], footnote_marks: str | None) -> tuple[str, ...]:
    """Return one header a column from one or more header rows: their texts joined, repeats and blanks left out."""
    width = max((len(row) for row in rows), default=0)
    headers = []
    for position in range(width):
        parts: list[str] = []
        for row in rows:
            text = " ".join(row[position].split()) if position < len(row) else ""
            text = re.sub(footnote_marks, "", text).strip() if footnote_marks else text
            if text and text not in parts:
                parts.append(text)
        headers.append(" / ".join(parts))
    return tuple(headers)


def match(names: Sequence[str], contract: Contract) -> Headers:
    """Return the headers of a file matched to a contract: exactly, else without regard to case."""
    places: dict[str, list[int]] = {}
    for position, header in enumerate(names):
        places.setdefault(header.casefold(), []).append(position)
    found: dict[str, int] = {}
    findings: list[Finding] = []
    missing: list[str] = []
    for column, declared in contract.columns.items():
        aliases = [declared.header] if isinstance(declared.header, str) else declared.header
        wanted = [alias.casefold() for alias in ([column] if aliases is None else aliases)]
        present = next((alias for alias in wanted if alias in places), None)
        shown = (aliases or [column])[0]
        if present is not None and len(places[present]) > 1:
            findings.append(
                Finding("DUPLICATE_HEADER", shown, detail=f"{len(places[present])} columns have this header")
            )
        elif present is not None:
            found[column] = places[present][0]
        elif not declared.optional:
            missing.append(shown)
    taken = set(found.values())
    free = [header for position, header in enumerate(names) if position not in taken and header]
    findings += [Finding("MISSING_COLUMN", wanted, values=_meant(wanted, free)) for wanted in missing]
    return Headers(tuple(names), found, tuple(findings), tuple(free))


def _meant(wanted: str, free: Sequence[str]) -> tuple[Example, ...]:
    """Return the header of the file that may be meant; it is the partner's text, so it is an example."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(wanted, free, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    return (Example(best[0], 1, wanted),) if best else ()
