"""Date patterns of Java's SimpleDateFormat, as structure maps use them, as SQL: text to a date, and a date to a period.

Source: SDMX 3.0, Section 6, "Mapping non-SDMX time formats to SDMX formats": the table of letters, the default form of
each frequency, and how a longer period resolves to a shorter one. Where the notes leave room, the reading here is:

- a number of two letters takes one or two digits, unless another number stands right beside it;
- ``yy`` is 1969 to 2068 (POSIX), for a pivot that moves with the clock would give other results next year;
- ``YYYY`` is the year of the week beside ``ww`` and the calendar year elsewhere, as in the notes' own examples;
- a month is named by its name or by any beginning of it, of three letters or more, that no other month of the language
  shares (``Sep``, ``Sept.``, ``juil.``); languages without a table here take numbers only;
- eras, weeks of the month, weekdays of the month and clocks with am and pm are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from citizenstats.engine import quoted
from citizenstats.errors import MappingError

_MONTHS = {
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "en": "january february march april may june july august september october november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
}
"""Language → the names of the months."""

_PERIODS = {
    "A": "year",
    "S": "semester",
    "T": "trimester",
    "Q": "quarter",
    "M": "month",
    "W": "week",
    "D": "day",
}
"""Frequency id in a pattern → the period that the number after it counts."""

_SPAN = {"semester": 6, "trimester": 4, "quarter": 3}
"""Months of a period that is no month."""

_NUMBERS = frozenset("yYMwdDHmsSn")


@dataclass(frozen=True)
class _Token:
    """A run of one letter, or literal text where `letter` is empty."""

    letter: str
    text: str

    @property
    def counts(self) -> bool:
        """Whether it may stand before the number of a period: one letter, or a quoted text that ends in it."""
        return not self.letter or len(self.text) == 1

    @property
    def number(self) -> bool:
        return self.letter in _NUMBERS and not (self.letter == "M" and len(self.text) > 2)


@dataclass(frozen=True)
class Parsed:
    """A pattern as SQL over one text.

    Attributes:
        start: SQL of the first day of the period, a DATE; NULL where the text does not fit.
        end: SQL of its last day.
        time: SQL of the time of day, ``hh:mm:ss``.
        precision: year, semester, trimester, quarter, month, week, day or time.
    """

    start: str
    end: str
    time: str
    precision: str


@dataclass
class _Parts:
    """What a pattern's regular expression captures: part → number of the group."""

    pattern: str = ""
    groups: dict[str, int] = field(default_factory=dict)
    months: dict[str, str] = field(default_factory=dict)
    period: str | None = None


def parsed(text: str, pattern: str, locale: str, where: str) -> Parsed:
    """Return the SQL that reads times of a pattern.

    Args:
        text: SQL of the text.
        pattern: of SimpleDateFormat.
        locale: language of names, such as ``en`` or ``en-GB``.
        where: for errors.

    Raises:
        MappingError: the pattern has a letter that is not supported, no year, or names in another language.
    """
    parts = _parts(_tokens(pattern, where), pattern, locale, where)
    whole = quoted(f"^{parts.pattern}$")

    def part(name: str) -> str:
        return f"regexp_extract({text}, {whole}, {parts.groups[name]})"

    year = part("year") if "year" in parts.groups else ""
    if "short_year" in parts.groups:
        short = part("short_year")
        year = f"(CASE WHEN {short} >= '69' THEN '19' ELSE '20' END || {short})"
    if not year:
        raise MappingError("BAD_PATTERN", f"the date pattern '{pattern}' has no year", where)
    start, end, precision = _days(parts, year, part)
    clock = [
        f"lpad({part(p)}, 2, '0')" if p in parts.groups else "'00'" for p in ("hour", "minute", "second")
    ]
    if "hour" in parts.groups:
        precision = "time"
    fits = f"regexp_matches({text}, {whole})"
    return Parsed(
        f"CASE WHEN {fits} THEN {start} END",
        f"CASE WHEN {fits} THEN {end} END",
        " || ':' || ".join(clock),
        precision,
    )


def _days(parts: _Parts, year: str, part: Callable[[str], str]) -> tuple[str, str, str]:
    """Return the first and the last day of the period as SQL, and what kind of period it is."""
    groups = parts.groups
    if "week" in groups:
        monday = monday_of(year, part("week"))
        kept = f"CASE WHEN strftime({monday}, '%G') = {year} THEN {monday} END"
        if "weekday" in groups:
            day = f"({kept} + TRY_CAST({part('weekday')} AS INTEGER) - 1)"
            return day, day, "day"
        return kept, f"({kept} + 6)", "week"
    if "day_of_year" in groups:
        day = f"(TRY_CAST({year} || '-01-01' AS DATE) + TRY_CAST({part('day_of_year')} AS INTEGER) - 1)"
        kept = f"CASE WHEN strftime({day}, '%Y') = {year} THEN {day} END"
        return kept, kept, "day"
    if parts.period in _SPAN:
        return _part_of_year(_SPAN[parts.period], parts.period, year, part("number"))
    month = _month(groups, part, parts.months)
    if month is None:
        return f"TRY_CAST({year} || '-01-01' AS DATE)", f"TRY_CAST({year} || '-12-31' AS DATE)", "year"
    if "day" in groups:
        day = f"TRY_CAST({year} || '-' || {month} || '-' || lpad({part('day')}, 2, '0') AS DATE)"
        return day, day, "day"
    first = f"TRY_CAST({year} || '-' || {month} || '-01' AS DATE)"
    return first, f"last_day({first})", "month"


