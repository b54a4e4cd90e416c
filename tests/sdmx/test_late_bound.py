"""Which version a reference means, by the rules of SDMX 3.0, and that messages and our own files may say it so."""

import re
import shutil
from pathlib import Path

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import MappingError, MessageError, StructureError
from citizenstats.sdmx.late_bound import newest_fitting
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.read import read_message
from citizenstats.sdmx.registry.differences import artefacts_of, differences
from citizenstats.sdmx.registry.message import read_structures
from citizenstats.sdmx.selected import select
from citizenstats.sdmx.structures import structure_message
from citizenstats.sdmx.validate import validate_message

from .test_load import GOOD, HOMES, folder, loaded
from .test_structure_messages import HEADER, OWN, ROOT, awkward

VERSIONS = (
    "0.9.0", "1.0", "1.0.0", "1.1.0", "1.1.4", "1.2.0-draft", "1.10.0", "2.0.0", "2.0.1", "2.1.0-draft", "3.0.0-draft",
    "4", "4.1",
)  # fmt: skip
MEANT = [
    ("+", "2.0.1"), ("+.0.0", "2.0.1"), ("1+.0.0", "2.0.1"), ("1.0+.0", "1.10.0"), ("1.+.0", "1.10.0"), ("1.1.0+", "1.1.4"),
    ("1.1.+", "1.1.4"), ("1.1.2+", "1.1.4"), ("1.2+.0", "1.10.0"), ("2.0.1+", "2.0.1"), ("2.0.2+", None), ("3+.0.0", None),
    ("0.9+.0", None), ("~", "4.1"), ("*", "4.1"), ("~.0", "4.1"), ("1~.0", "4.1"), ("1.0~", "1.0"), ("1.~", "1.0"),
    ("~.0.0", "3.0.0-draft"), ("2.0~.0", "2.1.0-draft"), ("1.1~.0", "1.10.0"), ("1.2.0~", "1.2.0-draft"),
    ("2~.0.0", "3.0.0-draft"), ("3.0.0~", "3.0.0-draft"), ("0.9.0~", "0.9.0"), ("1.*", "1.0"),
    ("*.0.0", "3.0.0-draft"), ("5~.0.0", None), ("9.*.0", None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), MEANT)
def test_the_version_that_a_reference_means(said, meant):
    assert newest_fitting(said, VERSIONS) == meant
    assert newest_fitting(said, reversed(VERSIONS)) == meant


@pytest.mark.parametrize(
    "said", ["1+.0+.0", "+.~.0", "1.0+", "1+", "+.0", "1.0.0", "1.0++.0", "a+.0.0", "1.0+.0-draft", "~~", ""]
)
def test_what_means_no_version_is_an_error(said):
    with pytest.raises(StructureError, match="BAD_REFERENCE"):
        newest_fitting(said, VERSIONS)


def test_a_draft_comes_before_what_it_is_a_draft_of():
    assert newest_fitting("~", ["1.0.0", "1.0.0-draft"]) == "1.0.0"


# --- our own files ----------------------------------------------------------------------------------------


def with_said(place: Path, list_: str = "OFFICE:CL_REGION(1.0.0)", structure: str = "") -> Path:
    (place / HOMES).write_text(GOOD[HOMES].replace("OFFICE:CL_REGION(1.0.0)", list_), "utf-8")
    flow = place / "dataflows" / "OFFICE" / "HOMES.yaml"
    flow.write_text(
        GOOD["dataflows/OFFICE/HOMES.yaml"] + (f'structure: "{structure}"\n' if structure else ""), "utf-8"
    )
    return place


@pytest.mark.parametrize(
    ("list_", "structure"),
    [
        ("OFFICE:CL_REGION(1.0+.0)", "OFFICE:HOMES(1.0+.0)"),
        ("OFFICE:CL_REGION(+)", "OFFICE:HOMES(+)"),
        ("OFFICE:CL_REGION(1+.0.0)", "OFFICE:HOMES(~)"),
        ("OFFICE:CL_REGION(~)", "OFFICE:HOMES(*)"),
    ],
)
def test_our_own_files_may_mean_the_newest_that_fits(tmp_path, list_, structure):
    found = loaded(with_said(folder(tmp_path), list_, structure))
    flow = Reference("OFFICE", "HOMES", "1.0.0")
    assert found.dataflows[flow].structure == flow
    # What is loaded, and so what is written, refers to the version that is meant.
    assert found.structure_of(flow).by_id["REGION"].codelist == Reference("OFFICE", "CL_REGION", "1.0.0")


