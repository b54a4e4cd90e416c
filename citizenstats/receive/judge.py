"""The one SQL that judges every row of a delivery: ignored, withheld, refused, or a record.

The order is a promise: a row that is declared as no data is ignored; then a row without consent is withheld before
anything else is judged about its content; then what breaks the contract is refused, with every reason; the rest are records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Column, Contract
from citizenstats.engine import name, quoted
from citizenstats.receive.header import Headers
from citizenstats.sdmx.periods import fits_sql

FORBIDDEN = r"[\x{0}-\x{8}\x{B}\x{C}\x{E}-\x{1F}\x{FFFE}\x{FFFF}]"
"""Characters that XML 1.0 does not allow, as RE2 writes them; no SDMX-ML message could carry them."""

SPACE = " \t\r\n\u00a0\ufeff"
"""What stands around a cell's text and is no part of it."""

_TYPES = {
    "text": "VARCHAR",
    "period": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
}
_NOT_OF_TYPE = {
    "integer": "NOT_AN_INTEGER",
    "number": "NOT_A_NUMBER",
    "boolean": "NOT_A_BOOLEAN",
    "date": "NOT_A_DATE",
    "period": "BAD_PERIOD",
}


@dataclass(frozen=True)
class Problem:
    """One thing that refuses a row: a name for it, what it is about, and when."""

    code: str
    column: str | None
    condition: str
    detail: str = ""

    @property
    def name(self) -> str:
        """The name under which the SQL lists it."""
        return f"{self.code}|{self.column or self.detail}"


def text_name(column: str) -> str:
    """Return the SQL name of a column's cell as text."""
    return name(f"{column}__text")


def why_name(column: str) -> str:
    """Return the SQL name of the companion that says why a cell is empty."""
    return name(f"{column}__why")


def has_why(column: Column) -> bool:
    """Return whether a column tells apart why a cell is empty."""
    return bool(column.not_collected or column.not_applicable)


