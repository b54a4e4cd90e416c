"""What is erased is nowhere under the data root, and what it held back does not come back."""

import contextlib
import json
from importlib import resources
from pathlib import Path

import duckdb
import jsonschema
import pytest
from click.testing import CliRunner

from citizenstats.cli.main import cli
from citizenstats.errors import ReleaseError
from citizenstats.house import open_house
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates
from citizenstats.release.erase import complete, due, erase
from citizenstats.release.release import release
from citizenstats.release.withdraw import withdraw_delivery
from citizenstats.store import Store
from tests.receive.office import DATASET, Office, file, row

from .test_recall import PowerCutError
from .test_withdraw import ANSWERS, PEOPLE, run

CANARY = "Xq7kestrel"
"""Stands in a cell of free text, a refused row, an unknown region, and a file's name."""
PLANTED = [
    row("canary", comment=CANARY),
    row("refused", region=f"{CANARY} town"),
    row("too much", score="900", comment=f"{CANARY} too"),
]


def sightings(home: Path) -> list[str]:
    """Return the files whose name, bytes or Parquet cells hold the canary."""
    found = []
    for path in sorted(home.rglob("*")):
        has = CANARY in path.name
        if path.is_file():
            has = has or CANARY.encode() in path.read_bytes()
            if path.suffix == ".parquet":
                with duckdb.connect() as connection:
                    rows = connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
                has = has or CANARY in repr(rows)
        if has:
            found.append(str(path.relative_to(home)))
    return found


def test_no_byte_of_what_is_erased_is_left(tmp_path):
    office = Office(tmp_path)
    office.agree(lambda c: c["delivery"].update(max_refused_share=0.5))
    outcome = office.send(file(*PEOPLE, *PLANTED), f"{CANARY}.csv")
    assert outcome.counts["refused"] == 2
    run(office)
    office.agree(
        lambda c: [c["delivery"].update(max_refused_share=0.5), c["rules"][0].update(message="Other")]
    )
    office.receive()
    folder = outcome.delivery.folder(office.house.store)
    assert len(list(folder.glob("outcomes/*"))) == 2
    seen = sightings(office.home)
    assert any(place.startswith("inbox") for place in seen)
    assert any(place.startswith("outbox") for place in seen)
    assert any("records.parquet" in place for place in seen)
    withdraw_delivery(office.house, DATASET, "1", "Carla Chief", "asked for")
    erase(office.house, DATASET, "1", "Carla Chief", "asked for")
    assert sightings(office.home) == []
    kept = json.loads((folder / "erased.json").read_text())
    assert (kept["sha256"], kept["counts"]["read"], kept["reason"]) == (
        outcome.delivery.sha256,
        123,
        "asked for",
    )
    receipt = json.loads(next(office.outbox.glob("*.receipt.json")).read_text())
    assert (receipt["status"], receipt["counts"]["read"]) == ("erased", 123)
    assert office.records() == []
    (again,) = [office.send(file(*PEOPLE, *PLANTED), "again.csv")]
    assert again.status == "withdrawn"
    assert [place for place in sightings(office.home) if not place.startswith("inbox")] == []
    with pytest.raises(ReleaseError, match="ERASED"):
        erase(office.house, DATASET, "1", "Carla Chief", "again")


def test_what_waits_for_sign_off_goes_with_it(tmp_path):
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE), "first.csv")
    assert run(office).status == "waiting"
    erase(office.house, DATASET, "1", "Carla Chief", "asked for")
    (candidate,) = candidates(office.house, ANSWERS)
    assert {path.suffix for path in candidate.folder.iterdir()} == {".json"}
    assert not list(office.house.store.observed(DATASET).iterdir())
    with pytest.raises(ReleaseError, match="NOTHING_WAITS"):
        approve(office.house, ANSWERS, None, "Carla Chief")
    with pytest.raises(ReleaseError, match="NOT_PROTECTED"):
        release(office.house, ANSWERS)


