"""SDMX-ML 2.1: structure-specific and generic, each by series along time unless the message says otherwise.

The time series messages say the same under roots of their own, and only along time. The release holds
``StructureSpecificData``: more readers know it (rsdmx and sdmxthon among them; both read series only).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from citizenstats.engine import Engine
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.write import xml
from citizenstats.sdmx.write.checks import check_named, one_measure, one_value, plain
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


def _writer(root: str, syntax: xml.Syntax, *, time_series: bool = False) -> Writer:
    dialect = xml.Dialect("v2_1", _dataflow, root, {"Merge": "Append"})

    def write(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
        plain(options, "SDMX-ML")
        one_measure(messages[0], "SDMX 2.1")
        one_value(messages[0], "SDMX 2.1")
        along = _time(messages[0]) if time_series else messages[0].along
        if root.startswith("Generic"):
            key = [d for d in messages[0].structure.key if d != along]
            for message in messages:
                check_named(engine, message, key, "generic SDMX-ML 2.1")
        return xml.write(engine, messages, dialect, syntax, along)

    return write


def _time(message: DataMessage) -> str:
    """Return the time dimension.

    Raises:
        MessageError: ``NO_TIME_SERIES`` when there is none, it stands alone, or the message asks for another one.
    """
    time = message.structure.time
    if time is None or message.dimension_at_observation not in (None, time.id) or message.along != time.id:
        raise MessageError(
            "NO_TIME_SERIES",
            f"a time series message needs time at the observation, and {message.structure.reference} is asked for "
            f"along {message.along}",
            mend="use the format of the same name without -ts",
        )
    return time.id


def _format(name: str, kind: str, write: Writer) -> Format:
    return Format(name, f"application/vnd.sdmx.{kind}+xml;version=2.1", f"data.{name}.xml", write)


FORMATS = (
    _format(
        "ml-2.1-structure-specific", "structurespecificdata", _writer("StructureSpecificData", _SPECIFIC)
    ),
    _format(
        "ml-2.1-structure-specific-ts", "structurespecifictimeseriesdata",
        _writer("StructureSpecificTimeSeriesData", _SPECIFIC, time_series=True),
    ),
    _format("ml-2.1-generic", "genericdata", _writer("GenericData", Generic())),
    _format(
        "ml-2.1-generic-ts", "generictimeseriesdata",
        _writer("GenericTimeSeriesData", Generic(), time_series=True),
    ),
)  # fmt: skip
