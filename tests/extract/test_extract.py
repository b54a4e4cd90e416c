"""Safe extracts: an attacker who counts classes, what leaves and what never does, and who took it."""

from __future__ import annotations

import csv
import json
import os
import random
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from citizenstats.cli.main import main
from citizenstats.contracts.lint import lint
from citizenstats.contracts.load import load_mappings
from citizenstats.engine import quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.extract.extract import Extracted, extract
from citizenstats.house import open_house
from citizenstats.store import read_json
from tests.receive.office import DATASET, Contract, Office, contract

HEADER = "id;region;sex;year;score;agrees;illness;age;lat;lon;phone"
KNOWN = ("region", "sex", "age", "lat", "lon")


def people(count: int) -> list[dict[str, str]]:
    dice = random.Random(count)
    found = []
    for n in range(count):
        region = dice.choices(["North", "South", "Isle", "Reef"], [50, 45, 3, 2])[0]
        found.append(
            {
                "id": f"p{n}", "region": region, "sex": dice.choice("fm"), "year": "2024", "score": "1", "agrees": "yes",
                "illness": dice.choice(["none", "none", "asthma", "hiv"]), "age": str(dice.randint(15, 90)),
                "lat": f"{dice.uniform(10, 11):.6f}".replace(".", ","),
                "lon": f"{dice.uniform(20, 21):.6f}".replace(".", ","), "phone": f"+45 {dice.randint(20000000, 99999999)}",
            }
        )  # fmt: skip
    return found


def content(rows: Iterable[dict[str, str]]) -> str:
    return "\n".join([HEADER, *(";".join(r[c] for c in HEADER.split(";")) for r in rows)]) + "\n"


def asks(**more: Any) -> Callable[[Contract], None]:
    """The contract with an extract, changed as told."""

    def change(said: Contract) -> None:
        columns = said["columns"]
        del columns["asked_on"], columns["comment"]
        columns["region"]["role"] = "quasi_identifier"
        columns["illness"] = {"role": "sensitive"}
        columns["age"] = {"type": "integer", "role": "quasi_identifier"}
        columns["lat"] = columns["lon"] = {"type": "number", "role": "identifier"}
        columns["phone"] = {"role": "identifier"}
        said["rules"] = []
        said["targets"][0]["map"]["REF_AREA"] = {"value": "XX-N"}
        said["extract"] = {
            "columns": ["region", "sex", "age", "illness"],
            "k": 5,
            "l": 2,
            "generalise": {"age": ["age // 10 * 10", "age // 30 * 30", "0"]},
            "area": {"column": "region", "minimum": 60, "merged": "islands"},
            "coordinates": {"latitude": "lat", "longitude": "lon", "degrees": 0.5},
            "most_dropped": 0.2,
        } | more

    return change


def office(folder: Path, rows: Iterable[dict[str, str]], **more: Any) -> Office:
    made = Office(folder, asks(**more))
    assert made.send(content(rows)).status == "accepted"
    return made


def take(made: Office, out: Path) -> Extracted:
    return extract(made.house, DATASET, "R. Researcher", "Project 7", out)


def taken(path: Path) -> list[dict[str, Any]]:
    with session([path.parent]) as engine:
        source = f"SELECT * FROM read_parquet({quoted(str(path))})"
        names = [column for column, _ in engine.columns(source)]
        return [dict(zip(names, row, strict=True)) for row in engine.rows(source)]


def attack(rows: list[dict[str, Any]], k: int, diverse: int) -> list[str]:
    """What somebody learns who counts: classes of fewer than k, and classes whose answers are alike."""
    classes: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for one in rows:
        classes[tuple(one.get(c) for c in KNOWN)].append(one["illness"])
    small = ["small" for answers in classes.values() if len(answers) < k]
    return small + ["alike" for answers in classes.values() if len(set(answers)) < diverse]


def test_who_counts_learns_nothing(tmp_path: Path) -> None:
    rows = people(1500)
    made = office(tmp_path, rows)
    naive = [r | {"lat": "", "lon": ""} for r in rows]
    assert attack(naive, 5, 2), "without protection classes are small"
    done = take(made, tmp_path / "x.parquet")
    out = taken(tmp_path / "x.parquet")
    assert attack(out, 5, 2) == []
    assert set(out[0]) == {"region", "sex", "age", "illness", "lat", "lon"}
    report = done.report
    assert (report.records, report.rows) == (1500, len(out))
    assert report.rows + report.too_few + report.too_alike + report.beside == 1500
    assert report.too_few + report.too_alike + report.beside <= 300
    assert report.smallest is not None
    assert report.smallest >= 5
    assert report.fewest["illness"] >= 2
    assert report.coarsened["age"] >= 1


