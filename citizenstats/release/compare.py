"""What changed between two states of a dataflow, and the load times that follow from it.

An observation that is the same as before keeps the load time from which it is valid; a new or changed one is valid
from this release on; what it replaces, and what is gone, is valid until this release and stays in the history.
Everything is SQL over Parquet files in key order. What belongs here: comparing; what does not: deciding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.model import DataStructure


@dataclass(frozen=True)
class Changes:
    """How many observations a state adds, changes and withdraws against the one before."""

    added: int
    changed: int
    withdrawn: int

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.added or self.changed or self.withdrawn)


@dataclass(frozen=True)
class Comparison:
    """Two states of a dataflow side by side; `former` is None before the first release.

    Attributes:
        structure: the structure of both.
        present: Parquet file of the present observations, in key order.
        former: Parquet file of the former release's observations, with ``valid_from``.
        history: Parquet file of the former release's history.
    """

    structure: DataStructure
    present: Path
    former: Path | None = None
    history: Path | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The components in the structure's order."""
        return tuple(component.id for component in self.structure.components)

    def changes(self, engine: Engine) -> Changes:
        """Return the numbers of added, changed and withdrawn observations."""
        return counted_changes(engine, self.table(engine))

    def table(self, engine: Engine) -> str:
        """Return the SELECT of all changes: the key, what happened, each measure and status before and after."""
        rest = [c for c in self.columns if c not in self.structure.key]
        differs = " OR ".join(f"p.{name(c)} IS DISTINCT FROM f.{name(c)}" for c in rest) or "false"
        beside = [m.id for m in self.structure.measures]
        beside += [c for c in ("OBS_STATUS", "CONF_STATUS") if c in self.structure.by_id]
        both = ", ".join(
            f"f.{name(c)} AS {name(f'{c}_before')}, p.{name(c)} AS {name(f'{c}_after')}" for c in beside
        )
        keys = ", ".join(f"coalesce(p.{name(k)}, f.{name(k)}) AS {name(k)}" for k in self.structure.key)
        on = " AND ".join(f"p.{name(k)} = f.{name(k)}" for k in self.structure.key)
        return (
            f"SELECT {keys}, CASE WHEN f._there IS NULL THEN 'added' WHEN p._there IS NULL THEN 'withdrawn' "
            f"WHEN {differs} THEN 'changed' END AS change, {both} "
            f"FROM ({self._present(engine)}) AS p FULL JOIN ({self._former(engine)}) AS f ON {on} "
            f"WHERE change IS NOT NULL ORDER BY {self._key}"
        )

    def present_with_load_times(self, engine: Engine, changes: Path, loaded: datetime) -> str:
        """Return the SELECT of the present observations with ``valid_from``, in key order.

        Args:
            engine: the engine that can read the files.
            changes: Parquet file with the rows of `table`.
            loaded: the time from which new and changed observations are valid.
        """
        if self.former is None:
            return f"SELECT * EXCLUDE (_there), {_time(loaded)} AS valid_from FROM ({self._present(engine)})"
        listed = ", ".join(f"p.{name(c)}" for c in self.columns)
        order = ", ".join(f"p.{name(k)}" for k in self.structure.key)
        return (
            f"WITH same AS (SELECT {self._key}, valid_from FROM ({self._former(engine)}) "
            f"ANTI JOIN {_parquet(changes)} USING ({self._key})) "
            f"SELECT {listed}, coalesce(same.valid_from, {_time(loaded)}) AS valid_from "
            f"FROM ({self._present(engine)}) AS p LEFT JOIN same USING ({self._key}) ORDER BY {order}"
        )

    def history_with_load_times(self, engine: Engine, changes: Path, loaded: datetime) -> str:
        """Return the SELECT of all former versions of observations with ``valid_from`` and ``valid_to``.

        Args:
            engine: the engine that can read the files.
            changes: Parquet file with the rows of `table`.
            loaded: the time until which changed and withdrawn observations were valid.
        """
        listed = ", ".join(map(name, self.columns))
        versions = (
            f"SELECT {listed}, valid_from, {_time(loaded)} AS valid_to FROM ({self._former(engine)}) "
            f"SEMI JOIN (SELECT * FROM {_parquet(changes)} WHERE change <> 'added') USING ({self._key})"
        )
        if self.history is not None:
            before = _selected(engine, self.history, self.structure)
            versions += f" UNION ALL SELECT {before}, valid_from, valid_to FROM {_parquet(self.history)}"
        return f"SELECT * FROM ({versions}) ORDER BY {self._key}, valid_from"

    @property
    def _key(self) -> str:
        return ", ".join(map(name, self.structure.key))

    def _present(self, engine: Engine) -> str:
        listed = _selected(engine, self.present, self.structure)
        return f"SELECT {listed}, true AS _there FROM {_parquet(self.present)}"

    def _former(self, engine: Engine) -> str:
        """Return the SELECT of the former observations with their load times; no rows before the first release."""
        if self.former is None:
            return f"SELECT *, {_NO_TIME} AS valid_from FROM ({self._present(engine)}) WHERE false"
        listed = _selected(engine, self.former, self.structure, self.structure.key)
        return f"SELECT {listed}, valid_from, true AS _there FROM {_parquet(self.former)}"


def counted_changes(engine: Engine, table: str) -> Changes:
    """Return how many changes of each kind the SELECT of a table of changes has."""
    counted = dict(engine.rows(f"SELECT change, count(*) FROM ({table}) GROUP BY change"))
    return Changes(counted.get("added", 0), counted.get("changed", 0), counted.get("withdrawn", 0))


_NO_TIME = "CAST(NULL AS TIMESTAMP WITH TIME ZONE)"


def _time(time: datetime) -> str:
    return f"TIMESTAMPTZ {quoted(time.isoformat())}"


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(str(path))})"


def _selected(engine: Engine, path: Path, structure: DataStructure, key: Sequence[str] = ()) -> str:
    """Return the columns to select from a file that may have been written with another state of the structure.

    Raises:
        ReleaseError: the key itself is another one, so that the two cannot be compared.
    """
    there = {column for column, _ in engine.columns(f"SELECT * FROM {_parquet(path)}")}
    if not there.issuperset(key):
        raise ReleaseError(
            "KEY_CHANGED",
            f"the former release has no dimension {', '.join(sorted(set(key) - there))}",
            mend="a dataflow whose key changes needs a new version: raise `version` in its file",
        )
    return ", ".join(
        name(c.id) if c.id in there else f"CAST(NULL AS {sql_type(c)}) AS {name(c.id)}"
        for c in structure.components
    )
