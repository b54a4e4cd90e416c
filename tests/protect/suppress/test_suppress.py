"""Secondary suppression against an attacker who shares nothing with it."""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np
import pytest

from citizenstats.protect.suppress import (
    Failure,
    Layer,
    Problem,
    ProblemError,
    Relation,
    intervals,
    suppress,
    widened,
)
from tests.protect.suppress.attacker import attack
from tests.protect.suppress.tables import frequency, linked, of_size, tree

THRESHOLD = 10


def _square(values: list[list[float]]) -> tuple[np.ndarray, list[Relation]]:
    """Return a table with its margins, row by row, and its sums."""
    inner = np.array(values, dtype=float)
    full = np.vstack([np.column_stack([inner, inner.sum(1)]), [*inner.sum(0), inner.sum()]])
    rows, columns = full.shape
    at = np.arange(rows * columns).reshape(rows, columns)
    relations = [Relation(int(line[-1]), tuple(line[:-1].tolist())) for line in (*at, *at.T)]
    return full.reshape(-1), relations


def _problem(
    values: np.ndarray, relations: list[Relation], primary: dict[int, tuple[float, float]], **changes: object
) -> Problem:
    unsafe = np.zeros(len(values), dtype=bool)
    lower, upper = np.zeros(len(values)), np.zeros(len(values))
    for cell, (below, above) in primary.items():
        unsafe[cell], lower[cell], upper[cell] = True, below, above
    layer = Layer("n", values, unsafe, lower, upper, contributors=values)
    nothing = np.zeros(len(values), dtype=bool)
    return replace(
        Problem(len(values), relations, [layer], 1 + np.log1p(values), nothing, nothing), **changes
    )


@pytest.fixture
def seed() -> int:
    """Draw a new seed in each run; pytest shows it when a test fails."""
    drawn = secrets.randbelow(2**31)
    print(f"seed {drawn}")
    return drawn


def _random(seed: int, kind: str) -> Problem:
    rng = np.random.default_rng(seed)
    if kind == "hierarchical":
        trees = [tree("r", 3, int(rng.integers(2, 4))), tree("s", 2), tree("a", int(rng.integers(3, 5)))]
        tables = [(0, 1, 2)]
    else:
        trees = [tree("r", int(rng.integers(3, 5))), tree("s", 2), tree("a", 3), tree("d", 3)]
        tables = [(0, 1, 2), (0, 1, 3), (2, 3)]
    return frequency(linked(trees, tables, int(rng.integers(400, 900)), seed), THRESHOLD)


@pytest.mark.parametrize("kind", ["hierarchical", "linked"])
def test_hiding_the_unsafe_cells_alone_is_unpicked_and_the_pattern_is_not(seed: int, kind: str) -> None:
    problem = _random(seed, kind)
    layer = problem.layers[0]
    unsafe = np.flatnonzero(layer.primary).tolist()
    assert unsafe
    alone = attack(problem.relations, layer.values, ~layer.primary, unsafe)
    assert any(high - low < 0.5 for low, high in alone.values())

    pattern = suppress(problem, seed=seed)
    assert pattern.failures == ()
    zeros = layer.values == 0
    believed = np.where(layer.primary, 2.0 * THRESHOLD, 2 * layer.values)
    found = attack(problem.relations, layer.values, ~pattern.suppressed | zeros, unsafe, believed)
    for cell, (low, high) in found.items():
        assert low <= layer.values[cell] - layer.lower[cell] + 1e-5, cell
        assert high >= layer.values[cell] + layer.upper[cell] - 1e-5, cell


def test_intervals_are_those_of_another_attacker(seed: int) -> None:
    problem = _random(seed, "linked")
    layer = problem.layers[0]
    pattern = suppress(problem, seed=seed)
    some = np.flatnonzero(pattern.suppressed)[:25].tolist()
    ours = intervals(problem, pattern.suppressed, some)[0]
    theirs = attack(problem.relations, layer.values, ~pattern.suppressed, some)
    for cell, low, high in zip(some, ours.lower, ours.upper, strict=True):
        assert (low, high) == pytest.approx(theirs[cell], abs=1e-5), cell


def test_values_that_may_be_negative_have_no_lower_end_of_their_own() -> None:
    values = np.array([-3.0, 5.0, 2.0])
    nothing = np.zeros(3, dtype=bool)
    layer = Layer("change", values, nothing, values * 0, values * 0, ceiling=values + 10, floor=values - 10)
    problem = Problem(3, [Relation(2, (0, 1))], [layer], np.ones(3), nothing, nothing)
    alone = intervals(problem, np.array([True, False, False]))[0]
    assert (alone.lower[0], alone.upper[0]) == (-3.0, -3.0)
    both = intervals(problem, np.array([True, True, False]))[0]
    assert both.lower.tolist() == [-np.inf, -np.inf]
    assert both.upper.tolist() == [np.inf, np.inf]


