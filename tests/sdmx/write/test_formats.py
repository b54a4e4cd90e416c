"""What every format keeps: read back it equals the store, it is valid, and the same message gives the same bytes."""

import csv
import dataclasses
import hashlib
import io
import itertools
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.write import FORMATS, chunks, write_file
from tests.conftest import spread

from .support import (
    AWKWARD,
    FORMS,
    SHAPES,
    WITH_SCHEMA,
    XML_FORMS,
    component,
    expected,
    faults,
    message,
    message_of,
    read_by_pysdmx,
    readers,
    row,
    structure,
    written,
)

ANY_SHAPE = [form for form in FORMS if not form.endswith("-ts")]
"""The formats that are not bound to time."""


def everything():
    """Return observations with what is hard to write."""
    texts = iter(AWKWARD)
    numbers = itertools.cycle(
        [0.0, 12.0, -3.25, 0.1 + 0.2, 1e-5, 5e-324, 1.7976931348623157e308, 1e15, 9.9e15, None]
    )
    return [
        row(
            area, sex, str(year), next(numbers),
            COMMENT_OBS=next(texts, None), STD_ERROR=None if year == 2020 else 1 / 3, SAMPLE_SIZE=None if sex == "M" else 7,
            TITLE=None if sex == "_T" else f'{sex} of "{area}" & <all>\nsecond line',
        )
        for area in ("DK", "NP", "PH") for sex in ("F", "M", "_T") for year in (2019, 2020, 2021)
    ]  # fmt: skip


@pytest.mark.parametrize(("form", "along"), spread(SHAPES, 4))
def test_both_libraries_read_back_what_the_store_holds(tmp_path, form, along):
    told = message(tmp_path, everything(), dimension_at_observation=along)
    content = written(told, form, tmp_path)
    for read in readers(form, along):
        assert read(told, content) == expected(told, content, read), read.__name__


@pytest.mark.parametrize(("form", "along"), spread((shape for shape in SHAPES if shape[0] in WITH_SCHEMA), 4))
def test_messages_are_valid(tmp_path, form, along):
    told = message(tmp_path, everything(), dimension_at_observation=along)
    assert faults(told, written(told, form, tmp_path), tmp_path) == []


def test_the_schema_would_find_a_fault(tmp_path):
    told = message(tmp_path, everything())
    content = written(told, "ml-3.0", tmp_path).replace(b'OBS_STATUS="Q"', b'OBS_STATUS="?"')
    assert faults(told, content, tmp_path)


CHARACTERS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\r\t"
)
FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("form", spread(FORMS))
@FEW
@given(texts=st.lists(st.text(CHARACTERS), min_size=1, max_size=60))
def test_any_text_that_xml_has_comes_back(tmp_path, form, texts):
    rows = [row(period=f"{n:04}", COMMENT_OBS=text, TITLE=texts[0]) for n, text in enumerate(texts)]
    told = message(tmp_path, rows)
    content = written(told, form, tmp_path)
    read = readers(form)[-1]
    assert read(told, content) == expected(told, content, read)


@pytest.mark.parametrize("form", spread(FORMS))
@FEW
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=100))
def test_any_number_comes_back_bit_by_bit(tmp_path, form, values):
    told = message(tmp_path, [row(period=f"{n:04}", value=value) for n, value in enumerate(values)])
    found = readers(form)[-1](told, written(told, form, tmp_path)).values()
    assert [one["OBS_VALUE"] for one in found] == values


@pytest.mark.parametrize("form", FORMS)
def test_numbers_are_written_alike_in_every_format(tmp_path, form):
    values = [12.0, -0.0, 0.1, 1e-5, 1e16, 123456789012.0, float("inf"), float("-inf"), None]
    told = message(tmp_path, [row(period=str(2000 + n), value=value) for n, value in enumerate(values)])
    found = _values(written(told, form, tmp_path).decode())
    numbers, none = ["12", "0", "0.1", "1e-05", "1e+16", "123456789012"], ["INF", "-INF", "NaN"]
    # JSON has no word for what is no number; since 2.1 it has one for what is missing.
    json_none = ['"NaN"' if form == "json-2.1" else "null"] * 3
    assert found == [*numbers, *(json_none if form.startswith("json") else none)]


