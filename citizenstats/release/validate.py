"""Every message of a candidate is valid before anybody can sign it, and what is strange in it is told.

Messages in SDMX-ML and SDMX-JSON are asked by the official schemas, structure-specific data also by that of its structure. The
observations are judged as a receiver reads them, from the SDMX-CSV: codes, constraints, the series of the SDG structure,
periods, keys, confidentiality, sums. Then they are compared with the last release and with official figures. What is
invalid is a mistake of ours or of the mappings, and stops the candidate; what is strange is for a person to look at, and stops
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, quoted, session
from citizenstats.errors import MessageError, ReleaseError
from citizenstats.house import House
from citizenstats.quality.figures import figures_of
from citizenstats.release.manifest import Release
from citizenstats.release.messages import DELTA
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.sdmx.schema_check import json_findings, xml_findings
from citizenstats.store import Store, as_json
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.message import judged_content
from citizenstats.validation.plausible import change_findings, official_findings

FULL = "data.csv"
"""The message whose observations are judged; each other one was written from the same."""

_DELTA = DELTA["csv-2.1"]

SHOWN_KEYS = 10
"""Keys of one finding that are kept for the review page."""

_FAULTS = "not_valid.json"
"""Beside the candidates of a dataflow: what was wrong in the last one that was stopped, with values."""

_MESSAGES = (".xml", ".json", ".csv")

_STOPS = frozenset({"SUPPRESSION_TOLD_APART"})
"""What is only strange in a message of others, and must not leave in ours."""


@dataclass(frozen=True)
class Validated:
    """What was looked at, and what is strange.

    Attributes:
        messages: how many messages are valid.
        warnings: what a person should look at; the values are keys of publishable observations.
    """

    messages: int
    warnings: tuple[Finding, ...]

    def as_facts(self) -> dict[str, Any]:
        """Return what candidates and manifests say of it: counts by rule, no key."""
        counts: dict[str, int] = {}
        for found in self.warnings:
            counts[found.code] = counts.get(found.code, 0) + found.count
        return {"messages": self.messages, "warnings": counts}

    def keys(self) -> list[dict[str, Any]]:
        """Return what the review page shows: each finding with some of its keys."""
        return [
            {
                "code": f.code,
                "component": f.component,
                "count": f.count,
                "keys": list(f.values[:SHOWN_KEYS]),
            }
            for f in self.warnings
        ]


def validate(
    house: House, structures: Structures, folder: Path, facts: Mapping[str, Any], parent: Release | None
) -> Validated:
    """Validate every message in the folder of a candidate.

    Args:
        house: where and what.
        structures: those that the messages are said in.
        folder: with all files of the release that it may become.
        facts: what its manifest says of the dataflow, the files and the counts.
        parent: the release that it follows.

    Raises:
        ReleaseError: ``MESSAGE_NOT_VALID``. It names file, rule, component and count; the values stand in ``not_valid.json``
            beside the candidates.
    """
    flow = Reference.parse(facts["dataflow"])
    names = [file["name"] for file in facts["files"] if file["name"].endswith(_MESSAGES)]
    errors: dict[str, list[Any]] = {}
    warnings: list[Finding] = []
    for name in names:
        found = _found(structures, folder / name, facts)
        errors[name] = [one for one in found if one.severity == "error" or one.code in _STOPS]
        if name == FULL:
            warnings += [one for one in found if isinstance(one, Finding) and one.severity == "warning"]
    wrong = {name: found for name, found in errors.items() if found}
    if wrong:
        raise _not_valid(house, flow, wrong)
    house.store.discard(*faults_of(house.store, f"{flow.agency}:{flow.id}"))
    return Validated(len(names), (*warnings, *_strange(house, structures, flow, folder, parent)))


def faults_of(store: Store, flow: str) -> tuple[Path, ...]:
    """Return the file with what was wrong in a candidate of ``AGENCY:ID`` that was stopped, where there is one."""
    return tuple(store.candidates(flow).glob(_FAULTS))


def _found(structures: Structures, file: Path, facts: Mapping[str, Any]) -> Sequence[Any]:
    if file.suffix == ".xml":
        return xml_findings(file, structures)
    if file.suffix == ".json":
        return json_findings(file)
    if file.name == FULL and not facts["counts"]["observations"]:
        return []  # a header alone: everything was withdrawn
    try:
        content = judged_content(file, structures)
    except MessageError as error:
        return [Finding(error.code, error.where or "the message", 1, error.mend)]
    # A delta deletes each key that went and replaces each observation that came or changed.
    expected = {FULL: facts["counts"]["observations"], _DELTA: sum(facts["changes"].values())}
    lost = expected.get(file.name, content.facts.rows) - content.facts.rows
    if lost:
        return [
            *content.findings,
            Finding("ROWS_LOST", "the message", abs(lost), "tell who keeps this program"),
        ]
    return content.findings


def _strange(
    house: House, structures: Structures, flow: Reference, folder: Path, parent: Release | None
) -> Iterator[Finding]:
    """Yield what is far from the last release, and from official figures where the dataflow's file names some."""
    structure = structures.structure_of(flow)
    name, file = f"{flow.agency}:{flow.id}", folder / "observations.parquet"
    official = figures_of(house, name, file, None).official
    if parent is None and official is None:
        return
    readable = [folder, *([parent.folder] if parent else []), *([official.parent] if official else [])]
    with session(readable, scratch=house.store.scratch) as engine:
        present = _frame(file)
        if parent is not None:
            yield from change_findings(engine, present, _frame(parent.observations), structure)
        if official is not None:
            yield from _far(engine, present, official, structure)


def _far(engine: Engine, present: Frame, official: Path, structure: DataStructure) -> Iterator[Finding]:
    beside = Frame(f"SELECT * FROM read_csv({quoted(str(official))}, all_varchar = true, header = true)")
    given = {column for column, _ in engine.columns(beside.source)}
    shared = [dimension for dimension in structure.key if dimension in given]
    if shared:
        yield from official_findings(engine, present, beside, structure, key=shared)


def _frame(parquet: Path) -> Frame:
    return Frame(f"SELECT * FROM read_parquet({quoted(str(parquet))})")


def _not_valid(house: House, flow: Reference, wrong: Mapping[str, Sequence[Any]]) -> ReleaseError:
    """Return the error; what it must not say is kept for whoever mends it."""
    name = f"{flow.agency}:{flow.id}"
    place = house.store.candidates(name) / _FAULTS
    house.store.commit_file(
        place, as_json({file: [asdict(one) for one in found] for file, found in wrong.items()})
    )
    told = "; ".join(f"{file}: {', '.join(_counted(found))}" for file, found in sorted(wrong.items()))
    return ReleaseError(
        "MESSAGE_NOT_VALID",
        told,
        name,
        f"the values are in {place.relative_to(house.store.home)}; tell who keeps this program",
    )


def _counted(found: Sequence[Any]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for one in found:
        told = f"{one.code} in {one.component}" if one.component else one.code
        counts[told] = counts.get(told, 0) + one.count
    return (f"{told} ({count})" for told, count in counts.items())
