"""One broken contract: the others go on, it is told, its files stay, and what it feeds waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from citizenstats.contracts.sound import faults_of
from citizenstats.errors import ContractError
from citizenstats.flow import Step, protect, receive, walk
from citizenstats.house import open_house
from citizenstats.samples import drop, rounds
from tests.conftest import Command

BROKEN, OTHER = "right_to_defend/assessments", "right_to_defend/incidents"
FLOW, FAMILY = "CITIZENSTATS:RIGHT_TO_DEFEND", "right_to_defend"

BREAKS: dict[str, Callable[[str], str]] = {
    "BAD_YAML": lambda said: said.replace("key:", "key: [", 1),
    "UNKNOWN_COLUMN": lambda said: said.replace("key: [country", "key: [contry", 1),
    "BAD_SQL": lambda said: said.replace("rules:", 'rules:\n  - {must: "1 + ) 2", message: x}', 1),
    "MISSING_KEY": lambda said: said.replace("author:", "# author:", 1),
}


def broken(folder: Path, how: Callable[[str], str]) -> None:
    path = folder / "partners" / f"{BROKEN}.yaml"
    said = path.read_text("utf-8")
    path.write_text(how(said), "utf-8")
    assert path.read_text("utf-8") != said


@pytest.mark.parametrize("code", BREAKS)
def test_what_is_broken_is_named_by_check_and_stops_every_step_that_rests_on_it(
    code: str, one_partner: Path, tmp_path: Path, citizenstats: Command
) -> None:
    broken(one_partner, BREAKS[code])
    said = citizenstats("--mappings", one_partner, "check", "--json")
    assert said.code == 1
    assert code in [fault["code"] for fault in said.json["faults"]]
    mappings = open_house(tmp_path / "home", one_partner).mappings
    assert code in [fault.code for fault in faults_of(mappings, BROKEN)]
    assert not faults_of(mappings, OTHER)


def test_the_others_go_on_and_its_files_stay_untouched_until_it_is_mended(
    one_partner: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-11-23T08:00:00Z")
    whole = (one_partner / "partners" / f"{BROKEN}.yaml").read_text("utf-8")
    broken(one_partner, BREAKS["BAD_SQL"])
    house = open_house(tmp_path / "home", one_partner)
    drop(house, rounds(root / "data" / "samples")[0], frozenset())
    before = sorted(house.store.inbox(BROKEN).iterdir())
    done = {str(d.step): d for d in walk(house, settle=0.0)}
    stopped = done[f"received/{BROKEN}"].error
    assert isinstance(stopped, ContractError)
    assert [fault.code for fault in stopped.faults] == ["BAD_SQL"]
    assert done[f"observed/{OTHER}"].result is not None
    assert done[f"assembled/{FLOW.replace(':', '/')}"].blocked_by == Step("observed", BROKEN)
    assert done[f"released/{FLOW.replace(':', '/')}"].blocked_by == Step("protected", FAMILY)
    assert sorted(house.store.inbox(BROKEN).iterdir()) == before
    assert not house.store.deliveries(BROKEN).exists()
    assert not list((house.store.home / "outbox" / BROKEN).glob("*"))
    (one_partner / "partners" / f"{BROKEN}.yaml").write_text(whole, "utf-8")
    assert receive(open_house(tmp_path / "home", one_partner), BROKEN, settle=0.0).outcomes


def test_a_step_started_by_hand_and_a_signature_wait_too(
    one_partner: Path, demonstration: Path, citizenstats: Command
) -> None:
    office = ("--mappings", one_partner, "--home", demonstration)
    for how in (BREAKS["BAD_SQL"], BREAKS["BAD_YAML"]):
        broken(one_partner, how)
        # Another dataflow of the family, which this dataset does not feed.
        said = citizenstats(*office, "approve", "IAEG-SDGs:DF_SDG_GLC", "--by", "Someone")
        assert (said.code, "CONTRACT_BROKEN" in said.err) == (1, True)
        with pytest.raises(ContractError):
            protect(open_house(demonstration, one_partner), FAMILY)
        assert citizenstats(*office, "deliveries").code == 0


def test_preview_of_another_dataset_shows_its_figures_and_says_what_the_release_waits_for(
    one_partner: Path, tmp_path: Path, root: Path, citizenstats: Command
) -> None:
    broken(one_partner, BREAKS["BAD_YAML"])
    file = next((root / "data" / "samples" / "1_first" / OTHER).glob("*incidents*"))
    said = citizenstats(
        "--mappings", one_partner, "--home", tmp_path / "home", "preview", OTHER, file, "--json"
    )
    assert said.code == 1
    assert [error["code"] for error in said.json["errors"]] == ["CONTRACT_BROKEN"]
    assert FLOW in [flow["dataflow"] for flow in said.json["dataflows"]]
