"""SDMX-CSV 1.0, 2.0 and 2.1: one row an observation, attributes of every level repeated in each.

Columns are ``STRUCTURE,STRUCTURE_ID,ACTION`` (in 1.0 ``DATAFLOW`` alone), then dimensions, measures and attributes in
the structure's order (field guides of sdmx-twg/sdmx-csv); names, keys, times and separators as `Options` asks. Cells
are quoted only where RFC 4180 asks for it; lines end with a line feed. An observation without a value has ``NaN`` where
the measure is a floating point number; where it is anything else, ``#N/A`` since 2.1, whose word that is for a value
that is missing on purpose, and an empty cell before. An attribute without a value is an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.engine import Engine
from citizenstats.sdmx.model import FLAT, Component
from citizenstats.sdmx.write.checks import check_missing
from citizenstats.sdmx.write.csv_cells import Cells, header_of, name_in, quoted_cell
from citizenstats.sdmx.write.features import words
from citizenstats.sdmx.write.fragments import Sql, concat
from citizenstats.sdmx.write.message import Action, DataMessage, Format, Layout, Writer, layout
from citizenstats.sdmx.write.options import Options
from citizenstats.sdmx.write.stream import texts

_KEYS: Mapping[str, tuple[str, ...]] = {
    "none": (), "series": ("SERIES_KEY",), "obs": ("OBS_KEY",), "both": ("SERIES_KEY", "OBS_KEY"),
}  # fmt: skip


@dataclass(frozen=True)
class _Version:
    """What a version of SDMX-CSV has of its own.

    Attributes:
        first: the names of the columns that say what the rows are of.
        actions: action → its letter; empty where the version has no actions.
    """

    number: str
    first: tuple[str, ...]
    actions: Mapping[Action, str]

    def header(self, columns: Sequence[Component], options: Options) -> list[str]:
        """Return the header's fields before the components."""
        first, *more = self.first
        if any(component.several for component in columns):
            first += f"[{options.between}]"
        if options.labels == "name":
            more.insert(1, "STRUCTURE_NAME")
        return [first, *more, *_KEYS[options.keys]]

    def cells(self, message: DataMessage, options: Options) -> list[str]:
        """Return what stands in the columns that say what the rows are of, the same in each."""
        reference = str(message.dataflow.reference)
        told = name_in(message.dataflow.names, options.language, message.dataflow.reference.id)
        if options.labels == "both":
            reference += f": {told}"
        if self.actions:
            named = [told] if options.labels == "name" else []
            return ["dataflow", reference, *named, self.actions[message.action]]
        return [reference]


_LETTERS: Mapping[Action, str] = {"Replace": "R", "Delete": "D", "Information": "I"}
_STRUCTURE = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
_VERSIONS = (
    _Version("1.0", ("DATAFLOW",), {}),
    _Version("2.0", _STRUCTURE, {**_LETTERS, "Merge": "A", "Append": "A"}),
    _Version("2.1", _STRUCTURE, {**_LETTERS, "Merge": "M", "Append": "M"}),
)


def _writer(version: _Version) -> Writer:
    def write(engine: Engine, messages: Sequence[DataMessage], options: Options) -> Iterator[bytes]:
        layouts = [layout(engine, message, FLAT, words(f"csv-{version.number}")) for message in messages]
        for message, found in zip(messages, layouts, strict=True):
            check_missing(engine, message, found)
        columns = _columns(messages[0], layouts)
        head = [*version.header(columns, options), *header_of(columns, messages[0], options)]
        rows = [
            (_row(version, Cells(engine, message, found, options), columns), found.source)
            for message, found in zip(messages, layouts, strict=True)
        ]
        return _framed(engine, options.separator.join(head) + "\n", rows)

    return write


def _framed(engine: Engine, header: str, parts: Sequence[tuple[Sql, str]]) -> Iterator[bytes]:
    yield header.encode()
    for row, source in parts:
        yield from texts(engine, row, source)


def _row(version: _Version, cells: Cells, columns: Sequence[Component]) -> Sql:
    """Return the text of a row; a column that only another data set of the message has is empty."""
    message, options = cells.message, cells.options
    fixed = [quoted_cell(cell, options.separator) for cell in version.cells(message, options)]
    parts: list[str | Sql] = [options.separator.join(fixed)]
    series = [d for d in message.structure.key if d != message.along]
    keys = {"SERIES_KEY": series if series else message.structure.key, "OBS_KEY": message.structure.key}
    for key in _KEYS[options.keys]:
        parts += [options.separator, cells.key(keys[key])]
    for column in columns:
        for cell in cells.of(column):
            parts += [options.separator, cell]
    return concat([*parts, "\n"])


def _columns(message: DataMessage, layouts: Sequence[Layout]) -> list[Component]:
    structure = message.structure
    keys = [structure.by_id[identifier] for identifier in structure.key]
    there = {identifier for found in layouts for identifier in found.types}
    return [c for c in (*keys, *structure.measures, *structure.attributes) if c.id in there]


def _format(version: _Version) -> Format:
    name = f"csv-{version.number}"
    # The release's own CSV is the one that people open: it has the plain name.
    file_name = "data.csv" if version.number == "2.1" else f"data.{name}.csv"
    media_type = f"application/vnd.sdmx.data+csv;version={version.number}.0"
    return Format(name, media_type, file_name, _writer(version))


FORMATS = tuple(_format(version) for version in _VERSIONS)
