"""What was published when, as SDMX REST asks: asOf, updatedAfter, includeHistory."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from citizenstats.errors import MessageError, ReleaseError
from citizenstats.release.history import as_of, history
from citizenstats.release.recall import recall
from citizenstats.release.release import release
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, chunks

from .support import FIRST, FLOW, deliver, office, protect, row

FEBRUARY, MARCH, APRIL = (datetime(2026, month, 10, 8, tzinfo=UTC) for month in (2, 3, 4))
BETWEEN = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A house with three disseminations; do not change it."""
    return disseminated(tmp_path_factory.mktemp("three"))


def disseminated(home):
    """Return a house in which in March a value is revised and one comes, in April one goes and one is revised."""
    house = office(home)
    states = [
        [row("DK", value=1), row("NP", value=2)],
        [row("DK", value=1), row("NP", value=3), row("PH", value=4)],
        [row("DK", value=5), row("PH", value=4)],
    ]
    with pytest.MonkeyPatch.context() as clock:
        for number, (time, rows) in enumerate(zip((FEBRUARY, MARCH, APRIL), states, strict=True), start=1):
            clock.setenv("CITIZENSTATS_NOW", time.isoformat())
            # What was delivered in January is public from the time of its release on, not before.
            delivery = deliver(house, FIRST, number, f"2026-01-{number:02}T08:00:00Z")
            protect(house, f"s{number}", {FLOW: rows}, [delivery])
            assert release(house, FLOW).release == f"R000{number}"
    return house


def told(house, after=None, until=None, *, every=True):
    """Return each data set: action, since when and until when, and the values by area."""
    with history(house, FLOW, after, until, every=every) as (engine, messages):
        text = b"".join(chunks(engine, messages, "json-2.0"))
        rows = [
            sorted(
                engine.rows(
                    f'SELECT "REF_AREA", {"NULL" if m.action == "Delete" else "OBS_VALUE"} FROM ({m.source})'
                )
            )
            for m in messages
        ]
    sets = json.loads(text)["data"]["dataSets"]
    return [(s["action"], s.get("validFrom"), s.get("validTo"), r) for s, r in zip(sets, rows, strict=True)]


def test_the_history_is_one_or_two_data_sets_a_dissemination(three):
    february, march, april = (f"2026-0{month}-10T08:00:00Z" for month in (2, 3, 4))
    assert told(three) == [
        ("Replace", february, None, [("DK", 1), ("NP", 2)]),
        ("Replace", march, None, [("NP", 3), ("PH", 4)]),
        ("Delete", None, april, [("NP", None)]),
        ("Replace", april, None, [("DK", 5)]),
    ]
    assert told(three, after=FEBRUARY) == told(three)[1:]
    assert told(three, until=BETWEEN) == told(three)[:2]


def test_what_changed_after_a_time_is_told_once_with_deletions(three):
    assert told(three, after=FEBRUARY, every=False) == [
        ("Delete", None, None, [("NP", None)]),
        ("Replace", None, None, [("DK", 5), ("PH", 4)]),
    ]
    assert told(three, after=datetime(2026, 1, 31, tzinfo=UTC), every=False) == [
        ("Replace", None, None, [("DK", 5), ("PH", 4)])
    ]


def test_as_of_a_time_is_the_release_that_was_public_then(three):
    assert [as_of(three, FLOW, time).id for time in (FEBRUARY, BETWEEN, APRIL)] == ["R0001", "R0002", "R0003"]
    assert as_of(three, FLOW).id == "R0003"
    with pytest.raises(ReleaseError, match="NOTHING_YET"):
        as_of(three, FLOW, datetime(2026, 1, 31, tzinfo=UTC))


def test_what_was_taken_back_is_never_answered_again(tmp_path):
    three = disseminated(tmp_path)
    recall(three, FLOW, "R0002", "Dora Deputy", "it showed too much")
    assert as_of(three, FLOW, BETWEEN).id == "R0001"
    assert told(three) == [
        ("Replace", "2026-02-10T08:00:00Z", None, [("DK", 1), ("NP", 2)]),
        ("Delete", None, "2026-04-10T08:00:00Z", [("NP", None)]),
        ("Replace", "2026-04-10T08:00:00Z", None, [("DK", 5), ("PH", 4)]),
    ]


def test_no_change_and_times_in_the_wrong_order_are_errors(three):
    with pytest.raises(ReleaseError, match="NOTHING_CHANGED"), history(three, FLOW, APRIL):
        pass
    with pytest.raises(ReleaseError, match="AFTER_THE_END"), history(three, FLOW, APRIL, MARCH):
        pass


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_that_can_tell_the_history_is_valid_and_the_others_say_why(three, tmp_path, form):
    with history(three, FLOW, None) as (engine, messages):
        if form.startswith("csv") or form in (
            "json-1.0",
            "ml-2.1-generic-ts",
            "ml-2.1-structure-specific-ts",
        ):
            with pytest.raises(MessageError, match=r"NO_VALIDITY|NO_ACTION|ONE_DATA_SET|NO_TIME_SERIES"):
                chunks(engine, messages, form)
            return
        file = tmp_path / FORMATS[form].file_name
        file.write_bytes(b"".join(chunks(engine, messages, form)))
    # One key in several data sets is what a history is; whoever validates a message looks at one state.
    assert {finding.code for finding in validate_message(file, three.mappings.structures)} <= {
        "DUPLICATE_KEY"
    }
    assert file.read_text().count("2026-04-10T08:00:00Z") == 2


def test_csv_tells_what_changed(three):
    with history(three, FLOW, FEBRUARY, every=False) as (engine, messages):
        text = b"".join(chunks(engine, messages, "csv-2.1")).decode()
    rows = [(r["ACTION"], r["REF_AREA"], r["OBS_VALUE"]) for r in csv.DictReader(io.StringIO(text))]
    assert rows == [("D", "NP", ""), ("R", "DK", "5"), ("R", "PH", "4")]
