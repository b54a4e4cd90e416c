"""What all models share: strictness, names, references, texts in several languages, SQL."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]


def _localised(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that says something."""

Exact = Annotated[
    str, StringConstraints(strip_whitespace=False), AfterValidator(lambda said: said.rstrip("\n"))
]
"""A text whose white space means something: a pattern, a mark, a key; but for the line feed that ends a block of lines."""

LocalText = Annotated[
    dict[Language, Text],
    Field(min_length=1),
    BeforeValidator(_localised, json_schema_input_type=str | dict[str, str]),
]
"""A text in several languages, as ``{en: …, da: …}``; a bare string is English."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=120)]

FolderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)]

FlowReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*:[A-Za-z0-9_@$-]+$")]
"""``AGENCY:ID`` of a dataflow."""

DatasetReference = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*/[a-z0-9][a-z0-9_]*$")]
"""``partner/dataset``."""

Sql = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
"""A scalar SQL expression over the dataset's columns; see `citizenstats.contracts.expressions`."""

LongSql = Annotated[str, StringConstraints(min_length=1, max_length=400_000)]
"""The same, as long as the rules of a structure map may need."""


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
