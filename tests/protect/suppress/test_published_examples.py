"""What GaussSuppression (Statistics Norway) publishes of its own examples: unsafe cells, intervals, patterns, single units.

The data are `example1` and `magnitude1` of SSBtools, MIT License, Copyright (c) 2018 Statistics Norway; what is expected of
them is the output printed in the articles of the R package GaussSuppression 1.2 (same licence and holder). R computes the
intervals with Rglpk and HiGHS and finds the patterns by elimination.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Literal

import numpy as np
import pytest

from citizenstats.protect.suppress import (
    Layer,
    Problem,
    Relation,
    exposed_to_insiders,
    intervals,
    suppress,
)
from citizenstats.protect.suppress.gauss import coordinates, eliminate
from tests.protect.suppress.attacker import attack
from tests.protect.suppress.tables import Tables, Tree, frequency, linked, tree
from tests.protect.suppress.test_insiders import REGIONS, SOURCES, _z1

Key = tuple[str, ...]

AGE: Tree = {"_T": ["young", "old"]}
GEO: Tree = {"_T": ["EU", "nonEU"], "EU": ["Spain", "Portugal"], "nonEU": ["Iceland"]}
COUNTRIES: Tree = {"_T": ["Spain", "Portugal", "Iceland"]}
YEAR: Tree = {"_T": ["2014", "2015", "2016"]}
SECTOR: Tree = {"_T": ["Agriculture", "Entertainment", "Governmental", "Industry"]}

EXAMPLE1: Mapping[Key, float] = {
    (age, country, year): count
    for year, counts in {
        "2014": (5, 2, 0, 6, 3, 4),
        "2015": (5, 0, 0, 6, 3, 4),
        "2016": (7, 1, 1, 5, 4, 3),
    }.items()
    for (age, country), count in zip(
        product(("young", "old"), ("Spain", "Iceland", "Portugal")), counts, strict=True
    )
}
LINKED: Mapping[Key, float] = {
    ("young", "Spain", "2014"): 6,
    ("young", "Iceland", "2014"): 8,
    ("old", "Spain", "2014"): 9,
    ("old", "Portugal", "2014"): 1,
    ("young", "Iceland", "2015"): 2,
    ("old", "Spain", "2015"): 4,
    ("old", "Portugal", "2015"): 3,
    ("young", "Spain", "2016"): 7,
    ("young", "Iceland", "2016"): 2,
    ("young", "Portugal", "2016"): 2,
}
"""The variant of `example1` in the article on linked tables; what is not there is known to be empty."""
MAGNITUDE1: Mapping[Key, tuple[float, ...]] = {
    ("Agriculture", "Portugal"): (75.9, 24.5),
    ("Agriculture", "Spain"): (96.6, 43.2),
    ("Entertainment", "Iceland"): (16.8,),
    ("Entertainment", "Portugal"): (7.1, 2.3),
    ("Entertainment", "Spain"): (77.4, 11.5, 16.4),
    ("Governmental", "Portugal"): (21.6, 2.0),
    ("Governmental", "Spain"): (6.5, 2.7),
    ("Industry", "Iceland"): (9.6, 8.8, 1.9),
    ("Industry", "Portugal"): (25.7, 3.4),
    ("Industry", "Spain"): (8.4,),
}


def _tables(
    records: Mapping[Key, float], trees: Sequence[Tree], wanted: Callable[[Key], bool] = lambda _: True
) -> Tables:
    """Return the wanted cells of records, and each sum whose parts are all there."""
    codes = [["_T", *(code for children in t.values() for code in children)] for t in trees]
    keys = [key for key in product(*codes) if wanted(key)]
    place = {key: at for at, key in enumerate(keys)}
    relations = []
    for key, (d, t) in product(keys, enumerate(trees)):
        parts = [place.get((*key[:d], child, *key[d + 1 :])) for child in t.get(key[d], ())]
        if parts and None not in parts:
            relations.append(Relation(place[key], tuple(parts)))
    inside = [
        {
            code: {code, *(leaf for child in t.get(code, ()) for leaf in (child, *t.get(child, ())))}
            for code in c
        }
        for t, c in zip(trees, codes, strict=True)
    ]
    counts = [
        sum(
            v
            for record, v in records.items()
            if all(r in i[k] for r, i, k in zip(record, inside, key, strict=True))
        )
        for key in keys
    ]
    return Tables(keys, relations, np.array(counts, dtype=float))


def _mask(tables: Tables, cells: Sequence[Key]) -> np.ndarray:
    return np.array([key in cells for key in tables.keys])


def _age_by_country() -> Tables:
    records: dict[Key, float] = {}
    for (age, country, _), count in EXAMPLE1.items():
        records[age, country] = records.get((age, country), 0) + count
    return _tables(records, [AGE, COUNTRIES])


def _linked_tables() -> Tables:
    """Return age x EU x year linked with country x year, as one system."""
    return _tables(LINKED, [AGE, GEO, YEAR], lambda key: key[0] == "_T" or key[1] in ("_T", "EU", "nonEU"))


LINKED_PATTERN = [
    *(
        (age, geo, year)
        for age, geo in product(("_T", "young"), ("_T", "nonEU"))
        for year in ("2015", "2016")
    ),
    ("_T", "Iceland", "2015"),
    ("_T", "Iceland", "2016"),
    *(("_T", country, year) for country, year in product(("Spain", "Portugal"), ("2014", "2016"))),
]
LINKED_WIDER = [*LINKED_PATTERN, ("_T", "Spain", "2015"), ("_T", "Portugal", "2015")]


@pytest.mark.parametrize(
    ("tables", "hidden", "expected"),
    [
        pytest.param(
            _age_by_country,
            list(product(("young", "old"), ("Iceland", "Portugal"))),
            {("young", "Iceland"): (0, 4), ("young", "Portugal"): (0, 4)},
            id="frequencies",
        ),
        pytest.param(
            _age_by_country,
            list(product(("young", "old"), ("Iceland", "Portugal", "Spain"))),
            {("young", "Iceland"): (0, 13), ("young", "Portugal"): (0, 12)},
            id="frequencies, wider",
        ),
        pytest.param(
            _linked_tables,
            LINKED_PATTERN,
            {
                ("_T", "nonEU", "2015"): (0, 4),
                ("young", "_T", "2015"): (0, 4),
                ("young", "nonEU", "2016"): (0, 4),
                ("_T", "Portugal", "2014"): (0, 3),
                ("_T", "Portugal", "2016"): (0, 3),
            },
            id="linked",
        ),
        pytest.param(
            _linked_tables,
            LINKED_WIDER,
            {
                ("_T", "Iceland", "2015"): (0, 4),
                ("_T", "Iceland", "2016"): (0, 4),
                ("_T", "Portugal", "2014"): (0, 6),
                ("_T", "Portugal", "2016"): (0, 6),
            },
            id="linked, wider",
        ),
    ],
)
def test_intervals_are_those_that_r_prints(
    tables: Callable[[], Tables], hidden: list[Key], expected: dict[Key, tuple[float, float]]
) -> None:
    table = tables()
    problem = frequency(table, 4)
    cells = [table.keys.index(key) for key in expected]
    mask = _mask(table, hidden) & (table.counts > 0)
    assert mask.sum() == len([key for key in hidden if table.counts[table.keys.index(key)]])
    found = intervals(problem, mask, cells)[0]
    assert list(zip(found.lower.round(6), found.upper.round(6), strict=True)) == list(expected.values())


def test_linked_tables_hide_what_r_hides_and_no_more() -> None:
    """By elimination R hides four totals and two countries besides the ten unsafe cells (`super-consistent`, maxN = 2)."""
    table = _linked_tables()
    problem = frequency(table, 3)
    unsafe = {key for key, is_unsafe in zip(table.keys, problem.primary, strict=True) if is_unsafe}
    assert unsafe == {
        *((age, "nonEU", year) for age, year in product(("_T", "young"), ("2015", "2016"))),
        ("young", "_T", "2015"),
        ("_T", "Iceland", "2015"),
        ("_T", "Iceland", "2016"),
        ("_T", "Portugal", "2014"),
        ("_T", "Portugal", "2016"),
    }
    outside = suppress(problem, insiders=False)
    assert outside.failures == ()
    assert np.array_equal(outside.suppressed, _mask(table, LINKED_PATTERN) & (table.counts > 0))
    # The one unit of Portugal 2014 knows Portugal 2016 then; what is hidden from it is what R hides for wider intervals.
    assert exposed_to_insiders(problem, outside.suppressed)
    inside = suppress(problem)
    assert inside.failures == ()
    assert np.array_equal(inside.suppressed, _mask(table, LINKED_WIDER) & (table.counts > 0))


def _magnitudes() -> tuple[Tables, Problem]:
    table = _tables({key: sum(parts) for key, parts in MAGNITUDE1.items()}, [SECTOR, COUNTRIES])
    units = _tables({key: len(parts) for key, parts in MAGNITUDE1.items()}, [SECTOR, COUNTRIES]).counts
    values, primary = table.counts, units == 1
    layer = Layer("value", values, primary, 0.1 * values, 0.1 * values, contributors=units)
    nothing = np.zeros(len(values), dtype=bool)
    return table, Problem(len(values), table.relations, [layer], 1 + np.log1p(values), nothing, nothing)


def test_the_single_contributor_of_another_cell_is_held_off_as_by_r() -> None:
    """Table 2 of the article on magnitudes: Industry:Portugal goes because of the single unit of Industry:Spain."""
    table, problem = _magnitudes()
    assert set(np.flatnonzero(problem.primary)) == {
        table.keys.index(("Entertainment", "Iceland")),
        table.keys.index(("Industry", "Spain")),
    }
    pattern = _mask(
        table,
        [
            ("Entertainment", "Iceland"),
            ("Entertainment", "Portugal"),
            ("Governmental", "Portugal"),
            ("Governmental", "Spain"),
            ("Industry", "Iceland"),
            ("Industry", "Portugal"),
            ("Industry", "Spain"),
        ],
    )
    without = pattern & ~_mask(table, [("Industry", "Portugal")])
    assert exposed_to_insiders(problem, without)
    assert not exposed_to_insiders(problem, pattern)
    ours = suppress(problem)
    assert ours.failures == ()
    assert ours.secondary <= 5


def test_two_ones_are_not_left_alone_beside_zeros_that_are_shown() -> None:
    """Table 8 of the article on frequencies: of two hidden cells of sum 2, none of them 0, both can only be 1."""
    table = _tables(EXAMPLE1, [AGE, COUNTRIES, YEAR])
    problem = frequency(table, 2)
    ones = [table.keys.index(("young", country, "2016")) for country in ("Iceland", "Portugal")]
    by_elimination = _mask(table, list(product(("young", "old"), ("Iceland", "Portugal"), ("2016", "_T"))))

    def found(hidden: np.ndarray, floor: float) -> list[tuple[float, float]]:
        shown = ~hidden | (table.counts == 0)
        return list(attack(table.relations, table.counts, shown, ones, floor=floor).values())

    assert found(by_elimination, 0.0) == [(0.0, 2.0), (0.0, 2.0)]
    assert found(by_elimination, 1.0) == [(1.0, 1.0), (1.0, 1.0)]
    pattern = suppress(problem)
    assert pattern.failures == ()
    assert all(high >= 2 for _, high in found(pattern.suppressed, 1.0))


def test_elimination_in_the_order_of_r_hides_what_r_hides() -> None:
    """`which(GaussSuppressionFromData(z1, 1:2, 3)$suppressed)` is 12, 13, 22, 23, 42, 43: annet and arbeid of B, D and H."""
    problem, place = _z1()
    values = problem.layers[0].values
    # R publishes the greatest first; among cells of like size the one whose records also stand in the greater sums.
    within = np.zeros((len(place), problem.cells))
    for row, (source, region) in enumerate(place):
        columns = len(REGIONS) + 1
        i, j = SOURCES.index(source), REGIONS.index(region)
        within[
            row, [i * columns + j, i * columns + columns - 1, len(SOURCES) * columns + j, problem.cells - 1]
        ] = 1
    size = values + 1
    tie = within.T @ (within @ size)
    order = np.argsort(-(size + 0.99 * tie / tie.max()), kind="stable")
    unsafe = np.flatnonzero(problem.primary).tolist()
    others = [int(cell) for cell in order if not problem.primary[cell]]
    extra = eliminate(coordinates(problem.graph, problem.cost), unsafe, [], others)
    rows = [1 + (1 + REGIONS.index(region)) * 5 + 1 + SOURCES.index(source) for source, region in place]
    hidden = {row for row, cell in zip(rows, place.values(), strict=True) if cell in {*unsafe, *extra}}
    assert hidden == {12, 13, 22, 23, 42, 43}
    assert set(extra) <= set(place.values())


def test_elimination_is_the_greedy_choice_by_the_rank_of_what_is_published() -> None:
    table = linked([tree("r", 3), tree("s", 2), tree("a", 2)], [(0, 1), (0, 2), (1, 2)], 90, 11)
    problem = frequency(table, 10)
    unsafe = np.flatnonzero(problem.primary).tolist()
    stay = np.flatnonzero(table.counts == 0).tolist()
    others = [c for c in np.argsort(-table.counts, kind="stable").tolist() if c not in {*unsafe, *stay}]
    assert unsafe

    sums = np.zeros((len(table.relations), problem.cells))
    for row, relation in enumerate(table.relations):
        sums[row, relation.parent] = -1
        sums[row, list(relation.children)] = 1
    unit = np.eye(problem.cells)

    def follows(published: list[int]) -> bool:
        """Whether an unsafe cell is a combination of what is published, by the ranks of dense matrices."""
        known = np.vstack([sums, unit[published]])
        rank = np.linalg.matrix_rank(known)
        return any(np.linalg.matrix_rank(np.vstack([known, unit[[cell]]])) == rank for cell in unsafe)

    published, extra = list(stay), []
    for cell in others:
        if follows([*published, cell]):
            extra.append(cell)
        else:
            published.append(cell)
    assert extra
    assert eliminate(coordinates(problem.graph, problem.cost), unsafe, stay, others) == extra


REGION_GENDER: Tree = {"_T": ["A", "B", "C", "D"]}
GENDER: Tree = {"_T": ["male", "female"]}


@pytest.mark.parametrize("method", ["repair", "exact"])
def test_one_cell_of_a_table_of_two_columns_takes_the_smallest_other_row(
    method: Literal["repair", "exact"],
) -> None:
    """As sdcTable's OPT, HYPERCUBE and HITAS in its test of `protectTable`: four cells, two of each row and column."""
    sizes = {("A", "female"): 6, ("A", "male"): 15, ("B", "female"): 21, ("B", "male"): 18}
    sizes |= {("C", "female"): 13, ("C", "male"): 11, ("D", "female"): 12, ("D", "male"): 14}
    problem = frequency(table := _tables(sizes, [REGION_GENDER, GENDER]), 7)
    pattern = suppress(problem, method=method)
    assert pattern.failures == ()
    assert [key for key, is_hidden in zip(table.keys, pattern.suppressed, strict=True) if is_hidden] == list(
        product("AC", ("male", "female"))
    )


