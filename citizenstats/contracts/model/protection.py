"""Which cells of a dataset are unsafe."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from citizenstats.contracts.model.base import Model, Text
from citizenstats.contracts.model.estimate import Estimate


class Dominance(Model):
    """The (n,k) rule: a sum of which so few units hold so much is unsafe."""

    units: Literal[1, 2] = Field(description="How many of the largest contributors are looked at.")
    share: float = Field(gt=0, lt=1, description="Share of the sum above which they dominate it.")


class Protection(Model):
    """Disclosure rules of a dataset's figures."""

    minimum: int = Field(
        10, ge=1, description="Fewest units (unweighted) in a cell, and on either side of a share."
    )
    sensitive_minimum: int = Field(
        20,
        ge=1,
        description="The same where the question is sensitive (a column of role sensitive is behind the figure); the "
        "higher of both holds, so that a lower minimum leaves sensitive figures as they are.",
    )
    waived: Text | None = Field(
        None,
        description="Why no rule applies, for data that is about no person, household, community or case.",
    )
    p_percent: float | None = Field(
        None,
        gt=0,
        le=100,
        description="A total, mean or ratio is unsafe when the second largest contributor can tell the largest within "
        "so many percent. Keep the number to yourself.",
    )
    dominance: Dominance | None = Field(
        None,
        description="A total, mean or ratio is unsafe when few units dominate it; the p % rule is the better one.",
    )
    revisions: Literal["guard", "publish"] | None = Field(
        None,
        description="guard: a figure that changed by fewer than the minimum stays as it was published, for the "
        "difference tells who came or went; publish: it is revised. Left out: publish for cases and communities, guard "
        "for all else.",
    )

    def guards(self, estimate: Estimate | None) -> bool:
        """Return whether a change by few stays unpublished; of a register each new case is the news that it is kept for."""
        if self.revisions is None:
            return estimate is None or estimate.unit not in ("case", "community")
        return self.revisions == "guard"
