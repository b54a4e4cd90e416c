"""The breakdown of a cell: which dimensions, and which levels of them, are not at their total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citizenstats.engine import name, quoted
from citizenstats.sdmx.model import DataStructure, ItemScheme, Structures


@dataclass(frozen=True)
class Variables:
    """The dimensions of a dataset's figures that break down a total.

    Attributes:
        totals: dimension → code of its total, in order of importance.
        levels: dimension → code → depth under the total, for codes deeper than one level.
    """

    totals: Mapping[str, str]
    levels: Mapping[str, Mapping[str, int]]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables: a dimension, or ``DIMENSION/2`` for its second level, in order."""
        return tuple(
            dimension if level == 1 else f"{dimension}/{level}"
            for dimension in self.totals
            for level in range(1, self._depth(dimension) + 1)
        )

    def mask(self) -> str:
        """Return SQL that gives a cell's breakdown as bits, the first variable in the lowest."""
        parts, bit = ["0"], 0
        for dimension, total in self.totals.items():
            deeper = self.levels.get(dimension, {})
            cases = "".join(
                f" WHEN {quoted(code)} THEN {((1 << depth) - 1) << bit}" for code, depth in deeper.items()
            )
            parts.append(f"CASE {name(dimension)} WHEN {quoted(total)} THEN 0{cases} ELSE {1 << bit} END")
            bit += self._depth(dimension)
        return " + ".join(parts)

    def mask_of(self, dimension: str) -> int:
        """Return the bits that belong to a dimension."""
        mine = [n for n in range(len(self.names)) if self.names[n].partition("/")[0] == dimension]
        return sum(1 << position for position in mine)

    def breakdown(self, mask: int) -> frozenset[str]:
        """Return the variables whose bits are set."""
        return frozenset(variable for position, variable in enumerate(self.names) if mask >> position & 1)

    def _depth(self, dimension: str) -> int:
        return max(self.levels.get(dimension, {}).values(), default=1)


def of_estimate(totals: Mapping[str, str], structure: DataStructure, structures: Structures) -> Variables:
    """Return the variables of figures that are estimated with these totals."""
    return Variables(totals, {d: _levels(d, total, structure, structures) for d, total in totals.items()})


def of_compiled(structure: DataStructure, structures: Structures) -> Variables:
    """Return the variables of compiled figures: every dimension whose code list has a total.

    The total is `_T` where the list has it, else the only code that has children but no parent.
    """
    totals = {}
    for dimension in structure.dimensions:
        if dimension.codelist is not None:
            total = _total(structures.scheme(dimension.codelist))
            if total is not None:
                totals[dimension.id] = total
    return of_estimate(totals, structure, structures)


def _total(codes: ItemScheme) -> str | None:
    if "_T" in codes.by_id:
        return "_T"
    parents = {item.parent for item in codes.items}
    roots = [item.id for item in codes.items if item.parent is None and item.id in parents]
    return roots[0] if len(roots) == 1 else None


def _levels(dimension: str, total: str, structure: DataStructure, structures: Structures) -> dict[str, int]:
    """Return the depth under the total of codes that lie deeper than one level."""
    codelist = structure.by_id[dimension].codelist
    if codelist is None:
        return {}
    codes = structures.scheme(codelist).by_id
    depths = {}
    for code in codes:
        depth = 0
        at: str | None = code
        while at is not None and at != total and depth <= len(codes):
            depth, at = depth + 1, codes[at].parent if at in codes else None
        if depth > 1:
            depths[code] = depth
    return depths
