"""The verdict on the message of one dataflow, as it would go out, and its restricted report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.house import House
from citizenstats.protect.audit.attack import Attacker, Sum, sums_of
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.validation.confidential import NOT_COMPANIONS

JUDGED = "judged.parquet"
"""The account that protection leaves of the counts behind each key; only its form is shared."""
COUNTS = ("n", "k", "m")
"""Units, those with the characteristic, and those without."""


@dataclass(frozen=True)
class Audit:
    """What an attacker finds in a message; for the restricted store only.

    Attributes:
        cells: observations in the message.
        withheld: those without a value.
        attacked: small counts behind withheld cells, each attacked as units, numerator and rest.
        within_reach: those whose interval is narrower than the minimum.
        shown: small counts that are shown as they are.
        unaccounted: observations that are shown and that protection left no account of, so that nobody can say what stands
            behind them. Combinations that were added to be empty have none either, and show nothing.
        narrowest: the narrowest interval that was found, in units; None where nothing was attacked.
    """

    cells: int
    withheld: int
    attacked: int
    within_reach: int
    shown: int
    unaccounted: int
    narrowest: float | None

    def as_facts(self) -> dict[str, Any]:
        """Return the content of ``audit.json``."""
        return {**asdict(self), "share_withheld": round(self.withheld / self.cells, 4) if self.cells else 0.0}

    def require(self, flow: str) -> None:
        """Stop a release in which a small count is shown or within reach, or that nobody judged in part.

        Raises:
            ReleaseError: ``NOT_JUDGED``, ``DISCLOSIVE``.
        """
        if self.unaccounted:
            raise ReleaseError(
                "NOT_JUDGED",
                f"protection has no account of {self.unaccounted} observations that the message shows",
                flow,
                "nothing is published; let the family's protection run again, and tell who keeps this program",
            )
        if self.shown or self.within_reach:
            raise ReleaseError(
                "DISCLOSIVE",
                f"{self.shown} small counts are shown and {self.within_reach} are within reach of subtraction",
                flow,
                "nothing is published; the account beside the protected state says which",
            )


def audit_message(house: House, flow: str, state: str, message: Path) -> Audit:
    """Attack a message of the dataflow ``AGENCY:ID`` that was made from a protected state of its family.

    Raises:
        ReleaseError: ``NOT_PROTECTED`` when the state's account is not there.
    """
    file = house.mappings.dataflow(flow)
    judged = house.store.protected(file.family) / state / JUDGED
    if not judged.exists():
        raise ReleaseError(
            "NOT_PROTECTED",
            "the account of what was withheld is gone, so the message cannot be audited",
            flow,
            f"let protected/{file.family} run again",
        )
    structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    totals: dict[str, str] = {}
    for dataset in file.feeds:
        for target in house.mappings.dataset(dataset).contract.targets:
            if target.dataflow == flow and target.estimate is not None:
                totals |= {d: target.estimate.totals.get(d, "_T") for d in target.estimate.breakdowns}
    return audit(message, judged, flow, structure, parents_in(structures, structure, totals))


def audit(
    message: Path, judged: Path, flow: str, structure: DataStructure, parents: Mapping[str, Mapping[str, str]]
) -> Audit:
    """Attack a message.

    Args:
        message: SDMX-CSV as it would be published.
        judged: the restricted account of the counts behind each key.
        flow: ``AGENCY:ID``, as the account calls it.
        structure: the data structure of the message.
        parents: dimension → code → parent, with the total above all that have none.
    """
    with session([message.parent, judged.parent], threads=1) as engine:
        rows = _cells(engine, message, judged, flow, structure)
    summing = [d for d in structure.key if parents.get(d)]
    apart = [i for i, d in enumerate(structure.key) if d not in summing]
    inside = [i for i, d in enumerate(structure.key) if d in summing]
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[0][i] for i in apart), []).append(row)
    above = [parents[d] for d in summing]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda group: _attacked(group, inside, above), groups.values()))
    widths = [width for widths, _ in found for width, _ in widths]
    return Audit(
        cells=len(rows),
        withheld=sum(1 for row in rows if not row[1]),
        attacked=len(widths),
        within_reach=sum(1 for widths, _ in found for width, asked in widths if width < asked - _TINY),
        shown=sum(shown for _, shown in found),
        unaccounted=sum(1 for row in rows if row[1] and row[-1] is None),
        narrowest=min(widths, default=None),
    )


def parents_in(
    structures: Structures, structure: DataStructure, totals: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return dimension → code → parent for all dimensions with a total: from the code lists, and from declared totals."""
    found = {}
    for dimension in structure.dimensions:
        if dimension.codelist is None:
            continue
        items = structures.scheme(dimension.codelist).items
        above = {item.id: item.parent for item in items if item.parent is not None}
        total = totals.get(dimension.id, "_T" if any(item.id == "_T" for item in items) else None)
        roots = [item.id for item in items if item.parent is None and item.id in above.values()]
        if total is None and len(roots) == 1:
            total = roots[0]
        if total is not None:
            found[dimension.id] = {item.id: above.get(item.id, total) for item in items if item.id != total}
    return found


