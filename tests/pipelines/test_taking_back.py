"""What a person takes back by a job of Dagster is what the command takes back."""

from __future__ import annotations

import dagster as dg
import pytest

from citizenstats.release.manifest import releases
from pipelines.definitions import build_defs
from tests.receive.office import DATASET, Office, file
from tests.release.test_withdraw import ANSWERS, PEOPLE, run


def done(office: Office, job: str, op: str, **config: str) -> dg.ExecuteInProcessResult:
    definitions = build_defs(office.home, office.mappings)
    config |= {"person": "Carla Chief", "reason": "asked for"}
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def(job).execute_in_process(
            instance=instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
        )


@pytest.mark.long
def test_a_release_and_a_delivery_are_taken_back_and_erased(tmp_path):
    office = Office(tmp_path)
    office.send(file(*PEOPLE), "first.csv")
    run(office)
    assert done(office, "recall", "take_back_release", flow=ANSWERS, release="R0001").success
    assert [r.tombstone["kind"] for r in releases(office.house.store, ANSWERS)] == ["recall"]
    assert done(office, "withdraw", "take_back_delivery", dataset=DATASET, delivery="1").success
    assert office.records() == []
    assert done(office, "erase", "destroy_delivery", dataset=DATASET, delivery="1").success
    assert not list(office.house.store.deliveries(DATASET).glob("*/bytes"))
    assert not done(office, "erase", "destroy_delivery", dataset=DATASET, delivery="1").success
