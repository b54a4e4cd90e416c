from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.flow import Step, needs, parts, steps, walk
from citizenstats.house import House, open_house
from citizenstats.receive.receive import Received
from citizenstats.release.manifest import newest
from citizenstats.release.release import Released
from citizenstats.samples import drop, rounds
from tests.release.support import FAMILY, FIRST, FLOW, OTHER, SECOND, office

FLOWS = ("CITIZENSTATS:RIGHT_TO_DEFEND", "IAEG-SDGs:DF_SDG_GLC")


@pytest.fixture
def rights(tmp_path: Path, one_partner: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with one partner, whose first sample deliveries lie in the inbox."""
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-11-23T08:00:00Z")
    house = open_house(tmp_path / "home", one_partner)
    drop(house, rounds(root / "data" / "samples")[0], frozenset())
    return house


def test_every_step_comes_after_what_it_needs(tmp_path: Path) -> None:
    mappings = office(tmp_path).mappings
    order = steps(mappings)
    assert len(set(order)) == len(order) == 2 + 2 + 2 + 1 + 2
    for i, step in enumerate(order):
        assert set(needs(step, mappings)) <= set(order[:i]), step


def test_a_step_needs_what_it_reads(tmp_path: Path) -> None:
    mappings = office(tmp_path).mappings
    assert needs(Step("assembled", FLOW), mappings) == (Step("observed", FIRST), Step("observed", SECOND))
    assert needs(Step("protected", FAMILY), mappings) == (Step("assembled", FLOW), Step("assembled", OTHER))
    assert needs(Step("released", OTHER), mappings) == (Step("protected", FAMILY),)
    assert str(Step("released", OTHER)) == "released/OFFICE/JOBS"


def test_a_walk_takes_the_inbox_through_to_release_and_a_second_one_changes_nothing(rights: House) -> None:
    done = list(walk(rights, settle=0.0))
    assert [d.step for d in done] == list(steps(rights.mappings))
    assert [str(d.error) for d in done if d.error] == []
    assert sum(len(d.result.outcomes) for d in done if isinstance(d.result, Received)) > 0
    assert newest(rights.store, FLOWS[0]) is not None
    again = [d.result for d in walk(rights, settle=0.0)]
    assert [o for r in again if isinstance(r, Received) for o in r.outcomes] == []
    assert {r.flow: r.status for r in again if isinstance(r, Released)} == {
        FLOWS[0]: "unchanged",
        FLOWS[1]: "waiting",
    }


def test_what_fails_blocks_only_what_depends_on_it(rights: House) -> None:
    inbox = rights.store.inbox("right_to_defend/assessments")
    shutil.rmtree(inbox)
    inbox.write_text("no folder")
    done = {str(d.step): d for d in walk(rights, settle=0.0)}
    failed = done["received/right_to_defend/assessments"]
    assert failed.error is not None
    assert done["observed/right_to_defend/assessments"].blocked_by == failed.step
    assert done["observed/right_to_defend/incidents"].result is not None
    assert done["protected/right_to_defend"].blocked_by == Step("assembled", FLOWS[0])
    assert [newest(rights.store, flow) for flow in FLOWS] == [None, None]


def test_what_shares_a_dataset_is_one_part_and_each_step_is_in_one(root: Path) -> None:
    said = load_mappings(root / "sdmx_mappings")
    found = parts(said)
    assert {part.families for part in found} == {
        ("dihr_lgbt",), ("dihr_shild",), ("indigenous_navigator",), ("right_to_defend",)
    }  # fmt: skip
    walked = [step for part in found for step in part.steps(said)]
    assert sorted(walked) == sorted(steps(said))
    assert all(set(needs(step, said)) <= set(part.steps(said)) for part in found for step in part.steps(said))
