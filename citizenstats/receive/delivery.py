"""Deliveries: what arrived at one time, its bytes kept as they came.

A delivery's folder is committed once and never changes. What was taken from an inbox is known from the deliveries
themselves, so there is no ledger beside them that could disagree.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.store import Store, as_json, digest, read_json

if TYPE_CHECKING:
    from citizenstats.contracts.load import Dataset
    from citizenstats.house import House

READER_VERSION = 4
"""Goes up when the same bytes and contract would be read differently: then all deliveries are read again."""
ERASED = "erased.json"
"""Beside ``delivery.json`` of a delivery whose bytes and records were destroyed: counts, who, when and why."""


@dataclass(frozen=True)
class Delivery:
    """What arrived at one time.

    Attributes:
        dataset: ``partner/dataset``.
        number: arrival number, from 1.
        sha256: of the bytes, hex.
        file_name: as the partner called it; may be a person's name, so it is shown to that partner only.
        size: in bytes.
        arrived: when, ISO 8601 UTC.
        mark: size, time and inode of the file in the inbox; what was taken is not taken again.
        duplicate_of: id of the delivery that counts already with these bytes; then no bytes are kept.
    """

    dataset: str
    number: int
    sha256: str
    file_name: str = field(repr=False)
    size: int
    arrived: str
    mark: str
    duplicate_of: str | None = None

    @property
    def id(self) -> str:
        """Arrival number and first digits of the hash: ``000001-0123456789ab``."""
        return f"{self.number:06}-{self.sha256[:12]}"

    @property
    def full_name(self) -> str:
        """``partner/dataset/000001-0123456789ab``."""
        return f"{self.dataset}/{self.id}"

    def folder(self, store: Store) -> Path:
        """Return where it lies."""
        return store.deliveries(self.dataset) / self.id

    def bytes_file(self, store: Store) -> Path:
        """Return the file with its bytes, under a name of ours."""
        return self.folder(store) / "bytes"

    def outcome_folder(self, store: Store, dataset: Dataset) -> Path:
        """Return where what was read of it lies, for the present contract and reader."""
        return self.folder(store) / "outcomes" / reading_digest(dataset)

    def as_json(self) -> bytes:
        """Return the content of ``delivery.json``."""
        return as_json(asdict(self))


def arrival(full_name: str) -> str:
    """Return a full name without the digits of the hash, ``partner/dataset/000001``, as everybody is told it.

    The digits would tell whoever has all of a compiled file but the withheld figures when he has guessed these.
    """
    dataset, _, identifier = full_name.rpartition("/")
    return f"{dataset}/{identifier.partition('-')[0]}"


def reading_digest(dataset: Dataset) -> str:
    """Return what identifies a way of reading: the parts of the contract that decide on rows, and the reader."""
    return digest(dataset.reading, READER_VERSION)


def deliveries(store: Store, dataset: str) -> list[Delivery]:
    """Return all deliveries of ``partner/dataset`` in the order of their arrival.

    Of two with the same mark, which two runs at once can make of one file, only the first counts.
    """
    found = []
    marks = set()
    # By number only: what another run is writing beside them is not there yet.
    for path in sorted(store.deliveries(dataset).glob("[0-9]*/delivery.json")):
        facts = read_json(path)
        if facts is not None:
            delivery = Delivery(**facts)
            if (delivery.file_name, delivery.mark) not in marks:
                marks.add((delivery.file_name, delivery.mark))
                found.append(delivery)
    return found


def pending(house: House, dataset_name: str) -> list[Delivery]:
    """Return the deliveries that were not read yet with the present contract and reader."""
    dataset = house.mappings.dataset(dataset_name)
    return [
        delivery
        for delivery in deliveries(house.store, dataset_name)
        if not (delivery.outcome_folder(house.store, dataset) / "outcome.json").exists()
        and not (delivery.folder(house.store) / ERASED).exists()
    ]


def keep(store: Store, delivery: Delivery, content: Path | None) -> None:
    """Commit a delivery with its bytes, which are moved from `content`, a file of our own.

    Raises:
        CitizenstatsError: ``ALREADY_THERE`` when it was committed before.
    """
    with store.commit_folder(delivery.folder(store)) as work:
        if content is not None:
            content.replace(work / "bytes")
        (work / "delivery.json").write_bytes(delivery.as_json())
