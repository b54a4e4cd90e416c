"""What a partner's receipt says of the quality of its own delivery: only what that partner can mend.

A person's assessment, and what is measured of a whole dataflow, is told to the office and with the release, not here;
a gate that it closes is a finding of the receipt.
"""

from __future__ import annotations

from citizenstats.house import House
from citizenstats.quality.judge import answer
from citizenstats.quality.measure import OF_DATASET, Subject, percent
from citizenstats.receive.outcome import COUNTING, Outcome

TOLD = ("refused_share", "item_non_response", "punctual_share")
"""Measurements of a delivery that its partner can do something about."""


def quality_of_delivery(house: House, outcome: Outcome, language: str) -> list[dict[str, str]]:
    """Return criterion, question, verdict and share of what can be measured of a delivery; empty when it does not count.

    Args:
        house: where and what.
        outcome: of the delivery.
        language: of the questions, English where the catalogue does not have it.
    """
    if outcome.status not in COUNTING:
        return []
    dataset = house.mappings.dataset(outcome.delivery.dataset)
    subject = Subject(house, dataset, frozenset([outcome.delivery.full_name]))
    told = []
    for identifier, criterion in house.mappings.quality.criteria.items():
        if criterion.measure not in TOLD or criterion.measure is None:
            continue
        measured = OF_DATASET[criterion.measure](subject)
        if measured.value is not None:
            told.append(
                {
                    "criterion": identifier,
                    "question": criterion.question.get(language) or criterion.question["en"],
                    "verdict": answer(criterion, measured, None).verdict,
                    "share": percent(measured.value),
                }
            )
    return told
