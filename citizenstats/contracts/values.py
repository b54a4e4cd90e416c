"""Single values of a contract that their type lets through and that can never work.

Add here: what is wrong with one value, whatever else the contract says. Keep out: names that must be known elsewhere
(`lint`), and expressions (`expressions`, `binding`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache

from citizenstats.contracts.document import Document, Position, faults_at
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.model import Column, Contract, Reading
from citizenstats.engine import quoted, session
from citizenstats.errors import EngineError, MappingError
from citizenstats.sdmx.periods import FREQUENCIES

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON: Sequence[tuple[int, int, Sequence[str]]] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 7, _DAYS),
)
"""Lowest, highest and names of each field of a cron line: minute, hour, day, month, day of the week."""


def values(contract: Contract, document: Document) -> Iterator[MappingError]:
    """Yield the values of a contract that can never work."""
    yield from _reading(contract, document)
    yield from _patterns(contract, document)
    yield from _delivery(contract, document)
    yield from _columns(contract, document)
    yield from _assessments(contract, document)
    yield from _versions(contract, document)


def _reading(contract: Contract, document: Document) -> Iterator[MappingError]:
    read = contract.read
    if read.encoding is not None:
        try:
            codecs.lookup(read.encoding)
        except LookupError:
            where = document.where(("read", "encoding"))
            told = f"'{read.encoding}' is no encoding"
            yield MappingError("BAD_ENCODING", told, where, "such as utf-8 or windows-1252")
    if read.delimiter is not None and read.delimiter == read.quote:
        where = document.where(("read", "delimiter"))
        yield MappingError("BAD_VALUE", "the same mark separates and quotes", where, "say another one")
    if read.thousands == read.decimal:
        where = document.where(("read", "thousands"))
        yield MappingError(
            "BAD_VALUE", "the same mark is for thousands and decimals", where, "say another one"
        )
    if not _is_date_format(read.date_format):
        where = document.where(("read", "date_format"))
        told = f"'{read.date_format}' is no form of dates"
        yield MappingError("BAD_VALUE", told, where, "such as %Y-%m-%d or %d.%m.%Y")


@cache
def _is_date_format(form: str) -> bool:
    """Return whether a date written in this form still has its year when it is read again."""
    told = quoted(form)
    with session(threads=1) as engine:
        try:
            year = engine.value(f"SELECT year(try_strptime(strftime(DATE '2024-12-31', {told}), {told}))")
        except EngineError:
            return False
    return bool(year == 2024)


def _patterns(contract: Contract, document: Document) -> Iterator[MappingError]:
    patterns: list[tuple[Position, str | None]] = [
        (("read", "ends_at"), contract.read.ends_at),
        (("read", "footnote_marks"), contract.read.footnote_marks),
        *((("columns", c, "pattern"), column.pattern) for c, column in contract.columns.items()),
    ]
    for position, pattern in patterns:
        try:
            re.compile(pattern or "")
        except re.error as error:
            yield MappingError(
                "BAD_PATTERN", f"this is no regular expression: {error}", document.where(position)
            )
        else:
            # The end of a table is looked for before the engine sees it.
            if pattern and position != ("read", "ends_at") and not _is_known_to_engine(pattern):
                told = (
                    "this regular expression looks ahead, back or at a group again, which the engine cannot"
                )
                mend = "say it with characters, classes, `|` and repetitions alone"
                yield MappingError("BAD_PATTERN", told, document.where(position), mend)


@cache
def _is_known_to_engine(pattern: str) -> bool:
    with session(threads=1) as engine:
        try:
            # Of a column, because a constant would be answered without the pattern.
            engine.rows(f"SELECT regexp_matches(v, {quoted(pattern)}) FROM (VALUES ('a'), ('b')) AS texts(v)")
        except EngineError:
            return False
    return True


def _delivery(contract: Contract, document: Document) -> Iterator[MappingError]:
    delivery = contract.delivery
    if "/" in delivery.files or not delivery.files:
        where = document.where(("delivery", "files"))
        told = "this is a pattern of names of files, without folders"
        yield MappingError("BAD_VALUE", told, where, "such as answers_*.csv")
    if delivery.pull is not None and not _is_cron(delivery.pull.cron):
        where = document.where(("delivery", "pull", "cron"))
        told = f"'{delivery.pull.cron}' is no cron line"
        yield MappingError("BAD_VALUE", told, where, "such as 0 5 * * *: every day at five, UTC")


def _is_cron(line: str) -> bool:
    fields = line.lower().split()
    return len(fields) == len(_CRON) and all(map(_is_cron_field, fields, _CRON))


def _is_cron_field(field: str, known: tuple[int, int, Sequence[str]]) -> bool:
    low, high, names = known
    for part in field.split(","):
        span, _, step = part.partition("/")
        if not re.fullmatch(r"[1-9][0-9]*", step or "1"):
            return False
        first, _, last = span.partition("-")
        ends = [*([] if first == "*" else [first]), *([last] if "-" in span else [])]
        if not all(end in names or (end.isdecimal() and low <= int(end) <= high) for end in ends):
            return False
    return True


def _columns(contract: Contract, document: Document) -> Iterator[MappingError]:
    for column, said in contract.columns.items():
        if said.type == "period" and said.frequency not in FREQUENCIES:
            where = document.where(("columns", column, "frequency"))
            told = f"'{said.frequency}' is no frequency of SDMX:CL_FREQ"
            yield MappingError("UNKNOWN_FREQUENCY", told, where, nearest(said.frequency, FREQUENCIES))
        low, high = said.range or (None, None)
        if low is not None and high is not None and low > high:
            where = document.where(("columns", column, "range"))
            yield MappingError("BAD_VALUE", "no value lies in this range", where, "the lowest stands first")


def _assessments(contract: Contract, document: Document) -> Iterator[MappingError]:
    for criterion, found in contract.assessment.items():
        try:
            date.fromisoformat(found.date)
        except ValueError:
            where = document.where(("assessment", criterion, "date"))
            yield MappingError("BAD_VALUE", f"there is no day {found.date}", where, "such as 2026-01-31")


def _versions(contract: Contract, document: Document) -> Iterator[MappingError]:
    """Yield what is wrong with the keys of a version: they are those of `read` and of a column."""
    for i, version in enumerate(contract.versions):
        whole = contract.read.model_dump(mode="json") | version.read
        yield from faults_at(Reading, document, ("versions", i, "read"), whole)
        for column, differs in version.columns.items():
            if differs is not None and column in contract.columns:
                whole = contract.columns[column].model_dump(mode="json") | differs
                yield from faults_at(Column, document, ("versions", i, "columns", column), whole)
