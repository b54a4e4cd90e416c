"""What an attacker has of one figure: the published example of SSBtools, and code lists that overlap."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from citizenstats.protect.audit.figure import Cell, Figure, Was
from citizenstats.protect.audit.table import sums_of
from citizenstats.protect.audit.words import Ladder

REGIONS = "ABCDEFGH"
Z1 = {
    "annet": (11, 7, 5, 13, 9, 12, 6, 9),
    "arbeid": (11, 1, 8, 2, 14, 9, 4, 3),
    "soshjelp": (55, 29, 35, 17, 63, 24, 22, 38),
    "trygd": (36, 18, 25, 13, 52, 22, 8, 15),
}
"""Table z1 of SSBtools (Statistics Norway, MIT): main income by region."""

LADDERS = [
    Ladder("r", {f"r={r}": None for r in REGIONS}, {f"r={r}": frozenset({r}) for r in REGIONS}),
    Ladder("t", {f"t={t}": None for t in Z1}, {f"t={t}": frozenset({t}) for t in Z1}),
]
OPTIMUM = {("arbeid", "B"), ("arbeid", "D"), ("arbeid", "H"), ("annet", "B"), ("annet", "D"), ("annet", "H")}
PLAIN = {
    ("arbeid", "B"), ("arbeid", "D"), ("arbeid", "G"), ("arbeid", "H"),
    ("annet", "B"), ("annet", "H"), ("trygd", "D"), ("trygd", "G"),
}  # fmt: skip


def _figure(hidden: Collection[tuple[str, str]], minimum: int = 4, units: bool = True) -> Figure:
    counted: dict[tuple[str, ...], int] = {}
    for income, counts in Z1.items():
        for region, n in zip(REGIONS, counts, strict=True):
            for of in ((f"r={region}", f"t={income}"), (f"r={region}",), (f"t={income}",), ()):
                counted[of] = counted.get(of, 0) + n
    away = {(f"r={r}", f"t={t}") for t, r in hidden}
    cells = [
        Cell(
            of,
            {"n": n if units else None, "k": n, "m": None, "o": None},
            minimum,
            True,
            of not in away,
            None,
            None,
        )
        for of, n in sorted(counted.items())
    ]
    return Figure(cells, [])


def test_all_45_cells_and_14_sums_are_there() -> None:
    figure = _figure(OPTIMUM)
    assert len(figure.cells) == 45
    assert len(sums_of([cell.categories for cell in figure.cells], LADDERS)) == 14


def test_small_cells_alone_are_told_exactly() -> None:
    small = {(t, r) for t, counts in Z1.items() for r, n in zip(REGIONS, counts, strict=True) if n < 4}
    found = _figure(small).attacked(LADDERS)
    assert found.within_reach == found.attacked > 0
    assert found.narrowest == pytest.approx(0)


def test_the_optimum_holds_against_outsiders_and_insiders() -> None:
    found = _figure(OPTIMUM).attacked(LADDERS)
    assert (found.within_reach, found.within_reach_inside) == (0, 0)
    assert found.insiders == 1


def test_whoever_is_alone_in_a_cell_learns_another_exactly_where_outsiders_learn_nothing() -> None:
    """The unit of B arbeid knows that annet B is 7, so that annet H is 9 and arbeid H 3."""
    found = _figure(PLAIN).attacked(LADDERS)
    assert found.within_reach == 0
    assert found.within_reach_inside > 0
    assert found.narrowest_inside == pytest.approx(0)


def test_a_change_by_few_is_had_by_subtraction() -> None:
    """Each cell was shown before and one is withheld now: what its row changed by is what it changed by."""
    now = _figure({("arbeid", "A")})
    was = {
        cell.categories: Was(
            {"n": None, "k": (cell.counts["k"] or 0) - (2 if _holds(cell.categories) else 0), "m": None}, True
        )
        for cell in now.cells
    }
    assert Figure(now.cells, [was]).attacked(LADDERS).within_reach > 0


def _holds(categories: tuple[str, ...]) -> bool:
    return set(categories) <= {"r=A", "t=arbeid"}


def test_a_category_of_one_code_list_is_the_sum_of_those_of_another() -> None:
    fine = Ladder("v", {f"v={c}": None for c in "abcd"}, {f"v={c}": frozenset({c}) for c in "abcd"})
    coarse = Ladder(
        "v", {"v=ab": None, "v=c": None, "v=d": None},
        {"v=ab": frozenset("ab"), "v=c": frozenset("c"), "v=d": frozenset("d")},
    )  # fmt: skip
    cells = [(), ("v=a",), ("v=b",), ("v=c",), ("v=d",), ("v=ab",)]
    assert set(sums_of(cells, [fine, coarse])) == {(0, (1, 2, 3, 4)), (0, (3, 4, 5)), (5, (1, 2))}


def test_categories_that_overlap_add_up_to_nothing() -> None:
    one = Ladder("v", {"v=ab": None, "v=bc": None}, {"v=ab": frozenset("ab"), "v=bc": frozenset("bc")})
    other = Ladder("v", {"v=abc": None}, {"v=abc": frozenset("abc")})
    cells = [("v=abc",), ("v=ab",), ("v=bc",)]
    assert sums_of(cells, [one, other]) == []
