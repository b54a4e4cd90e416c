"""Withdrawal: a community or partner takes its data back, a whole delivery or the rows that are about it.

First it is written to the ledger, whole and once; from then on the data do not count, whatever is started. `complete` does what
follows, and each of its steps can be done again:

1. the releases that rest on it are taken back as a recall does, and no candidate that may hold it comes out;
2. the states made with it are no longer current, so that every step is done anew before anything can be released;
3. the partner's receipts say that it was taken back.

The next run makes a release without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citizenstats import clock
from citizenstats.engine import quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.receive.current import current_records
from citizenstats.receive.delivery import Delivery, arrival, deliveries, pending
from citizenstats.receive.outcome import outcome_of
from citizenstats.receive.receipt import send
from citizenstats.receive.withdrawn import Withdrawal, holds, withdrawals
from citizenstats.release import retraction
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import released_flows, releases
from citizenstats.release.person import plain_name
from citizenstats.store import as_json


@dataclass(frozen=True)
class Withdrawn:
    """What became of a withdrawal.

    Attributes:
        withdrawal: its name, ``partner/dataset/000001``.
        deliveries: full names of the deliveries that held what was taken back.
        releases: ``AGENCY:ID R0001`` of the releases that left with it.
        current: full names of the deliveries that count now.
    """

    withdrawal: str
    deliveries: tuple[str, ...]
    releases: tuple[str, ...]
    current: tuple[str, ...]


def withdraw_delivery(house: House, dataset: str, delivery: str, person: str, reason: str) -> Withdrawn:
    """Take a delivery of ``partner/dataset`` back; the same bytes sent before or later do not count either.

    Args:
        house: where and what.
        dataset: ``partner/dataset``.
        delivery: its id, full name or arrival number.
        person: who asks for it.
        reason: why; it stays in the restricted store.

    Raises:
        ReleaseError: there is no such delivery, it was taken back before, or nobody or nothing is named.
    """
    _check_named(dataset, person, reason)
    complete(house)
    chosen = chosen_delivery(house, dataset, delivery)
    if any(w.sha256 == chosen.sha256 for w in withdrawals(house.store, dataset)):
        raise ReleaseError("TAKEN_BACK", f"{chosen.id} was taken back before", dataset)
    same = [d.full_name for d in deliveries(house.store, dataset) if d.sha256 == chosen.sha256]
    return _withdraw(house, dataset, chosen.sha256, {}, same, person, reason)


def withdraw_rows(house: House, dataset: str, rows: Mapping[str, str], person: str, reason: str) -> Withdrawn:
    """Take the records of ``partner/dataset`` back that hold these values, in all deliveries and in those to come.

    Args:
        house: where and what.
        dataset: ``partner/dataset``.
        rows: column of the contract → value; a record is meant when all hold.
        person: who asks for it.
        reason: why; it stays in the restricted store.

    Raises:
        ReleaseError: no record holds them, a column is not in the contract, they were taken back before, a delivery was not
            read yet, or nobody or nothing is named.
    """
    _check_named(dataset, person, reason)
    complete(house)
    unknown = sorted(set(rows) - set(house.mappings.dataset(dataset).contract.columns))
    if unknown or not rows:
        raise ReleaseError(
            "NO_SUCH_COLUMN", "rows are named by columns of the contract", dataset, "give --rows COLUMN=VALUE"
        )
    if pending(house, dataset):
        raise ReleaseError("NOT_RECEIVED", "a delivery was not read yet", dataset, "`citizenstats run` first")
    if any(w.rows == dict(rows) for w in withdrawals(house.store, dataset)):
        raise ReleaseError("TAKEN_BACK", "these rows were taken back before", dataset)
    holding = _holding(house, dataset, rows)
    if not holding:
        raise ReleaseError(
            "NO_SUCH_ROWS", "no record holds these values", dataset, "write them as the file does"
        )
    return _withdraw(house, dataset, None, rows, holding, person, reason)


def chosen_delivery(house: House, dataset: str, said: str) -> Delivery:
    """Return the delivery with this id, full name or arrival number.

    Raises:
        ReleaseError: ``NO_SUCH_DELIVERY``.
    """
    house.mappings.dataset(dataset)
    for delivery in deliveries(house.store, dataset):
        if said in (delivery.id, delivery.full_name, str(delivery.number)):
            return delivery
    raise ReleaseError(
        "NO_SUCH_DELIVERY", "there is no such delivery", dataset, "see `citizenstats deliveries`"
    )


def complete(house: House) -> None:
    """Finish all withdrawals and retractions that a crash left half done."""
    for dataset in house.mappings.names:
        for withdrawal in withdrawals(house.store, dataset):
            done = withdrawal.folder.with_suffix(".done")
            if not done.exists():
                _complete(house, withdrawal)
                # The partner's receipt needs the contract: it is sent when that can be read again.
                if dataset in house.mappings.datasets:
                    house.store.claim(done)
    retraction.complete(house)


def _check_named(dataset: str, person: str, reason: str) -> None:
    if not plain_name(person):
        raise ReleaseError("NO_NAME", "a withdrawal needs the name of a person", dataset, "give --by NAME")
    if not reason.strip():
        raise ReleaseError("NO_REASON", "a withdrawal needs a reason", dataset, "give --reason TEXT")


def _withdraw(
    house: House, dataset: str, sha256: str | None, rows: Mapping[str, str], held_by: list[str], person: str, reason: str
) -> Withdrawn:  # fmt: skip
    content = {
        "sha256": sha256,
        "rows": dict(rows),
        "deliveries": held_by,
        "by": " ".join(person.split()),
        "reason": reason.strip(),
        "time": clock.stamp(clock.now()),
    }
    number = len(withdrawals(house.store, dataset)) + 1
    while not house.store.commit_once(
        house.store.withdrawals(dataset) / f"{number:06}" / "withdrawal.json", as_json(content)
    ):
        number += 1
    complete(house)
    identifier = f"{dataset}/{number:06}"
    current = current_records(house, dataset)
    return Withdrawn(
        identifier,
        tuple(held_by),
        retraction.caused_by(house.store, identifier),
        current.deliveries if current else (),
    )


def _holding(house: House, dataset: str, rows: Mapping[str, str]) -> list[str]:
    """Return the deliveries that have records with these values, superseded ones too."""
    found = []
    for delivery in deliveries(house.store, dataset):
        file = delivery.outcome_folder(house.store, house.mappings.dataset(dataset)) / "records.parquet"
        if not file.exists():
            continue
        with session([file.parent]) as engine:
            if engine.value(f"SELECT count(*) FROM read_parquet({quoted(str(file))}) WHERE {holds(rows)}"):
                found.append(delivery.full_name)
    return found


def _complete(house: House, withdrawal: Withdrawal) -> None:
    held_by, store = set(withdrawal.deliveries), house.store
    arrived = set(map(arrival, held_by))
    fed = {f for f, file in house.mappings.dataflows.items() if withdrawal.dataset in file.feeds}
    for flow in sorted(fed):
        _forget_current(house, flow, withdrawal.dataset)
    # What it fed once, under another version or another file, leaves too.
    for flow in sorted(fed | set(released_flows(store))):
        concerned: dict[str, list[str]] = {}
        for release in releases(store, flow):
            if release.tombstone is None and arrived & set(map(arrival, release.facts["deliveries"])):
                concerned.setdefault(release.dataflow.version, []).append(release.id)
        if not concerned and any(held_by & set(c.facts["deliveries"]) for c in candidates(house, flow)):
            concerned[_version(house, flow)] = []
        for version, taken in concerned.items():
            retraction.retract(
                house, flow, version, taken, "withdrawal", withdrawal.person, withdrawal.reason, cause=withdrawal.id
            )  # fmt: skip
    if withdrawal.sha256 is not None and withdrawal.dataset in house.mappings.datasets:
        for delivery in deliveries(store, withdrawal.dataset):
            outcome = outcome_of(house, delivery) if delivery.full_name in held_by else None
            if outcome is not None:
                send(house, outcome)


def _version(house: House, flow: str) -> str:
    """Return the version of a dataflow: that of the mappings, else of its last release."""
    if flow in house.mappings.dataflows:
        return house.mappings.dataflow(flow).version
    return releases(house.store, flow)[-1].dataflow.version


def _forget_current(house: House, flow: str, dataset: str) -> None:
    """Let the states that may hold what was taken back be current no more: the next run makes others."""
    store = house.store
    places = (
        store.observed(dataset),
        store.assembled(flow),
        store.protected(house.mappings.dataflow(flow).family),
    )
    store.discard(*(place / "current.json" for place in places if place.is_dir()))
