"""The rules of the field guide of SDMX-CSV, a case each: labels, keys, separators, times, parts of a cell, actions."""

import csv
import gzip
import io
from dataclasses import replace

import pytest

from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Item, ItemScheme, Structures
from citizenstats.sdmx.write import Options, chunks, gzipped

from .support import CONCEPTS, LISTS, STRUCTURES, component, message, message_of, row, structure

NAMES = {"F": {"en": "Female", "da": "Kvinde"}, "M": {"en": "Male, or man"}}
NAMED = Structures(
    {
        **STRUCTURES.schemes,
        LISTS["SEX"].reference: ItemScheme(
            "Codelist", LISTS["SEX"].reference, {"en": "Sex"}, tuple(Item(c, n) for c, n in NAMES.items())
        ),
        CONCEPTS: ItemScheme(
            "ConceptScheme", CONCEPTS, {"en": "Concepts"}, (Item("SEX", {"en": "Sex", "da": "Køn"}),)
        ),
    },
    {},
    {},
)
FEW = ("FREQ", "REF_AREA", "SEX", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS")


def said(told, folder, form="csv-2.1", **options):
    """Return the rows of a message, header first, by the rules of RFC 4180."""
    text = text_of(told, folder, form, **options)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=options.get("separator", ",")))


def text_of(told, folder, form="csv-2.1", **options):
    with session([folder]) as engine:
        return b"".join(chunks(engine, told, form, Options(**options))).decode()


@pytest.fixture
def small(tmp_path):
    told = message(tmp_path, [row(), row(sex="M", period="2021", value=2.5)], structures=NAMED)
    return replace(told, source=f"SELECT {', '.join(FEW)} FROM ({told.source})")


def test_ids_alone_unless_names_are_asked_for(small, tmp_path):
    header, first, _ = said(small, tmp_path)
    assert header == ["STRUCTURE", "STRUCTURE_ID", "ACTION", *FEW]
    assert first == ["dataflow", "OFFICE:HOMES(1.0.0)", "R", "A", "DK", "F", "2020", "1.5", "A"]


def test_both_puts_a_colon_and_a_space_between_id_and_name(small, tmp_path):
    header, first, second = said(small, tmp_path, labels="both")
    assert header[:3] == ["STRUCTURE", "STRUCTURE_ID", "ACTION"]
    assert (header[5], header[6]) == ("SEX: Sex", "TIME_PERIOD: TIME_PERIOD")
    assert first[1] == "OFFICE:HOMES(1.0.0): Homes & hearths"
    assert (first[5], first[6], first[7]) == ("F: Female", "2020", "1.5")
    assert second[5] == "M: Male, or man"


def test_names_stand_in_a_column_after_the_ids(small, tmp_path):
    header, first, second = said(small, tmp_path, labels="name")
    assert header[:4] == ["STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION"]
    assert header[8:10] == ["SEX", "Sex"]
    assert first[2] == "Homes & hearths"
    assert (first[8:10], first[10:12], first[12:14]) == (["F", "Female"], ["2020", ""], ["1.5", ""])
    assert second[9] == "Male, or man"
    assert {len(one) for one in (first, second)} == {len(header)}


def test_names_are_in_the_language_that_is_asked_for_or_in_english(small, tmp_path):
    header, first, second = said(small, tmp_path, labels="both", language="da")
    assert (header[5], first[1], first[5], second[5]) == (
        "SEX: Køn", "OFFICE:HOMES(1.0.0): Hjem", "F: Kvinde", "M: Male, or man",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "columns", "values"),
    [
        ("obs", ["OBS_KEY"], ["A.DK.F.2020"]),
        ("series", ["SERIES_KEY"], ["A.DK.F"]),
        ("both", ["SERIES_KEY", "OBS_KEY"], ["A.DK.F", "A.DK.F.2020"]),
    ],
)
def test_keys_stand_after_the_action(small, tmp_path, keys, columns, values):
    header, first, _ = said(small, tmp_path, keys=keys)
    assert header[3 : 3 + len(columns) + 1] == [*columns, "FREQ"]
    assert first[3 : 3 + len(columns)] == values
    _, other, _ = said(replace(small, dimension_at_observation="SEX"), tmp_path, keys="series")
    assert other[3] == "A.DK.2020"


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_stands_after_the_first_word(tmp_path, separator):
    told = message(tmp_path, [row(COMMENT_OBS=f'a{separator}b "c", d')])
    text = text_of(told, tmp_path, separator=separator)
    assert text.startswith(f"STRUCTURE{separator}STRUCTURE_ID")
    assert said(told, tmp_path, separator=separator)[1][-1] == f'a{separator}b "c", d'


PERIODS = {
    "2014": "2014-01-01", "2014-A1": "2014-01-01", "2014-S2": "2014-07-01", "2014-T3": "2014-09-01", "2014-Q4": "2014-10-01",
    "2014-02": "2014-02-01", "2014-M03": "2014-03-01", "2014-W01": "2013-12-30", "2015-W53": "2015-12-28",
    "2014-D032": "2014-02-01", "2014-05-06": "2014-05-06", "2014-05-06/P4Y": "2014-05-06",
}  # fmt: skip


