"""``published/catalog.duckdb``: views over the newest release of each dataflow, for analysts' tools.

It is rebuilt beside the old one and replaced in one step, so a reader who has the old file open goes on with it and
blocks nobody. A view needs to know where the files are: the place is written once, as it is when the catalog is built, and
``SET VARIABLE published = '/elsewhere/published'`` says another for whoever reads a copy. A data root that moved gets a
new catalog at the next run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from citizenstats.engine import name, quoted
from citizenstats.release.manifest import Release, newest
from citizenstats.store import Store, as_json, digest, read_json

PLACE = "published"
"""DuckDB variable that says where the published files are, when they are elsewhere."""


def refresh(store: Store) -> None:
    """Bring the catalog up to date; nothing is written when it is."""
    built = store.restricted / "catalog.json"
    while True:
        shown = _newest_releases(store)
        identity = digest([str(release.folder.absolute()) for release in shown])
        if store.catalog.exists() and (read_json(built) or {}).get("releases") == identity:
            return
        # Look again after writing: a run beside us may have published meanwhile, and the newest wins.
        store.commit_file(store.catalog, _built(store, shown))
        store.commit_file(built, as_json({"releases": identity}))


def _newest_releases(store: Store) -> list[Release]:
    flows = sorted(f"{path.parent.name}:{path.name}" for path in store.published.glob("*/*") if path.is_dir())
    return [release for flow in flows if (release := newest(store, flow)) is not None]


def _built(store: Store, shown: list[Release]) -> bytes:
    with tempfile.TemporaryDirectory(dir=store.scratch) as folder:
        file = Path(folder) / "catalog.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute(
                "CREATE TABLE releases (dataflow VARCHAR, version VARCHAR, release VARCHAR, "
                "prepared TIMESTAMPTZ, published TIMESTAMPTZ, observations BIGINT, folder VARCHAR)"
            )
            place = quoted(str(store.published.absolute()))
            for release in shown:
                flow = release.dataflow
                connection.execute(
                    "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        f"{flow.agency}:{flow.id}",
                        flow.version,
                        release.id,
                        release.facts["prepared"],
                        release.facts["published"],
                        release.counts.observations,
                        str(release.folder.relative_to(store.published)),
                    ],
                )
                inside = quoted(f"/{release.observations.relative_to(store.published)}")
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name(flow.agency)}")
                connection.execute(
                    f"CREATE VIEW {name(flow.agency)}.{name(flow.id)} AS "
                    f"SELECT * FROM read_parquet(coalesce(getvariable({quoted(PLACE)}), {place}) || {inside})"
                )
        return file.read_bytes()
