"""Which sums of counts count a group: each count is a vector over all combinations of values that tell conditions apart.

What belongs here: arithmetic with vectors. What does not: what they are vectors of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, product
from math import prod

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.int8]
"""Of each combination of values, whether a count counts it."""

_TABLES = 200
"""So many sets of counts that exclude one another are looked for; the others are not looked at."""


def groups(every: npt.NDArray[np.int16], size: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield so many counts, and their signs, whose sum counts everybody once or not at all."""
    for chosen in combinations(range(len(every) - 1), size - 1):
        for signs in product((1, -1), repeat=size - 1):
            begun = np.array(signs, dtype=np.int16) @ every[list(chosen)]
            for sign in (1, -1):
                totals = begun + sign * every[chosen[-1] + 1 :]
                for last in np.flatnonzero((totals.min(axis=1) >= 0) & (totals.max(axis=1) == 1)).tolist():
                    yield (*chosen, chosen[-1] + 1 + last), (*signs, sign)


def ways(counts: int, terms: int) -> int:
    """Return how many sums of so many of the counts there are."""
    return (
        prod(range(counts - terms + 1, counts + 1)) * 2**terms // prod(range(1, terms + 1)) if counts else 0
    )


def _is_group(total: npt.NDArray[np.int16]) -> bool:
    return bool(total.min() >= 0 and total.max() == 1)


def falls_apart(signs: Sequence[int], vectors: Sequence[Vector]) -> bool:
    """Return whether some of the terms are a group by themselves, and the others too: then nothing new is told."""
    size = len(signs)
    parts = np.stack([s * v.astype(np.int16) for s, v in zip(signs, vectors, strict=True)])
    for mask in range(1, 1 << (size - 1)):
        inside = np.array([bool(mask >> i & 1) for i in range(size)])
        one, other = parts[inside].sum(axis=0), parts[~inside].sum(axis=0)
        # A sum of nothing, or two groups.
        if all(_is_group(of) or not of.any() for of in (one, other)):
            return True
    return False


def is_shorter(signs: Sequence[int], vectors: Sequence[Vector], known: Collection[bytes]) -> bool:
    """Return whether two of the terms together are a count that is looked at by itself, as those with and those without are."""
    for (s, a), (t, b) in combinations(zip(signs, vectors, strict=True), 2):
        both = s * a + t * b
        if both.tobytes() in known or (-both).tobytes() in known:
            return True
    return False


def exclusive(
    vectors: Sequence[Vector], wholes: Sequence[bool], tells: Sequence[bool]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield a count, and at least two, as many as can be, that lie in it and exclude one another.

    Args:
        vectors: of the counts.
        wholes: whether others are looked for in a count.
        tells: whether a count is of a condition, and not of all who are asked.
    """
    left = _TABLES
    for whole, of in enumerate(vectors):
        if not wholes[whole]:
            continue
        inside = [
            i
            for i, v in enumerate(vectors)
            if tells[i] and i != whole and (v <= of).all() and (v != of).any()
        ]
        apart = {i: {j for j in inside if j != i and not (vectors[i] & vectors[j]).any()} for i in inside}
        for parts in _cliques(set(), set(inside), set(), apart):
            if len(parts) > 1 and left:
                left -= 1
                yield whole, tuple(sorted(parts))


def _cliques(
    taken: set[int], open_: set[int], done: set[int], apart: dict[int, set[int]]
) -> Iterator[set[int]]:
    """Yield the largest sets of which each excludes each other (Bron and Kerbosch, CACM 16, 1973)."""
    if not open_ and not done:
        yield taken
        return
    pivot = max(open_ | done, key=lambda i: (len(apart[i] & open_), -i))
    for i in sorted(open_ - apart[pivot]):
        yield from _cliques(taken | {i}, open_ & apart[i], done & apart[i], apart)
        open_, done = open_ - {i}, done | {i}
