"""What differs between any two releases of a dataflow, as counts, rows and an SDMX message."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.compare import Changes, Comparison, counted_changes
from citizenstats.release.delta import delta_messages
from citizenstats.release.kept import structures_of
from citizenstats.release.manifest import Release, released
from citizenstats.release.messages import CHANGES, message_of, sender_of
from citizenstats.sdmx.model import DataStructure, version_key
from citizenstats.sdmx.write import DataMessage


@dataclass(frozen=True)
class Difference:
    """Two releases side by side; good as long as `difference` is open.

    Attributes:
        before: the one that a receiver has.
        after: the one that it gets.
        changes: how much differs.
        file: Parquet file with a row for each key that differs.
        messages: what takes a receiver from one to the other; none when nothing differs, or the two are of two versions.
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

    Those of two versions are compared under the codes of the later one, by the map that it declares (`recoded`). A code that
    was merged or split has no counterpart: what was said of it counts as withdrawn, and what is said now as added. No
    message takes a receiver from one version to another.

    Args:
        house: where and what.
        flow: the dataflow.
        before: such as ``R0001``, or ``1.0.0/R0001`` of a version.
        after: the same.

    Raises:
        ReleaseError: there is no such release; ``TWO_VERSIONS`` when they are of two versions and none is named, or the
            later one stands first, or has other dimensions.
    """
    first, second = _named(house, flow, before), _named(house, flow, after)
    # Within a version the later one knows every code and component of the earlier one.
    later = second if first.dataflow != second.dataflow else max(first, second, key=lambda r: r.number)
    facts = {**second.facts, "message_id": f"{second.facts['message_id']}-SINCE-{first.id}"}
    full = message_of(structures_of(later), sender_of(house), second.observations, facts)
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as folder:
        file = Path(folder) / CHANGES
        readable = [first.folder, second.folder, Path(folder)]
        with session(readable, scratch=house.store.scratch) as engine:
            former = first.observations
            if first.dataflow != second.dataflow:
                _check_comparable(first, second, f"{before}{after}")
                former = Path(folder) / "former.parquet"
                engine.write_parquet(_recoded(engine, first, second), former)
            comparison = Comparison(full.structure, second.observations, former)
            engine.write_parquet(comparison.table(engine), file)
            counts = counted_changes(engine, f"SELECT change FROM read_parquet({quoted(str(file))})")
            messages = delta_messages(file, full, counts) if first.dataflow == second.dataflow else ()
            yield Difference(first, second, counts, file, tuple(messages), engine)


def _named(house: House, flow: str, said: str) -> Release:
    """Return the release that ``R0001`` or ``1.0.0/R0001`` names."""
    version, named, release = said.rpartition("/")
    return released(house, f"{flow.partition('(')[0]}({version})" if named else flow, release)


def _check_comparable(first: Release, second: Release, said: str) -> None:
    versions = first.dataflow.version, second.dataflow.version
    if "/" not in said or version_key(versions[0]) > version_key(versions[1]):
        raise ReleaseError(
            "TWO_VERSIONS",
            f"{first.id} is of version {versions[0]} and {second.id} of {versions[1]}",
            f"{first.dataflow.agency}:{first.dataflow.id}",
            "name one version, AGENCY:FLOW(1.0.0), or both, the earlier one first: 1.0.0/R0002 2.0.0/R0001",
        )
    check_same_dimensions(first, second)


def check_same_dimensions(first: Release, second: Release) -> None:
    """Refuse two versions of which no key is one of the other.

    Raises:
        ReleaseError: ``TWO_VERSIONS``.
    """
    if set(_structure(first).key) != set(_structure(second).key):
        versions = f"{first.dataflow.version} and {second.dataflow.version}"
        raise ReleaseError(
            "TWO_VERSIONS",
            f"the versions {versions} have other dimensions, so no key of one is a key of the other",
            f"{first.dataflow.agency}:{first.dataflow.id}",
        )


def _structure(release: Release) -> DataStructure:
    return structures_of(release).structure_of(release.dataflow)


def _recoded(engine: Engine, first: Release, second: Release) -> str:
    """Return the SELECT of a release's observations under the codes of a later version, in key order."""
    source = f"read_parquet({quoted(str(first.observations))})"
    said = second.facts.get("recoded", {}).get(first.dataflow.version, {})
    replaced = []
    for dimension in _structure(second).key:
        there = [str(code) for (code,) in engine.rows(f"SELECT DISTINCT {name(dimension)} FROM {source}")]
        if cases := _renamed(said.get(dimension, {}), there):
            told = " ".join(f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in cases)
            column = name(dimension)
            replaced.append(f"CASE {column} {told} ELSE {column} END AS {column}")
    key = ", ".join(map(name, _structure(second).key))
    listed = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT *{listed} FROM {source} ORDER BY {key}"


def _renamed(said: Mapping[str, str | list[str]], there: Sequence[str]) -> list[tuple[str, str]]:
    """Return code then and code now of those that were neither merged nor split."""
    single = {old: new for old, new in said.items() if isinstance(new, str)}
    became = Counter(single.get(code, code) for code in there)
    return [(old, new) for old, new in sorted(single.items()) if became[new] == 1 and old in there]
