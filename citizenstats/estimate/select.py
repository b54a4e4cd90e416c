"""Indicators over all breakdowns in ONE scan of the records.

For each indicator the scan sums, by every grouping set: units that answered (`n`), units with the characteristic
(`k`), the weighted numerator and the weighted denominator. Proportions, means and ratios are then numerator over denominator,
the estimator of a domain under any sampling design (Särndal, Swensson, Wretman 1992, 5.7). Units whose category in a
breakdown is not known count in the totals of that breakdown and form no category of their own.
"""

from __future__ import annotations

from itertools import combinations

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Estimate, Indicator, Target
from citizenstats.engine import name, quoted
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.frame import companions, sql_type
from citizenstats.sdmx.model import DataStructure


def margins(estimate: Estimate) -> tuple[tuple[str, ...], ...]:
    """Return the breakdowns to estimate, each as its dimensions; the empty one is the total."""
    if estimate.margins is not None:
        return tuple(tuple(margin) for margin in estimate.margins)
    dimensions = estimate.breakdowns
    return tuple(chosen for size in range(len(dimensions) + 1) for chosen in combinations(dimensions, size))


def estimated(
    dataset: Dataset, target: Target, structure: DataStructure, records: str, coder: Coder
) -> list[str]:
    """Return the steps from records to observations: `coded`, `sums`, `behind`, `figures`, `observations`."""
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    indicators = list(enumerate(estimate.indicators.items()))
    measured = [_measured(i, indicator, key, coder) for i, (key, indicator) in indicators]
    fixed = [d for d in structure.key if d != estimate.indicator_dimension and d not in estimate.breakdowns]
    coded = {d: coder.code(d) for d in (*fixed, *estimate.breakdowns)}
    # What an indicator fixes by `set` need not come from the records.
    grouped = [d for d in fixed if coded[d] is not None]
    weight = name(estimate.weight) if estimate.weight else "1"
    where = f" WHERE {coder.parse(target.where, 'where')}" if target.where else ""
    listed = [f"{coded[d]} AS {name(d)}" for d in (*grouped, *estimate.breakdowns)]
    attributes = [a for a in structure.attributes if coder.code(a.id) is not None]
    listed += [f"{coder.code(a.id)} AS {name(a.id)}" for a in attributes]
    listed += [f"{weight} AS _w", "_delivery", *(text for m in measured for text in m.columns)]
    sums = [name(d) for d in (*grouped, *estimate.breakdowns)]
    sums += [f"GROUPING({name(d)}) = 1 AS {name('all_' + d)}" for d in estimate.breakdowns]
    sums += [f"min({name(a.id)}) AS {name(a.id)}" for a in attributes]
    sums += [text for m in measured for text in m.sums]
    sets = ", ".join(f"({', '.join(name(d) for d in (*grouped, *margin))})" for margin in margins(estimate))
    figures = [_figure(i, key, dataset, target, structure, grouped) for i, (key, _) in indicators]
    return [
        f"coded AS (SELECT {', '.join(listed)} FROM {records}{where})",
        f"sums AS MATERIALIZED (SELECT {', '.join(sums)} FROM coded GROUP BY GROUPING SETS ({sets}))",
        f"behind AS ({_behind(structure, grouped)})",
        f"observations AS ({' UNION ALL '.join(figures)})",
    ]


def _behind(structure: DataStructure, grouped: list[str]) -> str:
    """Return the deliveries behind each period."""
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    period = f"{name(time)} AS period" if time else "NULL AS period"
    return f"SELECT {period}, list_sort(list(DISTINCT _delivery)) AS deliveries FROM coded GROUP BY ALL"


