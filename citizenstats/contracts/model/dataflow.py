"""The file of a dataflow: what feeds it, how it is reviewed and let out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from citizenstats.contracts.model.base import DatasetReference, FolderName, Identifier, LocalText, Model
from citizenstats.contracts.model.family import FlowProtection
from citizenstats.contracts.model.reliability import Reliability


class Embargo(Model):
    """When approved releases become public."""

    until: str | None = Field(None, description="ISO 8601 time with zone.")
    calendar: list[str] = Field(
        [], description="Release times, ISO 8601 with zone; a release waits for the next one."
    )


Score = Annotated[float, Field(ge=0, le=1)]
"""A share of what could be reached: 0 to 1."""


class QualityMinimum(Model):
    """The least quality with which a dataflow is published."""

    overall: Score | None = Field(None, description="The least mean over the dimensions.")
    dimensions: dict[Identifier, Score] = Field({}, description="Dimension → its least score.")


class DataflowQuality(Model):
    """What is asked of the quality of a dataflow."""

    minimum: QualityMinimum = Field(
        QualityMinimum(), description="Below it nothing is published; left out: shown, and no hindrance."
    )
    official: str | None = Field(
        None,
        description="CSV beside this file with official figures: columns named as the dimensions, and OBS_VALUE.",
    )


class DataflowFile(Model):
    """A dataflow: ``sdmx_mappings/dataflows/<AGENCY>/<FLOW>.yaml``."""

    version: str = Field("1.0.0", description="Version of the dataflow.")
    name: LocalText = Field(description="Name of the dataflow.")
    description: LocalText | None = Field(None, description="What it holds.")
    structure: str | None = Field(
        None, description="AGENCY:ID(VERSION) of the data structure; left out: same as the flow."
    )
    feeds: list[DatasetReference] = Field(min_length=1, description="Datasets, the one that wins first.")
    on_same_key: Literal["error", "first"] = Field(
        "error", description="first: the dataset named first wins."
    )
    family: FolderName = Field(
        description="Dataflows about the same units share a family and are protected together."
    )
    protection: FlowProtection = Field(
        FlowProtection(), description="How its figures are protected; left out: by hiding cells."
    )
    review: Literal["required", "four_eyes", "none"] = Field(
        "required",
        description="required: a person signs each release off; four_eyes: two different persons do; none: nobody.",
    )
    embargo: Embargo | None = Field(None, description="When approved releases become public.")
    quality: DataflowQuality = Field(DataflowQuality(), description="What is asked of its quality.")
    reliability: Reliability | None = Field(
        None,
        description="How sure a figure must be to be shown; left out: every figure that may be shown is shown.",
    )
    category: str | None = Field(
        None, description="Category of the category scheme, such as RIGHTS.DISABILITY."
    )
    constraint: dict[Identifier, list[str]] = Field(
        {}, description="Content constraint: the codes allowed by dimension."
    )
    recoded: dict[str, dict[Identifier, dict[str, str | list[str]]]] = Field(
        {},
        description="Former version, dimension, its code: the code of this version, or the codes it was split into; "
        "codes that are not named stay.",
    )

    @property
    def signatures(self) -> int:
        """How many different persons sign a candidate off."""
        return {"none": 0, "required": 1, "four_eyes": 2}[self.review]
