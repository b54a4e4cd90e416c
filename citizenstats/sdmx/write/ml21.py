"""SDMX-ML 2.1: structure-specific and generic, each by series along time unless the message says otherwise.

The time series messages say the same under roots of their own, and only along time. The release holds
``StructureSpecificData``: more readers know it (rsdmx and sdmxthon among them; both read series only).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from citizenstats.engine import Engine
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.write import xml
from citizenstats.sdmx.write.checks import check_named
from citizenstats.sdmx.write.generic import Generic
from citizenstats.sdmx.write.message import DataMessage, Format, Writer
from citizenstats.sdmx.write.options import Options
from citizenstats.sdmx.write.specific import Specific

_SPECIFIC = Specific(data_set=' ss:dataScope="DataStructure"')


def _dataflow(reference: Reference) -> str:
    return (
        f"<Ref agencyID={quoteattr(reference.agency)} id={quoteattr(reference.id)} "
        f'version={quoteattr(reference.version)} class="Dataflow"/>'
    )


def _writer(form: str, root: str, syntax: xml.Syntax) -> Writer:
    dialect = xml.Dialect(form, "v2_1", _dataflow, root, {"Merge": "Append"})

    def write(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
        if root.startswith("Generic"):
            key = [d for d in messages[0].structure.key if d != messages[0].along]
            for message in messages:
                check_named(engine, message, key, form)
        return xml.write(engine, messages, dialect, syntax)

    return write


def _format(name: str, kind: str, root: str, syntax: xml.Syntax) -> Format:
    media_type = f"application/vnd.sdmx.{kind}+xml;version=2.1"
    return Format(name, media_type, f"data.{name}.xml", _writer(name, root, syntax))


FORMATS = (
    _format("ml-2.1-structure-specific", "structurespecificdata", "StructureSpecificData", _SPECIFIC),
    _format(
        "ml-2.1-structure-specific-ts",
        "structurespecifictimeseriesdata",
        "StructureSpecificTimeSeriesData",
        _SPECIFIC,
    ),
    _format("ml-2.1-generic", "genericdata", "GenericData", Generic()),
    _format("ml-2.1-generic-ts", "generictimeseriesdata", "GenericTimeSeriesData", Generic()),
)
