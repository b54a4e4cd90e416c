"""The whole way from unsafe cells to a pattern: exact elimination, repair, insiders, and what could not be protected.

What belongs here: the order of the methods. What does not: any one of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from citizenstats.protect.suppress.attack import Bounds, Proofs
from citizenstats.protect.suppress.exact import cheapest
from citizenstats.protect.suppress.gauss import coordinates, dearest, eliminate
from citizenstats.protect.suppress.insider import Pair, People, exposed, people, repair_insiders
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
    (hidden, proofs), proved = _against_outsiders(problem, allowed, seed), False
    if method == "exact":
        hidden, proved = cheapest(problem, hidden, allowed, seed)
        # The mates of a cell are not looked at there.
        hidden, proofs = problem.with_mates(hidden).copy(), _proofs(problem, seed)
        proved = proved and problem.mates is None
    return _finished(problem, hidden, proofs, insiders=insiders, proved=proved, begun=begun, seed=seed)


def widened(problem: Problem, *, seed: int = 0) -> Pattern:
    """Return the same where nearly everything is hidden already that must be: by repair alone, without elimination.

    Args:
        problem: everything that is published together, with the cells that are `hidden` already.
        seed: of the solver's own choices.
    """
    begun = time.monotonic()
    problem.check()
    hidden, proofs = _repaired(problem, ~problem.fixed, seed, eliminating=False)
    return _finished(problem, hidden, proofs, insiders=True, proved=False, begun=begun, seed=seed)


def _finished(
    problem: Problem,
    hidden: Mask,
    proofs: dict[str, Proofs],
    *,
    insiders: bool,
    proved: bool,
    begun: float,
    seed: int,
) -> Pattern:
    """Return the pattern that keeps out insiders, too, and what could not be protected; `hidden` is changed."""
    allowed = ~problem.fixed
    outsiders = int(np.count_nonzero(hidden))
    known = {layer.name: people(problem, layer) if insiders else [] for layer in problem.layers}
    rounds, exposures = 0, _exposures(problem, known, hidden & allowed, seed)
    while exposures and rounds < ROUNDS:
        rounds += 1
        before = int(np.count_nonzero(hidden))
        for layer in problem.layers:
            pairs = exposures.get(layer.name, [])
            repair_insiders(problem, Bounds.inside(layer), pairs, allowed, hidden, seed)
        if int(np.count_nonzero(hidden)) == before:
            break
        exposures = _exposures(problem, known, hidden & allowed, seed)
    secondary = hidden & ~problem.certain
    return Pattern(
        suppressed=hidden,
        primary=int(np.count_nonzero(problem.primary)),
        secondary=int(np.count_nonzero(secondary)),
        failures=tuple(sorted(_failures(problem, proofs, exposures, hidden & allowed, seed))),
        rounds=rounds,
        cheapest=proved and int(np.count_nonzero(hidden)) == outsiders,
        seconds=time.monotonic() - begun,
    )


def exposed_to_insiders(problem: Problem, hidden: Mask, *, seed: int = 0) -> bool:
    """Return whether a unit that stands alone in a cell can tell a primary too nearly that is hidden from others.

    Args:
        problem: everything that is published together.
        hidden: the cells that are not shown.
        seed: of the solver's own choices.
    """
    known = {layer.name: people(problem, layer) for layer in problem.layers}
    return bool(_exposures(problem, known, hidden, seed))


def _proofs(problem: Problem, seed: int) -> dict[str, Proofs]:
    return {layer.name: Proofs(problem, Bounds.of(layer), seed) for layer in problem.layers}


def _against_outsiders(problem: Problem, allowed: Mask, seed: int) -> tuple[Mask, dict[str, Proofs]]:
    """Return the cells to hide from those who know nothing but what is published, and what was proved of them.

    A small table is repaired with elimination and without, and the cheaper of the two is taken.
    """
    if problem.cells > SMALL:
        return _repaired(problem, allowed, seed, eliminating=True)
    found = [
        pruned(problem, _repaired(problem, allowed, seed, eliminating=way)[0], seed) for way in (True, False)
    ]
    # A proof may move what was given back, so nothing counts as proved.
    return min(found, key=lambda hidden: float(problem.cost[hidden].sum())), _proofs(problem, seed)


def _repaired(
    problem: Problem, allowed: Mask, seed: int, *, eliminating: bool
) -> tuple[Mask, dict[str, Proofs]]:
    hidden, proofs = problem.certain.copy(), _proofs(problem, seed)
    if eliminating:
        _eliminate(problem, proofs, allowed, hidden)
    for of in proofs.values():
        repair(problem, of, of.unprotected(hidden & allowed), allowed, hidden, seed)
    return hidden, proofs


def _eliminate(problem: Problem, proofs: Mapping[str, Proofs], allowed: Mask, hidden: Mask) -> None:
    """Hide what would give a primary away by adding and subtracting alone; `hidden` is changed."""
    vectors = None
    for layer in problem.layers:
        within = np.zeros(problem.cells, dtype=np.bool_)
        within[[cell for cell, _ in proofs[layer.name].unprotected(hidden & allowed)]] = True
        still = (layer.down == 0) & (layer.up == 0)
        secret = within & ~problem.fixed & ~still
        if not secret.any():
            continue
        if vectors is None:
            vectors = coordinates(problem.graph, problem.cost)
        stay = problem.fixed | still
        extra = eliminate(
            vectors,
            dearest(problem.cost, secret),
            dearest(problem.cost, stay),
            dearest(problem.cost, ~hidden & ~stay),
        )
        hidden[np.array(extra, dtype=np.int64)] = True
    hidden |= problem.with_mates(hidden)


def _exposures(
    problem: Problem, known: Mapping[str, People], hidden: Mask, seed: int
) -> dict[str, list[Pair]]:
    found = {
        layer.name: exposed(problem, Bounds.inside(layer), known[layer.name], hidden, seed)
        for layer in problem.layers
    }
    return {name: pairs for name, pairs in found.items() if pairs}


def _failures(
    problem: Problem,
    proofs: Mapping[str, Proofs],
    exposures: Mapping[str, list[Pair]],
    hidden: Mask,
    seed: int,
) -> Iterator[Failure]:
    """Yield what an attacker comes too near to though everything was done, and why it is so."""
    for layer in problem.layers:
        bounds = proofs[layer.name].bounds
        outside = proofs[layer.name].unprotected(hidden)
        inside = exposures.get(layer.name, [])
        if not outside and not inside:
            continue
        anything = Defence(problem, bounds, np.ones(problem.cells, dtype=np.bool_), problem.cost, seed)
        asked = {1.0: bounds.upper, -1.0: bounds.lower}
        for cell, side in outside:
            way = anything.cheapest(cell, side, float(asked[side][cell]))
            yield Failure(cell, layer.name, SIDES[side], "structure" if way is None else "fixed")
        seen = set()
        for known, cell in inside:
            if cell in seen:
                continue
            seen.add(cell)
            anything.hold(known)
            ways = [anything.cheapest(cell, side, float(bounds.width[cell])) for side in SIDES]
            anything.release(known)
            yield Failure(
                cell, layer.name, "insider", "fixed" if any(way is not None for way in ways) else "structure"
            )
