"""What makes one cell unsafe by itself, as SQL over the frame of observations.

Handbook on Statistical Disclosure Control, 4.2 (frequency tables) and 4.3 (magnitudes): a cell with fewer contributors than
the minimum is unsafe; for a share this holds on both sides, for those with the characteristic and for those without; of a mean,
a total or a ratio, those who contribute something are counted. Zeros are shown. Where the question is sensitive, a group in
which everybody has the characteristic is unsafe too, however large: the figure then tells it of each member (5.4 there).
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.engine import name

OTHER_SIDE = ("proportion", "given")
"""Kinds of figures that tell those with a characteristic from those without; compiled ones may."""


def other_side() -> str:
    """Return SQL of the units without the characteristic; NULL for what has no other side."""
    kinds = ", ".join(f"'{kind}'" for kind in OTHER_SIDE)
    return f"CASE WHEN _kind IN ({kinds}) THEN _n - _k END"


def unsafe_sql(measures: Sequence[str], *, sensitive: str = "FALSE") -> str:
    """Return the SQL condition, over the frame of observations, that a cell may not be shown.

    It fails closed: a value whose number of units nobody told is unsafe unless the rule is waived.

    Args:
        measures: ids of the measures.
        sensitive: SQL condition that the figure is about something sensitive.
    """
    valued = " OR ".join(f"{name(m)} IS NOT NULL" for m in measures) or "FALSE"
    other = other_side()
    return (
        "_minimum IS NOT NULL AND coalesce("
        f"(_n IS NULL AND ({valued})) "
        "OR (_n > 0 AND _n < _minimum) "
        "OR (_k > 0 AND _k < _minimum) "
        f"OR ({other} > 0 AND {other} < _minimum) "
        f"OR (({sensitive}) AND _n > 0 AND {other} = 0) "
        f"OR (coalesce(_n, 0) <= 0 AND _kind <> 'count' AND ({valued})), FALSE)"
    )
