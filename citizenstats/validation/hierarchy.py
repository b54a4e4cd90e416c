"""Hierarchical consistency: the parts of a count add up to their total.

A code's parts are the codes below it in its code list. Where a list has no code below ``_T``, nobody says that its other codes
are disjoint (age bands and quantiles overlap), so only the lists whose parts are known to be a partition are taken: sex,
urbanisation, and disability of the SDG and cross-domain lists. Only counts add up: rates and scores are left out, and so are
totals of which a part is missing or withheld. What stands beside is held together, so that the parts of each total are of the
same area, period and unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.validation.finding import EXAMPLES, Finding, Frame, finding

TOTAL = "_T"

ADDITIVE_UNITS = ("NUMBER",)
"""UNIT_MEASURE of counts, whose parts add up."""

PARTITIONS: Mapping[str, tuple[str, ...]] = {
    "CL_SEX": ("F", "M", "_O", "_N", "_U"),
    "CL_URBANISATION": ("U", "R"),
    "CL_DISABILITY": ("PD", "PWD", "_U"),
    "CL_DISABILITY_STATUS": ("PD", "PWD", "_U"),
}
"""Code list without codes below its total → the codes that make it up."""


def hierarchy_findings(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    structures: Structures,
    *,
    rounded_to: float = 1.0,
) -> Iterator[Finding]:
    """Yield the dimensions along which counts do not add up; values are told as the key of the total.

    Args:
        engine: the engine that can read the frame.
        frame: the observations.
        structure: theirs.
        structures: where the code lists are.
        rounded_to: the step to which values are rounded; parts may be off by half a step each, and so may the total.
    """
    types = dict(engine.columns(frame.source))
    if "UNIT_MEASURE" not in types or not all(key in types for key in structure.key):
        return
    if engine.value(f"SELECT count(*) = 0 FROM {frame.relation} WHERE {_additive()}"):
        return
    for dimension in structure.dimensions:
        parents = _parents(dimension, structures)
        if parents:
            for measure in structure.measures:
                if measure.id in types:
                    yield from _found(engine, frame, structure, dimension, measure.id, parents, rounded_to)


def _additive() -> str:
    return f"UNIT_MEASURE IN ({', '.join(map(quoted, ADDITIVE_UNITS))})"


def _parents(dimension: Component, structures: Structures) -> list[tuple[str, str]]:
    """Return pairs of a code and the total that it is a part of."""
    if dimension.codelist is None:
        return []
    codes = structures.scheme(dimension.codelist).by_id
    pairs = [(item.id, item.parent) for item in codes.values() if item.parent is not None]
    if TOTAL in codes and not any(parent == TOTAL for _, parent in pairs):
        parts = PARTITIONS.get(dimension.codelist.id, ())
        pairs += [(part, TOTAL) for part in parts if part in codes]
    return pairs


def _found(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    dimension: Component,
    measure: str,
    parents: Sequence[tuple[str, str]],
    rounded_to: float,
) -> Iterator[Finding]:
    """Yield the totals that differ from the sum of their parts.

    A total is judged when each part that the frame has anywhere is there with a value; parts that are more than
    their total already are told in any case.
    """
    others = [key for key in structure.key if key != dimension.id]
    beside = ", ".join(map(name, others))
    shown = (
        "concat_ws('.', "
        + ", ".join(f"t.{name(k)}" if k != dimension.id else "p" for k in structure.key)
        + ")"
    )
    same = " AND ".join(f"t.{name(k)} = s.{name(k)}" for k in others)
    count, row, values = engine.rows(
        "WITH below AS (SELECT unnest(?::VARCHAR[]) AS code, unnest(?::VARCHAR[]) AS p), "
        f"counts AS (SELECT {beside}, {name(dimension.id)} AS code, try_cast({name(measure)} AS DOUBLE) AS value, "
        f"{name(frame.row) if frame.row else 'NULL::BIGINT'} AS r FROM {frame.relation} WHERE {_additive()}), "
        "used AS (SELECT p, count(*) AS parts FROM below WHERE code IN (SELECT DISTINCT code FROM counts) GROUP BY p), "
        f"sums AS (SELECT {beside}, p, sum(value) AS total, count(value) AS there FROM counts JOIN below USING (code) "
        f"GROUP BY {beside}, p) "
        f"SELECT count(*), min(t.r), (list({shown} ORDER BY {shown}))[:{EXAMPLES}] "
        f"FROM counts AS t JOIN sums AS s ON {same} AND t.code = s.p JOIN used USING (p) "
        "WHERE t.value IS NOT NULL AND NOT isnan(t.value) AND s.there > 0 AND NOT isnan(s.total) AND "
        f"((s.there = used.parts AND abs(s.total - t.value) > {_tolerance(rounded_to)}) OR "
        f"(s.total - t.value > {_tolerance(rounded_to)} AND t.value >= 0))",
        [[code for code, _ in parents], [parent for _, parent in parents]],
    )[0]
    if count:
        listed = str(dimension.codelist)
        yield finding(
            "DOES_NOT_ADD_UP",
            dimension.id,
            int(count),
            tuple(values),
            None if row is None else int(row),
            of=listed,
        )


def _tolerance(rounded_to: float) -> str:
    return f"({rounded_to / 2!r} * (s.there + 1) + 1e-9 * abs(t.value))"
