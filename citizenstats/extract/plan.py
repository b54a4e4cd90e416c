"""The SQL of an extract: from the records that count to rows of which at least k are alike, with l answers among them.

k-anonymity: Samarati and Sweeney (1998); distinct l-diversity: Machanavajjhala et al. (2007), with an empty answer
counted as none. Quasi-identifiers are all columns of the extract that are not sensitive, weights and places among them:
of a weight the stratum can be told. Who does not leave is not one of few in any total that a published table may have: tables
and extract are about the same people, and their difference is a table of those who were dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract, Extract
from citizenstats.engine import name, quoted

UNIT = "_unit"
TABLE = "extracted"
JUDGED = "judged"
"""Table of the rows at the levels chosen, each with `_units`, `_diverse`, `_class`, and whether it `_leaves`."""

_CROSSED = 3
"""So many columns published tables cross, with few exceptions."""


@dataclass(frozen=True)
class Plan:
    """What an extract of a dataset is made of.

    Attributes:
        extract: as the contract asks.
        known: quasi-identifiers, in the order of the extract.
        sensitive: columns whose answers nobody may learn of somebody.
        levels: column → expressions from as it is to coarsest.
    """

    extract: Extract
    known: tuple[str, ...]
    sensitive: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that leave, in their order."""
        place = self.extract.coordinates
        return (*self.extract.columns, *((place.latitude, place.longitude) if place is not None else ()))

    def base(self, records: str) -> str:
        """Return the SELECT of what may leave of the records, areas merged and places coarsened."""
        extract = self.extract
        unit = name(extract.unit) if extract.unit is not None else "row_number() OVER ()"
        cells = [self._cell(column) for column in extract.columns]
        place = extract.coordinates
        if place is not None:
            cells += [_middle(column, place.degrees) for column in (place.latitude, place.longitude)]
        taken = f"SELECT *, {unit} AS {UNIT} FROM ({records})"
        merged = ""
        if extract.area is not None:
            merged = f", {_merged(name(extract.area.column), extract.area.minimum)}"
        return f"WITH records AS ({taken}){merged} SELECT {', '.join(cells)}, {UNIT} FROM records"

    def _cell(self, column: str) -> str:
        area = self.extract.area
        if area is None or column != area.column:
            return name(column)
        return (
            f"CASE WHEN coalesce(CAST({name(column)} AS VARCHAR), '') IN (SELECT area FROM small) "
            f"THEN {quoted(area.merged)} ELSE CAST({name(column)} AS VARCHAR) END AS {name(column)}"
        )

    def judged(self, chosen: Mapping[str, int]) -> str:
        """Return the SELECT of the rows at the levels chosen, with `_units` alike and whether answers are `_diverse`."""
        cells = [
            f"{self.levels[c][chosen[c]]} AS {name(c)}" if c in self.levels else name(c) for c in self.columns
        ]
        alike = f"PARTITION BY {', '.join(map(name, self.known))}" if self.known else ""
        diverse = [
            f"(count({name(c)}) OVER ({alike}) = 0 OR count(DISTINCT {name(c)}) OVER ({alike}) >= {self.extract.l})"
            for c in self.sensitive
        ]
        return (
            f"SELECT *, count(DISTINCT {UNIT}) OVER ({alike}) AS _units, {' AND '.join(diverse) or 'TRUE'} AS _diverse "
            f"FROM (SELECT {', '.join(cells)}, {UNIT} FROM {TABLE})"
        )

    def numbered(self, chosen: Mapping[str, int]) -> str:
        """Return the same SELECT with the number of the rows' class, `_class`, and whether it `_leaves`."""
        by = ", ".join(map(name, self.known))
        number = f"dense_rank() OVER (ORDER BY {by})" if by else "1"
        return f"SELECT *, {number} AS _class, _units >= {self.extract.k} AND _diverse AS _leaves FROM ({self.judged(chosen)})"

    def margins(self) -> list[str]:
        """Return the GROUP BY lists of the totals of classes that published tables may have: of up to three columns known."""
        most = min(_CROSSED, len(self.known) - 1)
        return [", ".join(map(name, of)) for size in range(most + 1) for of in combinations(self.known, size)]

    def beside_few(self, margin: str) -> str:
        """Return the SELECT of the classes, one for each total, that leave where few or like units do not: the smallest.

        The total less those who leave would tell of fewer than k units, or of units with fewer than l answers.
        """
        over = f"OVER ({f'PARTITION BY {margin}' if margin else ''})"
        told = (
            f"count(DISTINCT CASE WHEN NOT _leaves THEN {UNIT} END) {over} BETWEEN 1 AND {self.extract.k - 1}"
        )
        for column in self.sensitive:
            answers = f"count(DISTINCT CASE WHEN NOT _leaves THEN {name(column)} END) {over}"
            told += f" OR {answers} BETWEEN 1 AND {self.extract.l - 1}"
        one = f"row_number() OVER ({f'PARTITION BY {margin} ' if margin else ''}ORDER BY _units, _class)"
        return (
            f"SELECT _class FROM (SELECT _class, {one} AS _number FROM (SELECT *, {told} AS _told FROM {JUDGED}) "
            "WHERE _told AND _leaves) WHERE _number = 1"
        )

    def safe(self) -> str:
        """Return the SELECT of the rows that leave; their order tells nothing of where they came from."""
        return f"SELECT {', '.join(map(name, self.columns))} FROM {JUDGED} WHERE _leaves ORDER BY ALL"


def plan_of(dataset: Dataset, extract: Extract) -> Plan:
    """Return the plan of a dataset's extract; raises MappingError when an expression is not allowed."""
    contract: Contract = dataset.contract
    sensitive = tuple(c for c in extract.columns if contract.columns[c].role == "sensitive")
    levels = {}
    for column, steps in extract.generalise.items():
        parsed = [
            expressions.parse(step, [column], dataset.document.where(("extract", "generalise", column, i)))
            for i, step in enumerate(steps)
        ]
        levels[column] = (name(column), *(f"TRY({expressions.sql(step)})" for step in parsed))
    plan = Plan(extract, (), sensitive, levels)
    return Plan(extract, tuple(c for c in plan.columns if c not in sensitive), sensitive, levels)


def _middle(column: str, degrees: float) -> str:
    """Return the middle of the cell of the grid that a coordinate lies in."""
    return f"round((floor({name(column)} / {degrees!r}) + 0.5) * {degrees!r}, 6) AS {name(column)}"


def _merged(area: str, minimum: int) -> str:
    """Return the common tables that end with `small`: the areas to be merged.

    When they have too few units together, the smallest of the others joins them, for what is left over of a total is known.
    """
    return (
        f"areas AS (SELECT coalesce(CAST({area} AS VARCHAR), '') AS area, count(DISTINCT {UNIT}) AS units FROM records "
        f"GROUP BY 1), ranked AS (SELECT *, coalesce(sum(units) OVER (ORDER BY units, area "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM areas), "
        f"small AS (SELECT area FROM ranked WHERE units < {minimum} OR before BETWEEN 1 AND {minimum - 1})"
    )
