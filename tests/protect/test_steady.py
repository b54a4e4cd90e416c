"""A family keeps its method while releases stand: another one, another base or other noise is refused by name."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble
from citizenstats.release.recall import recall
from citizenstats.release.release import release
from citizenstats.store import read_json
from tests.conftest import spread
from tests.protect import office

SIZES = (3, 4)
HIDING = ""
ROUNDING = "protection: {rounding: {base: 5}}\n"
NOISE = "protection: {cell_key: {deviation: 6, variance: 3}}\n"


def _house(folder: Path, choice: str, version: str = "1.0.0") -> House:
    said = office.mappings(folder / "mappings", SIZES)
    with (said / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(f'version: {version}\nstructure: "OFFICE:ANSWERS(1.0.0)"\n{choice}')
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8")
    # What stands for a record for good: noise asks for it, the others do not mind.
    contract.write_text(
        text.replace("columns:\n", "key: [year, answer, ga, gb, number]\ncolumns:\n  number: {}\n", 1),
        "utf-8",
    )
    return open_house(folder / "home", said)


def _taken(house: House) -> None:
    cube = office.random_cube(random.Random(3), SIZES, 20)
    lines = ["number,year,consent,answer,ga,gb"]
    for (a, b), (n, k) in cube.items():
        lines += [f"{i},2020,yes,{'yes' if i < k else 'no'},{a},{b}" for i in range(n)]
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    office.protected(house)


def _released(folder: Path, choice: str) -> None:
    house = _house(folder, choice)
    _taken(house)
    assert release(house, office.FLOW).release is not None


def _again(house: House) -> Path:
    observe(house, office.DATASET)
    assemble(house, office.FLOW)
    return protect(house, office.FAMILY).folder


@pytest.mark.parametrize(
    ("before", "now"),
    spread(
        [
            (HIDING, ROUNDING),
            (HIDING, NOISE),
            (ROUNDING, HIDING),
            (ROUNDING, "protection: {rounding: {base: 7}}\n"),
            (NOISE, ROUNDING),
            (NOISE, "protection: {cell_key: {deviation: 7, variance: 3}}\n"),
            (NOISE, "protection: {cell_key: {deviation: 6, variance: 2.5}}\n"),
        ]
    ),
)
def test_another_method_is_refused_while_a_release_stands(tmp_path: Path, before: str, now: str) -> None:
    _released(tmp_path, before)
    with pytest.raises(ReleaseError, match="ANOTHER_METHOD") as refused:
        _again(_house(tmp_path, now))
    text = str(refused.value)
    assert office.FLOW in text
    assert "R0001" in text
    assert "recall" in text
    assert "new version" in text
    assert not any(number in text for number in ("6", "7", "2.5")), "the numbers are the office's alone"


def test_a_method_may_change_before_the_first_release(tmp_path: Path) -> None:
    _taken(_house(tmp_path, ROUNDING))
    folder = _again(_house(tmp_path, NOISE))
    assert (read_json(folder / "protected.json") or {})["method"]["cell_key"] == {
        "deviation": 6,
        "variance": 3.0,
    }


def test_a_state_that_was_made_before_is_no_way_round(tmp_path: Path) -> None:
    """The rounded state was there before the first release, which was another one."""
    _taken(_house(tmp_path, ROUNDING))
    house = _house(tmp_path, NOISE)
    _again(house)
    assert release(house, office.FLOW).release is not None
    with pytest.raises(ReleaseError, match="ANOTHER_METHOD"):
        _again(_house(tmp_path, ROUNDING))


@pytest.mark.parametrize(
    "now",
    [
        HIDING,
        pytest.param(NOISE, marks=pytest.mark.long),
        "protection: {rounding: {base: 7}}\n",
    ],
)
def test_after_a_recall_the_same_figures_do_not_come_out_in_another_way(tmp_path: Path, now: str) -> None:
    """Whoever has a copy of what was taken back would have two protections of the same people."""
    _released(tmp_path, ROUNDING)
    house = _house(tmp_path, now)
    recall(house, office.FLOW, "R0001", "Dora Deputy", "the method changes")
    with pytest.raises(ReleaseError, match="ANOTHER_METHOD") as refused:
        _again(house)
    assert "copy" in str(refused.value)
    _next_year(house)
    assert release(house, office.FLOW).status in ("published", "waiting")


def test_a_new_version_of_the_dataflow_may_have_another_method_for_other_figures_and_waits_for_a_person(
    tmp_path: Path,
) -> None:
    _released(tmp_path, ROUNDING)
    house = _house(tmp_path, "protection: {rounding: {base: 7}}\n", "2.0.0")
    with pytest.raises(ReleaseError, match="ANOTHER_METHOD"):
        _again(house)
    _next_year(house)
    assert release(house, office.FLOW).status == "waiting"


def _next_year(house: House) -> None:
    """Deliver a file of another year in place of the first."""
    file = house.store.inbox(office.DATASET) / "answers.csv"
    file.write_text(file.read_text("utf-8").replace(",2020,", ",2021,"), "utf-8")
    office.protected(house)


def test_the_audit_stops_figures_that_were_out_in_another_way(tmp_path: Path) -> None:
    """The state was made before the first release, when nothing forbade it."""
    house = _house(tmp_path, "protection: {rounding: {base: 7}}\n")
    _taken(house)
    state = _again(house)
    messages = tmp_path / "messages"
    messages.mkdir()
    duckdb.sql(f"COPY (FROM '{state}/OFFICE.ANSWERS.parquet') TO '{messages}/data.csv' (HEADER)")
    audited(house, office.FLOW, state.name, messages).require(office.FLOW)
    other = _house(tmp_path, ROUNDING)
    _again(other)
    assert release(other, office.FLOW).release is not None
    recall(other, office.FLOW, "R0001", "Dora Deputy", "the method changes")
    house = _house(tmp_path, "protection: {rounding: {base: 7}}\n")
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, office.FLOW, state.name, messages)


def _renamed(folder: Path) -> tuple[str, str]:
    """Give the dataflow, its structure and its family another name; return the dataflow and the family."""
    for file in ("dataflows/OFFICE/ANSWERS.yaml", "structures/OFFICE/data_structures/ANSWERS.yaml"):
        former = folder / "mappings" / file
        text = former.read_text("utf-8").replace("family: answers", "family: replies")
        former.with_name("REPLIES.yaml").write_text(text.replace("OFFICE:ANSWERS", "OFFICE:REPLIES"), "utf-8")
        former.unlink()
    contract = folder / "mappings/partners/asker/answers.yaml"
    contract.write_text(contract.read_text("utf-8").replace(office.FLOW, "OFFICE:REPLIES"), "utf-8")
    return "OFFICE:REPLIES", "replies"


@pytest.mark.parametrize(
    ("before", "now"),
    [(NOISE, HIDING), pytest.param(ROUNDING, NOISE, marks=pytest.mark.long), (HIDING, ROUNDING)],
)
def test_a_dataflow_of_another_name_is_no_way_round(
    tmp_path: Path, before: str, now: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is taken off by whoever sees the same count without it."""
    _released(tmp_path, before)
    _house(tmp_path, now)
    flow, family = _renamed(tmp_path)
    house = open_house(tmp_path / "home", tmp_path / "mappings")
    observe(house, office.DATASET)
    assemble(house, flow)
    with pytest.raises(ReleaseError, match="ANOTHER_METHOD") as refused:
        protect(house, family)
    assert "copy" in str(refused.value)
    # The audit knows it by itself.
    monkeypatch.setattr("citizenstats.protect.protect.require_steady", lambda *_: None)
    state = protect(house, family).folder
    messages = tmp_path / "messages"
    messages.mkdir()
    duckdb.sql(f"COPY (FROM '{state}/OFFICE.REPLIES.parquet') TO '{messages}/data.csv' (HEADER)")
    with pytest.raises(ReleaseError, match="in another way"):
        audited(house, flow, state.name, messages)


