"""The state of each candidate and release by its name: the whole way from waiting to out of sight.

    waiting ─▶ signed_once ─▶ approved ─▶ embargoed ─▶ published ─▶ superseded | recalled | withdrawn
       └───────────┴─▶ rejected | obsolete

Nothing here is written down: a state follows from what was said about the candidate, from the releases, and from what was
taken back. What belongs here: telling it. What does not: going from one state to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from citizenstats import clock
from citizenstats.house import House
from citizenstats.release.candidate import Candidate, candidates
from citizenstats.release.decision import Signature, Verdict
from citizenstats.release.manifest import Release, releases
from citizenstats.release.publish import public_from, unpublished
from citizenstats.release.retraction import TakenBack, taken_back

Name = Literal[
    "waiting", "signed_once", "rejected", "obsolete", "embargoed",
    "published", "superseded", "recalled", "withdrawn",
]  # fmt: skip


@dataclass(frozen=True)
class State:
    """Where one candidate stands, or the release that it became.

    Attributes:
        name: of the state.
        of: the release, or the candidate that became none.
        candidate: name of the candidate.
        release: name of the release; None when it became none.
        public_from: when it became or becomes public; None while no time is known, or never.
        verdict: what was decided; None while it waits.
        by: who decided; None where no person did.
        note: why, or what was looked at.
        decided: when; None while it waits.
        signatures: who signed, the first one first.
        taken_back: who took the release back, and why; None for all that stands or never came out.
    """

    name: Name
    of: Release | Candidate
    candidate: str
    release: str | None
    public_from: datetime | None
    verdict: Verdict | None
    by: str | None
    note: str
    decided: datetime | None
    signatures: tuple[Signature, ...]
    taken_back: TakenBack | None = None


def states(house: House, flow: str) -> list[State]:
    """Return the states of ``AGENCY:ID``, those of releases first, each in the order in which they were made."""
    out, found = releases(house.store, flow), candidates(house, flow)
    became = {release.candidate for release in out}
    # Two versions of a dataflow stand side by side: the newest of each is what there is.
    newest = {release.dataflow: release for release in out if release.tombstone is None}
    due = [candidate.id for candidate in unpublished(house, flow, found)]
    published_up_to = max((int(release.candidate[1:]) for release in out), default=0)
    gone = taken_back(house.store, flow)
    told = [
        _released(
            release,
            _name(release, newest.get(release.dataflow)),
            gone.get((release.dataflow.version, release.id)),
        )
        for release in out
    ]
    return told + [
        _never_out(house, candidate, due, published_up_to)
        for candidate in found
        if candidate.id not in became
    ]


def _name(release: Release, newest: Release | None) -> Name:
    if release.tombstone is not None:
        return "recalled" if release.tombstone["kind"] == "recall" else "withdrawn"
    return "published" if newest is not None and release.folder == newest.folder else "superseded"


def _released(release: Release, name: Name, gone: TakenBack | None) -> State:
    return State(
        name,
        release,
        release.candidate,
        release.id,
        clock.parse(release.facts["published"]),
        "approved",
        release.facts["sign_off"]["by"],
        release.facts["sign_off"]["note"],
        clock.parse(release.facts["sign_off"]["time"]),
        release.signatures,
        gone,
    )


def _never_out(house: House, candidate: Candidate, due: list[str], published_up_to: int) -> State:
    decision = candidate.decision
    name: Name
    time = None
    if decision is None:
        name = "signed_once" if candidate.signatures else "waiting"
    elif decision.decision != "approved":
        name = decision.decision
    elif candidate.id in due:
        name, time = "embargoed", public_from(house, candidate)
    elif candidate.number < published_up_to:
        name = "superseded"
    else:  # signed off, and then a release was taken back: it never comes out
        name = "obsolete"
    return State(
        name,
        candidate,
        candidate.id,
        None,
        time,
        decision.decision if decision else None,
        decision.by if decision else None,
        decision.note if decision else "",
        decision.time if decision else None,
        candidate.signatures,
    )
