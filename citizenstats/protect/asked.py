"""Figures that ask the same units: where one of them is hidden, another may tell how many these are.

Whoever knows the units of a cell knows that those with a characteristic are no more, and of a count without units how many have
it not. And units that are few are told by any figure that asks them: they are hidden in all of these at the same places.

Figures ask the same units where they are about one population (compiled figures, which say nothing of it: where they come from
one dataset) and have the same units in every cell that they have in common. What belongs here: which figures these are, and
what they tell of one another. What does not: hiding (`decide.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from citizenstats.engine import Engine

LAST_TOLD = "n_change IS NULL, NOT coalesce(told, FALSE), n DESC, figure"
"""ORDER of figures: whose change is that of the units they ask. Before those that hid them come those that told them last: what
few came is known by these, and stays so while they stand as they were published."""

_ASKING = pa.schema([("figure", pa.string()), ("asked", pa.string())])


def put_asked(engine: Engine) -> None:
    """Tell in `quantities` what figures of the same units tell of one another.

    Added are `asked`, the name of the units that other figures ask too, NULL where none does; `most`, as many as some other
    figure says that a cell has; `whole`, as many as any says; and `tells`, whether the figure itself says how many. A count
    beside a figure that tells its units is one of those with and those without the characteristic: it has both as any share
    has, and is unsafe where a share is.

    Args:
        engine: with the table `quantities`, of which `base` is the units asked, of a count too, and `peers` names the figures
            that may ask the same ones.
    """
    rows = list(_asking(engine))
    table = pa.table({"figure": [f for f, _ in rows], "asked": [a for _, a in rows]}, schema=_ASKING)
    engine.register("asking", table)
    few = "base - k BETWEEN 1 AND minimum - 1 OR (sensitive AND base > 0 AND base = k)"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE quantities AS WITH named AS (SELECT q.*, a.asked, q.n IS NULL AND a.asked IS NOT NULL "
        "AND q.base IS NOT NULL AND q.k IS NOT NULL AND q.minimum IS NOT NULL AS counted, "
        "CASE WHEN a.asked IS NOT NULL THEN "
        f"first_value(q.n_change) OVER (PARTITION BY a.asked, q.categories ORDER BY {LAST_TOLD}) END AS asked_change "
        f"FROM quantities AS q LEFT JOIN asking AS a USING (figure)), "
        "besides AS (SELECT *, count(n) OVER same - (n IS NOT NULL)::INTEGER AS others, max(n) OVER (PARTITION BY "
        "population, categories ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS widest "
        "FROM named WINDOW same AS (PARTITION BY asked, categories)) "
        "SELECT * EXCLUDE (others, widest, counted, asked_change, base, peers, sensitive) REPLACE ("
        "CASE WHEN counted THEN base ELSE n END AS n, CASE WHEN counted THEN base - k ELSE m END AS m, "
        "CASE WHEN counted THEN asked_change ELSE coalesce(n_change, asked_change) END AS n_change, "
        "CASE WHEN counted THEN asked_change - k_change ELSE m_change END AS m_change, "
        f"unsafe OR coalesce(counted AND ({few}), FALSE) AS unsafe), "
        "CASE WHEN asked IS NOT NULL AND others > 0 THEN base WHEN widest >= base THEN widest END AS most, "
        "CASE WHEN widest >= base THEN widest END AS whole, n IS NOT NULL AS tells FROM besides"
    )


def _asking(engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield each figure that does not alone ask its units, with their name."""
    groups: dict[str, list[tuple[dict[tuple[str, ...], int], list[str], bool]]] = {}
    rows = engine.rows(
        "WITH units AS (SELECT peers, figure, list({place: categories, n: base} ORDER BY categories) AS units, "
        "bool_or(n IS NOT NULL) AS tells FROM quantities WHERE base IS NOT NULL AND minimum IS NOT NULL "
        "GROUP BY peers, figure) SELECT peers, units, list(figure ORDER BY figure), bool_or(tells) FROM units "
        "GROUP BY peers, units ORDER BY peers, len(units) DESC, min(figure)"
    )
    for peers, units, figures, tells in rows:
        mine = {tuple(of["place"]): int(of["n"]) for of in units}
        of_peers = groups.setdefault(peers, [])
        for number, (known, listed, told) in enumerate(of_peers):
            common = mine.keys() & known.keys()
            if common and all(mine[at] == known[at] for at in common):
                of_peers[number] = (known | mine, [*listed, *figures], told or tells)
                break
        else:
            of_peers.append((mine, list(figures), bool(tells)))
    for peers, of_peers in groups.items():
        for number, (_, figures, tells) in enumerate(of_peers):
            if tells and len(figures) > 1:
                yield from ((figure, f"{peers}|asked:{number}") for figure in figures)
