"""``published/catalog.duckdb``: views over the newest release of each dataflow, for analysts' tools.

It is rebuilt beside the old one and replaced in one step, so a reader who has the old file open goes on with it and
blocks nobody. The views hold absolute paths; a data root that moved gets a new catalog with the next publication.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from citizenstats.engine import name, quoted
from citizenstats.release.manifest import Release, newest
from citizenstats.store import Store, as_json, digest, read_json


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
                        str(release.folder.absolute()),
                    ],
                )
                path = quoted(str(release.observations.absolute()))
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name(flow.agency)}")
                connection.execute(
                    f"CREATE VIEW {name(flow.agency)}.{name(flow.id)} AS SELECT * FROM read_parquet({path})"
                )
        return file.read_bytes()
