"""A small office made in memory: two datasets, two dataflows of one family, and hand-written protected Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import AgencyFile, Contract, DataflowFile, PartnerFile
from citizenstats.harmonize.frame import sql_type
from citizenstats.house import House
from citizenstats.quality.catalogue import catalogue
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.outcome import COUNTS, Outcome
from citizenstats.sdmx.model import (
    Component,
    Dataflow,
    DataStructure,
    Item,
    ItemScheme,
    Reference,
    Structures,
)
from citizenstats.store import Store, as_json

FLOW = "OFFICE:HOMES"
OTHER = "OFFICE:JOBS"
FIRST = "kin/homes"
SECOND = "kin/more_homes"
FAMILY = "kin"
NOW = "2026-03-01T12:00:00Z"


def _scheme(kind: Any, identifier: str, codes: Mapping[str, str]) -> ItemScheme:
    items = tuple(Item(code, {"en": label}) for code, label in codes.items())
    return ItemScheme(kind, Reference("OFFICE", identifier, "1.0.0"), {"en": identifier}, items)


LISTS = {
    "FREQ": _scheme("Codelist", "CL_FREQ", {"A": "Annual", "Q": "Quarterly"}),
    "REF_AREA": _scheme("Codelist", "CL_AREA", {"DK": "Denmark", "NP": "Nepal", "PH": "Philippines"}),
    "SEX": _scheme("Codelist", "CL_SEX", {"F": "Female", "M": "Male", "_T": "Total"}),
    "OBS_STATUS": _scheme(
        "Codelist", "CL_OBS_STATUS", {"A": "Normal", "Q": "Suppressed", "L": "Not collected"}
    ),
    "UNIT_MEASURE": _scheme("Codelist", "CL_UNIT_MEASURE", {"PT": "Percent", "NUMBER": "Number"}),
}
CONCEPTS = _scheme(
    "ConceptScheme",
    "CS_OFFICE",
    {c: c for c in (*LISTS, "TIME_PERIOD", "OBS_VALUE", "SAMPLE_SIZE", "COMMENT_OBS")},
)


def _component(identifier: str, role: Any, **more: Any) -> Component:
    codelist = LISTS[identifier].reference if identifier in LISTS else None
    return Component(identifier, role, CONCEPTS.reference, identifier, codelist, **more)


def structure(identifier: str = "HOMES") -> DataStructure:
    return DataStructure(
        Reference("OFFICE", identifier, "1.0.0"),
        {"en": identifier.title()},
        (
            _component("FREQ", "dimension"),
            _component("REF_AREA", "dimension"),
            _component("SEX", "dimension"),
            _component("TIME_PERIOD", "time", type="ObservationalTimePeriod"),
            _component("OBS_VALUE", "measure", type="Double"),
            _component("OBS_STATUS", "attribute", mandatory=True),
            _component("UNIT_MEASURE", "attribute", attachment="series", mandatory=True),
            _component("SAMPLE_SIZE", "attribute", type="Integer"),
            _component("COMMENT_OBS", "attribute"),
        ),
    )


def structures(**replaced: ItemScheme) -> Structures:
    schemes = [CONCEPTS, *{**LISTS, **replaced}.values()]
    flows = [Reference("OFFICE", "HOMES", "1.0.0"), Reference("OFFICE", "JOBS", "1.0.0")]
    return Structures(
        {s.reference: s for s in schemes},
        {r: structure(r.id) for r in flows},
        {r: Dataflow(r, {"en": r.id.title()}, r) for r in flows},
    )


def _contract(flows: Sequence[str], author: str) -> Contract:
    constants = {
        component: {"value": value}
        for component, value in {
            "FREQ": "A", "SEX": "F", "TIME_PERIOD": "2024", "OBS_VALUE": "1", "OBS_STATUS": "A", "UNIT_MEASURE": "PT",
        }.items()
    }  # fmt: skip
    return Contract.model_validate(
        {
            "title": "Homes",
            "author": author,
            "record": {
                "origin": "citizens",
                "initiator": "Kin",
                "consent": {"basis": "public_source", "evidence": "none needed"},
                "publication": "public",
                "population": "homes",
                "mode": "paper",
                "sampling": "register",
                "methodology": "https://example.org",
                "licence": "CC-BY-4.0",
                "contact": "kin@example.org",
                "limitations": "few",
            },
            "columns": {"area": {}},
            "targets": [{"dataflow": flow, "map": {"REF_AREA": "area", **constants}} for flow in flows],
        }
    )


def office(home: Path, *, found: Structures | None = None, **flow: Any) -> House:
    """Return the office; `flow` replaces keys of the dataflow file of HOMES."""
    datasets = {
        name: Dataset("kin", name.split("/")[1], contract, Document(home, {}, {}))
        for name, contract in {
            FIRST: _contract([FLOW, OTHER], "Ada Author <ada@example.org>"),
            SECOND: _contract([FLOW], "Bo Writer"),
        }.items()
    }
    file = {"name": "Homes", "feeds": [FIRST, SECOND], "family": FAMILY, "review": "none", **flow}
    dataflows = {
        FLOW: DataflowFile.model_validate(file),
        OTHER: DataflowFile.model_validate(
            {"name": "Jobs", "feeds": [FIRST], "family": FAMILY, "review": "none"}
        ),
    }
    agency = AgencyFile(id="OFFICE", name={"en": "Office"}, contact="office@example.org")
    partner = PartnerFile(id="KIN", name={"en": "Kin"}, contact="kin@example.org")
    store = Store(home)
    store.prepare()
    return House(
        store,
        Mappings(home, agency, {"kin": partner}, datasets, dataflows, found or structures(), catalogue(home)),
    )


def row(
    area: str = "DK", sex: str = "F", period: str = "2020", value: float | None = 1.5, **more: Any
) -> dict[str, Any]:
    """Return an observation."""
    return {
        "FREQ": "A", "REF_AREA": area, "SEX": sex, "TIME_PERIOD": period, "OBS_VALUE": value,
        "OBS_STATUS": "A" if value is not None else "Q", "UNIT_MEASURE": "PT",
        "SAMPLE_SIZE": 40 if value is not None else None, **more,
    }  # fmt: skip


def write(path: Path, rows: Sequence[Mapping[str, Any]], **more: str) -> None:
    """Write observations as Parquet with all columns of the structure and `more` (column → type)."""
    columns = {c.id: sql_type(c) for c in structure().components} | more
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        told = ", ".join(f'"{c}" {kind}' for c, kind in columns.items())
        connection.execute(f"CREATE TABLE t ({told})")
        for one in rows:
            marks = ", ".join("?" for _ in columns)
            connection.execute(f"INSERT INTO t VALUES ({marks})", [one.get(c) for c in columns])
        connection.execute(f"COPY (SELECT * FROM t ORDER BY 1, 2, 3, 4) TO '{path}' (FORMAT parquet)")


def read(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    """Return the rows of a Parquet file."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {columns} FROM read_parquet('{path}')").fetchall()


