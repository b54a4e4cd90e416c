"""Weights that give official counts: the factor on the design weight of every cell of the sample.

A weight changes by the categories of its record alone, so nothing here looks at records: the sample is its cells (the
combinations of categories that occur), each with the sum of its design weights. Poststratification (Holt and Smith 1979),
raking by iterative proportional fitting (Deming and Stephan 1940), and the linear and logit distances of Deville and
Särndal (Journal of the American Statistical Association 87, 1992, cases 1, 6 and 7), solved by Newton's method.

What belongs here: numbers. What does not: where counts and cells come from (`benchmarks.py`), and SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from citizenstats.contracts.model import Calibration
from citizenstats.errors import CitizenstatsError

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

SAME_TOTAL = 1e-9
"""Relative difference up to which the totals of two benchmarks are the same."""

_RANK = 1e-10
"""Singular value, relative to the largest, below which a category says nothing that the others do not."""


@dataclass(frozen=True)
class Margin:
    """One benchmark over the cells of a sample.

    Attributes:
        name: what the contract calls it.
        of: cell → number of its category.
        counts: category → official count; each has a cell.
    """

    name: str
    of: Whole
    counts: Numbers

    def sums(self, weights: Numbers) -> Numbers:
        """Return the sum of weights of each category."""
        found: Numbers = np.bincount(self.of, weights=weights, minlength=self.counts.size).astype(np.float64)
        return found

    def indicators(self) -> Numbers:
        """Return cells × categories, 1 where the cell is of the category."""
        return np.eye(self.counts.size)[self.of]


def factors(weights: Numbers, margins: Sequence[Margin], said: Calibration, where: str) -> Numbers:
    """Return the factor on the weights of each cell with which all margins are met.

    Args:
        weights: cell → sum of design weights, above 0.
        margins: the benchmarks to meet.
        said: method, bounds, tolerance and iterations.
        where: dataset, dataflow and period, for the error.

    Raises:
        CitizenstatsError: ``BENCHMARK_TOTALS_DIFFER``, ``CALIBRATION_NOT_CONVERGED`` or
            ``CALIBRATION_NEGATIVE_WEIGHTS``.
    """
    _same_totals(margins, where)
    if said.method == "poststratify":
        (margin,) = margins
        return (margin.counts / margin.sums(weights))[margin.of]
    found = _raked(weights, margins, said) if said.method == "raking" else _solved(weights, margins, said)
    if found is None:
        bounded = said.bounds is not None
        raise CitizenstatsError(
            "CALIBRATION_NOT_CONVERGED",
            f"{said.method} does not meet {_named(margins)} within {said.iterations} iterations",
            where,
            "give wider bounds, merge small categories, or calibrate to fewer benchmarks"
            if bounded
            else "merge small categories, calibrate to fewer benchmarks, or allow more iterations",
        )
    if not (found > 0).all():
        raise CitizenstatsError(
            "CALIBRATION_NEGATIVE_WEIGHTS",
            f"{said.method} to {_named(margins)} makes weights of 0 or less",
            where,
            "say bounds with a lower one above 0, or method: raking",
        )
    return found


def basis(weights: Numbers, margins: Sequence[Margin]) -> Numbers:
    """Return cells × rank: coordinates of the margins' categories, orthonormal under the design weights.

    The regression of any variable on the categories has then the coefficients Σ w · y · basis, with no matrix to solve.
    """
    categories = np.hstack([margin.indicators() for margin in margins])
    root = np.sqrt(weights)[:, None]
    left, sizes, _ = np.linalg.svd(root * categories, full_matrices=False)
    kept: Numbers = left[:, sizes > _RANK * sizes[0]] / root
    return kept


def _same_totals(margins: Sequence[Margin], where: str) -> None:
    totals = [float(margin.counts.sum()) for margin in margins]
    if max(totals) - min(totals) > SAME_TOTAL * max(totals):
        raise CitizenstatsError(
            "BENCHMARK_TOTALS_DIFFER",
            "the benchmarks count different numbers of units: "
            + ", ".join(f"{m.name} {total:.0f}" for m, total in zip(margins, totals, strict=True)),
            where,
            "take them from one count of one population at one time; rows of totals are left out",
        )


def _raked(weights: Numbers, margins: Sequence[Margin], said: Calibration) -> Numbers | None:
    """Return the factors of iterative proportional fitting; None when the margins are not met in time."""
    found = np.ones_like(weights)
    for _ in range(said.iterations):
        for margin in margins:
            found = found * (margin.counts / margin.sums(weights * found))[margin.of]
        if _is_met(weights * found, margins, said.tolerance):
            return found
    return None


def _solved(weights: Numbers, margins: Sequence[Margin], said: Calibration) -> Numbers | None:
    """Return the factors F(x'λ) that meet the margins, by Newton's method; None when there are none or not in time."""
    change = (
        _LOGIT(*said.bounds)
        if said.method == "logit" and said.bounds
        else _LINEAR(*(said.bounds or (-np.inf, np.inf)))
    )
    categories = np.hstack([margin.indicators() for margin in margins])
    wanted = np.concatenate([margin.counts for margin in margins])
    multipliers = np.zeros(wanted.size)
    for _ in range(said.iterations):
        found, slope = change(categories @ multipliers)
        if _is_met(weights * found, margins, said.tolerance):
            return found
        missing = wanted - categories.T @ (weights * found)
        curvature = categories.T @ (categories * (weights * slope)[:, None])
        # The categories of two margins are not independent; of all solutions that of least norm is as good as any.
        multipliers = multipliers + np.linalg.lstsq(curvature, missing, rcond=_RANK)[0]
        if not np.isfinite(multipliers).all():
            return None
    return None


Change = Callable[[Numbers], tuple[Numbers, Numbers]]
"""From x'λ to the factor and its derivative."""


def _LINEAR(low: float, high: float) -> Change:  # noqa: N802 - a case of the paper
    """Return F(u) = 1 + u between bounds: cases 1 and 7."""

    def change(u: Numbers) -> tuple[Numbers, Numbers]:
        inside = (1 + u > low) & (1 + u < high)
        return np.clip(1 + u, low, high), inside.astype(np.float64)

    return change


def _LOGIT(low: float, high: float) -> Change:  # noqa: N802 - a case of the paper
    """Return the logit method: case 6."""
    steep = (high - low) / ((1 - low) * (high - 1))

    def change(u: Numbers) -> tuple[Numbers, Numbers]:
        # Beyond this the exponential is as good as 0 or infinite.
        grown = np.exp(np.clip(steep * u, -300, 300))
        base = (high - 1) + (1 - low) * grown
        found = (low * (high - 1) + high * (1 - low) * grown) / base
        slope = steep * (high - low) * (high - 1) * (1 - low) * grown / base**2
        return found, slope

    return change


def _is_met(weights: Numbers, margins: Sequence[Margin], tolerance: float) -> bool:
    return all(
        bool((np.abs(margin.sums(weights) - margin.counts) <= tolerance * margin.counts).all())
        for margin in margins
    )


def _named(margins: Sequence[Margin]) -> str:
    return ", ".join(margin.name for margin in margins)
