"""Quantiles of all domains, and their intervals by inverting that of the distribution: SQL steps.

A quantile is the least value at or below which the share p of the weights lies (R's survey, `svyquantile(qrule = "math")`).
Its interval is Woodruff's (JASA 47, 1952): the share of units at or below the quantile has a standard error from the design;
the values where the distribution takes that share less and more t standard errors are the bounds, and their distance over 2 t
is the standard error of the quantile (`interval.type = "mean"`).

The records are read once more, for the distribution of values in the finest cells of each drawn unit, and not once a domain.
All else is over that distribution, which is small where values are few (a scale, years, whole thousands): the quantiles of the
domains, and for each the weight at or below it in each cell, which joins the cells that all other indicators share.
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.contracts.model import Quantile
from citizenstats.engine import quoted
from citizenstats.estimate.domains import Domains

_TIES = 1e-12
"""Part of all weights below which two of their sums are the same: they are added up in another order than it takes."""


def found(
    number: int, quantile: Quantile, domains: Domains, units: Sequence[str], *, squared: bool
) -> list[str]:
    """Return the steps from `coded` to `quantile<number>`, one row a domain: the quantile and what lies on its sides.

    `spread<number>` holds the values of the finest cells, `ranked<number>` those of the domains, added up from below.

    Args:
        number: of the indicator.
        quantile: what is asked.
        domains: the domains.
        units: columns that tell the cells apart further, for `beneath`.
        squared: whether the squares of the weights are kept as well.
    """
    i, columns = number, ", ".join(domains.columns)
    whole = f"PARTITION BY {columns}" if columns else ""
    reached = f"w_to >= {quantile.p!r} * w_all * (1 - {_TIES})"
    listed = [*domains.finest, *units, f"_y{i} AS y", f"sum(_den{i}) AS w", "count(*) AS n"]
    listed += [f"sum(CAST(_den{i} AS DOUBLE) * _den{i}) AS w2"] if squared else []
    return [
        f"spread{i} AS MATERIALIZED (SELECT {', '.join(listed)} FROM coded WHERE _y{i} IS NOT NULL "
        f"GROUP BY {', '.join([*domains.finest, *units, 'y'])})",
        f"ranked{i} AS (SELECT *, sum(w) OVER up AS w_to, sum(n) OVER up AS n_to, sum(w) OVER whole AS w_all, "
        f"sum(n) OVER whole AS n_all FROM (SELECT {', '.join([*domains.marked, 'y'])}, CAST(sum(w) AS DOUBLE) AS w, "
        f"sum(n) AS n FROM spread{i} GROUP BY GROUPING SETS ({domains.sets('y')})) "
        f"WINDOW whole AS ({whole}), up AS ({whole} ORDER BY y))",
        f"quantile{i} AS MATERIALIZED (SELECT {', '.join([*domains.columns, f'min(y) FILTER (WHERE {reached}) AS at'])}, "
        f"min(w_to) FILTER (WHERE {reached}) AS w_to, max(w_all) AS w_all, "
        f"least(min(n_to) FILTER (WHERE {reached}), max(n_all - n_to + n) FILTER (WHERE {reached})) AS side "
        f"FROM ranked{i} GROUP BY {columns or 'ALL'})",
    ]


def beneath(number: int, domains: Domains, units: Sequence[str], *, squared: bool) -> list[str]:
    """Return the steps to `beneath<number>`: of each cell and margin the weight at or below its quantile, and its squares.

    Args:
        number: of the indicator.
        domains: the domains.
        units: columns that tell the cells apart further.
        squared: whether squares are asked for: where each record is drawn by itself.
    """
    i, margins = number, range(len(domains.margins))
    cells = f"SELECT DISTINCT {', '.join(domains.finest)} FROM spread{i}" if domains.finest else "SELECT 1"
    joins = " ".join(
        f"LEFT JOIN quantile{i} AS d{m} ON {domains.lies_in('cell', f'd{m}', domains.margins[m])}"
        for m in margins
    )
    ats = ", ".join(f"d{m}.at AS _at{m}" for m in margins)
    same = " AND ".join(f"spread{i}.{c} IS NOT DISTINCT FROM at.{c}" for c in domains.finest) or "TRUE"
    apart = [f"spread{i}.{c}" for c in (*domains.finest, *units)]
    sums = [f"sum(w2) AS _xx{i}"] if squared else []
    for m in margins:
        sums.append(f"sum(w) FILTER (WHERE y <= _at{m}) AS _num{i}_{m}")
        sums += [f"sum(w2) FILTER (WHERE y <= _at{m}) AS _yy{i}_{m}"] if squared else []
    return [
        f"quantiles{i} AS (SELECT cell.*, {ats} FROM ({cells}) AS cell {joins})",
        f"beneath{i} AS (SELECT {', '.join([*apart, *sums])} FROM spread{i} JOIN quantiles{i} AS at ON {same} "
        f"GROUP BY {', '.join(apart) or 'ALL'})",
    ]


def over_cells(number: int, domains: Domains) -> dict[str, str]:
    """Return the sums over cells that a variance takes, where they are other ones than those of a share."""
    margins = range(len(domains.margins))
    beneath_it = domains.chosen([f"sum(_num{number}_{m})" for m in margins])
    square = domains.chosen([f"sum(_yy{number}_{m})" for m in margins])
    # Of a unit at or below the quantile the weight stands in both sums; of another one its product is zero.
    return {"num": beneath_it, "yy": square, "yx": square, "wnum": square}


def bounds(number: int, key: str, domains: Domains) -> str:
    """Return the step `bounds<number>` over `reach`: where the distribution takes the bounds of its interval.

    `beyond` are the units at or below the lower one, or at or above the upper one, where that is fewer.
    """
    i = number
    low, high = (f"r.w_to >= (reach.e {sign} reach.half) * r.w_all * (1 - {_TIES})" for sign in ("-", "+"))
    columns = ", ".join(f"reach.{c}" for c in domains.columns)
    return (
        f"bounds{i} AS (SELECT {f'{columns}, ' if columns else ''}min(r.y) FILTER (WHERE {low}) AS low, "
        f"min(r.y) FILTER (WHERE {high}) AS high, "
        f"least(min(r.n_to) FILTER (WHERE {low}), max(r.n_all - r.n_to + r.n) FILTER (WHERE {high})) AS beyond "
        f"FROM reach JOIN ranked{i} AS r ON {domains.same('reach', 'r')} WHERE reach.figure.key = {quoted(key)} "
        f"AND reach.e - reach.half >= 0 AND reach.e + reach.half <= 1 GROUP BY {columns or 'ALL'})"
    )
