"""Whoever stands alone in a cell of a larger table: what protection hides from him, the audit finds out of his reach."""

from __future__ import annotations

import secrets
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from citizenstats.protect.audit import figure as audited
from citizenstats.protect.audit.words import Ladder
from citizenstats.protect.decide import Figure, pattern
from tests.protect.test_audit_figure import PLAIN, REGIONS, Z1

SIZES = {"A": 6, "B": 4, "C": 4}
MINIMUM = 10
PARENTS = {name: ("_T", {f"{name}{i}": None for i in range(size)}) for name, size in SIZES.items()}
LADDERS = [
    Ladder(name, {f"{name}={c}": None for c in codes}, {f"{name}={c}": frozenset({c}) for c in codes})
    for name, (_, codes) in PARENTS.items()
]

Counts = dict[tuple[str, ...], np.ndarray]


def _counted(seed: int, scale: float) -> Counts:
    """Return of each cell with units: those with the characteristic, those without, those whom a condition leaves out."""
    chance, full = np.random.default_rng(seed), Counts()
    for inner in product(*[[f"{name}={name}{i}" for i in range(size)] for name, size in SIZES.items()]):
        n, left_out = int(chance.exponential(scale)), int(chance.exponential(scale / 4))
        if chance.random() < 0.05 or full == {}:
            n = 1
        having = int(chance.binomial(n, 0.3))
        for mask in product((True, False), repeat=len(SIZES)):
            at = tuple(entry for entry, is_in in zip(inner, mask, strict=True) if is_in)
            full[at] = full.get(at, np.zeros(3, dtype=int)) + np.array([having, n - having, left_out])
    return {at: of for at, of in sorted(full.items()) if of[0] + of[1]}


def _protected(counted: Counts, minimum: int = MINIMUM) -> list[audited.Cell]:
    """Return the cells with what protection leaves of them."""
    k, m, o = np.array(list(counted.values())).T
    few = [(of > 0) & (of < minimum) for of in (k + m, k, m, o)]
    none = np.zeros(len(k), dtype=bool)
    layers = {"n": k + m, "k": k, "m": m, "o": o}
    figure = Figure(
        at=list(counted),
        layers={name: of.astype(float) for name, of in layers.items()},
        minimum=np.full(len(k), float(minimum)),
        unsafe=np.logical_or.reduce(few),
        hidden=none,
        kept=none,
        wanted=np.full(len(k), np.nan),
        cost=np.ones(len(k)),
        declared=none,
    )
    hidden = pattern(figure, PARENTS, "repair").cells
    return [
        audited.Cell(
            at, {name: int(of[i]) for name, of in layers.items()}, minimum, True, not hidden[i], None, None
        )
        for i, at in enumerate(counted)
    ]


def _holds(scale: float) -> None:
    seed = secrets.randbelow(2**31)
    print(f"seed {seed}")
    cells = _protected(_counted(seed, scale))
    assert len(cells) > 150
    found = audited.Figure(cells, []).attacked(LADDERS)
    assert found.insiders > 0
    assert found.attacked_inside > 0
    assert (found.within_reach, found.within_reach_inside) == (0, 0)
    assert any(cell.shown for cell in cells)


def test_nobody_who_knows_himself_tells_whom_a_condition_leaves_out() -> None:
    _holds(60)


def test_nobody_who_is_left_out_alone_tells_who_else_is() -> None:
    """The sample sizes of two figures that ask the same people make a table of those whom they leave out."""
    left_out = {"B0": (6, 1, 0), "B1": (0, 0, 1), "B2": (3, 0, 1), "B3": (0, 0, 0)}
    counted = Counts()
    for (b, of), a in product(left_out.items(), range(3)):
        for at in ((f"A=A{a}", f"B={b}"), (f"A=A{a}",), (f"B={b}",), ()):
            counted[at] = counted.get(at, np.zeros(3, dtype=int)) + np.array([20, 20, of[a]])
    cells = [
        replace(cell, counts={"n": None, "k": cell.counts["o"], "m": None, "o": None})
        for cell in _protected(dict(sorted(counted.items())), minimum=5)
    ]
    found = audited.Figure(cells, []).attacked(LADDERS)
    assert found.insiders > 0
    assert (found.within_reach, found.within_reach_inside) == (0, 0)
    assert any(cell.shown for cell in cells)


@pytest.mark.long
@pytest.mark.parametrize("scale", [15, 40, 90])
def test_nobody_who_knows_himself_tells_anything(scale: float) -> None:
    for _ in range(8):
        _holds(scale)


def test_what_was_released_before_insiders_were_looked_for_does_not_stay_as_it_was() -> None:
    """The published example in the pattern in which the unit of B arbeid tells H arbeid; nothing has changed since."""
    counted: dict[tuple[str, ...], int] = {}
    for income, counts in Z1.items():
        for region, n in zip(REGIONS, counts, strict=True):
            for at in ((f"r={region}", f"t={income}"), (f"r={region}",), (f"t={income}",), ()):
                counted[at] = counted.get(at, 0) + n
    n = np.array(list(counted.values()), dtype=float)
    hidden = np.array([at in {(f"r={r}", f"t={t}") for t, r in PLAIN} for at in counted])
    parents = {"r": ("_T", dict.fromkeys(REGIONS)), "t": ("_T", dict.fromkeys(Z1))}
    released = Figure(
        at=list(counted),
        layers={"n": n},
        minimum=np.full(len(n), 4.0),
        unsafe=(n > 0) & (n < 4),
        hidden=hidden,
        kept=~hidden,
        wanted=np.full(len(n), np.nan),
        cost=np.ones(len(n)),
        declared=np.zeros(len(n), dtype=bool),
    )
    now = pattern(released, parents, "repair").cells
    assert (now | ~hidden).all()
    assert now.sum() > hidden.sum()
    assert (pattern(replace(released, hidden=now, kept=~now), parents, "repair").cells == now).all()
