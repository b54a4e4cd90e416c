"""The bytes of a message: unpacked when they are packed, never more than a limit, and which syntax they are.

A message may come from anywhere. What unpacks to more than `MOST_BYTES` is refused on the way, before it fills memory
or disk.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from citizenstats.errors import MessageError

Syntax = Literal["xml", "json", "csv"]

MOST_BYTES = 64 << 30
"""Bytes of a message when unpacked: some hundred million observations in the most wordy format."""

MOST_RATIO = 2_000
"""How many times smaller a message may get by packing: what packs better is no message but a trap."""

SMALL = 64 << 20
"""What unpacks to less than this may have any ratio."""

BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"


class Limited(io.RawIOBase):
    """A stream that stops with an error once it gave more than a file of its size should."""

    def __init__(self, inner: IO[bytes], packed: int | None) -> None:
        super().__init__()
        self._inner, self._given = inner, 0
        self._most = min(MOST_BYTES, max(SMALL, (packed or MOST_BYTES) * MOST_RATIO))

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read into a buffer.

        Raises:
            MessageError: ``TOO_LARGE`` or ``DAMAGED``.
        """
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            block = self._inner.read(len(view))
        except (OSError, EOFError, zlib.error):
            raise MessageError(
                "DAMAGED", "the packed file is damaged or ends early", mend="pack it again"
            ) from None
        self._given += len(block)
        if self._given > self._most:
            raise MessageError(
                "TOO_LARGE", "the message unpacks to more than is read", mend="send it in parts"
            )
        view[: len(block)] = block
        return len(block)


@contextmanager
def opened(file: Path) -> Iterator[io.BufferedReader[Limited]]:
    """Open a message as a stream of its bytes, unpacked, without a byte order mark.

    Raises:
        MessageError: when reading, ``TOO_LARGE`` or ``DAMAGED``.
    """
    with file.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        size = file.stat().st_size
        inner = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.BufferedReader(Limited(cast("IO[bytes]", inner), size if packed else None), BLOCK) as stream:
            if stream.peek(3)[:3] == b"\xef\xbb\xbf":
                stream.read(3)
            yield stream


def is_packed(file: Path) -> bool:
    """Return whether a file is packed by gzip."""
    with file.open("rb") as raw:
        return raw.read(2) == _GZIP


def syntax_of(file: Path) -> Syntax:
    """Return which syntax a message has, by its first characters; never by its name.

    Raises:
        MessageError: ``EMPTY`` or ``NOT_SDMX``.
    """
    with opened(file) as stream:
        start = stream.read(4096)
    plain = start.replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")
    if not plain:
        raise MessageError("EMPTY", "the file is empty", mend="send it again")
    if plain.startswith(b"<"):
        return "xml"
    if plain.startswith(b"{"):
        return "json"
    first = plain.split(b"\n", 1)[0].strip(b'"')
    if first.startswith((b"STRUCTURE", b"DATAFLOW")):
        return "csv"
    raise MessageError(
        "NOT_SDMX",
        "the file is no SDMX-ML, SDMX-JSON or SDMX-CSV",
        mend="see docs/messages.md for the formats",
    )
