"""Whom a condition leaves out: told by no two figures that ask the same people, nor by two releases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import duckdb
import highspy
import numpy as np
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.choose import audited
from citizenstats.release.release import release
from tests.protect.office import DATASET, FLOW, MINIMUM, mappings, protected

Cell = tuple[str, ...]
People = Mapping[Cell, tuple[int, int]]
"""Cell → those who are asked more, and those who are not."""


def office(folder: Path, sizes: tuple[int, int]) -> House:
    """Return a house with one indicator of everybody and two of those who are asked more."""
    said = mappings(folder / "mappings", sizes)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        "  answer: {type: boolean, required: true}\n",
        "".join(f"  {c}: {{type: boolean, required: true}}\n" for c in ("q0", "q1", "q2", "asked")),
    )
    told = "I0: {proportion: q0}", "I1: {proportion: q1, among: asked}", "I2: {proportion: q2, among: asked}"
    head, _, rest = text.partition("        SHARE:")
    contract.write_text(
        head + "".join(f"        {of}\n" for of in told) + "protection:" + rest.partition("protection:")[2],
        "utf-8",
    )
    codes = "".join(f"I{i},,Question {i}\n" for i in range(3))
    (said / "structures/OFFICE/codelists/CL_INDICATOR.csv").write_text(f"id,parent,name_en\n{codes}", "utf-8")
    return open_house(folder / "home", said)


def delivered(house: House, rows: Iterator[tuple[bool, bool, bool, bool, Cell]]) -> Path:
    """Return the publishable file of these answers."""
    lines = ["year,consent,q0,q1,q2,asked,ga,gb"]
    lines += [
        ",".join(["2020", "yes", *("yes" if said else "no" for said in answers), *cell])
        for *answers, cell in rows
    ]
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return protected(house)


def random_rows(seed: int, sizes: tuple[int, int]) -> list[tuple[bool, bool, bool, bool, Cell]]:
    """Return answers by which few are left out here and there."""
    chance = random.Random(seed)
    scale, share = chance.choice([20, 40, 60]), chance.choice([0.8, 0.9, 0.95])
    return [
        (*(chance.random() < 0.4 for _ in range(3)), chance.random() < share, (f"A{a}", f"B{b}"))  # type: ignore[misc]
        for a, b in product(*map(range, sizes))
        for _ in range(int(chance.expovariate(1 / scale)))
    ]


@pytest.mark.parametrize("draw", [1, 2])
def test_two_figures_that_ask_the_same_people_do_not_tell_whom_they_leave_out(
    tmp_path: Path, draw: int
) -> None:
    """The sample size of one is that of the other, so that a place is open only where both are hidden."""
    sizes = (4, 5)
    seed = random.randrange(2**32)
    print(f"draw {draw}, seed {seed}")
    rows = random_rows(seed, sizes)
    left: Counter[Cell] = Counter()
    for *_, asked, (a, b) in rows:
        left.update({cell: 1 for cell in product((a, "_T"), (b, "_T")) if not asked})
    file = delivered(office(tmp_path, sizes), iter(rows))
    inner = {
        cell: i for i, cell in enumerate(product((f"A{i}" for i in range(4)), (f"B{i}" for i in range(5))))
    }
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    for _ in range(2 * len(inner)):
        solver.addVar(0, 10_000)

    def inside(cell: Cell) -> list[int]:
        return [i for of, i in inner.items() if all(c in ("_T", o) for c, o in zip(cell, of, strict=True))]

    shown = duckdb.sql(
        f"SELECT INDICATOR, GA, GB, SAMPLE_SIZE FROM '{file}' WHERE OBS_VALUE IS NOT NULL"
    ).fetchall()
    for indicator, a, b, size in shown:
        at = inside((a, b))
        columns = at if indicator != "I0" else [*at, *(len(inner) + i for i in at)]
        solver.addRow(size, size, len(columns), np.array(columns, dtype=np.int32), np.ones(len(columns)))
    for cell, count in left.items():
        if count < MINIMUM:
            ends = []
            for sign in (1.0, -1.0):
                for i in range(len(inner)):
                    solver.changeColCost(len(inner) + i, sign if i in inside(cell) else 0.0)
                solver.run()
                assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
                ends.append(sign * solver.getInfo().objective_function_value)
            assert ends[1] - ends[0] >= MINIMUM - 1e-6, (cell, count, ends)


def test_figures_that_ask_the_same_few_less_hide_alike(tmp_path: Path) -> None:
    """With one figure hidden at two places and the other at two more, everything that they leave out came out."""
    file = delivered(office(tmp_path, (4, 5)), iter(random_rows(378325524, (4, 5))))
    places = {
        i: set(
            duckdb.sql(
                f"SELECT GA, GB FROM '{file}' WHERE INDICATOR = '{i}' AND OBS_VALUE IS NOT NULL"
            ).fetchall()
        )
        for i in ("I1", "I2")
    }
    assert places["I1"] == places["I2"]
    assert places["I1"]


def _rows(people: People) -> Iterator[tuple[bool, bool, bool, bool, Cell]]:
    for cell, (asked, others) in people.items():
        for is_asked, many in ((True, asked), (False, others)):
            for i in range(many):
                yield (i % 2 == 0, i % 2 == 0, i % 2 == 1, is_asked, cell)


def test_how_few_more_are_left_out_is_told_by_no_two_releases(tmp_path: Path) -> None:
    house = office(tmp_path, (2, 2))
    first: People = dict.fromkeys(product(("A0", "A1"), ("B0", "B1")), (60, 40))
    delivered(house, _rows(first))
    assert release(house, FLOW).release is not None
    later = {**first, ("A0", "B0"): (90, 42)}
    # Everybody's number and that of those who are asked both grew by many, and two more are not asked.
    file = delivered(house, _rows(later))
    shown = duckdb.sql(
        f"SELECT INDICATOR, SAMPLE_SIZE FROM '{file}' WHERE GA = 'A0' AND GB = 'B0' AND OBS_VALUE IS NOT NULL"
    ).fetchall()
    sizes = dict(shown)
    assert sizes.keys() != {"I0", "I1", "I2"}
    assert not ({"I0"} <= sizes.keys() and sizes.keys() & {"I1", "I2"} and sizes["I0"] == 132), sizes
    # What protection would have let out before, the audit stops.
    messages = tmp_path / "messages"
    messages.mkdir()
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CASE WHEN INDICATOR = 'I0' THEN 132 ELSE 90 END AS SAMPLE_SIZE) FROM '{file}' "
        f"WHERE GA = 'A0' AND GB = 'B0') TO '{messages}/data.csv' (HEADER)"
    )
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, FLOW, file.parent.name, messages).require(FLOW)
