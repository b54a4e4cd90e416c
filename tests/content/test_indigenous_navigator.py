"""What the mappings and samples of the Indigenous Navigator promise, seen without the pipeline."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset, load_dataset

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data/samples"
MAPPINGS = ROOT / "sdmx_mappings"
SURVEY = "{round}/indigenous_navigator/community_survey/{name}.csv"
FIRST = SURVEY.format(round="1_first", name="community_survey_2023")
CORRECTED = SURVEY.format(round="2_corrections", name="community_survey_2024")


def contract(name: str) -> Dataset:
    return load_dataset(MAPPINGS / f"partners/indigenous_navigator/{name}.yaml")


def generate(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, str(SAMPLES / "generate_indigenous_navigator.py"), *arguments], check=True
    )


def rows(name: str, delimiter: str = ";") -> list[dict[str, str]]:
    text = (SAMPLES / name).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def codes(codelist: str) -> dict[str, dict[str, str]]:
    path = MAPPINGS / f"structures/CITIZENSTATS/codelists/{codelist}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_the_samples_in_the_repository_are_what_the_generator_makes(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert made == sorted(p.relative_to(SAMPLES) for p in SAMPLES.glob("*/indigenous_navigator/*/*.csv"))
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name
        assert (SAMPLES / name).stat().st_size < 300_000, name


def test_a_survey_of_any_size_can_be_made(tmp_path: Path) -> None:
    generate("--rows", "3000", "--out", str(tmp_path))
    found = rows(str(tmp_path / "community_survey_2023.csv"))
    assert Counter(row["country"] for row in found) == {"kenya": 1000, "nepal": 1000, "peru": 1000}
    assert len({row["rootUuid"] for row in found}) == 3000
    assert sum(row["Q41_LCS"] == "yes" for row in found) / 3000 == pytest.approx(0.93, abs=0.02)
    assert sum(row["Q42_LCS"] == "yes" for row in found) / 3000 == pytest.approx(0.5, abs=0.05)


def test_the_headers_of_the_export_are_those_of_the_contract() -> None:
    expected = {c.header or name for name, c in contract("community_survey").contract.columns.items()}
    assert expected <= set(rows(FIRST)[0])
    labels = SURVEY.format(round="1_first", name="community_survey_2023_labels")
    assert not {"rootUuid", "country", "fpic_given"} & set(rows(labels)[0])
    national = "1_first/indigenous_navigator/national_survey/national_survey_2023.csv"
    expected = {c.header or name for name, c in contract("national_survey").contract.columns.items()}
    assert expected == set(rows(national, ",")[0])


@pytest.mark.parametrize(
    ("fpic", "authorised", "permission", "used"),
    [
        (True, True, "public", True),
        (True, True, "aggregate_only", True),
        (True, True, "none", False),
        (True, True, None, None),
        (False, True, "public", False),
        (None, True, "public", None),
        (True, False, "public", False),
    ],
)
def test_only_what_a_community_agreed_to_is_used(
    fpic: bool | None, authorised: bool, permission: str | None, used: bool | None
) -> None:
    condition = contract("community_survey").contract.record.consent.condition
    query = f"SELECT {condition} FROM (SELECT ?::BOOLEAN AS fpic, ?::BOOLEAN AS authorised, ?::VARCHAR AS permission)"
    assert duckdb.execute(query, [fpic, authorised, permission]).fetchall() == [(used,)]


def test_three_communities_of_one_country_take_their_data_back() -> None:
    def consent(survey: list[dict[str, str]]) -> dict[str, str]:
        return {row["rootUuid"]: row["fpic_given"] for row in survey}

    before, after = consent(rows(FIRST)), consent(rows(CORRECTED))
    withdrawn = {record for record in after if after[record] != before[record]}
    assert set(before) == set(after)
    assert {(r["country"], r["Q42_LCS"]) for r in rows(CORRECTED) if r["rootUuid"] in withdrawn} == {
        ("nepal", "yes")
    }
    assert len(withdrawn) == 3


def test_a_correction_replaces_everything_so_that_no_withdrawn_answer_stays() -> None:
    assert contract("community_survey").contract.delivery.replaces == "everything"


def test_who_and_where_a_community_is_feeds_no_figure() -> None:
    for name in ("community_survey", "national_survey"):
        dataset = contract(name)
        hidden = {
            c for c, column in dataset.contract.columns.items() if column.role in ("identifier", "free_text")
        }
        assert hidden, name
        for target in dataset.contract.targets:
            used = {m.column for m in target.map.values()}
            texts = [m.sql for m in target.map.values() if m.sql]
            for indicator in (target.estimate.indicators if target.estimate else {}).values():
                texts += [t for t in (indicator.proportion, indicator.mean, indicator.among) if t]
            for text in texts:
                parsed = expressions.parse(text, [*dataset.contract.columns, "answer"], name)
                used |= expressions.columns_of(parsed)
            assert not used & hidden
    columns = contract("community_survey").contract.columns
    assert all(columns[c].role == "identifier" for c in ("community", "latitude", "longitude", "respondent"))


def test_every_figure_of_the_community_survey_is_about_communities() -> None:
    dataset = contract("community_survey")
    (target,) = dataset.contract.targets
    assert target.estimate.unit == "community"
    assert target.estimate.weight is None
    listed = codes("CL_IN_INDICATOR")
    for name, indicator in target.estimate.indicators.items():
        code = indicator.set.get("INDICATOR", name)
        assert "communities" in listed[code]["name_en"], code
        assert indicator.set.get("ITEM", "_T") in codes("CL_IN_ITEM"), code
        for text in ("person", "people", "population"):
            assert text not in listed[code]["name_en"].lower(), code


def test_no_two_figures_of_the_community_survey_have_the_same_key() -> None:
    (target,) = contract("community_survey").contract.targets
    keys = [
        (i.set.get("INDICATOR", name), i.set.get("ITEM", "_T"))
        for name, i in target.estimate.indicators.items()
    ]
    assert len(keys) == len(set(keys))


def test_the_known_indicators_carry_what_is_known_of_them() -> None:
    listed = codes("CL_IN_INDICATOR")
    assert (listed["I31"]["INDICATOR_TYPE"], listed["I31"]["WCIP_PARAGRAPH"]) == ("Outcome", "17")
    assert (listed["I128"]["INDICATOR_TYPE"], listed["I128"]["WCIP_PARAGRAPH"]) == ("Process", "17")
    own = [code for code in listed if not code.removeprefix("I").isdigit()]
    assert all("An indicator of this agency" in listed[code]["description_en"] for code in own)


def test_a_national_answer_needs_its_reference_and_not_available_is_no_zero() -> None:
    dataset = contract("national_survey")
    columns = dataset.contract.columns
    for question in ("Q22_LNS_a", "Q22_LNS_b", "Q23_LNS"):
        assert columns[question].not_collected == ["not available"]
        assert columns[question].false == ["No"]
    given = "SELECT ?::BOOLEAN AS Q23_LNS, ?::VARCHAR AS Q23_LNS_references"
    rule = dataset.contract.rules[1].must
    found = [
        duckdb.execute(f"SELECT {rule} FROM ({given})", list(case)).fetchall()[0][0]
        for case in ((True, "an act"), (False, None), (None, None))
    ]
    assert found == [True, False, True]


def test_every_code_that_the_contracts_use_stands_in_its_list() -> None:
    lists = {"REF_AREA": "CL_AREA", "QUESTIONNAIRE": "CL_IN_QUESTIONNAIRE", "ITEM": "CL_IN_ITEM"}
    lists |= {"INDICATOR": "CL_IN_INDICATOR", "UNIT_MEASURE": "CL_UNIT_MEASURE"}
    for name in ("community_survey", "national_survey"):
        dataset = contract(name)
        (target,) = dataset.contract.targets
        for component, codelist in lists.items():
            used = {
                c[component]
                for c in (target.unpivot.columns if target.unpivot else {}).values()
                if component in c
            }
            if (mapped := target.map.get(component)) is not None:
                used |= {mapped.value} if mapped.value else set((dataset.codes_of(mapped) or {}).values())
            assert used <= set(codes(codelist)), component


def test_danish_regions_stand_below_denmark_and_the_total_stands_alone() -> None:
    areas = codes("CL_AREA")
    assert {code for code, row in areas.items() if row["parent"] == "DK"} == {f"DK-8{n}" for n in range(1, 6)}
    assert areas["_T"]["parent"] == ""
    assert all(not row["M49"].startswith("0") for row in areas.values())
