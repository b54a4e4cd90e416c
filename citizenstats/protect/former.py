"""What former releases have shown: figures that everybody has a copy of, recalled ones too.

Two releases of nearly the same people tell who came or went by the difference of their figures. So a cell whose count changed
by fewer units than the minimum since any release that showed it is unsafe: it stays as it was published, for everybody has that
already. One that has not changed stays shown or hidden.

A former version of the dataflow had codes of its own. Its figures are known under the codes of this version by the map that
the dataflow's file declares (`recoded`); without one a code stands for itself. And a figure is known again by what the partner
calls it (`Feed.cell`), whichever dataflow published it: one of another name or family, or one that the mappings no longer have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, quoted
from citizenstats.house import House
from citizenstats.protect.recoding import Recoding, recoded, recoding_of
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import Release, newest_loaded, released_flows, releases

JUDGED = "judged.parquet"
"""Name of the restricted account of a protected state: what was shown, and how many units stand behind each cell."""

AMOUNTS = "amounts.parquet"
"""Name of the values of totals beside it, with the largest contributions to each."""


@dataclass(frozen=True)
class Former:
    """The account behind one release of a dataflow.

    Attributes:
        flow: ``AGENCY:ID``.
        release: its place among the releases of the dataflow.
        file: the account.
        published: when it came out.
        recoding: how its keys are written in the present version.
        is_there: whether the dataflow is one of the family still.
    """

    flow: str
    release: int
    file: Path
    published: str
    recoding: Recoding | None = None
    is_there: bool = True


def former_releases(house: House, family: str, account: str = JUDGED) -> list[Former]:
    """Return the accounts of a name behind all releases of a family's datasets, of each dataflow the oldest first.

    Of dataflows, too, that are no longer in the family, or in the mappings: what they published is known.
    """
    flows = house.mappings.families[family]
    found = []
    for flow, number, release, folder in ever_released(house, family):
        if folder is not None and (folder / account).exists():
            recoding = recoding_of(house, flow, release.dataflow.version) if flow in flows else None
            published = str(release.facts["published"])
            found.append(Former(flow, number, folder / account, published, recoding, flow in flows))
    return found


def ever_released(house: House, family: str) -> Iterator[tuple[str, int, Release, Path | None]]:
    """Yield all releases of a family's datasets: dataflow, place among its releases, the release, and its protected state.

    The dataflow may no longer be in the family, or in the mappings, and the state may have been made when the family had
    another name; it is None where it is gone.
    """
    flows = house.mappings.families[family]
    datasets = {name for flow in flows for name in house.mappings.dataflow(flow).feeds}
    for flow in (*flows, *(flow for flow in released_flows(house.store) if flow not in flows)):
        ever = list(enumerate(releases(house.store, flow)))
        if flow not in flows:
            ever = [(n, r) for n, r in ever if datasets & {c["dataset"] for c in r.facts["contracts"]}]
        origins = {c.id: str(c.facts["protected"]) for c in candidates(house, flow)} if ever else {}
        for number, release in ever:
            yield flow, number, release, _folder_of(house, family, origins.get(release.candidate, ""))


def _folder_of(house: House, family: str, state: str) -> Path | None:
    own = house.store.protected(family)
    places = (own, *sorted(own.parent.glob("*/")))
    return next((folder for place in places if state and (folder := place / state).exists()), None)


def published_now(house: House, flow: str) -> Path | None:
    """Return the observations of a dataflow as they are published now; None when nothing is, or the newest was taken back.

    Then an older one stands, which is not what the account of the newest tells of: no figure stays as it was published.
    """
    release = newest_loaded(house.store, flow, house.mappings.reference(flow).version)
    stands = release is not None and release.tombstone is None and release.observations.exists()
    return release.observations if release is not None and stands else None


def remember(engine: Engine, former: Sequence[Former]) -> None:
    """Make the tables of all that was ever published: what stood behind it, and whether it was shown.

    `former`: flow, key, last (of the newest release: n, k, m, minimum, shown), seen (all that was shown: n, k, m). `known`: the
    same by `cell` and whether it is a count (`counted`), whichever dataflow published it; `seen` by `cell` alone.
    """
    counted = "n BIGINT, k BIGINT, m BIGINT"
    every = " UNION ALL ".join(_account(f) for f in former if f.is_there) or (
        f"SELECT * FROM (SELECT UNNEST(CAST([] AS STRUCT(flow VARCHAR, key VARCHAR, {counted}, minimum BIGINT, "
        "shown BOOLEAN, release INTEGER, is_same BOOLEAN)[]), recursive := true))"
    )
    of_release = "{n: n, k: k, m: m, minimum: minimum, shown: shown}"
    engine.run(
        f"CREATE TEMP TABLE former AS SELECT flow, key, max_by({of_release}, release) FILTER (WHERE is_same) AS last, "
        "list(DISTINCT {n: n, k: k, m: m}) FILTER (WHERE shown) AS seen "
        f"FROM ({every}) GROUP BY flow, key"
    )
    cells = " UNION ALL BY NAME ".join(
        [
            f"SELECT * FROM (SELECT UNNEST(CAST([] AS STRUCT(cell VARCHAR, counted BOOLEAN, {counted}, minimum BIGINT, "
            "shown BOOLEAN, published VARCHAR)[]), recursive := true))",
            *map(_cells, former),
        ]
    )
    engine.run(
        f"CREATE TEMP TABLE known AS SELECT cell, counted, max_by({of_release}, published) AS last FROM ({cells}) "
        "WHERE cell IS NOT NULL GROUP BY cell, counted"
    )
    engine.run(
        "CREATE TEMP TABLE seen AS SELECT cell, list(DISTINCT {n: CASE WHEN NOT counted THEN n END, k: k, m: m}) AS seen "
        f"FROM ({cells}) WHERE cell IS NOT NULL AND shown GROUP BY cell"
    )


def _cells(former: Former) -> str:
    """Return the SELECT of what one release showed, by cell; an account from before there were cells says nothing."""
    return (
        "SELECT cell, kind = 'count' AS counted, published_n AS n, published_k AS k, published_m AS m, minimum, "
        f"shown OR retained AS shown, {quoted(f'{former.published} {former.release:06}')} AS published "
        "FROM (SELECT CAST(NULL AS VARCHAR) AS cell WHERE FALSE UNION ALL BY NAME "
        f"SELECT * FROM read_parquet({quoted(str(former.file))})) WHERE flow = {quoted(former.flow)}"
    )


def _account(former: Former) -> str:
    """Return the SELECT of what one release showed, under the keys of the present version.

    A part of a cell, or one that it is a part of, was seen but is not its former state.
    """
    told = (
        "SELECT flow, key, published_n AS n, published_k AS k, published_m AS m, minimum, shown OR retained AS shown, "
        f"{former.release} AS release FROM read_parquet({quoted(str(former.file))}) WHERE flow = {quoted(former.flow)}"
    )
    if former.recoding is None:
        return f"SELECT *, true AS is_same FROM ({told})"
    return f"SELECT * EXCLUDE (key_then) FROM ({recoded(told, former.recoding)})"


def with_former(cells: str, flow: str, *, guards: bool, is_published: bool) -> str:
    """Return the SELECT of cells with what former releases say.

    Args:
        cells: relation of a feed's cells with `_key`, `_cell`, `_kind`, `_n`, `_k`, `_m`, `_minimum`, `_series`, `_mask`,
            `_unsafe`, `_beyond_counts`.
        flow: their dataflow.
        guards: whether a change by few counts as unsafe.
        is_published: whether a release of it stands, whose figures may stay.

    `_told`: shown before; `_kept`: shown before and the same; `_stays`: hidden before and the same; `_close`: another count
    than one that was shown, by fewer units than the minimum; `_revised`: shown before, and changed by fewer in every respect;
    `_was`: the counts then.
    `_n_change` and so on: since the last release, NULL in the first one.
    """
    last = "(coalesce(f.last, w.last))"
    same = " AND ".join(f"{last}.{c} IS NOT DISTINCT FROM c._{c}" for c in ("n", "k", "m", "minimum"))
    guarded, stays = str(guards).upper(), str(guards and is_published).upper()
    near = " OR ".join(
        f"coalesce(abs(s.{c} - {now}) BETWEEN 1 AND c._minimum - 1, FALSE)"
        for c, now in (("n", "{n}"), ("k", "c._k"), ("m", "c._m"))
    )
    near_under_key, near_elsewhere = (
        near.format(n=n) for n in ("c._n", "CASE WHEN c._kind <> 'count' THEN c._n END")
    )
    # What was shown may stand as it is while it is nearly right.
    nearly = " AND ".join(
        f"coalesce(abs(f.last.{c} - c._{c}) < c._minimum, f.last.{c} IS NOT DISTINCT FROM c._{c})"
        for c in ("n", "k", "m")
    )
    # What fell below the minimum since stands as well: that it is withheld from now on would tell of those who left.
    enough = " AND ".join(
        f"(coalesce(f.last.{c}, 0) = 0 OR f.last.{c} >= c._minimum)" for c in ("n", "k", "m")
    )
    may_stand = f"NOT c._beyond_counts AND (NOT c._unsafe OR ({enough}))"
    # A cell that was not there before held nobody, where its breakdown of the figure was there.
    was_there = "bool_or(f.key IS NOT NULL OR w.cell IS NOT NULL) OVER (PARTITION BY c._series, c._mask)"
    changes = ", ".join(
        f"CASE WHEN {guarded} AND {was_there} THEN c._{c} - coalesce({last}.{c}, 0) END AS _{c}_change"
        for c in ("n", "k", "m")
    )
    return (
        f"SELECT c.*, coalesce({same}, FALSE) AND {last} IS NOT NULL AS _same, _same AND {last}.shown AS _kept, "
        f"coalesce({last}.shown, FALSE) AS _told, "
        f"_same AND NOT {last}.shown AS _stays, {guarded} AND NOT _same AND c._minimum IS NOT NULL "
        f"AND (len(list_filter(coalesce(f.seen, []), lambda s: {near_under_key})) > 0 "
        f"OR len(list_filter(coalesce(e.seen, []), lambda s: {near_elsewhere})) > 0) AS _close, "
        f"f.last AS _was, {changes}, "
        f"coalesce({stays} AND f.last.shown AND {may_stand} AND {nearly}, FALSE) AS _revised "
        f"FROM {cells} AS c LEFT JOIN former AS f ON f.flow = {quoted(flow)} AND f.key = c._key "
        "LEFT JOIN known AS w ON w.cell = c._cell AND w.counted = (c._kind = 'count') LEFT JOIN seen AS e ON e.cell = c._cell"
    )
