"""SDMX-ML 2.1, structure-specific: by series along time unless the message says otherwise.

The root is ``StructureSpecificData`` and not ``StructureSpecificTimeSeriesData``: the content is the same, and
more readers know it (rsdmx and sdmxthon among them; both read series only).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from citizenstats.engine import Engine
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.write import ml
from citizenstats.sdmx.write.message import DataMessage, Format


def _dataflow(reference: Reference) -> str:
    return (
        f"<Ref agencyID={quoteattr(reference.agency)} id={quoteattr(reference.id)} "
        f'version={quoteattr(reference.version)} class="Dataflow"/>'
    )


_DIALECT = ml.Dialect(
    "v2_1",
    _dataflow,
    data_set=' ss:dataScope="DataStructure"',
)


def _write(engine: Engine, message: DataMessage) -> Iterator[bytes]:
    measures = [measure.id for measure in message.structure.measures]
    if measures != ["OBS_VALUE"]:
        raise MessageError(
            "ONE_MEASURE_ONLY",
            f"SDMX 2.1 has one measure, OBS_VALUE; {message.structure.reference} has {', '.join(measures) or 'none'}",
            mend="use csv-2.1 or ml-3.0",
        )
    return ml.write(engine, message, _DIALECT)


FORMAT = Format(
    "ml-2.1-structure-specific",
    "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    "data.ml-2.1-structure-specific.xml",
    _write,
)
