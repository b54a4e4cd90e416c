"""Many deliveries, and runs beside each other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import COUNTS
from citizenstats.receive.receive import receive
from citizenstats.release.manifest import newest, releases
from citizenstats.store import sha256_of
from tests.receive.office import DATASET, Office, file, row

ROOT = Path(__file__).parents[2]


def drop(office: Office, number: int) -> None:
    office.drop(file(*(row(f"d{number}p{n}") for n in range(5))), f"answers_{number:05}.csv")


def test_a_look_at_an_inbox_of_thousands_of_taken_files_is_quick(tmp_path: Path) -> None:
    """What was taken before costs no hashing and no reading."""
    office = Office(tmp_path)
    drop(office, 0)
    office.receive()
    (first,) = deliveries(office.house.store, DATASET)
    for number in range(1, 2_000):
        drop(office, number)
        path = office.inbox / f"answers_{number:05}.csv"
        found = path.stat()
        folder = first.folder(office.house.store).with_name(f"{number + 1:06}-{first.sha256[:12]}")
        folder.mkdir()
        mark = f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"
        said = (first.folder(office.house.store) / "delivery.json").read_text("utf-8")
        said = said.replace(first.mark, mark).replace('"number": 1', f'"number": {number + 1}')
        (folder / "delivery.json").write_text(said.replace("answers_00000", f"answers_{number:05}"), "utf-8")
        (folder / "erased.json").write_text(json.dumps({"counts": dict.fromkeys(COUNTS, 0)}), "utf-8")
        (office.outbox / f"{folder.name}.receipt.json").write_text("{}", "utf-8")
    before = time.process_time()
    assert receive(office.house, DATASET, settle=0.0).outcomes == ()
    assert time.process_time() - before < 5


@pytest.mark.long
def test_three_hundred_deliveries_are_all_taken_and_all_count(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(300):
        drop(office, number)
    outcomes = [*office.receive(), *office.receive()]
    assert len(outcomes) == 300
    assert {o.status for o in outcomes} == {"accepted"}
    assert len(office.records("id")) == 1_500


def test_two_runs_beside_each_other_end_in_one_and_the_same_release(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.drop(file(*(row(f"p{n:02}", "North" if n % 2 else "South") for n in range(60))))
    command = [
        sys.executable,
        "-m",
        "citizenstats",
        "--home",
        str(office.home),
        "--mappings",
        str(office.mappings),
    ]
    runs = [
        subprocess.Popen(
            [*command, "run"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=600)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    (release,) = releases(office.house.store, "OFFICE:ANSWERS")
    assert newest(office.house.store, "OFFICE:ANSWERS") == release
    for told in release.facts["files"]:
        assert sha256_of(release.folder / told["name"]) == told["sha256"]
    assert not list(office.home.rglob(".work-*"))
    shutil.rmtree(office.home)
