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
from citizenstats.contracts.model import Estimate, Indicator, Target
from citizenstats.engine import name, quoted
from citizenstats.estimate.design import design_of, drawn
from citizenstats.estimate.precision import ATTRIBUTES, COMPANIONS, precision
from citizenstats.estimate.residual import CELL, WEIGHT, products, residuals, weighted
from citizenstats.estimate.variance import covariances, squares, totals
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.frame import companions, sql_type
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

    `coded`, `cells`, `sums`, `behind` and `figures`; with a probability design those of the variances between. Where the
    weights are calibrated, the first is `weighted`, and there is a step `weights` before. With a `record_key`, SQL of a
    record's secret key, counts have the sums of the keys of their records beside them.
    """
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    indicators = list(enumerate(estimate.indicators.items()))
    design = design_of(dataset.contract, estimate)
    units = design.units if design else ()
    is_calibrated = estimate.calibrate is not None
    weight = WEIGHT if is_calibrated else name(estimate.weight) if estimate.weight else "1"
    measured = [_measured(i, indicator, key, weight, coder) for i, (key, indicator) in indicators]
    alone = design is not None and design.cluster is None
    fixed = [d for d in structure.key if d != estimate.indicator_dimension and d not in estimate.breakdowns]
    coded = {d: coder.code(d) for d in (*fixed, *estimate.breakdowns)}
    # Constants need no grouping, and what an indicator fixes by `set` need not come from the records.
    grouped = [d for d in fixed if coded[d] is not None and coder.constant(d) is None]
    where = f" WHERE {coder.parse(target.where, 'where')}" if target.where else ""
    listed = [f"{coded[d]} AS {name(d)}" for d in (*grouped, *estimate.breakdowns)]
    attributes = [a for a in structure.attributes if a.id in target.map and coder.constant(a.id) is None]
    listed += [f"{coder.code(a.id)} AS {name(a.id)}" for a in attributes]
    listed += design.columns() if design else []
    listed += [WEIGHT, CELL] if is_calibrated else []
    listed += [f"{record_key} AS _record_key"] if record_key else []
    listed += ["_delivery", *(text for m in measured for text in m.columns)]
    finest = [name(d) for d in (*grouped, *estimate.breakdowns)]
    least = [f"min({name(a.id)}) AS {name(a.id)}" for a in attributes]
    apart = [*finest, *units, *([CELL] if is_calibrated and design else []), "_delivery"]
    cells = [*apart, *least, *(text for m in measured for text in m.cells)]
    cells += [text for i, _ in indicators for text in squares(i)] if alone else []
    cells += [text for i, _ in indicators for text in _keyed(i)] if record_key else []
    cells += [text for i, _ in indicators for text in products(i)] if alone and is_calibrated else []
    sums = [*finest, *(f"GROUPING({name(d)}) = 1 AS {name('all_' + d)}" for d in estimate.breakdowns)]
    sums += [*least, *(text for m in measured for text in m.sums)]
    sums += [f"sum({c}{i}) AS {c}{i}" for i, _ in indicators for c in _KEYS] if record_key else []
    sets = ", ".join(f"({', '.join(name(d) for d in (*grouped, *margin))})" for margin in margins(estimate))
    structs = _figures(estimate, has_design=design is not None, has_keys=bool(record_key))
    figures = f"SELECT *, unnest([{', '.join(structs)}]) AS figure FROM "
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    period = coded[time] or "NULL" if time else "NULL"
    moment = (coder.code(structure.time.id) if structure.time else None) or "NULL"
    flags = [(f"all_{d}", d) for d in estimate.breakdowns]
    domain = [*grouped, *estimate.breakdowns]
    numbers = [i for i, _ in indicators]
    sets_of = [[*grouped, *margin] for margin in margins(estimate)]
    if design is None:
        last = [f"figures AS ({figures}sums)"]
    else:
        same = " AND ".join(
            f"sums.{name(c)} IS NOT DISTINCT FROM covariances.{name(c)}"
            for c in (*domain, *(f for f, _ in flags))
        )
        variances = [f"_v{p}{i}" for i in numbers for p in ("yy", "yx", "xx")] + [f"_df{i}" for i in numbers]
        last = [
            *drawn(design, period, "derived"),
            *(
                residuals(design, numbers, domain, flags, sets_of, time, period)
                if is_calibrated
                else totals(design, numbers, domain, flags, sets_of)
            ),
            *covariances(design, numbers, domain, flags, time),
            f"measured AS (SELECT sums.*, {', '.join(variances)} FROM sums LEFT JOIN covariances ON {same or 'TRUE'})",
            f"indicators AS ({figures}measured)",
            *precision("indicators"),
        ]
    source = "weighted" if is_calibrated else records
    return [
        *([weighted(estimate, moment, records)] if is_calibrated else []),
        f"coded AS (SELECT {', '.join(listed)} FROM {source}{where})",
        # Once over the records to cells that are few; all combinations of breakdowns come from these.
        f"cells AS MATERIALIZED (SELECT {', '.join(cells)} FROM coded GROUP BY {', '.join(apart)})",
        f"sums AS (SELECT {', '.join(sums)} FROM cells GROUP BY GROUPING SETS ({sets}))",
        f"behind AS ({_behind(structure, grouped)})",
        *last,
        f"observations AS ({_observations(dataset, target, structure, grouped, coder, has_keys=bool(record_key))})",
    ]


def _behind(structure: DataStructure, grouped: list[str]) -> str:
    """Return the deliveries behind each period."""
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    period = f"{name(time)} AS period" if time else "NULL AS period"
    return f"SELECT {period}, list_sort(list(DISTINCT _delivery)) AS deliveries FROM cells GROUP BY ALL"


class _measured:  # noqa: N801 - read as a word: the measured columns and sums of one indicator
    """What one indicator asks of the scan: columns on each record, their sums in each cell, and sums over cells.

    Who did not answer has NULL in each column, which sums and counts pass over: that is much faster than to filter.
    """

    def __init__(self, number: int, indicator: Indicator, key: str, weight: str, coder: Coder) -> None:
        def parse(text: str | None, default: str) -> str:
            return coder.parse(text, "estimate", "indicators", key) if text is not None else default

        among = parse(indicator.among, "")
        measured, of = {
            "proportion": (f"CAST(({parse(indicator.proportion, 'NULL')}) AS INTEGER)", ""),
            "mean": (f"CAST(({parse(indicator.mean, 'NULL')}) AS DOUBLE)", ""),
            "total": (f"CAST(({parse(indicator.total, 'NULL')}) AS DOUBLE)", ""),
            "ratio": tuple(f"CAST(({parse(t, 'NULL')}) AS DOUBLE)" for t in indicator.ratio or ("NULL", "NULL")),
            "count": (f"CAST(coalesce({parse(indicator.count, 'NULL')}, FALSE) AS INTEGER)",
                      f"CAST(coalesce({parse(indicator.known_when, 'TRUE')}, FALSE) AS INTEGER)"),
        }[indicator.kind]  # fmt: skip
        conditions = [*([f"({among})"] if among else []), *([f"{of} IS NOT NULL"] if of else [])]
        answer = f"CASE WHEN {' AND '.join(conditions)} THEN {measured} END" if conditions else measured
        y, weighted, base = f"_y{number}", f"_num{number}", f"_den{number}"
        self.columns = [
            f"{answer} AS {y}",
            f"{weight} * ({answer}) AS {weighted}",
            f"CASE WHEN ({answer}) IS NOT NULL THEN {weight}{f' * {of}' if of else ''} END AS {base}",
        ]
        n, k = f"_n{number}", f"_k{number}"
        # Of a sum or a mean too: who contributes nothing is nobody behind it.
        has = f"count(nullif({y}, 0))"
        self.cells = [
            f"count({y}) AS {n}", f"{has} AS {k}", f"sum({weighted}) AS {weighted}", f"sum({base}) AS {base}",
        ]  # fmt: skip
        self.sums = [f"CAST(coalesce(sum({count}), 0) AS BIGINT) AS {count}" for count in (n, k)]
        self.sums += [f"sum({total}) AS {total}" for total in (weighted, base)]
        if indicator.kind in CONTRIBUTED:
            q, most = f"_q{number}", f"_most{number}"
            self.cells += [f"sum({weighted} * {y}) AS {q}", f"max(abs({weighted}), 2) AS {most}"]
            self.sums += [
                f"sum({q}) AS {q}",
                f"max({most}[1], 2) AS {most}",
                f"max({most}[2]) AS _next{number}",
            ]


CONTRIBUTED = ("mean", "total", "ratio")
"""Kinds whose numerator a single unit can dominate."""


def _figures(estimate: Estimate, *, has_design: bool, has_keys: bool) -> list[str]:
    """Return one struct an indicator: what it is, and its sums."""
    fixed = sorted({component for indicator in estimate.indicators.values() for component in indicator.set})
    structs = []
    for number, (key, indicator) in enumerate(estimate.indicators.items()):
        k = f"_k{number}"
        fields = {
            "key": quoted(key),
            "kind": quoted(indicator.kind),
            "scale": f"CAST({indicator.factor} AS DOUBLE)",
            "n": k if indicator.kind == "count" else f"_n{number}",
            "k": k,
            "base": f"_n{number}",
            "numerator": f"CAST(_num{number} AS DOUBLE)",
            "denominator": f"CAST(_den{number} AS DOUBLE)",
            **_contributions(number, indicator),
            **({f: f"{c}{number}" for f, c in _VARIANCES.items()} if has_design else {}),
            **({c: f"CAST({c}{number} AS BIGINT)" for c in _KEYS} if has_keys else {}),
            **{f"set_{c}": _text_or_null(indicator.set.get(c)) for c in fixed},
        }
        structs.append("{" + ", ".join(f"{quoted(field)}: {text}" for field, text in fields.items()) + "}")
    return structs


_KEYS = ("_base_key", "_k_key")
"""Sums of the keys of the records that answered, and of those that have the characteristic."""


def _keyed(number: int) -> list[str]:
    """Return the sums of record keys in a cell."""
    y = f"_y{number}"
    return [
        f"sum(CASE WHEN {y} IS NOT NULL THEN _record_key END) AS _base_key{number}",
        f"sum(CASE WHEN {y} <> 0 THEN _record_key END) AS _k_key{number}",
    ]


_VARIANCES = {"v_yy": "_vyy", "v_yx": "_vyx", "v_xx": "_vxx", "df": "_df"}
"""Field of a figure → the column of its variance."""


def _contributions(number: int, indicator: Indicator) -> dict[str, str]:
    """Return what single units contribute: the two largest, and the weighted sum of squares."""
    if indicator.kind not in CONTRIBUTED:
        return dict.fromkeys(("q", "x1", "x2"), "CAST(NULL AS DOUBLE)")
    most, following = f"_most{number}", f"_next{number}"
    # The second of all is the second of the firsts, or the first of the seconds.
    return {
        "q": f"CAST(_q{number} AS DOUBLE)",
        "x1": f"CAST({most}[1] AS DOUBLE)",
        "x2": f"CAST(greatest({most}[2], {following}) AS DOUBLE)",
    }


def _text_or_null(text: str | None) -> str:
    return quoted(text) if text is not None else "CAST(NULL AS VARCHAR)"


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
    columns = []
    for component in structure.components:
        text = _component(component, estimate, target, grouped, coder.constant(component.id))
        if component.role == "measure":
            text = f"round({_VALUE.format(known=known)}, {estimate.decimals})"
        elif component.id == "OBS_STATUS" and component.id not in target.map:
            text = f"CASE WHEN figure.kind <> 'count' OR {known} THEN 'A' ELSE 'L' END"
        elif component.id in ATTRIBUTES and component.id not in target.map and has_design:
            # One decimal more than the figure; what rounds to zero is no precision.
            sure = COMPANIONS[ATTRIBUTES[component.id]]
            text = f"round({sure}, {estimate.decimals + 1})"
            text = f"nullif({text}, 0)" if component.id == "STD_ERROR" else text
        columns.append(f"CAST({text} AS {sql_type(component)}) AS {name(component.id)}")
    protection = dataset.contract.protection
    columns += companions(
        n="figure.n",
        k="figure.k",
        minimum="NULL" if protection.waived else str(protection.minimum),
        kind="figure.kind",
        dataset=dataset.name,
        deliveries="deliveries",
        further={
            **(COMPANIONS if has_design else {}),
            "_x1": f"figure.x1 * abs(figure.scale) / {_DIVISOR}",
            "_x2": f"figure.x2 * abs(figure.scale) / {_DIVISOR}",
            "_base": "figure.base",
            **({c: f"figure.{c}" for c in _KEYS} if has_keys else {}),
        },
    )
    time = structure.time.id if structure.time and structure.time.id in grouped else None
    joined = f"JOIN behind ON period IS NOT DISTINCT FROM {'figures.' + name(time) if time else 'NULL'}"
    categories = [f"({name('all_' + d)} OR figures.{name(d)} IS NOT NULL)" for d in estimate.breakdowns]
    where = " AND ".join([*categories, "(figure.kind = 'count' OR figure.n > 0)"])
    return f"SELECT {', '.join(columns)} FROM figures {joined} WHERE {where}"


_DIVISOR = "CASE figure.kind WHEN 'total' THEN 1 ELSE nullif(abs(figure.denominator), 0) END"
"""What a contribution to the numerator is divided by to stand in the scale of the figure."""

_VALUE = (
    "CASE figure.kind WHEN 'count' THEN CASE WHEN {known} THEN figure.scale * figure.numerator END "
    "WHEN 'total' THEN figure.scale * figure.numerator "
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
        *(f"figures.{name(d)}" for d in (*grouped, *apart)),
        *(name(f"all_{d}") for d in apart),
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
        text = f"CASE WHEN {name('all_' + identifier)} THEN {total} ELSE figures.{name(identifier)} END"
    elif identifier in grouped or (component.role == "attribute" and identifier in target.map):
        text = f"figures.{name(identifier)}"
    if any(identifier in indicator.set for indicator in estimate.indicators.values()):
        return f"coalesce(figure.{name('set_' + identifier)}, {text})"
    return text
