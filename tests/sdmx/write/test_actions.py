"""What a receiver is to do: each action in the words of each version, and what is deleted, down to open keys."""

import csv
import io
import json
from dataclasses import replace

import duckdb
import pytest
from lxml import etree

from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.read import read_message, read_observations
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, chunks
from tests.conftest import spread
from tests.sdmx.test_validate import KNOWN

from .support import component, message, row, structure, written

ROWS = [row(), row(sex="M"), row("NP", value=None, SAMPLE_SIZE=None)]
KEYS = [
    ("A", "DK", "F", "2020"),
    ("A", "DK", "F", None),
    ("A", "NP", None, None),
    ("A", None, None, "2021"),
    ("A", None, "M", "2021"),
]
OPEN = (None, None, None, None)
IDS = ("FREQ", "REF_AREA", "SEX", "TIME_PERIOD")


def gone(told, keys, **marks):
    """Return the message that deletes these keys, and there only what is marked."""
    marked = "".join(f", {value} AS {identifier}" for identifier, value in marks.items())
    rows = ", ".join("(" + ", ".join("NULL" if k is None else f"'{k}'" for k in key) + ")" for key in keys)
    names = ", ".join(f"t.c{i}::VARCHAR AS {identifier}" for i, identifier in enumerate(IDS))
    values = f"(VALUES {rows}) AS t(c0, c1, c2, c3)"
    return replace(told, source=f"SELECT {names}{marked} FROM {values}", action="Delete")


def many(told, form, folder):
    with session([folder]) as engine:
        return b"".join(chunks(engine, told, form))


def refusal(told, form, folder):
    with session([folder]) as engine, pytest.raises(MessageError) as raised:
        chunks(engine, told, form)
    return raised.value.code


def deleted(content):
    """Return the keys that a message deletes, by the rules of its format."""
    if content.startswith(b"<"):
        return _deleted_by_xml(content)
    if content.startswith(b"{"):
        return _deleted_by_json(content)
    rows = csv.DictReader(io.StringIO(content.decode()))
    return sorted((tuple(one[d] or None for d in IDS) for one in rows if one["ACTION"] == "D"), key=repr)


def _deleted_by_xml(content):
    found = []
    for data_set in etree.fromstring(content).iterfind("{*}DataSet"):
        if "Delete" not in data_set.attrib.values():
            continue
        for one in data_set.iterfind("{*}Obs"):
            found.append(_key(one))
        for series in data_set.iterfind("{*}Series"):
            observations = series.findall("{*}Obs")
            found += [{**_key(series), **_key(one)} for one in observations] or [_key(series)]
    return sorted((tuple(key.get(d) for d in IDS) for key in found), key=repr)


def _key(element):
    generic = element.findall("{*}ObsDimension")
    generic += [v for part in ("SeriesKey", "ObsKey") for v in element.iterfind(f"{{*}}{part}/{{*}}Value")]
    return {v.get("id"): v.get("value") for v in generic} or dict(element.attrib)


def _deleted_by_json(content):
    data = json.loads(content)["data"]
    found = []
    for data_set in data["dataSets"]:
        if data_set["action"] != "Delete":
            continue
        dimensions = data["structures"][data_set["structure"]]["dimensions"]
        ordered = sorted([*dimensions["series"], *dimensions["observation"]], key=lambda d: d["keyPosition"])

        def told(listed, key):
            # A dimension that is open in each key has no values, and is not told of.
            parts = key.split(":")
            places = {d["id"]: d for d in listed}
            ids = IDS if len(parts) == len(IDS) else [d["id"] for d in listed]
            return {d: places[d]["values"][int(i)]["id"] for d, i in zip(ids, parts, strict=True) if i}

        found += [told(ordered, key) for key in data_set.get("dimensionGroupAttributes", {})]
        found += [told(dimensions["observation"], key) for key in data_set.get("observations", {})]
        for series, one in data_set.get("series", {}).items():
            above = told(dimensions["series"], series)
            found += [{**above, **told(dimensions["observation"], key)} for key in one["observations"]]
    return sorted((tuple(key.get(d) for d in IDS) for key in found), key=repr)


def shapes():
    for form in FORMATS:
        for along in (None, FLAT, "SEX"):
            if along is None or not form.endswith("-ts"):
                yield form, along


