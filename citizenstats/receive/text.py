"""Text files: from bytes in some encoding to clean UTF-8, and which characters separate the cells."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from citizenstats.errors import DeliveryError

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUL_SEEN = "\x01"
"""Stands for NUL, which the engine's reader does not take; either is a forbidden character and refuses the row."""
DELIMITERS = (";", ",", "\t", "|")


@dataclass(frozen=True)
class Encoding:
    """The encoding that a file is read in, and how we know."""

    name: str
    known_by: str
    """declared, byte order mark, valid UTF-8, or guessed."""


def encoding_of(path: Path, declared: str | None) -> Encoding:
    """Return the encoding of a file: its byte order mark, else UTF-8 when it is valid, else as declared, else a guess.

    Text in one of the old single-byte encodings is never valid UTF-8 by accident, so UTF-8 goes before the contract.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return Encoding(encoding, "byte order mark")
    if _is_utf8(path):
        return Encoding("utf-8", "valid UTF-8")
    if declared is not None and codecs.lookup(declared).name not in ("utf-8", "utf-8-sig"):
        return Encoding(codecs.lookup(declared).name, "declared")
    return Encoding(_guess(path), "guessed")


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


def _guess(path: Path) -> str:
    import charset_normalizer

    with path.open("rb") as file:
        best = charset_normalizer.from_bytes(file.read(_SAMPLE)).best()
    return best.encoding if best is not None else "windows-1252"


def clean(path: Path, encoding: Encoding, target: Path) -> bool:
    """Write a file as UTF-8 without byte order mark, line ends as they are; return whether it has blank lines inside.

    Raises:
        DeliveryError: ``WRONG_ENCODING`` when the bytes are not of that encoding.
    """
    name = {"utf-8": "utf-8-sig"}.get(encoding.name, encoding.name)
    decoder = codecs.getincrementaldecoder(name)()
    blank = False
    before = ""
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            block = source.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise DeliveryError(
                    "WRONG_ENCODING",
                    f"the text is not {encoding.name} (byte {source.tell() - len(block) + error.start:,})",
                    mend="save the file as UTF-8 and send it again",
                ) from None
            text = text.replace("\x00", _NUL_SEEN)
            blank = blank or _has_blank_line(before + text)
            before = text[-2:]
            out.write(text)
            if not block:
                return blank


def _has_blank_line(text: str) -> bool:
    return any(pair in text for pair in ("\n\n", "\n\r\n", "\r\r"))


def delimiter_of(path: Path, declared: str | None) -> tuple[str, bool]:
    """Return the delimiter of a clean file, and whether its first line says it (``sep=;``).

    Without a word about it: the one that splits most of the first lines into the same number of cells, at least two.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(itertools.islice(file, 60))
    first = lines[0].strip().strip('"') if lines else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], True
    return declared or max(DELIMITERS, key=lambda d: _regularity(lines, d)), False


def _regularity(lines: list[str], delimiter: str) -> tuple[int, int]:
    """Return rows of the commonest width above one, and that width."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return (0, 0)
    counted = [(widths.count(width), width) for width in set(widths) if width > 1]
    return max(counted, default=(0, 0))


def rows(path: Path, delimiter: str, quote: str) -> Iterator[list[str]]:
    """Yield the records of a clean file, by the csv module."""
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter=delimiter, quotechar=quote)


def opening(path: Path, delimiter: str, quote: str, records: int) -> tuple[list[list[str]], int]:
    """Return the first records of a clean file, and how many lines of it they take."""
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quotechar=quote)
        found = list(itertools.islice(reader, records))
        return found, reader.line_num


def shown(text: str) -> str:
    """Return a delimiter as a person would say it."""
    return {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}.get(text, text)
