"""Measurements of a dataset: of its contract, of what became of its deliveries, and of the records that count.

Each gives one number, or says that there is nothing to measure; nothing measured is never good. Sums are SQL over the
records; times are recorded arrivals, never the clock. A reason holds shares in whole percent and words of ours, so that it
may be published: no cell, no file name, no count of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract, Mapped
from citizenstats.engine import name, quoted, session
from citizenstats.estimate.representative import most_dissimilar, said_of_comparison
from citizenstats.house import House
from citizenstats.quality.catalogue import Measure
from citizenstats.receive.delivery import Delivery, deliveries
from citizenstats.receive.judge import why_name
from citizenstats.receive.outcome import COUNTING, UNCLEAR, Outcome, outcome_of
from citizenstats.receive.withdrawn import withdrawals, without_withdrawn


@dataclass(frozen=True)
class Measured:
    """What a measurement gave.

    Attributes:
        value: the number; None where there is nothing to measure.
        reason: what was measured, in one sentence that may be published.
        applies: False where the question does not arise for this dataset.
    """

    value: float | None
    reason: str
    applies: bool = True


def percent(share: float) -> str:
    """Return a share in whole percent; a small one is not rounded to none, nor a large one to all."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")


@dataclass(frozen=True)
class Subject:
    """A dataset with the deliveries behind a state of its figures."""

    house: House
    dataset: Dataset
    behind: frozenset[str]
    """Full names of the deliveries behind."""
    sample: Mapping[str, Any] | None = None
    """What may be told of its sample against official counts; None where there are none."""

    @property
    def contract(self) -> Contract:
        """The contract."""
        return self.dataset.contract

    @cached_property
    def arrivals(self) -> list[Delivery]:
        """The deliveries up to the newest one behind, without duplicates, in the order of arrival."""
        there = [d for d in deliveries(self.house.store, self.dataset.name) if d.duplicate_of is None]
        last = max((d.number for d in there if d.full_name in self.behind), default=0)
        return [d for d in there if d.number <= last]

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What came of the deliveries behind."""
        found = (outcome_of(self.house, d) for d in self.arrivals if d.full_name in self.behind)
        return [o for o in found if o is not None]

    @cached_property
    def records(self) -> list[Path]:
        """The files with the records of the deliveries behind."""
        store = self.house.store
        found = [o.delivery.outcome_folder(store, self.dataset) / "records.parquet" for o in self.outcomes]
        return [path for path in found if path.exists()]

    @cached_property
    def _source(self) -> str:
        """SELECT of those records, without the rows that were taken back; empty when there is no file."""
        if not self.records:
            return ""
        listed = ", ".join(quoted(str(f)) for f in self.records)
        taken = [w for w in withdrawals(self.house.store, self.dataset.name) if w.rows]
        return without_withdrawn(f"SELECT * FROM read_parquet([{listed}], union_by_name = true)", taken)

    @cached_property
    def answers(self) -> tuple[int, int] | None:
        """How many answers feed figures in the records behind, and how many of them are empty."""
        asked = []
        for column in feeding(self.contract):
            told = self.contract.columns[column].reasons
            asked.append((column, why_name(column) if told else None))
        return _answers(self._source, tuple(f.parent for f in self.records), tuple(asked))

    @cached_property
    def newest_year(self) -> int | None:
        """The latest year among the periods of the records behind."""
        years = [c for c, declared in self.contract.columns.items() if declared.type == "period"]
        if not self.records or not years:
            return None
        with session([f.parent for f in self.records]) as engine:
            known = {c for c, _ in engine.columns(self._source)}
            newest = [f"max(TRY_CAST(left({name(c)}, 4) AS INTEGER))" for c in years if c in known]
            found = (
                engine.value(f"SELECT greatest({', '.join(newest)}) FROM ({self._source})")
                if newest
                else None
            )
        return None if found is None else int(found)


@lru_cache(maxsize=64)
def _answers(
    source: str, folders: Sequence[Path], columns: Sequence[tuple[str, str | None]]
) -> tuple[int, int] | None:
    """Return how many answers these columns hold, each with the one that says why it is empty, and how many are empty.

    Records never change once they are written, so the count of a file is the same at every reading.
    """
    if not source:
        return None
    asked, empty = [], []
    with session(folders) as engine:
        known = {c for c, _ in engine.columns(source)}
        for column, why in columns:
            if column in known:
                applies = f"{why or 'NULL'} IS DISTINCT FROM 'not_applicable'"
                asked.append(f"count(*) FILTER (WHERE {applies})")
                # What was hidden was answered.
                lacks = f"{name(column)} IS NULL AND {why or 'NULL'} IS DISTINCT FROM 'suppressed'"
                empty.append(f"count(*) FILTER (WHERE {lacks} AND {applies})")
        if not asked:
            return None
        row = engine.rows(f"SELECT {' + '.join(asked)}, {' + '.join(empty)} FROM ({source})")[0]
    return int(row[0]), int(row[1])


def feeding(contract: Contract) -> Iterator[str]:
    """Yield the columns whose answers feed a figure, in the contract's order; identifiers and weights are no answers."""
    used = set(_named(contract))
    fresh = set(used)
    while fresh:
        found = {c for derived in fresh & set(contract.derive) for c in _columns(contract.derive[derived])}
        fresh = found - used
        used |= found
    for column, declared in contract.columns.items():
        if column in used and declared.role not in ("identifier", "free_text", "weight"):
            yield column


