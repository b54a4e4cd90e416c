"""The office's own copy has every value, and says why it may not be shown; the public one says neither."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.protect.office import taken_through

SIZES = (3,)
CUBE = {("A0",): (200, 90), ("A1",): (4, 2), ("A2",): (70, 30)}

Told = dict[str, tuple[float | None, str]]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Told]:
    """Value and confidentiality of each category's share, as the office has them and as they are published."""
    folder = tmp_path_factory.mktemp("copies")
    published = taken_through(folder / "home", folder / "mappings", {"2020": CUBE}, SIZES)
    own = published.with_name(f"office.{published.name}")

    def told(file: Path) -> Told:
        rows = duckdb.sql(
            f"SELECT GA, OBS_VALUE, CONF_STATUS FROM '{file}' WHERE INDICATOR = 'SHARE'"
        ).fetchall()
        return {category: (value, status) for category, value, status in rows}

    assert own.stat().st_mode & 0o077 == 0
    return told(own), told(published)


def test_it_has_every_value_and_tells_the_unsafe_from_what_went_with_them(copies: tuple[Told, Told]) -> None:
    own, _ = copies
    assert own["A1"] == (50.0, "A")
    assert own["_T"] == (pytest.approx(100 * 122 / 274), "F")
    assert {status for _, status in own.values()} == {"A", "D", "F"}
    assert all(value is not None for value, _ in own.values())


def test_the_public_copy_says_one_thing_of_all_of_them(copies: tuple[Told, Told]) -> None:
    own, published = copies
    assert published.keys() == own.keys()
    for category, (_, status) in own.items():
        assert (published[category][0] is None) == (status != "F")
        assert published[category][1] == ("F" if status == "F" else "C")
