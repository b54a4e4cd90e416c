"""The constraint of each SDG series."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.engine import session
from citizenstats.sdmx.load import OFFICIAL
from citizenstats.validation.finding import Frame
from citizenstats.validation.series import SDG, series_constraint, series_findings

STRUCTURE = load_mappings(Path(__file__).parents[2] / "sdmx_mappings").structures.data_structures[SDG]


def found(*rows: dict[str, str]) -> list[Any]:
    columns = ["SERIES", "UNIT_MEASURE", "UNIT_MULT", "SEX", "DISABILITY_STATUS"]
    lines = [
        f"({place}, " + ", ".join(f"'{r[c]}'" if c in r else "NULL" for c in columns) + ")"
        for place, r in enumerate(rows, 1)
    ]
    source = f"SELECT * FROM (VALUES {', '.join(lines)}) AS t(_row, {', '.join(columns)})"
    with session(threads=1) as engine:
        return [
            (f.code, f.component, f.count, f.row, f.values)
            for f in series_findings(engine, Frame(source, "_row"), STRUCTURE)
        ]


@pytest.mark.parametrize(
    ("row", "component", "code"),
    [
        ({"UNIT_MEASURE": "NUMBER"}, "UNIT_MEASURE", "NUMBER"),
        ({"UNIT_MULT": "3"}, "UNIT_MULT", "3"),
        ({"SEX": "M"}, "SEX", "M"),
    ],
)
def test_a_code_that_its_series_does_not_allow_is_told_with_the_series(
    row: dict[str, str], component: str, code: str
) -> None:
    good = {"SERIES": "SI_COV_MATNL", "UNIT_MEASURE": "PT", "UNIT_MULT": "0", "SEX": "F"}
    assert found(good) == []
    assert found(good, good | row) == [
        ("NOT_IN_SERIES_CONSTRAINT", component, 1, 2, (f"SI_COV_MATNL: {code}",))
    ]


def test_all_codes_and_series_without_a_constraint_are_let_through() -> None:
    assert (
        found({"SERIES": "SI_POV_DAY1", "SEX": "M", "DISABILITY_STATUS": "PD"}, {"SERIES": "OWN", "SEX": "M"})
        == []
    )


def test_the_table_covers_the_official_series_and_its_codes_are_clean() -> None:
    with (OFFICIAL / "IAEG-SDGs" / "constraints" / "SERIES.csv").open(
        encoding="utf-8", newline=""
    ) as content:
        rows = list(csv.DictReader(content))
    assert len(rows) == 665
    assert set(series_constraint()) <= set(STRUCTURE.by_id)
    for pairs in series_constraint().values():
        assert all(code and code == code.strip() for _, code in pairs)
