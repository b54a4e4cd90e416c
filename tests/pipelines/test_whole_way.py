"""The whole way through Dagster: what a run makes, and what it leaves in the records."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

from assets.keys import op
from citizenstats.house import House
from pipelines.definitions import build_defs
from pipelines.jobs import SignOff
from pipelines.sensors import downstream
from resources.house import HouseResource
from resources.instance import prepare

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "sdmx_mappings"
LGBT = "dihr/lgbt_barometer"
SAMPLES = ROOT / "data" / "samples"
CANARY = "Zzyzx Kanariefugl"


def put(house: House, dataset: str, source: Path) -> None:
    folder = house.store.inbox(dataset)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, folder)


class Office:
    """A house with its definitions and its recorded runs."""

    def __init__(self, home: Path, mappings: Path = MAPPINGS) -> None:
        self.house = HouseResource.at(home, mappings).open()
        self.defs = build_defs(home, mappings)
        self.folder = prepare(home)

    def run(
        self, job: str, config: dict | None = None, keys: list | None = None
    ) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.from_config(str(self.folder)) as instance:
            return self.defs.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=config, asset_selection=keys, raise_on_error=False
            )

    def take(self, *datasets: str) -> dg.ExecuteInProcessResult:
        """Take what is in some inboxes through to release, as the sensor would."""
        ops = {op("received", dataset): {"config": {"settle": 0.0}} for dataset in datasets}
        keys = {key for dataset in datasets for key in downstream(self.house, dataset)}
        return self.run("everything", {"ops": ops}, sorted(keys))

    def recorded(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


def test_no_cell_of_a_refused_file_is_in_the_recorded_run(tmp_path):
    office = Office(tmp_path / "home")
    rows = (
        (SAMPLES / "1_first" / "dihr" / "disability_barometer" / "shild_syntetisk_2020.csv")
        .read_bytes()
        .splitlines()
    )
    cells = rows[1].split(b";")
    bad = b";".join([CANARY.encode()] * len(cells))
    folder = office.house.store.inbox("dihr/disability_barometer")
    folder.mkdir(parents=True)
    (folder / f"shild_{CANARY}.csv").write_bytes(b"\r\n".join([rows[0], bad, *rows[1:]]))
    result = office.take("dihr/disability_barometer")
    assert result.success
    [kept] = office.house.store.deliveries("dihr/disability_barometer").glob("0*")
    recorded = office.recorded()
    assert kept.name.encode() in recorded
    assert CANARY.encode() not in recorded
    assert CANARY.split()[1].encode() not in recorded


def test_no_cell_is_in_the_recorded_failure_of_a_step(tmp_path):
    mappings = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, mappings)
    contract = mappings / "partners" / "dihr" / "lgbt_barometer.yaml"
    text = contract.read_text("utf-8")
    assert "COMMENT_OBS: bemaerkning" in text
    contract.write_text(
        text.replace(
            "COMMENT_OBS: bemaerkning",
            'COMMENT_OBS: {sql: "CAST(CAST(undersoegelse AS INTEGER) AS VARCHAR)"}',
        ),
        "utf-8",
    )
    office = Office(tmp_path / "home", mappings)
    put(office.house, LGBT, SAMPLES / "1_first" / LGBT / "lgbt_barometer_2023.xlsx")
    result = office.take(LGBT)
    assert not result.success
    failed = [event for event in result.all_events if event.is_step_failure]
    assert [event.step_key for event in failed] == ["observed__dihr__lgbt_barometer"]
    recorded = office.recorded()
    assert b"ENGINE_FAILED" in recorded
    # Names of studies stand in that column of the sample.
    for study in (b"SHILD", b"Projekt SEXUS", b"LGBT-liv"):
        assert study not in recorded


def test_a_failed_dataset_does_not_stop_the_others(tmp_path):
    office = Office(tmp_path / "home")
    for dataset in (LGBT, "dihr/disability_barometer"):
        for sample in (SAMPLES / "1_first" / dataset).iterdir():
            put(office.house, dataset, sample)
    observed = office.house.store.observed("dihr/disability_barometer")
    observed.parent.mkdir(parents=True)
    observed.write_bytes(b"a file where a folder should be")
    result = office.take(LGBT, "dihr/disability_barometer")
    assert not result.success
    assert (office.house.store.releases("CITIZENSTATS:LGBT_BAROMETER") / "latest.json").exists()
    assert not (office.house.store.releases("CITIZENSTATS:DISABILITY_BAROMETER") / "latest.json").exists()


def test_a_person_signs_off_with_the_job_and_an_author_cannot(tmp_path):
    office = Office(tmp_path / "home")
    for dataset in ("right_to_defend/incidents", "right_to_defend/assessments"):
        for sample in (SAMPLES / "1_first" / dataset).iterdir():
            put(office.house, dataset, sample)
    assert office.take("right_to_defend/incidents", "right_to_defend/assessments").success
    flow = "IAEG-SDGs:DF_SDG_GLC"
    latest = office.house.store.releases(flow) / "latest.json"
    author = office.house.mappings.datasets["right_to_defend/incidents"].contract.author

    def sign(person: str) -> dg.ExecuteInProcessResult:
        config = SignOff(flow=flow, person=person, note="looked at the changes").model_dump(exclude_none=True)
        return office.run("approve", {"ops": {"sign_off": {"config": config}}})

    assert not sign(author).success
    assert not latest.exists()
    assert sign("Ada Reviewer").success
    assert latest.exists()
    with dg.DagsterInstance.from_config(str(office.folder)) as instance:
        event = instance.get_latest_materialization_event(
            dg.AssetKey(["released", "IAEG-SDGs", "DF_SDG_GLC"])
        )
    assert event.asset_materialization.metadata["status"].value == "published"


def test_the_checks_find_a_file_that_somebody_changed(tmp_path):
    office = Office(tmp_path / "home")
    put(office.house, LGBT, SAMPLES / "1_first" / LGBT / "lgbt_barometer_2023.xlsx")
    assert office.take(LGBT).success
    [message] = office.house.store.releases("CITIZENSTATS:LGBT_BAROMETER").glob("*/R0001/data.csv")
    message.chmod(0o644)
    message.write_bytes(message.read_bytes().replace(b"A", b"B", 1))
    result = office.take(LGBT)
    assert not result.success
    [found] = [
        e for e in result.get_asset_check_evaluations() if e.check_name == "intact_and_valid" and not e.passed
    ]
    assert "FILE_CHANGED in data.csv" in found.description
