"""Nothing public rests on what was withheld: who guesses it cannot try whether he is right."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from citizenstats.house import House, open_house
from citizenstats.release.release import release
from tests.protect import office

SHOWN = {("A0",): (40, 20), ("A1",): (30, 15)}


def released(folder: Path, cube: office.Cube) -> House:
    house = open_house(folder / "home", office.mappings(folder / "mappings", (4,)))
    office.next_state(house, {"2020": cube}, (4,))
    assert release(house, office.FLOW).release is not None
    return house


def public(house: House) -> dict[str, bytes]:
    files = (path for path in house.store.published.rglob("*") if path.is_file())
    # The catalog has the place of its own home.
    return {
        str(path.relative_to(house.store.published)): path.read_bytes()
        for path in files
        if path.name != "catalog.duckdb"
    }


def test_no_public_file_tells_digits_of_the_hash_of_a_delivery(tmp_path: Path) -> None:
    """With all shown figures at hand, nine guesses at a withheld one are nine files; one of them would have this hash."""
    house = released(tmp_path, SHOWN | {("A2",): (25, 12), ("A3",): (28, 14)})
    (content,) = house.store.inbox(office.DATASET).iterdir()
    told = hashlib.sha256(content.read_bytes()).hexdigest()[:8].encode()
    files = public(house)
    assert len(files) > 5
    assert [name for name, content in files.items() if told in content] == []


def test_offices_that_differ_in_withheld_figures_alone_publish_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-01T12:00:00Z")
    # Both cells are small and go; their sum, which the total tells, is the same.
    one = released(tmp_path / "one", SHOWN | {("A2",): (6, 3), ("A3",): (7, 4)})
    other = released(tmp_path / "other", SHOWN | {("A2",): (5, 3), ("A3",): (8, 4)})
    first, second = public(one), public(other)
    assert list(first) == list(second)
    assert any(b",Q," in content for name, content in first.items() if name.endswith("data.csv"))
    assert [name for name in first if first[name] != second[name]] == []
