"""The catalogue of criteria: those that travel with the library, under those of the mappings folder.

What belongs here: reading it. What does not: answering a criterion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from citizenstats.contracts.document import read_yaml, validated
from citizenstats.contracts.model import Identifier, LocalText, Model
from citizenstats.errors import MappingError
from citizenstats.store import digest

SHIPPED = Path(__file__).parent / "criteria.yaml"

Measure = Literal[
    "consent_basis",
    "unclear_withdrawals",
    "participation",
    "stages_told",
    "response_rate",
    "methods_linked",
    "refused_share",
    "item_non_response",
    "representativeness",
    "days_to_arrival",
    "punctual_share",
    "coverage",
    "disaggregation",
    "sample_size",
    "precision",
    "revised_share",
    "official_difference",
    "withheld_share",
]
"""Measurements of a dataset (`citizenstats.quality.measure`) and of a dataflow (`citizenstats.quality.figures`)."""


class Criterion(Model):
    """One criterion of quality."""

    dimension: Identifier = Field(description="The dimension of quality that it belongs to.")
    question: LocalText = Field(description="What is asked.")
    evidence: LocalText = Field(description="What would show the answer.")
    sources: list[str] = Field(min_length=1, description="The frameworks that ask for it.")
    measure: Measure | None = Field(None, description="The measurement that answers it; left out: a person.")
    met: float | None = Field(None, description="The value of the measurement from which it is met.")
    partly: float | None = Field(None, description="The value from which it is partly met.")
    gate: bool = Field(False, description="Nothing is published unless it is met, whatever the score.")

    @model_validator(mode="after")
    def _measured_by_limits(self) -> Criterion:
        if (self.measure is None) != (self.met is None) or (self.met is None) != (self.partly is None):
            raise ValueError("measure, met and partly are given together")
        if self.gate and self.measure is None:
            raise ValueError("a gate needs a measurement, so that it is never left unanswered")
        return self


class CriteriaFile(Model):
    """The criteria of quality: ``sdmx_mappings/quality/criteria.yaml``."""

    version: str = Field("1.0.0", description="Version of the criteria.")
    dimensions: dict[Identifier, LocalText] = Field({}, description="Dimension → its name.")
    criteria: dict[Identifier, Criterion | None] = Field(
        {}, description="Criteria by id, each replacing the shipped one; null leaves it out."
    )


@dataclass(frozen=True)
class Catalogue:
    """The dimensions and criteria in their order."""

    version: str
    dimensions: Mapping[str, Mapping[str, str]]
    criteria: Mapping[str, Criterion]

    def of(self, dimension: str) -> list[str]:
        """Return the ids of the criteria of a dimension."""
        return [i for i, criterion in self.criteria.items() if criterion.dimension == dimension]

    @cached_property
    def digest(self) -> str:
        """Sixteen hex digits that identify it."""
        return digest(self.version, {i: c.model_dump(mode="json") for i, c in self.criteria.items()})


def catalogue(folder: Path) -> Catalogue:
    """Return the criteria that hold for a mappings folder.

    Raises:
        MappingError: the office's file is wrong, names an unknown dimension or measurement, or leaves a gate out.
    """
    shipped = validated(CriteriaFile, read_yaml(SHIPPED))
    path = folder / "quality" / "criteria.yaml"
    if not path.exists():
        return _joined(shipped, CriteriaFile(), str(SHIPPED))
    document = read_yaml(path)
    own = validated(CriteriaFile, document)
    found = _joined(shipped, own, str(path))
    for identifier, criterion in shipped.criteria.items():
        if criterion is not None and criterion.gate:
            kept = found.criteria.get(identifier)
            if kept is None or kept.model_dump(exclude=_WORDS) != criterion.model_dump(exclude=_WORDS):
                raise MappingError(
                    "GATE_LEFT_OUT",
                    f"'{identifier}' is a gate and cannot be left out or made easier",
                    document.where(("criteria", identifier)),
                    "take it out of this file; only its texts may differ",
                )
    return found


_WORDS = {"question", "evidence", "sources"}


def _joined(shipped: CriteriaFile, own: CriteriaFile, where: str) -> Catalogue:
    dimensions = {**shipped.dimensions, **own.dimensions}
    criteria = {i: c for i, c in {**shipped.criteria, **own.criteria}.items() if c is not None}
    for identifier, criterion in criteria.items():
        if criterion.dimension not in dimensions:
            raise MappingError(
                "UNKNOWN_KEY",
                f"the dimension '{criterion.dimension}' of {identifier} is not known",
                where,
                "known: " + ", ".join(sorted(dimensions)),
            )
    return Catalogue(own.version if own.criteria else shipped.version, dimensions, criteria)
