"""Few who came or went, where what was published does not stand: nothing of them all is shown.

Where a release stands, a figure that changed by few stays as it was published, and nobody sees which one it is. Where none does
(it was taken back, the version is a new one, the dataflow has another name), what changed by few is withheld and what did not
change is shown. Whoever has a copy of the former release then sees in which cells somebody came or went; and knows who, where
it was one person who took his answers back. Changed and unchanged cells of the same breakdown cannot be told apart only where
neither is shown. So where in all fewer than the minimum came or went, all figures of these people are withheld.

What belongs here: where that is so. What does not: what a former release showed (`former.py`), and hiding (`decide.py`).
"""

from __future__ import annotations

from citizenstats.engine import Engine


def hide_where_few_moved(engine: Engine) -> None:
    """Hide, in the table `quantities`, whole populations in which few came or went, and that tells.

    How many did is counted in each breakdown of each figure, and the most of it counts. What changed by few and was shown under
    a name that stands no more (`lost`) tells it of all populations of the same dataset and time (`scope`): in which domain
    nobody came or went says as much.

    Args:
        engine: with the table `quantities`: figure, population, scope, categories, minimum, lost, and how the counts changed.
    """
    by = "list_sort(list_transform(categories, lambda c: split_part(c, '=', 1)))"
    most = "greatest(abs(coalesce(n_change, 0)), abs(coalesce(k_change, 0)), abs(coalesce(m_change, 0)))"
    moved = (
        f"SELECT scope, population, sum({most}) AS moved, max(minimum) AS minimum, bool_or(lost) AS lost FROM quantities "
        f"WHERE minimum IS NOT NULL GROUP BY scope, population, figure, {by}"
    )
    few = (
        f"SELECT scope, population, bool_or(lost) AS lost FROM ({moved}) GROUP BY scope, population "
        "HAVING max(moved) < max(minimum)"
    )
    engine.run(
        "UPDATE quantities SET hidden = TRUE, kept = FALSE "
        f"FROM (SELECT scope, population, bool_or(lost) OVER (PARTITION BY scope) AS told FROM ({few})) AS f "
        "WHERE f.told AND quantities.scope = f.scope AND quantities.population = f.population "
        "AND quantities.minimum IS NOT NULL"
    )
