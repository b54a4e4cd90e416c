"""The house on one page: what it is made of, and that nothing but the mappings is needed to make it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from citizenstats.errors import MappingError
from pipelines.definitions import build_defs

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "sdmx_mappings"


@pytest.fixture(scope="module")
def defs(tmp_path_factory) -> dg.Definitions:
    return build_defs(tmp_path_factory.mktemp("home") / "not" / "there", MAPPINGS)


def test_they_load(defs):
    dg.Definitions.validate_loadable(defs)


def test_the_assets_are_those_of_the_four_systems(defs):
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {
        "received/dihr/disability_barometer",
        "received/dihr/lgbt_barometer",
        "received/indigenous_navigator/community_survey",
        "received/indigenous_navigator/national_survey",
        "received/right_to_defend/assessments",
        "received/right_to_defend/incidents",
        "observed/dihr/disability_barometer",
        "observed/dihr/lgbt_barometer",
        "observed/indigenous_navigator/community_survey",
        "observed/indigenous_navigator/national_survey",
        "observed/right_to_defend/assessments",
        "observed/right_to_defend/incidents",
        "assembled/CITIZENSTATS/DISABILITY_BAROMETER",
        "assembled/CITIZENSTATS/INDIGENOUS_NAVIGATOR",
        "assembled/CITIZENSTATS/LGBT_BAROMETER",
        "assembled/CITIZENSTATS/RIGHT_TO_DEFEND",
        "assembled/IAEG-SDGs/DF_SDG_GLC",
        "protected/dihr_lgbt",
        "protected/dihr_shild",
        "protected/indigenous_navigator",
        "protected/right_to_defend",
        "released/CITIZENSTATS/DISABILITY_BAROMETER",
        "released/CITIZENSTATS/INDIGENOUS_NAVIGATOR",
        "released/CITIZENSTATS/LGBT_BAROMETER",
        "released/CITIZENSTATS/RIGHT_TO_DEFEND",
        "released/IAEG-SDGs/DF_SDG_GLC",
    }


def test_every_asset_says_what_it_is_whose_it_is_and_of_what_kind(defs):
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name != "default", key


def test_every_layer_has_its_blocking_checks(defs):
    graph = defs.resolve_asset_graph()
    checked = {check.asset_key.path[0]: check.name for check in graph.asset_check_keys}
    assert set(checked) == {"received", "assembled", "protected", "released"}
    assert all(graph.get(check).blocking for check in graph.asset_check_keys)


def test_a_dataset_that_is_expected_regularly_has_a_freshness_policy(defs):
    graph = defs.resolve_asset_graph()
    policy = graph.get(dg.AssetKey(["received", "dihr", "lgbt_barometer"])).freshness_policy_or_from_metadata
    assert policy is not None
    assert policy.warn_window.to_timedelta().days == 730
    assert policy.fail_window.to_timedelta().days == 730 + 90


def test_loading_makes_nothing_on_disk_and_needs_no_setting(tmp_path):
    copy = tmp_path / "checkout"
    for name in ("assets", "citizenstats", "pipelines", "resources", "sdmx_mappings", "workspace.yaml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    code = (
        "from dagster._core.workspace.load_target import WorkspaceFileTarget as W\n"
        "import dagster as dg, runpy, sys\n"
        "sys.path.insert(0, '.')\n"
        "defs = runpy.run_path('pipelines/definitions.py')['defs']\n"
        "dg.Definitions.validate_loadable(defs)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (copy / "data").exists()


def test_a_new_yaml_file_is_all_that_a_new_dataset_needs(tmp_path):
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    partner = folder / "partners" / "dihr"
    shutil.copy(partner / "lgbt_barometer.yaml", partner / "lgbt_second_source.yaml")
    flow = folder / "dataflows" / "CITIZENSTATS" / "LGBT_BAROMETER.yaml"
    flow.write_text(
        flow.read_text("utf-8").replace(
            "dihr/lgbt_barometer", "dihr/lgbt_barometer, dihr/lgbt_second_source", 1
        )
    )
    graph = build_defs(tmp_path / "home", folder).resolve_asset_graph()
    new = dg.AssetKey(["observed", "dihr", "lgbt_second_source"])
    assert new in graph.get_all_asset_keys()
    assert new in graph.get(dg.AssetKey(["assembled", "CITIZENSTATS", "LGBT_BAROMETER"])).parent_keys


def test_a_contract_with_a_typing_error_fails_in_its_own_assets_and_all_others_are_there(tmp_path, defs):
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    contract = folder / "partners" / "dihr" / "lgbt_barometer.yaml"
    contract.write_text(contract.read_text("utf-8").replace("retention_days", "retenton_days"), "utf-8")
    made = build_defs(tmp_path / "home", folder)
    assert made.resolve_asset_graph().get_all_asset_keys() == defs.resolve_asset_graph().get_all_asset_keys()
    key = dg.AssetKey(["received", "dihr", "lgbt_barometer"])
    told = made.get_assets_def(key).descriptions_by_key[key]
    assert "lgbt_barometer.yaml:" in told
    assert "retention_days" in told
    with dg.instance_for_test() as instance:
        job = made.resolve_implicit_global_asset_job_def()
        run = job.execute_in_process(asset_selection=[key], instance=instance, raise_on_error=False)
        [failed] = [e for e in run.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "CONTRACT_BROKEN" in failed.step_failure_data.error.message


def test_a_dataflow_with_a_typing_error_is_named_with_file_and_line(tmp_path):
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, folder)
    flow = folder / "dataflows" / "CITIZENSTATS" / "LGBT_BAROMETER.yaml"
    flow.write_text(flow.read_text("utf-8").replace("family:", "familie:"), "utf-8")
    with pytest.raises(MappingError, match=r"LGBT_BAROMETER\.yaml:\d+"):
        build_defs(tmp_path / "home", folder)
