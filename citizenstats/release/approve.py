"""Sign-off: a named person who did not write the contracts lets a candidate out.

What belongs here: who may decide, and recording it. What does not: publishing, which is `publish.py`.
"""

from __future__ import annotations

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.quality.judge import check_quality
from citizenstats.release.candidate import Candidate, candidates, decide
from citizenstats.release.consent import check_consent
from citizenstats.release.erase import complete
from citizenstats.release.manifest import newest
from citizenstats.release.person import plain_name
from citizenstats.release.publish import publish_due
from citizenstats.release.release import Released, standing


def approve(house: House, flow: str, candidate: str | None, person: str, note: str = "") -> Released:
    """Sign a candidate off; it is published at once, or at the time of its embargo.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        candidate: such as ``C0001``; the one that waits when None.
        person: who signs.
        note: why, or what was looked at.

    Raises:
        ReleaseError: nothing waits, the candidate was decided about before, this person may not sign, or consent was
            taken back since.
    """
    house.mappings.dataflow(flow)
    complete(house)
    before = newest(house.store, flow)
    chosen = _chosen(house, flow, candidate)
    _may_sign(house, chosen, person)
    check_consent(house, flow, chosen.facts["deliveries"], chosen.facts["contracts"])
    check_quality(flow, chosen.id, chosen.facts)
    if not decide(house, chosen, "approved", " ".join(person.split()), note):
        raise _decided(_chosen(house, flow, chosen.id))
    publish_due(house, flow)
    return standing(house, flow, before)


def _chosen(house: House, flow: str, candidate: str | None) -> Candidate:
    found = candidates(house, flow)
    if candidate is None:
        waiting = [c for c in found if c.is_waiting]
        if not waiting:
            raise ReleaseError(
                "NOTHING_WAITS",
                "no candidate waits for sign-off",
                flow,
                "`citizenstats run` makes one when something changed",
            )
        return waiting[-1]
    for one in found:
        if one.id == candidate:
            if not one.is_waiting:
                raise _decided(one)
            return one
    raise ReleaseError(
        "NO_SUCH_CANDIDATE", f"there is no candidate {candidate}", flow, "`citizenstats releases` lists them"
    )


def _decided(candidate: Candidate) -> ReleaseError:
    if candidate.decision is not None and candidate.decision.decision == "obsolete":
        return ReleaseError(
            "OBSOLETE",
            f"{candidate.id} is obsolete: {candidate.decision.note}",
            candidate.flow,
            "sign the newest",
        )
    return ReleaseError("DECIDED", f"{candidate.id} was approved before", candidate.flow)


def _may_sign(house: House, candidate: Candidate, person: str) -> None:
    signing = plain_name(person)
    if not signing:
        raise ReleaseError(
            "NO_NAME", "a sign-off needs the name of a person", candidate.flow, "give --by NAME"
        )
    feeds = house.mappings.dataflow(candidate.flow).feeds
    authors = {house.mappings.dataset(dataset).contract.author for dataset in feeds}
    if signing in {plain_name(author) for author in authors | set(candidate.facts["authors"])}:
        raise ReleaseError(
            "OWN_CONTRACT",
            "who wrote a contract behind this candidate cannot sign it off",
            candidate.flow,
            "let someone else look at it and sign",
        )