class _measured:  # noqa: N801 - read as a word: the measured columns and sums of one indicator
    """What one indicator asks of the scan: columns on each record, and sums over them."""

    def __init__(self, number: int, indicator: Indicator, key: str, coder: Coder) -> None:
        def parse(text: str | None, default: str) -> str:
            return coder.parse(text, "estimate", "indicators", key) if text is not None else default

        among = parse(indicator.among, "TRUE")
        y, x, n, k = (f"_{letter}{number}" for letter in "yxnk")
        numerator, denominator, answered = (
            f"_num{number}",
            f"_den{number}",
            f"{y} IS NOT NULL AND {x} IS NOT NULL",
        )
        kind = indicator.kind
        measure = {
            "proportion": (f"CAST(({parse(indicator.proportion, 'NULL')}) AS INTEGER)", "1"),
            "mean": (f"CAST(({parse(indicator.mean, 'NULL')}) AS DOUBLE)", "1"),
            "total": (f"CAST(({parse(indicator.total, 'NULL')}) AS DOUBLE)", "1"),
            "ratio": tuple(f"CAST(({parse(t, 'NULL')}) AS DOUBLE)" for t in indicator.ratio or ("NULL", "NULL")),
            "count": (f"CAST(coalesce({parse(indicator.count, 'NULL')}, FALSE) AS INTEGER)",
                      f"CAST(coalesce({parse(indicator.known_when, 'TRUE')}, FALSE) AS INTEGER)"),
        }[kind]  # fmt: skip
        self.columns = [f"CASE WHEN {among} THEN {measure[0]} END AS {y}", f"{measure[1]} AS {x}"]
        has = f"{y} = 1" if kind in ("proportion", "count") else "FALSE"
        self.sums = [
            f"count(*) FILTER (WHERE {answered}) AS {n}",
            f"count(*) FILTER (WHERE {answered} AND {has}) AS {k}",
            f"sum(_w * {y}) FILTER (WHERE {answered}) AS {numerator}",
            f"sum(_w * {x}) FILTER (WHERE {answered}) AS {denominator}",
        ]


def _figure(
    number: int, key: str, dataset: Dataset, target: Target, structure: DataStructure, grouped: list[str]
) -> str:
    """Return the SELECT of one indicator's observations from the sums."""
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    indicator = estimate.indicators[key]
    n, k, numerator, denominator = (f"_{part}{number}" for part in ("n", "k", "num", "den"))
    value, known = _value(indicator, numerator, denominator, _known(estimate, grouped, denominator))
    columns = []
    for component in structure.components:
        text = _component(component.id, component.role, key, indicator, estimate, target, grouped, structure)
        if component.role == "measure":
            text = f"round({value}, {estimate.decimals})"
        elif component.id == "OBS_STATUS" and component.id not in target.map:
            text = f"CASE WHEN {known} THEN 'A' ELSE 'L' END"
        columns.append(f"CAST({text} AS {sql_type(component)}) AS {name(component.id)}")
    protection = dataset.contract.protection
    counted = indicator.kind == "count"
    shares = indicator.kind in ("proportion", "count")
    columns += companions(
        n=k if counted else n,
        k=k if shares else "NULL",
        minimum="NULL" if protection.waived else str(protection.minimum),
        kind=quoted(indicator.kind),
        dataset=dataset.name,
        deliveries="deliveries",
    )
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    joined = f"JOIN behind ON period IS NOT DISTINCT FROM {'sums.' + name(time) if time else 'NULL'}"
    categories = [f"(all_{d} OR {name(d)} IS NOT NULL)" for d in estimate.breakdowns]
    where = " AND ".join([*categories, "TRUE" if counted else f"{n} > 0"])
    return f"SELECT {', '.join(columns)} FROM sums {joined} WHERE {where}"


def _known(estimate: Estimate, grouped: list[str], denominator: str) -> str:
    """Return the SQL of whether a count is known: in its cell, or in any cell that differs by `known_across` only."""
    if not estimate.known_across:
        return f"{denominator} > 0"
    apart = [d for d in estimate.breakdowns if d not in estimate.known_across]
    alike = [f"sums.{name(d)}" for d in (*grouped, *apart)] + [name(f"all_{d}") for d in apart]
    partition = f"PARTITION BY {', '.join(alike)}" if alike else ""
    return f"max({denominator}) OVER ({partition}) > 0"


def _value(indicator: Indicator, numerator: str, denominator: str, known: str) -> tuple[str, str]:
    """Return the SQL of the estimate, and of whether it is known; `known` is that of a count."""
    scale = (
        indicator.scale if indicator.scale is not None else (100.0 if indicator.kind == "proportion" else 1.0)
    )
    if indicator.kind == "count":
        return f"CASE WHEN {known} THEN {numerator} * {scale} END", known
    if indicator.kind == "total":
        return f"{numerator} * {scale}", "TRUE"
    return f"{scale} * {numerator} / nullif({denominator}, 0)", f"{denominator} <> 0"


def _component(
    component: str,
    role: str,
    key: str,
    indicator: Indicator,
    estimate: Estimate,
    target: Target,
    grouped: list[str],
    structure: DataStructure,
) -> str:
    if component in indicator.set:
        return quoted(indicator.set[component])
    if component == estimate.indicator_dimension:
        return quoted(key)
    if component in estimate.breakdowns:
        total = estimate.totals.get(component, "_T")
        return f"CASE WHEN {name('all_' + component)} THEN {quoted(total)} ELSE {name(component)} END"
    if component in grouped:
        return "sums." + name(component)
    return name(component) if role == "attribute" and component in target.map else "NULL"
