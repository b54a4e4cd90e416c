"""Structural validation: observations against their data structure and content constraint.

The data is read once for all that is judged row by row, and once for each column whose distinct values are judged: a code
is looked up once for each distinct value, not for each row, which makes lists of hundreds of codes cost nothing. What needs
several rows at once, keys that stand twice and attributes that differ inside their series, is looked for by digests
first, and exactly only where a digest says that there is something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from citizenstats.engine import Engine, name
from citizenstats.harmonize.frame import COMPANIONS
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.validation.conditions import (
    Condition,
    as_text,
    by_row,
    by_value,
    has_few_values,
    is_mandatory,
    missing_as_normal,
    period_does_not_fit,
)
from citizenstats.validation.finding import EXAMPLES, Finding, Frame, finding
from citizenstats.validation.rules import ORDER


def structural_findings(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    structures: Structures | None,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> list[Finding]:
    """Return what is wrong with observations by their structure, keys apart; empty when they keep it.

    Args:
        engine: the engine that can read the frame.
        frame: the observations.
        structure: what they must keep.
        structures: where its code lists are; None when lists are not asked.
        allowed: the content constraint, dimension → codes.
    """
    types = dict(engine.columns(frame.source))
    found = [
        *_columns(engine, frame, structure, types),
        *_by_value(engine, frame, structure, structures, allowed, types),
        *_by_row(engine, frame, structure, types),
        *_periods(engine, frame, structure, types),
        *_uneven(engine, frame, structure, types),
    ]
    return in_order(found, structure)


def code_findings(
    engine: Engine, frame: Frame, structure: DataStructure, structures: Structures
) -> Iterator[Finding]:
    """Yield the components of a frame that hold what is no code of their list."""
    types = dict(engine.columns(frame.source))
    for component in structure.components:
        if component.id in types and component.codelist is not None:
            conditions = [
                c for c in by_value(component, structures, None, "v") if c.code == "NOT_IN_CODELIST"
            ]
            yield from _judged_values(engine, frame, component, types[component.id], conditions)


def in_order(found: Sequence[Finding], structure: DataStructure) -> list[Finding]:
    """Return findings in the order of the rules, and inside a rule in that of the components."""
    places = {component.id: place for place, component in enumerate(structure.components)}
    return sorted(
        found,
        key=lambda f: (
            ORDER.get(f.code, len(ORDER)),
            places.get(f.component, len(places)),
            f.component,
            f.row or 0,
        ),
    )


def duplicate_findings(engine: Engine, frame: Frame, structure: DataStructure) -> list[Finding]:
    """Return the keys that stand more than once: the count is that of the observations to leave out."""
    types = dict(engine.columns(frame.source))
    if not all(dimension in types for dimension in structure.key):
        return []
    key = ", ".join(map(name, structure.key))
    rows = f"{frame.relation} AS f"
    if not engine.value(f"SELECT count(*) > count(DISTINCT hash({key})) FROM {rows}"):
        return []
    shown = "concat_ws('.', " + ", ".join(f"coalesce({name(k)}, '')" for k in structure.key) + ")"
    count, row, values = engine.rows(
        f"SELECT coalesce(sum(n - 1), 0), min(r), (list(v ORDER BY v))[:{EXAMPLES}] FROM ("
        f"SELECT count(*) AS n, {_second(frame)} AS r, {shown} AS v FROM {rows} WHERE hash({key}) IN "
        f"(SELECT hash({key}) FROM {rows} GROUP BY 1 HAVING count(*) > 1) GROUP BY {key} HAVING count(*) > 1)"
    )[0]
    if not count:
        return []
    return [finding("DUPLICATE_KEY", "the key", int(count), tuple(values), _number(row))]


def _second(frame: Frame) -> str:
    """SQL of the row at which a key stands for the second time."""
    return f"(list({name(frame.row)} ORDER BY {name(frame.row)}))[2]" if frame.row else "NULL::BIGINT"


def _columns(
    engine: Engine, frame: Frame, structure: DataStructure, types: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield columns that the structure does not know, and those that it demands and are not there."""
    own = {*COMPANIONS, frame.row}
    unknown = [c for c in types if c not in structure.by_id and c not in own]
    absent = [c.id for c in structure.components if is_mandatory(c) and c.id not in types]
    if not unknown and not absent:
        return
    count = int(engine.value(f"SELECT count(*) FROM {frame.relation}"))
    for code, columns in (("NOT_IN_STRUCTURE", unknown), ("COLUMN_MISSING", absent)):
        for column in columns:
            yield finding(code, column, max(count, 1))


