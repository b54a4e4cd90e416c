"""The safe extract for researchers that a partner agrees to."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from citizenstats.contracts.model.base import Identifier, Model, Sql
from citizenstats.contracts.model.columns import Column


class ExtractArea(Model):
    """The column of an extract that says where, and how many must live there in the data."""

    column: Identifier = Field(description="Column of the area, one of the extract's.")
    minimum: int = Field(
        50, ge=2, description="Areas with fewer units in the data are merged; what is merged has as many."
    )
    merged: str = Field("other", description="What the merged areas are called.")


class ExtractCoordinates(Model):
    """Where a record lies, coarsened to the middle of a cell of a grid."""

    latitude: Identifier = Field(description="Column with the latitude, of type number.")
    longitude: Identifier = Field(description="Column with the longitude, of type number.")
    degrees: float = Field(
        0.5, ge=0.05, le=10, description="Size of a cell in degrees; 0.5 is some 55 km from south to north."
    )


class Extract(Model):
    """What a safe extract for researchers holds; without this section there is none."""

    columns: list[Identifier] = Field(
        min_length=1, description="The columns that leave, each with a role; all others stay."
    )
    unit: Identifier | None = Field(
        None, description="Column that tells whose record it is; left out: each record is another unit."
    )
    k: int = Field(10, ge=3, description="Fewest units that are equal in all quasi-identifiers.")
    l: int = Field(  # noqa: E741 - the measure's name in the field
        2, ge=2, description="Fewest different answers to each sensitive question among them."
    )
    generalise: dict[Identifier, list[Sql]] = Field(
        {},
        description="Column → ever coarser expressions over it; the fewest steps that are needed are taken.",
    )
    area: ExtractArea | None = Field(None, description="Small areas are merged.")
    coordinates: ExtractCoordinates | None = Field(None, description="Places leave as cells of a grid.")
    most_dropped: float = Field(
        0.1, ge=0, le=1, description="With more than this share of records dropped there is no extract."
    )

    def fault(self, columns: Mapping[str, Column]) -> str | None:
        """Return why the columns of its contract cannot be in it as it says; None when they can."""
        return self._fault_of_columns(columns) or self._fault_of_names(columns)

    def _fault_of_columns(self, columns: Mapping[str, Column]) -> str | None:
        """Return why a column may not be in an extract; None when all may."""
        place = self.coordinates
        named = [*self.columns, *((place.latitude, place.longitude) if place is not None else ())]
        if twice := [column for column in named if named.count(column) > 1]:
            return f"{twice[0]} is named twice"
        for column in self.columns:
            if column not in columns:
                return f"the extract's {column} is no column"
            role = columns[column].role
            if role in ("identifier", "free_text"):
                return f"{column} is an identifier or free text, which no extract may hold"
            if role is None:
                return (
                    f"say the role of {column}: quasi_identifier where others may know it of somebody, sensitive where nobody "
                    "may learn it, weight"
                )
        return None

    def _fault_of_names(self, columns: Mapping[str, Column]) -> str | None:
        """Return what is wrong with the columns that an extract coarsens; None when nothing is."""
        area, place = self.area, self.coordinates
        for column in (*self.generalise, *([area.column] if area is not None else [])):
            if column not in self.columns:
                return f"{column} is none of the extract's columns"
        if area is not None and columns[area.column].role == "sensitive":
            return "an area is known to others: its role is quasi_identifier"
        if area is not None and area.column in self.generalise:
            return f"{area.column} is an area: small ones are merged, so it has no steps in generalise"
        if self.unit is not None and self.unit not in columns:
            return f"the extract's unit {self.unit} is no column"
        for column in (place.latitude, place.longitude) if place is not None else ():
            if column in self.columns:
                return f"{column} leaves by extract.coordinates, not as it is"
            if column not in columns or columns[column].type != "number":
                return f"{column} is no column of type number"
        return None
