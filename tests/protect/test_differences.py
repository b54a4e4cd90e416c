"""A difference is shown where both of its groups are, and never gives one of them back; a quantile near the end is hidden."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from citizenstats import flow
from citizenstats.house import House, open_house
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.unsafe import unsafe_sql
from tests.protect import office
from tests.protect.office import FLOW, MINIMUM, Cube, deliver, protected

SIZES = (3, 4)
GAP = "GAP: {difference: {of: SHARE, across: GA, groups: [A0, A1]}}"
Cells = dict[tuple[str, str, str], tuple[float | None, str]]


def house(tmp_path: Path, rules: str = "") -> House:
    """Return the office with a gap between A0 and A1 beside the share."""
    folder = office.mappings(tmp_path / "mappings", SIZES)
    contract = folder / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        "NUMBER_OF: {count: answer}", f"NUMBER_OF: {{count: answer}}\n        {GAP}"
    )
    contract.write_text(text, "utf-8")
    with (folder / "structures/OFFICE/codelists/CL_INDICATOR.csv").open("a", encoding="utf-8") as file:
        file.write("GAP,,Gap\n")
    with (folder / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(rules)
    return open_house(tmp_path / "home", folder)


def cells_of(file: Path) -> Cells:
    rows = duckdb.sql(f"SELECT INDICATOR, GA, GB, OBS_VALUE, OBS_STATUS FROM '{file}'").fetchall()
    return {row[:3]: row[3:] for row in rows}


def taken(home: House, cube: Cube) -> Cells:
    deliver(home, {"2020": cube}, SIZES)
    return cells_of(protected(home))


def gaps(cells: Cells) -> dict[str, tuple[float | None, str]]:
    found = {key[2]: cells[key] for key in sorted(cells) if key[0] == "GAP"}
    assert {key[1] for key in cells if key[0] == "GAP"} == {"_T"}
    return found


def is_shown(cells: Cells, group: str, at: str) -> bool:
    return cells.get(("SHARE", group, at), (None, ""))[0] is not None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_difference_is_hidden_wherever_a_group_is_and_is_theirs_elsewhere(
    tmp_path: Path, seed: int
) -> None:
    cube = office.random_cube(random.Random(seed), SIZES, 40)
    cells = taken(house(tmp_path), cube)
    assert any(cell[0] is None for cell in gaps(cells).values()), "nothing is hidden, so nothing is tried"
    for at, (value, status) in gaps(cells).items():
        first, second = (cells.get(("SHARE", group, at), (None, ""))[0] for group in ("A0", "A1"))
        if first is None or second is None:
            assert (value, status) == (None, "Q"), at
        else:
            assert value == pytest.approx(first - second, abs=1e-6), at


def test_a_missing_key_of_a_difference_does_not_tell_that_a_hidden_group_is_empty(tmp_path: Path) -> None:
    """A1 has nobody in B0 and B1, where cells of A0 are hidden: no difference is, but their keys are all there."""
    people = {("A2", b): (200, 90) for b in ("B0", "B1", "B2", "B3")}
    people |= {("A0", "B0"): (3, 1), ("A0", "B1"): (14, 7), ("A0", "B2"): (90, 40), ("A0", "B3"): (90, 40)}
    people |= {("A1", "B2"): (80, 30), ("A1", "B3"): (80, 30)}
    cells = taken(house(tmp_path), people)
    assert [at for at in ("B0", "B1", "B2", "B3") if not is_shown(cells, "A0", at)] == ["B0", "B1"]
    assert [at for at, (value, _) in gaps(cells).items() if value is not None] == ["B2", "B3", "_T"]
    assert gaps(cells)["B0"] == gaps(cells)["B1"] == (None, "Q")


def test_where_nothing_is_hidden_all_differences_are_shown(tmp_path: Path) -> None:
    people = {(a, b): (60, 30) for a in ("A0", "A1", "A2") for b in ("B0", "B1", "B2", "B3")}
    cells = taken(house(tmp_path), {**people, ("A1", "B2"): (0, 0)})
    assert set(gaps(cells)) == {"_T", "B0", "B1", "B3"}, "of a group without anybody there is no difference"
    assert all(value is not None for value, _ in gaps(cells).values())


def test_a_difference_stays_as_it_was_while_a_group_does(tmp_path: Path) -> None:
    """With a new difference and the other group the old figure that stays would be told anew, and who came with it."""
    people = {(a, b): (60, 30) for a in ("A0", "A1", "A2") for b in ("B0", "B1", "B2", "B3")}
    home = house(tmp_path)
    first = taken(home, people)
    flow.release(home, FLOW)
    second = taken(home, {**people, ("A0", "B0"): (61, 31)})
    assert second["SHARE", "A0", "B0"] == first["SHARE", "A0", "B0"]
    assert gaps(second)["B0"] == gaps(first)["B0"]


def test_a_difference_is_as_reliable_as_the_less_reliable_group(tmp_path: Path) -> None:
    people = {(a, b): (200, 90) for a in ("A0", "A1", "A2") for b in ("B0", "B1", "B2", "B3")}
    rules = "reliability: {shares: {withhold: {n: 100}, flag: {n: 150}}}\n"
    cells = taken(house(tmp_path, rules), {**people, ("A0", "B0"): (60, 30), ("A1", "B1"): (120, 60)})
    assert cells["SHARE", "A0", "B0"] == (None, "Q")
    assert gaps(cells)["B0"] == (None, "Q")
    assert gaps(cells)["B1"][1] == "U"
    assert gaps(cells)["B2"][1] == "A"


def test_the_audit_passes_what_differences_are_shown(tmp_path: Path) -> None:
    home = house(tmp_path)
    deliver(home, {"2020": office.random_cube(random.Random(4), SIZES, 40)}, SIZES)
    file = protected(home)
    message = tmp_path / "message"
    message.mkdir()
    duckdb.sql(
        f"COPY (SELECT * EXCLUDE (_dataset, _deliveries) FROM '{file}') TO '{message}/data.csv' (HEADER)"
    )
    found = audit(home, FLOW, file.parent.name, message)
    assert found.found.attacked > 0
    found.require(FLOW)


@pytest.mark.parametrize(
    ("n", "side", "sensitive", "unsafe"),
    [
        (40, 20, "FALSE", False),
        (40, MINIMUM - 1, "FALSE", True),
        (MINIMUM - 1, 2, "FALSE", True),
        (40, 40, "FALSE", False),
        (40, 40, "TRUE", True),  # all have the same value
    ],
)
def test_a_quantile_needs_units_on_either_side(n: int, side: int, sensitive: str, unsafe: bool) -> None:
    row = f"SELECT 5.0 AS OBS_VALUE, {n} AS _n, NULL AS _k, {side} AS _side, {MINIMUM} AS _minimum, 'quantile' AS _kind"
    condition = unsafe_sql(["OBS_VALUE"], sensitive=sensitive)
    assert duckdb.sql(f"SELECT {condition} FROM ({row})").fetchall() == [(unsafe,)]