def _part_of_year(months: int, period: str, year: str, number: str) -> tuple[str, str, str]:
    """Return first and last day of a semester, trimester or quarter of a year."""
    which = f"TRY_CAST({number} AS INTEGER)"
    starts = " ".join(f"WHEN {n + 1} THEN '-{n * months + 1:02d}-01'" for n in range(12 // months))
    ends = " ".join(f"WHEN {n + 1} THEN '-{(n + 1) * months:02d}-01'" for n in range(12 // months))
    return (
        f"TRY_CAST({year} || CASE {which} {starts} END AS DATE)",
        f"last_day(TRY_CAST({year} || CASE {which} {ends} END AS DATE))",
        period,
    )


def _month(groups: dict[str, int], part: Callable[[str], str], months: Mapping[str, str]) -> str | None:
    """Return the SQL of the month as two digits; None where the pattern has none."""
    if "month" in groups:
        return f"lpad({part('month')}, 2, '0')"
    if "month_name" in groups:
        said = f"lower({part('month_name')})"
        names = " ".join(
            f"WHEN starts_with({said}, {quoted(beginning)}) THEN '{i:02d}'"
            for i, beginning in enumerate(months, start=1)
        )
        return f"CASE {names} END"
    return None


# --- the pattern itself -----------------------------------------------------------------------------------


def _tokens(pattern: str, where: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        match = re.match(r"''|'(?:[^']|'')+'|([A-Za-z])\1*|[^A-Za-z']+", rest)
        if match is None:
            raise MappingError(
                "BAD_PATTERN", f"the date pattern '{pattern}' has a quotation mark that is not closed", where
            )
        text = match[0]
        if text.startswith("'"):
            found.append(_Token("", "'" if text == "''" else text[1:-1].replace("''", "'")))
        else:
            found.append(_Token(match[1] or "", text))
        position += len(text)
    return found


def _parts(tokens: Sequence[_Token], pattern: str, locale: str, where: str) -> _Parts:
    parts = _Parts()
    weekly = any(t.letter == "w" for t in tokens)
    skip = False
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if skip:
            skip = False
            continue
        if after is not None and after.letter == "n" and token.text[-1] in _PERIODS and token.counts:
            _counted(parts, token, after)
            skip = True
            continue
        packed = any(other is not None and other.number for other in (before, after))
        _append(parts, token, packed=packed, weekly=weekly, pattern=pattern, locale=locale, where=where)
    return parts


def _counted(parts: _Parts, token: _Token, number: _Token) -> None:
    """Append a frequency id and the number of the period after it, such as ``Qn`` or ``Mnnn``."""
    digits = "[0-9]+" if len(number.text) == 1 else f"[0-9]{{{len(number.text)}}}"
    parts.period = _PERIODS[token.text[-1]]
    name = {"month": "month", "week": "week", "day": "day_of_year"}.get(parts.period, "number")
    leading = "0*" if name == "month" else ""
    _capture(parts, name, f"{_literal(token.text)}{leading}", "[0-9]{1,2}" if name == "month" else digits)


def _literal(text: str) -> str:
    """Return a text as a regular expression that matches it and nothing else."""
    return re.sub(r"([\\.^$|()\[\]{}*+?])", r"\\\1", text)


def _capture(parts: _Parts, name: str, before: str, expression: str) -> None:
    parts.groups[name] = len(parts.groups) + 1
    parts.pattern += f"{before}({expression})"


_NUMBER = {
    "w": ("week", "[0-9]{2}", "[0-9]{1,2}"),
    "d": ("day", "[0-9]{2}", "[0-9]{1,2}"),
    "D": ("day_of_year", "[0-9]{3}", "[0-9]{1,3}"),
    "H": ("hour", "[01][0-9]|2[0-3]", "[01]?[0-9]|2[0-3]"),
    "m": ("minute", "[0-5][0-9]", "[0-5]?[0-9]"),
    "s": ("second", "[0-5][0-9]", "[0-5]?[0-9]"),
    "M": ("month", "[0-9]{2}", "[0-9]{1,2}"),
}
"""Letter → what it means, and its digits beside another number and elsewhere."""

_PASSED_OVER = {"S": "[0-9]+", "E": r"\pL+\.?", "U": "[1-7]"}
"""Letter → what is read and not used; a weekday counts beside a week only."""


def _append(
    parts: _Parts, token: _Token, *, packed: bool, weekly: bool, pattern: str, locale: str, where: str
) -> None:
    letter, size = token.letter, len(token.text)
    if not letter:
        parts.pattern += _literal(token.text)
    elif letter in "yY":
        _capture(parts, "short_year" if size == 2 else "year", "", "[0-9]{2}" if size == 2 else "[0-9]{4}")
    elif letter == "M" and size > 2:
        parts.months = _months(pattern, locale, where)
        _capture(parts, "month_name", "", _any_of(parts.months))
    elif letter in _NUMBER:
        meaning, beside, alone = _NUMBER[letter]
        _capture(parts, meaning, "", beside if packed else alone)
    elif letter == "U" and weekly:
        _capture(parts, "weekday", "", "[1-7]")
    elif letter in _PASSED_OVER:
        parts.pattern += _PASSED_OVER[letter]
    else:
        raise MappingError(
            "BAD_PATTERN", f"the date pattern '{pattern}' has the letter {letter}, which is not supported", where,
            "use y, M, d, D, w, U, E, H, m, s, S, or a frequency id followed by n; quote text with '…'",
        )  # fmt: skip


def _months(pattern: str, locale: str, where: str) -> dict[str, str]:
    """Return the shortest beginning that tells each month of a language from the others → the rest of its name."""
    language = locale.replace("_", "-").split("-")[0].lower() or "en"
    if language not in _MONTHS:
        raise MappingError(
            "BAD_PATTERN", f"the date pattern '{pattern}' has names of months in the locale {locale}", where,
            f"names are read in {', '.join(_MONTHS)}; map others by a representation map",
        )  # fmt: skip
    names = _MONTHS[language].split()
    found = {}
    for name in names:
        length = next(
            n for n in range(3, len(name) + 1) if sum(other.startswith(name[:n]) for other in names) == 1
        )
        found[name[:length]] = name[length:]
    return found


def _any_of(months: Mapping[str, str]) -> str:
    """Return the regular expression of months named by their beginnings."""
    alternatives = []
    for beginning, rest in months.items():
        ends = ""
        for letter in reversed(rest):
            ends = f"(?:{letter}{ends})?"
        alternatives.append(beginning + ends)
    return f"(?i:{'|'.join(alternatives)})\\.?"


def monday_of(year: str, week: str) -> str:
    """Return the SQL of the Monday of a week (ISO 8601: the week of 4 January is the first)."""
    fourth = f"TRY_CAST({year} || '-01-04' AS DATE)"
    weeks = f"7 * (TRY_CAST({week} AS INTEGER) - 1)"
    return f"({fourth} - CAST(date_part('isodow', {fourth}) AS INTEGER) + 1 + {weeks})"


# --- a date as a period -----------------------------------------------------------------------------------


def formatted(pattern: str, date: str, time: str, where: str) -> str:
    """Return the SQL that writes a date by a pattern, as a frequency format mapping gives it.

    Args:
        pattern: of SimpleDateFormat.
        date: SQL of the date.
        time: SQL of the time of day, ``hh:mm:ss``.
        where: for errors.

    Raises:
        MappingError: the pattern has a letter that is not supported in output.
    """
    tokens = _tokens(pattern, where)
    weekly = any(t.letter in ("w", "W") for t in tokens)
    pieces = []
    skip = False
    for i, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if after is not None and after.letter == "n" and token.text[-1] in _PERIODS and token.counts:
            number = period_number(_PERIODS[token.text[-1]], date)
            pieces.append(f"{quoted(token.text)} || lpad(CAST({number} AS VARCHAR), {len(after.text)}, '0')")
            skip = True
            continue
        pieces.append(_written(token, date, time, weekly=weekly, pattern=pattern, where=where))
    return f"({' || '.join(pieces)})"


def _written(token: _Token, date: str, time: str, *, weekly: bool, pattern: str, where: str) -> str:
    if not token.letter:
        return quoted(token.text)
    year = "%G" if weekly else "%Y"
    by_letter = {"M": "%m", "d": "%d", "D": "%j", "w": "%V", "U": "%u"}
    if token.letter in "yY":
        return f"strftime({date}, '{'%y' if len(token.text) == 2 else year}')"
    if (
        token.letter in by_letter
        and len(token.text) <= 3
        and not (token.letter == "M" and len(token.text) > 2)
    ):
        return f"strftime({date}, '{by_letter[token.letter]}')"
    if token.letter in "Hms":
        return f"substring({time}, {1 + 3 * 'Hms'.index(token.letter)}, 2)"
    raise MappingError(
        "BAD_PATTERN", f"the output pattern '{pattern}' has {token.text}, which is not supported", where,
        "use yyyy, MM, dd, DD, ww, HH, mm, ss, or a frequency id followed by n; quote text with '…'",
    )  # fmt: skip


def period_number(period: str, date: str) -> str:
    """Return the SQL of the number that a period has in its year."""
    if period in _SPAN:
        return f"((CAST(date_part('month', {date}) AS INTEGER) + {_SPAN[period] - 1}) // {_SPAN[period]})"
    form = {"year": "%Y", "month": "%m", "week": "%V", "day": "%j"}[period]
    return f"TRY_CAST(strftime({date}, '{form}') AS INTEGER)"
