"""The whole way from unsafe cells to a pattern: exact elimination, repair, insiders, and a check of its own.

What belongs here: the order of the methods. What does not: any one of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from citizenstats.protect.suppress.attack import Bounds, unprotected
from citizenstats.protect.suppress.exact import cheapest
from citizenstats.protect.suppress.gauss import coordinates, dearest, eliminate
from citizenstats.protect.suppress.graph import Ints
from citizenstats.protect.suppress.insider import exposed, people, repair_insiders
from citizenstats.protect.suppress.problem import Failure, Mask, Pattern, Problem
from citizenstats.protect.suppress.prune import pruned
from citizenstats.protect.suppress.repair import Defence, repair

Method = Literal["repair", "exact"]

ROUNDS = 10
"""How often insiders are looked for at most; one round is enough but for the solver's tolerance."""
SMALL = 100
"""Up to so many cells repair is also tried without elimination, and needless cells are given back."""
SIDES = {1.0: "upper", -1.0: "lower"}


def suppress(problem: Problem, *, insiders: bool = True, method: Method = "repair", seed: int = 0) -> Pattern:
    """Return which cells to hide so that no primary can be worked out, in any layer, as near as its protection levels.

    The same problem and seed give the same pattern. What cannot be protected is among the failures: a pattern that has any must
    not be published.

    Args:
        problem: everything that is published together.
        insiders: protect also against a unit that stands alone in a cell and so knows its value.
        method: ``repair`` for tables of any size; ``exact`` for the cheapest pattern against outsiders, of small tables (about
            100 cells). Where that cannot be proved within its limits the answer is that of ``repair``; see `Pattern.cheapest`.
        seed: of the solver's own choices.

    Raises:
        ProblemError: the problem is not well put.
        SolverError: the solver failed.
    """
    begun = time.monotonic()
    problem.check()
    allowed = ~problem.fixed
    hidden, proved = _against_outsiders(problem, allowed, seed), False
    if method == "exact":
        hidden, proved = cheapest(problem, hidden, allowed, seed)
        hidden = hidden.copy()
    outsiders = int(np.count_nonzero(hidden))
    known = {layer.name: people(problem, layer) if insiders else [] for layer in problem.layers}
    rounds, exposures = 0, _exposures(problem, known, hidden & allowed, seed)
    while exposures and rounds < ROUNDS:
        rounds += 1
        before = int(np.count_nonzero(hidden))
        for layer in problem.layers:
            pairs = exposures.get(layer.name, [])
            repair_insiders(problem, Bounds.of(layer), known[layer.name], pairs, allowed, hidden, seed)
        if int(np.count_nonzero(hidden)) == before:
            break
        exposures = _exposures(problem, known, hidden & allowed, seed)
    secondary = hidden & ~problem.primary & ~problem.hidden
    return Pattern(
        suppressed=hidden,
        primary=int(np.count_nonzero(problem.primary)),
        secondary=int(np.count_nonzero(secondary)),
        failures=tuple(sorted(_failures(problem, known, exposures, hidden & allowed, seed))),
        rounds=rounds,
        cheapest=proved and int(np.count_nonzero(hidden)) == outsiders,
        seconds=time.monotonic() - begun,
    )


def _against_outsiders(problem: Problem, allowed: Mask, seed: int) -> Mask:
    """Return the cells to hide from those who know nothing but what is published; of small tables the cheaper of two."""
    found = []
    for eliminating in (True, False) if problem.cells <= SMALL else (True,):
        hidden = problem.primary | problem.hidden
        if eliminating:
            _eliminate(problem, hidden)
        for layer in problem.layers:
            bounds = Bounds.of(layer)
            repair(
                problem, bounds, unprotected(problem, bounds, hidden & allowed, seed), allowed, hidden, seed
            )
        found.append(pruned(problem, hidden, seed) if problem.cells <= SMALL else hidden)
    return min(found, key=lambda hidden: float(problem.cost[hidden].sum()))


def _eliminate(problem: Problem, hidden: Mask) -> None:
    """Hide what would give a primary away by adding and subtracting alone; `hidden` is changed."""
    vectors = coordinates(problem.graph, problem.cost)
    for layer in problem.layers:
        still = (layer.down == 0) & (layer.up == 0)
        secret = layer.primary & ~problem.fixed & ~still
        stay = (problem.fixed | still) & ~secret
        extra = eliminate(
            vectors,
            dearest(problem.cost, secret),
            dearest(problem.cost, stay),
            dearest(problem.cost, ~hidden & ~stay),
        )
        hidden[np.array(extra, dtype=np.int64)] = True


def _exposures(
    problem: Problem, known: Mapping[str, list[Ints]], hidden: Mask, seed: int
) -> dict[str, list[tuple[int, int]]]:
    found = {
        layer.name: exposed(problem, Bounds.of(layer), known[layer.name], hidden, seed)
        for layer in problem.layers
    }
    return {name: pairs for name, pairs in found.items() if pairs}


def _failures(
    problem: Problem,
    known: Mapping[str, list[Ints]],
    exposures: Mapping[str, list[tuple[int, int]]],
    hidden: Mask,
    seed: int,
) -> Iterator[Failure]:
    """Yield what an attacker comes too near to, found from nothing but the mask, and why it is so."""
    for layer in problem.layers:
        bounds = Bounds.of(layer)
        outside = unprotected(problem, bounds, hidden, seed)
        inside = exposures.get(layer.name, [])
        if not outside and not inside:
            continue
        anything = Defence(problem, bounds, np.ones(problem.cells, dtype=np.bool_), problem.cost, seed)
        asked = {1.0: bounds.upper, -1.0: bounds.lower}
        for cell, side in outside:
            way = anything.cheapest(cell, side, float(asked[side][cell]))
            yield Failure(cell, layer.name, SIDES[side], "structure" if way is None else "fixed")
        seen = set()
        for insider, cell in inside:
            if cell in seen:
                continue
            seen.add(cell)
            anything.hold(known[layer.name][insider])
            ways = [anything.cheapest(cell, side, float(bounds.width[cell])) for side in SIDES]
            anything.release(known[layer.name][insider])
            yield Failure(
                cell, layer.name, "insider", "fixed" if any(way is not None for way in ways) else "structure"
            )
