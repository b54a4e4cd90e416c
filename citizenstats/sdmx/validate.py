"""Is a message what it claims to be: well-formed, valid by the official schemas, and by the structure of its data?

The format is found from the content, never from the name. SDMX-ML is validated with the official XSDs,
structure-specific data also with the schema generated from its structure; SDMX-JSON with the official JSON Schema;
SDMX-CSV has no schema. What the schemas cannot say, and all of CSV, is judged in SQL by the rules of
`citizenstats.validation`: codes, keys, periods, attributes, constraints, confidentiality, sums.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Structures
from citizenstats.sdmx.read.csv import LONGEST_RECORD
from citizenstats.sdmx.read.source import is_packed, opened, syntax_of
from citizenstats.sdmx.schema_check import GIVE, LONGEST, MOST, json_findings, xml_findings
from citizenstats.sdmx.validate_finding import MessageFinding
from citizenstats.validation.finding import Finding
from citizenstats.validation.message import compared_content, judged_content, what

__all__ = ["MOST", "MessageFinding", "compare_messages", "validate_message"]


def validate_message(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what is wrong with a message; empty when it is valid.

    Args:
        file: SDMX-ML 2.1, 3.0 or 3.1, SDMX-JSON 1.0, 2.0 or 2.1, or SDMX-CSV.
        structures: where the structures of data are looked up; without them only the official schemas are asked.
    """
    try:
        syntax = syntax_of(file)
        with _unpacked(file) as plain:
            if syntax == "csv":
                return _csv(plain, structures)
            by_schema = xml_findings(plain, structures) if syntax == "xml" else json_findings(plain)
            return _with_content(by_schema, plain, structures)
    except MessageError as error:
        return [_unreadable(error)]


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """Open a message that may be packed as a file that is not."""
    if not is_packed(file):
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="citizenstats-validate-") as folder, opened(file) as content:
        plain = Path(folder) / "message"
        with plain.open("wb") as out:
            shutil.copyfileobj(content, out)
        yield plain


_NO_DATA = {"NOT_WELL_FORMED", "NOT_SDMX", "EMPTY", "UNKNOWN_STRUCTURE"}
"""After these there is no content to judge."""

_OF_SCHEMA = {
    "NOT_IN_STRUCTURE", "COLUMN_MISSING", "MISSING", "NOT_IN_CODELIST", "EMPTY_TEXT", "NOT_A_NUMBER", "NOT_OF_TYPE",
    "BAD_CHARACTER", "PERIOD_DOES_NOT_FIT",
}  # fmt: skip
"""What a schema says too, with the line; told once, and by the content only where the schema finds nothing."""


def _with_content(
    by_schema: list[MessageFinding], file: Path, structures: Structures | None
) -> list[MessageFinding]:
    """Return what the schemas find, and then what the content of a data message says."""
    if structures is None or _NO_DATA & {finding.code for finding in by_schema}:
        return by_schema
    try:
        found = _content(file, structures)
    except MessageError as error:
        # A structure or metadata message has no observations; what is wrong with a data message its schema has told.
        known = by_schema or error.code in ("NOT_SDMX", "UNKNOWN_STRUCTURE")
        return by_schema if known else [_unreadable(error)]
    told = [finding for finding in found if not by_schema or finding.code not in _OF_SCHEMA]
    return by_schema + told


def _csv(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what is wrong with SDMX-CSV, which no schema describes; a row has the line below it: there is a header."""
    if structures is None:
        return [MessageFinding("UNKNOWN_STRUCTURE", "the structure is not known here", 2, mend=GIVE)]
    with opened(file) as content:
        # Lines may end in each of the three ways.
        first, _, rows = content.read(LONGEST_RECORD).lstrip().replace(b"\r", b"\n").partition(b"\n")
        if len(first) < LONGEST_RECORD and not rows.strip():
            return [MessageFinding("EMPTY", "the message has no rows", 1)]
    try:
        found = _content(file, structures)
    except MessageError as error:
        unreadable = _unreadable(error)
        return [replace(unreadable, line=2) if error.code == "UNKNOWN_STRUCTURE" else unreadable]
    header = ("NOT_IN_STRUCTURE", "COLUMN_MISSING")
    return [replace(f, line=1 if f.code in header else f.row + 1 if f.row else None) for f in found]


def _unreadable(error: MessageError) -> MessageFinding:
    said = re.fullmatch(r"(line|row) (\d+)", error.where)
    line = int(said[2]) + (said[1] == "row") if said else None
    return MessageFinding(error.code, error.what[:LONGEST], line, error.mend)


def _content(file: Path, structures: Structures) -> list[MessageFinding]:
    return [_told(found) for found in judged_content(file, structures).findings]


def _told(found: Finding) -> MessageFinding:
    return MessageFinding(
        found.code,
        what(found),
        None,
        found.mend,
        found.severity,
        found.component,
        found.count,
        found.row,
        found.values,
    )


def compare_messages(
    file: Path, structures: Structures, former: Path | None = None, official: Path | None = None
) -> list[MessageFinding]:
    """Return where a valid message is far from that of the last release, or from an official series.

    Args:
        file: the message.
        structures: where its structure is.
        former: the message of the last release.
        official: a message with an official series in the same structure.
    """
    try:
        return [_told(found) for found in compared_content(file, structures, former, official)]
    except MessageError as error:
        return [_unreadable(error)]
