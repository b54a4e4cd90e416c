"""A structure map beside a contract does what the contract's own map does, and refuses what it does not know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citizenstats.contracts.lint import lint
from citizenstats.engine import quoted, session
from citizenstats.errors import MappingError
from citizenstats.harmonize.observe import observe
from citizenstats.mapping.export import exported
from citizenstats.mapping.model import DatePatternMap, MapMessage
from tests.mapping.support import js, line, message, ml
from tests.receive.office import DATASET, Office, contract, file, row

REGIONS = [line("regex:N.*", "XX-N"), line("South", "XX-S")]
SEXES = [line("f", "F"), line("m", "M")]
YEAR = DatePatternMap((("year", "TIME_PERIOD"),), None, "FREQ", pattern="yyyy")
SAID = message(
    {(("region",), ("REF_AREA",)): REGIONS, (("sex",), ("SEX",)): SEXES},
    fixed={"FREQ": "A", "OBS_STATUS": "A"},
    times=[YEAR],
)
ROWS = file(
    *(
        row(f"a{i}", region=("North", "South")[i % 2], sex="fm"[i % 3 % 2], year=str(2023 + i % 2))
        for i in range(40)
    )
)


def beside(office: Office, said: MapMessage, write: Callable[[MapMessage], bytes] = ml, **more: Any) -> None:
    """Let the contract say `structure_map` and put the map next to it."""
    told = contract()
    (target,) = told["targets"]
    target.pop("map")
    target.update({"structure_map": "map.xml", **more})
    (office.mappings / "partners/watch/map.xml").write_bytes(write(said))
    office.write_contract(told)


def observations(office: Office) -> list[tuple[Any, ...]]:
    made = observe(office.house, DATASET)
    with session([made.folder]) as engine:
        return engine.rows(
            f"SELECT * FROM read_parquet({quoted(str(made.folder / 'OFFICE.ANSWERS.parquet'))})"
        )


def test_a_structure_map_gives_the_observations_of_the_same_map(tmp_path: Path) -> None:
    own, other = Office(tmp_path / "own"), Office(tmp_path / "other")
    beside(other, SAID)
    assert lint(other.mappings) == []
    other.house = _open(other)
    for office in (own, other):
        assert office.send(ROWS).status == "accepted"
    assert observations(other) == observations(own) != []
    digest = other.house.mappings.dataset(DATASET).digest
    beside(other, SAID, js)
    assert _open(other).mappings.dataset(DATASET).digest == digest


def _open(office: Office) -> Any:
    from citizenstats.house import open_house

    return open_house(office.home, office.mappings)


def test_what_no_rule_knows_is_a_refused_row(tmp_path: Path) -> None:
    office = Office(tmp_path)
    both = [line(["regex:N.*", "f"], "XX-N"), line(["South", "regex:."], "XX-S")]
    said = message(
        {(("region", "sex"), ("REF_AREA",)): both, (("sex",), ("SEX",)): SEXES},
        fixed={"FREQ": "A", "OBS_STATUS": "A"},
        times=[DatePatternMap((("year", "TIME_PERIOD"),), "A", pattern="MM/yyyy")],
    )
    (office.mappings / "partners/watch/map.xml").write_bytes(ml(said))
    told = contract()
    told["columns"]["year"] = {"required": True}
    told["targets"][0].pop("map")
    told["targets"][0]["structure_map"] = "map.xml"
    office.write_contract(told)
    office.house = _open(office)
    good = [row(f"a{i}", year="05/2024") for i in range(97)]
    wrong = [row("b1", sex="m", year="05/2024"), row("b2", year="2024")]
    outcome = office.send(file(*good, row("b3", region="South", sex="m", year="12/2024"), *wrong))
    assert (outcome.counts["accepted"], outcome.counts["refused"]) == (98, 2)
    unmapped = {f.facts["component"]: f.count for f in outcome.findings if f.code == "UNMAPPED"}
    assert unmapped == {"REF_AREA": 1, "TIME_PERIOD": 1}
    assert {o[4] for o in observations(office)} == {"2024"}


def test_the_contracts_own_map_may_say_the_rest(tmp_path: Path) -> None:
    office = Office(tmp_path)
    said = message({(("region",), ("REF_AREA",)): REGIONS})
    rest = {k: v for k, v in contract()["targets"][0]["map"].items() if k != "REF_AREA"}
    beside(office, said, map=rest)
    assert lint(office.mappings) == []
    dataset = _open(office).mappings.dataset(DATASET)
    told = exported(_open(office).mappings, dataset)
    areas = [c for c in told.maps.structure_maps[0].components if c.targets == ("REF_AREA",)]
    assert areas == list(said.structure_maps[0].components)
    assert said.representation_maps[0] in told.maps.representation_maps


def test_a_map_is_found_by_its_urn(tmp_path: Path) -> None:
    office = Office(tmp_path)
    urn = "urn:sdmx:org.sdmx.infomodel.structuremapping.StructureMap=OFFICE:SM(1.0.0)"
    beside(office, SAID, structure_map=urn)
    assert lint(office.mappings) == []
    beside(office, SAID, structure_map=urn.replace("1.0.0", "2.0.0"))
    assert [f.code for f in lint(office.mappings)] == ["NO_SUCH_MAP"]


FAULTS: dict[str, tuple[MapMessage, dict[str, Any], str]] = {
    "no such file": (SAID, {"structure_map": "other.xml"}, "NO_SUCH_FILE"),
    "elsewhere": (SAID, {"structure_map": "../map.xml"}, "BAD_PATH"),
    "twice": (SAID, {"map": {"FREQ": {"value": "A"}}}, "MAPPED_TWICE"),
    "no column": (message({(("regio",), ("REF_AREA",)): REGIONS}), {}, "UNKNOWN_COLUMN"),
    "an identifier": (message({(("id",), ("REF_AREA",)): None}), {}, "NOT_PUBLISHABLE"),
    "free text": (message({(("comment",), ("SEX",)): SEXES}), {}, "NOT_PUBLISHABLE"),
    "no code": (message({(("region",), ("REF_AREA",)): [line("regex:N.*", "XX-X")]}), {}, "UNKNOWN_CODE"),
    "no component": (message({(("region",), ("AREA",)): REGIONS}), {}, "NO_SUCH_COMPONENT"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_lint_names_what_is_wrong_with_a_structure_map(tmp_path: Path, fault: str) -> None:
    said, more, code = FAULTS[fault]
    office = Office(tmp_path)
    beside(office, said, **more)
    found = lint(office.mappings)
    assert code in [f.code for f in found]
    assert all("answers.yaml:" in f.where for f in found)


def test_a_map_that_is_swapped_makes_another_state(tmp_path: Path) -> None:
    office = Office(tmp_path)
    beside(office, SAID)
    before = _open(office).mappings.dataset(DATASET).digest
    beside(office, message({}, fixed={"FREQ": "A"}), map={"REF_AREA": {"column": "region"}})
    assert _open(office).mappings.dataset(DATASET).digest != before


def test_codes_of_an_expression_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    def change(said: dict[str, Any]) -> None:
        said["targets"][0]["map"]["REF_AREA"] = {
            "sql": "lower(region)",
            "codes": {"north": "XX-N", "south": "XX-S"},
        }

    office = Office(tmp_path, change)
    outcome = office.send(
        file(*(row(f"a{i}", region="NORTH") for i in range(60)), row("b1", region="Atlantis"))
    )
    assert [f.code for f in outcome.findings] == ["UNMAPPED"]
    assert "XX-N" in {o[1] for o in observations(office)}


def test_the_model_wants_a_map_of_some_kind(tmp_path: Path) -> None:
    office = Office(tmp_path, lambda c: c["targets"][0].pop("map"))
    with pytest.raises(MappingError, match="give map, structure_map or both"):
        office.house.mappings.dataset(DATASET)
