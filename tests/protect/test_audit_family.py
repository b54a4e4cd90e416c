"""The audit sees everything that is public of a family together: two dataflows, two releases, every file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.audit.audit import audit
from citizenstats.protect.audit.figure import Figure, Found
from citizenstats.protect.audit.report import Audit, told
from citizenstats.release.release import release
from tests.protect import attacker, linked, office

PEOPLE = {
    (a, b, c): (n, k)
    for (a, b, c), (n, k) in {
        ("A0", "B0", "C0"): (3, 1), ("A0", "B1", "C0"): (30, 12), ("A0", "B2", "C0"): (25, 10),
        ("A0", "B0", "C1"): (0, 0), ("A0", "B1", "C1"): (22, 9), ("A0", "B2", "C1"): (18, 8),
        ("A0", "B0", "C2"): (0, 0), ("A0", "B1", "C2"): (28, 14), ("A0", "B2", "C2"): (31, 13),
        ("A1", "B0", "C0"): (40, 16), ("A1", "B1", "C0"): (35, 15), ("A1", "B2", "C0"): (26, 12),
        ("A1", "B0", "C1"): (2, 1), ("A1", "B1", "C1"): (1, 0), ("A1", "B2", "C1"): (0, 0),
        ("A1", "B0", "C2"): (24, 11), ("A1", "B1", "C2"): (29, 13), ("A1", "B2", "C2"): (27, 12),
    }.items()
}  # fmt: skip


def _file(state: Path, flow: str) -> Path:
    return state / f"{flow.replace(':', '.')}.parquet"


def _cells(state: Path, flow: str, shown: bool) -> list[tuple[str, ...]]:
    groups = ", ".join(linked.GROUPS[flow])
    rows = duckdb.sql(
        f"SELECT DISTINCT {groups} FROM '{_file(state, flow)}' WHERE (OBS_VALUE IS NOT NULL) = {shown} ORDER BY ALL"
    )
    return [tuple(row) for row in rows.fetchall()]


def _published(state: Path, flow: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return cell → people and those who said yes, of what a state shows."""
    groups = ", ".join(linked.GROUPS[flow])
    rows = duckdb.sql(
        f"SELECT {groups}, SAMPLE_SIZE, OBS_VALUE FROM '{_file(state, flow)}' "
        "WHERE INDICATOR IN ('SHARE', 'PERCENT') AND OBS_VALUE IS NOT NULL"
    ).fetchall()
    return {linked.placed(flow, row[:2]): (row[2], round(row[2] * row[3] / 100)) for row in rows}


def _audited(house: House, flow: str, state: Path, folder: Path, change: str = "*") -> Audit:
    folder.mkdir(exist_ok=True)
    duckdb.sql(f"COPY (SELECT {change} FROM '{_file(state, flow)}') TO '{folder / 'data.csv'}' (HEADER)")
    return audit(house, flow, state.name, folder)


