"""Validation: nothing to say about our own messages, the right word and line about damaged ones, and it never raises."""

from __future__ import annotations

import json
import socket
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from citizenstats.sdmx.model import Dataflow, Structures
from citizenstats.sdmx.validate import MOST, MessageFinding, validate_message
from tests.conftest import spread
from tests.sdmx.write.support import ALONG, FORMS, SHAPES, STRUCTURES, message, row, structure, written

DSD = structure()
KNOWN = Structures(
    STRUCTURES.schemes,
    {DSD.reference: DSD},
    {DSD.reference: Dataflow(DSD.reference, {"en": "Homes"}, DSD.reference)},
)
ROWS = [row(), row(sex="M"), row(area="NP", value=None, SAMPLE_SIZE=None)]
ML = "ml-3.0"
OLD = "ml-2.1-structure-specific"


@cache
def own(form: str, along: str | None = None) -> bytes:
    with TemporaryDirectory() as folder:
        return written(message(Path(folder), ROWS, dimension_at_observation=along), form, Path(folder))


def found(folder: Path, content: bytes, known: Structures | None = KNOWN) -> list[MessageFinding]:
    (folder / "message").write_bytes(content)
    return validate_message(folder / "message", known)


def damaged(form: str, good: str, bad: str, times: int = 1) -> bytes:
    content = own(form)
    assert good.encode() in content
    return content.replace(good.encode(), bad.encode(), times)


def line_of(form: str, text: str) -> int:
    """Return the line on which a text first stands."""
    return own(form)[: own(form).index(text.encode())].count(b"\n") + 1


# --- our own messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "along"), spread([*SHAPES, *(("csv-1.0", along) for along in ALONG)], 4))
def test_there_is_nothing_to_say_about_our_own_messages(tmp_path: Path, form: str, along: str | None) -> None:
    assert [str(fault) for fault in found(tmp_path, own(form, along))] == []


@pytest.mark.parametrize("form", [f for f in FORMS if not f.startswith("csv")])
def test_without_structures_only_the_official_part_is_checked(tmp_path: Path, form: str) -> None:
    codes = {fault.code for fault in found(tmp_path, own(form), None)}
    assert codes <= {"UNKNOWN_STRUCTURE"}


def test_a_mark_at_the_beginning_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    for form in ("csv-2.0", ML):
        content = b"\xef\xbb\xbf" + own(form).replace(b"\n", b"\r\n")
        assert [str(fault) for fault in found(tmp_path, content)] == []


# --- SDMX-ML ----------------------------------------------------------------------------------------------

OBS = '<Obs TIME_PERIOD="2020" OBS_VALUE="1.5" OBS_STATUS="A" SAMPLE_SIZE="40"/>'
XML_FAULTS = [
    ('SEX="M"', 'SEX="X"', "NOT_IN_CODELIST"),
    ('OBS_STATUS="A"', 'OBS_STATUS="a"', "NOT_IN_CODELIST"),
    (' OBS_STATUS="A"', "", "MISSING"),
    (' SEX="M"', "", "MISSING"),
    ('SEX="M"', 'SEX="M" COLOUR="red"', "NOT_IN_STRUCTURE"),
    ('OBS_STATUS="A"', 'OBS_STATUS="A" COLOUR="red"', "NOT_IN_STRUCTURE"),
    ('TIME_PERIOD="2020"', 'TIME_PERIOD="2020-13"', "NOT_VALID"),
    ('TIME_PERIOD="2020"', 'TIME_PERIOD="last year"', "NOT_VALID"),
    ('OBS_VALUE="1.5"', 'OBS_VALUE="1,5"', "NOT_VALID"),
    ('SAMPLE_SIZE="40"', 'SAMPLE_SIZE="forty"', "NOT_VALID"),
    (OBS, "<Figure/>", "NOT_VALID"),
]


