"""All datasets that feed a dataflow become one set of observations.

The same key twice is settled by the precedence that the dataflow's file declares, or is an error. What is wrong
stops here: the error names codes, components and counts; the values stand in ``assembled.json`` of the failed
state, in the restricted part of the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError, ReleaseError
from citizenstats.harmonize.frame import columns
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.release.sums import undeclared_totals
from citizenstats.sdmx.model import DataStructure
from citizenstats.store import as_json, digest, read_json
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.judge import observation_findings

VALUES_IN = "; the values are in "
"""Stands in an error between what to do and where the wrong values are kept."""

_NAMED = 5
"""How many keys that stand twice are kept by name."""


@dataclass(frozen=True)
class Assembled:
    """A dataflow's observations from all its feeds, valid by structure and constraint."""

    flow: str
    state: str
    folder: Path
    observations: int
    datasets: tuple[str, ...]
    replaced: int
    """Observations that gave way to another dataset's with the same key."""


@dataclass(frozen=True)
class _Feed:
    dataset: str
    state: str
    file: Path
    deliveries: tuple[str, ...]


def assemble(house: House, flow: str) -> Assembled:
    """Assemble a dataflow from the current observations of the datasets that feed it.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.

    Raises:
        ReleaseError: ``NOT_OBSERVED`` when a feed has no observations yet; ``NOT_VALID`` when observations break
            the structure, a constraint, or each other's keys.
    """
    place = house.store.assembled(flow)
    while True:
        feeds = _feeds(house, flow)
        state = _state(house, flow, feeds)
        folder = place / state
        if not folder.exists():
            _build(house, flow, feeds, folder)
        facts = read_json(folder / "assembled.json") or {}
        if facts["status"] == "failed":
            raise _not_valid(flow, folder.relative_to(house.store.home), facts["faults"])
        assembled = Assembled(
            flow, state, folder, facts["observations"], tuple(facts["observed"]), facts["replaced"]
        )
        if (house.store.state(place) or {}).get("state") != state:
            house.store.commit_state(place, state, {"observations": assembled.observations})
        # A run beside us may have pointed at a newer state just before: look again, so that the newest wins.
        if _state(house, flow, _feeds(house, flow)) == state:
            return assembled


def _feeds(house: House, flow: str) -> tuple[_Feed, ...]:
    file_name = f"{file_stem(flow)}.parquet"
    feeds = []
    for dataset in house.mappings.dataflow(flow).feeds:
        current = house.store.state(house.store.observed(dataset))
        if current is None or not (current["folder"] / file_name).exists():
            raise ReleaseError(
                "NOT_OBSERVED",
                f"{dataset} has no observations for this dataflow yet",
                flow,
                f"let observed/{dataset} run first; its contract needs a target for {flow}",
            )
        facts = read_json(current["folder"] / "observed.json") or {}
        feeds.append(
            _Feed(
                dataset, current["state"], current["folder"] / file_name, tuple(facts.get("deliveries", ()))
            )
        )
    return tuple(feeds)


def _state(house: House, flow: str, feeds: Sequence[_Feed]) -> str:
    mappings = house.mappings
    structure = mappings.structures.structure_of(mappings.reference(flow))
    lists = [mappings.structures.scheme(c.codelist) for c in structure.components if c.codelist]
    file = mappings.dataflow(flow)
    return digest(
        [(feed.dataset, feed.state) for feed in feeds],
        [file.on_same_key, file.constraint],
        repr(structure),
        [sorted((code, item.parent or "") for code, item in scheme.by_id.items()) for scheme in lists],
        citizenstats.__version__,
    )


def _build(house: House, flow: str, feeds: Sequence[_Feed], folder: Path) -> None:
    structures = house.mappings.structures
    file = house.mappings.dataflow(flow)
    structure = structures.structure_of(house.mappings.reference(flow))
    try:
        with house.store.commit_folder(folder) as work:
            target = work / "observations.parquet"
            readable = [work, *(feed.file.parent for feed in feeds)]
            with session(readable, scratch=house.store.scratch) as engine:
                engine.run(f"CREATE TEMP VIEW fed AS {_union(engine, feeds, structure)}")
                twice = _is_any_twice(engine, structure)
                faults = _twice(engine, structure, file.on_same_key) if twice else []
                fed = engine.value("SELECT count(*) FROM fed")
                observations = engine.write_parquet(_settled(structure, twice=twice), target)
                frame = Frame(f"SELECT * FROM read_parquet({quoted(str(target))})")
                faults += observation_findings(engine, frame, structure, structures, file.constraint)
                faults += undeclared_totals(engine, structure, structures)
            if faults:
                target.unlink()
            (work / "assembled.json").write_bytes(
                as_json(
                    {
                        "flow": flow,
                        "status": "failed" if faults else "valid",
                        "observed": {feed.dataset: feed.state for feed in feeds},
                        "deliveries": {feed.dataset: feed.deliveries for feed in feeds},
                        "observations": observations,
                        "replaced": fed - observations,
                        "faults": [asdict(fault) for fault in faults],
                    }
                )
            )
    except CitizenstatsError as error:
        if error.code != "ALREADY_THERE":
            raise


