"""What is withheld stays out of reach: linear programs over everything that is shown find no small count."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from citizenstats.house import open_house
from citizenstats.release.release import release
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
    """A breakdown with a withheld cell has every combination of categories: no key says where people are."""
    for mask in {_mask(cell) for cell in withheld}:
        assert {c for c in shown | withheld if _mask(c) == mask} == _combinations(mask, categories)


def _mask(cell: tuple[str, ...]) -> tuple[bool, ...]:
    return tuple(code == attacker.TOTAL for code in cell)


def _combinations(mask: tuple[bool, ...], categories: list[list[str]]) -> set[tuple[str, ...]]:
    codes = [[attacker.TOTAL] if total else codes for total, codes in zip(mask, categories, strict=True)]
    return set(product(*codes))


@pytest.mark.parametrize(
    "sizes",
    [
        (3, 4),
        (2, 2, 2),
        (3, 2, 4),
        pytest.param((2, 2, 2, 2), marks=pytest.mark.long),
        pytest.param((3, 2, 2, 3), marks=pytest.mark.long),
    ],
)
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
        counted, _ = _published(file, year, "NUMBER_OF", len(sizes))
        said_yes |= {cell: round(row[0]) for cell, row in counted.items()}
        for part, published in enumerate((people, said_yes, said_no)):
            true = _full(cube, part)
            published = _with_known_zeros(published, withheld, categories)
            assert all(true.get(cell, 0) == count for cell, count in published.items())
            for cell, (low, high) in attacker.intervals(published, categories).items():
                count = true.get(cell, 0)
                if 0 < count < office.MINIMUM:
                    attacked += 1
                    assert high - low >= office.MINIMUM, (year, part, cell, count, low, high)
    assert attacked, "no small count was there to be attacked; the seed is printed"


def _with_known_zeros(
    published: Mapping[Any, int], withheld: set[Any], categories: list[list[str]]
) -> dict[Any, int]:
    """Add what the keys of a shown breakdown say: a combination that is not there holds nobody."""
    masks = {_mask(cell) for cell in published} - {_mask(cell) for cell in withheld}
    whole = {cell: 0 for mask in masks for cell in _combinations(mask, categories)}
    return {**whole, **published}


@pytest.mark.parametrize("sizes", [(3, 4), (2, 2, 2), pytest.param((3, 2, 2), marks=pytest.mark.long)])
def test_an_attacker_with_two_releases_finds_no_few_that_came(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """For him a release is one more dimension: who was there, who came, and both together."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    old = {str(2000 + i): office.random_cube(chance, sizes, chance.choice((15, 40, 120))) for i in range(3)}
    came = {year: _some(chance, cube) for year, cube in old.items()}
    both = {
        year: {
            cell: (cube[cell][0] + came[year][cell][0], cube[cell][1] + came[year][cell][1]) for cell in cube
        }
        for year, cube in old.items()
    }
    house = open_house(tmp_path / "home", office.mappings(tmp_path / "mappings", sizes))
    states = []
    for people in (old, both):
        file = office.next_state(house, people, sizes)
        released = release(house, office.FLOW)
        assert released.release is not None
        states.append(file)
    for year in old:
        categories = [sorted({cell[d] for c in both.values() for cell in c}) for d in range(len(sizes))]
        true = _full({(*cell, "CAME"): counts for cell, counts in came[year].items()}, 0)
        published: Counts = {}
        rows: list[dict[Any, Any]] = []
        for file, vintage in zip(states, ("WAS", attacker.TOTAL), strict=True):
            shown, withheld = _published(file, year, "SHARE", len(sizes))
            # What stayed as it was says nothing of who came since: he cannot tell it from what did not change.
            stayed = {c for c in shown if rows and rows[0].get(c) == shown[c] and true.get((*c, "CAME"))}
            rows.append(shown)
            people = {cell: row[1] for cell, row in shown.items() if cell not in stayed}
            known = _with_known_zeros(people, withheld | stayed, categories)
            published |= {(*cell, vintage): count for cell, count in known.items()}
        for cell in published.keys() & {(*c[:-1], "WAS") for c in published if c[-1] == attacker.TOTAL}:
            count = true.get((*cell[:-1], "CAME"), 0)
            assert not 0 < count < office.MINIMUM, (year, cell, count)
        found = attacker.intervals(published, [*categories, ["WAS", "CAME"]])
        for cell, (low, high) in found.items():
            if cell[-1] == "CAME" and 0 < true.get(cell, 0) < office.MINIMUM:
                assert high - low >= office.MINIMUM, (year, cell, true.get(cell, 0), low, high)


def _some(chance: random.Random, cube: Mapping[tuple[str, ...], tuple[int, int]]) -> office.Cube:
    """Return the people who come later: in most cells nobody, in some a few, in some many."""
    more = {}
    for cell in cube:
        n = chance.choice((0, 0, 0, 1, 3, 30))
        more[cell] = (n, sum(chance.random() < 0.4 for _ in range(n)))
    return more


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
