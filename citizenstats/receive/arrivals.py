"""Arrivals: which files in a watched folder are new and lie still, and taking them in.

A file is new while no delivery has its name and mark; it lies still when its mark is the same in two looks. No clock decides
anything, and a folder that cannot be listed is an error, not an empty folder.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats import clock
from citizenstats.errors import DeliveryError
from citizenstats.receive.delivery import Delivery, deliveries, keep, pending
from citizenstats.receive.outcome import COUNTING, outcome_of
from citizenstats.receive.withdrawn import is_taken_back
from citizenstats.store import Store, digest, sha256_of

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
    marks = {}
    for path in _finished(store, dataset):
        if fnmatch.fnmatchcase(path.name, pattern):
            mark = _stat(path)
            if mark is not None:
                marks[path.name] = mark
    return marks


def passed_over(store: Store, dataset: str, pattern: str) -> list[tuple[str, str]]:
    """Return name and reason of what lies in a dataset's inbox and is not taken.

    That is folders, links, files of other names, and those that we may not read.

    Raises:
        DeliveryError: ``INBOX_UNREADABLE`` when the folder cannot be listed.
    """
    passed = []
    for path in _finished(store, dataset):
        if _stat(path) is None and (path.is_symlink() or path.exists()):
            passed.append((printable(path.name), "NOT_A_FILE"))
        elif not fnmatch.fnmatchcase(path.name, pattern):
            passed.append((printable(path.name), "NAME_NOT_AGREED"))
        elif path.exists() and not os.access(path, os.R_OK):
            passed.append((printable(path.name), "NOT_READABLE"))
    return passed


def _finished(store: Store, dataset: str) -> list[Path]:
    try:
        inbox = store.make_inbox(dataset)
        return sorted(path for path in inbox.iterdir() if not is_unfinished(path.name))
    except OSError as error:
        raise DeliveryError(
            "INBOX_UNREADABLE",
            f"the inbox cannot be listed ({type(error).__name__})",
            dataset,
            "look at its rights",
        ) from None


def is_unfinished(file_name: str) -> bool:
    """Return whether a name is one that programs give to files that are not finished or not meant."""
    return any(fnmatch.fnmatchcase(file_name, pattern) for pattern in UNFINISHED)


def _stat(path: Path) -> str | None:
    """Return the mark of a plain file, without following links; None for anything else, or when it just went away."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return _mark(found)


def _mark(found: os.stat_result) -> str:
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"


def printable(name: str) -> str:
    """Return a file's name as text that can be written: what is not UTF-8 in it is spelt out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def still(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names whose mark is the same in two looks."""
    return [name for name, mark in after.items() if before.get(name) == mark]


