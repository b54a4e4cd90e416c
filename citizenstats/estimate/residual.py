"""Calibrated weights in the SELECT, and what they leave of the variance: SQL steps.

A calibrated total varies as the total of the residuals of its regression on the benchmarks' categories does, with the
design weights in the regression and the calibrated ones in the total (Deville and Särndal 1992, 3.4; for raking as well:
all calibrations share it; R's survey `calibrate`). The categories come as an orthonormal basis, so the coefficients of a
domain are sums over cells. A unit drawn outside the domain has no value but a prediction: all units have a residual.
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.contracts.model import Estimate
from citizenstats.engine import name
from citizenstats.estimate.benchmarks import columns_met
from citizenstats.estimate.design import Design
from citizenstats.estimate.domains import Domains, inside
from citizenstats.estimate.variance import PRODUCTS, Sums

WEIGHT = "_weight"
"""The calibrated weight of a record."""

CELL = "_cell"
"""The cell of the benchmarks that a record is in."""

_TOTALS = ("_num", "_den")


def weighted(estimate: Estimate, period: str, records: str) -> str:
    """Return the step `weighted`: the records with their calibrated weights, by the step `weights`."""
    weight = name(estimate.weight) if estimate.weight else "1"
    same = [f"weights._period IS NOT DISTINCT FROM CAST({period} AS VARCHAR)"]
    same += [f"weights.{name(c)} = CAST({records}.{name(c)} AS VARCHAR)" for c in columns_met(estimate)]
    return (
        f"weighted AS NOT MATERIALIZED (SELECT {records}.*, weights.{CELL}, CAST({weight} AS DOUBLE) * weights._g AS {WEIGHT} "
        f"FROM {records} JOIN weights ON {' AND '.join(same)})"
    )


def products(number: int) -> list[str]:
    """Return the sums over records that `cells` needs besides `squares` where each record is drawn by itself."""
    return [f"sum({WEIGHT} * {total}{number}) AS _w{total[1:]}{number}" for total in _TOTALS]


def residuals(
    design: Design,
    numbers: Sequence[int],
    domains: Domains,
    time: str | None,
    other: Sums,
) -> list[str]:
    """Return the steps from `cells`, `drawn_cells` and `weights` to those that `variance.totals` ends with.

    Args:
        design: the design.
        numbers: numbers of the indicators.
        domains: the domains.
        time: the column of the period among the dimensions, if there is one.
        other: what is summed over cells otherwise than the columns of an indicator are.

    Returns:
        Steps; the last is `units`, or `strata` where each record is drawn by itself, with residuals in place of values.
    """
    domain, marked = domains.columns, domains.marked
    totals = [f"{total}{i}" for i in numbers for total in _TOTALS]
    sums = [f"CAST({_summing(t, i, other)} AS DOUBLE) AS {t}{i}" for i in numbers for t in _TOTALS]
    within = (
        f"SELECT {', '.join([*marked, CELL, *sums])} FROM cells GROUP BY GROUPING SETS ({domains.sets(CELL)})"
    )
    fitted = [f"coalesce(sum({t} * q / _g), 0) AS {t}" for t in totals]
    keys = ", ".join(domain)
    lead = f"{keys}, " if keys else ""
    listed = ", ".join(f"list({t} ORDER BY j) AS {t}" for t in totals)
    steps = [
        f"basis AS (SELECT {CELL}, _g, unnest(_basis) AS q, generate_subscripts(_basis, 1) AS j FROM weights)",
        # The coefficients of each domain's totals on the basis.
        f"fits AS (SELECT {lead}{listed} FROM (SELECT {lead}j, {', '.join(fitted)} FROM ({within}) JOIN basis USING ({CELL}) "
        f"GROUP BY {lead}j) GROUP BY {keys or 'ALL'})",
    ]
    same_period = f"loads.period IS NOT DISTINCT FROM fits.{inside(time)}" if time else "TRUE"
    if design.cluster is None:
        return [
            *steps,
            *_over_cells(numbers, domains, other, same_period),
        ]
    return [*steps, *_over_units(numbers, domains, other, same_period, design)]


def _over_units(
    numbers: Sequence[int], domains: Domains, other: Sums, same_period: str, design: Design
) -> list[str]:
    """Return the steps where clusters are drawn: the residual of a unit is its total less its load times the fit."""
    sums = [f"sum(_n{i}) AS _n{i}" for i in numbers]
    sums += [
        f"CAST(coalesce({_summing(t, i, other)}, 0) AS DOUBLE) AS {t}{i}" for i in numbers for t in _TOTALS
    ]
    domain, sets = domains.columns, domains.sets(*design.units)
    # Predictions before answers: a join that carried the lists along would take ten times as long.
    predicted = [f"list_inner_product(loads._load, fits.{t}{i}) AS {t}{i}" for i in numbers for t in _TOTALS]
    given = [*(f"fits.{c}" for c in domain), *(f"loads.{u}" for u in design.units)]
    left = [f"coalesce(answers._n{i}, 0) AS _n{i}" for i in numbers]
    left += [f"coalesce(answers.{t}{i}, 0) - predicted.{t}{i} AS {t}{i}" for i in numbers for t in _TOTALS]
    keys = [f"predicted.{c}" for c in (*domain, *design.units)]
    loaded = ", ".join(["period", *design.units])
    return [
        f"answers AS (SELECT {', '.join([*domains.marked, *design.units, *sums])} FROM cells GROUP BY GROUPING SETS ({sets}))",
        f"loads AS (SELECT {loaded}, list(a ORDER BY j) AS _load FROM (SELECT {loaded}, j, sum(w * q) AS a FROM "
        f"drawn_cells JOIN basis USING ({CELL}) GROUP BY {loaded}, j) GROUP BY {loaded})",
        f"predicted AS (SELECT {', '.join([*given, *predicted])} FROM fits JOIN loads ON {same_period})",
        f"units AS (SELECT {', '.join([*keys, *left])} FROM predicted LEFT JOIN answers ON {_same(domain, design.units)})",
    ]


def _over_cells(numbers: Sequence[int], domains: Domains, other: Sums, same_period: str) -> list[str]:
    """Return the steps where each record is drawn by itself: in a cell all records have the same prediction."""
    kept = [f"{column}{i}" for i in numbers for column in _SUMMED]
    sums = [f"{_summing(column, i, other)} AS {column}{i}" for i in numbers for column in _SUMMED]
    domain, sets = domains.columns, domains.sets("_stratum", CELL)
    predicted = [
        f"list_inner_product(weights._basis, fits.{t}{i}) AS _m{t[1:]}{i}" for i in numbers for t in _TOTALS
    ]
    keys = [*(f"fits.{c}" for c in domain), f"loads._stratum, loads.{CELL}, loads.w AS _w, loads.w2 AS _w2"]
    given = [f"coalesce(answers.{column}, 0) AS {column}" for column in kept]
    left = [text for i in numbers for text in _squared(i)]
    grouped = ", ".join([*domain, "_stratum"])
    return [
        f"answers AS (SELECT {', '.join([*domains.marked, '_stratum', CELL, *sums])} "
        f"FROM cells GROUP BY GROUPING SETS ({sets}))",
        f"predicted AS (SELECT {', '.join([*keys, *predicted])} FROM fits JOIN drawn_cells AS loads ON {same_period} "
        f"JOIN weights USING ({CELL}))",
        f"strata AS (SELECT {', '.join([grouped, *left])} FROM (SELECT predicted.*, {', '.join(given)} FROM predicted "
        f"LEFT JOIN answers ON {_same(domain, ('_stratum', CELL))}) GROUP BY {grouped})",
    ]


def _same(domain: Sequence[str], units: Sequence[str]) -> str:
    return " AND ".join(
        [
            *(f"answers.{c} IS NOT DISTINCT FROM predicted.{c}" for c in domain),
            *(f"answers.{u} = predicted.{u}" for u in units),
        ]
    )


_SUMMED = ("_n", "_num", "_den", *(f"_{product}" for product, _, _ in PRODUCTS), "_wnum", "_wden")
"""Columns of `cells` that the residuals of records drawn by themselves take."""


def _summing(column: str, i: int, other: Sums) -> str:
    """Return SQL of the sum over cells of a column of an indicator."""
    return other.get(i, {}).get(column.removeprefix("_"), f"sum({column}{i})")


def _squared(i: int) -> list[str]:
    """Return the sums over a stratum's records of residuals, their squares and products, from those of its cells."""
    residual = {t: f"sum({t}{i} - _m{t[1:]}{i} * _w)" for t in _TOTALS}
    texts = [
        f"CAST(sum(_n{i}) AS BIGINT) AS _c{i}",
        f"{residual['_num']} AS _y{i}",
        f"{residual['_den']} AS _x{i}",
    ]
    for product, a, b in PRODUCTS:
        ma, mb = f"_m{a[1:]}{i}", f"_m{b[1:]}{i}"
        texts.append(
            f"sum(_{product}{i} - {ma} * _w{b[1:]}{i} - {mb} * _w{a[1:]}{i} + {ma} * {mb} * _w2) AS _{product}{i}"
        )
    return texts
