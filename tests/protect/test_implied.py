"""Where one condition implies another, the difference of their counts is a count too, and no small one can be told."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.audit.implied import implies, plain
from tests.protect import attacker
from tests.protect.office import DATASET, FLOW, MINIMUM, mappings, protected

SIZES = (3, 2)
Cell = tuple[str, ...]
Counts = tuple[int, int, int]
"""People who said yes for a year or more, who said yes for less, and who said no."""

CONDITIONS = {
    "implied": ("months >= 6", "months >= 12"),
    "through a derived column": ("months >= 6", "lengthy"),
    "exclusive": ("months < 6", "months >= 12"),
    "none or some": ("months < 12", "months >= 6"),
}


def office(folder: Path, first: str, second: str, kind: str = "proportion") -> House:
    """Return a house whose two indicators ask about the same number of months."""
    said = mappings(folder / "mappings", SIZES)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        "answer: {type: boolean, required: true}", "months: {type: integer, required: true, range: [0, 99]}"
    )
    text = text.replace("SHARE: {proportion: answer}", f'SHARE: {{{kind}: "{first}"}}')
    text = text.replace("NUMBER_OF: {count: answer}", f'NUMBER_OF: {{proportion: "{second}"}}')
    contract.write_text(text.replace("targets:", "derive: {lengthy: months >= 12}\ntargets:"), "utf-8")
    return open_house(folder / "home", said)


def deliver(house: House, cube: dict[Cell, Counts]) -> Path:
    """Return the publishable file made from these people."""
    lines = ["year,consent,months,ga,gb"]
    for (a, b), counts in cube.items():
        for months, people in zip((15, 8, 2), counts, strict=True):
            lines += [f"2020,yes,{months},{a},{b}"] * people
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return protected(house)


def shown(file: Path) -> dict[str, set[Cell]]:
    """Return indicator → the cells whose value is shown."""
    rows = duckdb.sql(f"SELECT INDICATOR, GA, GB FROM '{file}' WHERE OBS_VALUE IS NOT NULL").fetchall()
    return {i: {(a, b) for of, a, b in rows if of == i} for i in ("SHARE", "NUMBER_OF")}


def middle(cube: dict[Cell, Counts]) -> dict[Cell, float]:
    """Return each cell, totals too → the people whom one of both conditions tells from the other."""
    found: dict[Cell, float] = {}
    for (a, b), (_, count, _) in cube.items():
        for cell in ((a, b), (a, "_T"), ("_T", b), ("_T", "_T")):
            found[cell] = found.get(cell, 0) + count
    return found


LARGE: Counts = (40, 30, 50)
CUBE: dict[Cell, Counts] = {(f"A{i}", f"B{j}"): LARGE for i in range(3) for j in range(2)}
CUBE["A0", "B0"] = (40, 2, 50)


@pytest.mark.parametrize("conditions", CONDITIONS.values(), ids=CONDITIONS)
def test_a_small_difference_of_two_large_counts_is_not_shown(
    tmp_path: Path, conditions: tuple[str, str]
) -> None:
    found = shown(deliver(office(tmp_path, *conditions), CUBE))
    assert found["SHARE"] == found["NUMBER_OF"]
    known = {cell: count for cell, count in middle(CUBE).items() if cell in found["SHARE"]}
    assert ("A0", "B0") not in known
    assert ("_T", "_T") in known
    low, high = attacker.intervals(known, (("A0", "A1", "A2"), ("B0", "B1")))["A0", "B0"]
    assert high - low >= MINIMUM


@pytest.mark.parametrize("conditions", CONDITIONS.values(), ids=CONDITIONS)
def test_the_audit_stops_a_release_that_tells_a_small_difference(
    tmp_path: Path, conditions: tuple[str, str]
) -> None:
    house = office(tmp_path, *conditions)
    state = deliver(house, CUBE).parent
    messages = tmp_path / "messages"
    messages.mkdir()
    for a, b, tells in (("A9", "B9", False), ("A0", "B0", True)):
        is_it = f"GA = '{a}' AND GB = '{b}'"
        duckdb.sql(
            f"COPY (SELECT * REPLACE (CASE WHEN {is_it} THEN 50 ELSE OBS_VALUE END AS OBS_VALUE) "
            f"FROM '{state}/OFFICE.ANSWERS.parquet') TO '{messages}/data.csv' (HEADER)"
        )
        found = audit(house, FLOW, state.name, messages)
        if tells:
            with pytest.raises(ReleaseError, match="DISCLOSIVE"):
                found.require(FLOW)
        else:
            found.require(FLOW)
            assert found.found.attacked > 0


def test_whom_a_condition_leaves_out_is_on_no_side_of_it(tmp_path: Path) -> None:
    house = office(tmp_path, "months < 6", 'months >= 12", among: "months >= 6')
    state = deliver(house, CUBE | {("A0", "B0"): (40, 30, 28), ("A1", "B0"): (40, 31, 30)}).parent
    messages = tmp_path / "messages"
    messages.mkdir()
    duckdb.sql(f"COPY (FROM '{state}/OFFICE.ANSWERS.parquet') TO '{messages}/data.csv' (HEADER)")
    audit(house, FLOW, state.name, messages).require(FLOW)
    assert ("A0", "B0") in shown(state / "OFFICE.ANSWERS.parquet")["SHARE"]


def test_conditions_that_say_nothing_of_one_another_hide_nothing(tmp_path: Path) -> None:
    house = office(tmp_path, "months % 2 = 0", "months >= 12")
    found = shown(deliver(house, CUBE))
    assert ("A1", "B1") in found["SHARE"]


@pytest.mark.parametrize("scale", [6, 15])
def test_random_small_differences_stay_out_of_reach(tmp_path: Path, scale: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    cube: dict[Cell, Counts] = {
        cell: (
            MINIMUM + int(chance.expovariate(1 / 40)),
            int(chance.expovariate(1 / scale)),
            MINIMUM + int(chance.expovariate(1 / 40)),
        )
        for cell in CUBE
    }
    found = shown(deliver(office(tmp_path, "months >= 6", "lengthy"), cube))
    true = middle(cube)
    known = {c: n for c, n in true.items() if c in found["SHARE"] & found["NUMBER_OF"]}
    assert not [cell for cell, count in known.items() if 0 < count < MINIMUM]
    for cell, (low, high) in attacker.intervals(known, (("A0", "A1", "A2"), ("B0", "B1"))).items():
        if 0 < true[cell] < MINIMUM:
            assert high - low >= MINIMUM - 1e-6, (cell, low, high)


@pytest.mark.parametrize(
    ("one", "other", "does"),
    [
        ("x >= 12", "x >= 6", True),
        ("x >= 6", "x >= 12", False),
        ("x > 6", "x >= 6", True),
        ("x >= 6", "x > 6", False),
        ("6 < x", "x > 5", True),
        ("x < 6", "NOT x >= 12", True),
        ("x = 7", "x >= 7", True),
        ("x >= 7", "x <> 7", False),
        ("x > 7", "x <> 7", True),
        ("t = 'a'", "t IN ('a', 'b')", True),
        ("t IN ('a', 'b')", "t = 'a'", False),
        ("t IN ('a', 'b')", "NOT t IN ('c')", True),
        ("p AND q", "p", True),
        ("p", "p AND q", False),
        ("p", "p OR q", True),
        ("p OR q", "p", False),
        ("NOT (p OR q)", "NOT q", True),
    ],
)
def test_the_audit_reads_what_a_condition_says_of_another(one: str, other: str, does: bool) -> None:
    assert implies(plain(one, {}), plain(other, {})) is does