def untaken(store: Store, dataset: str, seen: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a look that no delivery was made of yet."""
    taken = {(d.file_name, d.mark) for d in deliveries(store, dataset)}
    new = {name: mark for name, mark in seen.items() if (printable(name), mark) not in taken}
    return {n: mark for n, mark in new.items() if not _known(store, dataset, printable(n), mark).exists()}


def _known(store: Store, dataset: str, file_name: str, mark: str) -> Path:
    """Return the place that says that a file is one taken before, in another place on the disk."""
    return store.deliveries(dataset) / "known" / digest(file_name, mark)


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
        delivery = _take(house, dataset_name, path, printable(path.name), mark)
        if delivery is not None:
            made.append(delivery)
            size += delivery.size
    return made


def take_again(house: House, dataset_name: str) -> None:
    """Keep the bytes of deliveries that were larger than agreed when they came, and are not any more.

    The file lies in the inbox still; when it is another one now, or gone, the delivery stays without bytes.
    """
    store = house.store
    limit = house.mappings.dataset(dataset_name).contract.delivery.max_megabytes << 20
    for delivery in pending(house, dataset_name):
        content = delivery.bytes_file(store)
        if delivery.duplicate_of is not None or delivery.size > limit or content.exists():
            continue
        if is_taken_back(store, dataset_name, delivery.sha256):
            continue
        with tempfile.TemporaryDirectory(dir=store.scratch) as folder:
            for path in _finished(store, dataset_name):
                if printable(path.name) != delivery.file_name:
                    continue
                copied = _copied(path, delivery.mark, Path(folder) / "bytes", limit)
                if copied == (delivery.sha256, delivery.size):
                    store.commit_moved(Path(folder) / "bytes", content)


def take_pulled(house: House, dataset_name: str, content: Path, file_name: str) -> Delivery | None:
    """Make a delivery of what was fetched; None when the same bytes count already."""
    sha = sha256_of(content)
    if _counting(house, dataset_name, sha) is not None:
        return None
    return _take(house, dataset_name, content, file_name, f"pulled:{clock.stamp(clock.now())}:{sha[:16]}")


def _take(house: House, dataset_name: str, path: Path, file_name: str, mark: str) -> Delivery | None:
    """Keep the bytes of one file as the next delivery; None when it changed meanwhile, or is known."""
    limit = house.mappings.dataset(dataset_name).contract.delivery.max_megabytes << 20
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as folder:
        copied = _copied(path, mark, Path(folder) / "bytes", limit)
        if copied is None:
            return None
        sha, size = copied
        if _was_moved(house, dataset_name, file_name, mark, sha):
            house.store.claim(_known(house.store, dataset_name, file_name, mark))
            return None
        delivery = Delivery(
            dataset_name, _next_number(house.store, dataset_name), sha, file_name, size, clock.stamp(clock.now()),
            mark, _counting(house, dataset_name, sha),
        )  # fmt: skip
        unwanted = is_taken_back(house.store, dataset_name, sha)
        kept = None if delivery.duplicate_of or unwanted or size > limit else Path(folder) / "bytes"
        keep(house.store, delivery, kept)
        return delivery


def _copied(path: Path, mark: str, target: Path, limit: int) -> tuple[str, int] | None:
    """Copy a file as it was when it was marked; return its SHA-256 and size, None when it is another one now.

    It is opened once and never by a link: whoever may write into an inbox may swap what lies there at any moment. A file
    that is larger than agreed is not copied.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as source, target.open("wb") as out:
        if _changed(source.fileno(), mark):
            return None
        sha256, size = hashlib.sha256(), os.fstat(source.fileno()).st_size
        copied = 0
        while block := source.read(1 << 20):
            copied += len(block)
            if copied > size:
                # Who writes faster than we read would keep us for ever.
                return None
            sha256.update(block)
            if size <= limit:
                out.write(block)
        return None if _changed(source.fileno(), mark) else (sha256.hexdigest(), size)


def _changed(descriptor: int, mark: str) -> bool:
    """Return whether an open file is not the one of a mark; what was fetched has no other."""
    found = os.fstat(descriptor)
    return not stat.S_ISREG(found.st_mode) or (not mark.startswith("pulled:") and _mark(found) != mark)


def _was_moved(house: House, dataset: str, file_name: str, mark: str, sha: str) -> bool:
    """Return whether a file is one taken before, restored from a backup or on another disk.

    Its size and time are the same then, only its inode is not. That holds for one superseded since too: a restored inbox
    must not bring back what a later delivery replaced. Who wants that sends the file anew, with a time of its own.
    """
    same_name = [d for d in deliveries(house.store, dataset) if d.file_name == file_name]
    if not same_name or same_name[-1].mark.rpartition(":")[0] != mark.rpartition(":")[0]:
        return False
    return same_name[-1].sha256 == sha


def _counting(house: House, dataset_name: str, sha: str) -> str | None:
    """Return the id of the delivery with these bytes that counts now: not one that was superseded since.

    A delivery that was not read yet counts, and supersedes: it may.
    """
    replaces = house.mappings.dataset(dataset_name).contract.delivery.replaces
    later: list[Delivery] = []
    for delivery in reversed(deliveries(house.store, dataset_name)):
        outcome = outcome_of(house, delivery)
        if delivery.duplicate_of or (outcome is not None and outcome.status not in COUNTING):
            continue
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
