"""What conditions say of one another, by how they are written: who meets `months >= 12` meets `months >= 6`.

The audit reads the logic off the expressions; protection tries values. What belongs here: that, and the count that two
published ones give by their difference. What does not: attacking it, which goes as with every other figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from citizenstats.contracts.model import Indicator
from citizenstats.engine import Engine
from citizenstats.protect.audit.words import Words, measured_sql

_NOT: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
_TURNED: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
}


def add_differences(engine: Engine, words: Sequence[Words]) -> None:
    """Put the differences of counts, of which one is among the other, into the tables `cells` and `former`.

    Args:
        engine: with both tables.
        words: how the keys of the family's dataflows are told.
    """
    for number, (few, f, many, m) in enumerate(dict.fromkeys(_pairs(words))):
        engine.run(
            "CREATE OR REPLACE TEMP TABLE differing AS SELECT * FROM ("
            f"SELECT md5(a.figure || '{number}' || b.figure) AS figure, a.figure AS few, b.figure AS many, a.categories, "
            f"list_distinct(a.flows || b.flows) AS flows, b.{m} - a.{f} AS k, greatest(a.minimum, b.minimum) AS minimum, "
            "a.guards AND b.guards AS guards, a.shown AND b.shown AS shown FROM cells AS a JOIN cells AS b "
            f"USING (population, categories) WHERE a.measured = {few} AND b.measured = {many} "
            f"AND a.{f} IS NOT NULL AND b.{m} IS NOT NULL) QUALIFY min(k) OVER (PARTITION BY figure) >= 0"
        )
        engine.run("INSERT INTO cells BY NAME SELECT * EXCLUDE (few, many) FROM differing")
        engine.run(
            f"INSERT INTO former BY NAME SELECT d.figure, a.vintage, a.newest, a.categories, b.{m} - a.{f} AS k, "
            "a.shown AND b.shown AS shown FROM (SELECT DISTINCT figure, few, many FROM differing) AS d "
            "JOIN former AS a ON a.figure = d.few "
            "JOIN former AS b ON b.figure = d.many AND b.vintage = a.vintage AND b.categories = a.categories"
        )


def _pairs(words: Sequence[Words]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is measured and the count of those who are among others, and the same of these, as SQL."""
    told: dict[str, dict[str, Mapping[str, exp.Expr]]] = {}
    for of in words:
        for indicator in of.target.estimate.indicators.values() if of.target.estimate else ():
            sides = _sides(indicator, of.dataset.contract.derive)
            if sides:
                told.setdefault(of.dataset.name, {})[measured_sql(indicator, of.target)] = sides
    for conditions in told.values():
        about = {measured: _columns(sides["k"]) for measured, sides in conditions.items()}
        for (few, a), (many, b) in permutations(conditions.items(), 2):
            # What is about other columns says nothing of it, and comparing all with all takes long.
            if not about[few] & about[many]:
                continue
            for f, m in (("k", "k"), ("k", "m"), ("m", "k")):
                if implies(a[f], b[m]):
                    yield few, f, many, m


def _columns(condition: exp.Expr) -> set[str]:
    return {column.name.casefold() for column in condition.find_all(exp.Column)}


def _sides(indicator: Indicator, derive: Mapping[str, str]) -> Mapping[str, exp.Expr]:
    """Return what those with and those without a characteristic meet; nothing where no condition is measured."""
    text = indicator.proportion or indicator.count
    if text is None:
        return {}
    try:
        condition = plain(text, derive)
        sides = {"k": condition, "m": _negated(condition)}
        if indicator.among is None:
            return sides
        # Those whom it leaves out are on neither side.
        among = plain(indicator.among, derive)
    except SqlglotError:
        return {}
    return {side: exp.And(this=among, expression=is_it) for side, is_it in sides.items()}


