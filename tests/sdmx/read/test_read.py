"""What the writers write reads back equal: every format, by series and flat, and what is no message is named."""

from __future__ import annotations

import gzip
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.harmonize.frame import as_component, sql_type
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import FLAT, Structures
from citizenstats.sdmx.read import read_message, read_observations
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, DataMessage, chunks
from citizenstats.sdmx.write.options import Options
from tests.sdmx.write.support import (
    AWKWARD,
    STRUCTURES,
    component,
    message,
    message_of,
    row,
    structure,
    written,
)

ROOT = Path(__file__).parents[3]
XML_AND_JSON = [form for form in FORMATS if not form.startswith("csv")]
LONG = pytest.mark.long
FEW = ("ml-3.0", "ml-2.1-generic", "json-2.1")
"""One of each syntax; the others of its kind are long tests."""

SHAPES = [
    *((form, None) for form in FORMATS),
    *(
        pytest.param(form, along, marks=() if form in FEW else LONG)
        for form in XML_AND_JSON for along in (FLAT, "SEX") if not form.endswith("-ts")
    ),
]  # fmt: skip


def everything():
    rows = [
        row(area=area, sex=sex, period=period, COMMENT_OBS=AWKWARD[(n + len(area + sex)) % len(AWKWARD)])
        for area in ("DK", "NP") for sex in ("F", "_T") for n, period in enumerate(("2019", "2020", "2021-A1"))
    ]  # fmt: skip
    return [*rows, row(area="PH", value=None, TITLE=None, COMMENT_OBS=None, SAMPLE_SIZE=None)]


def known(dsd) -> Structures:
    from citizenstats.sdmx.model import Dataflow

    flow = Dataflow(dsd.reference, {"en": "Homes"}, dsd.reference)
    return Structures(STRUCTURES.schemes, {dsd.reference: dsd}, {dsd.reference: flow})


def rows_of(source):
    with duckdb.connect() as connection:
        return connection.execute(source).fetchall()


def put(folder, content, name="message"):
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(("form", "along"), SHAPES)
def test_what_is_written_reads_back_equal(tmp_path, form, along):
    told = message(tmp_path, everything(), dimension_at_observation=along)
    file = put(tmp_path, written(told, form, tmp_path))
    into = tmp_path / "read.parquet"
    found = read_observations(file, known(told.structure), into)
    assert rows_of(f"FROM '{into}'") == rows_of(told.source)
    assert found.count == len(everything())
    assert found.facts.unknown == ()


@pytest.mark.parametrize("form", ["csv-2.1", "ml-3.0", "json-2.0"])
def test_what_is_packed_reads_alike(tmp_path, form):
    told = message(tmp_path, everything())
    content = written(told, form, tmp_path)
    facts = [
        read_message(put(tmp_path, one, "m"), known(told.structure), tmp_path / f"{n}.parquet")
        for n, one in enumerate((content, gzip.compress(content)))
    ]
    assert facts[0] == facts[1]
    assert rows_of(f"FROM '{tmp_path / '0.parquet'}'") == rows_of(f"FROM '{tmp_path / '1.parquet'}'")


@pytest.mark.parametrize(("form", "action", "said"), [
    ("csv-2.1", "Delete", "Delete"), ("csv-2.0", "Append", "Append"), ("csv-2.1", "Append", "Merge"),
    ("ml-3.0", "Delete", "Delete"), ("ml-3.1", "Append", "Merge"), ("ml-2.1-generic", "Information", "Information"),
    ("ml-2.1-structure-specific", "Delete", "Delete"), ("json-2.0", "Replace", "Replace"),
])  # fmt: skip
def test_each_row_has_the_action_of_the_message(tmp_path, form, action, said):
    told = message(tmp_path, everything(), action=action)
    into = tmp_path / "read.parquet"
    facts = read_message(put(tmp_path, written(told, form, tmp_path)), known(told.structure), into)
    assert rows_of(f"SELECT _action, count(*) FROM '{into}' GROUP BY ALL") == [(said, facts.rows)]
    if not form.startswith("csv"):
        assert (facts.id, facts.sender, facts.receiver) == ("M1", "OFFICE", "NSO")
        assert facts.prepared.startswith("2026-02-01T00:00:00")
        assert facts.along == "TIME_PERIOD"


