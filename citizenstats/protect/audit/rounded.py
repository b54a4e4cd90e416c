"""The verdict on a message whose counts are rounded: what an attacker knows of each small count behind it.

He knows the base, that each count lies within one base of what is shown, that counts are not negative, every sum, and what
former releases showed of counts that have not changed. He does not know what was drawn. By linear programs he finds the least
and the greatest count that agree with all this; where fewer whole numbers lie between them than the minimum, the release is
stopped. So it is where a sum does not hold, where a number is not made of multiples of the base, or where one count is
rounded in two ways: two roundings beside each other tell more than one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.protect.audit.additive import Sum, Worlds, nearest, sums_of
from citizenstats.protect.audit.shown import read_shown
from citizenstats.protect.audit.together import Whole
from citizenstats.sdmx.model import DataStructure
from citizenstats.validation.confidential import NOT_COMPANIONS

SAMPLE_SIZE = "SAMPLE_SIZE"


@dataclass(frozen=True)
class RoundedAudit:
    """What an attacker finds in a message with rounded counts; for the restricted store only.

    Attributes:
        cells: observations in the message.
        withheld: those without a value.
        attacked: small counts behind shown cells: units, those with the characteristic, and those without.
        within_reach: those for which fewer counts are possible than the minimum.
        shown: observations with a number that is not made of rounded counts, or not of those in the account.
        torn: sums that hold for the true counts and not for the shown ones.
        unsteady: counts that are shown in two ways, here or in a former release.
        unaccounted: observations that are shown and that protection left no account of.
        differing: files that should say everything and have another number of observations than ``data.csv``.
        narrowest: the fewest counts that are possible behind a small one; None where there is none.
    """

    cells: int
    withheld: int
    attacked: int
    within_reach: int
    shown: int
    torn: int
    unsteady: int
    unaccounted: int
    differing: int
    narrowest: float | None

    def as_facts(self) -> dict[str, Any]:
        """Return the content of ``audit.json``."""
        return {**asdict(self), "share_withheld": round(self.withheld / self.cells, 4) if self.cells else 0.0}

    def require(self, flow: str) -> None:
        """Stop a release of which somebody could learn a small count, or that nobody judged in part.

        Raises:
            ReleaseError: ``MESSAGES_DIFFER``, ``NOT_JUDGED``, ``DISCLOSIVE``.
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
        if self.within_reach or self.shown or self.torn or self.unsteady:
            raise ReleaseError(
                "DISCLOSIVE",
                f"{self.within_reach} small counts are within reach, {self.shown} figures are not made of rounded counts, "
                f"{self.torn} sums do not hold, {self.unsteady} counts are rounded in two ways",
                flow,
                "nothing is published; the account beside the protected state says which",
            )


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


def audit_rounded(
    messages: Path,
    account: Path,
    former: Sequence[Path],
    flow: str,
    structure: DataStructure,
    parents: Mapping[str, Mapping[str, str]],
    base: int,
    family: Iterable[Whole] = (),
) -> RoundedAudit:
    """Attack a message with rounded counts, by itself and with the other dataflows of its family.

    Args:
        messages: the folder with all files as they would be published.
        account: what protection says stands behind each key.
        former: the accounts behind former releases.
        flow: ``AGENCY:ID``, as the accounts call it.
        structure: the data structure of the message.
        parents: dimension → code → parent, with the total above all that have none.
        base: what counts are rounded to.
        family: the figures that other dataflows have too.
    """
    with session([messages, account.parent, *(f.parent for f in former)], threads=1) as engine:
        differing = len(read_shown(engine, structure, messages).differing)
        cells = read_cells(engine, messages / "data.csv", account, former, flow, structure, base)
        twice = shown_twice(engine, account)
    summing = [i for i, d in enumerate(structure.key) if parents.get(d)]
    above = [parents[structure.key[i]] for i in summing]
    groups = groups_of(cells, summing)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda group: _attacked(group, summing, above, base), groups))
    possible = [counts for widths, _ in found for counts in widths]
    possible += [counts for whole in family for counts in attacked_together(whole, base)]
    unsteady = sum(c.is_unsteady for c in cells)
    return RoundedAudit(
        cells=len(cells),
        withheld=sum(not c.is_shown for c in cells),
        attacked=len(possible),
        within_reach=sum(counts < minimum - _TINY for counts, minimum in possible),
        shown=sum(c.is_shown and not c.is_sound for c in cells),
        torn=sum(torn for _, torn in found),
        unsteady=unsteady + twice,
        unaccounted=sum(c.is_shown and not c.is_known for c in cells),
        differing=differing,
        narrowest=min((counts for counts, _ in possible), default=None),
    )