def plain(text: str, derive: Mapping[str, str]) -> exp.Expr:
    """Return an expression with what is derived written out, without brackets."""
    known = {column.casefold(): said for column, said in derive.items()}

    def written(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Paren):
            return plain(node.this.sql(dialect="duckdb"), derive)
        if isinstance(node, exp.Column) and (said := known.get(node.name.casefold())) is not None:
            return plain(said, derive)
        return node

    return sqlglot.parse_one(text, dialect="duckdb").transform(written)


def implies(a: exp.Expr, b: exp.Expr) -> bool:
    """Return whether it is seen from how they are written that whoever meets `a` meets `b`."""
    if isinstance(a, exp.Not):
        a = _negated(a.this)
    if isinstance(b, exp.Not):
        b = _negated(b.this)
    if a == b:
        return True
    if isinstance(a, exp.Or):
        return implies(a.this, b) and implies(a.expression, b)
    if isinstance(b, exp.And):
        return implies(a, b.this) and implies(a, b.expression)
    if isinstance(b, exp.Or) and (implies(a, b.this) or implies(a, b.expression)):
        return True
    if isinstance(a, exp.And):
        return implies(a.this, b) or implies(a.expression, b)
    return _is_within(_atom(a), _atom(b))


def _negated(a: exp.Expr) -> exp.Expr:
    if isinstance(a, exp.Not):
        inner: exp.Expr = a.this
        return inner
    if isinstance(a, exp.And | exp.Or):
        other = exp.Or if isinstance(a, exp.And) else exp.And
        return other(this=_negated(a.this), expression=_negated(a.expression))
    opposite = _NOT.get(type(a))
    return exp.Not(this=a) if opposite is None else opposite(this=a.this, expression=a.expression)


_Atom = tuple[str, type[exp.Expr], frozenset[str]] | None


def _atom(a: exp.Expr) -> _Atom:
    """Return what a comparison is about, how it compares, and with what; None for anything else."""
    if isinstance(a, exp.In) and a.expressions:
        return a.this.sql().casefold(), exp.EQ, frozenset(one.sql() for one in a.expressions)
    if isinstance(a, exp.Not) and isinstance(a.this, exp.In) and a.this.expressions:
        return a.this.this.sql().casefold(), exp.NEQ, frozenset(one.sql() for one in a.this.expressions)
    if type(a) not in _NOT:
        return None
    left, right = a.this, a.expression
    kind: type[exp.Expr] = type(a)
    if isinstance(left, exp.Literal):
        left, right, kind = right, left, _TURNED.get(kind, kind)
    return left.sql().casefold(), kind, frozenset([right.sql()])


def _is_within(a: _Atom, b: _Atom) -> bool:
    """Return whether every value that meets one comparison meets the other."""
    if a is None or b is None or a[0] != b[0]:
        return False
    (_, how, these), (_, other, those) = a, b
    if how is exp.EQ and other is exp.EQ:
        return these <= those
    if how is exp.EQ and other is exp.NEQ:
        return not these & those
    if how is exp.NEQ:
        return other is exp.NEQ and those <= these
    try:
        values, ends = [float(x) for x in these], [float(x) for x in those]
    except ValueError:
        return False
    if other is exp.EQ:
        return False
    if other is exp.NEQ:
        return all(_excludes(how, values[0], end) for end in ends)
    end = ends[0]
    if how is exp.EQ:
        return all(_meets(other, value, end) for value in values)
    upward = (exp.GT, exp.GTE)
    if (how in upward) != (other in upward):
        return False
    beyond = values[0] > end if how in upward else values[0] < end
    return beyond or (values[0] == end and (how is other or other in (exp.GTE, exp.LTE)))


def _meets(how: type[exp.Expr], value: float, end: float) -> bool:
    if how is exp.GT:
        return value > end
    if how is exp.GTE:
        return value >= end
    return value < end if how is exp.LT else value <= end


def _excludes(how: type[exp.Expr], end: float, value: float) -> bool:
    return not _meets(how, value, end)
