"""The clock: read at the edges only, so that the same inputs give the same bytes.

``CITIZENSTATS_NOW`` (ISO 8601 with zone) sets it; tests and reproductions use that.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from citizenstats.errors import CitizenstatsError


def now() -> datetime:
    """Return the present time in UTC, to the second."""
    fixed = os.environ.get("CITIZENSTATS_NOW")
    return parse(fixed) if fixed else datetime.now(UTC).replace(microsecond=0)


def parse(text: str) -> datetime:
    """Return an ISO 8601 time with zone as UTC.

    Raises:
        CitizenstatsError: the text is no such time.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise CitizenstatsError(
            "BAD_TIME", f"'{text}' is not an ISO 8601 time with a zone", mend="write 2026-01-31T10:00:00Z"
        )
    return time.astimezone(UTC).replace(microsecond=0)


def stamp(time: datetime) -> str:
    """Return a time as ``2026-01-31T10:00:00Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
