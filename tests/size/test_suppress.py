"""Secondary suppression at the size of a release: nothing unprotected, few cells lost, in bounded time and memory."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

from citizenstats.protect.suppress import Problem, suppress
from tests.protect.suppress.attacker import attack
from tests.protect.suppress.tables import frequency, of_size


def _hit(problem: Problem, hidden: np.ndarray, aims: list[int]) -> int:
    """Return how many of `aims` another attacker comes nearer to than asked."""
    layer = problem.layers[0]
    believed = np.where(layer.primary, 20.0, 2 * layer.values)
    found = attack(problem.relations, layer.values, ~hidden | (layer.values == 0), aims, believed)
    return sum(
        low > layer.values[cell] - layer.lower[cell] + 1e-5
        or high < layer.values[cell] + layer.upper[cell] - 1e-5
        for cell, (low, high) in found.items()
    )


def _sample(problem: Problem, number: int) -> list[int]:
    unsafe = np.flatnonzero(problem.primary)
    return [int(cell) for cell in unsafe[np.linspace(0, len(unsafe) - 1, number).astype(int)]]


def test_a_thousand_cells_are_protected_with_few_others() -> None:
    problem = frequency(of_size((5, 5), (7,), 4, 12_000, 4), 10)
    pattern = suppress(problem)
    assert (problem.cells, len(problem.relations)) == (1116, 774)
    assert pattern.failures == ()
    assert pattern.secondary <= 120
    assert _hit(problem, pattern.suppressed, _sample(problem, 5)) == 0


@pytest.mark.long
@pytest.mark.timed
def test_eleven_thousand_cells_within_half_a_minute() -> None:
    problem = frequency(of_size((10, 10), (5, 4), 7, 120_000, 3), 10)
    assert (problem.cells, int(problem.primary.sum())) == (10_989, 1607)
    before = time.process_time()
    pattern = suppress(problem)
    assert time.process_time() - before <= 30
    assert pattern.failures == ()
    assert pattern.secondary <= 900
    assert _hit(problem, pattern.suppressed, _sample(problem, 20)) == 0
    assert pattern == suppress(problem)


@pytest.mark.long
@pytest.mark.timed
def test_sixty_thousand_cells_within_ten_minutes() -> None:
    problem = frequency(of_size((20, 30), (5, 4), 7, 700_000, 3), 10)
    assert problem.cells == 61_479
    before = time.process_time()
    pattern = suppress(problem)
    assert time.process_time() - before <= 600
    assert pattern.failures == ()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 <= 4
    assert _hit(problem, pattern.suppressed, _sample(problem, 3)) == 0
