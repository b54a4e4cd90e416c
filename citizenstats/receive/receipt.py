"""The receipt: what became of a delivery, in the partner's language, for the partner alone.

`<delivery>.receipt.json` for programs, `<delivery>.receipt.html` for people, and `<delivery>.refused.csv`: the refused rows as
they came, each with what is wrong. Rows that were withheld are counted and never echoed.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from citizenstats.engine import quoted, session
from citizenstats.receive import words
from citizenstats.receive.outcome import Finding, Outcome
from citizenstats.store import as_json, digest, read_json

if TYPE_CHECKING:
    from citizenstats.house import House

SCHEMA = "urn:citizenstats:schema:receipt:1.0.0"
MOST_REFUSED = 10_000
"""Refused rows that are sent back at most."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def send(house: House, outcome: Outcome) -> None:
    """Put the receipt into the partner's outbox; one that would say the same as before is not sent again."""
    delivery = outcome.delivery
    outbox = house.store.outbox(delivery.dataset)
    facts = _facts(house, outcome)
    facts["fingerprint"] = digest(facts)
    before = read_json(outbox / f"{delivery.id}.receipt.json")
    if before is not None and before.get("fingerprint") == facts["fingerprint"]:
        return
    refused = _refused_rows(house, outcome)
    if refused is not None:
        house.store.commit_file(outbox / f"{delivery.id}.refused.csv", refused)
    page = _page(facts, f"{delivery.id}.refused.csv" if refused is not None else None)
    house.store.commit_file(outbox / f"{delivery.id}.receipt.html", page.encode())
    house.store.commit_file(outbox / f"{delivery.id}.receipt.json", as_json(facts))


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
        "how_read": {key: value for key, value in outcome.how_read.items() if key != "header"},
        "findings": [_finding(finding, language) for finding in outcome.findings],
        "contact": house.mappings.agency.contact,
    }


def _finding(finding: Finding, language: str) -> dict[str, Any]:
    what, mend = words.said(finding.code, language)
    return {
        "code": finding.code,
        "column": finding.column,
        "count": finding.count,
        "first_row": finding.first_row,
        "what": " ".join(filter(None, (what, finding.detail))),
        "mend": mend,
        "texts": [{"text": e.text, "count": e.count, "suggestion": e.suggestion} for e in finding.values],
    }


def _page(facts: dict[str, Any], refused_file: str | None) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("receipt.html")
    return template.render(**facts, label=words.LABELS[facts["language"]], refused_file=refused_file)


def _refused_rows(house: House, outcome: Outcome) -> bytes | None:
    """Return the refused rows as CSV for a spreadsheet; None when there are none."""
    dataset = house.mappings.dataset(outcome.delivery.dataset)
    path = outcome.delivery.outcome_folder(house.store, dataset) / "refused.parquet"
    if not path.exists():
        return None
    with session([path.parent]) as engine:
        source = f"SELECT * FROM read_parquet({quoted(str(path))})"
        columns = [column for column, _ in engine.columns(source)]
        rows = engine.rows(f"{source} ORDER BY _row LIMIT {MOST_REFUSED}")
    if not rows:
        return None
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["row", "problem", *columns[2:]])
    for row, problems, *cells in rows:
        writer.writerow(
            [row, ", ".join(p.replace("|", " ").strip() for p in problems), *map(_harmless, cells)]
        )
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str | None) -> str:
    """Return a cell that a spreadsheet takes as text, never as a formula."""
    text = cell or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
