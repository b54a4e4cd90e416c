"""A failed step tells code, place and kind, and never a value."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.failures import value_free
from citizenstats.errors import DeliveryError

CANARY = "Anne-Marie Rosengren 210475"


def test_an_error_for_people_keeps_its_text():
    with pytest.raises(dg.Failure, match="NO_HEADER") as caught, value_free("receive", "p/d"):
        raise DeliveryError("NO_HEADER", "the file has no header row", mend="add one")
    assert "add one" in str(caught.value.description)
    assert caught.value.allow_retries is False


def test_any_other_error_keeps_its_kind_and_loses_its_text():
    with pytest.raises(dg.Failure, match="ValueError") as caught, value_free("observe", "p/d"):
        int(CANARY)
    assert CANARY not in str(caught.value.description)
    assert "test_failures.py" in str(caught.value.metadata["arose at"].value)


def test_an_interruption_goes_through_untouched():
    with pytest.raises(KeyboardInterrupt), value_free("observe", "p/d"):
        raise KeyboardInterrupt


def test_no_value_of_a_failed_step_is_in_the_recorded_run(tmp_path):
    @dg.asset
    def broken():
        with value_free("observe", "p/d"):
            try:
                raise KeyError(CANARY)
            except KeyError as error:
                raise ValueError(f"bad cell {CANARY}") from error

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        result = dg.materialize([broken], instance=instance, raise_on_error=False)
    assert not result.success
    recorded = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert recorded
    # The word 'withheld' is recorded, so the search looks in the right place.
    assert any(b"text is withheld" in path.read_bytes() for path in recorded)
    assert not any(CANARY.encode() in path.read_bytes() for path in recorded)
