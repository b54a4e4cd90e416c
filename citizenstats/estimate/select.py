"""Indicators over all breakdowns in ONE scan of the records.

For each indicator the scan sums, in the finest cells: units that answered (`n`), units with the characteristic (`k`), the
weighted numerator and the weighted denominator; the totals are sums over the cells. Proportions, means and ratios are
then numerator over denominator, the estimator of a domain under any sampling design (Särndal, Swensson, Wretman 1992,
5.7). Where the contract declares a probability design, the finest cells are kept by drawn unit as well, and the
variances come from them without a second scan (`variance.py`, `precision.py`). Units whose category in a breakdown is
not known count in the totals of that breakdown and form no category of their own.
"""

from __future__ import annotations

from itertools import combinations

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Estimate, Target
from citizenstats.engine import name, quoted
from citizenstats.estimate.design import design_of, drawn, drawn_cells
from citizenstats.estimate.differences import compared, has_variances, variances, with_differences
from citizenstats.estimate.domains import Domains, inside, totalled
from citizenstats.estimate.measures import KEYS, Figures, Measured, fields_of, keyed, seconds
from citizenstats.estimate.precision import ATTRIBUTES, COMPANIONS, SHOWS_VALUES, precision
from citizenstats.estimate.quantiles import beneath, found, over_cells
from citizenstats.estimate.residual import CELL, WEIGHT, products, residuals, weighted
from citizenstats.estimate.variance import covariances, squares, totals
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.frame import as_component, companions
from citizenstats.sdmx.model import Component, DataStructure


def margins(estimate: Estimate) -> tuple[tuple[str, ...], ...]:
    """Return the breakdowns to estimate, each as its dimensions; the empty one is the total."""
    if estimate.margins is not None:
        return tuple(tuple(margin) for margin in estimate.margins)
    dimensions = estimate.breakdowns
    return tuple(chosen for size in range(len(dimensions) + 1) for chosen in combinations(dimensions, size))


