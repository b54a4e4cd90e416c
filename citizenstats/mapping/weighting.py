"""With which weight one record enters figures, and what made it: restricted, as all that is told of one record.

What does not belong here: making weights (`estimate/benchmarks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Target
from citizenstats.engine import Engine, name, quoted
from citizenstats.estimate.benchmarks import columns_met


@dataclass(frozen=True)
class Weighted:
    """The weight of a record that is calibrated to official counts.

    Attributes:
        weight: as it was delivered, as text; ``1`` where the contract names no column of weights.
        rule: method and benchmarks, such as ``raking to ages, regions``.
        where: ``file:line`` of it.
        inputs: the record's categories in the benchmarks.
        factor: what the weight is multiplied by, as of the last time that the dataset was observed; None where the record did
            not count then.
    """

    weight: str | None
    rule: str
    where: str
    inputs: Mapping[str, str | None]
    factor: float | None


def weighted(
    engine: Engine,
    dataset: Dataset,
    number: int,
    known: Mapping[str, str | None],
    period: str | None,
    weights: Path | None,
) -> Weighted | None:
    """Return the calibrated weight of a record; None where the target calibrates nothing.

    Args:
        engine: can read `weights`.
        dataset: whose record it is.
        number: of the target.
        known: column or derived value → its value on this record, as text.
        period: the record's period as the dataflow names it.
        weights: the weights by cell, as `observe` kept them; None where there are none, or the record does not count.
    """
    target: Target = dataset.contract.targets[number]
    estimate = target.estimate
    if estimate is None or estimate.calibrate is None:
        return None
    inputs = {column: known.get(column) for column in columns_met(estimate)}
    factor = None
    if weights is not None:
        asked = {"_period": period, **inputs}
        same = " AND ".join(f"{name(c)} IS NOT DISTINCT FROM CAST(? AS VARCHAR)" for c in asked)
        file = quoted(str(weights))
        rows = engine.rows(f"SELECT _g FROM read_parquet({file}) WHERE {same}", list(asked.values()))
        factor = float(rows[0][0]) if rows else None
    return Weighted(
        known.get(estimate.weight) if estimate.weight is not None else "1",
        f"{estimate.calibrate.method} to {', '.join(estimate.met)}",
        dataset.document.where(("targets", number, "estimate", "calibrate")),
        inputs,
        factor,
    )