def test_the_same_problem_gives_the_same_pattern() -> None:
    problem = frequency(of_size((3, 3), (5,), 3, 3000, 7), THRESHOLD)
    assert suppress(problem) == suppress(problem)


def test_one_unsafe_cell_of_a_square_takes_the_cheapest_rectangle() -> None:
    values, relations = _square([[20, 50, 40], [50, 3, 90], [30, 70, 60]])
    pattern = suppress(_problem(values, relations, {5: (1, 7)}))
    assert np.flatnonzero(pattern.suppressed).tolist() == [0, 1, 4, 5]
    assert (pattern.primary, pattern.secondary, pattern.failures) == (1, 3, ())


def test_zeros_that_are_shown_hide_nothing() -> None:
    values, relations = _square([[0, 50, 10], [50, 3, 90], [30, 70, 60]])
    pattern = suppress(_problem(values, relations, {5: (1, 7)}))
    assert not pattern.suppressed[0]
    assert pattern.secondary == 3


def test_what_is_hidden_anyhow_is_used_first() -> None:
    values, relations = _square([[20, 50, 10], [50, 3, 90], [30, 70, 60]])
    hidden = np.zeros(len(values), dtype=bool)
    hidden[[6, 9, 10]] = True
    pattern = suppress(_problem(values, relations, {5: (1, 7)}, hidden=hidden))
    assert np.flatnonzero(pattern.suppressed).tolist() == [5, 6, 9, 10]
    assert pattern.secondary == 0


def test_cells_that_are_hidden_together_are_hidden_together_by_every_method() -> None:
    values, relations = _square([[20, 50, 40], [50, 3, 90], [30, 70, 60]])
    mates = np.arange(len(values))
    mates[[0, 10]] = 0
    problem = _problem(values, relations, {5: (1, 7)}, mates=mates)
    for pattern in (suppress(problem), suppress(problem, method="exact"), widened(problem)):
        assert pattern.failures == ()
        assert pattern.secondary > 0
        assert problem.with_mates(pattern.suppressed).tolist() == pattern.suppressed.tolist()
    alone = _problem(values, relations, {0: (1, 7)}, mates=mates)
    assert suppress(alone).suppressed[10]


def test_what_two_layers_are_together_is_shown_by_one_problem() -> None:
    """Of three places two are hidden: three have it in the first, and nobody has it not in the second. All units are told."""
    having, relations = np.array([3.0, 20.0, 30.0, 53.0]), [(3, (0, 1, 2))]
    without = np.array([8.0, 0.0, 30.0, 38.0])
    values = np.concatenate([having, without, having + without])
    rows = [Relation(p + start, tuple(c + start for c in of)) for p, of in relations for start in (0, 4)]
    rows += [Relation(8 + i, (i, 4 + i)) for i in range(4)]
    hidden = np.zeros(12, dtype=bool)
    hidden[[0, 1, 4, 5]] = True
    unsafe = np.zeros(12, dtype=bool)
    unsafe[0] = True
    layer = Layer("k", values, unsafe, unsafe * 3.0, unsafe * 2.0, ceiling=2 * values)
    nothing = np.zeros(12, dtype=bool)
    mates = np.array([0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11])
    problem = Problem(12, rows, [layer], 1 + np.log1p(values), nothing, hidden, mates)
    # Fewer who have it in the first place would be more of them in the second, and fewer than nobody without.
    assert intervals(problem, hidden, [0])[0].lower[0] == pytest.approx(3.0)
    pattern = widened(problem)
    assert pattern.failures == ()
    assert pattern.secondary > 0
    found = intervals(problem, pattern.suppressed, [0])[0]
    assert found.lower[0] <= 1e-6
    assert found.upper[0] >= 5.0 - 1e-6


def test_a_conflict_with_what_must_stay_is_a_failure_and_never_silent() -> None:
    values, relations = _square([[20, 50, 10], [50, 3, 90], [30, 70, 60]])
    problem = _problem(values, relations, {5: (1, 7)})
    fixed = np.ones(len(values), dtype=bool)
    fixed[5] = False
    stuck = suppress(replace(problem, fixed=fixed))
    assert stuck.suppressed[5]
    assert stuck.failures == (Failure(5, "n", "lower", "fixed"), Failure(5, "n", "upper", "fixed"))
    shown = np.zeros(len(values), dtype=bool)
    shown[5] = True
    before = suppress(replace(problem, fixed=shown))
    assert before.suppressed[5]
    assert {failure.cell for failure in before.failures} == {5}


