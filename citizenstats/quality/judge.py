"""Answers become verdicts, verdicts become scores, and scores with the gates say whether a dataflow may be published.

Each criterion is answered for each dataset behind a dataflow by a measurement, by a person's assessment in the contract, or by
both; of two answers the worse counts, and the dataflow has the worst of its datasets. What nobody answered stays unanswered: it
earns no point and stands in the denominator. A gate that is not met closes, whatever the scores are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from citizenstats.contracts.model import Assessment, Contract, DataflowQuality
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.quality.catalogue import Catalogue, Criterion
from citizenstats.quality.figures import figures_of
from citizenstats.quality.measure import OF_DATASET, Measured, Subject, percent

Verdict = Literal["met", "partly", "not_met", "unanswered", "not_applicable"]

POINTS: Mapping[Verdict, float] = {"met": 1.0, "partly": 0.5, "not_met": 0.0, "unanswered": 0.0}
_WORST: Sequence[Verdict] = ("not_met", "unanswered", "partly", "met", "not_applicable")


@dataclass(frozen=True)
class Answer:
    """How one criterion is answered.

    Attributes:
        verdict: what came out.
        by: measurement, assessment, or nobody.
        reason: what was measured, or the evidence; it may be published.
    """

    verdict: Verdict
    by: Literal["measurement", "assessment", "nobody"]
    reason: str


def quality_of(
    house: House,
    flow: str,
    file: Path,
    deliveries: Sequence[str],
    former: Path | None,
    samples: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what is said of the quality of ``AGENCY:ID``, as candidates and manifests keep it.

    Args:
        house: where and what.
        flow: the dataflow.
        file: Parquet file of its publishable observations.
        deliveries: full names of the deliveries behind.
        former: Parquet file of the last release's observations; None before the first.
        samples: what may be told of the samples behind against official counts.

    Returns:
        ``score`` and the dimensions' scores from 0 to 1 to two digits (None where no criterion applies), each criterion's
        verdict and reason, and the hindrances to publication. No count of rows and no name is in it.
    """
    criteria = house.mappings.quality
    said = house.mappings.dataflow(flow)
    scratch = house.store.scratch
    of_flow = figures_of(house, flow, file, former).measured(scratch)
    behind = frozenset(deliveries)
    answers: dict[str, Answer] = {}
    compared = {sample["dataset"]: sample for sample in samples}
    subjects = [
        Subject(house, house.mappings.dataset(d), behind, compared.get(d)) for d in sorted(said.feeds)
    ]
    for identifier, criterion in criteria.criteria.items():
        found = []
        for subject in subjects:
            measured = None
            if criterion.measure is not None:
                of_dataset = OF_DATASET.get(criterion.measure)
                measured = of_dataset(subject) if of_dataset else of_flow[criterion.measure]
            found.append(answer(criterion, measured, subject.contract.assessment.get(identifier)))
        answers[identifier] = joined(found)
    return _facts(criteria, answers, said.quality)


def answer(criterion: Criterion, measured: Measured | None, assessed: Assessment | None) -> Answer:
    """Return the answer of a measurement and a person together: the worse of the two."""
    found = []
    if measured is not None:
        found.append(_of_measurement(criterion, measured))
    if assessed is not None:
        found.append(Answer(assessed.verdict, "assessment", assessed.evidence))
    spoken = [a for a in found if a.verdict != "unanswered"]
    if not spoken:
        return found[0] if found else Answer("unanswered", "nobody", "Nobody has looked at it.")
    # Where nothing applies to the measurement, the person may still say what is there.
    applying = [a for a in spoken if a.verdict != "not_applicable"] or spoken
    return min(applying, key=lambda a: _WORST.index(a.verdict))


def _of_measurement(criterion: Criterion, measured: Measured) -> Answer:
    if not measured.applies:
        return Answer("not_applicable", "measurement", measured.reason)
    if measured.value is None or criterion.met is None or criterion.partly is None:
        return Answer("unanswered", "nobody", measured.reason)
    return Answer(graded(measured.value, criterion.met, criterion.partly), "measurement", measured.reason)


def graded(value: float, met: float, partly: float) -> Verdict:
    """Return the verdict on a value; the lesser is the better where `met` is below `partly`, or both are 0."""
    less_is_better = met < partly or met == partly == 0
    sign = -1 if less_is_better else 1
    return "met" if sign * value >= sign * met else "partly" if sign * value >= sign * partly else "not_met"


