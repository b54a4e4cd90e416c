"""What former releases have shown: figures that everybody has a copy of, recalled ones too.

Two releases of nearly the same people tell who came or went by the difference of their figures. So a cell whose count changed
by fewer units than the minimum since any release that showed it is unsafe: it stays as it was published, for everybody has that
already. One that has not changed stays shown or hidden.

A former version of the dataflow had codes of its own. Its figures are known under the codes of this version by the map that
the dataflow's file declares (`recoded`); without one a code stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, quoted
from citizenstats.house import House
from citizenstats.protect.recoding import Recoding, recoded, recoding_of
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest_loaded, releases

JUDGED = "judged.parquet"
"""Name of the restricted account of a protected state: what was shown, and how many units stand behind each cell."""

AMOUNTS = "amounts.parquet"
"""Name of the values of totals beside it, with the largest contributions to each."""


@dataclass(frozen=True)
class Former:
    """The account behind one release of a dataflow."""

    flow: str
    release: int
    file: Path
    recoding: Recoding | None = None


def former_releases(house: House, family: str, flows: Iterable[str], account: str = JUDGED) -> list[Former]:
    """Return the accounts of a name behind all releases of these dataflows, the oldest first."""
    place = house.store.protected(family)
    found = []
    for flow in flows:
        origins = {candidate.id: candidate.facts["protected"] for candidate in candidates(house, flow)}
        for number, release in enumerate(releases(house.store, flow)):
            file = place / str(origins.get(release.candidate)) / account
            if file.exists():
                found.append(Former(flow, number, file, recoding_of(house, flow, release.dataflow.version)))
    return found


def published_now(house: House, flow: str) -> Path | None:
    """Return the observations of a dataflow as they are published now; None when nothing is, or the newest was taken back.

    Then an older one stands, which is not what the account of the newest tells of: no figure stays as it was published.
    """
    release = newest_loaded(house.store, flow, house.mappings.reference(flow).version)
    stands = release is not None and release.tombstone is None and release.observations.exists()
    return release.observations if release is not None and stands else None


def remember(engine: Engine, former: Sequence[Former]) -> None:
    """Make the table `former` of every cell that was ever published: what stood behind it, and whether it was shown.

    Its columns: flow, key, last (of the newest release: n, k, m, minimum, shown), seen (all that was shown: n, k, m).
    """
    counted = "n BIGINT, k BIGINT, m BIGINT"
    every = " UNION ALL ".join(map(_account, former)) or (
        f"SELECT * FROM (SELECT UNNEST(CAST([] AS STRUCT(flow VARCHAR, key VARCHAR, {counted}, minimum BIGINT, "
        "shown BOOLEAN, release INTEGER, is_same BOOLEAN)[]), recursive := true))"
    )
    engine.run(
        "CREATE TEMP TABLE former AS SELECT flow, key, "
        "max_by({n: n, k: k, m: m, minimum: minimum, shown: shown}, release) FILTER (WHERE is_same) AS last, "
        "list(DISTINCT {n: n, k: k, m: m}) FILTER (WHERE shown) AS seen "
        f"FROM ({every}) GROUP BY flow, key"
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
        cells: relation of a feed's cells with `_key`, `_n`, `_k`, `_m`, `_minimum`, `_series`, `_unsafe`.
        flow: their dataflow.
        guards: whether a change by few counts as unsafe.
        is_published: whether a release of it stands, whose figures may stay.

    `_kept`: shown before and the same; `_stays`: hidden before and the same; `_close`: another count than one that was shown,
    by fewer units than the minimum; `_revised`: shown before, and changed by fewer in every respect; `_was`: the counts then.
    `_n_change` and so on: since the last release, NULL in the first one.
    """
    same = " AND ".join(f"f.last.{c} IS NOT DISTINCT FROM c._{c}" for c in ("n", "k", "m", "minimum"))
    guarded, stays = str(guards).upper(), str(guards and is_published).upper()
    near = " OR ".join(
        f"coalesce(abs(s.{c} - c._{c}) BETWEEN 1 AND c._minimum - 1, FALSE)" for c in ("n", "k", "m")
    )
    # What was shown may stand as it is while it is nearly right.
    nearly = " AND ".join(
        f"coalesce(abs(f.last.{c} - c._{c}) < c._minimum, f.last.{c} IS NOT DISTINCT FROM c._{c})"
        for c in ("n", "k", "m")
    )
    # A cell that was not there before held nobody, where the figure was there.
    was_there = "bool_or(f.key IS NOT NULL) OVER (PARTITION BY c._series)"
    changes = ", ".join(
        f"CASE WHEN {guarded} AND {was_there} THEN c._{c} - coalesce(f.last.{c}, 0) END AS _{c}_change"
        for c in ("n", "k", "m")
    )
    return (
        f"SELECT c.*, coalesce({same}, FALSE) AND f.last IS NOT NULL AS _same, _same AND f.last.shown AS _kept, "
        f"_same AND NOT f.last.shown AS _stays, {guarded} AND NOT _same AND c._minimum IS NOT NULL "
        f"AND len(list_filter(coalesce(f.seen, []), lambda s: {near})) > 0 AS _close, "
        f"f.last AS _was, {changes}, "
        f"coalesce({stays} AND f.last.shown AND NOT c._unsafe AND {nearly}, FALSE) AS _revised "
        f"FROM {cells} AS c LEFT JOIN former AS f ON f.flow = {quoted(flow)} AND f.key = c._key"
    )
