"""What the review page shows of a candidate's observations: read in SQL, summarised, never all of them.

Every figure here is publishable. What is withheld is counted by breakdown and never told cell by cell, so that nobody sees on
this page which cell was unsafe by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, name, quoted
from citizenstats.house import House
from citizenstats.release.manifest import Release
from citizenstats.sdmx.model import DataStructure, Reference, Structures

DECIMALS = 4
"""Decimals with which a figure is said at most."""

LARGE = 1000
"""From here on a figure is said without decimals."""

HEADLINES = 30
"""Figures that are drawn at most."""

CHANGES = 20
"""Changed figures that are listed at most."""


@dataclass(frozen=True)
class Figure:
    """One figure: the labels of what tells it from the others, its value, and what is beside it."""

    labels: tuple[str, ...]
    unit: str
    value: float
    low: float | None
    high: float | None
    status: str
    size: int | None
    effect: float | None
    before: float | None
    decimals: int
    """With how many it is said, and what is beside it: as many as the figures of its indicator and unit have."""
    scale: str
    """Figures of one scale are drawn on one: of a unit, and without units of an indicator."""


@dataclass(frozen=True)
class Headlines:
    """The figures of the newest period with the fewest breakdowns."""

    period: str
    columns: tuple[str, ...]
    figures: tuple[Figure, ...]
    of: int
    """Figures with a value in that period."""


@dataclass(frozen=True)
class Withheld:
    """How many figures a breakdown or a period has, and how many of them are withheld."""

    label: str
    figures: int
    withheld: int


@dataclass(frozen=True)
class Changed:
    """A figure whose value is another one than in the last release."""

    labels: tuple[str, ...]
    before: float
    after: float


class Look:
    """The observations of a candidate, and those of the release before."""

    def __init__(
        self, house: House, engine: Engine, flow: Reference, folder: Path, parent: Release | None
    ) -> None:
        self._engine, self._parent = engine, parent
        self._structures: Structures = house.mappings.structures
        self._structure: DataStructure = self._structures.structure_of(flow)
        self._language = house.mappings.agency.languages[0]
        self._source = f"read_parquet({quoted(str(folder / 'observations.parquet'))})"
        self._changes = f"read_parquet({quoted(str(folder / 'changes.parquet'))})"
        self._totals = _totals(house, flow, self._structure)

    @property
    def measure(self) -> str | None:
        """The first measure; None when the structure has none."""
        return self._structure.measures[0].id if self._structure.measures else None

    def headlines(self) -> Headlines | None:
        """Return the figures of the newest period that has any, with the fewest breakdowns; None without figures."""
        if self.measure is None:
            return None
        value, time = name(self.measure), self._structure.time
        period = "'all'" if time is None else name(time.id)
        newest = self._engine.value(f"SELECT max({period}) FROM {self._source} WHERE {value} IS NOT NULL")
        if newest is None:
            return None
        there = f"{value} IS NOT NULL AND {period} = {quoted(str(newest))}"
        of = int(self._engine.value(f"SELECT count(*) FROM {self._source} WHERE {there}"))
        dimensions = [d.id for d in self._structure.dimensions]
        depth = " + ".join(f"CAST({self._broken(d)} AS INTEGER)" for d in dimensions) or "0"
        beside = ("LOWER_BOUND", "UPPER_BOUND", "OBS_STATUS", "SAMPLE_SIZE", "UNIT_MEASURE", "DESIGN_EFFECT")
        optional = [name(c) if c in self._structure.by_id else "NULL" for c in beside]
        before, join = "NULL", ""
        if self._parent is not None:
            key = ", ".join(map(name, self._structure.key))
            join = (
                f" LEFT JOIN (SELECT {key}, {value} AS _before FROM "
                f"read_parquet({quoted(str(self._parent.observations))})) AS f USING ({key})"
            )
            before = "_before"
        order = ", ".join(map(name, self._structure.key))
        rows = self._engine.rows(
            f"SELECT {', '.join([*map(name, dimensions), value, *optional, before])} FROM {self._source}{join} "
            f"WHERE {there} ORDER BY {depth}, {order} LIMIT {HEADLINES}"
        )
        telling = [i for i in range(len(dimensions)) if len({row[i] for row in rows}) > 1]
        width = len(dimensions)
        of_indicator = [i for i in range(width) if dimensions[i] == "INDICATOR"]
        alike = [tuple(row[i] for i in (*of_indicator, width + 5)) for row in rows]
        decimals: dict[tuple[Any, ...], int] = {}
        for group, row in zip(alike, rows, strict=True):
            decimals[group] = max(decimals.get(group, 0), _decimals(float(row[width])))
        indicators = ["".join(row[i] for i in of_indicator) for row in rows]
        figures = tuple(
            Figure(
                labels=tuple(self._label(dimensions[i], row[i]) for i in telling),
                unit=self._label("UNIT_MEASURE", row[width + 5]) if row[width + 5] else "",
                value=float(row[width]),
                low=_number(row[width + 1]),
                high=_number(row[width + 2]),
                status=row[width + 3] or "",
                size=row[width + 4],
                effect=_number(row[width + 6]),
                before=_number(row[width + 7]),
                decimals=decimals[group] if abs(float(row[width])) < LARGE else 0,
                scale=row[width + 5] or indicator,
            )
            for group, indicator, row in zip(alike, indicators, rows, strict=True)
        )
        columns = tuple(self._component(dimensions[i]) for i in telling)
        return Headlines(str(newest), columns, figures, of)

    def statuses(self) -> list[tuple[str, str, int]]:
        """Return code, meaning and number of each observation status, the most frequent first."""
        if "OBS_STATUS" not in self._structure.by_id:
            return []
        rows = self._engine.rows(
            f"SELECT OBS_STATUS, count(*) FROM {self._source} GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return [(str(code), self._label("OBS_STATUS", code), int(n)) for code, n in rows]

    def withheld_by_breakdown(self) -> list[Withheld]:
        """Return how much of each breakdown is withheld, the coarsest first."""
        broken = [d for d in self._structure.dimensions if self._totals.get(d.id)]
        flags = ", ".join(self._broken(d.id) for d in broken) or "false"
        rows = self._engine.rows(
            f"SELECT [{flags}], count(*), {self._withheld} FROM {self._source} GROUP BY 1 ORDER BY 1"
        )
        found = []
        for flags_of, figures, withheld in sorted(rows, key=lambda r: (sum(r[0]), [not f for f in r[0]])):
            names = [self._component(d.id) for d, on in zip(broken, flags_of, strict=False) if on]
            found.append(Withheld(" × ".join(names) or "Total", int(figures), int(withheld)))
        return found

    def withheld_by_period(self) -> list[Withheld]:
        """Return how much of each period is withheld."""
        if self._structure.time is None:
            return []
        period = name(self._structure.time.id)
        rows = self._engine.rows(
            f"SELECT {period}, count(*), {self._withheld} FROM {self._source} GROUP BY 1 ORDER BY 1"
        )
        return [Withheld(str(label), int(n), int(withheld)) for label, n, withheld in rows]

    def changed(self) -> list[Changed]:
        """Return the figures whose value changed most against the last release, relative to the value before."""
        if self._parent is None or self.measure is None:
            return []
        before, after = name(f"{self.measure}_before"), name(f"{self.measure}_after")
        key = [c for c in self._structure.key if c != "FREQ"]
        rows = self._engine.rows(
            f"SELECT {', '.join(map(name, key))}, {before}, {after} FROM {self._changes} "
            f"WHERE change = 'changed' AND {before} <> {after} "
            f"ORDER BY abs({after} - {before}) / greatest(abs({before}), 1e-9) DESC, {', '.join(map(name, key))} "
            f"LIMIT {CHANGES}"
        )
        telling = [i for i in range(len(key)) if len({row[i] for row in rows}) > 1 or key[i] == "INDICATOR"]
        return [
            Changed(tuple(self._label(key[i], row[i]) for i in telling), float(row[-2]), float(row[-1]))
            for row in rows
        ]

    def moves(self) -> Mapping[str, int]:
        """Return how many changes there are of each kind that a reviewer tells apart."""
        if self._parent is None or self.measure is None:
            return {}
        before, after = name(f"{self.measure}_before"), name(f"{self.measure}_after")
        kinds = {
            "another value": f"change = 'changed' AND {before} <> {after}",
            "had no value, has one now": f"change = 'changed' AND {before} IS NULL AND {after} IS NOT NULL",
            "had a value, has none now": f"change = 'changed' AND {before} IS NOT NULL AND {after} IS NULL",
            "same value, another attribute": f"change = 'changed' AND {before} IS NOT DISTINCT FROM {after}",
            "new": "change = 'added'",
            "gone": "change = 'withdrawn'",
        }
        counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in kinds.values())
        row = self._engine.rows(f"SELECT {counts} FROM {self._changes}")[0]
        return dict(zip(kinds, map(int, row), strict=True))

    # --- small parts --------------------------------------------------------------------------------------

    @property
    def _withheld(self) -> str:
        if "OBS_STATUS" not in self._structure.by_id or self.measure is None:
            return "0"
        return f"count(*) FILTER (WHERE OBS_STATUS = 'Q' AND {name(self.measure)} IS NULL)"

    def _broken(self, dimension: str) -> str:
        """Return the condition that a figure is broken down by a dimension; false where it has no total."""
        totals = self._totals.get(dimension)
        return f"{name(dimension)} NOT IN ({', '.join(map(quoted, totals))})" if totals else "false"

    def _label(self, component: str, code: Any) -> str:
        found = self._structure.by_id.get(component)
        if found is None or found.codelist is None or code is None:
            return str(code or "")
        item = self._structures.scheme(found.codelist).by_id.get(str(code))
        return _told(item.names, self._language) if item else str(code)

    def _component(self, identifier: str) -> str:
        found = self._structure.by_id[identifier]
        item = self._structures.scheme(found.concept_scheme).by_id.get(found.concept)
        return _told(item.names, self._language) if item else identifier


def _totals(house: House, flow: Reference, structure: DataStructure) -> dict[str, tuple[str, ...]]:
    """Return dimension → the codes that stand for no breakdown by it, where there are any."""
    found: dict[str, set[str]] = {}
    schemes = house.mappings.structures
    for part in structure.dimensions:
        if part.codelist is not None and "_T" in schemes.scheme(part.codelist).by_id:
            found.setdefault(part.id, set()).add("_T")
    name_of_flow = f"{flow.agency}:{flow.id}"
    for dataset in house.mappings.dataflow(name_of_flow).feeds:
        for target in house.mappings.dataset(dataset).contract.targets:
            if target.dataflow == name_of_flow and target.estimate is not None:
                for dimension, code in target.estimate.totals.items():
                    found.setdefault(dimension, set()).add(code)
    return {dimension: tuple(sorted(codes)) for dimension, codes in found.items()}


def _told(names: Mapping[str, str], language: str) -> str:
    return names.get(language) or names.get("en") or next(iter(names.values()))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _decimals(value: float) -> int:
    """Return how many decimals a number needs, up to `DECIMALS`; none where it is large."""
    if abs(value) >= LARGE:
        return 0
    return len(f"{value:.{DECIMALS}f}".rstrip("0").partition(".")[2])


def span(figures: Sequence[Figure]) -> dict[str, tuple[float, float]]:
    """Return the ends of each scale on which figures are drawn; zero is always on it."""
    ends: dict[str, tuple[float, float]] = {}
    for figure in figures:
        low, high = ends.get(figure.scale, (0.0, 0.0))
        reach = [figure.value, *(b for b in (figure.low, figure.high) if b is not None)]
        ends[figure.scale] = (min(low, *reach), max(high, *reach))
    return {scale: (low, high if high > low else low + 1) for scale, (low, high) in ends.items()}
