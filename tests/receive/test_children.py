"""The warm process and its children: alone with their file, limited, and begun again when they are gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from citizenstats.errors import DeliveryError
from citizenstats.receive import read
from citizenstats.receive.children import Readers
from tests.receive.office import HEADER, Office, file, row

GOOD = [row(f"g{n}") for n in range(20)]


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    """Readers that no other test has warmed."""
    fresh = Readers()
    monkeypatch.setattr(read, "_READERS", fresh)
    return fresh


def _warm(readers: Readers) -> int:
    process = readers._process
    assert process is not None
    return process.pid


def _ended(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_one_process_is_warm_for_all_deliveries_and_has_one_thread_to_fork(
    office_of: Callable[..., Office], readers: Readers
) -> None:
    office = office_of()
    assert office.send(file(*GOOD)).status == "accepted"
    pid = _warm(readers)
    assert office.send(file(*GOOD, row("z")), "more.csv").status == "accepted"
    assert _warm(readers) == pid
    assert "Threads:\t1\n" in Path(f"/proc/{pid}/status").read_text()


def test_it_is_begun_again_when_it_is_gone(office_of: Callable[..., Office], readers: Readers) -> None:
    office = office_of()
    assert office.send(file(*GOOD)).status == "accepted"
    gone = _warm(readers)
    _ended(gone)
    assert office.send(file(*GOOD, row("z")), "more.csv").status == "accepted"
    assert _warm(readers) != gone


def test_a_delivery_waits_when_nobody_can_say_what_became_of_its_reader(
    office_of: Callable[..., Office], readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    monkeypatch.setattr(readers, "do", lambda job: None)
    with pytest.raises(DeliveryError, match="INTERRUPTED"):
        office.send(file(*GOOD))
    monkeypatch.undo()
    (outcome,) = office.receive()
    assert outcome.status == "accepted"


def test_a_reader_that_takes_too_long_is_ended_and_the_next_is_not(
    office_of: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of()
    monkeypatch.setattr(read, "WALL_SECONDS", 0.02)
    outcome = office.send(file(*GOOD))
    assert (outcome.status, outcome.findings[0].code) == ("refused", "TOO_MUCH")
    monkeypatch.undo()
    assert office.send(file(*GOOD, row("z")), "more.csv").status == "accepted"


def test_what_no_job_is_answered_and_harms_nobody(readers: Readers) -> None:
    assert readers.do("not a job") is None
    pid = _warm(readers)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(readers.do, ["", "{}", "[]", "\0"])) == [None] * 4
    assert _warm(readers) == pid


def test_it_ends_with_the_process_that_began_it() -> None:
    code = (
        "from citizenstats.receive.children import Readers\n"
        "readers = Readers()\n"
        "readers.do('nothing')\n"
        "print(readers._process.pid, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def test_a_reader_ends_when_the_run_that_asked_is_killed(tmp_path: Path) -> None:
    office = Office(tmp_path)
    columns = ";".join(f"c{n}" for n in range(40))
    rows = (f"{row(f'g{n}')};" + ";".join(f"some words {n} {m}" for m in range(40)) for n in range(20_000))
    office.drop(f"{HEADER};{columns}\n" + "\n".join(rows), "large.csv")
    code = (
        "import sys\nfrom pathlib import Path\nfrom citizenstats.house import open_house\n"
        "from citizenstats.receive.receive import receive\n"
        f"receive(open_house(Path({str(office.home)!r}), Path({str(office.mappings)!r})), 'watch/answers', 0)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code])
    at_work = _until(lambda: _in_work(office.home))
    run.kill()
    run.wait()
    assert at_work
    assert _until(lambda: not _in_work(office.home))
    assert not list(office.home.rglob("outcome.json"))


def _in_work(home: Path) -> list[str]:
    """The processes whose folder lies in the home: readers at work, for each goes into its own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(home):
                found.append(process.name)
    return found


def _until(look: Callable[[], object]) -> object:
    """What a look says once it says something; after ten minutes what it says last."""
    end = time.monotonic() + 600
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen
