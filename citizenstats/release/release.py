"""Protected observations become a candidate, or nothing when nothing changed.

They are compared with the head of the dataflow: the signed-off candidate that still waits for its time, else the
newest release. The same observations with the same structures make nothing new, whatever was delivered. Other ones
make a candidate, unless they were rejected before, and what waited before becomes obsolete. Where no review is required it is
approved at once. The same observations wait as a candidate where a person found since that consent is not met.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from citizenstats.engine import session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.quality.judge import gates_closed_now, may_be_published, quality_of
from citizenstats.release.candidate import Candidate, candidates, decide, make_candidate
from citizenstats.release.compare import Changes, Comparison
from citizenstats.release.consent import check_consent, holds
from citizenstats.release.erase import complete
from citizenstats.release.line import begins_line, check_line
from citizenstats.release.manifest import Counts, Release, newest
from citizenstats.release.publish import publish_due, unpublished
from citizenstats.release.publishable import Publishable, publishable
from citizenstats.release.rejection import has_same_basis, rejected_before
from citizenstats.release.retraction import needs_person

Status = Literal["unchanged", "waiting", "signed_once", "rejected", "embargoed", "published"]


@dataclass(frozen=True)
class Released:
    """Where a dataflow stands.

    Attributes:
        flow: ``AGENCY:ID``.
        status: unchanged: nothing new; waiting: a candidate waits for sign-off; signed_once: for another signature;
            rejected: what may be published now is not let out; embargoed: signed off, waits for its time; published: there is
            a new release.
        candidate: the candidate that is told of; None when there is none.
        release: the newest release; None when there is none.
        signed_by: who signed the candidate that is told of, or rejected it; nobody where no review is required.
        observations: observations of the candidate that is told of, else of the newest release.
        suppressed: those whose value is withheld.
        flagged: those with another status than normal.
        added: new observations against the release before; 0 when unchanged.
        changed: observations with another value or attribute.
        withdrawn: observations that are gone.
        folder: where the files lie; None when there are none.
        files: the messages.
    """

    flow: str
    status: Status
    candidate: str | None
    release: str | None
    signed_by: tuple[str, ...]
    observations: int
    suppressed: int
    flagged: int
    added: int
    changed: int
    withdrawn: int
    folder: Path | None
    files: tuple[Path, ...]


def release(house: House, flow: str) -> Released:
    """Compare what may be published with the last release and make what follows from it.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.

    Raises:
        ReleaseError: the dataflow's family has not been protected, its structures changed without a new version
            (``VERSION_NOT_RAISED``), or consent was taken back since.
    """
    complete(house)
    present = publishable(house, flow)
    check_consent(house, flow, present.deliveries)
    before = newest(house.store, flow)
    publish_due(house, flow)
    check_line(house, flow)
    look = _Look(house, flow)
    while not look.is_up_to_date():
        pass
    # What was declared to stay and could not is for a person to know before everybody misses it.
    looked_at = needs_person(house.store, flow) or begins_line(house, flow) or present.given_up > 0
    if house.mappings.dataflow(flow).review == "none" and not looked_at:
        for candidate in [c for c in candidates(house, flow) if c.is_waiting and may_be_published(c.facts)]:
            decide(house, candidate, "approved", None, "this dataflow needs no review")
        publish_due(house, flow)
    return standing(house, flow, before)


def standing(house: House, flow: str, before: Release | None) -> Released:
    """Return where a dataflow stands.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        before: the newest release that was known before; another one now means published.
    """
    found = candidates(house, flow)
    later = unpublished(house, flow, found)
    now = newest(house.store, flow)
    if found and found[-1].is_waiting:
        return _told(flow, "signed_once" if found[-1].signatures else "waiting", found[-1], now)
    if now is not None and (before is None or now.folder != before.folder):
        return _told(flow, "published", None, now)
    if (rejection := _stands_rejected(house, flow, found, now, later)) is not None:
        return _told(flow, "rejected", rejection, now)
    if later:
        return _told(flow, "embargoed", later[-1], now)
    return _told(flow, "unchanged", None, now)


def _stands_rejected(
    house: House, flow: str, found: list[Candidate], now: Release | None, later: list[Candidate]
) -> Candidate | None:
    """Return the candidate that was rejected and rests on what there is now, if nothing was let out since."""
    out = max([int(now.candidate[1:]) if now else 0, *(candidate.number for candidate in later)])
    rejected = [c for c in reversed(found) if c.is_rejected and c.number > out]
    if not rejected:
        return None
    try:
        present = publishable(house, flow)
    except ReleaseError:
        return None
    reference = house.mappings.reference(flow)
    return next((c for c in rejected if has_same_basis(c, reference, present)), None)


def _told(flow: str, status: Status, candidate: Candidate | None, newest_release: Release | None) -> Released:
    shown = candidate or newest_release
    counts = shown.counts if shown else Counts(0, 0, 0)
    changes = shown.changes if shown and status != "unchanged" else Changes(0, 0, 0)
    return Released(
        flow=flow,
        status=status,
        candidate=candidate.id if candidate else newest_release.candidate if newest_release else None,
        release=newest_release.id if newest_release else None,
        signed_by=_people(candidate, newest_release),
        observations=counts.observations,
        suppressed=counts.suppressed,
        flagged=counts.flagged,
        added=changes.added,
        changed=changes.changed,
        withdrawn=changes.withdrawn,
        folder=shown.folder if shown else None,
        files=shown.files if shown else (),
    )


def _people(candidate: Candidate | None, release: Release | None) -> tuple[str, ...]:
    if candidate is None:
        return tuple(one.by for one in release.signatures) if release else ()
    if candidate.is_rejected and candidate.decision and candidate.decision.by:
        return (candidate.decision.by,)
    return tuple(one.by for one in candidate.signatures)


class _Look:
    """The looks that one call takes at what may be published, until nothing moved meanwhile.

    What was found of a state, which never changes, is kept for the next look.
    """

    def __init__(self, house: House, flow: str) -> None:
        self.house, self.flow = house, flow
        self.reference = house.mappings.reference(flow)
        self._changed: dict[tuple[str, Path], bool] = {}
        self._quality: dict[tuple[str, Path | None], dict[str, Any]] = {}

    def is_up_to_date(self) -> bool:
        """Make the candidate that is due, if any; return False when something moved and it must look again.

        A candidate becomes a release, never the other way, so the candidates are read before the releases: what a run beside
        us signs off and publishes meanwhile is then seen as the one or as the other, never as neither.
        """
        house, flow, reference = self.house, self.flow, self.reference
        present = publishable(house, flow)
        found = candidates(house, flow)
        last = found[-1] if found else None
        later = [c for c in unpublished(house, flow, found) if c.dataflow == reference]
        parent = newest(house.store, flow, reference.version)
        # What counts as released: signed off and waiting for its time, else the newest release.
        head = later[-1] if later else parent
        keep = rejected = None
        if self._differs(present, head, _origin(head, found)) or self._closes(head):
            rejected = rejected_before(found, reference, present, lambda c: self._differs(present, c, c))
            keep = last if rejected is None else None
            if rejected is None and (
                keep is None
                or not keep.is_waiting
                or self._differs(present, keep, keep)
                # What was found of its quality since is what the reviewer must see.
                or keep.facts.get("quality") != self._quality_of(present, parent)
                # The same figures by another contract: nobody could sign it off.
                or self._cannot_be_signed(keep, present)
            ):
                make_candidate(house, flow, present, parent, found, self._quality_of(present, parent))
                return False
        for candidate in found:
            if candidate.is_waiting and candidate is not keep:
                decide(house, candidate, "obsolete", None, _why_obsolete(keep, rejected))
        # A run beside us may have protected a newer state meanwhile.
        return publishable(house, flow).state == present.state

    def _closes(self, head: Candidate | Release | None) -> bool:
        """Return whether a person found since that consent is not met: the same figures then wait, and the page says why."""
        was_open = head is not None and head.facts.get("quality", {}).get("gate") != "closed"
        return was_open and bool(gates_closed_now(self.house, self.flow))

    def _cannot_be_signed(self, candidate: Candidate, present: Publishable) -> bool:
        """Return whether contracts changed since a candidate was made, in a way that its consent does not outlast."""
        made_with = candidate.facts["contracts"]
        return made_with != list(present.contracts) and not holds(
            self.house, self.flow, candidate.facts["deliveries"], made_with
        )

    def _quality_of(self, present: Publishable, parent: Release | None) -> dict[str, Any]:
        """Return what is said now of the quality of what may be published."""
        of = present.state, parent.folder if parent else None
        if of not in self._quality:
            former = parent.observations if parent else None
            self._quality[of] = quality_of(
                self.house, self.flow, present.file, present.deliveries, former, present.samples
            )
        return self._quality[of]

    def _differs(
        self, present: Publishable, head: Candidate | Release | None, origin: Candidate | None
    ) -> bool:
        """Return whether what may be published now differs from a candidate or a release."""
        if head is None:
            return self._has_changes(present, None)
        if head.dataflow != self.reference or head.facts["structures"] != present.structures:
            return True
        if origin is not None and origin.facts["protected"] == present.state:
            return False
        former = head.folder / "observations.parquet"
        if not former.exists():  # those of a rejected candidate left with a release that was taken back
            return True
        return self._has_changes(present, former)

    def _has_changes(self, present: Publishable, former: Path | None) -> bool:
        if former is None:
            # Only here: it takes a while to load.
            import pyarrow.parquet as pq

            return bool(pq.read_metadata(present.file).num_rows)
        of = present.state, former
        if of not in self._changed:
            structure = self.house.mappings.structures.structure_of(self.reference)
            with session([present.file.parent, former.parent], scratch=self.house.store.scratch) as engine:
                self._changed[of] = bool(Comparison(structure, present.file, former).changes(engine))
        return self._changed[of]


def _why_obsolete(keep: Candidate | None, rejected: Candidate | None) -> str:
    if keep is not None:
        return f"{keep.id} is newer"
    if rejected is not None:
        return f"what {rejected.id} held is there again, and was rejected"
    return "what was released before is right again"


def _origin(head: Candidate | Release | None, found: list[Candidate]) -> Candidate | None:
    """Return the candidate that a head is or was made from."""
    if isinstance(head, Release):
        return next((candidate for candidate in found if candidate.id == head.candidate), None)
    return head
