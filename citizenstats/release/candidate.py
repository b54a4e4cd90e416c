"""Candidates: states of a dataflow that wait for sign-off, and what was decided about them.

A candidate holds all files of the release that it may become, so that a person signs exactly what is published.
It lies in the restricted store as ``C0001``, ``C0002``, …; its number is claimed by an exclusive rename and its files
never change. What is said about it afterwards lies beside them (`decision`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats import clock
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.house import House
from citizenstats.mapping.model import MapMessage
from citizenstats.mapping.recoded import recoding_maps
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.audit.family import WORDS, keep_words
from citizenstats.protect.audit.report import NAME as AUDIT
from citizenstats.release.compare import Changes, Comparison, counted_changes
from citizenstats.release.decision import Decision, Signature, Verdict, decision_of, record, signatures_of
from citizenstats.release.kept import with_published
from citizenstats.release.manifest import Counts, Release, newest_loaded
from citizenstats.release.messages import CHANGES, left_out, write_messages
from citizenstats.release.publishable import Publishable
from citizenstats.release.validate import validate
from citizenstats.review.page import NAME as REVIEW
from citizenstats.review.page import Rejection, review_page
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.store import as_json, digest, read_json, sha256_of


@dataclass(frozen=True)
class Candidate:
    """A state of a dataflow with all its messages.

    Attributes:
        flow: ``AGENCY:ID``.
        folder: where it lies.
        facts: what ``candidate.json`` says.
        decision: what was decided; None while it waits.
        signatures: who signed it so far, the first one first.
    """

    flow: str
    folder: Path
    facts: Mapping[str, Any]
    decision: Decision | None
    signatures: tuple[Signature, ...] = ()

    @property
    def id(self) -> str:
        """Its name, ``C0001`` and up."""
        return self.folder.name

    @property
    def number(self) -> int:
        """The number in its name."""
        return int(self.id[1:])

    @property
    def is_waiting(self) -> bool:
        """Whether nothing has been decided yet."""
        return self.decision is None

    @property
    def is_approved(self) -> bool:
        """Whether it was let out, at once or at its time."""
        return self.decision is not None and self.decision.decision == "approved"

    @property
    def is_rejected(self) -> bool:
        """Whether a person said that it must not come out."""
        return self.decision is not None and self.decision.decision == "rejected"

    @property
    def dataflow(self) -> Reference:
        """The dataflow with its version."""
        return Reference.parse(self.facts["dataflow"])

    @property
    def counts(self) -> Counts:
        """Its observations."""
        return Counts(**self.facts["counts"])

    @property
    def changes(self) -> Changes:
        """What it changes against its parent release."""
        return Changes(**self.facts["changes"])

    @property
    def review(self) -> Path | None:
        """The page for the reviewer; None for a candidate from before there was one."""
        return path if (path := self.folder / REVIEW).exists() else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that would be published."""
        return tuple(self.folder / file["name"] for file in self.facts["files"])


def candidates(house: House, flow: str) -> list[Candidate]:
    """Return all candidates of ``AGENCY:ID``, the newest last."""
    found = []
    for path in house.store.candidates(flow).glob("C*/candidate.json"):
        facts, folder = read_json(path), path.parent
        if facts is not None:
            decided = decision_of(folder)
            signed = decided.signatures if decided else signatures_of(folder)
            found.append(Candidate(flow, folder, facts, decided, signed))
    return sorted(found, key=lambda candidate: candidate.number)


def decide(house: House, candidate: Candidate, verdict: Verdict, by: str | None, note: str) -> bool:
    """Record what is decided about a candidate; return False when something was decided before."""
    return record(house.store, candidate.folder, verdict, by, note, candidate.signatures)


def make_candidate(
    house: House,
    flow: str,
    present: Publishable,
    parent: Release | None,
    before: Sequence[Candidate],
    quality: Mapping[str, Any],
) -> bool:
    """Write the candidate that comes next; return False when another run took its number.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        present: what may be published now.
        parent: the newest release, which it is compared with.
        before: all candidates so far, the newest last.
        quality: what is said now of the quality of what may be published.
    """
    behind = {
        "dataflow": str(house.mappings.reference(flow)),
        "protected": present.state,
        "structures": present.structures,
        "arrived": clock.stamp(present.arrived) if present.arrived else None,
        "deliveries": present.deliveries,
        "contracts": present.contracts,
        "authors": present.authors,
        "code_version": citizenstats.__version__,
        "quality": quality,
        "samples": present.samples,
    }
    if recoded := house.mappings.dataflow(flow).recoded:
        behind["recoded"] = recoded
    number = before[-1].number + 1 if before else 1
    try:
        with house.store.commit_folder(house.store.candidates(flow) / f"C{number:04}") as work:
            facts = fill(house, house.mappings.structures, work, present.file, parent, behind)
            found = audited(house, flow, present.state, work)
            found.require(flow)
            (work / AUDIT).write_bytes(as_json(found.as_facts()))
            keep_words(house, flow, present.state, work / WORDS)
            (work / REVIEW).write_bytes(
                review_page(house, f"C{number:04}", work, facts, parent, _rejections(before, parent))
            )
            (work / "candidate.json").write_bytes(as_json(facts))
    except CitizenstatsError as error:
        if error.code != "ALREADY_THERE":
            raise
        return False
    return True


