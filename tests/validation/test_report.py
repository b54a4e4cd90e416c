"""The report: for programs by its schema, for people without anything outside, and through the command line."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from citizenstats.sdmx.validate_finding import MessageFinding
from citizenstats.validation.report import report_facts, report_page

BAD = MessageFinding(
    "NOT_IN_CODELIST", "SEX: no code", None, "map it", "error", "SEX", 1234, 7, ("<b>X</b>", "Y" * 300)
)
ODD = MessageFinding("DOES_NOT_ADD_UP", "SEX: no sum", None, "look", "warning", "SEX", 1, 2)


def schema() -> object:
    return json.loads((resources.files("citizenstats.schemas") / "validate.schema.json").read_text("utf-8"))


@pytest.mark.parametrize(("findings", "ok"), [([], True), ([ODD], True), ([ODD, BAD], False)])
def test_the_facts_keep_their_schema_and_warnings_leave_a_file_valid(
    findings: list[MessageFinding], ok: bool
) -> None:
    facts = report_facts("x.csv", findings)
    jsonschema.validate({"schema": "urn:citizenstats:schema:validate:1.0.0", **facts}, schema())
    assert facts["ok"] is ok
    assert (facts["errors"], facts["warnings"]) == (
        len([f for f in findings if f is BAD]),
        len([f for f in findings if f is ODD]),
    )


def test_the_page_tells_all_of_a_finding_and_takes_no_value_for_markup() -> None:
    page = report_page(report_facts("<x>.csv", [BAD, ODD])).decode()
    for part in (
        "Not valid.",
        "NOT_IN_CODELIST",
        "150-029",
        "1,234",
        "row 7",
        "&lt;b&gt;X&lt;/b&gt;",
        "&lt;x&gt;.csv",
        "Totals",
    ):
        assert part in page
    assert "<b>" not in page
    assert not any(part in page for part in ("http:", "https:", "<script", "src="))


def test_the_same_findings_make_the_same_page() -> None:
    assert report_page(report_facts("x", [BAD])) == report_page(report_facts("x", [BAD]))


SDG = {
    "FREQ": "A", "REPORTING_TYPE": "N", "SERIES": "SI_COV_MATNL", "REF_AREA": "208", "SEX": "F", "AGE": "_T",
    "URBANISATION": "_T", "INCOME_WEALTH_QUANTILE": "_T", "EDUCATION_LEV": "_T", "OCCUPATION": "_T", "CUST_BREAKDOWN": "_T",
    "COMPOSITE_BREAKDOWN": "_T", "DISABILITY_STATUS": "_T", "ACTIVITY": "_T", "PRODUCT": "_T", "TIME_PERIOD": "2020",
    "OBS_VALUE": "4.5", "OBS_STATUS": "A", "UNIT_MULT": "0", "UNIT_MEASURE": "PT",
}  # fmt: skip


def sdg(folder: Path, **wrong: str) -> Path:
    file = folder / "sdg.csv"
    named = {"STRUCTURE": "datastructure", "STRUCTURE_ID": "IAEG-SDGs:SDG(1.0)", "ACTION": "R"}
    cells = named | SDG | wrong
    file.write_text(",".join(cells) + "\n" + ",".join(cells.values()) + "\n", "utf-8")
    return file


def test_the_command_answers_with_report_page_and_exit_code(citizenstats, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    said = citizenstats("validate", sdg(tmp_path), "--json", "--home", tmp_path / "home")
    assert (said.code, said.json["ok"], said.json["findings"]) == (0, True, [])
    wrong = sdg(tmp_path, SEX="M", TIME_PERIOD="2020-Q1", UNIT_MEASURE="KG")
    said = citizenstats("validate", wrong, "--json", "--html", page, "--home", tmp_path / "home")
    jsonschema.validate(said.json, schema())
    assert said.code == 1
    assert [(f["code"], f["component"], f["line"], f["values"]) for f in said.json["findings"]] == [
        ("NOT_IN_CODELIST", "UNIT_MEASURE", 2, ["KG"]),
        ("PERIOD_DOES_NOT_FIT", "TIME_PERIOD", 2, ["2020-Q1"]),
        ("NOT_IN_SERIES_CONSTRAINT", "SEX", 2, ["SI_COV_MATNL: M"]),
        ("NOT_IN_SERIES_CONSTRAINT", "UNIT_MEASURE", 2, ["SI_COV_MATNL: KG"]),
    ]
    assert "SI_COV_MATNL: KG" in page.read_text("utf-8")


def test_a_warning_alone_leaves_the_exit_code_at_zero(citizenstats, tmp_path: Path) -> None:
    number = {"SERIES": "VC_VAW_MTUHRA", "UNIT_MEASURE": "NUMBER"}
    file = sdg(tmp_path, **number, SEX="_T", OBS_VALUE="9")
    for sex, value in (("F", "2"), ("M", "3")):
        (tmp_path / sex).mkdir()
        more = sdg(tmp_path / sex, **number, SEX=sex, OBS_VALUE=value).read_text("utf-8").splitlines()[1]
        file.write_text(file.read_text("utf-8") + more + "\n", "utf-8")
    said = citizenstats("validate", file, "--home", tmp_path / "home")
    assert (said.code, "warning, DOES_NOT_ADD_UP" in said.out, "1 warning(s)" in said.out) == (0, True, True)


def test_a_message_is_compared_with_the_last_release_and_an_official_series(
    citizenstats, tmp_path: Path
) -> None:
    for other, value in (("former", "1.5"), ("official", "4")):
        (tmp_path / other).mkdir()
        sdg(tmp_path / other, OBS_VALUE=value)
    others = [f"--{o}={tmp_path / o / 'sdg.csv'}" for o in ("former", "official")]
    said = citizenstats("validate", sdg(tmp_path), *others, "--json", "--home", tmp_path / "home")
    jsonschema.validate(said.json, schema())
    assert (said.code, said.json["errors"]) == (0, 0)
    assert [f["code"] for f in said.json["findings"]] == ["LARGE_CHANGE", "OFFICIAL_DIFFERS"]


def test_the_report_is_written_as_reference_metadata_on_the_dataflow(citizenstats, tmp_path: Path) -> None:
    out = tmp_path / "report.xml"
    said = citizenstats(
        "validate", sdg(tmp_path, UNIT_MEASURE="KG"), "--sdmx", out, "--home", tmp_path / "home"
    )
    assert said.code == 1
    content = out.read_text("utf-8")
    assert "datastructure.Dataflow=IAEG-SDGs:DF_SDG_GLC(1.0)" in content
    assert "NOT_IN_CODELIST" in content
    assert "KG" not in content
    (tmp_path / "none.csv").write_text("a,b\n1,2\n", "utf-8")
    said = citizenstats("validate", tmp_path / "none.csv", "--sdmx", out, "--home", tmp_path / "home")
    assert (said.code, "NO_TARGET" in said.err) == (1, True)