def _cells(
    engine: Engine, message: Path, judged: Path, flow: str, structure: DataStructure
) -> list[tuple[Any, ...]]:
    """Return of each observation: its key, whether its present state is shown, the counts behind it, and the threshold.

    The threshold is None where protection left no account. What tells something is shown: a value, or a number beside it.
    """
    numbers = [c.id for c in (*structure.measures, *structure.attributes) if _tells(c)]
    shown = " OR ".join(f"coalesce({name(c)}, '') NOT IN ('', 'NaN', '#N/A')" for c in numbers)
    key = ", ".join(f"{name(d)}: {name(d)}" for d in structure.key)
    codes = ", ".join(name(d) for d in structure.key)
    counts = ", ".join(f"coalesce(j.{c}, 0)" for c in COUNTS)
    least = "CASE WHEN j.key IS NOT NULL THEN coalesce(j.minimum, 0) END"
    said = f"SELECT *, CAST({{{key}}} AS JSON)::VARCHAR AS _key FROM read_csv({quoted(str(message))}, all_varchar = true)"
    return engine.rows(
        f"SELECT [{codes}], ({shown}) AND NOT coalesce(j.retained, FALSE), {counts}, {least} FROM ({said}) AS s "
        f"LEFT JOIN (SELECT * FROM read_parquet({quoted(str(judged))}) WHERE flow = {quoted(flow)}) AS j ON j.key = s._key "
        "ORDER BY s._key"
    )


def _tells(component: Component) -> bool:
    """Return whether a component is a number about single observations: a measure, an error, a bound, a count."""
    if component.role == "measure":
        return True
    is_number = component.codelist is None and component.type in INTEGERS | DECIMALS
    return is_number and component.attachment == "observation" and component.id not in NOT_COMPANIONS


def _attacked(
    rows: Sequence[tuple[Any, ...]], inside: Sequence[int], parents: Sequence[Mapping[str, str]]
) -> tuple[list[tuple[float, float]], int]:
    """Return width found and width asked of each small count that is withheld, and how many are shown."""
    minimum = [row[-1] or 0 for row in rows]
    shown = sum(
        1 for row, least in zip(rows, minimum, strict=True) for n in row[2:-1] if row[1] and 0 < n < least
    )
    if all(row[1] or not row[-1] for row in rows):
        return [], shown
    cells = {tuple(row[0][i] for i in inside): position for position, row in enumerate(rows)}
    present = [{codes[i] for codes in cells} for i in range(len(inside))]
    sums = sums_of(cells, [_nearest(above, there) for above, there in zip(parents, present, strict=True)])
    widths = []
    for layer in range(len(COUNTS)):
        values = [float(row[2 + layer]) for row in rows]
        hidden = [i for i, row in enumerate(rows) if not row[1] and values[i] > 0]
        targets = [i for i in hidden if values[i] < minimum[i]]
        if targets:
            whole, every = _with_rests(sums, values)
            attacker = Attacker(whole, [*hidden, *range(len(values), len(whole))], every)
            asked = [float(minimum[cell]) for cell in targets]
            widths += list(zip(attacker.widths(targets, asked), asked, strict=True))
    return widths, shown


def _nearest(above: Mapping[str, str], present: set[str]) -> dict[str, str]:
    """Return code → its nearest ancestor among those present."""
    found = {}
    for code in present:
        at, seen = above.get(code), {code}
        while at is not None and at not in present and at not in seen:
            seen.add(at)
            at = above.get(at)
        if at is not None and at not in seen:
            found[code] = at
    return found


def _with_rests(sums: Sequence[Sum], values: Sequence[float]) -> tuple[list[float], list[Sum]]:
    """Return values and sums with what a parent has and its children have not, as a cell that nobody publishes.

    Where children hold more than their parent they overlap, and the sum says nothing.
    """
    whole: list[float] = list(values)
    every: list[Sum] = []
    for parent, children in sums:
        rest = values[parent] - sum(values[child] for child in children)
        if rest > _TINY:
            whole.append(rest)
            every.append((parent, (*children, len(whole) - 1)))
        elif rest > -_TINY:
            every.append((parent, children))
    return whole, every


_TINY = 1e-6
"""Counts are whole; what is smaller than this is no difference."""
