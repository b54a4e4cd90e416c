"""What the mappings and samples of the Danish Institute for Human Rights promise, seen without the pipeline."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
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
CODELISTS = MAPPINGS / "structures/CITIZENSTATS/codelists"
DOMAINS = ("syn", "hørelse", "gang", "hukommelse", "egenomsorg", "kommunikation")
ANCHORS = {
    ("vold", 2012): (23, 17),
    ("vold", 2016): (26, 16),
    ("uddannelse", 2012): (74, 92),
    ("uddannelse", 2016): (66, 86),
    ("beskæftiget", 2016): (52, 77),
}


def contract(name: str) -> Dataset:
    return load_dataset(MAPPINGS / f"partners/dihr/{name}.yaml")


def generate(*arguments: str) -> None:
    subprocess.run([sys.executable, str(SAMPLES / "generate_dihr.py"), *arguments], check=True)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("cp1252"), newline=""), delimiter=";"))


def codes(codelist: str) -> dict[str, dict[str, str]]:
    return {
        row["id"]: row
        for row in csv.DictReader((CODELISTS / f"{codelist}.csv").open(encoding="utf-8", newline=""))
    }


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two waves of 20,000 persons, read back into one Parquet file."""
    folder = tmp_path_factory.mktemp("waves")
    generate("--persons", "20000", "--waves", "2012", "2016", "--out", str(folder))
    target = folder / "waves.parquet"
    for year in (2012, 2016):
        text = (folder / f"shild_syntetisk_{year}.csv").read_bytes().decode("cp1252")
        (folder / f"{year}.csv").write_text(text.replace("opregningsvægt", "vægt"), "utf-8", newline="")
    duckdb.sql(
        f"""COPY (
            SELECT *, replace("vægt", ',', '.')::DOUBLE AS w,
                   {" OR ".join(f"coalesce({d} IN ('Store vanskeligheder', 'Kan slet ikke'), false)" for d in DOMAINS)}
                     AS disabled
            FROM read_csv('{folder}/20*.csv', delim = ';', header = true, all_varchar = true, quote = '"',
                          escape = '"', union_by_name = true, strict_mode = false, parallel = false)
        ) TO '{target}' (FORMAT parquet)"""
    )
    return target


@pytest.mark.parametrize(("trait", "year"), ANCHORS)
def test_a_large_wave_meets_the_published_shares_when_weighted(waves: Path, trait: str, year: int) -> None:
    found = duckdb.sql(
        f"""SELECT 100 * sum(w) FILTER ("{trait}" = 'Ja') / sum(w) FROM '{waves}'
            WHERE undersøgelsesår = '{year}' AND "{trait}" <> '' GROUP BY disabled ORDER BY disabled DESC"""
    ).fetchall()
    assert [share for (share,) in found] == pytest.approx(ANCHORS[trait, year], abs=2)


def test_a_large_wave_stands_for_the_adults_of_the_country(waves: Path) -> None:
    found = duckdb.sql(f"SELECT sum(w), count(*) FROM '{waves}' GROUP BY undersøgelsesår").fetchall()
    assert found == [(pytest.approx(3_700_000, rel=0.02), 20_000)] * 2


