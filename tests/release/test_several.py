"""A structure with two measures, an attribute of several values and one in several languages, from assembled to release."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from assets import shown
from citizenstats.protect.protect import protect
from citizenstats.release.assemble import assemble
from citizenstats.release.candidate import candidates
from citizenstats.release.difference import difference
from citizenstats.release.history import history
from citizenstats.release.manifest import newest
from citizenstats.release.recall import recall
from citizenstats.release.release import release
from citizenstats.sdmx.model import Component
from citizenstats.sdmx.read import read_observations
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import chunks
from citizenstats.store import read_json

from . import support
from .support import FIRST, FLOW, NOW, OTHER, SECOND, read, row

RATE = Component("RATE", "measure", support.CONCEPTS.reference, "SAMPLE_SIZE", type="Double")
SOURCES = Component("SOURCES", "attribute", support.CONCEPTS.reference, "COMMENT_OBS", array=True)
NOTE = Component("NOTE", "attribute", support.CONCEPTS.reference, "COMMENT_OBS", languages=("en", "da"))
OLD = ["data.ml-2.1-structure-specific.xml", "schema.ml-2.1.xsd", "structures.ml-2.1.xml"]


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Make the office of the tests of releases with more components in its structure."""

    def made(*more):
        plain = support.structure()
        measures = [c for c in more if c.role == "measure"]
        rest = [c for c in more if c.role != "measure"]
        dsd = replace(plain, components=(*plain.components[:5], *measures, *plain.components[5:], *rest))
        found = support.structures()
        found = replace(found, data_structures={**found.data_structures, dsd.reference: dsd})
        monkeypatch.setattr(support, "structure", lambda identifier="HOMES": dsd)
        return support.office(tmp_path, found=found)

    return made


def taken(house, state, rows, number=1):
    """Take observations from the step before assembling through to release."""
    delivery = support.deliver(house, FIRST, number)
    support.observe(house, FIRST, state, rows, delivery=delivery)
    support.observe(house, SECOND, state, [])
    for flow in (FLOW, OTHER):
        assemble(house, flow)
    protect(house, support.FAMILY)
    return release(house, FLOW)


def full(area, rate=0.5, sources=("survey", 'a; "b"'), en="one", da="en, «to»", **more):
    return row(area, RATE=rate, SOURCES=list(sources), NOTE={"en": en, "da": da}, **more)


ROWS = [full("DK"), full("NP", sources=["survey"], da=None), row("PH", value=2.5)]


def test_it_is_released_in_the_formats_that_can_carry_it_and_says_which_are_left_out(office):
    house = office(RATE, SOURCES, NOTE)
    done = taken(house, "o1", ROWS)
    assert (done.status, done.added) == ("published", 3)
    names = {file.name for file in done.files}
    assert {"data.csv", "data.ml-3.0.xml", "schema.ml-3.0.xsd", "structures.json-2.0.json"} <= names
    assert not names & set(OLD)
    manifest = read_json(done.folder / "manifest.json")
    assert [(one["file"], one["rule"]) for one in manifest["left_out"]] == [
        (file, "ONE_MEASURE_ONLY") for file in OLD
    ]
    schema = resources.files("citizenstats.schemas") / "manifest.schema.json"
    jsonschema.validate(manifest, json.loads(schema.read_text()))
    assert "ONE_MEASURE_ONLY" in candidates(house, FLOW)[0].review.read_text("utf-8")
    assert "ONE_MEASURE_ONLY" in shown.released(house, done)["left out"].value


@pytest.mark.parametrize("attribute", [SOURCES, NOTE], ids=["several values", "several languages"])
def test_one_measure_with_an_attribute_of_several_parts_leaves_the_same_files_out(office, attribute):
    house = office(attribute)
    cell = {"SOURCES": ["a", "b"]} if attribute is SOURCES else {"NOTE": {"en": "one", "da": "en"}}
    done = taken(house, "o1", [row("DK", **cell)])
    left = read_json(done.folder / "manifest.json")["left_out"]
    assert [(one["file"], one["rule"]) for one in left] == [(file, "ONE_VALUE_ONLY") for file in OLD]