@pytest.mark.parametrize("form", ["csv-2.1", *FEW])
def test_a_message_without_observations_has_no_rows(tmp_path, form):
    told = message(tmp_path, [])
    content = written(told, form, tmp_path)
    into = tmp_path / "read.parquet"
    found = read_observations(put(tmp_path, content), known(told.structure), into, told.dataflow.reference)
    assert found.count == 0
    assert rows_of(f"FROM '{into}'") == []


FLOWS = ["DISABILITY_BAROMETER", "LGBT_BAROMETER", "INDIGENOUS_NAVIGATOR", "RIGHT_TO_DEFEND", "DF_SDG_GLC"]


@pytest.fixture(scope="module")
def published():
    return load_mappings(ROOT / "sdmx_mappings").structures


def observations_of(structures, dsd, count=40):
    """SQL of observations of a structure: codes of its lists in turn, in key order."""
    columns = []
    for n, part in enumerate(dsd.components):
        if part.role == "time":
            text = "CAST(2000 + i AS VARCHAR)"
        elif part.codelist is not None and part.attachment != "observation":
            text = f"'{structures.scheme(part.codelist).items[0].id}'"
        elif part.codelist is not None:
            codes = [f"'{item.id}'" for item in structures.scheme(part.codelist).items[:7]]
            text = f"([{', '.join(codes)}])[1 + (i * {n + 1}) % {len(codes)}]"
        elif sql_type(part) == "VARCHAR":
            text = "'a < b'" if part.attachment != "observation" else "'it''s \"' || i"
        else:
            text = "i / 8"
        columns.append(f'CAST({text} AS {sql_type(part)}) AS "{part.id}"')
    key = ", ".join(f'"{d}"' for d in dsd.key)
    return f"SELECT {', '.join(columns)} FROM (SELECT unnest(range({count})) AS i) ORDER BY {key}"


KINDS = ["csv-2.1", "ml-2.1-structure-specific", "ml-2.1-generic", "ml-3.1", "json-2.1"]
OF_SYSTEMS = [
    pytest.param(form, flow, along, marks=() if n == m and (along is None) == bool(n % 2) else LONG)
    for n, form in enumerate(KINDS) for m, flow in enumerate(FLOWS) for along in (None, FLAT)
]  # fmt: skip


@pytest.mark.parametrize(("form", "flow", "along"), OF_SYSTEMS)
def test_the_structures_of_the_systems_read_back_equal(tmp_path, published, form, flow, along):
    of = next(f for r, f in published.dataflows.items() if r.id == flow)
    dsd = published.structure_of(of.reference)
    source = f"SELECT * FROM ({observations_of(published, dsd)})"
    header = Header("M1", datetime(2026, 2, 1, tzinfo=UTC), "CITIZENSTATS")
    told = DataMessage(of, dsd, source, header, along, structures=published)
    into = tmp_path / "read.parquet"
    found = read_observations(put(tmp_path, written(told, form, tmp_path)), published, into)
    assert found.facts.dataflow == of.reference
    assert rows_of(f"FROM '{into}'") == rows_of(source)


def test_rows_with_several_actions_are_played_in_order(tmp_path):
    dsd = structure()
    head = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,COMMENT_OBS"
    rows = [
        "M,A,DK,F,2019,1,A,", "M,A,DK,F,2020,2,A,", "M,A,NP,F,2020,3,A,kept", "D,,DK,,,,,", "R,A,DK,F,2020,4,A,",
        "M,A,PH,F,2020,5,A,", "D,A,PH,F,2020,,,", "M,,DK,,,,E,", "D,A,NP,F,2020,-,,",
        "M,A,PH,F,2021,6,A,gone", "R,A,PH,F,2021,7,,",
    ]  # fmt: skip
    text = "\n".join([head, *(f"dataflow,OFFICE:HOMES(1.0.0),{one}" for one in rows)]) + "\n"
    into = tmp_path / "read.parquet"
    found = read_observations(put(tmp_path, text.encode()), known(dsd), into)
    told = rows_of(f"SELECT REF_AREA, TIME_PERIOD, OBS_VALUE, OBS_STATUS, COMMENT_OBS FROM '{into}'")
    assert told == [
        ("DK", "2020", 4.0, "E", None),
        ("NP", "2020", None, "A", "kept"),
        ("PH", "2021", 7.0, None, None),
    ]
    assert found.count == 3


