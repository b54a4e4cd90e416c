"""JSON as a stream: objects and arrays are walked, and only what is asked for becomes a value.

Only one value at a time is in memory, and none longer than `LONGEST_VALUE`. Numbers stay the text that they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from citizenstats.errors import MessageError

LONGEST_VALUE = 64 << 20
"""Characters of one value that is taken whole: a series, or all structures."""

_BLOCK = 1 << 18
_SPACE = " \t\r\n"


class Stream:
    """Walks through one JSON text."""

    def __init__(self, text: IO[str]) -> None:
        self._text, self._buffer, self._at, self._ended = text, "", 0, False
        self._decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).raw_decode

    def value(self) -> Any:
        """Return the value that stands here, and go behind it."""
        self.peek()
        while True:
            try:
                found, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise self.broken() from None
                continue
            except (RecursionError, ValueError):
                raise self.broken() from None
            # A number at the end of what is read so far may go on.
            if end == len(self._buffer) and self._more():
                continue
            self._at = end
            return found

    def members(self) -> Iterator[str]:
        """Yield the names in the object that stands here; each time, its value must be taken or walked."""
        yield from (str(name) for name in self._inside("{", "}"))

    def items(self) -> Iterator[None]:
        """Go to each item of the array that stands here; each time, its value must be taken or walked."""
        for _ in self._inside("[", "]"):
            yield

    def _inside(self, opening: str, closing: str) -> Iterator[Any]:
        self._expect(opening)
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            if opening == "{":
                name = self.value()
                self._expect(":")
                yield name
            else:
                yield None
            if self.peek() == closing:
                self._at += 1
                return
            self._expect(",")

    def skip(self) -> None:
        """Go behind the value that stands here: an object or an array is walked, so that none is too long."""
        first = self.peek()
        if first == "{":
            for _ in self.members():
                self.value()
        elif first == "[":
            for _ in self.items():
                self.value()
        else:
            self.value()

    def peek(self) -> str:
        """Return the next character that is no space, without taking it; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _SPACE:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.broken()
        self._at += 1

    def _more(self) -> bool:
        """Read on, as much again as is held, so that a long value is not tried too often; return False at the end."""
        if self._ended:
            return False
        held = len(self._buffer) - self._at
        if held > LONGEST_VALUE:
            raise MessageError("TOO_LARGE", "a single value is longer than is read", mend="look at the file")
        try:
            read = self._text.read(max(_BLOCK, held))
        except UnicodeDecodeError:
            raise MessageError("NOT_WELL_FORMED", "the file is not UTF-8", mend="save it as UTF-8") from None
        self._ended = not read
        self._buffer = self._buffer[self._at :] + read
        self._at = 0
        return bool(read)

    def broken(self) -> MessageError:
        """Return the error that this is no JSON of the form that a message has."""
        return MessageError(
            "NOT_WELL_FORMED", "this is no JSON, or not in the form of a message", mend="write the file again"
        )
