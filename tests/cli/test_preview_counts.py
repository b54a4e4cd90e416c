"""A preview of a sample held against the counts of another dataset takes those of the store, or says that there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citizenstats.flow import observe
from citizenstats.receive.receive import receive
from tests.conftest import Command
from tests.harmonize.test_sample import CENSUS, COUNTED, Offices, answers
from tests.receive.office import DATASET

COLUMNS = ("REF_AREA", "SEX", "OBS_VALUE")


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-11-23T08:00:00Z")
    made = Offices(tmp_path)
    (tmp_path / "answers.csv").write_text(answers(), "utf-8")
    return made


def preview(
    citizenstats: Command, offices: Offices, tmp_path: Path
) -> tuple[int, Any, dict[tuple[str, str], float]]:
    said = citizenstats(
        "preview", DATASET, tmp_path / "answers.csv", "--json",
        "--home", offices.house.store.home, "--mappings", offices.mappings,
    )  # fmt: skip
    told = said.json
    figures = [[row[c] for c in COLUMNS] for flow in told["dataflows"] for row in flow["first"]]
    return said.code, told, {(area, sex): value for area, sex, value in figures}


def test_the_counts_of_the_store_are_taken_and_nothing_is_stored(
    citizenstats: Command, offices: Offices, tmp_path: Path
) -> None:
    offices.count(COUNTED, "census.csv")
    receive(offices.house, CENSUS, settle=0.0)
    before = sorted(p for p in offices.house.store.home.rglob("*") if p.is_file())
    code, told, figures = preview(citizenstats, offices, tmp_path)
    assert (code, told["errors"]) == (0, [])
    assert sorted(p for p in offices.house.store.home.rglob("*") if p.is_file()) == before
    offices.send(answers())
    made = offices.values(observe(offices.house, DATASET))
    assert figures
    assert figures == {at: made[at] for at in figures}


def test_without_counts_it_says_so_and_shows_the_rest(
    citizenstats: Command, offices: Offices, tmp_path: Path
) -> None:
    code, told, figures = preview(citizenstats, offices, tmp_path)
    assert code == 1
    assert [error["code"] for error in told["errors"]] == ["NO_COUNTS"]
    assert CENSUS in told["errors"][0]["what"]
    assert "without these counts" in told["errors"][0]["what"]
    assert told["files"][0]["accepted"] == 80
    assert figures["XX", "_T"] == pytest.approx((48 * 60 + 32 * 20) / 80), (
        "the mean with the weights as they are"
    )
