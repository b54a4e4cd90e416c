from __future__ import annotations

import csv
import io
import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

OWN = "CITIZENSTATS:RIGHT_TO_DEFEND"
SDG = "IAEG-SDGs:DF_SDG_GLC"


def valid(told: Any) -> Any:
    """Return a JSON answer that keeps the schema it names."""
    name = told["schema"].split(":")[3]
    schema = json.loads((resources.files("citizenstats.schemas") / f"{name}.schema.json").read_text("utf-8"))
    assert schema["$id"] == told["schema"]
    jsonschema.validate(told, schema)
    return told


@pytest.fixture
def home(demonstration: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration's home, without its inbox: a copied file is another file, and would come again."""
    shutil.copytree(demonstration, tmp_path / "home", ignore=shutil.ignore_patterns("inbox", "dagster"))
    return tmp_path / "home"


@pytest.fixture
def two_families(tmp_path: Path, root: Path) -> Path:
    """A mappings folder with two families of the four, which takes half the time."""
    folder = tmp_path / "mappings"
    shutil.copytree(root / "sdmx_mappings", folder)
    shutil.rmtree(folder / "partners" / "indigenous_navigator")
    for name in ("INDIGENOUS_NAVIGATOR", "DISABILITY_BAROMETER"):
        (folder / "dataflows" / "CITIZENSTATS" / f"{name}.yaml").unlink()
    (folder / "partners" / "dihr" / "disability_barometer.yaml").unlink()
    return folder


def test_help_names_all_commands(citizenstats_process):
    said = citizenstats_process("--help")
    assert said.code == 0
    for command in [
        "run",
        "demo",
        "check",
        "draft",
        "preview",
        "export",
        "validate",
        "releases",
        "deliveries",
        "approve",
    ]:
        assert f"  {command} " in said.out


def test_a_wrong_command_line_is_exit_code_2(citizenstats_process):
    assert citizenstats_process("run", "--bogus").code == 2
    assert citizenstats_process("approve", OWN).code == 2
    assert citizenstats_process("export", OWN, "--format", "dbf", "--out", "x").code == 2
    said = citizenstats_process("--json", "export", OWN, "--format", "dbf", "--out", "x")
    assert (said.code, valid(said.json)["error"]["code"]) == (2, "USAGE")


def test_an_error_is_one_line_on_stderr_and_exit_code_1(citizenstats_process, tmp_path):
    said = citizenstats_process("releases", "--home", tmp_path / "home", "--mappings", tmp_path / "nowhere")
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert "NO_SUCH_FILE" in said.err
    said = citizenstats_process(
        "--json", "releases", "--home", tmp_path / "home", "--mappings", tmp_path / "nowhere"
    )
    assert valid(said.json)["error"]["code"] == "NO_SUCH_FILE"


def test_the_environment_names_home_and_mappings_and_options_win(citizenstats, demonstration, root, tmp_path):
    told = {"CITIZENSTATS_HOME": str(demonstration), "CITIZENSTATS_MAPPINGS": str(root / "sdmx_mappings")}
    assert citizenstats("releases", "--json", environment=told).json["releases"]
    said = citizenstats("releases", "--json", "--home", tmp_path / "new", environment=told)
    assert said.json["releases"] == []


def test_check_of_the_shipped_mappings_finds_nothing(citizenstats, root):
    said = citizenstats("check", "--json", "--mappings", root / "sdmx_mappings")
    assert (said.code, valid(said.json)["faults"]) == (0, [])


def test_check_names_file_line_and_cure_of_each_fault(citizenstats, one_partner):
    contract = one_partner / "partners" / "right_to_defend" / "incidents.yaml"
    contract.write_text(contract.read_text("utf-8").replace("\ncolumns:", "\ncolums:"), "utf-8")
    said = citizenstats("check", "--mappings", one_partner)
    assert said.code == 1
    line = next(i for i, t in enumerate(contract.read_text("utf-8").splitlines(), 1) if t == "colums:")
    assert f"{contract}:{line}: UNKNOWN_KEY" in said.out
    assert "columns" in said.out
    faults = valid(citizenstats("check", "--json", "--mappings", one_partner).json)["faults"]
    assert {"UNKNOWN_KEY", "MISSING_KEY"} <= {fault["code"] for fault in faults}


def test_run_goes_on_with_others_when_one_fails_and_names_it(citizenstats, tmp_path, root, two_families):
    shutil.copytree(
        root / "data" / "samples" / "1_first" / "right_to_defend",
        tmp_path / "home" / "inbox" / "right_to_defend",
    )
    (tmp_path / "home" / "inbox" / "dihr").mkdir()
    (tmp_path / "home" / "inbox" / "dihr" / "lgbt_barometer").write_text("no folder")
    said = citizenstats("run", "--json", "--home", tmp_path / "home", "--mappings", two_families)
    told = valid(said.json)
    assert said.code == 1
    assert [failed["step"] for failed in told["failed"]] == ["received/dihr/lgbt_barometer"]
    assert "released/CITIZENSTATS/LGBT_BAROMETER" in {blocked["step"] for blocked in told["blocked"]}
    assert {f["dataflow"]: f["status"] for f in told["dataflows"]}[OWN] == "published"
    assert "received/dihr/lgbt_barometer" in said.err


def test_the_demonstration_counts_add_up_and_paths_are_there(citizenstats, demonstration):
    rows = valid(citizenstats("deliveries", "--json", "--home", demonstration).json)["deliveries"]
    assert {row["status"] for row in rows} >= {"accepted", "partially_accepted", "refused"}
    for row in rows:
        assert row["read"] == row["accepted"] + row["refused"] + row["withheld"] + row["ignored"]
    states = valid(citizenstats("releases", "--json", "--home", demonstration).json)["releases"]
    assert {s["status"] for s in states} == {"published", "superseded", "waiting", "obsolete"}
    assert all(Path(state["folder"]).is_dir() for state in states)


def test_the_summary_for_people_says_what_came_and_what_went(citizenstats, tmp_path, root, one_partner):
    shutil.copytree(
        root / "data" / "samples" / "1_first" / "right_to_defend",
        tmp_path / "home" / "inbox" / "right_to_defend",
    )
    said = citizenstats("run", "--home", tmp_path / "home", "--mappings", one_partner)
    assert said.code == 0, said.err
    for word in (
        "read",
        "accepted",
        "refused",
        "withheld",
        "ignored",
        "suppressed",
        "flagged",
        "data.csv",
        OWN,
    ):
        assert word in said.out, word
    assert f"citizenstats approve {SDG} --by NAME" in said.out


def test_approve_publishes_and_the_author_may_not(citizenstats, home, root):
    contract = (root / "sdmx_mappings/partners/right_to_defend/incidents.yaml").read_text("utf-8")
    author = next(t.split(":", 1)[1].strip() for t in contract.splitlines() if t.startswith("author:"))
    said = citizenstats("approve", SDG, "--by", author.upper(), "--home", home)
    assert (said.code, "OWN_CONTRACT" in said.err) == (1, True)
    said = citizenstats("approve", SDG, "--by", "Carla Chief", "--note", "seen", "--json", "--home", home)
    told = valid(said.json)
    assert (said.code, told["status"], told["release"]) == (0, "published", "R0001")
    manifest = json.loads((Path(told["files"][0]).parent / "manifest.json").read_text("utf-8"))
    assert (manifest["sign_off"]["by"], manifest["sign_off"]["note"]) == ("Carla Chief", "seen")
    assert citizenstats("approve", SDG, "--by", "Carla Chief", "--home", home).code == 1


def test_reject_is_told_by_releases_and_nothing_is_published(citizenstats, home):
    said = citizenstats("reject", SDG, "--by", "Rita Reviewer", "--note", "wrong", "--json", "--home", home)
    told = valid(said.json)
    assert (said.code, told["status"], told["signed_by"]) == (0, "rejected", ["Rita Reviewer"])
    rows = valid(citizenstats("releases", SDG, "--json", "--home", home).json)["releases"]
    assert [(r["candidate"], r["status"], r["verdict"], r["by"], r["note"]) for r in rows] == [
        ("C0001", "obsolete", "obsolete", None, "C0002 is newer"),
        ("C0002", "rejected", "rejected", "Rita Reviewer", "wrong"),
    ]
    listed = citizenstats("releases", SDG, "--home", home).out
    assert "Rita Reviewer" in listed
    assert "wrong" in listed


@pytest.mark.parametrize("options", [[], ["--flat"], ["--series", "REF_AREA"]])
def test_export_writes_a_valid_message(citizenstats, demonstration, tmp_path, options):
    out = tmp_path / "message.xml"
    form = "ml-2.1-structure-specific"
    said = citizenstats(
        "export", OWN, "--format", form, *options, "--out", out, "--json", "--home", demonstration
    )
    assert said.code == 0, said.err
    assert valid(said.json)["size"] == out.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["message.xml"]
    if options != ["--series", "REF_AREA"]:
        said = citizenstats("validate", out, "--json", "--home", demonstration)
        assert (said.code, valid(said.json)["findings"]) == (0, [])


def test_export_to_stdout_is_the_published_message(citizenstats, demonstration):
    said = citizenstats("export", OWN, "--format", "csv-2.1", "--out", "-", "--home", demonstration)
    folder = demonstration / "published" / "CITIZENSTATS" / "RIGHT_TO_DEFEND"
    latest = json.loads((folder / "latest.json").read_text("utf-8"))
    published = (folder / latest["path"] / "data.csv").read_text("utf-8")
    assert list(csv.reader(io.StringIO(said.out))) == list(csv.reader(io.StringIO(published)))


@pytest.mark.parametrize(
    "command",
    [
        ("export", OWN, "--format", "csv-2.1"),
        ("structures", "export"),
        ("metadata", OWN),
        ("validate", __file__),
    ],
)
def test_a_folder_that_is_not_there_is_said_before_anything_is_written(citizenstats, tmp_path, command):
    option = "--html" if command[0] == "validate" else "--out"
    said = citizenstats(*command, option, tmp_path / "nowhere" / "x", "--home", tmp_path / "home")
    assert (said.code, "There is no folder" in said.err, list(tmp_path.iterdir())) == (2, True, [])


def test_export_of_a_release_that_is_not_there_leaves_no_file(citizenstats, demonstration, tmp_path):
    said = citizenstats(
        "export",
        OWN,
        "--format",
        "csv-2.1",
        "--release",
        "R0099",
        "--out",
        tmp_path / "x.csv",
        "--home",
        demonstration,
    )
    assert (said.code, "NO_SUCH_RELEASE" in said.err, list(tmp_path.iterdir())) == (1, True, [])


def test_validate_says_what_is_wrong_with_a_message(citizenstats, demonstration, tmp_path):
    (found,) = (demonstration / "published" / "CITIZENSTATS" / "RIGHT_TO_DEFEND" / "1.0.0" / "R0001").glob(
        "data.ml-3.0.xml"
    )
    broken = tmp_path / "broken.xml"
    broken.write_text(found.read_text("utf-8").replace('OBS_STATUS="A"', 'OBS_STATUS="nonsense"', 1), "utf-8")
    said = citizenstats("validate", broken, "--home", demonstration)
    assert (said.code, "broken.xml" in said.out) == (1, True)


# --- preview ----------------------------------------------------------------------------------------------


@pytest.fixture
def incidents(root: Path) -> Path:
    """A sample delivery of right_to_defend/incidents."""
    return sorted((root / "data/samples/1_first/right_to_defend/incidents").iterdir())[0]


@pytest.fixture
def preview(citizenstats, tmp_path: Path):
    """Preview a file as a delivery of right_to_defend/incidents."""
    return lambda *told: citizenstats(
        "preview", "right_to_defend/incidents", *told, "--home", tmp_path / "home"
    )


def test_preview_shows_what_a_file_would_become_and_stores_nothing(preview, incidents, tmp_path):
    said = preview(incidents, "--json")
    assert said.code == 0, said.err
    told = valid(said.json)
    assert told["files"][0]["read"] > 0
    assert {flow["dataflow"] for flow in told["dataflows"]} >= {OWN, SDG}
    assert [p for p in (tmp_path / "home").rglob("*") if p.is_file()] == []


def test_preview_of_a_file_that_would_be_refused_says_why(preview, incidents, tmp_path):
    file = tmp_path / incidents.name
    file.write_text("")
    said = preview(file, "--json")
    told = valid(said.json)
    assert (said.code, told["files"][0]["status"]) == (1, "refused")
    assert told["files"][0]["findings"]


def test_preview_tells_people_of_which_file_it_speaks_and_how_to_mend(preview, incidents, tmp_path):
    inbox = tmp_path / "home" / "inbox" / "right_to_defend" / "incidents"
    inbox.mkdir(parents=True)
    empty = inbox / f"{incidents.stem}_empty.csv"
    empty.write_text("")
    (inbox / incidents.name).write_text(incidents.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    said = preview()
    told = said.out.splitlines()
    after = {name: told[told.index(f"{name}:") + 1] for name in (empty.name, incidents.name)}
    assert said.code == 1
    assert "EMPTY_FILE → Look at its size" in after[empty.name]
    assert "NO_ROWS" in after[incidents.name]
    assert "with the rows" in after[incidents.name]


def test_preview_of_a_name_that_the_contract_does_not_expect_says_so(preview, tmp_path):
    (tmp_path / "other.csv").write_text("a;b")
    said = preview(tmp_path / "other.csv")
    assert (said.code, "NAME_DOES_NOT_FIT" in said.err) == (1, True)


def test_preview_without_a_file_looks_into_the_inbox(preview, tmp_path):
    said = preview()
    assert (said.code, "NOTHING_THERE" in said.err) == (1, True)


def test_preview_shows_no_value_of_a_refused_row(preview, incidents, tmp_path):
    header, *rows = incidents.read_text("utf-8-sig").splitlines()
    canary = tmp_path / incidents.name
    canary.write_text("\n".join([header, *(row.replace(",", ",canary-4711 ", 3) for row in rows)]), "utf-8")
    said = preview(canary)
    assert "canary-4711" not in said.out + said.err


def test_diff_of_two_releases_keeps_its_schema(citizenstats, demonstration, root):
    place = ("--home", demonstration, "--mappings", root / "sdmx_mappings")
    said = citizenstats("diff", "--json", *place, OWN, "R0001", "R0001")
    assert said.code == 0, said.err
    assert (valid(said.json)["added"], said.json["listed"]) == (0, [])
    assert citizenstats("diff", *place, OWN, "R0001", "R0099").code == 1
    assert citizenstats("diff", *place, OWN, "R0001", "R0001", "--format", "csv-2.1").code == 2