def _named(contract: Contract) -> Iterator[str]:
    """Yield every name that the targets use directly."""
    for target in contract.targets:
        for mapped in target.map.values():
            yield from _mapped(mapped)
        if target.unpivot is not None:
            yield from target.unpivot.columns
        if target.estimate is None:
            continue
        for indicator in target.estimate.indicators.values():
            for text in filter(None, (*indicator.expressions, indicator.among)):
                yield from _columns(text)


def _mapped(mapped: Mapped) -> Iterator[str]:
    if mapped.column is not None:
        yield mapped.column
    if mapped.sql is not None:
        yield from _columns(mapped.sql)


def _columns(text: str) -> set[str]:
    """Return the columns that an expression of a contract uses; it was checked when the contract was."""
    import sqlglot

    return expressions.columns_of(sqlglot.parse_one(text, dialect="duckdb"))


# --- the contract -----------------------------------------------------------------------------------------


def consent_basis(subject: Subject) -> Measured:
    """Return 1 where each record says that its people agreed, or nobody has to be asked."""
    record = subject.contract.record
    if record.publication == "none":
        return Measured(1, "Those concerned let nothing be published, and nothing of it is.")
    words = {
        "individual": "Each person's own consent",
        "community_fpic": "Free, prior and informed consent of each community",
        "organisation": "Organisations answer for themselves",
        "public_source": "The facts were public before",
    }
    asked = "; a record without it is withheld" if record.consent.condition else ""
    return Measured(1, f"{words[record.consent.basis]}{asked}.")


def unclear_withdrawals(subject: Subject) -> Measured:
    """Return the number of deliveries that take consent back without saying whose."""
    unclear = sum(any(f.code == UNCLEAR for f in o.findings) for o in subject.outcomes)
    told = "Consent was taken back and it is not clear whose." if unclear else "No withdrawal is open."
    return Measured(unclear, told)


def participation(subject: Subject) -> Measured:
    """Return the level of participation that counts: 5 where citizens started it, else the best of design and collection."""
    record = subject.contract.record
    if record.origin == "citizens":
        return Measured(5, "Citizens or their organisations started it.")
    levels = [level for level in (record.participation.design, record.participation.collect) if level]
    if not levels:
        return Measured(None, "No level of participation is told for design or collection.")
    return Measured(
        max(levels), f"The state started it; participation in design or collection is level {max(levels)}."
    )


