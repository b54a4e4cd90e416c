"""The example by which the documentation of SDMX REST explains `includeHistory`, over releases.

Three disseminations of one series (sdmx-twg/sdmx-rest, data queries, "How to handle the includeHistory parameter"):

- February 2012: 2011-12 and 2012-01;
- March: everything before 2012 is deleted, 2012-02 is new;
- April: 2012-02 is revised, 2012-03 is new.

The documentation counts four data sets. Of March it names what is new before what is gone, here deletions come first; no key is
in both, so a receiver ends with the same.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from citizenstats.cli.main import main
from citizenstats.errors import ReleaseError
from citizenstats.release.history import as_of, history
from citizenstats.release.release import release
from citizenstats.sdmx.model import Item, ItemScheme
from citizenstats.sdmx.write import chunks

from .support import FIRST, FLOW, LISTS, deliver, office, protect, read, row, structures

FEBRUARY, MARCH, APRIL = (datetime(2012, month, 10, 8, tzinfo=UTC) for month in (2, 3, 4))
DISSEMINATED = {
    FEBRUARY: {"2011-12": 1.0, "2012-01": 2.0},
    MARCH: {"2012-01": 2.0, "2012-02": 3.0},
    APRIL: {"2012-01": 2.0, "2012-02": 3.5, "2012-03": 4.0},
}
FOUR = [
    ("Replace", FEBRUARY, None, {"2011-12": 1.0, "2012-01": 2.0}),
    ("Replace", MARCH, None, {"2012-02": 3.0}),
    ("Delete", None, MARCH, {"2011-12": None}),
    ("Replace", APRIL, None, {"2012-02": 3.5, "2012-03": 4.0}),
]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A house with the three disseminations; do not change it."""
    monthly = ItemScheme(
        "Codelist", LISTS["FREQ"].reference, {"en": "Frequency"}, (Item("M", {"en": "Monthly"}),)
    )
    house = office(tmp_path_factory.mktemp("example"), found=structures(FREQ=monthly))
    with pytest.MonkeyPatch.context() as clock:
        for number, (time, values) in enumerate(DISSEMINATED.items(), start=1):
            clock.setenv("CITIZENSTATS_NOW", time.isoformat())
            rows = [row("DK", period=period, value=value, FREQ="M") for period, value in values.items()]
            protect(house, f"s{number}", {FLOW: rows}, [deliver(house, FIRST, number, time.isoformat())])
            assert release(house, FLOW).status == "published"
    return house


def told(house, form, after=None, until=None, *, every=True):
    """Return the data sets of the message in a format: action, since when, until when, and values by period."""
    with history(house, FLOW, after, until, every=every) as (engine, messages):
        content = b"".join(chunks(engine, messages, form))
    return {"ml-3.0": _of_ml, "ml-2.1-generic": _of_generic, "json-2.0": _of_json}[form](content)


def _of_ml(content):
    found = []
    for one in etree.fromstring(content).iterfind("{*}DataSet"):
        said = {name.rpartition("}")[2]: value for name, value in one.attrib.items()}
        values = {o.get("TIME_PERIOD"): _number(o.get("OBS_VALUE")) for o in one.iterfind(".//{*}Obs")}
        found.append((said["action"], said.get("validFromDate"), said.get("validToDate"), values))
    return _parsed(found)


def _of_generic(content):
    found = []
    for one in etree.fromstring(content).iterfind("{*}DataSet"):
        values = {}
        for observation in one.iterfind("{*}Obs"):
            key = observation.find("{*}ObsKey/{*}Value[@id='TIME_PERIOD']").get("value")
            value = observation.find("{*}ObsValue")
            values[key] = None if value is None else float(value.get("value"))
        found.append((one.get("action"), one.get("validFromDate"), one.get("validToDate"), values))
    return _parsed(found)