def test_normalized_times_are_the_dates_at_which_periods_begin(tmp_path):
    told = message(tmp_path, [row(period=period) for period in PERIODS])
    rows = said(told, tmp_path, time_format="normalized")[1:]
    assert {one[6] for one in rows} == set(PERIODS.values())
    assert [one[6] for one in rows] == [PERIODS[period] for period in sorted(PERIODS)]


def test_normalized_times_are_times_where_the_message_holds_one(tmp_path):
    told = message(tmp_path, [row(period="2014"), row(period="2014-05-06T07:08:09")])
    rows = said(told, tmp_path, time_format="normalized")[1:]
    assert [one[6] for one in rows] == ["2014-01-01T00:00:00", "2014-05-06T07:08:09"]


def test_cells_are_quoted_only_where_they_must_be_and_nothing_is_changed(tmp_path):
    texts = ["=1+1", " spaces ", "plain", 'quo"te', "com,ma", "line\nfeed", "return\rhere", "+x", "@y", "-"]
    told = message(tmp_path, [row(period=f"{2000 + n}", COMMENT_OBS=text) for n, text in enumerate(texts)])
    assert [one[-1] for one in said(told, tmp_path)[1:]] == texts
    text = text_of(told, tmp_path)
    assert ",=1+1\n" in text
    assert ", spaces \n" in text
    assert ',"quo""te"\n' in text


# --- several values, several languages --------------------------------------------------------------------

SEVERAL = structure(
    component("REASONS", "attribute", array=True),
    component("AREAS", "attribute", array=True),
    component("NOTE", "attribute", languages=("en", "da")),
    component("NOTES", "attribute", array=True, languages=("en", "da")),
)


@pytest.fixture
def several():
    source = """SELECT 'A' AS FREQ, 'DK' AS REF_AREA, 'F' AS SEX, '2020' AS TIME_PERIOD, 1.5::DOUBLE AS OBS_VALUE,
    ['a', 'b;c', 'd"e'] AS REASONS, ['DK', 'NP'] AS AREAS, {'en': 'Small; few', 'da': NULL} AS NOTE,
    [{'en': 'one', 'da': 'en'}, {'en': 'two', 'da': ''}] AS NOTES"""
    return message_of(source, SEVERAL)


def test_parts_of_a_cell_are_announced_in_the_header_and_parted(several, tmp_path):
    header, first = said(several, tmp_path)
    assert header[0] == "STRUCTURE[;]"
    assert header[8:] == ["REASONS[]", "AREAS[]", "NOTE[en;da]", "NOTES[en;da]"]
    reasons, areas, note, notes = first[8:]
    assert next(csv.reader([reasons], delimiter=";")) == ["a", "b;c", 'd"e']
    assert areas == "DK;NP"
    assert next(csv.reader([note], delimiter=";")) == ["en:Small; few"]
    assert next(csv.reader([notes], delimiter=";")) == ["en:one;da:en", "en:two"]


def test_parts_have_another_separator_than_fields(several, tmp_path):
    header, first = said(several, tmp_path, separator=";")
    assert (header[0], header[10]) == ("STRUCTURE[|]", "NOTE[en|da]")
    assert (first[9], first[10]) == ("DK|NP", "en:Small; few")


def test_each_part_of_a_coded_cell_has_its_name(several, tmp_path):
    listed = replace(SEVERAL.by_id["AREAS"], codelist=LISTS["SEX"].reference)
    dsd = replace(SEVERAL, components=tuple(listed if c.id == "AREAS" else c for c in SEVERAL.components))
    told = replace(
        several, structure=dsd, structures=NAMED, source=several.source.replace("['DK', 'NP']", "['F', 'M']")
    )
    assert said(told, tmp_path, labels="both")[1][9] == "F: Female;M: Male, or man"
    assert said(told, tmp_path, labels="name")[1][16:18] == ["F;M", "Female;Male, or man"]


# --- what a version does not have -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("csv-1.0", {"labels": "name"}),
        ("csv-1.0", {"keys": "obs"}),
        ("ml-3.0", {"labels": "both"}),
        ("json-2.0", {"separator": ";"}),
    ],
)
def test_what_a_version_does_not_have_is_refused(small, tmp_path, form, options):
    with pytest.raises(MessageError, match="NO_SUCH_OPTION"):
        text_of(small, tmp_path, form, **options)


def test_the_first_version_has_both_labels_and_one_value(small, several, tmp_path):
    header, first, _ = said(small, tmp_path, "csv-1.0", labels="both")
    assert (header[0], first[0]) == ("DATAFLOW", "OFFICE:HOMES(1.0.0): Homes & hearths")
    assert (header[3], first[3]) == ("SEX: Sex", "F: Female")
    with pytest.raises(MessageError, match="ONE_VALUE_ONLY"):
        text_of(several, tmp_path, "csv-1.0")


def test_gzip_holds_the_same_bytes_each_time(small, tmp_path):
    plain = text_of(small, tmp_path).encode()
    parts = [plain[:10], b"", plain[10:]]
    assert gzip.decompress(b"".join(gzipped(parts))) == plain
    assert b"".join(gzipped(parts)) == b"".join(gzipped(parts))
