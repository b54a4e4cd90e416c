"""The audit of a message stops what protection itself did not see."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.audit.report import Audit
from tests.protect.office import FLOW, deliver, mappings, protected, with_errors

SIZES = (3,)
CUBE = {("A0",): (200, 90), ("A1",): (4, 2), ("A2",): (70, 30)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path]:
    """An office whose structure has a place for the standard error, and its publishable file with hidden cells."""
    folder = tmp_path_factory.mktemp("office")
    said = with_errors(mappings(folder / "mappings", SIZES))
    house = open_house(folder / "home", said)
    deliver(house, {"2020": CUBE}, SIZES)
    return house, protected(house)


def _audited(made: tuple[House, Path], message: Path, change: str = "*", where: str = "TRUE") -> Audit:
    house, file = made
    target = message / "data.csv"
    duckdb.sql(f"COPY (SELECT {change} FROM '{file}' WHERE {where}) TO '{target}' (HEADER)")
    return audit(house, FLOW, file.parent.name, message)


def test_what_protection_made_passes(made: tuple[House, Path], tmp_path: Path) -> None:
    found = _audited(made, tmp_path)
    assert found.found.attacked > 0
    found.require(FLOW)


@pytest.mark.parametrize("beside", ["SAMPLE_SIZE", "STD_ERROR"])
def test_a_number_left_beside_a_withheld_value_shows_the_cell(
    made: tuple[House, Path], tmp_path: Path, beside: str
) -> None:
    found = _audited(made, tmp_path, f"* REPLACE (coalesce({beside}, 4) AS {beside})")
    assert found.shown > 0
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        found.require(FLOW)


def test_an_observation_that_nobody_judged_stops_the_release(
    made: tuple[House, Path], tmp_path: Path
) -> None:
    found = _audited(made, tmp_path, "* REPLACE ('2021' AS TIME_PERIOD)", "OBS_VALUE IS NOT NULL")
    assert found.unaccounted == found.cells > 0
    with pytest.raises(ReleaseError, match="NOT_JUDGED"):
        found.require(FLOW)
