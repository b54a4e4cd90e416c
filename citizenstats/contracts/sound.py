"""Contracts that may be worked with: the others are set aside, and what they feed waits for them.

What belongs here: the verdict on one contract, asked before anything is done with its dataset. What does not: how a fault is
found (`lint`, `binding`), and who waits for whom (`citizenstats.flow`).

A contract with a fault would read rows wrongly, or not at all, and the receipt would blame the file. So its deliveries stay
in the inbox, and no dataflow or family is released without it.
"""

from __future__ import annotations

from collections.abc import Iterable

from citizenstats.contracts.load import Mappings, broken
from citizenstats.errors import MappingError


def faults_of(mappings: Mappings, name: str) -> tuple[MappingError, ...]:
    """Return what is wrong with the contract of ``partner/dataset``, as `citizenstats check` tells it; looked at once.

    Raises:
        MappingError: there is no such dataset.
    """
    if name not in mappings.verdicts:
        # Only here: sqlglot and the engine take a while.
        from citizenstats.contracts.binding import unbound
        from citizenstats.contracts.lint.contract import contract_faults

        dataset = mappings.dataset(name)
        # What names no column cannot be bound.
        mappings.verdicts[name] = tuple(contract_faults(dataset, mappings)) or tuple(unbound(dataset))
    return mappings.verdicts[name]


def feeding(mappings: Mappings, family: str) -> tuple[str, ...]:
    """Return the datasets that feed a family: it is protected and released with all of them or not at all."""
    return tuple(feed for flow in mappings.families[family] for feed in mappings.dataflow(flow).feeds)


def require_sound(mappings: Mappings, names: Iterable[str]) -> None:
    """Let what rests on these datasets go on.

    Raises:
        MappingError: ``CONTRACT_BROKEN`` with the faults of the first contract that has some; ``NO_SUCH_DATASET``.
    """
    for name in sorted(set(names)):
        if found := faults_of(mappings, name):
            raise broken(name, found)
