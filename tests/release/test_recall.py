"""What a recall takes back is gone from every place where it could be read, and receivers are told."""

import contextlib
import csv
import io
import json
from importlib import resources

import duckdb
import jsonschema
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest, released, releases
from citizenstats.release.publish import publish_due
from citizenstats.release.recall import recall
from citizenstats.release.release import release
from citizenstats.store import Store
from citizenstats.verify import release_faults

from .support import FIRST, FLOW, NOW, deliver, office, protect, read, row
from .test_delta import applied

SECRET = 77421.5
"""A value that stands nowhere but in what is recalled."""


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def published(house, state, rows, number):
    protect(house, state, {FLOW: rows}, [deliver(house, FIRST, number, f"2026-01-{number:02}T08:00:00Z")])
    return release(house, FLOW)


def holding(folder, value=SECRET):
    """Return the files under a folder in which a value stands."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                rows = connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
            has = any(value in one for one in rows)
        else:
            has = f"{value:g}".encode() in path.read_bytes()
        if has:
            found.append(path.name)
    return found


def latest(house):
    pointer = json.loads((house.store.releases(FLOW) / "latest.json").read_text())
    schema = resources.files("citizenstats.schemas") / "latest.schema.json"
    jsonschema.validate(pointer, json.loads(schema.read_text()))
    return pointer["release"]


def test_the_newest_release_leaves_and_the_one_before_is_the_newest_again(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row("DK", value=1), row("NP", value=2)], 1).folder
    second = published(house, "s2", [row("DK", value=SECRET), row("PH", value=3)], 2).folder
    held = applied(applied({}, (first / "data.csv").read_text()), (second / "delta.csv").read_text())
    assert holding(house.store.published)
    told = recall(house, FLOW, "R0002", " Dora  Deputy ", "one home can be told")
    assert (told.release, latest(house)) == ("R0001", "R0001")
    assert {p.name for p in second.iterdir()} == {"manifest.json", "tombstone.json", "retracted"}
    assert holding(house.store.published) == []
    assert holding(house.store.candidates(FLOW)) == []
    held = applied(held, (second / "retracted" / "delta.csv").read_text())
    assert held == applied({}, (first / "data.csv").read_text())
    assert read(second / "retracted" / "keys.parquet", '"REF_AREA", change') == [
        ("DK", "changed"), ("NP", "added"), ("PH", "withdrawn"),
    ]  # fmt: skip
    with duckdb.connect(str(house.store.catalog), read_only=True) as reader:
        assert reader.execute('SELECT "OBS_VALUE" FROM "OFFICE"."HOMES" ORDER BY 1').fetchall() == [
            (1.0,),
            (2.0,),
        ]
    assert release_faults(house, FLOW) == []
    stone = (second / "tombstone.json").read_text()
    schema = resources.files("citizenstats.schemas") / "tombstone.schema.json"
    jsonschema.validate(json.loads(stone), json.loads(schema.read_text()))
    assert "home" not in stone
    assert "Dora" not in stone
    entry = json.loads((house.store.retractions / "000001.json").read_text())
    assert (entry["by"], entry["reason"], entry["time"]) == ("Dora Deputy", "one home can be told", NOW)
    with pytest.raises(ReleaseError, match="TAKEN_BACK"):
        released(house, FLOW, "R0002")
    with pytest.raises(ReleaseError, match="TAKEN_BACK"):
        recall(house, FLOW, "R0002", "Dora Deputy", "again")


def test_what_comes_next_needs_a_person_and_carries_nothing_that_was_recalled(tmp_path):
    house = office(tmp_path)
    published(house, "s1", [row("DK", value=1)], 1)
    published(house, "s2", [row("DK", value=SECRET)], 2)
    recall(house, FLOW, "R0002", "Dora Deputy", "wrong")
    assert release(house, FLOW).status == "waiting"
    told = published(house, "s3", [row("DK", value=5)], 3)
    assert (told.status, told.candidate, told.release) == ("waiting", "C0004", "R0001")
    done = approve(house, FLOW, None, "Carla Chief")
    assert (done.release, newest(house.store, FLOW).facts["parent"]) == ("R0003", "R0001")
    assert holding(done.folder) == []
    assert read(done.folder / "history.parquet", '"OBS_VALUE"') == [(1.0,)]
    loaded = [r.loaded for r in releases(house.store, FLOW)]
    assert loaded == sorted(set(loaded))
    assert published(house, "s4", [row("DK", value=6)], 4).status == "published"


def test_the_only_release_leaves_nothing_and_receivers_delete_all(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row("DK", value=SECRET), row("NP")], 1).folder
    held = applied({}, (first / "data.csv").read_text())
    assert recall(house, FLOW, "R0001", "Dora Deputy", "wrong").release is None
    assert latest(house) is None
    told = (first / "retracted" / "delta.csv").read_text()
    assert {r["ACTION"] for r in csv.DictReader(io.StringIO(told))} == {"D"}
    assert applied(held, told) == {}
    assert holding(tmp_path / "published") == []


def test_an_older_release_leaves_with_what_later_ones_say_of_it(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row("DK", value=SECRET), row("NP", value=2)], 1).folder
    second = published(house, "s2", [row("DK", value=1), row("NP", value=2)], 2).folder
    third = published(house, "s3", [row("DK", value=4), row("NP", value=2)], 3).folder
    assert {"changes.parquet", "history.parquet"} <= set(holding(second))
    recall(house, FLOW, "R0001", "Dora Deputy", "wrong")
    assert holding(house.store.published) == []
    assert holding(house.store.candidates(FLOW)) == []
    assert latest(house) == "R0003"
    assert not (first / "retracted").exists()
    assert (third / "changes.parquet").exists()
    assert release_faults(house, FLOW) == []
    fourth = published(house, "s4", [row("DK", value=5), row("NP", value=2)], 4)
    assert (fourth.status, holding(fourth.folder)) == ("published", [])


def test_what_was_signed_off_and_waits_for_its_time_never_comes_out_after_a_recall(tmp_path, monkeypatch):
    published(office(tmp_path), "s1", [row("DK", value=1)], 1)
    house = office(tmp_path, review="required", embargo={"until": "2026-03-05T09:00:00Z"})
    published(house, "s2", [row("DK", value=SECRET)], 2)
    approve(house, FLOW, None, "Carla Chief")
    recall(house, FLOW, "R0001", "Dora Deputy", "wrong")
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-06T09:00:00Z")
    assert not publish_due(house, FLOW)
    assert holding(house.store.candidates(FLOW)) == []
    assert newest(house.store, FLOW) is None


@pytest.mark.parametrize(("person", "reason", "code"), [(" ", "x", "NO_NAME"), ("Dora", " ", "NO_REASON")])
def test_nobody_and_nothing_recalls_nothing(tmp_path, person, reason, code):
    house = office(tmp_path)
    published(house, "s1", [row()], 1)
    with pytest.raises(ReleaseError, match=code):
        recall(house, FLOW, "R0001", person, reason)
    assert newest(house.store, FLOW) is not None


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=() if step % 4 == 1 else pytest.mark.long) for step in range(1, 12)]
)
def test_a_recall_that_is_cut_anywhere_is_finished_by_the_next_run(tmp_path, monkeypatch, step):
    house = office(tmp_path)
    published(house, "s1", [row("DK", value=1)], 1)
    published(house, "s2", [row("DK", value=SECRET)], 2)
    count = 0

    def cut(function):
        def watched(*arguments, **named):
            nonlocal count
            count += 1
            if count == step:
                raise PowerCutError
            return function(*arguments, **named)

        return watched

    with monkeypatch.context() as patched:
        for door in ("commit_once", "commit_file", "commit_folder", "discard", "claim"):
            patched.setattr(Store, door, cut(getattr(Store, door)))
        with contextlib.suppress(PowerCutError):
            recall(house, FLOW, "R0002", "Dora Deputy", "wrong")
    asked = list(house.store.retractions.glob("*.json")) != []
    assert asked == (step > 1)
    if asked:
        publish_due(house, FLOW)
        assert holding(house.store.published) + holding(house.store.candidates(FLOW)) == []
        assert (latest(house), candidates(house, FLOW)[-1].is_waiting) == ("R0001", False)
        assert (house.store.releases(FLOW) / "1.0.0" / "R0002" / "retracted" / "delta.csv").exists()
