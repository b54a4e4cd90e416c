"""Arrivals: which files in a watched folder are new and lie still, and taking them in.

A file is new while no delivery has its name and mark; it lies still when its mark is the same in two looks. No clock decides
anything, and a folder that cannot be listed is an error, not an empty folder.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats import clock
from citizenstats.errors import CitizenstatsError, DeliveryError
from citizenstats.receive.current import accepted
from citizenstats.receive.delivery import Delivery, deliveries, keep
from citizenstats.receive.outcome import outcome_of
from citizenstats.store import Store, sha256_of

if TYPE_CHECKING:
    from citizenstats.house import House

UNFINISHED = (
    "*.tmp",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "~$*",
    ".*",
    "Thumbs.db",
    "desktop.ini",
)
"""Names that programs give to files that are not finished or not meant."""

FILES_AT_ONCE = 200
BYTES_AT_ONCE = 4 << 30
"""What one look takes in at most; the rest is taken at the next."""


def look(store: Store, dataset: str, pattern: str) -> dict[str, str]:
    """Return name → mark of the files in a dataset's inbox that match its pattern; the inbox is made if need be.

    Links, folders and unfinished files are passed over.

    Raises:
        DeliveryError: ``INBOX_UNREADABLE`` when the folder cannot be listed.
    """
    inbox = store.inbox(dataset)
    try:
        inbox.mkdir(parents=True, exist_ok=True)
        entries = sorted(os.scandir(inbox), key=lambda entry: entry.name)
        marks = {}
        for entry in entries:
            if fnmatch.fnmatchcase(entry.name, pattern) and not _is_unfinished(entry.name):
                facts = _stat(Path(entry.path))
                if facts is not None:
                    marks[entry.name] = facts
    except OSError as error:
        raise DeliveryError(
            "INBOX_UNREADABLE",
            f"the inbox cannot be listed ({type(error).__name__})",
            dataset,
            "look at its rights",
        ) from None
    return marks


def _is_unfinished(file_name: str) -> bool:
    return any(fnmatch.fnmatchcase(file_name, pattern) for pattern in UNFINISHED)


def _stat(path: Path) -> str | None:
    """Return the mark of a plain file, without following links; None for anything else, or when it just went away."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"


def still(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names whose mark is the same in two looks."""
    return [name for name, mark in after.items() if before.get(name) == mark]


def untaken(store: Store, dataset: str, seen: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a look that no delivery was made of yet."""
    taken = {(d.file_name, d.mark) for d in deliveries(store, dataset)}
    return {name: mark for name, mark in seen.items() if (name, mark) not in taken}


def take_in(house: House, dataset_name: str, names: Iterable[str]) -> list[Delivery]:
    """Make a delivery of each file, oldest first by its own time and then by name; return those that were made.

    A file that changes while it is copied is left for the next look.
    """
    inbox = house.store.inbox(dataset_name)
    found = [(path, mark) for name in names if (mark := _stat(path := inbox / name)) is not None]
    made: list[Delivery] = []
    size = 0
    for path, mark in sorted(found, key=lambda item: (int(item[1].split(":")[1]), item[0].name)):
        if len(made) >= FILES_AT_ONCE or (made and size > BYTES_AT_ONCE):
            break
        delivery = _take(house, dataset_name, path, path.name, mark)
        if delivery is not None:
            made.append(delivery)
            size += delivery.size
    return made


def take_pulled(house: House, dataset_name: str, content: Path, file_name: str) -> Delivery | None:
    """Make a delivery of what was fetched; None when the same bytes count already."""
    sha = sha256_of(content)
    if _counting(house, dataset_name, sha) is not None:
        return None
    return _take(house, dataset_name, content, file_name, f"pulled:{clock.stamp(clock.now())}:{sha[:16]}")


def _take(house: House, dataset_name: str, path: Path, file_name: str, mark: str) -> Delivery | None:
    """Keep the bytes of one file as the next delivery."""
    try:
        sha = sha256_of(path)
        size = path.stat().st_size
    except OSError:
        return None
    if not mark.startswith("pulled:") and _stat(path) != mark:
        return None
    limit = house.mappings.dataset(dataset_name).contract.delivery.max_megabytes
    duplicate = _counting(house, dataset_name, sha)
    delivery = Delivery(
        dataset_name,
        _next_number(house.store, dataset_name),
        sha,
        file_name,
        size,
        clock.stamp(clock.now()),
        mark,
        duplicate,
    )
    too_large = size > limit << 20
    try:
        keep(house.store, delivery, None if duplicate or too_large else path)
    except CitizenstatsError as error:
        if error.code != "GONE":
            raise
        return None
    return delivery


def _counting(house: House, dataset_name: str, sha: str) -> str | None:
    """Return the id of the delivery with these bytes that counts now: not one that was superseded since."""
    replaces = house.mappings.dataset(dataset_name).contract.delivery.replaces
    later: list[Delivery] = []
    for delivery in reversed(accepted(house, dataset_name)):
        if delivery.sha256 == sha:
            superseded = [d for d in later if replaces != "periods" or _share_a_period(house, delivery, d)]
            return None if superseded else delivery.id
        later.append(delivery)
    return None


def _share_a_period(house: House, one: Delivery, other: Delivery) -> bool:
    first, second = outcome_of(house, one), outcome_of(house, other)
    return first is None or second is None or bool(set(first.periods) & set(second.periods))


def _next_number(store: Store, dataset: str) -> int:
    """Claim the next arrival number."""
    claims = store.deliveries(dataset) / "claims"
    number = max((int(path.name) for path in claims.glob("*")), default=0) + 1
    while not store.claim(claims / f"{number:06}"):
        number += 1
    return number