DELETING = [shape for shape in shapes() if shape[0] not in ("csv-1.0", "json-1.0")]


@pytest.mark.parametrize(("form", "along"), spread(DELETING, 4))
def test_a_delta_deletes_keys_and_slices_and_replaces_the_rest_in_one_valid_message(tmp_path, form, along):
    changed = message(tmp_path, ROWS, dimension_at_observation=along)
    content = many([gone(changed, KEYS), changed], form, tmp_path)
    assert deleted(content) == sorted(KEYS, key=repr)
    (tmp_path / "delta").write_bytes(content)
    assert [str(fault) for fault in validate_message(tmp_path / "delta", KNOWN)] == []


def test_deletes_need_a_key_unless_everything_is_meant(tmp_path):
    told = message(tmp_path, ROWS)
    nothing = replace(gone(told, KEYS), source=f"SELECT * FROM ({gone(told, KEYS).source}) WHERE false")
    for form in FORMATS:
        assert refusal(nothing, form, tmp_path) in ("NOTHING_TO_DELETE", "NO_ACTION")
    for form in ("csv-2.0", "csv-2.1", "ml-2.1-structure-specific", "ml-3.0", "ml-3.1", "json-2.1"):
        assert deleted(many(gone(told, [OPEN]), form, tmp_path)) == [OPEN]
    for form in ("ml-2.1-generic", "ml-2.1-generic-ts", "json-2.0", "json-1.0"):
        assert refusal(gone(told, [OPEN]), form, tmp_path) == "NO_PARTIAL_KEY"


def test_the_first_json_deletes_whole_keys_only_and_one_data_set_at_a_time(tmp_path):
    told = message(tmp_path, ROWS)
    whole = gone(told, KEYS[:1])
    assert b'"action":"Delete"' in many(whole, "json-1.0", tmp_path)
    assert refusal(gone(told, KEYS), "json-1.0", tmp_path) == "NO_PARTIAL_KEY"
    assert refusal([whole, told], "json-1.0", tmp_path) == "ONE_DATA_SET"
    assert refusal([whole, told], "csv-1.0", tmp_path) == "NO_ACTION"


def test_single_values_are_deleted_and_the_observation_stays(tmp_path):
    told = message(tmp_path, ROWS)
    one = gone(told, KEYS[:1], COMMENT_OBS="'-'")
    assert many(one, "csv-2.1", tmp_path).decode().splitlines()[1].endswith(",D,A,DK,F,2020,-")
    assert b'<Obs TIME_PERIOD="2020" COMMENT_OBS="-"/>' in many(one, "ml-3.0", tmp_path)
    assert b'"0":["-"]' in many(one, "json-2.1", tmp_path)
    above = gone(told, KEYS[:1], TITLE="'-'")
    assert b'SEX="F" TITLE="-">\n</Series>' in many(above, "ml-3.0", tmp_path)
    assert refusal(above, "json-2.1", tmp_path) == "NO_MARK_ABOVE"


WORDS = {
    "csv-2.0": "AARDI", "csv-2.1": "MMRDI",
    "ml-3.1": "Merge Merge Replace Delete Merge", "json-2.1": "Merge Merge Replace Delete Merge",
}  # fmt: skip


def test_each_action_is_said_in_the_words_of_the_version(tmp_path):
    told = message(tmp_path, [row()])
    for form in FORMATS:
        words = WORDS.get(form, "Append Append Replace Delete Information")
        listed = list(words) if " " not in words else words.split()
        for action, word in zip(("Merge", "Append", "Replace", "Delete", "Information"), listed, strict=True):
            if form == "csv-1.0" or (action == "Delete" and form.startswith("json")):
                continue
            content = many(replace(told, action=action), form, tmp_path).decode()
            said = f",{word},A,DK" if form.startswith("csv") else f'"{word}"'
            assert said in content, (form, action)


def test_a_receiver_that_merges_is_told_of_a_missing_value_or_the_message_is_refused(tmp_path):
    told = message(tmp_path, ROWS, action="Merge")
    for form in ("json-1.0", "json-2.0"):
        assert refusal(told, form, tmp_path) == "NO_WORD_FOR_MISSING"
        assert many(replace(told, action="Replace"), form, tmp_path)
    for form in [f for f in FORMATS if f not in ("json-1.0", "json-2.0")]:
        assert b"NaN" in many(told, form, tmp_path)


