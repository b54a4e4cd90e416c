"""What a data message is before it has a format, and where its components go.

`DataMessage` is the same for every format; `Format` is one way to write it; `Layout` says which component
stands at the data set, at the series and at the observation. Nothing here knows a syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from citizenstats.engine import Engine, name
from citizenstats.errors import MessageError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import FLAT, Component, Dataflow, DataStructure, Level, Structures
from citizenstats.sdmx.schema import FLOATING, default_dimension
from citizenstats.sdmx.write.options import Options

Action = Literal["Merge", "Replace", "Delete", "Append", "Information"]
"""What a receiver does with the observations, in the words of SDMX 3.1; each format has its own for it."""


@dataclass(frozen=True)
class DataMessage:
    """Observations of a dataflow with one action, ready to be written in any format.

    What a receiver does (SDMX 3.1, ``ActionType``; the older versions mean the same with fewer words):

    - ``Replace``: each observation is put in the place of the former one, with what is not said deleted; attributes
      above the observation are merged. This is the action for observations that changed.
    - ``Merge``: only what is said is changed. A column that the source does not have is left alone, and so is an
      attribute that is NULL; a measure that is NULL is said to be missing.
    - ``Delete``: with the dimensions alone in the source, the observation of each key goes. A dimension that is NULL
      stands for all its values: ``(A, NULL, NULL)`` deletes a slice. A measure or attribute that has a value (any
      value will do) is deleted alone, and the observation stays.
    - ``Append`` and ``Information`` are the words of old versions for ``Merge``.

    A delta is two messages with the same header, handed to `chunks` together, deletions first::

        gone = DataMessage(flow, structure, "SELECT FREQ, REF_AREA, … FROM … ORDER BY …", header, action="Delete")
        changed = DataMessage(flow, structure, "SELECT * FROM … ORDER BY …", header, action="Replace")
        chunks(engine, [gone, changed], "csv-2.1")

    An empty Delete is refused: in most formats it would delete the whole dataflow.

    Attributes:
        dataflow: the dataflow that the observations belong to.
        structure: its data structure.
        source: SQL whose rows are the observations **in key order**, one column a component, named by its id.
            Every dimension must be there; measures and attributes that are not are left out of the message. Only
            to delete, a dimension may be NULL.
        header: who says it, and when it was prepared.
        dimension_at_observation: the dimension along which observations are gathered in series, or `FLAT`; None
            for time where the structure has it, else flat. Formats that are always flat take no notice of it.
        action: what a receiver does with the observations.
        structures: where the names of concepts and codes are, for formats that show them; without them ids stand for
            names.
        valid_from: since when the observations are what was published; None where nobody asks.
        valid_to: until when they were.
    """

    dataflow: Dataflow
    structure: DataStructure
    source: str
    header: Header
    dimension_at_observation: str | None = None
    action: Action = "Replace"
    structures: Structures | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    @property
    def along(self) -> str:
        """The dimension at the observation, or `FLAT`.

        Raises:
            MessageError: ``NO_SUCH_DIMENSION``.
        """
        along = self.dimension_at_observation or default_dimension(self.structure)
        if along != FLAT and along not in self.structure.key:
            raise MessageError(
                "NO_SUCH_DIMENSION",
                f"{self.structure.reference} has no dimension {along}",
                mend=f"use one of {', '.join(self.structure.key)}, or {FLAT}",
            )
        return along if len(self.structure.key) > 1 else FLAT  # a series needs a key


Writer = Callable[[Engine, Sequence[DataMessage], Options], Iterator[bytes]]
"""Engine, data sets and options → the chunks of a message."""


@dataclass(frozen=True)
class Format:
    """One way to write a data message.

    Attributes:
        name: what people ask for, such as ``csv-2.1``.
        media_type: as the SDMX REST standard names it.
        file_name: the file's name in a release.
        write: gives the message as chunks of UTF-8 text. All that can be wrong is raised by the call itself,
            before the first chunk is asked for, so that a service can still answer with an error. Several data sets
            of one dataflow go into one message, in their order.
    """

    name: str
    media_type: str
    file_name: str
    write: Writer


@dataclass(frozen=True)
class Words:
    """What a format writes for a measure that is missing on purpose; None where it has no word for it.

    Attributes:
        number: where the measure is a floating point number.
        other: where it is anything else.
    """

    number: str | None
    other: str | None


@dataclass(frozen=True)
class Layout:
    """Where the components of a message stand, those left out that the source does not have.

    Attributes:
        types: component id → SQL type.
        data_set: attributes of the data set.
        groups: dimensions of a group → its attributes.
        series_key: dimensions of a series; empty when the message is flat.
        series: attributes of the series.
        key: dimensions at the observation.
        measures: the measures.
        observation: attributes of the observation.
        source: SQL of the observations, those of one series beside each other.
        deletes: whether what is said is deleted: then a dimension may be NULL, and what has a value is a mark.
        words: what stands for a missing measure.
    """

    types: Mapping[str, str]
    data_set: tuple[Component, ...]
    groups: Mapping[tuple[str, ...], tuple[Component, ...]]
    series_key: tuple[Component, ...]
    series: tuple[Component, ...]
    key: tuple[Component, ...]
    measures: tuple[Component, ...]
    observation: tuple[Component, ...]
    source: str
    deletes: bool
    words: Words

    def missing(self, component: Component) -> str | None:
        """Return what stands for a missing measure; None where nothing does, as for all else."""
        if self.deletes or component.role != "measure":
            return None
        # What has no type in its structure, and is a number here, can be no number there.
        untyped = component.type == "String" and self.types[component.id] in ("DOUBLE", "FLOAT")
        return self.words.number if untyped or component.type in FLOATING else self.words.other


def layout(engine: Engine, message: DataMessage, along: str, words: Words) -> Layout:
    """Return where the components of a message stand when observations are gathered along a dimension.

    Raises:
        MessageError: ``NO_COLUMN`` when the source lacks a dimension, ``NOTHING_TO_DELETE`` when it should delete and
            has no row.
    """
    structure = message.structure
    types = {column: kind for column, kind in engine.columns(message.source) if column in structure.by_id}
    if missing := [identifier for identifier in structure.key if identifier not in types]:
        raise MessageError(
            "NO_COLUMN",
            f"the observations of {message.dataflow.reference} have no column {', '.join(missing)}",
            mend="every dimension of the structure must be a column",
        )
    if message.action == "Delete" and not engine.rows(f"SELECT 1 FROM ({message.source}) LIMIT 1"):
        raise MessageError(
            "NOTHING_TO_DELETE",
            "a message that deletes has no key, which a receiver would take for all observations",
            mend="write no message, or a row in which every dimension is NULL",
        )
    key = tuple(structure.by_id[identifier] for identifier in structure.key)
    levels: dict[Level, list[Component]] = {"dataset": [], "group": [], "series": [], "observation": []}
    for attribute in structure.attributes:
        if attribute.id in types:
            levels[structure.level(attribute, along)].append(attribute)
    groups = dict.fromkeys(attribute.group for attribute in levels["group"])
    return Layout(
        types,
        data_set=tuple(levels["dataset"]),
        groups={group: tuple(a for a in levels["group"] if a.group == group) for group in groups},
        series_key=() if along == FLAT else tuple(d for d in key if d.id != along),
        series=tuple(levels["series"]),
        key=key if along == FLAT else (structure.by_id[along],),
        measures=tuple(m for m in structure.measures if m.id in types),
        observation=tuple(levels["observation"]),
        source=_gathered(message, along),
        deletes=message.action == "Delete",
        words=words,
    )


def _gathered(message: DataMessage, along: str) -> str:
    """Return the source so that the observations of a series follow each other: key order does it for the last."""
    key = message.structure.key
    if along in (FLAT, key[-1]):
        return message.source
    order = ", ".join(name(identifier) for identifier in (*(k for k in key if k != along), along))
    return f"SELECT * FROM ({message.source}) ORDER BY {order}"
