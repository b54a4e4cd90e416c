"""SDMX-ML 3.0, structure-specific: by series along time unless the message says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats.engine import Engine
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.write import ml
from citizenstats.sdmx.write.message import DataMessage, Format


def _dataflow(reference: Reference) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={reference}"


_DIALECT = ml.Dialect("v3_0", _dataflow)


def _write(engine: Engine, message: DataMessage) -> Iterator[bytes]:
    return ml.write(engine, message, _DIALECT)


FORMAT = Format("ml-3.0", "application/vnd.sdmx.data+xml;version=3.0.0", "data.ml-3.0.xml", _write)
