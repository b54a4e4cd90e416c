"""When a figure is too unreliable to be shown as it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from citizenstats.contracts.model.base import Model


class SmallSample(Model):
    """A small sample that is shown only where it is precise."""

    below: int = Field(ge=2, description="Fewer units than these make the sample small.")
    cv: float = Field(gt=0, description="The greatest coefficient of variation with which it is shown.")


class Limits(Model):
    """What a figure passes to be flagged or withheld: one limit is enough. Shares of 1, not percent."""

    n: int | None = Field(None, ge=1, description="Fewer units (unweighted); nobody at all passes no limit.")
    neff: float | None = Field(
        None, gt=0, description="A smaller effective sample size; without one the number of units."
    )
    df: int | None = Field(None, ge=1, description="Fewer degrees of freedom.")
    cv: float | None = Field(None, gt=0, description="A greater coefficient of variation.")
    width: float | None = Field(None, gt=0, description="A wider interval; for shares.")
    relative_width: float | None = Field(
        None, gt=0, description="A wider interval, relative to the estimate."
    )
    complement_width: float | None = Field(
        None, gt=0, description="A wider interval, relative to what the share leaves to 1; for shares."
    )
    small: list[SmallSample] = Field([], description="Small samples that are not precise.")


class ReliabilityRule(Model):
    """When a figure is withheld, and when it is shown with a flag."""

    withhold: Limits = Field(Limits(), description="Past one of these a figure is not shown (OBS_STATUS Q).")
    flag: Limits = Field(Limits(), description="Past one of these it is shown with OBS_STATUS U.")
    narrow: float | None = Field(
        None, gt=0, description="An interval of at most this width passes no limit of width; for shares."
    )


class Reliability(Model):
    """How sure a figure must be to be shown."""

    preset: Literal["nchs", "statcan", "abs", "meps", "dhs", "eu_silc"] | None = Field(
        None, description="The rule of an office; limits given beside it stand in place of its own."
    )
    shares: ReliabilityRule = Field(ReliabilityRule(), description="For proportions.")
    others: ReliabilityRule = Field(
        ReliabilityRule(), description="For counts, totals, means, ratios and compiled figures."
    )

    @model_validator(mode="after")
    def _widths_are_of_shares(self) -> Reliability:
        parts = (self.others.withhold, self.others.flag)
        if self.others.narrow is not None or any(
            p.width is not None or p.complement_width is not None for p in parts
        ):
            raise ValueError(
                "width, complement_width and narrow are for shares; relative_width is for the others"
            )
        return self
