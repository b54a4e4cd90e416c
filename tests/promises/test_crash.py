"""A crash anywhere leaves the former state, and the next run completes the work."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from citizenstats.store import sha256_of
from tests.receive.office import Office, file, row

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("crash_runner.py")
FLOW = "published/OFFICE/ANSWERS"
NOW = "2026-11-23T08:00:00Z"
STRIDE = 10
"""Steps from one kill to the next in the long test, which begins at another one each time."""


@dataclass(frozen=True)
class Way:
    """An office before its second delivery, what is seen before and after it, and the steps that it takes."""

    folder: Path
    before: dict[str, str]
    after: dict[str, str]
    steps: int


def answers(score: str, *more: str) -> str:
    people = [
        row(f"p{n:02}", "North" if n % 2 else "South", "f" if n % 3 else "m", score=score) for n in range(60)
    ]
    return file(*people, *more)


def run(folder: Path, crash_at: int) -> tuple[int, int]:
    """Run the command line, killed at a step; return its exit code and the steps it took."""
    count = folder / "steps"
    count.unlink(missing_ok=True)
    command = [sys.executable, str(RUNNER), str(crash_at), str(count), "--", "--home", str(folder / "home")]
    done = subprocess.run(
        [*command, "--mappings", str(folder / "mappings"), "run"],
        env={**os.environ, "CITIZENSTATS_NOW": NOW, "PYTHONPATH": str(ROOT)},
        capture_output=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, int(count.read_text()) if count.exists() else 0


def published(folder: Path) -> dict[str, str]:
    """Return what a consumer sees of each dataflow: the newest release's number and the sum of its CSV.

    Everything that is public must be whole: each manifest's sums are checked.
    """
    seen = {}
    home = folder / "home"
    for manifest in (home / "published").glob("*/*/*/R*/manifest.json"):
        for told in json.loads(manifest.read_text("utf-8"))["files"]:
            assert sha256_of(manifest.parent / told["name"]) == told["sha256"], (manifest, told["name"])
    for pointer in (home / "published").glob("*/*/latest.json"):
        facts = json.loads(pointer.read_text("utf-8"))
        release = (pointer.parent / facts["manifest"]).parent
        seen[str(pointer.parent.relative_to(home))] = f"{facts['release']} {sha256_of(release / 'data.csv')}"
    return seen


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Way:
    folder = tmp_path_factory.mktemp("crash") / "office"
    office = Office(folder)
    office.drop(answers("10"), "first.csv")
    assert run(folder, 0)[0] == 0
    before = published(folder)
    assert list(before) == [FLOW]
    office.drop(answers("20", row("p99", agrees="no"), row("bad", score="x")), "second.csv")
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    code, steps = run(whole, 0)
    assert code == 0
    after = published(whole)
    assert after[FLOW].startswith("R0002 ")
    return Way(folder, before, after, steps)


def crashed_and_mended(way: Way, at: int, place: Path) -> None:
    broken = place / f"at_{at}"
    shutil.copytree(way.folder, broken)
    code, _ = run(broken, at)
    assert code == -signal.SIGKILL
    seen = published(broken)
    assert seen in (way.before, way.after), "a state that never was"
    assert run(broken, 0)[0] == 0
    assert published(broken) == way.after
    assert not list((broken / "home" / "published").rglob(".work-*"))
    assert not list((broken / "home" / "restricted").rglob(".work-*"))
    shutil.rmtree(broken)


def test_a_kill_at_any_step_leaves_the_former_state_and_the_next_run_completes(
    way: Way, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}, {way.steps} steps")
    for at in sorted(random.Random(seed).sample(range(1, way.steps), 2)):
        crashed_and_mended(way, at, tmp_path)


@pytest.mark.long
def test_a_kill_at_steps_all_along_the_way(way: Way, tmp_path: Path) -> None:
    for at in range(1 + random.randrange(STRIDE), way.steps, STRIDE):
        crashed_and_mended(way, at, tmp_path)
