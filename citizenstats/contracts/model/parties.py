"""The organisations: a partner, and the office's own agency."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from citizenstats.contracts.model.base import Language, LocalText, Model, Text


class PartnerFile(Model):
    """An organisation that hands data over: ``sdmx_mappings/partners/<partner>/partner.yaml``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_@$-]+$")] = Field(
        description="SDMX data provider id."
    )
    name: LocalText = Field(description="Name of the organisation.")
    description: LocalText | None = Field(None, description="What the organisation is.")
    contact: Text = Field(description="Whom to ask.")
    url: str | None = Field(None, description="Home page.")


class AgencyFile(Model):
    """The maintenance agency: ``sdmx_mappings/agency.yaml``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$")] = (
        Field(description="SDMX agency id.")
    )
    name: LocalText = Field(description="Name of the agency.")
    contact: Text = Field(description="Whom to ask.")
    url: str | None = Field(None, description="Home page.")
    sender: str | None = Field(None, description="Sender id in message headers; the agency's id unless said.")
    languages: list[Language] = Field(["en"], description="Languages of names, the first one preferred.")
