"""Districts in one dataflow, regions in another: two columns, and no contract says that one lies in the other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.within import gathered
from tests.protect import linked, office

SIZES = (2, 6, 2)
GROUPS = {office.FLOW: ("GA", "GC"), linked.SECOND: ("GB", "GC")}
REGION = {f"B{i}": f"A{i // 3}" for i in range(6)}
"""District → its region."""

SMALL = {"B0": (3, 1), "B1": (60, 24), "B2": (40, 17), "B3": (12, 6), "B4": (60, 25), "B5": (35, 15)}
"""The least district beside that of three lies in the other region: to hide these two alone tells the three."""


def people(districts: Mapping[str, tuple[int, int]]) -> office.Cube:
    return {
        (REGION[d], d, c): counts if c == "C0" else (0, 0)
        for d, counts in districts.items()
        for c in ("C0", "C1")
    }


def some(chance: random.Random) -> office.Cube:
    found = {}
    for d in REGION:
        for c in ("C0", "C1"):
            n = int(chance.expovariate(1 / 20))
            found[REGION[d], d, c] = (n, sum(chance.random() < 0.4 for _ in range(n)))
    return found


def opened(folder: Path) -> House:
    return linked.opened(folder, SIZES, GROUPS)


def shown(state: Path, flow: str) -> list[tuple[str, str, int, float]]:
    first, second = GROUPS[flow]
    file = state / f"{flow.replace(':', '.')}.parquet"
    return duckdb.sql(
        f"SELECT {first}, {second}, SAMPLE_SIZE, OBS_VALUE FROM '{file}' WHERE OBS_VALUE IS NOT NULL "
        "AND INDICATOR IN ('SHARE', 'PERCENT')"
    ).fetchall()


def within_reach(state: Path, cube: office.Cube) -> list[object]:
    """Return the small counts that both dataflows together tell closer than the minimum."""
    places = list(cube)

    def inside(flow: str, first: str, second: str) -> list[float]:
        at = 0 if flow == office.FLOW else 1
        return [float(first in ("_T", p[at]) and second in ("_T", p[2])) for p in places]

    found: list[object] = []
    cells = [(flow, *cell) for flow in GROUPS for cell in shown(state, flow)]
    assert len(cells) > 5
    for part in (0, 1, 2):
        true = np.array([(n, k, n - k)[part] for n, k in cube.values()], dtype=float)
        sums = np.array([inside(flow, a, b) for flow, a, b, *_ in cells])
        told = np.array([(n, round(n * s / 100), n - round(n * s / 100))[part] for *_, n, s in cells])
        assert np.allclose(sums @ true, told)
        asked = {
            (flow, a, c) for flow in GROUPS for a in ("_T", *_firsts(flow, cube)) for c in ("_T", "C0", "C1")
        }
        for cell in sorted(asked):
            aim = np.array(inside(*cell))
            if 0 < aim @ true < office.MINIMUM:
                ends = [
                    linprog(sign * aim, A_eq=sums, b_eq=told, bounds=(0, 1e3)).fun * sign for sign in (1, -1)
                ]
                if ends[1] - ends[0] < office.MINIMUM - 1e-6:
                    found.append((part, *cell, ends))
    return found


def _firsts(flow: str, cube: office.Cube) -> Sequence[str]:
    return sorted({cell[0 if flow == office.FLOW else 1] for cell in cube})


def _audited(house: House, state: Path, folder: Path) -> None:
    for flow in GROUPS:
        place = folder / flow.partition(":")[2]
        place.mkdir(parents=True)
        duckdb.sql(
            f"COPY (SELECT * FROM '{state}/{flow.replace(':', '.')}.parquet') TO '{place}/data.csv' (HEADER)"
        )
        audit(house, flow, state.name, place).require(flow)


@pytest.mark.parametrize("chosen", ["made", "random"])
def test_a_region_does_not_unpick_the_districts_of_another_dataflow(tmp_path: Path, chosen: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    cube = people(SMALL) if chosen == "made" else some(random.Random(seed))
    house = opened(tmp_path)
    state = linked.protected(house, cube, SIZES)
    assert within_reach(state, cube) == []
    _audited(house, state, tmp_path / "audited")


def test_without_that_three_people_are_told_and_the_audit_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = opened(tmp_path)
    monkeypatch.setattr("citizenstats.protect.within._read", lambda *_: [])
    state = linked.protected(house, people(SMALL), SIZES)
    assert within_reach(state, people(SMALL)) != []
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        _audited(house, state, tmp_path / "audited")


def test_districts_that_lie_in_two_regions_are_another_breakdown(tmp_path: Path) -> None:
    cube = {**people(SMALL), ("A0", "B5", "C0"): (20, 9)}
    house = opened(tmp_path)
    linked.protected(house, cube, SIZES)
    states = {flow: house.store.state(house.store.assembled(flow)) for flow in GROUPS}
    assert [feed.shared for feed in gathered(house, states)] == [{}, {}]


def test_long_code_maps_are_looked_up(tmp_path: Path) -> None:
    """A map of more codes than a CASE can hold, for districts; regions are as they are."""
    house = opened(tmp_path)
    contract = house.mappings.folder / "partners/asker/answers.yaml"
    more = ", ".join(f"X{i}: B0" for i in range(40))
    text = contract.read_text("utf-8")
    codes = ", ".join(f"{d}: {d}" for d in REGION)
    assert text.count("GB: gb\n") == 1
    contract.write_text(
        text.replace("GB: gb\n", f"GB: {{column: gb, codes: {{{codes}, {more}}}}}\n"), "utf-8"
    )
    later = open_house(house.store.home, house.mappings.folder)
    state = linked.protected(later, people(SMALL), SIZES)
    assert within_reach(state, people(SMALL)) == []
