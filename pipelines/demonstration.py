"""One system's part of the demonstration, in a process of its own.

Each round of samples is dropped into the inbox and taken through by the job `everything`, recorded like any run, so that
`make ui` shows it afterwards. Candidates that rest on nothing but samples are then signed off in the name of a person who
does not exist; a candidate with one other delivery behind it is left to a real one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citizenstats import samples
from citizenstats.flow import Part
from citizenstats.house import House
from citizenstats.release.candidate import candidates
from citizenstats.store import sha256_of

if TYPE_CHECKING:
    import dagster as dg

SIGNER = "Sample Person (demonstration only, nobody real)"
NOTE = "Synthetic sample data, signed off by the demonstration itself"


def demonstrate(
    part: Part, home: Path, mappings: Path, rounds: Sequence[Path], before: samples.Delivered
) -> bool:
    """Take the samples of one part through all rounds, then sign off; return whether every run succeeded.

    Args:
        part: the datasets and families.
        home: the data root.
        mappings: the mappings folder.
        rounds: the folders of the rounds in their order.
        before: what had been delivered when the demonstration began.
    """
    # Only here: the parent, which waits and sums up, needs none of it.
    from pipelines.definitions import build_defs
    from resources.house import HouseResource
    from resources.instance import opened

    with opened(home) as instance:
        house = HouseResource.at(home, mappings).open()
        office = _Demonstration(house, part, build_defs(home, mappings), instance)
        return all([*office.rounds(rounds, before), *office.sign_off(rounds)])


@dataclass(frozen=True)
class _Demonstration:
    house: House
    part: Part
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def rounds(self, folders: Sequence[Path], before: samples.Delivered) -> Iterator[bool]:
        """Take each round through."""
        from assets import keys

        chosen = [keys.key(step.kind, step.of) for step in self.part.steps(self.house.mappings)]
        # Each file is put there in one step, so it is still: no second look is needed.
        looks = {
            keys.op("received", name): {"config": {"settle": 0.0}}
            for name in self.part.datasets
            if name in self.house.mappings.datasets
        }
        for folder in folders:
            for path in samples.drop(self.house, folder, before, self.part.datasets):
                _say(f"{folder.name}: dropped {path.relative_to(self.house.store.home)}")
            yield self._run("everything", {"ops": looks}, chosen)

    def sign_off(self, folders: Sequence[Path]) -> Iterator[bool]:
        """Sign off what rests on nothing but samples."""
        known = {sha256_of(file)[:12] for folder in folders for file in folder.glob("*/*/*")}
        flows = [flow for family in self.part.families for flow in self.house.mappings.families[family]]
        for flow in flows:
            for candidate in candidates(self.house, flow):
                behind = {delivery.rpartition("-")[2] for delivery in candidate.facts["deliveries"]}
                if candidate.is_waiting and behind <= known:
                    _say(f"{flow} {candidate.id}: signed off by «{SIGNER}»")
                    config = {"flow": flow, "candidate": candidate.id, "person": SIGNER, "note": NOTE}
                    yield self._run("approve", {"ops": {"sign_off": {"config": config}}})

    def _run(self, job: str, config: Mapping[str, Any], chosen: Sequence[dg.AssetKey] | None = None) -> bool:
        began = time.monotonic()
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            run_config={**config, "loggers": {"progress": {}}},
            asset_selection=chosen,
            raise_on_error=False,
            tags={"citizenstats/demonstration": "yes"},
        )
        ended = "done" if result.success else "FAILED"
        _say(f"  {job} of {', '.join(self.part.families)}: {ended} in {time.monotonic() - began:.1f} s")
        return result.success


def _say(line: str) -> None:
    # At once and in one piece: another process says its lines beside it.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
