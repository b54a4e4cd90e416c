"""What differs between any two releases of a dataflow, as counts, rows and an SDMX message."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.compare import Changes, Comparison, counted_changes
from citizenstats.release.delta import delta_messages
from citizenstats.release.manifest import Release, released
from citizenstats.release.messages import CHANGES, message_of
from citizenstats.sdmx.write import DataMessage


@dataclass(frozen=True)
class Difference:
    """Two releases side by side; good as long as `difference` is open.

    Attributes:
        before: the one that a receiver has.
        after: the one that it gets.
        changes: how much differs.
        file: Parquet file with a row for each key that differs.
        messages: what takes a receiver from one to the other; none when nothing differs.
        engine: can read the files.
    """

    before: Release
    after: Release
    changes: Changes
    file: Path
    messages: tuple[DataMessage, ...]
    engine: Engine

    def rows(self, limit: int) -> list[dict[str, Any]]:
        """Return the first differences in key order: key, change, measures and status before and after."""
        table = f"SELECT * FROM read_parquet({quoted(str(self.file))})"
        columns = [column for column, _ in self.engine.columns(table)]
        key = ", ".join(map(name, self.messages[0].structure.key)) if self.messages else "ALL"
        found = self.engine.rows(f"{table} ORDER BY {key} LIMIT {limit}")
        return [dict(zip(columns, row, strict=True)) for row in found]


@contextmanager
def difference(house: House, flow: str, before: str, after: str) -> Iterator[Difference]:
    """Compare two releases of ``AGENCY:ID`` or ``AGENCY:ID(VERSION)``.

    Raises:
        ReleaseError: there is no such release; ``TWO_VERSIONS`` when they are of two versions of the dataflow.
    """
    first, second = released(house, flow, before), released(house, flow, after)
    if first.dataflow != second.dataflow:
        raise ReleaseError(
            "TWO_VERSIONS",
            f"{before} and {after} are of two versions of the dataflow",
            flow,
            "name the version: AGENCY:FLOW(VERSION)",
        )
    structure = house.mappings.structures.structure_of(second.dataflow)
    comparison = Comparison(structure, second.observations, first.observations)
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as folder:
        file = Path(folder) / CHANGES
        readable = [first.folder, second.folder, Path(folder)]
        with session(readable, scratch=house.store.scratch) as engine:
            engine.write_parquet(comparison.table(engine), file)
            counts = counted_changes(engine, f"SELECT change FROM read_parquet({quoted(str(file))})")
            facts = {**second.facts, "message_id": f"{second.facts['message_id']}-SINCE-{first.id}"}
            full = message_of(house, second.observations, facts)
            yield Difference(first, second, counts, file, tuple(delta_messages(file, full, counts)), engine)
