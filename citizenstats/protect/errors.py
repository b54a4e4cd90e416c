"""Standard errors beside shown figures of which a part is withheld.

Where every unit was drawn by itself, the variance of a figure is a sum over its parts, and the share of each part stands in its
term. Whoever knows the size of the parts (strata mostly are a breakdown, and public) then has a second equation in the withheld
shares; in a trial with two of five strata withheld a small count came out exactly in 79 of 200 tables. So beside such a figure
stands nothing that is made of its variance. With clusters the terms are squares over clusters. Of a part that cuts through
clusters nobody knows these. Of one that is made of whole strata with few clusters everybody does who knows how many were drawn
in each: in a trial with two of five strata withheld, of two clusters of twenty each, a small count came out exactly in 20 of 57
tables. Beside the figure of such strata together stands nothing of the kind either.

What belongs here: beside which figures errors are left out. What does not: which figures are withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pyarrow as pa

from citizenstats.engine import Engine
from citizenstats.estimate.design import design_of
from citizenstats.protect.differences import KIND
from citizenstats.protect.figures import Feed, Parents

_ABOVE = pa.schema(
    [("figure", pa.string()), ("categories", pa.list_(pa.string())), ("clustered", pa.bool_())]
)

_FEW = 10
"""With fewer degrees of freedom in the withheld parts together, what they add to an error is made of few clusters."""


def _is_clustered(feed: Feed) -> bool | None:
    """Return whether units of a feed were drawn in clusters; None where errors tell nothing, or there are none."""
    design = design_of(feed.dataset.contract, feed.estimate) if feed.estimate is not None else None
    if design is None:
        return None
    if design.cluster is not None:
        return True
    # Drawn with equal chances from all alike, the error of a share follows from the share and its base.
    return False if design.strata is not None or design.weight is not None else None


def above_hidden(engine: Engine, feeds: Sequence[Feed], parents: Parents) -> None:
    """Make the table `above_hidden` (figure, categories, clustered) of the cells whose errors would tell of a hidden one.

    Args:
        engine: with the table `hidden`, and `cells_0` and so on of the feeds.
        feeds: of the family.
        parents: the variables.
    """
    found: set[tuple[str, tuple[str, ...], bool]] = set()
    if any(_is_clustered(feed) is False for feed in feeds):
        for figure, categories in engine.rows("SELECT figure, categories FROM hidden"):
            found |= {(figure, above, False) for above in _above(categories, parents)}
    for number, feed in enumerate(feeds):
        if _is_clustered(feed):
            found |= {(figure, at, True) for figure, at in _of_few_clusters(engine, number, parents)}
    rows = sorted(found)
    columns = ([f for f, _, _ in rows], [list(c) for _, c, _ in rows], [of for _, _, of in rows])
    engine.register("covering", pa.table(dict(zip(_ABOVE.names, columns, strict=True)), schema=_ABOVE))
    engine.run("CREATE TEMP TABLE above_hidden AS SELECT * FROM covering")


def _of_few_clusters(engine: Engine, number: int, parents: Parents) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the cells of a feed whose error is a sum over parts of which the hidden ones have few clusters.

    It is one where the parts are made of whole strata: they have together no more degrees of freedom than the cell. Parts that
    cut through clusters have nearly all of them each.
    """
    rows = engine.rows(
        "SELECT c._figure, c._at, max(coalesce(c._df, 0)), bool_or(h.figure IS NOT NULL) "
        f"FROM cells_{number} AS c LEFT JOIN hidden AS h ON h.figure = c._figure AND h.categories = c._at "
        "GROUP BY ALL ORDER BY ALL"
    )
    own = {(figure, tuple(at)): int(df) for figure, at, df, _ in rows}
    inside: dict[tuple[str, tuple[str, ...], str], list[int]] = {}
    hidden: dict[tuple[str, tuple[str, ...], str], list[int]] = {}
    for figure, at, df, is_hidden in rows:
        for category in at:
            over = list(_over(tuple(at), category, parents))
            above = next((cell for cell in over if (figure, cell) in own), over[-1])
            of = (figure, above, category.rpartition("=")[0])
            inside.setdefault(of, []).append(int(df))
            if is_hidden:
                hidden.setdefault(of, []).append(int(df))
    for (figure, above, variable), of_hidden in hidden.items():
        if sum(of_hidden) < _FEW and sum(inside[figure, above, variable]) <= own.get((figure, above), 0):
            yield figure, above
            category = next((c for c in above if c.rpartition("=")[0] == variable), None)
            if category is not None:
                yield from ((figure, of) for of in _over(above, category, parents))


def _over(at: tuple[str, ...], category: str, parents: Parents) -> Iterator[tuple[str, ...]]:
    """Yield the categories of the cells above one in the variable of one of its categories, the nearest first."""
    for of in _ladder(category, parents)[1:]:
        yield tuple(of if c == category else c for c in at if of or c != category)


def _above(categories: Sequence[str], parents: Parents) -> Iterator[tuple[str, ...]]:
    """Yield the categories of every cell that one is part of, itself too."""
    for chosen in product(*(_ladder(category, parents) for category in categories)):
        yield tuple(category for category in chosen if category)


def _ladder(category: str, parents: Parents) -> list[str]:
    """Return a category, those above it, and an empty text for the total."""
    variable, _, code = category.rpartition("=")
    total, above = parents[variable]
    found = [category]
    at = above.get(code)
    while at is not None and at != total and f"{variable}={at}" not in found:
        found.append(f"{variable}={at}")
        at = above.get(at)
    return [*found, ""]


def bare_sql(feed: Feed) -> str:
    """Return the SQL condition that beside a cell `c` stands nothing that is made of its variance."""
    clustered = _is_clustered(feed)
    if clustered is None:
        return "FALSE"
    telling = f"above_hidden AS a WHERE a.clustered = {str(clustered).upper()}"
    # A difference has the errors of two figures in its own.
    return (
        f"CASE WHEN c._kind = '{KIND}' THEN EXISTS (FROM {telling}) ELSE EXISTS (FROM {telling} "
        "AND a.figure = c._figure AND a.categories = c._at) END"
    )
