"""Looking again, from outside, at what the steps have committed.

Each function reads what lies in the store now and says what it finds; empty means that all is well. Nothing
depends on it: a refused row cannot be read and an unapproved candidate cannot be published, whoever looks or not. It is
for people who want to see that this is so. No value leaves; a fault is a code, a component and a count.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.engine import name, quoted, session
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.protect.unsafe import unsafe_sql
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import COUNTS, outcome_of
from citizenstats.release.kept import readable_structures
from citizenstats.release.manifest import REDACTED, newest
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.sdmx.validate import validate_message
from citizenstats.store import read_json, sha256_of
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.judge import observation_findings

LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; of larger messages only the digest is looked at. `citizenstats validate` takes any."""

_MESSAGES = (".xml", ".json", ".csv")


def delivery_faults(house: House, dataset: str) -> list[Finding]:
    """Return the deliveries of ``partner/dataset`` whose rows do not add up, or do not lie where they should.

    A delivery is named by its number and digest.
    """
    faults = []
    for delivery in deliveries(house.store, dataset):
        outcome = outcome_of(house, delivery)
        if outcome is None:
            continue
        counts = outcome.counts
        lost = counts["read"] - sum(counts[kind] for kind in COUNTS if kind != "read")
        if lost:
            faults.append(Finding("ROWS_LOST", delivery.id, abs(lost), "tell who keeps this program"))
        folder = delivery.outcome_folder(house.store, house.mappings.dataset(dataset))
        if outcome.status in ("accepted", "partially_accepted"):
            strayed = _rows(folder / "records.parquet") - counts["accepted"]
            if strayed:
                faults.append(
                    Finding("RECORDS_STRAYED", delivery.id, abs(strayed), "tell who keeps this program")
                )
    return faults


def refusals(house: House, dataset: str) -> list[Finding]:
    """Return what was refused of the newest delivery of ``partner/dataset`` that was read, by fault and column."""
    read = [o for d in deliveries(house.store, dataset) if (o := outcome_of(house, d)) is not None]
    if not read or not (read[-1].counts["refused"] or read[-1].status == "refused"):
        return []
    told = [finding for finding in read[-1].findings if finding.code not in ("NO_CONSENT", "IGNORED")]
    return [
        Finding(f.code, f.column or "the file", f.count or 1, f.detail or "see the receipt") for f in told
    ]


def overdue(house: House, dataset: str) -> list[Finding]:
    """Return whether the next delivery of ``partner/dataset`` is later than its contract allows, with the days that it is late.

    A delivery that was refused whole is none that came. What never came is not late.
    """
    agreed = house.mappings.dataset(dataset).contract
    if agreed.delivery.expected_every_days is None:
        return []
    taken = [
        delivery
        for delivery in deliveries(house.store, dataset)
        if (o := outcome_of(house, delivery)) is not None and o.status in ("accepted", "partially_accepted")
    ]
    if not taken:
        return []
    waited = (clock.now() - clock.parse(taken[-1].arrived)).days
    late = waited - agreed.delivery.expected_every_days - agreed.delivery.grace_days
    if late <= 0:
        return []
    return [
        Finding(
            "OVERDUE",
            f"days late, {waited} after {taken[-1].id}",
            late,
            "ask the contact of the contract for it",
        )
    ]


def _rows(parquet: Path) -> int:
    if not parquet.exists():
        return 0
    with session([parquet.parent]) as engine:
        return int(engine.value(f"SELECT count(*) FROM read_parquet({quoted(str(parquet))})"))


def assembled_faults(house: House, flow: str) -> list[Finding]:
    """Return what is wrong with the assembled observations of ``AGENCY:ID`` by its present structure and constraint.

    Besides a mistake of the assembling step this finds what a structure that changed since has made wrong.
    """
    current = house.store.state(house.store.assembled(flow))
    if current is None:
        return [Finding("NOT_ASSEMBLED", "the dataflow", 1, f"let assembled/{flow.replace(':', '/')} run")]
    structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    source = f"SELECT * FROM read_parquet({quoted(str(current['folder'] / 'observations.parquet'))})"
    with session([current["folder"]], scratch=house.store.scratch) as engine:
        return observation_findings(
            engine, Frame(source), structure, structures, house.mappings.dataflow(flow).constraint
        )


def protection_faults(house: House, family: str) -> list[Finding]:
    """Return the publishable cells of a family that have a value and rest on fewer units than their contract allows."""
    current = house.store.state(house.store.protected(family))
    if current is None:
        return [Finding("NOT_PROTECTED", "the family", 1, f"let protected/{family} run")]
    made_of = (read_json(current["folder"] / "protected.json") or {})["assembled"]
    faults = []
    for flow, state in made_of.items():
        structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
        count = _below(
            current["folder"] / f"{file_stem(flow)}.parquet",
            house.store.assembled(flow) / state / "observations.parquet",
            structure,
        )
        if count:
            faults.append(
                Finding("BELOW_MINIMUM", flow, count, "do not publish it; tell who keeps this program")
            )
    return faults


def _below(publishable: Path, assembled: Path, structure: DataStructure) -> int:
    measures = [m.id for m in structure.measures]
    valued = " OR ".join(f"p.{name(m)} IS NOT NULL" for m in measures) or "false"
    key = " AND ".join(f"p.{name(k)} = a.{name(k)}" for k in structure.key)
    with session([publishable.parent, assembled.parent]) as engine:
        return int(
            engine.value(
                f"SELECT count(*) FROM read_parquet({quoted(str(publishable))}) AS p "
                f"JOIN (SELECT * FROM read_parquet({quoted(str(assembled))}) WHERE {unsafe_sql(measures)}) AS a "
                f"ON {key} WHERE {valued}"
            )
        )


def release_faults(house: House, flow: str) -> list[Finding]:
    """Return what is wrong with the newest release of ``AGENCY:ID``: files that are gone, changed or not valid."""
    release = newest(house.store, flow)
    if release is None:
        return []
    # What was validated before it left and is the same byte for byte is valid still.
    was_validated = "validation" in release.facts
    structures = None if was_validated else readable_structures(release)
    redacted = (read_json(release.folder / REDACTED) or {"files": []})["files"]
    told = [file for file in release.facts["files"] if file["name"] not in redacted]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(
            lambda file: _file_fault(release.folder, file, structures, validated=was_validated), told
        )
    return [fault for fault in found if fault]


def _file_fault(
    folder: Path, told: Mapping[str, Any], structures: Structures | None, *, validated: bool
) -> Finding | None:
    path = folder / told["name"]
    if not path.exists():
        return Finding("FILE_GONE", told["name"], 1, "restore the release from backup")
    if sha256_of(path) != told["sha256"]:
        return Finding("FILE_CHANGED", told["name"], 1, "restore the release from backup")
    if not validated and path.suffix in _MESSAGES and told["size"] <= LARGEST_MESSAGE:
        found = [f for f in validate_message(path, structures) if f.severity == "error"]
        if found:
            mend = f"`citizenstats validate {path.name}` says why"
            return Finding("NOT_VALID", told["name"], len(found), mend)
    return None
