"""When a figure is precise enough to show: the rules of offices as data, and the SQL of a verdict.

What belongs here: from a dataflow's `reliability` to `publish`, `flag` or `withhold` for each figure, by the companions that
say how sure it is. What does not: hiding a figure, which is done where protection hides its own, so that both look the same.

Sources of the presets: nchs: National Center for Health Statistics, Series 2, no. 175 (shares) and 200 (counts and rates;
taken for means and totals too), with the interval of `precision.py` in place of Korn and Graubard's. statcan: Statistics
Canada, Canadian Community Health Survey. abs: Australian Bureau of Statistics, which prints figures of more than 50 % with
two asterisks, where here they are withheld. meps: Medical Expenditure Panel Survey, Insurance Component, without its
easier rule for shares under 5 %. dhs: Demographic and Health Surveys. eu_silc: Eurostat, as it is widely quoted.
"""

from __future__ import annotations

import math

from citizenstats.contracts.model import Limits, Reliability, ReliabilityRule, SmallSample


def _from(limit: float) -> float:
    """Return what a rule that hits at the limit itself is past; every other rule hits above it."""
    return math.nextafter(limit, 0)


_STATCAN = ReliabilityRule(withhold=Limits(n=10, cv=0.333), flag=Limits(cv=0.165))
_ABS = ReliabilityRule(withhold=Limits(cv=0.5), flag=Limits(cv=_from(0.25)))
_MEPS = ReliabilityRule(
    withhold=Limits(n=3, small=[SmallSample(below=10, cv=_from(0.1)), SmallSample(below=20, cv=_from(0.2))]),
    flag=Limits(cv=_from(0.3)),
)
_DHS = ReliabilityRule(withhold=Limits(n=25), flag=Limits(n=50))
_EU_SILC = ReliabilityRule(withhold=Limits(n=20), flag=Limits(n=50))

PRESETS: dict[str, tuple[ReliabilityRule, ReliabilityRule]] = {
    "nchs": (
        ReliabilityRule(
            withhold=Limits(neff=30, width=_from(0.3), relative_width=1.3),
            flag=Limits(df=8, complement_width=1.3),
            narrow=0.05,
        ),
        ReliabilityRule(withhold=Limits(n=10, relative_width=1.6), flag=Limits(df=8)),
    ),
    "statcan": (_STATCAN, _STATCAN),
    "abs": (_ABS, _ABS),
    "meps": (_MEPS, _MEPS),
    "dhs": (_DHS, _DHS),
    "eu_silc": (_EU_SILC, _EU_SILC),
}
"""Preset → its rule for shares, and that for all else."""

_WIDTH = "(_upper - _lower)"
_ESTIMATE = "(_se / _cv)"
"""The estimate without its sign, in the scale of the figure, before it was rounded."""


def rules_of(reliability: Reliability) -> tuple[ReliabilityRule, ReliabilityRule]:
    """Return the rule for shares and that for all else: the preset's, with the limits that the file gives itself."""
    shares, others = PRESETS.get(reliability.preset or "", (ReliabilityRule(), ReliabilityRule()))
    return _with(shares, reliability.shares), _with(others, reliability.others)


def _with(preset: ReliabilityRule, own: ReliabilityRule) -> ReliabilityRule:
    given = own.model_dump(exclude_unset=True)
    limits = {
        part: getattr(preset, part).model_dump(exclude_unset=True) | given.pop(part, {})
        for part in ("withhold", "flag")
    }
    return ReliabilityRule.model_validate(preset.model_dump(exclude_unset=True) | given | limits)


def verdict_sql(reliability: Reliability | None, *, value: str, scale: str, has_design: bool) -> str:
    """Return SQL of ``publish``, ``flag`` or ``withhold`` over a row of the frame.

    Args:
        reliability: what the dataflow asks; None: everything is published.
        value: SQL of the figure; without one there is nothing to judge.
        scale: SQL of the factor on the figure.
        has_design: whether standard errors rest on a probability design; without one a figure is judged by its size alone.
    """
    if reliability is None:
        return "'publish'"
    shares, others = (_rule(rule, scale, has_design=has_design) for rule in rules_of(reliability))
    return (
        f"CASE WHEN {value} IS NULL THEN 'publish' WHEN _kind = 'proportion' THEN {shares} ELSE {others} END"
    )


def _rule(rule: ReliabilityRule, scale: str, *, has_design: bool) -> str:
    withhold = _passed(rule.withhold, rule.narrow, scale, has_design=has_design)
    flag = _passed(rule.flag, rule.narrow, scale, has_design=has_design)
    asks_precision = any(
        set(limits.model_dump(exclude_none=True, exclude_defaults=True)) - {"n"}
        for limits in (rule.withhold, rule.flag)
    )
    if has_design and asks_precision:
        # The formula gave nothing, as for 0 and 100 % or a single cluster: nobody knows how sure that is. The bounds of a
        # quantile that are one and the same value are no such thing.
        flag.append("_se IS NULL AND _lower IS NULL")
    return f"CASE WHEN {_any(withhold)} THEN 'withhold' WHEN {_any(flag)} THEN 'flag' ELSE 'publish' END"


def _passed(limits: Limits, narrow: float | None, scale: str, *, has_design: bool) -> list[str]:
    """Return the SQL conditions under which a limit is passed."""
    found = []
    if limits.n is not None:
        found.append(f"_n BETWEEN 1 AND {limits.n - 1}")
    found += [
        f"_n BETWEEN 1 AND {s.below - 1} AND NOT coalesce(_cv <= {s.cv!r}, FALSE)" for s in limits.small
    ]
    if limits.neff is not None:
        # What has no standard error is at most as good as its size.
        found.append(f"_n > 0 AND coalesce(_neff, _n) < {limits.neff!r}")
    if not has_design:
        return found
    if limits.df is not None:
        found.append(f"_df < {limits.df}")
    if limits.cv is not None:
        found.append(f"_cv > {limits.cv!r}")
    widths = {
        f"{_WIDTH} / abs({scale})": limits.width,
        f"{_WIDTH} / {_ESTIMATE}": limits.relative_width,
        f"{_WIDTH} / nullif(abs({scale}) - {_ESTIMATE}, 0)": limits.complement_width,
    }
    is_wide = "TRUE" if narrow is None else f"{_WIDTH} / abs({scale}) > {narrow!r}"
    found += [f"{is_wide} AND {width} > {most!r}" for width, most in widths.items() if most is not None]
    return found


def _any(conditions: list[str]) -> str:
    return " OR ".join(f"coalesce({condition}, FALSE)" for condition in conditions) or "FALSE"
