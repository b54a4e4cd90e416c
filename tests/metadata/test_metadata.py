"""Reference metadata: valid in every format, the same in all of them, declared, and silent about people and rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from lxml import etree

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import MessageError
from citizenstats.house import House
from citizenstats.metadata import sdg, structure, write_json
from citizenstats.metadata.files import FORMATS, KEPT, WRITERS, metadata_of
from citizenstats.metadata.model import MSD
from citizenstats.metadata.report import ALL_ASKED, TOLD, UNDRAWN, UNKNOWN, report, sampling_error
from citizenstats.release import release
from citizenstats.release.manifest import newest
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.validate import validate_message
from citizenstats.store import Store
from tests.estimate.support import contract
from tests.release import support

ROOT = Path(__file__).resolve().parents[2]
FACTS = {
    "dataflow": "CITIZENSTATS:DISABILITY_BAROMETER(1.0.0)",
    "message_id": "DISABILITY_BAROMETER-abc",
    "prepared": "2026-03-01T12:00:00Z",
    "parent": "R0001",
    "counts": {"observations": 200, "suppressed": 50, "flagged": 0},
    "changes": {"added": 1, "changed": 2, "withdrawn": 3},
    "quality": {
        "catalogue": "1.0.0-x",
        "score": 0.5,
        "minimum": None,
        "gate": "open",
        "hindrances": [],
        "dimensions": [{"id": "accuracy", "score": 0.5, "minimum": None, "criteria": 2, "answered": 1}],
        "criteria": [
            {"id": "FEEDBACK_GIVEN", "dimension": "participation", "verdict": "unanswered", "by": "nobody",
             "reason": "Nobody has looked at it."},
        ],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def mappings():
    return load_mappings(ROOT / "sdmx_mappings")


@pytest.fixture
def house(tmp_path, mappings):
    store = Store(tmp_path)
    store.prepare()
    return House(store, mappings)


def _told(reported):
    return {part.id: part.value for part in reported.walk() if part.value is not None}


@pytest.mark.parametrize("form", WRITERS)
def test_each_format_is_valid_by_the_official_schema(house, tmp_path, form):
    file = tmp_path / "message"
    file.write_bytes(WRITERS[form](report(house, FACTS)))
    assert validate_message(file, None) == []


@pytest.mark.parametrize("form", ["ml-3.0", "ml-3.1", "json-2.0", "json-2.1"])
def test_the_structure_is_valid_by_the_official_schema(house, tmp_path, form):
    file = tmp_path / "message"
    file.write_bytes(structure.message(form, Header("MSD", report(house, FACTS).prepared, "OFFICE")))
    assert validate_message(file, None) == []
    assert MSD.encode() in file.read_bytes()


def test_the_schema_finds_a_report_that_is_none(house, tmp_path):
    for form, old, new in (
        ("json-2.1", b'"attributes"', b'"atributes"'),
        ("ml-3.0", b"gen:Target", b"gen:Targt"),
    ):
        file = tmp_path / form
        file.write_bytes(WRITERS[form](report(house, FACTS)).replace(old, new))
        assert validate_message(file, None)


def test_all_formats_say_the_same(house):
    told = report(house, FACTS)
    assert write_json.read(WRITERS["json-2.0"](told)) == told
    assert write_json.read(WRITERS["json-2.1"](told)) == told
    in_json = [r.id for attribute in told.attributes for r in attribute.walk()]
    for form in ("ml-3.0", "ml-3.1"):
        root = etree.fromstring(WRITERS[form](told))
        assert [element.get("id") for element in root.iterfind(".//{*}Attribute")] == in_json


def test_every_attribute_stands_where_the_structure_declares_it(house):
    paths, many = set(), set()

    def declare(one, path):
        place = (*path, one.id)
        paths.add(place)
        many.update({place} if one.many else ())
        for part in one.parts:
            declare(part, place)

    def look(reported, path):
        place = (*path, reported.id)
        assert place in paths
        names = [part.id for part in reported.parts]
        assert all(names.count(n) == 1 or (*place, n) in many for n in names)
        for part in reported.parts:
            look(part, place)

    for one in structure.declared():
        declare(one, ())
    for flow in house.mappings.dataflows:
        for reported in report(house, {**FACTS, "dataflow": str(house.mappings.reference(flow))}).attributes:
            look(reported, ())


def test_it_says_who_made_it_with_whom_and_how_sure_it_is(house):
    told = {k: v for attribute in report(house, FACTS).attributes for k, v in _told(attribute).items()}
    assert "with the participation" in told["CITIZEN_ORIGIN"]["en"]
    assert told["PARTICIPATION_DESIGN"] == 4
    assert "PARTICIPATION_USE" not in told
    assert told["RESPONSE_RATE"] == 0.5
    assert "institutions" in told["REC_USE_LIM"]["en"]
    assert told["REC_USE_LIM"]["da"]
    assert told["CRITERION_VERDICT"] == {"en": "unanswered"}
    assert told["FEEDBACK_GIVEN"]["en"].startswith("unanswered")
    assert "25 %" in told["CONF_DATA_TR"]["en"]
    assert (told["REVISION_OF"]["en"], told["REVISION_CHANGED"]) == ("R0001", 2)


def test_where_no_standard_error_is_defensible_it_is_said(house):
    facts = {**FACTS, "dataflow": "CITIZENSTATS:INDIGENOUS_NAVIGATOR(1.0.0)"}
    sources = [a for a in report(house, facts).attributes if a.id == "CITIZEN_SOURCE"]
    assert all("not be defensible" in _told(s)["SAMPLING_ERROR_TOLD"]["en"] for s in sources)


def test_it_never_says_where_evidence_of_consent_lies_nor_who_judged(house):
    for flow in house.mappings.dataflows:
        text = WRITERS["json-2.0"](
            report(house, {**FACTS, "dataflow": str(house.mappings.reference(flow))})
        ).decode()
        for name in house.mappings.dataflow(flow).feeds:
            contract = house.mappings.dataset(name).contract
            assert contract.record.consent.evidence not in text
            assert contract.author not in text
            assert all(a.by not in text for a in contract.assessment.values())


# --- with a release ---------------------------------------------------------------------------------------


def test_each_release_has_it_and_other_formats_are_written_from_it(tmp_path):
    house = support.office(tmp_path)
    support.protect(house, "p1", {support.FLOW: [support.row()]}, [support.deliver(house, support.FIRST, 1)])
    release.release(house, support.FLOW)
    found = newest(house.store, support.FLOW)
    names = {f["name"] for f in found.facts["files"]}
    assert {KEPT, "metadata.ml-3.0.xml", "metadata-structure.ml-3.0.xml"} <= names
    assert metadata_of(found.folder, "ml-3.0") == (found.folder / "metadata.ml-3.0.xml").read_bytes()
    assert metadata_of(found.folder, "json-2.0") == (found.folder / KEPT).read_bytes()
    assert "secret name" not in (found.folder / KEPT).read_text("utf-8")
    with pytest.raises(MessageError) as refused:
        metadata_of(found.folder, "ml-2.1-generic")
    assert refused.value.code == "SDG_ONLY"
    assert "ml-2.1-generic" in FORMATS


# --- the SDG national reporting ---------------------------------------------------------------------------


def test_the_sdg_reporting_has_a_set_for_each_series_and_area(house, tmp_path):
    file = tmp_path / "observations.parquet"
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES ('VC_VAW_MTUHRA', 'N', '404', '2020'), ('VC_VAW_MTUHRA', 'N', '404', '2021'), "
        f"('VC_VOC_ENFDIS', 'N', '524', '2020')) t(SERIES, REPORTING_TYPE, REF_AREA, TIME_PERIOD)) TO '{file}'"
    )
    facts = {**FACTS, "dataflow": "IAEG-SDGs:DF_SDG_GLC(1.0)"}
    message = tmp_path / "message.xml"
    message.write_bytes(sdg.message(house, facts, file))
    assert validate_message(message, None) == []
    root = etree.parse(str(message)).getroot()
    keys = [
        [v.text for v in target.iterfind(".//{*}Value")] for target in root.iterfind(".//{*}Report/{*}Target")
    ]
    assert keys == [["VC_VAW_MTUHRA", "N", "404"], ["VC_VOC_ENFDIS", "N", "524"]]


def test_only_attributes_of_the_sdg_structure_are_reported(house):
    official = ROOT / "tests" / "metadata" / "sdg_msd.txt"
    known = official.read_text("utf-8").split()
    assert len(known) == 44
    told = sdg.attributes(house, {**FACTS, "dataflow": "IAEG-SDGs:DF_SDG_GLC(1.0)"})
    assert set(told) <= set(known)
    assert {"REC_USE_LIM", "QUALITY_ASSMNT", "DATA_VALIDATION", "COLL_METHOD", "DATA_SOURCE"} <= set(told)


def test_the_sdg_report_tells_of_calibration_and_of_the_newest_comparisons(house):
    def comparison(period, share):
        largest = {"category": ["North"], "difference": 0.2}
        return {"benchmark": "regions", "period": period, "dissimilarity": share, "largest": largest}

    sample = {
        "dataset": "partner/survey",
        "benchmarks": [{"benchmark": "regions", "met": True}, {"benchmark": "ages", "met": False}],
        "comparisons": [comparison("2020", 0.25), comparison("2016", 0.5)],
        "calibration": {"method": "logit", "bounds": [0.5, 2.0], "periods": []},
    }
    facts = {**FACTS, "dataflow": "IAEG-SDGs:DF_SDG_GLC(1.0)"}
    told = sdg.attributes(house, {**facts, "samples": [sample]})
    assert told["DATA_COMP"] == {
        "en": "Weights are calibrated by the logit method to the official counts regions, with factors from 0.5 to 2."
    }
    assert "in 2020 differs from the official counts by 25 %" in told["QUALITY_ASSMNT"]["en"]
    assert "2016" not in told["QUALITY_ASSMNT"]["en"]
    compared_only = sdg.attributes(house, {**facts, "samples": [{**sample, "calibration": None}]})
    assert "DATA_COMP" not in compared_only
    assert compared_only["QUALITY_ASSMNT"] == told["QUALITY_ASSMNT"]


@pytest.mark.parametrize(
    ("sampling", "design", "says"),
    [
        ("probability", {"strata": "h", "lonely": "fail"}, TOLD),
        ("probability", {"design": "simple_random"}, TOLD),
        ("probability", {}, UNKNOWN),
        ("probability", {"design": "none"}, UNKNOWN),
        ("probability", {"design": "census"}, ALL_ASKED),
        ("census_of_communities", {}, ALL_ASKED),
        ("non_probability", {}, UNDRAWN),
        ("document_review", {}, UNDRAWN),
        ("register", {}, UNDRAWN),
    ],
)
def test_it_says_why_there_is_no_standard_error(sampling, design, says):
    made = contract(
        {"y": "DOUBLE", "h": "VARCHAR"}, {"indicators": {"M": {"mean": "y"}}, **design}, sampling=sampling
    )
    assert sampling_error(made) == says


@pytest.mark.parametrize(
    ("rule", "word"), [("certainty", "nothing"), ("adjust", "zero"), ("average", "average")]
)
def test_it_says_what_a_lonely_cluster_adds(rule, word):
    estimate = {"strata": "h", "lonely": rule, "indicators": {"M": {"mean": "y"}}}
    said = sampling_error(contract({"y": "DOUBLE", "h": "VARCHAR"}, estimate))
    assert said.startswith(TOLD)
    assert word in said.removeprefix(TOLD)
