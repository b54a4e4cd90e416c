"""What came of a delivery: rows counted, what was found, how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from citizenstats.receive import words
from citizenstats.receive.delivery import ERASED, Delivery
from citizenstats.receive.withdrawn import is_taken_back
from citizenstats.store import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from citizenstats.house import House

Status = Literal[
    "accepted", "partially_accepted", "refused", "quarantined", "duplicate", "withdrawn", "erased"
]
COUNTING = ("accepted", "partially_accepted")
"""Of these deliveries there are records. One in quarantine has none: it holds identifiers that nobody declared."""
TAKEN_BACK = ("withdrawn", "erased")
"""Nothing of these deliveries counts any more, and the same bytes are never taken again."""
UNCLEAR = "WITHDRAWAL_UNCLEAR"
"""A row without consent whose key cannot be read: whose former record it takes back is not known."""
COUNTS = ("read", "accepted", "refused", "withheld", "ignored")


@dataclass(frozen=True)
class Example:
    """A text from the partner's file, for that partner's own receipt and the restricted store only."""

    text: str
    count: int
    suggestion: str | None = None


@dataclass(frozen=True)
class Finding:
    """One kind of fault in one column.

    Attributes:
        code: stable identifier, such as ``NOT_ALLOWED``; `words` says what it means.
        column: the header as the contract knows it; None when it is about the whole file or row.
        count: rows concerned.
        first_row: row in the file as a spreadsheet shows it.
        facts: what belongs to the code, from the contract or counted, never a cell: a rule's text, the form agreed.
        values: texts of the partner's; never outside the restricted store and the partner's own receipt.
    """

    code: str
    column: str | None = None
    count: int = 0
    first_row: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    values: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def detail(self) -> str:
        """What the facts add, in English; it may be said anywhere."""
        return words.detail(self.code, self.facts, "en")

    def shown(self) -> str:
        """Return what may be said anywhere: code, column, count, first row, and what the contract says."""
        place = f" in {self.column}" if self.column else ""
        rows = f": {self.count:,} rows" if self.count else ""
        first = f", the first is row {self.first_row}" if self.first_row else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.code}{place}{rows}{first}{detail}"


class RefusalError(Exception):
    """A delivery is refused as a whole, for one reason; its text is safe to show anywhere."""

    def __init__(self, code: str, values: tuple[Example, ...] = (), **facts: object) -> None:
        self.finding = Finding(code, facts={key: str(value) for key, value in facts.items()}, values=values)
        super().__init__(self.finding.shown())


@dataclass(frozen=True)
class Outcome:
    """What came of one delivery; read = accepted + refused + withheld + ignored."""

    delivery: Delivery
    status: Status
    counts: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
    how_read: Mapping[str, Any] = field(default_factory=dict)
    periods: tuple[str, ...] = ()
    """The periods that it holds, those whose rows are all withheld too."""

    def as_facts(self) -> dict[str, Any]:
        """Return the content of ``outcome.json``."""
        return {
            "status": self.status,
            "counts": dict(self.counts),
            "findings": [asdict(finding) for finding in self.findings],
            "how_read": dict(self.how_read),
            "periods": list(self.periods),
        }


def from_facts(delivery: Delivery, facts: Mapping[str, Any]) -> Outcome:
    """Return the outcome that `Outcome.as_facts` gave."""
    findings = tuple(
        Finding(**{**f, "values": tuple(Example(**e) for e in f["values"])}) for f in facts["findings"]
    )
    return Outcome(
        delivery, facts["status"], facts["counts"], findings, facts["how_read"], tuple(facts["periods"])
    )


def refused(
    delivery: Delivery, *findings: Finding, read: int = 0, how_read: Mapping[str, Any] | None = None
) -> Outcome:
    """Return the outcome of a delivery that is refused as a whole: all its rows are refused."""
    counts = dict.fromkeys(COUNTS, 0) | {"read": read, "refused": read}
    return Outcome(delivery, "refused", counts, findings, how_read or {})


def outcome_of(house: House, delivery: Delivery) -> Outcome | None:
    """Return what came of a delivery under the present contract; None while it is pending.

    One that was taken back since says so, beside what was found.
    """
    erased = read_json(delivery.folder(house.store) / ERASED)
    if erased is not None:
        return Outcome(delivery, "erased", erased["counts"], (Finding("TAKEN_BACK"),))
    found = outcome_in(
        delivery, delivery.outcome_folder(house.store, house.mappings.dataset(delivery.dataset))
    )
    if found is None or not is_taken_back(house.store, delivery.dataset, delivery.sha256):
        return found
    return replace(found, status="withdrawn", findings=(*found.findings, Finding("TAKEN_BACK")))


def outcome_in(delivery: Delivery, folder: Path) -> Outcome | None:
    """Return the outcome that lies in a folder; None when there is none."""
    facts = read_json(folder / "outcome.json")
    return from_facts(delivery, facts) if facts is not None else None
