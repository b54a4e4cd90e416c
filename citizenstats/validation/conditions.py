"""The SQL conditions under which one value of a component is wrong: code lists, types, texts, periods.

Types are those of the SDMX information model with the lexical forms of XML Schema Part 2, which all SDMX formats share.
What belongs here: conditions on single values. What does not: running them, and whatever needs more than one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from citizenstats.engine import name, quoted
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.periods import FREQUENCIES, any_period_pattern, fits_column_sql
from citizenstats.sdmx.read.several import in_other_languages

UNSAYABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]"
"""What XML 1.0 forbids (RE2)."""

MISSING_MARKS = ("NaN", "#N/A")
"""How messages write a measure that is missing on purpose: a number, and since SDMX 3.1 anything else."""

_MARKS = ", ".join(map(quoted, MISSING_MARKS))
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_SCIENTIFIC = _NUMBER + "(?:[eE][+-]?[0-9]+)?"
_NUMBERS = {
    "Double": _SCIENTIFIC,
    "Float": _SCIENTIFIC,
    "Decimal": _NUMBER,
    "Integer": "[+-]?[0-9]+",
    "Long": "[+-]?[0-9]+",
    "Short": "[+-]?[0-9]+",
    "BigInteger": "[+-]?[0-9]+",
    "Count": "[+]?[0-9]+",
}
_BOUNDED = {"Integer": "INTEGER", "Long": "BIGINT", "Short": "SMALLINT"}
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
_OTHERS = {
    "Boolean": ("true|false|1|0", "true, false, 1 or 0"),
    "URI": (r"\S+", "an address without spaces"),
    "ObservationalTimePeriod": (any_period_pattern(), "a time period"),
}


@dataclass(frozen=True)
class Condition:
    """When a value breaks a rule.

    Attributes:
        code: the rule.
        sql: true where a value is wrong; the value is the column `column`.
        parameters: of the SQL.
        of: what the component is measured against.
    """

    code: str
    sql: str
    parameters: tuple[Any, ...] = ()
    of: str = ""


def by_value(
    component: Component, structures: Structures | None, allowed: Mapping[str, object] | None, column: str
) -> Iterator[Condition]:
    """Yield the conditions that are judged once for each distinct value: of dimensions and coded attributes.

    Args:
        component: which component.
        structures: where its code list is; None when lists are not asked.
        allowed: the codes that its dataflow allows, by dimension.
        column: SQL of the value, text.
    """
    if is_mandatory(component):
        yield Condition("MISSING", f"{column} IS NULL")
    if component.codelist is not None and structures is not None:
        codes = list(structures.scheme(component.codelist).by_id)
        codes += MISSING_MARKS if component.role == "measure" else ()
        yield _outside("NOT_IN_CODELIST", column, codes, str(component.codelist), several=component.array)
    if component.most is not None:
        yield _too_many(component, _listed(column))
    if allowed and component.id in allowed:
        yield _outside("NOT_IN_CONSTRAINT", column, list(allowed[component.id]), "")  # type: ignore[call-overload]


def _outside(code: str, column: str, codes: list[str], of: str, *, several: bool = False) -> Condition:
    if several:
        # The values of an attribute with several are a JSON list, wherever they come from.
        wrong = f"NOT list_has_all(?::VARCHAR[], {_listed(column)})"
        return Condition(code, f"{column} IS NOT NULL AND {wrong}", (codes,), of)
    return Condition(
        code, f"{column} IS NOT NULL AND {column} NOT IN (SELECT unnest(?::VARCHAR[]))", (codes,), of
    )


def _listed(column: str) -> str:
    """SQL of the values of a text that is a JSON list; another text is one value."""
    listed = f"from_json({column}, '[\"VARCHAR\"]')"
    return f"CASE WHEN starts_with({column}, '[') AND json_valid({column}) THEN {listed} ELSE [{column}] END"


def _too_many(component: Component, values: str) -> Condition:
    return Condition("TOO_MANY_AT_ONCE", f"len({values}) > {component.most}", of=str(component.most))


def as_text(column: str, type_: str) -> str:
    """Return SQL of a value as text; a list as a JSON list."""
    return f"CAST(to_json({column}) AS VARCHAR)" if type_.endswith("[]") else f"CAST({column} AS VARCHAR)"


def is_mandatory(component: Component) -> bool:
    """Return whether each observation needs a value of a component."""
    return component.role in ("dimension", "time") or component.mandatory


def has_few_values(component: Component) -> bool:
    """Return whether a component is judged by its distinct values: dimensions but time, and what has a code list."""
    return component.role == "dimension" or component.codelist is not None


def by_row(component: Component, type_: str) -> Iterator[Condition]:
    """Yield the conditions that are judged on each row: of components with many values.

    Args:
        component: which component, not coded.
        type_: its column's type in SQL.
    """
    column = name(component.id)
    if is_mandatory(component) and component.role != "time":
        yield Condition("MISSING", f"{column} IS NULL")
    if component.array and not component.multilingual:
        values = _listed(column) if type_ == "VARCHAR" else column
        for condition in _single(component, "part", type_.removesuffix("[]")):
            wrong = f"len(list_filter({values}, lambda part: {condition.sql})) > 0"
            yield Condition(condition.code, wrong, of=condition.of)
        if component.most is not None:
            yield _too_many(component, values)
    elif component.languages and type_ == "VARCHAR":
        yield Condition(
            "NOT_IN_LANGUAGES", in_other_languages(component, column), of=", ".join(component.languages)
        )
    else:
        yield from _single(component, column, type_)


def _single(component: Component, column: str, type_: str) -> Iterator[Condition]:
    if type_ in ("DOUBLE", "FLOAT"):
        yield Condition("NOT_A_NUMBER", f"isnan({column}) OR isinf({column})")
    elif type_ == "VARCHAR":
        for condition in _text(component, column):
            # A measure of any type says with a mark that it is missing.
            marked = f"{column} NOT IN ({_MARKS}) AND ({condition.sql})"
            yield replace(condition, sql=marked) if component.role == "measure" else condition


def _text(component: Component, column: str) -> Iterator[Condition]:
    # The measure of 2.1 is a number, also where its structure does not say so.
    type_ = "Double" if component.type == "String" and sql_type(component) == "DOUBLE" else component.type
    if type_ in _NUMBERS:
        yield Condition("NOT_A_NUMBER", _no_number(type_, column))
    elif component.type == "DateTime":
        zoned = f"regexp_full_match({column}, {quoted(_TIME + _ZONE)}) AND try_cast({column} AS TIMESTAMPTZ) IS NOT NULL"
        plain = (
            f"regexp_full_match({column}, {quoted(_TIME)}) AND try_cast({column} AS TIMESTAMP) IS NOT NULL"
        )
        wrong = f"{column} IS NOT NULL AND NOT (({zoned}) OR ({plain}))"
        yield Condition("NOT_OF_TYPE", wrong, of="a time such as 2024-05-31T00:00:00")
    elif component.type in _OTHERS and component.role != "time":
        pattern, of = _OTHERS[component.type]
        yield Condition("NOT_OF_TYPE", f"NOT regexp_full_match({column}, {quoted(pattern)})", of=of)
    elif component.role != "time":
        yield Condition("EMPTY_TEXT", f"{column} = ''")
        yield Condition("BAD_CHARACTER", f"regexp_matches({column}, {quoted(UNSAYABLE)})")


def _no_number(type_: str, column: str) -> str:
    wrong = f"NOT regexp_full_match({column}, {quoted(_NUMBERS[type_])})"
    if type_ in _BOUNDED:
        wrong = f"({wrong} OR try_cast({column} AS {_BOUNDED[type_]}) IS NULL)"
    return f"{column} IS NOT NULL AND {wrong}"


def no_value(measure: str, type_: str) -> str:
    """Return the SQL condition that a measure has no value."""
    column = name(measure)
    if type_ == "VARCHAR":
        listed = ", ".join(quoted(f'["{mark}"]') for mark in MISSING_MARKS)
        return f"({column} IS NULL OR {column} IN ({_MARKS}, {listed}))"
    return f"{column} IS NULL"


def missing_as_normal(structure: DataStructure, types: Mapping[str, str]) -> Condition | None:
    """Return when a missing value claims to be a normal one; None where the structure cannot say it."""
    if "OBS_STATUS" not in types or "OBS_STATUS" not in structure.by_id or len(structure.measures) != 1:
        return None
    measure = structure.measures[0].id
    if measure not in types:
        return None
    return Condition("MISSING_VALUE_AS_NORMAL", f"{no_value(measure, types[measure])} AND OBS_STATUS = 'A'")


def period_does_not_fit(time: str, frequency: str | None) -> str:
    """Return the SQL condition that a period is wrong; where the frequency is unknown, any form does.

    Args:
        time: SQL of the period.
        frequency: SQL of the frequency's code; None where the structure has no FREQ.
    """
    any_form = f"regexp_full_match({time}, {quoted(any_period_pattern())})"
    if frequency is None:
        return f"{time} IS NOT NULL AND NOT {any_form}"
    known = ", ".join(map(quoted, FREQUENCIES))
    return (
        f"{time} IS NOT NULL AND NOT CASE WHEN {frequency} IN ({known}) "
        f"THEN {fits_column_sql(time, frequency)} ELSE {any_form} END"
    )