def test_labels_semicolons_and_unknown_columns(tmp_path):
    text = (
        "\ufeffSTRUCTURE;STRUCTURE_ID;FREQ: Frequency;REF_AREA: Area;SEX: Sex;TIME_PERIOD: Time;OBS_VALUE: Value;SHOE: Size\n"
        "dataflow;OFFICE:HOMES(1.0): Homes & hearths;A: Annual;DK: Denmark: all;F: Women;2020;#N/A;43\n"
    )
    into = tmp_path / "read.parquet"
    facts = read_message(put(tmp_path, text.encode()), known(structure()), into)
    told = rows_of(f"SELECT _action, FREQ, REF_AREA, SEX, TIME_PERIOD, OBS_VALUE FROM '{into}'")
    assert told == [("Merge", "A", "DK", "F", "2020", "#N/A")]
    assert facts.unknown == ("SHOE",)
    assert facts.columns == ("FREQ", "REF_AREA", "SEX", "TIME_PERIOD", "OBS_VALUE")


@pytest.mark.parametrize("asked", [{"labels": "both"}, {"labels": "name", "keys": "both", "separator": ";"}])
def test_csv_with_labels_keys_and_other_separators_reads_back_equal(tmp_path, asked):
    told = message(tmp_path, everything())
    with session([tmp_path]) as engine:
        content = b"".join(chunks(engine, told, "csv-2.1", Options(**asked)))
    into = tmp_path / "read.parquet"
    found = read_observations(put(tmp_path, content), known(told.structure), into)
    assert rows_of(f"FROM '{into}'") == rows_of(told.source)
    assert found.facts.unknown == ()


SEVERAL = structure(
    component("REASONS", "attribute", array=True),
    component("AREAS", "attribute", array=True, attachment="series"),
    component("NOTE", "attribute", languages=("en", "da")),
    component("NOTES", "attribute", array=True, languages=("en", "da")),
)
PARTS = """SELECT 'A' AS FREQ, 'DK' AS REF_AREA, 'F' AS SEX, p AS TIME_PERIOD, 1.5::DOUBLE AS OBS_VALUE, r AS REASONS,
    ['DK', 'NP'] AS AREAS, n AS NOTE, m AS NOTES FROM (VALUES
    ('2020', ['a', 'b;c', 'd"e', '[1]', 'Ø, x'], {'en': 'Small; few', 'da': NULL},
        [{'en': 'one', 'da': 'en'}, {'en': 'two "2"; x', 'da': NULL}]),
    ('2021', ['one'], {'en': NULL, 'da': 'få: 3'}, [{'en': NULL, 'da': 'to'}]),
    ('2022', NULL, NULL, NULL)) AS t(p, r, n, m)"""


def test_values_of_several_parts_are_the_same_text_whichever_format_said_them(tmp_path):
    told = message_of(PARTS, SEVERAL)
    read = {}
    for form, options in [
        *((form, {}) for form in ("csv-2.0", "csv-2.1", "ml-3.0", "ml-3.1", "json-2.0", "json-2.1")),
        *(("csv-2.1", {"labels": labels, "separator": ";"}) for labels in ("both", "name")),
    ]:
        with session([tmp_path]) as engine:
            file = put(tmp_path, b"".join(chunks(engine, told, form, Options(**options))))
        into = tmp_path / "read.parquet"
        read_message(file, known(SEVERAL), into)
        read[form, *options.values()] = rows_of(
            f"SELECT REASONS, AREAS, NOTE, NOTES FROM '{into}' ORDER BY TIME_PERIOD"
        )
        found = read_observations(file, known(SEVERAL), into)
        listed = ", ".join(d for d, *_ in duckdb.sql(PARTS).description)
        assert rows_of(f"SELECT {listed} FROM '{into}'") == rows_of(PARTS), form
        assert found.facts.unknown == ()
    assert set(map(str, read.values())) == {
        str([
            (
                '["a","b;c","d\\"e","[1]","Ø, x"]', '["DK","NP"]', '{"en":"Small; few"}',
                '[{"en":"one","da":"en"},{"en":"two \\"2\\"; x"}]',
            ),
            ('["one"]', '["DK","NP"]', '{"da":"få: 3"}', '[{"da":"to"}]'),
            (None, '["DK","NP"]', None, None),
        ])
    }  # fmt: skip


