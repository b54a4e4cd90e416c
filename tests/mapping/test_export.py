"""Contracts of the four systems as structure maps: valid, read by others, and nothing dropped silently."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

import jsonschema
import pysdmx.io
import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import MappingError, MessageError
from citizenstats.mapping.export import ANNOTATION, exported
from citizenstats.mapping.message import FORMATS, message
from citizenstats.mapping.read import parse_maps, read_maps
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.validate import validate_message
from tests.mapping.support import command

ROOT = Path(__file__).parents[2]
MAPPINGS = load_mappings(ROOT / "sdmx_mappings")
HEADER = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "CITIZENSTATS", test=True)
SUFFIX = {"ml-3.0": "xml", "json-2.0": "json"}
DATASETS = sorted(MAPPINGS.datasets)


@cache
def made(dataset: str, form: str) -> bytes:
    return message(exported(MAPPINGS, MAPPINGS.dataset(dataset)), form, HEADER)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_contracts_maps_are_valid_and_come_back_as_they_went_out(
    dataset: str, form: str, tmp_path: Path
) -> None:
    file = tmp_path / f"map.{SUFFIX[form]}"
    file.write_bytes(made(dataset, form))
    assert validate_message(file, None) == []
    assert read_maps(file) == exported(MAPPINGS, MAPPINGS.dataset(dataset)).maps


@pytest.mark.parametrize("form", FORMATS)
def test_pysdmx_reads_what_we_write(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"map.{SUFFIX[form]}"
    file.write_bytes(made("dihr/lgbt_barometer", form))
    (found,) = pysdmx.io.read_sdmx(str(file)).get_structure_maps()
    assert found.source.endswith("DataStructure=CITIZENSTATS:DSD_DIHR_LGBT_BAROMETER(1.0.0)")
    assert found.target.endswith("Dataflow=CITIZENSTATS:LGBT_BAROMETER(1.0.0)")
    assert {m.target: m.value for m in found.fixed_value_maps}["REF_AREA"] == "DK"
    copied = {m.source: m.target for m in found.implicit_component_maps}
    assert copied["procent"] == "OBS_VALUE"
    assert copied["aar"] == "TIME_PERIOD"
    sex = next(m for m in found.component_maps if m.target == "SEX")
    representations = pysdmx.io.read_sdmx(str(file)).get_representation_maps()
    lines = next(r for r in representations if r.id.endswith("_SEX"))
    assert isinstance(sex.values, str) or len(sex.values) == 3
    assert {line.source: line.target for line in lines} == {"I alt": "_T", "Kvinder": "F", "Mænd": "M"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_component_of_the_contract_is_in_the_map_or_named_as_left_out(dataset: str) -> None:
    found = MAPPINGS.dataset(dataset)
    told = exported(MAPPINGS, found)
    for target, structure_map in zip(found.contract.targets, told.maps.structure_maps, strict=True):
        said = {t for c in structure_map.components for t in c.targets}
        said |= {f.component for f in structure_map.fixed}
        unsaid = {u.part for u in told.unsaid if u.dataflow == target.dataflow}
        assert set(target.map) <= said | unsaid
        assert not {c for c, m in target.map.items() if m.sql is not None} & said
        written = [a.title for a in structure_map.annotations if a.type == ANNOTATION]
        assert written == [f"{u.kind}: {u.part}" for u in told.unsaid if u.dataflow == target.dataflow]


def test_the_source_structure_is_made_from_the_columns() -> None:
    told = exported(MAPPINGS, MAPPINGS.dataset("right_to_defend/assessments"))
    assert [d.id for d in told.source.dimensions] == ["country", "year", "question"]
    assert {m.id: m.type for m in told.source.measures}["answer"] == "Boolean"
    assert set(told.concepts.by_id) == set(MAPPINGS.dataset("right_to_defend/assessments").contract.columns)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(MessageError, match=r"ml-3\.0"):
        message(exported(MAPPINGS, MAPPINGS.dataset("dihr/lgbt_barometer")), "csv-2.1", HEADER)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "NOT_WELL_FORMED"),
        (b"<a", "NOT_WELL_FORMED"),
        (b"<a/>", "NO_MAP"),
        (b"[]", "NO_MAP"),
        (b"{}", "NO_MAP"),
        (b'{"data": {"structureMaps": [{"id": "A"}]}}', "NOT_A_MAP"),
        (b'{"data": {"structureMaps": [{"id": "A", "agencyID": "B", "componentMaps": [1]}]}}', "NOT_A_MAP"),
        (b'{"StructureMap": [{"id": "A"}]}', "NOT_A_MAP"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "NO_MAP"),
    ],
)
def test_what_is_no_map_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_maps(content, "here")
    assert caught.value.code == code


def test_the_command_writes_a_map_and_tells_what_it_leaves_out(tmp_path: Path) -> None:
    file = tmp_path / "map.xml"
    told = ("--mappings", ROOT / "sdmx_mappings", "mapping", "export", "dihr/lgbt_barometer")
    said = command(*told, "--out", file, "--json")
    facts = json.loads(said.stdout)
    schema = json.loads((resources.files("citizenstats.schemas") / "mapping.schema.json").read_text("utf-8"))
    jsonschema.validate(facts, schema)
    assert {"part": "_n", "kind": "companion"}.items() <= facts["not_said"][2].items()
    assert len(read_maps(file).structure_maps) == 1
    again = command(*told, "--format", "json-2.0", "--out", "-")
    assert json.loads(again.stdout)["data"]["structureMaps"]
