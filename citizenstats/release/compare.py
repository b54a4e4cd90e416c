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
        present: Parquet file of the present observations.
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
        counted = dict(engine.rows(f"SELECT change, count(*) FROM ({self.table(engine)}) GROUP BY change"))
        return Changes(counted.get("added", 0), counted.get("changed", 0), counted.get("withdrawn", 0))

    def table(self, engine: Engine) -> str:
        """Return the SELECT of all changes: the key, what happened, each measure and status before and after."""
        beside = [m.id for m in self.structure.measures]
        beside += [c for c in ("OBS_STATUS", "CONF_STATUS") if c in self.structure.by_id]
        both = ", ".join(
            f"f.{name(c)} AS {name(f'{c}_before')}, p.{name(c)} AS {name(f'{c}_after')}" for c in beside
        )
        keys = ", ".join(f"coalesce(p.{name(k)}, f.{name(k)}) AS {name(k)}" for k in self.structure.key)
        order = ", ".join(map(name, self.structure.key))
        return (
            f"SELECT {keys}, {self._change()} AS change, {both} "
            f"FROM {self._sides(engine)} WHERE change IS NOT NULL ORDER BY {order}"
        )

    def present_with_load_times(self, engine: Engine, loaded: datetime) -> str:
        """Return the SELECT of the present observations with ``valid_from``, in key order."""
        columns = ", ".join(f"p.{name(c)}" for c in self.columns)
        order = ", ".join(f"p.{name(k)}" for k in self.structure.key)
        return (
            f"SELECT {columns}, CASE WHEN {self._change()} IS NULL THEN f.valid_from ELSE {_time(loaded)} END "
            f"AS valid_from FROM {self._sides(engine)} WHERE p._there ORDER BY {order}"
        )

    def history_with_load_times(self, engine: Engine, loaded: datetime) -> str:
        """Return the SELECT of all former versions of observations with ``valid_from`` and ``valid_to``."""
        columns = ", ".join(f"f.{name(c)}" for c in self.columns)
        ended = (
            f"SELECT {columns}, f.valid_from, {_time(loaded)} AS valid_to "
            f"FROM {self._sides(engine)} WHERE {self._change()} IN ('changed', 'withdrawn')"
        )
        order = ", ".join(map(name, self.structure.key))
        if self.history is not None:
            before = _selected(engine, self.history, self.columns)
            ended = f"SELECT {before}, valid_from, valid_to FROM {_parquet(self.history)} UNION ALL {ended}"
        return f"SELECT * FROM ({ended}) ORDER BY {order}, valid_from"

    def _change(self) -> str:
        rest = [c for c in self.columns if c not in self.structure.key]
        differs = " OR ".join(f"p.{name(c)} IS DISTINCT FROM f.{name(c)}" for c in rest) or "false"
        return (
            "CASE WHEN f._there IS NULL THEN 'added' WHEN p._there IS NULL THEN 'withdrawn' "
            f"WHEN {differs} THEN 'changed' END"
        )

    def _sides(self, engine: Engine) -> str:
        """Return the FROM clause: present `p` beside former `f`, by key."""
        columns = _selected(engine, self.present, self.columns)
        present = f"SELECT {columns}, true AS _there FROM {_parquet(self.present)}"
        if self.former is None:
            types = dict(engine.columns(present))
            empty = ", ".join(f"CAST(NULL AS {types[c]}) AS {name(c)}" for c in self.columns)
            former = f"SELECT {empty}, {_NO_TIME} AS valid_from, true AS _there WHERE false"
        else:
            former = (
                f"SELECT {_selected(engine, self.former, self.columns, self.structure.key)}, valid_from, "
                f"true AS _there FROM {_parquet(self.former)}"
            )
        on = " AND ".join(f"p.{name(k)} = f.{name(k)}" for k in self.structure.key)
        return f"({present}) AS p FULL JOIN ({former}) AS f ON {on}"


def counted_changes(engine: Engine, table: str) -> Changes:
    """Return how many changes of each kind the SELECT of a table of changes has."""
    counted = dict(engine.rows(f"SELECT change, count(*) FROM ({table}) GROUP BY change"))
    return Changes(counted.get("added", 0), counted.get("changed", 0), counted.get("withdrawn", 0))


_NO_TIME = "CAST(NULL AS TIMESTAMP WITH TIME ZONE)"


def _time(time: datetime) -> str:
    return f"TIMESTAMPTZ {quoted(time.isoformat())}"


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(str(path))})"


def _selected(engine: Engine, path: Path, columns: Sequence[str], key: Sequence[str] = ()) -> str:
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
    return ", ".join(name(c) if c in there else f"NULL AS {name(c)}" for c in columns)
