"""Figures that ask the same units: the sample size of one tells nothing small of another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import duckdb
import highspy
import numpy as np
import pytest

from citizenstats.engine import Engine
from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect import protect
from citizenstats.protect.audit.audit import audit
from citizenstats.release.release import release
from tests.protect.office import DATASET, FAMILY, FLOW, GROUPS, MINIMUM, mappings, protected

Cell = tuple[str, ...]
Answer = tuple[bool, ...]
Cube = Mapping[tuple[Cell, Answer], int]
"""In which cell, and what somebody said to each question → people."""

QUESTIONS = ("q0", "q1", "q2", "asked")
KINDS: list[Answer] = list(product((True, False), repeat=len(QUESTIONS)))

INDICATORS = {
    "a count beside a share": ["proportion: q0", "count: q1"],
    "a part of the population": ["proportion: q0", "proportion: q1, among: asked", "proportion: q2, among: asked"],
    "the whole population": ["proportion: q0", "proportion: q1", "proportion: q2"],
}  # fmt: skip


def office(folder: Path, indicators: Sequence[str], sizes: Sequence[int]) -> House:
    """Return a house with these indicators."""
    said = mappings(folder / "mappings", sizes)
    contract = said / "partners/asker/answers.yaml"
    columns = "".join(f"  {c}: {{type: boolean, required: true}}\n" for c in QUESTIONS)
    text = contract.read_text("utf-8").replace("  answer: {type: boolean, required: true}\n", columns)
    head, _, rest = text.partition("        SHARE:")
    told = "".join(f"        I{i}: {{{of}}}\n" for i, of in enumerate(indicators))
    contract.write_text(head + told + "protection:" + rest.partition("protection:")[2], "utf-8")
    codes = "".join(f"I{i},,Question {i}\n" for i in range(len(indicators)))
    (said / "structures/OFFICE/codelists/CL_INDICATOR.csv").write_text(f"id,parent,name_en\n{codes}", "utf-8")
    return open_house(folder / "home", said)


def deliver(house: House, cubes: Mapping[str, Cube]) -> Path:
    """Return the publishable file made from the people of each year."""
    dimensions = len(next(cell for cube in cubes.values() for cell, _ in cube))
    lines = [",".join(["year", "consent", *QUESTIONS, *(g.lower() for g in GROUPS[:dimensions])])]
    for year, cube in cubes.items():
        for (cell, answer), people in cube.items():
            lines += [",".join([year, "yes", *("yes" if a else "no" for a in answer), *cell])] * people
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return protected(house)


def cells_of(sizes: Sequence[int]) -> list[Cell]:
    """Return the inner cells."""
    named = zip(GROUPS, sizes, strict=False)
    return list(product(*[[f"{group[1]}{i}" for i in range(size)] for group, size in named]))


def random_cube(chance: random.Random, sizes: Sequence[int]) -> Cube:
    """Return people of whom here and there few have a characteristic, or few have it not."""
    scale = chance.choice((8, 15, 40, 100))
    shares = [chance.choice((0.03, 0.1, 0.3, 0.5, 0.9, 0.97)) for _ in QUESTIONS]
    cube: dict[tuple[Cell, Answer], int] = {}
    for cell in cells_of(sizes):
        for _ in range(int(chance.expovariate(1 / scale)) if chance.random() > 0.1 else 0):
            answer = tuple(chance.random() < share for share in shares)
            cube[cell, answer] = cube.get((cell, answer), 0) + 1
    return cube


class Attacker:
    """Who knows everything that is shown of one year."""

    def __init__(self, file: Path, year: str, indicators: Sequence[str], sizes: Sequence[int]) -> None:
        self.cells = cells_of(sizes)
        self._column = {kind: i for i, kind in enumerate(product(self.cells, KINDS))}
        self._solver = highspy.Highs()
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)
        for _ in self._column:
            self._solver.addVar(0, 10_000)
        self.places = list(product(*[["_T", *sorted({c[d] for c in self.cells})] for d in range(len(sizes))]))
        self.shown = 0
        groups = ", ".join(GROUPS[: len(sizes)])
        for i, spec in enumerate(indicators):
            asked, having = told(spec)
            rows = duckdb.sql(
                f"SELECT {groups}, OBS_VALUE, SAMPLE_SIZE FROM '{file}' "
                f"WHERE INDICATOR = 'I{i}' AND TIME_PERIOD = '{year}'"
            ).fetchall()
            said = {tuple(row[:-2]): row[-2:] for row in rows}
            withheld = {_breakdown(place) for place, (value, _) in said.items() if value is None}
            for place in self.places:
                if place not in said and _breakdown(place) not in withheld:
                    self._knows(place, having if spec.startswith("count") else asked, 0)
            for place, (value, size) in said.items():
                if value is not None:
                    self.shown += 1
                    if size is not None:
                        self._knows(place, asked, size)
                        value = value * size / 100
                    self._knows(place, having, round(value))

    def interval(self, place: Cell, kinds: Sequence[Answer]) -> tuple[float, float]:
        """Return the least and the greatest number of people of these kinds that agree with everything."""
        columns, ends = self._columns(place, kinds), []
        for sign in (1.0, -1.0):
            for column in columns:
                self._solver.changeColCost(column, sign)
            self._solver.run()
            assert self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
            ends.append(sign * self._solver.getInfo().objective_function_value)
        for column in columns:
            self._solver.changeColCost(column, 0.0)
        return ends[0], ends[1]

    def _columns(self, place: Cell, kinds: Sequence[Answer]) -> list[int]:
        inside = (c for c in self.cells if all(p in ("_T", of) for p, of in zip(place, c, strict=True)))
        return [self._column[cell, kind] for cell in inside for kind in kinds]

    def _knows(self, place: Cell, kinds: Sequence[Answer], count: int) -> None:
        columns = np.array(self._columns(place, kinds), dtype=np.int32)
        self._solver.addRow(count, count, len(columns), columns, np.ones(len(columns)))


def _breakdown(place: Cell) -> tuple[bool, ...]:
    return tuple(code == "_T" for code in place)


def told(spec: str) -> tuple[list[Answer], list[Answer]]:
    """Return whom an indicator asks, and who of them has the characteristic."""
    condition, _, among = spec.partition(": ")[2].partition(", among: ")
    asked = [kind for kind in KINDS if not among or kind[QUESTIONS.index(among)]]
    return asked, [kind for kind in asked if kind[QUESTIONS.index(condition)]]


def within_reach(attacker: Attacker, cube: Cube, indicators: Sequence[str]) -> Iterator[str]:
    """Yield the small counts that come out nearer than they may."""
    groups: dict[tuple[Answer, ...], None] = {}
    for spec in indicators:
        asked, having = told(spec)
        left_out = [kind for kind in KINDS if kind not in asked]
        groups |= {tuple(of): None for of in (asked, having, [a for a in asked if a not in having], left_out)}
    for place in attacker.places:
        inside = [c for c in attacker.cells if all(p in ("_T", of) for p, of in zip(place, c, strict=True))]
        for kinds in groups:
            count = sum(cube.get((cell, kind), 0) for cell in inside for kind in kinds)
            if 0 < count < MINIMUM:
                low, high = attacker.interval(place, kinds)
                if high - low < MINIMUM - 1e-6:
                    yield f"{place}: {count} of {len(kinds)} kinds in {low} to {high}"


def audited(house: House, file: Path, folder: Path) -> None:
    """Audit a message of what is in a publishable file."""
    folder.mkdir()
    duckdb.sql(f"COPY (FROM '{file}') TO '{folder}/data.csv' (HEADER)")
    audit(house, FLOW, file.parent.name, folder).require(FLOW)


def few_without() -> Cube:
    """Return people of whom three in one place, forty in another and nobody else do not meet the second condition."""
    cube = {(cell, (said, True, False, True)): 30 for cell in cells_of((2, 2)) for said in (True, False)}
    return cube | {
        (("A0", "B0"), (True, False, False, True)): 3,
        (("A1", "B0"), (True, False, False, True)): 40,
    }


def _nothing_told(engine: Engine) -> None:
    """Leave each figure alone, as if no other one asked its units."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE quantities AS SELECT * EXCLUDE (base, peers, sensitive), NULL::VARCHAR AS asked, "
        "NULL::BIGINT AS most, NULL::BIGINT AS whole, n IS NOT NULL AS tells FROM quantities"
    )


