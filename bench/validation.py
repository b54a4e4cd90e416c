"""Validating observations of the SDG structure: all rules of structure, constraints, confidentiality and sums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from citizenstats.contracts.load import load_mappings
from citizenstats.engine import quoted, session
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.judge import published_findings
from citizenstats.validation.series import SDG, series_constraint

Timed = Callable[[], object]

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


def copied(folder: Path, rows: int) -> Timed:
    """The yardstick: what the engine itself needs to write the same rows as CSV."""

    def copy() -> None:
        with session([folder], scratch=folder) as engine:
            source = f"SELECT * FROM read_parquet({quoted(str(_file(folder, rows)))})"
            engine.run(f"COPY ({source}) TO {quoted(str(folder / 'copy.csv'))} (FORMAT csv)")

    return copy


def _file(folder: Path, rows: int) -> Path:
    return folder.absolute() / f"sdg_{rows}.parquet"