def test_another_extract_of_the_same_deliveries_is_refused(tmp_path: Path) -> None:
    """Two that are safe each by itself are one table for whoever joins them by a rare answer."""
    made = office(tmp_path, people(1500))
    take(made, tmp_path / "one.parquet")
    take(made, tmp_path / "same.parquet")
    made.agree(asks(columns=["sex", "age", "illness"], area=None))
    with pytest.raises(CitizenstatsError, match=r"ANOTHER_EXTRACT.*000001"):
        take(made, tmp_path / "two.parquet")
    assert not (tmp_path / "two.parquet").exists()
    made.agree(asks(most_dropped=0.3))
    take(made, tmp_path / "again.parquet")


@pytest.mark.parametrize("most_dropped", [0.05, 0.4])
def test_totals_less_an_extract_tell_of_no_few(tmp_path: Path, most_dropped: float) -> None:
    """Tables of the same people are published: what they count more than the extract does are those who were dropped."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    rows = [
        r | {"lat": "", "lon": "", "age": str(15 + min(80, int(dice.expovariate(1 / 18))))}
        for r in people(1500)
    ]
    made = office(tmp_path, rows, coordinates=None, most_dropped=most_dropped, k=10)
    done = take(made, tmp_path / "x.parquet")
    out = taken(tmp_path / "x.parquet")
    regions = {r["region"] for r in out} - {"islands"}

    def total(of: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> dict[tuple[Any, ...], Counter[str]]:
        found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
        for one in of:
            place = {"region": one["region"] if one["region"] in regions else "islands", "sex": one["sex"]}
            found[tuple(place[c] for c in columns)][one["illness"]] += 1
        return found

    for columns in ((), ("region",), ("sex",), ("region", "sex")):
        told = total(out, columns)
        for place, answers in total(rows, columns).items():
            dropped = answers - told[place]
            assert not dropped or (dropped.total() >= 10 and len(dropped) >= 2), (
                columns,
                place,
                dropped,
                done.report,
            )


def test_nobody_takes_records_whose_consent_a_person_found_not_met(tmp_path: Path) -> None:
    made = office(tmp_path, people(60))
    said = made.mappings / f"partners/{DATASET}.yaml"
    evidence = {
        "verdict": "not_met",
        "evidence": "The agreement ended.",
        "by": "Q. Quality",
        "date": "2026-05-02",
    }
    said.write_text(
        said.read_text("utf-8") + f"\nassessment: {json.dumps({'CONSENT_BASIS': evidence})}\n", "utf-8"
    )
    made.house = open_house(made.home, made.mappings)
    with pytest.raises(CitizenstatsError, match=r"GATE_CLOSED.*The agreement ended"):
        take(made, tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


def test_places_are_cells_and_small_areas_are_merged(tmp_path: Path) -> None:
    made = office(tmp_path / "a", people(1500))
    take(made, tmp_path / "a.parquet")
    assert {(r["lat"], r["lon"]) for r in taken(tmp_path / "a.parquet")} == {
        (a, b) for a in (10.25, 10.75) for b in (20.25, 20.75)
    }
    made = office(tmp_path / "b", people(1500), coordinates=None, most_dropped=0.02)
    done = take(made, tmp_path / "b.parquet")
    assert {r["region"] for r in taken(tmp_path / "b.parquet")} == {"North", "South", "islands"}
    assert done.report.merged_areas == 2


def test_a_single_small_area_is_not_left_alone(tmp_path: Path) -> None:
    rows = [r | {"region": "Isle" if n < 6 else r["region"]} for n, r in enumerate(people(600))]
    rows = [r | {"region": "South" if r["region"] == "Reef" else r["region"]} for r in rows]
    rows = [
        r | {"region": "North" if r["region"] == "Isle" and n >= 6 else r["region"]}
        for n, r in enumerate(rows)
    ]
    made = office(tmp_path, rows, most_dropped=0.02, coordinates=None)
    take(made, tmp_path / "x.parquet")
    assert len({r["region"] for r in taken(tmp_path / "x.parquet")}) == 2


def test_a_class_of_one_answer_is_dropped(tmp_path: Path) -> None:
    rows = [r | {"illness": "hiv" if r["sex"] == "f" else r["illness"], "age": "40"} for r in people(400)]
    made = office(tmp_path, rows, most_dropped=1, area=None, coordinates=None)
    done = take(made, tmp_path / "x.parquet")
    # Of the others nobody leaves either: a total less the men would be the women, with one answer.
    assert taken(tmp_path / "x.parquet") == []
    assert done.report.too_alike > 0


def test_units_are_counted_and_not_their_records(tmp_path: Path) -> None:
    rows = [r | {"phone": "+45 11111111", "region": "North", "age": "40", "sex": "f"} for r in people(30)]
    kept = {"area": None, "coordinates": None, "most_dropped": 1}
    made = office(tmp_path / "a", rows, unit="phone", **kept)
    assert take(made, tmp_path / "a.parquet").report.rows == 0
    made = office(tmp_path / "b", rows, **kept)
    assert take(made, tmp_path / "b.parquet").report.rows == 30


def test_too_much_dropped_is_no_extract(tmp_path: Path) -> None:
    made = office(tmp_path, people(60), generalise={}, most_dropped=0.05)
    with pytest.raises(CitizenstatsError, match="TOO_MUCH_DROPPED"):
        take(made, tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()
    assert not made.house.store.extracts(DATASET).exists()


def test_only_records_that_may_be_used(tmp_path: Path) -> None:
    rows = people(400)
    rows = [r | {"agrees": "no" if n % 2 else "yes"} for n, r in enumerate(rows)]
    made = office(tmp_path, rows, most_dropped=1)
    assert take(made, tmp_path / "x.parquet").report.records == 200
    gone = [r | {"agrees": "no"} for r in rows]
    made.send(content(gone), "gone.csv")
    assert take(made, tmp_path / "y.parquet").report.records == 0


def test_the_file_is_its_owners_and_the_log_says_who(tmp_path: Path) -> None:
    made = office(tmp_path, people(900))
    before = os.umask(0o000)
    try:
        done = take(made, tmp_path / "x.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.csv").stat().st_mode) == 0o600
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == done.report.rows
    logged = read_json(made.house.store.extracts(DATASET) / done.id / "extract.json")
    assert logged is not None
    assert (logged["by"], logged["purpose"], logged["report"]["k"]) == ("R. Researcher", "Project 7", 5)
    assert not Counter(p.name for p in made.house.store.scratch.iterdir())
    with pytest.raises(CitizenstatsError, match="ALREADY_THERE"):
        take(made, tmp_path / "x.csv")


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    rows = people(500)
    one = office(tmp_path / "a", rows, most_dropped=1)
    other = office(tmp_path / "b", rows[::-1], most_dropped=1)
    take(one, tmp_path / "a.parquet")
    take(other, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_what_was_not_asked_for_does_not_exist(tmp_path: Path) -> None:
    made = Office(tmp_path)
    with pytest.raises(CitizenstatsError, match="NO_EXTRACT"):
        take(made, tmp_path / "x.parquet")
    made = Office(tmp_path, asks())
    for by, purpose, out, code in (
        (" ", "Project", "x.parquet", "WHO_AND_WHY"),
        ("Me", "", "x.parquet", "WHO_AND_WHY"),
        ("Me", "Project", "x.xlsx", "NO_SUCH_FORMAT"),
        ("Me", "Project", "home/published/x.csv", "NOT_HERE"),
        ("Me", "Project", "nowhere/x.csv", "NOT_HERE"),
        ("Me", "Project", "x.csv", "NO_RECORDS"),
    ):
        with pytest.raises(CitizenstatsError, match=code):
            extract(made.house, DATASET, by, purpose, tmp_path / out)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"columns": ["phone"], "generalise": {}, "area": None}, "identifier"),
        ({"columns": ["score"], "generalise": {}, "area": None}, "say the role"),
        ({"columns": ["nothing"]}, "no column"),
        ({"columns": ["region", "age", "region"]}, "region is named twice"),
        ({"coordinates": {"latitude": "lat", "longitude": "lat"}}, "lat is named twice"),
        ({"columns": ["sex"]}, "none of the extract's columns"),
        ({"generalise": {"region": ["left(region, 1)"]}}, "is an area"),
        ({"k": 2}, "greater than or equal to 3"),
        ({"generalise": {"age": ["score + 1"]}}, "score"),
        ({"generalise": {"age": ["(SELECT 1)"]}}, "not allowed"),
    ],
)
def test_check_finds_what_an_extract_may_not_say(tmp_path: Path, change: Any, told: str) -> None:
    made = Office(tmp_path, asks())
    said = contract()
    asks(**change)(said)
    made.write_contract(said)
    found = lint(made.mappings)
    assert any(told in str(fault) for fault in found), found
    assert all("answers.yaml" in fault.where for fault in found)


def test_publication_none_forbids_it(tmp_path: Path) -> None:
    made = Office(tmp_path, asks())
    said = contract()
    asks()(said)
    said["record"]["publication"] = "none"
    made.write_contract(said)
    with pytest.raises(CitizenstatsError, match="no extract"):
        load_mappings(made.mappings).dataset(DATASET)


def test_the_command_answers_with_counts_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = office(tmp_path, people(900))
    told = ["extract", DATASET, "--by", "R. R.", "--purpose", "P", "--out", str(tmp_path / "x.csv"), "--json"]
    with pytest.raises(SystemExit) as left:
        main(["--home", str(made.home), "--mappings", str(made.mappings), *told])
    assert left.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    schema = json.loads((files("citizenstats") / "schemas" / "extract.schema.json").read_text("utf-8"))
    jsonschema.validate(answer, schema)
    assert "hiv" not in str(answer)
