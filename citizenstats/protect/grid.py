"""The whole grid of a withheld breakdown, so that no key tells what its value would.

An estimate has cells only where there are units. In a breakdown that is withheld, the keys alone would say where they are and
that everything else is zero; with that the bounds of `breakdowns.py` would no longer hold. So a withheld breakdown has
every combination of the categories, whether or not a unit stands in it. Compiled figures are left as they came: there a
missing key says that nobody compiled the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from citizenstats.engine import name, quoted
from citizenstats.protect.variables import Variables
from citizenstats.sdmx.model import DataStructure


def completed(
    cells: str,
    verdict: str,
    structure: DataStructure,
    variables: Variables,
    beside: Callable[[int], Sequence[str]],
) -> str:
    """Return the SELECT of the cells with a verdict and, of each withheld breakdown, the cells that are not there.

    Args:
        cells: table of a dataset's cells, with `_series`, `_mask`, `_n` and the other companions.
        verdict: SELECT of the cells with `_shown`, `_retained` and `_came`.
        structure: their data structure.
        variables: their breakdowns.
        beside: gives of a breakdown the SELECTs of further `_series` that are completed in it.
    """
    if not variables.totals:
        return verdict
    fixed = [c.id for c in structure.components if c.id not in variables.totals]
    same = ", ".join(f"min({name(c)}) AS {name(c)}" for c in fixed)
    behind = "min(_dataset) AS _dataset, min(_deliveries) AS _deliveries"
    figures = f"SELECT _series, {same}, {behind} FROM {cells} GROUP BY _series"
    masks = range(1, 1 << len(variables.names))
    parts = [
        verdict,
        *(_combinations(mask, cells, verdict, figures, fixed, variables, beside(mask)) for mask in masks),
    ]
    return " UNION ALL BY NAME ".join(f"({part})" for part in parts)


def _combinations(
    mask: int,
    cells: str,
    verdict: str,
    figures: str,
    fixed: list[str],
    variables: Variables,
    beside: Sequence[str],
) -> str:
    """Return the SELECT of a breakdown's cells that are not there, for the figures where it is withheld."""
    columns, crossed = [f"f.{name(c)}" for c in fixed], []
    for dimension, total in variables.totals.items():
        own = variables.mask_of(dimension)
        bits = mask & own
        if bits:
            categories = f"SELECT DISTINCT {name(dimension)} FROM {cells} WHERE _mask & {own} = {bits}"
            crossed.append(f"CROSS JOIN ({categories}) AS {name('in_' + dimension)}")
            columns.append(f"{name('in_' + dimension)}.{name(dimension)}")
        else:
            columns.append(f"{quoted(total)} AS {name(dimension)}")
    # What stays as it was published has the keys that it had, and few who came where nobody was are not told.
    here = f"SELECT DISTINCT _series FROM ({verdict}) WHERE _mask = {mask} AND NOT (_shown OR _retained OR _came)"
    withheld = " UNION ".join([here, *beside])
    key = ", ".join(name(d) for d in variables.totals)
    wanted = (
        f"SELECT f._series, {', '.join(columns)}, f._dataset, f._deliveries, {mask} AS _mask, FALSE AS _shown, "
        "FALSE AS _unsafe "
        f"FROM ({figures}) AS f JOIN ({withheld}) AS w ON w._series = f._series {' '.join(crossed)}"
    )
    return f"SELECT * FROM ({wanted}) ANTI JOIN {cells} USING (_series, _mask, {key})"
