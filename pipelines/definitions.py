"""The house on one page: what there is, when it runs, what it reaches.

Everything is made from the mappings: a new YAML file and a reload of this code location are all that a new dataset
needs. Loading makes nothing on disk and needs no setting; `CITIZENSTATS_HOME` and `CITIZENSTATS_MAPPINGS` name other
folders. Dagster loads this file by itself, so nothing imports from it but `build_defs`.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from assets.assembled import assembled
from assets.broken import set_aside
from assets.checks import checks
from assets.observed import observed
from assets.protected import protected
from assets.received import received
from assets.released import released
from pipelines.jobs import approve, erase, everything, publish_due, recall, reject, withdraw
from pipelines.progress import progress
from pipelines.schedules import schedules
from pipelines.sensors import arrivals
from resources.house import HouseResource


def build_defs(home: Path | None = None, mappings: Path | None = None) -> dg.Definitions:
    """Return all definitions for a data root and a mappings folder.

    Raises:
        MappingError: the first file under the mappings folder that is wrong and no contract; `citizenstats check` lists all.
            A contract that cannot be read stays in the graph, failing.
    """
    house = HouseResource.at(home, mappings)
    said = house.contents()
    return dg.Definitions(
        assets=[
            *(asset for dataset in said.unreadable for asset in set_aside(said, dataset)),
            *(received(said, dataset) for dataset in said.datasets.values()),
            *(observed(said, dataset) for dataset in said.datasets.values() if dataset.contract.targets),
            *(assembled(said, flow) for flow in said.dataflows),
            *(protected(said, family) for family in said.families),
            *(released(said, flow) for flow in said.dataflows),
        ],
        asset_checks=checks(said),
        jobs=[everything, approve, reject, publish_due, recall, withdraw, erase],
        sensors=[arrivals(house)],
        schedules=schedules(said),
        resources={"house": house},
        loggers={"progress": progress},
        # Steps are short and imports are long: all steps of a run share one process.
        executor=dg.in_process_executor,
    )


defs = build_defs()
