"""Binding: whether each expression of a contract fits the types of its columns, asked of the engine before any data come.

What belongs here: types. What does not: which SQL is allowed at all, and names that are no column; that is `expressions`.
The engine is given one record whose every cell is empty, so that only an expression that can never work fails. Texts that
the engine would silently take for numbers are told too: such an expression works until the first text that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from citizenstats.contracts import expressions
from citizenstats.contracts.document import Position
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract, Indicator, Target
from citizenstats.engine import Engine, name, session
from citizenstats.errors import EngineError, MappingError

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
"""Type of a column → type of its value, as `receive` makes it; all others are text."""
_TEXT = "VARCHAR"
_COMPARED = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod,
)  # fmt: skip
_CALLED = {
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "DATE": "a date",
    _TEXT: "text",
}
_MEASURES = {
    "proportion": True,
    "count": True,
    "among": True,
    "known_when": True,
    "mean": False,
    "total": False,
}
"""Expression of an indicator → whether it is a condition."""
_NOTHING = '"NULL"'


@dataclass(frozen=True)
class _Expression:
    """One expression of a contract, where it stands, what it sees, and whether it is a condition."""

    text: str
    at: Position
    types: dict[str, str]
    is_condition: bool


def unbound(dataset: Dataset) -> Iterator[MappingError]:
    """Yield the expressions of a contract that do not fit their columns; names and syntax are right already."""
    with session(threads=1) as engine:
        types = _record_types(dataset.contract)
        for derived, text in dataset.contract.derive.items():
            told = _fault(
                engine, dataset, _Expression(text, ("derive", derived), dict(types), is_condition=False)
            )
            if told is not None:
                # What rests on it cannot be judged.
                yield told
                return
            types[derived] = _type_of(engine, dataset, text, types)
        faults = [
            told
            for expression in _expressions(dataset.contract, types)
            if (told := _fault(engine, dataset, expression)) is not None
        ]
        yield from faults
        if not faults and _agrees_in_silence(engine, dataset.contract):
            yield MappingError(
                "SILENCE_IS_NO_CONSENT",
                "this holds for a record whose every cell is empty, and who says nothing has not agreed",
                dataset.document.where(("record", "consent", "condition")),
                "ask the cell that says that these people or this community agreed",
            )


def _record_types(contract: Contract) -> dict[str, str]:
    types = {column: _TYPES.get(said.type, _TEXT) for column, said in contract.columns.items()}
    why = {f"{c}__why": _TEXT for c, said in contract.columns.items() if said.reasons}
    return types | why


def _expressions(contract: Contract, types: dict[str, str]) -> Iterator[_Expression]:
    texts = dict.fromkeys(contract.columns, _TEXT)
    if contract.record.consent.condition is not None:
        yield _Expression(
            contract.record.consent.condition, ("record", "consent", "condition"), types, is_condition=True
        )
    for i, rule in enumerate(contract.rules):
        yield _Expression(rule.must, ("rules", i, "must"), types, is_condition=True)
    for i, ignored in enumerate(contract.ignore):
        yield _Expression(ignored.when, ("ignore", i, "when"), texts, is_condition=True)
    for column, steps in contract.extract.generalise.items() if contract.extract is not None else ():
        for i, step in enumerate(steps):
            yield _Expression(step, ("extract", "generalise", column, i), types, is_condition=False)
    for i, target in enumerate(contract.targets):
        yield from _of_target(contract, target, ("targets", i), types)


def _of_target(
    contract: Contract, target: Target, at: Position, types: dict[str, str]
) -> Iterator[_Expression]:
    if target.unpivot is not None:
        kinds = {contract.columns[c].type for c in target.unpivot.columns}
        cell = _TYPES.get(next(iter(kinds)), _TEXT) if len(kinds) == 1 else _TEXT
        types = types | {target.unpivot.into: cell, f"{target.unpivot.into}__why": _TEXT}
    if target.where is not None:
        yield _Expression(target.where, (*at, "where"), types, is_condition=True)
    for component, mapped in target.map.items():
        if mapped.sql is not None:
            yield _Expression(mapped.sql, (*at, "map", component, "sql"), types, is_condition=False)
    for code, indicator in target.estimate.indicators.items() if target.estimate is not None else ():
        yield from _of_indicator(indicator, (*at, "estimate", "indicators", code), types)


def _of_indicator(indicator: Indicator, here: Position, types: dict[str, str]) -> Iterator[_Expression]:
    for key, is_condition in _MEASURES.items():
        if (text := getattr(indicator, key)) is not None:
            yield _Expression(text, (*here, key), types, is_condition)
    for text in indicator.ratio or ():
        yield _Expression(text, (*here, "ratio"), types, is_condition=False)
    if indicator.quantile is not None:
        yield _Expression(indicator.quantile.of, (*here, "quantile", "of"), types, is_condition=False)


def _fault(engine: Engine, dataset: Dataset, expression: _Expression) -> MappingError | None:
    where = dataset.document.where(expression.at)
    parsed = expressions.parse(expression.text, list(expression.types), where)
    seen = _seen(parsed, expression.types)
    fits = (
        ", ".join(f"{column} is {_CALLED.get(kind, kind)}" for column, kind in seen.items())
        or "it has no column"
    )
    cure = "cast what is meant to be another type, or give the column its type"
    try:
        _make_record(engine, seen)
        engine.rows(f"SELECT {expressions.sql(parsed)} FROM record")
        kind = engine.columns(f"SELECT {expressions.sql(parsed)} AS value FROM record")[0][1]
        mixed = _mixed(engine, parsed)
    except EngineError:
        return MappingError("WRONG_TYPE", f"the expression does not fit its columns: {fits}", where, cure)
    if mixed is not None:
        return MappingError("WRONG_TYPE", f"'{mixed}' takes text for a number or a date: {fits}", where, cure)
    if expression.is_condition and kind not in ("BOOLEAN", _NOTHING):
        called = _CALLED.get(kind, kind)
        return MappingError(
            "NOT_A_CONDITION", f"this gives {called}, not true or false", where, "compare it with something"
        )
    return None


def _agrees_in_silence(engine: Engine, contract: Contract) -> bool:
    """Return whether people or communities that have to be asked count as having agreed where nothing is said at all."""
    consent = contract.record.consent
    if consent.condition is None or consent.basis not in ("individual", "community_fpic"):
        return False
    types = _record_types(contract)
    cells = ", ".join(f"CAST(NULL AS {kind}) AS {name(column)}" for column, kind in types.items())
    record, names = f"SELECT {cells}", list(types)
    for derived, text in contract.derive.items():
        value = expressions.sql(expressions.parse(text, names, ""))
        record = f"SELECT *, TRY({value}) AS {name(derived)} FROM ({record})"
        names.append(derived)
    condition = expressions.sql(expressions.parse(consent.condition, names, ""))
    return bool(engine.value(f"SELECT coalesce(TRY({condition}), FALSE) FROM ({record})"))


def _type_of(engine: Engine, dataset: Dataset, text: str, types: dict[str, str]) -> str:
    parsed = expressions.parse(text, list(types), dataset.document.where(("derive",)))
    _make_record(engine, _seen(parsed, types))
    return engine.columns(f"SELECT {expressions.sql(parsed)} AS value FROM record")[0][1]


def _seen(parsed: exp.Expr, types: dict[str, str]) -> dict[str, str]:
    """Return the columns that an expression uses, with their types, in the order of the contract."""
    used = {column.casefold() for column in expressions.columns_of(parsed)}
    return {column: kind for column, kind in types.items() if column.casefold() in used}


def _make_record(engine: Engine, types: dict[str, str]) -> None:
    """Make a table of one record, all of whose cells are empty; of a constant the engine would look no further."""
    cells = ", ".join(f"CAST(NULL AS {_castable(kind)}) AS {name(column)}" for column, kind in types.items())
    engine.run(f"CREATE OR REPLACE TEMP TABLE record AS SELECT {cells or '1 AS one'}")


def _castable(kind: str) -> str:
    return "INTEGER" if kind == _NOTHING else kind


def _mixed(engine: Engine, parsed: exp.Expr) -> str | None:
    """Return a comparison or sum of text with something that is none; None when there is none."""
    for node in parsed.walk():
        sides: list[exp.Expr] = []
        if isinstance(node, _COMPARED):
            sides = [node.this, node.expression]
        elif isinstance(node, exp.In):
            sides = [node.this, *node.expressions]
        elif isinstance(node, exp.Between):
            sides = [node.this, node.args["low"], node.args["high"]]
        if not sides:
            continue
        cells = ", ".join(f"{expressions.sql(side)} AS s{i}" for i, side in enumerate(sides))
        kinds = [kind for _, kind in engine.columns(f"SELECT {cells} FROM record")]
        texts = [k for side, k in zip(sides, kinds, strict=True) if k == _TEXT and not side.is_string]
        others = [k for k in kinds if k not in (_TEXT, _NOTHING)]
        if texts and others:
            return expressions.sql(node)
    return None
