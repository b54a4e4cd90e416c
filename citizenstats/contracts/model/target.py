"""What becomes of the columns in a dataflow: maps, question columns unpivoted, estimates."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from citizenstats.contracts.model.base import Exact, FlowReference, Identifier, LongSql, Model, Sql
from citizenstats.contracts.model.estimate import Estimate


class Mapped(Model):
    """Where a dimension, measure or attribute comes from: exactly one of column, value, sql; codes with column or sql."""

    column: Identifier | None = Field(
        None, description="A column, as it is or through `codes`; a bare name says the same."
    )
    value: str | None = Field(None, description="A constant.")
    sql: LongSql | None = Field(None, description="A scalar expression over the columns of the record.")
    codes: str | dict[Exact, str] | None = Field(
        None,
        description="Code map for the column or expression: CSV file beside the contract (raw,code,note), or raw: code "
        "pairs.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_string_is_a_column(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> Mapped:
        if sum(x is not None for x in (self.column, self.value, self.sql)) != 1:
            raise ValueError("give exactly one of column, value, sql")
        if self.codes is not None and self.value is not None:
            raise ValueError("codes needs column or sql")
        return self

    @model_validator(mode="after")
    def _cells_have_no_space_around_them(self) -> Mapped:
        """Cells come trimmed, and so are the texts that a column is looked up by; those of `sql` are as they are."""
        if self.column is None or not isinstance(self.codes, dict):
            return self
        codes: dict[str, str] = {}
        for raw, code in self.codes.items():
            if codes.setdefault(raw.strip(), code) != code:
                told = f"'{raw.strip()}' stands twice but for the white space around it, with different codes"
                raise ValueError(told)
        return self if list(codes) == list(self.codes) else self.model_copy(update={"codes": codes})


class Unpivot(Model):
    """Turn wide question columns into rows: one row for each column, its cell in `into`."""

    columns: dict[Identifier, dict[Identifier, str]] = Field(
        description="Column → the constants that it stands for, such as {INDICATOR: I31, ITEM: MEN}."
    )
    into: Identifier = Field("answer", description="Name under which expressions see the cell.")


class Target(Model):
    """One dataflow that the dataset feeds, and where each of its components comes from."""

    dataflow: FlowReference = Field(description="AGENCY:ID of the dataflow.")
    where: Sql | None = Field(None, description="Only records that meet this feed the dataflow.")
    unpivot: Unpivot | None = Field(None, description="Turn wide question columns into rows first.")
    map: dict[Identifier, Mapped] = Field(
        {},
        description="Component → where it comes from; `_n` and `_k` are sample size and numerator of compiled figures.",
    )
    structure_map: str | None = Field(
        None,
        description="An SDMX StructureMap in place of `map` or beside it: the file next to the contract that holds it, or "
        "its URN where a file there holds several.",
    )
    estimate: Estimate | None = Field(None, description="For microdata: the indicators to estimate.")

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Target:
        if not self.map and self.structure_map is None:
            raise ValueError("give map, structure_map or both")
        return self

    @model_validator(mode="after")
    def _units_are_weighted_once(self) -> Target:
        if self.unpivot is not None and self.estimate is not None and self.estimate.benchmarks:
            raise ValueError(
                "benchmarks are about units, and unpivot makes several rows of one: leave one of them out"
            )
        return self
