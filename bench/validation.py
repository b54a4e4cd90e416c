"""Validating observations of the SDG structure: all rules of structure, constraints, confidentiality and sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from citizenstats.contracts.load import load_mappings
from citizenstats.engine import name, quoted, session
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Dataflow, DataStructure, Reference, Structures
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import DataMessage, chunks
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.judge import published_findings
from citizenstats.validation.series import SDG, series_constraint

Timed = Callable[[], object]

_HEADER = Header("BENCH", datetime(2026, 1, 1, tzinfo=UTC), "BENCH")

_COUNTS = {"SERIES": 60, "REF_AREA": 600, "SEX": 3, "AGE": 10}
"""Codes that are used of each dimension; of the others, the total."""

_SAID = {"OBS_STATUS": "A", "UNIT_MULT": "0", "UNIT_MEASURE": "PT", "NATURE": "C"}
_ODD = {"FREQ": "A", "REPORTING_TYPE": "N"}


def structures() -> tuple[DataStructure, Structures]:
    """Return the SDG structure, and all that it needs."""
    known = load_mappings(Path(__file__).parents[1] / "sdmx_mappings").structures
    return known.data_structures[SDG], known


def observations(folder: Path, rows: int) -> Timed:
    """Make valid rows as text, once: ten periods a series, in no order, the values of one row in 50 withheld."""
    file = _file(folder, rows)
    if not file.exists():
        structure, known = structures()
        with session([folder]) as engine:
            engine.write_parquet(_sql(structure, known, rows), file)
    return lambda: None


def _sql(structure: DataStructure, known: Structures, rows: int) -> str:
    columns, step = ["(2010 + i % 10)::VARCHAR AS TIME_PERIOD"], 10
    for dimension in structure.dimensions:
        codes = _codes(dimension.id, known, structure)
        listed = ", ".join(map(quoted, codes))
        columns.append(f"[{listed}][1 + (i // {step}) % {len(codes)}] AS {dimension.id}")
        step *= len(codes)
    hidden = "hash(i) % 50 = 0"
    columns.append(f"CASE WHEN NOT {hidden} THEN (hash(i) % 1000 / 10)::VARCHAR END AS OBS_VALUE")
    for attribute in structure.attributes:
        said = quoted(_SAID[attribute.id]) if attribute.id in _SAID else "NULL::VARCHAR"
        if attribute.id == "OBS_STATUS":
            said = f"CASE WHEN {hidden} THEN 'Q' ELSE 'A' END"
        if attribute.id == "SOURCE_DETAIL":
            said = "CASE WHEN hash(i) % 3 = 0 THEN 'National survey, wave ' || (1 + i % 40) END"
        columns.append(f"{said} AS {attribute.id}")
    return f"SELECT i + 1 AS _row, {', '.join(columns)} FROM range({rows}) AS t(i)"


def _codes(dimension: str, known: Structures, structure: DataStructure) -> list[str]:
    if dimension == "SERIES":
        return _free_series()[: _COUNTS[dimension]]
    if dimension not in _COUNTS:
        return [_ODD.get(dimension, "_T")]
    codelist = structure.by_id[dimension].codelist
    return list(known.scheme(codelist).by_id)[: _COUNTS[dimension]] if codelist else []


def _free_series() -> list[str]:
    """Return the series in per cent whose constraint allows each sex and age, and the totals of all else."""
    limited = {c: dict.fromkeys(s for s, _ in pairs) for c, pairs in series_constraint().items()}
    allowed = {c: set(pairs) for c, pairs in series_constraint().items()}
    in_units = [s for s, unit in series_constraint()["UNIT_MEASURE"] if unit == "PT"]
    return [
        series
        for series in in_units
        if all(series not in limited[c] for c in ("SEX", "AGE"))
        and all(
            series not in limited[c] or (series, "0" if c == "UNIT_MULT" else "_T") in allowed[c]
            for c in allowed
            if c != "UNIT_MEASURE"
        )
    ]


def validated(folder: Path, rows: int) -> Timed:
    """All rules but those that compare with other observations."""
    structure, known = structures()
    return lambda: findings(_file(folder, rows), structure, known)


def findings(file: Path, structure: DataStructure, known: Structures) -> list[Finding]:
    """Return what is wrong with the rows of a file."""
    with session([file.parent], scratch=file.parent) as engine:
        frame = Frame(f"SELECT * FROM read_parquet({quoted(str(file))})", "_row")
        return published_findings(engine, frame, structure, known)


def messages(folder: Path, rows: int) -> Timed:
    """Write the same rows as messages, once: SDMX-CSV 2.1 and SDMX-ML 3.0 by series."""
    observations(folder, rows)
    structure, known = structures()
    flow = Dataflow(Reference("BENCH", "SDG", "1.0.0"), {"en": "SDG"}, structure.reference)
    key = ", ".join(map(name, structure.key))
    columns = ", ".join(f"CAST({name(c.id)} AS {sql_type(c)}) AS {name(c.id)}" for c in structure.components)
    ordered = folder.absolute() / "ordered.parquet"
    with session([folder], scratch=folder) as engine:
        source = f"read_parquet({quoted(str(_file(folder, rows)))})"
        engine.write_parquet(f"SELECT {columns} FROM {source} ORDER BY {key}", ordered)
        told = DataMessage(
            flow, structure, f"SELECT * FROM read_parquet({quoted(str(ordered))})", _HEADER, structures=known
        )
        for form in ("csv-2.1", "ml-3.0"):
            with _message(folder, form, rows).open("wb") as file:
                file.writelines(chunks(engine, told, form))
    ordered.unlink()
    return lambda: None


def csv_message(folder: Path, rows: int) -> Timed:
    """The whole of `citizenstats validate` on a message of SDMX-CSV 2.1."""
    return _whole(folder, "csv-2.1", rows)


def ml_message(folder: Path, rows: int) -> Timed:
    """The same on one of SDMX-ML 3.0: by the schemas, and its content."""
    return _whole(folder, "ml-3.0", rows)


def _whole(folder: Path, form: str, rows: int) -> Timed:
    structure, known = structures()
    flow = Dataflow(Reference("BENCH", "SDG", "1.0.0"), {"en": "SDG"}, structure.reference)
    known = replace(known, dataflows={**known.dataflows, flow.reference: flow})

    def validate() -> None:
        found = validate_message(_message(folder, form, rows), known)
        if found:
            raise AssertionError(found[0])

    return validate


def _message(folder: Path, form: str, rows: int) -> Path:
    return folder.absolute() / f"{form}_{rows}"


def copied(folder: Path, rows: int) -> Timed:
    """The yardstick: what the engine itself needs to write the same rows as CSV."""

    def copy() -> None:
        with session([folder], scratch=folder) as engine:
            source = f"SELECT * FROM read_parquet({quoted(str(_file(folder, rows)))})"
            engine.run(f"COPY ({source}) TO {quoted(str(folder / 'copy.csv'))} (FORMAT csv)")

    return copy


def _file(folder: Path, rows: int) -> Path:
    return folder.absolute() / f"sdg_{rows}.parquet"