@pytest.mark.parametrize("form", spread([ML, "ml-3.1", OLD, "ml-2.1-structure-specific-ts"], 2))
@pytest.mark.parametrize(("good", "bad", "code"), XML_FAULTS)
def test_a_fault_in_structure_specific_data_is_told_with_its_line(
    tmp_path: Path, form: str, good: str, bad: str, code: str
) -> None:
    faults = found(tmp_path, damaged(form, good, bad))
    assert faults
    assert {(fault.code, fault.line) for fault in faults} >= {(code, line_of(form, good))}, [
        str(f) for f in faults
    ]
    assert {fault.code for fault in faults} <= {code, "NOT_VALID"}
    assert {fault.line for fault in faults} == {line_of(form, good)}


@pytest.mark.parametrize("form", [f for f in FORMS if f.startswith("ml")])
def test_xml_that_breaks_off_is_not_well_formed(tmp_path: Path, form: str) -> None:
    content = own(form)[:-200]
    (fault,) = found(tmp_path, content)
    assert (fault.code, fault.mend) == ("NOT_WELL_FORMED", "write the file again")
    assert fault.line == content.count(b"\n") + 1


def test_a_mandatory_part_of_the_header_that_is_missing_is_told(tmp_path: Path) -> None:
    faults = found(tmp_path, damaged("ml-2.1-generic", "<mes:ID>M1</mes:ID>\n", ""))
    assert [fault.code for fault in faults] == ["NOT_VALID"]
    assert "Test" in faults[0].what


def test_findings_are_told_fifty_at_most(tmp_path: Path) -> None:
    many = OBS.replace('"A"', '"ZZ"') * 500
    codes = [fault.code for fault in found(tmp_path, damaged(ML, OBS, many))]
    assert codes == ["NOT_IN_CODELIST"] * MOST + ["DUPLICATE_KEY"]


def test_an_unknown_structure_is_told_with_a_cure(tmp_path: Path) -> None:
    (fault,) = found(tmp_path, own(ML).replace(b"OFFICE:HOMES", b"OFFICE:HOUSES"))
    assert fault.code == "UNKNOWN_STRUCTURE"
    assert "OFFICE:HOUSES(1.0.0)" in fault.what
    assert "mappings folder" in fault.mend


def test_a_namespace_that_is_no_reference_is_told_and_does_not_raise(tmp_path: Path) -> None:
    content = own(ML).replace(b"DataStructure=OFFICE:HOMES(1.0.0):", b"DataStructure=OFFICE:HOMES(x):")
    assert "UNKNOWN_STRUCTURE" in {fault.code for fault in found(tmp_path, content)}


def test_a_dimension_at_the_observation_that_is_none_is_told_and_does_not_raise(tmp_path: Path) -> None:
    content = own(ML).replace(b":ObsLevelDim:TIME_PERIOD", b":ObsLevelDim:COLOUR")
    faults = found(tmp_path, content)
    assert faults
    assert {fault.code for fault in faults} <= {"NOT_VALID", "NOT_IN_STRUCTURE", "MISSING"}


def test_sdmx_ml_2_0_is_named_as_no_version_that_is_taken(tmp_path: Path) -> None:
    space = "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message"
    (fault,) = found(
        tmp_path, f'<?xml version="1.0"?>\n<CompactData xmlns="{space}"><Header/></CompactData>'.encode()
    )
    assert (fault.code, fault.line, fault.mend) == ("NOT_SDMX", 2, "send one of these versions")
    assert "2.1 or 3.0 or 3.1" in fault.what


def laughs(depth: int = 9) -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, depth))
    return (
        f'<?xml version="1.0"?>\n<!DOCTYPE m [<!ENTITY l0 "ha">{entities}]>\n'
        f'<m xmlns="http://www.sdmx.org/resources/sdmxml/schemas/v3_0/message">&l{depth - 1};</m>'
    ).encode()


