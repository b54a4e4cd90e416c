"""The whole way from unsafe cells to a pattern: exact elimination, repair, insiders, and a check of its own.

What belongs here: the order of the methods. What does not: any one of them.
"""

from __future__ import annotations

import time

import numpy as np

from citizenstats.protect.suppress.attack import Bounds, unprotected
from citizenstats.protect.suppress.problem import Failure, Layer, Mask, Pattern, Problem
from citizenstats.protect.suppress.repair import Defence, repair

SIDES = {1.0: "upper", -1.0: "lower"}


def suppress(problem: Problem, *, insiders: bool = True, seed: int = 0) -> Pattern:
    """Return which cells to hide so that no primary can be worked out, in any layer, as near as its protection levels.

    The same problem and seed give the same pattern. What cannot be protected is among the failures: a pattern that has any must
    not be published.

    Args:
        problem: everything that is published together.
        insiders: protect also against a unit that stands alone in a cell and so knows its value.
        seed: of the solver's own choices.

    Raises:
        ProblemError: the problem is not well put.
        SolverError: the solver failed.
    """
    begun = time.monotonic()
    problem.check()
    hidden = problem.primary | problem.hidden
    allowed = ~problem.fixed
    for layer in problem.layers:
        bounds = Bounds.of(layer)
        repair(problem, bounds, unprotected(problem, bounds, hidden & allowed, seed), allowed, hidden, seed)
    failures = [failure for layer in problem.layers for failure in _failures(problem, layer, hidden, seed)]
    secondary = hidden & ~problem.primary & ~problem.hidden
    return Pattern(
        suppressed=hidden,
        primary=int(np.count_nonzero(problem.primary)),
        secondary=int(np.count_nonzero(secondary)),
        failures=tuple(sorted(failures)),
        rounds=0,
        seconds=time.monotonic() - begun,
    )


def _failures(problem: Problem, layer: Layer, hidden: Mask, seed: int) -> list[Failure]:
    """Return what an attacker comes too near to in one layer, found without anything the repair believes, and why."""
    bounds = Bounds.of(layer)
    failed = unprotected(problem, bounds, hidden & ~problem.fixed, seed)
    if not failed:
        return []
    anything = Defence(problem, bounds, np.ones(problem.cells, dtype=np.bool_), hidden.copy(), seed)
    asked = {1.0: bounds.upper, -1.0: bounds.lower}
    return [
        Failure(
            cell,
            layer.name,
            SIDES[side],
            "structure" if anything.cheapest(cell, side, float(asked[side][cell])) is None else "fixed",
        )
        for cell, side in failed
    ]
