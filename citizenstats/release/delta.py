"""What takes a receiver from one state of a dataflow to the next: deletions first, then replacements.

What belongs here: which observations a delta carries, and its page for people. What does not: finding the changes
(`compare`), and how a message is written (`citizenstats.sdmx.write`). A value that was shown and is withheld now is
replaced by one that says so: in a message that only adds, an empty value would leave the former one standing
(SDMX-CSV 2.0 field guide, action A).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, name, quoted
from citizenstats.pages import filled
from citizenstats.release.compare import Changes
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import FLAT, DataStructure
from citizenstats.sdmx.write import DataMessage

PAGE = "changes.html"

_LISTED = 500
"""Changes that the page lists; the file beside it has all."""


def delta_messages(changes: Path, full: DataMessage, counts: Changes) -> list[DataMessage]:
    """Return the data sets of a delta, in their order; none when nothing changed.

    Args:
        changes: Parquet file with the rows of `Comparison.table`.
        full: the message of the new state.
        counts: what the file holds.
    """
    key = ", ".join(map(name, full.structure.key))
    listed = f"FROM read_parquet({quoted(str(changes))})"
    header: Header = replace(full.header, id=f"{full.header.id}-DELTA")
    found = []
    if counts.withdrawn:
        gone = f"SELECT {key} {listed} WHERE change = 'withdrawn' ORDER BY {key}"
        found.append(
            replace(full, source=gone, header=header, dimension_at_observation=FLAT, action="Delete")
        )
    if counts.added or counts.changed:
        there = (
            f"SELECT * FROM ({full.source}) SEMI JOIN (SELECT {key} {listed} WHERE change <> 'withdrawn') "
            f"USING ({key}) ORDER BY {key}"
        )
        found.append(
            replace(full, source=there, header=header, dimension_at_observation=FLAT, action="Replace")
        )
    return found


def changes_page(engine: Engine, changes: Path, structure: DataStructure, facts: Mapping[str, Any]) -> bytes:
    """Return the page that shows people what a release changed: the same bytes for the same release.

    Args:
        engine: can read the file.
        changes: Parquet file with the rows of `Comparison.table`.
        structure: its structure.
        facts: what the manifest says of the release.
    """
    table = f"SELECT * FROM read_parquet({quoted(str(changes))})"
    columns = [column for column, _ in engine.columns(table)]
    key = ", ".join(map(name, structure.key))
    rows = engine.rows(f"{table} ORDER BY {key} LIMIT {_LISTED}")
    left = max(sum(facts["changes"].values()) - _LISTED, 0)
    return filled(Path(__file__).with_name(PAGE), facts=facts, columns=columns, rows=rows, left=left)
