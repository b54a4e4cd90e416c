"""What is too unreliable looks like what is confidential, and what is flagged keeps its value."""

from __future__ import annotations

import json

import duckdb

from citizenstats.house import open_house
from tests.protect.office import MINIMUM, deliver, mappings, protected

SIZES = (3,)
CUBE = {("A0",): (200, 90), ("A1",): (40, 18), ("A2",): (70, 30)}
RULES = "reliability: {shares: {withhold: {n: 50}, flag: {n: 100}}}\n"


def _published(tmp_path, rules):
    folder = mappings(tmp_path / "mappings", SIZES)
    with (folder / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(rules)
    house = open_house(tmp_path / "home", folder)
    deliver(house, {"2020": CUBE}, SIZES)
    made = protected(house)
    counted = json.loads((made.parent / "protected.json").read_bytes())["flows"]["OFFICE:ANSWERS"]
    rows = duckdb.sql(
        f"SELECT INDICATOR, GA, OBS_VALUE, OBS_STATUS, CONF_STATUS, SAMPLE_SIZE FROM '{made}' ORDER BY ALL"
    ).fetchall()
    return {row[:2]: row[2:] for row in rows}, counted


def test_an_unreliable_share_is_empty_as_a_confidential_one_and_its_neighbour_is_flagged(tmp_path):
    assert MINIMUM < 18
    cells, counted = _published(tmp_path, RULES)
    assert cells["SHARE", "A1"] == (None, "Q", "C", None)
    assert cells["SHARE", "A2"][1:] == ("U", "F", 70)
    assert cells["SHARE", "A0"][1:] == ("A", "F", 200)
    assert cells["NUMBER_OF", "A1"][0] == 18
    assert (counted["unreliable"], counted["flagged"], counted["primary"], counted["withheld"]) == (
        1,
        1,
        0,
        0,
    )


def test_without_rules_everything_safe_is_shown(tmp_path):
    cells, counted = _published(tmp_path, "")
    assert {cell[1] for cell in cells.values()} == {"A"}
    assert (counted["unreliable"], counted["flagged"]) == (0, 0)
