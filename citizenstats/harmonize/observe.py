"""Run a dataset's SELECTs over its current records and keep what comes out.

The state is named by its inputs: the deliveries that count, the contract with its code maps, the official counts that the
sample is held against, the structures, the code.
The same inputs find their state there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Target
from citizenstats.engine import MEMORY_LIMIT, Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError, OutOfMemoryError
from citizenstats.estimate.design import FAULTS
from citizenstats.estimate.select import margins
from citizenstats.harmonize.frame import columns
from citizenstats.harmonize.sample import Official, official_counts, sample_of
from citizenstats.harmonize.select import clusters_for, design_faults_for, select_for
from citizenstats.harmonize.within import uncrossed, within
from citizenstats.house import House
from citizenstats.protect.cellkey import SECRET, record_key_of
from citizenstats.protect.secret import secret_of
from citizenstats.receive.current import Current, current_records
from citizenstats.receive.delivery import pending
from citizenstats.sdmx.model import DataStructure
from citizenstats.store import as_json, digest, read_json

MANY_CLUSTERS = 500
"""Drawn clusters from which the engine sums in little memory first: sums by cluster would fill all that it is given."""

LITTLE_MEMORY = "300MB"
"""How little that is; what is more spills to disk."""


@dataclass(frozen=True)
class Observed:
    """The coded observations of a dataset.

    Attributes:
        flows: dataflow ``AGENCY:ID`` → number of observations.
        sql: dataflow → the SELECT that made them; nothing where no delivery counts.
        deliveries: full names of the deliveries behind, those of official counts among them.
        samples: dataflow → what may be told of the sample against official counts; only those that have any.
    """

    dataset: str
    state: str
    folder: Path
    flows: Mapping[str, int]
    sql: Mapping[str, str]
    deliveries: tuple[str, ...]
    samples: Mapping[str, Any]


def observe(house: House, dataset_name: str) -> Observed:
    """Turn the current records of ``partner/dataset`` into observations for all its target dataflows.

    Returns:
        The state, made now or found. Without a delivery that counts, and for a dataset whose publication is ``none``,
        it holds no observations.

    Raises:
        CitizenstatsError: ``NOT_RECEIVED`` while a delivery was not read yet; ``DESIGN_INCOMPLETE``,
            ``DESIGN_POPULATION`` or ``LONELY_CLUSTER`` where the sampling design does not hold; a code that begins with
            ``BENCHMARK_`` or ``CALIBRATION_`` where official counts cannot be met, ``NO_COUNTS`` where there are none; or
            an expression or the engine failed: the text holds no value.
    """
    dataset = house.mappings.dataset(dataset_name)
    if dataset.contract.record.publication != "none" and pending(house, dataset_name):
        # It may take consent back: nothing is computed before it was read.
        raise CitizenstatsError(
            "NOT_RECEIVED", "a delivery was not read yet", dataset_name, "let its step `received` run first"
        )
    current = current_records(house, dataset_name) if dataset.contract.record.publication != "none" else None
    structures = {t.dataflow: _structure(house, t) for t in dataset.contract.targets}
    official = official_counts(house, dataset) if current else Official({}, ())
    state = digest(
        [*current.deliveries, *current.withdrawals] if current else None,
        dataset.digest,
        [[target, benchmark, counted] for (target, benchmark), counted in official.counts.items()],
        {flow: repr(structure) for flow, structure in structures.items()},
        citizenstats.__version__,
        *([keys, digest(secret_of(house.store))] if (keys := _record_keys(house, dataset)) else []),
        *(["within"] if uncrossed(dataset) else []),
    )
    place = house.store.observed(dataset_name)
    folder = place / state
    if not folder.exists():
        try:
            with house.store.commit_folder(folder) as work:
                _make(house, dataset, structures, current, official, work, folder)
        except CitizenstatsError as error:
            if error.code != "ALREADY_THERE":
                raise
    house.store.commit_state(place, state, {})
    facts = read_json(folder / "observed.json") or {}
    sql = {flow: (folder / f"{file_stem(flow)}.sql").read_text("utf-8") for flow in facts["selects"]}
    counts = {flow: said["observations"] for flow, said in facts["flows"].items()}
    samples = {flow: said["sample"] for flow, said in facts["flows"].items() if said["sample"] is not None}
    return Observed(dataset_name, state, folder, counts, sql, tuple(facts["deliveries"]), samples)


def file_stem(flow: str) -> str:
    """Return ``AGENCY.ID``, the name of a dataflow's files in a state."""
    return flow.replace(":", ".")


def _structure(house: House, target: Target) -> DataStructure:
    return house.mappings.structures.structure_of(house.mappings.reference(target.dataflow))


