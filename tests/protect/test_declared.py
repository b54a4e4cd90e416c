"""What an office declares of its cells: which are dear to hide, which stay, and how hard the cheapest are looked for."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts.lint import lint
from citizenstats.contracts.load import load_mappings
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.method import method_of
from citizenstats.protect.protect import protect
from citizenstats.release.assemble import assemble
from citizenstats.release.candidate import candidates
from citizenstats.release.release import release
from tests.protect import linked, office

SIZES = (3, 3)
CUBE: office.Cube = {
    ("A0", "B0"): (60, 3), ("A0", "B1"): (70, 30), ("A0", "B2"): (90, 50),
    ("A1", "B0"): (60, 20), ("A1", "B1"): (70, 25), ("A1", "B2"): (80, 40),
    ("A2", "B0"): (90, 40), ("A2", "B1"): (90, 45), ("A2", "B2"): (99, 60),
}  # fmt: skip
"""Three people stand out, in A0 and B0."""
UNSAFE = ("A0", "B0")
FLOW_FILE = "dataflows/OFFICE/ANSWERS.yaml"

Cells = dict[tuple[str, str], bool]


def said(declared: str) -> str:
    return f"protection: {{suppression: {{{declared}}}}}\n"


def opened(folder: Path, declared: str) -> House:
    made = office.mappings(folder / "mappings", SIZES)
    with (made / FLOW_FILE).open("a", encoding="utf-8") as file:
        file.write(declared)
    return open_house(folder / "home", made)


def shown_in(file: Path) -> Cells:
    """Return of each cell of the share whether it is shown."""
    rows = duckdb.sql(
        f"SELECT GA, GB, OBS_VALUE IS NOT NULL FROM '{file}' WHERE INDICATOR = 'SHARE' ORDER BY ALL"
    ).fetchall()
    return {(a, b): is_shown for a, b, is_shown in rows}


def made(folder: Path, declared: str) -> tuple[House, Cells, dict]:
    house = opened(folder, declared)
    file = office.next_state(house, {"2020": CUBE}, SIZES)
    return house, shown_in(file), json.loads((file.parent / "protected.json").read_bytes())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    return made(tmp_path_factory.mktemp("usual"), "")[1]


def hidden(cells: Cells) -> set[tuple[str, str]]:
    return {at for at, is_shown in cells.items() if not is_shown}


def test_without_a_declaration_the_cells_of_a1_and_b1_go_with_the_unsafe_one(usual: Cells) -> None:
    assert hidden(usual) == {UNSAFE, ("A0", "B1"), ("A1", "B0"), ("A1", "B1")}


@pytest.mark.parametrize(
    "declared",
    [
        "cost: [{cells: {GA: A1}, times: 1000}]",
        "stay: [{GA: A1, GB: [B0, B1, B2]}]",
        pytest.param("cost: [{cells: {GA: A2}, times: 0.001}]", marks=pytest.mark.long),
        pytest.param("method: exact, cost: [{cells: {GA: A1}, times: 1000}]", marks=pytest.mark.long),
        "method: exact, stay: [{GA: A1}]",
    ],
)
def test_other_cells_go_where_these_are_dear_or_stay(tmp_path: Path, declared: str) -> None:
    house, cells, facts = made(tmp_path, said(declared))
    gone = hidden(cells)
    assert UNSAFE in gone
    assert not {at for at in gone if at[0] == "A1"}
    assert {at[0] for at in gone} == {"A0", "A2"}
    assert facts["flows"][office.FLOW]["given_up"] == 0
    assert release(house, office.FLOW).status == "published", "the audit finds nothing, and nobody need look"


def test_the_first_entry_that_holds_counts(tmp_path: Path, usual: Cells) -> None:
    told = "cost: [{cells: {GA: A1}, times: 1}, {cells: {GA: [A1, A2]}, times: 1000}]"
    assert made(tmp_path, said(told))[1] == usual


def test_a_cell_that_is_unsafe_itself_does_not_stay_and_a_person_is_told(tmp_path: Path) -> None:
    house, cells, facts = made(tmp_path, said("stay: [{GA: A0, GB: B0}]"))
    assert not cells[UNSAFE]
    assert facts["flows"][office.FLOW]["given_up"] == 2, "the share and the number"
    assert release(house, office.FLOW).status == "waiting", "review: none, and a person looks all the same"
    page = candidates(house, office.FLOW)[-1].review
    assert page is not None
    account = house.store.protected(office.FAMILY) / str(
        candidates(house, office.FLOW)[-1].facts["protected"]
    )
    found = duckdb.sql(
        f"SELECT DISTINCT key->>'GA', key->>'GB', shown FROM '{account}/judged.parquet' WHERE declared"
    ).fetchall()
    assert found == [(*UNSAFE, False)]
    assert "2 figures that the dataflow's file declares to stay cannot" in " ".join(
        page.read_text("utf-8").split()
    )


def test_what_cannot_stay_is_given_up_and_no_more_than_must_be(tmp_path: Path, usual: Cells) -> None:
    """All but the unsafe cell are to stay, so that it could be had by subtraction."""
    house, cells, facts = made(tmp_path, said("stay: [{GA: [A1, A2, _T]}, {GB: [B1, B2, _T]}]"))
    assert len(hidden(cells)) == len(hidden(usual))
    assert facts["flows"][office.FLOW]["given_up"] == 2 * (len(hidden(cells)) - 1)
    assert release(house, office.FLOW).status == "waiting"


def test_the_exact_method_says_of_how_many_figures_the_cheapest_is_proved(tmp_path: Path) -> None:
    cells, facts = made(tmp_path, said("method: exact"))[1:]
    assert facts["exact"] == {"figures": 1, "cheapest": 1}
    assert UNSAFE in hidden(cells)
    assert "suppression" not in facts["method"]


def test_costs_may_change_while_a_release_stands(tmp_path: Path, usual: Cells) -> None:
    """What was hidden stays hidden: two patterns of the same people tell more than one."""
    house = made(tmp_path, "")[0]
    assert release(house, office.FLOW).status == "published"
    house = opened(tmp_path, said("cost: [{cells: {GA: A1}, times: 1000}]"))
    observe(house, office.DATASET)
    assemble(house, office.FLOW)
    assert shown_in(protect(house, office.FAMILY).folder / "OFFICE.ANSWERS.parquet") == usual


@pytest.mark.parametrize(
    ("declared", "code", "line", "mend"),
    [
        ("{stay: [{GX: A1}]}", "NO_SUCH_COMPONENT", 5, "GA"),
        ("{stay: [{GA: [A1, A_1]}]}", "UNKNOWN_CODE", 5, "A1"),
        ("\n  cost:\n    - {cells: {GA: A1}, times: 2}\n    - {cells: {GB: B9}, times: 2}", "UNKNOWN_CODE", 9, "B"),
        ("{cost: [{cells: {OBS_VALUE: 1}, times: 2}]}", "BAD_VALUE", 5, ""),
        ("{cost: [{cells: {OBS_VALUE: '1'}, times: 2}]}", "NO_SUCH_COMPONENT", 5, "known"),
        ("{cost: [{cells: {GA: A1}, times: 0}]}", "BAD_VALUE", 5, ""),
        ("{stay: [{}]}", "BAD_VALUE", 5, ""),
        ("{method: exakt}", "BAD_VALUE", 5, "exact"),
    ],
)  # fmt: skip
def test_what_no_cell_could_have_is_refused_with_its_line(
    tmp_path: Path, declared: str, code: str, line: int, mend: str
) -> None:
    folder = office.mappings(tmp_path, SIZES)
    with (folder / FLOW_FILE).open("a", encoding="utf-8") as file:
        file.write(
            f"protection: {{suppression: {declared}}}\n"
            if declared[0] == "{"
            else f"protection: \n suppression: {declared}\n"
        )
    found = lint(folder)
    assert [(f.code, f.where.rpartition(":")[2]) for f in found] == [(code, str(line))], found
    assert found[0].where.startswith(str(folder / FLOW_FILE))
    assert mend in str(found[0])


def test_declarations_are_about_hiding_cells(tmp_path: Path) -> None:
    folder = office.mappings(tmp_path, SIZES)
    with (folder / FLOW_FILE).open("a", encoding="utf-8") as file:
        file.write("protection: {rounding: {base: 10}, suppression: {method: exact}}\n")
    assert "hiding cells" in str(lint(folder)[0])


def two_flows(folder: Path, first: str, second: str) -> Path:
    made = linked.opened(folder).mappings.folder
    for name, declared in (("ANSWERS", first), ("PLACES", second)):
        with (made / f"dataflows/OFFICE/{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(declared)
    return made


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (said("cost: [{cells: {GA: A1}, times: 5}]"), said("cost: [{cells: {GA: A1}, times: 6}]"), "TWO_COSTS"),
        (said("cost: [{cells: {GA: A1}, times: 5}]"), said("cost: [{cells: {}, times: 6}]"), "TWO_COSTS"),
        (said("cost: [{cells: {GA: A1}, times: 5}]"), said("cost: [{cells: {GA: A0}, times: 6}]"), None),
        (said("cost: [{cells: {GA: A1}, times: 5}, {times: 1}]"),
         said("cost: [{cells: {GA: [A1]}, times: 5}, {cells: {GA: [A0, _T]}, times: 1}, {times: 1}]"), None),
        (said("cost: [{cells: {GA: A1, GB: B0}, times: 5}]"), said("cost: [{cells: {GA: A1}, times: 6}]"), None),
        (said("method: exact"), "", "TWO_METHODS"),
        (said("stay: [{GA: A1}]"), "", None),
    ],
    ids=["the same cells", "all cells", "other cells", "the same in other words", "cells of its own", "two methods", "silence"],
)  # fmt: skip
def test_two_dataflows_of_a_family_give_one_answer(
    tmp_path: Path, first: str, second: str, code: str | None
) -> None:
    folder = two_flows(tmp_path, first, second)
    found = lint(folder)
    assert [f.code for f in found] == ([code] if code else []), found
    if code is None:
        method_of(load_mappings(folder), office.FAMILY)
        return
    assert found[0].where == f"{folder}/dataflows/OFFICE/PLACES.yaml:{5 if second else 1}"
    assert "OFFICE:ANSWERS" in str(found[0])
    with pytest.raises(ReleaseError, match=code):
        method_of(load_mappings(folder), office.FAMILY)


def test_what_one_dataflow_declares_holds_for_the_same_cells_of_the_other(tmp_path: Path) -> None:
    """In A0 three people stand out, so that A1 or the total goes; only the first dataflow says which."""
    folder = two_flows(tmp_path, said("stay: [{GA: A1, GB: _T}]"), "")
    cells = [(a, b, c) for a in ("A0", "A1") for b in ("B0", "B1", "B2") for c in ("C0", "C1", "C2")]
    cube: office.Cube = {at: (40, 20 if at[0] == "A1" else int(at[1][1] == at[2][1])) for at in cells}
    state = linked.protected(open_house(tmp_path / "home", folder), cube)
    shown = duckdb.sql(
        f"SELECT GA FROM '{state}/OFFICE.PLACES.parquet' WHERE GC = '_T' AND OBS_VALUE IS NOT NULL"
    ).fetchall()
    assert shown == [("A1",)]
