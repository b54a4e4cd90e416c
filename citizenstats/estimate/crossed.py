"""Which breakdowns the figures of estimates cross, and whether that leaves anything untold of two of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product
from typing import TypeVar

from citizenstats.contracts.model import Estimate

Breakdown = TypeVar("Breakdown")


def largest_margins(estimate: Estimate) -> list[list[str]]:
    """Return the breakdowns that are crossed with one another: each margin that is asked for, or all."""
    return [estimate.breakdowns] if estimate.margins is None else estimate.margins


def are_crossed(
    one: Breakdown,
    other: Breakdown,
    mine: Iterable[frozenset[Breakdown]],
    theirs: Iterable[frozenset[Breakdown]],
    crossings: Collection[frozenset[Breakdown]],
) -> bool:
    """Return whether what lies in a category of both is a figure, beside whatever else both are crossed with.

    Args:
        one: a breakdown.
        other: another one.
        mine: crossings among which those of the first are looked at.
        theirs: the same of the second.
        crossings: all there are.
    """
    return all(
        any((a & b) | {one, other} <= crossing for crossing in crossings)
        for a, b in product(list(mine), list(theirs))
        if one in a and other in b
    )
