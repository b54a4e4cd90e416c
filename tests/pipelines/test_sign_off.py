"""Signing and rejecting by a job of Dagster is what the command does, and the UI shows where the dataflow stands."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from citizenstats.house import House
from citizenstats.release.release import release
from citizenstats.release.state import states
from pipelines.jobs import approve, reject
from resources.house import HouseResource
from tests.release.support import FIRST, FLOW, deliver, office, protect, row

WHY = "the share of one village shows through"


class InMemory(HouseResource):
    """The office that the tests of releases use."""

    def open(self) -> House:
        return office(Path(self.home), review="four_eyes")


def done(home: Path, job: dg.JobDefinition, op: str, **config: str) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(
        run_config={"ops": {op: {"config": {"flow": FLOW, **config}}}},
        resources={"house": InMemory(home=str(home), mappings="", fingerprint="")},
        raise_on_error=False,
    )


def shown(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    [event] = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    metadata = event.step_materialization_data.materialization.metadata
    return {name: str(value.value) for name, value in metadata.items()}


def test_one_signs_and_another_rejects_by_jobs_and_the_ui_shows_it_without_the_reason(tmp_path):
    house = office(tmp_path, review="four_eyes")
    protect(house, "s1", {FLOW: [row()]}, [deliver(house, FIRST, 1)])
    release(house, FLOW)
    once = done(tmp_path, approve, "sign_off", person="Carla Chief")
    assert once.success
    assert "C0001 is signed once and waits for another person" in shown(once)["status"]
    assert shown(once)["signed by"] == "Carla Chief"
    assert not done(tmp_path, approve, "sign_off", person="Carla Chief").success
    turned_down = done(tmp_path, reject, "turn_down", person="Rita Reviewer", note=WHY)
    assert turned_down.success
    assert "C0001 was rejected" in shown(turned_down)["status"]
    assert shown(turned_down)["rejected by"] == "Rita Reviewer"
    assert WHY not in str(shown(turned_down))
    assert [(s.name, s.note) for s in states(house, FLOW)] == [("rejected", WHY)]
