"""Rejection: a named person says, with a reason, that a candidate must not come out.

It ends the waiting whoever has signed before, and what it was about is not offered again until something changes
(`rejection`). Whoever sees the harm may stop it, the author of a contract too; letting out is what needs a second person.
"""

from __future__ import annotations

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.approve import decided, waiting, waiting_or_decided
from citizenstats.release.candidate import decide
from citizenstats.release.erase import complete
from citizenstats.release.manifest import newest
from citizenstats.release.person import plain_name
from citizenstats.release.release import Released, standing


def reject(house: House, flow: str, candidate: str | None, person: str, note: str) -> Released:
    """Reject a candidate that waits.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        candidate: such as ``C0001``; the one that waits when None.
        person: who rejects.
        note: why, for whoever mends it; it stays in the restricted store.

    Returns:
        Where the dataflow stands now.

    Raises:
        ReleaseError: nothing waits, the candidate was decided about before, or nobody or nothing is named.
    """
    house.mappings.dataflow(flow)
    if not plain_name(person):
        raise ReleaseError("NO_NAME", "a rejection needs the name of a person", flow, "give --by NAME")
    if not note.strip():
        raise ReleaseError("NO_REASON", "a rejection needs a reason", flow, "give --note WHY")
    complete(house)
    before = newest(house.store, flow)
    chosen = waiting(house, flow, candidate)
    if not decide(house, chosen, "rejected", " ".join(person.split()), note.strip()):
        raise decided(waiting_or_decided(house, flow, chosen.id))
    return standing(house, flow, before)
