"""From a query with one text column to bytes: the Arrow buffers as they are, no Python loop over rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from citizenstats.engine import Engine
from citizenstats.sdmx.write.fragments import Sql

ROWS = 20_000
"""Observations in a chunk: a few megabytes of text, so that memory stays flat whatever the message's size."""


def texts(engine: Engine, text: Sql, source: str) -> Iterator[bytes]:
    """Yield the text of each row of `source`, many rows in a chunk, in the order of the rows."""
    for batch in engine.batches(f"SELECT {text.text} AS text FROM ({source})", ROWS):
        if chunk := _joined(batch.column(0)):
            yield chunk


def _joined(column: pa.Array[Any]) -> bytes:
    """Return the texts of an Arrow column one after the other: in Arrow they lie so already."""
    _, offsets, characters = column.buffers()
    if offsets is None or characters is None:
        return b""
    ends = memoryview(offsets).cast("i")
    first, last = ends[column.offset], ends[column.offset + len(column)]
    return bytes(memoryview(characters)[first:last])
