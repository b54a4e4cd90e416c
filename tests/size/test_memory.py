"""Memory does not grow with the number of rows: messages written, microdata received and estimated."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure import measured
from bench.rows import MEMORY
from tests.conftest import Command, spread
from tests.size.survey import generated

LIMIT = 2048
"""MiB that a step may use."""
SLACK = 200
"""MiB that a larger input may cost more: buffers fill up, the allocator keeps some."""


def grows(title: str, folder: Path, small: int, large: int) -> None:
    work = next(memory for memory in MEMORY if memory.title == title)
    peaks = []
    for rows in (small, large):
        measured(work.prepare, folder, rows, repeat=1)
        peaks.append(measured(work.work, folder, rows, repeat=1).peak)
    assert peaks[1] < LIMIT, peaks
    assert peaks[1] - peaks[0] < SLACK, peaks


@pytest.mark.parametrize("title", spread(memory.title for memory in MEMORY if "SDMX" in memory.title))
def test_writing_a_message_takes_the_same_memory_for_four_times_as_many(tmp_path: Path, title: str) -> None:
    grows(title, tmp_path, 250_000, 1_000_000)


@pytest.mark.long
@pytest.mark.parametrize("title", [memory.title for memory in MEMORY if "SDMX" in memory.title])
def test_writing_ten_million_observations_takes_the_memory_of_one_million(tmp_path: Path, title: str) -> None:
    grows(title, tmp_path, 1_000_000, 10_000_000)


@pytest.mark.long
def test_a_million_persons_come_through_to_a_release_in_two_gigabytes(
    tmp_path: Path, citizenstats_process: Command, root: Path
) -> None:
    home = tmp_path / "home"
    generated(1_000_000, home / "inbox" / "dihr" / "disability_barometer")
    said = citizenstats_process(
        "--home", home, "--mappings", root / "sdmx_mappings", "--json", "run", peak=True
    )
    assert said.code == 0, said.out + said.err
    (delivery,) = said.json["deliveries"]
    assert delivery["read"] == 1_000_000
    assert delivery["accepted"] > 950_000
    assert said.peak < LIMIT
