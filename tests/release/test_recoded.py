"""A former release under later codes: only what was published, one code for one code, and nothing against the later version."""

import csv
import io
import json
from datetime import UTC, datetime
from importlib import resources

import jsonschema
import pytest

from citizenstats.cli.main import main
from citizenstats.engine import session
from citizenstats.errors import ReleaseError
from citizenstats.release.approve import approve
from citizenstats.release.recall import recall
from citizenstats.release.recoded import recoded_release
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, chunks
from tests.conftest import spread

from .support import FLOW, office, row
from .test_versions import NEW, OLD, published, raised

FEBRUARY, MARCH, APRIL = (datetime(2026, month, 10, 8, tzinfo=UTC) for month in (2, 3, 4))
FORMER = [
    row("DK", period="2018", value=1), row("DK", period="2019", value=None), row("DK", period="2020", value=2),
    row("NP", period="2018", value=3), row("PH", period="2018", value=4),
]  # fmt: skip
"""Of the second version DK is renamed, NP is split; PH is no longer there."""

RECODED = {"1.0.0": {"REF_AREA": {"DK": "DNK", "NP": ["NP1", "NP2"]}}}


def two(home, clock, later, recoded=RECODED, codes=("DNK", "NP1", "NP2")):
    house = office(home)
    published(house, "s2", FORMER, FEBRUARY, clock)
    house = office(home, found=raised(codes), version="2.0.0", recoded=recoded)
    published(house, "s3", later, MARCH, clock)
    approve(house, FLOW, None, "Dora Deputy", "looked at both")
    return house


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A house with two versions, the later one of which withholds 2020; do not change it."""
    with pytest.MonkeyPatch.context() as clock:
        return two(
            tmp_path_factory.mktemp("two"),
            clock,
            [row("DNK", period="2020", value=None), row("NP1", value=5)],
        )


def told(found, form="csv-2.1"):
    with session(found.folders) as engine:
        content = b"".join(chunks(engine, found.message, form)).decode()
    return [
        (r["STRUCTURE_ID"], r["REF_AREA"], r["TIME_PERIOD"], r["OBS_VALUE"], r["OBS_STATUS"])
        for r in csv.DictReader(io.StringIO(content))
    ]


def test_one_code_for_one_code_is_carried_and_the_rest_is_named(standing):
    found = recoded_release(standing, OLD, None, "2.0.0")
    assert told(found) == [(NEW, "DNK", "2018", "1", "A"), (NEW, "DNK", "2019", "NaN", "Q")]
    assert found.left_out == {"REF_AREA NP": "split into NP1, NP2", "REF_AREA PH": "no longer there"}
    assert (found.without_counterpart, found.said_by_later) == (2, 1)


def test_what_the_later_version_withholds_is_not_said_in_its_codes(standing):
    assert "2020" not in {period for _, _, period, *_ in told(recoded_release(standing, OLD, None, "2.0.0"))}


@pytest.mark.parametrize("form", spread(sorted(FORMATS)))
def test_it_is_valid_under_the_later_version_in_every_format(standing, tmp_path, form):
    found = recoded_release(standing, OLD, "R0001", "2.0.0")
    file = tmp_path / FORMATS[form].file_name
    with session(found.folders) as engine:
        file.write_bytes(b"".join(chunks(engine, found.message, form)))
    assert validate_message(file, standing.mappings.structures) == []


def test_codes_that_were_merged_are_left_out_whether_or_not_both_occur(tmp_path, monkeypatch):
    recoded = {"1.0.0": {"REF_AREA": {"DK": "EU", "NP": "EU"}}}
    house = two(tmp_path, monkeypatch, [row("EU", period="2021")], recoded, ("EU", "PH"))
    found = recoded_release(house, OLD, None, "2.0.0")
    assert [area for _, area, *_ in told(found)] == ["PH"]
    assert found.left_out == {
        "REF_AREA DK": "merged with NP into EU",
        "REF_AREA NP": "merged with DK into EU",
    }


def test_what_was_taken_back_is_not_carried(tmp_path, monkeypatch):
    house = two(tmp_path, monkeypatch, [row("DNK", period="2021")])
    recall(house, OLD, "R0001", "Dora Deputy", "it showed too much")
    for release in (None, "R0001"):
        with pytest.raises(ReleaseError, match=r"NO_SUCH_RELEASE|TAKEN_BACK"):
            recoded_release(house, OLD, release, "2.0.0")


def test_what_cannot_be_carried_says_why(standing, tmp_path, monkeypatch):
    for flow, version, code in (
        (OLD, "3.0.0", "NO_SUCH_RELEASE"), (NEW, "2.0.0", "NO_MAP"), (NEW, "1.0.0", "NO_MAP"), (FLOW, "2.0.0", "NO_MAP"),
    ):  # fmt: skip
        with pytest.raises(ReleaseError, match=code):
            recoded_release(standing, flow, None, version)
    all_said = [row("DNK", period=period) for period in ("2018", "2019", "2020")]
    with pytest.raises(ReleaseError, match="NOTHING_LEFT"):
        recoded_release(two(tmp_path, monkeypatch, all_said), OLD, None, "2.0.0")


def test_a_waiting_candidate_is_not_read(tmp_path, monkeypatch):
    house = office(tmp_path)
    published(house, "s2", FORMER, FEBRUARY, monkeypatch)
    house = office(tmp_path, found=raised(("DNK", "NP1")), version="2.0.0", recoded=RECODED)
    assert published(house, "s3", [row("DNK")], MARCH, monkeypatch).status == "waiting"
    with pytest.raises(ReleaseError, match="NO_SUCH_RELEASE"):
        recoded_release(house, OLD, None, "2.0.0")


def test_the_command_names_what_it_leaves_out(standing, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("citizenstats.house.load_mappings", lambda folder: standing.mappings)
    out = tmp_path / "recoded.csv"
    words = ["export", OLD, "--recoded", "2.0.0", "--format", "csv-2.1", "--out", str(out)]
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as left:
            main([*words, "--home", str(standing.store.home), *more])
        assert left.value.code == 0
        said = capsys.readouterr()
        if not more:
            assert "left out: REF_AREA NP: split into NP1, NP2" in said.err
            assert "left out: 1 observation: 2.0.0 says them itself" in said.err
    facts = json.loads(said.out)
    schema = json.loads((resources.files("citizenstats.schemas") / "export.schema.json").read_text())
    jsonschema.validate(facts, schema)
    assert {one["what"] for one in facts["left_out"]} >= {"REF_AREA NP", "REF_AREA PH"}
    with pytest.raises(SystemExit) as left:
        main([*words, "--as-of", "2026-03-01T00:00:00Z", "--home", str(standing.store.home)])
    assert left.value.code == 2
