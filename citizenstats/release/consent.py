"""The last gate before the public: nothing goes out that rests on a record whose consent was taken back since.

Each step reads what the one before it left, and each can be started by hand. Whatever was started, a candidate leaves
only when every delivery was read, none of those that withhold rows came to light since, and all may be published still.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from citizenstats.errors import ContractError, ReleaseError
from citizenstats.house import House
from citizenstats.receive.delivery import deliveries, pending
from citizenstats.receive.outcome import COUNTING, TAKEN_BACK, UNCLEAR, outcome_of


def check_consent(
    house: House, flow: str, behind: Iterable[str], contracts: Iterable[Mapping[str, str]] = ()
) -> None:
    """Let what was made from these deliveries go on.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        behind: full names of the deliveries that it was made from.
        contracts: dataset and digest of the contracts that it was made with, where they may have changed since.

    Raises:
        ReleaseError: ``CONSENT_TAKEN_BACK`` when a delivery withholds rows and is not behind it, or a contract changed
            under which rows are withheld; ``WITHDRAWAL_UNCLEAR`` when the newest delivery takes consent back without a
            readable key; ``NOT_RECEIVED`` when a delivery was not read yet; ``MAY_NOT_BE_PUBLISHED`` when a contract
            says so now; ``TAKEN_BACK`` when a delivery behind it was withdrawn or erased.
        ContractError: nobody can say whose consent a contract asks for that cannot be read.
    """
    by_dataset: dict[str, set[str]] = {}
    for full_name in behind:
        by_dataset.setdefault(full_name.rpartition("/")[0], set()).add(full_name)
    digests = {contract["dataset"]: contract["digest"] for contract in contracts}
    for dataset, named in sorted(by_dataset.items()):
        if dataset in house.mappings.names:
            _check(house, flow, dataset, named, digests.get(dataset))


def holds(
    house: House, flow: str, behind: Iterable[str], contracts: Iterable[Mapping[str, str]] = ()
) -> bool:
    """Return whether what was made from these deliveries, with these contracts, may go on."""
    try:
        check_consent(house, flow, behind, contracts)
    except (ReleaseError, ContractError):
        return False
    return True


def _check(house: House, flow: str, name: str, behind: set[str], digest: str | None) -> None:
    dataset = house.mappings.dataset(name)
    mend = "let all steps run, from `received` on, or `citizenstats run`"
    if dataset.contract.record.publication == "none":
        raise ReleaseError(
            "MAY_NOT_BE_PUBLISHED", f"the contract of {name} says: publication: none", flow, mend
        )
    if pending(house, name):
        raise ReleaseError("NOT_RECEIVED", f"a delivery of {name} was not read yet", flow, mend)
    read = [
        o
        for d in deliveries(house.store, name)
        # One that was sent again after it was taken back has no bytes, and says nothing.
        if (o := outcome_of(house, d))
        and o.status != "duplicate"
        and (o.status not in TAKEN_BACK or o.counts["read"])
    ]
    if any(o.delivery.full_name in behind and o.status in TAKEN_BACK for o in read):
        raise ReleaseError("TAKEN_BACK", f"a delivery of {name} was taken back since", flow, mend)
    has_former = any(outcome.status in COUNTING for outcome in read[:-1])
    if has_former and any(finding.code == UNCLEAR for finding in read[-1].findings):
        told = f"{read[-1].delivery.full_name} takes consent back without saying whose"
        raise ReleaseError(UNCLEAR, told, flow, "ask the partner for the file with the keys of these rows")
    first = min(behind)
    has_changed = digest is not None and digest != dataset.digest
    for delivery in deliveries(house.store, name):
        outcome = outcome_of(house, delivery)
        # Without a key no former record can be told to be meant.
        kept = delivery.outcome_folder(house.store, dataset) / "withheld.parquet"
        if outcome is None or not outcome.counts["withheld"] or not kept.exists():
            continue
        if delivery.full_name >= first and (delivery.full_name not in behind or has_changed):
            told = f"the delivery {delivery.full_name} withholds rows, and these figures were made without knowing"
            raise ReleaseError("CONSENT_TAKEN_BACK", told, flow, mend)