def joined(found: Sequence[Answer]) -> Answer:
    """Return the worst answer of several datasets; the reasons of all that differ are told."""
    applying = [a for a in found if a.verdict != "not_applicable"] or list(found)
    worst = min(applying, key=lambda a: _WORST.index(a.verdict))
    reasons = list(dict.fromkeys(a.reason for a in applying if a.verdict == worst.verdict))
    return Answer(worst.verdict, worst.by, " ".join(reasons))


def _facts(criteria: Catalogue, answers: Mapping[str, Answer], asked: DataflowQuality) -> dict[str, Any]:
    dimensions = [
        _dimension(d, [answers[i] for i in criteria.of(d)], asked.minimum.dimensions.get(d))
        for d in criteria.dimensions
        if criteria.of(d)
    ]
    scores = [d["score"] for d in dimensions if d["score"] is not None]
    score = round(sum(scores) / len(scores), 2) if scores else None
    closed = [i for i, c in criteria.criteria.items() if c.gate and answers[i].verdict != "met"]
    hindrances = [f"{i}: {answers[i].reason}" for i in closed]
    overall = asked.minimum.overall
    if overall is not None and (score is None or score < overall):
        hindrances.append(f"The score is {told(score)}, and at least {percent(overall)} is asked.")
    hindrances += [
        f"{d['id']}: the score is {told(d['score'])}, and at least {percent(d['minimum'])} is asked."
        for d in dimensions
        if d["minimum"] is not None and (d["score"] is None or d["score"] < d["minimum"])
    ]
    return {
        "catalogue": f"{criteria.version}-{criteria.digest}",
        "score": score,
        "minimum": overall,
        "gate": "closed" if closed else "open",
        "hindrances": hindrances,
        "dimensions": dimensions,
        "criteria": [
            {
                "id": i,
                "dimension": criterion.dimension,
                "verdict": answers[i].verdict,
                "by": answers[i].by,
                "reason": answers[i].reason,
            }
            for i, criterion in criteria.criteria.items()
        ],
    }


def _dimension(identifier: str, answers: Sequence[Answer], minimum: float | None) -> dict[str, Any]:
    applying = [a for a in answers if a.verdict != "not_applicable"]
    points = sum(POINTS[a.verdict] for a in applying)
    return {
        "id": identifier,
        "score": round(points / len(applying), 2) if applying else None,
        "minimum": minimum,
        "criteria": len(applying),
        "answered": sum(a.verdict != "unanswered" for a in applying),
    }


def told(score: float | None) -> str:
    """Return a score for people."""
    return "not known" if score is None else percent(score)


def closed_gates(criteria: Catalogue, contract: Contract) -> dict[str, str]:
    """Return the gates that a person found not met, with the evidence; whatever was measured, they are closed."""
    return {
        identifier: assessed.evidence
        for identifier, assessed in contract.assessment.items()
        if identifier in criteria.criteria
        and criteria.criteria[identifier].gate
        and assessed.verdict in ("not_met", "partly")
    }


def gates_closed_now(house: House, flow: str) -> list[str]:
    """Return which gates the contracts behind ``AGENCY:ID`` close as they are now, each with the evidence."""
    return [
        f"{identifier}: {evidence}"
        for dataset in sorted(house.mappings.dataflow(flow).feeds)
        for identifier, evidence in closed_gates(
            house.mappings.quality, house.mappings.dataset(dataset).contract
        ).items()
    ]


def may_be_published(facts: Mapping[str, Any]) -> bool:
    """Return whether the quality in a candidate's facts allows publication; one from before quality was judged may."""
    return not facts.get("quality", {}).get("hindrances")


def check_quality(house: House, flow: str, candidate: str, facts: Mapping[str, Any]) -> None:
    """Refuse a candidate whose quality is below the minimum, or whose consent is not met, then or now.

    Raises:
        ReleaseError: ``GATE_CLOSED`` or ``BELOW_QUALITY``, with the reasons.
    """
    since = gates_closed_now(house, flow)
    if may_be_published(facts) and not since:
        return
    found = facts.get("quality", {})
    closed = bool(since) or found["gate"] == "closed"
    told = dict.fromkeys([*since, *found.get("hindrances", ())])
    raise ReleaseError(
        "GATE_CLOSED" if closed else "BELOW_QUALITY",
        f"the quality of {candidate} does not allow publication: {' '.join(told)}",
        flow,
        "no score outweighs consent: settle it with the partner"
        if closed
        else "let someone answer what is unanswered (`assessment` in the contract), mend the data, or ask for less in "
        "the dataflow's file; then `citizenstats run`",
    )
