"""Text files: from bytes in some encoding to clean UTF-8, and from there to rows of cells.

What belongs here: encodings, delimiters, quotes. What does not: headers, and what a cell means.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.receive.letters import UnclearError, encoding_by
from citizenstats.receive.outcome import RefusalError

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_LONGEST_CELL = 1 << 30
_LOOKED_AT = 60
"""Lines that decide on the delimiter."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUL_SEEN = "\x01"
"""Stands for NUL, which not every reader takes; either is a forbidden character and refuses the row."""
_UTF8 = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROLS = bytes({*range(32)} - {9, 10, 13})
LOST = "\ufffd"
"""What programs write in place of a letter that they could not read."""
TWICE = "[ÃÂ][\u0080-\u009f¡-¬®-¿]|Ã[€‚ƒ†‡ˆ‰Š‹ŒŽ˜™š›œž Ÿ]|â€[“”™œ¦˜]".replace(" ", "")
"""A letter that was written as UTF-8, read as another encoding, and written again: `KÃ¸benhavn`."""
_TWICE = re.compile(TWICE)
DELIMITERS = (";", ",", "\t", "|")


@dataclass(frozen=True)
class Encoding:
    """The encoding that a file is read in, and how we know."""

    name: str
    known_by: str
    """declared, byte order mark, valid UTF-8, or guessed."""


def encoding_of(path: Path, declared: str | None, language: str | None) -> Encoding:
    """Return the encoding of a file: its byte order mark, else UTF-8 when it is valid, else as declared, else by its letters.

    Text in one of the old single-byte encodings is never valid UTF-8 by accident, so UTF-8 goes before the contract.
    A declared encoding is never replaced by a guess: bytes that do not fit it are an error that `clean` raises.

    Args:
        path: the file as it came.
        declared: what the contract says.
        language: of the partner, whose letters tell the encoding; None when the contract does not say it.

    Raises:
        RefusalError: ``ENCODING_UNCLEAR`` when the bytes can be read in several ways, and nobody said in which.
    """
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return Encoding(encoding, "byte order mark")
    wide = _wide(start)
    if wide is not None:
        return Encoding(wide, "guessed")
    if _is_utf8(path):
        return Encoding("utf-8", "valid UTF-8")
    beyond = _beyond_ascii(path)
    # Hardly any two letters of another encoding are one of UTF-8: where most are, some bytes are damaged.
    whole = sum(map(len, _UTF8.findall(beyond)))
    if declared is None and whole > len(_HIGH.findall(beyond)) / 2:
        raise RefusalError("WRONG_ENCODING", encoding="utf-8", line=_first_bad_line(path))
    if declared is not None:
        return Encoding(codecs.lookup(declared).name, "declared")
    try:
        return Encoding(encoding_by(beyond, language and language.partition("-")[0]), "guessed")
    except UnclearError as unclear:
        if len(start.translate(None, _CONTROLS)) < 0.9 * len(start):
            raise RefusalError("UNREADABLE") from None
        raise RefusalError("ENCODING_UNCLEAR", readings=unclear.readings) from None


def _wide(start: bytes) -> str | None:
    """Return the kind of UTF-16 that text without a byte order mark is in: every other byte of Latin letters is zero."""
    first, second = start[0::2], start[1::2]
    if len(second) >= 2 and second.count(0) > 0.8 * len(second) and first.count(0) < 0.1 * len(first):
        return "utf-16-le"
    if len(second) >= 2 and first.count(0) > 0.8 * len(first) and second.count(0) < 0.1 * len(second):
        return "utf-16-be"
    return None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_bad_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _beyond_ascii(path: Path) -> bytes:
    """Return the first lines that have bytes beyond ASCII, wherever they stand."""
    found = bytearray()
    with path.open("rb") as file:
        while len(found) < _SAMPLE and (line := file.readline(_SAMPLE)):
            if not line.isascii():
                found += line
    return bytes(found)


@dataclass(frozen=True)
class Cleaned:
    """What was seen while a file was brought to clean UTF-8.

    Attributes:
        blank_lines: there are some between the rows.
        forbidden: a character is there that no SDMX-ML message could carry.
        garbled: a character is there that stands for a letter lost before.
    """

    blank_lines: bool
    forbidden: bool
    garbled: bool


