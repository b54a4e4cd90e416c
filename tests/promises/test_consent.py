"""Consent gates hold whichever step is started by hand, in whatever order."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citizenstats import flow
from citizenstats.errors import CitizenstatsError, ReleaseError
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates
from citizenstats.release.decision import sign
from citizenstats.release.manifest import newest, releases
from citizenstats.release.publish import publish_due
from tests.receive.office import DATASET, Office, file, row

FLOW = "OFFICE:ANSWERS"
PEOPLE = [
    row(f"p{n:02}", "North" if n % 2 else "South", "f" if n % 3 else "m", score="10") for n in range(60)
]
WITHDRAWN = row("p01", score="90", agrees="no")
STEPS = {
    "observed": lambda house: flow.observe(house, DATASET),
    "assembled": lambda house: flow.assemble(house, FLOW),
    "protected": lambda house: flow.protect(house, "watch"),
    "released": lambda house: flow.release(house, FLOW),
}


def all_steps(office: Office) -> None:
    for step in STEPS.values():
        step(office.house)


def sample_size(office: Office) -> int | None:
    """The people behind the published total."""
    release = newest(office.house.store, FLOW)
    if release is None:
        return None
    lines = (release.folder / "data.csv").read_text("utf-8").splitlines()
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    (total,) = [r for r in rows if r["REF_AREA"] == "XX" and r["SEX"] == "_T"]
    return int(total["SAMPLE_SIZE"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that published the answers of sixty people, one of whom then takes consent back."""
    folder = tmp_path_factory.mktemp("consent")
    office = Office(folder)
    office.send(file(*PEOPLE), "first.csv")
    all_steps(office)
    assert sample_size(office) == 60
    office.send(file(WITHDRAWN, row("p99", score="10")), "second.csv")
    return folder