def _values(content):
    if content.startswith("{"):
        return re.findall(r'"[\d:]+":\[([^,\]]+)', content.partition('"series":{')[2])
    if content.startswith("<?xml"):
        return re.findall(r'(?:OBS_VALUE|<gen:ObsValue value)="([^"]*)"', content)
    header, *rows = csv.reader(io.StringIO(content))
    return [one[header.index("OBS_VALUE")] for one in rows]


def _series(content):
    return len(re.findall(r"<(?:gen:)?Series[ >]", content))


@pytest.mark.parametrize(("form", "along"), spread(SHAPES, 4))
def test_the_same_message_gives_the_same_bytes(tmp_path, form, along):
    told = message(tmp_path, everything(), dimension_at_observation=along)
    assert written(told, form, tmp_path, threads=1) == written(told, form, tmp_path, threads=4)


@pytest.mark.parametrize("form", FORMS)
def test_a_message_without_observations_is_whole(tmp_path, form):
    told = message(tmp_path, [])
    content = written(told, form, tmp_path)
    if form.startswith("csv"):
        assert content.count(b"\n") == 1
        assert content.startswith(b"STRUCTURE,STRUCTURE_ID,ACTION,FREQ,")
    else:
        assert faults(told, content, tmp_path) == []
        assert _series(content.decode()) == 0


@pytest.mark.parametrize("form", ANY_SHAPE)
def test_a_structure_without_time_is_flat(tmp_path, form):
    told = message(
        tmp_path, [row("DK", "F"), row("DK", "M"), row("NP", "F", value=None)], structure(time=False)
    )
    content = written(told, form, tmp_path)
    for read in readers(form):
        assert read(told, content) == expected(told, content, read)
    if form in XML_FORMS:
        assert b'dimensionAtObservation="AllDimensions"' in content
        assert faults(told, content, tmp_path) == []


@pytest.mark.parametrize("form", [form for form in XML_FORMS if form in ANY_SHAPE])
def test_a_structure_without_time_can_still_be_gathered_along_a_dimension(tmp_path, form):
    rows = [row("DK", "F"), row("DK", "M"), row("NP", "F", value=None)]
    told = message(tmp_path, rows, structure(time=False), dimension_at_observation="SEX")
    content = written(told, form, tmp_path)
    for read in readers(form, "SEX"):
        assert read(told, content) == expected(told, content, read)
    assert faults(told, content, tmp_path) == []
    assert _series(content.decode()) == 2


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ANY_SHAPE])
@pytest.mark.parametrize(("time", "along"), [(False, None), (True, FLAT), (True, "SEX")])
def test_a_time_series_message_is_refused_for_anything_else(tmp_path, form, time, along):
    told = message(tmp_path, [row()], structure(time=time), dimension_at_observation=along)
    with session([tmp_path]) as engine, pytest.raises(MessageError, match="NO_TIME_SERIES"):
        chunks(engine, told, form)


def test_csv_1_0_names_the_dataflow_and_cannot_say_what_to_delete(tmp_path):
    told = message(tmp_path, everything())
    header, *rows = csv.reader(io.StringIO(written(told, "csv-1.0", tmp_path).decode(), newline=""))
    assert header[:5] == ["DATAFLOW", "FREQ", "REF_AREA", "SEX", "TIME_PERIOD"]
    assert {one[0] for one in rows} == {"OFFICE:HOMES(1.0.0)"}
    _, *newer = csv.reader(io.StringIO(written(told, "csv-2.1", tmp_path).decode(), newline=""))
    assert [one[1:] for one in rows] == [one[3:] for one in newer]
    with session([tmp_path]) as engine, pytest.raises(MessageError, match="NO_ACTION"):
        chunks(engine, dataclasses.replace(told, action="Delete"), "csv-1.0")


