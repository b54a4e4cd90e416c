"""Dagster's own files: they lie in the restricted part of the store, because an event log tells who sent what.

`prepare` makes the folder and its ``dagster.yaml`` once. The file is then the office's own: point it at a
PostgreSQL server, add a launcher; it is never overwritten.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from citizenstats.store import Store

SETTINGS = """\
# Made by Citizenstats when this folder was empty; yours to edit, never overwritten.
telemetry: {enabled: false}
nux: {enabled: false}
python_logs: {python_log_level: INFO}

# Runs are processes on this machine. The queue is looked at each second, so that a dropped file is a release soon.
concurrency: {runs: {max_concurrent_runs: 2}}
run_queue: {dequeue_interval_seconds: 1}

# A run whose process died is marked failed and tried once more; a run that failed by itself is not.
run_monitoring: {enabled: true, start_timeout_seconds: 180, free_slots_after_run_end_seconds: 60}
run_retries: {enabled: true, max_retries: 1, retry_on_asset_or_op_failure: false}

# The sensor looks every few seconds; looks that found nothing are kept for a day.
retention: {sensor: {purge_after_days: {skipped: 1, started: 1, success: 90, failure: 90}}}
"""


def prepare(home: Path) -> Path:
    """Make Dagster's folder under a data root and return it: the value for ``DAGSTER_HOME``."""
    store = Store(home.absolute())
    store.prepare()
    store.dagster.mkdir(mode=0o700, exist_ok=True)
    settings = store.dagster / "dagster.yaml"
    if not settings.exists():
        store.commit_file(settings, SETTINGS.encode())
    return store.dagster


@contextmanager
def opened(home: Path) -> Iterator[dg.DagsterInstance]:
    """Give the instance of a data root, and name it in the environment for what runs in this process.

    One process at a time opens it: the first makes the tables of its database, and two at once would collide.
    """
    folder = prepare(home)
    os.environ["DAGSTER_HOME"] = str(folder)
    with (folder / "opening.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.get()
    with instance:
        yield instance