@pytest.fixture
def office(prepared: Path, tmp_path: Path) -> Office:
    """The same, to change."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Office(tmp_path)


def stopped_by(step: Callable[[], object]) -> str | None:
    """The code of the error that stops a step; None when nothing does."""
    try:
        step()
    except CitizenstatsError as error:
        return error.code
    return None


@pytest.mark.parametrize("order", [o for n in range(1, 4) for o in itertools.permutations(STEPS, n)])
def test_no_order_of_steps_publishes_what_was_taken_back(office: Office, order: tuple[str, ...]) -> None:
    published = len(releases(office.house.store, FLOW))
    refused: list[str | None] = []
    for step in order:
        refused.append(stopped_by(lambda step=step: STEPS[step](office.house)))
    assert set(refused) <= {None, "CONSENT_TAKEN_BACK"}
    assert len(releases(office.house.store, FLOW)) == published


def test_all_steps_publish_without_who_took_consent_back(office: Office) -> None:
    all_steps(office)
    assert sample_size(office) == 60  # one left, one came
    current = (office.house.store.observed(DATASET) / "current.json").read_text("utf-8")
    assert "p01" not in current
    assert not [r for r in office.records("id") if r == ("p01",)]


def test_a_waiting_candidate_cannot_be_signed_off_once_consent_was_taken_back(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE), "first.csv")
    all_steps(office)
    office.send(file(WITHDRAWN), "second.csv")
    with pytest.raises(ReleaseError, match="CONSENT_TAKEN_BACK"):
        approve(office.house, FLOW, None, "Somebody Else")
    assert newest(office.house.store, FLOW) is None
    all_steps(office)
    approve(office.house, FLOW, None, "Somebody Else")
    assert sample_size(office) == 59


def test_a_contract_that_changed_since_makes_another_candidate_that_can_be_signed(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE), "first.csv")
    office.send(file(WITHDRAWN), "second.csv")
    all_steps(office)
    office.agree(lambda c: c.update({"title": "The same figures, called otherwise"}))
    for _ in ("made with the former contract", "nothing more to make"):
        all_steps(office)
    approve(office.house, FLOW, None, "Somebody Else")
    assert sample_size(office) == 59
    verdicts = [c.decision and c.decision.decision for c in candidates(office.house, FLOW)]
    assert verdicts == ["obsolete", "approved"]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["record"].update({"publication": "none"}),
        lambda c: c["record"]["consent"].update({"condition": "agrees AND score > 50"}),
    ],
)
def test_what_waits_cannot_be_signed_once_the_contract_forbids_it(tmp_path: Path, change: Any) -> None:
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE))
    all_steps(office)
    office.agree(change)
    for _ in ("unread", "read anew"):
        with pytest.raises(ReleaseError, match=r"MAY_NOT_BE_PUBLISHED|NOT_RECEIVED|CONSENT_TAKEN_BACK"):
            approve(office.house, FLOW, None, "Somebody Else")
        office.receive()
    assert newest(office.house.store, FLOW) is None


def test_nothing_is_computed_while_a_delivery_is_unread(tmp_path: Path) -> None:
    from citizenstats.receive import arrivals

    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    office.drop(file(WITHDRAWN), "second.csv")
    arrivals.take_in(office.house, DATASET, ["second.csv"])
    with pytest.raises(CitizenstatsError, match="NOT_RECEIVED"):
        flow.observe(office.house, DATASET)


def test_who_has_no_known_category_is_not_had_by_subtraction(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE, row("x", sex="", score="90")))
    all_steps(office)
    release = newest(office.house.store, FLOW)
    assert release is not None
    lines = [line.split(",") for line in (release.folder / "data.csv").read_text("utf-8").splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    for area in ("XX", "XX-N"):
        shown = {row["SEX"] for row in rows if row["REF_AREA"] == area and row["SAMPLE_SIZE"]}
        assert shown
        assert shown != {"F", "M", "_T"}, "a total less its categories is the one whose category is not known"


@pytest.mark.parametrize("key", ["", "  "])
def test_a_withdrawal_that_does_not_say_whose_it_is_stops_what_goes_out(tmp_path: Path, key: str) -> None:
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    all_steps(office)
    outcome = office.send(file(row(key, agrees="no"), row("p99", score="10")), "second.csv")
    assert "WITHDRAWAL_UNCLEAR" in [f.code for f in outcome.findings]
    with pytest.raises(ReleaseError, match="WITHDRAWAL_UNCLEAR"):
        all_steps(office)
    assert sample_size(office) == 60
    office.send(file(WITHDRAWN, row("p99", score="10")), "mended.csv")
    all_steps(office)
    assert sample_size(office) == 60  # one left, one came
    assert not [r for r in office.records("id") if r == ("p01",)]


ENDED = "The agreement of the community ended on 1 May 2026."


def closes_the_gate(contract: dict[str, Any], verdict: str = "not_met") -> None:
    contract["assessment"] = {
        "CONSENT_BASIS": {"verdict": verdict, "evidence": ENDED, "by": "Q. Quality", "date": "2026-05-02"}
    }


def receipt(office: Office) -> str:
    (found,) = office.house.store.outbox(DATASET).glob("*.receipt.html")
    return found.read_text("utf-8")


def test_a_gate_that_closes_stops_whatever_waits_and_is_told_while_a_release_stands(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.review("required")
    office.send(file(*PEOPLE), "first.csv")
    all_steps(office)
    (waiting,) = candidates(office.house, FLOW)

    office.agree(closes_the_gate)
    with pytest.raises(ReleaseError, match="GATE_CLOSED"):
        approve(office.house, FLOW, waiting.id, "Somebody Else")
    # Signed off and not published yet, as before the time of an embargo.
    assert sign(office.house.store, waiting.folder, "Somebody Else", "", 1)
    assert not publish_due(office.house, FLOW)
    office.agree()
    assert publish_due(office.house, FLOW)

    office.agree(closes_the_gate)
    flow.receive(office.house, DATASET, settle=0.0)
    for _ in range(2):
        flow.release(office.house, FLOW)
    assert [r.id for r in releases(office.house.store, FLOW)] == ["R0001"]
    found = candidates(office.house, FLOW)
    assert [c.is_waiting for c in found] == [False, True]
    page = found[-1].review.read_text("utf-8") if found[-1].review else ""
    assert f"CONSENT_BASIS: {ENDED}" in page
    assert f"citizenstats recall {FLOW} R0001" in page
    assert ENDED in receipt(office)

    office.agree(lambda c: closes_the_gate(c, "met"))
    flow.receive(office.house, DATASET, settle=0.0)
    flow.release(office.house, FLOW)
    assert not [c for c in candidates(office.house, FLOW) if c.is_waiting]
    assert ENDED not in receipt(office)
