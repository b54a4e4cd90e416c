"""Files in a watched folder: each is taken once, when it is whole, in the order in which it came."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from citizenstats.receive.arrivals import look
from citizenstats.receive.astray import astray
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.receive import receive
from citizenstats.store import read_json
from tests.receive.office import DATASET, Office, file, row

OFFICE = Callable[..., Office]
A = file(*(row(f"a{n}", score="1") for n in range(5)))
B = file(*(row(f"a{n}", score="2") for n in range(5)))


def scores(office: Office) -> list[float]:
    return sorted({score for (score,) in office.records("score")})


def test_a_file_that_lies_there_is_taken_once(office_of: OFFICE) -> None:
    office = office_of()
    assert office.send(A).status == "accepted"
    assert office.receive() == []


def test_the_same_bytes_again_are_a_duplicate_and_change_nothing(office_of: OFFICE) -> None:
    office = office_of()
    first = office.send(A)
    again = office.send(A, "again.csv")
    assert (again.status, again.findings[0].code) == ("duplicate", "DUPLICATE")
    assert again.findings[0].facts == {"delivery": first.delivery.id}
    assert not again.delivery.bytes_file(office.house.store).exists()
    assert len(office.records()) == 5


@pytest.mark.parametrize("replaces", ["everything", "periods", "rows"])
def test_what_was_sent_before_and_superseded_counts_again_when_it_is_sent_again(
    office_of: OFFICE, replaces: str
) -> None:
    office = office_of(
        lambda c: c["delivery"].update(
            {"replaces": replaces, **({"period": "year"} if replaces == "periods" else {})}
        )
    )
    office.send(A, "a.csv")
    office.send(B, "b.csv")
    assert scores(office) == [2]
    back = office.send(A, "a_again.csv")
    assert (back.status, scores(office)) == ("accepted", [1])


def test_two_that_come_again_together_end_with_the_later(office_of: OFFICE) -> None:
    office = office_of()
    office.send(A, "a.csv")
    office.send(B, "b.csv")
    for number, (name, content) in enumerate({"c.csv": A, "d.csv": B}.items()):
        os.utime(office.drop(content, name), (2e9 + number, 2e9 + number))
    assert [o.status for o in office.receive()] == ["accepted", "accepted"]
    assert scores(office) == [2]


def test_an_inbox_restored_from_a_backup_sends_nothing_again(office_of: OFFICE, tmp_path: Path) -> None:
    office = office_of()
    office.send(A, "a.csv")
    office.send(B, "b.csv")
    shutil.copytree(office.inbox, tmp_path / "backup")
    shutil.rmtree(office.inbox)
    shutil.copytree(tmp_path / "backup", office.inbox, dirs_exist_ok=True)
    assert office.receive() == []
    assert office.receive() == []
    assert scores(office) == [2]


def _larger_than_agreed(office_of: OFFICE) -> Office:
    office = office_of(lambda said: said["delivery"].update(max_megabytes=1))
    outcome = office.send(file(*(row(f"p{n}", comment="x" * 200) for n in range(6000))))
    assert (outcome.status, outcome.findings[0].code) == ("refused", "TOO_LARGE")
    assert not outcome.delivery.bytes_file(office.house.store).exists()
    return office


def test_what_was_too_large_is_read_when_the_limit_is_raised(office_of: OFFICE) -> None:
    office = _larger_than_agreed(office_of)
    office.agree(lambda said: said["delivery"].update(max_megabytes=8))
    (outcome,) = office.receive()
    assert (outcome.status, outcome.counts["accepted"], outcome.delivery.number) == ("accepted", 6000, 1)
    assert office.receive() == []


def test_what_was_too_large_and_is_gone_is_told_once(office_of: OFFICE) -> None:
    office = _larger_than_agreed(office_of)
    (path,) = office.inbox.iterdir()
    path.write_text(path.read_text() + "\n")
    other = path.read_bytes()
    path.unlink()
    office.agree(lambda said: said["delivery"].update(max_megabytes=8))
    (outcome,) = office.receive()
    assert (outcome.status, outcome.findings[0].code) == ("refused", "NOT_KEPT")
    assert office.receive() == []
    assert office.send(other, "answers.csv").status == "accepted"


def test_a_file_changed_in_place_is_a_new_delivery(office_of: OFFICE) -> None:
    office = office_of()
    office.send(A)
    assert office.send(B).status == "accepted"
    assert scores(office) == [2]


def test_a_file_that_is_still_written_is_left_for_later(
    office_of: OFFICE, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    path = office.drop(A)
    waited = []

    def grows_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        path.write_text(A + row("late") + "\n")

    with monkeypatch.context() as between:
        between.setattr("citizenstats.receive.receive.time.sleep", grows_meanwhile)
        assert receive(office.house, DATASET, settle=1.0).outcomes == ()
    assert waited == [1.0]
    (outcome,) = receive(office.house, DATASET, settle=0.1).outcomes
    assert outcome.counts["accepted"] == 6


@pytest.mark.parametrize(
    "name", [".hidden.csv", "x.csv.part", "~$book.xlsx", "x.tmp", "x.csv.filepart", "x.crdownload"]
)
def test_unfinished_files_are_passed_over(office_of: OFFICE, name: str) -> None:
    office = office_of()
    office.drop(A, name)
    assert office.receive() == []
    assert not (office.outbox / "not_taken.json").exists()


def test_what_is_never_taken_is_told_to_the_partner_until_it_is_gone(
    office_of: OFFICE, tmp_path: Path
) -> None:
    office = office_of(lambda c: c["delivery"].update({"files": "answers_*.csv"}))
    office.drop(A, "Answers 2024 FINAL.csv")
    (office.inbox / "folder").mkdir()
    (tmp_path / "secret").write_text(A)
    (office.inbox / "answers_link.csv").symlink_to(tmp_path / "secret")
    assert office.receive() == []
    told = read_json(office.outbox / "not_taken.json")
    assert told is not None
    assert {f["name"]: f["code"] for f in told["files"]} == {
        "Answers 2024 FINAL.csv": "NAME_NOT_AGREED", "folder": "NOT_A_FILE", "answers_link.csv": "NOT_A_FILE",
    }  # fmt: skip
    assert "answers_*.csv" in (office.outbox / "not_taken.html").read_text("utf-8")
    (office.inbox / "Answers 2024 FINAL.csv").rename(office.inbox / "answers_2024.csv")
    (office.inbox / "folder").rmdir()
    (office.inbox / "answers_link.csv").unlink()
    assert [o.status for o in office.receive()] == ["accepted"]
    assert not (office.outbox / "not_taken.json").exists()


def test_an_inbox_that_cannot_be_listed_is_an_error_and_not_an_empty_one(office_of: OFFICE) -> None:
    from citizenstats.errors import DeliveryError

    office = office_of()
    inbox = office.inbox
    inbox.rmdir()
    inbox.write_text("a file where a folder should be")
    with pytest.raises(DeliveryError, match="INBOX_UNREADABLE"):
        office.receive()


def test_deliveries_are_numbered_in_the_order_of_their_files(office_of: OFFICE) -> None:
    office = office_of()
    for number, name in enumerate(["z.csv", "a.csv", "m.csv"]):
        os.utime(office.drop(file(row(f"r{number}")), name), (1e9 + number, 1e9 + number))
    office.receive()
    assert [d.file_name for d in deliveries(office.house.store, DATASET)] == ["z.csv", "a.csv", "m.csv"]


def test_two_runs_at_once_take_a_file_once(office_of: OFFICE) -> None:
    office = office_of()
    office.drop(A)
    runs = [threading.Thread(target=office.receive) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(deliveries(office.house.store, DATASET)) == 1
    assert len(office.records()) == 5


def test_the_bytes_are_kept_as_they_came_under_a_name_of_ours(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(A, "$(escape); 'x' .csv")
    kept = outcome.delivery.bytes_file(office.house.store)
    assert (kept.name, kept.read_bytes()) == ("bytes", A.encode())
    assert (office.home / "restricted").stat().st_mode & 0o077 == 0


def test_a_look_gives_only_what_the_contract_names(office_of: OFFICE) -> None:
    office = office_of()
    office.drop(A, "a.csv")
    office.drop(A, "b.txt")
    assert list(look(office.house.store, DATASET, "*.csv")) == ["a.csv"]


def test_a_name_that_is_no_text_stops_nobody(office_of: OFFICE) -> None:
    office = office_of()
    Path(os.fsdecode(os.fsencode(office.inbox) + b"/bad\xff.csv")).write_text(A)
    office.drop(B, "good.csv")
    assert sorted(o.delivery.file_name for o in office.receive()) == ["bad\\xff.csv", "good.csv"]
    assert office.receive() == []


def test_what_lies_there_is_never_read_through_a_link(
    office_of: OFFICE, tmp_path: Path, monkeypatch: Any
) -> None:
    from citizenstats.receive import arrivals

    office = office_of()
    path = office.drop(A)
    (tmp_path / "secret.csv").write_text(B)
    marked = arrivals.look(office.house.store, DATASET, "*")
    path.unlink()
    path.symlink_to(tmp_path / "secret.csv")
    monkeypatch.setattr(arrivals, "_stat", lambda _: marked["answers.csv"])
    assert arrivals.take_in(office.house, DATASET, ["answers.csv"]) == []
    path.unlink()
    os.mkfifo(path)
    assert arrivals.take_in(office.house, DATASET, ["answers.csv"]) == []


def test_a_receipt_that_a_crash_left_over_is_sent_by_the_next_run(office_of: OFFICE) -> None:
    office = office_of()
    outcome = office.send(A)
    receipt = office.outbox / f"{outcome.delivery.id}.receipt.json"
    receipt.unlink()
    assert office.receive() == []
    assert receipt.exists()


def test_a_file_that_may_not_be_read_is_told_to_its_partner(
    office_of: OFFICE, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    closed = office.drop(A)
    # Whoever runs the tests may be allowed everything.
    really = os.open
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != closed)
    monkeypatch.setattr(
        "os.open", lambda path, *how, **more: _refused(path, closed) or really(path, *how, **more)
    )
    assert office.receive() == []
    told = read_json(office.outbox / "not_taken.json")
    assert told is not None
    assert [(one["name"], one["code"]) for one in told["files"]] == [(closed.name, "NOT_READABLE")]
    monkeypatch.undo()
    assert [outcome.status for outcome in office.receive()] == ["accepted"]
    assert not (office.outbox / "not_taken.json").exists()


def _refused(path: Any, closed: Path) -> None:
    if path == closed:
        raise PermissionError(13, "no", str(path))


def test_a_file_that_grows_as_fast_as_it_is_copied_is_left_for_another_look(
    office_of: OFFICE, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    path = office.drop(A)
    looks = []

    class Growing:
        def update(self, block: bytes) -> None:
            assert len(looks) < 20, "it is copied for ever"
            looks.append(len(block))
            with path.open("ab") as file_too:
                file_too.write(b"x" * (1 << 20))

        def hexdigest(self) -> str:
            return "0" * 64

    with monkeypatch.context() as patched:
        patched.setattr("citizenstats.receive.arrivals.hashlib", SimpleNamespace(sha256=Growing))
        assert office.receive() == []
    assert deliveries(office.house.store, DATASET) == []
    office.drop(A)
    assert [outcome.status for outcome in office.receive()] == ["accepted"]


def test_files_in_no_folder_of_a_dataset_are_told_without_their_names(office_of: OFFICE) -> None:
    office = office_of()
    office.drop(A)
    datasets = office.house.mappings.datasets
    assert astray(office.house.store, datasets) is None
    for place in (
        "Jane Canary.csv",
        "watch/a.csv",
        "watch/answer/Jane Canary.csv",
        "wach/answers/b.csv",
        ".hidden",
        "x/b.part",
    ):
        path = office.home / "inbox" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    told = str(astray(office.house.store, datasets))
    assert "never taken: 4 " in told
    assert "Canary" not in told
    assert [outcome.status for outcome in office.receive()] == ["accepted"]
