"""Standard errors of samples whose units were drawn one by one say nothing of what is withheld."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from citizenstats.engine import session
from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.audit.errors import telling_effects
from tests.protect.office import FLOW, deliver, mappings, protected, with_errors

SIZES = (4, 2)
CUBE = {
    (f"A{a}", f"B{b}"): (n, k)
    for a, both in enumerate(
        (((90, 40), (80, 30)), ((70, 20), (60, 30)), ((6, 3), (50, 20)), ((60, 20), (55, 22)))
    )
    for b, (n, k) in enumerate(both)
}


def made(folder: Path, design: str, cube=CUBE) -> tuple[House, Path]:
    said = with_errors(mappings(folder / "mappings", SIZES))
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace("sampling: register", "sampling: probability")
    contract.write_text(text.replace("      decimals: 8\n", f"      decimals: 8\n      {design}\n"), "utf-8")
    house = open_house(folder / "home", said)
    deliver(house, {"2020": cube}, SIZES)
    return house, protected(house)


def cells(file: Path) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return of each share whether it is shown, and whether its error is."""
    rows = duckdb.sql(
        f"SELECT GA, GB, OBS_VALUE, STD_ERROR FROM '{file}' WHERE INDICATOR = 'SHARE'"
    ).fetchall()
    return {(a, b): (value is not None, error is not None) for a, b, value, error in rows}


def test_no_error_stands_beside_a_figure_with_a_withheld_part(tmp_path: Path) -> None:
    found = cells(made(tmp_path, "strata: ga")[1])
    withheld = {cell for cell, (is_shown, _) in found.items() if not is_shown}
    assert ("A2", "B0") in withheld

    def covers(cell: tuple[str, str]) -> bool:
        return any(all(c in ("_T", p) for c, p in zip(cell, part, strict=True)) for part in withheld)

    shown = {cell: has_error for cell, (is_shown, has_error) in found.items() if is_shown}
    assert any(map(covers, shown))
    assert {cell: has for cell, has in shown.items() if has == covers(cell)} == {}


@pytest.mark.parametrize(
    ("design", "cube"),
    [
        ("design: simple_random", CUBE),
        ("cluster: gb", CUBE),
        ("strata: ga", {**CUBE, ("A2", "B0"): (40, 15)}),
    ],
    ids=["drawn alike", "drawn in clusters", "nothing withheld"],
)
def test_other_errors_stay(tmp_path: Path, design: str, cube) -> None:
    found = cells(made(tmp_path, design, cube)[1])
    assert found["_T", "_T"] == (True, True)


def test_no_error_is_made_of_few_clusters_in_withheld_strata(tmp_path: Path) -> None:
    """Whoever knows how many were drawn in each cluster tries all counts that agree with the error of the whole."""
    cube = {
        (f"A{a}", f"B{b}"): of
        for a, both in enumerate(
            (((4, 2), (4, 2)), ((40, 20), (41, 18)), ((60, 30), (58, 33)), ((50, 26), (52, 20)))
        )
        for b, of in enumerate(both)
    }
    found = cells(made(tmp_path, "strata: ga\n      cluster: gb", cube)[1])
    assert not found["A0", "_T"][0]
    errors = {cell: has_error for cell, (is_shown, has_error) in found.items() if is_shown}
    assert errors["_T", "_T"] is False
    # What lies in a shown stratum has its error.
    assert any(errors.values())


def test_the_audit_stops_an_error_that_was_left(tmp_path: Path) -> None:
    house, file = made(tmp_path, "strata: ga")
    messages = tmp_path / "messages"
    messages.mkdir()
    for left, code in (("STD_ERROR", None), ("coalesce(STD_ERROR, OBS_VALUE * 0 + 1.5)", "DISCLOSIVE")):
        duckdb.sql(
            f"COPY (SELECT * REPLACE ({left} AS STD_ERROR) FROM '{file}') TO '{messages / 'data.csv'}' (HEADER)"
        )
        found = audit(house, FLOW, file.parent.name, messages)
        assert bool(found.telling) == (code is not None)
        if code is None:
            found.require(FLOW)
        else:
            with pytest.raises(ReleaseError, match=code):
                found.require(FLOW)


def test_a_design_effect_beside_a_count_is_found_by_the_audit(tmp_path: Path) -> None:
    house, file = made(tmp_path, "strata: ga")
    effects = duckdb.sql(f"SELECT INDICATOR, count(DESIGN_EFFECT) FROM '{file}' GROUP BY ALL").fetchall()
    assert dict(effects)["NUMBER_OF"] == 0 < dict(effects)["SHARE"]
    message = tmp_path / "data.csv"
    message.write_text("INDICATOR,DESIGN_EFFECT\nNUMBER_OF,1.21\nNUMBER_OF,\nSHARE,1.21\n", "utf-8")
    with session([tmp_path]) as engine:
        assert telling_effects(engine, house.mappings, FLOW, message) == 1
