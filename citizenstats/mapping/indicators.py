"""Which indicators one record enters, and with what.

A record enters an indicator as a unit that answered (`among` holds, and what is measured is known) or, for counts, as a
unit that is counted or that shows that the cell was looked at (`known_when`). It enters a difference with what it enters the
indicator with that the difference is of, if it is in one of the two groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Estimate, Indicator, Target
from citizenstats.engine import name, quoted
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


def _parts(estimate: Estimate, key: str) -> dict[str, str]:
    """Return the expressions of an indicator by what they are."""
    indicator = estimate.measured(key)
    names = ("numerator", "denominator") if indicator.kind == "ratio" else (indicator.kind,)
    parts = dict(zip(names, indicator.expressions, strict=True))
    for part in ("among", "known_when"):
        text = getattr(indicator, part)
        if text is not None:
            parts[part] = text
    return parts


def _rule(estimate: Estimate, key: str) -> str:
    """Return what the contract says of an indicator."""
    indicator, of = estimate.indicators[key], estimate.measured(key)
    rule = ", ".join(f"{part.replace('_', ' ')} {text}" for part, text in _parts(estimate, key).items())
    if of.quantile is not None:
        return f"{of.quantile.p:g} {rule}"
    if (difference := indicator.difference) is not None:
        first, second = difference.groups
        return f"difference {difference.across} {first} less {second} of {difference.of}: {rule}"
    return rule


def questions(target: Target, coder: Coder) -> list[Question]:
    """Return what the indicators of a target ask of a record."""
    estimate = target.estimate
    if estimate is None:
        return []
    found = []
    for key, indicator in estimate.indicators.items():
        for part, text in _parts(estimate, key).items():
            found.append(Question(key, part, f"({coder.parse(text, 'estimate', 'indicators', key)})"))
        if (difference := indicator.difference) is not None:
            groups = ", ".join(map(quoted, difference.groups))
            code = coder.code(difference.across) or "NULL"
            found.append(Question(key, "group", f"CASE WHEN {code} IN ({groups}) THEN {code} END"))
    if estimate.weight is not None:
        found.append(Question("", "weight", name(estimate.weight)))
    return found


def entered(
    target: Target, dataset: Dataset, number: int, answers: Mapping[tuple[str, str], str | None]
) -> tuple[Entered, ...]:
    """Return for each indicator of a target whether the record enters it."""
    estimate = target.estimate
    if estimate is None:
        return ()
    found = []
    for key, indicator in estimate.indicators.items():
        values = {part: answers[key, part] for part in _parts(estimate, key)}
        if indicator.difference is not None:
            values["group"] = answers[key, "group"]
        if estimate.weight is not None:
            values["weight"] = answers["", "weight"]
        where = dataset.document.where(("targets", number, "estimate", "indicators", key))
        enters = _enters(estimate.measured(key), values)
        found.append(Entered(key, indicator.kind, _rule(estimate, key), where, enters, values))
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
