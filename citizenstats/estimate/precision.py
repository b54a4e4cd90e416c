"""From the variances of two totals to the precision of a figure: standard error, interval, effective size; SQL.

Shares have the logit interval (R's survey `svyciprop(method = "xlogit")`), everything else that of Wald, both with
Student's t at the degrees of freedom of the domain. There is no precision where the formula gives zero for want of
information: a domain in one cluster, a share of 0 or 100 %, a count of nobody, values that are all the same.
"""

from __future__ import annotations

from citizenstats.estimate.quantile import t_sql

NOISE = 1e-13
"""Variance, relative to the square of the estimate, below which it is what floating point leaves of zero."""

_ESTIMATE = (
    "CASE WHEN figure.kind IN ('count', 'total') THEN figure.numerator "
    "ELSE figure.numerator / nullif(figure.denominator, 0) END"
)
_VARIANCE = (
    "CASE WHEN figure.kind IN ('count', 'total') THEN figure.v_yy "
    "ELSE (figure.v_yy - 2 * e * figure.v_yx + e * e * figure.v_xx) / (figure.denominator * figure.denominator) END"
)
_IS_KNOWN = (
    f"figure.df > 0 AND v > {NOISE} * e * e "
    "AND NOT (figure.kind = 'proportion' AND figure.k IN (0, figure.n)) AND NOT (figure.kind = 'count' AND figure.k = 0)"
)
_SAMPLE_SIZE = (
    "CASE figure.kind WHEN 'proportion' THEN least(figure.n, e * (1 - e) / v) "
    "WHEN 'mean' THEN (figure.q / figure.denominator - e * e) * figure.n / nullif(figure.n - 1, 0) / v END"
)

COMPANIONS = {
    "_se": "figures.se * abs(figure.scale)",
    "_df": "CASE WHEN figures.se IS NOT NULL THEN figure.df END",
    "_neff": "figures.neff",
    "_cv": "figures.se / nullif(abs(figures.e), 0)",
    "_lower": "least(figures.low * figure.scale, figures.high * figure.scale)",
    "_upper": "greatest(figures.low * figure.scale, figures.high * figure.scale)",
}
"""Companion → its SQL over `figures`."""

ATTRIBUTES = {"STD_ERROR": "_se", "LOWER_BOUND": "_lower", "UPPER_BOUND": "_upper"}
"""Attribute of a structure → the companion that fills it."""


def precision(source: str) -> list[str]:
    """Return the steps to `figures`, whose columns `COMPANIONS` read, over a step with the struct `figure`."""
    step = f"({t_sql('figure.df')}) * se"
    return [
        f"errors AS (SELECT *, {_ESTIMATE} AS e FROM {source})",
        f"variances AS (SELECT *, {_VARIANCE} AS v FROM errors)",
        f"sure AS (SELECT *, CASE WHEN {_IS_KNOWN} THEN sqrt(v) END AS se, "
        f"CASE WHEN {_IS_KNOWN} THEN {_SAMPLE_SIZE} END AS neff FROM variances)",
        "reach AS (SELECT *, CASE WHEN figure.kind = 'proportion' AND se IS NOT NULL "
        f"THEN {step} / (e * (1 - e)) ELSE {step} END AS half FROM sure)",
        "figures AS (SELECT *, "
        + ", ".join(
            f"CASE WHEN figure.kind = 'proportion' AND se IS NOT NULL "
            f"THEN 1 / (1 + exp(-(ln(e / (1 - e)) {sign} half))) ELSE e {sign} half END AS {bound}"
            for sign, bound in (("-", "low"), ("+", "high"))
        )
        + " FROM reach)",
    ]