def estimated(
    dataset: Dataset,
    target: Target,
    structure: DataStructure,
    records: str,
    coder: Coder,
    record_key: str = "",
) -> list[str]:
    """Return the steps from records to observations, the last of which is `observations`.

    `coded`, `cells`, `sums`, `behind` and `figures`; with a probability design those of the variances between, and where
    there are quantiles or differences theirs. Where the weights are calibrated, the first is `weighted`, and there is a step
    `weights` before. With a `record_key`, SQL of a record's secret key, counts have the sums of the keys of their records
    beside them.
    """
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    design = design_of(dataset.contract, estimate)
    units = design.units if design else ()
    is_calibrated = estimate.calibrate is not None
    weight = WEIGHT if is_calibrated else name(estimate.weight) if estimate.weight else "1"
    alone = design is not None and design.cluster is None
    measuring = [(i, key, one) for i, (key, one) in enumerate(estimate.indicators.items()) if one.expressions]
    two = seconds(dataset.contract, estimate)
    measured = [Measured(i, one, key, weight, coder, two) for i, key, one in measuring]
    quantiles = [(i, one.quantile) for i, _, one in measuring if one.quantile is not None]
    fixed = [d for d in structure.key if d != estimate.indicator_dimension and d not in estimate.breakdowns]
    coded = {d: coder.code(d) for d in (*fixed, *estimate.breakdowns)}
    # Constants need no grouping, and what an indicator fixes by `set` need not come from the records.
    grouped = [d for d in fixed if coded[d] is not None and coder.constant(d) is None]
    domains = Domains(grouped, estimate.breakdowns, margins(estimate))
    where = f" WHERE {coder.parse(target.where, 'where')}" if target.where else ""
    listed = [f"{coded[d]} AS {inside(d)}" for d in (*grouped, *estimate.breakdowns)]
    attributes = [a for a in structure.attributes if a.id in target.map and coder.constant(a.id) is None]
    listed += [f"{coder.code(a.id)} AS {inside(a.id)}" for a in attributes]
    listed += design.columns() if design else []
    listed += [WEIGHT, CELL] if is_calibrated else []
    listed += [f"{record_key} AS _record_key"] if record_key else []
    listed += ["_delivery", *(text for m in measured for text in m.columns)]
    least = [f"min({inside(a.id)}) AS {inside(a.id)}" for a in attributes]
    within = [*units, *([CELL] if is_calibrated and design else [])]
    apart = [*domains.finest, *within, "_delivery"]
    cells = [*apart, *least, *(text for m in measured for text in m.cells)]
    for i, _, one in measuring if design is not None else ():
        cells += squares(i) if alone and one.quantile is None else []
        cells += products(i) if alone and is_calibrated else []
    cells += [text for i, _, _ in measuring for text in keyed(i)] if record_key else []
    sums = [*domains.marked, *least, *(text for m in measured for text in m.sums)]
    sums += [f"sum({c}{i}) AS {c}{i}" for i, _, _ in measuring for c in KEYS] if record_key else []
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    moment = (coder.code(structure.time.id) if structure.time else None) or "NULL"
    steps = [weighted(estimate, moment, records)] if is_calibrated else []
    steps.append(
        f"coded AS NOT MATERIALIZED (SELECT {', '.join(listed)} FROM {'weighted' if is_calibrated else records}{where})"
    )
    steps += [
        step for i, quantile in quantiles for step in found(i, quantile, domains, within, squared=alone)
    ]
    further = ""
    for i, _ in quantiles if design is not None else ():
        steps += beneath(i, domains, within, squared=alone)
        further += f" UNION ALL BY NAME SELECT * FROM beneath{i}"
    if heads := [text for m in measured for text in m.heads]:
        grouping = f" GROUP BY {', '.join(domains.finest)}" if domains.finest else ""
        steps.append(f"heads AS (SELECT {', '.join([*domains.finest, *heads])} FROM coded{grouping})")
        largest = ", ".join([*domains.marked, *(text for m in measured for text in m.largest)])
        steps.append(f"largest AS (SELECT {largest} FROM heads GROUP BY GROUPING SETS ({domains.sets()}))")
    steps += [
        # Once over the records to cells that are few; all combinations of breakdowns come from these.
        f"cells AS MATERIALIZED (SELECT {', '.join(cells)} FROM coded GROUP BY {', '.join(apart)}{further})",
        f"sums AS (SELECT {', '.join(sums)} FROM cells GROUP BY GROUPING SETS ({domains.sets()}))",
        f"behind AS ({_behind(structure, grouped)})",
    ]
    figures = Figures.of(estimate, has_design=design is not None, has_keys=bool(record_key))
    structs = [figures.struct(key, estimate, fields_of(i, one, two)) for i, key, one in measuring]
    beside = [f"q{i}.at AS _quantile{i}, q{i}.w_to AS _to{i}, q{i}.side AS _side{i}" for i, _ in quantiles]
    joins = [f"LEFT JOIN quantile{i} AS q{i} ON {domains.same('sums', f'q{i}')}" for i, _ in quantiles]
    if heads:
        beside += [f"{c}{m.number}" for m in measured if m.heads for c in ("_most", "_next")]
        joins.append(f"LEFT JOIN largest ON {domains.same('sums', 'largest')}")
    if design is not None:
        numbers = [i for i, _, _ in measuring]
        period = coded[time] or "NULL" if time else "NULL"
        steps += (
            drawn_cells(design, period, "weighted", WEIGHT, CELL)
            if is_calibrated
            else drawn(design, period, "derived")
        )
        other = {i: over_cells(i, domains) for i, _ in quantiles}
        if is_calibrated:
            steps += residuals(design, numbers, domains, time, other)
        else:
            steps.append(totals(design, numbers, domains, other))
        steps += covariances(design, numbers, domains.columns, time)
        if has_variances(estimate, design):
            steps += variances(compared(estimate), design, domains, time)
        beside += [f"_v{p}{i}" for i in numbers for p in ("yy", "yx", "xx")] + [f"_df{i}" for i in numbers]
        joins.append(f"LEFT JOIN covariances ON {domains.same('sums', 'covariances')}")
    source = "sums"
    if joins:
        source = "measured"
        steps.append(f"measured AS (SELECT sums.*, {', '.join(beside)} FROM sums {' '.join(joins)})")
    steps.append(f"indicators AS (SELECT *, unnest([{', '.join(structs)}]) AS figure FROM {source})")
    if design is not None:
        steps += precision("indicators", estimate, domains, figures, design)
    else:
        steps.append(f"figures AS ({with_differences('indicators', estimate, domains, figures, design)})")
    return [
        *steps,
        f"observations AS ({_observations(dataset, target, structure, grouped, coder, has_keys=bool(record_key))})",
    ]


def _behind(structure: DataStructure, grouped: list[str]) -> str:
    """Return the deliveries behind each period."""
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    period = f"{inside(time)} AS period" if time else "NULL AS period"
    return (
        f"SELECT {period}, list_sort(list(DISTINCT _delivery)) AS deliveries FROM cells WHERE _delivery IS NOT NULL "
        "GROUP BY ALL"
    )


