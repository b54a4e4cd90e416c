"""Time maps as SQL: date pattern maps and epoch maps to periods of the target's frequency, and validity of mappings.

Source: SDMX 3.0, Section 6, structure mapping. The output's frequency gives its form unless a frequency format mapping
says another; a period longer than the output's resolves to its end unless the map says start or middle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from citizenstats.engine import name, quoted
from citizenstats.errors import MappingError
from citizenstats.mapping.date_pattern import Parsed, formatted, monday_of, parsed, period_number
from citizenstats.mapping.model import DatePatternMap, EpochMap, FrequencyFormat, TimeMap

_DAYS = {
    "year": 365,
    "semester": 182,
    "trimester": 121,
    "quarter": 91,
    "month": 30,
    "week": 7,
    "day": 1,
    "time": 0,
}
"""Rough length of a period, to tell the longer of two."""

_KIND: Mapping[str, str] = {
    "A": "year", **{f"A{n}": "year" for n in (2, 3, 4, 5, 10, 20, 30)}, "OA": "year", "S": "semester", "T": "trimester",
    "A_3": "trimester", "Q": "quarter", "M": "month", "M2": "month", "OM": "month", "W": "week", "W2": "week",
    "W3": "week", "W4": "week", "D": "day", "B": "day", "I": "time", "H": "time", "N": "time",
}  # fmt: skip
"""Frequency → the period that stands in its time period."""

_FACTOR = {"nanosecond": (1, 1000), "microsecond": (1, 1), "millisecond": (1000, 1), "second": (1_000_000, 1),
           "day": (86_400_000_000, 1)}  # fmt: skip
"""Period of an epoch → microseconds in it, as numerator and denominator."""

_BASE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2}:\d{2}))?)?)?")

_LIMIT = 253_402_300_799_000_000
"""Microseconds from 1970 to the end of the year 9999; what lies beyond is no date of statistics."""


@dataclass(frozen=True)
class Frequency:
    """The frequency of the target as SQL, and the codes that it can have where that is known."""

    sql: str
    codes: tuple[str, ...] | None = None


def time_rule(
    time: TimeMap,
    text: str,
    step: str,
    frequency: Frequency | None,
    formats: Mapping[str, FrequencyFormat],
    where: str,
    *,
    dated: bool = False,
) -> dict[str, str]:
    """Return the SQL of a time map for one source, as values that follow from one another: name → SQL.

    The first ones are dates; the last one, called `step`, is the time period.

    Args:
        time: the map.
        text: SQL of the source as text; as a date where `dated`.
        step: name of the result.
        frequency: where a component of the target gives it.
        formats: the frequency format mappings of the structure map by id.
        where: for errors.
        dated: whether the source is a date already, read by the contract.

    Raises:
        MappingError: a pattern, base, frequency or format is not known.
    """
    first, last = f"{step}__first", f"{step}__last"
    steps: dict[str, str] = {}
    if dated:
        read = Parsed(text, text, "'00:00:00'", "day")
    elif isinstance(time, EpochMap):
        steps[first] = _epoch(text, time, where)
        day = f"CAST({name(first)} AS DATE)"
        read = Parsed(day, day, f"strftime({name(first)}, '%H:%M:%S')", "time")
    else:
        assert isinstance(time, DatePatternMap)  # noqa: S101 - the only other kind
        whole = parsed(text, time.pattern, time.locale, where)
        steps[first] = whole.start
        if _DAYS[whole.precision] > 1 and time.resolve != "startOfPeriod":
            steps[last] = whole.end
        read = Parsed(name(first), name(last if last in steps else first), whole.time, whole.precision)
    outputs = _outputs(time, read, frequency, formats, where)
    steps[step] = _chosen(time, outputs, frequency, where)
    if last in steps and name(last) not in steps[step]:
        del steps[last]
    return steps


def _outputs(
    time: TimeMap,
    read: Parsed,
    frequency: Frequency | None,
    formats: Mapping[str, FrequencyFormat],
    where: str,
) -> dict[str, str]:
    """Return frequency → SQL of the period, for all frequencies that the map can give."""
    unknown = [f for f in time.formats if f not in formats]
    if unknown:
        raise MappingError(
            "NO_FORMAT", f"the frequency format mapping '{unknown[0]}' is not in the structure map", where
        )
    used = [formats[f] for f in time.formats] if time.formats else list(formats.values())
    by_frequency = {f.frequency: f.pattern for f in used}
    possible = (frequency.codes if frequency is not None else None) or dict.fromkeys([*_KIND, *by_frequency])
    wanted = [time.frequency] if time.frequency is not None else list(possible)
    found = {}
    for code in wanted:
        kind = _KIND.get(code, "time")
        date = _resolved(read, kind, time)
        if code in by_frequency:
            found[code] = formatted(by_frequency[code], date, read.time, where)
        elif code in _KIND:
            found[code] = _period(kind, date, read.time)
        else:
            raise MappingError(
                "UNKNOWN_FREQUENCY", f"there is no usual form of periods of the frequency '{code}'", where,
                "give a frequency format mapping for it",
            )  # fmt: skip
    return found


def _chosen(time: TimeMap, outputs: Mapping[str, str], frequency: Frequency | None, where: str) -> str:
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    if frequency is None:
        raise MappingError(
            "NO_FREQUENCY", f"the map of {time.pairs[0][1]} needs the frequency from {time.frequency_component}, "
            "which is not mapped", where, f"map {time.frequency_component}",
        )  # fmt: skip
    alike: dict[str, list[str]] = {}
    for code, sql in outputs.items():
        alike.setdefault(sql, []).append(code)
    cases = " ".join(
        f"WHEN {frequency.sql} IN ({', '.join(quoted(c) for c in codes)}) THEN {sql}"
        for sql, codes in alike.items()
    )
    return f"CASE {cases} END"


def _resolved(read: Parsed, kind: str, time: TimeMap) -> str:
    """Return the day that stands for the source period in a target period of a kind."""
    if _DAYS[read.precision] <= _DAYS[kind] or time.resolve == "startOfPeriod":
        return read.start
    if time.resolve == "midPeriod":
        return f"({read.start} + CAST(({read.end} - {read.start}) // 2 AS INTEGER))"
    return read.end


def _period(kind: str, date: str, time: str) -> str:
    """Return the SQL of the usual form of a period."""
    match kind:
        case "year":
            return f"strftime({date}, '%Y')"
        case "semester" | "trimester" | "quarter":
            letter = {"semester": "S", "trimester": "T", "quarter": "Q"}[kind]
            return f"(strftime({date}, '%Y') || '-{letter}' || CAST({period_number(kind, date)} AS VARCHAR))"
        case "month":
            return f"strftime({date}, '%Y-%m')"
        case "week":
            return f"strftime({date}, '%G-W%V')"
        case "day":
            return f"strftime({date}, '%Y-%m-%d')"
        case _:
            return f"(strftime({date}, '%Y-%m-%d') || 'T' || {time})"


def _epoch(text: str, epoch: EpochMap, where: str) -> str:
    """Return the SQL of the time that lies a number of periods after a base."""
    match = _BASE.fullmatch(epoch.base)
    if match is None or epoch.period not in _FACTOR:
        raise MappingError(
            "BAD_EPOCH",
            f"'{epoch.base}' with the period '{epoch.period}' is no epoch",
            where,
            "such as 1970 and millisecond",
        )
    base = datetime.fromisoformat(
        f"{match[1]}-{match[2] or '01'}-{match[3] or '01'}T{match[4] or '00:00:00'}+00:00"
    )
    offset = (base - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    numerator, denominator = _FACTOR[epoch.period]
    since = f"TRY_CAST(TRY_CAST({text} AS BIGINT) AS HUGEINT) * {numerator} // {denominator} + ({offset})"
    return (
        f"CASE WHEN {since} BETWEEN -{_LIMIT} AND {_LIMIT} THEN make_timestamp(CAST({since} AS BIGINT)) END"
    )


# --- validity ---------------------------------------------------------------------------------------------

_STARTS = (
    (r"^[0-9]{4}(-A1)?$", "left({p}, 4) || '-01-01'"),
    (r"^[0-9]{4}-M?[0-9]{2}$", "left({p}, 5) || right({p}, 2) || '-01'"),
    (r"^[0-9]{4}-Q[1-4]$", "left({p}, 5) || CASE right({p}, 1) WHEN '1' THEN '01' WHEN '2' THEN '04' WHEN '3' THEN '07' "
                           "ELSE '10' END || '-01'"),
    (r"^[0-9]{4}-S[12]$", "left({p}, 5) || CASE right({p}, 1) WHEN '1' THEN '01' ELSE '07' END || '-01'"),
    (r"^[0-9]{4}-T[1-3]$", "left({p}, 5) || CASE right({p}, 1) WHEN '1' THEN '01' WHEN '2' THEN '05' ELSE '09' END || '-01'"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}", "left({p}, 10)"),
)  # fmt: skip
"""Form of a time period → SQL of its first day as text."""


def first_day(period: str) -> str:
    """Return the SQL of the first day of a time period as ``yyyy-mm-dd``; NULL for texts that are no period."""
    cases = [
        f"WHEN regexp_matches({period}, {quoted(form)}) THEN {sql.format(p=period)}" for form, sql in _STARTS
    ]
    year, number = f"left({period}, 4)", f"substring({period}, 7)"
    ordinal = f"(TRY_CAST({year} || '-01-01' AS DATE) + TRY_CAST({number} AS INTEGER) - 1)"
    for letter, day in (("W", monday_of(year, number)), ("D", ordinal)):
        cases.append(
            f"WHEN regexp_matches({period}, '^[0-9]{{4}}-{letter}') THEN strftime({day}, '%Y-%m-%d')"
        )
    return f"CASE {' '.join(cases)} END"


def holds(start: str, valid_from: str | None, valid_to: str | None) -> str:
    """Return the SQL condition that a period that begins on a day lies in the validity of a mapping.

    The notes say "fall into that time range"; the reading here is that the period begins in it.
    """
    parts = [f"{start} >= {quoted(valid_from)}"] if valid_from else []
    parts += [f"{start} <= {quoted(valid_to)}"] if valid_to else []
    return " AND ".join(parts)