def test_an_entity_that_grows_is_never_unfolded(tmp_path: Path) -> None:
    before = time.process_time()
    (fault,) = found(tmp_path, laughs())
    assert fault.code in ("NOT_SDMX", "NOT_WELL_FORMED")
    assert "ha" * 10 not in str(fault)
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE m [<!ENTITY x SYSTEM "{uri}">]>',
        '<!DOCTYPE m SYSTEM "{uri}">',
        '<!DOCTYPE m [<!ENTITY % x SYSTEM "{uri}"> %x;]>',
    ],
)
@pytest.mark.parametrize("away", [False, True])
def test_nothing_outside_the_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str, away: bool
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    uri = f"http://127.0.0.1:{listener.getsockname()[1]}/x" if away else secret.as_uri()
    body = "&x;" if "ENTITY x" in declared else ""
    start = own(ML).decode().replace("<mes:ID>M1", f"<mes:ID>M1{body}")
    head, _, rest = start.partition("\n") if start.startswith("<?xml") else ("", "", start)
    with listener:
        faults = found(tmp_path, f"{head}\n{declared.format(uri=uri)}{rest}".encode())
        with pytest.raises(TimeoutError):
            listener.accept()
    assert [fault.code for fault in faults] in (["NOT_SDMX"], ["NOT_WELL_FORMED"])
    assert "hidden" not in str(faults[0])


def test_a_schema_or_an_included_file_that_the_message_names_is_not_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        there = f"http://127.0.0.1:{listener.getsockname()[1]}"
        content = damaged(
            ML,
            "<mes:Header>",
            f'<mes:Header xmlns:xi="http://www.w3.org/2001/XInclude" xsi:schemaLocation="urn:x {there}/x.xsd">'
            f'<xi:include href="{there}/x"/>',
        )
        assert found(tmp_path, content)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("length", [1_000_000, 12_000_000])
def test_a_huge_attribute_is_taken_or_refused_and_does_not_raise(tmp_path: Path, length: int) -> None:
    faults = found(tmp_path, damaged(ML, 'TITLE="', 'TITLE="' + "x" * length))
    assert [fault.code for fault in faults] == ([] if length < 10_000_000 else ["NOT_WELL_FORMED"])
    assert all(len(fault.what) < 1000 for fault in faults)


def test_deep_nesting_is_refused_and_does_not_raise(tmp_path: Path) -> None:
    (fault,) = found(tmp_path, b"<a>" * 100_000)
    assert fault.code == "NOT_WELL_FORMED"


def test_a_finding_does_not_repeat_a_long_value(tmp_path: Path) -> None:
    faults = found(tmp_path, damaged(ML, 'SEX="M"', f'SEX="{"x" * 100_000}"'))
    assert "NOT_IN_CODELIST" in {fault.code for fault in faults}
    assert all(len(fault.what) < 1000 for fault in faults)


# --- SDMX-CSV ---------------------------------------------------------------------------------------------

FIRST = 'dataflow,OFFICE:HOMES(1.0.0),R,A,DK,F,2020,1.5,A,PT,Homes of F <DK>,"The ""DK""",Kin & co,40,,\n'
CSV_FAULTS = [
    # what stands there, what stands there instead, code, line
    (",DK,M,2020", ",DK,X,2020", "NOT_IN_CODELIST", 3),
    (",NP,F,2020", ",,F,2020", "MISSING", 4),
    (",DK,M,2020,1.5,A,", ",DK,M,2020,1.5,,", "MISSING", 3),
    (",DK,M,2020", ",DK,M,2020-01", "PERIOD_DOES_NOT_FIT", 3),
    (",DK,M,2020", ",DK,M,soon", "PERIOD_DOES_NOT_FIT", 3),
    (",DK,M,2020,1.5", ",DK,M,2020,many", "NOT_A_NUMBER", 3),
    (",R,A,DK,M", ",Q,A,DK,M", "BAD_ACTION", 3),
    (",DK,M,2020", ",DK,F,2020", "DUPLICATE_KEY", 3),
    ("OBS_VALUE,OBS_STATUS", "OBS_VALUE,COLOUR", "NOT_IN_STRUCTURE", 1),
    ("REF_AREA,SEX", "REF_AREA,GENDER", "COLUMN_MISSING", 1),
    ("OFFICE:HOMES(1.0.0),R,A,DK,F", "OFFICE:HOUSES(1.0.0),R,A,DK,F", "UNKNOWN_STRUCTURE", 2),
    ("STRUCTURE,STRUCTURE_ID", "TABLE,STRUCTURE_ID", "NOT_SDMX", None),
    (FIRST, FIRST.replace(",40,,", ",40"), "NOT_WELL_FORMED", None),
    (FIRST, FIRST.replace(",40,,", ",40,,,x"), "NOT_WELL_FORMED", None),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "code", "line"), CSV_FAULTS)
