"""Errors that people read: what is wrong, where, and how to mend it.

Every error that this package raises on purpose is a `CitizenstatsError`. Its text never holds a value from a
partner's data: an exception crosses logs, the event log and the UI, and a value there is a leak. Say the
code, the column, the count.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CitizenstatsError(Exception):
    """Something is wrong that a person can mend.

    Attributes:
        code: a stable identifier in capitals, such as ``UNKNOWN_CODE``.
        what: what is wrong, one sentence.
        where: file and line, column, dataset or step; empty when `what` says it.
        mend: what to do about it, one sentence.
    """

    code: str
    what: str
    where: str = ""
    mend: str = ""

    def __str__(self) -> str:
        """Return all four parts on one line."""
        place = f"{self.where}: " if self.where else ""
        mend = f" → {self.mend}" if self.mend else ""
        return f"{place}{self.code}: {self.what}{mend}"


class MappingError(CitizenstatsError):
    """A file under ``sdmx_mappings/`` is wrong."""


@dataclass
class ContractError(MappingError):
    """A contract has faults, and so nothing is done with its dataset.

    Attributes:
        faults: all of them, each with file and line; its own text tells the first.
    """

    faults: tuple[MappingError, ...] = ()


class DeliveryError(CitizenstatsError):
    """A delivery cannot be read or is refused as a whole; its text is safe to show anywhere."""


class StructureError(CitizenstatsError):
    """An SDMX structure is missing or inconsistent."""


class EngineError(CitizenstatsError):
    """The SQL engine failed; the engine's own message is dropped because it may quote data."""


class OutOfMemoryError(EngineError):
    """What the engine had to hold at once was more than it may use, on disk or off it."""


class ReleaseError(CitizenstatsError):
    """A candidate or a release cannot go on."""


class MessageError(CitizenstatsError):
    """An SDMX message is not valid or cannot be written in the format asked for."""