def test_a_dataflow_of_another_name_keeps_its_method(tmp_path: Path) -> None:
    _released(tmp_path, ROUNDING)
    flow, family = _renamed(tmp_path)
    house = open_house(tmp_path / "home", tmp_path / "mappings")
    observe(house, office.DATASET)
    assemble(house, flow)
    assert protect(house, family).flows[flow].shown > 0


def test_a_count_has_the_same_rounded_value_under_other_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two draws for one count leave fewer that agree with both."""
    monkeypatch.setattr(
        "citizenstats.protect.altered.secret_of", lambda _: "by which two codes draw differently"
    )
    values = []
    for letter in "XY":
        house = _house(tmp_path, ROUNDING)
        folder = tmp_path / "mappings"
        codes = "".join(f"{letter}{i},,Category {i}\n" for i in range(SIZES[0]))
        (folder / "structures/OFFICE/codelists/CL_GA.csv").write_text(
            f"id,parent,name_en\n_T,,Total\n{codes}", "utf-8"
        )
        contract = folder / "partners/asker/answers.yaml"
        told = ", ".join(f"A{i}: {letter}{i}" for i in range(SIZES[0]))
        text = contract.read_text("utf-8").replace("GA: ga\n", f"GA: {{column: ga, codes: {{{told}}}}}\n")
        contract.write_text(text, "utf-8")
        flow, family = (office.FLOW, office.FAMILY) if letter == "X" else _renamed(tmp_path)
        house = open_house(tmp_path / "home", folder)
        if letter == "X":
            _taken(house)
            assert release(house, office.FLOW).release is not None
        receive(house, office.DATASET, settle=0.0)
        observe(house, office.DATASET)
        assemble(house, flow)
        file = protect(house, family).folder / f"{flow.replace(':', '.')}.parquet"
        values.append(
            duckdb.sql(
                f"SELECT GA[2:], GB, INDICATOR, OBS_VALUE FROM '{file}' WHERE INDICATOR = 'NUMBER_OF' ORDER BY ALL"
            ).fetchall()
        )
    assert values[0] == values[1]
