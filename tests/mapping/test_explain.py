"""Explain names the rule behind every value of a record, for each of the four systems, and keeps identifiers to itself."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.engine import name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.mapping.explain import HIDDEN, Coded, Explanation, explain
from citizenstats.receive.current import accepted
from citizenstats.store import Store
from tests.mapping.support import command, line, message, ml
from tests.receive.office import DATASET, Office, contract, file, row

ROOT = Path(__file__).parents[2]
MAPPINGS = load_mappings(ROOT / "sdmx_mappings")


@pytest.fixture(scope="module")
def house(demonstration: Path) -> House:
    return House(Store(demonstration), MAPPINGS)


def rows_of(house: House, dataset: str) -> list[int]:
    """Rows of the newest accepted delivery."""
    found = accepted(house, dataset)[-1]
    folder = found.outcome_folder(house.store, house.mappings.dataset(dataset))
    with session([folder]) as engine:
        records = quoted(str(folder / "records.parquet"))
        return [r[0] for r in engine.rows(f"SELECT _row FROM read_parquet({records}) ORDER BY 1")]


def values(coded: Coded) -> dict[str, str | None]:
    return {e.component: e.value for e in coded.components}


def text_at(where: str) -> str:
    path, _, number = where.rpartition(":")
    return Path(path).read_text("utf-8").splitlines()[int(number) - 1]


@pytest.mark.parametrize(
    ("dataset", "flow"),
    [
        ("dihr/lgbt_barometer", "CITIZENSTATS:LGBT_BAROMETER"),
        ("right_to_defend/assessments", "CITIZENSTATS:RIGHT_TO_DEFEND"),
        ("indigenous_navigator/national_survey", "CITIZENSTATS:INDIGENOUS_NAVIGATOR"),
    ],
)
def test_the_values_explained_are_those_of_the_observation(house: House, dataset: str, flow: str) -> None:
    """Compiled figures: a record is an observation, or several where wide columns are turned into rows."""
    structure = MAPPINGS.structures.structure_of(MAPPINGS.reference(flow))
    made = observe(house, dataset)
    observed = quoted(str(made.folder / f"{flow.replace(':', '.')}.parquet"))
    with session([made.folder]) as engine:
        for number in rows_of(house, dataset)[:3]:
            for coded in explain(house, dataset, number).targets:
                told = values(coded)
                same = " AND ".join(
                    f"CAST({name(c)} AS VARCHAR) = {quoted(told[c] or '')}" for c in structure.key
                )
                parts = [c.id for c in structure.components if c.id in told and c.role != "measure"]
                listed = ", ".join(f"CAST({name(c)} AS VARCHAR)" for c in parts)
                (found,) = engine.rows(f"SELECT {listed} FROM read_parquet({observed}) WHERE {same}")
                assert dict(zip(parts, found, strict=True)) == {c: told[c] for c in parts}


@pytest.mark.parametrize("dataset", sorted(MAPPINGS.datasets))
def test_every_value_has_a_rule_that_stands_somewhere(house: House, dataset: str) -> None:
    found = explain(house, dataset, rows_of(house, dataset)[0])
    assert found.current
    contract_ = MAPPINGS.dataset(dataset).contract
    assert {c.dataflow for c in found.targets} == {t.dataflow for t in contract_.targets}
    for coded in found.targets:
        structure = MAPPINGS.structures.structure_of(MAPPINGS.reference(coded.dataflow))
        told = {e.component: e for e in coded.components}
        assert set(structure.key) | {m.id for m in structure.measures} <= set(told)
        for e in coded.components:
            assert e.rule
            assert text_at(e.where).strip()
        codes = [e for e in coded.components if e.kind == "codes" and e.value is not None]
        assert all(e.value in text_at(e.where) for e in codes)
        assert all(next(iter(e.inputs.values())) in text_at(e.where) for e in codes)


def test_a_record_shows_which_indicators_it_enters(house: House) -> None:
    found = explain(house, "dihr/disability_barometer", rows_of(house, "dihr/disability_barometer")[0])
    (coded,) = found.targets
    assert coded.feeds
    entered = {e.indicator: e for e in coded.indicators}
    assert len(entered) == 15
    voted = entered["DB10_VOTED"]
    assert set(voted.values) == {"proportion", "among", "weight"}
    assert "DB10_VOTED" in text_at(voted.where)
    assert voted.enters == (voted.values["among"] == "true" and voted.values["proportion"] is not None)
    assert [e.component for e in found.derived] == [
        "svaert_ved_noget",
        "handicap",
        "aldersgruppe",
        "ucla_score",
    ]


def test_identifiers_and_free_text_are_not_shown(house: House, demonstration: Path) -> None:
    for dataset in ("right_to_defend/incidents", "right_to_defend/assessments", "dihr/disability_barometer"):
        declared = MAPPINGS.dataset(dataset).contract.columns
        hidden = [c for c, d in declared.items() if d.role in ("identifier", "free_text")]
        number = rows_of(house, dataset)[0]
        found = explain(house, dataset, number)
        folder = accepted(house, dataset)[-1].outcome_folder(house.store, MAPPINGS.dataset(dataset))
        with session([folder]) as engine:
            records = quoted(str(folder / "records.parquet"))
            listed = ", ".join(f"CAST({name(c)} AS VARCHAR)" for c in hidden)
            (secret,) = engine.rows(f"SELECT {listed} FROM read_parquet({records}) WHERE _row = {number}")
        said = repr(found)
        assert not [
            c for c, text in zip(hidden, secret, strict=True) if text is not None and f"'{text}'" in said
        ]
    shown = {n: v for e in found_inputs(house) for n, v in e.items()}
    assert shown["reviewer"] in (HIDDEN, None)


def found_inputs(house: House) -> list[Any]:
    found = explain(house, "right_to_defend/assessments", rows_of(house, "right_to_defend/assessments")[0])
    return [e.inputs for coded in found.targets for e in coded.components]


@pytest.mark.parametrize(
    ("row_", "delivery", "code"),
    [(1, None, "NO_SUCH_RECORD"), (10**9, None, "NO_SUCH_RECORD"), (2, "77", "NO_SUCH_DELIVERY")],
)
def test_what_is_no_record_is_not_explained(house: House, row_: int, delivery: str | None, code: str) -> None:
    with pytest.raises(CitizenstatsError) as caught:
        explain(house, "dihr/lgbt_barometer", row_, delivery)
    assert caught.value.code == code


def test_withheld_refused_and_replaced_rows(tmp_path: Path) -> None:
    office = Office(tmp_path)
    rows = [row(f"a{i}") for i in range(40)]
    office.send(file(row("b1", agrees="no"), row("b2", region="Atlantis"), *rows))
    for number in (2, 3):
        with pytest.raises(CitizenstatsError, match="no accepted record"):
            explain(office.house, DATASET, number)
    assert explain(office.house, DATASET, 4).current
    office.send(file(row("a0", score="55,5")), "later.csv")
    assert not explain(office.house, DATASET, 4, "1").current
    assert explain(office.house, DATASET, 2).current


def test_a_structure_maps_rule_is_named(tmp_path: Path) -> None:
    office = Office(tmp_path)
    told = contract()
    (target,) = told["targets"]
    target["map"] = {k: v for k, v in target["map"].items() if k in ("TIME_PERIOD", "OBS_STATUS")}
    target["structure_map"] = "map.xml"
    said = message(
        {
            (("region",), ("REF_AREA",)): [line("South", "XX-S"), line("regex:N.*", "XX-N")],
            (("sex", "region"), ("SEX",)): [line(["m", "regex:.*"], "M"), line(["f", "North"], "F")],
        },
        fixed={"FREQ": "A"},
    )
    (office.mappings / "partners/watch/map.xml").write_bytes(ml(said))
    office.write_contract(told)
    office.house = open_house(office.home, office.mappings)
    office.send(file(row("a1"), row("a2", region="South", sex="m")))
    first, second = (explained(explain(office.house, DATASET, n)) for n in (2, 3))
    assert first["REF_AREA"] == ("XX-N", "mapping 2 of RepresentationMap OFFICE:RM_0(1.0.0) from region")
    assert first["SEX"] == ("F", "mapping 2 of RepresentationMap OFFICE:RM_1(1.0.0) from sex, region")
    assert second["REF_AREA"][1].startswith("mapping 1 of")
    assert first["FREQ"] == ("A", "FixedValueMap")


def explained(found: Explanation) -> dict[str, tuple[str | None, str]]:
    return {e.component: (e.value, e.rule) for e in found.targets[0].components}


def test_the_command_warns_and_stores_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(file(*(row(f"a{i}") for i in range(3))))
    before = {p: p.read_bytes() for p in office.home.rglob("*") if p.is_file()}
    told = ("--home", office.home, "--mappings", office.mappings, "explain", DATASET, "--row", "2")
    said = command(*told)
    assert said.exception is None
    assert "restricted data" in said.stderr
    assert "XX-N" in said.stdout
    assert "a0" not in said.stdout
    facts = json.loads(command(*told, "--json").stdout)
    schema = json.loads((resources.files("citizenstats.schemas") / "explain.schema.json").read_text("utf-8"))
    jsonschema.validate(facts, schema)
    assert {p: p.read_bytes() for p in office.home.rglob("*") if p.is_file()} == before
    wrong = command(*told[:-1], "99")
    assert isinstance(wrong.exception, CitizenstatsError)
    assert wrong.stdout == ""
