"""Standard errors beside shown figures of which a part is withheld.

Where every unit was drawn by itself, the variance of a figure is a sum over its parts, and the share of each part stands in its
term. Whoever knows the size of the parts (strata mostly are a breakdown, and public) then has a second equation in the withheld
shares; in a trial with two of five strata withheld a small count came out exactly in 79 of 200 tables. So beside such a figure
stands nothing that is made of its variance. With clusters the terms are squares over clusters, which nobody knows.

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

_ABOVE = pa.schema([("figure", pa.string()), ("categories", pa.list_(pa.string()))])


def tell_of_parts(feed: Feed) -> bool:
    """Return whether the standard errors of a feed are sums over the parts of a figure."""
    design = design_of(feed.dataset.contract, feed.estimate) if feed.estimate is not None else None
    if design is None or design.cluster is not None:
        return False
    # Drawn with equal chances from all alike, the error of a share follows from the share and its base.
    return design.strata is not None or design.weight is not None


def above_hidden(engine: Engine, feeds: Sequence[Feed], parents: Parents) -> None:
    """Make the table `above_hidden` (figure, categories) of the cells that a hidden one is part of.

    Args:
        engine: with the table `hidden`.
        feeds: of the family.
        parents: the variables.
    """
    found: set[tuple[str, tuple[str, ...]]] = set()
    if any(map(tell_of_parts, feeds)):
        for figure, categories in engine.rows("SELECT figure, categories FROM hidden"):
            found |= {(figure, above) for above in _above(categories, parents)}
    rows = sorted(found)
    table = pa.table(
        {"figure": [f for f, _ in rows], "categories": [list(c) for _, c in rows]}, schema=_ABOVE
    )
    engine.register("covering", table)
    engine.run("CREATE TEMP TABLE above_hidden AS SELECT * FROM covering")


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
    if not tell_of_parts(feed):
        return "FALSE"
    # A difference has the errors of two figures in its own.
    return (
        f"CASE WHEN c._kind = '{KIND}' THEN EXISTS (FROM above_hidden) ELSE EXISTS (FROM above_hidden AS a "
        "WHERE a.figure = c._figure AND a.categories = c._at) END"
    )
