"""From a cell's text to a typed value, as SQL: by what the contract declares, never by a guess.

What has another form than declared becomes NULL here; `judge` says that it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from citizenstats.contracts.model import Column, Reading
from citizenstats.engine import quoted
from citizenstats.sdmx.periods import fits, fits_sql

FORBIDDEN = r"[\x{0}-\x{8}\x{B}\x{C}\x{E}-\x{1F}\x{FFFE}\x{FFFF}]"
"""Characters that XML 1.0 does not allow, as RE2 writes them; no SDMX-ML message could carry them."""

SPACE = " \t\r\n\u00a0\u2007\u202f\ufeff\u200b\u2060\u3000"
"""What stands around a cell's text and is no part of it."""

NOT_OF_TYPE: Mapping[str, str] = {
    "integer": "NOT_AN_INTEGER",
    "number": "NOT_A_NUMBER",
    "boolean": "NOT_A_BOOLEAN",
    "date": "NOT_A_DATE",
    "period": "BAD_PERIOD",
}
"""Type → what is said of a cell that is not of it."""

_EARLIEST, _LATEST = 1000, 2999
"""Years of dates; 24 or 20024 is a slip of the hand."""
_PERIODS = (
    "2024",
    "2024-S1",
    "2024-T1",
    "2024-Q1",
    "2024-01",
    "2024-W01",
    "2024-01-31",
    "2024-01-31T00:00:00",
)


def listed(texts: Iterable[str]) -> str:
    """Return texts as a list of SQL literals."""
    return ", ".join(quoted(text) for text in texts)


def trimmed(text: str) -> str:
    """Return a text without the space around it: one function, computed once for each entry of a dictionary."""
    return f"trim({text}, {quoted(SPACE)})"


def trimmed_one_by_one(text: str) -> str:
    """Return the same for texts that hardly repeat: the slow way is taken only where there may be space."""
    ends = " OR ".join(
        f"{end}({text}, 1) <= ' ' OR {end}({text}, 1) >= '\u00a0'" for end in ("left", "right")
    )
    return f"CASE WHEN {ends} THEN {trimmed(text)} ELSE {text} END"


def without(text: str, markers: Iterable[str]) -> str:
    """Return a text; NULL where it is one of the markers."""
    told = listed(m for m in markers if m)
    return f"CASE WHEN {text} NOT IN ({told}) THEN {text} END" if told else text


def typed(text: str, declared: Column, read: Reading) -> str:
    """Return the value of a text by a column's type; NULL where it is not of that type."""
    match declared.type:
        case "integer" | "number":
            return _number(text, declared.type, read)
        case "boolean":
            true, false = (listed(t.casefold() for t in texts) for texts in (declared.true, declared.false))
            return f"CASE WHEN lower({text}) IN ({true}) THEN TRUE WHEN lower({text}) IN ({false}) THEN FALSE END"
        case "date":
            parsed = f"CAST(try_strptime({text}, {quoted(read.date_format)}) AS DATE)"
            return f"CASE WHEN year({parsed}) BETWEEN {_EARLIEST} AND {_LATEST} THEN {parsed} END"
        case "period":
            return f"CASE WHEN {fits_sql(text, declared.frequency)} THEN {text} END"
        case _:
            return text


def _number(text: str, kind: str, read: Reading) -> str:
    """Return a number from text by the declared marks only; what has another form is NULL."""
    if read.thousands == " ":
        # A spreadsheet writes the space between thousands as one that does not break.
        text = f"translate({text}, '\u00a0\u202f\u2009', '   ')"
    if read.thousands == "'":
        # In Switzerland it is a typographic one.
        text = f"replace({text}, '\u2019', {quoted(read.thousands)})"
    # Offices of the north write a minus that is longer than a hyphen.
    text = f"replace({text}, '\u2212', '-')"
    digits = rf"(?:\d{{1,3}}(?:{re.escape(read.thousands)}\d{{3}})+|\d+)" if read.thousands else r"\d+"
    fraction = rf"(?:{re.escape(read.decimal)}\d+)?(?:[eE][+-]?\d+)?" if kind == "number" else ""
    plain = f"replace({text}, {quoted(read.thousands)}, '')" if read.thousands else text
    if kind == "integer":
        value = f"try_cast({plain} AS BIGINT)"
    else:
        plain = f"replace({plain}, {quoted(read.decimal)}, '.')" if read.decimal != "." else plain
        number = f"try_cast({plain} AS DOUBLE)"
        value = f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"CASE WHEN regexp_full_match({text}, {quoted(f'[+-]?{digits}{fraction}')}) THEN {value} END"


def outside(value: str, limits: tuple[float | None, float | None]) -> str:
    """Return the condition that a value lies outside limits, the limits themselves being inside."""
    low, high = limits
    parts = [f"{value} < {low}"] if low is not None else []
    parts += [f"{value} > {high}"] if high is not None else []
    return f"({' OR '.join(parts) or 'FALSE'})"


def example_of(declared: Column, read: Reading) -> dict[str, str]:
    """Return the facts that tell a person which form a column's cells must have."""
    match declared.type:
        case "integer":
            return {"example": f"1{read.thousands}234"}
        case "number":
            return {"example": f"1{read.thousands}234{read.decimal}5"}
        case "date":
            return {"example": date(2024, 12, 31).strftime(read.date_format)}
        case "boolean":
            return {"answers": ", ".join([*declared.true, *declared.false])}
        case "period":
            example = next((p for p in _PERIODS if fits(p, declared.frequency)), "2024-01-01/P1M")
            return {"example": example, "frequency": declared.frequency}
        case _:
            return {}
