"""Several counts together tell another one: of all answers but one, of both of two, of whom a domain leaves out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

import duckdb
import highspy
import numpy as np
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble
from tests.protect import linked
from tests.protect.office import DATASET, FAMILY, FLOW, MINIMUM, mappings, protected

SIZES = (3, 2)
Cell = tuple[str, ...]
Answer = tuple[str, str, str]
"""What somebody said: one of five answers, and yes or no to two questions."""

CELLS = list(product(("A0", "A1", "A2"), ("B0", "B1")))
SAID: list[Answer] = list(product("abcde", ("yes", "no"), ("yes", "no")))

INDICATORS: dict[str, dict[str, str]] = {
    "all answers but one": {f"I{i}": f"proportion: \"said = '{x}'\"" for i, x in enumerate("abcd")},
    "both of two": {"I0": "proportion: p", "I1": "proportion: q", "I2": "proportion: p OR q", "I3": "proportion: p AND q"},
    "either of two": {"I0": "proportion: p", "I1": "proportion: q", "I2": "proportion: p AND q", "I3": 'count: "said = \'a\'"'},
    "asked as one who said so": {"I0": "proportion: p", "I1": "proportion: q, among: p"},
}  # fmt: skip


def office(folder: Path, indicators: Mapping[str, str]) -> House:
    """Return a house with these indicators of the three questions."""
    said = mappings(folder / "mappings", SIZES)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        "  answer: {type: boolean, required: true}\n",
        "  said: {required: true, allowed: [a, b, c, d, e]}\n  p: {type: boolean, required: true}\n"
        "  q: {type: boolean, required: true}\n",
    )
    head, _, rest = text.partition("        SHARE:")
    told = "".join(f"        {name}: {{{of}}}\n" for name, of in indicators.items())
    contract.write_text(head + told + "protection:" + rest.partition("protection:")[2], "utf-8")
    codes = "".join(f"{name},,{name}\n" for name in indicators)
    (said / "structures/OFFICE/codelists/CL_INDICATOR.csv").write_text(f"id,parent,name_en\n{codes}", "utf-8")
    return open_house(folder / "home", said)


Cube = Mapping[tuple[Cell, Answer], int]


def deliver(house: House, cube: Cube) -> Path:
    """Return the publishable file made from these people."""
    lines = ["year,consent,said,p,q,ga,gb"]
    for (cell, answer), people in cube.items():
        lines += [",".join(["2020", "yes", *answer, *cell])] * people
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return protected(house)


def everybody(most: int = 12) -> dict[tuple[Cell, Answer], int]:
    """Return as many people of each answer everywhere."""
    return {(cell, answer): most for cell in CELLS for answer in SAID}


def small(case: str) -> dict[tuple[Cell, Answer], int]:
    """Return people of whom in one cell only a count is small that no single figure tells."""
    cube = everybody()
    for answer in SAID:
        if case == "all answers but one" and answer[0] == "e":
            cube[CELLS[0], answer] = 1 if answer[1:] == ("yes", "no") else 0
        if case in ("both of two", "asked as one who said so") and answer[1:] == ("yes", "yes"):
            cube[CELLS[0], answer] = 1 if answer[0] == "a" else 0
        if case == "either of two" and answer[1:] == ("no", "no"):
            cube[CELLS[0], answer] = 1 if answer[0] == "a" else 0
    return cube


MEETS = {
    "said = 'a'": lambda a: a[0] == "a", "said = 'b'": lambda a: a[0] == "b", "said = 'c'": lambda a: a[0] == "c",
    "said = 'd'": lambda a: a[0] == "d", "p": lambda a: a[1] == "yes", "q": lambda a: a[2] == "yes",
    "p OR q": lambda a: "yes" in a[1:], "p AND q": lambda a: a[1:] == ("yes", "yes"),
}  # fmt: skip


def told(file: Path, indicators: Mapping[str, str]) -> list[tuple[list[tuple[Cell, Answer]], int]]:
    """Return each shown count as the kinds of people that it counts, and how many they are."""
    found = []
    for name, a, b, value, size in duckdb.sql(
        f"SELECT INDICATOR, GA, GB, OBS_VALUE, SAMPLE_SIZE FROM '{file}' WHERE OBS_VALUE IS NOT NULL"
    ).fetchall():
        kind, _, rest = indicators[name].partition(": ")
        condition, _, among = rest.partition(", among: ")
        inside = [c for c in CELLS if a in (c[0], "_T") and b in (c[1], "_T")]
        asked = [x for x in SAID if not among or MEETS[among](x)]
        having = [x for x in asked if MEETS[condition.strip('"')](x)]
        if kind == "proportion":
            found.append((list(product(inside, asked)), size))
            value = size * value / 100
        found.append((list(product(inside, having)), round(value)))
    return found


def interval(
    shown: Iterable[tuple[Sequence[tuple[Cell, Answer]], int]], of: Sequence[tuple[Cell, Answer]]
) -> tuple[float, float]:
    """Return the least and the greatest number of people of some kinds that agree with everything that is shown."""
    kinds = {kind: i for i, kind in enumerate(product(CELLS, SAID))}
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    for _ in kinds:
        solver.addVar(0, 10_000)
    for people, count in shown:
        at = np.array([kinds[kind] for kind in people], dtype=np.int32)
        solver.addRow(count, count, len(at), at, np.ones(len(at)))
    ends = []
    for sign in (1.0, -1.0):
        for kind in of:
            solver.changeColCost(kinds[kind], sign)
        solver.run()
        assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        ends.append(sign * solver.getInfo().objective_function_value)
    return ends[0], ends[1]


def few(case: str, cell: Cell) -> list[tuple[Cell, Answer]]:
    """Return the kinds of people in a cell whose number no single figure tells, in a case."""
    is_one = {
        "all answers but one": lambda a: a[0] == "e",
        "both of two": lambda a: a[1:] == ("yes", "yes"),
        "either of two": lambda a: a[1:] == ("no", "no"),
        "asked as one who said so": lambda a: a[1:] == ("yes", "yes"),
    }[case]
    inside = [c for c in CELLS if cell[0] in (c[0], "_T") and cell[1] in (c[1], "_T")]
    return list(product(inside, [a for a in SAID if is_one(a)]))


@pytest.mark.parametrize("case", INDICATORS)
def test_a_small_count_that_several_large_ones_tell_is_out_of_reach(tmp_path: Path, case: str) -> None:
    indicators, cube = INDICATORS[case], small(case)
    shown = told(deliver(office(tmp_path, indicators), cube), indicators)
    assert sum(cube[kind] for kind in few(case, CELLS[0])) == 1
    low, high = interval(shown, few(case, CELLS[0]))
    assert high - low >= MINIMUM - 1e-6
    assert len(shown) > 20, "most is shown"


@pytest.mark.parametrize("case", INDICATORS)
def test_random_people_are_out_of_reach_of_all_counts_together(tmp_path: Path, case: str) -> None:
    """Each answer too: beside a withheld one, what is left of all others is both together."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    cube = {(cell, a): int(chance.expovariate(1 / chance.choice((1, 6)))) for cell in CELLS for a in SAID}
    shown = told(deliver(office(tmp_path, INDICATORS[case]), cube), INDICATORS[case])
    places = (*CELLS, ("A0", "_T"), ("A1", "_T"), ("A2", "_T"))
    asked = [(cell, few(case, cell)) for cell in places]
    if case == "all answers but one":
        asked += [(cell, [(c, (x, *a[1:])) for c, a in few(case, cell)]) for cell in places for x in "abcd"]
    for cell, kinds in asked:
        if 0 < sum(cube[kind] for kind in kinds) < MINIMUM:
            low, high = interval(shown, kinds)
            assert high - low >= MINIMUM - 1e-6, (cell, low, high)