def test_a_missing_value_that_is_no_number_is_said_since_3_1(tmp_path):
    other = component("HOMES", "measure", type="Integer")
    told = message(tmp_path, [row(HOMES=4), row(sex="M")], structure(other), action="Merge")
    for form in ("csv-2.1", "ml-3.1", "json-2.1"):
        assert b"#N/A" in many(told, form, tmp_path)
    for form in ("csv-2.0", "ml-3.0", "json-2.0"):
        assert refusal(told, form, tmp_path) == "NO_WORD_FOR_MISSING"
    assert b"#N/A" not in many(replace(told, action="Replace"), "ml-3.0", tmp_path)


def test_data_sets_of_a_message_belong_together(tmp_path):
    told = message(tmp_path, ROWS)
    assert (
        refusal([told, replace(told, dimension_at_observation="SEX")], "ml-3.0", tmp_path)
        == "NOT_ONE_MESSAGE"
    )
    assert refusal([], "ml-3.0", tmp_path) == "NOT_ONE_MESSAGE"


def test_what_only_one_data_set_says_is_empty_in_the_rows_of_the_other(tmp_path):
    told = message(tmp_path, ROWS)
    rows = list(csv.reader(io.StringIO(many([gone(told, KEYS), told], "csv-2.1", tmp_path).decode())))
    assert {len(one) for one in rows} == {len(rows[0])}
    assert written(told, "csv-2.1", tmp_path).splitlines()[0].decode() == ",".join(rows[0])


READ = [
    (form, along)
    for form, along in DELETING
    if form in ("csv-2.1", "ml-2.1-generic", "ml-3.0", "json-2.0", "json-2.1")
]


def read_back(content, folder, columns):
    """Return what our own reader takes a message to delete: the columns of the rows that delete, in their order."""
    (folder / "message").write_bytes(content)
    into = folder / "rows.parquet"
    read_message(folder / "message", KNOWN, into)
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT {', '.join(columns)} FROM '{into}' WHERE _action = 'Delete' ORDER BY _row"
        ).fetchall()


@pytest.mark.parametrize(("form", "along"), spread(READ, 4))
def test_what_a_delta_deletes_is_read_back_and_nothing_of_what_it_replaces_is_put_to_it(
    tmp_path, form, along
):
    changed = message(tmp_path, ROWS, dimension_at_observation=along)
    others = [c.id for c in changed.structure.components if c.id not in IDS]
    content = many([gone(changed, KEYS), changed], form, tmp_path)
    found = read_back(content, tmp_path, [*IDS, *others])
    assert sorted((row[:4] for row in found), key=repr) == sorted(KEYS, key=repr)
    assert all(value is None for row in found for value in row[4:])
    read_observations(tmp_path / "message", KNOWN, tmp_path / "observations.parquet")
    with duckdb.connect() as connection:
        left = connection.execute(
            f"SELECT {', '.join(IDS)} FROM '{tmp_path}/observations.parquet'"
        ).fetchall()
    assert left == [("A", "DK", "F", "2020"), ("A", "DK", "M", "2020"), ("A", "NP", "F", "2020")]


MARKS = [
    ("SOURCE", [OPEN]),
    ("AREA_NOTE", [(None, "DK", None, None)]),
    ("TITLE", [("A", "DK", "F", None)]),
    ("SAMPLE_SIZE", [("A", "DK", "F", "2020")]),
]


@pytest.mark.parametrize(
    ("form", "along"), spread(((form, along) for form, along in READ if not form.startswith("json")), 4)
)
@pytest.mark.parametrize(("attribute", "keys"), MARKS)
def test_a_value_that_is_deleted_alone_leaves_all_that_its_key_covers(tmp_path, form, along, attribute, keys):
    changed = message(tmp_path, ROWS, dimension_at_observation=along)
    marked = gone(changed, keys, **{attribute: "'1'"})
    if "generic" in form and keys == [OPEN]:
        assert refusal(marked, form, tmp_path) == "NO_PARTIAL_KEY"
        return
    content = many([changed, marked], form, tmp_path)
    assert read_back(content, tmp_path, [*IDS, attribute]) == [(*keys[0], "1")]
