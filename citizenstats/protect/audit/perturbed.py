"""The verdict on a message whose counts carry noise by the cell key method: whether the noise is there, and lasts.

The attacker knows every sum, how much a count is changed on average, and all messages; he does not know the record keys. What
the noise leaves of a small count is how far off his best estimate is: all shown counts of a table together, each weighted by
how sure it is (generalised least squares), where counts of the same records are one count, for they have the same noise.
Where that is less than one unit, the noise averages out, and the release is stopped. So it is where a number is shown that
the method never gives, where counts are as they are more often than noise leaves them, or where the same records have two
values.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from citizenstats.errors import ReleaseError
from citizenstats.protect.audit.additive import Sum, nearest, sums_of
from citizenstats.protect.audit.changed import Cell, ChangedAudit, Published
from citizenstats.protect.audit.together import Whole

Floats = npt.NDArray[np.float64]

LEAST = 1.0
"""How far off, in units, the best estimate of a small count must be on average."""

UNCHANGED = 0.6
"""The share of counts that noise of a variance of 1 or more leaves as they are, and some more."""


@dataclass(frozen=True, kw_only=True)
class PerturbedAudit(ChangedAudit):
    """What an attacker finds in a message with noise; `narrowest` is how far off his best estimate of a small count is.

    Attributes:
        bare: counts that are shown as they are, where that is more than noise leaves; else 0.
    """

    bare: int

    def require(self, flow: str) -> None:
        """Stop a release of which somebody could learn a small count, or that nobody judged in part.

        Raises:
            ReleaseError: ``MESSAGES_DIFFER``, ``NOT_JUDGED``, ``DISCLOSIVE``, ``NOISE_AVERAGES_OUT``.
        """
        super().require(flow)
        if self.shown or self.bare or self.unsteady:
            raise ReleaseError(
                "DISCLOSIVE",
                f"{self.shown} figures are none that noise gives, {self.bare} counts are as they are, "
                f"{self.unsteady} counts are shown in two ways",
                flow,
                "nothing is published; the account beside the protected state says which",
            )
        if self.within_reach:
            raise ReleaseError(
                "NOISE_AVERAGES_OUT",
                f"the sums of the tables bring {self.within_reach} small counts within one unit",
                flow,
                "nothing is published; ask for a greater variance, or give the dataflow fewer margins",
            )


def audit_perturbed(published: Published, variance: float) -> PerturbedAudit:
    """Attack a message with noise, by itself and with the other dataflows of its family.

    Args:
        published: the message.
        variance: of the noise of a large count.
    """
    seen = published.read()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(lambda group: _left(group, seen.summing, seen.above, variance), seen.groups)
        left = [off for part in parts for off in part]
    left += [off for whole in published.family for off in left_together(whole, variance)]
    return PerturbedAudit(
        **seen.counted(),
        attacked=len(left),
        within_reach=sum(off < LEAST - 1e-6 for off in left),
        shown=sum(c.is_shown and not (c.is_sound and _is_given(c)) for c in seen.cells),
        bare=_bare(seen.cells),
        narrowest=min(left, default=None),
    )


def _is_given(cell: Cell) -> bool:
    """Return whether the method gives such counts: none, or as many as the minimum."""
    if cell.minimum is None:
        return True
    return all(told is None or told == 0 or told >= cell.minimum for told in cell.told)


def _bare(cells: Iterable[Cell]) -> int:
    """Return how many different counts are shown as they are, where these are more than noise leaves by chance; else 0."""
    seen = {
        (true, told)
        for cell in cells
        if cell.minimum is not None
        for true, told in zip(cell.true, cell.told, strict=True)
        if true and told is not None
    }
    same = sum(true == told for true, told in seen)
    most = UNCHANGED * len(seen) + 4 * math.sqrt(UNCHANGED * (1 - UNCHANGED) * len(seen))
    return same if same > most else 0


def left_together(whole: Whole, variance: float) -> list[float]:
    """Return how far off the best estimate of each small count of a figure of several dataflows is."""
    cells = [
        Cell(c.categories, True, c.minimum, c.true, c.told, ([], []), True, True, False) for c in whole.cells
    ]
    return _estimated(cells, whole.sums, variance)


def _left(
    group: Sequence[Cell], inside: Sequence[int], parents: Sequence[Mapping[str, str]], variance: float
) -> list[float]:
    """Return how far off the best estimate of each small count of a table is: units, those with, and those without."""
    places = {tuple(cell.codes[i] for i in inside): position for position, cell in enumerate(group)}
    present = [{codes[i] for codes in places} for i in range(len(inside))]
    sums = sums_of(places, [nearest(above, there) for above, there in zip(parents, present, strict=True)])
    return _estimated(group, sums, variance)


def _estimated(group: Sequence[Cell], sums: Sequence[Sum], variance: float) -> list[float]:
    found, spread = [], []
    for layer in (0, 1):
        there = {i: cell.true[layer] or 0 for i, cell in enumerate(group) if cell.true[layer]}
        spread.append(variances(there, sums, {i: group[i].minimum or 0 for i in there}, variance))
        found += [spread[layer][i] for i, n in there.items() if n < (group[i].minimum or 0)]
    for i, cell in enumerate(group):
        units, having = cell.true
        if units is not None and having is not None and 0 < units - having < (cell.minimum or 0):
            found.append(spread[0][i] + spread[1].get(i, 0.0))
    return [math.sqrt(of) for of in found]


def variances(
    counts: Mapping[int, int], sums: Sequence[Sum], minimum: Mapping[int, int], variance: float
) -> dict[int, float]:
    """Return the variance of the best estimate of each count, from all of them and their sums.

    Zeros are known. What a parent has and its children have not is one more count, of which nothing is shown. The sums are held
    by a great weight, which is as good as exact here.
    """
    if len(counts) > LARGEST:
        raise ReleaseError(
            "TOO_LARGE",
            f"a table of more than {LARGEST} counts is too large to be audited",
            mend="give the dataflow fewer margins",
        )
    column = {cell: i for i, cell in enumerate(counts)}
    shown = [
        1 / max(variance, n * (minimum[cell] - n) if n < minimum[cell] else 0.0) for cell, n in counts.items()
    ]
    rows: list[list[tuple[int, float]]] = []
    size = len(counts)
    for parent, children in sums:
        inside = [child for child in children if child in counts]
        rest = counts.get(parent, 0) - sum(counts[child] for child in inside)
        if parent not in counts or rest < 0:
            continue
        row = [(column[parent], -1.0), *((column[child], 1.0) for child in inside)]
        if rest:
            row.append((size, 1.0))
            size += 1
        elif len(inside) == 1:
            # The same records have the same noise: nothing is had by looking twice.
            shown[column[parent]] = 0.0
        rows.append(row)
    known: Floats = np.diag(np.array([*shown, *([0.0] * (size - len(shown)))]) + _TINY)
    for row in rows:
        at = np.array([i for i, _ in row])
        sign = np.array([s for _, s in row])
        known[np.ix_(at, at)] += _EXACT * np.outer(sign, sign)
    spread = np.diag(np.linalg.inv(known))
    return {cell: float(spread[i]) for cell, i in column.items()}


LARGEST = 4000
"""Counts of a table at most."""
_EXACT, _TINY = 1e5, 1e-7
