"""Have a delivery read by a child process, and keep what came of it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.errors import CitizenstatsError, DeliveryError
from citizenstats.receive.children import Readers
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.outcome import COUNTS, Finding, Outcome, outcome_in, outcome_of, refused
from citizenstats.receive.reader import CHANGED, TRY_AGAIN, Job
from citizenstats.receive.withdrawn import is_taken_back
from citizenstats.store import as_json

if TYPE_CHECKING:
    from citizenstats.house import House

MEMORY = 6 << 30
"""Address space of a child, in bytes; the engine and the spreadsheet library stay far below."""
CPU_SECONDS = 900
WALL_SECONDS = 1800.0
_NOT_THE_FILE = (None, TRY_AGAIN, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP)
_TOO_MUCH = (-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGALRM)

_READERS = Readers()
"""Of this process; what they hold is imports, nothing of a house or a delivery."""


def read(house: House, delivery: Delivery) -> Outcome:
    """Read one delivery with the present contract and keep the outcome; whatever it holds, there is one.

    Returns:
        The outcome, made now, or by another run in the meantime.
    """
    dataset = house.mappings.dataset(delivery.dataset)
    folder = delivery.outcome_folder(house.store, dataset)
    try:
        with house.store.commit_folder(folder) as work:
            outcome = _at_once(house, delivery) or _by_child(house, delivery, work)
            (work / "outcome.json").write_bytes(as_json(outcome.as_facts()))
            tidy(work)
    except CitizenstatsError as error:
        if error.code != "ALREADY_THERE":
            raise
    kept = outcome_of(house, delivery)
    assert kept is not None  # noqa: S101 - it was committed above, by us or by another run
    return kept


def _at_once(house: House, delivery: Delivery) -> Outcome | None:
    """Return the outcome of a delivery that needs no reading."""
    if delivery.duplicate_of is not None:
        finding = Finding("DUPLICATE", facts={"delivery": delivery.duplicate_of})
        return Outcome(delivery, "duplicate", dict.fromkeys(COUNTS, 0), (finding,))
    has_bytes = delivery.bytes_file(house.store).exists()
    if not has_bytes and is_taken_back(house.store, delivery.dataset, delivery.sha256):
        return Outcome(delivery, "withdrawn", dict.fromkeys(COUNTS, 0))
    limit = house.mappings.dataset(delivery.dataset).contract.delivery.max_megabytes
    if delivery.size > limit << 20:
        return refused(delivery, Finding("TOO_LARGE", facts={"limit": f"{limit:,}"}))
    if not has_bytes:
        return refused(delivery, Finding("NOT_KEPT"))
    return None


def _by_child(house: House, delivery: Delivery, work: Path) -> Outcome:
    dataset = house.mappings.dataset(delivery.dataset)
    content = delivery.bytes_file(house.store)
    job = Job(
        delivery,
        content.absolute(),
        dataset.document.path.absolute(),
        dataset.reading,
        work.absolute(),
        MEMORY,
        CPU_SECONDS,
        WALL_SECONDS,
    )
    code = _READERS.do(job.dump())
    outcome = outcome_in(delivery, work) if code == 0 else None
    if outcome is not None:
        return outcome
    if code == CHANGED:
        raise DeliveryError(
            "CONTRACT_CHANGED",
            "the contract was changed while its deliveries were read",
            delivery.dataset,
            "run again",
        )
    if code in _NOT_THE_FILE:
        raise DeliveryError(
            "INTERRUPTED", "reading was interrupted; the delivery waits", delivery.dataset,
            "look at the disk's free space, then run again",
        )  # fmt: skip
    for path in work.glob("*.parquet"):
        path.unlink()
    return refused(delivery, Finding("TOO_MUCH" if code in _TOO_MUCH else "UNREADABLE"))


def tidy(work: Path) -> None:
    """Leave only what is kept: records, refused rows, keys of withheld rows, outcome."""
    import shutil

    for path in work.iterdir():
        if path.name not in ("records.parquet", "refused.parquet", "withheld.parquet", "outcome.json"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
