"""Dagster's own folder."""

from __future__ import annotations

import stat

import dagster as dg

from resources.instance import prepare


def test_the_settings_are_made_once_and_a_persons_edits_stay(tmp_path):
    settings = prepare(tmp_path) / "dagster.yaml"
    settings.write_text("telemetry: {enabled: false}\n")
    prepare(tmp_path)
    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_the_folder_is_restricted(tmp_path):
    folder = prepare(tmp_path / "new")
    assert folder == tmp_path / "new" / "restricted" / "dagster"
    for place in (folder, folder.parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_dagster_takes_the_settings_and_sends_no_telemetry(tmp_path):
    folder = prepare(tmp_path)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert instance.telemetry_enabled is False
        assert instance.nux_enabled is False
        assert instance.run_monitoring_enabled
        assert str(folder) in instance.root_directory
