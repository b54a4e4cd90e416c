"""When a signed-off candidate may be seen.

The time follows from the sign-off and from the dataflow's file as it is now, so that an embargo can be moved without
a new sign-off.
"""

from __future__ import annotations

from datetime import datetime

from citizenstats import clock
from citizenstats.contracts.model import Embargo


def due(embargo: Embargo | None, signed_off: datetime) -> datetime | None:
    """Return when a candidate signed off at a time becomes public.

    Returns:
        The sign-off itself without an embargo; else the first time of the calendar that is neither before the
        sign-off nor before ``until``. None when the calendar has no such time: it waits until one is written there.

    Raises:
        CitizenstatsError: the dataflow's file has a time that is none.
    """
    if embargo is None:
        return signed_off
    earliest = max(signed_off, clock.parse(embargo.until)) if embargo.until else signed_off
    if not embargo.calendar:
        return earliest
    return min((time for time in map(clock.parse, embargo.calendar) if time >= earliest), default=None)
