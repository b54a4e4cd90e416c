from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citizenstats.errors import CitizenstatsError
from citizenstats.store import Store, read_json


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "home")
    store.prepare()
    return store


def test_the_restricted_part_is_closed_to_others(store: Store) -> None:
    assert store.restricted.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_are_those_of_the_place_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store(tmp_path / "office")
        store.prepare()
        store.make_inbox("watch/answers")
        for top in (
            store.restricted / "a" / "b",
            store.outbox("watch/answers"),
            store.releases("A:F") / "1.0.0",
        ):
            with store.commit_folder(top / "state") as work:
                (work / "inner").mkdir()
                (work / "inner" / "file").write_bytes(b"x")
            store.commit_file(top / "file", b"x")
            store.commit_once(top / "once", b"x")
    finally:
        os.umask(before)

    def modes(top: Path) -> set[tuple[bool, int]]:
        return {(path.is_dir(), path.stat().st_mode & 0o7777) for path in top.rglob("*")}

    assert modes(store.restricted) == {(True, 0o700), (False, 0o600)}
    assert modes(store.home / "outbox") == {(True, 0o2750), (False, 0o640)}
    assert modes(store.published) == {(True, 0o755), (False, 0o644)}
    assert modes(store.home / "inbox") == {(True, 0o2770)}
    assert store.published.stat().st_mode & 0o777 == 0o755


def _commit(store: Store, target: Path, text: str, fail: type[Exception] | None = None) -> None:
    with store.commit_folder(target) as work:
        (work / "file.txt").write_text(text)
        assert not (target / "file.txt").exists() or text == "second"
        if fail:
            raise fail


def test_a_folder_appears_whole_or_not_at_all(store: Store) -> None:
    target = store.restricted / "observed" / "s1"
    with pytest.raises(TimeoutError):
        _commit(store, target, "half", fail=TimeoutError)
    assert list(target.parent.iterdir()) == []
    _commit(store, target, "whole")
    assert [p.name for p in target.parent.rglob("*")] == ["s1", "file.txt"]


def test_who_commits_a_folder_second_learns_it_and_changes_nothing(store: Store) -> None:
    target = store.restricted / "R0001"
    _commit(store, target, "first")
    with pytest.raises(CitizenstatsError, match="ALREADY_THERE"):
        _commit(store, target, "second")
    assert (target / "file.txt").read_text() == "first"
    assert not list(store.home.rglob(".work-*"))


def test_a_claim_and_a_decision_are_made_once(store: Store) -> None:
    assert [store.claim(store.restricted / "claims" / "000001") for _ in range(3)] == [True, False, False]
    decision = store.restricted / "decision.json"
    assert [store.commit_once(decision, text) for text in (b'{"by": 1}', b'{"by": 2}')] == [True, False]
    assert read_json(decision) == {"by": 1}
    assert not list(store.home.rglob(".work-*"))


def _killed_while_writing(home: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from citizenstats.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.commit_folder(store.restricted / 'observed' / 's1') as work:\n"
        "    (work / 'half.txt').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(home)], check=False)
    assert done.returncode == -signal.SIGKILL


def test_what_a_killed_writer_left_is_swept_away(store: Store) -> None:
    _killed_while_writing(store.home)
    place = store.restricted / "observed"
    assert [p.name.startswith(".work-") for p in place.iterdir()] == [True]
    store.prepare()
    assert list(place.iterdir()) == []


def test_what_a_living_writer_writes_stays(store: Store) -> None:
    with store.commit_folder(store.restricted / "observed" / "s1") as work:
        (work / "half.txt").write_text("half")
        store.prepare()
        assert (work / "half.txt").exists()


def test_what_another_machine_left_goes_after_a_day(store: Store) -> None:
    left = store.published / "A" / ".work-0badcafe-1-abc"
    left.mkdir(parents=True)
    store.prepare()
    assert left.exists()
    yesterday = time.time() - 25 * 3600
    os.utime(left, (yesterday, yesterday))
    store.prepare()
    assert not left.exists()
