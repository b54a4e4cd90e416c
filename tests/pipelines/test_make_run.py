"""`make run`: it publishes what the command line publishes, in a name that is nobody's, and can be run again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from citizenstats.contracts.load import load_mappings
from tests.conftest import NOW, ROOT

SAMPLES = ROOT / "data" / "samples"


def make_run(home: Path, mappings: Path) -> str:
    """Run what `make run` runs; return what it said."""
    environment = {
        "CITIZENSTATS_HOME": str(home),
        "CITIZENSTATS_MAPPINGS": str(mappings),
        "CITIZENSTATS_NOW": NOW,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.run"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(folder: Path, *patterns: str) -> dict[str, bytes]:
    """Return path → bytes of all files that match."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}


@dataclass(frozen=True)
class Demonstrated:
    """A home of `make run` and one of the command line with the same samples; do not write to them."""

    mappings: Path
    home: Path
    told: str
    by_command: Path

    def flows(self, review: str) -> list[str]:
        """Return the folders of the dataflows with this rule of review."""
        return [
            flow.replace(":", "/")
            for flow, file in load_mappings(self.mappings).dataflows.items()
            if file.review == review
        ]


@pytest.fixture(scope="module", params=["one system", pytest.param("all four", marks=pytest.mark.long)])
def demonstrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    folder = tmp_path_factory.mktemp("demonstrated")
    if request.param == "all four":
        mappings, by_command = ROOT / "sdmx_mappings", request.getfixturevalue("demonstration")
    else:
        by_command, mappings = request.getfixturevalue("one_system")
    return Demonstrated(mappings, folder / "home", make_run(folder / "home", mappings), by_command)


def test_dagster_and_the_command_line_publish_the_same_bytes(demonstrated: Demonstrated) -> None:
    # The catalog is a database made of the same files; its pages hold no order that is promised.
    unreviewed = [f"{flow}/**/*" for flow in demonstrated.flows("none")]
    ours, theirs = (
        files(home / "published", *unreviewed) for home in (demonstrated.home, demonstrated.by_command)
    )
    assert ours.keys() == theirs.keys()
    assert len([name for name in ours if name.endswith("R0002/manifest.json")]) == len(unreviewed) > 0
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_what_waits_for_sign_off_is_the_same_too(demonstrated: Demonstrated) -> None:
    reviewed = [f"{flow}/C*/*" for flow in demonstrated.flows("required")]
    both = [
        files(home / "restricted" / "candidates", *reviewed)
        for home in (demonstrated.home, demonstrated.by_command)
    ]
    ours, theirs = ({name: b for name, b in found.items() if "decision" not in name} for found in both)
    assert ours
    assert ours == theirs


def test_the_demonstration_signs_off_and_says_in_whose_name(demonstrated: Demonstrated) -> None:
    assert "Sample Person (demonstration only" in demonstrated.told
    assert (demonstrated.home / "published" / "IAEG-SDGs" / "DF_SDG_GLC" / "latest.json").exists()


def test_each_delivery_is_in_the_summary_and_in_the_event_log(demonstrated: Demonstrated) -> None:
    restricted = demonstrated.home / "restricted"
    kept = sorted((restricted / "deliveries").glob("*/*/0*/delivery.json"))
    named = {f"{path.parts[-4]}/{path.parts[-3]}" for path in kept}
    assert named == set(load_mappings(demonstrated.mappings).datasets)
    assert len(kept) == sum(
        1 for path in SAMPLES.glob("*/*/*/*") if f"{path.parts[-3]}/{path.parts[-2]}" in named
    )
    log = b"".join(path.read_bytes() for path in (restricted / "dagster").rglob("*.db"))
    for path in kept:
        assert path.parent.name in demonstrated.told
        assert path.parent.name.encode() in log


@pytest.mark.long
def test_a_second_demonstration_changes_nothing(demonstrated: Demonstrated, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demonstrated.home, home)
    before = files(home / "published", "*/**/*")
    make_run(home, demonstrated.mappings)
    assert files(home / "published", "*/**/*") == before


@pytest.mark.long
def test_a_candidate_with_other_deliveries_behind_it_is_not_signed_off_by_the_demonstration(
    demonstrated: Demonstrated, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demonstrated.home, home)
    sample = next((SAMPLES / "2_corrections" / "right_to_defend" / "incidents").iterdir())
    real = home / "inbox" / "right_to_defend" / "incidents" / f"real_{sample.name}"
    text = sample.read_bytes()
    real.write_bytes(text + text.splitlines(keepends=True)[-1].replace(b"2024", b"2023"))
    before = files(home / "published" / "IAEG-SDGs", "**/*")
    make_run(home, demonstrated.mappings)
    assert files(home / "published" / "IAEG-SDGs", "**/*") == before
