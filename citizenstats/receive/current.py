"""The records that count: all accepted deliveries, each replacing what its contract says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.engine import name, quoted
from citizenstats.receive.delivery import Delivery, deliveries
from citizenstats.receive.outcome import outcome_of

if TYPE_CHECKING:
    from citizenstats.contracts.model import Contract
    from citizenstats.house import House


@dataclass(frozen=True)
class Current:
    """The records that count, as SQL over their files."""

    sql: str
    deliveries: tuple[str, ...]
    """Full names of the deliveries behind, in the order of arrival."""
    folders: tuple[Path, ...]


def accepted(house: House, dataset_name: str) -> list[Delivery]:
    """Return the deliveries that were accepted in whole or part, in the order of arrival."""
    found = []
    for delivery in deliveries(house.store, dataset_name):
        outcome = outcome_of(house, delivery)
        if outcome is not None and outcome.status in ("accepted", "partially_accepted"):
            found.append(delivery)
    return found


def current_records(house: House, dataset_name: str) -> Current | None:
    """Return the records of ``partner/dataset`` that count now; None when no delivery was accepted."""
    dataset = house.mappings.dataset(dataset_name)
    counting = accepted(house, dataset_name)
    if not counting:
        return None
    if dataset.contract.delivery.replaces == "everything":
        counting = counting[-1:]
    folders = tuple(d.outcome_folder(house.store, dataset) for d in counting)
    files = ", ".join(quoted(str(folder / "records.parquet")) for folder in folders)
    records = f"SELECT * FROM read_parquet([{files}], union_by_name = true)"
    return Current(_newest(records, dataset.contract), tuple(d.full_name for d in counting), folders)


def _newest(records: str, contract: Contract) -> str:
    """Return the SELECT that leaves of each period, or of each key, the records of the newest delivery."""
    if contract.delivery.replaces == "periods" and contract.delivery.period is not None:
        period = name(contract.delivery.period)
        return f"{records} QUALIFY _delivery = max(_delivery) OVER (PARTITION BY {period})"
    if contract.delivery.replaces == "rows":
        key = ", ".join(name(column) for column in contract.key)
        return f"{records} QUALIFY _delivery = max(_delivery) OVER (PARTITION BY {key})"
    return records
