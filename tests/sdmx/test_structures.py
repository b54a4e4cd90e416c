"""Structure messages: valid, read by both libraries, and the same artefacts come back."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pysdmx.io
import pytest
import sdmx
import sdmx.reader.xml.v21
import sdmx.reader.xml.v30  # both before the first message: sdmx1 2.28 fails on 3.0 after 2.1 otherwise

from citizenstats.contracts.load import load_mappings
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import ItemScheme, Reference, Structures
from citizenstats.sdmx.structures import FORMATS, structure_message
from citizenstats.sdmx.validate import validate_message

ROOT = Path(__file__).parents[2]
HEADER = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "CITIZENSTATS")
FLOWS = (
    "CITIZENSTATS:DISABILITY_BAROMETER(1.0.0)", "CITIZENSTATS:LGBT_BAROMETER(1.0.0)",
    "CITIZENSTATS:INDIGENOUS_NAVIGATOR(1.0.0)", "CITIZENSTATS:RIGHT_TO_DEFEND(1.0.0)", "IAEG-SDGs:DF_SDG_GLC(1.0)",
)  # fmt: skip
SHAPES = [(flow, form) for flow in FLOWS for form in FORMATS]


@cache
def structures() -> Structures:
    return load_mappings(ROOT / "sdmx_mappings").structures


@cache
def written(flow: str, form: str) -> bytes:
    return structure_message(structures(), [Reference.parse(flow)], form, HEADER)


def codelists(flow: str) -> list[ItemScheme]:
    structure = structures().structure_of(Reference.parse(flow))
    return [structures().scheme(r) for r in sorted({c.codelist for c in structure.components if c.codelist})]


def parents(form: str, codelist: ItemScheme) -> dict[str, str | None]:
    """Code → parent, as a format can say it: 3.0 has no word for a parent that does not begin with a letter."""
    lost = "_" if form == "ml-3.0" else " "
    return {item.id: None if (item.parent or "").startswith(lost) else item.parent for item in codelist.items}


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_a_structure_message_is_valid(tmp_path: Path, flow: str, form: str) -> None:
    (tmp_path / "message").write_bytes(written(flow, form))
    assert [str(f) for f in validate_message(tmp_path / "message", None)] == []


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_back_all_code_lists_and_the_structure(flow: str, form: str) -> None:
    message = pysdmx.io.read_sdmx(io.BytesIO(written(flow, form)), validate=False)
    found = {f"{c.agency}:{c.id}({c.version})": c for c in message.get_codelists()}
    for codelist in codelists(flow):
        codes = list(found[str(codelist.reference)].items)
        assert [(code.id, code.name) for code in codes] == [
            (item.id, item.names.get("en") or next(iter(item.names.values()))) for item in codelist.items
        ]
    (definition,) = message.get_data_structure_definitions()
    structure = structures().structure_of(Reference.parse(flow))
    assert [c.id for c in definition.components.dimensions] == list(structure.key)
    assert {c.id for c in definition.components.attributes} == {c.id for c in structure.attributes}
    assert [c.id for c in definition.components.measures] == [c.id for c in structure.measures]
    (dataflow,) = message.get_dataflows()
    assert f"{dataflow.agency}:{dataflow.id}({dataflow.version})" == flow


@pytest.mark.parametrize(("flow", "form"), [s for s in SHAPES if s[1].startswith("ml")])
def test_sdmx1_reads_back_names_in_all_languages_parents_and_attachments(flow: str, form: str) -> None:
    message: Any = sdmx.read_sdmx(io.BytesIO(written(flow, form)))
    for codelist in codelists(flow):
        found = message.codelist[codelist.reference.id]
        assert list(found.items) == [item.id for item in codelist.items]
        for item in codelist.items:
            assert dict(found[item.id].name.localizations) == dict(item.names)
        assert {c.id: c.parent.id if isinstance(c.parent, type(c)) else None for c in found} == parents(
            form, codelist
        )
    structure = structures().structure_of(Reference.parse(flow))
    definition = message.structure[structure.reference.id]
    assert [d.id for d in definition.dimensions] == list(structure.key)
    assert message.dataflow[Reference.parse(flow).id].structure.id == structure.reference.id
    for attribute in structure.attributes:
        kind = type(definition.attributes.get(attribute.id).related_to).__name__
        levels = {
            "observation": ("PrimaryMeasureRelationship", "ObservationRelationship"),
            "series": ("DimensionRelationship", "GroupRelationship"),
            "dataset": ("NoSpecifiedRelationship", "DataflowRelationship", "type", "ABCMeta"),
        }
        assert kind in levels[attribute.attachment], (attribute.id, kind)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_structures_give_the_same_bytes(form: str) -> None:
    fresh = load_mappings(ROOT / "sdmx_mappings").structures
    assert structure_message(fresh, [Reference.parse(FLOWS[1])], form, HEADER) == written(FLOWS[1], form)


def test_providers_agreements_constraints_and_categories_are_told() -> None:
    for flow in FLOWS[:4]:
        old, new = written(flow, "ml-2.1").decode(), written(flow, "json-2.0").decode()
        for word in (
            "DataProviderScheme",
            "ProvisionAgreement",
            "AgencyScheme",
            "CategoryScheme",
            "Categorisation",
        ):
            assert f":{word}" in old
            assert f".{word}=" in new
        assert "ContentConstraint" in old
        assert "DataConstraint" in new
