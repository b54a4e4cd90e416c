"""The last gate before the public: nothing goes out that rests on a record whose consent was taken back since.

Each step reads what the one before it left, and each can be started by hand. Whatever was started, a candidate leaves
only when every delivery that withholds rows stands behind it too.
"""

from __future__ import annotations

from collections.abc import Iterable

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import outcome_of


def withheld_since(house: House, behind: Iterable[str]) -> str | None:
    """Return the first delivery that withholds rows and came after those behind a candidate; None when none did.

    Args:
        house: where and what.
        behind: full names of the deliveries that the candidate was made from.
    """
    newest: dict[str, int] = {}
    for full_name in behind:
        name, _, identifier = full_name.rpartition("/")
        newest[name] = max(newest.get(name, 0), int(identifier.partition("-")[0]))
    for name, number in sorted(newest.items()):
        if name not in house.mappings.datasets:
            continue
        dataset = house.mappings.dataset(name)
        for delivery in deliveries(house.store, name):
            outcome = outcome_of(house, delivery) if delivery.number > number else None
            # Without a key no former record can be told to be meant.
            kept = delivery.outcome_folder(house.store, dataset) / "withheld.parquet"
            if outcome is not None and outcome.counts["withheld"] and kept.exists():
                return delivery.full_name
    return None


def check_consent(house: House, flow: str, behind: Iterable[str]) -> None:
    """Let what was made from these deliveries go on.

    Raises:
        ReleaseError: ``CONSENT_TAKEN_BACK`` when a later delivery withholds rows.
    """
    later = withheld_since(house, behind)
    if later is not None:
        raise ReleaseError(
            "CONSENT_TAKEN_BACK",
            f"the delivery {later} withholds rows and is not behind these figures",
            flow,
            "let all steps run from `observed` on, or `citizenstats run`",
        )
