"""The header of an SDMX message: who says what, and when it was prepared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Header:
    """What every message says of itself.

    Attributes:
        id: identifies the message; the same content has the same id.
        prepared: when the content was there: a recorded arrival, never the clock at writing.
        sender: id of the organisation that sends.
        receiver: id of the organisation that it is for; None for everybody.
        test: whether the message is a test.
    """

    id: str
    prepared: datetime
    sender: str
    receiver: str | None = None
    test: bool = False
