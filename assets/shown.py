"""What the UI shows of each layer: the only place where metadata is made.

Everything here is a count, a digest, a code of ours, SQL made from a contract, or a figure that passed protection.
Never a cell of a partner's file, a file name, a restricted observation, or which cell was hidden for itself and which with
others: of that the sums alone. Whoever adds a line answers for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets import keys
from assets.chart import Bar, bars
from citizenstats import clock
from citizenstats.estimate.benchmarks import CHANGE
from citizenstats.estimate.representative import said_of_calibration, said_of_comparison
from citizenstats.harmonize.observe import Observed, file_stem
from citizenstats.house import House
from citizenstats.protect.audit.report import NAME as AUDIT
from citizenstats.protect.audit.report import told as told_of_audit
from citizenstats.protect.protect import Protected
from citizenstats.quality.judge import told
from citizenstats.receive.outcome import Finding, Outcome
from citizenstats.receive.receive import Received
from citizenstats.receive.words import WORDS
from citizenstats.release.assemble import Assembled
from citizenstats.release.overview import by_period, left_out, periods, quality, validation
from citizenstats.release.release import Released
from citizenstats.review.page import NAME as REVIEW
from citizenstats.store import read_json

Metadata = Mapping[str, dg.MetadataValue]

_COUNTS = ("read", "accepted", "refused", "withheld", "ignored")
_NEWEST = 12
_FINDINGS = 20


def delivery(outcome: Outcome) -> dg.AssetObservation:
    """Return the event of one delivery: what was read of it, and what was found, without any value."""
    kept = outcome.delivery
    metadata = {
        "delivery": dg.MetadataValue.text(kept.id),
        "status": dg.MetadataValue.text(outcome.status),
        "arrived": dg.MetadataValue.timestamp(clock.parse(kept.arrived)),
        "bytes": dg.MetadataValue.int(kept.size),
        **{count: dg.MetadataValue.int(outcome.counts[count]) for count in _COUNTS},
        "findings": dg.MetadataValue.md(_findings(outcome.findings)),
    }
    return dg.AssetObservation(keys.key("received", kept.dataset), metadata=metadata)


def received(done: Received) -> Metadata:
    """Return the rows of the deliveries of this time, and which deliveries count now."""
    total = {count: sum(o.counts[count] for o in done.outcomes) for count in _COUNTS}
    drawn = [
        Bar(o.delivery.id, o.counts["accepted"], o.counts["read"] - o.counts["accepted"])
        for o in done.outcomes[-_NEWEST:]
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(total["accepted"]),
        "deliveries": dg.MetadataValue.int(len(done.outcomes)),
        **{f"rows {count}": dg.MetadataValue.int(number) for count, number in total.items()},
        "rows by delivery": bars(drawn, "accepted", "refused, withheld or ignored"),
        "deliveries that count": dg.MetadataValue.md(_listed(done.current)),
    }


def observed(done: Observed) -> Metadata:
    """Return the number of observations and the SELECT of each target dataflow."""
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(done.flows.values())),
        **{f"observations {flow}": dg.MetadataValue.int(count) for flow, count in done.flows.items()},
        **{f"SELECT {flow}": dg.MetadataValue.md(f"```sql\n{text}\n```") for flow, text in done.sql.items()},
        **{f"sample {flow}": dg.MetadataValue.md(_sample(told)) for flow, told in done.samples.items()},
        "from deliveries": dg.MetadataValue.md(_listed(done.deliveries)),
    }


def _sample(told: Mapping[str, Any]) -> str:
    """Return how a sample compares with official counts and how its weights changed: rounded, of enough units."""
    lines = [f"- {said_of_comparison(comparison)}" for comparison in told["comparisons"]]
    if told["calibration"] is None:
        return "\n".join(lines) or "nothing that may be told"
    heads = [part.replace("_", " ") for part in CHANGE]
    lines += [
        "",
        said_of_calibration(told),
        "",
        f"| period | {' | '.join(heads)} |",
        "| --- " * (len(heads) + 1) + "|",
    ]
    lines += [
        f"| {change['period'] or 'all'} | {' | '.join(f'{change[part]:.2f}' for part in CHANGE)} |"
        for change in told["calibration"]["periods"]
    ]
    return "\n".join(lines)


def assembled(done: Assembled) -> Metadata:
    """Return the number of observations and what they came from."""
    return {
        "dagster/row_count": dg.MetadataValue.int(done.observations),
        "gave way to another dataset": dg.MetadataValue.int(done.replaced),
        "from datasets": dg.MetadataValue.md(_listed(done.datasets)),
    }


def protected(house: House, done: Protected) -> Metadata:
    """Return how much of each dataflow may be published; why something may not is in the restricted audit."""
    shown: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(sum(counts.cells for counts in done.flows.values())),
    }
    for flow, counts in done.flows.items():
        structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
        counted = by_period(done.folder / f"{file_stem(flow)}.parquet", structure)
        shown |= {
            f"may be published {flow}": dg.MetadataValue.int(counts.shown),
            f"suppressed {flow}": dg.MetadataValue.int(counts.cells - counts.shown),
            f"by period {flow}": bars(
                [Bar(p.period, p.shown, p.suppressed) for p in counted], "shown", "suppressed"
            ),
        }
    return shown


def released(house: House, done: Released) -> Metadata:
    """Return where a dataflow stands: its newest release or waiting candidate, what changed, and its messages."""
    shown: dict[str, dg.MetadataValue] = {
        "status": dg.MetadataValue.text(_status(done)),
        "release": dg.MetadataValue.text(done.release or "none yet"),
        "dagster/row_count": dg.MetadataValue.int(done.observations),
        **{
            count: dg.MetadataValue.int(getattr(done, count))
            for count in ("suppressed", "flagged", "added", "changed", "withdrawn")
        },
    }
    if done.candidate:
        shown["candidate"] = dg.MetadataValue.text(done.candidate)
    if done.signed_by:
        said = "rejected by" if done.status == "rejected" else "signed by"
        shown[said] = dg.MetadataValue.text(", ".join(done.signed_by))
    if done.folder:
        drawn = [Bar(p.period, p.shown, p.suppressed) for p in periods(done.folder)]
        shown["observations by period"] = bars(drawn, "shown", "suppressed")
        shown["quality"] = _quality(quality(done.folder))
        shown["validation"] = _validation(validation(done.folder))
        if missing := left_out(done.folder):
            shown["left out"] = dg.MetadataValue.md(_listed([f"{m['file']} ({m['rule']})" for m in missing]))
        shown["folder"] = dg.MetadataValue.path(done.folder)
        beside = house.store.candidates(done.flow) / (done.candidate or "")
        if audited := told_of_audit(read_json(beside / AUDIT) or {}):
            shown["audit"] = dg.MetadataValue.md(_table(audited))
        review = beside / REVIEW
        if review.is_file():
            shown["review page"] = dg.MetadataValue.path(review)
        shown["files"] = dg.MetadataValue.md(
            # Those of a rejected candidate left where a release was taken back since.
            _listed([f"{f.name} ({_size(f.stat().st_size)})" for f in done.files if f.exists()])
        )
    return shown


def _quality(found: Mapping[str, Any] | None) -> dg.MetadataValue:
    """Return the verdict by dimension, and what stands in the way of publication."""
    if found is None:
        return dg.MetadataValue.text("not judged")
    lines = [f"- **{hindrance}**" for hindrance in found["hindrances"]]
    lines += [
        "",
        f"score {told(found['score'])}, consent {'met' if found['gate'] == 'open' else 'not met'}",
        "",
    ]
    lines += ["| dimension | score | answered |", "| --- | --- | --- |"]
    lines += [
        f"| {d['id']} | {told(d['score'])} | {d['answered']} of {d['criteria']} |"
        for d in found["dimensions"]
    ]
    return dg.MetadataValue.md("\n".join(lines))


def _table(said: Mapping[str, str]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {what} | {of} |" for what, of in said.items())])


def _validation(found: Mapping[str, Any] | None) -> dg.MetadataValue:
    """Return how many messages are valid, and how often each rule asks a person to look; no key."""
    if found is None:
        return dg.MetadataValue.text("not validated")
    lines = [f"{found['messages']} messages are valid"]
    if found["warnings"]:
        lines += ["", "| to look at | figures |", "| --- | --- |"]
        lines += [f"| {code} | {count} |" for code, count in sorted(found["warnings"].items())]
    return dg.MetadataValue.md("\n".join(lines))


def _status(done: Released) -> str:
    how = f"run the job `approve`, or `citizenstats approve {done.flow}`"
    if done.status == "waiting":
        return f"{done.candidate} waits for sign-off: {how}"
    if done.status == "signed_once":
        return f"{done.candidate} is signed once and waits for another person: {how}"
    if done.status == "rejected":
        # The note may say what must not be shown; it is told where only the office reads.
        return f"{done.candidate} was rejected; `citizenstats releases {done.flow}` tells why"
    return done.status


def _findings(findings: Sequence[Finding]) -> str:
    """Return findings as a table without values."""
    if not findings:
        return "nothing to mend"
    lines = ["| what | column | rows | first row | |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {WORDS['en'][f.code].what} | {f.column or ''} | {f.count or ''} | {f.first_row or ''} | {f.detail} |"
        for f in findings[:_FINDINGS]
    ]
    rest = f"\n\n… and {len(findings) - _FINDINGS} more, in the receipt" if len(findings) > _FINDINGS else ""
    return "\n".join(lines) + rest


def _listed(names: Sequence[str]) -> str:
    shown = "\n".join(f"- `{name}`" for name in names[-_NEWEST:])
    rest = f"\n- … and {len(names) - _NEWEST} older" if len(names) > _NEWEST else ""
    return (shown + rest) or "none"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError
