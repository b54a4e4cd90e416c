"""The cell key method: the same records get the same noise, in every table and every release.

What belongs here: the table of noise (p-table) of greatest entropy, and the SQL that turns record keys into noise. What does
not: which counts are perturbed, and where keys and tables are kept; both are secrets. Nothing here draws anything.

Sources: Fraser and Wooton, A proposed method for confidentialising tabular output to protect against differencing (2005);
Marley and Leaver, A method for confidentialising user-defined tables (2011); Giessing, Computational issues in the design of
transition probabilities and disclosure risk estimation for additive noise (2016), for the conditions on the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from citizenstats.engine import name, quoted
from citizenstats.errors import CitizenstatsError

Chances = npt.NDArray[np.float64]

STEPS = 200
"""Newton steps at most; the dual of the problem is smooth and convex, a dozen do."""


class NoiseError(CitizenstatsError):
    """No noise has what was asked for."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__("NOISE", what, mend=mend)


KEYS = 256
"""How many cell keys there are."""


@dataclass(frozen=True)
class Noise:
    """What the noise of a count may be.

    Attributes:
        deviation: D, the greatest change of a count, a whole number above 0.
        variance: V, of the change.
        blocked: counts that must not come out, as 1 and 2 for a threshold of 3.
        keys: how many cell keys there are; record keys are whole numbers from 0 to one less.
    """

    deviation: int
    variance: float
    blocked: tuple[int, ...] = ()
    keys: int = KEYS


def chances(noise: Noise, count: int) -> Chances:
    """Return the probability of each change from -D to D of a count: of all that fit, those of greatest entropy.

    The change has mean 0 and variance V, does not make a count negative and does not give a blocked count. A count of 0
    stays 0: a zero has no records, and with mean 0 it could not go anywhere. Where a small count cannot have the variance, it
    has the nearest it can.

    Raises:
        NoiseError: no change of mean 0 is possible for this count, or a count above all bounds cannot have the variance.
    """
    changes = np.arange(-noise.deviation, noise.deviation + 1)
    if count == 0:
        return np.asarray(changes == 0, dtype=np.float64)
    results = count + changes
    allowed = (results >= 0) & ~np.isin(results, noise.blocked)
    support = changes[allowed].astype(np.float64)
    if not len(support) or support.min() > 0 or support.max() < 0:
        raise NoiseError(
            f"a count of {count} cannot keep its mean within {noise.deviation} without the blocked counts",
            "ask for a greater deviation, or block fewer counts",
        )
    least, most = _extremes(support)
    variance = min(max(noise.variance, least), most)
    if variance != noise.variance and count > noise.deviation + max(noise.blocked, default=0):
        raise NoiseError(
            f"a deviation of {noise.deviation} cannot have a variance of {noise.variance}",
            "ask for a variance between 0 and the square of the deviation",
        )
    found = np.zeros(len(changes))
    found[allowed] = _greatest_entropy(support, variance, least, most)
    return found


def table(noise: Noise) -> list[tuple[int, int, int]]:
    """Return the p-table: rows of count, cell key and change, in order.

    The last count stands for all greater ones. Probabilities become numbers of keys by largest remainder, then by moving single
    keys towards a mean of 0, which is reached exactly wherever no blocked count stands between: an unbiased noise is worth
    more than the last digit of a probability.

    Raises:
        NoiseError: as `chances`.
    """
    rows = []
    for count in range(noise.deviation + max(noise.blocked, default=0) + 2):
        shares = _whole(chances(noise, count), noise.keys)
        changes = np.repeat(np.arange(-noise.deviation, noise.deviation + 1), shares)
        rows += [(count, key, int(change)) for key, change in enumerate(changes.tolist())]
    return rows


def perturbed_sql(source: str, dimensions: Sequence[str], key: str, noise: Noise, ptable: str) -> str:
    """Return the SQL of perturbed counts: the dimensions, `n` and `published`, one row for each group.

    Every count is perturbed by itself, totals too, and none is added up from others; so tables agree with one another but are
    not additive.

    Args:
        source: relation of records, as SQL.
        dimensions: columns to group by; ROLLUP and the like are the caller's, by one call each.
        key: column of the record key, a whole number from 0 to `noise.keys` - 1, the same in every release.
        noise: what the noise may be.
        ptable: relation with columns pcv, ckey, pvalue, as `table` gives them.
    """
    by = "".join(f"{name(column)}, " for column in dimensions)
    grouped = " GROUP BY ALL" if dimensions else ""
    last = noise.deviation + max(noise.blocked, default=0) + 1
    return (
        f"WITH c AS (SELECT {by}count(*) AS n, CAST(sum({name(key)}) % {noise.keys} AS INTEGER) AS ckey "
        f"FROM {source}{grouped}) "
        f"SELECT {by}n, n + pvalue AS published FROM c JOIN {ptable} AS p ON p.pcv = least(c.n, {last}) AND p.ckey = c.ckey "
        f"ORDER BY {by}n"
    )


