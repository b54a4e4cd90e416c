"""Structure maps taken into contracts: nothing that a person wrote is lost, and the contract says what the map says."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from citizenstats.contracts.document import Document, read_yaml
from citizenstats.contracts.load import Dataset, Mappings, load_dataset, load_mappings
from citizenstats.contracts.model import Contract
from citizenstats.errors import MappingError
from citizenstats.mapping.adopt import Adopted, adopted
from citizenstats.mapping.export import exported
from citizenstats.mapping.model import DatePatternMap, MapMessage
from citizenstats.mapping.read import parse_maps
from citizenstats.mapping.yaml_edit import scalar
from tests.mapping.support import HEADER, command, js, line, message, ml
from tests.receive.office import Office, contract

ROOT = Path(__file__).parents[2]
MAPPINGS = load_mappings(ROOT / "sdmx_mappings")
FLOW = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=OFFICE:ANSWERS(1.0.0)"


def take(said: MapMessage, path: Path, dataflow: str | None = None) -> Adopted:
    made = adopted(said, path, HEADER, dataflow)
    for name, content in made.files.items():
        (path.parent / name).write_bytes(content)
    path.write_text(made.text, "utf-8")
    return made


@pytest.mark.parametrize("dataset", sorted(MAPPINGS.datasets))
def test_an_export_that_is_imported_again_changes_nothing(dataset: str) -> None:
    path = ROOT / f"sdmx_mappings/partners/{dataset}.yaml"
    said = exported(MAPPINGS, MAPPINGS.dataset(dataset)).maps
    made = adopted(parse_maps(js(said), "here"), path, HEADER)
    assert (made.text, made.files, made.kept) == (path.read_text("utf-8"), {}, ())


@pytest.mark.parametrize("dataset", sorted(MAPPINGS.datasets))
def test_a_contract_gets_back_what_it_lost(dataset: str, tmp_path: Path) -> None:
    """Components that a map can say are taken out of the contract, or spoilt, and come back with an import."""
    partner, _, name = dataset.partition("/")
    folder = tmp_path / partner
    shutil.copytree(ROOT / f"sdmx_mappings/partners/{partner}", folder)
    path, whole = folder / f"{name}.yaml", MAPPINGS.dataset(dataset)
    said = exported(MAPPINGS, whole).maps
    text = path.read_text("utf-8")
    lines = text.splitlines()
    document = read_yaml(path)
    sayable = {t for m in said.structure_maps for c in m.components for t in c.targets}
    for i, target in reversed(list(enumerate(whole.contract.targets))):
        for component in target.map:
            at = document.lines["targets", i, "map", component] - 1
            if component in sayable and lines[at].strip().startswith(f"{component}: {{column"):
                lines[at] = lines[at].split(":")[0] + ": {value: SPOILT}"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert path.read_text("utf-8") != text or name == "community_survey"
    made = take(said, path)
    assert load_dataset(path).contract.model_dump(exclude={"targets"}) == whole.contract.model_dump(
        exclude={"targets"}
    )
    for target, before in zip(load_dataset(path).contract.targets, whole.contract.targets, strict=True):
        again = load_dataset(path)
        assert {c: again.codes_of(m) for c, m in target.map.items()} == {
            c: whole.codes_of(m) for c, m in before.map.items()
        }
        assert {c: (m.column, m.value, m.sql) for c, m in target.map.items()} == {
            c: (m.column, m.value, m.sql) for c, m in before.map.items()
        }
    assert [n for n in text.splitlines() if "#" in n] == [n for n in made.text.splitlines() if "#" in n]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A contract written by a person, with comments."""
    path = tmp_path / "watch" / "answers.yaml"
    path.parent.mkdir()
    told = contract()
    (target,) = told.pop("targets")
    text = yaml.safe_dump(told, sort_keys=False) + (
        "targets:\n  - dataflow: OFFICE:ANSWERS   # the only one\n    map:\n      FREQ: {value: A}\n"
        "      # regions as in the form\n      REF_AREA:\n        column: region\n        codes: {North: XX-N}\n\n"
        "      # the year\n      TIME_PERIOD: year   # as it is\n"
        "    estimate:\n      indicators: {SCORE: {mean: score}}\n"
    )
    path.write_text(text, "utf-8")
    assert target
    return path