SIZES = {"a count beside a share": (2, 2), "a part of the population": (2, 2, 2)}
SEED = 38


def fixed(case: str) -> Cube:
    """Return people of whom few came out before."""
    return (
        few_without() if case == "a count beside a share" else random_cube(random.Random(SEED), SIZES[case])
    )


@pytest.mark.parametrize("case", SIZES)
def test_what_other_figures_tell_of_the_same_units_gives_nobody_away(tmp_path: Path, case: str) -> None:
    cube, indicators = fixed(case), INDICATORS[case]
    house = office(tmp_path, indicators, SIZES[case])
    file = deliver(house, {"2020": cube})
    attacker = Attacker(file, "2020", indicators, SIZES[case])
    assert not list(within_reach(attacker, cube, indicators))
    assert attacker.shown > 5
    audited(house, file, tmp_path / "messages")


@pytest.mark.parametrize("case", SIZES)
def test_the_audit_stops_a_release_in_which_they_give_somebody_away(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protect, "put_asked", _nothing_told)
    cube, indicators = fixed(case), INDICATORS[case]
    house = office(tmp_path, indicators, SIZES[case])
    file = deliver(house, {"2020": cube})
    assert list(within_reach(Attacker(file, "2020", indicators, SIZES[case]), cube, indicators))
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, file, tmp_path / "messages")