@pytest.mark.parametrize("scale", [8, 25])
def test_two_dataflows_are_not_unpicked_together_as_they_are_with_small_cells_hidden_alone(
    tmp_path: Path, scale: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    cube = linked.people(random.Random(seed), scale)
    house = linked.opened(tmp_path)
    state = linked.protected(house, cube)
    both = {cell: counts for flow in linked.GROUPS for cell, counts in _published(state, flow).items()}
    narrow = 0
    for part in (0, 1, 2):
        true = linked.full(cube, part)
        shown = {cell: (n, k, n - k)[part] for cell, (n, k) in both.items()}
        assert all(true[cell] == count for cell, count in shown.items())
        asked = {cell: n for cell, n in true.items() if 0 < n < office.MINIMUM and "_T" in cell[1:]}
        for cell, (low, high) in attacker.intervals(shown, linked.categories(cube)).items():
            if cell in asked:
                assert high - low >= office.MINIMUM - 1e-6, (part, cell, low, high)
        alone = {cell: n for cell, n in true.items() if "_T" in cell[1:] and not 0 < n < office.MINIMUM}
        for cell, (low, high) in attacker.intervals(alone, linked.categories(cube)).items():
            narrow += cell in asked and high - low < office.MINIMUM
    print(f"{narrow} small counts would be within reach")
    for flow in linked.GROUPS:
        found = _audited(house, flow, state, tmp_path / flow.partition(":")[2])
        found.require(flow)
        assert found.primary + found.secondary <= found.withheld


def test_small_cells_hidden_alone_are_within_reach_of_the_tests_attacker() -> None:
    true = linked.full(PEOPLE, 0)
    shown = {cell: n for cell, n in true.items() if "_T" in cell[1:] and not 0 < n < office.MINIMUM}
    low, high = attacker.intervals(shown, linked.categories(PEOPLE))["A0", "B0", "_T"]
    assert (low, high) == (3, 3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path]:
    folder = tmp_path_factory.mktemp("linked")
    house = linked.opened(folder)
    return house, linked.protected(house, PEOPLE)


def _let_out(state: Path, flow: str, cell: tuple[str, ...]) -> str:
    """Return the select list of a state's file with one cell shown as it was before protection."""
    true = linked.full(PEOPLE, 0)[linked.placed(flow, cell)]
    is_it = " AND ".join(f"{g} = '{c}'" for g, c in zip(linked.GROUPS[flow], cell, strict=True))
    return f"* REPLACE (CASE WHEN {is_it} THEN {true} ELSE SAMPLE_SIZE END AS SAMPLE_SIZE)"


def _secondary(state: Path, flow: str) -> Iterator[tuple[str, ...]]:
    for cell in _cells(state, flow, shown=False):
        counts = [linked.full(PEOPLE, part)[linked.placed(flow, cell)] for part in (0, 1, 2)]
        if not any(0 < count < office.MINIMUM for count in counts):
            yield cell


def test_a_cell_that_one_of_two_dataflows_shows_after_all_stops_both(
    made: tuple[House, Path], tmp_path: Path
) -> None:
    """Whichever file the fault is in: that of the message, or that of the dataflow beside it."""
    house, state = made
    caught = 0
    for flow, other in (linked.GROUPS, reversed(linked.GROUPS)):
        for cell in _secondary(state, flow):
            found = _audited(house, flow, state, tmp_path / "own", _let_out(state, flow, cell))
            file, kept = _file(state, flow), _file(state, flow).read_bytes()
            changed = tmp_path / "changed.parquet"
            duckdb.sql(
                f"COPY (SELECT {_let_out(state, flow, cell)} FROM '{file}') TO '{changed}' (FORMAT parquet)"
            )
            file.write_bytes(changed.read_bytes())
            beside = _audited(house, other, state, tmp_path / "beside")
            file.write_bytes(kept)
            assert found.found.within_reach == beside.found.within_reach, (flow, cell)
            if found.found.within_reach:
                caught += 1
                for report in (found, beside):
                    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
                        report.require(flow)
    assert caught >= 2


def test_a_figure_in_two_dataflows_is_one_cell_that_is_shown_where_either_shows_it(
    made: tuple[House, Path], tmp_path: Path
) -> None:
    """The total of the first group stands in both; its small counts may be had from neither."""
    house, state = made
    for flow in linked.GROUPS:
        _audited(house, flow, state, tmp_path / "plain").require(flow)
        found = _audited(
            house, flow, state, tmp_path / "told", "* REPLACE (coalesce(SAMPLE_SIZE, 3) AS SAMPLE_SIZE)"
        )
        assert found.shown > 0


def test_a_value_that_one_file_shows_and_another_hides_is_shown(tmp_path: Path) -> None:
    house = linked.opened(tmp_path)
    state = linked.protected(house, PEOPLE)
    assert release(house, office.FLOW).release == "R0001"
    (candidate,) = house.store.candidates(office.FLOW).glob("C*")
    folder = tmp_path / "messages"
    folder.mkdir()
    for name in ("data.csv", "data.ml-3.0.xml", "data.ml-2.1-structure-specific.xml", "observations.parquet"):
        (folder / name).write_bytes((candidate / name).read_bytes())
    as_it_is = audit(house, office.FLOW, state.name, folder)
    as_it_is.require(office.FLOW)
    assert len(set(as_it_is.files.values())) == 1
    for name in ("data.ml-3.0.xml", "data.ml-2.1-structure-specific.xml"):
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(text.replace('OBS_VALUE="NaN"', 'OBS_VALUE="3"'), "utf-8")
        assert audit(house, office.FLOW, state.name, folder).shown > 0, name
        line = next(line for line in text.splitlines() if line.startswith("<Obs"))
        (folder / name).write_text(text.replace(line, "", 1), "utf-8")
        with pytest.raises(ReleaseError, match="MESSAGES_DIFFER"):
            audit(house, office.FLOW, state.name, folder).require(office.FLOW)
        (folder / name).write_text(text, "utf-8")


def test_what_a_former_audit_found_of_the_same_tables_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = linked.opened(tmp_path)
    state = linked.protected(house, PEOPLE)
    first = _audited(house, office.FLOW, state, tmp_path / "first")
    assert release(house, office.FLOW).release == "R0001"

    def attacked(*_: object) -> Found:
        raise AssertionError("attacked again")

    monkeypatch.setattr(Figure, "attacked_now", attacked)
    again = _audited(house, linked.SECOND, state, tmp_path / "again")
    assert again.found == first.found
    with pytest.raises(AssertionError, match="attacked again"):
        _audited(house, office.FLOW, state, tmp_path / "other", _let_out(state, office.FLOW, ("A0", "B0")))


def test_the_report_in_words_tells_sums_and_no_small_count(made: tuple[House, Path], tmp_path: Path) -> None:
    house, state = made
    facts = _audited(house, office.FLOW, state, tmp_path / "report").as_facts()
    assert 0 < facts["primary"] < 10
    assert facts["primary"] + facts["secondary"] <= facts["withheld"]
    said = told(facts)
    assert said["unsafe by themselves"] == "fewer than 10"
    assert said["within reach"] == "none"
    assert said["smallest interval"] == f"{office.MINIMUM} units"
    assert told({"withheld": 3}) == {}


def test_a_change_by_few_is_found_where_two_releases_show_it(tmp_path: Path) -> None:
    """Protection lets the figure stay as it was; a message that told the new one would tell who came."""
    house = linked.opened(tmp_path)
    linked.protected(house, PEOPLE)
    for flow in linked.GROUPS:
        assert release(house, flow).release == "R0001"
    more = {**PEOPLE, ("A1", "B1", "C0"): (38, 16)}
    state = linked.protected(house, more)
    for flow in linked.GROUPS:
        found = _audited(house, flow, state, tmp_path / "stays")
        assert found.vintages == 1
        found.require(flow)
        assert found.reasons["stays as published"] > 0
    account, told = state / "judged.parquet", tmp_path / "judged.parquet"
    duckdb.sql(f"COPY (SELECT * REPLACE (FALSE AS retained) FROM '{account}') TO '{told}' (FORMAT parquet)")
    account.write_bytes(told.read_bytes())
    for flow in linked.GROUPS:
        found = _audited(house, flow, state, tmp_path / "told")
        with pytest.raises(ReleaseError, match="DISCLOSIVE"):
            found.require(flow)
