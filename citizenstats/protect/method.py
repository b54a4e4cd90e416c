"""Which method protects a family: hiding cells unless its dataflow files choose another, and what is said of it.

What belongs here: the choice, what makes it wrong, and the words for everybody. What does not: any counting. The choice
stands in the file of each dataflow, because that is where people look; a family has one method, for its figures are about the
same units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citizenstats.contracts.model import FlowProtection
from citizenstats.errors import ReleaseError

if TYPE_CHECKING:
    from citizenstats.contracts.load import Dataset, Mappings
    from citizenstats.contracts.model import Target

COUNTED = ("proportion", "count", "given")
"""Kinds of figures that are made of counts; compiled ones are where their counts say so."""

SUPPRESSION = "Figures are withheld where they could tell something about single units."


@dataclass(frozen=True)
class Fault:
    """Why a family cannot be protected as its files say."""

    code: str
    flow: str
    what: str
    mend: str


def method_of(mappings: Mappings, family: str) -> FlowProtection:
    """Return the method of a family.

    Raises:
        ReleaseError: its files contradict one another, or the method would not protect its figures.
    """
    for fault in faults(mappings, family):
        raise ReleaseError(fault.code, fault.what, fault.flow, fault.mend)
    return mappings.dataflow(mappings.families[family][0]).protection


def faults(mappings: Mappings, family: str) -> Iterator[Fault]:
    """Yield everything that is wrong with the method of a family, by dataflow."""
    flows = mappings.families[family]
    first = mappings.dataflow(flows[0]).protection
    for flow in flows[1:]:
        if mappings.dataflow(flow).protection != first:
            yield Fault(
                "TWO_METHODS",
                flow,
                f"it is protected in another way than {flows[0]} of the same family, so one would undo the other",
                "give all dataflows of a family the same `protection`",
            )
    for flow in flows:
        chosen = mappings.dataflow(flow).protection
        if chosen != FlowProtection():
            for dataset, target in _fed(mappings, flow):
                yield from _unfit(flow, chosen, dataset, target)


def _fed(mappings: Mappings, flow: str) -> Iterator[tuple[Dataset, Target]]:
    """Yield the datasets that feed a dataflow and need protection, each with its target."""
    for name in mappings.dataflow(flow).feeds:
        dataset = mappings.datasets.get(name)
        if dataset is not None and dataset.contract.protection.waived is None:
            for target in dataset.contract.targets:
                if target.dataflow == flow:
                    yield dataset, target


def _unfit(flow: str, chosen: FlowProtection, dataset: Dataset, target: Target) -> Iterator[Fault]:
    """Yield why a method does not fit the figures of a dataset."""
    minimum = dataset.contract.protection.minimum
    if chosen.rounding is not None and chosen.rounding.base < minimum:
        yield Fault(
            "UNSAFE_BASE",
            flow,
            f"a base of {chosen.rounding.base} leaves counts below the minimum of {minimum} of {dataset.name} within reach",
            f"take a base of {minimum} or more",
        )
    if target.estimate is None:
        return
    if target.estimate.weight is not None:
        yield Fault(
            "WEIGHTED",
            flow,
            f"{dataset.name} is weighted: a mean weight beside a changed count gives the true count away",
            "protect this family by hiding cells: leave `protection` out",
        )
    for name, indicator in target.estimate.indicators.items():
        if indicator.kind not in COUNTED:
            yield Fault(
                "NOT_OF_COUNTS",
                flow,
                f"{name} of {dataset.name} is a {indicator.kind}, which is not made of counts alone",
                "leave it out, or protect this family by hiding cells: leave `protection` out",
            )


def said(protection: FlowProtection) -> str:
    """Return what everybody is told about how figures are protected."""
    if protection.rounding is not None:
        base = protection.rounding.base
        return (
            f"Counts are rounded to multiples of {base}, at random and the same in every table and release, so that they "
            "add up; a zero may be a small count. Shares and sample sizes are made of the rounded counts; standard errors "
            "and intervals would give the true ones away and are not told. A combination that is missing has no or few units."
        )
    return SUPPRESSION
