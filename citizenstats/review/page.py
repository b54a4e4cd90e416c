"""The review page of a candidate: one self-contained HTML file, the same bytes for the same candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.contracts.model import DataflowFile
from citizenstats.engine import session
from citizenstats.estimate.representative import said_of_calibration, said_of_comparison
from citizenstats.house import House
from citizenstats.pages import filled
from citizenstats.protect.audit.report import NAME as AUDIT
from citizenstats.protect.audit.report import told as told_of_audit
from citizenstats.protect.said import said
from citizenstats.quality.catalogue import Catalogue
from citizenstats.quality.judge import told
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import outcome_of
from citizenstats.release.manifest import Release
from citizenstats.review.figures import Figure, Headlines, Look, span
from citizenstats.sdmx.model import Reference
from citizenstats.store import read_json
from citizenstats.validation.rules import RULES

NAME = "review.html"

VERDICTS = {
    "met": ("✓", "met"),
    "partly": ("◐", "partly met"),
    "not_met": ("✗", "not met"),
    "unanswered": ("?", "unanswered"),
    "not_applicable": ("–", "does not apply"),
}
"""Verdict → sign and words."""

_SHOWN_DELIVERIES = 30


@dataclass(frozen=True)
class Rejection:
    """A candidate that somebody rejected, and why."""

    candidate: str
    by: str
    time: datetime
    note: str


@dataclass(frozen=True)
class Drawn:
    """A figure with its places on a line from 0 to 200."""

    figure: Figure
    at: float
    from_: float | None
    to: float | None
    zero: float


def review_page(
    house: House,
    identifier: str,
    folder: Path,
    facts: Mapping[str, Any],
    parent: Release | None,
    rejections: Sequence[Rejection] = (),
) -> bytes:
    """Return the page of a candidate.

    Args:
        house: where and what.
        identifier: of the candidate, such as ``C0002``.
        folder: where its Parquet files lie, with the report of the audit.
        facts: what ``candidate.json`` says.
        parent: the release that it is compared with.
        rejections: what was rejected since that release.
    """
    flow = Reference.parse(facts["dataflow"])
    name_of_flow = f"{flow.agency}:{flow.id}"
    readable = [folder, *([parent.folder] if parent else [])]
    with session(readable, scratch=house.store.scratch) as engine:
        look = Look(house, engine, flow, folder, parent)
        headlines = look.headlines()
        content: dict[str, Any] = {
            "headlines": headlines,
            "drawn": _drawn(headlines),
            "statuses": look.statuses(),
            "breakdowns": look.withheld_by_breakdown(),
            "periods": look.withheld_by_period(),
            "changed": look.changed(),
            "moves": look.moves(),
        }
    file = house.mappings.dataflow(name_of_flow)
    counted = _counted(house, file, name_of_flow, facts["protected"])
    criteria = house.mappings.quality
    listed = _deliveries(house, file.feeds, facts["deliveries"])
    return filled(
        Path(__file__).with_name(NAME),
        {"number": _said, "as_figure": _as_figure, "interval": _interval, "score": told},
        **content,
        title=file.name.get("en") or next(iter(file.name.values())),
        flow=name_of_flow,
        candidate=identifier,
        facts=facts,
        reliability=counted if file.reliability else None,
        given_up=counted["given_up"],
        method=None if file.protection.hides else said(file.protection),
        parent=parent,
        signatures=file.signatures,
        findings=[{**f, "what": RULES[f["code"]].what} for f in facts.get("findings", ())],
        rejections=[(r, clock.stamp(r.time)) for r in rejections],
        embargo=file.embargo,
        audited=told_of_audit(read_json(folder / AUDIT) or {}),
        quality=_quality(criteria, facts.get("quality"), parent),
        samples=[_sample(told) for told in facts.get("samples", ())],
        verdicts=VERDICTS,
        deliveries=listed[-_SHOWN_DELIVERIES:],
        older=max(len(listed) - _SHOWN_DELIVERIES, 0),
    )


def _counted(house: House, file: DataflowFile, flow: str, protected: str) -> Mapping[str, int]:
    """Return how many figures are withheld for reliability, are flagged, and were declared to stay and could not."""
    kept = read_json(house.store.protected(file.family) / protected / "protected.json") or {}
    counted = kept.get("flows", {}).get(flow, {})
    return {kind: int(counted.get(kind, 0)) for kind in ("unreliable", "flagged", "given_up")}


def _quality(criteria: Catalogue, found: Mapping[str, Any] | None, parent: Release | None) -> Any:
    """Return the verdict for the page: each dimension with its criteria, and what the last release had."""
    if found is None:
        return None
    former = parent.facts.get("quality") if parent else None
    scores = {d["id"]: d["score"] for d in former["dimensions"]} if former else {}
    verdicts = {c["id"]: c["verdict"] for c in former["criteria"]} if former else {}
    dimensions = [
        {
            **dimension,
            "name": _english(criteria.dimensions.get(dimension["id"], {}), dimension["id"]),
            "before": scores.get(dimension["id"]),
            "listed": [
                {
                    **c,
                    "question": _english(_question(criteria, c["id"]), c["id"]),
                    "gate": c["id"] in criteria.criteria and criteria.criteria[c["id"]].gate,
                    "before": verdicts.get(c["id"], c["verdict"]),
                }
                for c in found["criteria"]
                if c["dimension"] == dimension["id"]
            ],
        }
        for dimension in found["dimensions"]
    ]
    return {
        **found,
        "dimensions": dimensions,
        "before": former["score"] if former else None,
        "former": former,
    }


def _sample(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a sample for the page: what is said of its calibration, and the comparisons of each benchmark's newest period."""
    newest = {c["benchmark"]: c for c in sorted(told["comparisons"], key=lambda c: str(c["period"]))}
    sources = {b["benchmark"]: _english(b["source"], "") for b in told["benchmarks"]}
    return {
        **told,
        "said": said_of_calibration(told) if told["calibration"] is not None else None,
        "newest": [(c, sources[c["benchmark"]], said_of_comparison(c)) for c in newest.values()],
    }