def test_a_fault_in_csv_is_told_with_its_line(
    tmp_path: Path, good: str, bad: str, code: str, line: int | None
) -> None:
    faults = found(tmp_path, damaged("csv-2.0", good, bad))
    assert (code, line) in {(fault.code, fault.line) for fault in faults}, [str(f) for f in faults]


def test_a_csv_without_rows_or_structures_is_told(tmp_path: Path) -> None:
    header = own("csv-2.0").split(b"\n")[0]
    assert [f.code for f in found(tmp_path, header + b"\n")] == ["EMPTY"]
    assert [f.code for f in found(tmp_path, header)] == ["EMPTY"]
    assert [f.code for f in found(tmp_path, own("csv-2.0"), None)] == ["UNKNOWN_STRUCTURE"]


def test_lines_of_csv_may_end_with_a_carriage_return_alone(tmp_path: Path) -> None:
    content = written(message(tmp_path, ROWS), "csv-2.1", tmp_path)
    file = tmp_path / "message.csv"
    file.write_bytes(content.replace(b"\n", b"\r"))
    assert validate_message(file, KNOWN) == []
    file.write_bytes(content.replace(b"\n", b"\r").replace(b",F,", b",G,", 1))
    (found,) = validate_message(file, KNOWN)
    assert found.code == "NOT_IN_CODELIST"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "cp1252"])
def test_csv_in_another_encoding_is_told(tmp_path: Path, encoding: str) -> None:
    text = own("csv-2.0").decode().replace("Kin & co", "Kære Kin")
    (fault,) = found(tmp_path, text.encode(encoding))
    assert fault.code in ("NOT_WELL_FORMED", "NOT_SDMX")
    assert fault.mend


def test_csv_with_a_wrong_byte_far_below_is_told(tmp_path: Path) -> None:
    rows = "".join(FIRST.replace(",2020,", f",{1000 + n},") for n in range(1999)).encode()
    content = (
        own("csv-2.0").split(b"\n")[0] + b"\n" + rows + FIRST.replace("Kin & co", "Kære").encode("latin-1")
    )
    assert "NOT_WELL_FORMED" in {fault.code for fault in found(tmp_path, content)}


def test_quotes_and_sql_in_a_header_or_cell_do_nothing(tmp_path: Path) -> None:
    assert [f.code for f in found(tmp_path, damaged("csv-2.0", "COMMENT_OBS", "x'); DROP TABLE t; --"))] == [
        "NOT_IN_STRUCTURE"
    ]
    for cell in ("x'); DROP TABLE t; --", '"""', "'", "\\"):
        assert found(tmp_path, damaged("csv-2.0", ",DK,M,", f",{cell},M,"))


# --- other files ------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"data":' + b"[" * depth + b"]" * depth + b"}"


