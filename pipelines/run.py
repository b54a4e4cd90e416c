"""``make run``: the sample deliveries of the four systems, through Dagster, to published SDMX.

The systems share nothing, so each is demonstrated for itself (`pipelines.demonstration`), two at a time in processes of
their own; at the end stands one summary of all.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from citizenstats import samples
from citizenstats.cli.run import Summary, show_summary
from citizenstats.errors import CitizenstatsError
from citizenstats.flow import parts
from citizenstats.house import House, open_house
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import outcome_of
from citizenstats.release.manifest import Release, newest
from citizenstats.release.release import standing
from pipelines.demonstration import demonstrate

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2
"""Processes; each holds what one run of the daemon holds."""


def main() -> int:
    """Run the demonstration; return 0 when every step succeeded."""
    home, mappings = (
        Path(os.environ.get(variable) or ROOT / beside).absolute()
        for variable, beside in (("CITIZENSTATS_HOME", "data"), ("CITIZENSTATS_MAPPINGS", "sdmx_mappings"))
    )
    house = open_house(home, mappings)
    rounds = samples.rounds(ROOT / "data" / "samples")
    before, dropped_before = _known(house), samples.delivered(house)
    # Spawned, not forked: a library's threads do not survive a fork.
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn")) as processes:
        parted = [
            processes.submit(demonstrate, part, home, mappings, rounds, dropped_before)
            for part in parts(house.mappings)
        ]
        done = [part.result() for part in parted]
    show_summary(_summary(house, *before))
    sys.stdout.write("\n`make ui` shows these runs on http://127.0.0.1:3000 and watches the inbox.\n")
    return 0 if all(done) else 1


def _known(house: House) -> tuple[set[str], dict[str, Release | None]]:
    """Return the deliveries and the newest releases that there are now."""
    names = {d.full_name for dataset in house.mappings.names for d in deliveries(house.store, dataset)}
    return names, {flow: newest(house.store, flow) for flow in house.mappings.dataflows}


def _summary(house: House, names: set[str], releases: Mapping[str, Release | None]) -> Summary:
    """Return what has come since, for the same tables as the command line shows."""
    new = [
        d
        for dataset in sorted(house.mappings.datasets)
        for d in deliveries(house.store, dataset)
        if d.full_name not in names
    ]
    outcomes = [outcome for d in new if (outcome := outcome_of(house, d)) is not None]
    return Summary(outcomes, {flow: standing(house, flow, releases[flow]) for flow in sorted(releases)})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CitizenstatsError as error:
        sys.exit(f"citizenstats: {error}")
