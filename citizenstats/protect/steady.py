"""A family keeps its method for what it has published: two methods of the same people tell more than one.

What belongs here: with which method releases went out, and the refusal of another. What does not: the choice (`method.py`),
and what former releases showed (`former.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citizenstats.contracts.model import FlowProtection
from citizenstats.engine import name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.former import JUDGED
from citizenstats.protect.recoding import recoded, recoding_of
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import releases
from citizenstats.store import read_json

ACCOUNT = "altered.parquet"
"""Name of the account of a state with changed counts."""

FACTS = "protected.json"
"""Name of what a protected state says of itself: for the office alone, for it has the numbers of the method."""


def require_steady(
    house: House, family: str, method: FlowProtection, states: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse a method, a base or a noise that former releases of the family were not made with.

    While a release of the present version stands, nothing else comes out. One that was taken back, or has a former version, was
    seen all the same: figures that it showed do not come out in another way.

    Args:
        house: where and what.
        family: its name.
        method: how it is to be protected now.
        states: dataflow → its assembled state.

    Raises:
        ReleaseError: ``ANOTHER_METHOD``.
    """
    place = house.store.protected(family)
    for flow in house.mappings.families[family]:
        version = house.mappings.reference(flow).version
        behind = {c.id: str(c.facts["protected"]) for c in candidates(house, flow)}
        for release in releases(house.store, flow):
            state = place / behind.get(release.candidate, "")
            former = method_behind(state)
            if former == method.way:
                continue
            if release.tombstone is None and release.dataflow.version == version:
                raise ReleaseError(
                    "ANOTHER_METHOD",
                    f"{release.id} stands and was protected {_named(former)}, and not as the dataflow's file says now; two "
                    "protections of the same people tell more than one",
                    flow,
                    "take back the former `protection` of all dataflows of the family; figures that were published by it do "
                    "not come out in another way, also not after a recall or in a new version",
                )
            if _seen(
                house, flow, state, release.dataflow.version, states[flow]["folder"] / "observations.parquet"
            ):
                raise ReleaseError(
                    "ANOTHER_METHOD",
                    f"{release.id} was protected {_named(former)}, and not as the dataflow's file says now; it does not stand "
                    "any more, but who has a copy can compare the same figures",
                    flow,
                    "take back the former `protection` of all dataflows of the family; another one is for figures that were "
                    "not published before, of other periods: leave those that were out of the dataflow (`where`)",
                )


def _seen(house: House, flow: str, state: Path, version: str, observations: Path) -> bool:
    """Return whether a release showed a figure that is to come out now; also where nobody can tell."""
    found = [
        (state / JUDGED, "minimum IS NOT NULL AND (shown OR retained)"),
        (state / ACCOUNT, "made <> 'free'"),
    ]
    account = next(((file, which) for file, which in found if file.exists()), None)
    if account is None:
        return True
    file, which = account
    shown = f"SELECT flow, key FROM read_parquet({quoted(str(file))}) WHERE flow = {quoted(flow)} AND {which}"
    recoding = recoding_of(house, flow, version)
    if recoding is not None:
        shown = f"SELECT key FROM ({recoded(shown, recoding)})"
    structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
    key = ", ".join(f"{name(d)}: {name(d)}" for d in structure.key)
    present = f"SELECT CAST({{{key}}} AS JSON)::VARCHAR AS key FROM read_parquet({quoted(str(observations))})"
    with session([file.parent, observations.parent], scratch=house.store.scratch) as engine:
        return bool(engine.value(f"SELECT count(*) FROM ({present}) SEMI JOIN ({shown}) USING (key)"))


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