@pytest.mark.parametrize(
    ("form", "said"),
    [("csv-2.0", ",A,"), ("csv-2.1", ",M,"), ("ml-3.0", 'action="Append"'), ("ml-3.1", 'action="Merge"'),
     ("ml-2.1-generic", 'action="Append"')],
)  # fmt: skip
def test_to_add_observations_is_said_in_the_words_of_the_version(tmp_path, form, said):
    assert said in written(message(tmp_path, [row()], action="Append"), form, tmp_path).decode()


@pytest.mark.parametrize(
    "form",
    [f if f in ("csv-2.1", "ml-3.0", "json-2.0") else pytest.param(f, marks=pytest.mark.long) for f in FORMS],
)
def test_several_threads_keep_the_order_of_many_rows(tmp_path, form):
    dsd = structure()
    file = tmp_path / "many.parquet"
    with session([tmp_path]) as engine:
        engine.write_parquet(
            """SELECT 'A' AS FREQ, ['DK', 'NP', 'PH'][1 + i // 40000] AS REF_AREA, ['F', 'M'][1 + i // 20000 % 2] AS SEX,
            lpad((i % 20000)::VARCHAR, 5, '0') AS TIME_PERIOD, i::DOUBLE AS OBS_VALUE, 'A' AS OBS_STATUS, 'PT' AS UNIT_MEASURE
            FROM range(120000) AS t(i)""",
            file,
        )
    told = message_of(f"SELECT * FROM read_parquet('{file}')", dsd)
    content = written(told, form, tmp_path, threads=4).decode()
    assert [int(value) for value in _values(content)] == list(range(120000))
    assert form not in XML_FORMS or _series(content) == 6


@pytest.mark.parametrize("form", FORMS)
def test_components_that_the_source_does_not_have_are_left_out(tmp_path, form):
    told = message(tmp_path, [row()])
    fewer = message_of(
        f"SELECT FREQ, REF_AREA, SEX, TIME_PERIOD, OBS_VALUE FROM ({told.source})", told.structure
    )
    (found,) = readers(form)[-1](fewer, written(fewer, form, tmp_path)).values()
    assert found == {"OBS_VALUE": 1.5}


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_dimension_is_refused(tmp_path, form):
    told = message(tmp_path, [row()])
    fewer = message_of(f"SELECT FREQ, REF_AREA, TIME_PERIOD, OBS_VALUE FROM ({told.source})", told.structure)
    with session([tmp_path]) as engine, pytest.raises(MessageError, match=r"NO_COLUMN.* SEX"):
        chunks(engine, fewer, form)


def test_an_unknown_format_and_an_unknown_dimension_are_refused(tmp_path):
    with session([tmp_path]) as engine:
        with pytest.raises(MessageError, match=r"NO_SUCH_FORMAT.*csv-2\.1"):
            chunks(engine, message(tmp_path, [row()]), "edi")
        with pytest.raises(MessageError, match=r"NO_SUCH_DIMENSION.*REF_AREA"):
            chunks(engine, message(tmp_path, [row()], dimension_at_observation="AREA"), "ml-3.0")


def test_a_file_is_what_the_chunks_are_with_size_and_hash(tmp_path):
    told = message(tmp_path, everything())
    for form in FORMATS:
        with session([tmp_path]) as engine:
            size, sha256 = write_file(engine, told, form, tmp_path / "file")
        content = (tmp_path / "file").read_bytes()
        assert content == written(told, form, tmp_path)
        assert (size, sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("form", ["csv-2.1", "ml-3.0"])
def test_several_measures_are_written(tmp_path, form):
    dsd = structure(component("OTHER_VALUE", "measure", type="Integer"))
    told = message(tmp_path, [row(OTHER_VALUE=4), row(sex="M")], dsd)
    content = written(told, form, tmp_path)
    assert read_by_pysdmx(told, content.replace(b"#N/A", b"")) == expected(told, content, read_by_pysdmx)


def test_several_measures_are_refused_where_the_version_has_one(tmp_path):
    dsd = structure(component("OTHER_VALUE", "measure", type="Integer"))
    with session([tmp_path]) as engine, pytest.raises(MessageError, match="ONE_MEASURE_ONLY"):
        chunks(engine, message(tmp_path, [row()], dsd), "ml-2.1-structure-specific")