def _by_value(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    structures: Structures | None,
    allowed: Mapping[str, Sequence[str]] | None,
    types: Mapping[str, str],
) -> Iterator[Finding]:
    for component in structure.components:
        if component.id in types and has_few_values(component):
            conditions = list(by_value(component, structures, allowed, "v"))
            yield from _judged_values(engine, frame, component, types[component.id], conditions)


def _judged_values(
    engine: Engine, frame: Frame, component: Component, type_: str, conditions: Sequence[Condition]
) -> Iterator[Finding]:
    if not conditions:
        return
    wrong = ", ".join(f"coalesce({c.sql}, false) AS w{i}" for i, c in enumerate(conditions))
    told = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE w{i}), 0), min(r) FILTER (WHERE w{i}), "
        f"(list(v ORDER BY n DESC, v) FILTER (WHERE w{i} AND v IS NOT NULL))[:{EXAMPLES}]"
        for i in range(len(conditions))
    )
    answer = engine.rows(
        f"SELECT {told} FROM (SELECT *, {wrong} FROM (SELECT {as_text(name(component.id), type_)} AS v, "
        f"count(*) AS n, {frame.first} AS r FROM {frame.relation} GROUP BY 1))",
        [parameter for condition in conditions for parameter in condition.parameters],
    )[0]
    for i, condition in enumerate(conditions):
        count, row, values = answer[3 * i : 3 * i + 3]
        if count:
            yield finding(
                condition.code, component.id, int(count), tuple(values or ()), _number(row), of=condition.of
            )


def _by_row(
    engine: Engine, frame: Frame, structure: DataStructure, types: Mapping[str, str]
) -> Iterator[Finding]:
    checks = [
        (component.id, condition)
        for component in structure.components
        if component.id in types and not has_few_values(component)
        for condition in by_row(component, types[component.id])
    ]
    as_normal = missing_as_normal(structure, types)
    if as_normal is not None:
        checks.append((structure.measures[0].id, as_normal))
    yield from row_findings(engine, frame, checks)


def row_findings(engine: Engine, frame: Frame, checks: Sequence[tuple[str, Condition]]) -> Iterator[Finding]:
    """Yield what conditions on single rows find, in one pass; values are looked up only where there is a finding.

    Args:
        engine: the engine that can read the frame.
        frame: the observations.
        checks: component and condition.
    """
    if not checks:
        return
    told = ", ".join(f"count(*) FILTER (WHERE {condition.sql})" for _, condition in checks)
    parameters = [parameter for _, condition in checks for parameter in condition.parameters]
    counts = engine.rows(f"SELECT {told} FROM {frame.relation}", parameters)[0]
    for (component, condition), count in zip(checks, counts, strict=True):
        if count:
            row, values = _first(engine, frame, component, condition)
            yield finding(condition.code, component, int(count), values, row, of=condition.of)


def _first(
    engine: Engine, frame: Frame, component: str, condition: Condition
) -> tuple[int | None, tuple[str, ...]]:
    """Return the first row under a condition, and its most frequent values."""
    row, values = engine.rows(
        f"SELECT min(r), (list(v ORDER BY n DESC, v) FILTER (WHERE v IS NOT NULL))[:{EXAMPLES}] FROM ("
        f"SELECT CAST({name(component)} AS VARCHAR) AS v, count(*) AS n, {frame.first} AS r FROM {frame.relation} "
        f"WHERE {condition.sql} GROUP BY 1)",
        condition.parameters,
    )[0]
    return _number(row), tuple(values or ())