def stages_told(subject: Subject) -> Measured:
    """Return the share of the stages of the value chain whose level of participation is told."""
    levels = subject.contract.record.participation.model_dump()
    told = sum(level is not None for level in levels.values())
    return Measured(told / len(levels), f"The level is told for {told} of {len(levels)} stages.")


def response_rate(subject: Subject) -> Measured:
    """Return the response rate; it applies to surveys."""
    record = subject.contract.record
    if record.sampling in ("document_review", "register"):
        return Measured(None, "Nobody was asked: the data come from documents or a register.", applies=False)
    if record.response_rate is None:
        return Measured(None, "The response rate is not told.")
    return Measured(record.response_rate, f"{percent(record.response_rate)} of those asked answered.")


def methods_linked(subject: Subject) -> Measured:
    """Return 1 where the documentation of methods can be opened by everybody."""
    linked = subject.contract.record.methodology.startswith(("https://", "http://"))
    return Measured(int(linked), "Methods are linked." if linked else "There is no link to the methods.")


# --- deliveries and records -------------------------------------------------------------------------------


def refused_share(subject: Subject) -> Measured:
    """Return the share of the rows with consent that were refused, over the deliveries that count."""
    counted = [o.counts for o in subject.outcomes if o.status in COUNTING]
    judged = sum(c["accepted"] + c["refused"] for c in counted)
    if not judged:
        return Measured(None, "No row was judged.")
    share = sum(c["refused"] for c in counted) / judged
    return Measured(share, f"{percent(share)} of the rows broke the contract and were refused.")


def item_non_response(subject: Subject) -> Measured:
    """Return the share of empty answers among those that feed figures and apply."""
    if subject.answers is None or not subject.answers[0]:
        return Measured(None, "There are no answers to look at.")
    asked, empty = subject.answers
    return Measured(empty / asked, f"{percent(empty / asked)} of the answers behind the figures are empty.")


def days_to_arrival(subject: Subject) -> Measured:
    """Return the days from the end of the newest year with records to the arrival of the newest delivery."""
    if subject.newest_year is None or not subject.arrivals:
        return Measured(None, "The records do not tell their period.")
    end = datetime(subject.newest_year + 1, 1, 1, tzinfo=UTC)
    days = max((clock.parse(subject.arrivals[-1].arrived) - end).days, 0)
    return Measured(days, f"The newest delivery came {days} days after the end of its newest year.")


def punctual_share(subject: Subject) -> Measured:
    """Return the share of deliveries that came within the agreed interval after the one before."""
    agreed = subject.contract.delivery
    if agreed.expected_every_days is None:
        return Measured(None, "No interval of deliveries is agreed.")
    times = [clock.parse(d.arrived) for d in subject.arrivals]
    if len(times) < 2:
        return Measured(None, "There was only one delivery so far.")
    longest = agreed.expected_every_days + agreed.grace_days
    kept = [(later - earlier).days <= longest for earlier, later in pairwise(times)]
    share = sum(kept) / len(kept)
    return Measured(share, f"{percent(share)} of the deliveries came when they were expected.")


def representativeness(subject: Subject) -> Measured:
    """Return the greatest dissimilarity of the sample, by its design weights, from official counts of its newest period."""
    found = most_dissimilar(subject.sample["comparisons"]) if subject.sample is not None else None
    if found is None:
        return Measured(None, "The sample is not compared with official counts.")
    return Measured(found["dissimilarity"], said_of_comparison(found))


OF_DATASET: Mapping[Measure, Callable[[Subject], Measured]] = {
    "consent_basis": consent_basis,
    "unclear_withdrawals": unclear_withdrawals,
    "participation": participation,
    "stages_told": stages_told,
    "response_rate": response_rate,
    "methods_linked": methods_linked,
    "refused_share": refused_share,
    "item_non_response": item_non_response,
    "representativeness": representativeness,
    "days_to_arrival": days_to_arrival,
    "punctual_share": punctual_share,
}
"""Measurements of a dataset by name."""
