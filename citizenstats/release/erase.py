"""Erasure: the bytes of a delivery are destroyed, with all that was read or made of them in the restricted store.

What stays: hash, size, counts, who, when and why; of protected states, what was shown and how many stood behind it, without
which later figures could give away what earlier ones hid. What was published stands; who wants that gone too withdraws first.

First it is written to the ledger, whole and once. `complete` then destroys; each of its steps can be done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.engine import quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.audit.family import WORDS
from citizenstats.protect.former import JUDGED
from citizenstats.protect.steady import ACCOUNT
from citizenstats.receive.delivery import ERASED, Delivery, deliveries, pending
from citizenstats.receive.outcome import COUNTING, COUNTS, UNCLEAR, outcome_of
from citizenstats.receive.receipt import send
from citizenstats.release import withdraw
from citizenstats.release.candidate import candidates, decide
from citizenstats.release.person import plain_name
from citizenstats.release.validate import faults_of
from citizenstats.store import as_json, read_json, sha256_of


@dataclass(frozen=True)
class Erased:
    """What was destroyed.

    Attributes:
        dataset: ``partner/dataset``.
        sha256: of the bytes.
        deliveries: full names of all deliveries of these bytes.
    """

    dataset: str
    sha256: str
    deliveries: tuple[str, ...]


def erase(house: House, dataset: str, delivery: str, person: str, reason: str) -> Erased:
    """Destroy the bytes of a delivery of ``partner/dataset`` and what was made of them; the inbox's copy too.

    Args:
        house: where and what.
        dataset: ``partner/dataset``.
        delivery: its id, full name or arrival number; all deliveries of the same bytes go with it.
        person: who asks for it.
        reason: why.

    Raises:
        ReleaseError: there is no such delivery, it was erased before, it was not read yet, ``HOLDS_BACK`` when it takes
            consent back from records that are kept, or nobody or nothing is named.
    """
    if not plain_name(person):
        raise ReleaseError("NO_NAME", "an erasure needs the name of a person", dataset, "give --by NAME")
    if not reason.strip():
        raise ReleaseError("NO_REASON", "an erasure needs a reason", dataset, "give --reason TEXT")
    complete(house)
    chosen = withdraw.chosen_delivery(house, dataset, delivery)
    ledger = house.store.erasures(dataset) / f"{chosen.sha256}.json"
    if ledger.exists():
        raise ReleaseError("ERASED", f"{chosen.id} was erased before", dataset)
    same = [d for d in deliveries(house.store, dataset) if d.sha256 == chosen.sha256]
    _check_may_go(house, dataset, same)
    content = {
        "deliveries": {d.id: _counts(house, d) for d in same},
        "sha256": chosen.sha256,
        "size": chosen.size,
        "by": " ".join(person.split()),
        "reason": reason.strip(),
        "time": clock.stamp(clock.now()),
    }
    house.store.commit_once(ledger, as_json(content))
    complete(house)
    return Erased(dataset, chosen.sha256, tuple(d.full_name for d in same))


def due(house: House) -> list[Delivery]:
    """Return the deliveries that are kept longer than their contract says, the oldest of each dataset first.

    Of a dataset whose contract cannot be read (`Mappings.unreadable`) nobody knows how long: there are none.
    """
    now, found = clock.now(), []
    for name in sorted(house.mappings.datasets):
        kept = timedelta(days=house.mappings.dataset(name).contract.retention_days)
        found += [
            delivery
            for delivery in deliveries(house.store, name)
            if clock.parse(delivery.arrived) + kept < now and not _is_erased(house, delivery)
        ]
    return found


def complete(house: House) -> None:
    """Finish all withdrawals, retractions and erasures that a crash left half done."""
    withdraw.complete(house)
    for dataset in house.mappings.names:
        for path in sorted(house.store.erasures(dataset).glob("*.json")):
            done = path.with_suffix(".done")
            if not done.exists():
                _complete(house, dataset, read_json(path) or {})
                # The partner's receipt needs the contract: it is sent when that can be read again.
                if dataset in house.mappings.datasets:
                    house.store.claim(done)


def _is_erased(house: House, delivery: Delivery) -> bool:
    return (house.store.erasures(delivery.dataset) / f"{delivery.sha256}.json").exists()


def _counts(house: House, delivery: Delivery) -> dict[str, int]:
    outcome = outcome_of(house, delivery)
    return dict(outcome.counts) if outcome is not None else dict.fromkeys(COUNTS, 0)


def _check_may_go(house: House, dataset: str, same: list[Delivery]) -> None:
    """Let deliveries be destroyed, unless a record of an earlier one would count again without them."""
    waiting = {d.id for d in pending(house, dataset)}
    if any(d.id in waiting for d in same):
        raise ReleaseError(
            "NOT_RECEIVED", "the delivery was not read yet", dataset, "`citizenstats run` first"
        )
    holding = [d for d in same if _takes_consent_back(house, d)]
    last = max((d.number for d in holding), default=0)
    kept = [
        d
        for d in deliveries(house.store, dataset)
        if d.number < last and d not in same and (o := outcome_of(house, d)) and o.status in COUNTING
    ]
    if kept:
        raise ReleaseError(
            "HOLDS_BACK",
            f"it takes consent back from records of {len(kept)} earlier deliveries",
            dataset,
            "erase those first: `citizenstats deliveries` lists them",
        )


def _takes_consent_back(house: House, delivery: Delivery) -> bool:
    outcome = outcome_of(house, delivery)
    if outcome is not None and any(finding.code == UNCLEAR for finding in outcome.findings):
        return True
    kept = list(delivery.folder(house.store).glob("outcomes/*/withheld.parquet"))
    with session([file.parent for file in kept]) as engine:
        return any(engine.value(f"SELECT count(*) FROM read_parquet({quoted(str(file))})") for file in kept)


def _complete(house: House, dataset: str, entry: Mapping[str, Any]) -> None:
    meant = [d for d in deliveries(house.store, dataset) if d.id in entry["deliveries"]]
    for delivery in meant:
        facts = {**entry, "counts": entry["deliveries"][delivery.id]}
        house.store.commit_once(delivery.folder(house.store) / ERASED, as_json(facts))
    _destroy_derived(house, {d.full_name for d in meant})
    for delivery in meant:
        house.store.discard(delivery.bytes_file(house.store))
        house.store.discard_tree(delivery.folder(house.store) / "outcomes")
        # A file's name may be that of a person.
        nameless = replace(delivery, file_name="")
        house.store.commit_file(delivery.folder(house.store) / "delivery.json", as_json(asdict(nameless)))
        outbox = house.store.outbox(dataset)
        if outbox.is_dir():
            house.store.discard(outbox / f"{delivery.id}.refused.csv")
        outcome = outcome_of(house, nameless) if dataset in house.mappings.datasets else None
        if outcome is not None:
            send(house, outcome)
    _empty_inbox(house, dataset, entry)


def _empty_inbox(house: House, dataset: str, entry: Mapping[str, Any]) -> None:
    inbox = house.store.inbox(dataset)
    for path in sorted(inbox.iterdir()) if inbox.is_dir() else ():
        is_plain = path.is_file() and not path.is_symlink()
        if is_plain and path.stat().st_size == entry["size"] and sha256_of(path) == entry["sha256"]:
            house.store.discard(path)


def _destroy_derived(house: House, names: set[str]) -> None:
    """Destroy every state and candidate that rests on these deliveries, from the last step back to the first.

    What a step was made of is told by the step before it, so that one goes after. What the mappings no longer name rests on
    them as before, and so do other datasets whose weights were made with them.
    """
    store = house.store
    datasets, flows, families = store.made()
    for flow in flows:
        place = store.assembled(flow)
        doomed = {
            path.parent.name
            for path in place.glob("*/assembled.json")
            if any(names & set(found) for found in (read_json(path) or {})["deliveries"].values())
        }
        for family in map(store.protected, families):
            _empty_protected(house, family, flow, doomed)
        for candidate in candidates(house, flow):
            if names & set(candidate.facts["deliveries"]):
                if candidate.is_waiting:
                    decide(house, candidate, "obsolete", None, "a delivery behind it was erased")
                files = (f for f in sorted(candidate.folder.iterdir()) if f.suffix != ".json")
                # What the keys meant that everybody has seen is what later releases are compared by.
                store.discard(*(f for f in files if not (candidate.is_approved and f.name == WORDS)))
        store.discard(*faults_of(store, flow))
        for state in sorted(doomed):
            _let_go(house, place, state)
            store.discard_tree(place / state)
    for observed in map(store.observed, datasets):
        for path in sorted(observed.glob("*/observed.json")):
            if names & set((read_json(path) or {})["deliveries"]):
                _let_go(house, observed, path.parent.name)
                store.discard_tree(path.parent)


def _empty_protected(house: House, family: Path, flow: str, doomed: set[str]) -> None:
    """Leave of the protected states that rest on doomed ones the account alone."""
    for path in sorted(family.glob("*/protected.json")):
        if (read_json(path) or {})["assembled"].get(flow) in doomed:
            _let_go(house, family, path.parent.name)
            kept = (JUDGED, ACCOUNT, "protected.json")
            house.store.discard(*(file for file in sorted(path.parent.iterdir()) if file.name not in kept))


def _let_go(house: House, place: Path, state: str) -> None:
    """Let a state that is destroyed be current no more."""
    if (house.store.state(place) or {}).get("state") == state:
        house.store.discard(place / "current.json")
