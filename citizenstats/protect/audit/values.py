"""What categories stand for where one column is broken down in several ways: the values of the column.

Two dataflows may break ages down by five years and by ten, each by an expression of its own. Texts that a code map lists would
not tell that one is the sum of the other. So all breakdowns of such a column are asked for their code of the same values:
those that any of them names, and those between and beyond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import sqlglot
from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Column, Mapped
from citizenstats.engine import name, quoted, session
from citizenstats.errors import EngineError

_LISTED = 2_000
"""Whole numbers of so wide a range are all asked for."""

Stands = Mapping[str, frozenset[str]]
"""Code → the values that it stands for."""


def stands_for(dataset: Dataset, mapped: Mapped) -> tuple[str, Stands] | None:
    """Return the column that a breakdown breaks down, and what its codes stand for.

    Args:
        dataset: whose breakdown it is.
        mapped: what the contract says of it.

    Returns:
        None where no other estimate of the dataset breaks the column down in another way, and where the breakdown is of several
        columns or cannot be asked.
    """
    coded = _coded(dataset, mapped)
    column = _column(coded)
    if column is None:
        return None
    beside = {of.sql(dialect="duckdb"): of for of in _breakdowns(dataset) if _column(of) == column}
    if len(beside) < 2:
        return None
    declared = {c.casefold(): of for c, of in dataset.contract.columns.items()}.get(column)
    values = [*_values(list(beside.values()), declared), "NULL"]
    asked = f"SELECT CAST({name(column)} AS VARCHAR), CAST(({coded.sql(dialect='duckdb')}) AS VARCHAR) FROM "
    found: dict[str, set[str]] = {}
    with session(threads=1) as engine:
        try:
            rows = engine.rows(f"{asked}(SELECT UNNEST([{', '.join(values)}]) AS {name(column)})")
        except EngineError:
            return None
    for value, code in rows:
        if code is not None:
            found.setdefault(code, set()).add(value or "")
    return column, {code: frozenset(of) for code, of in found.items()}


def _breakdowns(dataset: Dataset) -> Iterator[exp.Expr]:
    for target in dataset.contract.targets:
        for dimension in target.estimate.breakdowns if target.estimate is not None else ():
            mapped = target.map.get(dimension)
            if mapped is not None and mapped.value is None:
                yield _coded(dataset, mapped)


def _coded(dataset: Dataset, mapped: Mapped) -> exp.Expr:
    """Return the code of a record, over the columns of the delivery."""
    text = mapped.sql or name(mapped.column or "")
    codes = dataset.codes_of(mapped)
    if codes is not None:
        cases = " ".join(f"WHEN {quoted(raw)} THEN {quoted(code)}" for raw, code in codes.items())
        text = f"CASE CAST(({text}) AS VARCHAR) {cases} END"
    return _written_out(text, {column.casefold(): said for column, said in dataset.contract.derive.items()})


def _written_out(text: str, derive: Mapping[str, str]) -> exp.Expr:
    """Return an expression with what is derived in its place."""
    whole = sqlglot.parse_one(text, dialect="duckdb")
    for column in list(whole.find_all(exp.Column)):
        said = derive.get(column.name.casefold())
        if said is not None:
            inside = exp.Paren(this=_written_out(said, derive))
            if column is whole:
                return inside
            column.replace(inside)
    return whole


def _column(coded: exp.Expr) -> str | None:
    columns = {column.casefold() for column in expressions.columns_of(coded)}
    return columns.pop() if len(columns) == 1 else None


def _values(breakdowns: list[exp.Expr], declared: Column | None) -> Iterator[str]:
    """Yield SQL of the values that tell the categories of all breakdowns of a column apart."""
    named = {literal.name for of in breakdowns for literal in of.find_all(exp.Literal)}
    kind = declared.type if declared is not None else "text"
    if kind == "boolean":
        yield from ("TRUE", "FALSE")
    elif kind in ("integer", "number"):
        low, high = declared.range or (None, None) if declared is not None else (None, None)
        numbers = sorted({float(n) * sign for n in named if _is_number(n) for sign in (1, -1)} | {0.0})
        if kind == "number":
            between = {(a + b) / 2 for a, b in pairwise(numbers)}
            yield from (
                f"CAST({v!r} AS DOUBLE)" for v in (numbers[0] - 1, *numbers, *between, numbers[-1] + 1)
            )
        elif low is not None and high is not None and high - low <= _LISTED:
            yield from (f"CAST({v} AS BIGINT)" for v in range(int(low), int(high) + 1))
        else:
            near = {int(v) + by for v in numbers for by in (-1, 0, 1)}
            yield from (f"CAST({v} AS BIGINT)" for v in sorted(near))
    else:
        allowed = declared.allowed if declared is not None else None
        yield from map(quoted, allowed or [*sorted(named), "".join(sorted(named)) + "~"])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