def clean(path: Path, encoding: Encoding, target: Path) -> Cleaned:
    """Write a file as UTF-8 without byte order mark and blank lines at its end; return what was seen in it.

    Raises:
        RefusalError: ``WRONG_ENCODING`` when the bytes are not of that encoding.
    """
    decoder = codecs.getincrementaldecoder({"utf-8": "utf-8-sig"}.get(encoding.name, encoding.name))()
    line, before, ending = 1, "\n", ""
    blank = forbidden = garbled = False
    with path.open("rb") as source, target.open("wb") as out:
        while True:
            block = source.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise RefusalError("WRONG_ENCODING", encoding=encoding.name, line=line) from None
            line += text.count("\n")
            text = ending + text.replace("\x00", _NUL_SEEN)
            written = text.rstrip("\r\n")
            ending = text[len(written) :]
            data = written.encode()
            seen = before + written
            blank = blank or _has_blank_line(seen)
            forbidden = forbidden or _has_forbidden(written, data)
            garbled = garbled or _has_garbled(seen)
            before = seen[-2:]
            out.write(data)
            if not block:
                out.write(b"\r\n" if ending.startswith("\r\n") else ending[:1].encode())
                return Cleaned(blank, forbidden, garbled)


# Each text is asked for single letters first: that is many times faster than for pairs, and than any expression.


def _has_blank_line(text: str) -> bool:
    return "\n\n" in text or ("\r" in text and ("\n\r\n" in text or "\r\r" in text))


def _has_forbidden(text: str, data: bytes) -> bool:
    """Return whether a text, or the same as UTF-8, holds a forbidden character."""
    return len(data.translate(None, _CONTROLS)) < len(data) or "\ufffe" in text or "\uffff" in text


def _has_garbled(text: str) -> bool:
    may_be_twice = "Ã" in text or "Â" in text or ("â" in text and "â€" in text)
    return LOST in text or (may_be_twice and _TWICE.search(text) is not None)


def says_delimiter(path: Path) -> str | None:
    """Return the delimiter that the first line of a clean file says, as in ``sep=;``; None when it says none."""
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline(20).rstrip("\r\n").strip('"')
    return first[4] if first.lower().startswith("sep=") and len(first) == 5 else None


def likely_delimiter(path: Path) -> str:
    """Return the delimiter that splits most of the first lines into the same number of cells, at least two."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(itertools.islice(file, _LOOKED_AT))
    csv.field_size_limit(_LONGEST_CELL)
    return max(DELIMITERS, key=lambda delimiter: _regularity(lines, delimiter))


def _regularity(lines: list[str], delimiter: str) -> int:
    """Return how many cells it separates in rows of the same width: a decimal comma in each row separates few."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0
    return max((widths.count(width) * (width - 1) for width in set(widths)), default=0)


def rows(path: Path, delimiter: str, quote: str) -> Iterator[list[str]]:
    """Yield the records of a clean file, by the csv module; a blank line is a record without cells.

    A record in which a quotation mark stands that neither closes a cell nor is doubled has a cell too many: what was meant,
    nobody knows, and the module would join what is around it.

    Raises:
        RefusalError: ``OPEN_QUOTE`` at the end, when the last record runs to the end of the file inside a quote.
    """
    end = uuid.uuid4().hex
    number = 0
    with path.open(encoding="utf-8", newline="") as file:
        try:
            consumed: list[str] = []
            for row in _reader(_kept(itertools.chain(file, [end]), consumed), delimiter, quote):
                if row == [end]:
                    return
                number += 1
                if (
                    quote
                    and any(quote in line for line in consumed)
                    and not _is_strict(consumed, delimiter, quote)
                ):
                    row.append(LOST)
                consumed.clear()
                yield row
        except csv.Error:
            raise RefusalError("UNREADABLE") from None
    raise RefusalError("OPEN_QUOTE", row=number)


def _kept(lines: Iterable[str], consumed: list[str]) -> Iterator[str]:
    for line in lines:
        consumed.append(line)
        yield line


def _is_strict(lines: Sequence[str], delimiter: str, quote: str) -> bool:
    """Return whether each quotation mark of a record opens or closes a cell, or is doubled."""
    try:
        return bool(list(csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)))
    except csv.Error:
        return False


def opening(path: Path, delimiter: str, quote: str, records: int) -> list[list[str]]:
    """Return the first records of a clean file."""
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return list(itertools.islice(_reader(file, delimiter, quote), records))
        except csv.Error:
            raise RefusalError("UNREADABLE") from None


def _reader(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)


def shown(delimiter: str) -> str:
    """Return a delimiter as a person would say it."""
    return {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}.get(delimiter, delimiter)