def deliver(house: House, dataset: str, number: int, arrived: str = NOW) -> str:
    """Record a delivery and return its full name."""
    delivery = Delivery(dataset, number, "ab" * 32, "secret name.csv", 1, arrived, f"mark {number}")
    delivery.folder(house.store).mkdir(parents=True, exist_ok=True)
    (delivery.folder(house.store) / "delivery.json").write_bytes(delivery.as_json())
    read = delivery.outcome_folder(house.store, house.mappings.dataset(dataset)) / "outcome.json"
    read.parent.mkdir(parents=True, exist_ok=True)
    read.write_bytes(as_json(Outcome(delivery, "accepted", dict.fromkeys(COUNTS, 0)).as_facts()))
    return delivery.full_name


def observe(
    house: House,
    dataset: str,
    state: str,
    rows: Sequence[Mapping[str, Any]],
    flow: str = FLOW,
    delivery: str = "",
) -> None:
    """Write an observed state of a dataset as harmonizing would, with empty other flows."""
    place = house.store.observed(dataset)
    for target in house.mappings.dataset(dataset).contract.targets:
        given = rows if target.dataflow == flow else []
        companions = {"_n": "BIGINT", "_k": "BIGINT", "_minimum": "BIGINT", "_kind": "VARCHAR"}
        write(
            place / state / f"{target.dataflow.replace(':', '.')}.parquet",
            [{"_dataset": dataset, "_deliveries": [delivery], "_n": 40, **one} for one in given],
            **companions, _dataset="VARCHAR", _deliveries="VARCHAR[]",
        )  # fmt: skip
    (place / state / "observed.json").write_bytes(as_json({"deliveries": [delivery] if delivery else []}))
    house.store.commit_state(place, state, {})


def protect(
    house: House, state: str, rows: Mapping[str, Sequence[Mapping[str, Any]]], deliveries: Sequence[str]
) -> None:
    """Write assembled and protected states as the steps before would."""
    place, made_from = house.store.protected(FAMILY), {}
    for flow in house.mappings.families[FAMILY]:
        write(place / state / f"{flow.replace(':', '.')}.parquet", rows.get(flow, []), _dataset="VARCHAR")
        assembled = house.store.assembled(flow) / f"a{state}"
        assembled.mkdir(parents=True, exist_ok=True)
        (assembled / "assembled.json").write_bytes(as_json({"deliveries": {FIRST: list(deliveries)}}))
        made_from[flow] = f"a{state}"
    account(place / state, sorted(made_from))
    (place / state / "protected.json").write_bytes(as_json({"assembled": made_from}))
    house.store.commit_state(place, state, {})


def account(state: Path, flows: Sequence[str]) -> None:
    """Write the account that protection leaves: enough units behind each shown observation."""
    key = ", ".join(f"{d}: {d}" for d in ("FREQ", "REF_AREA", "SEX", "TIME_PERIOD"))
    each = " UNION ALL ".join(
        f"SELECT '{flow}' AS flow, CAST({{{key}}} AS JSON)::VARCHAR AS key, "
        f"'{FIRST}' AS dataset, 'given' AS kind, 40 AS n, 0 AS k, 0 AS m, 40 AS base, 40 AS published_n, "
        "0 AS published_k, 0 AS published_m, 5 AS minimum, "
        "OBS_VALUE IS NOT NULL AS shown, FALSE AS retained, CAST(NULL AS VARCHAR) AS why "
        f"FROM read_parquet('{state / flow.replace(':', '.')}.parquet')"
        for flow in flows
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({each}) TO '{state / 'judged.parquet'}' (FORMAT parquet)")
