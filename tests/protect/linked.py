"""The small office with a second dataflow: the same people and the same question, broken down by other groups."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble
from tests.protect import office

SECOND = "OFFICE:PLACES"
SIZES = (2, 3, 3)
GROUPS = {office.FLOW: ("GA", "GB"), SECOND: ("GA", "GC")}
"""Dataflow → by what it breaks down; the first group stands in both."""

Counts = dict[tuple[str, ...], int]


def opened(
    folder: Path, sizes: tuple[int, ...] = SIZES, groups: Mapping[str, tuple[str, ...]] = GROUPS
) -> House:
    """Return an office whose two dataflows are one family."""
    made = office.mappings(folder / "mappings", sizes)
    contract = made / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8")
    head, target, end = text.partition("  - dataflow: " + office.FLOW)
    body, rest = end.split("protection:")
    first = _only(body, groups[office.FLOW])
    second = _only(body, groups[SECOND]).replace("SHARE: {proportion", "PERCENT: {proportion")
    second = "\n".join(line for line in second.splitlines() if "NUMBER_OF" not in line) + "\n"
    contract.write_text(f"{head}{target}{first}  - dataflow: {SECOND}{second}protection:{rest}", "utf-8")
    structures = made / "structures/OFFICE"
    whole = (structures / "data_structures/ANSWERS.yaml").read_text("utf-8")
    for name, flow in (("ANSWERS", office.FLOW), ("PLACES", SECOND)):
        dropped = [g for g in office.GROUPS if g not in groups[flow]]
        lines = [line for line in whole.splitlines() if not any(f"  {g}:" in line for g in dropped)]
        (structures / f"data_structures/{name}.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    with (structures / "codelists/CL_INDICATOR.csv").open("a", encoding="utf-8") as file:
        file.write("PERCENT,,Percent\n")
    places = f"name: Places\nfeeds: [{office.DATASET}]\nfamily: {office.FAMILY}\nreview: none\n"
    (made / "dataflows/OFFICE/PLACES.yaml").write_text(places, "utf-8")
    return open_house(folder / "home", made)


def _only(target: str, groups: tuple[str, ...]) -> str:
    """Return a target without the groups that it does not break down by."""
    gone = [g for g in office.GROUPS[: len(SIZES)] if g not in groups]
    lines = [line for line in target.splitlines() if not any(line.startswith(f"      {g}: ") for g in gone)]
    return "\n".join(lines).replace("[GA, GB, GC]", f"[{', '.join(groups)}]") + "\n"


def protected(house: House, cube: office.Cube, sizes: tuple[int, ...] = SIZES) -> Path:
    """Take these people as far as the protected state of the family; return its folder."""
    office.deliver(house, {"2020": cube}, sizes)
    received = receive(house, office.DATASET, settle=0.0)
    assert [o.status for o in received.outcomes] == ["accepted"], received.outcomes
    observe(house, office.DATASET)
    for flow in GROUPS:
        assemble(house, flow)
    return protect(house, office.FAMILY).folder


def people(chance: random.Random, scale: int) -> office.Cube:
    """Return people of all three groups."""
    return office.random_cube(chance, SIZES, scale)


def categories(cube: office.Cube) -> list[list[str]]:
    """Return the categories of each group."""
    return [sorted({cell[d] for cell in cube}) for d in range(len(SIZES))]


def full(cube: Mapping[tuple[str, ...], tuple[int, int]], part: int) -> Counts:
    """Return every cell of the cube with its totals: people (0), those who said yes (1), those who said no (2)."""
    counted: Counts = {}
    for cell, (n, k) in cube.items():
        for mask in product((False, True), repeat=len(cell)):
            key = tuple("_T" if hidden else code for hidden, code in zip(mask, cell, strict=True))
            counted[key] = counted.get(key, 0) + (n, k, n - k)[part]
    return counted


def placed(flow: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cell of all three groups that a key of a dataflow is."""
    known = dict(zip(GROUPS[flow], codes, strict=True))
    return tuple(known.get(group, "_T") for group in office.GROUPS[: len(SIZES)])
