"""The one SELECT that turns a dataset's current records into the observations of one dataflow.

It reads from top to bottom as the data flows: ``current`` (the records that count), ``derived`` (values computed from
one record), ``coded`` (dimensions and attributes), and the observations. What a contract says is parsed and checked
before it gets here (`citizenstats.contracts.expressions`); nothing is pasted in as text.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract, Target
from citizenstats.engine import name, quoted
from citizenstats.estimate.benchmarks import cells_sql
from citizenstats.estimate.design import clusters, design_of, faults, faults_of_weights
from citizenstats.estimate.select import estimated
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.frame import as_component, companions, finished
from citizenstats.sdmx.model import DataStructure

_RECORDS = "_records_that_count"
"""Stands for the SELECT of the records while the rest is laid out: it is another one after each delivery."""

_WEIGHTS = "_weights_of_cells"
"""Stands for the SELECT of the calibrated weights likewise."""

_STATUS = {"not_collected": "L", "not_applicable": "M", "suppressed": "Q"}
"""Why a cell of the measure has no value → its OBS_STATUS."""

SHORT_MAP = 30
"""Code maps up to this size are a CASE that one can read; longer ones are looked up in a list of pairs."""


def select_for(
    dataset: Dataset,
    target: Target,
    structure: DataStructure,
    source: str,
    weights: str = "",
    record_key: str = "",
) -> str:
    """Return the SELECT of one target, formatted to be read.

    Args:
        dataset: the dataset with its contract and code maps.
        target: one of the contract's targets.
        structure: the data structure of the target's dataflow.
        source: the SELECT of the records that count.
        weights: the SELECT of the calibrated weights, for a target that has them.
        record_key: SQL of the secret key of a record, where counts of estimates get cell keys.

    Returns:
        DuckDB SQL whose rows are observations: the structure's components in order, then `_n`, `_k`, `_minimum`,
        `_kind`, `_dataset`, `_deliveries`; ordered by key.
    """
    contract = dataset.contract
    # Estimates read records more than once: kept between, all their columns would fill the memory.
    anew = "" if target.estimate is None else "NOT MATERIALIZED "
    steps = [
        f"current AS {anew}(SELECT * FROM {_RECORDS})",
        f"derived AS {anew}({derived_sql(contract, dataset)})",
    ]
    records = "derived"
    if target.unpivot is not None:
        steps.append(f"long AS ({unpivoted_sql(target, contract)})")
        records = "long"
    joins = long_maps(dataset, target)
    steps += [f"{alias} AS ({values})" for alias, values in joins.values()]
    if target.estimate is not None:
        if target.estimate.calibrate is not None:
            steps.append(f"weights AS (SELECT * FROM {_WEIGHTS})")
        steps += estimated(dataset, target, structure, records, Coder(dataset, target, joins), record_key)
    else:
        steps.append(
            f"observations AS ({_compiled(dataset, target, structure, records, Coder(dataset, target, joins))})"
        )
    ordering = ", ".join(name(dimension) for dimension in structure.key)
    text = f"WITH {', '.join(steps)} {finished(structure)} ORDER BY {ordering}"
    return _laid_out(text).replace(_RECORDS, f"({source})", 1).replace(_WEIGHTS, f"({weights})", 1)


@lru_cache(maxsize=64)
def _laid_out(text: str) -> str:
    """Return SQL for people to read; kept, for a target's text changes with its contract alone."""
    return sqlglot.transpile(text, read="duckdb", write="duckdb", pretty=True)[0]


def design_faults_for(dataset: Dataset, target: Target, structure: DataStructure, source: str) -> str | None:
    """Return the SELECT of what is wrong with a target's design or weights, one column a fault; None without either."""
    if target.estimate is None:
        return None
    design, weight = design_of(dataset.contract, target.estimate), target.estimate.weight
    steps, period = _sample(dataset, target, structure, source)
    if design is not None:
        return f"WITH {', '.join(steps)} {faults(design, period, 'derived')}"
    if weight is None:
        return None
    coder = Coder(dataset, target, long_maps(dataset, target))
    where = coder.parse(target.where, "where") if target.where else ""
    return f"WITH {', '.join(steps)} {faults_of_weights(weight, 'derived', where)}"


def clusters_for(dataset: Dataset, target: Target, structure: DataStructure, source: str) -> str | None:
    """Return the SELECT of how many clusters a target's sample has; None where none were drawn."""
    design = design_of(dataset.contract, target.estimate) if target.estimate is not None else None
    counted = clusters(design, "derived") if design is not None else None
    if counted is None:
        return None
    steps, _ = _sample(dataset, target, structure, source)
    return f"WITH {', '.join(steps)} {counted}"


