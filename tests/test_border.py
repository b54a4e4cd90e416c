from __future__ import annotations

import errno
import os
import traceback

import pytest

from citizenstats import clock
from citizenstats.border import DEBUG, border
from citizenstats.engine import session
from citizenstats.errors import CitizenstatsError, ReleaseError

CANARY = "Jane Canary, 55.6761 12.5683"


def _text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_what_a_step_raises_on_purpose_goes_through() -> None:
    with pytest.raises(ReleaseError, match="NOT_VALID: 3 codes"), border("assembled/A/B"):
        raise ReleaseError("NOT_VALID", "3 codes")


def _wrapped() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        raise ReleaseError("BAD", "a number is none") from error


def test_what_nobody_foresaw_is_told_by_type_and_place_only() -> None:
    told = r"received/a/b: STEP_FAILED: TypeError at citizenstats/clock\.py:\d+"
    with pytest.raises(CitizenstatsError, match=told) as caught, border("received/a/b"):
        clock.parse([CANARY])  # type: ignore[arg-type]
    assert "Canary" not in _text(caught.value)


def test_nothing_hangs_behind_an_error_that_crosses_the_border() -> None:
    with pytest.raises(CitizenstatsError) as caught, border("received/a/b"):
        _wrapped()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "Canary" not in _text(caught.value)


def test_an_error_of_the_engine_quotes_no_data() -> None:
    with pytest.raises(CitizenstatsError) as caught, border("observed/a/b"), session() as engine:
        engine.run(f"SELECT CAST('{CANARY}' AS INTEGER)")
    assert "Canary" not in _text(caught.value)


def test_debugging_lets_everything_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
    with pytest.raises(ValueError, match="Canary"), border("received/a/b"):
        int(CANARY)


def test_an_interrupt_is_no_failure_of_the_step() -> None:
    with pytest.raises(KeyboardInterrupt), border("received/a/b"):
        raise KeyboardInterrupt


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_machine_refuses_is_told_as_such_without_the_files_name(number: int) -> None:
    told = rf"DISK_FAILED: {os.strerror(number)}, at .*free space"
    with pytest.raises(CitizenstatsError, match=told) as caught, border("received/a/b"):
        raise OSError(number, "no", CANARY)
    assert "Canary" not in _text(caught.value)
