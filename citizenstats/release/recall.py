"""Recall: a release was wrong, or showed what must not be shown. A named person takes it back.

Whoever sees the harm may stop it, the author of a contract too; letting out is what needs a second person.
"""

from __future__ import annotations

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.erase import complete
from citizenstats.release.manifest import newest, of_version, released, releases
from citizenstats.release.person import plain_name
from citizenstats.release.release import Released, standing
from citizenstats.release.retraction import retract


def recall(house: House, flow: str, release: str, person: str, reason: str) -> Released:
    """Take a release back; the newest one that stands is the newest again.

    Args:
        house: where and what.
        flow: ``AGENCY:ID`` or ``AGENCY:ID(VERSION)``.
        release: such as ``R0002``.
        person: who asks for it.
        reason: why; it stays in the restricted store.

    Returns:
        Where the dataflow stands now.

    Raises:
        ReleaseError: there is no such release, it was taken back before, or nobody or nothing is named; ``TWO_VERSIONS``
            when two versions have a release of this name and none is named.
    """
    complete(house)
    name = flow.partition("(")[0]
    if not plain_name(person):
        raise ReleaseError("NO_NAME", "a recall needs the name of a person", flow, "give --by NAME")
    if not reason.strip():
        raise ReleaseError("NO_REASON", "a recall needs a reason", flow, "give --reason TEXT")
    found = released(house, flow, release)
    _check_meant(house, flow, release)
    retract(
        house, name, found.dataflow.version, [found.id], "recall", " ".join(person.split()), reason.strip()
    )
    return standing(house, name, newest(house.store, name))


def _check_meant(house: House, flow: str, release: str) -> None:
    """Refuse a release that two versions have: what leaves cannot be put back."""
    versions = [
        r.dataflow.version
        for r in of_version(releases(house.store, flow.partition("(")[0]), flow)
        if r.id == release
    ]
    if len(versions) > 1:
        raise ReleaseError(
            "TWO_VERSIONS",
            f"there is {release} in the versions {', '.join(versions)}",
            flow,
            f"name the version: {flow}({versions[0]})",
        )
