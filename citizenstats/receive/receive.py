"""The step: take in what lies still, read what was not read yet, send receipts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citizenstats.receive import arrivals
from citizenstats.receive.current import current_records
from citizenstats.receive.delivery import deliveries, pending
from citizenstats.receive.notice import notify
from citizenstats.receive.outcome import Outcome, outcome_of
from citizenstats.receive.pull import pull
from citizenstats.receive.read import read
from citizenstats.receive.receipt import is_due, send

if TYPE_CHECKING:
    from citizenstats.house import House


AT_ONCE = 2
"""Deliveries of one dataset that are read side by side, each with the memory of `read.MEMORY` at most."""


def _send_all(house: House, dataset_name: str, outcomes: Sequence[Outcome]) -> None:
    """Send the receipts of what was read now, and those that a crash before their sending left over.

    The newest one is sent again where a gate was closed or opened since.
    """
    read_now = {outcome.delivery.id for outcome in outcomes}
    there = deliveries(house.store, dataset_name)
    for delivery in there:
        if delivery.id not in read_now and is_due(house, delivery, is_newest=delivery is there[-1]):
            outcome = outcome_of(house, delivery)
            if outcome is not None:
                send(house, outcome)
    for outcome in outcomes:
        send(house, outcome)


@dataclass(frozen=True)
class Received:
    """What came of the deliveries that were read this time.

    Attributes:
        outcomes: of the deliveries read now, in the order of arrival.
        current: full names of the deliveries that count now.
    """

    dataset: str
    outcomes: tuple[Outcome, ...]
    current: tuple[str, ...]


def receive(house: House, dataset_name: str, settle: float = 2.0, *, fetch: bool = False) -> Received:
    """Take in the files of ``partner/dataset`` that lie still, read what was not read yet, and send receipts.

    One file that is bad never stops the others.

    Args:
        house: where and what.
        dataset_name: ``partner/dataset``.
        settle: seconds between the two looks at a file.
        fetch: also fetch the source that the contract names.

    Raises:
        DeliveryError: the inbox cannot be listed, or the source cannot be fetched.
    """
    if fetch:
        pull(house, dataset_name)
    pattern = house.mappings.dataset(dataset_name).contract.delivery.files
    before = arrivals.untaken(house.store, dataset_name, arrivals.look(house.store, dataset_name, pattern))
    if before:
        time.sleep(settle)
        after = arrivals.look(house.store, dataset_name, pattern)
        arrivals.take_in(house, dataset_name, arrivals.still(before, after))
    arrivals.take_again(house, dataset_name)
    waiting = pending(house, dataset_name)
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=AT_ONCE) as readers:
        # Each is read by a child process of its own; the threads only wait for them.
        outcomes += readers.map(lambda delivery: read(house, delivery), waiting)
    _send_all(house, dataset_name, outcomes)
    notify(house, dataset_name)
    current = current_records(house, dataset_name)
    return Received(dataset_name, tuple(outcomes), current.deliveries if current else ())
