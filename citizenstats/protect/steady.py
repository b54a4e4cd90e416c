"""A family keeps its method while releases stand: two methods of the same people tell more than one.

What belongs here: with which method releases went out, and the refusal of another. What does not: the choice (`method.py`),
and what former releases showed (`former.py`).
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.model import FlowProtection
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.former import JUDGED
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import releases
from citizenstats.store import read_json

FACTS = "protected.json"
"""Name of what a protected state says of itself: for the office alone, for it has the numbers of the method."""


def require_steady(house: House, family: str, method: FlowProtection) -> None:
    """Refuse a method, a base or a noise that releases of the family which stand, in their present version, were not made with.

    What was taken back, or stands in a former version, was let go of by a person who knows; a first release of a new version
    waits for one.

    Raises:
        ReleaseError: ``ANOTHER_METHOD``.
    """
    place = house.store.protected(family)
    for flow in house.mappings.families[family]:
        version = house.mappings.reference(flow).version
        behind = {c.id: str(c.facts["protected"]) for c in candidates(house, flow)}
        for release in releases(house.store, flow):
            if release.tombstone is not None or release.dataflow.version != version:
                continue
            former = method_behind(place / behind.get(release.candidate, ""))
            if former != method.way:
                raise ReleaseError(
                    "ANOTHER_METHOD",
                    f"{release.id} stands and was protected {_named(former)}, and not as the dataflow's file says now; two "
                    "protections of the same people tell more than one",
                    flow,
                    "take back the former `protection` of all dataflows of the family; or recall their releases, or give the "
                    "dataflows a new version, knowing that whoever has the former figures can compare",
                )


def method_behind(state: Path) -> FlowProtection | None:
    """Return the method that a protected state was made with; None where nobody can tell."""
    facts = read_json(state / FACTS)
    if facts is None:
        return None
    if "method" not in facts:
        # A state from before there was a choice.
        return FlowProtection() if (state / JUDGED).exists() else None
    return FlowProtection.model_validate(facts["method"])


def _named(method: FlowProtection | None) -> str:
    """Return a method in words without the numbers that are for the office alone."""
    if method is None:
        return "in a way that its state no longer tells"
    if method.rounding is not None:
        return f"by rounding to base {method.rounding.base}"
    if method.cell_key is not None:
        return "by noise with a deviation and a variance of its own"
    return "by hiding cells"
