"""Values to try conditions and categories on: those that tell apart whatever the expressions of a contract do.

What belongs here: an expression over the columns of the delivery, and the values of these. What does not: what follows from a
trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import sqlglot
from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.model import Column
from citizenstats.engine import quoted

COMBINATIONS = 200_000
"""So many combinations of values are tried."""

_LISTED = 2_000
"""Whole numbers of so wide a range are all listed."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is)


def unfolded(text: str, derive: Mapping[str, str]) -> exp.Expr:
    """Return a condition over the columns of the delivery alone."""
    derived = {column.casefold(): said for column, said in derive.items()}

    def unfold(node: exp.Expr) -> exp.Expr:
        said = derived.get(node.name.casefold()) if isinstance(node, exp.Column) else None
        return node if said is None else exp.Paren(this=unfolded(said, derive))

    return sqlglot.parse_one(text, dialect="duckdb").transform(unfold)


def values_to_try(conditions: Sequence[exp.Expr], columns: Mapping[str, Column]) -> dict[str, list[str]]:
    """Return SQL of the values to be tried of each column: all that can be, or those on either side of what is asked."""
    literals = [literal for condition in conditions for literal in condition.find_all(exp.Literal)]
    texts = sorted({literal.name for literal in literals if literal.is_string})
    numbers = sorted({float(literal.name) for literal in literals if not literal.is_string})
    numbers = sorted({value * sign for value in [0.0, *numbers] for sign in (1, -1)})
    declared = {column.casefold(): of for column, of in columns.items()}
    found = {}
    for column in sorted(
        {c.casefold() for condition in conditions for c in expressions.columns_of(condition)}
    ):
        of = declared.get(column)
        if of is not None and of.type == "boolean":
            values = ["TRUE", "FALSE"]
        elif of is not None and of.type in ("integer", "number"):
            least, most = of.range or (None, None)
            near = {
                n + by for n in numbers for by in ((-1, 0, 1) if of.type == "integer" else (-0.5, 0, 0.5))
            }
            if of.type == "number":
                near |= {(a + b) / 2 for a, b in pairwise(numbers)}
            near |= {end for end in (least, most) if end is not None}
            possible = (n for n in near if (least is None or n >= least) and (most is None or n <= most))
            kind = "BIGINT" if of.type == "integer" else "DOUBLE"
            values = [f"CAST({n!r} AS {kind})" for n in sorted(possible)]
        else:
            possible_texts = of.allowed if of is not None and of.allowed else [*texts, "".join(texts) + "_"]
            values = [quoted(text) for text in possible_texts]
        found[column] = values if of is not None and of.required else [*values, "NULL"]
    return found


def every_value(declared: Column | None) -> list[str] | None:
    """Return SQL of all values of a column; None where they are not listed, or too many."""
    if declared is None:
        return None
    missing = [] if declared.required else ["NULL"]
    if declared.type == "boolean":
        return ["TRUE", "FALSE", *missing]
    if declared.allowed:
        return [*map(quoted, declared.allowed), *missing] if declared.type == "text" else None
    low, high = declared.range or (None, None)
    if declared.type == "integer" and low is not None and high is not None and high - low <= _LISTED:
        return [*(f"CAST({value} AS BIGINT)" for value in range(int(low), int(high) + 1)), *missing]
    return None


def is_compared(coded: exp.Expr, column: str) -> bool:
    """Return whether a column is nothing but compared with literals, or the code itself.

    Then the values on either side of these tell all categories apart. Of what a function makes of the column nobody knows where
    it changes.
    """
    for at in coded.find_all(exp.Column):
        if at.name.casefold() != column:
            continue
        itself: exp.Expr = at
        while isinstance(itself.parent, exp.Paren | exp.Cast):
            itself = itself.parent
        parent = itself.parent
        if isinstance(parent, exp.Case):
            compared = parent.this is itself
        elif isinstance(parent, _COMPARISONS):
            others = (of for of in parent.iter_expressions() if of is not itself)
            compared = not any(of.find(exp.Column, exp.Func) for of in others)
        else:
            compared = parent is None or isinstance(parent, exp.And | exp.Or | exp.Not)
        if not compared or (itself is not at and not _is_text(itself, at)):
            return False
    return True


def _is_text(itself: exp.Expr, column: exp.Expr) -> bool:
    """Return whether a column is cast to nothing but text between itself and a comparison, and not compared by its size."""
    casts = [of for of in itself.find_all(exp.Cast) if of.find(exp.Column) is column]
    ordered = isinstance(itself.parent, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.Between)
    return not casts or (not ordered and all(of.to.is_type(*exp.DataType.TEXT_TYPES) for of in casts))
