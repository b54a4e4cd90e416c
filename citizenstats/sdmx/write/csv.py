"""SDMX-CSV 1.0, 2.0 and 2.1: one row an observation, attributes of every level repeated in each.

Columns are ``STRUCTURE,STRUCTURE_ID,ACTION`` (in 1.0 ``DATAFLOW`` alone), then dimensions, measures and attributes in
the structure's order (field guides of sdmx-twg/sdmx-csv). Cells are quoted only where RFC 4180 asks for it; lines end
with a line feed. An observation without a value has ``NaN`` where the measure is a floating point number; where it is
anything else, ``#N/A`` since 2.1, whose word that is for a value that is missing on purpose, and an empty cell before.
An attribute without a value is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.engine import Engine
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT, Component
from citizenstats.sdmx.write.checks import check_missing
from citizenstats.sdmx.write.fragments import Sql, concat, escaping, otherwise, value
from citizenstats.sdmx.write.message import Action, DataMessage, Format, Layout, Words, layout
from citizenstats.sdmx.write.stream import texts

_cell = escaping('",\n\r', lambda text: f"""concat('"', replace({text}, '"', '""'), '"')""")


@dataclass(frozen=True)
class _Version:
    """What a version of SDMX-CSV has of its own.

    Attributes:
        columns: names of the columns before the components.
        actions: action → its letter; empty where the version has no actions.
        missing: what stands for a missing measure that is no floating point number; None where there is no word.
    """

    number: str
    columns: tuple[str, ...]
    actions: Mapping[Action, str]
    missing: str | None

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


_LETTERS: Mapping[Action, str] = {"Replace": "R", "Delete": "D", "Information": "I"}
_STRUCTURE = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
_VERSIONS = (
    _Version("1.0", ("DATAFLOW",), {}, None),
    _Version("2.0", _STRUCTURE, {**_LETTERS, "Merge": "A", "Append": "A"}, None),
    _Version("2.1", _STRUCTURE, {**_LETTERS, "Merge": "M", "Append": "M"}, "#N/A"),
)


def _writer(version: _Version) -> Callable[[Engine, Sequence[DataMessage]], Iterator[bytes]]:
    def write(engine: Engine, messages: Sequence[DataMessage]) -> Iterator[bytes]:
        words = Words("NaN", version.missing)
        layouts = [layout(engine, message, FLAT, words) for message in messages]
        for message, found in zip(messages, layouts, strict=True):
            check_missing(engine, message, found)
        columns = _columns(messages[0], layouts)
        header = ",".join([*version.columns, *(c.id for c in columns)]) + "\n"
        rows = [_row(version, *one, columns) for one in zip(messages, layouts, strict=True)]
        return _framed(
            engine, header, [(row, found.source) for row, found in zip(rows, layouts, strict=True)]
        )

    return write


def _framed(engine: Engine, header: str, parts: Sequence[tuple[Sql, str]]) -> Iterator[bytes]:
    yield header.encode()
    for row, source in parts:
        yield from texts(engine, row, source)


def _row(version: _Version, message: DataMessage, found: Layout, columns: Sequence[Component]) -> Sql:
    """Return the text of a row; a column that only another data set of the message has is empty."""
    parts: list[str | Sql] = [",".join(version.cells(message))]
    for column in columns:
        parts += [",", _text(found, column)] if column.id in found.types else [","]
    return concat([*parts, "\n"])


def _columns(message: DataMessage, layouts: Sequence[Layout]) -> list[Component]:
    structure = message.structure
    keys = [structure.by_id[identifier] for identifier in structure.key]
    there = {identifier for found in layouts for identifier in found.types}
    return [c for c in (*keys, *structure.measures, *structure.attributes) if c.id in there]


def _text(found: Layout, component: Component) -> Sql:
    text = value(component, found.types[component.id], _cell)
    word = found.missing(component) if component.role == "measure" else None
    return otherwise(text, word) if word else text


def _format(version: _Version) -> Format:
    name = f"csv-{version.number}"
    # The release's own CSV is the one that people open: it has the plain name.
    file_name = "data.csv" if version.number == "2.1" else f"data.{name}.csv"
    media_type = f"application/vnd.sdmx.data+csv;version={version.number}.0"
    return Format(name, media_type, file_name, _writer(version))


FORMATS = tuple(_format(version) for version in _VERSIONS)
