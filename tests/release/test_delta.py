"""Deltas: what a receiver who applies each of them in order ends with."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citizenstats.release.candidate import fill
from citizenstats.release.compare import Changes
from citizenstats.release.difference import difference
from citizenstats.release.manifest import Release
from citizenstats.release.release import release
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import chunks

from .support import FIRST, FLOW, NOW, deliver, office, protect, read, row, structure, structures, write

KEY = tuple(structure().key)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def applied(state, message):
    """Do what SDMX-CSV 2.1 asks a receiver to do with each row."""
    after = dict(state)
    for told in csv.DictReader(io.StringIO(message)):
        key = tuple(told[k] for k in KEY)
        if told["ACTION"] == "D":
            del after[key]
        else:
            assert told["ACTION"] == "R"
            after[key] = {c: v for c, v in told.items() if c not in ("STRUCTURE", "STRUCTURE_ID", "ACTION")}
    return after


def published(house, state, rows, number):
    protect(house, state, {FLOW: rows}, [deliver(house, FIRST, number, f"2026-01-{number:02}T08:00:00Z")])
    return release(house, FLOW).folder


def test_a_release_says_what_it_changed_as_table_page_and_message(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row("DK", value=1), row("NP", value=2), row("PH", value=3)], 1)
    assert not (first / "delta.csv").exists()
    second = published(
        house, "s2", [row("DK", value=1), row("NP", value=None, SAMPLE_SIZE=None), row("PH", "M", value=4)], 2
    )
    assert read(second / "changes.parquet", '"REF_AREA", "SEX", change') == [
        ("NP", "F", "changed"), ("PH", "F", "withdrawn"), ("PH", "M", "added"),
    ]  # fmt: skip
    page = (second / "changes.html").read_text()
    assert "1 observations added,\n1 changed, 1 withdrawn" in page
    rows = list(csv.DictReader(io.StringIO((second / "delta.csv").read_text())))
    assert [(r["ACTION"], r["REF_AREA"], r["SEX"], r["OBS_VALUE"], r["OBS_STATUS"]) for r in rows] == [
        ("D", "PH", "F", "", ""), ("R", "NP", "F", "NaN", "Q"), ("R", "PH", "M", "4", "A"),
    ]  # fmt: skip
    for name in ("delta.csv", "delta.ml-3.0.xml"):
        assert validate_message(second / name, house.mappings.structures) == []


def test_structures_alone_make_a_page_and_no_message(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row()], 1)
    facts = {
        "dataflow": "OFFICE:HOMES(1.0.0)", "arrived": NOW, "protected": "s", "structures": "other",
    }  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    parent = Release(first, {"release": "R0001", "loaded": NOW, "prepared": NOW, "message_id": "M"})
    told = fill(house, structures(), work, first / "observations.parquet", parent, facts)
    assert {"changes.parquet", "changes.html"} <= {f["name"] for f in told["files"]}
    assert not list(work.glob("delta*"))
    assert "the structures did" in (work / "changes.html").read_text()


HISTORY = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from(["DK", "NP", "PH"]), st.sampled_from("FM")),
        st.tuples(st.sampled_from([None, 1.0, 2.5, 0.0]), st.sampled_from([None, "a, \"b\"\n", "c"])),
    ),
    min_size=2,
    max_size=4,
)  # fmt: skip


@settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(HISTORY)
def test_who_applies_all_deltas_in_order_has_the_last_full_message(tmp_path_factory, states):
    home = tmp_path_factory.mktemp("deltas")
    house = office(home)
    parent, held = None, {}
    for number, state in enumerate(states, 1):
        source = home / "source" / f"{number}.parquet"
        write(source, [row(a, s, value=v, COMMENT_OBS=c) for (a, s), (v, c) in sorted(state.items())])
        work = home / f"R{number:04}"
        work.mkdir()
        arrived = f"2026-01-{number:02}T08:00:00Z"
        behind = {
            "dataflow": "OFFICE:HOMES(1.0.0)", "arrived": arrived, "protected": str(number), "structures": "s",
        }  # fmt: skip
        facts = fill(house, structures(), work, source, parent, behind)
        message = work / "delta.csv" if parent else work / "data.csv"
        if message.exists():
            held = applied(held, message.read_text())
        parent = Release(work, {**facts, "release": work.name})
        assert held == applied({}, (work / "data.csv").read_text())


def test_any_two_releases_are_compared_and_the_message_takes_one_to_the_other(tmp_path):
    house = office(tmp_path)
    first = published(house, "s1", [row("DK", value=1), row("NP", value=2)], 1)
    published(house, "s2", [row("PH", value=3)], 2)
    third = published(house, "s3", [row("DK", value=9), row("PH", value=3)], 3)
    with difference(house, FLOW, "R0001", "R0003") as found:
        assert found.changes == Changes(added=1, changed=1, withdrawn=1)
        assert [(r["REF_AREA"], r["change"]) for r in found.rows(2)] == [
            ("DK", "changed"),
            ("NP", "withdrawn"),
        ]
        message = b"".join(chunks(found.engine, found.messages, "csv-2.1")).decode()
    held = applied(applied({}, (first / "data.csv").read_text()), message)
    assert held == applied({}, (third / "data.csv").read_text())
    with difference(house, FLOW, "R0003", "R0003") as found:
        assert (found.messages, found.rows(9), bool(found.changes)) == ((), [], False)