SECRET = "office_secret"  # noqa: S105 - the name of a table
"""Table of an engine with the office's secret, which so stands in no SELECT."""


def record_key_sql(identity: str, secret: str, keys: int = KEYS) -> str:
    """Return the SQL of a record key that is the same whenever and wherever the record is seen.

    Args:
        identity: SQL of what names the unit for good.
        secret: SQL of the office's own, never published: who has it and the table can take the noise away.
        keys: how many keys there are.
    """
    return f"CAST(CAST('0x' || left(sha256(concat({secret}, '|', {identity})), 12) AS UBIGINT) % {keys} AS INTEGER)"


def record_key_of(dataset: str, key: Sequence[str]) -> str:
    """Return the SQL of the key of a record of a dataset by the columns that identify it, over the table `SECRET`."""
    parts = ", ".join(f"CAST({name(column)} AS VARCHAR)" for column in key)
    return record_key_sql(
        f"CAST(to_json([{quoted(dataset)}, {parts}]) AS VARCHAR)", f"(SELECT secret FROM {SECRET})"
    )


def _extremes(support: Chances) -> tuple[float, float]:
    """Return the least and the greatest variance a change of mean 0 can have."""
    below, above = support[support <= 0], support[support >= 0]
    return float(-below.max() * above.min()), float(-below.min() * above.max())


def _greatest_entropy(support: Chances, variance: float, least: float, most: float) -> Chances:
    """Return p ~ exp(a d + b d^2) with mean 0 and the variance, by Newton on the dual; two points where there is no choice."""
    for extreme, ends in ((least, _ends(support, inner=True)), (most, _ends(support, inner=False))):
        if abs(variance - extreme) < 1e-9:
            return ends
    scaled = np.stack([support, support**2 - variance]) / np.abs(support).max()
    weights = np.zeros(2)
    for _ in range(STEPS):
        p = _exponential(weights @ scaled)
        gradient = scaled @ p
        if np.abs(gradient).max() < 1e-13:
            break
        spread = (scaled * p) @ scaled.T - np.outer(gradient, gradient)
        step = np.linalg.solve(spread + 1e-15 * np.eye(2), gradient)
        size = 1.0
        while size > 1e-9 and _dual(weights - size * step, scaled) > _dual(
            weights, scaled
        ) - 1e-4 * size * float(gradient @ step):
            size /= 2
        weights = weights - size * step
    return _exponential(weights @ scaled)


def _ends(support: Chances, inner: bool) -> Chances:
    low = float(support[support <= 0].max() if inner else support.min())
    high = float(support[support >= 0].min() if inner else support.max())
    chance = np.zeros(len(support))
    chance[support == low] = 1.0 if low == high else high / (high - low)
    chance[support == high] = 1.0 if low == high else -low / (high - low)
    return chance


def _exponential(exponent: Chances) -> Chances:
    grown = np.exp(exponent - exponent.max())
    return np.asarray(grown / grown.sum(), dtype=np.float64)


def _dual(weights: Chances, scaled: Chances) -> float:
    exponent = weights @ scaled
    top = float(exponent.max())
    return top + float(np.log(np.exp(exponent - top).sum()))


def _whole(chance: Chances, keys: int) -> npt.NDArray[np.int64]:
    """Return numbers of keys near to the chances, with the mean change as near to 0 as moving single keys brings it."""
    half = len(chance) // 2
    exact = chance * keys
    shares = np.floor(exact + 1e-9).astype(np.int64)
    for place in np.argsort(-(exact - shares), kind="stable")[: keys - int(shares.sum())].tolist():
        shares[place] += 1
    changes = np.arange(-half, half + 1)
    possible = np.flatnonzero(chance > 0).tolist()
    while mean := int(shares @ changes):
        moves = [
            (abs(mean + b - a), float(exact[a] - shares[a] + shares[b] - exact[b]), a, b)
            for a in possible
            for b in possible
            if shares[a] > 0 and abs(mean + b - a) < abs(mean)
        ]
        if not moves:
            break
        _, _, source, target = min(moves, key=lambda move: (move[1], move))
        shares[source] -= 1
        shares[target] += 1
    return shares
