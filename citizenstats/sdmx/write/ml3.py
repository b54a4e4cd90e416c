"""SDMX-ML 3.0 and 3.1, structure-specific: by series along time unless the message says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from citizenstats.engine import Engine
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.write import xml
from citizenstats.sdmx.write.message import DataMessage, Format
from citizenstats.sdmx.write.options import Options
from citizenstats.sdmx.write.specific import Specific

_SPECIFIC = Specific()


def _dataflow(reference: Reference) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={reference}"


_DIALECT_30 = xml.Dialect("ml-3.0", "v3_0", _dataflow, actions={"Merge": "Append"})
_DIALECT_31 = xml.Dialect("ml-3.1", "v3_1", _dataflow, actions={"Append": "Merge", "Information": "Merge"})
"""Since 3.1, to append and to inform are old words for to merge."""


def _write_30(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
    return xml.write(engine, messages, _DIALECT_30, _SPECIFIC)


def _write_31(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
    return xml.write(engine, messages, _DIALECT_31, _SPECIFIC)


FORMATS = (
    Format("ml-3.0", "application/vnd.sdmx.data+xml;version=3.0.0", "data.ml-3.0.xml", _write_30),
    Format("ml-3.1", "application/vnd.sdmx.data+xml;version=3.1.0", "data.ml-3.1.xml", _write_31),
)
