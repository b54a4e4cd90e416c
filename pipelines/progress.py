"""A line for each thing made, for people who watch a run in a terminal.

It is a Dagster logger that hears a run's events and keeps silent about most. Used by `make run`; runs started by the
daemon log as usual.
"""

from __future__ import annotations

import logging
import sys
import time

import dagster as dg


class _Lines(logging.Handler):
    """Prints what was made, what failed, and which checks found something, with the time since the run began."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line if the record is the end of a step."""
        event: dg.DagsterEvent | None = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event and (told := _told(event)):
            sys.stdout.write(f"  {time.monotonic() - self._began:5.1f} s  {told}\n")
            sys.stdout.flush()


def _told(event: dg.DagsterEvent) -> str | None:
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key:
        return f"✓ {event.asset_key.to_user_string()}"
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found = event.asset_check_evaluation_data
        return (
            None
            if found.passed
            else f"! {found.asset_key.to_user_string()}: {found.check_name} found something"
        )
    if event.is_step_failure:
        text = event.step_failure_data.error_display_string.splitlines()[0]
        return f"✗ {event.step_key}: {text.partition('Failure: ')[2] or text}"
    return None


@dg.logger(description="One line for each thing made.")
def progress(_context: dg.InitLoggerContext) -> logging.Logger:
    """Return a logger that prints the end of each step."""
    logger = logging.Logger("citizenstats.progress", level=logging.DEBUG)
    logger.addHandler(_Lines())
    return logger
