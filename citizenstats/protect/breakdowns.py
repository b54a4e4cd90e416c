"""Which breakdowns of one figure may be shown together, so that what is withheld stays out of reach.

A breakdown is the set of dimensions that are not at their total. Showing it shows a margin of the full table. Withholding
whole breakdowns is not enough: with all three two-way margins of a 2 × 2 × 2 table shown, one degree of freedom is left, and
a hidden cell can be pinned down although every shown cell is large.

So the breakdowns shown form a family that is closed downwards (a total of a shown table is shown) and
*decomposable*: its largest members can be put in an order in which each meets those before it inside one of them (the
running intersection property). For such margins the bounds that an attacker can reach are known in closed form and are
sharp (Dobra and Fienberg, PNAS 97 (2000) 11885–11892): a hidden cell lies between max(0, Σ cliques − Σ separators) and the
smallest clique cell over it. Every step of that formula is a two-way table whose margins are shown; where each margin is
0 or at least m, and so is its complement, that interval is at least m wide or the cell is one that is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

Breakdown = frozenset[str]


def shown(
    candidates: Iterable[Breakdown], unsafe: Collection[Breakdown], order: Sequence[str] = ()
) -> frozenset[Breakdown]:
    """Return the breakdowns to show.

    Fine before coarse, then by the order of the dimensions, so that the same input gives the same answer: a breakdown is
    taken as a largest member when the family stays decomposable with it.

    Args:
        candidates: all breakdowns of the figure.
        unsafe: those with a cell that may not be shown.
        order: the dimensions, the most important first; others follow by name.

    Returns:
        A family, closed downwards within the candidates, without an unsafe member, decomposable.
    """
    everything = set(candidates)
    rank = {dimension: position for position, dimension in enumerate(order)}
    safe = [b for b in everything if not any(inner <= b for inner in unsafe)]
    safe.sort(key=lambda b: (-len(b), sorted((rank.get(d, len(rank)), d) for d in b)))
    largest: list[Breakdown] = []
    for breakdown in safe:
        if not any(breakdown <= member for member in largest) and is_decomposable([*largest, breakdown]):
            largest.append(breakdown)
    return frozenset(b for b in everything if any(b <= member for member in largest))


def is_decomposable(largest: Collection[Breakdown]) -> bool:
    """Return whether breakdowns, none inside another, have the running intersection property.

    Graham's reduction (Beeri, Fagin, Maier, Yannakakis, JACM 30 (1983)): drop dimensions that stand in one member only, and
    members inside another one, until nothing moves; the family is decomposable when nothing is left.
    """
    members = [set(b) for b in largest]
    moved = True
    while moved and len(members) > 1:
        moved = False
        for member in members:
            alone = {d for d in member if sum(d in other for other in members) == 1}
            if alone:
                member -= alone
                moved = True
        for i, member in enumerate(members):
            if any(member <= other for j, other in enumerate(members) if j != i):
                del members[i]
                moved = True
                break
    return len(members) <= 1
