"""How many observations a state has in each period, for people who want to look before they read.

Only counts come out of here, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.release.kept import structures_in
from citizenstats.sdmx.model import DataStructure, Reference
from citizenstats.store import read_json


@dataclass(frozen=True)
class PeriodCount:
    """The observations of one period: those with a value or another status, and those suppressed."""

    period: str
    shown: int
    suppressed: int


def quality(folder: Path) -> Mapping[str, Any] | None:
    """Return what a candidate or release in a folder says of its quality; None where it was not judged."""
    return _facts(folder).get("quality")


def validation(folder: Path) -> Mapping[str, Any] | None:
    """Return how many messages of a candidate or release are valid, and warnings by rule; None where it was not validated."""
    return _facts(folder).get("validation")


def left_out(folder: Path) -> Sequence[Mapping[str, str]]:
    """Return the files that a candidate or release does not have, because their format cannot carry its structure."""
    told: Sequence[Mapping[str, str]] = _facts(folder).get("left_out", ())
    return told


def periods(folder: Path) -> list[PeriodCount]:
    """Return the counts by period of a candidate or release, as its own structures say them; none where its files left.

    What is newest may be of another version than the mappings know, or of a dataflow that they no longer have.
    """
    facts, observations = _facts(folder), folder / "observations.parquet"
    if not observations.exists():
        return []
    try:
        structures = structures_in(folder, facts)
    except ReleaseError:
        return []
    return by_period(observations, structures.structure_of(Reference.parse(facts["dataflow"])))


def by_period(observations: Path, structure: DataStructure) -> list[PeriodCount]:
    """Return the counts by period in order; one line named ``all`` for a structure without time.

    Args:
        observations: Parquet file of publishable or published observations.
        structure: its structure.
    """
    period = name(structure.time.id) if structure.time else "'all'"
    empty = " AND ".join(f"{name(m.id)} IS NULL" for m in structure.measures) or "true"
    suppressed = f"\"OBS_STATUS\" = 'Q' AND {empty}" if "OBS_STATUS" in structure.by_id else "false"
    with session([observations.parent]) as engine:
        rows = engine.rows(
            f"SELECT {period}, count(*) - count_if({suppressed}), count_if({suppressed}) "
            f"FROM read_parquet({quoted(str(observations))}) GROUP BY 1 ORDER BY 1"
        )
    return [PeriodCount(*row) for row in rows]


def _facts(folder: Path) -> Mapping[str, Any]:
    return read_json(folder / "manifest.json") or read_json(folder / "candidate.json") or {}
