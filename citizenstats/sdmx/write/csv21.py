"""SDMX-CSV 2.1: one row an observation, attributes of every level repeated in each.

Columns are ``STRUCTURE,STRUCTURE_ID,ACTION``, then dimensions, measures and attributes in the structure's order
(field guide of sdmx-twg/sdmx-csv). Cells are quoted only where RFC 4180 asks for it; lines end with a line feed.
An observation without a value has ``NaN`` where the measure is a floating point number and ``#N/A`` where it is
anything else: the standard's words, since 2.1, for a value that is missing on purpose. An attribute without a value
is an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats.engine import Engine
from citizenstats.sdmx.model import FLAT, Component
from citizenstats.sdmx.write.fragments import FLOATING, Sql, concat, escaping, otherwise, value
from citizenstats.sdmx.write.message import DataMessage, Format, Layout, layout
from citizenstats.sdmx.write.stream import texts

_ACTIONS = {"Replace": "R", "Append": "M", "Delete": "D", "Information": "I"}

_cell = escaping('",\n\r', lambda text: f"""concat('"', replace({text}, '"', '""'), '"')""")


def _write(engine: Engine, message: DataMessage) -> Iterator[bytes]:
    found = layout(engine, message, FLAT)
    columns = _columns(message, found)
    fixed = f"dataflow,{message.dataflow.reference},{_ACTIONS[message.action]}"
    cells = [_text(message, found, component) for component in columns]
    row = concat([fixed, *(part for cell in cells for part in (",", cell)), "\n"])
    header = ",".join(["STRUCTURE", "STRUCTURE_ID", "ACTION", *(c.id for c in columns)]) + "\n"
    return _rows(engine, header, row, found)


def _rows(engine: Engine, header: str, row: Sql, found: Layout) -> Iterator[bytes]:
    yield header.encode()
    yield from texts(engine, row, found.source)


def _columns(message: DataMessage, found: Layout) -> list[Component]:
    structure = message.structure
    keys = [structure.by_id[identifier] for identifier in structure.key]
    return [c for c in (*keys, *structure.measures, *structure.attributes) if c.id in found.types]


def _text(message: DataMessage, found: Layout, component: Component) -> Sql:
    text = value(component, found.types[component.id], _cell)
    if component.role != "measure" or message.action == "Delete":
        return text
    return otherwise(text, "NaN" if component.type in FLOATING else "#N/A")


FORMAT = Format("csv-2.1", "application/vnd.sdmx.data+csv;version=2.1.0", "data.csv", _write)
