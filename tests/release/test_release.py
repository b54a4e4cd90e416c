import hashlib
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import duckdb
import jsonschema
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.release import publish as publish_module
from citizenstats.release import release as release_module
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates, decide
from citizenstats.release.decision import sign
from citizenstats.release.manifest import newest, releases
from citizenstats.release.publish import publish_due
from citizenstats.release.release import release
from citizenstats.store import Store

from .support import FIRST, FLOW, NOW, OTHER, deliver, office, protect, read, row, structures

JANUARY, FEBRUARY = "2026-01-10T08:00:00Z", "2026-02-10T08:00:00Z"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def prepared(house, state, rows, number=1, arrived=JANUARY, other=()):
    protect(house, state, {FLOW: rows, OTHER: list(other)}, [deliver(house, FIRST, number, arrived)])


def everything(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def manifest_of(house, name="R0001"):
    return json.loads((house.store.releases(FLOW) / "1.0.0" / name / "manifest.json").read_text())


# --- what a release is ------------------------------------------------------------------------------------


def test_a_first_state_becomes_the_first_release_with_all_its_files(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row("DK"), row("NP", value=None), row("PH", OBS_STATUS="L", value=None)])
    done = release(house, FLOW)
    assert (done.status, done.release, done.candidate) == ("published", "R0001", "C0001")
    assert (done.observations, done.suppressed, done.flagged) == (3, 1, 1)
    assert (done.added, done.changed, done.withdrawn) == (3, 0, 0)
    assert {file.name for file in done.files} == {
        "observations.parquet", "history.parquet", "data.csv", "data.ml-3.0.xml",
        "data.ml-2.1-structure-specific.xml", "structures.ml-2.1.xml", "structures.ml-3.0.xml",
        "structures.json-2.0.json", "schema.ml-2.1.xsd", "schema.ml-3.0.xsd", "metadata.json-2.0.json",
        "metadata.ml-3.0.xml", "metadata-structure.ml-3.0.xml",
    }  # fmt: skip
    assert all(file.exists() for file in done.files)
    assert json.loads((house.store.releases(FLOW) / "latest.json").read_text())["path"] == "1.0.0/R0001"


def test_manifest_and_pointer_keep_their_schemas_and_the_digests_are_right(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    folder = release(house, FLOW).folder
    for path in (folder / "manifest.json", folder.parents[1] / "latest.json"):
        schema = resources.files("citizenstats.schemas") / f"{path.stem}.schema.json"
        jsonschema.validate(json.loads(path.read_text()), json.loads(schema.read_text()))
    told = json.loads((folder / "manifest.json").read_text())
    assert {f["name"] for f in told["files"]} | {"manifest.json"} == {p.name for p in folder.iterdir()}
    for file in told["files"]:
        content = (folder / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])
    assert told["prepared"] == told["loaded"] == JANUARY
    assert told["deliveries"] == [f"{FIRST}/000001"]
    assert [c["dataset"] for c in told["contracts"]] == ["kin/homes", "kin/more_homes"]


def test_nothing_restricted_is_in_a_public_file(tmp_path):
    house = office(tmp_path, review="required")
    prepared(house, "s1", [row()])
    release(house, FLOW)
    approve(house, FLOW, None, "Carla Chief")
    for name, content in everything(house.store.published).items():
        for word in (
            b"secret name",
            b"Ada Author",
            b"_minimum",
            b"_deliveries",
            b"_dataset",
            str(tmp_path).encode(),
        ):
            assert word not in content or (name == "catalog.duckdb" and word == str(tmp_path).encode()), (
                name,
                word,
            )


def test_two_homes_with_the_same_deliveries_publish_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        house = office(tmp_path / name)
        for state, value in (("s1", 1.0), ("s2", 2.0)):
            prepared(house, state, [row(value=value), row("NP")])
            release(house, FLOW)
    one, two = (everything(tmp_path / name / "published" / "OFFICE") for name in ("one", "two"))
    assert len(one) == 2 * 14 + 4 + 1
    assert one == two


# --- what changes ------------------------------------------------------------------------------------------


