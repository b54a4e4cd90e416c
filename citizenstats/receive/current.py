"""The records that count: all accepted deliveries, each replacing what its contract says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.engine import name, quoted
from citizenstats.receive.delivery import Delivery, deliveries
from citizenstats.receive.outcome import COUNTING, outcome_of
from citizenstats.receive.withdrawn import withdrawals, without_withdrawn

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
    withdrawals: tuple[str, ...] = ()
    """Names of the withdrawals of rows that are kept out."""


def accepted(house: House, dataset_name: str) -> list[Delivery]:
    """Return the deliveries that were accepted in whole or part, in the order of arrival."""
    found = []
    for delivery in deliveries(house.store, dataset_name):
        outcome = outcome_of(house, delivery)
        if outcome is not None and outcome.status in COUNTING:
            found.append(delivery)
    return found


def current_records(house: House, dataset_name: str) -> Current | None:
    """Return the records of ``partner/dataset`` that count now; None when no delivery was accepted.

    A row that is withheld takes its former record back: consent that ends counts at once, also where the delivery that
    says so is refused for other faults. What a partner or community took back is left out.
    """
    dataset = house.mappings.dataset(dataset_name)
    counting = accepted(house, dataset_name)
    if not counting:
        return None
    if dataset.contract.delivery.replaces == "everything":
        counting = counting[-1:]
    folders = [d.outcome_folder(house.store, dataset) for d in counting]
    later = [d for d in deliveries(house.store, dataset_name) if d.number >= counting[0].number]
    said = [d.outcome_folder(house.store, dataset) for d in later]
    withheld = [folder for folder in said if (folder / "withheld.parquet").exists()]
    sql = _records(folders, [folder for folder in withheld if folder in folders], dataset.contract)
    if withheld and dataset.contract.key:
        sql = _without_taken_back(sql, withheld, dataset.contract)
    names = tuple(
        d.full_name for d in later if d.outcome_folder(house.store, dataset) in {*folders, *withheld}
    )
    taken = [w for w in withdrawals(house.store, dataset_name) if w.rows]
    sql = without_withdrawn(sql, taken)
    return Current(sql, names, tuple(dict.fromkeys([*folders, *withheld])), tuple(w.id for w in taken))


def _scan(folders: list[Path], file_name: str) -> str:
    files = ", ".join(quoted(str(folder / file_name)) for folder in folders)
    return f"SELECT * FROM read_parquet([{files}], union_by_name = true)"


def _records(folders: list[Path], withheld: list[Path], contract: Contract) -> str:
    """Return the SELECT that leaves of each period, or of each key, the records of the newest delivery."""
    records = _scan(folders, "records.parquet")
    if contract.delivery.replaces == "periods" and contract.delivery.period is not None:
        period = name(contract.delivery.period)
        holding = f"SELECT {period}, _delivery FROM ({records})"
        if withheld:
            # A period whose rows are all withheld now is held by that delivery too.
            holding += f" UNION ALL SELECT {period}, _delivery FROM ({_scan(withheld, 'withheld.parquet')})"
        newest = f"SELECT {period}, max(_delivery) AS _delivery FROM ({holding}) GROUP BY {period}"
        # Not by SEMI JOIN: the engine turns it round, and would hold all records where they are thought to be few.
        return f"SELECT * FROM ({records}) WHERE coalesce(({period}, _delivery) IN ({newest}), FALSE)"
    if contract.delivery.replaces == "rows":
        key = ", ".join(name(column) for column in contract.key)
        return f"{records} QUALIFY _delivery = max(_delivery) OVER (PARTITION BY {key})"
    return records


def _without_taken_back(records: str, withheld: list[Path], contract: Contract) -> str:
    """Return the records without those whose key is withheld in the same delivery or a later one."""
    key = ", ".join(name(column) for column in contract.key)
    taken_back = (
        f"SELECT {key}, max(_delivery) AS last FROM ({_scan(withheld, 'withheld.parquet')}) GROUP BY {key}"
    )
    same = " AND ".join(f"r.{name(column)} IS NOT DISTINCT FROM w.{name(column)}" for column in contract.key)
    # Yes and no in one file is no.
    return (
        f"SELECT r.* FROM ({records}) AS r ANTI JOIN ({taken_back}) AS w ON {same} AND w.last >= r._delivery"
    )
