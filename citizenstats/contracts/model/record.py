"""The citizen data record: who made the data, with whose consent, by which methods, and how a person judged their quality."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from citizenstats.contracts.model.base import LocalText, Model, Sql, Text

Participation = Annotated[int, Field(ge=1, le=5)]
"""Level on the participation ladder: 1 information … 5 self-determination; 4 and 5 are sufficient."""


class ValueChain(Model):
    """Level of participation of the people concerned at each stage of the data value chain (1 to 5)."""

    need: Participation | None = Field(None, description="Level at specifying needs.")
    design: Participation | None = Field(None, description="Level at design.")
    collect: Participation | None = Field(None, description="Level at collection.")
    process: Participation | None = Field(None, description="Level at processing.")
    analyse: Participation | None = Field(None, description="Level at analysis.")
    disseminate: Participation | None = Field(None, description="Level at dissemination.")
    use: Participation | None = Field(None, description="Level at use of the figures.")


class Consent(Model):
    """On what ground the data may be used, and where each record says so."""

    basis: Literal["individual", "community_fpic", "organisation", "public_source"] = Field(
        description="individual informed consent; free, prior and informed consent of a community; an organisation "
        "answering for itself; or facts that are public already."
    )
    evidence: Text = Field(description="Where the evidence of consent is kept.")
    condition: Sql | None = Field(
        None,
        description="SQL condition on a record; where it is not true the record is withheld before any computation.",
    )

    @model_validator(mode="after")
    def _people_are_asked(self) -> Consent:
        if self.basis in ("individual", "community_fpic") and self.condition is None:
            raise ValueError("consent.condition is needed: each record must say that its people agreed")
        return self


class CitizenDataRecord(Model):
    """The intake record of a dataset: who made it, with whom, and how."""

    origin: Literal["citizens", "state_with_participation"] = Field(
        description="Produced by rights-holders and their organisations, or by the state with their engagement."
    )
    initiator: Text = Field(description="Who started it.")
    participation: ValueChain = Field(
        ValueChain(), description="Level of participation of the people concerned at each stage, 1 to 5."
    )
    consent: Consent = Field(description="On what ground the data may be used.")
    publication: Literal["public", "aggregate_only", "none"] = Field(
        description="public: figures and single answers; aggregate_only: tables above the threshold; none: nothing."
    )
    population: LocalText = Field(description="Whom the figures are about.")
    self_identification: str | None = Field(
        None, description="How people say themselves that they belong to the group."
    )
    mode: Text = Field(description="Instrument and collection mode.")
    sampling: Literal[
        "probability", "non_probability", "census_of_communities", "document_review", "register"
    ] = Field(description="How the units were found.")
    response_rate: float | None = Field(
        None, ge=0, le=1, description="Share of the units asked that answered."
    )
    methodology: Text = Field(description="Link to the documentation of methods.")
    licence: Text = Field(description="Licence of the figures, SPDX id where there is one.")
    contact: Text = Field(description="Whom to ask about the data.")
    limitations: LocalText = Field(description="What the data cannot tell.")


class Assessment(Model):
    """What a person found when looking at one criterion of quality, and on what ground."""

    verdict: Literal["met", "partly", "not_met", "not_applicable"] = Field(description="What was found.")
    evidence: Annotated[str, StringConstraints(min_length=10)] = Field(
        description="What shows it; published with the figures, so no name and no answer of a person."
    )
    by: Text = Field(description="The person who looked.")
    date: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="The day of it."
    )
