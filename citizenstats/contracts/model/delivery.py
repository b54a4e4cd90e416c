"""Where deliveries come from, how they are read, and what they replace."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from citizenstats.contracts.model.base import Exact, FlowReference, Identifier, Model


class Pull(Model):
    """A source that is fetched instead of dropped: one HTTP GET whose body is the delivery."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] = Field(
        description="Where to fetch the delivery from: http or https."
    )
    cron: str = Field("0 5 * * *", description="When to fetch, as a cron line in UTC.")
    file_name: str = Field("pulled.csv", description="The name under which the body is kept.")
    token_env: Identifier | None = Field(
        None,
        description="Environment variable that holds a bearer token; the secret itself never stands here.",
    )


_SAME_MARK = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"}
"""Blanks that do not break, and the typographic apostrophe → the mark of thousands that stands for them."""


class Reading(Model):
    """How to read the file. What is left out is detected and told in the receipt."""

    format: Literal["auto", "csv", "xlsx", "sdmx"] = Field(
        "auto",
        description="auto looks at the bytes for a table; sdmx is a data message, its columns the components.",
    )
    dataflow: FlowReference | None = Field(
        None, description="Dataflow of an SDMX message that names no structure known here."
    )
    encoding: str | None = Field(
        None, description="Python codec name; left out: BOM, UTF-8, then the letters of `language`."
    )
    delimiter: (
        Annotated[str, StringConstraints(min_length=1, max_length=1, strip_whitespace=False)] | None
    ) = Field(None, description="Field separator of a CSV; left out: detected.")
    quote: Annotated[str, StringConstraints(max_length=1, strip_whitespace=False)] = Field(
        '"', description="Quote character of a CSV; empty: there is none."
    )
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers written as text.")
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "", description="Thousands mark, if any; a blank stands for those that do not break too."
    )
    date_format: Exact = Field("%Y-%m-%d", description="strptime format of date columns.")
    sheet: str | None = Field(None, description="Worksheet name; left out: the first visible sheet.")
    header_row: int = Field(1, ge=1, description="Row number, from 1, of the first header row.")
    header_rows: int = Field(
        1,
        ge=1,
        le=5,
        description="Number of header rows; several are joined with ' / ', merged cells filled right.",
    )
    ends_at: Exact | None = Field(
        None,
        description="Regular expression on a row's first cell: that row and all below are notes (ignored rows).",
    )
    footnote_marks: Exact | None = Field(
        None,
        description=r"Regular expression of footnote marks to strip from headers and cells, such as '\(\d\)$'.",
    )
    missing: list[str] = Field([""], description="Cell texts that mean missing, in every column.")

    @field_validator("thousands", mode="before")
    @classmethod
    def _marks_that_look_the_same(cls, said: Any) -> Any:
        return _SAME_MARK.get(said, said) if isinstance(said, str) else said


class Delivery(Model):
    """Where deliveries come from, how often, and what one replaces."""

    files: str = Field("*", description="Pattern of file names that belong to this dataset.")
    pull: Pull | None = Field(None, description="Fetch the delivery instead of waiting for a file.")
    expected_every_days: int | None = Field(
        None, ge=1, description="The UI warns when nothing came for so long."
    )
    grace_days: int = Field(14, ge=0, description="How much later than expected is still fine.")
    replaces: Literal["everything", "periods", "rows"] = Field(
        "everything",
        description="What a delivery replaces: all former data, the periods that it holds, or rows with the same key.",
    )
    period: Identifier | None = Field(
        None, description="Column that holds the period; needed when it replaces periods."
    )
    max_megabytes: int = Field(2048, ge=1, description="A larger file is refused unread.")
    max_refused_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="With more than this share of rows refused the whole delivery is refused.",
    )