def _union(engine: Engine, feeds: Sequence[_Feed], structure: DataStructure) -> str:
    wanted = columns(structure)
    parts = []
    for rank, feed in enumerate(feeds):
        source = f"read_parquet({quoted(str(feed.file))})"
        there = {column for column, _ in engine.columns(f"SELECT * FROM {source}")}
        listed = ", ".join(
            f"CAST({name(c) if c in there else 'NULL'} AS {kind}) AS {name(c)}" for c, kind in wanted.items()
        )
        parts.append(f"SELECT {listed}, {rank} AS _rank FROM {source}")
    return " UNION ALL ".join(parts)


def _settled(structure: DataStructure, *, twice: bool) -> str:
    """Return the SELECT of one observation a key: where a key stands twice, that of the dataset named first."""
    if not twice:
        return "SELECT * EXCLUDE (_rank) FROM fed"
    key = ", ".join(map(name, structure.key))
    return (
        "SELECT * EXCLUDE (_rank) FROM fed "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _rank) = 1 ORDER BY {key}"
    )


def _is_any_twice(engine: Engine, structure: DataStructure) -> bool:
    """Return whether a key may stand twice, from digests of the keys: much cheaper than from the keys themselves."""
    key = ", ".join(map(name, structure.key))
    return bool(engine.value(f"SELECT count(*) > count(DISTINCT hash({key})) FROM fed"))


def _twice(engine: Engine, structure: DataStructure, on_same_key: str) -> list[Finding]:
    """Return the faults of keys that stand twice."""
    key = ", ".join(map(name, structure.key))
    inside = f"{key}, _rank"
    found = [
        Finding(
            "KEY_TWICE_IN_DATASET",
            "the key",
            _extra(engine, inside),
            "give the rows different keys, or aggregate them in the contract",
            _keys(engine, structure, inside),
        )
    ]
    if on_same_key == "error":
        found.append(
            Finding(
                "KEY_IN_TWO_DATASETS",
                "the key",
                _extra(engine, key, "HAVING count(DISTINCT _rank) > 1"),
                "let one dataset leave it out, or declare on_same_key: first in the dataflow's file",
                _keys(engine, structure, key, "HAVING count(DISTINCT _rank) > 1"),
            )
        )
    return [fault for fault in found if fault.count]


def _extra(engine: Engine, grouped: str, having: str = "HAVING count(*) > 1") -> int:
    return int(
        engine.value(
            f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM fed GROUP BY {grouped} {having})"
        )
    )


def _keys(
    engine: Engine, structure: DataStructure, grouped: str, having: str = "HAVING count(*) > 1"
) -> tuple[str, ...]:
    """Return the first keys that stand twice, their codes joined by points."""
    key = ", ".join(map(name, structure.key))
    codes = ", ".join(f"coalesce(CAST({name(dimension)} AS VARCHAR), '')" for dimension in structure.key)
    told = f"array_to_string([{codes}], '.')"
    rows = engine.rows(
        f"SELECT DISTINCT {told} FROM (SELECT {key} FROM fed GROUP BY {grouped} {having}) ORDER BY 1 LIMIT {_NAMED}"
    )
    return tuple(str(row[0]) for row in rows)


def faults_of(house: House, flow: str) -> list[Mapping[str, Any]]:
    """Return what is wrong with all failed states of a dataflow, wrong values and keys among it; for the restricted side."""
    kept = (read_json(path) or {} for path in sorted(house.store.assembled(flow).glob("*/assembled.json")))
    return [fault for facts in kept for fault in facts.get("faults", ())]


def _not_valid(flow: str, folder: Path, faults: Sequence[Mapping[str, Any]]) -> ReleaseError:
    named = [Finding(f["code"], f["component"], f["count"], f["mend"]) for f in faults]
    return ReleaseError(
        "NOT_VALID",
        "; ".join(map(str, named)),
        flow,
        f"{named[0].mend}{VALUES_IN}{folder}/assembled.json"
        if any(f["values"] for f in faults)
        else named[0].mend,
    )
