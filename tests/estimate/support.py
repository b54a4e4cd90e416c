"""A survey made in memory: records in a table, a contract over them, and the SELECT that estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract
from citizenstats.harmonize.select import design_faults_for, select_for
from citizenstats.sdmx.model import Component, DataStructure, Reference

FLOW = "OFFICE:SURVEY"
CONCEPTS = Reference("OFFICE", "CS", "1.0.0")
KINDS = {"DOUBLE": "number", "BIGINT": "integer", "VARCHAR": "text", "BOOLEAN": "boolean"}


def contract(
    columns: Mapping[str, str],
    estimate: Mapping[str, Any],
    protection: Mapping[str, Any] | None = None,
    **record: Any,
) -> Contract:
    """Return a contract over columns (name → DuckDB type), all dimensions taken as they are."""
    breakdowns = estimate.get("breakdowns", [])
    return Contract.model_validate(
        {
            "title": "Survey",
            "author": "Ada Author",
            "record": {
                "origin": "citizens",
                "initiator": "Kin",
                "consent": {"basis": "public_source", "evidence": "none needed"},
                "publication": "public",
                "population": "schools",
                "mode": "paper",
                "sampling": "probability",
                "methodology": "https://example.org",
                "licence": "CC-BY-4.0",
                "contact": "kin@example.org",
                "limitations": "few",
                **record,
            },
            "protection": protection or {},
            "columns": {column: {"type": KINDS[kind]} for column, kind in columns.items()},
            "targets": [
                {
                    "dataflow": FLOW,
                    "map": {"TIME_PERIOD": {"value": "2020"}, **{d: d.lower() for d in breakdowns}},
                    "estimate": {"decimals": 8, **estimate},
                }
            ],
        }
    )


def structure(breakdowns: Sequence[str]) -> DataStructure:
    def component(identifier: str, role: Any, kind: str = "String") -> Component:
        return Component(identifier, role, CONCEPTS, identifier, None, type=kind)

    return DataStructure(
        Reference("OFFICE", "SURVEY", "1.0.0"),
        {"en": "Survey"},
        (
            component("INDICATOR", "dimension"),
            *(component(d, "dimension") for d in breakdowns),
            component("TIME_PERIOD", "time", "ObservationalTimePeriod"),
            component("OBS_VALUE", "measure", "Double"),
            component("STD_ERROR", "attribute", "Double"),
            component("LOWER_BOUND", "attribute", "Double"),
            component("UPPER_BOUND", "attribute", "Double"),
            component("DESIGN_EFFECT", "attribute", "Double"),
            component("EFFECTIVE_SAMPLE_SIZE", "attribute", "Integer"),
            component("DEGREES_OF_FREEDOM", "attribute", "Integer"),
        ),
    )


def estimated(records: pd.DataFrame, estimate: Mapping[str, Any], **record: Any) -> pd.DataFrame:
    """Return the observations of `estimate` over `records`, by INDICATOR and the breakdowns."""
    breakdowns = estimate.get("breakdowns", [])
    return _run(select_for, records, estimate, record).set_index(["INDICATOR", *breakdowns]).sort_index()


def select(records: pd.DataFrame, estimate: Mapping[str, Any], protection: Mapping[str, Any]) -> str:
    """Return the SELECT of `estimate` over records."""
    kinds = {"O": "VARCHAR", "b": "BOOLEAN"}
    columns = {str(c): kinds.get(kind.kind, "DOUBLE") for c, kind in records.dtypes.items()}
    made = contract(columns, estimate, protection)
    dataset = Dataset("kin", "survey", made, Document(Path("survey.yaml"), {}, {}))
    return select_for(
        dataset, made.targets[0], structure(estimate.get("breakdowns", [])), "SELECT * FROM records"
    )


def design_faults(records: pd.DataFrame, estimate: Mapping[str, Any]) -> dict[str, int]:
    """Return fault of the design → how often."""
    row = _run(design_faults_for, records, estimate, {}).iloc[0]
    return {str(fault): int(count) for fault, count in row.items()}


def _run(
    made_by: Callable[..., str | None],
    records: pd.DataFrame,
    estimate: Mapping[str, Any],
    record: Mapping[str, Any],
) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("given", records)
        connection.execute("CREATE TABLE records AS SELECT *, 'd' AS _delivery FROM given")
        described = {row[0]: row[1] for row in connection.execute("DESCRIBE records").fetchall()}
        del described["_delivery"]
        made = contract(described, estimate, **record)
        dataset = Dataset("kin", "survey", made, Document(Path("survey.yaml"), {}, {}))
        breakdowns = estimate.get("breakdowns", [])
        select = made_by(dataset, made.targets[0], structure(breakdowns), "SELECT * FROM records")
        assert select is not None
        return connection.execute(select).df()
