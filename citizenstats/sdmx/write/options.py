"""What a person can ask of a message beside its format and shape: the optional parameters of SDMX-CSV.

They are those of the field guide of SDMX-CSV 2.1 (``labels``, ``keys``, ``timeFormat``, the field separator) and travel
with the media type in SDMX REST. Knows no format: what a version does not have, it refuses by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Labels = Literal["id", "name", "both"]
Keys = Literal["none", "obs", "series", "both"]
TimeFormat = Literal["original", "normalized"]

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between the fields: no code, period or number holds any of them."""


@dataclass(frozen=True)
class Options:
    """How the rows of an SDMX-CSV message look.

    Attributes:
        labels: ids alone, names in columns of their own beside them, or both in one cell (``F: Female``).
        keys: which keys stand in columns of their own.
        time_format: times as they were recorded, or as the date or time at which they begin.
        separator: what stands between the fields; one of `SEPARATORS`.
        language: of the names, such as ``da``; English where there is none, else any.
    """

    labels: Labels = "id"
    keys: Keys = "none"
    time_format: TimeFormat = "original"
    separator: str = ","
    language: str = "en"

    @property
    def between(self) -> str:
        """What stands between the parts of one field."""
        return "|" if self.separator == ";" else ";"


PLAIN = Options()
"""What is written unless something is asked for."""
