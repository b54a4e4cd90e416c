"""What the mappings and samples of Right to Defend Rights promise, seen without the pipeline."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import duckdb
import openpyxl
import pytest

from citizenstats.contracts import expressions
from citizenstats.contracts.document import read_yaml
from citizenstats.contracts.load import Dataset, load_dataset

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data/samples"
MAPPINGS = ROOT / "sdmx_mappings"
REGISTER = "1_first/right_to_defend/incidents/incidents_2024.csv"
AMENDED = "2_corrections/right_to_defend/incidents/incidents_2024_amended.csv"
ASSESSMENTS = "{round}/right_to_defend/assessments/{name}.xlsx"


def contract(name: str) -> Dataset:
    return load_dataset(MAPPINGS / f"partners/right_to_defend/{name}.yaml")


def generate(*arguments: str) -> None:
    subprocess.run([sys.executable, str(SAMPLES / "generate_right_to_defend.py"), *arguments], check=True)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def answers(round_: str, name: str) -> list[dict[str, object]]:
    book = openpyxl.load_workbook(SAMPLES / ASSESSMENTS.format(round=round_, name=name))
    header, *cells = book["Answers"].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in cells]


def codes(codelist: str) -> dict[str, dict[str, str]]:
    path = MAPPINGS / f"structures/CITIZENSTATS/codelists/{codelist}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_the_samples_in_the_repository_are_what_the_generator_makes(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert made == sorted(
        p.relative_to(SAMPLES) for p in SAMPLES.glob("*/right_to_defend/*/*.*") if not p.name.startswith(".")
    )
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name
        assert (SAMPLES / name).stat().st_size < 300_000, name


def test_a_register_of_any_size_can_be_made(tmp_path: Path) -> None:
    generate("--rows", "5000", "--out", str(tmp_path))
    found = rows(tmp_path / "incidents_scaled.csv")
    assert len(found) == pytest.approx(5000, rel=0.05)
    assert len({row["case_id"] for row in found}) == len(found)


# --- the register -----------------------------------------------------------------------------------------


def is_corroborated(*sources: str | None) -> bool:
    text = contract("incidents").contract.derive["corroborated"]
    given = ", ".join(f"?::VARCHAR AS source_{n}" for n in range(1, 5))
    padded = [*sources, *[None] * (4 - len(sources))]
    return bool(duckdb.execute(f"SELECT {text} FROM (SELECT {given})", padded).fetchall()[0][0])


def test_a_case_counts_when_two_organisations_tell_of_it() -> None:
    assert is_corroborated("Network A", "Daily B")
    assert is_corroborated("Network A", None, None, "Daily B")
    assert is_corroborated("Network A", "network a", "Court C")


def test_one_organisation_told_twice_is_one_source() -> None:
    assert not is_corroborated("Network A")
    assert not is_corroborated("Network A", "NETWORK A ", " network a")


def counted(acts: list[dict[str, str]], indicator: str) -> tuple[int, bool]:
    """The number that the contract's count gives over rows of the register, and whether it is known."""
    dataset = contract("incidents")
    target = dataset.contract.targets[0]
    estimate = target.estimate.indicators[indicator]
    columns = [c.header or name for name, c in dataset.contract.columns.items()]
    table = ", ".join(
        f"NULLIF(\"{column}\", '') AS {name}"
        for name, column in zip(dataset.contract.columns, columns, strict=True)
    )
    names = ", ".join(f'"{c}"' for c in columns)
    values = ", ".join("(" + ", ".join("?" for _ in columns) + ")" for _ in acts)
    derived = f"SELECT {table} FROM (VALUES {values}) AS t({names})"
    for name, text in dataset.contract.derive.items():
        derived = f"SELECT *, {text} AS {name} FROM ({derived})"
    query = f"""SELECT count(*) FILTER ({estimate.count}), coalesce(bool_or({estimate.known_when}), false)
                FROM ({derived}) WHERE {target.where}"""
    found = duckdb.execute(query, [row[c] for row in acts for c in columns]).fetchall()[0]
    return found[0], found[1]


@pytest.fixture(scope="module")
def register() -> list[dict[str, str]]:
    return rows(SAMPLES / REGISTER)


def of(register: list[dict[str, str]], country: str, year: int) -> list[dict[str, str]]:
    return [r for r in register if (r["country"], r["reference_year"]) == (country, str(year))]


def test_a_number_a_zero_and_nothing_known_are_three_things(register: list[dict[str, str]]) -> None:
    assert counted(of(register, "KEN", 2023), "ACT_KILLING") == (12, True)
    assert counted(of(register, "NPL", 2023), "ACT_DISAPPEARANCE") == (0, True)
    assert counted(of(register, "NPL", 2023), "ACT_TORTURE") == (0, False)
    assert of(register, "GHA", 2024) == []


