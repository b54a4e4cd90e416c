"""The real daemon and webserver: a file that is dropped becomes a release, and the UI shows it without microdata."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
FLOW = "CITIZENSTATS/LGBT_BAROMETER"
DATASET = "dihr/lgbt_barometer"
SCREENSHOTS = ROOT / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.timed


@dataclass(frozen=True)
class Services:
    """Webserver and daemon on a home of their own."""

    home: Path
    url: str

    def ask(self, query: str) -> Any:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["data"]

    def latest(self) -> str | None:
        pointer = self.home / "published" / FLOW / "latest.json"
        return json.loads(pointer.read_text())["release"] if pointer.exists() else None

    def drop(self, sample: Path) -> None:
        folder = self.home / "inbox" / DATASET
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample, folder / f".{sample.name}.part")
        (folder / f".{sample.name}.part").replace(folder / sample.name)


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for something to be true, for a bounded time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.5)
    pytest.fail(f"after {seconds:.0f} s there is still no {what}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home, port = tmp_path_factory.mktemp("home"), free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CITIZENSTATS_", "DAGSTER_"))}
    environment |= {"CITIZENSTATS_HOME": str(home), "CITIZENSTATS_PORT": str(port)}
    log = (home.parent / "services.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.ui"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    running = Services(home, f"http://127.0.0.1:{port}")
    try:
        until(lambda: running.ask("{ version }"), 300, "answer of the webserver")
        until(lambda: _sensor(running) == "RUNNING", 300, "running sensor")
        yield running
    finally:
        # The whole group: webserver, daemon, code server and the runs that they started.
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        log.close()


def _sensor(services: Services) -> str | None:
    query = (
        "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { ... on RepositoryLocation \
        { repositories { sensors { name sensorState { status } } } } ... on PythonError { message } } } } } }"
    )
    entries = services.ask(query)["workspaceOrError"]["locationEntries"]
    for entry in entries:
        location = entry["locationOrLoadError"] or {}
        assert "message" not in location, location
        for repository in location.get("repositories", []):
            for sensor in repository["sensors"]:
                if sensor["name"] == "arrivals":
                    return str(sensor["sensorState"]["status"])
    return None


def test_a_dropped_file_becomes_a_release_within_a_minute_and_the_next_one_changes_it(services):
    began = time.monotonic()
    services.drop(SAMPLES / "1_first" / DATASET / "lgbt_barometer_2023.xlsx")
    until(lambda: services.latest() == "R0001", 300, "first release")
    first = time.monotonic() - began
    began = time.monotonic()
    services.drop(SAMPLES / "2_corrections" / DATASET / "lgbt_barometer_2023_rettet.xlsx")
    until(lambda: services.latest() == "R0002", 300, "second release")
    second = time.monotonic() - began
    sys.stdout.write(f"seconds from dropping to release: {first:.0f}, {second:.0f}\n")
    assert min(first, second) < 60

    query = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"
    until(
        lambda: all(r["status"] == "SUCCESS" for r in services.ask(query)["runsOrError"]["results"]),
        300,
        "end of the runs",
    )
    runs = services.ask(query)["runsOrError"]["results"]
    assert len(runs) == 2
    asked = [{t["key"]: t["value"] for t in run["tags"]}["dagster/run_key"] for run in runs]
    assert sorted(key.split(":")[1].split("-")[0] for key in asked) == ["000001", "000002"]


def test_each_delivery_is_an_observation_of_its_asset(services):
    query = (
        '{ assetOrError(assetKey: {path: ["received", "dihr", "lgbt_barometer"]}) { ... on Asset '
        "{ assetObservations { metadataEntries { label ... on TextMetadataEntry { text } } } } } }"
    )
    observed = services.ask(query)["assetOrError"]["assetObservations"]
    delivered = {
        entry["text"]
        for event in observed
        for entry in event["metadataEntries"]
        if entry["label"] == "delivery"
    }
    kept = {path.name for path in (services.home / "restricted" / "deliveries" / DATASET).glob("0*")}
    assert delivered == kept
    assert len(kept) == 2


def test_it_listens_on_the_loopback_address_only(services):
    port = int(services.url.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [where for where in listening if where.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One browser's folder for all pages, so that the UI's scripts are fetched once."""
    return tmp_path_factory.mktemp("browser")


@pytest.mark.ui
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: `make browser` installs one")
@pytest.mark.parametrize(
    ("picture", "path", "must_show"),
    [
        ("asset_graph", "asset-groups", ("dihr", "dihr_lgbt", "indigenous_navigator", "right_to_defend")),
        ("columns", "assets/observed/dihr/lgbt_barometer", ("CL_LGBT_INDICATOR", "barometer@example.org")),
        ("select", "assets/observed/dihr/lgbt_barometer?view=events", ("SELECT", "dagster/row_count")),
        (
            "release",
            "assets/released/CITIZENSTATS/LGBT_BAROMETER?view=events",
            ("observations by period", "R0002"),
        ),
    ],
)
def test_the_ui_shows_the_graph_and_what_a_step_made(services, profile, picture, path, must_show):
    SCREENSHOTS.mkdir(exist_ok=True)
    image = SCREENSHOTS / f"{picture}.png"
    image.unlink(missing_ok=True)
    look = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1500,1300",
        f"--user-data-dir={profile}", "--virtual-time-budget=40000", f"--screenshot={image}", "--dump-dom",
    ]  # fmt: skip

    def page() -> str | None:
        dom = subprocess.run(
            [*look, f"{services.url}/{path}"], capture_output=True, text=True, timeout=180, check=True
        ).stdout
        return dom if all(word in dom for word in must_show) else None

    assert "Join the Dagster community" not in until(page, 240, f"page with {must_show}")
    assert image.stat().st_size > 20_000
