"""What is withheld stays out of reach: linear programs over everything that is shown find no small count."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.protect import attacker, office

Counts = dict[tuple[str, ...], int]


def _full(cube: Mapping[tuple[str, ...], tuple[int, int]], part: int) -> Counts:
    """Return every cell of the cube with its totals: people (0), those who said yes (1), those who said no (2)."""
    full: Counts = {}
    for cell, (n, k) in cube.items():
        for mask in product((False, True), repeat=len(cell)):
            key = tuple(attacker.TOTAL if hidden else code for hidden, code in zip(mask, cell, strict=True))
            full[key] = full.get(key, 0) + (n, k, n - k)[part]
    return full


def _published(file: Path, year: str, indicator: str, dimensions: int) -> tuple[dict[Any, Any], set[Any]]:
    """Return cell → row of what is shown, and the keys that are there without a value."""
    groups = ", ".join(office.GROUPS[:dimensions])
    rows = duckdb.sql(
        f"SELECT {groups}, OBS_VALUE, SAMPLE_SIZE, OBS_STATUS, CONF_STATUS FROM read_parquet('{file}') "
        f"WHERE TIME_PERIOD = '{year}' AND INDICATOR = '{indicator}'"
    ).fetchall()
    shown = {row[:dimensions]: row[dimensions:] for row in rows if row[dimensions] is not None}
    withheld = {row[:dimensions] for row in rows if row[dimensions] is None}
    for row in rows:
        if row[dimensions] is None:
            assert row[dimensions + 1 :] == (None, "Q", "C"), "nothing may stand beside a withheld value"
    return shown, withheld


def _keys_tell_nothing(shown: set[Any], withheld: set[Any], categories: list[list[str]]) -> None:
    """A withheld breakdown has every combination of categories: no key says where people are."""
    masks = {tuple(code == attacker.TOTAL for code in cell) for cell in withheld}
    for mask in masks:
        expected = set(
            product(
                *[[attacker.TOTAL] if total else codes for total, codes in zip(mask, categories, strict=True)]
            )
        )
        assert {c for c in withheld if tuple(code == attacker.TOTAL for code in c) == mask} == expected
        assert not any(tuple(code == attacker.TOTAL for code in c) == mask for c in shown)


@pytest.mark.parametrize("sizes", [(3, 4), (2, 2, 2), (3, 2, 4), (2, 2, 2, 2), (3, 2, 2, 3)])
def test_an_attacker_finds_no_small_count(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    cubes = {
        str(2000 + i): office.random_cube(chance, sizes, chance.choice((6, 15, 40, 120))) for i in range(5)
    }
    file = office.taken_through(tmp_path / "home", tmp_path / "mappings", cubes, sizes)
    attacked = 0
    for year, cube in cubes.items():
        categories = [sorted({cell[d] for c in cubes.values() for cell in c}) for d in range(len(sizes))]
        shown, withheld = _published(file, year, "SHARE", len(sizes))
        _keys_tell_nothing(set(shown), withheld, categories)
        people = {cell: row[1] for cell, row in shown.items()}
        said_yes = {cell: round(row[0] * row[1] / 100) for cell, row in shown.items()}
        said_no = {cell: people[cell] - said_yes[cell] for cell in shown}
        for part, published in enumerate((people, said_yes, said_no)):
            true = _full(cube, part)
            published = _with_known_zeros(published, categories)
            assert all(true.get(cell, 0) == count for cell, count in published.items())
            for cell, (low, high) in attacker.intervals(published, categories).items():
                count = true.get(cell, 0)
                if 0 < count < office.MINIMUM:
                    attacked += 1
                    assert high - low >= office.MINIMUM, (year, part, cell, count, low, high)
    assert attacked, "no small count was there to be attacked; the seed is printed"


def _with_known_zeros(published: Mapping[Any, int], categories: list[list[str]]) -> dict[Any, int]:
    """Add what the keys of a shown breakdown say: a combination that is not there holds nobody."""
    masks = {tuple(code == attacker.TOTAL for code in cell) for cell in published}
    whole = {
        cell: 0
        for mask in masks
        for cell in product(
            *[[attacker.TOTAL] if total else codes for total, codes in zip(mask, categories, strict=True)]
        )
    }
    return {**whole, **published}


def test_the_attacker_unpicks_what_is_only_suppressed_cell_by_cell() -> None:
    """The attacker works: with small cells emptied and all else shown, it gets small counts exactly."""
    chance = random.Random(1)
    found = 0
    for _ in range(10):
        cube = office.random_cube(chance, (3, 4), 15)
        true = _full(cube, 0)
        shown = {cell: n for cell, n in true.items() if not 0 < n < office.MINIMUM}
        categories = [sorted({cell[d] for cell in cube}) for d in range(2)]
        for cell, (low, high) in attacker.intervals(shown, categories).items():
            found += 0 < true[cell] < office.MINIMUM and high - low < 0.5
    assert found > 3


def test_whole_breakdowns_alone_would_not_be_enough() -> None:
    """In 2 × 2 × 2 with all two-way margins shown and the inner table withheld, a small count can be had exactly."""
    cube = {
        ("A0", "B0", "C0"): 2, ("A0", "B1", "C1"): 30, ("A1", "B0", "C1"): 30, ("A1", "B1", "C0"): 30,
        ("A0", "B0", "C1"): 30, ("A0", "B1", "C0"): 30, ("A1", "B0", "C0"): 30, ("A1", "B1", "C1"): 0,
    }  # fmt: skip
    true = _full({cell: (n, 0) for cell, n in cube.items()}, 0)
    shown = {cell: n for cell, n in true.items() if attacker.TOTAL in cell}
    low, high = attacker.intervals(shown, [["A0", "A1"], ["B0", "B1"], ["C0", "C1"]])["A0", "B0", "C0"]
    assert high - low < office.MINIMUM