def test_cases_that_nobody_corroborates_are_neither_a_number_nor_a_zero(
    register: list[dict[str, str]],
) -> None:
    tunisia = of(register, "TUN", 2024)
    assert any(row["act"] == "torture" for row in tunisia)
    assert counted(tunisia, "ACT_TORTURE") == (0, False)
    assert counted(tunisia, "ACT_KILLING") == (0, True)


def test_where_an_act_is_monitored_it_is_monitored_for_all_victims() -> None:
    estimate = contract("incidents").contract.targets[0].estimate
    assert estimate.known_across == estimate.breakdowns == ["VICTIM_GROUP", "SEX"]


def test_some_totals_of_the_register_are_large_enough_and_some_are_not(
    register: list[dict[str, str]],
) -> None:
    minimum = contract("incidents").contract.protection.minimum
    assert minimum == 10
    numbers = [
        counted(of(register, country, year), "ACT_KILLING")[0]
        for country in ("PHL", "PER", "KEN", "NPL", "MNG")
        for year in (2023, 2024)
    ]
    assert any(n >= minimum for n in numbers)
    assert any(0 < n < minimum for n in numbers)
    assert 0 in numbers


@pytest.mark.parametrize(
    ("record_type", "ground", "used"),
    [
        ("case", "family_consent", True),
        ("case", "public_record", True),
        ("case", "refused", False),
        ("case", None, None),
        ("nil_return", None, True),
    ],
)
def test_a_case_needs_a_ground_and_a_nil_return_does_not(
    record_type: str, ground: str | None, used: bool | None
) -> None:
    condition = contract("incidents").contract.record.consent.condition
    query = f"SELECT {condition} FROM (SELECT ?::VARCHAR AS record_type, ?::VARCHAR AS ground)"
    assert duckdb.execute(query, [record_type, ground]).fetchall() == [(used,)]


def test_who_the_victims_and_the_sources_are_feeds_no_dimension_or_attribute() -> None:
    for name in ("incidents", "assessments"):
        dataset = contract(name)
        hidden = {
            c for c, column in dataset.contract.columns.items() if column.role in ("identifier", "free_text")
        }
        names = dataset.contract.record_names
        for target in dataset.contract.targets:
            for component, mapped in target.map.items():
                used = {mapped.column}
                if mapped.sql:
                    used |= expressions.columns_of(expressions.parse(mapped.sql, names, name))
                # That there was a review is told; by whom is not.
                allowed = {"reviewer"} if component == "OBS_STATUS" else set()
                assert not used & (hidden - allowed), component
    columns = contract("incidents").contract.columns
    assert all(
        columns[c].role == "identifier" for c in ("case_id", "victim", "place", "source_1", "source_4")
    )


def test_no_figure_holds_all_acts_together() -> None:
    indicators = contract("incidents").contract.targets[0].estimate.indicators
    acts = {code for code, row in codes("CL_RTD_INDICATOR").items() if row["KIND"] == "ACT"}
    assert set(indicators) == acts


def test_the_sdg_series_count_the_same_cases_as_our_own_dataflow() -> None:
    own, sdg = (t.estimate.indicators for t in contract("incidents").contract.targets)
    assert sdg["VC_VAW_MTUHRA"] == own["ACT_KILLING"]
    assert sdg["VC_VOC_ENFDIS"] == own["ACT_DISAPPEARANCE"]
    listed = codes("CL_RTD_INDICATOR")
    assert listed["ACT_KILLING"]["GLOBAL_CODE"].endswith("VC_VAW_MTUHRA")
    assert listed["ACT_DISAPPEARANCE"]["GLOBAL_CODE"].endswith("VC_VOC_ENFDIS")


def test_the_national_report_is_keyed_as_the_global_dataflow_asks() -> None:
    dataset = contract("incidents")
    mapped = dataset.contract.targets[1].map
    fixed = {name: m.value for name, m in mapped.items() if m.value is not None}
    assert (fixed["FREQ"], fixed["REPORTING_TYPE"], fixed["NATURE"], fixed["UNIT_MULT"]) == (
        "A",
        "N",
        "C",
        "0",
    )
    totals = (
        "SEX",
        "AGE",
        "URBANISATION",
        "CUST_BREAKDOWN",
        "COMPOSITE_BREAKDOWN",
        "DISABILITY_STATUS",
        "PRODUCT",
    )
    assert {fixed[name] for name in totals} == {"_T"}
    own = dataset.codes_of(dataset.contract.targets[0].map["REF_AREA"])
    assert {codes("CL_AREA")[own[raw]]["M49"]: raw for raw in own} == {
        code: raw for raw, code in dataset.codes_of(mapped["REF_AREA"]).items()
    }
    assert all(code == str(int(code)) for code in dataset.codes_of(mapped["REF_AREA"]).values())


