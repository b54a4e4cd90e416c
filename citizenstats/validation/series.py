"""The constraint of each SDG series: which units and breakdowns it may have.

The table is that of Open SDG (``sdmx_global_content_constraints.csv``, MIT), made from the global content constraints of the
SDG data structure: for each of 665 series the codes that it allows in twelve components, or ``ALL``. It lies beside
the official structures in ``sdmx/official/IAEG-SDGs/constraints``; a cell without codes says nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache

from citizenstats.engine import Engine, name
from citizenstats.sdmx.load import OFFICIAL
from citizenstats.sdmx.model import DataStructure, Reference
from citizenstats.validation.finding import EXAMPLES, Finding, Frame, finding

SDG = Reference("IAEG-SDGs", "SDG", "1.0")
"""The data structure that the table is about."""

EVERY = "ALL"
"""How the table says that each code is allowed."""


@cache
def series_constraint() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return component → pairs of a series and a code that it allows there; series that allow every code are left out."""
    path = OFFICIAL / "IAEG-SDGs" / "constraints" / "SERIES.csv"
    with path.open(encoding="utf-8", newline="") as content:
        rows = list(csv.DictReader(content))
    components = [column for column in rows[0] if column != "SERIES"]
    return {
        component: tuple(
            (row["SERIES"], code)
            for row in rows
            if row[component] and row[component] != EVERY
            for code in row[component].split(";")
        )
        for component in components
    }


def series_findings(engine: Engine, frame: Frame, structure: DataStructure) -> Iterator[Finding]:
    """Yield the components whose codes their series does not allow; nothing for other structures than the SDG one.

    Values are told as series and code, such as ``SI_POV_DAY1: NUMBER``.
    """
    types = dict(engine.columns(frame.source))
    if structure.reference != SDG or "SERIES" not in types:
        return
    for component, pairs in series_constraint().items():
        if component not in types:
            continue
        count, row, values = engine.rows(
            "WITH allowed AS (SELECT unnest(?::VARCHAR[]) AS s, unnest(?::VARCHAR[]) AS v), "
            f"said AS (SELECT SERIES AS s, CAST({name(component)} AS VARCHAR) AS v, count(*) AS n, {frame.first} AS r "
            f"FROM {frame.relation} WHERE {name(component)} IS NOT NULL GROUP BY 1, 2) "
            f"SELECT coalesce(sum(n), 0), min(r), (list(s || ': ' || v ORDER BY n DESC, s, v))[:{EXAMPLES}] "
            "FROM said ANTI JOIN allowed USING (s, v) WHERE s IN (SELECT s FROM allowed)",
            [[series for series, _ in pairs], [code for _, code in pairs]],
        )[0]
        if count:
            yield finding(
                "NOT_IN_SERIES_CONSTRAINT",
                component,
                int(count),
                tuple(values),
                None if row is None else int(row),
            )
