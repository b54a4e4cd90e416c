"""A target's sample against its benchmarks: reads the official counts, makes the weights, and says what may be told.

The counts lie beside the contract, or are the records of another dataset of this house.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citizenstats.contracts.counts import Counted
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Benchmark, Target
from citizenstats.engine import Engine, name, session
from citizenstats.errors import CitizenstatsError
from citizenstats.estimate.benchmarks import calibrated, cells_of, columns_met
from citizenstats.estimate.representative import compared
from citizenstats.harmonize.select import cells_for, derived_sql
from citizenstats.house import House
from citizenstats.receive.current import Current, current_records
from citizenstats.receive.delivery import pending
from citizenstats.sdmx.model import DataStructure

if TYPE_CHECKING:
    import pyarrow as pa

Counts = Mapping[tuple[int, str], Counted]
"""Number of a target and benchmark → its counts."""


@dataclass(frozen=True)
class Official:
    """All official counts that a dataset is held against.

    Attributes:
        counts: of every benchmark.
        deliveries: full names of the deliveries of other datasets that they came from.
    """

    counts: Counts
    deliveries: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """What became of the weights of a target, and how its sample compares.

    Attributes:
        weights: the calibrated weights; None where they stay as they are.
        told: what may be told of both, as `observed.json` and releases keep it; None without benchmarks.
    """

    weights: pa.Table | None
    told: Mapping[str, Any] | None


def official_counts(house: House, dataset: Dataset) -> Official:
    """Return the official counts of all benchmarks of a dataset.

    Raises:
        CitizenstatsError: ``NOT_RECEIVED`` while a delivery of counts was not read yet; ``NO_COUNTS`` when there is none.
    """
    counts: dict[tuple[int, str], Counted] = dict(dataset.counts)
    behind: dict[str, Current] = {other: _records(house, dataset.name, other) for other in dataset.counted_by}
    for i, target in enumerate(dataset.contract.targets):
        for benchmark, said in target.estimate.benchmarks.items() if target.estimate is not None else ():
            if said.dataset is not None:
                counts[i, benchmark] = _counted(house, said, behind[said.dataset])
    deliveries = tuple(d for other in sorted(behind) for d in behind[other].deliveries)
    return Official(counts, deliveries)


def _records(house: House, dataset: str, other: str) -> Current:
    if pending(house, other):
        raise CitizenstatsError(
            "NOT_RECEIVED",
            f"a delivery of the counts {other} was not read yet",
            dataset,
            "let its step `received` run first",
        )
    current = current_records(house, other)
    if current is None:
        raise CitizenstatsError(
            "NO_COUNTS",
            f"{other} has no delivery that counts yet",
            dataset,
            "deliver the official counts first",
        )
    return current


def _counted(house: House, said: Benchmark, current: Current) -> Counted:
    """Return the counts of a benchmark from the records of its dataset."""
    assert said.dataset is not None  # noqa: S101 - the caller asked
    other = house.mappings.dataset(said.dataset)
    by = [f"coalesce(CAST({name(column)} AS VARCHAR), '')" for column in said.by.values()]
    period = f"CAST({name(said.period)} AS VARCHAR)" if said.period is not None else "NULL"
    columns = ", ".join([period, *by])
    sql = (
        f"WITH current AS ({current.sql}), derived AS ({derived_sql(other.contract, other)}) "
        f"SELECT {columns}, sum(CAST({name(said.count)} AS DOUBLE)) FROM derived GROUP BY ALL ORDER BY ALL"
    )
    with session(current.folders, threads=1, scratch=house.store.scratch) as engine:
        return tuple((row[0], tuple(row[1:-1]), float(row[-1] or 0)) for row in engine.rows(sql))


def sample_of(
    engine: Engine, dataset: Dataset, target: Target, structure: DataStructure, source: str, counts: Counts
) -> Sample:
    """Return a target's sample against its benchmarks.

    Args:
        engine: can read the records.
        dataset: the dataset.
        target: one of its targets.
        structure: that of the target's dataflow.
        source: the SELECT of the records that count.
        counts: the official counts.

    Raises:
        CitizenstatsError: what `estimate.benchmarks.calibrated` and `estimate.representative.compared` raise.
    """
    estimate = target.estimate
    if estimate is None or not estimate.benchmarks:
        return Sample(None, None)
    where = f"{dataset.name}, {target.dataflow}"
    number = dataset.contract.targets.index(target)
    protection = dataset.contract.protection
    minimum = 1 if protection.waived is not None else protection.minimum
    rows = engine.rows(cells_for(dataset, target, structure, source))
    comparisons = []
    for benchmark, said in estimate.benchmarks.items():
        cells = cells_of(rows, estimate, list(said.by))
        comparisons += compared(benchmark, counts[number, benchmark], cells, minimum, where)
    told: dict[str, Any] = {
        "dataset": dataset.name,
        "benchmarks": [
            {
                "benchmark": benchmark,
                "by": list(said.by),
                "source": said.source,
                "dataset": said.dataset,
                "met": benchmark in estimate.met,
            }
            for benchmark, said in estimate.benchmarks.items()
        ],
        "comparisons": comparisons,
        "calibration": None,
    }
    if estimate.calibrate is None:
        return Sample(None, told)
    cells = cells_of(rows, estimate, columns_met(estimate))
    of_target = {benchmark: counts[number, benchmark] for benchmark in estimate.met}
    found = calibrated(estimate, of_target, cells, minimum, where)
    bounds = estimate.calibrate.bounds
    told["calibration"] = {
        "method": estimate.calibrate.method,
        "bounds": list(bounds) if bounds is not None else None,
        "periods": list(found.told),
    }
    return Sample(found.table, told)
