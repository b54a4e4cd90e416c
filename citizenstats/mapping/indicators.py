"""Which indicators one record enters, and with what.

A record enters an indicator as a unit that answered (`among` holds, and what is measured is known) or, for counts, as a
unit that is counted or that shows that the cell was looked at (`known_when`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Indicator, Target
from citizenstats.engine import name
from citizenstats.harmonize.coder import Coder


@dataclass(frozen=True)
class Question:
    """A value of the record that an indicator asks for."""

    indicator: str
    part: str
    sql: str


@dataclass(frozen=True)
class Entered:
    """Whether a record enters an indicator.

    Attributes:
        rule: what the contract says, such as ``proportion of helbred = 'Godt'``.
        where: ``file:line`` of it.
        enters: whether it does.
        values: part of the rule → its value on this record.
    """

    indicator: str
    kind: str
    rule: str
    where: str
    enters: bool
    values: Mapping[str, str | None]


def _parts(indicator: Indicator) -> dict[str, str]:
    """Return the expressions of an indicator by what they are; none for a measure that is no expression."""
    measured = getattr(indicator, indicator.kind)
    if isinstance(measured, str):
        parts = {indicator.kind: measured}
    elif isinstance(measured, tuple):
        parts = dict(zip(("numerator", "denominator"), measured, strict=True))
    else:
        parts = {}
    for part in ("among", "known_when"):
        text = getattr(indicator, part)
        if text is not None:
            parts[part] = text
    return parts


def questions(target: Target, coder: Coder) -> list[Question]:
    """Return what the indicators of a target ask of a record."""
    if target.estimate is None:
        return []
    found = [
        Question(key, part, f"({coder.parse(text, 'estimate', 'indicators', key)})")
        for key, indicator in target.estimate.indicators.items()
        for part, text in _parts(indicator).items()
    ]
    if target.estimate.weight is not None:
        found.append(Question("", "weight", name(target.estimate.weight)))
    return found


def entered(
    target: Target, dataset: Dataset, number: int, answers: Mapping[tuple[str, str], str | None]
) -> tuple[Entered, ...]:
    """Return for each indicator of a target whether the record enters it."""
    if target.estimate is None:
        return ()
    found = []
    for key, indicator in target.estimate.indicators.items():
        parts = _parts(indicator)
        values = {part: answers[key, part] for part in parts}
        if target.estimate.weight is not None:
            values["weight"] = answers["", "weight"]
        rule = ", ".join(f"{part.replace('_', ' ')} {text}" for part, text in parts.items())
        where = dataset.document.where(("targets", number, "estimate", "indicators", key))
        found.append(Entered(key, indicator.kind, rule, where, _enters(indicator, values), values))
    return tuple(found)


def _enters(indicator: Indicator, values: Mapping[str, str | None]) -> bool:
    if indicator.among is not None and values["among"] != "true":
        return False
    if indicator.kind == "count":
        return values["count"] == "true" or (
            indicator.known_when is not None and values["known_when"] == "true"
        )
    measured = [values[part] for part in values if part not in ("among", "known_when", "weight")]
    return all(value is not None for value in measured)