def test_no_change_makes_nothing_new_even_after_another_delivery(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    release(house, FLOW)
    before = everything(house.store.published)
    prepared(house, "s2", [row()], number=2, arrived=FEBRUARY, other=[row("NP")])
    done = release(house, FLOW)
    assert (done.status, done.release, done.added, done.observations) == ("unchanged", "R0001", 0, 1)
    assert everything(house.store.published) == before
    assert len(candidates(house, FLOW)) == 1


def test_a_change_makes_the_next_release_that_names_its_parent(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row("DK", value=1), row("NP", value=2), row("PH", value=3)])
    release(house, FLOW)
    prepared(house, "s2", [row("DK", value=1), row("NP", value=5)], number=2, arrived=FEBRUARY)
    done = release(house, FLOW)
    assert (done.status, done.release, done.added, done.changed, done.withdrawn) == (
        "published",
        "R0002",
        0,
        1,
        1,
    )
    assert manifest_of(house, "R0002")["parent"] == "R0001"
    times = {"DK": JANUARY, "NP": FEBRUARY}
    for area, valid_from in read(done.folder / "observations.parquet", '"REF_AREA", valid_from'):
        assert valid_from == datetime.fromisoformat(times[area]).astimezone(UTC)
    history = read(done.folder / "history.parquet", '"REF_AREA", "OBS_VALUE", valid_to::VARCHAR')
    assert [h[:2] for h in history] == [("NP", 2.0), ("PH", 3.0)]


def test_load_times_go_forward_when_the_same_deliveries_say_something_else(tmp_path):
    house = office(tmp_path)
    for state, value in (("s1", 1.0), ("s2", 2.0), ("s3", 1.0)):
        prepared(house, state, [row(value=value)])
        release(house, FLOW)
    told = [manifest_of(house, r.id) for r in releases(house.store, FLOW)]
    assert [t["prepared"] for t in told] == [JANUARY] * 3
    assert [t["loaded"] for t in told] == [JANUARY, "2026-01-10T08:00:01Z", "2026-01-10T08:00:02Z"]
    assert len({t["message_id"] for t in told}) == 3


