"""All dataflows of a family with changed counts as one table: what their sums tell together.

A dataflow by region and age and another by region and sex have the regions in common: what is summed in one is summed in the
other. Keys are told in words (`words.py`), so that the same people under two code lists are one cell. What belongs here: the
cells of the family and their sums. What does not: what is known of a count, which the audits of both methods say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from citizenstats.engine import quoted, session
from citizenstats.protect.audit.attack import Sum
from citizenstats.protect.audit.family import ALTERED, Family
from citizenstats.protect.audit.table import Categories, sums_of


@dataclass(frozen=True)
class Known:
    """The counts behind a cell of the family, and what is shown of them; None where there is none.

    Attributes:
        categories: of the cell.
        true: units, and those with the characteristic.
        told: the same as they are shown.
        minimum: fewest units.
    """

    categories: Categories
    true: tuple[int | None, int | None]
    told: tuple[int | None, int | None]
    minimum: int


@dataclass(frozen=True)
class Whole:
    """One figure in all dataflows."""

    cells: Sequence[Known]
    sums: Sequence[Sum]


def whole_figures(family: Family) -> Iterator[Whole]:
    """Yield the figures of a family that stand in more than one dataflow; a figure of one is attacked with its message."""
    words = family.words()
    account = f"read_parquet({quoted(str(family.folder / ALTERED))})"
    told = " UNION ALL ".join(
        f"SELECT {w.figure} AS figure, {w.categories} AS categories, _flow AS flow, _n AS n, _k AS k, _n_out AS n_out, "
        f"_k_out AS k_out, _minimum AS minimum FROM {family.keys_of(w, account)} WHERE _made <> 'free' AND _minimum IS NOT NULL"
        for w in words
    )
    with session([family.folder], threads=1, scratch=family.house.store.scratch) as engine:
        rows = engine.rows(
            "SELECT figure, categories, max(n), max(k), max(n_out), max(k_out), max(minimum) FROM "
            f"(SELECT *, count(DISTINCT flow) OVER (PARTITION BY figure) AS flows FROM ({told})) WHERE flows > 1 "
            "GROUP BY figure, categories ORDER BY figure, categories"
        )
    ladders = [ladder for w in words for ladder in w.ladders]
    for figure in dict.fromkeys(row[0] for row in rows):
        cells = [
            Known(tuple(of[1]), (of[2], of[3]), (of[4], of[5]), int(of[6])) for of in rows if of[0] == figure
        ]
        variables = {category.partition("=")[0] for cell in cells for category in cell.categories}
        adding = [ladder for ladder in ladders if ladder.variable in variables]
        yield Whole(cells, sums_of([cell.categories for cell in cells], adding))