@pytest.mark.parametrize(
    ("list_", "structure", "code", "told"),
    [
        ("OFFICE:CL_REGION(1.1+.0)", "", "NO_SUCH_SCHEME", "there is 1.0.0"),
        ("OFFICE:CL_REGION(1.0+)", "", "BAD_REFERENCE", "write one mark"),
        ("OFFICE:CL_REGION(1.0.0)", "OFFICE:HOMES(2+.0.0)", "NO_SUCH_STRUCTURE", "there is 1.0.0"),
    ],
)
def test_where_nothing_fits_it_is_told_with_what_there_is(tmp_path, list_, structure, code, told):
    with pytest.raises(MappingError) as caught:
        loaded(with_said(folder(tmp_path), list_, structure))
    assert caught.value.code == code
    assert told in str(caught.value)
    assert ".yaml" in caught.value.where


# --- messages ---------------------------------------------------------------------------------------------


def late(form: str, version: bytes = b"1.0+.0") -> bytes:
    """Return a structure message whose references mean the newest that fits, as a registry sends it."""
    content = structure_message(awkward(), [OWN], form, HEADER)
    refers = (
        rb'(>|"enumeration": "|"conceptIdentity": ")(urn:[^<"]*OFFICE:(?:CL_REGION|CS_OFFICE)\()1\.0\.0\)'
    )
    return re.sub(refers, lambda found: found[1] + found[2] + version + b")", content)


def pulled(tmp_path: Path, form: str, content: bytes) -> Path:
    shutil.copytree(ROOT / "sdmx_mappings", tmp_path / "mappings")
    place = tmp_path / "mappings" / "structures" / "OFFICE" / "imported"
    place.mkdir(parents=True)
    (place / f"homes.{'json' if form.startswith('json') else 'xml'}").write_bytes(content)
    return tmp_path / "mappings"


@pytest.mark.parametrize("form", ["ml-3.0", "json-2.0"])
def test_references_of_messages_mean_the_newest_that_fits(tmp_path, form):
    content = late(form)
    assert content.count(b"1.0+.0") > 5
    (tmp_path / "message").write_bytes(content)
    assert validate_message(tmp_path / "message", None) == []
    found = load_mappings(pulled(tmp_path, form, content)).structures
    told = {(c.id, c.codelist, c.concept_scheme) for c in found.structure_of(OWN).components}
    assert told == {(c.id, c.codelist, c.concept_scheme) for c in awkward().structure_of(OWN).components}
    # A registry whose references are late-bound has the same as we.
    mine = artefacts_of(select(found, [OWN]))
    assert {
        d.state for d in differences(mine, read_structures(content).bound(mine)) if d.kind == "DataStructure"
    } == {"same"}


def test_where_nothing_fits_a_reference_of_a_message_it_is_told_where_it_is_used(tmp_path):
    found = load_mappings(pulled(tmp_path, "json-2.0", late("json-2.0", b"1.1+.0"))).structures
    with pytest.raises(StructureError) as caught:
        found.scheme(found.structure_of(OWN).by_id["REGION"].codelist)
    assert "OFFICE:CL_REGION(1.1+.0)" in str(caught.value)
    assert "there is 1.0.0" in str(caught.value)


def test_a_reference_of_a_message_that_means_nothing_is_told(tmp_path):
    with pytest.raises(MappingError, match="BAD_REFERENCE"):
        load_mappings(pulled(tmp_path, "json-2.0", late("json-2.0", b"1+.0+.0")))


@pytest.mark.parametrize(
    ("said", "is_known"), [("+", True), ("1.0+.0", True), ("~", True), ("2+.0.0", False), ("+.~.0", False)]
)
def test_a_data_message_may_name_its_dataflow_so(tmp_path, said, is_known):
    text = f"STRUCTURE,STRUCTURE_ID,REGION,DAY,TIME_PERIOD,OBS_VALUE\ndataflow,OFFICE:HOMES({said}),R1,x,2020,1\n"
    (tmp_path / "data.csv").write_text(text)
    if is_known:
        assert read_message(tmp_path / "data.csv", awkward(), tmp_path / "read.parquet").dataflow == OWN
        return
    with pytest.raises(MessageError, match="UNKNOWN_STRUCTURE"):
        read_message(tmp_path / "data.csv", awkward(), tmp_path / "read.parquet")