@pytest.mark.parametrize("case", ["all answers but one", "both of two", "either of two"])
def test_the_audit_stops_a_release_in_which_several_counts_tell_a_small_one(
    tmp_path: Path, case: str
) -> None:
    house = office(tmp_path, INDICATORS[case])
    cube = small(case)
    state = deliver(house, cube).parent
    messages = tmp_path / "messages"
    messages.mkdir()
    file = f"{state}/OFFICE.ANSWERS.parquet"
    duckdb.sql(f"COPY (FROM '{file}') TO '{messages}/data.csv' (HEADER)")
    audit(house, FLOW, state.name, messages).require(FLOW)
    everything = f"{state.parent.parent.parent}/assembled/OFFICE/ANSWERS"
    (before,) = Path(everything).glob("*/observations.parquet")
    columns = ", ".join(c for c in duckdb.sql(f"SELECT * FROM '{file}'").columns if not c.startswith("_"))
    # As hiding each figure's own small counts alone would let it out.
    own = "OBS_VALUE IS NOT NULL AND NOT coalesce(least(_n, _k, _n - _k) BETWEEN 1 AND 4, FALSE)"
    duckdb.sql(f"COPY (SELECT {columns} FROM '{before}' WHERE {own}) TO '{messages}/data.csv' (HEADER)")
    found = audit(house, FLOW, state.name, messages)
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        found.require(FLOW)


def test_whom_a_domain_of_another_dataflow_leaves_out_is_out_of_reach(tmp_path: Path) -> None:
    """One dataflow is about everybody, the other about adults; three in one group are none."""
    house = linked.opened(tmp_path)
    contract = house.mappings.folder / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        "  answer: {type", "  adult: {type: boolean, required: true}\n  answer: {type"
    )
    contract.write_text(
        text.replace(
            f"  - dataflow: {linked.SECOND}\n", f"  - dataflow: {linked.SECOND}\n    where: adult\n"
        ),
        "utf-8",
    )
    house = open_house(house.store.home, house.mappings.folder)
    lines = ["year,consent,adult,answer,ga,gb,gc"]
    for cell in product(("A0", "A1"), ("B0", "B1", "B2"), ("C0", "C1", "C2")):
        young = 3 if cell == ("A0", "B0", "C0") else 12 if cell[0] == "A1" else 0
        for adult, people in (("yes", 12), ("no", young)):
            for said in ("yes", "no"):
                lines += [",".join(["2020", "yes", adult, said, *cell])] * people
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    receive(house, DATASET, settle=0.0)
    observe(house, DATASET)
    for flow in linked.GROUPS:
        assemble(house, flow)
    state = protect(house, FAMILY).folder
    sizes = {
        flow: dict(
            duckdb.sql(
                f"SELECT GA, SAMPLE_SIZE FROM '{state}/{flow.replace(':', '.')}.parquet' "
                f"WHERE {linked.GROUPS[flow][1]} = '_T' AND OBS_VALUE IS NOT NULL AND INDICATOR IN ('SHARE', 'PERCENT')"
            ).fetchall()
        )
        for flow in linked.GROUPS
    }
    left = {
        a: sizes[FLOW][a] - sizes[linked.SECOND][a] for a in sizes[FLOW].keys() & sizes[linked.SECOND].keys()
    }
    assert "A0" not in left, left
    assert sizes[FLOW], "the whole is still told"
    for flow in linked.GROUPS:
        folder = tmp_path / flow.partition(":")[2]
        folder.mkdir()
        duckdb.sql(f"COPY (FROM '{state}/{flow.replace(':', '.')}.parquet') TO '{folder}/data.csv' (HEADER)")
        audit(house, flow, state.name, folder).require(flow)
