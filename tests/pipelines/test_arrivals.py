"""The decision of the sensor, rule by rule."""

from __future__ import annotations

import json

from pipelines.arrivals import TRIES, Ask, Cursor, Former, GiveUp, Wait, decide, in_turn


def test_deliveries_never_asked_for_get_a_run_under_their_own_name():
    assert decide("p/d:000001-abc", []) == Ask("p/d:000001-abc")


def test_a_run_that_goes_on_is_waited_for():
    assert decide("x", [Former(finished=False)]) == Wait()
    assert decide("x", [Former(finished=True), Former(finished=False)]) == Wait()


def test_a_run_that_died_is_asked_for_again_under_a_new_key():
    again = decide("x", [Former(finished=True)])
    assert isinstance(again, Ask)
    assert again.run_key != "x"
    third = decide("x", [Former(finished=True)] * 2)
    assert isinstance(third, Ask)
    assert third.run_key not in ("x", again.run_key)


def test_after_three_runs_in_vain_a_person_must_look():
    assert decide("x", [Former(finished=True)] * TRIES) == GiveUp(TRIES)


def test_a_run_still_going_is_waited_for_even_after_many_that_died():
    assert decide("x", [*[Former(finished=True)] * TRIES, Former(finished=False)]) == Wait()


def test_the_round_begins_where_the_last_one_stopped_and_serves_each_once():
    assert in_turn(["a", "b", "c"], "b") == ["b", "c", "a"]


def test_a_dataset_that_is_gone_does_not_stop_the_round():
    assert in_turn(["a", "b"], "removed") == ["a", "b"]
    assert in_turn([], "a") == []


def test_the_cursor_survives_as_text():
    cursor = Cursor({"p/d": frozenset({"0123456789abcdef"})}, "p/d")
    assert Cursor.parse(cursor.dump()) == cursor


def test_the_cursor_holds_no_folder_without_waiting_files():
    cursor = Cursor({"p/d": frozenset(), "p/e": frozenset({"1a"})})
    assert json.loads(cursor.dump())["seen"] == {"p/e": ["1a"]}


def test_a_cursor_that_nobody_can_read_costs_one_look_and_no_file():
    for broken in (
        None,
        "",
        "not json",
        "[]",
        '{"seen": 3}',
        '{"seen": {"p/d": 3}}',
        '{"marks": {"p/d": {"f": "1:1:1"}}}',
    ):
        assert Cursor.parse(broken) == Cursor()