def _rejections(before: Sequence[Candidate], parent: Release | None) -> list[Rejection]:
    """Return what was rejected since the last release."""
    since = int(parent.candidate[1:]) if parent else 0
    return [
        Rejection(c.id, c.decision.by or "", c.decision.time, c.decision.note)
        for c in before
        if c.number > since and c.is_rejected and c.decision
    ]


def fill(
    house: House, structures: Structures, work: Path, source: Path, parent: Release | None, behind: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """Write observations, history, changes and all messages into a folder, validate them, and return the facts about them.

    Args:
        house: where and what.
        structures: those that the observations are said in.
        work: the empty folder.
        source: Parquet file with the observations to publish.
        parent: the release that this one follows.
        behind: what the observations came from, as `make_candidate` says it.

    Raises:
        ReleaseError: ``MESSAGE_NOT_VALID``.
    """
    flow = Reference.parse(behind["dataflow"])
    structure = structures.structure_of(flow)
    last = newest_loaded(house.store, f"{flow.agency}:{flow.id}", flow.version)
    prepared, loaded = _times(behind["arrived"], parent, last)
    comparison = (
        # Former versions that an earlier release had are gone where one of them was taken back.
        Comparison(
            structure, source, parent.observations, parent.history if parent.history.exists() else None
        )
        if parent
        else Comparison(structure, source)
    )
    readable = [work, source.parent, *([parent.folder] if parent else [])]
    observations, listed = work / "observations.parquet", work / CHANGES
    with session(readable, scratch=house.store.scratch) as engine:
        engine.write_parquet(comparison.table(engine), listed)
        changes = counted_changes(engine, f"SELECT change FROM read_parquet({quoted(str(listed))})")
        engine.write_parquet(comparison.present_with_load_times(engine, listed, loaded), observations)
        engine.write_parquet(
            comparison.history_with_load_times(engine, listed, loaded), work / "history.parquet"
        )
        counts = count(engine, observations, structure)
        before = parent.facts["message_id"] if parent else None
        facts = {
            **behind,
            "parent": parent.id if parent else None,
            "prepared": clock.stamp(prepared),
            "loaded": clock.stamp(loaded),
            # Of what is published alone: whoever has all but the withheld figures could try his guesses at what lies behind.
            "message_id": f"{flow.id}-{digest(str(flow), sha256_of(observations), behind['structures'], before)}",
            "counts": asdict(counts),
            "changes": asdict(changes),
        }
        facts["files"] = write_messages(
            engine, house, structures, work, facts, _recoding(house, structures, flow, behind)
        )
    facts["left_out"] = left_out(house, structures, work, facts)
    validated = validate(house, structures, work, facts, parent)
    return {**facts, "validation": validated.as_facts(), "findings": validated.keys()}


def _recoding(house: House, structures: Structures, flow: Reference, behind: Mapping[str, Any]) -> MapMessage:
    """Return the maps from the codes of former versions that were published."""
    if "recoded" not in behind:
        return MapMessage()
    return recoding_maps(with_published(structures, house.store), flow, behind["recoded"]).maps


def _times(arrived: str | None, parent: Release | None, last: Release | None) -> tuple[datetime, datetime]:
    """Return when a state was prepared, and the time from which its changes are valid.

    Prepared is the latest arrival. Load times only go forward, so that a state that changed without a new delivery
    (a contract was mended) or within the same second can still be told from the one before.
    """
    former = last or parent
    if former is None:
        time = clock.parse(arrived or "1970-01-01T00:00:00Z")
        return time, time
    prepared = clock.parse(arrived) if arrived else former.prepared
    return prepared, max(prepared, former.loaded + timedelta(seconds=1))


def count(engine: Engine, observations: Path, structure: DataStructure) -> Counts:
    """Return how many observations a Parquet file of publishable observations has, and of which kind."""
    suppressed = flagged = "false"
    if "OBS_STATUS" in structure.by_id:
        empty = " AND ".join(f"{name(m.id)} IS NULL" for m in structure.measures) or "true"
        suppressed = f"\"OBS_STATUS\" = 'Q' AND {empty}"
        flagged = f"\"OBS_STATUS\" <> 'A' AND NOT ({suppressed})"
    counted = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {suppressed}), count(*) FILTER (WHERE {flagged}) "
        f"FROM read_parquet({quoted(str(observations))})"
    )
    return Counts(*map(int, counted[0]))
