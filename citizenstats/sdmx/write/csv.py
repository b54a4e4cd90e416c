"""SDMX-CSV 1.0, 2.0 and 2.1: one row an observation, attributes of every level repeated in each.

Columns are ``STRUCTURE,STRUCTURE_ID,ACTION`` (in 1.0 ``DATAFLOW`` alone), then dimensions, measures and attributes in
the structure's order (field guides of sdmx-twg/sdmx-csv). Cells are quoted only where RFC 4180 asks for it; lines end
with a line feed. An observation without a value has ``NaN`` where the measure is a floating point number; where it is
anything else, ``#N/A`` since 2.1, whose word that is for a value that is missing on purpose, and an empty cell before.
An attribute without a value is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from citizenstats.engine import Engine
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT, Component
from citizenstats.sdmx.write.fragments import FLOATING, Sql, concat, escaping, otherwise, value
from citizenstats.sdmx.write.message import Action, DataMessage, Format, Layout, layout
from citizenstats.sdmx.write.stream import texts

_cell = escaping('",\n\r', lambda text: f"""concat('"', replace({text}, '"', '""'), '"')""")


@dataclass(frozen=True)
class _Version:
    """What a version of SDMX-CSV has of its own.

    Attributes:
        columns: names of the columns before the components.
        actions: action → its letter; empty where the version has no actions.
        missing: what stands for a missing measure that is no floating point number.
    """

    number: str
    columns: tuple[str, ...]
    actions: Mapping[Action, str]
    missing: str

    def cells(self, message: DataMessage) -> list[str]:
        """Return what stands in those columns, the same in each row.

        Raises:
            MessageError: ``NO_ACTION`` when the version cannot say what to do with the observations.
        """
        reference = str(message.dataflow.reference)
        if self.actions:
            return ["dataflow", reference, self.actions[message.action]]
        if message.action == "Delete":
            raise MessageError(
                "NO_ACTION", f"SDMX-CSV {self.number} cannot say Delete", mend="use csv-2.0 or csv-2.1"
            )
        return [reference]


_STRUCTURE = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
_VERSIONS = (
    _Version("1.0", ("DATAFLOW",), {}, ""),
    _Version("2.0", _STRUCTURE, {"Replace": "R", "Append": "A", "Delete": "D", "Information": "I"}, ""),
    _Version("2.1", _STRUCTURE, {"Replace": "R", "Append": "M", "Delete": "D", "Information": "I"}, "#N/A"),
)


def _writer(version: _Version) -> Callable[[Engine, DataMessage], Iterator[bytes]]:
    def write(engine: Engine, message: DataMessage) -> Iterator[bytes]:
        found = layout(engine, message, FLAT)
        columns = _columns(message, found)
        cells = [_text(version, message, found, component) for component in columns]
        fixed = ",".join(version.cells(message))
        row = concat([fixed, *(part for cell in cells for part in (",", cell)), "\n"])
        header = ",".join([*version.columns, *(c.id for c in columns)]) + "\n"
        return _rows(engine, header, row, found)

    return write


def _rows(engine: Engine, header: str, row: Sql, found: Layout) -> Iterator[bytes]:
    yield header.encode()
    yield from texts(engine, row, found.source)


def _columns(message: DataMessage, found: Layout) -> list[Component]:
    structure = message.structure
    keys = [structure.by_id[identifier] for identifier in structure.key]
    return [c for c in (*keys, *structure.measures, *structure.attributes) if c.id in found.types]


def _text(version: _Version, message: DataMessage, found: Layout, component: Component) -> Sql:
    text = value(component, found.types[component.id], _cell)
    if component.role != "measure" or message.action == "Delete":
        return text
    return otherwise(text, "NaN" if component.type in FLOATING else version.missing)


def _format(version: _Version) -> Format:
    name = f"csv-{version.number}"
    # The release's own CSV is the one that people open: it has the plain name.
    file_name = "data.csv" if version.number == "2.1" else f"data.{name}.csv"
    media_type = f"application/vnd.sdmx.data+csv;version={version.number}.0"
    return Format(name, media_type, file_name, _writer(version))


FORMATS = tuple(_format(version) for version in _VERSIONS)
