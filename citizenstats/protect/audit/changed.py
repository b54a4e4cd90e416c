"""Messages whose counts were changed in place of hidden, read beside the account of what stands behind them.

What belongs here: the observations with what is shown and what is true, and what every such audit finds. What does not: what an
attacker makes of rounding (`rounded.py`) or of noise (`perturbed.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.protect.audit.shown import read_shown
from citizenstats.protect.audit.together import Whole
from citizenstats.sdmx.model import DataStructure
from citizenstats.validation.confidential import NOT_COMPANIONS

SAMPLE_SIZE = "SAMPLE_SIZE"


class Cell(NamedTuple):
    """An observation with what is shown of its counts and what stands behind; None where there is none.

    It is unsteady where a former release showed one of the same counts as another value.
    """

    codes: tuple[str, ...]
    is_shown: bool
    minimum: int | None
    true: tuple[int | None, int | None]
    told: tuple[int | None, int | None]
    before: tuple[list[int], list[int]]
    is_sound: bool
    is_known: bool
    is_unsteady: bool


@dataclass(frozen=True)
class Published:
    """A message as it would be published, with all that is known of what stands behind it.

    Attributes:
        messages: the folder with all files as they would be published.
        account: what protection says stands behind each key.
        former: the accounts behind former releases.
        flow: ``AGENCY:ID``, as the accounts call it.
        structure: the data structure of the message.
        parents: dimension → code → parent, with the total above all that have none.
        family: the figures that other dataflows have too.
    """

    messages: Path
    account: Path
    former: Sequence[Path]
    flow: str
    structure: DataStructure
    parents: Mapping[str, Mapping[str, str]]
    family: Iterable[Whole] = ()

    def read(self, step: int = 1) -> Seen:
        """Return the observations with what stands behind them; counts are multiples of a step."""
        folders = [self.messages, self.account.parent, *(f.parent for f in self.former)]
        with session(folders, threads=1) as engine:
            differing = len(read_shown(engine, self.structure, self.messages).differing)
            cells = [_cell(row, step) for row in _rows(engine, self)]
            return Seen(
                cells, differing, _shown_twice(engine, self.account), self.structure.key, self.parents
            )


@dataclass(frozen=True)
class Seen:
    """The observations of a message with what stands behind them.

    Attributes:
        cells: the observations.
        differing: files that should say everything and have another number of observations than ``data.csv``.
        twice: counts of the family that have two values, wherever they are published.
        key: the dimensions.
        parents: as of the message.
    """

    cells: list[Cell]
    differing: int
    twice: int
    key: Sequence[str]
    parents: Mapping[str, Mapping[str, str]]

    @property
    def summing(self) -> list[int]:
        """The places in the key over which counts add up."""
        return [i for i, dimension in enumerate(self.key) if self.parents.get(dimension)]

    @property
    def above(self) -> list[Mapping[str, str]]:
        """Code → parent of each of these places."""
        return [self.parents[self.key[i]] for i in self.summing]

    @cached_property
    def groups(self) -> list[list[Cell]]:
        """The cells that add up: those that differ in the summing places of their keys alone."""
        summing = self.summing
        found: dict[tuple[str, ...], list[Cell]] = {}
        for cell in self.cells:
            if cell.is_known and cell.minimum is not None:
                apart = tuple(code for i, code in enumerate(cell.codes) if i not in summing)
                found.setdefault(apart, []).append(cell)
        return list(found.values())

    def counted(self) -> dict[str, int]:
        """Return what each audit of changed counts tells of the message, whatever the method."""
        return {
            "cells": len(self.cells),
            "withheld": sum(not cell.is_shown for cell in self.cells),
            "unsteady": sum(cell.is_unsteady for cell in self.cells) + self.twice,
            "unaccounted": sum(cell.is_shown and not cell.is_known for cell in self.cells),
            "differing": self.differing,
        }


@dataclass(frozen=True, kw_only=True)
class ChangedAudit:
    """What an attacker finds in a message with changed counts; for the restricted store only.

    Attributes:
        cells: observations in the message.
        withheld: those without a value.
        attacked: small counts behind shown cells: units, those with the characteristic, and those without.
        within_reach: those that an attacker comes too near to.
        shown: observations with a number that the method never gives, or that is not made of those in the account.
        unsteady: counts that are shown in two ways, here or in a former release.
        unaccounted: observations that are shown and that protection left no account of.
        differing: files that should say everything and have another number of observations than ``data.csv``.
        narrowest: how near he comes to a small count, as the method measures it; None where there is none.
    """

    cells: int
    withheld: int
    attacked: int
    within_reach: int
    shown: int
    unsteady: int
    unaccounted: int
    differing: int
    narrowest: float | None

    def as_facts(self) -> dict[str, Any]:
        """Return the content of ``audit.json``."""
        return {**asdict(self), "share_withheld": round(self.withheld / self.cells, 4) if self.cells else 0.0}

    def require(self, flow: str) -> None:
        """Stop a release of which files differ, or that nobody judged in part.

        Raises:
            ReleaseError: ``MESSAGES_DIFFER``, ``NOT_JUDGED``.
        """
        if self.differing:
            raise ReleaseError(
                "MESSAGES_DIFFER",
                f"{self.differing} files have other observations than data.csv",
                flow,
                "nothing is published; tell who keeps this program",
            )
        if self.unaccounted:
            raise ReleaseError(
                "NOT_JUDGED",
                f"protection has no account of {self.unaccounted} observations that the message shows",
                flow,
                "nothing is published; let the family's protection run again, and tell who keeps this program",
            )


def _rows(engine: Engine, of: Published) -> list[tuple[Any, ...]]:
    """Return of each observation: codes, value, sample size, other numbers, and its line of the account."""
    structure, message = of.structure, of.messages / "data.csv"
    measure = structure.measures[0].id
    beside = [
        c.id
        for c in structure.attributes
        if c.codelist is None
        and c.type in INTEGERS | DECIMALS
        and c.attachment == "observation"
        and c.id not in (*NOT_COMPANIONS, SAMPLE_SIZE)
    ]
    others = " OR ".join(f"{_given(c)} IS NOT NULL" for c in beside) or "FALSE"
    size = _given(SAMPLE_SIZE) if SAMPLE_SIZE in structure.by_id else "NULL"
    codes = ", ".join(name(d) for d in structure.key)
    key = ", ".join(f"{name(d)}: {name(d)}" for d in structure.key)
    parts = " UNION ALL ".join(
        f"SELECT key, n, k, n_key, k_key, n_out, k_out FROM read_parquet({quoted(str(f))}) WHERE flow = {quoted(of.flow)}"
        for f in of.former
    )
    before = (
        parts
        or "SELECT NULL::VARCHAR AS key, 0 AS n, 0 AS k, 0 AS n_key, 0 AS k_key, 0 AS n_out, 0 AS k_out LIMIT 0"
    )
    same_n, same_k = (f"f.{c}_key IS NOT DISTINCT FROM b.{c}_key" for c in "nk")
    return engine.rows(
        f"WITH said AS (SELECT [{codes}] AS codes, {_given(measure)} AS value, {size} AS size, {others} AS others, "
        f"CAST({{{key}}} AS JSON)::VARCHAR AS _key FROM read_csv({quoted(str(message))}, all_varchar = true)), "
        f"behind AS (SELECT * FROM read_parquet({quoted(str(of.account))}) WHERE flow = {quoted(of.flow)}), "
        "former AS (SELECT b.key, "
        f"list(DISTINCT f.n_out) FILTER (WHERE f.n = b.n AND {same_n}) AS n_before, "
        f"list(DISTINCT f.k_out) FILTER (WHERE f.k = b.k AND {same_k}) AS k_before "
        f"FROM behind AS b JOIN ({before}) AS f USING (key) "
        "GROUP BY b.key) "
        "SELECT s.codes, s.value, s.size, s.others, b.key IS NOT NULL, b.minimum, b.made, b.n, b.k, b.n_out, b.k_out, "
        "coalesce(f.n_before, []), coalesce(f.k_before, []), b.scale, b.decimals "
        "FROM said AS s LEFT JOIN behind AS b ON b.key = s._key LEFT JOIN former AS f ON f.key = s._key ORDER BY s._key"
    )


def _given(column: str) -> str:
    return f"CASE WHEN {name(column)} NOT IN ('', 'NaN', '#N/A') THEN {name(column)} END"


def _cell(row: tuple[Any, ...], base: int) -> Cell:
    codes, value, size, others, is_known, minimum, made, n, k, n_out, k_out, n_before, k_before, *form = row
    is_shown = value is not None or size is not None or others
    sound = not others
    # Of a figure without a place for its sample size he is taken to know what others show of it.
    units = int(float(size)) if size is not None else n_out
    having = None
    if value is not None and made in ("share", "k"):
        having = _having(float(value), made == "share", n_out, k_out, *form)
        sound &= having is not None
    elif value is not None and made == "n":
        sound &= float(value) == units
    elif value is not None and made is not None:
        sound &= made == "free"
    if made in ("share", "k", "n"):
        sound &= units is None or units == n_out
        sound &= all(told is None or told % base == 0 for told in (units, having))
    behind = (None if units is None else n, None if having is None else k)
    before = (n_before if units is not None else [], k_before if having is not None else [])
    # The share of everybody stands for every count of as many and more: the counts behind are compared, not what it tells.
    unsteady = any(count != n_out for count in before[0]) or any(count != k_out for count in before[1])
    return Cell(
        tuple(codes), bool(is_shown), None if made == "free" else minimum, behind, (units, having), before,
        bool(sound) or made == "free", bool(is_known), unsteady,
    )  # fmt: skip


def _having(
    shown: float, is_share: bool, units: int | None, having: int | None, scale: float, decimals: int
) -> int | None:
    """Return the count of the account that a number is made of; None where it is made of another.

    The number is not turned back into a count: with its decimals it stands for several ones where there are many units.
    """
    if having is None or (is_share and not units):
        return None
    counted = min(having, units) if is_share and units else having
    expected = scale * counted / (units if is_share and units else 1)
    slack = 0.5 * 10.0**-decimals + 1e-9 * max(1.0, abs(expected))
    return counted if abs(shown - expected) <= slack else None


def _shown_twice(engine: Engine, account: Path) -> int:
    """Return how many counts of the family have two values, wherever they are published."""
    return int(
        engine.value(
            "SELECT count(*) FROM (SELECT figure, categories FROM "
            f"read_parquet({quoted(str(account))}) GROUP BY figure, categories HAVING count(DISTINCT k_out) > 1)"
        )
    )
