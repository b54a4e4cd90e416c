"""Values to try conditions and categories on: those that tell apart whatever the expressions of a contract do.

What belongs here: an expression over the columns of the delivery, and the values of these. What does not: what follows from a
trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.model import Column
from citizenstats.engine import quoted

COMBINATIONS = 200_000
"""So many combinations of values are tried."""


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
            near |= {end for end in (least, most) if end is not None}
            possible = (n for n in near if (least is None or n >= least) and (most is None or n <= most))
            kind = "BIGINT" if of.type == "integer" else "DOUBLE"
            values = [f"CAST({n!r} AS {kind})" for n in sorted(possible)]
        else:
            possible_texts = of.allowed if of is not None and of.allowed else [*texts, "".join(texts) + "_"]
            values = [quoted(text) for text in possible_texts]
        found[column] = values if of is not None and of.required else [*values, "NULL"]
    return found
