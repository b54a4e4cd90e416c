"""What cannot be written is refused before the first byte, and without a value."""

import pytest

from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.write import chunks

from .support import ALONG, XML_FORMS, message, row, written

ROWS = [row(period="2019"), row(period="2020"), row(period="2021"), row("NP", period="2020")]


def refusal(folder, rows, form="ml-3.0", **more):
    """Return the error of a message that must not be written."""
    with session([folder]) as engine, pytest.raises(MessageError) as raised:
        chunks(engine, message(folder, rows, **more), form)
    return raised.value


@pytest.mark.parametrize("form", XML_FORMS)
@pytest.mark.parametrize(
    ("column", "other"), [("TITLE", "canary"), ("UNIT_MEASURE", "NUMBER"), ("TITLE", None)]
)
def test_a_series_attribute_that_differs_inside_its_series_is_refused(tmp_path, form, column, other):
    error = refusal(tmp_path, [ROWS[0], {**ROWS[1], column: other}, *ROWS[2:]], form)
    assert (error.code, error.where) == ("DIFFERS_INSIDE", column)
    assert "series" in str(error)
    assert "2 times" in str(error)
    assert "canary" not in str(error)


def test_a_series_attribute_may_differ_between_series(tmp_path):
    told = message(tmp_path, [*ROWS[:3], {**ROWS[3], "TITLE": "another"}])
    assert written(told, "ml-3.0", tmp_path).count(b"<Series ") == 2


def test_a_series_attribute_may_differ_where_it_stands_at_the_observation(tmp_path):
    rows = [ROWS[0], {**ROWS[1], "TITLE": "another"}, *ROWS[2:]]
    for along in (FLAT, "SEX"):
        told = message(tmp_path, rows, dimension_at_observation=along)
        assert b'TITLE="another"' in written(told, "ml-3.0", tmp_path)
    assert b",another," in written(message(tmp_path, rows), "csv-2.1", tmp_path)


@pytest.mark.parametrize("along", ALONG)
def test_a_group_attribute_that_differs_inside_its_group_is_refused(tmp_path, along):
    rows = [*ROWS, row(sex="M", AREA_NOTE="canary"), row("NP", sex="M", AREA_NOTE=None)]
    error = refusal(tmp_path, rows, dimension_at_observation=along)
    assert (error.code, error.where) == ("DIFFERS_INSIDE", "AREA_NOTE")
    assert "group" in str(error)
    assert "2 times" in str(error)
    assert "canary" not in str(error)


@pytest.mark.parametrize("along", ALONG)
@pytest.mark.parametrize("other", ["canary", None])
def test_a_data_set_attribute_that_differs_is_refused(tmp_path, along, other):
    error = refusal(tmp_path, [*ROWS[:3], {**ROWS[3], "SOURCE": other}], dimension_at_observation=along)
    assert (error.code, error.where) == ("DIFFERS_INSIDE", "SOURCE")
    assert "data set" in str(error)
    assert "canary" not in str(error)


@pytest.mark.parametrize("form", XML_FORMS)
@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_a_character_that_xml_does_not_have_is_refused(tmp_path, form, character):
    rows = [*ROWS[:3], {**ROWS[3], "COMMENT_OBS": f"canary{character}"}]
    error = refusal(tmp_path, rows, form)
    assert (error.code, error.where) == ("FORBIDDEN_CHARACTER", "COMMENT_OBS")
    assert "canary" not in str(error)


def test_a_column_that_no_format_can_write_is_refused(tmp_path):
    from dataclasses import replace

    told = message(tmp_path, ROWS)
    listed = replace(told, source=f"SELECT * REPLACE ([COMMENT_OBS] AS COMMENT_OBS) FROM ({told.source})")
    for form in ("csv-2.1", *XML_FORMS):
        with session([tmp_path]) as engine, pytest.raises(MessageError, match="UNKNOWN_TYPE") as raised:
            chunks(engine, listed, form)
        assert raised.value.where == "COMMENT_OBS"
