"""A difference between two groups goes with them: it is shown where both are, and as sure as the less sure of both.

With one group's figure the difference gives the other one. So it is hidden wherever either is, and then tells nothing that the
shown figures do not tell; what is hidden of the groups keeps it out of reach, and it needs no pattern of its own. Where a group
stays as it was published, the difference does too. Its keys are no more complete than those of the groups.
"""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats.contracts.model import Difference
from citizenstats.engine import Engine, name, quoted
from citizenstats.protect.figures import Feed

KIND = "difference"
"""The kind of such a figure in the frame."""


def judge_by_groups(engine: Engine, cells: str, feed: Feed) -> None:
    """Give each difference the verdict on reliability of the less reliable of its groups, in a table of cells.

    By itself a difference near zero would never be reliable, however small its error.
    """
    for is_it, difference in feed.differences().items():
        worst = (
            "CASE WHEN bool_or(g._reliability = 'withhold') THEN 'withhold' "
            "WHEN bool_or(g._reliability = 'flag') THEN 'flag' ELSE 'publish' END"
        )
        engine.run(
            f"UPDATE {cells} SET _reliability = found.worst FROM (SELECT d._key, {worst} AS worst "
            f"FROM {_with_groups(feed, is_it, difference, cells, f'SELECT * FROM {cells}')} GROUP BY d._key) AS found "
            f"WHERE {cells}._key = found._key"
        )


def hide_with_groups(engine: Engine, cells: str, verdict: str, feed: Feed) -> None:
    """Hide each difference of which not both groups are shown, in the table `hidden`; it stays as it was if they stay.

    Args:
        engine: with the table `hidden`.
        cells: table of the feed's cells.
        verdict: SELECT of these with `_shown` and `_retained`.
        feed: their feed.
    """
    for is_it, difference in feed.differences().items():
        engine.run(
            "CREATE OR REPLACE TEMP TABLE followed AS "
            "SELECT d._key AS key, d._figure AS figure, d._at AS categories, d._unsafe AS unsafe, "
            "count(*) FILTER (WHERE g._shown) = 2 AS shown, count(*) FILTER (WHERE g._shown OR g._retained) = 2 AS stand "
            f"FROM {_with_groups(feed, is_it, difference, cells, verdict)} GROUP BY ALL"
        )
        engine.run(
            "INSERT INTO hidden BY NAME SELECT figure, categories, 'with others' AS why FROM followed WHERE unsafe OR NOT shown"
        )
        # What few came or went is judged in the groups; a difference whose groups are withheld does not stay.
        engine.run(
            f"UPDATE {cells} SET _close = FALSE, _revised = _revised AND followed.stand FROM followed "
            f"WHERE {cells}._key = followed.key"
        )


def series_beside(feed: Feed, cells: str, verdict: str, mask: int) -> Iterator[str]:
    """Yield SELECTs of the `_series` of differences in whose breakdown a group's figure is withheld.

    Where the groups' keys are completed, a missing key of the difference would tell that one of them has nobody.
    """
    for is_it, difference in feed.differences().items():
        own = feed.variables.mask_of(difference.across)
        groups = (
            f"SELECT * FROM ({verdict}) WHERE {feed.is_of(difference.of)} AND NOT _shown "
            f"AND _mask & {own} <> 0 AND _mask - (_mask & {own}) = {mask}"
        )
        same = _same(feed.beside_indicators())
        yield (
            f"SELECT d._series FROM (SELECT * FROM {cells} WHERE {is_it}) AS d SEMI JOIN ({groups}) AS g ON {same}"
        )


def _with_groups(feed: Feed, is_it: str, difference: Difference, cells: str, groups: str) -> str:
    """Return the relation of a difference's cells `d` with those of its groups `g`, as far as these are there."""
    codes = ", ".join(map(quoted, difference.groups))
    across = difference.across
    beside = [*feed.beside_indicators(), *(d for d in feed.variables.totals if d != across)]
    return (
        f"(SELECT * FROM {cells} WHERE {is_it}) AS d LEFT JOIN (SELECT * FROM ({groups}) "
        f"WHERE {feed.is_of(difference.of)} AND {name(across)} IN ({codes})) AS g ON {_same(beside)}"
    )


def _same(dimensions: list[str]) -> str:
    return " AND ".join(f"d.{name(c)} IS NOT DISTINCT FROM g.{name(c)}" for c in dimensions) or "TRUE"