def flow(maps: dict[Any, Any], **more: Any) -> MapMessage:
    from dataclasses import replace

    said = message(maps, **more)
    return replace(said, structure_maps=(replace(said.structure_maps[0], target=FLOW),))


def test_only_what_changes_is_written(own: Path) -> None:
    before = own.read_text("utf-8")
    made = take(
        flow(
            {(("region",), ("REF_AREA",)): [line("North", "XX-N"), line("the south: all", "XX-S")]},
            fixed={"SEX": "_T"},
        ),
        own,
    )
    assert {c for _, c in made.taken} == {"REF_AREA", "SEX"}
    changed = [n for n in made.text.splitlines() if n not in before.splitlines()]
    assert changed == [
        '      REF_AREA: {column: region, codes: {North: XX-N, "the south: all": XX-S}}',
        "      SEX: {value: _T}",
    ]
    assert "      # regions as in the form\n      REF_AREA" in made.text
    assert "TIME_PERIOD: year   # as it is\n      SEX: {value: _T}\n    estimate:" in made.text


def test_many_codes_go_into_a_file_and_notes_stay(own: Path) -> None:
    lines = [line(f"place {i}", "XX-N") for i in range(9)]
    made = take(flow({(("region",), ("REF_AREA",)): lines}), own)
    assert list(made.files) == ["answers_ref_area.csv"]
    file = own.parent / "answers_ref_area.csv"
    file.write_text(file.read_text("utf-8").replace("place 3,XX-N,", "place 3,XX-N,an island"), "utf-8")
    take(flow({(("region",), ("REF_AREA",)): [*lines, line("new", "XX-S")]}), own)
    assert "place 3,XX-N,an island\n" in file.read_text("utf-8")
    assert load_dataset(own).code_maps["answers_ref_area.csv"]["new"] == "XX-S"


def test_a_file_of_somebody_else_is_not_written_over(own: Path) -> None:
    (own.parent / "answers_ref_area.csv").write_text("raw,code,note\nx,y,\n", "utf-8")
    made = take(flow({(("region",), ("REF_AREA",)): [line(f"place {i}", "XX-N") for i in range(9)]}), own)
    assert list(made.files) == ["answers_1_ref_area.csv"]


def test_what_the_keys_cannot_say_stays_a_structure_map(own: Path) -> None:
    said = flow(
        {
            (("region",), ("REF_AREA",)): [line("regex:N.*", "XX-N")],
            (("sex", "region"), ("SEX",)): [line(["f", "North"], "F")],
        },
        fixed={"FREQ": "A"},
        times=[DatePatternMap((("year", "TIME_PERIOD"),), None, "FREQ", pattern="yyyy")],
    )
    told = own.read_text("utf-8")
    own.write_text(
        told.replace("      REF_AREA:\n        column: region\n        codes: {North: XX-N}\n", "").replace(
            "      TIME_PERIOD: year   # as it is\n", ""
        ),
        "utf-8",
    )
    made = take(said, own)
    assert [c for _, c in made.kept] == ["REF_AREA", "SEX", "TIME_PERIOD"]
    assert "structure_map: answers_map.xml" in made.text
    found = load_dataset(own)
    assert found.contract.targets[0].map["FREQ"].value == "A"
    assert found.contract.targets[0].map["SEX"].codes == {"f␟North": "F"}
    again = take(said, own)
    assert (again.text, again.files) == (made.text, {})


def test_a_part_of_a_map_to_several_components_is_not_torn_off(own: Path) -> None:
    said = flow(
        {(("region",), ("REF_AREA", "SEX")): [line("regex:N.*", ["XX-N", "F"]), line("S", ["XX-S", "M"])]}
    )
    text = own.read_text("utf-8").replace(
        "      REF_AREA:\n        column: region\n        codes: {North: XX-N}\n", ""
    )
    own.write_text(text, "utf-8")
    assert {c for _, c in take(said, own).kept} == {"REF_AREA", "SEX"}