def _periods(
    engine: Engine, frame: Frame, structure: DataStructure, types: Mapping[str, str]
) -> Iterator[Finding]:
    if structure.time is None or structure.time.id not in types:
        return
    time, first = structure.time, frame.first
    frequency = "FREQ" if "FREQ" in structure.by_id and "FREQ" in types else None
    by = f"{name(time.id)} AS v, {name(frequency) if frequency else 'NULL'} AS f"
    wrong = period_does_not_fit("v", "f" if frequency else None)
    answer = engine.rows(
        "SELECT coalesce(sum(n) FILTER (WHERE v IS NULL), 0), min(r) FILTER (WHERE v IS NULL), "
        "coalesce(sum(n) FILTER (WHERE w), 0), min(r) FILTER (WHERE w), "
        f"(list(DISTINCT v ORDER BY v) FILTER (WHERE w))[:{EXAMPLES}] "
        f"FROM (SELECT *, {wrong} AS w FROM (SELECT {by}, count(*) AS n, {first} AS r FROM {frame.relation} GROUP BY 1, 2))"
    )[0]
    if answer[0]:
        yield finding("MISSING", time.id, int(answer[0]), (), _number(answer[1]))
    if answer[2]:
        yield finding("PERIOD_DOES_NOT_FIT", time.id, int(answer[2]), tuple(answer[4]), _number(answer[3]))


def _uneven(
    engine: Engine, frame: Frame, structure: DataStructure, types: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the attributes that differ between observations which must share them."""
    shared: dict[tuple[str, ...], list[Component]] = {}
    for attribute in structure.attributes:
        if attribute.attachment != "observation" and attribute.id in types:
            shared.setdefault(structure.dimensions_of(attribute), []).append(attribute)
    for dimensions, attributes in shared.items():
        if all(dimension in types for dimension in dimensions):
            for attribute in _suspected(engine, frame, attributes, dimensions):
                yield from _differs(engine, frame, attribute, dimensions)


def _suspected(
    engine: Engine, frame: Frame, attributes: Sequence[Component], dimensions: Sequence[str]
) -> list[Component]:
    """Return the attributes that differ inside a digest of the dimensions: all that differ, and seldom one more."""
    listed = ", ".join(map(name, dimensions))
    said = ", ".join(
        f"coalesce(bool_or({_differing(attribute)}), false)"
        for attribute in (f"a{i}" for i in range(len(attributes)))
    )
    of_group = ", ".join(
        f"min({name(a.id)}) AS a{i}_least, max({name(a.id)}) AS a{i}_most, count({name(a.id)}) AS a{i}_there"
        for i, a in enumerate(attributes)
    )
    grouped = f"GROUP BY hash({listed})" if dimensions else ""
    answer = engine.rows(
        f"SELECT {said} FROM (SELECT count(*) AS n, {of_group} FROM {frame.relation} {grouped})"
    )[0]
    return [attribute for attribute, differs in zip(attributes, answer, strict=True) if differs]


def _differing(prefix: str) -> str:
    return f"{prefix}_least <> {prefix}_most OR ({prefix}_there > 0 AND {prefix}_there < n)"


def _differs(
    engine: Engine, frame: Frame, attribute: Component, dimensions: Sequence[str]
) -> Iterator[Finding]:
    column = name(attribute.id)
    grouped = f"GROUP BY {', '.join(map(name, dimensions))}" if dimensions else ""
    count, row = engine.rows(
        f"SELECT coalesce(sum(n), 0), min(r) FROM (SELECT count(*) AS n, {frame.first} AS r FROM {frame.relation} {grouped} "
        f"HAVING count(DISTINCT {column}) > 1 OR (count({column}) > 0 AND count({column}) < count(*)))"
    )[0]
    if count:
        yield finding("DIFFERS_INSIDE", attribute.id, int(count), (), _number(row), of=_sharing(attribute))


def _sharing(attribute: Component) -> str:
    if attribute.attachment == "dataset":
        return "data set"
    return "group" if attribute.group else "series"


def _number(row: object) -> int | None:
    return None if row is None else int(str(row))
