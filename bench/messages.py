"""Writing data messages: our writers, DuckDB's own CSV of the same rows in the same order, and the libraries'."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from citizenstats.engine import Engine, name, session
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import FLAT, Component, Dataflow, DataStructure, Reference
from citizenstats.sdmx.write import DataMessage, chunks

Timed = Callable[[], object]

_LISTS = Reference("OFFICE", "CL_X", "1.0.0")
_CONCEPTS = Reference("OFFICE", "CS_OFFICE", "1.0.0")
_DIMENSIONS = ("FREQ", "REF_AREA", "INDICATOR", "DISABILITY_STATUS", "SEX", "AGE")


def _component(identifier: str, role: str, kind: str | None = None, **more: object) -> Component:
    codelist = None if kind else _LISTS
    return Component(identifier, role, _CONCEPTS, identifier, codelist, kind or "String", **more)


STRUCTURE = DataStructure(
    Reference("OFFICE", "BAROMETER", "1.0.0"),
    {"en": "Barometer"},
    (
        *(_component(identifier, "dimension") for identifier in _DIMENSIONS),
        _component("TIME_PERIOD", "time", "ObservationalTimePeriod"),
        _component("OBS_VALUE", "measure", "Double"),
        _component("OBS_STATUS", "attribute", mandatory=True),
        _component("CONF_STATUS", "attribute"),
        _component("UNIT_MEASURE", "attribute", attachment="series", mandatory=True),
        _component("UNIT_MULT", "attribute", attachment="series", mandatory=True),
        _component("DECIMALS", "attribute", attachment="series"),
        _component("SAMPLE_SIZE", "attribute", "Integer"),
        _component("STD_ERROR", "attribute", "Double"),
        _component("LOWER_BOUND", "attribute", "Double"),
        _component("UPPER_BOUND", "attribute", "Double"),
        _component("SOURCE_DETAIL", "attribute", "String"),
        _component("COMMENT_OBS", "attribute", "String"),
        _component("DATA_PROVIDER", "attribute", "String"),
    ),
)
"""A structure of the shape of our own dataflows."""

_OBSERVATIONS = """
SELECT
    'A' AS FREQ,
    'DK-' || lpad((i // 25200)::VARCHAR, 5, '0') AS REF_AREA,
    'IND_' || lpad((i // 630 % 40)::VARCHAR, 3, '0') AS INDICATOR,
    ['PD', 'PWD', '_T'][1 + i // 210 % 3] AS DISABILITY_STATUS,
    ['F', 'M', '_T'][1 + i // 70 % 3] AS SEX,
    'Y' || (16 + 5 * (i // 10 % 7)) || 'T' || (20 + 5 * (i // 10 % 7)) AS AGE,
    (2010 + i % 10)::VARCHAR AS TIME_PERIOD,
    CASE WHEN hidden THEN NULL ELSE round(hash(i * 7) % 100000 / 1000, 1) END AS OBS_VALUE,
    CASE WHEN hidden THEN 'Q' ELSE 'A' END AS OBS_STATUS,
    CASE WHEN hidden THEN 'C' ELSE 'F' END AS CONF_STATUS,
    'PT' AS UNIT_MEASURE,
    '0' AS UNIT_MULT,
    '1' AS DECIMALS,
    CASE WHEN hidden THEN NULL ELSE (hash(i * 3) % 5000)::BIGINT END AS SAMPLE_SIZE,
    CASE WHEN hidden THEN NULL ELSE hash(i * 5) % 997 / 313 END AS STD_ERROR,
    NULL::DOUBLE AS LOWER_BOUND,
    NULL::DOUBLE AS UPPER_BOUND,
    CASE WHEN hash(i * 11) % 3 = 0 THEN 'National survey, wave ' || (1 + i % 4) END AS SOURCE_DETAIL,
    CASE WHEN hash(i * 13) % 20 = 0 THEN 'People said "no" & left <empty>' END AS COMMENT_OBS,
    'dihr' AS DATA_PROVIDER
FROM (SELECT i, hash(i) % 50 = 0 AS hidden FROM range({rows}) AS t(i))
"""


def observations(folder: Path, rows: int) -> Timed:
    """Make the rows, once: Parquet in key order, ten periods a series, 2 % suppressed, some free text."""
    file = _file(folder, rows)
    with session([folder]) as engine:
        if not file.exists():
            engine.write_parquet(_OBSERVATIONS.format(rows=rows), file)
    return lambda: None


def copy_csv(folder: Path, rows: int) -> Timed:
    """The yardstick: what the engine itself needs for a CSV of the same rows."""
    engine = _engine(folder)
    return lambda: engine.run(f"COPY ({_source(folder, rows)}) TO '{folder / 'copy.csv'}' (FORMAT csv)")


def csv(folder: Path, rows: int) -> Timed:
    """Our SDMX-CSV 2.1, to a file."""
    return _ours(folder, rows, "csv-2.1")


def ml_series(folder: Path, rows: int) -> Timed:
    """Our SDMX-ML 3.0 by series, to a file."""
    return _ours(folder, rows, "ml-3.0")


def ml_21_series(folder: Path, rows: int) -> Timed:
    """Our SDMX-ML 2.1 by series, to a file."""
    return _ours(folder, rows, "ml-2.1-structure-specific")


def ml_flat(folder: Path, rows: int) -> Timed:
    """Our SDMX-ML 3.0, flat, to a file."""
    return _ours(folder, rows, "ml-3.0", FLAT)


def json_series(folder: Path, rows: int) -> Timed:
    """Our SDMX-JSON 2.0 by series, to a file."""
    return _ours(folder, rows, "json-2.0")


def pysdmx_csv(folder: Path, rows: int) -> Timed:
    """What pysdmx needs for SDMX-CSV 2.1 of the same rows."""
    return _by_pysdmx(folder, rows, "DATA_SDMX_CSV_2_1_0")


def pysdmx_ml(folder: Path, rows: int) -> Timed:
    """What pysdmx needs for SDMX-ML 3.0."""
    return _by_pysdmx(folder, rows, "DATA_SDMX_ML_3_0")


def sdmx1_ml(folder: Path, rows: int) -> Timed:
    """What sdmx1 needs for SDMX-ML 2.1 by series, with the objects made beforehand."""
    import sdmx
    from sdmx.model import v21

    structure = v21.DataStructureDefinition(id="BAROMETER")
    attributes = {a.id: v21.DataAttribute(id=a.id) for a in STRUCTURE.attributes}
    structure.attributes.extend(attributes.values())
    measure = v21.PrimaryMeasure(id="OBS_VALUE")
    structure.measures.append(measure)
    data = v21.StructureSpecificDataSet(structured_by=structure)
    for one in _rows(folder, rows):
        key = structure.make_key(v21.Key, {d: one[d] for d in STRUCTURE.key}, extend=True)
        attached = {
            a: v21.AttributeValue(value=str(one[a]), value_for=attributes[a])
            for a in attributes
            if one[a] is not None
        }
        data.add_obs(
            [
                v21.Observation(
                    dimension=key, value=one["OBS_VALUE"], value_for=measure, attached_attribute=attached
                )
            ]
        )
    message = sdmx.message.DataMessage(
        data=[data], observation_dimension=structure.dimensions.get("TIME_PERIOD")
    )
    target = folder / "sdmx1.xml"
    return lambda: target.write_bytes(sdmx.to_xml(message))


def _by_pysdmx(folder: Path, rows: int, form: str) -> Timed:
    import pandas as pd
    from pysdmx.io import write_sdmx
    from pysdmx.io.format import Format
    from pysdmx.io.pd import PandasDataset
    from pysdmx.model import Component as PysdmxComponent
    from pysdmx.model import Components, Concept, DataType, Role, Schema

    roles = {
        "dimension": Role.DIMENSION,
        "time": Role.DIMENSION,
        "measure": Role.MEASURE,
        "attribute": Role.ATTRIBUTE,
    }
    components = [
        PysdmxComponent(
            c.id, True, roles[c.role], Concept(c.id), DataType.STRING,
            attachment_level="O" if c.role == "attribute" else None,
        )
        for c in STRUCTURE.components
    ]  # fmt: skip
    schema = Schema("datastructure", "OFFICE", "BAROMETER", Components(components), "1.0.0")
    frame = pd.DataFrame(_rows(folder, rows)).astype(object).fillna("")
    # pysdmx writes XML that is not well-formed where a text holds a quote
    frame["COMMENT_OBS"] = frame["COMMENT_OBS"].str.replace('"', "")
    data = PandasDataset(structure=schema, data=frame)
    target = folder / f"pysdmx-{form}"
    return lambda: write_sdmx([data], Format[form], output_path=str(target))


def _rows(folder: Path, rows: int) -> list[dict[str, object]]:
    with session([folder]) as engine:
        cursor = engine.run(_source(folder, rows))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, one, strict=True)) for one in cursor.fetchall()]


def _ours(folder: Path, rows: int, form: str, along: str | None = None) -> Timed:
    flow = Dataflow(STRUCTURE.reference, STRUCTURE.names, STRUCTURE.reference)
    header = Header("B1", datetime(2026, 1, 1, tzinfo=UTC), "OFFICE")
    message = DataMessage(flow, STRUCTURE, _source(folder, rows), header, along)

    engine = _engine(folder)

    def run() -> None:
        with (folder / form).open("wb") as file:
            file.writelines(chunks(engine, message, form))

    return run


def _engine(folder: Path) -> Engine:
    """Return an engine that stays open until the process ends: opening one is no part of the work."""
    opened = session([folder])
    atexit.register(opened.__exit__, None, None, None)
    return opened.__enter__()


def _source(folder: Path, rows: int) -> str:
    columns = ", ".join(name(component.id) for component in STRUCTURE.components)
    return f"SELECT {columns} FROM read_parquet('{_file(folder, rows)}')"


def _file(folder: Path, rows: int) -> Path:
    return folder / f"observations-{rows}.parquet"