CELLS = [
    # What the header says of parts, what the structure says of them, the cell, what is read.
    ("[]", {"array": True}, "one;two", '["one","two"]'),
    ("[]", {"array": True}, "one", '["one"]'),
    ("[]", {"array": True}, '"""a;b"";""c""""d"""', '["a;b","c\\"d"]'),
    ("[]", {"array": True}, "a;;b", '["a","","b"]'),
    ("", {"array": True}, "one;two", '["one;two"]'),
    ("[]", {}, "one;two", '["one","two"]'),
    ("[]", {}, "one", "one"),
    ("", {}, "one;two", "one;two"),
    ("[en;da]", {"languages": ("da", "en")}, "en:x: y;da:z", '{"da":"z","en":"x: y"}'),
    ("[]", {"languages": ("en",)}, "plain", '{"en":"plain"}'),
    ("", {"languages": ("en",)}, "da:plain", '{"en":"da:plain"}'),
    ("[fr;nl]", {}, "nl:een;fr:un", '{"nl":"een","fr":"un"}'),
]


@pytest.mark.parametrize(("inside", "of", "cell", "text"), CELLS)
def test_a_cell_has_parts_where_header_or_structure_say_so(tmp_path, inside, of, cell, text):
    dsd = structure(component("GROUPS", "attribute", **of))
    content = (
        f"STRUCTURE[;],STRUCTURE_ID,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,GROUPS{inside}\n"
        f"dataflow,OFFICE:HOMES(1.0.0),A,DK,F,2020,1,{cell}\ndataflow,OFFICE:HOMES(1.0.0),A,DK,M,2020,1,\n"
    )
    into = tmp_path / "read.parquet"
    read_message(put(tmp_path, content.encode()), known(dsd), into)
    assert rows_of(f"SELECT GROUPS FROM '{into}'") == [(text,), (None,)]


@pytest.mark.parametrize("cell", ['"""a;b"', '"""a""b;c"'])
def test_a_part_whose_quotation_mark_stands_open_is_refused_with_its_row(tmp_path, cell):
    dsd = structure(component("GROUPS", "attribute", array=True))
    content = (
        "STRUCTURE[;],STRUCTURE_ID,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,GROUPS[]\n"
        f"dataflow,OFFICE:HOMES(1.0.0),A,DK,F,2020,1,one\ndataflow,OFFICE:HOMES(1.0.0),A,DK,M,2020,1,{cell}\n"
    )
    with pytest.raises(MessageError, match="row 2: NOT_WELL_FORMED: 1 cells of GROUPS"):
        read_message(put(tmp_path, content.encode()), known(dsd), tmp_path / "read.parquet")


