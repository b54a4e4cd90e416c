"""Schedules are made from the mappings."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

from citizenstats.contracts.model import Embargo
from pipelines.definitions import build_defs
from pipelines.schedules import times_of_day

MAPPINGS = Path(__file__).parents[2] / "sdmx_mappings"


def test_every_end_of_an_embargo_has_its_minute_of_the_day_in_utc():
    embargoes = [
        Embargo(calendar=["2026-03-01T09:00:00+01:00", "2026-06-01T08:00:00Z"]),
        Embargo(until="2026-01-01T12:30:00Z"),
    ]
    assert times_of_day(embargoes) == ["0 8 * * *", "30 12 * * *"]


def test_an_end_within_a_minute_is_looked_at_when_it_is_over():
    assert times_of_day([Embargo(until="2026-01-01T23:59:30Z")]) == ["0 0 * * *"]


def test_a_pulled_source_and_a_calendar_get_their_schedules(tmp_path):
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    contract = folder / "partners" / "right_to_defend" / "incidents.yaml"
    text = contract.read_text("utf-8")
    assert "\ndelivery:\n" in text
    contract.write_text(
        text.replace(
            "\ndelivery:\n", '\ndelivery:\n  pull: {url: "https://example.org/x.csv", cron: "5 4 * * *"}\n'
        ),
        "utf-8",
    )
    flow = folder / "dataflows" / "CITIZENSTATS" / "RIGHT_TO_DEFEND.yaml"
    flow.write_text(flow.read_text("utf-8") + '\nembargo: {calendar: ["2027-01-01T07:00:00Z"]}\n', "utf-8")
    defs = build_defs(tmp_path / "home", folder)
    dg.Definitions.validate_loadable(defs)
    schedules = {schedule.name: schedule.cron_schedule for schedule in defs.schedules}
    assert schedules == {
        "pull_right_to_defend_incidents": "5 4 * * *",
        "release_calendar": ["0 7 * * *"],
    }


def test_without_pulls_and_embargoes_there_is_no_schedule(tmp_path):
    assert list(build_defs(tmp_path, MAPPINGS).schedules or []) == []
