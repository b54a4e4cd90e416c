"""What a validation says, and about what: findings, and the frame that they are found in."""

from __future__ import annotations

from dataclasses import dataclass

from citizenstats.engine import name
from citizenstats.validation.rules import RULES, Severity

EXAMPLES = 100
"""How many distinct wrong values a finding names."""


@dataclass(frozen=True)
class Finding:
    """One rule that observations break in one component.

    Attributes:
        code: what is wrong, a rule of `citizenstats.validation.rules` or of the step that says it.
        component: the component it is in.
        count: how many observations have it.
        mend: what to do about it.
        values: wrong values, the most frequent first; for the restricted side only.
        row: the first row, from 1; None where rows have no place.
        severity: errors make data invalid; warnings ask a person to look.
    """

    code: str
    component: str
    count: int
    mend: str
    values: tuple[str, ...] = ()
    row: int | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return code, component and count: safe to show anywhere."""
        return f"{self.code} in {self.component} ({self.count})"


def finding(
    code: str,
    component: str,
    count: int,
    values: tuple[str, ...] = (),
    row: int | None = None,
    *,
    of: str = "",
) -> Finding:
    """Return a finding of a rule; `of` is what the component is measured against."""
    rule = RULES[code]
    return Finding(code, component, count, rule.mend.format(of=of), values[:EXAMPLES], row, rule.severity)


@dataclass(frozen=True)
class Frame:
    """Observations as rows: a column for each component, typed or text.

    Attributes:
        source: SELECT of the observations.
        row: the column that numbers them from 1 as their file does; None where they have no place.
    """

    source: str
    row: str | None = None

    @property
    def relation(self) -> str:
        """The frame inside a FROM."""
        return f"({self.source})"

    @property
    def first(self) -> str:
        """SQL of the first row of a group of observations."""
        return f"min({name(self.row)})" if self.row else "NULL::BIGINT"