def test_a_plain_structure_leaves_nothing_out(office):
    done = taken(office(), "o1", [row("DK")])
    assert read_json(done.folder / "manifest.json")["left_out"] == []
    assert set(OLD) <= {file.name for file in done.files}


def test_its_messages_read_back_as_what_was_released(office, tmp_path):
    house = office(RATE, SOURCES, NOTE)
    done = taken(house, "o1", ROWS)
    columns = "REF_AREA, OBS_VALUE, RATE, SOURCES, NOTE"
    for name in ("data.csv", "data.ml-3.0.xml"):
        assert validate_message(done.folder / name, house.mappings.structures) == []
        back = tmp_path / f"{name}.parquet"
        read_observations(done.folder / name, house.mappings.structures, back)
        assert read(back, columns) == read(done.folder / "observations.parquet", columns)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"rate": 0.6}, id="second measure"),
        pytest.param({"sources": ["survey"]}, id="a value less", marks=pytest.mark.long),
        pytest.param({"sources": ['a; "b"', "survey"]}, id="another order"),
        pytest.param({"da": "et"}, id="one language", marks=pytest.mark.long),
        pytest.param({"en": None}, id="a language less", marks=pytest.mark.long),
    ],
)
def test_a_change_of_any_part_is_a_change_with_delta_and_history(office, changed):
    house = office(RATE, SOURCES, NOTE)
    taken(house, "o1", ROWS)
    assert taken(house, "o1b", ROWS, 2).status == "unchanged"
    done = taken(house, "o2", [full("DK", **changed), *ROWS[1:]], 3)
    assert (done.status, done.added, done.changed, done.withdrawn) == ("published", 0, 1, 0)
    former = read(done.folder / "history.parquet", "REF_AREA, RATE, SOURCES, NOTE")
    assert former == [("DK", 0.5, ["survey", 'a; "b"'], {"en": "one", "da": "en, «to»"})]
    assert (done.folder / "delta.csv").exists()


def test_below_the_minimum_both_measures_are_withheld(office):
    house = office(RATE, SOURCES, NOTE)
    rows = [{**one, "_minimum": 5} for one in ROWS]
    done = taken(house, "o1", [{**rows[0], "_n": 2}, *rows[1:]])
    values = {
        area: rest
        for area, *rest in read(done.folder / "observations.parquet", "REF_AREA, OBS_VALUE, RATE, OBS_STATUS")
    }
    assert values["DK"] == [None, None, "Q"]
    assert done.suppressed >= 1
    assert b"0.5" not in (done.folder / "data.csv").read_bytes().split(b"DK", 1)[1].split(b"\n", 1)[0]


def test_history_difference_and_recall_take_it(office, tmp_path):
    house = office(RATE, SOURCES, NOTE)
    taken(house, "o1", ROWS)
    taken(house, "o2", [full("DK", rate=0.9), ROWS[1]], 2)
    with difference(house, FLOW, "R0001", "R0002") as told:
        assert (told.changes.changed, told.changes.withdrawn) == (1, 1)
        (tmp_path / "diff.xml").write_bytes(b"".join(chunks(told.engine, told.messages, "ml-3.0")))
    with history(house, FLOW, None) as (engine, messages):
        (tmp_path / "history.xml").write_bytes(b"".join(chunks(engine, messages, "ml-3.0")))
    assert validate_message(tmp_path / "diff.xml", house.mappings.structures) == []
    recall(house, FLOW, "R0002", "Dora Deputy", "wrong")
    assert newest(house.store, FLOW).id == "R0001"
    taken_back = house.store.releases(FLOW) / "1.0.0" / "R0002" / "retracted" / "delta.ml-3.0.xml"
    assert validate_message(taken_back, house.mappings.structures) == []