FEW = {
    "0000": (31, 28, 10), "0001": (3, 2, 0), "0010": (10, 9, 3), "0011": (3, 3, 1), "0110": (12, 11, 3), "0111": (2, 2, 1),
    "1000": (4, 4, 2), "1001": (20, 20, 4), "1011": (20, 19, 6), "1100": (2, 2, 0), "1101": (7, 7, 1), "1110": (38, 38, 8),
    "1111": (14, 14, 6),
}  # fmt: skip
"""Units by four groups, those of them with a first characteristic and with a second; each was out of reach by itself."""


def few_together() -> Cube:
    """Return the people of `FEW`."""
    cube: dict[tuple[Cell, Answer], int] = {}
    for place, (n, one, two) in FEW.items():
        for i in range(n):
            at = tuple(f"{group[1]}{code}" for group, code in zip(GROUPS, place, strict=True))
            answer = (i < one, i >= n - two, False, True)
            cube[at, answer] = cube.get((at, answer), 0) + 1
    return cube


def test_those_with_and_those_without_are_out_of_reach_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the units are hidden in both figures any number of either may stand, but not of both in all places at once."""
    sizes = (2, 2, 2, 2)
    house = office(tmp_path, ["proportion: q0", "proportion: q1"], sizes)
    file = deliver(house, {"2020": few_together()})
    audited(house, file, tmp_path / "messages")
    shown = duckdb.sql(f"SELECT count(OBS_VALUE) FROM '{file}'").fetchall()[0][0]
    assert shown > 10
    monkeypatch.setattr(protect, "hide_jointly", lambda *_: False)
    house = office(tmp_path / "by themselves", ["proportion: q0", "proportion: q1"], sizes)
    file = deliver(house, {"2020": few_together()})
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, file, tmp_path / "without")


@pytest.mark.parametrize("new", ["proportion: q1", "count: q1"])
def test_a_new_question_does_not_tell_who_came_since_another_was_published(tmp_path: Path, new: str) -> None:
    """The first question stays as it was published while two have come; the sample size of a new one would tell of them."""
    answers = product(cells_of((2, 2)), (True, False), (True, False))
    before = {(cell, (one, two, False, True)): 30 for cell, one, two in answers}
    house = office(tmp_path, ["proportion: q0"], (2, 2))
    deliver(house, {"2020": before})
    assert release(house, FLOW).release is not None
    came = (("A0", "B0"), (True, True, False, True))
    file = deliver(
        office(tmp_path, ["proportion: q0", new], (2, 2)), {"2020": {**before, came: before[came] + 2}}
    )
    shown = duckdb.sql(
        f"SELECT GA, GB FROM '{file}' WHERE INDICATOR = 'I1' AND OBS_VALUE IS NOT NULL"
    ).fetchall()
    inside = {(a, b) for a in ("A0", "_T") for b in ("B0", "_T")}
    assert shown
    assert not inside & set(shown)


def _judged(file: Path) -> set[tuple[str, bool, bool]]:
    """Return what is said of each key beside a publishable file: whether it is shown, and whether it stays as published."""
    account = f"{file.parent}/judged.parquet"
    return set(duckdb.sql(f"SELECT key, shown, retained FROM '{account}'").fetchall())


@pytest.mark.parametrize("rare", [0, 1])
def test_where_few_came_nothing_changes_without_a_delivery(tmp_path: Path, rare: int) -> None:
    """One question is hidden where two have come; its account forgets them, that of the other, which stays, does not."""
    before: dict[tuple[Cell, Answer], int] = {}
    for cell, i in product(cells_of((2, 2)), range(80)):
        said = [i % 3 == 0, i % 3 == 0, i % 4 < 2, True]
        said[rare] = i < 2 if cell == ("A0", "B0") else i % 2 == 0
        before[cell, tuple(said)] = before.get((cell, tuple(said)), 0) + 1
    house = office(tmp_path, ["proportion: q0", "proportion: q1", "count: q2"], (2, 2))
    deliver(house, {"2020": before})
    assert release(house, FLOW).release is not None
    came = dict(before)
    for other in (True, False):
        at = (("A0", "B0"), (other and rare == 1, other and rare == 0, False, True))
        came[at] = came.get(at, 0) + 1
    told = _judged(deliver(house, {"2020": came, "2021": before}))
    assert any(retained for _, _, retained in told)
    assert release(house, FLOW).status == "published"
    again = protect.protect(house, FAMILY).folder / "OFFICE.ANSWERS.parquet"
    assert _judged(again) == told


@pytest.mark.long
@pytest.mark.parametrize("case", INDICATORS)
@pytest.mark.parametrize("sizes", [(3, 4), (2, 2, 2), (4, 5), (2, 2, 3)])
def test_random_people_are_out_of_reach_of_all_figures_together(
    tmp_path: Path, case: str, sizes: tuple[int, ...]
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, indicators = random.Random(seed), INDICATORS[case]
    cubes = {str(2000 + i): random_cube(chance, sizes) for i in range(12)}
    house = office(tmp_path, indicators, sizes)
    file = deliver(house, cubes)
    for year, cube in cubes.items():
        assert not list(within_reach(Attacker(file, year, indicators, sizes), cube, indicators)), year
    audited(house, file, tmp_path / "messages")
