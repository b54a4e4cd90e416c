"""What a validation says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MessageFinding:
    """One fault of a message.

    Attributes:
        code: stable identifier, such as ``NOT_IN_CODELIST``.
        what: what is wrong.
        line: line of the file, from 1.
        mend: how to mend it.
        severity: errors make a message invalid; warnings ask a person to look.
        component: the component of its structure that is concerned; empty when the schema says it.
        count: how many rows have it.
        row: the first of them, from 1 in the order of the message; None when a line says it.
        values: some of the wrong values, the most frequent first.
    """

    code: str
    what: str
    line: int | None = None
    mend: str = ""
    severity: Literal["error", "warning"] = "error"
    component: str = ""
    count: int = 1
    row: int | None = None
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return all parts on one line."""
        place = f"line {self.line}: " if self.line else f"row {self.row}: " if self.row else ""
        sort = "" if self.severity == "error" else "warning, "
        return f"{place}{sort}{self.code}: {self.what}" + (f" → {self.mend}" if self.mend else "")
