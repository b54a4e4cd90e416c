"""A crash anywhere leaves the former state, and the next run completes the work."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from citizenstats.store import sha256_of

pytestmark = pytest.mark.xdist_group("crash")

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("crash_runner.py")
DATASETS = ("right_to_defend/incidents", "right_to_defend/assessments")
FLOW = "CITIZENSTATS/RIGHT_TO_DEFEND"
NOW = "2026-11-23T08:00:00Z"
TRIALS = 40
"""Kills of the long test, spread evenly over all steps of all writes."""


def drop(home: Path, of_round: str) -> None:
    for dataset in DATASETS:
        inbox = home / "inbox" / dataset
        inbox.mkdir(parents=True, exist_ok=True)
        for file in (ROOT / "data" / "samples" / of_round / dataset).glob("*"):
            shutil.copy(file, inbox)


def run(home: Path, mappings: Path, crash_at: int) -> tuple[int, int]:
    """Run the command line, killed at a step; return its exit code and the steps it took."""
    count = home.parent / "steps"
    count.unlink(missing_ok=True)
    command = [sys.executable, str(RUNNER), str(crash_at), str(count), "--", "--home", str(home)]
    done = subprocess.run(
        [*command, "--mappings", str(mappings), "run"],
        env={**os.environ, "CITIZENSTATS_NOW": NOW, "PYTHONPATH": str(ROOT)},
        capture_output=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, int(count.read_text()) if count.exists() else 0


def published(home: Path) -> dict[str, str]:
    """Return what a consumer sees of each dataflow: the newest release's number and the sum of its CSV.

    Everything that is public must be whole: each manifest's sums are checked.
    """
    seen = {}
    for manifest in (home / "published").glob("*/*/*/R*/manifest.json"):
        for file in json.loads(manifest.read_text("utf-8"))["files"]:
            assert sha256_of(manifest.parent / file["name"]) == file["sha256"], (manifest, file["name"])
    for pointer in (home / "published").glob("*/*/latest.json"):
        facts = json.loads(pointer.read_text("utf-8"))
        release = (pointer.parent / facts["manifest"]).parent
        seen[str(pointer.parent.relative_to(home))] = f"{facts['release']} {sha256_of(release / 'data.csv')}"
    return seen


@pytest.fixture(scope="module")
def reference(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path, dict[str, str], dict[str, str], int]:
    """A home after the first round, what is seen before and after the second round, and how many steps that takes."""
    folder = tmp_path_factory.mktemp("crash")
    mappings = folder / "mappings"
    shutil.copytree(ROOT / "sdmx_mappings", mappings)
    for partner in (mappings / "partners").iterdir():
        if partner.name != "right_to_defend":
            shutil.rmtree(partner)
    for flow in (mappings / "dataflows").glob("*/*.yaml"):
        if flow.stem not in ("RIGHT_TO_DEFEND", "DF_SDG_GLC"):
            flow.unlink()
    home = folder / "first" / "home"
    drop(home, "1_first")
    assert run(home, mappings, 0)[0] == 0
    before = published(home)
    assert f"published/{FLOW}" in before
    whole = folder / "whole" / "home"
    shutil.copytree(home, whole)
    drop(whole, "2_corrections")
    code, steps = run(whole, mappings, 0)
    assert code == 0
    after = published(whole)
    assert after != before
    return home, mappings, before, after, steps


def crashed_and_mended(
    reference: tuple[Path, Path, dict[str, str], dict[str, str], int], at: int, place: Path
) -> None:
    home, mappings, before, after, _ = reference
    broken = place / f"at_{at}" / "home"
    shutil.copytree(home, broken)
    drop(broken, "2_corrections")
    code, _ = run(broken, mappings, at)
    assert code == -signal.SIGKILL
    seen = published(broken)
    assert set(seen) >= set(before)
    assert all(state in (before.get(flow), after.get(flow)) for flow, state in seen.items()), (
        "a state that never was"
    )
    assert run(broken, mappings, 0)[0] == 0
    assert published(broken) == after
    assert not list((broken / "published").rglob(".work-*"))
    shutil.rmtree(broken.parent)


def test_a_kill_at_any_step_leaves_the_former_state_and_the_next_run_completes(
    reference: tuple[Path, Path, dict[str, str], dict[str, str], int], tmp_path: Path
) -> None:
    steps = reference[-1]
    seed = random.randrange(2**32)
    print(f"seed {seed}, {steps} steps")
    for at in sorted(random.Random(seed).sample(range(1, steps), 5)):
        crashed_and_mended(reference, at, tmp_path)


@pytest.mark.long
def test_a_kill_at_steps_all_along_the_way(
    reference: tuple[Path, Path, dict[str, str], dict[str, str], int], tmp_path: Path
) -> None:
    every = max(1, reference[-1] // TRIALS)
    for at in range(1 + random.randrange(every), reference[-1], every):
        crashed_and_mended(reference, at, tmp_path)
