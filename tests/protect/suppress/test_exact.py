"""The exact method: the known optimum of a published table, and every cheaper choice tried by hand on small ones."""

from __future__ import annotations

import secrets
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from citizenstats.protect.suppress import Layer, Problem, Relation, suppress
from tests.protect.suppress.attacker import attack
from tests.protect.suppress.tables import frequency, linked, tree
from tests.protect.suppress.test_insiders import _z1


def test_the_optimum_of_a_published_table_is_found_and_proved() -> None:
    problem, _ = _z1()
    pattern = suppress(problem, method="exact", insiders=False)
    lost = pattern.suppressed & ~problem.primary
    assert pattern.cheapest
    assert problem.cost[lost].sum() == pytest.approx(10.02108396429)


def test_no_cheaper_choice_protects() -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    inner = rng.integers(10, 90, size=(3, 3)).astype(float)
    inner[1, 1] = 3
    full = np.vstack([np.column_stack([inner, inner.sum(1)]), [*inner.sum(0), inner.sum()]])
    at = np.arange(16).reshape(4, 4)
    relations = [Relation(int(line[-1]), tuple(line[:-1].tolist())) for line in (*at, *at.T)]
    margins = np.zeros((4, 4), dtype=bool)
    margins[3, :] = margins[:, 3] = True
    values, fixed = full.reshape(-1), margins.reshape(-1)
    primary = np.arange(16) == 5
    problem = replace(_plain(values, relations, primary), fixed=fixed)
    pattern = suppress(problem, method="exact", insiders=False)
    assert pattern.cheapest
    assert pattern.failures == ()
    others = np.flatnonzero(~fixed & ~primary)
    choices = [choice for size in range(3, 6) for choice in combinations(others.tolist(), size)]
    choices.sort(key=lambda choice: float(problem.cost[list(choice)].sum()))
    best = next(choice for choice in choices if _protects(problem, [5, *choice]))
    assert problem.cost[pattern.suppressed & ~primary].sum() == pytest.approx(problem.cost[list(best)].sum())


def test_it_is_never_dearer_than_repair_and_protects_as_well() -> None:
    problem = frequency(linked([tree("r", 4), tree("s", 2), tree("a", 3)], [(0, 1), (0, 2)], 160, 5), 10)
    usual, best = suppress(problem, insiders=False), suppress(problem, method="exact", insiders=False)
    assert usual.primary > 0
    assert best.failures == usual.failures == ()
    assert problem.cost[best.suppressed].sum() <= problem.cost[usual.suppressed].sum() + 1e-9
    assert _protects(problem, np.flatnonzero(best.suppressed).tolist())


def _plain(values: np.ndarray, relations: list[Relation], primary: np.ndarray) -> Problem:
    layer = Layer("n", values, primary, primary * 1.0, primary * 7.0, contributors=values)
    nothing = np.zeros(len(values), dtype=bool)
    return Problem(len(values), relations, [layer], 1 + np.log1p(values), nothing, nothing)


def _protects(problem: Problem, hidden: list[int]) -> bool:
    layer = problem.layers[0]
    shown = np.ones(problem.cells, dtype=bool)
    shown[hidden] = False
    shown |= layer.values == 0
    believed = np.where(layer.primary, 2 * (layer.values + layer.upper), 2 * layer.values)
    aims = np.flatnonzero(layer.primary).tolist()
    found = attack(problem.relations, layer.values, shown, aims, believed)
    return all(
        low <= layer.values[cell] - layer.lower[cell] + 1e-5
        and high >= layer.values[cell] + layer.upper[cell] - 1e-5
        for cell, (low, high) in found.items()
    )


def test_the_usual_method_hides_no_cell_that_could_be_shown() -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    problem = frequency(linked([tree("r", 4), tree("s", 2), tree("a", 3)], [(0, 1), (0, 2)], 150, seed), 10)
    pattern = suppress(problem, insiders=False)
    assert _protects(problem, np.flatnonzero(pattern.suppressed).tolist())
    for cell in np.flatnonzero(pattern.suppressed & ~problem.primary):
        assert not _protects(
            problem, [c for c in np.flatnonzero(pattern.suppressed).tolist() if c != cell]
        ), cell
