"""What people see who look again at what was committed."""

from pathlib import Path
from typing import Any

import pytest

from citizenstats.verify import overdue
from tests.receive.office import DATASET, Office, file, row


def every(days: int | None, grace: int = 5) -> Any:
    def change(said: dict[str, Any]) -> None:
        said["delivery"] = {**said.get("delivery", {}), "grace_days": grace}
        if days is not None:
            said["delivery"]["expected_every_days"] = days

    return change


def take_in(office: Office, number: int, text: bytes | None = None) -> None:
    rows = file(*(row(f"d{number}p{n}") for n in range(5)))
    office.drop(rows if text is None else text, f"answers_{number:05}.csv")
    office.receive()


@pytest.mark.parametrize(
    ("on", "late"),
    [("2026-02-05", None), ("2026-02-06", 1), ("2026-03-01", 24)],
    ids=["within the grace", "a day late", "weeks late"],
)
def test_a_delivery_is_late_when_interval_and_grace_are_over(tmp_path: Path, monkeypatch, on, late) -> None:
    office = Office(tmp_path, every(31))
    monkeypatch.setenv("CITIZENSTATS_NOW", "2025-12-31T12:00:00Z")
    take_in(office, 1)
    monkeypatch.setenv("CITIZENSTATS_NOW", f"{on}T12:00:00Z")
    assert [(f.code, f.count) for f in overdue(office.house, DATASET)] == (
        [("OVERDUE", late)] if late else []
    )


def test_a_delivery_that_was_refused_whole_is_none_that_came(tmp_path: Path, monkeypatch) -> None:
    office = Office(tmp_path, every(31))
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-01-01T12:00:00Z")
    take_in(office, 1)
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-01T12:00:00Z")
    take_in(office, 2, b"")
    assert [f.code for f in overdue(office.house, DATASET)] == ["OVERDUE"]
    take_in(office, 3)
    assert overdue(office.house, DATASET) == []


def test_nothing_is_late_that_nobody_expects_or_that_never_came(tmp_path: Path, monkeypatch) -> None:
    office = Office(tmp_path, every(31))
    assert overdue(office.house, DATASET) == []
    office.agree(every(None))
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-01-01T12:00:00Z")
    take_in(office, 1)
    monkeypatch.setenv("CITIZENSTATS_NOW", "2036-01-01T12:00:00Z")
    assert overdue(office.house, DATASET) == []
