"""The domains of an estimate: every combination of categories of every breakdown, as SQL over its dimensions.

What belongs here: how a row of a step tells its domain, and how two steps are brought together on it. A category that is not
known is NULL, and a total has a flag, so that both stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citizenstats.engine import name


def inside(component: str) -> str:
    """Return the column of a component's code; under its own name it could be one that a step adds, as PERIOD or SE."""
    return name(f"in_{component}")


def totalled(dimension: str) -> str:
    """Return the column that tells whether a row totals a dimension."""
    return name(f"all_{dimension}")


@dataclass(frozen=True)
class Domains:
    """The domains of an estimate.

    Attributes:
        fixed: dimensions that every domain tells.
        breakdowns: dimensions that a domain tells or totals.
        margins: the breakdowns of each grouping set.
    """

    fixed: Sequence[str]
    breakdowns: Sequence[str]
    margins: Sequence[Sequence[str]]

    @property
    def finest(self) -> list[str]:
        """The columns of the finest cells."""
        return [inside(d) for d in (*self.fixed, *self.breakdowns)]

    @property
    def columns(self) -> list[str]:
        """The columns that tell a domain: all dimensions, and the flags that one is totalled."""
        return [*self.finest, *(totalled(d) for d in self.breakdowns)]

    @property
    def told(self) -> list[str]:
        """The breakdowns that any margin tells; over the others every domain is a total."""
        return [d for d in self.breakdowns if any(d in margin for margin in self.margins)]

    @property
    def marked(self) -> list[str]:
        """The select list of `columns` over grouping sets."""
        told = self.told
        return [
            *(inside(d) for d in (*self.fixed, *told)),
            *(f"NULL::VARCHAR AS {inside(d)}" for d in self.breakdowns if d not in told),
            *(
                f"{f'GROUPING({inside(d)}) = 1' if d in told else 'TRUE'} AS {totalled(d)}"
                for d in self.breakdowns
            ),
        ]

    def sets(self, *further: str) -> str:
        """Return the grouping sets, each with further columns."""
        each = (", ".join([*map(inside, (*self.fixed, *margin)), *further]) for margin in self.margins)
        return ", ".join(f"({columns})" for columns in each)

    def without(self, breakdown: str) -> list[str]:
        """Return the columns that tell a domain apart from one breakdown."""
        return [c for c in self.columns if c not in (inside(breakdown), totalled(breakdown))]

    def same(self, one: str, other: str, *, but: str | None = None) -> str:
        """Return the condition that two steps' rows are of the same domain, apart from one breakdown."""
        columns = self.columns if but is None else self.without(but)
        return " AND ".join(f"{one}.{c} IS NOT DISTINCT FROM {other}.{c}" for c in columns) or "TRUE"

    def lies_in(self, cell: str, domain: str, margin: Sequence[str]) -> str:
        """Return the condition that a finest cell lies in a domain of a margin."""
        conditions = [
            f"{cell}.{inside(d)} IS NOT DISTINCT FROM {domain}.{inside(d)}" for d in (*self.fixed, *margin)
        ]
        flags = {d: f"{domain}.{totalled(d)}" for d in self.breakdowns}
        conditions += [f"NOT {flag}" if d in margin else flag for d, flag in flags.items()]
        return " AND ".join(conditions) or "TRUE"

    def chosen(self, by_margin: Sequence[str]) -> str:
        """Return SQL over grouping sets that takes of one text a margin the one of the row's."""
        told = self.told
        if not told:
            return by_margin[0]
        place = f"GROUPING({', '.join(map(inside, told))})"
        cases = []
        for margin, text in zip(self.margins, by_margin, strict=True):
            bits = [d not in margin for d in told]
            cases.append(f"WHEN {sum(bit << at for at, bit in enumerate(reversed(bits)))} THEN {text}")
        return f"CASE {place} {' '.join(cases)} END"
