"""The SQL that a contract may hold: one scalar expression, parsed, whitelisted, never text pasted into SQL.

An expression sees the columns of one record and plain scalar functions. No statement, subquery, table
function, aggregate, window, parameter or setting gets through: what is not known to be harmless is refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import sqlglot
from sqlglot import exp

from citizenstats.errors import MappingError

# fmt: off
_PLAIN = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple, exp.DataType,
    exp.DataTypeParam, exp.Var,
    exp.And, exp.Or, exp.Not, exp.Xor, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ,
    exp.NullSafeNEQ, exp.Between, exp.In, exp.Is, exp.Like, exp.ILike, exp.RegexpLike,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe,
    exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sqrt, exp.Ln, exp.Exp, exp.Pow, exp.Sign,
    exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring, exp.Replace, exp.RegexpReplace,
    exp.RegexpExtract, exp.Concat, exp.ConcatWs, exp.StrPosition, exp.StartsWith, exp.EndsWith, exp.Contains,
    exp.Left, exp.Right, exp.Pad, exp.SplitPart,
    exp.Year, exp.Month, exp.Day, exp.Quarter, exp.LastDay, exp.UnixToTime, exp.Extract,
    exp.TimeToStr, exp.StrToTime, exp.DateDiff,
    exp.Array, exp.ArraySize, exp.ArrayDistinct, exp.ArrayContains,
)
_NAMED = frozenset({
    "contains", "starts_with", "ends_with", "prefix", "suffix", "list_distinct", "len",
    "list_value", "list_contains", "strftime", "date_part", "isfinite", "split_part", "trunc", "replace",
})
# fmt: on

_LONGEST_PAD = 200
_MOST_GROWTH = 1000


def parse(text: str, columns: Collection[str], where: str) -> exp.Expr:
    """Return `text` as a checked scalar expression over `columns`.

    Args:
        text: the expression as the contract gives it, DuckDB dialect.
        columns: names that it may use; matched without case, as DuckDB does.
        where: file and place, for the error.

    Raises:
        MappingError: it does not parse, names an unknown column, or holds anything but plain scalar SQL.
    """
    try:
        parsed = sqlglot.parse(text, dialect="duckdb")
    except RecursionError:
        raise MappingError(
            "BAD_SQL",
            "this expression is nested too deeply",
            where,
            "derive its parts as values of their own",
        ) from None
    except sqlglot.errors.SqlglotError:
        raise MappingError("BAD_SQL", "this is not a SQL expression", where, f"mend: {text}") from None
    if len(parsed) != 1 or parsed[0] is None:
        raise MappingError("BAD_SQL", "this is not one SQL expression", where, "remove the semicolon")
    known = {c.casefold() for c in columns}
    for node in parsed[0].walk():
        _check(node, known, columns, where)
    growth(parsed[0], where)
    return parsed[0]


def _check(node: exp.Expr, known: set[str], columns: Collection[str], where: str) -> None:
    if isinstance(node, exp.Column):
        if node.table or node.name.casefold() not in known:
            raise MappingError(
                "UNKNOWN_COLUMN",
                f"the expression uses '{node.sql()}', which is no column",
                where,
                "write a text in single quotation marks"
                if node.this.args.get("quoted")
                else nearest(node.name, columns),
            )
    elif isinstance(node, exp.Anonymous):
        if node.name.casefold() not in _NAMED:
            raise MappingError("SQL_NOT_ALLOWED", f"the function {node.name}() is not allowed in a contract", where,
                               "use plain scalar functions")  # fmt: skip
    elif isinstance(node, exp.Pad) and not _is_short(node.expression):
        raise MappingError(
            "SQL_NOT_ALLOWED",
            f"a text is padded to at most {_LONGEST_PAD} characters",
            where,
            "give the length as a number",
        )
    elif type(node) not in _PLAIN:
        raise MappingError(
            "SQL_NOT_ALLOWED",
            f"'{node.key}' is not allowed in a contract",
            where,
            "use one plain scalar expression",
        )


def growth(expression: exp.Expr, where: str, known: Mapping[str, float] | None = None) -> float:
    """Return how many times longer than the longest cell the text of an expression can become, at most.

    The engine counts no text that is in the making against its limit of memory, so a few replacements inside each other
    could take all that the machine has.

    Args:
        expression: checked already.
        where: file and place, for the error.
        known: the growth of derived values that it uses.

    Raises:
        MappingError: it is too much, or nobody can say.
    """
    grown = {name.casefold(): factor for name, factor in (known or {}).items()}
    found: dict[int, float] = {}
    # Each node stands after what it is made of; by recursion a long chain of sums would be too deep.
    for node in reversed(list(expression.walk(bfs=False))):
        parts = [found[id(part)] for part in node.iter_expressions()]
        found[id(node)] = _factor(node, parts, grown)
    if found[id(expression)] > _MOST_GROWTH:
        raise MappingError(
            "SQL_NOT_ALLOWED",
            f"a text could become more than {_MOST_GROWTH:,} times as long",
            where,
            "give what is replaced, and by what, as short texts, and join less",
        )
    return found[id(expression)]


def _factor(node: exp.Expr, parts: list[float], grown: Mapping[str, float]) -> float:
    longest = max(parts, default=1.0)
    match node:
        case exp.Column():
            return grown.get(node.name.casefold(), 1.0)
        case exp.Concat() | exp.DPipe() | exp.Array() | exp.Tuple():
            return sum(parts)
        case exp.ConcatWs():
            return sum(parts) + longest * len(parts)
        case exp.Replace():
            sought, put = node.args.get("expression"), node.args.get("replacement")
            if not (isinstance(sought, exp.Literal) and isinstance(put, exp.Literal)):
                return math.inf
            return longest * max(1.0, len(put.name) / max(len(sought.name), 1))
        case exp.RegexpReplace():
            put = node.args.get("replacement")
            return longest * (len(put.name) + 1) if isinstance(put, exp.Literal) else math.inf
    return longest


def _is_short(length: exp.Expr | None) -> bool:
    """Return whether a length is a small number: one that is computed could fill the memory from few rows."""
    return isinstance(length, exp.Literal) and length.is_int and int(length.name) <= _LONGEST_PAD


def nearest(name: str, known: Collection[str]) -> str:
    """Return ``did you mean 'x'?`` for the known name nearest to `name`, or the list of known names."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(name, list(known), scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    return f"did you mean '{best[0]}'?" if best else "known: " + ", ".join(sorted(known)[:12])


def columns_of(expression: exp.Expr) -> set[str]:
    """Return the names of the columns that `expression` uses."""
    return {c.name for c in expression.find_all(exp.Column)}


def sql(expression: exp.Expr) -> str:
    """Return `expression` as DuckDB SQL."""
    whole = expression.copy()
    # DuckDB 2.0 cannot compare a part of a column whose cells are all empty with a literal; trimmed of nothing, it can.
    for part in list(whole.find_all(exp.SplitPart)):
        trimmed = exp.Anonymous(this="ltrim", expressions=[part.copy(), exp.Literal.string("")])
        if part is whole:
            return trimmed.sql(dialect="duckdb")
        part.replace(trimmed)
    return whole.sql(dialect="duckdb")
