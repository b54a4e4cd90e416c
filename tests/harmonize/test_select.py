"""The SELECT of each target, reviewed as text: a change of meaning shows in the diff of a golden file."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts.load import Mappings, load_mappings
from citizenstats.estimate.benchmarks import columns_met
from citizenstats.harmonize.frame import columns
from citizenstats.harmonize.select import select_for

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
MAPPINGS = load_mappings(ROOT / "sdmx_mappings")
TARGETS = [(d, t.dataflow) for d, dataset in MAPPINGS.datasets.items() for t in dataset.contract.targets]
TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "period": "VARCHAR",
}


def select(mappings: Mappings, dataset: str, flow: str, source: str = "SELECT * FROM records") -> str:
    found = mappings.dataset(dataset)
    target = next(t for t in found.contract.targets if t.dataflow == flow)
    structure = mappings.structures.structure_of(mappings.reference(flow))
    return select_for(found, target, structure, source, "SELECT * FROM weights_of_cells")


@pytest.mark.parametrize(("dataset", "flow"), TARGETS)
def test_the_select_is_the_one_that_was_reviewed(dataset: str, flow: str) -> None:
    """Set CITIZENSTATS_GOLDEN=write to write the files anew, then read the diff."""
    text = select(MAPPINGS, dataset, flow) + "\n"
    path = GOLDEN / f"{dataset.replace('/', '.')}.{flow.replace(':', '.')}.sql"
    if os.environ.get("CITIZENSTATS_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(("dataset", "flow"), TARGETS)
def test_the_select_gives_the_frame_of_observations(dataset: str, flow: str) -> None:
    contract = MAPPINGS.dataset(dataset).contract
    declared = [f'"{c}" {TYPES[column.type]}' for c, column in contract.columns.items()]
    declared += [f'"{c}__why" VARCHAR' for c, column in contract.columns.items() if column.reasons]
    structure = MAPPINGS.structures.structure_of(MAPPINGS.reference(flow))
    estimate = next(t for t in contract.targets if t.dataflow == flow).estimate
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE records ({', '.join(declared)}, _delivery VARCHAR, _row BIGINT)")
        if estimate is not None and estimate.calibrate is not None:
            met = ", ".join(f'"{column}" VARCHAR' for column in columns_met(estimate))
            connection.execute(
                f"CREATE TABLE weights_of_cells (_period VARCHAR, {met}, _cell BIGINT, _g DOUBLE, _basis DOUBLE[])"
            )
        described = connection.execute(f"DESCRIBE {select(MAPPINGS, dataset, flow)}").fetchall()
    assert {row[0]: row[1] for row in described} == columns(structure)
    assert [row[0] for row in described] == list(columns(structure))


def test_the_same_contract_gives_the_same_select() -> None:
    again = load_mappings(ROOT / "sdmx_mappings")
    for dataset, flow in TARGETS:
        assert select(MAPPINGS, dataset, flow) == select(again, dataset, flow)