def _of_json(content):
    data = json.loads(content)["data"]
    found = []
    for one in data["dataSets"]:
        structure = data["structures"][one.get("structure", 0)]
        dimensions = structure["dimensions"]["observation"]
        place = [d["id"] for d in dimensions].index("TIME_PERIOD")
        periods = dimensions[place]["values"]
        values = {}
        for key, listed in one["observations"].items():
            period = periods[int(key.split(":")[place])]
            values[period.get("value") or period["id"]] = _number(listed[0] if listed else None)
        found.append((one["action"], one.get("validFrom"), one.get("validTo"), values))
    return _parsed(found)


def _number(said):
    return None if said is None else float(said)


def _parsed(found):
    return [(action, _time(since), _time(until), values) for action, since, until, values in found]


def _time(said):
    return datetime.fromisoformat(said) if said else None


def _by_dissemination(sets):
    return sorted(sets, key=lambda one: (one[1] or one[2], one[0]))


@pytest.mark.parametrize("form", ["ml-3.0", "ml-2.1-generic", "json-2.0"])
def test_the_history_is_the_four_data_sets_of_the_documentation(example, form):
    assert _by_dissemination(told(example, form)) == _by_dissemination(FOUR)


def test_the_history_after_a_time_and_as_of_one_is_a_part_of_it(example):
    second = timedelta(seconds=1)
    assert _by_dissemination(told(example, "ml-3.0", after=FEBRUARY)) == _by_dissemination(FOUR[1:])
    # Who asked a second before the dissemination has not seen it.
    assert _by_dissemination(told(example, "ml-3.0", after=FEBRUARY - second)) == _by_dissemination(FOUR)
    assert _by_dissemination(told(example, "ml-3.0", until=MARCH)) == _by_dissemination(FOUR[:3])
    assert told(example, "ml-3.0", until=MARCH - second) == FOUR[:1]
    assert _by_dissemination(told(example, "ml-3.0", FEBRUARY, MARCH)) == _by_dissemination(FOUR[1:3])


@pytest.mark.parametrize("form", ["ml-3.0", "ml-2.1-generic", "json-2.0"])
def test_what_was_updated_is_told_in_its_latest_state_with_what_was_deleted(example, form):
    # Who has February: 2012-02 is told as revised, never as it was in March.
    assert told(example, form, after=FEBRUARY, every=False) == [
        ("Delete", None, None, {"2011-12": None}),
        ("Replace", None, None, {"2012-02": 3.5, "2012-03": 4.0}),
    ]
    assert told(example, form, after=MARCH, every=False) == [
        ("Replace", None, None, {"2012-02": 3.5, "2012-03": 4.0})
    ]
    # As of March, who has February.
    assert told(example, form, after=FEBRUARY, until=MARCH, every=False) == [
        ("Delete", None, None, {"2011-12": None}),
        ("Replace", None, None, {"2012-02": 3.0}),
    ]


@pytest.mark.parametrize("time", DISSEMINATED)
def test_as_of_each_time_the_data_are_what_was_disseminated_then(example, time):
    found = as_of(example, FLOW, time + timedelta(days=3))
    assert dict(read(found.observations, "TIME_PERIOD, OBS_VALUE")) == DISSEMINATED[time]


@pytest.mark.parametrize("every", [True, False])
def test_updates_after_the_time_as_of_which_they_are_asked_for_are_an_error_of_the_client(example, every):
    with pytest.raises(ReleaseError) as caught, history(example, FLOW, APRIL, MARCH, every=every):
        pass
    assert caught.value.code == "AFTER_THE_END"


def test_the_command_says_so_and_writes_nothing(example, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("citizenstats.house.load_mappings", lambda folder: example.mappings)
    out = tmp_path / "none.xml"
    asked = ["--updated-after", "2012-04-01T00:00:00Z", "--as-of", "2012-03-01T00:00:00Z"]
    with pytest.raises(SystemExit) as left:
        main(
            [
                "export",
                FLOW,
                "--home",
                str(example.store.home),
                *asked,
                "--format",
                "ml-3.0",
                "--out",
                str(out),
            ]
        )
    assert left.value.code == 1
    assert "AFTER_THE_END" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
