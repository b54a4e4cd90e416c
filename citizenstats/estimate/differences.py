"""Differences between two groups of a breakdown, and their variances: SQL steps.

The difference of two shares, means or ratios is linearised as a whole: in each drawn unit the residuals of the one group less
those of the other, so that what the groups share by lying in the same clusters is in its variance (Särndal, Swensson, Wretman
1992, 5.6; R's survey `svycontrast`). It takes the sums by drawn unit that the groups' own variances take, and no further scan.
A difference has no standard error where one of its groups has none, nor where the weights of records that are drawn by
themselves are calibrated: each record then has a residual in both groups, and their products are not summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citizenstats.contracts.model import Estimate
from citizenstats.engine import quoted
from citizenstats.estimate.design import Design
from citizenstats.estimate.domains import Domains, inside, totalled
from citizenstats.estimate.measures import Figures
from citizenstats.estimate.variance import covariances


@dataclass(frozen=True)
class Compared:
    """A difference, ready to be written as SQL.

    Attributes:
        number: its number among the indicators.
        of: the number of the indicator whose groups it compares.
        of_key: that one's key.
        across: the breakdown of the groups.
        groups: their codes; the first less the second.
    """

    number: int
    key: str
    of: int
    of_key: str
    across: str
    groups: tuple[str, str]

    @property
    def sign(self) -> str:
        """SQL of 1 in the first group, -1 in the second, NULL elsewhere."""
        column = f"s.{inside(self.across)}"
        return f"CASE {column} WHEN {quoted(self.groups[0])} THEN 1 WHEN {quoted(self.groups[1])} THEN -1 END"


def compared(estimate: Estimate) -> list[Compared]:
    """Return the differences of an estimate."""
    keys = list(estimate.indicators)
    found = []
    for number, (key, indicator) in enumerate(estimate.indicators.items()):
        if (said := indicator.difference) is not None:
            found.append(Compared(number, key, keys.index(said.of), said.of, said.across, said.groups))
    return found


def has_variances(estimate: Estimate, design: Design | None) -> bool:
    """Return whether differences have a variance."""
    return design is not None and not (design.cluster is None and estimate.calibrate is not None)


def variances(
    differences: Sequence[Compared], design: Design, domains: Domains, time: str | None
) -> list[str]:
    """Return the steps from `sums` and `units` (or `strata`) to `covariances_<across>`: `_vyy` and `_df` of each difference."""
    steps: list[str] = []
    for across in dict.fromkeys(d.across for d in differences):
        of = f"_{across.lower()}"
        mine = [d for d in differences if d.across == across]
        columns = domains.without(across)
        drawn = "strata" if design.cluster is None else "units"
        by = ["_stratum"] if design.cluster is None else list(design.units)
        summed = [text for d in mine for text in (_squared(d) if design.cluster is None else _residuals(d))]
        codes = ", ".join(map(quoted, dict.fromkeys(code for d in mine for code in d.groups)))
        steps.append(
            f"{drawn}{of} AS (SELECT {', '.join(f's.{c}' for c in (*columns, *by))}, {', '.join(summed)} "
            f"FROM {drawn} AS s JOIN sums AS t ON {domains.same('s', 't')} "
            f"WHERE NOT s.{totalled(across)} AND s.{inside(across)} IN ({codes}) "
            f"GROUP BY {', '.join(f's.{c}' for c in (*columns, *by))})"
        )
        steps += covariances(design, [d.number for d in mine], columns, time, of)
    return steps


def _residuals(d: Compared) -> list[str]:
    """Return the residuals of a drawn unit, those of the second group with the other sign."""
    residual = (
        f"(s._num{d.of} - t._num{d.of} / nullif(t._den{d.of}, 0) * s._den{d.of}) / nullif(t._den{d.of}, 0)"
    )
    return [
        f"coalesce(sum(s._n{d.of}) FILTER (WHERE {d.sign} IS NOT NULL), 0) AS _n{d.number}",
        f"coalesce(sum({d.sign} * {residual}), 0) AS _num{d.number}",
        f"CAST(0 AS DOUBLE) AS _den{d.number}",
    ]


def _squared(d: Compared) -> list[str]:
    """Return the sums of a stratum where each record is drawn by itself: no record is in both groups."""
    e, base = f"(t._num{d.of} / nullif(t._den{d.of}, 0))", f"nullif(t._den{d.of}, 0)"
    square = f"(s._yy{d.of} - 2 * {e} * s._yx{d.of} + {e} * {e} * s._xx{d.of}) / ({base} * {base})"
    residual = f"(s._y{d.of} - {e} * s._x{d.of}) / {base}"
    return [
        f"coalesce(sum(s._c{d.of}) FILTER (WHERE {d.sign} IS NOT NULL), 0) AS _c{d.number}",
        f"coalesce(sum({d.sign} * {residual}), 0) AS _y{d.number}",
        f"CAST(0 AS DOUBLE) AS _x{d.number}",
        f"coalesce(sum(abs({d.sign}) * {square}), 0) AS _yy{d.number}",
        f"CAST(0 AS DOUBLE) AS _yx{d.number}",
        f"CAST(0 AS DOUBLE) AS _xx{d.number}",
    ]


def with_differences(
    source: str, estimate: Estimate, domains: Domains, figures: Figures, design: Design | None
) -> str:
    """Return the SELECT of the figures of a step, and of their differences where both groups have one.

    Args:
        source: the step, with the struct `figure`; with a design also e, v, se, neff and deff.
        estimate: the estimate.
        domains: its domains.
        figures: the struct.
        design: the design.
    """
    parts = [f"SELECT * FROM {source}"]
    for d in compared(estimate):
        across, total = inside(d.across), totalled(d.across)
        value = " - ".join(f"{g}.figure.numerator / nullif({g}.figure.denominator, 0)" for g in "ab")
        fields = {"n": "a.figure.n + b.figure.n", "value": value}
        replaced = [f"NULL AS {across}", f"TRUE AS {total}"]
        joined = f"FROM {source} AS a JOIN {source} AS b ON {domains.same('a', 'b', but=d.across)}"
        if has_variances(estimate, design):
            of = f"covariances_{d.across.lower()}"
            joined += f" LEFT JOIN {of} AS v ON {domains.same('a', 'v', but=d.across)}"
            fields["df"], variance = f"v._df{d.number}", f"v._vyy{d.number}"
        else:
            variance = "CAST(NULL AS DOUBLE)"
        if figures.has_design:
            known = f"a.se IS NOT NULL AND b.se IS NOT NULL AND {variance} > 0"
            replaced += [
                f"{value} AS e",
                f"{variance} AS v",
                f"CASE WHEN {known} THEN sqrt({variance}) END AS se",
                "CAST(NULL AS DOUBLE) AS neff",
                "CAST(NULL AS DOUBLE) AS deff",
            ]
        replaced.append(f"{figures.struct(d.key, estimate, fields)} AS figure")
        conditions = [
            f"{g}.figure.key = {quoted(d.of_key)} AND NOT {g}.{total} AND {g}.{across} = {quoted(code)}"
            for g, code in zip("ab", d.groups, strict=True)
        ]
        parts.append(f"SELECT a.* REPLACE ({', '.join(replaced)}) {joined} WHERE {' AND '.join(conditions)}")
    return " UNION ALL BY NAME ".join(parts)
