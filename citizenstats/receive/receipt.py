"""The receipt: what became of a delivery, in the partner's language, for the partner alone.

`<delivery>.receipt.json` for programs, `<delivery>.receipt.html` for people, and `<delivery>.refused.csv`: the refused
rows as they came, each with what is wrong. Rows that were withheld are counted and never echoed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citizenstats.engine import quoted, session
from citizenstats.pages import filled, visible
from citizenstats.quality.delivery import quality_of_delivery
from citizenstats.quality.judge import closed_gates
from citizenstats.receive import labels, words
from citizenstats.receive.outcome import Finding, Outcome
from citizenstats.store import as_json, digest, read_json

if TYPE_CHECKING:
    from citizenstats.contracts.model import Contract
    from citizenstats.house import House
    from citizenstats.receive.delivery import Delivery

SCHEMA = "urn:citizenstats:schema:receipt:1.0.0"
MOST_REFUSED = 10_000
"""Refused rows that are sent back at most."""

_FORMULA = re.compile(r"^(?=[=+\-@＝＋－＠\t\r\n])|(?<=[,;\t|\r\n])(?=\s*(?:[=+@＝＋－＠]|-\D))")
"""Where a spreadsheet would begin a formula: at the start of a cell, and after any separator, for a spreadsheet of another
country splits the file at commas. The wide signs count in East Asia."""
_NUMBER = re.compile(r"[+-]?[\d.,' ]+")


def send(house: House, outcome: Outcome) -> None:
    """Put the receipt into the partner's outbox; one that would say the same as before is not sent again."""
    delivery = outcome.delivery
    outbox = house.store.outbox(delivery.dataset)
    facts = _facts(house, outcome)
    facts["fingerprint"] = digest(facts)
    before = read_json(outbox / f"{delivery.id}.receipt.json")
    if before is not None and before.get("fingerprint") == facts["fingerprint"]:
        return
    refused = _refused_rows(house, outcome, facts["language"])
    if refused is not None:
        house.store.commit_file(outbox / f"{delivery.id}.refused.csv", refused)
    page = page_of(
        "receipt.html",
        facts,
        refused_file=f"{delivery.id}.refused.csv" if refused else None,
        most_refused=MOST_REFUSED,
    )
    house.store.commit_file(outbox / f"{delivery.id}.receipt.html", page)
    house.store.commit_file(outbox / f"{delivery.id}.receipt.json", as_json(facts))


def is_due(house: House, delivery: Delivery, *, is_newest: bool) -> bool:
    """Return whether a receipt was not sent, or is the newest and says another thing of closed gates than is so now."""
    file = house.store.outbox(delivery.dataset) / f"{delivery.id}.receipt.json"
    if not is_newest:
        return not file.exists()
    sent = read_json(file)
    if sent is None:
        return True
    closed = closed_gates(house.mappings.quality, house.mappings.dataset(delivery.dataset).contract)
    said: int = sum(finding["code"] == "GATE_CLOSED" for finding in sent.get("findings", ()))
    return len(closed) != said


def _facts(house: House, outcome: Outcome) -> dict[str, Any]:
    contract = house.mappings.dataset(outcome.delivery.dataset).contract
    language = words.language_of(contract.language)
    delivery = outcome.delivery
    return {
        "schema": SCHEMA,
        "language": language,
        "delivery": delivery.full_name,
        "file": delivery.file_name,
        "sha256": delivery.sha256,
        "size": delivery.size,
        "arrived": delivery.arrived,
        "status": outcome.status,
        "counts": dict(outcome.counts),
        "periods": list(outcome.periods),
        "how_read": dict(outcome.how_read),
        "findings": [
            _finding(finding, language) for finding in (*outcome.findings, *_closed(house, contract))
        ],
        "quality": quality_of_delivery(house, outcome, language),
        "contact": house.mappings.agency.contact,
    }


def _closed(house: House, contract: Contract) -> list[Finding]:
    """Return what the partner must know of consent that a person of the office found not met."""
    return [
        Finding("GATE_CLOSED", facts={"criterion": identifier, "evidence": evidence})
        for identifier, evidence in closed_gates(house.mappings.quality, contract).items()
    ]


def _finding(finding: Finding, language: str) -> dict[str, Any]:
    said = words.WORDS[language][finding.code]
    return {
        "code": finding.code,
        "column": finding.column,
        "count": finding.count,
        "first_row": finding.first_row,
        "what": said.what,
        "detail": words.detail(finding.code, finding.facts, language),
        "mend": said.mend,
        "texts": [{"text": e.text, "count": e.count, "suggestion": e.suggestion} for e in finding.values],
    }


def page_of(template: str, facts: Mapping[str, Any], **more: Any) -> bytes:
    """Return a page for people, of one of the templates beside this module, in the language of its facts."""
    language = facts["language"]
    return filled(
        Path(__file__).with_name(template),
        {"visible": visible},
        **facts,
        **more,
        label=labels.LABELS[language],
        word=labels.VALUES[language],
    )


def _refused_rows(house: House, outcome: Outcome, language: str) -> bytes | None:
    """Return the refused rows as CSV for a spreadsheet; None when there are none."""
    dataset = house.mappings.dataset(outcome.delivery.dataset)
    path = outcome.delivery.outcome_folder(house.store, dataset) / "refused.parquet"
    if not outcome.counts["refused"] or not path.exists():
        return None
    with session([path.parent]) as engine:
        source = f"SELECT * FROM read_parquet({quoted(str(path))})"
        columns = [column for column, _ in engine.columns(source)]
        rows = engine.rows(f"{source} ORDER BY _row LIMIT {MOST_REFUSED}")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    label = labels.LABELS[language]
    writer.writerow([label["row"], label["problem"], *map(_harmless, columns[2:])])
    for row, problems, *cells in rows:
        told = " ".join(_problem(problem, language) for problem in problems)
        writer.writerow([row, _harmless(told), *map(_harmless, cells)])
    return out.getvalue().encode("utf-8-sig")


def _problem(name: str, language: str) -> str:
    """Return in words what refuses a row, from the name that `judge` gave it: code, column, facts."""
    code, column, facts = (*name.split("|", 2), "", "")[:3]
    place = f"{column}: " if column else ""
    about = f" ({facts.replace('|', ', ')})" if facts else ""
    return f"{place}{words.WORDS[language][code].what}{about}"


def _harmless(cell: str | None) -> str:
    """Return a cell that a spreadsheet takes as text, never as a formula."""
    text = cell or ""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub("'", text)
