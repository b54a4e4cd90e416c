"""A unit alone in a cell knows its value, and still works nothing out."""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np
import pytest

from citizenstats.protect.suppress import (
    Failure,
    Layer,
    Problem,
    Relation,
    exposed_to_insiders,
    intervals,
    suppress,
)
from tests.protect.suppress.attacker import attack
from tests.protect.suppress.tables import frequency, linked, tree

REGIONS = "ABCDEFGH"
SOURCES = ("annet", "arbeid", "soshjelp", "trygd")
Z1 = [
    [11, 7, 5, 13, 9, 12, 6, 9],
    [11, 1, 8, 2, 14, 9, 4, 3],
    [55, 29, 35, 17, 63, 24, 22, 38],
    [36, 18, 25, 13, 52, 22, 8, 15],
]
"""Table z1 of SSBtools (Statistics Norway, MIT licence): recipients by main income and region, without its groupings."""


def _z1() -> tuple[Problem, dict[tuple[str, str], int]]:
    inner = np.array(Z1, dtype=float)
    full = np.vstack([np.column_stack([inner, inner.sum(1)]), [*inner.sum(0), inner.sum()]])
    at = np.arange(full.size).reshape(full.shape)
    relations = [Relation(int(line[-1]), tuple(line[:-1].tolist())) for line in (*at, *at.T)]
    values = full.reshape(-1)
    primary = (values > 0) & (values < 4)
    layer = Layer(
        "n", values, primary, primary * 1.0, np.where(primary, 4 - values, 0.0), contributors=values
    )
    nothing = np.zeros(values.size, dtype=bool)
    place = {(s, r): int(at[i, j]) for i, s in enumerate(SOURCES) for j, r in enumerate(REGIONS)}
    return Problem(values.size, relations, [layer], 1 + np.log1p(values), nothing, nothing), place


def _mask(problem: Problem, cells: list[int]) -> np.ndarray:
    mask = np.zeros(problem.cells, dtype=bool)
    mask[cells] = True
    return mask


def test_intervals_of_a_published_example() -> None:
    problem, place = _z1()
    cells = [place[s, r] for s in ("annet", "arbeid") for r in "BDH"]
    found = intervals(problem, _mask(problem, cells), cells)[0]
    assert [(int(a), int(b)) for a, b in zip(found.lower.round(6), found.upper.round(6), strict=True)] == [
        (2, 8),
        (9, 15),
        (6, 12),
        (0, 6),
        (0, 6),
        (0, 6),
    ]
    insider = intervals(problem, _mask(problem, cells), [place["arbeid", "H"]], known=[place["arbeid", "B"]])[
        0
    ]
    assert (round(insider.lower[0]), round(insider.upper[0])) == (0, 5)


def test_the_pattern_of_a_published_example_is_the_best_one() -> None:
    problem, place = _z1()
    pattern = suppress(problem)
    assert pattern.failures == ()
    cells = sorted(place[s, r] for s in ("annet", "arbeid") for r in "BDH")
    assert np.flatnonzero(pattern.suppressed).tolist() == cells


def test_an_insider_unpicks_what_no_outsider_can() -> None:
    problem, place = _z1()
    plain = (
        [place["arbeid", r] for r in "BDGH"]
        + [place["annet", r] for r in "BH"]
        + [place["trygd", r] for r in "DG"]
    )
    aim = [place["arbeid", "H"]]
    outside = intervals(problem, _mask(problem, plain), aim)[0]
    assert outside.upper[0] - outside.lower[0] >= 1
    inside = intervals(problem, _mask(problem, plain), aim, known=[place["arbeid", "B"]])[0]
    assert (inside.lower[0], inside.upper[0]) == (3.0, 3.0)


def test_two_singletons_are_not_each_others_only_cover() -> None:
    """A row with two single persons hidden and nothing else: each would know of the other."""
    values = np.array([1.0, 1.0, 30.0, 40.0, 72.0])
    primary = np.array([True, True, False, False, False])
    layer = Layer("n", values, primary, primary * 1.0, primary * 1.0, contributors=values)
    nothing = np.zeros(5, dtype=bool)
    problem = Problem(5, [Relation(4, (0, 1, 2, 3))], [layer], 1 + np.log1p(values), nothing, nothing)
    trusting = suppress(problem, insiders=False)
    assert (trusting.secondary, trusting.failures) == (0, ())
    known = intervals(problem, trusting.suppressed, [0], known=[1])[0]
    assert known.upper[0] == known.lower[0]
    wary = suppress(problem)
    assert wary.failures == ()
    after = intervals(problem, wary.suppressed, [0], known=[1])[0]
    assert after.upper[0] - after.lower[0] >= 1


def test_an_insider_who_cannot_be_stopped_is_a_failure() -> None:
    values = np.array([1.0, 2.0, 30.0, 33.0])
    primary = np.array([True, True, False, False])
    layer = Layer("n", values, primary, primary * 1.0, primary * 1.0, contributors=values)
    fixed = np.array([False, False, True, True])
    problem = Problem(
        4, [Relation(3, (0, 1, 2))], [layer], 1 + np.log1p(values), fixed, np.zeros(4, dtype=bool)
    )
    assert suppress(problem, insiders=False).failures == ()
    assert suppress(problem).failures == (Failure(1, "n", "insider", "fixed"),)


