import json

import pytest

from citizenstats.errors import ReleaseError
from citizenstats.release.assemble import assemble

from .support import FIRST, FLOW, SECOND, deliver, observe, office, read, row

KEY = '"REF_AREA", "OBS_VALUE", "_dataset", "_n"'


def test_all_feeds_come_together(tmp_path):
    house = office(tmp_path)
    observe(house, FIRST, "s1", [row("PH", value=3), row("DK", value=1)])
    observe(house, SECOND, "s1", [row("NP", value=2)], delivery=deliver(house, SECOND, 1))
    assembled = assemble(house, FLOW)
    assert (assembled.observations, assembled.replaced, assembled.datasets) == (3, 0, (FIRST, SECOND))
    assert sorted(read(assembled.folder / "observations.parquet", KEY)) == [
        ("DK", 1.0, FIRST, 40),
        ("NP", 2.0, SECOND, 40),
        ("PH", 3.0, FIRST, 40),
    ]
    assert house.store.state(house.store.assembled(FLOW))["folder"] == assembled.folder


def test_the_same_inputs_are_the_same_state_and_nothing_is_written_again(tmp_path):
    house = office(tmp_path)
    observe(house, FIRST, "s1", [row()])
    observe(house, SECOND, "s1", [])
    first = assemble(house, FLOW)
    written = (first.folder / "observations.parquet").stat()
    assert assemble(house, FLOW) == first
    assert (first.folder / "observations.parquet").stat() == written
    observe(house, SECOND, "s2", [])
    assert assemble(house, FLOW).state != first.state


def test_a_key_in_two_datasets_is_an_error_unless_precedence_is_declared(tmp_path):
    house = office(tmp_path)
    observe(house, FIRST, "s1", [row(value=1)])
    observe(house, SECOND, "s1", [row(value=2), row("NP", value=3)])
    with pytest.raises(ReleaseError, match=r"KEY_IN_TWO_DATASETS in the key \(1\)"):
        assemble(house, FLOW)
    house = office(tmp_path, on_same_key="first", feeds=[SECOND, FIRST])
    assembled = assemble(house, FLOW)
    assert read(assembled.folder / "observations.parquet", KEY) == [
        ("DK", 2.0, SECOND, 40),
        ("NP", 3.0, SECOND, 40),
    ]
    assert assembled.replaced == 1


def test_a_key_twice_in_one_dataset_is_always_an_error(tmp_path):
    house = office(tmp_path, on_same_key="first")
    observe(house, FIRST, "s1", [row(value=1), row(value=2)])
    observe(house, SECOND, "s1", [])
    with pytest.raises(ReleaseError, match="KEY_TWICE_IN_DATASET"):
        assemble(house, FLOW)


def test_an_invalid_state_blocks_names_no_value_and_keeps_the_former_state(tmp_path):
    house = office(tmp_path)
    observe(house, SECOND, "s1", [])
    observe(house, FIRST, "s1", [row()])
    good = assemble(house, FLOW)
    observe(house, FIRST, "s2", [row("canary-4711")])
    for _ in range(2):
        with pytest.raises(ReleaseError, match=r"NOT_IN_CODELIST in REF_AREA \(1\)") as caught:
            assemble(house, FLOW)
        assert "canary" not in str(caught.value)
    assert house.store.state(house.store.assembled(FLOW))["state"] == good.state
    (failed,) = (p for p in house.store.assembled(FLOW).iterdir() if p.is_dir() and p != good.folder)
    assert [p.name for p in failed.iterdir()] == ["assembled.json"]
    assert json.loads((failed / "assembled.json").read_text())["faults"][0]["values"] == ["canary-4711"]


def test_the_constraint_of_the_dataflow_holds(tmp_path):
    house = office(tmp_path, constraint={"REF_AREA": ["DK"]})
    observe(house, FIRST, "s1", [row("NP")])
    observe(house, SECOND, "s1", [])
    with pytest.raises(ReleaseError, match="NOT_IN_CONSTRAINT"):
        assemble(house, FLOW)


def test_a_feed_that_was_never_observed_is_named(tmp_path):
    house = office(tmp_path)
    observe(house, FIRST, "s1", [row()])
    with pytest.raises(ReleaseError, match=f"NOT_OBSERVED: {SECOND}"):
        assemble(house, FLOW)


def test_no_observation_at_all_is_a_state_too(tmp_path):
    house = office(tmp_path)
    observe(house, FIRST, "s1", [])
    observe(house, SECOND, "s1", [])
    assert assemble(house, FLOW).observations == 0