def _question(criteria: Catalogue, identifier: str) -> Mapping[str, str]:
    criterion = criteria.criteria.get(identifier)
    return criterion.question if criterion else {}


def _english(texts: Mapping[str, str], otherwise: str) -> str:
    return texts.get("en") or next(iter(texts.values()), otherwise)


def _deliveries(house: House, feeds: Sequence[str], behind: Sequence[str]) -> list[dict[str, Any]]:
    """Return what came of the deliveries behind: number and digest, arrival and rows; never a file's name."""
    found = []
    for dataset in feeds:
        for delivery in deliveries(house.store, dataset):
            outcome = outcome_of(house, delivery) if delivery.full_name in behind else None
            if outcome is not None:
                found.append(
                    {
                        "name": delivery.full_name,
                        "arrived": delivery.arrived,
                        "status": outcome.status.replace("_", " "),
                        "counts": outcome.counts,
                    }
                )
    return found


def _drawn(headlines: Headlines | None) -> list[Drawn]:
    if headlines is None:
        return []
    ends = span(headlines.figures)
    return [_on_line(figure, *ends[figure.scale]) for figure in headlines.figures]


def _on_line(figure: Figure, low: float, high: float) -> Drawn:
    def place(value: float) -> float:
        return round(4 + 192 * (value - low) / (high - low), 1)

    return Drawn(
        figure,
        place(figure.value),
        None if figure.low is None else place(figure.low),
        None if figure.high is None else place(figure.high),
        place(0.0),
    )


def _as_figure(value: float, figure: Figure) -> str:
    """Return a figure, or what is beside it, with as many decimals as the other figures of its indicator."""
    return f"{value:,.{figure.decimals}f}"


def _interval(figure: Figure) -> str:
    """Return both bounds of a figure, or the one that is told; empty without any."""
    low, high = (None if bound is None else _as_figure(bound, figure) for bound in (figure.low, figure.high))
    if low is None:
        return "" if high is None else f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"


def _said(value: float | None) -> str:
    """Return a number for people."""
    if value is None:
        return ""
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
