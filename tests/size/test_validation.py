"""Validation at size: every fault is counted, in seconds and in the memory of one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure import measured
from bench.validation import findings, observations, structures
from citizenstats.engine import quoted, session

LIMIT = 2048
"""MiB that a step may use."""


def damaged(good: Path, bad: Path) -> None:
    """Write rows with faults of known number: each thousandth row has another one, and the first thousand stand twice."""
    with session([good.parent], scratch=good.parent) as engine:
        source = f"read_parquet({quoted(str(good))})"
        engine.write_parquet(
            "SELECT * REPLACE ("
            "CASE WHEN _row % 1000 = 1 THEN 'X' || _row % 7000 ELSE SEX END AS SEX, "
            "CASE WHEN _row % 1000 = 2 THEN '2020-Q1' ELSE TIME_PERIOD END AS TIME_PERIOD, "
            "CASE WHEN _row % 1000 = 3 THEN 'many' ELSE OBS_VALUE END AS OBS_VALUE, "
            "CASE WHEN _row % 1000 = 4 THEN NULL ELSE OBS_STATUS END AS OBS_STATUS) "
            f"FROM {source} UNION ALL SELECT * REPLACE (_row + 1000000000 AS _row) FROM {source} "
            "WHERE _row <= 1000 AND _row % 1000 NOT IN (1, 2)",
            bad,
        )


def counted(folder: Path, rows: int) -> dict[tuple[str, str], tuple[int, int | None]]:
    observations(folder, rows)
    bad = folder / "bad.parquet"
    damaged(folder / f"sdg_{rows}.parquet", bad)
    return {(f.code, f.component): (f.count, f.row) for f in findings(bad, *structures())}


def expected(rows: int) -> dict[tuple[str, str], tuple[int, int | None]]:
    each = rows // 1000
    return {
        ("NOT_IN_CODELIST", "SEX"): (each, 1),
        ("PERIOD_DOES_NOT_FIT", "TIME_PERIOD"): (each, 2),
        ("NOT_A_NUMBER", "OBS_VALUE"): (each, 3),
        ("MISSING", "OBS_STATUS"): (each, 4),
        ("DUPLICATE_KEY", "the key"): (998, 1_000_000_003),
    }


@pytest.mark.parametrize("rows", [20_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_every_fault_is_counted(tmp_path: Path, rows: int) -> None:
    found = counted(tmp_path, rows)
    # Some of the rows whose value is no number are withheld ones, which may have none.
    found.pop(("MISSING_WITH_VALUE", "OBS_VALUE"), None)
    assert found == expected(rows)


def test_a_message_is_validated_in_the_memory_of_one_step(tmp_path: Path) -> None:
    measured("bench.validation:messages", tmp_path, 10_000, repeat=1)
    for form in ("csv", "ml"):
        assert measured(f"bench.validation:{form}_message", tmp_path, 10_000, repeat=1).peak < LIMIT / 2


@pytest.mark.long
def test_ten_times_as_long_a_message_takes_no_more_than_the_engine_may_keep(tmp_path: Path) -> None:
    peaks: dict[str, list[float]] = {"csv": [], "ml": []}
    for rows in (1_000_000, 10_000_000):
        measured("bench.validation:messages", tmp_path, rows, repeat=1)
        for form, found in peaks.items():
            found.append(measured(f"bench.validation:{form}_message", tmp_path, rows, repeat=1).peak)
    for small, large in peaks.values():
        # The engine keeps what it may before it spills; the readers of messages keep nothing.
        assert large < LIMIT, peaks
        assert large - small < LIMIT / 2, peaks


@pytest.mark.long
def test_ten_million_observations_of_the_sdg_structure_are_validated_in_seconds(tmp_path: Path) -> None:
    measured("bench.validation:observations", tmp_path, 10_000_000, repeat=1)
    took = measured("bench.validation:validated", tmp_path, 10_000_000, repeat=1)
    # Seconds on a machine that has nothing else to do; on any machine, no more than twice what writing the rows takes.
    assert took.seconds < 2 * measured("bench.validation:copied", tmp_path, 10_000_000, repeat=1).seconds, (
        took
    )
    assert took.peak < LIMIT, took
