"""The columns of a delivery, rules across them, and versions where waves differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from citizenstats.contracts.model.base import Exact, Identifier, LocalText, Model, Sql, Text


class Column(Model):
    """One column of the partner's file."""

    header: str | list[str] | None = Field(
        None,
        description="Header(s) in the file; left out: the column's id. A column whose header is blank, or the same as "
        "another one's, is called by its place: (A) is the first.",
    )
    type: Literal["text", "integer", "number", "boolean", "date", "period"] = Field(
        "text", description="Kind of value."
    )
    label: LocalText | None = Field(None, description="What the column is called, for people.")
    required: bool = Field(False, description="An empty cell refuses the row.")
    same_as_above: bool = Field(
        False,
        description="An empty cell says the same as the one above it, as under merged cells and in pivot tables.",
    )
    optional: bool = Field(False, description="The column may be absent from the file.")
    allowed: list[str] | None = Field(None, description="The cell texts allowed (before typing).")
    true: list[str] = Field(["1", "true", "yes"], description="Texts that mean true, for type boolean.")
    false: list[str] = Field(["0", "false", "no"], description="Texts that mean false, for type boolean.")
    frequency: str = Field("A", description="SDMX frequency that a period column must fit.")
    range: tuple[float | None, float | None] | None = Field(
        None, description="Lowest and highest value allowed."
    )
    pattern: Exact | None = Field(None, description="Regular expression that the whole cell must match.")
    role: Literal["identifier", "sensitive", "quasi_identifier", "weight", "free_text"] | None = Field(
        None,
        description="What the column may tell about a person; identifiers and free text never leave the records.",
    )
    missing: list[str] = Field([], description="Further texts that mean missing in this column.")
    not_collected: list[str] = Field(
        [],
        description='Texts that mean: exists, but was not collected (OBS_STATUS L); here and below "" is an empty cell.',
    )
    not_applicable: list[str] = Field([], description="Texts that mean: cannot exist here (OBS_STATUS M).")
    suppressed: list[str] = Field(
        [], description="Texts that mean: hidden by whoever made the figure (OBS_STATUS Q, CONF_STATUS C)."
    )

    @property
    def reasons(self) -> Mapping[str, list[str]]:
        """Why a cell has no value → the texts that say so; empty where the column tells no reasons apart."""
        told = {
            "not_collected": self.not_collected,
            "not_applicable": self.not_applicable,
            "suppressed": self.suppressed,
        }
        return {reason: texts for reason, texts in told.items() if texts}

    @field_validator("header")
    @classmethod
    def _it_says_something(cls, said: str | list[str] | None) -> str | list[str] | None:
        if "" in ([said] if isinstance(said, str) else said or []):
            raise ValueError(
                "a column without a header is called by its place: (A) is the first, (B) the second"
            )
        return said


class Rule(Model):
    """A condition across columns that every record must meet; NULL counts as met."""

    must: Sql = Field(description="The condition that holds for a good record.")
    message: LocalText = Field(description="What the receipt says when it does not.")


class IgnoredRows(Model):
    """Rows that are no data, by a condition over the cells as text."""

    when: Sql = Field(description="Condition over the cells as text.")
    reason: Text = Field(description="Why such a row is no data.")


class VersionWhen(Model):
    """What tells that a delivery is of this version; all that is given must hold."""

    file: str | None = Field(None, description="Pattern of the file name.")
    header: list[str] | None = Field(None, description="Headers that must all be present.")
    column: Identifier | None = Field(
        None, description="Column whose values tell, such as the period or form version."
    )
    values: list[str] | None = Field(None, description="The values of that column in this version.")


class Version(Model):
    """A version of the contract for deliveries that differ: only what differs is said."""

    id: str = Field(description="Name of the version, such as the wave.")
    when: VersionWhen = Field(description="What tells that a delivery is of this version.")
    read: dict[str, Any] = Field({}, description="Keys of `read` that differ.")
    columns: dict[Identifier, dict[str, Any] | None] = Field(
        {}, description="Columns that differ, key by key; null: this version has no such column (all empty)."
    )
