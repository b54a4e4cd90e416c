"""Controlled rounding: additive, near, and the best known figures on a published table."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from citizenstats.protect.rounding import Limits, RoundingError, TooLargeError, rounded
from citizenstats.protect.suppress import Relation
from tests.protect.suppress.tables import linked, tree
from tests.protect.suppress.test_insiders import _z1


@pytest.mark.parametrize(("base", "change", "greatest"), [(3, 34, 2), (5, 60, 3)])
def test_the_best_rounding_of_a_published_table(base: int, change: int, greatest: int) -> None:
    problem, _ = _z1()
    found = rounded(problem.layers[0].values.astype(np.int64), problem.relations, base)
    assert (found.change, found.greatest, found.wider) == (change, greatest, 0)


@pytest.mark.parametrize("base", [3, 5, 10])
def test_linked_tables_stay_additive(base: int) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    trees = [tree("r", 3, 3), tree("s", 2), tree("a", 4), tree("d", 3)]
    tables = linked(trees, [(0, 1, 2), (0, 1, 3)], 900, seed)
    counts = tables.counts.astype(np.int64)
    found = rounded(counts, tables.relations, base, seed=1)
    assert np.all(found.values % base == 0)
    assert np.all(found.values[counts == 0] == 0)
    assert np.all(found.values >= 0)
    for relation in tables.relations:
        assert found.values[list(relation.children)].sum() == found.values[relation.parent]
    assert found.greatest < base * (1 + found.wider)
    assert np.array_equal(found.values, rounded(counts, tables.relations, base, seed=1).values)


def test_bounds_are_widened_when_the_nearest_multiples_do_not_add_up() -> None:
    """Three cells of 1, and each two of them make 2: with base 2 no choice of 0 and 2 keeps the three sums."""
    counts = np.array([1, 1, 1, 2, 2, 2])
    relations = [Relation(3, (0, 1)), Relation(4, (1, 2)), Relation(5, (0, 2))]
    found = rounded(counts, relations, 2)
    assert found.wider == 1
    for relation in relations:
        assert found.values[list(relation.children)].sum() == found.values[relation.parent]


def test_what_does_not_add_up_is_refused() -> None:
    with pytest.raises(RoundingError, match="add up"):
        rounded(np.array([1, 2, 4]), [Relation(2, (0, 1))], 3)


def test_a_base_that_rounds_nothing_is_refused() -> None:
    with pytest.raises(RoundingError, match="base"):
        rounded(np.array([1, 1, 0]), [Relation(1, (0, 2))], 1)


@pytest.mark.parametrize("limits", [Limits(looks=0), Limits(seconds=0.0)])
def test_a_search_that_its_limits_end_is_told_by_name(limits: Limits) -> None:
    tables = linked([tree("r", 3, 3), tree("s", 2), tree("a", 4), tree("d", 3)], [(0, 1, 2, 3)], 900, 1)
    counts = tables.counts.astype(np.int64)
    # Aimed at what does not add up, so that no rounding lies at hand.
    toward = (counts + np.random.default_rng(1).integers(0, 5, len(counts))) // 5 * 5
    found = []
    for _ in range(2):
        with pytest.raises(TooLargeError, match=r"TOO_LARGE.*fewer breakdowns.*cell_key") as ended:
            rounded(counts, tables.relations, 5, toward=toward, limits=limits)
        found.append(str(ended.value))
    assert f"{len(counts):,} cells" in found[0]
    assert found[0] == found[1]
