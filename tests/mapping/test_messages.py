"""Structure maps come back from both formats as they went out, whatever stands in them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pysdmx.io
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizenstats.mapping.model import (
    ComponentMap,
    DatePatternMap,
    EpochMap,
    FixedValueMap,
    FrequencyFormat,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    ValueMapping,
)
from citizenstats.mapping.read import parse_maps, read_maps
from citizenstats.sdmx.model import Annotation, Reference
from citizenstats.sdmx.validate import validate_message
from tests.mapping.support import DSD, js, line, message, ml

DATA = Path(__file__).parent / "data"
WRITERS = {"ml-3.0": ml, "json-2.0": js}

IDS = st.from_regex(r"[A-Z][A-Z0-9_]{0,7}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12).filter(
    lambda t: not t.startswith("regex:")
)
SOME = TEXT.filter(bool)
NAMES = st.dictionaries(st.sampled_from(["en", "da", "es"]), SOME, min_size=1, max_size=2)
DAYS = st.none() | st.dates(date(1000, 1, 1), date(2999, 12, 31)).map(str)
INDEX = st.none() | st.integers(1, 9)
SOURCE = st.builds(SourceValue, TEXT, st.booleans(), INDEX, INDEX)
REFERENCES = st.builds(Reference, IDS, IDS, st.sampled_from(["1.0", "1.0.0", "2.1.3-draft"]))
SIDE = st.sampled_from(
    ["String", "Integer", "Boolean", "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL(1.0)",
     "urn:sdmx:org.sdmx.infomodel.codelist.ValueList=A:VL(1.0.0)"]
)  # fmt: skip


@st.composite
def representation(draw: st.DrawFn, n: int) -> RepresentationMap:
    sources, targets = (
        draw(st.lists(SIDE, min_size=1, max_size=3)),
        draw(st.lists(SIDE, min_size=1, max_size=2)),
    )
    lines = st.builds(
        ValueMapping, st.tuples(*[SOURCE] * len(sources)), st.tuples(*[TEXT] * len(targets)), DAYS, DAYS
    )
    return RepresentationMap(
        Reference(draw(IDS), f"RM{n}", "1.0.0"), draw(NAMES), tuple(sources), tuple(targets),
        tuple(draw(st.lists(lines, max_size=4))), draw(st.just({}) | NAMES),
    )  # fmt: skip


def _time(kind: type, **more: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]
    pairs = st.lists(st.tuples(IDS, IDS), min_size=1, max_size=2).map(tuple)
    resolve = st.sampled_from([None, "startOfPeriod", "endOfPeriod", "midPeriod"])
    shared = {"pairs": pairs, "resolve": resolve, "id": st.none() | IDS, **more}
    formats = st.lists(IDS, max_size=2).map(tuple)
    return st.builds(kind, frequency=IDS, **shared) | st.builds(
        kind, frequency_component=IDS, formats=formats, **shared
    )


EPOCHS = _time(EpochMap, base=SOME, period=st.sampled_from(["nanosecond", "millisecond", "day"]))
PATTERNS = _time(DatePatternMap, pattern=SOME, locale=st.sampled_from(["en", "da-DK"]))
FIXED = st.builds(
    FixedValueMap,
    IDS,
    st.lists(TEXT, min_size=1, max_size=2).map(tuple),
    st.sampled_from(["source", "target"]),
)
ANNOTATIONS = st.lists(st.builds(Annotation, SOME, st.none() | SOME, NAMES), max_size=2).map(tuple)


@st.composite
def messages(draw: st.DrawFn) -> MapMessage:
    representations = [draw(representation(n)) for n in range(draw(st.integers(0, 2)))]
    ids = st.lists(IDS, min_size=1, max_size=3).map(tuple)
    components = [ComponentMap(draw(ids), draw(ids), r.reference) for r in representations]
    structure_map = StructureMap(
        draw(REFERENCES), draw(NAMES), DSD.format("FROM"), DSD.format("TO"),
        (*draw(st.lists(EPOCHS, max_size=2)), *draw(st.lists(PATTERNS, max_size=2))),
        tuple(draw(st.lists(st.builds(FrequencyFormat, IDS, IDS, SOME), max_size=2))),
        (*components, ComponentMap(draw(ids), draw(ids))),
        tuple(draw(st.lists(FIXED, max_size=2))), draw(st.just({}) | NAMES), draw(ANNOTATIONS),
    )  # fmt: skip
    return MapMessage((structure_map,), tuple(representations))


@settings(max_examples=20, deadline=None)
@given(messages())
def test_any_map_comes_back_as_it_went_out(said: MapMessage) -> None:
    assert parse_maps(ml(said), "ml") == said
    assert parse_maps(js(said), "json") == said


EVERYTHING = message(
    {
        (("A", "B"), ("C", "D")): [
            line(["regex:(.*)x", "1-2:XU"], [r"\1", ""], "2020-01-01", "2020-12-31"), line(["", "y & <z>"], ["c", "d"]),
        ],
        (("E",), ("F",)): None,
    },
    fixed={"G": 'say "hi"'},
    times=[
        EpochMap((("T", "TIME_PERIOD"),), "D", base="1970", period="day"),
        DatePatternMap((("U", "TIME_PERIOD"),), None, "FREQ", ("F1",), "midPeriod", "P1", "MMM yy", "en"),
    ],
    formats=(FrequencyFormat("F1", "Q", "yyyy-Qn"),),
)  # fmt: skip


@pytest.mark.parametrize("form", WRITERS)
def test_a_message_with_every_kind_of_rule_is_valid(form: str, tmp_path: Path) -> None:
    file = tmp_path / "map"
    file.write_bytes(WRITERS[form](EVERYTHING))
    assert validate_message(file, None) == []
    assert read_maps(file) == EVERYTHING


def test_what_an_editor_adds_to_a_message_changes_nothing() -> None:
    text = ml(EVERYTHING).decode()
    noisy = text.replace("<str:Source>", "<!-- from --><str:Source>\n  ").replace(
        "</str:Source>", "\n  </str:Source>"
    )
    noisy = noisy.replace("<str:RepresentationMapping", "<?note?><!-- a line --><str:RepresentationMapping")
    assert noisy != text
    assert parse_maps(noisy.encode(), "noisy") == EVERYTHING


def test_the_samples_go_through_both_formats(tmp_path: Path) -> None:
    said = read_maps(DATA / "wb_maps.xml")
    assert (len(said.representation_maps), len(said.structure_maps)) == (5, 1)
    for write in WRITERS.values():
        file = tmp_path / "map"
        file.write_bytes(write(said))
        assert validate_message(file, None) == []
        assert read_maps(file) == said


def test_pysdmx_reads_what_we_write_of_the_samples(tmp_path: Path) -> None:
    said = read_maps(DATA / "wb_maps.xml")
    for suffix, write in (("xml", ml), ("json", js)):
        file = tmp_path / f"map.{suffix}"
        file.write_bytes(write(said))
        (found,) = pysdmx.io.read_sdmx(str(file)).get_structure_maps()
        assert len(found.date_pattern_maps) == 4
        assert len(found.multi_component_maps) == 3
        assert {m.source for m in found.implicit_component_maps} == {"OBS_CONF"}


def test_pysdmx_reads_regular_expressions_and_validity_from_json(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_bytes(js(message({(("A",), ("B",)): [line("regex:(.)x", r"\1", "2020-01-01", "2020-12-31")]})))
    (found,) = pysdmx.io.read_sdmx(str(file)).get_representation_maps()
    (mapping,) = found.maps
    assert (mapping.source, mapping.target) == ("regex:(.)x", r"\1")
    assert (mapping.valid_from.year, mapping.valid_to.month) == (2020, 12)


FUSION = {
    "StructureMap": [
        {
            "id": "SM", "agencyId": "OFFICE", "version": "1.0.0", "names": [{"locale": "en", "value": "a map"}],
            "source": DSD.format("FROM"), "target": DSD.format("TO"),
            "fixedOutput": {"G": "x", "H": ["y"]}, "fixedInput": {"S": "z"},
            "timePatternMaps": [{"source": "T", "target": "TIME_PERIOD", "pattern": "yyyy", "locale": "en", "freqId": "A"}],
            "componentMaps": [
                {"sources": ["E"], "targets": ["F"]},
                {
                    "sources": ["A", "B"], "targets": ["C"],
                    "representationMapRef": "urn:sdmx:org.sdmx.infomodel.structuremapping.RepresentationMap=OFFICE:RM(1.0.0)",
                },
            ],
        }
    ],
    "RepresentationMap": [
        {
            "id": "RM", "agencyId": "OFFICE", "version": "1.0.0", "names": [{"locale": "en", "value": "values"}],
            "sources": ["String", "String"], "targets": ["String"],
            "mappedRelationships": [
                {
                    "source": [{"value": "a.*", "regEx": True}, {"value": "b"}], "target": ["c"],
                    "validFrom": "2020-01-01T00:00:00",
                },
                {"source": ["x", "y"], "target": [None]},
            ],
        }
    ],
}  # fmt: skip


def test_the_registrys_own_json_is_read() -> None:
    said = parse_maps(json.dumps(FUSION).encode(), "fusion")
    (structure_map,), (values,) = said.structure_maps, said.representation_maps
    assert structure_map.fixed == (
        FixedValueMap("G", ("x",)), FixedValueMap("H", ("y",)), FixedValueMap("S", ("z",), "source"),
    )  # fmt: skip
    assert structure_map.patterns[0].frequency == "A"
    assert structure_map.components[1].representation == values.reference
    assert values.mappings == (line(["regex:a.*", "b"], "c", "2020-01-01"), line(["x", "y"], ""))
    assert parse_maps(ml(said), "ml") == said


def test_pysdmx_and_we_read_the_registrys_json_alike() -> None:
    import msgspec
    from pysdmx.io.json.fusion.messages.map import FusionMappingMessage
    from pysdmx.io.serde import Deserializer  # noqa: F401 - the reader's own package must be loaded first

    said = json.loads(json.dumps(FUSION))
    said["RepresentationMap"][0]["mappedRelationships"].pop()
    theirs = msgspec.json.decode(json.dumps(said), type=FusionMappingMessage).to_model()
    ours = parse_maps(json.dumps(said).encode(), "fusion").structure_maps[0]
    assert [m.pattern for m in theirs.date_pattern_maps] == [p.pattern for p in ours.patterns]
    assert {m.target for m in theirs.fixed_value_maps} == {f.component for f in ours.fixed}


def test_a_single_text_where_the_schema_has_a_list_and_the_other_way_round_is_one_component() -> None:
    said = json.loads(js(EVERYTHING))
    (structure_map,) = said["data"]["structureMaps"]
    for component in structure_map["componentMaps"]:
        for side in ("source", "target"):
            if len(component[side]) == 1:
                (component[side],) = component[side]
    for fixed in structure_map["fixedValueMaps"]:
        side = "source" if "source" in fixed else "target"
        fixed[side] = [fixed[side]]
    assert parse_maps(json.dumps(said).encode(), "loose") == EVERYTHING
