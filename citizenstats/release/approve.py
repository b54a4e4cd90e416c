"""Sign-off: a named person who did not write the contracts lets a candidate out, or two do.

What belongs here: who may sign, and recording it. What does not: publishing, which is `publish.py`.
"""

from __future__ import annotations

from citizenstats.contracts.sound import feeding, require_sound
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.quality.judge import check_quality
from citizenstats.release.candidate import Candidate, candidates
from citizenstats.release.consent import check_consent
from citizenstats.release.decision import sign
from citizenstats.release.erase import complete
from citizenstats.release.manifest import newest
from citizenstats.release.person import plain_name
from citizenstats.release.publish import publish_due
from citizenstats.release.release import Released, standing


def approve(house: House, flow: str, candidate: str | None, person: str, note: str = "") -> Released:
    """Sign a candidate off; with the last signature it is published, at once or at the time of its embargo.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        candidate: such as ``C0001``; the one that waits when None.
        person: who signs.
        note: why, or what was looked at.

    Raises:
        ReleaseError: nothing waits, the candidate was decided about before, this person may not sign or has signed, or
            consent was taken back since.
        ContractError: a contract that feeds its family has faults now.
    """
    file = house.mappings.dataflow(flow)
    complete(house)
    before = newest(house.store, flow)
    chosen = waiting(house, flow, candidate)
    needed = max(file.signatures, 1)
    _may_sign(house, chosen, person, needed)
    check_consent(house, flow, chosen.facts["deliveries"], chosen.facts["contracts"])
    check_quality(house, flow, chosen.id, chosen.facts)
    if not sign(house.store, chosen.folder, " ".join(person.split()), note, needed):
        raise decided(waiting_or_decided(house, flow, chosen.id))
    publish_due(house, flow)
    return standing(house, flow, before)


def waiting(house: House, flow: str, candidate: str | None) -> Candidate:
    """Return the candidate of ``AGENCY:ID`` that a person means, the one that waits unless said.

    Raises:
        ReleaseError: ``NOTHING_WAITS``, ``NO_SUCH_CANDIDATE``, or that it was decided about before.
    """
    if candidate is None:
        found = [c for c in candidates(house, flow) if c.is_waiting]
        if not found:
            raise ReleaseError(
                "NOTHING_WAITS",
                "no candidate waits for sign-off",
                flow,
                "`citizenstats run` makes one when something changed",
            )
        return found[-1]
    chosen = waiting_or_decided(house, flow, candidate)
    if not chosen.is_waiting:
        raise decided(chosen)
    return chosen


def waiting_or_decided(house: House, flow: str, candidate: str) -> Candidate:
    """Return a candidate by its name.

    Raises:
        ReleaseError: ``NO_SUCH_CANDIDATE``.
    """
    found = next((c for c in candidates(house, flow) if c.id == candidate), None)
    if found is None:
        raise ReleaseError(
            "NO_SUCH_CANDIDATE",
            f"there is no candidate {candidate}",
            flow,
            "`citizenstats releases` lists them",
        )
    return found


def decided(candidate: Candidate) -> ReleaseError:
    """Return the error that a candidate no longer waits."""
    verdict = candidate.decision.decision if candidate.decision else "approved"
    if verdict == "obsolete" and candidate.decision:
        told = f"{candidate.id} is obsolete: {candidate.decision.note}"
        return ReleaseError("OBSOLETE", told, candidate.flow, "look at the newest")
    return ReleaseError(
        "DECIDED",
        f"{candidate.id} was {verdict} before",
        candidate.flow,
        "`citizenstats releases` tells by whom and why",
    )


def _may_sign(house: House, candidate: Candidate, person: str, needed: int) -> None:
    signing = plain_name(person)
    if not signing:
        raise ReleaseError(
            "NO_NAME", "a sign-off needs the name of a person", candidate.flow, "give --by NAME"
        )
    feeds = house.mappings.dataflow(candidate.flow).feeds
    require_sound(house.mappings, feeding(house.mappings, house.mappings.dataflow(candidate.flow).family))
    authors = {house.mappings.dataset(dataset).contract.author for dataset in feeds}
    if signing in {plain_name(author) for author in authors | set(candidate.facts["authors"])}:
        raise ReleaseError(
            "OWN_CONTRACT",
            "who wrote a contract behind this candidate cannot sign it off",
            candidate.flow,
            "let someone else look at it and sign",
        )
    signed = {plain_name(one.by) for one in candidate.signatures}
    if signing in signed and len(signed) < needed:
        raise ReleaseError(
            "SIGNED_BEFORE",
            f"this person has signed {candidate.id}, and {needed} different persons must",
            candidate.flow,
            "let someone else look at it and sign",
        )
