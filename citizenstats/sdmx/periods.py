"""Which forms of TIME_PERIOD each frequency allows: the one table.

What belongs here: the lexical forms of time periods and their fit to a frequency. What does not: comparing or
ordering periods.

Sources: the forms are those of ObservationalTimePeriodType in the official schemas (``SDMXCommon.xsd``, SDMX 2.1
to 3.1) and of section 6 of the SDMX technical notes; the frequencies and what they mean are SDMX:CL_FREQ(2.1).
That list does not say which forms a frequency takes; the reading here is:

- a frequency with a reporting form of its own (A, S, Q, M, W, D, A_3) takes that form, and the calendar form of
  the same length (``2020`` and ``2020-A1``, ``2020-03`` and ``2020-M03``);
- one that spans several units (A2 … A30, M2, W2 …) takes the period in which it was observed or begins
  (``2020``), or the exact range (``2020-01-01/P4Y``);
- one that divides a unit (M_2, W_3, D_2 …) takes the date or time at which it begins, or a range;
- occasional frequencies (OA, OM) take the forms of their unit, because only the gaps are irregular;
- irregular, other, unspecified and not applicable (I, _O, _U, _Z) take every form.

Years run from 1000 to 2999, and zones are not taken: statistics about people know no zone, and a year such as
``0202`` is a slip of the hand. Days of the calendar exist (no 30 February). Reporting days follow the pattern of
the official schema, which has no day ending in 0 below 100 (``D010``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from citizenstats.engine import quoted
from citizenstats.errors import StructureError

_YEAR = "[12][0-9]{3}"
_MONTH = "(?:0[1-9]|1[0-2])"
_LEAP = "(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:12|16|20|24|28)00)"
_DAY = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP}-02-29)"
)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_DURATION = (
    "P(?:[0-9]+Y(?:[0-9]+M)?(?:[0-9]+D)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:T[0-9]+H)?|P(?:[0-9]+D)?T[0-9]+[HM]"
)

FORMS: Mapping[str, str] = {
    "year": _YEAR,
    "reporting year": f"{_YEAR}-A1",
    "semester": f"{_YEAR}-S[12]",
    "trimester": f"{_YEAR}-T[1-3]",
    "quarter": f"{_YEAR}-Q[1-4]",
    "month": f"{_YEAR}-{_MONTH}",
    "reporting month": f"{_YEAR}-M{_MONTH}",
    "week": f"{_YEAR}-W(?:0[1-9]|[1-4][0-9]|5[0-3])",
    "day": _DAY,
    "reporting day": f"{_YEAR}-D(?:0[0-9][1-9]|[12][0-9]{{2}}|3[0-5][0-9]|36[0-6])",
    "time": f"{_DAY}T{_TIME}",
    "range": f"{_DAY}(?:T{_TIME})?/(?:{_DURATION})",
}
"""Form → regular expression of the whole period, in the syntax that Python and RE2 share."""

_YEARS = ("year", "reporting year")
_MONTHS = ("month", "reporting month")
_DAYS = ("day", "reporting day")
_EVERY = tuple(FORMS)

FREQUENCIES: Mapping[str, tuple[str, ...]] = {
    "A": _YEARS,
    **{f"A{n}": (*_YEARS, f"range of {n} years") for n in (2, 3, 4, 5, 10, 20, 30)},
    "A_3": ("trimester",),
    "S": ("semester",),
    "Q": ("quarter",),
    "M": _MONTHS,
    "M2": (*_MONTHS, "range of 2 months"),
    "M_2": ("day", "range"),
    "M_3": ("day", "range"),
    "W": ("week",),
    **{f"W{n}": ("week", f"range of {n * 7} days") for n in (2, 3, 4)},
    "W_2": (*_DAYS, "range"),
    "W_3": (*_DAYS, "range"),
    "D": _DAYS,
    "B": _DAYS,
    "D_2": ("time", "range"),
    "H": ("time", "range"),
    "H2": ("time", "range"),
    "H3": ("time", "range"),
    "N": ("time", "range"),
    "OA": _YEARS,
    "OM": _MONTHS,
    "I": _EVERY,
    "_O": _EVERY,
    "_U": _EVERY,
    "_Z": _EVERY,
}
"""Frequency of SDMX:CL_FREQ → the forms that it allows."""


def period_pattern(frequency: str) -> str:
    """Return the regular expression that a whole TIME_PERIOD of a frequency matches (Python and RE2 syntax).

    Raises:
        StructureError: there is no such frequency.
    """
    try:
        forms = FREQUENCIES[frequency]
    except KeyError:
        raise StructureError(
            "UNKNOWN_FREQUENCY",
            f"'{frequency}' is no frequency of SDMX:CL_FREQ",
            mend=f"use one of {', '.join(FREQUENCIES)}",
        ) from None
    return "(?:" + "|".join(_pattern_of(form) for form in forms) + ")"


def any_period_pattern() -> str:
    """Return the regular expression that a TIME_PERIOD of any frequency matches."""
    return period_pattern("_U")


def fits(period: str, frequency: str) -> bool:
    """Return whether a period has a form that its frequency allows."""
    return _compiled(frequency).fullmatch(period) is not None


def fits_sql(period: str, frequency: str) -> str:
    """Return the SQL condition that a period fits a frequency.

    Args:
        period: SQL expression of the period, text.
        frequency: code of one frequency.
    """
    return f"regexp_full_match({period}, {quoted(period_pattern(frequency))})"


def fits_column_sql(period: str, frequency: str) -> str:
    """Return the SQL condition that a period fits the frequency in another column; false when unknown.

    Args:
        period: SQL expression of the period, text.
        frequency: SQL expression of the frequency's code.
    """
    codes: dict[str, list[str]] = {}
    for code in FREQUENCIES:
        codes.setdefault(period_pattern(code), []).append(code)
    cases = " ".join(
        f"WHEN {frequency} IN ({', '.join(quoted(c) for c in alike)}) "
        f"THEN regexp_full_match({period}, {quoted(pattern)})"
        for pattern, alike in codes.items()
    )
    return f"(CASE {cases} ELSE false END)"


@cache
def _compiled(frequency: str) -> re.Pattern[str]:
    return re.compile(period_pattern(frequency))


def _pattern_of(form: str) -> str:
    if not form.startswith("range of "):
        return FORMS[form]
    number, unit = form.removeprefix("range of ").split()
    return f"{_DAY}/P{number}{unit[0].upper()}"