OTHERS = [
    (b"", "EMPTY"),
    (b" \r\n\t\n", "EMPTY"),
    (b"\xef\xbb\xbf", "EMPTY"),
    (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n",
        ("NOT_SDMX", "NOT_WELL_FORMED"),
    ),
    (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", ("NOT_SDMX", "NOT_WELL_FORMED")),
    (b"\x00" * 5000, "EMPTY"),
    (bytes(range(256)) * 40, ("NOT_SDMX", "NOT_WELL_FORMED")),
    (b"just a sentence", "NOT_SDMX"),
    (b"STRUCTURE", "EMPTY"),
    (b"STRUCTURE,STRUCTURE_ID,ACTION", "EMPTY"),
    (b'"STRUCTURE,\n', "EMPTY"),
    (b"a" * 300_000, "NOT_SDMX"),
    (b"<", "NOT_WELL_FORMED"),
    (b"<html><body>Not found</body></html>", "NOT_SDMX"),
    (b"<?xml version='1.0' encoding='no-such'?><a/>", "NOT_WELL_FORMED"),
    (b"<?xml version='1.0' encoding='UTF-8'?><a b='\xe6'/>", "NOT_WELL_FORMED"),
    ("<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"), ("NOT_SDMX", "NOT_WELL_FORMED")),
    (b"{", "NOT_WELL_FORMED"),
    (b'{"a": \xff}', "NOT_WELL_FORMED"),
    (b"{}", "NOT_SDMX"),
    (b'{"data": []}', "NOT_SDMX"),
    (b'{"data": {}}', "NOT_SDMX"),
    (b'{"data": {"dataSets": 7}, "meta": 7}', "NOT_SDMX"),
    (b'{"data": {"dataSets": []}, "meta": {"schema": 7}}', "NOT_VALID"),
    (b'{"type": "FeatureCollection", "features": []}', "NOT_SDMX"),
    (nested(100), "NOT_SDMX"),
    (nested(200_000), "NOT_WELL_FORMED"),
]


@pytest.mark.parametrize(("content", "codes"), OTHERS, ids=range(len(OTHERS)))
def test_a_file_that_is_no_message_is_told_and_does_not_raise(
    tmp_path: Path, content: bytes, codes: str | tuple[str, ...]
) -> None:
    faults = found(tmp_path, content)
    assert faults
    assert {fault.code for fault in faults} <= ({codes} if isinstance(codes, str) else set(codes)), [
        str(f) for f in faults
    ]


@pytest.mark.parametrize("form", ["json-2.0", "json-2.1"])
def test_a_damaged_json_message_is_told_with_the_place(tmp_path: Path, form: str) -> None:
    whole = json.loads(own(form))
    del whole["meta"]["sender"]
    whole["data"]["dataSets"][0]["action"] = "Bake"
    faults = found(tmp_path, json.dumps(whole).encode())
    assert {fault.code for fault in faults} == {"NOT_VALID"}
    assert [fault.what.split(":")[0] for fault in faults] == ["data/dataSets/0/action", "meta"]


def test_json_that_breaks_off_is_told_with_its_line(tmp_path: Path) -> None:
    content = own("json-2.0")[:-40]
    (fault,) = found(tmp_path, content)
    assert (fault.code, fault.line) == ("NOT_WELL_FORMED", content.count(b"\n") + 1)


@pytest.mark.parametrize("form", ["csv-2.0", ML, OLD, "ml-2.1-generic", "json-2.0"])
def test_a_message_cut_anywhere_is_told_and_does_not_raise(tmp_path: Path, form: str) -> None:
    whole = own(form)
    for end in range(1, len(whole) - 3, max(1, len(whole) // 12)):
        faults = found(tmp_path, whole[:end])
        assert all(isinstance(fault, MessageFinding) for fault in faults)
        assert faults or form.startswith("csv")


def test_a_finding_reads_as_one_line() -> None:
    assert str(MessageFinding("EMPTY", "the file is empty")) == "EMPTY: the file is empty"
    assert str(MessageFinding("A", "b", 3, "c")) == "line 3: A: b → c"
