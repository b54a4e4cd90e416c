"""What makes one cell unsafe: the minimum frequency rule on unweighted counts.

Handbook on Statistical Disclosure Control, 4.2 (frequency tables): a cell with fewer contributors than the minimum is unsafe;
for a share this holds on both sides, for those with the characteristic and for those without; of a mean, a total or a
ratio, those who contribute something are counted. Zeros are shown for now.
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.engine import name


def unsafe_sql(measures: Sequence[str]) -> str:
    """Return the SQL condition, over the frame of observations, that a cell may not be shown.

    It fails closed: a value whose number of units nobody told is unsafe unless the rule is waived.

    Args:
        measures: ids of the measures.
    """
    valued = " OR ".join(f"{name(m)} IS NOT NULL" for m in measures) or "FALSE"
    return (
        "_minimum IS NOT NULL AND coalesce("
        f"(_n IS NULL AND ({valued})) "
        "OR (_n > 0 AND _n < _minimum) "
        "OR (_k > 0 AND _k < _minimum) "
        "OR (_kind NOT IN ('count', 'mean', 'total', 'ratio') AND _n - _k > 0 AND _n - _k < _minimum) "
        f"OR (coalesce(_n, 0) <= 0 AND _kind <> 'count' AND ({valued})), FALSE)"
    )
