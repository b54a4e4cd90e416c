"""Two releases of nearly the same people: nothing is had from the difference of what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats import flow
from citizenstats.engine import quoted, session
from citizenstats.protect.former import former_releases, published_now
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest, releases
from citizenstats.release.recall import recall
from citizenstats.release.withdraw import withdraw_rows
from tests.receive.office import DATASET, Office, file, row

FLOW = "OFFICE:ANSWERS"
PEOPLE = [
    row(f"p{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m", score="10") for n in range(240)
]


def released(office: Office) -> dict[tuple[str, str], tuple[str, str]]:
    """Publish what there is; return area and sex → value and sample size of what is shown."""
    for step in (flow.observe, flow.assemble, flow.protect, flow.release):
        step(office.house, {flow.observe: DATASET, flow.protect: "watch"}.get(step, FLOW))
    release = newest(office.house.store, FLOW)
    assert release is not None
    lines = [line.split(",") for line in (release.folder / "data.csv").read_text("utf-8").splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    return {(r["REF_AREA"], r["SEX"]): (r["OBS_VALUE"], r["SAMPLE_SIZE"]) for r in rows if r["SAMPLE_SIZE"]}


@pytest.mark.parametrize("came", [1, 9])
def test_what_changed_by_few_stays_as_it_was_published_as_does_what_did_not_change(
    tmp_path: Path, came: int
) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = released(office)
    assert len(first) == 9
    office.send(file(*(row(f"q{n}", "North", "f", score="90") for n in range(came))), "second.csv")
    second = released(office)
    for cell, (_, size) in second.items():
        assert abs(int(size) - int(first[cell][1])) not in range(1, 10), cell
    assert {cell: second[cell] for cell in second} == {cell: first[cell] for cell in second}
    for cell in (("XX", "_T"), ("XX-N", "_T"), ("XX-N", "F"), ("XX", "F"), ("XX-S", "F"), ("XX-S", "_T")):
        assert second[cell] == first[cell]


def test_few_and_few_again_are_many_in_the_end(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = released(office)
    for n in range(2):
        more = [
            row(f"q{n}{i}", "North" if i % 2 else "South", "f" if i % 3 else "m", score="10")
            for i in range(36)
        ]
        office.send(file(*more), f"more{n}.csv")
        shown = released(office)
        assert all(int(size) - int(first[cell][1]) not in range(1, 10) for cell, (_, size) in shown.items())
    assert int(shown["XX", "_T"][1]) == 312
    assert len(shown) > 5


def test_many_who_come_are_shown_and_nothing_changes_without_a_delivery(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = released(office)
    many = [
        row(f"q{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m", score="10") for n in range(240)
    ]
    office.send(file(*many), "second.csv")
    second = released(office)
    assert set(second) == set(first)
    assert int(second["XX", "_T"][1]) == 480
    assert released(office) == second
    assert len(releases(office.house.store, FLOW)) == 2


def test_what_was_hidden_stays_hidden_beside_what_did_not_change(tmp_path: Path) -> None:
    """Nobody learns an old secret from a new release: a cell that hid another one does not come to light later."""
    office = Office(tmp_path)
    few = [row(f"m{n}", "North", "m", score="10") for n in range(4)]
    women = [row(f"f{n:02}", "North", "f", score="10") for n in range(40)]
    south = [row(f"s{n:03}", "South", "f" if n % 2 else "m", score="10") for n in range(60)]
    office.send(file(*few, *women, *south), "first.csv")
    first = released(office)
    assert ("XX-N", "M") not in first
    office.send(
        file(*(row(f"t{n:03}", "South", "f" if n % 2 else "m", score="10") for n in range(60))), "second.csv"
    )
    second = released(office)
    assert not {c for c in second if c[0] == "XX-N"} - set(first)


def test_a_recalled_release_stays_known_and_nothing_stays_as_it_was_published(tmp_path: Path) -> None:
    """Who has a copy still takes the difference; and what is gone is no figure that stands."""
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = released(office)
    assert published_now(office.house, FLOW) is not None
    recall(office.house, FLOW, "R0001", "Dora Deputy", "wrong")
    assert published_now(office.house, FLOW) is None
    assert [f.release for f in former_releases(office.house, "watch")] == [0]
    office.send(file(row("q0", "North", "f", score="90")), "second.csv")
    for step in (flow.observe, flow.assemble, flow.protect, flow.release):
        step(office.house, {flow.observe: DATASET, flow.protect: "watch"}.get(step, FLOW))
    (waiting,) = [c for c in candidates(office.house, FLOW) if c.is_waiting]
    lines = [line.split(",") for line in (waiting.folder / "data.csv").read_text("utf-8").splitlines()]
    shown = {
        (r["REF_AREA"], r["SEX"]): r["SAMPLE_SIZE"]
        for r in (dict(zip(lines[0], line, strict=True)) for line in lines[1:])
        if r["SAMPLE_SIZE"]
    }
    assert ("XX", "_T") in first
    assert not {("XX", "_T"), ("XX", "F"), ("XX-N", "_T"), ("XX-N", "F")} & set(shown)
    assert all(shown[cell] == first[cell][1] for cell in shown)


@pytest.mark.parametrize(
    "recoded",
    [
        # By what the partner calls it.
        {},
        pytest.param({"XX-N": "YY-N"}, marks=pytest.mark.long),
        # Split, and merged with another one.
        {"XX-N": ["YY-N", "YY-W"]},
        pytest.param({"XX-N": "YY-N", "XX-S": "YY-N"}, marks=pytest.mark.long),
    ],
)
def test_a_former_version_is_known_under_the_codes_of_this_one(
    tmp_path: Path, recoded: dict[str, object]
) -> None:
    """Who has the release of the former version takes the difference, whatever the code is called now."""
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    assert ("XX-N", "F") in released(office)
    office.recode({"XX": "YY", "XX-N": "YY-N", "XX-S": "YY-S"}, {"1.0.0": {"REF_AREA": recoded}})
    office.drop(file(row("q0", "North", "f", score="90")), "second.csv")
    office.receive()
    for step in (flow.observe, flow.assemble, flow.protect, flow.release):
        step(office.house, {flow.observe: DATASET, flow.protect: "watch"}.get(step, FLOW))
    current = office.house.store.state(office.house.store.protected("watch"))
    assert current is not None
    with session([current["folder"]]) as engine:
        publishable = quoted(str(current["folder"] / "OFFICE.ANSWERS.parquet"))
        shown = engine.rows(
            f"SELECT REF_AREA, SEX FROM read_parquet({publishable}) WHERE OBS_VALUE IS NOT NULL"
        )
    assert ("YY-N", "F") not in shown
    # The audit has read the former version, too, and lets the rest go on to a person.
    assert [c.is_waiting for c in candidates(office.house, FLOW)] == [False, True]


def test_when_the_newest_is_recalled_an_older_one_is_not_what_its_account_tells_of(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    released(office)
    many = [row(f"q{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m") for n in range(240)]
    office.send(file(*many), "second.csv")
    released(office)
    recall(office.house, FLOW, "R0002", "Dora Deputy", "wrong")
    assert newest(office.house.store, FLOW).id == "R0001"
    assert published_now(office.house, FLOW) is None
    assert len(former_releases(office.house, "watch")) == 2


def test_who_took_his_answers_back_is_not_where_figures_are_gone(tmp_path: Path) -> None:
    """Of one person less nobody sees in which cells: neither those that changed are shown nor those that did not."""
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    assert len(released(office)) == 9
    withdraw_rows(office.house, DATASET, {"id": "p001"}, "Carla Chief", "asked for")
    assert released(office) == {}
    # Many who come to one area are shown there, and what tells of nobody but them.
    many = [row(f"n{n:03}", "North", "f" if n % 3 else "m", score="10") for n in range(120)]
    office.send(file(*many), "second.csv")
    later = released(office)
    assert ("XX-N", "_T") in later
    assert not {cell for cell in later if cell[0] == "XX-S"}


def test_what_was_taken_back_with_many_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    released(office)
    withdraw_rows(office.house, DATASET, {"region": "South"}, "Carla Chief", "asked for")
    assert {cell for cell, _ in released(office).items() if cell[0] == "XX-N"} == {
        ("XX-N", sex) for sex in ("F", "M", "_T")
    }


def test_a_figure_that_falls_below_the_minimum_by_few_stays_as_it_was_published(tmp_path: Path) -> None:
    """That it is withheld from now on would tell who left, to whoever knows that one did."""
    office = Office(tmp_path)
    ten = [row(f"t{n}", "North", "m", score="10") for n in range(10)]
    others = [
        row(f"o{n:03}", region, sex, score="10")
        for n, (region, sex) in enumerate([("North", "f"), ("South", "f"), ("South", "m")] * 30)
    ]
    office.send(file(*ten, *others), "first.csv")
    first = released(office)
    assert first["XX-N", "M"][1] == "10"
    office.send(file(row("t0", "North", "m", score="10", agrees="no")), "second.csv")
    assert released(office) == first
    assert len(releases(office.house.store, FLOW)) == 1


def test_one_who_comes_where_nobody_was_has_no_key_of_his_own(tmp_path: Path) -> None:
    office = Office(tmp_path)
    people = [
        row(f"o{n:03}", region, sex, score="10")
        for n, (region, sex) in enumerate([("North", "f"), ("South", "f"), ("South", "m")] * 30)
    ]
    office.send(file(*people), "first.csv")
    first = released(office)
    assert ("XX-N", "M") not in first
    office.send(file(row("new", "North", "m", score="10")), "second.csv")
    assert released(office) == first
    assert len(releases(office.house.store, FLOW)) == 1


def test_one_who_comes_with_a_code_that_nobody_had_brings_no_key_of_it(tmp_path: Path) -> None:
    """Where other cells are withheld every combination of the codes has a key: a new code says what he is."""
    office = Office(tmp_path)
    few = [row(f"f{n}", "North", "m", score="10") for n in range(3)]
    office.send(file(*few, *(row(f"w{n:02}", "North", "f", score="10") for n in range(60))), "first.csv")
    first = released(office)
    assert first
    office.send(file(row("new", "South", "f", score="10")), "second.csv")
    assert released(office) == first
    assert len(releases(office.house.store, FLOW)) == 1
    # Many are told.
    office.send(file(*(row(f"s{n:02}", "South", "f", score="10") for n in range(60))), "third.csv")
    assert "XX-S" in {area for area, _ in released(office)}


def test_one_who_comes_in_one_year_hides_nothing_in_another(tmp_path: Path) -> None:
    """What is withheld of a year that is new would tell where he is in the other, whose figures stay as they were."""
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    first = released(office)
    more = [
        row(f"y{n:03}", "North" if n % 2 else "South", "f" if n % 3 else "m", year="2025", score="10")
        for n in range(240)
    ]
    office.send(file(*more, row("one", "North", "f", score="10")), "second.csv")
    shown = {"2024": 0, "2025": 0}
    released(office)
    release = newest(office.house.store, FLOW)
    assert release is not None
    lines = [line.split(",") for line in (release.folder / "data.csv").read_text("utf-8").splitlines()]
    for line in lines[1:]:
        of = dict(zip(lines[0], line, strict=True))
        shown[of["TIME_PERIOD"]] += bool(of["SAMPLE_SIZE"])
    assert shown == {"2024": len(first), "2025": len(first)}