def test_the_samples_in_the_repository_are_what_the_generator_makes(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = sorted(
        p.relative_to(SAMPLES)
        for p in SAMPLES.glob("*/dihr/*/*")
        if p.is_file() and not p.name.startswith(".")
    )
    assert made == kept
    assert len(made) == 8
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name
        assert (SAMPLES / name).stat().st_size < 300_000, name


def test_the_headers_of_each_wave_are_those_of_the_contract() -> None:
    columns = contract("disability_barometer").contract.columns
    expected = {c.header or name for name, c in columns.items()}
    folder = SAMPLES / "1_first/dihr/disability_barometer"
    assert set(rows(folder / "shild_syntetisk_2016.csv")[0]) == expected
    version = contract("disability_barometer").contract.versions[0]
    absent = {columns[c].header or c for c, change in version.columns.items() if change is None}
    assert set(rows(folder / "shild_syntetisk_2012.csv")[0]) == expected - absent - {"vægt"} | {
        "opregningsvægt"
    }


def test_the_cut_off_needs_one_domain_with_a_lot_of_difficulty() -> None:
    derive = contract("disability_barometer").contract.derive

    def status(*answers: str | None) -> str | None:
        names = ("syn", "hoerelse", "gang", "hukommelse", "egenomsorg", "kommunikation")
        given = ", ".join(
            f"{'NULL::VARCHAR' if a is None else repr(a)} AS {n}" for n, a in zip(names, answers, strict=True)
        )
        query = f"""SELECT {derive["handicap"]} FROM (SELECT ({derive["svaert_ved_noget"]}) AS svaert_ved_noget
                    FROM (SELECT {given}))"""
        return duckdb.sql(query).fetchall()[0][0]

    none, some, lot, cannot = (
        "Ingen vanskeligheder",
        "Nogle vanskeligheder",
        "Store vanskeligheder",
        "Kan slet ikke",
    )
    assert status(*[none] * 6) == "PWD"
    assert status(*[some] * 6) == "PWD"
    assert status(none, none, none, none, none, lot) == "PD"
    assert status(none, cannot, none, none, None, none) == "PD"
    assert status(none, some, none, none, None, none) is None


def test_only_the_four_answers_pass_for_each_washington_group_question() -> None:
    columns = contract("disability_barometer").contract.columns
    for name in ("syn", "hoerelse", "gang", "hukommelse", "egenomsorg", "kommunikation"):
        assert columns[name].allowed == [
            "Ingen vanskeligheder", "Nogle vanskeligheder", "Store vanskeligheder", "Kan slet ikke",
        ]  # fmt: skip
    variant = rows(SAMPLES / "1_first/dihr/disability_barometer/shild_syntetisk_2020_ja_nej.csv")
    assert {row["syn"] for row in variant} <= {"Ja", "Nej", ""}


def test_every_area_has_an_indicator_with_names_in_both_languages_and_its_links() -> None:
    listed = codes("CL_DB_INDICATOR")
    measured = contract("disability_barometer").contract.targets[0].estimate.indicators
    assert {listed[i]["parent"] for i in measured} == {f"AREA{n:02d}" for n in range(1, 11)}
    for code in measured:
        row = listed[code]
        assert row["AREA"] == str(int(row["parent"].removeprefix("AREA")))
        assert all(row[c] for c in ("name_en", "name_da", "SDG_TARGET", "CRPD_ARTICLE_INFERRED")), code
    assert set(listed) == set(measured) | {f"AREA{n:02d}" for n in range(1, 11)}


def test_every_code_that_the_contracts_use_stands_in_its_list() -> None:
    for dataset in (contract("disability_barometer"), contract("lgbt_barometer")):
        target = dataset.contract.targets[0]
        flow = target.dataflow.removeprefix("CITIZENSTATS:")
        structure = read_yaml(MAPPINGS / f"structures/CITIZENSTATS/data_structures/{flow}.yaml").content[
            "components"
        ]
        for component, mapped in target.map.items():
            listed = structure.get(component, {}).get("codelist", "")
            if listed.startswith("CITIZENSTATS:"):
                used = {mapped.value} if mapped.value else set((dataset.codes_of(mapped) or {}).values())
                assert used <= set(codes(listed.removeprefix("CITIZENSTATS:").split("(")[0])), component


def test_every_expression_of_the_contracts_is_allowed() -> None:
    for dataset in (contract("disability_barometer"), contract("lgbt_barometer")):
        names = dataset.contract.record_names
        target = dataset.contract.targets[0]
        texts = [*dataset.contract.derive.values(), *(r.must for r in dataset.contract.rules)]
        texts += [m.sql for m in target.map.values() if m.sql] + ([target.where] if target.where else [])
        for text in texts:
            expressions.parse(text, names, dataset.name)


def test_the_first_wave_of_2020_holds_its_faults_and_the_correction_holds_none() -> None:
    first = rows(SAMPLES / "1_first/dihr/disability_barometer/shild_syntetisk_2020.csv")
    mended = rows(SAMPLES / "2_corrections/dihr/disability_barometer/shild_syntetisk_2020_rettet.csv")
    ages = {str(a) for a in range(16, 65)}
    assert len([r for r in first if r["alder"] not in ages]) == 3
    assert len([r for r in mended if r["alder"] not in ages]) == 0
    assert [n for n, times in Counter(r["løbenummer"] for r in first).items() if times > 1] == [
        "2020-00000061"
    ]
    assert {r["løbenummer"] for r in first} == {r["løbenummer"] for r in mended}

    def withdrawn(wave: list[dict[str, str]]) -> set[str]:
        return {r["løbenummer"] for r in wave if r["samtykke"] == "Nej"}

    assert withdrawn(mended) - withdrawn(first) == {"2020-00000101", "2020-00000102"}


# --- LGBT+ ------------------------------------------------------------------------------------------------


def sheet_of(name: str) -> openpyxl.worksheet.worksheet.Worksheet:
    return openpyxl.load_workbook(SAMPLES / name)["Barometer"]


def test_the_workbook_has_what_people_put_into_workbooks() -> None:
    book = openpyxl.load_workbook(SAMPLES / "1_first/dihr/lgbt_barometer/lgbt_barometer_2023.xlsx")
    assert [(s.title, s.sheet_state) for s in book.worksheets] == [
        ("Beregninger", "hidden"), ("Barometer", "visible"), ("Kildeliste", "visible"),
    ]  # fmt: skip
    sheet = book["Barometer"]
    assert "SYNTETISKE TAL" in sheet["A1"].value
    assert {"B5:C5", "D5:F5", "G5:H5", "I5:J5", "A5:A6", "K5:K6"} == {
        str(r) for r in sheet.merged_cells.ranges
    }
    shown = [row[6] for row in sheet.iter_rows(min_row=7, values_only=True)]
    assert {"41,8(1)", "..(2)", 52.3} <= set(shown)
    assert "Noter:" in [row[0] for row in sheet.iter_rows(values_only=True)]


def test_trans_people_by_the_register_and_by_their_own_word_are_two_groups() -> None:
    sheet = sheet_of("2_corrections/dihr/lgbt_barometer/lgbt_barometer_2023_rettet.xlsx")
    violence = {
        (row[4], row[6]) for row in sheet.iter_rows(min_row=7, values_only=True)
        if row[2] == "Har været udsat for vold" and row[3] == "Transpersoner"
    }  # fmt: skip
    assert violence == {("Juridisk kønsskifte (CPR)", "41,8(1)"), ("Selvidentifikation", "44,6(1)")}
    mapped = contract("lgbt_barometer").contract.targets[0].map
    assert set(mapped["GROUP_DEFINITION"].codes.values()) == {"SELF_ID", "LEGAL_CHANGE", "_T"}
    assert set(mapped["SEX"].codes.values()) == {"_T", "F", "M"}


def test_every_figure_of_the_correction_names_source_and_year() -> None:
    sheet = sheet_of("2_corrections/dihr/lgbt_barometer/lgbt_barometer_2023_rettet.xlsx")
    figures = [row for row in sheet.iter_rows(min_row=7, values_only=True) if isinstance(row[0], int)]
    assert len(figures) == 34
    assert all(row[8] and row[9] for row in figures)


def test_every_text_of_the_correction_has_a_code() -> None:
    dataset = contract("lgbt_barometer")
    mapped = dataset.contract.targets[0].map
    sheet = sheet_of("2_corrections/dihr/lgbt_barometer/lgbt_barometer_2023_rettet.xlsx")
    figures = [row for row in sheet.iter_rows(min_row=7, values_only=True) if isinstance(row[0], int)]
    for component, column in {"INDICATOR": 2, "POPULATION_GROUP": 3, "GROUP_DEFINITION": 4, "SEX": 5}.items():
        assert {row[column] for row in figures} <= set(dataset.codes_of(mapped[component])), component