def test_sdmx_json_1_0_is_read(tmp_path):
    said = {
        "meta": {"schema": "…/1.0.0/sdmx-json-data-schema.json", "id": "J1", "test": False, "sender": {"id": "ECB"}},
        "data": {
            "dataSets": [{
                "action": "Information",
                "attributes": [0],
                "series": {"0:0": {"attributes": [0], "observations": {"0": [1.5, 0], "1": [None, None]}}},
            }],
            "structure": {
                "links": [{"rel": "dataflow", "urn": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=OFFICE:HOMES(1.0.0)"}],
                "dimensions": {
                    "dataSet": [{"id": "SEX", "values": [{"id": "F", "name": "Women"}]}],
                    "series": [
                        {"id": "FREQ", "keyPosition": 0, "values": [{"id": "A"}]},
                        {"id": "REF_AREA", "keyPosition": 1, "values": [{"id": "DK"}]},
                    ],
                    "observation": [{"id": "TIME_PERIOD", "values": [{"id": "2020", "name": "2020"}, {"id": "2021"}]}],
                },
                "attributes": {
                    "dataSet": [{"id": "SOURCE", "values": [{"name": "Survey"}]}],
                    "series": [{"id": "UNIT_MEASURE", "values": [{"id": "PT"}]}],
                    "observation": [{"id": "OBS_STATUS", "values": [{"id": "A"}]}],
                },
            },
        },
    }  # fmt: skip
    into = tmp_path / "read.parquet"
    facts = read_message(put(tmp_path, json.dumps(said).encode()), known(structure()), into)
    assert rows_of(f"SELECT REF_AREA, SEX, TIME_PERIOD, OBS_VALUE, OBS_STATUS, UNIT_MEASURE, SOURCE FROM '{into}'") == [
        ("DK", "F", "2020", "1.5", "A", "PT", "Survey"), ("DK", "F", "2021", None, None, "PT", "Survey"),
    ]  # fmt: skip
    assert (facts.format, facts.sender, facts.id) == ("json-1.0", "ECB", "J1")


def test_values_of_several_kinds_in_3_0(tmp_path):
    told = message(tmp_path, [row()], dimension_at_observation=FLAT)
    content = written(told, "ml-3.0", tmp_path).decode()
    several = (
        '<Comp id="COMMENT_OBS"><Value xml:lang="en">Dew</Value><Value xml:lang="da">Dug</Value></Comp>'
        '<Comp id="TITLE"><Value>one</Value><Value>two</Value></Comp></Obs>'
    )
    content = re.sub(r"<Obs ([^>]*)/>", lambda m: f"<Obs {m[1]}>{several}", content)
    into = tmp_path / "read.parquet"
    read_message(put(tmp_path, content.encode()), known(told.structure), into)
    assert rows_of(f"SELECT COMMENT_OBS, TITLE FROM '{into}'") == [
        ('{"en":"Dew","da":"Dug"}', '["one","two"]')
    ]


def test_a_delete_without_anything_deletes_everything(tmp_path):
    told = message(tmp_path, [])
    content = written(told, "ml-3.0", tmp_path).replace(b'ss:action="Replace"', b'ss:action="Delete"')
    into = tmp_path / "read.parquet"
    assert read_message(put(tmp_path, content), known(told.structure), into).rows == 1
    assert rows_of(f"SELECT _action, FREQ, TIME_PERIOD FROM '{into}'") == [("Delete", None, None)]


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'


@pytest.mark.parametrize(("content", "code"), [
    (b"", "EMPTY"),
    (b"\x00\x01\x02", "NOT_SDMX"),
    (b"a,b\n1,2\n", "NOT_SDMX"),
    (BOMB, "NOT_SDMX"),
    (OUTSIDE, "NOT_SDMX"),
    (b"<html><body/></html>", "NOT_SDMX"),
    (b"{}", "NOT_SDMX"),
    (b'{"data": {"structures": [', "NOT_WELL_FORMED"),
    (b'{"data": {"structures": ' + b"[" * 200_000, "NOT_WELL_FORMED"),
    (b'{"data": {"structures": [{}], "dataSets": [{"series": {"0": 1}}]}}', "UNKNOWN_STRUCTURE"),
    (b"\x1f\x8b\x08\x00 no gzip", "DAMAGED"),
    (b"STRUCTURE,STRUCTURE_ID,FREQ\ndataflow,NO:SUCH(1.0),A\n", "UNKNOWN_STRUCTURE"),
    (b"STRUCTURE,STRUCTURE_ID,FREQ\ndataflow,OFFICE:HOMES(1.0.0),A,B\n", "NOT_WELL_FORMED"),
    (b"STRUCTURE,STRUCTURE_ID,ACTION,FREQ\ndataflow,OFFICE:HOMES(1.0.0),X,A\n", "BAD_ACTION"),
    (b"STRUCTURE,STRUCTURE_ID,FREQ\ndataflow,OFFICE:HOMES(1.0.0),\xff\n", "NOT_WELL_FORMED"),
])  # fmt: skip
def test_what_is_no_message_is_named_and_leaves_nothing(tmp_path, content, code):
    with pytest.raises(MessageError) as error:
        read_message(put(tmp_path, content), known(structure()), tmp_path / "read.parquet")
    assert error.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


def test_a_cut_message_says_the_line(tmp_path):
    told = message(tmp_path, everything())
    content = written(told, "ml-3.0", tmp_path)
    with pytest.raises(MessageError) as error:
        read_message(put(tmp_path, content[:-200]), known(told.structure), tmp_path / "read.parquet")
    assert error.value.code == "NOT_WELL_FORMED"
    assert re.fullmatch(r"line \d+", error.value.where)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    from citizenstats.sdmx.read import source

    monkeypatch.setattr(source, "SMALL", 1 << 20)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as out:
        out.write(b"STRUCTURE,STRUCTURE_ID,FREQ\n")
        out.write(gzip.compress(b"\x00" * (1 << 10)) * 0 + b" " * (32 << 20))
    monkeypatch.setattr(source, "MOST_RATIO", 100)
    with pytest.raises(MessageError) as error:
        read_message(put(tmp_path, packed.getvalue()), known(structure()), tmp_path / "read.parquet")
    assert error.value.code == "TOO_LARGE"


@pytest.mark.parametrize(("column", "number"), [
    ("OBS_VALUE", "12 kg"), ("OBS_VALUE", "nan"), ("OBS_VALUE", "1_000"), ("OBS_VALUE", "1e400"), ("OBS_VALUE", "1,5"),
    ("SAMPLE_SIZE", "1.5"), ("SAMPLE_SIZE", "1e3"), ("SAMPLE_SIZE", "9223372036854775808"),
])  # fmt: skip
def test_numbers_that_are_none_are_counted(tmp_path, column, number):
    head = f"STRUCTURE;STRUCTURE_ID;FREQ;REF_AREA;SEX;TIME_PERIOD;{column}"
    text = f"{head}\ndataflow;OFFICE:HOMES(1.0.0);A;DK;F;2020;{number}\n"
    with pytest.raises(MessageError) as error:
        read_observations(put(tmp_path, text.encode()), known(structure()), tmp_path / "read.parquet")
    assert (error.value.code, error.value.where) == ("NOT_A_NUMBER", column)
    assert number not in str(error.value)


NEW = ("csv-2.0", "csv-2.1", "ml-3.0", "ml-3.1", "json-2.0", "json-2.1")
IN_LANGUAGES = [
    {"en": "Homes", "mi": "Ngā kāinga", "zh-Hant": '住"宅'},
    {"da": "Hjem", "ne": "घर"},
    None,
]


def with_notes(**more):
    dsd = structure(
        component("NOTE", "attribute", **more), component("SCORES", "measure", type="Double", array=True)
    )
    return dsd, known(dsd)


def test_all_languages_survive_in_and_out_whichever_they_are(tmp_path):
    dsd, structures = with_notes(any_language=True)
    listed = [
        row(sex=sex, NOTE=note, SCORES=scores)
        for sex, note, scores in zip(("F", "M", "_T"), IN_LANGUAGES, ([1.5, 2.0], [0.25], None), strict=True)
    ]
    told = message(tmp_path, listed, dsd)
    for again in NEW:
        (tmp_path / "message").write_bytes(written(told, again, tmp_path))
        into = tmp_path / f"{again}.parquet"
        read_observations(tmp_path / "message", structures, into)
        found = rows_of(f"SELECT NOTE, SCORES FROM '{into}' ORDER BY SEX")
        assert [(dict(note) if note else None, scores) for note, scores in found] == [
            (one["NOTE"], one["SCORES"]) for one in listed
        ]
        told = message_of(f"SELECT * FROM read_parquet('{into}')", dsd)


def test_a_text_in_a_language_that_the_structure_does_not_name_is_refused_and_not_dropped(tmp_path):
    dsd, _ = with_notes(any_language=True)
    content = written(message(tmp_path, [row(NOTE=IN_LANGUAGES[0], SCORES=[1.0])], dsd), "ml-3.0", tmp_path)
    _, structures = with_notes(languages=("en", "da"))
    (tmp_path / "message").write_bytes(content)
    with pytest.raises(
        MessageError, match="NOTE: NOT_IN_LANGUAGES: 1 texts are in other languages than en, da"
    ):
        read_observations(tmp_path / "message", structures, tmp_path / "rows.parquet")


def test_texts_by_language_come_from_a_message_or_from_columns(tmp_path):
    note = component("NOTE", "attribute", any_language=True)
    texts = ("""'{"en":"Homes","ne":"घर"}'""", "{'en': 'Homes', 'ne': 'घर'}", "NULL")
    for text, found in zip(texts, ({"en": "Homes", "ne": "घर"},) * 2 + (None,), strict=True):
        ((held,),) = rows_of(f"SELECT {as_component(text, note)}")
        assert (dict(held) if held else None) == found


def test_a_measure_without_a_type_is_a_number_wherever_it_is_looked_at(tmp_path):
    dsd = structure()
    untyped = replace(
        dsd, components=tuple(replace(c, type="String") if c.id == "OBS_VALUE" else c for c in dsd.components)
    )
    content = written(
        message(tmp_path, [row(), row(sex="M", value=None, SAMPLE_SIZE=None)], untyped), "csv-2.1", tmp_path
    )
    assert b",NaN,Q," in content
    (tmp_path / "message").write_bytes(content)
    assert validate_message(tmp_path / "message", known(untyped)) == []
    (tmp_path / "message").write_bytes(content.replace(b",1.5,", b',"1,5",'))
    assert [fault.code for fault in validate_message(tmp_path / "message", known(untyped))] == [
        "NOT_A_NUMBER"
    ]
