"""What makes one cell unsafe by itself, as SQL over the frame of observations.

Handbook on Statistical Disclosure Control, 4.2 (frequency tables) and 4.3 (magnitudes): a cell with fewer contributors than
the minimum is unsafe; for a share this holds on both sides, for those with the characteristic and for those without; of a mean,
a total or a ratio, those who contribute something are counted, and where a contract asks for it one unit may not dominate the
sum, nor be told nearly by the second largest; of a quantile, those on either side of it. Zeros are shown. Where the question is
sensitive, a group in which everybody has the characteristic, or the same value, is unsafe too, however large: the figure then
tells it of each member (5.4 there).
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.contracts.model import Protection
from citizenstats.engine import name

OTHER_SIDE = ("proportion", "given")
"""Kinds of figures that tell those with a characteristic from those without; compiled ones may."""


def other_side() -> str:
    """Return SQL of the units without the characteristic; NULL for what has no other side."""
    kinds = ", ".join(f"'{kind}'" for kind in OTHER_SIDE)
    return f"CASE WHEN _kind IN ({kinds}) THEN _n - _k END"


def one_sided() -> str:
    """Return the SQL condition that a quantile is nearly the least or greatest value of its group.

    Its position is that of somebody's value: as few lie at or below it, or at or above it, as would be unsafe in a cell
    (ESSnet, Guidelines for the checking of output based on microdata research, 2010, on percentiles).
    """
    return (
        "coalesce(_kind = 'quantile' AND _minimum IS NOT NULL AND _n >= _minimum AND _side < _minimum, FALSE)"
    )


def _needed(value: str, protection: Protection) -> list[str]:
    """Return SQL of how far above its value a sum would have to be possible, by each rule that the contract asks for.

    Handbook, 4.3.2: by p % the second largest, who takes his own part off, may not come within p % of the largest; by
    dominance the sum would have to be so great that the largest hold no more than their share. Contributions of both signs
    only make the sum look smaller, and the rules stricter.
    """
    found = []
    if protection.p_percent is not None:
        found.append(f"{protection.p_percent / 100!r} * _x1 - (abs({value}) - _x1 - coalesce(_x2, 0))")
    if protection.dominance is not None:
        largest = "_x1" if protection.dominance.units == 1 else "(_x1 + coalesce(_x2, 0))"
        found.append(f"{largest} / {protection.dominance.share!r} - abs({value})")
    return found


def dominated(value: str, protection: Protection) -> str:
    """Return the SQL condition, over the frame, that single units stand out in a sum by the rules of a contract.

    Args:
        value: SQL of the figure.
        protection: the contract's rules.
    """
    broken = " OR ".join(f"{needed} > 1e-9 * abs({value})" for needed in _needed(value, protection))
    return f"(_x1 > 0 AND ({broken}))" if broken else "FALSE"


def wanted(value: str, protection: Protection) -> str:
    """Return SQL of how far a total must be possible above and below its value where it is unsafe; NULL of other figures."""
    parts = ", ".join(["0.1 * abs(" + value + ")", *_needed(value, protection)])
    return f"CASE WHEN _kind = 'total' THEN greatest({parts}) END"


def beyond_counts_sql(*, sensitive: str = "FALSE", dominated: str = "FALSE") -> str:
    """Return the SQL condition that a cell is unsafe for another reason than that few units stand behind it.

    Args:
        sensitive: SQL condition that the figure is about something sensitive.
        dominated: SQL condition that single units stand out in it.
    """
    return (
        "coalesce("
        f"(({sensitive}) AND _n > 0 AND {other_side()} = 0) OR {one_sided()} "
        f"OR (({sensitive}) AND _kind = 'quantile' AND _side = _n) OR {dominated}, FALSE)"
    )


def unsafe_sql(measures: Sequence[str], *, sensitive: str = "FALSE", dominated: str = "FALSE") -> str:
    """Return the SQL condition, over the frame of observations, that a cell may not be shown.

    It fails closed: a value whose number of units nobody told is unsafe unless the rule is waived.

    Args:
        measures: ids of the measures.
        sensitive: SQL condition that the figure is about something sensitive.
        dominated: SQL condition that single units stand out in it.
    """
    beyond = beyond_counts_sql(sensitive=sensitive, dominated=dominated)
    valued = " OR ".join(f"{name(m)} IS NOT NULL" for m in measures) or "FALSE"
    other = other_side()
    return (
        "_minimum IS NOT NULL AND coalesce("
        f"(_n IS NULL AND ({valued})) "
        "OR (_n > 0 AND _n < _minimum) "
        "OR (_k > 0 AND _k < _minimum) "
        f"OR ({other} > 0 AND {other} < _minimum) "
        f"OR {beyond} "
        f"OR (coalesce(_n, 0) <= 0 AND _kind IS DISTINCT FROM 'count' AND ({valued})), FALSE)"
    )
