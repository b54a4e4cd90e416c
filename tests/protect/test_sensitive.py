"""A sensitive question has a threshold of its own, which a lower minimum does not lower."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from citizenstats.house import open_house
from tests.protect.office import deliver, mappings, protected

SIZES = (2,)
CUBE = {("A0",): (200, 90), ("A1",): (100, 19)}
"""Nineteen who said yes: more than the office's minimum, fewer than the least of a sensitive question."""


def shown(folder: Path, role: str = "", rules: str = "") -> set[str]:
    """Return the categories whose share is shown, with this role of the question and these rules beside the minimum."""
    said = mappings(folder / "mappings", SIZES)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8")
    text = text.replace(
        "answer: {type: boolean, required: true", f"answer: {{type: boolean, required: true{role}"
    )
    contract.write_text(text.replace("protection: {minimum: 5", f"protection: {{minimum: 5{rules}"), "utf-8")
    house = open_house(folder / "home", said)
    deliver(house, {"2020": CUBE}, SIZES)
    found = duckdb.sql(
        f"SELECT GA FROM '{protected(house)}' WHERE INDICATOR = 'SHARE' AND OBS_VALUE IS NOT NULL"
    ).fetchall()
    return {category for (category,) in found}


@pytest.mark.parametrize(
    ("role", "rules", "categories"),
    [
        ("", "", {"A0", "A1", "_T"}),
        (", role: sensitive", "", {"_T"}),
        (", role: sensitive", ", sensitive_minimum: 5", {"A0", "A1", "_T"}),
        (", role: sensitive", ", sensitive_minimum: 1", {"A0", "A1", "_T"}),
    ],
    ids=["not sensitive", "sensitive", "told otherwise", "never below the minimum"],
)
def test_a_sensitive_question_keeps_its_threshold(
    tmp_path: Path, role: str, rules: str, categories: set[str]
) -> None:
    assert shown(tmp_path, role, rules) == categories
