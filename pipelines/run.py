"""``make run``: the sample deliveries of the four systems, through Dagster, to published SDMX.

Each round of samples is dropped into the inbox and taken through by the job `everything`, in this process and recorded
like any run, so that `make ui` shows it afterwards. Candidates that rest on nothing but samples are then signed off
in the name of a person who does not exist; a candidate with one other delivery behind it is left to a real one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets import keys
from citizenstats import samples
from citizenstats.cli.run import Summary, show_summary
from citizenstats.errors import CitizenstatsError
from citizenstats.house import House
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import outcome_of
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import Release, newest
from citizenstats.release.release import standing
from citizenstats.store import sha256_of
from pipelines.definitions import build_defs
from resources.house import ROOT, HouseResource
from resources.instance import prepare

SIGNER = "Sample Person (demonstration only, nobody real)"
NOTE = "Synthetic sample data, signed off by the demonstration itself"


def main() -> int:
    """Run the demonstration; return 0 when every step succeeded."""
    resource = HouseResource.at()
    house = resource.open()
    os.environ["DAGSTER_HOME"] = str(prepare(house.store.home))
    definitions = build_defs(Path(resource.home), Path(resource.mappings))
    rounds = samples.rounds(ROOT / "data" / "samples")
    before = _known(house)
    dropped_before = samples.delivered(house)
    with dg.DagsterInstance.get() as instance:
        done = [_round(definitions, instance, house, folder, dropped_before) for folder in rounds]
        done += _sign_off(definitions, instance, house, rounds)
    show_summary(_summary(house, *before))
    sys.stdout.write("\n`make ui` shows these runs on http://127.0.0.1:3000 and watches the inbox.\n")
    return 0 if all(done) else 1


def _round(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    house: House,
    folder: Path,
    before: samples.Delivered,
) -> bool:
    dropped = samples.drop(house, folder, before)
    sys.stdout.write(f"{folder.name}: {len(dropped)} files dropped into the inbox\n")
    # Each file was put there in one step, so it is still: no second look is needed.
    looks = {keys.op("received", name): {"config": {"settle": 0.0}} for name in house.mappings.datasets}
    return _run(definitions, instance, "everything", {"ops": looks})


def _sign_off(
    definitions: dg.Definitions, instance: dg.DagsterInstance, house: House, rounds: Sequence[Path]
) -> list[bool]:
    known = {sha256_of(file)[:12] for folder in rounds for file in folder.glob("*/*/*")}
    done = []
    for flow in sorted(house.mappings.dataflows):
        for candidate in candidates(house, flow):
            behind = {delivery.rpartition("-")[2] for delivery in candidate.facts["deliveries"]}
            if candidate.is_waiting and behind <= known:
                sys.stdout.write(f"{flow} {candidate.id}: signed off by «{SIGNER}»\n")
                config = {"flow": flow, "candidate": candidate.id, "person": SIGNER, "note": NOTE}
                done.append(_run(definitions, instance, "approve", {"ops": {"sign_off": {"config": config}}}))
    return done


def _run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, config: Mapping[str, Any]
) -> bool:
    began = time.monotonic()
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_config={**config, "loggers": {"progress": {}}},
        raise_on_error=False,
        tags={"citizenstats/demonstration": "yes"},
    )
    sys.stdout.write(
        f"  {job}: {'done' if result.success else 'FAILED'} in {time.monotonic() - began:.1f} s\n"
    )
    return result.success


def _known(house: House) -> tuple[set[str], dict[str, Release | None]]:
    """Return the deliveries and the newest releases that there are now."""
    names = {d.full_name for dataset in house.mappings.datasets for d in deliveries(house.store, dataset)}
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
