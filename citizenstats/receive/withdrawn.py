"""What a partner or a community took back: whole deliveries by their bytes, or the rows that hold given values.

What is taken back stays out: sent again it does not count either, and rows stay out of every delivery that is still to come.
What belongs here: the ledger and asking it. What does not: what follows for releases; that is `citizenstats.release.withdraw`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import name, quoted
from citizenstats.store import Store, read_json


@dataclass(frozen=True)
class Withdrawal:
    """One entry of the ledger.

    Attributes:
        dataset: ``partner/dataset``.
        folder: where it lies.
        sha256: of the bytes of the delivery that was taken back; None when rows were.
        rows: column → value of the rows that were taken back; all must hold. Empty when a delivery was.
        deliveries: full names of the deliveries that held it.
        person: who asked for it.
        reason: why.
    """

    dataset: str
    folder: Path
    sha256: str | None
    rows: Mapping[str, str]
    deliveries: tuple[str, ...]
    person: str
    reason: str

    @property
    def id(self) -> str:
        """``partner/dataset/000001``."""
        return f"{self.dataset}/{self.folder.name}"


def withdrawals(store: Store, dataset: str) -> list[Withdrawal]:
    """Return all withdrawals from ``partner/dataset`` in the order in which they were asked for."""
    found = []
    for path in sorted(store.withdrawals(dataset).glob("[0-9]*/withdrawal.json")):
        told = read_json(path) or {}
        found.append(
            Withdrawal(
                dataset, path.parent, told["sha256"], told["rows"], tuple(told["deliveries"]), told["by"], told["reason"]
            )
        )  # fmt: skip
    return found


def is_taken_back(store: Store, dataset: str, sha256: str) -> bool:
    """Return whether these bytes of ``partner/dataset`` were taken back or erased, and so are never taken again."""
    return (store.erasures(dataset) / f"{sha256}.json").exists() or any(
        withdrawal.sha256 == sha256 for withdrawal in withdrawals(store, dataset)
    )


def without_withdrawn(records: str, taken: Sequence[Withdrawal]) -> str:
    """Return the SELECT of records without the rows that were taken back."""
    for withdrawal in taken:
        if withdrawal.rows:
            records = f"SELECT * FROM ({records}) WHERE NOT ({holds(withdrawal.rows)})"
    return records


def holds(rows: Mapping[str, str]) -> str:
    """Return SQL of whether a record is one of the rows meant; never NULL."""
    return " AND ".join(
        f"CAST({name(column)} AS VARCHAR) IS NOT DISTINCT FROM {quoted(value)}"
        for column, value in sorted(rows.items())
    )
