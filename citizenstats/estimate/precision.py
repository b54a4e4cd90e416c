"""From the variances of two totals to the precision of a figure: standard error, interval, effective size; SQL.

Shares have the logit interval (R's survey `svyciprop(method = "xlogit")`), quantiles Woodruff's (`quantiles.py`), everything
else that of Wald, all with Student's t at the degrees of freedom of the domain. There is no precision where the formula gives
zero for want of information: a domain in one cluster, a share of 0 or 100 %, a count of nobody, values that are all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from citizenstats.contracts.model import Estimate
from citizenstats.engine import quoted
from citizenstats.estimate.design import Design
from citizenstats.estimate.differences import with_differences
from citizenstats.estimate.distributions import t_sql
from citizenstats.estimate.domains import Domains
from citizenstats.estimate.measures import Figures
from citizenstats.estimate.quantiles import bounds

NOISE = 1e-13
"""Variance, relative to the square of the estimate, below which it is what floating point leaves of zero."""

_IS_TOTAL = "figure.kind IN ('count', 'total')"
_IS_SHARE = "figure.kind IN ('proportion', 'quantile')"
"""Of a quantile it is the share at or below it that has a variance."""

_ESTIMATE = (
    f"CASE WHEN {_IS_TOTAL} THEN figure.numerator ELSE figure.numerator / nullif(figure.denominator, 0) END"
)
_VARIANCE = (
    f"CASE WHEN {_IS_TOTAL} THEN figure.v_yy "
    "ELSE (figure.v_yy - 2 * e * figure.v_yx + e * e * figure.v_xx) / (figure.denominator * figure.denominator) END"
)
_IS_KNOWN = (
    # Nothing is known of an infinite value; and what is no number would compare as greater than any.
    f"figure.df > 0 AND isfinite(v) AND v > {NOISE} * e * e "
    "AND NOT (figure.kind = 'proportion' AND figure.k IN (0, figure.n)) AND NOT (figure.kind = 'count' AND figure.k = 0)"
)
_SPREAD = (
    f"CASE WHEN {_IS_SHARE} THEN e * (1 - e) WHEN figure.kind = 'mean' THEN figure.q / figure.denominator - e * e "
    "WHEN figure.kind = 'total' THEN figure.q * figure.denominator - e * e "
    "WHEN figure.kind = 'count' THEN e * (figure.denominator - e) END"
)
"""Variance between units, without n / (n - 1); of totals that of the sum over all units."""
_SAMPLE_SIZE = (
    f"CASE WHEN {_IS_SHARE} THEN least(figure.size, spread / v) "
    "WHEN figure.kind = 'mean' AND isfinite(spread) THEN spread * figure.size / nullif(figure.size - 1, 0) / v END"
)
_DESIGN_EFFECT = (
    f"CASE WHEN isfinite(spread) AND spread > {NOISE} * e * e THEN v * (figure.size - 1) / spread END"
)

COMPANIONS = {
    "_se": "figures.se * abs(figure.scale)",
    "_df": "CASE WHEN figures.se IS NOT NULL THEN figure.df END",
    "_neff": "figures.neff",
    "_cv": "CASE WHEN figure.kind <> 'difference' THEN figures.se / nullif(abs(figures.e), 0) END",
    "_lower": "least(figures.low * figure.scale, figures.high * figure.scale)",
    "_upper": "greatest(figures.low * figure.scale, figures.high * figure.scale)",
}
"""Companion → its SQL over `figures`. How a difference stands to itself says nothing: it may well be zero."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a structure that tells how sure a figure is.

    Attributes:
        sql: over `figures`, not rounded.
        decimals: how many it has; None: one more than the figure.
        zero_is_none: whether what rounds to zero is not told, for no figure is that sure.
    """

    sql: str
    decimals: int | None = None
    zero_is_none: bool = False

    def rounded(self, decimals: int) -> str:
        """Return SQL of it beside a figure of so many decimals."""
        text = f"round({self.sql}, {decimals + 1 if self.decimals is None else self.decimals})"
        return f"nullif({text}, 0)" if self.zero_is_none else text


ATTRIBUTES = {
    "STD_ERROR": Attribute(COMPANIONS["_se"], zero_is_none=True),
    "LOWER_BOUND": Attribute(COMPANIONS["_lower"]),
    "UPPER_BOUND": Attribute(COMPANIONS["_upper"]),
    "DESIGN_EFFECT": Attribute("figures.deff", decimals=2, zero_is_none=True),
    "EFFECTIVE_SAMPLE_SIZE": Attribute(COMPANIONS["_neff"], decimals=0),
    "DEGREES_OF_FREEDOM": Attribute(COMPANIONS["_df"], decimals=0),
}
"""Attribute of a structure → what fills it where the contract does not map it."""

SHOWS_VALUES = ("STD_ERROR", "LOWER_BOUND", "UPPER_BOUND")
"""Attributes that are, of a quantile, values that single units gave, or made of two of these."""


def precision(
    source: str, estimate: Estimate, domains: Domains, figures: Figures, design: Design
) -> list[str]:
    """Return the steps to `figures`, whose columns `COMPANIONS` read, over a step with the struct `figure`."""
    is_share = "figure.kind = 'proportion' AND se IS NOT NULL"
    step = f"({t_sql('figure.df')}) * se"
    sure = "sure"
    steps = [
        f"errors AS (SELECT *, {_ESTIMATE} AS e FROM {source})",
        f"variances AS (SELECT *, {_VARIANCE} AS v, {_SPREAD} AS spread FROM errors)",
        f"sure AS (SELECT *, CASE WHEN {_IS_KNOWN} THEN sqrt(v) END AS se, CASE WHEN {_IS_KNOWN} THEN {_SAMPLE_SIZE} END "
        f"AS neff, CASE WHEN {_IS_KNOWN} THEN {_DESIGN_EFFECT} END AS deff FROM variances)",
    ]
    if any(indicator.kind == "difference" for indicator in estimate.indicators.values()):
        steps.append(f"compared AS ({with_differences('sure', estimate, domains, figures, design)})")
        sure = "compared"
    steps.append(
        f"reach AS (SELECT *, CASE WHEN {is_share} THEN {step} / (e * (1 - e)) ELSE {step} END AS half FROM {sure})"
    )
    limits = {
        bound: f"CASE WHEN {is_share} THEN 1 / (1 + exp(-(ln(e / (1 - e)) {sign} half))) ELSE e {sign} half END"
        for sign, bound in (("-", "low"), ("+", "high"))
    }
    quantiles = [
        (i, key)
        for i, (key, indicator) in enumerate(estimate.indicators.items())
        if indicator.kind == "quantile"
    ]
    if not quantiles:
        told = ", ".join(f"{text} AS {bound}" for bound, text in limits.items())
        return [*steps, f"figures AS (SELECT *, {told} FROM reach)"]
    steps += [bounds(i, key, domains) for i, key in quantiles]
    return [*steps, f"figures AS ({_with_bounds(quantiles, limits, domains)})"]


def _with_bounds(quantiles: list[tuple[int, str]], limits: dict[str, str], domains: Domains) -> str:
    """Return the SELECT of all figures, those of quantiles with the bounds that were looked up."""
    joins = " ".join(
        f"LEFT JOIN bounds{i} ON reach.figure.key = {quoted(key)} AND {domains.same('reach', f'bounds{i}')}"
        for i, key in quantiles
    )
    is_quantile = "figure.kind = 'quantile'"
    low, high, beyond = (
        f"coalesce({', '.join(f'bounds{i}.{what}' for i, _ in quantiles)})"
        for what in ("low", "high", "beyond")
    )
    # The distance of the bounds is twice half an interval of the share, in values.
    error = f"nullif({high} - {low}, 0) * se / (2 * half)"
    return (
        f"SELECT reach.* REPLACE (CASE WHEN {is_quantile} THEN {error} ELSE se END AS se, "
        f"CASE WHEN {is_quantile} THEN figure.value ELSE e END AS e), "
        f"CASE WHEN {is_quantile} THEN {low} ELSE {limits['low']} END AS low, "
        f"CASE WHEN {is_quantile} THEN {high} ELSE {limits['high']} END AS high, {beyond} AS beyond FROM reach {joins}"
    )
