"""The contract of one dataset, with the rules that hold across its sections."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from citizenstats.contracts.model.base import Identifier, Language, LocalText, Model, Sql, Text
from citizenstats.contracts.model.columns import Column, IgnoredRows, Rule, Version
from citizenstats.contracts.model.delivery import Delivery, Reading
from citizenstats.contracts.model.extract import Extract
from citizenstats.contracts.model.protection import Protection
from citizenstats.contracts.model.record import Assessment, CitizenDataRecord
from citizenstats.contracts.model.target import Target

_FEWEST = 3
"""The least minimum frequency where only aggregates may be published: of two, each knows the other."""


SAMPLING_ERRORS = ("STD_ERROR", "DESIGN_EFFECT", "EFFECTIVE_SAMPLE_SIZE", "DEGREES_OF_FREEDOM")
"""Attributes that tell of a random sample alone; a model too may give a figure bounds."""


class Contract(Model):
    """One dataset: ``sdmx_mappings/partners/<partner>/<dataset>.yaml``."""

    title: LocalText = Field(description="What the dataset is called.")
    author: Text = Field(description="The person who wrote this contract; someone else signs releases off.")
    version: str = Field("1.0.0", description="Version of this contract.")
    language: Language = Field(
        "en",
        description="Language of the partner: of receipts, and of letters in files that are not UTF-8.",
    )
    delivery: Delivery = Field(Delivery(), description="Where deliveries come from and what one replaces.")
    read: Reading = Field(Reading(), description="How to read a file.")
    record: CitizenDataRecord = Field(description="Who made the data, with whom, and how.")
    assessment: dict[Identifier, Assessment] = Field(
        {},
        description="Criterion of quality → what a person found; what is not answered here stays unanswered.",
    )
    key: list[Identifier] = Field([], description="Columns that identify a row.")
    columns: dict[Identifier, Column] = Field(
        description="The columns of the file; a column of the file that is not named here is not read."
    )
    derive: dict[Identifier, Sql] = Field(
        {}, description="Further values computed from the columns of one record, in order."
    )
    rules: list[Rule] = Field([], description="Conditions across columns.")
    ignore: list[IgnoredRows] = Field([], description="Rows that are no data.")
    targets: list[Target] = Field(
        [],
        description="The dataflows that the dataset feeds; only official counts for a benchmark may feed none.",
    )
    protection: Protection = Field(Protection(), description="Disclosure rules.")
    extract: Extract | None = Field(
        None, description="A safe extract for researchers; left out: there is none."
    )
    retention_days: int = Field(3650, ge=1, description="How long the bytes of a delivery are kept.")
    versions: list[Version] = Field([], description="Versions for deliveries that differ.")

    @property
    def said_language(self) -> str | None:
        """The language, where the contract says one: what is left out is no ground to take letters for English."""
        return self.language if "language" in self.model_fields_set else None

    @property
    def greatest_minimum(self) -> int:
        """The fewest units of any figure: the minimum of sensitive ones where there can be some."""
        rules = self.protection
        asks = any(column.role == "sensitive" for column in self.columns.values())
        return max(rules.minimum, rules.sensitive_minimum) if asks else rules.minimum

    @property
    def record_names(self) -> list[str]:
        """The names that expressions on a record may use: columns, their ``__why`` companions, derived values."""
        why = [f"{c}__why" for c, column in self.columns.items() if column.reasons]
        return [*self.columns, *why, *self.derive]

    @model_validator(mode="after")
    def _replacement_has_its_column(self) -> Contract:
        if self.delivery.replaces == "periods" and self.delivery.period is None:
            raise ValueError("delivery.period is needed when a delivery replaces periods")
        if self.delivery.replaces == "rows" and not self.key:
            raise ValueError("key is needed when a delivery replaces rows")
        return self

    @model_validator(mode="after")
    def _consent_is_said_in_each_row(self) -> Contract:
        asked = self.record.consent.condition or ""
        for derived, text in reversed(self.derive.items()):
            if re.search(rf"\b{derived}\b", asked, re.IGNORECASE):
                asked += f" {text}"
        for column, said in self.columns.items():
            if said.same_as_above and re.search(rf"\b{column}\b", asked, re.IGNORECASE):
                raise ValueError(
                    f"consent.condition asks {column}, which may be the same_as_above; nobody consents for others"
                )
        return self

    @model_validator(mode="after")
    def _nothing_about_a_person_is_published(self) -> Contract:
        hidden = {c for c, column in self.columns.items() if column.role in ("identifier", "free_text")}
        for target in self.targets:
            for component, mapped in target.map.items():
                if mapped.column in hidden and (
                    target.estimate is not None or self.record.publication != "public"
                ):
                    raise ValueError(
                        f"{component} takes {mapped.column}, an identifier or free text, which may not be published; "
                        "give a constant or a coded column"
                    )
        return self

    @model_validator(mode="after")
    def _an_extract_is_declared(self) -> Contract:
        if self.extract is not None:
            if self.record.publication == "none":
                raise ValueError("publication: none, so there is no extract")
            fault = self.extract.fault(self.columns)
            if fault is not None:
                raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _errors_need_a_probability_sample(self) -> Contract:
        if self.record.sampling == "probability":
            return self
        for target in self.targets:
            design = target.estimate.design if target.estimate is not None else None
            if design in ("probability", "simple_random"):
                raise ValueError(
                    f"design: {design} needs record.sampling: probability; nothing else has a standard error"
                )
            mapped = [component for component in SAMPLING_ERRORS if component in target.map]
            if mapped:
                raise ValueError(
                    f"{', '.join(mapped)} of {target.dataflow} needs record.sampling: probability; nothing else has a sampling "
                    "error, so leave it out of map"
                )
        return self

    @model_validator(mode="after")
    def _aggregates_are_aggregates(self) -> Contract:
        if self.record.publication == "aggregate_only":
            if self.protection.waived is not None:
                raise ValueError("protection is not waived where publication is aggregate_only")
            if self.protection.minimum < _FEWEST:
                raise ValueError(
                    f"protection.minimum is at least {_FEWEST} where publication is aggregate_only"
                )
        return self
