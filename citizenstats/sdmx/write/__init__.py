"""SDMX data messages, streamed: observations in the engine → bytes of a format.

The engine builds the text of each observation; its buffers are handed on as they are, chunk by chunk, to a file or
to an HTTP response. Memory does not grow with the number of observations. The same message gives the same bytes.

A format is one module with a `Format` in it, listed in `FORMATS`:
`features` says which format can say what, `message` what a message is and where components stand, `fragments` how
columns become text, `languages` in which texts occur, `checks` what must hold before the first byte, `stream` how text becomes
bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from citizenstats.engine import Engine
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.write import csv, json, ml3, ml21
from citizenstats.sdmx.write.features import check_features
from citizenstats.sdmx.write.languages import with_languages
from citizenstats.sdmx.write.message import Action, DataMessage, Format
from citizenstats.sdmx.write.options import PLAIN, Options

__all__ = ["FLAT", "FORMATS", "Action", "DataMessage", "Format", "Options", "chunks", "gzipped", "write_file"]

FORMATS: Mapping[str, Format] = {
    form.name: form for form in (*csv.FORMATS, *ml21.FORMATS, *ml3.FORMATS, *json.FORMATS)
}
"""The formats by name."""


def chunks(
    engine: Engine, message: DataMessage | Sequence[DataMessage], form: str, options: Options = PLAIN
) -> Iterator[bytes]:
    """Return a message in a format, as chunks of a few megabytes.

    All that can be wrong is raised by this call, before the first chunk. The engine is busy until the last one.

    Args:
        engine: reads the observations.
        message: one data set, or several of one dataflow with an action each, such as a delta: they are one
            transaction for the receiver, in this order.
        form: name of the format.
        options: labels, keys and the like, for SDMX-CSV.

    Raises:
        MessageError: there is no such format, or it cannot carry the message.
    """
    messages = [message] if isinstance(message, DataMessage) else list(message)
    if len({(one.dataflow.reference, one.header, one.dimension_at_observation) for one in messages}) != 1:
        raise MessageError(
            "NOT_ONE_MESSAGE",
            "the data sets of a message share dataflow, header and dimension at the observation",
            mend="write a message for each",
        )
    try:
        found = FORMATS[form]
    except KeyError:
        known = ", ".join(FORMATS)
        raise MessageError(
            "NO_SUCH_FORMAT", f"there is no format {form}", mend=f"use one of {known}"
        ) from None
    check_features(form, messages, options)
    return found.write(engine, with_languages(engine, messages), options)


def gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks compressed as gzip (RFC 1952), without time or name: the same chunks give the same bytes."""
    packing = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for part in parts:
        if packed := packing.compress(part):
            yield packed
    yield packing.flush()


def write_file(
    engine: Engine, message: DataMessage | Sequence[DataMessage], form: str, path: Path
) -> tuple[int, str]:
    """Write a message to a file, compressed when it is called ``….gz``; return its size in bytes and its SHA-256 in hex."""
    size, sha256 = 0, hashlib.sha256()
    parts = chunks(engine, message, form)
    parts = gzipped(parts) if path.suffix == ".gz" else parts
    with path.open("wb") as file:
        for part in parts:
            size += file.write(part)
            sha256.update(part)
    return size, sha256.hexdigest()
