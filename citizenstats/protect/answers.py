"""Answers that exclude one another are a breakdown, whether they are published as one or as a share each.

Units less those with each published answer are those with any other, and what is left beside a withheld answer is both
together. So all counts that lie within another one and exclude one another become categories of one more variable, in a table
beside the figures: with its own pattern, in which what is left over is a cell too. A cell hidden there is hidden in the figure
that tells it, and the other way round.

What belongs here: such tables. What does not: which counts there are (`combined.py`), and hiding (`decide.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citizenstats.engine import Engine, quoted
from citizenstats.protect.figures import Parents
from citizenstats.store import digest


@dataclass(frozen=True)
class Told:
    """A count as SQL.

    Attributes:
        select: SELECT of it at each place: about, categories, told, change, minimum, cost, declared, kept.
        figures: SELECT of the figures that tell it: figure, about.
    """

    select: str
    figures: str


def put_answers(engine: Engine, whole: Told, parts: Sequence[Told]) -> Parents:
    """Put one such table into `quantities`, and into `answers` (figure, tag, told); return its variable.

    Args:
        engine: with the tables `quantities` and `answers`.
        whole: the count in which the others lie.
        parts: the others.
    """
    named = digest([whole.select, *(part.select for part in parts)])
    variable = f"answer@{named}"
    tags = [None, *(f"{variable}={i}" for i in range(len(parts)))]
    figure = f"about || {quoted('|answers:' + named)}"
    for tag, told in zip(tags, (whole, *parts), strict=True):
        # Units that are hidden are hidden in every figure that asks them: rather all else.
        stays = "TRUE" if tag is None else "declared"
        at = "categories" if tag is None else f"list_append(categories, {quoted(tag)})"
        engine.run(
            f"INSERT INTO quantities BY NAME SELECT {figure} AS figure, about AS population, {at} AS categories, told AS k, "
            f"change AS k_change, minimum, cost, {stays} AS declared, kept, FALSE AS unsafe, FALSE AS hidden, "
            f"FALSE AS restricted FROM ({told.select}) SEMI JOIN ({whole.select}) USING (about, categories)"
        )
        engine.run(f"INSERT INTO answers SELECT {figure}, {quoted(tag or '')}, figure FROM ({told.figures})")
    return {variable: ("", {str(i): None for i in range(len(parts))})}


def hide_answers(engine: Engine) -> bool:
    """Hide, in `quantities`, what one side of such a table hides and the other does not; return whether there was any."""
    of_tag = "CASE WHEN a.tag = '' THEN {c} ELSE list_append({c}, a.tag) END"
    at = of_tag.format(c="q.categories")
    # A total is had from any figure that asks the same people, and so hidden only where all are.
    up = (
        "SELECT DISTINCT a.figure, list_append(h.categories, a.tag) AS categories FROM answers AS a "
        "JOIN hidden AS h ON h.figure = a.told WHERE a.tag <> '' UNION ALL "
        "SELECT a.figure, q.categories FROM answers AS a JOIN quantities AS q ON q.figure = a.told LEFT JOIN hidden AS h "
        "ON h.figure = q.figure AND h.categories = q.categories WHERE a.tag = '' AND q.minimum IS NOT NULL "
        "GROUP BY ALL HAVING count(*) = count(h.figure)"
    )
    down = (
        "SELECT DISTINCT q.figure, q.categories FROM answers AS a JOIN quantities AS q ON q.figure = a.told "
        f"JOIN hidden AS h ON h.figure = a.figure AND h.categories = {at}"
    )
    found = (
        f"SELECT f.figure, f.categories FROM (({up}) UNION ({down})) AS f "
        "JOIN quantities AS q ON q.figure = f.figure AND q.categories = f.categories "
        "ANTI JOIN hidden AS h ON h.figure = f.figure AND h.categories = f.categories "
        "WHERE q.minimum IS NOT NULL AND NOT coalesce(q.hidden, FALSE)"
    )
    return bool(
        engine.value(
            f"UPDATE quantities SET hidden = TRUE FROM ({found}) AS f "
            "WHERE quantities.figure = f.figure AND quantities.categories = f.categories"
        )
    )