def test_what_was_made_for_a_dataflow_that_the_mappings_dropped_goes_too(tmp_path):
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE), "first.csv")
    run(office)
    (tmp_path / "mappings/dataflows/OFFICE/ANSWERS.yaml").unlink()
    store = Store(office.house.store.home)
    erase(open_house(store.home, tmp_path / "mappings"), DATASET, "1", "Carla Chief", "asked for")
    made = [
        p.name
        for p in store.restricted.rglob("*.parquet")
        if p.is_relative_to(store.restricted / "protected")
    ]
    assert set(made) <= {"judged.parquet"}
    assert not list(store.restricted.glob("assembled/*/*/*/*.parquet"))
    assert not list(store.restricted.glob("candidates/*/*/*/*.parquet"))


def test_a_later_delivery_that_takes_nothing_back_is_erased_by_itself(tmp_path):
    office = Office(tmp_path)
    office.send(file(row("a"), row("b")), "first.csv")
    office.send(file(row("c")), "second.csv")
    erase(office.house, DATASET, "2", "Carla Chief", "asked for")
    assert [r[0] for r in office.records()] == ["a", "b"]


def test_who_took_consent_back_is_not_brought_back(tmp_path):
    office = Office(tmp_path)
    office.send(file(row("a"), row("b")), "first.csv")
    office.send(file(row("a", agrees="no"), row("c")), "second.csv")
    with pytest.raises(ReleaseError, match="HOLDS_BACK"):
        erase(office.house, DATASET, "2", "Carla Chief", "asked for")
    erase(office.house, DATASET, "1", "Carla Chief", "asked for")
    erase(office.house, DATASET, "2", "Carla Chief", "asked for")
    assert office.records() == []


def test_what_is_kept_longer_than_agreed_is_due(tmp_path, monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-01-01T00:00:00Z")
    office = Office(tmp_path, lambda c: c.update(retention_days=30))
    office.send(file(row("a")), "first.csv")
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-01-20T00:00:00Z")
    office.send(file(row("b")), "second.csv")
    assert due(office.house) == []
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-02-01T00:00:00Z")
    assert [d.number for d in due(office.house)] == [1]
    erase(office.house, DATASET, "1", "Carla Chief", "its time is over")
    assert due(office.house) == []
    assert [r[0] for r in office.records()] == ["b"]


@pytest.mark.parametrize("step", [1, 3, 5, 8, 11])
def test_an_erasure_that_is_cut_anywhere_is_finished_by_the_next_call(tmp_path, monkeypatch, step):
    office = Office(tmp_path)
    office.send(file(*PLANTED[:1]), f"{CANARY}.csv")
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
        for door in ("commit_once", "commit_file", "discard", "discard_tree", "claim"):
            patched.setattr(Store, door, cut(getattr(Store, door)))
        with contextlib.suppress(PowerCutError):
            erase(office.house, DATASET, "1", "Carla Chief", "asked for")
    complete(office.house)
    assert bool(sightings(office.home)) == (step == 1)


def told(office, *words):
    """Return the answer of a command, valid by its schema."""
    place = ["--home", str(office.home), "--mappings", str(office.mappings), "--json"]
    result = CliRunner().invoke(cli, [*words, *place], catch_exceptions=False)
    said = json.loads(result.output)
    schema = resources.files("citizenstats.schemas") / f"{words[0]}.schema.json"
    jsonschema.validate(said, json.loads(schema.read_text("utf-8")))
    return said


def test_the_commands_say_what_is_gone(tmp_path):
    office = Office(tmp_path)
    office.send(file(row("a"), row("b", region="South")), "first.csv")
    office.send(file(row("c")), "second.csv")
    by = ("--by", "Carla Chief", "--reason", "asked for")
    assert len(told(office, "withdraw", DATASET, "--rows", "region=South", *by)["current"]) == 2
    assert len(told(office, "withdraw", DATASET, "1", *by)["current"]) == 1
    assert len(told(office, "erase", DATASET, "1", *by)["erased"]) == 1
    assert told(office, "erase", "--due") == {
        "schema": "urn:citizenstats:schema:erase:1.0.0",
        "due": [],
        "erased": [],
    }
    statuses = [d["status"] for d in told(office, "deliveries")["deliveries"]]
    assert statuses == ["erased", "accepted"]
    assert CliRunner().invoke(cli, ["erase", "--due", DATASET]).exit_code == 2
