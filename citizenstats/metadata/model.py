"""Reports of reference metadata as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

Texts = Mapping[str, str]
"""Language → text."""

AGENCY = "CITIZENSTATS"
"""Who maintains the structure for citizen data; the same wherever it is used, as an office shares it with others."""

MSD = f"{AGENCY}:CITIZEN_DATA_MSD(1.0.0)"
FLOW = f"{AGENCY}:CITIZEN_DATA(1.0.0)"
CONCEPTS = f"{AGENCY}:CS_CITIZEN_DATA(1.0.0)"

URN = "urn:sdmx:org.sdmx.infomodel."


@dataclass(frozen=True)
class Reported:
    """One reported attribute: texts, or a number, and what stands below it."""

    id: str
    value: Texts | int | float | None = None
    parts: tuple[Reported, ...] = ()

    def walk(self) -> Iterator[Reported]:
        """Yield it and everything below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True)
class Report:
    """What is said of one release.

    Attributes:
        id: of the metadata set and its message; the same content has the same id.
        agency: who reports.
        names: of the set.
        target: URN of the dataflow that it is about.
        prepared: when the content was there.
        sender: id of who sends it.
    """

    id: str
    agency: str
    names: Texts
    target: str
    prepared: datetime
    sender: str
    attributes: tuple[Reported, ...]