class Judge:
    """The SQL of one delivery, from its contract (with the version applied) and its headers."""

    def __init__(self, dataset: Dataset, contract: Contract, headers: Headers) -> None:
        self._dataset, self._contract, self._headers = dataset, contract, headers
        self.problems = tuple(self._problems())

    # --- the steps ----------------------------------------------------------------------------------------

    def sql(self, raw: str) -> str:
        """Return the SELECT of all rows with `_ignored`, `_withheld` and `_problems`.

        Args:
            raw: a query with the cells as text in ``c0``, ``c1``, …, and `_row`, `_ragged`.
        """
        problems = ", ".join(f"CASE WHEN {p.condition} THEN {quoted(p.name)} END" for p in self.problems)
        derived = self._derived()
        return (
            f"WITH texts AS (SELECT _row, _ragged, {self._texts()} FROM ({raw})), "
            f"kept AS (SELECT *, {self._ignored()} AS _ignored FROM texts), "
            f"typed AS (SELECT _row, _ragged, _ignored, {self._typed()} FROM kept), "
            f"derived AS (SELECT *{derived} FROM typed), "
            f"consented AS (SELECT *, NOT coalesce({self._consent()}, FALSE) AS _withheld FROM derived) "
            f"SELECT *, CASE WHEN _ignored IS NULL AND NOT _withheld "
            f"THEN list_filter([{problems}], lambda p: p IS NOT NULL) ELSE [] END AS _problems FROM consented"
        )

    def record_columns(self, delivery: str) -> str:
        """Return the select list of a record: the contract's columns, why companions, delivery and row."""
        columns = [name(column) for column in self._contract.columns]
        columns += [why_name(c) for c, declared in self._contract.columns.items() if has_why(declared)]
        return ", ".join([*columns, f"{quoted(delivery)} AS _delivery", "_row"])

    def identity_columns(self) -> str:
        """Return the select list of what tells which record a withheld row takes back: key and period; may be empty."""
        period = self._contract.delivery.period
        return ", ".join(name(c) for c in dict.fromkeys([*self._contract.key, *([period] if period else [])]))

    def refused_columns(self) -> str:
        """Return the select list of a refused row: its row, what is wrong, and the cells as text under their headers."""
        listed = [
            f"{text_name(column)} AS {name(self._headers.said(column))}"
            for column in self._contract.columns
            if column in self._headers.position
        ]
        return ", ".join(["_row", "_problems", *listed])

    # --- parts --------------------------------------------------------------------------------------------

    def _texts(self) -> str:
        """Return the cells as text under the contract's names: trimmed, without footnote marks, empty as NULL."""
        marks = self._contract.read.footnote_marks
        parts = []
        for column in self._contract.columns:
            if column not in self._headers.position:
                parts.append(f"CAST(NULL AS VARCHAR) AS {name(column)}")
                continue
            text = f"trim(c{self._headers.position[column]}, {quoted(SPACE)})"
            if marks:
                text = f"trim(regexp_replace({text}, {quoted(marks)}, '', 'g'))"
            parts.append(f"nullif({text}, '') AS {name(column)}")
        return ", ".join(parts)

    def _ignored(self) -> str:
        columns = list(self._contract.columns)
        blank = f"coalesce({', '.join(name(c) for c in columns)}) IS NULL AND NOT _ragged"
        cases = [f"WHEN {blank} THEN 'blank row'"]
        for i, ignored in enumerate(self._contract.ignore):
            condition = self._parse(ignored.when, columns, ("ignore", i, "when"))
            cases.append(f"WHEN ({condition}) THEN {quoted(ignored.reason)}")
        return f"CASE {' '.join(cases)} END"

    def _typed(self) -> str:
        parts = []
        for column, declared in self._contract.columns.items():
            empty = [
                *self._contract.read.missing,
                *declared.missing,
                *declared.not_collected,
                *declared.not_applicable,
            ]
            text = _without(name(column), empty)
            parts.append(f"{_typed(text, declared, self._contract)} AS {name(column)}")
            parts.append(f"{name(column)} AS {text_name(column)}")
            if has_why(declared):
                parts.append(f"{_why(name(column), declared)} AS {why_name(column)}")
        return ", ".join(parts)

    def _derived(self) -> str:
        seen = self._record_names()
        parts = []
        for derived, text in self._contract.derive.items():
            parts.append(f", ({self._parse(text, seen, ('derive', derived))}) AS {name(derived)}")
            seen.append(derived)
        return "".join(parts)

    def _record_names(self) -> list[str]:
        columns = self._contract.columns
        return [*columns, *(f"{c}__why" for c, declared in columns.items() if has_why(declared))]

    def _consent(self) -> str:
        condition = self._contract.record.consent.condition
        if condition is None:
            return "TRUE"
        names = [*self._record_names(), *self._contract.derive]
        return f"({self._parse(condition, names, ('record', 'consent', 'condition'))})"

    def _parse(self, text: str, names: Sequence[str], where: tuple[str | int, ...]) -> str:
        return expressions.sql(expressions.parse(text, names, self._dataset.document.where(where)))

    # --- what refuses a row -------------------------------------------------------------------------------

    def _problems(self) -> Iterator[Problem]:
        yield Problem("RAGGED_ROW", None, "_ragged")
        maps = self._code_maps()
        for column, declared in self._contract.columns.items():
            if column in self._headers.position:
                yield from self._of_column(column, declared, maps.get(column))
        names = [*self._record_names(), *self._contract.derive]
        for i, rule in enumerate(self._contract.rules):
            condition = self._parse(rule.must, names, ("rules", i, "must"))
            message = rule.message.get(self._contract.language) or next(iter(rule.message.values()))
            yield Problem("RULE", None, f"NOT ({condition})", message)

    def _of_column(self, column: str, declared: Column, codes: Sequence[str] | None) -> Iterator[Problem]:
        text, value = text_name(column), name(column)
        given = f"{text} IS NOT NULL" + (f" AND {why_name(column)} IS NULL" if has_why(declared) else "")
        empty = [*self._contract.read.missing, *declared.missing]
        given += _not_one_of(text, empty)
        yield Problem("FORBIDDEN_CHARACTER", column, f"regexp_matches({text}, {quoted(FORBIDDEN)})")
        if declared.required:
            alone = f" AND {why_name(column)} IS NULL" if has_why(declared) else ""
            listed = ", ".join(quoted(m) for m in ("", *empty))
            yield Problem("REQUIRED", column, f"coalesce({text}, '') IN ({listed}){alone}")
        if declared.type in _NOT_OF_TYPE:
            detail = _form(declared, self._contract)
            yield Problem(_NOT_OF_TYPE[declared.type], column, f"{given} AND {value} IS NULL", detail)
        if declared.allowed is not None:
            listed = ", ".join(quoted(a) for a in declared.allowed)
            told = ", ".join(declared.allowed[:12])
            yield Problem("NOT_ALLOWED", column, f"{given} AND {text} NOT IN ({listed})", f"allowed: {told}")
        if declared.pattern is not None:
            condition = f"{given} AND NOT regexp_full_match({text}, {quoted(declared.pattern)})"
            yield Problem("BAD_PATTERN", column, condition, f"expected form: {declared.pattern}")
        if declared.range is not None:
            yield Problem(
                "OUT_OF_RANGE", column, _outside(value, declared.range), _range_told(declared.range)
            )
        if codes is not None:
            listed = ", ".join(quoted(code) for code in codes) or "NULL"
            yield Problem("UNKNOWN_CODE", column, f"{given} AND {text} NOT IN ({listed})")

    def _code_maps(self) -> Mapping[str, Sequence[str]]:
        """Return column → the texts that every code map on it knows."""
        known: dict[str, set[str]] = {}
        for target in self._contract.targets:
            for mapped in target.map.values():
                codes = self._dataset.codes_of(mapped)
                if (
                    codes is not None
                    and mapped.column is not None
                    and mapped.column in self._contract.columns
                ):
                    texts = set(codes)
                    known[mapped.column] = known[mapped.column] & texts if mapped.column in known else texts
        return {column: sorted(texts) for column, texts in known.items()}

    def known_texts(self, column: str) -> Sequence[str]:
        """Return the texts that a column may hold, for suggestions."""
        declared = self._contract.columns[column]
        return self._code_maps().get(column) or declared.allowed or []


