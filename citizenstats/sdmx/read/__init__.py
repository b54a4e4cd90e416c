"""SDMX data messages, read: a message of any format → its observations as Parquet, and what it says of itself.

`read_message` gives every row as it stands: all components as text, values of the data set, the groups and the series
put to each row, with its action. `read_observations` gives what a series *is* after that: typed, in key order, one
row a key. Both stream; a message is never whole in memory.

`source` knows bytes, `xml`, `json` and `csv` a syntax each, `rows` how values of all levels come together, `message` what
a message says of itself and which structure it names.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from citizenstats.engine import Engine, session
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.sdmx.read import csv, json, xml
from citizenstats.sdmx.read.message import FRAME, MessageFacts, Used
from citizenstats.sdmx.read.rows import Rows
from citizenstats.sdmx.read.source import opened, syntax_of
from citizenstats.sdmx.read.typed import Observations, observations

__all__ = ["FRAME", "MessageFacts", "Observations", "read_message", "read_observations", "read_rows"]


def read_message(
    file: Path, structures: Structures, into: Path, dataflow: Reference | None = None
) -> MessageFacts:
    """Read a data message into a Parquet file.

    Args:
        file: SDMX-CSV 1.0, 2.0 or 2.1, SDMX-ML 2.1 (generic or structure-specific, time series or not), 3.0 or 3.1,
            SDMX-JSON 1.0, 2.0 or 2.1; plain or packed by gzip.
        structures: where the structure that it names is looked up.
        into: the Parquet file to write; a work folder beside it is made and removed. Its columns are those of
            `FRAME`, then every component of the structure as text, exactly as it stands: ``NaN``, ``#N/A`` and empty
            texts are not made alike. A component with several values has a JSON list, one by language a JSON object,
            whatever the format (`citizenstats.sdmx.read.several`). A row without some
            dimensions says something of all observations that it covers (SDMX 3.0, partial keys).
        dataflow: taken when the message names no structure that is known.

    Raises:
        MessageError: it is no such message, is damaged, too large, or its structure is not known; with the line.
    """
    with session([into.parent.absolute()], scratch=into.parent.absolute()) as engine:
        return read_rows(engine, file, structures, into, dataflow)


def read_rows(
    engine: Engine, file: Path, structures: Structures, into: Path, dataflow: Reference | None = None
) -> MessageFacts:
    """Do what `read_message` does by an engine that can reach the folder of the Parquet file, and is used for more.

    Raises:
        MessageError: as there.
    """
    syntax = syntax_of(file)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".read-") as name:
        work = Path(name).absolute()
        if syntax == "csv":
            return csv.read(engine, file, structures, dataflow, work, into)
        made: list[Rows] = []

        def make(found: Used) -> Rows:
            made.append(Rows(found.structure, work))
            return made[0]

        try:
            with opened(file) as stream:
                if syntax == "xml":
                    head, used, rows = xml.read(stream, structures, dataflow, make)
                else:
                    head, used, rows = json.read(lambda: opened(file), structures, dataflow, make)
            held = rows.finish(engine, into.absolute())
        finally:
            for one in made:
                one.close()
        return head.facts(used, held, rows.count)


def read_observations(
    file: Path, structures: Structures, into: Path, dataflow: Reference | None = None
) -> Observations:
    """Read a data message into a Parquet file of its observations, ready to be compared with others.

    Args:
        file: as in `read_message`.
        structures: as there.
        into: the Parquet file to write: every component in the type that it has in the frame of observations
            (`citizenstats.harmonize.frame`), in key order, each key once, as it stands after all rows of the message
            (`citizenstats.sdmx.read.typed`); what says that a value is missing is NULL.
        dataflow: as there.

    Raises:
        MessageError: as there; and ``NOT_A_NUMBER`` or ``NOT_IN_LANGUAGES`` with component and count.
    """
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".read-") as name:
        frame = Path(name).absolute() / "frame.parquet"
        with session([into.parent.absolute()], scratch=frame.parent) as engine:
            facts = read_rows(engine, file, structures, frame, dataflow)
            return observations(engine, frame, facts, structures, into.absolute())
