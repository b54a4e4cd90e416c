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
from citizenstats.protect.figures import feeds_of
from citizenstats.protect.former import JUDGED, ever_released
from citizenstats.protect.recoding import recoded, recoding_of
from citizenstats.store import read_json

ACCOUNT = "altered.parquet"
"""Name of the account of a state with changed counts."""

FACTS = "protected.json"
"""Name of what a protected state says of itself: for the office alone, for it has the numbers of the method."""


def require_steady(
    house: House, family: str, method: FlowProtection, states: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse a method, a base or a noise that former releases of the family were not made with.

    While a release of the present version stands, nothing else comes out. One that was taken back, has a former version, or is
    of a dataflow that has another name now or is gone, was seen all the same: what it showed does not come out in another way.

    Args:
        house: where and what.
        family: its name.
        method: how it is to be protected now.
        states: dataflow → its assembled state.

    Raises:
        ReleaseError: ``ANOTHER_METHOD``.
    """
    flows = house.mappings.families[family]
    for flow, _, release, state in ever_released(house, family):
        former = method_behind(state) if state is not None else None
        if former == method.way:
            continue
        is_there = flow in flows
        stands = release.tombstone is None and is_there
        if stands and release.dataflow.version == house.mappings.reference(flow).version:
            raise ReleaseError(
                "ANOTHER_METHOD",
                f"{release.id} stands and was protected {_named(former)}, and not as the dataflow's file says now; two "
                "protections of the same people tell more than one",
                flow,
                "take back the former `protection` of all dataflows of the family; figures that were published by it do "
                "not come out in another way, also not after a recall or in a new version",
            )
        if _seen(house, flow, state, release.dataflow.version, states):
            raise ReleaseError(
                "ANOTHER_METHOD",
                f"{release.id} was protected {_named(former)}, and not as the dataflow's file says now; it does not stand "
                "any more, or under another name, but who has a copy can compare the same figures",
                flow,
                "take back the former `protection` of all dataflows of the family; another one is for figures that were "
                "not published before, of other periods: leave those that were out of the dataflow (`where`)",
            )


def _seen(
    house: House, flow: str, state: Path | None, version: str, states: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Return whether a release showed a figure that is to come out now; also where nobody can tell.

    A figure is known by its key while the dataflow is there, and by what the partner calls it in any.
    """
    found = [
        (JUDGED, "minimum IS NOT NULL AND (shown OR retained)"),
        (ACCOUNT, "made <> 'free'"),
    ]
    account = next(((state / a, which) for a, which in found if state and (state / a).exists()), None)
    if account is None:
        return True
    file, which = account
    # An account from before cells were told does not say what the partner calls them.
    shown = (
        "SELECT flow, key, cell FROM (SELECT CAST(NULL AS VARCHAR) AS cell WHERE FALSE UNION ALL BY NAME "
        f"SELECT * FROM read_parquet({quoted(str(file))})) WHERE flow = {quoted(flow)} AND {which}"
    )
    present = " UNION ALL ".join(
        _cells(house, f, of["folder"] / "observations.parquet") for f, of in states.items()
    )
    folders = [file.parent, *(of["folder"] for of in states.values())]
    with session(folders, scratch=house.store.scratch) as engine:
        again = f"SELECT count(*) FROM ({present}) SEMI JOIN ({shown}) USING (cell)"
        if engine.value(again):
            return True
        if flow not in states:
            return bool(engine.value(f"SELECT count(*) FROM ({shown}) WHERE cell IS NULL"))
        recoding = recoding_of(house, flow, version)
        if recoding is not None:
            shown = f"SELECT key FROM ({recoded(shown, recoding)})"
        structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
        key = ", ".join(f"{name(d)}: {name(d)}" for d in structure.key)
        observations = quoted(str(states[flow]["folder"] / "observations.parquet"))
        keys = f"SELECT CAST({{{key}}} AS JSON)::VARCHAR AS key FROM read_parquet({observations})"
        return bool(engine.value(f"SELECT count(*) FROM ({keys}) SEMI JOIN ({shown}) USING (key)"))


def _cells(house: House, flow: str, observations: Path) -> str:
    """Return the SELECT of what the figures of a dataflow are called by the partner."""
    return " UNION ALL ".join(
        f"SELECT {feed.cell()} AS cell FROM (SELECT *, {feed.measured()} AS _measured, {feed.origin()} AS _origin "
        f"FROM read_parquet({quoted(str(observations))}) WHERE _dataset = {quoted(feed.dataset.name)})"
        for feed in feeds_of(house, flow)
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
