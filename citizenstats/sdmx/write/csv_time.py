"""The normalized time format of SDMX-CSV: a period as the date or time at which it begins.

The field guide asks for ISO 8601 at the finest grain of the message, and for the moment at which lower frequencies were
collected; the beginning of the period is the moment of its own example (``2014-01`` is ``2014-01-01``), and ours.
Weeks are those of ISO 8601; reporting years begin with January (SDMX technical notes, section 4).
"""

from __future__ import annotations

from citizenstats.engine import Engine, name

_MONTHS = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}
"""Kind of a reporting period → its months."""


def normalized(engine: Engine, column: str, source: str) -> str:
    """Return SQL of a time column's values as the moments at which they begin: dates, or times where any is one.

    Args:
        engine: looks whether the message holds times.
        column: of periods, text.
        source: SQL of the observations.
    """
    period = name(column)
    year, number = (
        f"CAST(left({period}, 4) AS INTEGER)",
        f"CAST(regexp_extract({period}, '(\\d+)$', 1) AS INTEGER)",
    )
    kinds = " ".join(
        f"WHEN {period}[6] = '{kind}' THEN make_date({year}, 1 + {months} * ({number} - 1), 1)"
        for kind, months in _MONTHS.items()
    )
    fourth = f"make_date({year}, 1, 4)"
    day = (
        f"CASE WHEN length({period}) = 4 THEN make_date({year}, 1, 1) {kinds} "
        f"WHEN {period}[6] = 'W' THEN {fourth} + CAST(7 * ({number} - 1) + 1 - isodow({fourth}) AS INTEGER) "
        f"WHEN {period}[6] = 'D' THEN make_date({year}, 1, 1) + {number} - 1 "
        f"WHEN length({period}) = 7 THEN CAST({period} || '-01' AS DATE) ELSE CAST(left({period}, 10) AS DATE) END"
    )
    date = f"strftime({day}, '%Y-%m-%d')"
    if not engine.value(f"SELECT count(*) FROM ({source}) WHERE {period}[11] = 'T'"):
        return date
    return f"{date} || CASE WHEN {period}[11] = 'T' THEN {period}[11:19] ELSE 'T00:00:00' END"
