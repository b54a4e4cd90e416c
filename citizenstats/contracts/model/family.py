"""How the figures of a family are protected: cells hidden, counts rounded, or noise."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from citizenstats.contracts.model.base import Identifier, Model, Text


class Rounding(Model):
    """Counts are multiples of a base, and still add up."""

    base: int = Field(
        ge=2,
        le=1000,
        description="What counts are rounded to; at least the minimum of every contract behind the family.",
    )


class CellKey(Model):
    """Counts carry noise, the same for the same records; keep both numbers to yourself."""

    deviation: int = Field(
        ge=1,
        le=100,
        description="The greatest change of a count; at least the greatest minimum of the contracts.",
    )
    variance: float = Field(
        gt=0,
        description="Variance of the change of a large count; 1 or more, and more the more breakdowns there are.",
    )


def _lists_of_codes(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {dimension: [codes] if isinstance(codes, str) else codes for dimension, codes in value.items()}


PartialKey = Annotated[
    dict[Identifier, Annotated[list[Text], Field(min_length=1)]],
    BeforeValidator(_lists_of_codes, json_schema_input_type=dict[Identifier, str | list[str]]),
]
"""Cells by some of their dimensions: ``{REF_AREA: DK, SEX: [F, M]}``; a dimension that is not named may have any code."""


Hiding = Literal["repair", "exact"]
"""How the cells are found that are hidden with the unsafe ones."""


class HidingCost(Model):
    """How dear it is to hide some cells."""

    cells: PartialKey = Field(
        {},
        description="Dimension → its code, or several; a dimension that is not named may have any. {} is all.",
    )
    times: float = Field(
        ge=0.001,
        le=1000,
        description="How many times as dear as a cell of their size and depth is otherwise.",
    )


class Suppression(Model):
    """Which cells are hidden with the unsafe ones, as the office wants it."""

    method: Hiding = Field(
        "repair",
        description="repair: few and fine cells, for tables of any size; exact: the cheapest there are, for figures of at "
        "most 120 cells. Larger ones are done by repair.",
    )
    cost: list[HidingCost] = Field(
        [], description="How dear cells are; the first entry that holds counts, 1 where none does."
    )
    stay: list[Annotated[PartialKey, Field(min_length=1)]] = Field(
        [],
        description="Cells that others are hidden for. One that is unsafe itself, or without which nothing can be "
        "protected, is hidden all the same, and the release waits for a person.",
    )


class FlowProtection(Model):
    """How the figures of a family are protected; every dataflow of the family says the same."""

    suppression: Suppression | None = Field(
        None,
        description="What hiding cells costs and which stay; each dataflow says it of its own cells, and none of a cell of "
        "both what another contradicts.",
    )
    rounding: Rounding | None = Field(
        None,
        description="In place of hiding cells: counts become multiples of a base that still add up, shares are made of "
        "these, and all else is withheld.",
    )
    cell_key: CellKey | None = Field(
        None,
        description="In place of hiding cells: counts of estimates carry noise from secret keys of their records, shares are "
        "made of these; sums do not hold.",
    )

    @model_validator(mode="after")
    def _one_method(self) -> FlowProtection:
        if self.rounding is not None and self.cell_key is not None:
            raise ValueError("give rounding or cell_key, not both")
        if self.suppression is not None and not self.hides:
            raise ValueError(
                "suppression is about hiding cells, in place of which there is rounding or cell_key"
            )
        return self

    @property
    def hides(self) -> bool:
        """Whether cells are hidden, and no count is changed."""
        return self.rounding is None and self.cell_key is None

    @property
    def hiding(self) -> Hiding:
        """How the cells are found that are hidden with the unsafe ones."""
        return self.suppression.method if self.suppression is not None else "repair"

    @property
    def way(self) -> FlowProtection:
        """What one release must have in common with the next: how counts are changed, but not which cells are dear."""
        return self.model_copy(update={"suppression": None})
