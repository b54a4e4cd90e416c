"""Schedules, from the mappings: fetching pulled sources, and publishing when an embargo ends.

Add here: a time at which something must be looked at. Keep out: deciding whether something is due; the job that
runs decides, so a tick too many does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from assets import keys
from citizenstats import clock
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import Embargo
from pipelines.jobs import publish_due


def schedules(mappings: Mappings) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each pulled source and, when a dataflow has an embargo, one for releases."""
    pulled = [pull(dataset) for dataset in mappings.datasets.values() if dataset.contract.delivery.pull]
    embargoes = [flow.embargo for flow in mappings.dataflows.values() if flow.embargo]
    return pulled + ([releases(embargoes)] if embargoes else [])


def pull(dataset: Dataset) -> dg.ScheduleDefinition:
    """Return the schedule that fetches a source and takes what came through to its releases."""
    source = dataset.contract.delivery.pull
    if source is None:
        raise ValueError(f"{dataset.name} is not pulled")
    return dg.ScheduleDefinition(
        name=f"pull_{dataset.partner}_{dataset.id}",
        target=dg.AssetSelection.assets(keys.key("received", dataset.name)).downstream(),
        run_config={"ops": {keys.op("received", dataset.name): {"config": {"fetch": True}}}},
        cron_schedule=source.cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Fetches {dataset.name} from its source.",
    )


def releases(embargoes: Iterable[Embargo]) -> dg.ScheduleDefinition:
    """Return the schedule of the release calendars: each day at the times of day that stand in one of them.

    A missed day is made up for by the next, and a time that is moved in a dataflow's file needs no other change.
    """
    return dg.ScheduleDefinition(
        name="release_calendar",
        job=publish_due,
        cron_schedule=times_of_day(embargoes),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Publishes the signed-off candidates whose embargo is over.",
    )


def times_of_day(embargoes: Iterable[Embargo]) -> list[str]:
    """Return cron lines in UTC, one for each minute of the day at which an embargo ends."""
    ends = [clock.parse(time) for e in embargoes for time in (*e.calendar, *([e.until] if e.until else []))]
    # The end itself may lie seconds after the minute; the job one minute later finds it over.
    late = sorted(
        {
            (t.hour, t.minute) if t.second == 0 else divmod((t.hour * 60 + t.minute + 1) % 1440, 60)
            for t in ends
        }
    )
    return [f"{minute} {hour} * * *" for hour, minute in late]
