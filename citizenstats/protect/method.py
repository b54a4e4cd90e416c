"""Which method protects a family: hiding cells unless its dataflow files choose another.

What belongs here: the choice, and what makes it wrong. What does not: any counting; the words for everybody (`said.py`).
The choice stands in the file of each dataflow, because that is where people look; a family has one method, for its figures
are about the same units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from citizenstats.contracts.model import FlowProtection
from citizenstats.errors import ReleaseError
from citizenstats.protect.declared import contradictions
from citizenstats.protect.lists import lists_of

if TYPE_CHECKING:
    from citizenstats.contracts.load import Dataset, Mappings
    from citizenstats.contracts.model import CellKey, Target
    from citizenstats.protect.cellkey import Noise

COUNTED = ("proportion", "count", "given")
"""Kinds of figures that are made of counts; compiled ones are where their counts say so."""

LEAST_VARIANCE = 1
"""With less, more than half of all counts stay as they are."""


@dataclass(frozen=True)
class Fault:
    """Why a family cannot be protected as its files say."""

    code: str
    flow: str
    what: str
    mend: str
    at: tuple[str | int, ...] = ("protection",)


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
        other = mappings.dataflow(flow).protection
        if (other.way, other.hiding) != (first.way, first.hiding):
            yield Fault(
                "TWO_METHODS",
                flow,
                f"it is protected in another way than {flows[0]} of the same family, so one would undo the other",
                "give all dataflows of a family the same `protection`",
            )
    for flow in flows:
        chosen = mappings.dataflow(flow).protection
        if not chosen.hides:
            for dataset, target in _fed(mappings, flow):
                yield from _unfit(flow, chosen, dataset, target)
    yield from _two_costs(mappings, flows)
    yield from _two_families(mappings, family)
    yield from _overlapping(mappings, flows)


def _two_families(mappings: Mappings, family: str) -> Iterator[Fault]:
    """Yield the dataflows of a family whose units another family publishes too: nobody would look at both together."""
    for flow in mappings.families[family]:
        for dataset, _ in _fed(mappings, flow):
            for other, file in mappings.dataflows.items():
                if dataset.name in file.feeds and file.family != family:
                    yield Fault(
                        "TWO_FAMILIES",
                        flow,
                        f"{dataset.name} feeds {other} of the family {file.family} too, and two tables of the same units that "
                        "are not protected together are undone by subtraction",
                        "give all dataflows that a dataset feeds the same `family`",
                        ("family",),
                    )


def _overlapping(mappings: Mappings, flows: Sequence[str]) -> Iterator[Fault]:
    """Yield the breakdowns of one column whose categories overlap: their differences are groups that nobody protects."""
    datasets = {dataset.name: dataset for flow in flows for dataset, _ in _fed(mappings, flow)}
    for name, dataset in sorted(datasets.items()):
        for of in lists_of(dataset, mappings).overlaps:
            yield Fault(
                "BREAKDOWNS_OVERLAP",
                of.other[0],
                f"{name} breaks {' and '.join(of.columns)} down by {of.other[1]} here and by {of.one[1]} in {of.one[0]}; their "
                "categories overlap, or nobody can tell: the difference of two of them is a group that neither protects",
                "give lists of which each category lies in one of the other's, of the same units (`where`); or break down by "
                "both in one dataflow",
            )


def _two_costs(mappings: Mappings, flows: Sequence[str]) -> Iterator[Fault]:
    """Yield where dataflows say that the same cells cost different amounts to hide."""
    said = [(flow, found) for flow in flows if (found := mappings.dataflow(flow).protection.suppression)]
    structures = mappings.structures
    for (flow, one), (other, two) in combinations(said, 2):
        of, beside = (structures.structure_of(mappings.reference(f)) for f in (flow, other))
        for against in contradictions(one, of, two, beside):
            here, there = two.cost[against.second].times, one.cost[against.first].times
            yield Fault(
                "TWO_COSTS",
                other,
                f"cells that {flow} of the same family has too are {here:g} times as dear to hide here, and {there:g} times "
                f"there (entry {against.first + 1})",
                "say the same of these cells in both",
                ("protection", "suppression", "cost", against.second),
            )


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
    minimum = dataset.contract.greatest_minimum
    if chosen.cell_key is not None:
        yield from _too_little(flow, chosen.cell_key, dataset, minimum)
        if target.estimate is None:
            yield Fault(
                "NO_RECORDS",
                flow,
                f"{dataset.name} has compiled figures, and no records whose keys could make noise",
                "take rounding, or hide cells: leave `protection` out",
            )
        elif not dataset.contract.key:
            yield Fault(
                "NO_KEY",
                flow,
                f"{dataset.name} has no key, so that its records would get other noise in each delivery",
                "say in the contract which columns are the `key` of a record",
            )
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


def _too_little(flow: str, chosen: CellKey, dataset: Dataset, minimum: int) -> Iterator[Fault]:
    """Yield why noise would not hide a small count of a dataset."""
    if chosen.deviation < minimum:
        yield Fault(
            "UNSAFE_NOISE",
            flow,
            f"the greatest deviation is below the minimum of {minimum} of {dataset.name}, so that not every small count could "
            "become none or the minimum",
            f"take a deviation of {minimum} or more",
        )
    if chosen.variance < LEAST_VARIANCE or chosen.variance > chosen.deviation**2 / 2:
        yield Fault(
            "UNSAFE_NOISE",
            flow,
            "most counts would stay as they are, or noise of this variance does not fit into the deviation",
            f"take a variance of {LEAST_VARIANCE} or more, and at most half the square of the deviation",
        )


def noise_of(mappings: Mappings, family: str) -> Noise:
    """Return the noise of a family that has chosen it; what is below its greatest minimum never comes out."""
    chosen = method_of(mappings, family).cell_key
    assert chosen is not None  # noqa: S101 - the caller asked
    minimum = max(
        (d.contract.greatest_minimum for f in mappings.families[family] for d, _ in _fed(mappings, f)),
        default=1,
    )
    from citizenstats.protect.cellkey import Noise

    return Noise(chosen.deviation, chosen.variance, tuple(range(1, minimum)))