@pytest.mark.parametrize(
    ("said", "dataflow", "code"),
    [
        (flow({(("nowhere",), ("REF_AREA",)): None}), None, "UNKNOWN_COLUMN"),
        (flow({(("region",), ("REF_AREA",)): None}), "OFFICE:OTHER", "NO_SUCH_FLOW"),
        (flow({(("region",), ("../../REF_AREA",)): None}), None, "BAD_ID"),
        (flow({(("id",), ("SEX",)): None}), None, "BAD_VALUE"),
        (flow({(("region",), ("REF_AREA",)): [line("regex:(?=x)", "XX-N")]}), None, "BAD_PATTERN"),
    ],
)
def test_a_map_that_does_not_fit_changes_nothing(
    own: Path, said: MapMessage, dataflow: str | None, code: str
) -> None:
    before = own.read_text("utf-8")
    with pytest.raises(MappingError) as caught:
        take(said, own, dataflow)
    assert caught.value.code == code
    assert own.read_text("utf-8") == before


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    from citizenstats.contracts.document import _Loader

    assert yaml.load(f"a: {{b: {scalar(text)}}}", Loader=_Loader) == {"a": {"b": text}}


def test_the_command_shows_the_difference_first(own: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_bytes(js(flow({(("sex",), ("SEX",)): [line("f", "F"), line("m", "M")]})))
    before = own.read_text("utf-8")
    said = command("mapping", "import", file, "--into", own, "--dry-run")
    assert (said.exception, own.read_text("utf-8")) == (None, before)
    assert "+      SEX: {column: sex, codes: {f: F, m: M}}" in said.stdout
    told = json.loads(command("mapping", "import", file, "--into", own, "--json").stdout)
    schema = json.loads(
        (resources.files("citizenstats.schemas") / "mapping_import.schema.json").read_text("utf-8")
    )
    jsonschema.validate(told, schema)
    assert told["taken"] == [{"dataflow": "OFFICE:ANSWERS", "component": "SEX"}]
    assert load_dataset(own).contract.targets[0].map["SEX"].column == "sex"


TEXT = st.sampled_from(
    ["yes", "no", "null", "~", "1.5e5", "2020-01-01", "- a", "a: b", "# c", "'", '"', "é 🏠", "{x}"]
) | (
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6).filter(
        lambda t: not t.startswith("regex:")
    )
)
SAID = st.one_of(
    st.builds(lambda v: {"value": v}, TEXT),
    st.sampled_from(["region", "sex", "year", "score"]).map(lambda c: {"column": c}),
    st.builds(
        lambda c, codes: {"column": c, "codes": codes},
        st.sampled_from(["region", "sex", "score"]),
        st.dictionaries(TEXT, TEXT, min_size=1, max_size=9),
    ),
)


@settings(max_examples=6, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["REF_AREA", "SEX", "OBS_STATUS", "SAMPLE_SIZE"]), SAID, min_size=1),
    st.booleans(),
)
@example({"REF_AREA": {"column": "region"}}, False)
def test_any_map_of_a_contract_survives_the_way_out_and_in(said: dict[str, Any], in_xml: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watch" / "answers.yaml"
        path.parent.mkdir()
        told = contract()
        (target,) = told["targets"]
        target["map"] = {"TIME_PERIOD": {"column": "year"}, **said}
        whole = Dataset("watch", "answers", Contract.model_validate(told), Document(path, told, {}))
        message_ = exported(office_mappings(), whole).maps
        target["map"] = {"TIME_PERIOD": {"column": "year"}}
        path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), "utf-8")
        made = take(parse_maps((ml if in_xml else js)(message_), "here"), path)
        found = load_dataset(path)
        (after,), (before,) = found.contract.targets, whole.contract.targets
        assert {c: (m.value, m.column, found.codes_of(m)) for c, m in after.map.items()} == {
            c: (m.value, m.column, whole.codes_of(m)) for c, m in before.map.items()
        }
        assert made.kept == ()


@cache
def office_mappings() -> Mappings:
    with tempfile.TemporaryDirectory() as folder:
        return Office(Path(folder)).house.mappings
