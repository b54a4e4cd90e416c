"""The variance of two totals under a sampling design, for all domains from one scan: SQL steps.

Every estimator here is a function of two weighted totals, numerator y and denominator x. The design gives their
variances and their covariance in each domain; Taylor linearisation (Woodruff 1971; Särndal, Swensson, Wretman 1992, 5.5)
makes the variance of a share, mean or ratio of them (`precision.py`). Strata, clusters, a second stage and finite
populations as in Cochran (1977) and R's `survey` (Lumley 2004): a unit drawn without a record in the domain counts with 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from citizenstats.estimate.design import Design
from citizenstats.estimate.domains import Domains, inside

PRODUCTS = (("yy", "_num", "_num"), ("yx", "_num", "_den"), ("xx", "_den", "_den"))
"""Sums of squares and of products that a variance needs."""

Sums = Mapping[int, Mapping[str, str]]
"""Number of an indicator → its sums over cells (`num`, `yy`, `yx`) where they are other ones than those of its columns."""


def squares(number: int) -> list[str]:
    """Return the sums of products over records that `cells` needs where each record is drawn by itself."""
    return [
        f"sum(CAST({a}{number} AS DOUBLE) * {b}{number}) AS _{product}{number}" for product, a, b in PRODUCTS
    ]


def totals(design: Design, numbers: Sequence[int], domains: Domains, sums: Sums) -> str:
    """Return the step from `cells` to the totals of what was drawn: `units`, or `strata` of records drawn by themselves.

    Args:
        design: the design.
        numbers: numbers of the indicators.
        domains: the domains.
        sums: what is summed otherwise than the columns of an indicator are.
    """
    if design.cluster is None:
        summed = [text for i in numbers for text in _over_cells(i, sums.get(i, {}))]
        listed = ", ".join([*domains.marked, "_stratum", *summed])
        return f"strata AS (SELECT {listed} FROM cells GROUP BY GROUPING SETS ({domains.sets('_stratum')}))"
    summed = [text for i in numbers for text in _totals(i, sums.get(i, {}))]
    listed = ", ".join([*domains.marked, *design.units, *summed])
    return f"units AS (SELECT {listed} FROM cells GROUP BY GROUPING SETS ({domains.sets(*design.units)}))"


def covariances(
    design: Design, numbers: Sequence[int], columns: Sequence[str], time: str | None, of: str = ""
) -> list[str]:
    """Return the steps from `units` or `strata` and `drawn` to `covariances`, one row a domain; `of` ends their names.

    Args:
        design: the design.
        numbers: numbers of what has totals in `units` or `strata`.
        columns: columns that tell a domain.
        time: the column of the period among them, if there is one.
        of: end of the steps' names.

    Returns:
        Steps; the last has of each number `_vyy`, `_vyx`, `_vxx` and the degrees of freedom `_df`: units less strata
        that answered in the domain.
    """
    keys = ", ".join([*columns, "_stratum"])
    steps = []
    if design.cluster is not None:
        source = f"units{of}"
        if design.cluster2 is not None:
            within = [text for i in numbers for text in _within(i)]
            steps.append(
                f"clusters{of} AS (SELECT {keys}, _psu, {', '.join(within)} FROM units{of} "
                f"JOIN drawn_units USING (_stratum, _psu) WHERE {_same_period('drawn_units', time)} "
                f"GROUP BY {keys}, _psu, m, m_population)"
            )
            source = f"clusters{of}"
        sums = [text for i in numbers for text in _over_units(i, second=design.cluster2 is not None)]
        steps.append(f"strata{of} AS (SELECT {keys}, {', '.join(sums)} FROM {source} GROUP BY {keys})")
    variances = [text for i in numbers for text in _variances(i, design)]
    return [
        *steps,
        f"covariances{of} AS (SELECT {', '.join([*columns, *variances])} "
        f"FROM (SELECT s.*, nh, coalesce(1 - nh / population, 1) AS f1 FROM strata{of} AS s JOIN drawn USING (_stratum) "
        f"WHERE {_same_period('drawn', time)}) AS s GROUP BY {', '.join(columns) or 'ALL'})",
    ]


def _same_period(drawn: str, time: str | None) -> str:
    return f"{drawn}.period IS NOT DISTINCT FROM {inside(time)}" if time else "TRUE"


def _over_cells(i: int, other: Mapping[str, str]) -> list[str]:
    return [
        f"CAST(sum(_n{i}) AS BIGINT) AS _c{i}",
        f"CAST(coalesce({other.get('num', f'sum(_num{i})')}, 0) AS DOUBLE) AS _y{i}",
        f"CAST(coalesce(sum(_den{i}), 0) AS DOUBLE) AS _x{i}",
        *(f"coalesce({other.get(p, f'sum(_{p}{i})')}, 0) AS _{p}{i}" for p, _, _ in PRODUCTS),
    ]


def _totals(i: int, other: Mapping[str, str]) -> list[str]:
    return [
        f"sum(_n{i}) AS _n{i}",
        f"CAST(coalesce({other.get('num', f'sum(_num{i})')}, 0) AS DOUBLE) AS _num{i}",
        f"CAST(coalesce(sum(_den{i}), 0) AS DOUBLE) AS _den{i}",
    ]


def _within(i: int) -> list[str]:
    """Return the totals of clusters, and the variance of the second stage within each."""
    return [
        f"sum(_n{i}) AS _n{i}",
        f"sum(_num{i}) AS _num{i}",
        f"sum(_den{i}) AS _den{i}",
        *(
            "CASE WHEN m > 1 AND m_population IS NOT NULL THEN (1 - m / m_population) * m / (m - 1) "
            f"* (sum({a}{i} * {b}{i}) - sum({a}{i}) * sum({b}{i}) / m) ELSE 0 END AS _w{p}{i}"
            for p, a, b in PRODUCTS
        ),
    ]


def _over_units(i: int, *, second: bool) -> list[str]:
    within = [f"sum(_w{p}{i}) AS _w{p}{i}" for p, _, _ in PRODUCTS] if second else []
    return [
        f"count(*) FILTER (WHERE _n{i} > 0) AS _c{i}",
        f"sum(_num{i}) AS _y{i}",
        f"sum(_den{i}) AS _x{i}",
        *(f"sum({a}{i} * {b}{i}) AS _{p}{i}" for p, a, b in PRODUCTS),
        *within,
    ]


def _variances(i: int, design: Design) -> list[str]:
    texts = []
    for product, _, _ in PRODUCTS:
        a, b = (f"_{letter}{i}" for letter in product)
        alone = f"WHEN nh = 1 THEN f1 * {a} * {b} " if design.lonely == "adjust" else ""
        text = f"sum(CASE WHEN nh > 1 THEN f1 * nh / (nh - 1) * (_{product}{i} - {a} * {b} / nh) {alone}ELSE 0 END)"
        if design.lonely == "average":
            # Over the strata that answered: R's survey leaves out those where nobody of the domain did.
            text += (
                f" * (CAST(count(*) FILTER (WHERE _c{i} > 0) AS DOUBLE) "
                f"/ nullif(count(*) FILTER (WHERE _c{i} > 0 AND (nh > 1 OR f1 = 0)), 0))"
            )
        if design.cluster2 is not None:
            text += f" + sum((1 - f1) * _w{product}{i})"
        texts.append(f"{text} AS _v{product}{i}")
    return [*texts, f"CAST(sum(_c{i}) - count(*) FILTER (WHERE _c{i} > 0) AS BIGINT) AS _df{i}"]
