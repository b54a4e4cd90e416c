"""How far a sample is from official counts: shares of categories in both, and one number for the difference.

What the office is told are whole percents of categories with at least the minimum frequency of units; smaller ones stand
together. Everybody is told less (`for_everybody`): the share of a category times the size of the sample is a count, which may
be withheld in a table. The comparison is before calibration: after it there would be nothing to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citizenstats.contracts.counts import Counted
from citizenstats.errors import CitizenstatsError
from citizenstats.estimate.benchmarks import Cell, counts_of_period

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Of these, the finest is told to everybody that leaves a count of the sample open by twice the minimum."""

OTHERS = "others"
"""What small categories are called together."""


@dataclass(frozen=True)
class _Share:
    """One category, or several together: units and weights of the sample, official count."""

    categories: tuple[str, ...]
    units: int
    weight: float
    count: float


def compared(
    benchmark: str, counted: Counted, cells: Sequence[Cell], minimum: int, where: str
) -> list[dict[str, Any]]:
    """Return the comparison of a sample with one benchmark, one entry a period that has counts.

    Args:
        benchmark: its name.
        counted: its counts.
        cells: the sample, by the benchmark's columns; records without a category are left out.
        minimum: fewest units behind a share that is told.
        where: dataset and dataflow, for the error.

    Returns:
        For each period `categories` with their shares (official, unweighted, weighted: of 1, to two decimals), the index
        of `dissimilarity` (Duncan and Duncan 1955: the share of the sample that would have to be in other categories), the
        `largest` difference, and the `step` in which everybody is told of both. Periods in which too little can be told are
        left out.

    Raises:
        CitizenstatsError: ``BENCHMARK_UNKNOWN_CATEGORY`` for categories of records that nobody counted.
    """
    found = []
    for period in sorted({cell.period for cell in cells}, key=str):
        counts = counts_of_period(counted, period)
        shares = {c: _Share(c, 0, 0.0, count) for c, count in counts.items()}
        unknown = 0
        for cell in cells if counts else ():
            known = tuple(c for c in cell.categories if c is not None)
            if cell.period != period or len(known) < len(cell.categories):
                continue
            if known not in shares:
                unknown += 1
                continue
            shares[known] = replace(shares[known], units=cell.units, weight=cell.weight)
        if unknown:
            raise CitizenstatsError(
                "BENCHMARK_UNKNOWN_CATEGORY",
                f"{unknown} categories of the records are not in the counts of {benchmark}",
                where,
                "write categories in both alike; derive a column that has those of the counts",
            )
        told = _told(_protected(list(shares.values()), minimum), minimum)
        found += [{"benchmark": benchmark, "period": period, **told}] if told is not None else []
    return found


def _protected(shares: Sequence[_Share], minimum: int) -> list[_Share]:
    """Return the shares with those of few units put together; a category without any unit hides nobody."""
    small = sorted((s for s in shares if 0 < s.units < minimum), key=lambda s: (s.units, s.categories))
    large = sorted((s for s in shares if s.units >= minimum), key=lambda s: (s.units, s.categories))
    while small and large and sum(s.units for s in small) < minimum:
        small.append(large.pop(0))
    kept = [s for s in shares if s in large or s.units == 0]
    if not small:
        return kept
    together = (sum(s.units for s in small), sum(s.weight for s in small), sum(s.count for s in small))
    return [*kept, _Share((OTHERS,), *together)]


def _told(shares: Sequence[_Share], minimum: int) -> dict[str, Any] | None:
    if sum(s.units > 0 for s in shares) < 2:
        return None
    units, weight, count = (
        sum(s.units for s in shares),
        sum(s.weight for s in shares),
        sum(s.count for s in shares),
    )
    differences = [s.weight / weight - s.count / count for s in shares]
    largest = max(range(len(shares)), key=lambda i: abs(differences[i]))
    return {
        "categories": [
            {
                "category": list(s.categories),
                "official": round(s.count / count, 2),
                "unweighted": round(s.units / units, 2),
                "weighted": round(s.weight / weight, 2),
            }
            for s in shares
        ],
        "dissimilarity": round(sum(map(abs, differences)) / 2, 2),
        "largest": {
            "category": list(shares[largest].categories),
            "difference": round(differences[largest], 2),
        },
        "step": next((s for s in STEPS if minimum <= 1 or s * units >= 2 * minimum), None),
    }


def for_everybody(comparison: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a comparison as it may be published: no shares of categories, and two numbers in coarse steps; None in none.

    With the size of the sample beside them, shares in whole percent are counts of up to a hundred units, to within one.
    """
    if not comparison.get("categories"):
        return dict(comparison)
    step, largest = comparison.get("step"), comparison["largest"]
    if step is None:
        return None

    def coarse(number: float) -> float:
        return float(round(round(number / step) * step, 2))

    return {
        "benchmark": comparison["benchmark"],
        "period": comparison["period"],
        "categories": [],
        "dissimilarity": coarse(comparison["dissimilarity"]),
        "largest": {"category": largest["category"], "difference": coarse(largest["difference"])},
    }


def said_of_comparison(comparison: Mapping[str, Any]) -> str:
    """Return a comparison in one or two sentences that may be published."""
    period = f" in {comparison['period']}" if comparison["period"] is not None else ""
    public = for_everybody(comparison)
    if public is None:
        return f"By {comparison['benchmark']} the sample{period} is too small to tell how far it is from the official counts."
    comparison, largest = public, public["largest"]
    points = round(100 * abs(largest["difference"]))
    told = (
        f"By {comparison['benchmark']} the weighted sample{period} differs from the official counts by "
        f"{round(100 * comparison['dissimilarity'])} % (index of dissimilarity)"
    )
    if not points:
        return f"{told}; no category stands out."
    more = "more" if largest["difference"] > 0 else "less"
    unit = "percentage point" if points == 1 else "percentage points"
    return f"{told}; most in {' × '.join(largest['category'])}, {points} {unit} {more}."


METHODS = {
    "poststratify": "Weights are poststratified",
    "raking": "Weights are raked",
    "linear": "Weights are calibrated by the linear method (GREG)",
    "logit": "Weights are calibrated by the logit method",
}


def said_of_calibration(sample: Mapping[str, Any]) -> str:
    """Return in one sentence how the weights of a sample are calibrated, and to what."""
    calibration = sample["calibration"]
    met = ", ".join(benchmark["benchmark"] for benchmark in sample["benchmarks"] if benchmark["met"])
    low, high = calibration["bounds"] or (None, None)
    bounds = f", with factors from {low:g} to {high:g}" if low is not None else ""
    return f"{METHODS[calibration['method']]} to the official counts {met}{bounds}."


def most_dissimilar(samples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the comparison that differs most, of the newest period of each benchmark; None when there is none."""
    newest: dict[str, Mapping[str, Any]] = {}
    for comparison in samples:
        before = newest.get(comparison["benchmark"])
        if before is None or str(comparison["period"]) >= str(before["period"]):
            newest[comparison["benchmark"]] = comparison
    return max(newest.values(), key=lambda c: float(c["dissimilarity"]), default=None)