def test_the_amendment_corrects_confirms_and_withdraws(register: list[dict[str, str]]) -> None:
    before = {row["case_id"]: row for row in register}
    amended = rows(SAMPLES / AMENDED)
    again = {row["case_id"]: row for row in amended if row["case_id"] in before}
    assert [row["record_type"] for row in amended if row["case_id"] not in before] == ["nil_return"]
    assert {c for c, row in again.items() if row["ground"] == "refused"} == {"PHL-2024-K001"}
    assert {c for c, row in again.items() if row["act"] != before[c]["act"]} == {"PER-2024-K001"}
    kenya = [row for c, row in before.items() if c.startswith("KEN-2024-D") and c not in again]
    assert counted(kenya, "ACT_DISAPPEARANCE") == (8, True)
    assert counted([*kenya, *again.values()], "ACT_DISAPPEARANCE")[0] == 13


# --- the assessments --------------------------------------------------------------------------------------


def test_an_answer_has_its_references_in_the_corrected_workbooks() -> None:
    for name in ("assessments_2023_reviewed", "assessments_2024"):
        found = [row for row in answers("2_corrections", name) if row["Answer"] != "category skipped"]
        assert found
        assert all(row["References"] for row in found)
        assert all(row["Reviewer"] != row["Respondent"] for row in found)


def test_the_first_workbook_holds_its_faults() -> None:
    found = answers("1_first", "assessments_2023")
    answered = [row for row in found if row["Answer"] != "category skipped"]
    assert sum(not row["References"] for row in answered) == 2
    assert sum(str(row["Reviewer"] or "").lower() == str(row["Respondent"]).lower() for row in answered) == 1
    assert Counter(row["Answer"] for row in answered)["partly"] == 1
    assert {row["Country"] for row in answered if row["Reviewer"] is None} == {"Tunisia"}
    known = contract("assessments").codes_of(contract("assessments").contract.targets[0].map["INDICATOR"])
    assert {row["Question"] for row in answered} - set(known) == {"1.9.9"}
    assert sum(row["Answer"] == "category skipped" for row in found) == 3


def test_the_broken_upload_is_no_workbook() -> None:
    path = SAMPLES / ASSESSMENTS.format(round="1_first", name="assessments_2024_broken_upload")
    assert path.read_bytes().startswith(b"PK")
    assert not zipfile.is_zipfile(path)


@pytest.mark.parametrize(
    ("why", "reviewer", "reviewed", "status"),
    [
        ("not_collected", "someone", "2024-02-11", "L"),
        (None, "someone", "2024-02-11", "A"),
        (None, "someone", None, "V"),
        (None, None, None, "V"),
    ],
)
def test_an_answer_is_unvalidated_until_it_is_reviewed(
    why: str | None, reviewer: str | None, reviewed: str | None, status: str
) -> None:
    text = contract("assessments").contract.targets[0].map["OBS_STATUS"].sql
    given = "SELECT ?::VARCHAR AS answer__why, ?::VARCHAR AS reviewer, ?::DATE AS reviewed"
    found = duckdb.execute(f"SELECT {text} FROM ({given})", [why, reviewer, reviewed]).fetchall()
    assert found == [(status,)]


def test_every_question_has_a_code_with_a_category_above_it() -> None:
    dataset = contract("assessments")
    listed = codes("CL_RTD_INDICATOR")
    for raw, code in dataset.codes_of(dataset.contract.targets[0].map["INDICATOR"]).items():
        top = code
        while listed[top]["parent"]:
            top = listed[top]["parent"]
        assert top == f"C{raw[0]}", code
    assert {row["parent"] for row in listed.values()} - {""} <= set(listed)


def test_every_code_that_the_contracts_use_stands_in_its_list() -> None:
    structure = read_yaml(MAPPINGS / "structures/CITIZENSTATS/data_structures/RIGHT_TO_DEFEND.yaml").content[
        "components"
    ]
    for name in ("incidents", "assessments"):
        dataset = contract(name)
        target = dataset.contract.targets[0]
        for component, mapped in target.map.items():
            listed = structure[component].get("codelist", "")
            if listed.startswith("CITIZENSTATS:"):
                used = {mapped.value} if mapped.value else set((dataset.codes_of(mapped) or {}).values())
                assert used <= set(codes(listed.removeprefix("CITIZENSTATS:").split("(")[0])), component
