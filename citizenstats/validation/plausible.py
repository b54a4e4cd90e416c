"""Plausibility: is a value far from what was said before, or from what others say?

All findings are warnings: a large change may be the news itself. Where a standard error is told, a change is large when it
is more than three standard errors of the difference (as for two independent estimates); else when it is more
than a share of the former value. What belongs here: comparing values at equal keys. What does not: deciding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.engine import Engine, name
from citizenstats.sdmx.model import DataStructure
from citizenstats.validation.conditions import no_value
from citizenstats.validation.finding import EXAMPLES, Finding, Frame, finding

ERRORS = 3.0
"""Standard errors of a difference from which on it is large."""


@dataclass(frozen=True)
class Limits:
    """From when on a difference is told.

    Attributes:
        change: share of the former value, for changes against the last release and between two periods.
        official: share of the official value.
        least: difference below which nothing is told, in units of the measure.
    """

    change: float = 0.5
    official: float = 0.1
    least: float = 0.0


def change_findings(
    engine: Engine, frame: Frame, former: Frame, structure: DataStructure, limits: Limits | None = None
) -> Iterator[Finding]:
    """Yield what changed much since the last release, what lost its value, and breaks that are not told.

    Args:
        engine: the engine that can read both.
        frame: the observations.
        former: those of the last release.
        structure: of both.
        limits: what is much.
    """
    limits = limits or Limits()
    for measure in _measures(engine, frame, former, structure):
        pair = _Pair(engine, frame, former, structure.key, measure)
        yield from pair.found("LARGE_CHANGE", pair.large(limits.change, limits.least))
        yield from pair.found("SIGN_CHANGED", "n.value * f.value < 0")
        yield from pair.found("VALUE_GONE", "n.value IS NULL AND f.value IS NOT NULL", join="RIGHT JOIN")
        if structure.time is not None:
            yield from _breaks(engine, frame, former, structure, measure, limits)


def official_findings(
    engine: Engine,
    frame: Frame,
    official: Frame,
    structure: DataStructure,
    limits: Limits | None = None,
    key: Sequence[str] = (),
) -> Iterator[Finding]:
    """Yield the values that are far from the official ones at the same key.

    Args:
        engine: the engine that can read both.
        frame: the observations.
        official: the official series, with the measure and the dimensions of `key`.
        structure: of the observations.
        limits: what is far.
        key: the dimensions that both have; the whole key unless said.
    """
    limits = limits or Limits()
    for measure in _measures(engine, frame, official, structure):
        pair = _Pair(engine, frame, official, tuple(key) or structure.key, measure)
        yield from pair.found("OFFICIAL_DIFFERS", pair.large(limits.official, limits.least))


def _measures(engine: Engine, frame: Frame, other: Frame, structure: DataStructure) -> list[str]:
    there = {c for c, _ in engine.columns(frame.source)} & {c for c, _ in engine.columns(other.source)}
    return [measure.id for measure in structure.measures if measure.id in there]


def _large(new: str, old: str, share: float, least: float, error: str = "") -> str:
    """Return the SQL condition that two values are far apart; `error` is the standard error of their difference."""
    apart = f"abs({new} - {old})"
    far = f"{apart} > {share!r} * abs({old})"
    if error:
        far = f"CASE WHEN {error} > 0 THEN {apart} > {ERRORS!r} * {error} ELSE {far} END"
    return f"{apart} > {least!r} AND {far}"


@dataclass(frozen=True)
class _Pair:
    """Two frames side by side at equal keys: ``n`` the present one, ``f`` the other."""

    engine: Engine
    frame: Frame
    other: Frame
    key: Sequence[str]
    measure: str

    def large(self, share: float, least: float) -> str:
        """Return the SQL condition that the two values are far apart, by their standard errors where both tell them."""
        told = all("STD_ERROR" in self._types(frame) for frame in (self.frame, self.other))
        return _large("n.value", "f.value", share, least, "sqrt(n.error ** 2 + f.error ** 2)" if told else "")

    def found(self, code: str, condition: str, join: str = "JOIN") -> Iterator[Finding]:
        """Yield the finding of a condition on both values; keys are its values."""
        shown = "concat_ws('.', " + ", ".join(f"f.{name(k)}" for k in self.key) + ")"
        on = " AND ".join(f"n.{name(k)} = f.{name(k)}" for k in self.key)
        count, row, values = self.engine.rows(
            f"SELECT count(*), min(n.r), (list({shown} ORDER BY {shown}))[:{EXAMPLES}] "
            f"FROM ({self._values(self.frame)}) AS n {join} ({self._values(self.other)}) AS f ON {on} WHERE {condition}"
        )[0]
        if count:
            yield finding(code, self.measure, int(count), tuple(values), None if row is None else int(row))

    def _values(self, frame: Frame) -> str:
        types = self._types(frame)
        listed = ", ".join(map(name, self.key))
        row = name(frame.row) if frame.row else "NULL::BIGINT"
        error = "try_cast(STD_ERROR AS DOUBLE)" if "STD_ERROR" in types else "NULL::DOUBLE"
        return f"SELECT {listed}, {_value(self.measure, types)} AS value, {error} AS error, {row} AS r FROM {frame.relation}"

    def _types(self, frame: Frame) -> Mapping[str, str]:
        return dict(self.engine.columns(frame.source))


def _value(measure: str, types: Mapping[str, str]) -> str:
    return f"CASE WHEN NOT {no_value(measure, types[measure])} THEN try_cast({name(measure)} AS DOUBLE) END"


def _breaks(
    engine: Engine,
    frame: Frame,
    former: Frame,
    structure: DataStructure,
    measure: str,
    limits: Limits,
) -> Iterator[Finding]:
    """Yield periods after the last former one of their series that are far from the one before, without a break being told."""
    types, before = dict(engine.columns(frame.source)), dict(engine.columns(former.source))
    time = name(structure.time.id) if structure.time else ""
    dimensions = [dimension.id for dimension in structure.dimensions]
    listed = ", ".join(map(name, dimensions))
    on = " AND ".join(f"n.{name(d)} = f.{name(d)}" for d in dimensions)
    told = "coalesce(n.status = 'B', false)"
    status = "OBS_STATUS" if "OBS_STATUS" in types else "NULL::VARCHAR"
    shown = "concat_ws('.', " + ", ".join(f"n.{name(k)}" for k in structure.key) + ")"
    row = name(frame.row) if frame.row else "NULL::BIGINT"
    count, first, values = engine.rows(
        f"WITH f AS (SELECT {listed}, max({time}) AS period FROM {former.relation} "
        f"WHERE {_value(measure, before)} IS NOT NULL GROUP BY {listed}), "
        f"n AS (SELECT *, lag(value) OVER (PARTITION BY {listed} ORDER BY {time}) AS earlier FROM "
        f"(SELECT {listed}, {time}, {_value(measure, types)} AS value, {status} AS status, {row} AS r "
        f"FROM {frame.relation}) WHERE value IS NOT NULL) "
        f"SELECT count(*), min(n.r), (list({shown} ORDER BY {shown}))[:{EXAMPLES}] FROM n JOIN f ON {on} "
        f"WHERE n.{time} > f.period AND NOT ({told}) AND {_large('n.value', 'n.earlier', limits.change, limits.least)}"
    )[0]
    if count:
        yield finding(
            "BREAK_NOT_TOLD", measure, int(count), tuple(values), None if first is None else int(first)
        )
