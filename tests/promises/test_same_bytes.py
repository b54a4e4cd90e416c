"""Same inputs, same bytes; no change, no new release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Command

ROOT = Path(__file__).parents[2]


def tree(home: Path) -> dict[str, bytes]:
    """Return all published files but the catalog, which holds the paths of its own machine."""
    folder = home / "published"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "catalog.duckdb"
    }


def test_two_homes_with_the_same_inputs_publish_the_same_bytes(
    citizenstats: Command, one_system: tuple[Path, Path], tmp_path: Path
) -> None:
    home, mappings = one_system
    another = tmp_path / "another place with a longer name"
    said = citizenstats("--home", another, "--mappings", mappings, "demo")
    assert said.code == 0, said.out + said.err
    first, second = tree(home), tree(another)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert sum(name.endswith("manifest.json") for name in first) >= 2


def test_a_second_run_over_the_same_inputs_releases_nothing(
    citizenstats: Command, demonstration: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demonstration, home)
    before = tree(home)
    said = citizenstats("--home", home, "--mappings", ROOT / "sdmx_mappings", "run")
    assert said.code == 0, said.out + said.err
    assert tree(home) == before


@pytest.mark.parametrize("word", ["accepted", "refused", "withheld", "ignored"])
def test_the_samples_show_every_fate_of_a_row(citizenstats: Command, demonstration: Path, word: str) -> None:
    listed = citizenstats(
        "--home", demonstration, "--mappings", ROOT / "sdmx_mappings", "--json", "deliveries"
    ).json["deliveries"]
    assert listed
    for one in listed:
        assert one["read"] == one["accepted"] + one["refused"] + one["withheld"] + one["ignored"], one
    assert sum(one[word] for one in listed) > 0
