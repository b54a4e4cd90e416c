"""A dataflow's version was raised with releases standing: the old ones are read as they were published, to the last byte."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import duckdb
import jsonschema
import pysdmx.io
import pytest

from assets import shown
from citizenstats.cli.main import main
from citizenstats.engine import session
from citizenstats.errors import ReleaseError
from citizenstats.mapping.read import read_maps
from citizenstats.release.approve import approve
from citizenstats.release.difference import _renamed, difference
from citizenstats.release.history import as_of, history
from citizenstats.release.kept import release_message, structures_of, with_published
from citizenstats.release.manifest import newest, released, releases
from citizenstats.release.publish import publish_due
from citizenstats.release.recall import recall
from citizenstats.release.reject import reject
from citizenstats.release.release import release
from citizenstats.release.release import standing as standing_now
from citizenstats.release.withdraw import withdraw_delivery
from citizenstats.sdmx.model import Dataflow, Reference, Structures
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, chunks
from citizenstats.store import read_json
from citizenstats.verify import release_faults
from tests.conftest import spread

from .support import FIRST, FLOW, LISTS, OTHER, deliver, office, protect, row, structure, structures
from .test_delta import applied

OLD, NEW = f"{FLOW}(1.0.0)", f"{FLOW}(2.0.0)"
RECODED = {"1.0.0": {"REF_AREA": {"DK": "DNK", "NP": "NPL"}}}
FEBRUARY, MARCH, APRIL = (datetime(2026, month, 10, 8, tzinfo=UTC) for month in (2, 3, 4))


def raised(codes=("DNK", "NPL"), flow="2.0.0"):
    """Return the structures of the second version: another list of areas, and the structure and dataflow that use it."""
    areas = replace(
        LISTS["REF_AREA"],
        reference=Reference("OFFICE", "CL_AREA", "2.0.0"),
        items=tuple(replace(LISTS["REF_AREA"].items[0], id=code) for code in codes),
    )
    first = structures()
    components = tuple(
        replace(c, codelist=areas.reference) if c.id == "REF_AREA" else c for c in structure().components
    )
    second = replace(structure(), reference=Reference("OFFICE", "HOMES", "2.0.0"), components=components)
    reference = Reference("OFFICE", "HOMES", flow)
    kept = {r: f for r, f in first.dataflows.items() if r.id != "HOMES"}
    return Structures(
        {**first.schemes, areas.reference: areas},
        {**first.data_structures, second.reference: second},
        {**kept, reference: Dataflow(reference, {"en": "Homes"}, second.reference)},
    )


def published(house, state, rows, time, clock):
    clock.setenv("CITIZENSTATS_NOW", time.isoformat())
    delivery = deliver(house, FIRST, time.month, time.isoformat())
    protect(house, state, {FLOW: rows}, [delivery])
    return release(house, FLOW)


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A house in which two releases of the first version stand and one of the second; do not change it."""
    with pytest.MonkeyPatch.context() as clock:
        return two_versions(tmp_path_factory.mktemp("standing"), clock)


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Return such a house that may be changed."""
    return two_versions(tmp_path, monkeypatch)


def two_versions(home, clock):
    house = office(home)
    published(house, "s2", [row("DK", value=1), row("NP", value=2)], FEBRUARY, clock)
    published(house, "s3", [row("DK", value=1), row("NP", value=3), row("PH", value=4)], MARCH, clock)
    house = office(home, found=raised(), version="2.0.0", recoded=RECODED)
    # Nobody but a person can say what two versions show together.
    assert (
        published(house, "s4", [row("DNK", value=1), row("NPL", value=3)], APRIL, clock).status == "waiting"
    )
    approve(house, FLOW, None, "Dora Deputy", "the codes are those of ISO")
    assert [(str(r.dataflow), r.id) for r in releases(house.store, FLOW)] == [
        ("OFFICE:HOMES(1.0.0)", "R0001"),
        ("OFFICE:HOMES(1.0.0)", "R0002"),
        ("OFFICE:HOMES(2.0.0)", "R0001"),
    ]
    return house


def exported(house, one, form):
    with session([one.folder], scratch=house.store.scratch) as engine:
        return b"".join(chunks(engine, release_message(house, one), form))


@pytest.mark.parametrize("form", spread(sorted(FORMATS)))
def test_every_format_of_an_old_version_is_written_and_valid_and_as_it_was_published(
    standing, tmp_path, form
):
    old = released(standing, OLD, "R0002")
    file = tmp_path / FORMATS[form].file_name
    file.write_bytes(exported(standing, old, form))
    assert validate_message(file, with_published(standing.mappings.structures, standing.store)) == []
    if (old.folder / file.name).exists():
        assert file.read_bytes() == (old.folder / file.name).read_bytes()


def test_what_is_kept_beside_a_release_are_its_structures_and_no_others(standing):
    old, new = released(standing, OLD), released(standing, NEW)
    codes = [[*structures_of(r).scheme(areas(r)).by_id] for r in (old, new)]
    assert codes == [["DK", "NP", "PH"], ["DNK", "NPL"]]
    assert structures_of(new).dataflows == {
        new.dataflow: standing.mappings.structures.dataflows[new.dataflow]
    }


def test_consumers_are_told_the_version_and_what_was_recoded(standing):
    pointer = read_json(standing.store.releases(FLOW) / "latest.json")
    assert (pointer["dataflow"], pointer["path"]) == (NEW, "2.0.0/R0001")
    manifest = read_json(released(standing, NEW).folder / "manifest.json")
    schema = json.loads((resources.files("citizenstats.schemas") / "manifest.schema.json").read_text())
    jsonschema.validate(manifest, schema)
    assert (manifest["dataflow"], manifest["parent"], manifest["recoded"]) == (NEW, None, RECODED)
    assert "recoded" not in released(standing, OLD).facts
    with duckdb.connect(str(standing.store.catalog), read_only=True) as catalog:
        assert catalog.execute("SELECT version, release FROM releases").fetchall() == [("2.0.0", "R0001")]
        shown = catalog.execute('SELECT REF_AREA FROM "OFFICE"."HOMES" ORDER BY 1').fetchall()
    assert shown == [("DNK",), ("NPL",)]


def areas(one):
    structure = structures_of(one).structure_of(one.dataflow)
    return structure.by_id["REF_AREA"].codelist


def test_the_command_writes_and_validates_an_old_version_that_the_mappings_no_longer_have(
    standing, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("citizenstats.house.load_mappings", lambda folder: standing.mappings)
    monkeypatch.setattr("citizenstats.contracts.load.load_mappings", lambda folder: standing.mappings)
    out, home = tmp_path / "old.csv", ["--home", str(standing.store.home)]

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main([*words, *home])
        return left.value.code, capsys.readouterr().out

    told = ["--format", "csv-2.1", "--out", str(out)]
    assert run("export", OLD, "--release", "R0001", *told)[0] == 0
    assert {line["REF_AREA"] for line in csv.DictReader(io.StringIO(out.read_text()))} == {"DK", "NP"}
    assert run("validate", str(out)) == (0, f"{out}: valid\n")
    assert run("export", FLOW, "--as-of", "2026-03-20T00:00:00Z", *told)[0] == 0
    assert {line["REF_AREA"] for line in csv.DictReader(io.StringIO(out.read_text()))} == {"DK", "NP", "PH"}
    code, text = run("diff", FLOW, "1.0.0/R0002", "2.0.0/R0001", "--json")
    schema = json.loads((resources.files("citizenstats.schemas") / "diff.schema.json").read_text())
    jsonschema.validate(json.loads(text), schema)
    assert (code, json.loads(text)["before"], json.loads(text)["withdrawn"]) == (0, "1.0.0/R0002", 1)
    code, text = run("releases", OLD)
    assert (code, "1.0.0" in text, "2.0.0" in text) == (0, True, False)


def test_the_history_is_that_of_the_version_that_is_asked_for(standing):
    assert [as_of(standing, OLD, time).id for time in (FEBRUARY, MARCH, APRIL)] == ["R0001", "R0002", "R0002"]
    assert as_of(standing, FLOW, MARCH).dataflow.version == "1.0.0"
    assert as_of(standing, FLOW, APRIL).dataflow.version == "2.0.0"
    with pytest.raises(ReleaseError, match="NOTHING_YET"):
        as_of(standing, NEW, MARCH)
    with history(standing, OLD, FEBRUARY, every=False) as (engine, messages):
        assert [m.action for m in messages] == ["Replace"]
        assert sorted(engine.rows(f'SELECT "REF_AREA", "OBS_VALUE" FROM ({messages[0].source})')) == [
            ("NP", 3),
            ("PH", 4),
        ]


def test_releases_of_one_version_are_compared_and_those_of_two_are_not(standing):
    with difference(standing, OLD, "R0001", "R0002") as found:
        assert (found.changes.added, found.changes.changed, found.changes.withdrawn) == (1, 1, 0)
        text = b"".join(chunks(found.engine, found.messages, "csv-2.1")).decode()
        assert {line["REF_AREA"] for line in csv.DictReader(io.StringIO(text))} == {"NP", "PH"}
    for one, other in (("R0002", "R0001"), ("2.0.0/R0001", "1.0.0/R0002")):
        with pytest.raises(ReleaseError, match="TWO_VERSIONS"), difference(standing, FLOW, one, other):
            pass


def test_two_versions_are_compared_under_the_codes_of_the_later_one(standing):
    with difference(standing, FLOW, "1.0.0/R0002", "2.0.0/R0001") as found:
        assert [(r["REF_AREA"], r["change"], r["OBS_VALUE_before"]) for r in found.rows(9)] == [
            ("PH", "withdrawn", 4)
        ]
        assert found.messages == ()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"DK": "DNK", "NP": "NPL"}, [("DK", "DNK"), ("NP", "NPL")]),
        ({"DK": "NP", "NP": "DK"}, [("DK", "NP"), ("NP", "DK")]),
        # Merged, split, merged into a code that stays, no longer there.
        ({"DK": "EU", "NP": "EU"}, []),
        ({"DK": ["DK1", "DK2"]}, []),
        ({"DK": "PH"}, []),
        ({"SE": "SWE"}, []),
    ],
)
def test_only_a_code_that_was_renamed_has_a_counterpart(said, expected):
    assert _renamed(said, ["DK", "NP", "PH"]) == expected


def test_an_old_version_is_recalled_with_messages_that_take_receivers_back(both):
    first, second = (released(both, OLD, name) for name in ("R0001", "R0002"))
    before, after = (applied({}, (one.folder / "data.csv").read_text()) for one in (first, second))
    with pytest.raises(ReleaseError, match="TWO_VERSIONS"):
        recall(both, FLOW, "R0001", "Dora Deputy", "it showed too much")
    recall(both, OLD, "R0002", "Dora Deputy", "it showed too much")
    delta = second.folder / "retracted" / "delta.csv"
    assert applied(after, delta.read_text()) == before != after
    assert validate_message(delta, structures_of(first)) == []
    assert released(both, OLD).id == "R0001"
    # What is newest overall is the new version, as before.
    assert read_json(both.store.releases(FLOW) / "latest.json")["dataflow"] == NEW


def test_a_dataflow_that_the_mappings_no_longer_have_can_still_be_recalled_and_withdrawn(both):
    flows = {f: file for f, file in both.mappings.dataflows.items() if f != FLOW}
    house = replace(both, mappings=replace(both.mappings, dataflows=flows))
    recall(house, NEW, "R0001", "Dora Deputy", "the codes are wrong")
    assert newest(house.store, FLOW).dataflow.version == "1.0.0"
    done = withdraw_delivery(house, FIRST, "3", "Carla Chief", "asked for by the community council")
    assert done.releases == (f"{OLD} R0001", f"{OLD} R0002")
    assert newest(house.store, FLOW) is None


def test_what_leaves_does_not_wait_for_structures_that_cannot_be_read(both):
    old = released(both, OLD, "R0002")
    (old.folder / "structures.json-2.0.json").unlink()
    with pytest.raises(ReleaseError, match="STRUCTURES_GONE"):
        exported(both, old, "csv-2.1")
    recall(both, OLD, "R0002", "Dora Deputy", "it showed too much")
    assert not old.observations.exists()
    assert release_faults(both, FLOW) == []


def test_what_was_signed_off_in_an_old_version_comes_out_in_it(tmp_path, monkeypatch):
    embargo = {"embargo": {"until": "2026-04-01T08:00:00Z"}, "review": "required"}
    house = office(tmp_path, **embargo)
    published(house, "s2", [row("DK", value=1)], FEBRUARY, monkeypatch)
    approve(house, FLOW, None, "Dora Deputy", "")
    candidate = house.store.candidates(FLOW) / "C0001"
    # Its message is gone, so that all of it is made again, when the mappings know another version.
    (candidate / "data.csv").unlink()
    house = office(tmp_path, found=raised(), version="2.0.0", **embargo)
    monkeypatch.setenv("CITIZENSTATS_NOW", APRIL.isoformat())
    assert publish_due(house, FLOW)
    one = released(house, OLD)
    assert "DK" in (one.folder / "data.csv").read_text()
    assert validate_message(one.folder / "data.ml-3.0.xml", structures_of(one)) == []


def other_measure():
    """Return the structures of a second version that has another measure."""
    found = raised()
    [(reference, dsd)] = [(r, s) for r, s in found.data_structures.items() if r.version == "2.0.0"]
    components = tuple(replace(c, id="SHARE") if c.role == "measure" else c for c in dsd.components)
    return replace(
        found, data_structures={**found.data_structures, reference: replace(dsd, components=components)}
    )


def test_what_is_newest_is_shown_by_its_own_structure_whatever_the_mappings_know(tmp_path, monkeypatch):
    house = office(tmp_path)
    published(house, "s2", [row("DK", value=1)], FEBRUARY, monkeypatch)
    done = published(house, "s3", [row("DK", value=2), row("NP", value=None)], MARCH, monkeypatch)
    expected = shown.released(house, done)["observations by period"]
    later = office(tmp_path, found=other_measure(), version="2.0.0")
    assert (
        shown.released(later, standing_now(later, FLOW, newest(later.store, FLOW)))["observations by period"]
        == expected
    )
    unknown = {f: file for f, file in house.mappings.dataflows.items() if f != FLOW}
    gone = replace(house, mappings=replace(house.mappings, dataflows=unknown))
    told = shown.released(gone, recall(gone, OLD, "R0002", "Dora Deputy", "it showed too much"))
    assert told["release"].value == "R0001"
    assert told["observations by period"] != expected


def test_a_rejected_candidate_whose_files_left_is_shown_without_them(tmp_path, monkeypatch):
    house = office(tmp_path)
    published(house, "s2", [row("DK", value=1)], FEBRUARY, monkeypatch)
    house = office(tmp_path, review="required")
    assert published(house, "s3", [row("DK", value=2)], MARCH, monkeypatch).status == "waiting"
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    told = shown.released(house, recall(house, FLOW, "R0001", "Dora Deputy", "it showed too much"))
    assert "was rejected" in told["status"].value
    assert "data.csv" not in told["files"].value


def test_the_map_of_codes_is_beside_the_release_as_a_structure_map(standing):
    new = released(standing, NEW)
    file = new.folder / "recoded.json-2.0.json"
    assert validate_message(file, None) == []
    assert file.name in {one["name"] for one in new.facts["files"]}
    found = read_maps(file)
    (structure_map,), (codes,) = found.structure_maps, found.representation_maps
    assert structure_map.source.endswith(f"Dataflow={OLD}")
    assert structure_map.target.endswith(f"Dataflow={NEW}")
    assert {m.sources[0].value: m.targets for m in codes.mappings} == {"DK": ("DNK",), "NP": ("NPL",)}
    assert [c.targets[0] for c in structure_map.components if c.representation] == ["REF_AREA"]
    # What has no counterpart is named.
    assert [(a.title, a.text["en"]) for a in structure_map.annotations] == [
        ("code: REF_AREA PH", "no longer there")
    ]
    assert not (released(standing, OLD).folder / file.name).exists()
    assert release_faults(standing, FLOW) == []


@pytest.mark.parametrize("form", ["ml-3.0", "json-2.0"])
def test_the_command_writes_the_map_between_versions(standing, form, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("citizenstats.contracts.load.load_mappings", lambda folder: standing.mappings)
    out = tmp_path / "map"
    words = [
        "mapping",
        "export",
        FLOW,
        "--format",
        form,
        "--out",
        str(out),
        "--home",
        str(standing.store.home),
    ]
    with pytest.raises(SystemExit) as left:
        main([*words, "--json"])
    facts = json.loads(capsys.readouterr().out)
    schema = json.loads((resources.files("citizenstats.schemas") / "mapping.schema.json").read_text())
    jsonschema.validate(facts, schema)
    assert (left.value.code, facts["dataflow"], facts["dataset"]) == (0, FLOW, None)
    assert facts["not_said"] == [
        {"dataflow": FLOW, "part": "REF_AREA PH", "kind": "code", "says": "no longer there"}
    ]
    assert validate_message(out, None) == []
    assert read_maps(out) == read_maps(released(standing, NEW).folder / "recoded.json-2.0.json")
    (found,) = pysdmx.io.read_sdmx(str(out)).get_structure_maps()
    assert {m.source: m.target for m in found.implicit_component_maps}["SEX"] == "SEX"
    with pytest.raises(SystemExit):
        main(["mapping", "export", OTHER, "--out", str(out), "--home", str(standing.store.home)])
    assert "NO_MAP" in capsys.readouterr().err
