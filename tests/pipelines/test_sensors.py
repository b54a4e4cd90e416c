"""The sensor over real folders: what it takes, when it asks for a run, and what stops it (nothing)."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from citizenstats.house import House
from pipelines.arrivals import TRIES, Cursor
from pipelines.sensors import ASKED, arrivals, downstream, look_round
from resources.house import HouseResource

ROOT = Path(__file__).parents[2]
LGBT, INCIDENTS = "dihr/lgbt_barometer", "right_to_defend/incidents"
GOOD = ROOT / "data" / "samples" / "1_first" / LGBT / "lgbt_barometer_2023.xlsx"


@pytest.fixture
def resource(tmp_path) -> HouseResource:
    return HouseResource.at(tmp_path / "home", ROOT / "sdmx_mappings")


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test() as made:
        yield made


def put(house: House, dataset: str, name: str, content: bytes) -> Path:
    path = house.store.inbox(dataset) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Looks:
    """Ticks of one sensor, each with the cursor of the one before."""

    def __init__(self, resource: HouseResource, instance: dg.DagsterInstance) -> None:
        self.sensor, self.instance, self.cursor = arrivals(resource), instance, None

    def __call__(self) -> dg.SensorResult:
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            result = self.sensor(context)
        self.cursor = result.cursor
        return result


def started(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    @dg.job
    def asked():
        pass

    instance.create_run_for_job(asked, tags=dict(request.tags), status=status)


def test_a_file_is_taken_when_it_lies_still_for_two_looks(resource, instance):
    put(resource.open(), LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes())
    look = Looks(resource, instance)
    first, second = look(), look()
    assert first.run_requests == []
    assert "1 file" in first.skip_reason.skip_message
    [request] = second.run_requests
    [kept] = (path.name for path in resource.open().store.deliveries(LGBT).glob("0*"))
    assert request.run_key.startswith(f"{LGBT}:{kept}")


def test_a_file_that_grows_is_left_alone_until_it_is_still(resource, instance):
    house, look = resource.open(), Looks(resource, instance)
    for size in (100, 200, 300):
        put(house, LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes()[:size])
        assert look().run_requests == []
    assert len(look().run_requests) == 1


def test_all_still_files_of_a_dataset_are_one_run(resource, instance):
    house = resource.open()
    for name in ("a", "b", "c"):
        put(house, INCIDENTS, f"incidents_{name}.csv", name.encode() * 50)
    look = Looks(resource, instance)
    look()
    [request] = look().run_requests
    assert ":000003-" in request.run_key


def test_the_run_goes_from_the_delivery_down_to_every_release_of_the_family(resource):
    keys = {key.to_user_string() for key in downstream(resource.open(), INCIDENTS)}
    assert "received/right_to_defend/incidents" in keys
    assert {"released/CITIZENSTATS/RIGHT_TO_DEFEND", "released/IAEG-SDGs/DF_SDG_GLC"} <= keys
    # The other feed of the family was never observed, and without it nothing could be assembled.
    assert "observed/right_to_defend/assessments" in keys
    assert not any(key.startswith(("received/dihr", "observed/dihr")) for key in keys)
    assert "received/right_to_defend/assessments" not in keys


def test_nothing_is_asked_while_the_run_goes_on_and_nothing_is_lost_when_it_dies(resource, instance):
    put(resource.open(), LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes())
    look = Looks(resource, instance)
    look()
    [request] = look().run_requests
    started(instance, request, dg.DagsterRunStatus.STARTED)
    assert look().run_requests == []
    [run] = instance.get_runs()
    instance.report_run_failed(run)
    [again] = look().run_requests
    assert again.run_key != request.run_key
    assert again.tags[ASKED] == request.tags[ASKED]


def test_after_three_runs_in_vain_it_says_so_and_stops_asking(resource, instance):
    put(resource.open(), LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes())
    look = Looks(resource, instance)
    look()
    for _ in range(TRIES):
        [request] = look().run_requests
        started(instance, request, dg.DagsterRunStatus.FAILURE)
    last = look()
    assert last.run_requests == []
    assert LGBT in last.skip_reason.skip_message


def test_a_lost_cursor_costs_one_look_and_no_delivery(resource, instance):
    put(resource.open(), LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes())
    look = Looks(resource, instance)
    look()
    look.cursor = None
    assert look().run_requests == []
    assert len(look().run_requests) == 1
    look.cursor = None
    look(), look()
    assert len(list(resource.open().store.deliveries(LGBT).glob("0*"))) == 1


def test_a_folder_that_cannot_be_listed_is_no_empty_folder_and_stops_no_other(resource, instance):
    house = resource.open()
    put(house, LGBT, "lgbt_barometer_2023.xlsx", GOOD.read_bytes())
    put(house, INCIDENTS, "incidents_1.csv", b"x" * 50)
    look = Looks(resource, instance)
    look()
    seen = json.loads(look.cursor)["seen"][LGBT]
    folder = house.store.inbox(LGBT)
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"no folder")
    result = look()
    assert [request.tags["citizenstats/dataset"] for request in result.run_requests] == [INCIDENTS]
    assert json.loads(look.cursor)["seen"][LGBT] == seen
    folder.unlink()
    folder.with_name("away").rename(folder)
    assert [request.tags["citizenstats/dataset"] for request in look().run_requests][:1] == [LGBT]


def test_no_file_name_is_told_in_the_messages_or_kept_in_the_cursor(resource, instance):
    put(resource.open(), LGBT, "lgbt_barometer_Jens_Hansen.xlsx", GOOD.read_bytes())
    look = Looks(resource, instance)
    told = []
    for _ in range(3):
        result = look()
        told.append(str(result.skip_reason) + str(result.run_requests) + str(look.cursor))
    assert "seen" in told[0]
    assert not any("Hansen" in text for text in told)


def test_a_file_that_is_never_taken_is_told_to_its_partner_without_a_run(resource, instance):
    house = resource.open()
    put(house, LGBT, "some other name.xlsx", b"x")
    assert Looks(resource, instance)().run_requests == []
    assert "NAME_NOT_AGREED" in (house.store.outbox(LGBT) / "not_taken.json").read_text("utf-8")


def test_a_file_in_no_folder_of_a_dataset_is_told_at_each_look(resource, instance):
    house = resource.open()
    put(house, "dihr/lgbt_barometr", "lgbt.xlsx", b"x")
    told = Looks(resource, instance)().skip_reason.skip_message
    assert "IN_NO_DATASET" in told
    assert "never taken: 1 " in told


def test_a_broken_contract_is_told_in_each_tick_fails_one_run_and_holds_nobody_up(
    one_partner, tmp_path, instance
):
    contract = one_partner / "partners" / "right_to_defend" / "assessments.yaml"
    whole = contract.read_text("utf-8")
    contract.write_text(whole.replace("rules:", 'rules:\n  - {must: "1 + ) 2", message: x}', 1), "utf-8")
    resource = HouseResource.at(tmp_path / "home", one_partner)
    house = resource.open()
    put(house, "right_to_defend/assessments", "assessments_1.csv", b"a;b\n")
    put(house, INCIDENTS, "incidents_1.csv", b"a;b\n")
    look = Looks(resource, instance)
    [failing] = look().run_requests
    assert [key.to_user_string() for key in failing.asset_selection] == [
        "received/right_to_defend/assessments"
    ]
    [of_others] = look().run_requests
    assert of_others.tags[ASKED].startswith(INCIDENTS)
    assert not house.store.deliveries("right_to_defend/assessments").exists()
    assert "CONTRACT_BROKEN" in look_round(house, Cursor.parse(look.cursor)).notes[0]
    contract.write_text(whole, "utf-8")
    mended = Looks(HouseResource.at(tmp_path / "home", one_partner), instance)
    mended.cursor = look.cursor
    asked = {request.tags["citizenstats/dataset"]: request for request in mended().run_requests}
    goes_on = asked["right_to_defend/assessments"].asset_selection
    assert dg.AssetKey(["released", "CITIZENSTATS", "RIGHT_TO_DEFEND"]) in goes_on
    assert "right_to_defend/assessments" not in {
        r.tags["citizenstats/dataset"] for r in mended().run_requests if not r.tags.get(ASKED)
    }