def test_structures_that_change_make_a_release_without_changed_observations(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    release(house, FLOW)
    areas = structures().scheme(
        structures().structure_of(house.mappings.reference(FLOW)).by_id["REF_AREA"].codelist
    )
    renamed = type(areas)(areas.kind, areas.reference, {"en": "Places"}, areas.items)
    house = office(tmp_path, found=structures(REF_AREA=renamed))
    done = release(house, FLOW)
    assert (done.status, done.release, done.added, done.changed) == ("published", "R0002", 0, 0)


def test_everything_withdrawn_is_a_release_with_history_only(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    release(house, FLOW)
    prepared(house, "s2", [], number=2, arrived=FEBRUARY)
    done = release(house, FLOW)
    assert (done.release, done.observations, done.withdrawn) == ("R0002", 0, 1)
    assert len(read(done.folder / "history.parquet")) == 1


def test_a_dataflow_that_never_had_an_observation_is_not_released(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [])
    done = release(house, FLOW)
    assert (done.status, done.release, done.files) == ("unchanged", None, ())
    assert not house.store.releases(FLOW).exists()


def test_a_family_that_was_not_protected_is_not_released(tmp_path):
    with pytest.raises(ReleaseError, match="NOT_PROTECTED"):
        release(office(tmp_path), FLOW)


# --- sign-off ---------------------------------------------------------------------------------------------


def waiting(tmp_path, **flow):
    house = office(tmp_path, **{"review": "required", **flow})
    prepared(house, "s1", [row()])
    return house, release(house, FLOW)


def test_a_candidate_waits_out_of_sight_until_someone_signs(tmp_path):
    house, done = waiting(tmp_path)
    assert (done.status, done.candidate, done.release) == ("waiting", "C0001", None)
    assert list(house.store.releases(FLOW).glob("*")) == []
    assert release(house, FLOW) == done
    signed = approve(house, FLOW, None, "  Carla   Chief ", "looked at all of it")
    assert (signed.status, signed.release) == ("published", "R0001")
    assert manifest_of(house)["sign_off"] == {
        "by": "Carla Chief", "note": "looked at all of it", "required": True, "time": NOW,
        "signatures": [{"by": "Carla Chief", "note": "looked at all of it", "time": NOW}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "person", ["Ada Author", " ada  AUTHOR", "Ada Author <other@example.org>", "BO WRITER", "\uff21da Author"]
)
def test_who_wrote_a_contract_behind_it_cannot_sign(tmp_path, person):
    house, _ = waiting(tmp_path)
    with pytest.raises(ReleaseError, match="OWN_CONTRACT"):
        approve(house, FLOW, None, person)
    assert candidates(house, FLOW)[0].is_waiting


@pytest.mark.parametrize("person", ["", "  ", "<a@example.org>"])
def test_nobody_cannot_sign(tmp_path, person):
    house, _ = waiting(tmp_path)
    with pytest.raises(ReleaseError, match="NO_NAME"):
        approve(house, FLOW, None, person)


def test_a_newer_state_makes_a_waiting_candidate_obsolete(tmp_path):
    house, _ = waiting(tmp_path)
    prepared(house, "s2", [row(value=9)], number=2, arrived=FEBRUARY)
    assert release(house, FLOW).candidate == "C0002"
    with pytest.raises(ReleaseError, match="OBSOLETE: C0001 is obsolete: C0002 is newer"):
        approve(house, FLOW, "C0001", "Carla Chief")
    assert approve(house, FLOW, None, "Carla Chief").release == "R0001"
    assert read(newest(house.store, FLOW).observations, '"OBS_VALUE"') == [(9.0,)]
    with pytest.raises(ReleaseError, match="DECIDED"):
        approve(house, FLOW, "C0002", "Carla Chief")
    with pytest.raises(ReleaseError, match="NOTHING_WAITS"):
        approve(house, FLOW, None, "Carla Chief")
    with pytest.raises(ReleaseError, match="NO_SUCH_CANDIDATE"):
        approve(house, FLOW, "C0007", "Carla Chief")


def test_a_state_that_returns_to_the_released_one_makes_the_candidate_obsolete(tmp_path):
    house, _ = waiting(tmp_path)
    approve(house, FLOW, None, "Carla Chief")
    prepared(house, "s2", [row(value=9)], number=2)
    assert release(house, FLOW).status == "waiting"
    prepared(house, "s3", [row()], number=3)
    assert release(house, FLOW).status == "unchanged"
    assert [c.decision.decision for c in candidates(house, FLOW)] == ["approved", "obsolete"]


def test_a_candidate_is_made_again_when_its_parent_is_no_longer_the_latest(tmp_path):
    house, _ = waiting(tmp_path, embargo={"until": "2026-03-02T00:00:00Z"})
    approve(house, FLOW, None, "Carla Chief")
    prepared(house, "s2", [row(value=9), row("NP")], number=2, arrived=FEBRUARY)
    assert release(house, FLOW).candidate == "C0002"
    open_house = office(tmp_path, review="required")
    assert publish_due(open_house, FLOW)
    second = approve(open_house, FLOW, "C0002", "Carla Chief")
    told = manifest_of(house, "R0002")
    assert (second.release, told["parent"], told["candidate"]) == ("R0002", "R0001", "C0002")
    assert told["changes"] == {"added": 1, "changed": 1, "withdrawn": 0}
    assert len(read(second.folder / "history.parquet")) == 1
    assert sorted(p.name for p in second.folder.iterdir()) == sorted(
        [f["name"] for f in told["files"]] + ["manifest.json"]
    )


# --- embargo ----------------------------------------------------------------------------------------------


def test_nothing_of_an_embargoed_release_is_seen_before_its_time(tmp_path, monkeypatch):
    house, _ = waiting(tmp_path, embargo={"until": "2026-03-05T09:00:00Z"})
    done = approve(house, FLOW, None, "Carla Chief")
    assert (done.status, done.release) == ("embargoed", None)
    assert [p.name for p in house.store.published.iterdir()] == ["catalog.duckdb"]
    assert not publish_due(house, FLOW)
    assert release(house, FLOW).status == "embargoed"
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-05T09:00:00Z")
    assert publish_due(house, FLOW)
    assert manifest_of(house)["published"] == "2026-03-05T09:00:00Z"
    assert not publish_due(house, FLOW)


def test_a_release_waits_for_the_next_time_of_the_calendar(tmp_path, monkeypatch):
    calendar = ["2026-02-01T09:00:00Z", "2026-03-05T09:00:00Z", "2026-04-05T09:00:00Z"]
    house, _ = waiting(tmp_path, embargo={"calendar": calendar})
    approve(house, FLOW, None, "Carla Chief")
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-20T09:00:00Z")
    assert release(house, FLOW).status == "published"
    assert manifest_of(house)["published"] == calendar[1]


def test_of_two_signed_off_states_only_the_newer_comes_out(tmp_path, monkeypatch):
    house, _ = waiting(tmp_path, embargo={"until": "2026-03-05T09:00:00Z"})
    approve(house, FLOW, None, "Carla Chief")
    prepared(house, "s2", [row(value=9)], number=2, arrived=FEBRUARY)
    release(house, FLOW)
    approve(house, FLOW, None, "Carla Chief")
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-06T09:00:00Z")
    assert publish_due(house, FLOW)
    assert [r.candidate for r in releases(house.store, FLOW)] == ["C0002"]
    assert read(newest(house.store, FLOW).observations, '"OBS_VALUE"') == [(9.0,)]


# --- crashes and company -----------------------------------------------------------------------------------


def test_a_crash_after_the_sign_off_is_completed_by_the_next_run(tmp_path):
    house, _ = waiting(tmp_path)
    sign(house.store, candidates(house, FLOW)[0].folder, "Carla Chief", "", 1)
    done = release(house, FLOW)
    assert (done.status, done.release) == ("published", "R0001")


def test_a_crash_before_pointer_and_catalog_is_completed_by_the_next_run(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    release(house, FLOW)
    pointer = house.store.releases(FLOW) / "latest.json"
    before = pointer.read_bytes()
    pointer.unlink()
    house.store.catalog.unlink()
    release(house, FLOW)
    assert pointer.read_bytes() == before
    assert house.store.catalog.exists()


def test_runs_beside_each_other_publish_each_state_once(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    failures = []

    def run():
        try:
            release(house, FLOW)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [r.id for r in releases(house.store, FLOW)] == ["R0001"]
    assert not list(tmp_path.rglob(".work-*"))


# --- catalog ----------------------------------------------------------------------------------------------


READS = ("publishable", "candidates", "unpublished", "newest", "publish_due", "make_candidate", "decide")
PUBLISHING = (
    "candidates",
    "_published_up_to",
    "newest",
    "newest_loaded",
    "public_from",
    "_is_whole",
    "_manifest",
)
"""Where publication looks at the store, apart from what `release` looks at."""


@pytest.mark.parametrize(
    ("publishes", "doors", "every"),
    [
        pytest.param(True, (release_module, READS), 4, id="publishes"),
        pytest.param(True, (release_module, READS), 1, id="publishes, everywhere", marks=pytest.mark.long),
        pytest.param(
            False,
            (release_module, READS),
            1,
            id="stops after the sign-off, everywhere",
            marks=pytest.mark.long,
        ),
        pytest.param(True, (publish_module, PUBLISHING), 1, id="publishes, while this one does"),
    ],
)
def test_wherever_a_faster_run_falls_in_between_the_state_is_published_once(
    tmp_path, monkeypatch, publishes, doors, every
):
    """A rival run happens before the nth look at the store, for every n that there is, or every fourth."""
    for nth in range(0, 100, every):
        house = office(tmp_path / str(nth))
        prepared(house, "s1", [row("DK"), row("NP")])
        looks = 0

        def rival(house):
            if publishes:
                release(house, FLOW)
                return
            release_module._Look(house, FLOW).is_up_to_date()
            for candidate in candidates(house, FLOW):
                decide(house, candidate, "approved", None, "signed by the faster one")

        def before(door, house=house, nth=nth):
            def look(*args, **named):
                nonlocal looks
                looks += 1
                if looks == nth + 1:
                    rival(house)
                return door(*args, **named)

            return look

        with monkeypatch.context() as patched:
            module, every_door = doors
            for door in every_door:
                patched.setattr(module, door, before(getattr(module, door)))
            release(house, FLOW)
        made = [c.id for c in candidates(house, FLOW)], [r.id for r in releases(house.store, FLOW)]
        assert made == (["C0001"], ["R0001"]), f"before look {nth + 1}"
        if looks <= nth:
            return
    pytest.fail("there is no end of looks")


def test_the_catalog_shows_the_newest_release_and_no_reader_blocks_it(tmp_path):
    house = office(tmp_path)
    prepared(house, "s1", [row(value=1)])
    release(house, FLOW)
    with duckdb.connect(str(house.store.catalog), read_only=True) as reader:
        question = 'SELECT "OBS_VALUE" FROM "OFFICE"."HOMES"'
        assert reader.execute(question).fetchall() == [(1.0,)]
        prepared(house, "s2", [row(value=2)], number=2)
        release(house, FLOW)
        assert reader.execute(question).fetchall() == [(1.0,)]
    with duckdb.connect(str(house.store.catalog), read_only=True) as reader:
        assert reader.execute(question).fetchall() == [(2.0,)]
        assert reader.execute("SELECT dataflow, release FROM releases").fetchall() == [(FLOW, "R0002")]


def test_the_data_root_can_be_moved(tmp_path):
    house = office(tmp_path / "before")
    prepared(house, "s1", [row(value=1)])
    release(house, FLOW)
    elsewhere = tmp_path / "elsewhere"
    house.store.home.rename(elsewhere)
    moved = replace(house, store=Store(elsewhere))
    question = 'SELECT "OBS_VALUE" FROM "OFFICE"."HOMES"'
    with duckdb.connect(str(moved.store.catalog), read_only=True) as reader:
        reader.execute(f"SET VARIABLE published = '{moved.store.published}'")
        assert reader.execute(question).fetchall() == [(1.0,)]
        (folder,) = reader.execute("SELECT folder FROM releases").fetchone()
        assert (moved.store.published / folder / "manifest.json").exists()
    assert release(moved, FLOW).status == "unchanged"
    with duckdb.connect(str(moved.store.catalog), read_only=True) as reader:
        assert reader.execute(question).fetchall() == [(1.0,)]
