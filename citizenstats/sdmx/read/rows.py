"""Rows of a message on their way to Parquet: values of the data set, the groups and the series put to each observation.

A message says a value once, where its level is; the frame says it in each row. Values of the series are kept once a
batch and spread by index; those of groups may come before or after their observations, so they are gathered in a
table of their own and joined at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import DataStructure

ROWS = 20_000
"""Rows of a batch."""

Values = Mapping[str, str | None]
_FILES = ("rows.parquet", "groups.parquet")


class Rows:
    """Collects the rows of one message in a work folder; `finish` writes the frame."""

    def __init__(self, structure: DataStructure, work: Path) -> None:
        self._structure = structure
        self._names = [c.id for c in structure.components]
        self._key = frozenset(structure.key)
        self._held: set[str] = set()
        self._work = work
        self._data_set: Values = {}
        self._action, self._set = "", 0
        self._above: list[Values] = [{}]
        self._of: list[int] = []
        self._own: list[Values] = []
        self._actions: list[str] = []
        self._sets: list[int] = []
        self.count = 0
        self._out: pq.ParquetWriter | None = None
        self._groups: list[Values] = []
        self._groups_out: pq.ParquetWriter | None = None
        self._grouped: dict[frozenset[str], None] = {}

    # --- what a reader says -------------------------------------------------------------------------------

    def data_set(self, action: str, values: Values) -> bool:
        """Begin a data set; its values are put to each of its rows.

        Returns:
            Whether values above the observation are marked to be deleted: they got a row of their own, because at a row
            below they would say that only they go there.
        """
        self._action, self._set, self._data_set = action, self._set + 1, {}
        return self._begin(values, of_set=True)

    def series(self, values: Values) -> bool:
        """Begin a series, or the flat part of a data set; returns as `data_set`."""
        return self._begin(values)

    def _begin(self, values: Values, *, of_set: bool = False) -> bool:
        marks: Values = {}
        if self._action == "Delete":
            marks = {n: v for n, v in values.items() if n not in self._key and v is not None}
            values = {n: v for n, v in values.items() if n in self._key}
        if of_set:
            self._data_set, values = values, {}
        self._above.append({**self._data_set, **values} if self._data_set else values)
        if marks:
            self.observation(marks)
        return bool(marks)

    def observation(self, values: Values) -> None:
        """Add a row."""
        self._own.append(values)
        self._of.append(len(self._above) - 1)
        self._actions.append(self._action)
        self._sets.append(self._set)
        if len(self._own) >= ROWS:
            self._flush()

    def group(self, values: Values) -> None:
        """Add the values of a group of this data set: its dimensions, and its attributes; what it deletes is a row."""
        if self._action == "Delete":
            self.series({})
            self.observation(values)
            return
        dimensions = frozenset(n for n, v in values.items() if n in self._key and v is not None)
        self._grouped.setdefault(dimensions)
        self._groups.append({**values, "_group": _group_name(dimensions), "_set": str(self._set)})
        if len(self._groups) >= ROWS:
            self._flush_groups()

    # --- on the way ---------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._own:
            index = pa.array(self._of, pa.int32())
            arrays: list[pa.Array[Any]] = [
                pa.array(range(self.count + 1, self.count + len(self._own) + 1), pa.int64()),
                pa.array(self._actions, pa.string()),
                pa.array(self._sets, pa.int32()),
            ]
            for identifier in self._names:
                own = pa.array([one.get(identifier) for one in self._own], pa.string())
                above = pa.array([one.get(identifier) for one in self._above], pa.string())
                if above.null_count == len(above):
                    column = own
                else:
                    spread = above.take(index)
                    column = spread if own.null_count == len(own) else pc.coalesce(own, spread)
                if column.null_count < len(column):
                    self._held.add(identifier)
                arrays.append(column)
            if self._out is None:
                self._out = pq.ParquetWriter(self._work / _FILES[0], self._schema(), compression="lz4")
            self._out.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema()))
            self.count += len(self._own)
        self._own, self._of, self._actions, self._sets, self._above = [], [], [], [], [self._above[-1]]

    def _schema(self) -> pa.Schema:
        before: list[Any] = [
            pa.field("_row", pa.int64()),
            pa.field("_action", pa.string()),
            pa.field("_set", pa.int32()),
        ]
        return pa.schema([*before, *(pa.field(identifier, pa.string()) for identifier in self._names)])

    def _flush_groups(self) -> None:
        fields: Sequence[Any] = [pa.field(n, pa.string()) for n in ("_group", "_set", *self._names)]
        schema = pa.schema(fields)
        if self._groups_out is None:
            self._groups_out = pq.ParquetWriter(self._work / _FILES[1], schema, compression="lz4")
        arrays = [pa.array([one.get(f.name) for one in self._groups], pa.string()) for f in fields]
        self._groups_out.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._groups = []

    def close(self) -> None:
        """Close the files of the work folder."""
        for out in (self._out, self._groups_out):
            if out is not None:
                out.close()

    # --- the end ------------------------------------------------------------------------------------------

    def finish(self, engine: Engine, into: Path) -> set[str]:
        """Write the frame and return the components that some row has a value of."""
        self._flush()
        if self._out is None:
            self._out = pq.ParquetWriter(self._work / _FILES[0], self._schema())
        if self._groups:
            self._flush_groups()
        self.close()
        engine.write_parquet(self._sql(), into)
        return self._held

    def _sql(self) -> str:
        source = f"SELECT * FROM read_parquet({quoted(str(self._work / _FILES[0]))})"
        if not self._grouped:
            return f"SELECT * EXCLUDE (_set) FROM ({source}) ORDER BY _row"
        attributes = [a.id for a in self._structure.attributes]
        values: dict[str, list[str]] = {identifier: [f"r.{name(identifier)}"] for identifier in attributes}
        joins = []
        for n, dimensions in enumerate(sorted(self._grouped, key=sorted)):
            keys = [name(d) for d in sorted(dimensions)]
            # A group that is told twice counts as told last, as with observations.
            listed = ", ".join(
                [
                    "_set",
                    *keys,
                    *(f"last({name(a)}) FILTER ({name(a)} IS NOT NULL) AS {name(a)}" for a in attributes),
                ]
            )
            by = f"GROUP BY {', '.join(['_set', *keys])}"
            grouped = (
                f"SELECT {listed} FROM read_parquet({quoted(str(self._work / _FILES[1]))}) "
                f"WHERE _group = {quoted(_group_name(dimensions))} {by}"
            )
            on = " AND ".join(
                [f"r._set = CAST(g{n}._set AS INTEGER)", *(f"r.{key} = g{n}.{key}" for key in keys)]
            )
            joins.append(f"LEFT JOIN ({grouped}) AS g{n} ON {on}")
            for identifier in attributes:
                values[identifier].append(f"g{n}.{name(identifier)}")
        self._held |= set(attributes)
        replaced = ", ".join(f"coalesce({', '.join(v)}) AS {name(k)}" for k, v in values.items())
        return f"SELECT r.* EXCLUDE (_set) REPLACE ({replaced}) FROM ({source}) AS r {' '.join(joins)} ORDER BY r._row"


def _group_name(dimensions: Iterable[str]) -> str:
    return " ".join(sorted(dimensions))