def test_what_no_hiding_can_protect_is_a_failure() -> None:
    values = np.array([3.0, 3.0])
    problem = _problem(values, [Relation(1, (0,))], {0: (1, 7)})
    known = replace(problem.layers[0], ceiling=np.array([20.0, 3.0]))
    pattern = suppress(replace(problem, layers=[known]))
    assert pattern.failures == (Failure(0, "n", "upper", "structure"),)


def test_layers_share_one_mask() -> None:
    values, relations = _square([[20, 50, 40], [50, 33, 90], [30, 70, 60]])
    having, _ = _square([[10, 20, 20], [20, 2, 40], [15, 30, 30]])
    problem = _problem(values, relations, {})
    second = _problem(having, relations, {5: (1, 8)}).layers[0]
    pattern = suppress(replace(problem, layers=[*problem.layers, replace(second, name="k")]))
    assert pattern.failures == ()
    assert pattern.suppressed[5]
    assert pattern.secondary == 3


def test_those_who_have_it_and_those_who_have_not_are_protected_by_one_mask(seed: int) -> None:
    trees = [tree("r", 3), tree("s", 2), tree("a", 3)]
    asked = linked(trees, [(0, 1, 2)], 700, seed)
    having = np.zeros(len(asked.keys))
    rng = np.random.default_rng(seed)
    inner = [cell for cell, key in enumerate(asked.keys) if "_T" not in key]
    having[inner] = rng.binomial(asked.counts[inner].astype(int), 0.3)
    for cell, key in enumerate(asked.keys):
        if "_T" in key:
            inside = [
                i
                for i in inner
                if all(code in ("_T", own) for code, own in zip(key, asked.keys[i], strict=True))
            ]
            having[cell] = having[inside].sum()
    layers = []
    for name, values in (("n", asked.counts), ("k", having), ("n-k", asked.counts - having)):
        primary = (values > 0) & (values < THRESHOLD)
        upper = np.where(primary, THRESHOLD - values, 0.0)
        believed = np.where(primary, 2.0 * THRESHOLD, 2 * values)
        believed[(values == 0) & (asked.counts > 0)] = THRESHOLD
        layers.append(Layer(name, values, primary, primary * 1.0, upper, asked.counts, believed))
    problem = replace(frequency(asked, THRESHOLD), layers=layers)
    pattern = suppress(problem, seed=seed)
    assert {failure.side for failure in pattern.failures} <= {"insider"}, (
        "a table so small may have no room for that"
    )
    for layer in layers:
        shown = ~pattern.suppressed | (layer.ceiling == 0)
        aims = np.flatnonzero(layer.primary).tolist()[:20]
        for cell, (low, high) in attack(problem.relations, layer.values, shown, aims, layer.ceiling).items():
            assert low <= layer.values[cell] - 1 + 1e-5, (layer.name, cell)
            assert high >= THRESHOLD - 1e-5, (layer.name, cell)


def test_magnitudes_are_protected_as_counts_are() -> None:
    values, relations = _square([[2e6, 5e6, 1e6], [5e6, 3e5, 9e6], [3e6, 7e6, 6e6]])
    problem = _problem(values, relations, {5: (9e4, 9e4)})
    pattern = suppress(problem)
    found = intervals(problem, pattern.suppressed, [5])[0]
    assert pattern.failures == ()
    assert found.lower[0] <= 2.1e5 + 1
    assert found.upper[0] >= 3.9e5 - 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"relations": [Relation(0, (1, 2))]}, "do not add up"),
        ({"relations": [Relation(0, (1, 1))]}, "none of them twice"),
        ({"relations": [Relation(0, (99,))]}, "each a cell of the problem"),
        ({"cost": np.zeros(16)}, "above 0"),
        ({"cost": np.ones(3)}, "one entry for each cell"),
        ({"fixed": np.ones(16, dtype=bool), "hidden": np.ones(16, dtype=bool)}, "say which"),
    ],
)
def test_a_problem_that_is_not_well_put_is_refused(change: dict[str, object], says: str) -> None:
    values, relations = _square([[20, 50, 10], [50, 3, 90], [30, 70, 60]])
    with pytest.raises(ProblemError, match=says):
        suppress(replace(_problem(values, relations, {5: (1, 7)}), **change))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lower": np.full(16, 4.0)}, "below what"),
        ({"upper": np.full(16, 900.0), "ceiling": np.full(16, 500.0)}, "thinks possible"),
        ({"upper": np.zeros(16), "lower": np.zeros(16)}, "above 0"),
        ({"values": np.full(16, -1.0)}, "negative"),
    ],
)
def test_a_layer_that_is_not_well_put_is_refused(change: dict[str, object], says: str) -> None:
    values, relations = _square([[20, 50, 10], [50, 3, 90], [30, 70, 60]])
    problem = _problem(values, relations, {5: (1, 7)})
    with pytest.raises(ProblemError, match=says):
        suppress(replace(problem, layers=[replace(problem.layers[0], **change)]))