def read_cells(
    engine: Engine,
    message: Path,
    account: Path,
    former: Sequence[Path],
    flow: str,
    structure: DataStructure,
    step: int,
) -> list[Cell]:
    """Return the observations of a message with what stands behind; counts are multiples of a step."""
    return [_cell(row, step) for row in _rows(engine, message, account, former, flow, structure)]


def groups_of(cells: Sequence[Cell], summing: Sequence[int]) -> list[list[Cell]]:
    """Return the cells that add up, in groups: those that differ in the summing places of their keys alone."""
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        if cell.is_known and cell.minimum is not None:
            apart = tuple(code for i, code in enumerate(cell.codes) if i not in summing)
            groups.setdefault(apart, []).append(cell)
    return list(groups.values())


def _rows(
    engine: Engine, message: Path, account: Path, former: Sequence[Path], flow: str, structure: DataStructure
) -> list[tuple[Any, ...]]:
    """Return of each observation: codes, value, sample size, other numbers, and its line of the account."""
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
        f"SELECT key, n, k, n_key, k_key, n_out, k_out FROM read_parquet({quoted(str(f))}) WHERE flow = {quoted(flow)}"
        for f in former
    )
    before = (
        parts
        or "SELECT NULL::VARCHAR AS key, 0 AS n, 0 AS k, 0 AS n_key, 0 AS k_key, 0 AS n_out, 0 AS k_out LIMIT 0"
    )
    same_n, same_k = (f"f.{c}_key IS NOT DISTINCT FROM b.{c}_key" for c in "nk")
    return engine.rows(
        f"WITH said AS (SELECT [{codes}] AS codes, {_given(measure)} AS value, {size} AS size, {others} AS others, "
        f"CAST({{{key}}} AS JSON)::VARCHAR AS _key FROM read_csv({quoted(str(message))}, all_varchar = true)), "
        f"behind AS (SELECT * FROM read_parquet({quoted(str(account))}) WHERE flow = {quoted(flow)}), "
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


def shown_twice(engine: Engine, account: Path) -> int:
    """Return how many counts of the family have two values, wherever they are published."""
    return int(
        engine.value(
            "SELECT count(*) FROM (SELECT figure, categories FROM "
            f"read_parquet({quoted(str(account))}) GROUP BY figure, categories HAVING count(DISTINCT k_out) > 1)"
        )
    )


def attacked_together(whole: Whole, base: int) -> list[tuple[float, float]]:
    """Return how many counts are possible behind each small one of a figure of several dataflows, with the minimum."""
    world, cells = _World(base), whole.cells
    for layer in (0, 1):
        there = {i for i, c in enumerate(cells) if c.told[layer] is not None and c.true[layer] is not None}
        for i in sorted(there):
            world.add((layer, i), cells[i].true[layer], cells[i].told[layer])
        for parent, children in whole.sums:
            if parent in there and there.issuperset(children):
                world.sum((layer, parent), [(layer, child) for child in children])
    for i in range(len(cells)):
        if (0, i) in world.column and (1, i) in world.column:
            world.rest((2, i), (0, i), (1, i))
    few = {
        column: float(cells[i].minimum)
        for (_, i), column in world.column.items()
        if i >= 0 and 0 < world.true[column] < cells[i].minimum
    }
    return world.possible(few) if few else []


def _attacked(
    group: Sequence[Cell], inside: Sequence[int], parents: Sequence[Mapping[str, str]], base: int
) -> tuple[list[tuple[float, float]], int]:
    """Return how many counts are possible behind each small one, with the minimum; and the sums that do not hold."""
    places = {tuple(cell.codes[i] for i in inside): position for position, cell in enumerate(group)}
    present = [{codes[i] for codes in places} for i in range(len(inside))]
    sums = sums_of(places, [nearest(above, there) for above, there in zip(parents, present, strict=True)])
    world = _World(base)
    torn = 0
    for layer in (0, 1):
        there = {i: c for i, c in enumerate(group) if c.told[layer] is not None and c.true[layer] is not None}
        for i, cell in there.items():
            world.add((layer, i), cell.true[layer], cell.told[layer], cell.before[layer])
        for parent, children in sums:
            if parent in there and all(child in there for child in children):
                torn += world.sum((layer, parent), [(layer, child) for child in children])
    for i in range(len(group)):
        if (0, i) in world.column and (1, i) in world.column:
            world.rest((2, i), (0, i), (1, i))
    few = {
        column: float(cell.minimum)
        for (_, i), column in world.column.items()
        if i >= 0 and (cell := group[i]).minimum is not None and 0 < world.true[column] < cell.minimum
    }
    if not few:
        return [], torn
    return world.possible(few), torn


class _World:
    """All counts that an attacker does not know, with what he knows of each."""

    def __init__(self, base: int) -> None:
        self.column: dict[tuple[int, int], int] = {}
        self.true: list[float] = []
        self._told: list[float | None] = []
        self._before: list[Sequence[int]] = []
        self._sums: list[Sum] = []
        self._reach = base - 1

    def add(self, at: tuple[int, int], true: Any, told: Any, before: Sequence[int] = ()) -> int:
        self.column[at] = len(self.true)
        self.true.append(float(true))
        self._told.append(told)
        self._before.append(before)
        if told is not None:
            # Where cells had to go further than to the nearest two multiples, he is taken to know it.
            self._reach = max(self._reach, int(abs(true - told)))
        return self.column[at]

    def sum(self, parent: tuple[int, int], children: Sequence[tuple[int, int]]) -> bool:
        """Take note that children add up to their parent, with a rest where they hold less; return whether it is torn."""
        whole, parts = self.column[parent], [self.column[child] for child in children]
        rest = self.true[whole] - sum(self.true[part] for part in parts)
        if rest < 0:
            return False
        left = (self._told[whole] or 0) - sum(self._told[part] or 0 for part in parts)
        if rest > 0:
            parts.append(self.add((3, -1 - len(self.true)), rest, max(left, 0)))
        self._sums.append((whole, tuple(parts)))
        return left != 0 if rest == 0 else left < 0

    def rest(self, at: tuple[int, int], whole: tuple[int, int], part: tuple[int, int]) -> None:
        """Take note of those without a characteristic, of whom nothing is told by itself."""
        units, having = self.column[whole], self.column[part]
        lacking = self.add(at, self.true[units] - self.true[having], None)
        self._sums.append((units, (having, lacking)))

    def possible(self, few: Mapping[int, float]) -> list[tuple[float, float]]:
        """Return of the columns how many whole counts agree with all that is known, and how many are asked."""
        low, high = np.zeros(len(self.true)), np.full(len(self.true), np.inf)
        for i, (told, before) in enumerate(zip(self._told, self._before, strict=True)):
            for value in () if told is None else (told, *before):
                low[i] = max(low[i], value - self._reach)
                high[i] = min(high[i], value + self._reach)
        low, high = np.minimum(low, self.true), np.maximum(high, self.true)
        worlds = Worlds(self.true, (low, high), self._sums)
        widths = worlds.widths(list(few), [asked - 1 for asked in few.values()])
        return [(width + 1, asked) for width, asked in zip(widths, few.values(), strict=True)]


_TINY = 1e-6
"""Counts are whole; what is smaller than this is no difference."""
