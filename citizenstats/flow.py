"""The order of the steps, once: the command line and the Dagster assets both walk it.

    received ─▶ observed ─▶ assembled ─▶ protected ─▶ released

`receive`, `observe`, `assemble`, `protect` and `release` are the doors to the steps, each behind its `border`: no
exception passes with a value from data in its text, and nothing is done that rests on a contract with a fault. `walk`
takes everything through in order; what fails stops only what depends on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from citizenstats.border import border
from citizenstats.contracts.load import Mappings
from citizenstats.contracts.sound import feeding, require_sound
from citizenstats.errors import CitizenstatsError
from citizenstats.harmonize import observe as harmonize_observe
from citizenstats.harmonize.observe import Observed
from citizenstats.house import House
from citizenstats.protect import protect as protect_family
from citizenstats.protect.protect import Protected
from citizenstats.receive import receive as receive_dataset
from citizenstats.receive.receive import Received
from citizenstats.release import assemble as assemble_flow
from citizenstats.release import release as release_flow
from citizenstats.release.assemble import Assembled
from citizenstats.release.publish import publish_due
from citizenstats.release.release import Released

Kind = Literal["received", "observed", "assembled", "protected", "released"]
Result = Received | Observed | Assembled | Protected | Released

SETTLE = 2.0
"""Seconds between the two looks at a file that must be still."""


@dataclass(frozen=True, order=True)
class Step:
    """One step on one thing, such as ``observed/dihr/lgbt_barometer``."""

    kind: Kind
    of: str
    """Dataset, ``AGENCY:ID`` of a dataflow, or family."""

    def __str__(self) -> str:
        """Return the step as its place in the graph is called."""
        return f"{self.kind}/{self.of.replace(':', '/')}"


@dataclass(frozen=True)
class StepDone:
    """What came of a step: exactly one of result, error and blocked_by."""

    step: Step
    result: Result | None = None
    error: CitizenstatsError | None = None
    blocked_by: Step | None = None
    seconds: float = 0.0


@contextmanager
def _door(house: House, step: Step) -> Iterator[None]:
    """Let a step in whose contracts have no fault, and errors out of it without values."""
    with border(step):
        require_sound(house.mappings, behind(step, house.mappings))
        yield


# --- the doors --------------------------------------------------------------------------------------------


def receive(house: House, dataset: str, settle: float = SETTLE, *, fetch: bool = False) -> Received:
    """Take in what lies still in the inbox of ``partner/dataset``, read it, and send receipts.

    Args:
        house: where and what.
        dataset: ``partner/dataset``.
        settle: seconds between the two looks at a file that must be still.
        fetch: also fetch the source that the contract names.
    """
    with _door(house, Step("received", dataset)):
        return receive_dataset.receive(house, dataset, settle, fetch=fetch)


def observe(house: House, dataset: str) -> Observed:
    """Turn the current records of ``partner/dataset`` into coded observations."""
    with _door(house, Step("observed", dataset)):
        return harmonize_observe.observe(house, dataset)


def assemble(house: House, flow: str) -> Assembled:
    """Bring all observations of the dataflow ``AGENCY:ID`` together and validate them."""
    with _door(house, Step("assembled", flow)):
        return assemble_flow.assemble(house, flow)


def protect(house: House, family: str) -> Protected:
    """Withhold what may not be shown, over all dataflows of a family."""
    with _door(house, Step("protected", family)):
        return protect_family.protect(house, family)


def release(house: House, flow: str) -> Released:
    """Make a candidate or a release of the dataflow ``AGENCY:ID`` if anything changed."""
    with _door(house, Step("released", flow)):
        return release_flow.release(house, flow)


# --- the order --------------------------------------------------------------------------------------------


def steps(mappings: Mappings) -> tuple[Step, ...]:
    """Return all steps in an order in which each comes after what it needs."""
    ordered: list[Step] = []
    for dataset in mappings.names:
        for counts in (*_counted_by(mappings, dataset), dataset):
            ordered += [step for step in [Step("received", counts)] if step not in ordered]
        ordered += [Step("observed", dataset)] if feeds_any(mappings, dataset) else []
    for family, flows in mappings.families.items():
        ordered += [Step("assembled", flow) for flow in flows]
        ordered += [Step("protected", family)]
        ordered += [Step("released", flow) for flow in flows]
    return tuple(ordered)


def feeds_any(mappings: Mappings, dataset: str) -> bool:
    """Return whether a dataset has observations: official counts that another one is held against may feed no dataflow."""
    if dataset in mappings.unreadable:
        return any(dataset in file.feeds for file in mappings.dataflows.values())
    return bool(mappings.dataset(dataset).contract.targets)


def _counted_by(mappings: Mappings, dataset: str) -> tuple[str, ...]:
    """Return the datasets whose records are counts that this one is held against, as far as its contract can be read."""
    return mappings.datasets[dataset].counted_by if dataset in mappings.datasets else ()


def behind(step: Step, mappings: Mappings) -> tuple[str, ...]:
    """Return the datasets on whose contracts a step rests."""
    if step.kind in ("received", "observed"):
        return (step.of, *(_counted_by(mappings, step.of) if step.kind == "observed" else ()))
    if step.kind == "assembled":
        return tuple(mappings.dataflow(step.of).feeds)
    family = step.of if step.kind == "protected" else mappings.dataflow(step.of).family
    return feeding(mappings, family)


@dataclass(frozen=True)
class Part:
    """Datasets and families that no other part needs or is needed by."""

    datasets: tuple[str, ...]
    families: tuple[str, ...]

    def steps(self, mappings: Mappings) -> tuple[Step, ...]:
        """Return its steps in their order."""
        flows = {flow for family in self.families for flow in mappings.families[family]}
        inside = {*self.datasets, *flows, *self.families}
        return tuple(step for step in steps(mappings) if step.of in inside)


def parts(mappings: Mappings) -> tuple[Part, ...]:
    """Return what can be walked side by side: families that share a dataset are one part, and so is a dataset without any.

    A dataset goes with those whose records it is held against.
    """
    found: list[tuple[set[str], set[str]]] = [({dataset}, set()) for dataset in mappings.names]
    together: list[tuple[set[str], set[str]]] = [
        ({dataset, *_counted_by(mappings, dataset)}, set()) for dataset in mappings.names
    ]
    for family, flows in mappings.families.items():
        together.append(({dataset for flow in flows for dataset in mappings.dataflow(flow).feeds}, {family}))
    for datasets, families in together:
        joined = [part for part in found if part[0] & datasets]
        found = [part for part in found if part not in joined]
        found.append(
            (set().union(*(part[0] for part in joined)), families.union(*(part[1] for part in joined)))
        )
    return tuple(
        sorted((Part(tuple(sorted(d)), tuple(sorted(f))) for d, f in found), key=lambda p: p.datasets)
    )


def needs(step: Step, mappings: Mappings) -> tuple[Step, ...]:
    """Return the steps whose outcome a step reads."""
    if step.kind == "received":
        return ()
    if step.kind == "observed":
        return tuple(Step("received", dataset) for dataset in (*_counted_by(mappings, step.of), step.of))
    if step.kind == "assembled":
        return tuple(Step("observed", dataset) for dataset in mappings.dataflow(step.of).feeds)
    if step.kind == "protected":
        return tuple(Step("assembled", flow) for flow in mappings.families[step.of])
    return (Step("protected", mappings.dataflow(step.of).family),)


def walk(house: House, settle: float = SETTLE, *, fetch: bool = False) -> Iterator[StepDone]:
    """Take what is in the inbox through to release, step by step.

    A step that fails blocks what depends on it, so that a family is released whole or not at all; all others go on.

    Args:
        house: where and what.
        settle: seconds between the two looks at a file that must be still.
        fetch: also fetch the sources that contracts name.
    """
    stopped: set[Step] = set()
    for step in steps(house.mappings):
        blocking = next((need for need in needs(step, house.mappings) if need in stopped), None)
        done = _blocked(house, step, blocking) if blocking else _done(house, step, settle, fetch=fetch)
        if done.result is None:
            stopped.add(step)
        yield done


def _blocked(house: House, step: Step, blocking: Step) -> StepDone:
    """Leave a step out; a dataflow still lets out what was signed off before and whose time has come."""
    if step.kind == "released":
        try:
            with border(step):
                publish_due(house, step.of)
        except CitizenstatsError as error:
            return StepDone(step, error=error)
    return StepDone(step, blocked_by=blocking)


def _done(house: House, step: Step, settle: float, *, fetch: bool) -> StepDone:
    doors: Mapping[Kind, Callable[[], Result]] = {
        "received": lambda: receive(house, step.of, settle, fetch=fetch),
        "observed": lambda: observe(house, step.of),
        "assembled": lambda: assemble(house, step.of),
        "protected": lambda: protect(house, step.of),
        "released": lambda: release(house, step.of),
    }
    began = time.monotonic()
    try:
        result = doors[step.kind]()
    except CitizenstatsError as error:
        return StepDone(step, error=error, seconds=time.monotonic() - began)
    return StepDone(step, result=result, seconds=time.monotonic() - began)
