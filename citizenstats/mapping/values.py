"""Small parts of maps that every message form writes alike: source values, targets, days of validity."""

from __future__ import annotations

import re
from collections.abc import Sequence

from citizenstats.mapping.model import SourceValue

_PREFIX = "regex:"
"""How pysdmx, and maps that were typed by hand, mark a regular expression."""

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")


def source_value(value: str, *, regex: bool, start: int | None, end: int | None) -> SourceValue:
    """Return a source value; a text that begins with ``regex:`` is a regular expression."""
    if value.startswith(_PREFIX):
        return SourceValue(value.removeprefix(_PREFIX), True, start, end)
    return SourceValue(value, regex, start, end)


def padded(targets: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the target values of a mapping, as many as the map has targets; what is not there maps to nothing."""
    return (*targets, *[""] * (width - len(targets)))


def day(time: str | None) -> str | None:
    """Return the day of a date or a time; None for none.

    Raises:
        ValueError: it does not begin with a day.
    """
    if not time:
        return None
    match = _DAY.match(time)
    if match is None:
        raise ValueError("no date")
    return match[1]
