"""No invalid message becomes a candidate, and what is strange is told without stopping anything."""

import json
from importlib import resources

import jsonschema
import pytest

from assets import shown
from citizenstats.errors import ReleaseError
from citizenstats.release import messages
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest
from citizenstats.release.release import release
from citizenstats.sdmx.write import FORMATS
from citizenstats.store import read_json
from citizenstats.verify import release_faults

from .support import FIRST, FLOW, NOW, OTHER, deliver, office, protect, row

SECRET = "Kanariefugl"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def prepared(house, state, rows, number=1):
    protect(house, state, {FLOW: rows, OTHER: []}, [deliver(house, FIRST, number)])


def damaging(monkeypatch, form, good, bad):
    """Let the writer of a format make a mistake."""
    honest = messages.chunks

    def chunks(engine, message, identifier):
        content = b"".join(honest(engine, message, identifier))
        if identifier == form:
            assert good in content
            content = content.replace(good, bad)
        return [content]

    monkeypatch.setattr(messages, "chunks", chunks)


@pytest.mark.parametrize(
    ("form", "good", "bad", "told"),
    [
        ("ml-3.0", b'SEX="F"', b'SEX="Kanariefugl"', "NOT_IN_CODELIST"),
        ("ml-2.1-structure-specific", b'OBS_STATUS="A"', b"", "MISSING"),
        ("ml-3.0", b"</mes:DataSet>", b"", "NOT_WELL_FORMED"),
        ("csv-2.1", b",F,", b",Kanariefugl,", r"NOT_IN_CODELIST in SEX \(1\)"),
    ],
)
def test_an_invalid_message_stops_the_candidate_and_its_values_stay_restricted(
    tmp_path, monkeypatch, form, good, bad, told
):
    house = office(tmp_path)
    prepared(house, "s1", [row()])
    with monkeypatch.context() as patched:
        damaging(patched, form, good, bad)
        with pytest.raises(ReleaseError, match=told) as caught:
            release(house, FLOW)
    assert caught.value.code == "MESSAGE_NOT_VALID"
    assert FORMATS[form].file_name in str(caught.value)
    assert SECRET not in str(caught.value)
    assert candidates(house, FLOW) == []
    assert newest(house.store, FLOW) is None
    kept = house.store.candidates(FLOW) / "not_valid.json"
    assert list(read_json(kept)) == [FORMATS[form].file_name]
    assert release(house, FLOW).status == "published"
    assert not kept.exists()


def test_a_row_that_the_writer_loses_stops_the_candidate(tmp_path, monkeypatch):
    house = office(tmp_path)
    prepared(house, "s1", [row("DK"), row("NP")])
    honest = messages.chunks

    def losing(engine, message, identifier):
        content = b"".join(honest(engine, message, identifier))
        if identifier == "csv-2.1":
            content = b"".join(content.splitlines(keepends=True)[:-1])
        return [content]

    monkeypatch.setattr(messages, "chunks", losing)
    with pytest.raises(ReleaseError, match=r"data.csv: ROWS_LOST in the message \(1\)"):
        release(house, FLOW)


def test_a_row_that_the_delta_loses_stops_the_candidate(tmp_path, monkeypatch):
    house = office(tmp_path)
    prepared(house, "s1", [row("DK"), row("NP")])
    release(house, FLOW)
    honest = messages.chunks

    def losing(engine, message, identifier):
        content = b"".join(honest(engine, message, identifier))
        if identifier == "csv-2.1" and b",D," in content:
            content = b"".join(line for line in content.splitlines(keepends=True) if b",D," not in line)
        return [content]

    monkeypatch.setattr(messages, "chunks", losing)
    prepared(house, "s2", [row("DK", value=9.0)], 2)
    with pytest.raises(ReleaseError, match=r"delta.csv: ROWS_LOST in the message \(1\)"):
        release(house, FLOW)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"OBS_STATUS": "Q"}, r"MISSING_WITH_VALUE in OBS_VALUE \(1\)"),
        ({"value": None, "SAMPLE_SIZE": 40}, r"COMPANION_OF_WITHHELD in SAMPLE_SIZE \(1\)"),
        ({"value": None, "OBS_STATUS": "A"}, r"MISSING_VALUE_AS_NORMAL in OBS_VALUE \(1\)"),
        ({"period": "2020-13"}, "PERIOD_DOES_NOT_FIT"),
    ],
)
def test_observations_that_may_not_leave_stop_the_candidate(tmp_path, said, told):
    house = office(tmp_path)
    prepared(house, "s1", [row("DK"), row("NP", **said)])
    with pytest.raises(ReleaseError, match=told):
        release(house, FLOW)
    assert candidates(house, FLOW) == []


def test_what_is_strange_against_the_last_release_is_told_and_stops_nothing(tmp_path):
    house = office(tmp_path)
    first = [row("DK", value=10.0), row("NP", value=10.0), row("PH", value=10.0)]
    prepared(house, "s1", first)
    assert release(house, FLOW).status == "published"
    second = [row("DK", value=90.0), row("NP", value=-10.0), row("PH", value=None)]
    prepared(house, "s2", second, 2)
    done = release(house, FLOW)
    assert done.status == "published"
    manifest = read_json(done.folder / "manifest.json")
    assert manifest["validation"] == {
        "messages": 11, "warnings": {"LARGE_CHANGE": 2, "SIGN_CHANGED": 1, "VALUE_GONE": 1},
    }  # fmt: skip
    assert "findings" not in manifest
    schema = resources.files("citizenstats.schemas") / "manifest.schema.json"
    jsonschema.validate(manifest, json.loads(schema.read_text()))
    page = candidates(house, FLOW)[-1].review.read_text("utf-8")
    strange = page[page.index('<h2 id="plausibility">') : page.index('<h2 id="quality">')]
    assert "<code>A.DK.F.2020</code>" in strange
    assert "All 11 messages are valid" in strange
    metadata = shown.released(house, done)["validation"].value
    assert "| LARGE_CHANGE | 2 |" in metadata
    assert "A.DK.F.2020" not in metadata
    assert release_faults(house, FLOW) == []


def test_figures_far_from_official_ones_are_told(tmp_path):
    house = office(tmp_path, quality={"official": "official.csv"})
    beside = house.mappings.folder / "dataflows" / "OFFICE" / "official.csv"
    beside.parent.mkdir(parents=True)
    beside.write_text("REF_AREA,TIME_PERIOD,OBS_VALUE\nDK,2020,10\nNP,2020,10\n")
    prepared(house, "s1", [row("DK", value=10.5), row("NP", value=20.0)])
    assert release(house, FLOW).status == "published"
    [found] = candidates(house, FLOW)
    assert found.facts["validation"]["warnings"] == {"OFFICIAL_DIFFERS": 1}
    assert found.facts["findings"][0]["keys"] == ["NP.2020"]


def test_each_schema_is_compiled_once(tmp_path):
    from citizenstats.sdmx.schema_check import _with_structure

    house = office(tmp_path)
    prepared(house, "s1", [row(value=1.0)])
    release(house, FLOW)
    before = _with_structure.cache_info()
    prepared(house, "s2", [row(value=1.1)], 2)
    release(house, FLOW)
    prepared(house, "s3", [row(value=1.2)], 3)
    release(house, FLOW)
    after = _with_structure.cache_info()
    # Only the delta's own shape is new.
    assert after.misses - before.misses <= 1
    assert after.hits - before.hits >= 5
