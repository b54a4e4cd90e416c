"""What a community takes back is out of everything that counts, and of everything that was said."""

import contextlib
import json
import os

import pytest

from citizenstats import flow
from citizenstats.errors import ReleaseError
from citizenstats.receive.receive import receive
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates
from citizenstats.release.consent import check_consent
from citizenstats.release.manifest import newest, releases
from citizenstats.release.publish import publish_due
from citizenstats.release.release import release
from citizenstats.release.withdraw import withdraw_delivery, withdraw_rows
from citizenstats.store import Store
from tests.receive.office import DATASET, Office, file, row

from .support import FIRST, FLOW, NOW, deliver, office, protect
from .support import row as observation
from .test_delta import applied
from .test_recall import SECRET, PowerCutError, holding

ANSWERS = "OFFICE:ANSWERS"
PEOPLE = [
    row(f"p{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m", score="10") for n in range(120)
]
MORE = [row(f"q{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m", score="20") for n in range(120)]


def run(office):
    for step in (flow.observe, flow.assemble, flow.protect, flow.release):
        done = step(office.house, {flow.observe: DATASET, flow.protect: "watch"}.get(step, ANSWERS))
    return done


def sizes(folder):
    """Return the sample sizes that a release shows, by area and sex."""
    lines = [line.split(",") for line in (folder / "data.csv").read_text("utf-8").splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    return {(r["REF_AREA"], r["SEX"]): int(r["SAMPLE_SIZE"]) for r in rows if r["SAMPLE_SIZE"]}


def test_a_delivery_that_is_taken_back_is_gone_and_does_not_return(tmp_path):
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = run(office).folder
    office.send(file(*MORE), "second.csv")
    second = run(office).folder
    assert sizes(second)["XX", "_T"] == 240
    held = applied(applied({}, (first / "data.csv").read_text()), (second / "delta.csv").read_text())
    done = withdraw_delivery(office.house, DATASET, "1", " Carla  Chief ", "the community asked for it")
    assert [r.partition(" ")[2] for r in done.releases] == ["R0001", "R0002"]
    assert [d.rpartition("/")[2][:6] for d in done.current] == ["000002"]
    for folder in (first, second):
        assert {p.name for p in folder.iterdir()} <= {
            "manifest.json",
            "tombstone.json",
            "retracted",
            "redacted.json",
        }
    assert applied(held, (second / "retracted" / "delta.csv").read_text()) == {}
    with pytest.raises(ReleaseError, match="NOT_PROTECTED"):
        release(office.house, ANSWERS)
    with pytest.raises(ReleaseError, match="TAKEN_BACK"):
        check_consent(office.house, ANSWERS, done.deliveries)
    ledger = json.loads((office.house.store.withdrawals(DATASET) / "000001" / "withdrawal.json").read_text())
    assert (ledger["by"], ledger["reason"]) == ("Carla Chief", "the community asked for it")
    receipt = json.loads(next(office.outbox.glob("000001-*.receipt.json")).read_text())
    assert (receipt["status"], receipt["findings"][-1]["code"]) == ("withdrawn", "TAKEN_BACK")
    with pytest.raises(ReleaseError, match="TAKEN_BACK"):
        withdraw_delivery(office.house, DATASET, "1", "Carla Chief", "again")

    os.utime(office.inbox / "first.csv", (1, 1))
    (again,) = office.receive()
    assert (again.status, again.findings[-1].code) == ("withdrawn", "TAKEN_BACK")
    assert not again.delivery.bytes_file(office.house.store).exists()
    assert {r[0][0] for r in office.records()} == {"q"}
    third = run(office)
    assert third.status == "published"
    assert sizes(third.folder)["XX", "_T"] == 120
    assert [r.id for r in releases(office.house.store, ANSWERS) if r.tombstone is None] == ["R0003"]
    assert newest(office.house.store, ANSWERS).facts["parent"] is None


def test_rows_that_are_taken_back_stay_out_of_what_is_still_to_come(tmp_path):
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = run(office)
    done = withdraw_rows(office.house, DATASET, {"region": "South"}, "Carla Chief", "the community asked")
    assert [r.partition(" ")[2] for r in done.releases] == ["R0001"]
    assert not (first.folder / "data.csv").exists()
    office.send(file(*MORE), "second.csv")
    assert {r[1] for r in office.records()} == {"North"}
    shown = sizes(run(office).folder)
    assert shown["XX", "_T"] == 120
    assert "XX-S" not in {area for area, _ in shown}
    for rows, code in (
        ({"region": "South"}, "TAKEN_BACK"),
        ({"region": "Est"}, "NO_SUCH_ROWS"),
        ({"x": "y"}, "NO_SUCH_COLUMN"),
    ):
        with pytest.raises(ReleaseError, match=code):
            withdraw_rows(office.house, DATASET, rows, "Carla Chief", "again")


def test_what_was_sent_and_never_read_is_kept_out_too(tmp_path):
    office = Office(tmp_path)
    office.send(file(row("a")), "first.csv")
    office.agree(lambda c: c["columns"]["score"].update(range=[0, 99]))
    withdraw_delivery(office.house, DATASET, "1", "Carla Chief", "asked for")
    receive(office.house, DATASET, settle=0.0)
    assert office.records() == []


def test_a_candidate_that_rests_on_it_never_comes_out(tmp_path, monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)
    house = office(tmp_path, review="required")
    protect(house, "s1", {FLOW: [observation("DK", value=SECRET)]}, [deliver(house, FIRST, 1)])
    release(house, FLOW)
    assert withdraw_delivery(house, FIRST, "1", "Carla Chief", "asked for").releases == ()
    with pytest.raises(ReleaseError, match="NOTHING_WAITS"):
        approve(house, FLOW, None, "Carla Chief")
    assert holding(house.store.candidates(FLOW)) == []


@pytest.mark.parametrize("step", [1, 3, 6, 9, 12])
def test_a_withdrawal_that_is_cut_anywhere_is_finished_by_the_next_call(tmp_path, monkeypatch, step):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)
    house = office(tmp_path)
    protect(house, "s1", {FLOW: [observation("DK", value=SECRET)]}, [deliver(house, FIRST, 1)])
    release(house, FLOW)
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
            withdraw_delivery(house, FIRST, "1", "Carla Chief", "asked for")
    asked = step > 1
    assert asked == bool(list(house.store.withdrawals(FIRST).glob("*/withdrawal.json")))
    if asked:
        publish_due(house, FLOW)
        assert holding(house.store.published) + holding(house.store.candidates(FLOW)) == []
        assert newest(house.store, FLOW) is None
        assert not any(c.is_waiting for c in candidates(house, FLOW))
        assert len(list(house.store.retractions.glob("*.json"))) == 1
        assert (house.store.withdrawals(FIRST) / "000001.done").exists()
