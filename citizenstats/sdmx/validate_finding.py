"""What a validation says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MessageFinding:
    """One fault of a message.

    Attributes:
        code: stable identifier, such as ``CODE_NOT_IN_LIST``.
        what: what is wrong.
        line: line of the file, from 1.
        mend: how to mend it.
    """

    code: str
    what: str
    line: int | None = None
    mend: str = ""

    def __str__(self) -> str:
        """Return all parts on one line."""
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.code}: {self.what}" + (f" → {self.mend}" if self.mend else "")