def _make(
    house: House,
    dataset: Dataset,
    structures: Mapping[str, DataStructure],
    current: Current | None,
    official: Official,
    work: Path,
    folder: Path,
) -> None:
    flows = {}
    keys = _record_keys(house, dataset)
    readable = [work, *(current.folders if current else ())]

    def has_many_clusters(target: Target) -> bool:
        counted = clusters_for(dataset, target, structures[target.dataflow], current.sql) if current else None
        if counted is None:
            return False
        with session(readable, scratch=house.store.scratch) as engine:
            return bool(engine.value(counted) >= MANY_CLUSTERS)

    def made(target: Target, memory: str) -> dict[str, Any]:
        # One thread: with several, the last bits of floating point sums differ from run to run.
        with session(readable, threads=1, scratch=house.store.scratch, memory=memory) as engine:
            if keys:
                engine.run(f"CREATE TEMP TABLE {SECRET} AS SELECT ? AS secret", [secret_of(house.store)])
            structure = structures[target.dataflow]
            stem = file_stem(target.dataflow)
            select, told = _empty(structure), None
            if current is not None:
                _stop_on_faults(engine, dataset, target, structure, current)
                sample = sample_of(engine, dataset, target, structure, current.sql, official.counts)
                weights, told = f"{stem}.weights.parquet", sample.told
                if sample.weights is not None:
                    engine.register("weights_of_cells", sample.weights)
                    engine.write_parquet("SELECT * FROM weights_of_cells", work / weights)
                # The text is kept with the place where the weights will lie, and run with that where they are made.
                kept, select = (
                    select_for(
                        dataset,
                        target,
                        structure,
                        current.sql,
                        _scan(place / weights),
                        keys.get(target.dataflow, ""),
                    )
                    for place in (folder, work)
                )
                (work / f"{stem}.sql").write_text(kept + "\n", "utf-8")
            count = engine.write_parquet(select, work / f"{stem}.parquet")
            return {"observations": count, **_shape(engine, target), "sample": told}

    for target in dataset.contract.targets:
        memory = LITTLE_MEMORY if has_many_clusters(target) else MEMORY_LIMIT
        try:
            flows[target.dataflow] = made(target, memory)
        except OutOfMemoryError:
            if memory == MEMORY_LIMIT:
                raise
            # What cannot spill, as the tables of many indicators, may take all that a step has.
            flows[target.dataflow] = made(target, MEMORY_LIMIT)
    facts = {
        "dataset": dataset.name,
        "contract": dataset.digest,
        "deliveries": [*current.deliveries, *official.deliveries] if current else [],
        "flows": flows,
        "selects": sorted(flows) if current else [],
        "within": _within(house, dataset, current),
    }
    (work / "observed.json").write_bytes(as_json(facts))


def _within(house: House, dataset: Dataset, current: Current | None) -> list[dict[str, object]]:
    pairs = uncrossed(dataset) if current is not None else []
    if current is None or not pairs:
        return []
    with session(current.folders, scratch=house.store.scratch) as engine:
        return within(engine, dataset, pairs, current.sql)


def _record_keys(house: House, dataset: Dataset) -> dict[str, str]:
    """Return the SQL of a record's key for each dataflow whose counts get noise by cell keys."""
    return {
        target.dataflow: record_key_of(dataset.name, dataset.contract.key)
        for target in dataset.contract.targets
        if target.estimate is not None
        and dataset.contract.key
        and house.mappings.dataflow(target.dataflow).protection.cell_key is not None
    }


def _stop_on_faults(
    engine: Engine, dataset: Dataset, target: Target, structure: DataStructure, current: Current
) -> None:
    """Raise where standard errors would rest on a design that the records contradict."""
    sql = design_faults_for(dataset, target, structure, current.sql)
    if sql is None:
        return
    for (code, (what, mend)), count in zip(FAULTS.items(), engine.rows(sql)[0], strict=True):
        if count:
            raise CitizenstatsError(code, f"{count} {what}", f"{dataset.name}, {target.dataflow}", mend)


def _shape(engine: Engine, target: Target) -> dict[str, object]:
    """Return what protection must know of a target: breakdowns, codes of their totals, and what is measured."""
    if target.estimate is None:
        return {"breakdowns": None, "totals": {}, "measures": {}}
    estimate = target.estimate
    return {
        "breakdowns": estimate.breakdowns,
        "totals": {d: estimate.totals.get(d, "_T") for d in estimate.breakdowns},
        "margins": [list(margin) for margin in margins(estimate)],
        "measures": {
            key: digest(indicator.model_dump(mode="json", exclude={"set"}), target.where)
            for key, indicator in estimate.indicators.items()
        },
    }


def _scan(file: Path) -> str:
    return f"SELECT * FROM read_parquet({quoted(str(file))})"


def _empty(structure: DataStructure) -> str:
    listed = ", ".join(
        f"CAST(NULL AS {kind}) AS {name(column)}" for column, kind in columns(structure).items()
    )
    return f"SELECT {listed} WHERE {quoted('')} <> ''"
