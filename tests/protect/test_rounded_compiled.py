"""Compiled counts are rounded as counts of records are: multiples that add up, in the message and past its audit."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import duckdb

from citizenstats.house import House, open_house
from citizenstats.release.release import release
from tests.protect import office

SIZES = (3, 4)
BASE = 5
TOTAL = "_T"


def _house(folder: Path) -> House:
    said = office.mappings(folder / "mappings", SIZES)
    with (said / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(f"protection: {{rounding: {{base: {BASE}}}}}\n")
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8")
    head, _, rest = text.partition("    estimate:\n")
    text = head + "protection:" + rest.partition("protection:")[2]
    text = text.replace(
        "  answer: {type: boolean, required: true}\n", "  n: {type: integer}\n  k: {type: integer}\n"
    )
    compiled = "      INDICATOR: {value: NUMBER_OF}\n      OBS_VALUE: k\n      SAMPLE_SIZE: n\n      _n: n\n      _k: k\n"
    contract.write_text(
        text.replace("      TIME_PERIOD: year\n", f"      TIME_PERIOD: year\n{compiled}"), "utf-8"
    )
    return open_house(folder / "home", said)


def test_compiled_counts_are_rounded_add_up_and_are_released(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    inner = office.random_cube(random.Random(seed), SIZES, 12)
    true: dict[tuple[str, ...], list[int]] = {}
    for cell, counts in inner.items():
        for mask in product((False, True), repeat=len(cell)):
            key = tuple(TOTAL if hidden else code for hidden, code in zip(mask, cell, strict=True))
            true[key] = [a + b for a, b in zip(true.get(key, [0, 0]), counts, strict=True)]
    house = _house(tmp_path)
    lines = ["year,consent,n,k,ga,gb", *(f"2020,yes,{n},{k},{a},{b}" for (a, b), (n, k) in true.items())]
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    file = office.protected(house)
    rows = duckdb.sql(f"SELECT GA, GB, OBS_VALUE, SAMPLE_SIZE FROM '{file}'").fetchall()
    for column in (0, 1):
        shown = {(a, b): told[column] for a, b, *told in rows}
        assert shown.keys() == true.keys()
        for cell, value in shown.items():
            assert value % BASE == 0
            assert abs(value - true[cell][1 - column]) < 2 * BASE
        for a in {a for a, _ in inner}:
            assert shown[a, TOTAL] == sum(shown[a, b] for b in {b for _, b in inner})
        for b in {b for _, b in inner} | {TOTAL}:
            assert shown[TOTAL, b] == sum(shown[a, b] for a in {a for a, _ in inner})
    assert release(house, office.FLOW).release is not None
