"""Taking releases back: what was said goes, that it was said stays.

A retraction is first written to the restricted ledger, whole and once, with who, when and why. `complete` then does what
it asks for; each of its steps can be done again, so whoever comes next after a crash finishes it:

1. a tombstone in each release hides it from every reader of this package;
2. receivers get what takes them from the release that was newest to the one that is newest now;
3. the data files leave ``published/``, with what later releases say of the former values;
4. every candidate so far loses its files, and none of them ever comes out;
5. ``latest.json`` and the catalog follow.

What belongs here: the ledger and these steps. What does not: who may ask for it, and what is concerned (`recall`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from citizenstats import clock
from citizenstats.engine import name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.house import House
from citizenstats.release import catalog
from citizenstats.release.candidate import candidates, decide
from citizenstats.release.compare import Comparison, counted_changes
from citizenstats.release.delta import PAGE, delta_messages
from citizenstats.release.kept import readable_structures
from citizenstats.release.manifest import (
    REDACTED,
    TOMBSTONE,
    Release,
    newest,
    point_at_newest,
    releases,
)
from citizenstats.release.messages import CHANGES, DELTA, message_of, sender_of
from citizenstats.review.page import NAME as REVIEW
from citizenstats.sdmx.write import chunks
from citizenstats.store import Store, as_json, read_json

Kind = Literal["recall", "withdrawal"]

RETRACTED = "retracted"
"""Folder inside a release that was taken back: the messages that take it back, and the keys concerned."""

TOMBSTONE_SCHEMA = "urn:citizenstats:schema:tombstone:1.0.0"


@dataclass(frozen=True)
class TakenBack:
    """Who took a release back, why and when; restricted, because the reason may say what should not have been shown."""

    by: str
    reason: str
    time: datetime

    def as_facts(self) -> dict[str, str]:
        """Return it as plain values."""
        return {"by": self.by, "reason": self.reason, "time": clock.stamp(self.time)}


def retract(
    house: House, flow: str, version: str, taken: list[str], kind: Kind, person: str, reason: str,
    cause: str | None = None,
) -> None:  # fmt: skip
    """Write a retraction of releases of one version of a dataflow to the ledger, and do what it asks for.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        version: of the dataflow.
        taken: ids of the releases.
        kind: why releases leave.
        person: who asks for it.
        reason: why; it stays in the restricted store, because it may say what should not have been shown.
        cause: the withdrawal that it follows from; nothing is written when it has been told of this version before.
    """
    told = [read_json(path) or {} for path in _entries(house.store)]
    if cause and any((t["cause"], t["flow"], t["version"]) == (cause, flow, version) for t in told):
        return
    before = newest(house.store, flow, version)
    content = {
        "kind": kind,
        "cause": cause,
        "flow": flow,
        "version": version,
        "releases": sorted(taken),
        "newest": before.id if before else None,
        "candidates_up_to": max((c.number for c in candidates(house, flow)), default=0),
        "by": person,
        "reason": reason,
        "time": clock.stamp(clock.now()),
    }
    number = len(_entries(house.store)) + 1
    while not house.store.commit_once(house.store.retractions / f"{number:06}.json", as_json(content)):
        number += 1
    complete(house)


def complete(house: House) -> None:
    """Finish all retractions that a crash left half done; nothing is written when there are none."""
    for path in _entries(house.store):
        done = path.with_suffix(".done")
        if not done.exists():
            _complete(house, read_json(path) or {})
            house.store.claim(done)


def voided_up_to(store: Store, flow: str) -> int:
    """Return the number of the newest candidate of ``AGENCY:ID`` that a retraction keeps from ever coming out."""
    told = (read_json(path) or {} for path in _entries(store))
    return max((entry["candidates_up_to"] for entry in told if entry["flow"] == flow), default=0)


def caused_by(store: Store, cause: str) -> tuple[str, ...]:
    """Return ``AGENCY:ID(VERSION) R0001`` of each release that a withdrawal took back."""
    told = (read_json(path) or {} for path in _entries(store))
    return tuple(
        f"{t['flow']}({t['version']}) {release}"
        for t in told
        if t["cause"] == cause
        for release in t["releases"]
    )


def taken_back(store: Store, flow: str) -> dict[tuple[str, str], TakenBack]:
    """Return who took releases of ``AGENCY:ID`` back, by version and name of the release."""
    found: dict[tuple[str, str], TakenBack] = {}
    for entry in (read_json(path) or {} for path in _entries(store)):
        if entry["flow"] == flow:
            said = TakenBack(entry["by"], entry["reason"], clock.parse(entry["time"]))
            for release in entry["releases"]:
                found.setdefault((entry["version"], release), said)
    return found


def needs_person(store: Store, flow: str) -> bool:
    """Return whether the newest release of ``AGENCY:ID`` was recalled: what comes next is looked at by a person."""
    found = releases(store, flow)
    return bool(found) and (found[-1].tombstone or {}).get("kind") == "recall"


def _entries(store: Store) -> list[Path]:
    return sorted(store.retractions.glob("[0-9]*.json"))


def _complete(house: House, entry: Mapping[str, Any]) -> None:
    flow, store = entry["flow"], house.store
    ours = [r for r in releases(store, flow) if r.dataflow.version == entry["version"]]
    taken = [r for r in ours if r.id in entry["releases"]]
    for release in taken:
        store.commit_once(release.folder / TOMBSTONE, as_json(_tombstone(release, entry)))
    for release in taken:
        if release.id == entry["newest"]:
            _tell_receivers(house, release, newest(store, flow, entry["version"]), entry)
    for release in taken:
        store.discard(*(release.folder / file["name"] for file in release.facts["files"]))
    for release in ours:
        if release not in taken and taken and release.number > taken[0].number:
            _redact(store, release, release.facts["parent"] in entry["releases"])
    _void(house, entry)
    point_at_newest(store, flow)
    catalog.refresh(store)


def _tombstone(release: Release, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": TOMBSTONE_SCHEMA,
        "dataflow": str(release.dataflow),
        "release": release.id,
        "kind": entry["kind"],
        "time": entry["time"],
    }


def _tell_receivers(house: House, gone: Release, left: Release | None, entry: Mapping[str, Any]) -> None:
    """Write what takes a receiver from a release that is taken back to the one that is newest now, or to nothing."""
    target = gone.folder / RETRACTED
    # What must leave does not wait for structures that cannot be read.
    structures = readable_structures(gone)
    if target.exists() or structures is None:
        return
    structure = structures.structure_of(gone.dataflow)
    try:
        with house.store.commit_folder(target) as work:
            readable = [work, gone.folder, *([left.folder] if left else [])]
            with session(readable, scratch=house.store.scratch) as engine:
                nothing, listed = work / "nothing.parquet", work / CHANGES
                former = f"read_parquet({quoted(str(gone.observations))})"
                engine.write_parquet(f"SELECT * FROM {former} WHERE false", nothing)
                present = left.observations if left else nothing
                engine.write_parquet(Comparison(structure, present, gone.observations).table(engine), listed)
                counts = counted_changes(engine, f"SELECT change FROM read_parquet({quoted(str(listed))})")
                facts = {
                    **gone.facts,
                    "message_id": f"{gone.facts['message_id']}-RETRACTED",
                    "prepared": entry["time"],
                }
                full = message_of(structures, sender_of(house), present, facts)
                messages = delta_messages(listed, full, counts)
                for form, file_name in DELTA.items() if messages else ():
                    with (work / file_name).open("wb") as file:
                        file.writelines(chunks(engine, messages, form))
                key = ", ".join(map(name, structure.key))
                # The keys alone: the values before are what is taken back.
                engine.write_parquet(
                    f"SELECT {key}, change FROM read_parquet({quoted(str(listed))}) ORDER BY {key}",
                    work / "keys.parquet",
                )
            nothing.unlink()
            listed.unlink()
    except CitizenstatsError as error:
        if error.code != "ALREADY_THERE":
            raise


def _redact(store: Store, later: Release, is_child: bool) -> None:
    """Let what a later release says of former values leave it; its own observations and messages stay."""
    names = {later.history.name} | ({CHANGES, PAGE} if is_child else set())
    said = read_json(later.folder / REDACTED) or {"files": []}
    store.commit_file(later.folder / REDACTED, as_json({"files": sorted(names | set(said["files"]))}))
    store.discard(*(later.folder / file for file in sorted(names)))


def _void(house: House, entry: Mapping[str, Any]) -> None:
    """Let the files of every candidate so far leave, but what a release that stands was linked from and shows itself."""
    standing = {r.candidate: r.folder for r in releases(house.store, entry["flow"]) if r.tombstone is None}
    for candidate in candidates(house, entry["flow"]):
        if candidate.number > entry["candidates_up_to"]:
            continue
        if candidate.is_waiting:
            decide(house, candidate, "obsolete", None, "a release was taken back since")
        kept = standing.get(candidate.id)
        shown = {path.name for path in kept.iterdir()} if kept else set()
        house.store.discard(
            *(
                path
                for path in sorted(candidate.folder.iterdir())
                if path.suffix != ".json" and (path.name not in shown or path.name == REVIEW)
            )
        )