def _observations(
    dataset: Dataset,
    target: Target,
    structure: DataStructure,
    grouped: list[str],
    coder: Coder,
    *,
    has_keys: bool,
) -> str:
    """Return the SELECT of all indicators' observations from their sums."""
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    known = _known(estimate, grouped)
    has_design = design_of(dataset.contract, estimate) is not None
    has_count, has_quantile = (
        any(one.kind == kind for one in estimate.indicators.values()) for kind in ("count", "quantile")
    )
    protection = dataset.contract.protection
    columns = []
    for component in structure.components:
        text = _component(component, estimate, target, grouped, coder.constant(component.id))
        if component.role == "measure":
            text = f"round({_VALUE.format(known=known)}, {estimate.decimals})"
        elif component.id == "OBS_STATUS" and component.id not in target.map:
            text = f"CASE WHEN figure.kind <> 'count' OR {known} THEN 'A' ELSE 'L' END"
        elif component.id in ATTRIBUTES and component.id not in target.map and has_design:
            text = ATTRIBUTES[component.id].rounded(estimate.decimals)
            if component.id == "DESIGN_EFFECT" and has_count and not protection.waived:
                # With count and error it tells how many were asked, which a count says not, and so how many have it not.
                text = f"CASE WHEN figure.kind <> 'count' THEN {text} END"
            if component.id in SHOWS_VALUES and has_quantile and not protection.waived:
                # A bound is somebody's value: as few lie beyond it as would be unsafe in a cell.
                few = dataset.contract.greatest_minimum
                text = f"CASE WHEN coalesce(figures.beyond, {few}) >= {few} THEN {text} END"
        columns.append(as_component(text, component))
    columns += companions(
        n="figure.n",
        k="figure.k",
        minimum="NULL" if protection.waived else str(protection.minimum),
        kind="figure.kind",
        dataset=dataset.name,
        deliveries="deliveries",
        further={
            **(COMPANIONS if has_design else {}),
            "_side": "figure.side",
            "_x1": f"figure.x1 * abs(figure.scale) / {_DIVISOR}",
            "_x2": f"figure.x2 * abs(figure.scale) / {_DIVISOR}",
            "_base": "figure.size",
            **({c: f"figure.{c}" for c in KEYS} if has_keys else {}),
        },
    )
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    joined = f"JOIN behind ON period IS NOT DISTINCT FROM {'figures.' + inside(time) if time else 'NULL'}"
    categories = [f"({totalled(d)} OR figures.{inside(d)} IS NOT NULL)" for d in estimate.breakdowns]
    where = " AND ".join([*categories, "(figure.kind = 'count' OR figure.n > 0)"])
    return f"SELECT {', '.join(columns)} FROM figures {joined} WHERE {where}"


_DIVISOR = "CASE figure.kind WHEN 'total' THEN 1 ELSE nullif(abs(figure.denominator), 0) END"
"""What a contribution to the numerator is divided by to stand in the scale of the figure."""

_VALUE = (
    "CASE figure.kind WHEN 'count' THEN CASE WHEN {known} THEN figure.scale * figure.numerator END "
    "WHEN 'total' THEN figure.scale * figure.numerator "
    "WHEN 'quantile' THEN figure.scale * figure.value WHEN 'difference' THEN figure.scale * figure.value "
    "ELSE figure.scale * figure.numerator / nullif(figure.denominator, 0) END"
)
"""SQL of an estimate; a count of which nobody knows is no zero."""


def _known(estimate: Estimate, grouped: list[str]) -> str:
    """Return the SQL of whether a count is known: in its cell, or in any cell that differs by `known_across` only."""
    if not estimate.known_across:
        return "figure.denominator > 0"
    apart = [d for d in estimate.breakdowns if d not in estimate.known_across]
    alike = [
        "figure.key",
        *(f"figures.{inside(d)}" for d in (*grouped, *apart)),
        *(totalled(d) for d in apart),
    ]
    return f"max(figure.denominator) OVER (PARTITION BY {', '.join(alike)}) > 0"


def _component(
    component: Component, estimate: Estimate, target: Target, grouped: list[str], constant: str | None
) -> str:
    """Return the SQL of a component, apart from what an indicator fixes by `set`."""
    identifier = component.id
    text = "NULL"
    if constant is not None:
        text = quoted(constant)
    elif identifier == estimate.indicator_dimension:
        text = "figure.key"
    elif identifier in estimate.breakdowns:
        total = quoted(estimate.totals.get(identifier, "_T"))
        text = f"CASE WHEN {totalled(identifier)} THEN {total} ELSE figures.{inside(identifier)} END"
    elif identifier in grouped or (component.role == "attribute" and identifier in target.map):
        text = f"figures.{inside(identifier)}"
    if any(identifier in indicator.set for indicator in estimate.indicators.values()):
        return f"coalesce(figure.{name('set_' + identifier)}, {text})"
    return text