def cells_for(dataset: Dataset, target: Target, structure: DataStructure, source: str) -> str:
    """Return the SELECT of the cells of a target's sample by its benchmarks; see `cells_sql`."""
    assert target.estimate is not None  # noqa: S101 - only an estimate has a sample
    steps, period = _sample(dataset, target, structure, source)
    return f"WITH {', '.join(steps)} {cells_sql(target.estimate, period, 'derived')}"


def _sample(dataset: Dataset, target: Target, structure: DataStructure, source: str) -> tuple[list[str], str]:
    """Return the steps to all records of a sample, and the SQL of a record's period."""
    joins = long_maps(dataset, target)
    coder = Coder(dataset, target, joins)
    time = structure.time.id if structure.time else None
    period = coder.code(time) if time else None
    steps = [f"current AS ({source})", f"derived AS ({derived_sql(dataset.contract, dataset)})"]
    steps += [f"{alias} AS ({values})" for alias, values in joins.values()]
    return steps, period or "NULL"


def derived_sql(contract: Contract, dataset: Dataset) -> str:
    """Return the SELECT of the records of ``current`` with the contract's derived values beside their columns."""
    seen = [n for n in contract.record_names if n not in contract.derive]
    columns = []
    for derived, text in contract.derive.items():
        parsed = expressions.parse(text, seen, dataset.document.where(("derive", derived)))
        columns.append(f"({expressions.sql(parsed)}) AS {name(derived)}")
        seen.append(derived)
    return f"SELECT {', '.join(['*', *columns])} FROM current"


def unpivoted_sql(target: Target, contract: Contract) -> str:
    """Return one SELECT a question column, all put under one another; the cell as text if their types differ."""
    unpivot = target.unpivot
    assert unpivot is not None  # noqa: S101 - the caller asked
    types = {contract.columns[c].type for c in unpivot.columns}
    parts = []
    for column, constants in unpivot.columns.items():
        cell = name(column) if len(types) == 1 else f"CAST({name(column)} AS VARCHAR)"
        declared = contract.columns[column]
        why = name(f"{column}__why") if declared.reasons else "CAST(NULL AS VARCHAR)"
        fixed = "".join(f", {quoted(code)} AS {name(component)}" for component, code in constants.items())
        parts.append(
            f"SELECT *, {cell} AS {name(unpivot.into)}, {why} AS {name(unpivot.into + '__why')}{fixed} FROM derived"
        )
    return " UNION ALL BY NAME ".join(parts)


def long_maps(dataset: Dataset, target: Target, prefix: str = "") -> dict[str, tuple[str, str]]:
    """Return component → (name of the step, its VALUES) for code maps that are too long for a CASE."""
    found = {}
    for component, mapped in target.map.items():
        codes = dataset.codes_of(mapped)
        if codes is not None and len(codes) > SHORT_MAP:
            rows = ", ".join(f"({quoted(raw)}, {quoted(code)})" for raw, code in codes.items())
            found[component] = (
                f"{prefix}{component}_codes",
                f"SELECT * FROM (VALUES {rows}) AS pairs(raw, code)",
            )
    return found


def _compiled(dataset: Dataset, target: Target, structure: DataStructure, records: str, coder: Coder) -> str:
    """Return the SELECT of figures that the partner compiled: one observation a record."""
    columns = []
    for component in structure.components:
        text = coder.code(component.id) or "NULL"
        if component.id == "OBS_STATUS":
            text = status_sql(target, structure, dataset, text)
        columns.append(as_component(text, component))
    n, k = (coder.code(companion) or "NULL" for companion in ("_n", "_k"))
    minimum = dataset.contract.protection
    columns += companions(
        n=n, k=k, minimum="NULL" if minimum.waived else str(minimum.minimum), kind="'given'", dataset=dataset.name,
        deliveries='[_delivery]',
    )  # fmt: skip
    where = f" WHERE {coder.parse(target.where, 'where')}" if target.where else ""
    return f"SELECT {', '.join(columns)} FROM {records}{where}"


def status_sql(target: Target, structure: DataStructure, dataset: Dataset, mapped: str) -> str:
    """Return OBS_STATUS: as mapped, else L, M or Q where the cell of the measure says why it is empty, else A."""
    if "OBS_STATUS" in target.map:
        return mapped
    measure = target.map.get(structure.measures[0].id) if structure.measures else None
    column = measure.column if measure else None
    unpivoted = target.unpivot is not None and column == target.unpivot.into
    if not unpivoted and f"{column}__why" not in dataset.contract.record_names:
        return "'A'"
    why = f"{column}__why"
    cases = " ".join(f"WHEN {quoted(reason)} THEN {quoted(code)}" for reason, code in _STATUS.items())
    return f"CASE {name(why)} {cases} ELSE 'A' END"
