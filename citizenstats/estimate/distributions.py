"""Student's t and the Beta distribution, as numbers and as SQL.

What belongs here: distributions that intervals need, by published algorithms. Which interval a figure has is said in
`precision.py`.
"""

from __future__ import annotations

import math
from functools import cache

TABLED = 100
"""Degrees of freedom up to which the SQL looks the quantile up; above, the expansion is exact to 1e-10."""

_TINY = 1e-300
_STEPS = 300
_LAST_BITS = 2.3e-16


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete Beta function I_x(a, b).

    By its continued fraction with the method of Lentz (Press et al., Numerical Recipes, 3rd ed., 6.4).
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 10_000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            found *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return found


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = p, to the last bits of x.

    By Newton's steps where they stay inside of what is known of x, else by halving it.
    """
    low, high, x = 0.0, 1.0, 0.5
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    for _ in range(_STEPS):
        missed = beta_cdf(x, a, b) - p
        low, high = (x, high) if missed < 0 else (low, x)
        density = math.exp((a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - log_beta)
        following = x - missed / density if density else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= x * _LAST_BITS:
            return following
        x = following
    return x


@cache
def t_quantile(p: float, df: float) -> float:
    """Return the quantile of Student's t with `df` degrees of freedom, for 0.5 < p < 1.

    From the Beta distribution (Abramowitz and Stegun 26.7.1): df / (df + t²) follows Beta(df / 2, 1 / 2).
    """
    x = beta_quantile(2 * (1 - p), df / 2, 0.5)
    return math.sqrt(df * (1 - x) / x)


def t_sql(df: str) -> str:
    """Return the SQL of the 97.5 % quantile of Student's t; NULL without a degree of freedom.

    A list up to `TABLED` degrees, above them the expansion of Abramowitz and Stegun 26.7.5.
    """
    x = 1.959963984540054
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    listed = " ".join(f"{t_quantile(0.975, k):.12g}" for k in range(1, TABLED + 1))
    far = " + ".join([repr(x), *(f"{c:.15g} / pow({df}, {power})" for power, c in enumerate(terms, 1))])
    return (
        f"CASE WHEN {df} BETWEEN 1 AND {TABLED} THEN CAST(string_split('{listed}', ' ') AS DOUBLE[])[{df}] "
        f"WHEN {df} > {TABLED} THEN {far} END"
    )


def korn_graubard(p: float, se: float, n: int, df: int) -> tuple[float, float]:
    """Return the 95 % Korn-Graubard interval of a share, as R's survey `svyciprop(method = "beta")`.

    Args:
        p: the share, 0 to 1.
        se: its standard error; above 0.
        n: unweighted units.
        df: degrees of freedom of the design in the domain.
    """
    effective = p * (1 - p) / se**2 * (t_quantile(0.975, n - 1) / t_quantile(0.975, df)) ** 2
    low = beta_quantile(0.025, effective * p, effective * (1 - p) + 1)
    high = beta_quantile(0.975, effective * p + 1, effective * (1 - p))
    return low, high