# --- small SQL --------------------------------------------------------------------------------------------


def _without(text: str, markers: Sequence[str]) -> str:
    listed = ", ".join(quoted(m) for m in markers if m)
    return f"CASE WHEN {text} NOT IN ({listed}) THEN {text} END" if listed else text


def _not_one_of(text: str, markers: Sequence[str]) -> str:
    listed = ", ".join(quoted(m) for m in markers if m)
    return f" AND {text} NOT IN ({listed})" if listed else ""


def _why(text: str, declared: Column) -> str:
    cases = [
        f"WHEN {text} IN ({', '.join(quoted(m) for m in markers)}) THEN {quoted(reason)}"
        for reason, markers in (
            ("not_collected", declared.not_collected),
            ("not_applicable", declared.not_applicable),
        )
        if markers
    ]
    return f"CASE {' '.join(cases)} END"


def _typed(text: str, declared: Column, contract: Contract) -> str:
    match declared.type:
        case "integer" | "number":
            return _number(text, declared.type, contract)
        case "boolean":
            true, false = (
                ", ".join(quoted(t.casefold()) for t in texts) for texts in (declared.true, declared.false)
            )
            return f"CASE WHEN lower({text}) IN ({true}) THEN TRUE WHEN lower({text}) IN ({false}) THEN FALSE END"
        case "date":
            return f"CAST(try_strptime({text}, {quoted(contract.read.date_format)}) AS DATE)"
        case "period":
            return f"CASE WHEN {fits_sql(text, declared.frequency)} THEN {text} END"
        case _:
            return text


def _number(text: str, kind: str, contract: Contract) -> str:
    """Return a number from text by the declared marks only; what has another form is NULL, never guessed."""
    thousands, decimal = contract.read.thousands, contract.read.decimal
    digits = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)" if thousands else r"\d+"
    fraction = rf"(?:{re.escape(decimal)}\d+)?(?:[eE][+-]?\d+)?" if kind == "number" else ""
    plain = f"replace({text}, {quoted(thousands)}, '')" if thousands else text
    plain = f"replace({plain}, {quoted(decimal)}, '.')" if decimal != "." and kind == "number" else plain
    pattern = rf"[+-]?{digits}{fraction}"
    return (
        f"CASE WHEN regexp_full_match({text}, {quoted(pattern)}) THEN try_cast({plain} AS {_TYPES[kind]}) END"
    )


def _form(declared: Column, contract: Contract) -> str:
    match declared.type:
        case "number":
            return f"decimal mark '{contract.read.decimal}'"
        case "date":
            return f"form {contract.read.date_format}"
        case "period":
            return f"frequency {declared.frequency}"
        case "boolean":
            return f"one of {', '.join([*declared.true, *declared.false])}"
        case _:
            return ""


def _outside(value: str, limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    parts = [f"{value} < {low}"] if low is not None else []
    parts += [f"{value} > {high}"] if high is not None else []
    return f"({' OR '.join(parts) or 'FALSE'})"


def _range_told(limits: tuple[float | None, float | None]) -> str:
    low, high = (f"{limit:g}" if limit is not None else "" for limit in limits)
    return f"allowed: {low} to {high}" if low and high else (f"at least {low}" if low else f"at most {high}")