@pytest.mark.parametrize("kind", ["hierarchical", "linked"])
def test_no_insider_of_random_tables_learns_another_value(kind: str) -> None:
    """Every unit alone in a cell attacks every unsafe cell but its own, with a program of its own."""
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    if kind == "hierarchical":
        tables = linked([tree("r", 2, 3), tree("s", 2), tree("a", 3)], [(0, 1, 2)], 250, seed)
    else:
        trees = [tree("r", 5), tree("s", 2), tree("a", 3), tree("d", 3)]
        tables = linked(trees, [(0, 1, 2), (0, 1, 3), (2, 3)], 250, seed)
    problem = frequency(tables, 10)
    values, unsafe = problem.layers[0].values, problem.layers[0].primary
    pattern = suppress(problem, seed=seed)
    assert pattern.failures == ()
    believed = np.where(unsafe, 20.0, 2 * values)
    for single in np.flatnonzero(values == 1).tolist()[:4]:
        own = _same_person(problem, single)
        targets = [int(cell) for cell in np.flatnonzero(unsafe) if cell not in own][:12]
        shown = ~pattern.suppressed | (values == 0)
        shown[list(own)] = True
        for cell, (low, high) in attack(problem.relations, values, shown, targets, believed).items():
            assert high - low >= 1 - 1e-5, (single, cell)


@pytest.fixture(scope="module")
def exposing() -> tuple[Problem, int]:
    """A table of 306 cells, and its seed, of which protection from outsiders alone lets somebody tell another's value."""
    for _ in range(40):
        seed = secrets.randbelow(2**31)
        print(f"seed {seed}")
        problem = frequency(
            linked([tree("r", 4, 3), tree("s", 2), tree("a", 5)], [(0, 1, 2)], 2000, seed), 10
        )
        if _told(problem, suppress(problem, insiders=False, seed=seed).suppressed):
            return problem, seed
    raise AssertionError("in 40 tables nobody can tell anything, though nothing guards against it")


def _told(problem: Problem, hidden: np.ndarray, *, near: bool = True) -> list[tuple[int, int]]:
    """Return single cells and unsafe ones that their unit tells exactly; `near`: only such that stand in a sum with it."""
    values, unsafe = problem.layers[0].values, problem.layers[0].primary
    believed = np.where(unsafe, 20.0, 2 * values)
    found, seen = [], set[int]()
    for single in np.flatnonzero(values == 1).tolist():
        if single in seen:
            continue
        own = _same_person(problem, single)
        seen |= own
        beside = {
            cell
            for r in problem.relations
            if own & {r.parent, *r.children}
            for cell in (r.parent, *r.children)
        }
        aims = [
            cell
            for cell in np.flatnonzero(unsafe).tolist()
            if cell not in own and (cell in beside or not near)
        ]
        shown = ~hidden | (values == 0)
        shown[list(own)] = True
        told = attack(problem.relations, values, shown, aims, believed)
        found += [(single, cell) for cell, (low, high) in told.items() if high - low < 1 - 1e-5]
    return found


@pytest.mark.long
def test_who_tells_another_value_in_a_larger_table_is_kept_from_it_by_few_cells(
    exposing: tuple[Problem, int],
) -> None:
    problem, seed = exposing
    trusting, wary = (suppress(problem, insiders=way, seed=seed) for way in (False, True))
    assert wary.failures == ()
    assert _told(problem, wary.suppressed) == []
    assert trusting.secondary < wary.secondary <= trusting.secondary + 20


@pytest.mark.long
@pytest.mark.parametrize("persons", [400, 1200, 2500])
def test_no_insider_of_any_larger_table_tells_anything(persons: int) -> None:
    for _ in range(6):
        seed = secrets.randbelow(2**31)
        print(f"seed {seed}")
        trees = [tree("r", 4, 2), tree("s", 2), tree("a", 4), tree("d", 3)]
        problem = frequency(linked(trees, [(0, 1, 2), (0, 1, 3)], persons, seed), 10)
        pattern = suppress(problem, seed=seed)
        assert pattern.failures == ()
        assert not exposed_to_insiders(problem, pattern.suppressed)
        assert _told(problem, pattern.suppressed, near=persons < 2500) == []


def test_what_must_stay_is_told_to_insiders_and_never_silent(exposing: tuple[Problem, int]) -> None:
    problem, seed = exposing
    trusting = suppress(problem, insiders=False, seed=seed)
    assert exposed_to_insiders(problem, trusting.suppressed)
    stuck = suppress(replace(problem, fixed=~trusting.suppressed), seed=seed)
    assert {failure.side for failure in stuck.failures} == {"insider"}


def _same_person(problem: Problem, single: int) -> set[int]:
    """Return the cells of one person that can be told from the relations: one lies in the other, and both hold one."""
    values, found, fresh = problem.layers[0].values, {single}, {single}
    while fresh:
        fresh = {
            cell
            for relation in problem.relations
            for child in relation.children
            for pair in ((child, relation.parent), (relation.parent, child))
            if pair[0] in found
            for cell in pair
            if values[cell] == 1
        } - found
        found |= fresh
    return found
