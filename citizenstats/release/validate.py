"""What is wrong with a dataflow's observations, measured against its structure and constraints.

The checks are those of Eurostat's structural validation (STRUVAL) that concern data: missing keys and mandatory
attributes, codes outside their list, periods that do not fit their frequency, codes outside the content
constraint, attributes that differ inside their series, values that are no numbers, and a missing value that
claims to be a normal one. Each check is one SQL condition. What belongs here: judging; what does not: mending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.periods import any_period_pattern, fits_column_sql

EXAMPLES = 100
"""How many distinct wrong values the restricted report lists for one fault."""

_NUMBERS = {"DOUBLE", "FLOAT"}


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one component.

    Attributes:
        code: what is wrong, a stable identifier.
        component: the component it is in.
        count: how many observations have it.
        mend: what to do about it.
        values: the distinct wrong values, for the restricted report only.
    """

    code: str
    component: str
    count: int
    mend: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return code, component and count: safe to show anywhere."""
        return f"{self.code} in {self.component} ({self.count})"


@dataclass(frozen=True)
class _Check:
    code: str
    component: str
    condition: str
    mend: str
    parameters: tuple[Any, ...] = ()
    shown: str | None = None


def observation_faults(
    engine: Engine,
    source: str,
    structure: DataStructure,
    structures: Structures,
    allowed: Mapping[str, Sequence[str]],
) -> list[Fault]:
    """Return everything that is wrong with observations; empty when they may go on.

    Args:
        engine: the engine that can read `source`.
        source: SQL of the observations, with the structure's components as columns.
        structure: what they must keep.
        structures: where its code lists are.
        allowed: the content constraint, dimension → codes; empty when there is none.
    """
    types = dict(engine.columns(source))
    checks = [*_checks(structure, structures, allowed, types)]
    found = [_fault(engine, source, check) for check in checks]
    return [fault for fault in [*found, *_uneven(engine, source, structure)] if fault.count]


def _checks(
    structure: DataStructure,
    structures: Structures,
    allowed: Mapping[str, Sequence[str]],
    types: Mapping[str, str],
) -> Iterator[_Check]:
    for component in structure.components:
        column = name(component.id)
        if component.role in ("dimension", "time") or component.mandatory:
            yield _Check(
                "MISSING", component.id, f"{column} IS NULL", "map it, or give it a constant", shown="NULL"
            )
        if component.codelist is not None:
            codes = list(structures.scheme(component.codelist).by_id)
            yield _Check(
                "NOT_IN_CODELIST",
                component.id,
                f"{column} IS NOT NULL AND {column} NOT IN (SELECT unnest(?::VARCHAR[]))",
                f"map it to a code of {component.codelist}, or add the code there",
                (codes,),
            )
        if types[component.id] in _NUMBERS:
            yield _Check(
                "NOT_A_NUMBER",
                component.id,
                f"isnan({column}) OR isinf({column})",
                "a division by zero makes such values; guard it with nullif",
            )
    yield from _allowed(allowed)
    yield from _period(structure)
    yield from _missing_as_normal(structure)


def _allowed(allowed: Mapping[str, Sequence[str]]) -> Iterator[_Check]:
    for dimension, codes in allowed.items():
        yield _Check(
            "NOT_IN_CONSTRAINT",
            dimension,
            f"{name(dimension)} IS NOT NULL AND {name(dimension)} NOT IN (SELECT unnest(?::VARCHAR[]))",
            "widen the dataflow's constraint, or leave these observations out with the target's where",
            (list(codes),),
        )


def _period(structure: DataStructure) -> Iterator[_Check]:
    if structure.time is None:
        return
    time = name(structure.time.id)
    fits = (
        fits_column_sql(time, name("FREQ"))
        if "FREQ" in structure.by_id
        else f"regexp_full_match({time}, {quoted(any_period_pattern())})"
    )
    yield _Check(
        "PERIOD_DOES_NOT_FIT",
        structure.time.id,
        f"{time} IS NOT NULL AND NOT {fits}",
        "write the period in a form that its frequency allows, such as 2020 for A and 2020-Q1 for Q",
    )


def _missing_as_normal(structure: DataStructure) -> Iterator[_Check]:
    if "OBS_STATUS" in structure.by_id and len(structure.measures) == 1:
        measure = structure.measures[0].id
        yield _Check(
            "MISSING_VALUE_AS_NORMAL",
            measure,
            f"{name(measure)} IS NULL AND {name('OBS_STATUS')} = 'A'",
            "say with OBS_STATUS why there is no value: L not collected, M cannot exist, Q suppressed",
            shown="NULL",
        )


def _fault(engine: Engine, source: str, check: _Check) -> Fault:
    shown = quoted(check.shown) if check.shown else f"CAST({name(check.component)} AS VARCHAR)"
    count, values = engine.rows(
        f"SELECT count(*), list(DISTINCT {shown}) FROM ({source}) WHERE {check.condition}", check.parameters
    )[0]
    return Fault(check.code, check.component, int(count), check.mend, tuple(sorted(values or ()))[:EXAMPLES])


def _uneven(engine: Engine, source: str, structure: DataStructure) -> list[Fault]:
    """Return the attributes that differ between observations which must share them."""
    return [
        Fault(
            "DIFFERS_INSIDE",
            attribute.id,
            int(engine.value(_uneven_sql(source, attribute, dimensions))),
            f"an attribute of the {attribute.attachment} has one value in it",
        )
        for attribute in structure.attributes
        if (dimensions := shared_dimensions(attribute, structure)) is not None
    ]


def shared_dimensions(attribute: Component, structure: DataStructure) -> tuple[str, ...] | None:
    """Return the dimensions whose codes settle an attribute's value; None when each observation has its own."""
    if attribute.attachment == "observation":
        return None
    if attribute.attachment == "dataset":
        return ()
    return attribute.group or tuple(dimension.id for dimension in structure.dimensions)


def _uneven_sql(source: str, attribute: Component, dimensions: tuple[str, ...]) -> str:
    column = name(attribute.id)
    grouped = f"GROUP BY {', '.join(map(name, dimensions))}" if dimensions else ""
    return (
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ({source}) {grouped} "
        f"HAVING count(DISTINCT {column}) > 1 OR (count({column}) > 0 AND count({column}) < count(*)))"
    )