def test_two_groupings_of_one_list_are_attacked_together() -> None:
    """As in sdcTable's test of linked tables: each is safe, together they give B away, and one more cell is enough."""
    sizes = {"A": 3, "B": 2, "I": 9, "J": 12, "K": 3, "L": 2, "M": 3, "N": 8}
    groups = {
        "total": ("one", "two"),
        "one": ("A", "B", "I", "J"),
        "two": ("K", "L", "M", "N"),
        "big": ("L", "M"),
        "small": ("A", "B", "I", "J", "K", "N"),
    }
    names = [*sizes, *groups]
    values = dict(sizes)
    for group in ("one", "two", "big", "small", "total"):
        values[group] = sum(values[part] for part in groups[group])
    sums = [*groups.items(), ("total", ("big", "small"))]
    relations = [Relation(names.index(group), tuple(map(names.index, parts))) for group, parts in sums]
    table = Tables(
        [(name,) for name in names], relations, np.array([values[name] for name in names], dtype=float)
    )
    problem = frequency(table, 4)
    unsafe = {name for name, is_unsafe in zip(names, problem.primary, strict=True) if is_unsafe}
    assert unsafe == set("ABKLM")
    # "one" less "small" leaves K and N: with N shown K is known, and then nothing of "two" but L and M together.
    alone = intervals(problem, problem.primary, [names.index("K")])[0]
    assert (alone.lower[0], alone.upper[0]) == (3.0, 3.0)
    pattern = suppress(problem)
    assert pattern.failures == ()
    assert {name for name, is_hidden in zip(names, pattern.suppressed, strict=True) if is_hidden} == {
        *unsafe,
        "N",
    }
