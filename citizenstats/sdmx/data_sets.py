"""The data sets of a large message of SDMX-ML, by their actions, as bytes: without reading it as a tree.

A tag of a data set stands nowhere but in markup, because texts escape ``<``; in a comment or a CDATA section it could, and then
what is cut is no message any more and its schema says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?DataSet(?=[\s>/])([^>]*)>")
_ACTION = re.compile(rb"""(?:^|[\s:])action\s*=\s*["'](\w+)["']""")
_CHUNK = 1 << 20


def actions(file: Path) -> list[str]:
    """Return the action of each data set of a message, in order; empty where one says none."""
    return [action for kind, action, _ in _pieces(file) if kind == "opens"]


def only(file: Path, wanted: Callable[[str], bool]) -> Source:
    """Return a message with those of its data sets alone whose action is wanted."""
    return Source(_kept(file, wanted))


class Source:
    """Bytes to read from, as a file has them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = -1) -> bytes:
        """Return the next bytes, as many as there are at hand; none at the end."""
        return next((piece for piece in self._pieces if piece), b"")


def _kept(file: Path, wanted: Callable[[str], bool]) -> Iterator[bytes]:
    keeps = True
    for kind, action, content in _pieces(file):
        if kind == "opens":
            keeps = wanted(action)
        if keeps:
            yield content
        if kind == "closes" or (kind == "opens" and content.endswith(b"/>")):
            keeps = True


def _pieces(file: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield the message in pieces: the tags of data sets with the action that they say, and what is between."""
    rest = b""
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            rest += chunk
            done = 0
            for tag in _TAG.finditer(rest):
                yield "between", "", rest[done : tag.start()]
                said = _ACTION.search(tag[2])
                yield "closes" if tag[1] else "opens", said[1].decode() if said else "", tag[0]
                done = tag.end()
            # A tag that this chunk cuts is looked at with the next one.
            cut = rest.rfind(b"<", done)
            end = cut if cut >= 0 and b">" not in rest[cut:] else len(rest)
            yield "between", "", rest[done:end]
            rest = rest[end:]
    yield "between", "", rest
