"""Jobs that a person or a schedule starts: everything, sign-off, and publishing what is due.

Add here: a reason to run that is no file's arrival. Keep out: what is decided; `citizenstats.release` decides.
"""

import dagster as dg

from assets import keys, shown
from assets.failures import value_free
from citizenstats.house import House
from citizenstats.release.approve import approve as sign
from citizenstats.release.manifest import newest
from citizenstats.release.publish import publish_due as let_out
from citizenstats.release.release import Released, standing
from resources.house import HouseResource

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    description="Take all that is in the inbox and all that changed through to releases.",
)


class SignOff(dg.Config):  # type: ignore[misc]
    """Who lets which candidate out."""

    flow: str
    """The dataflow as AGENCY:ID."""
    person: str
    """Name of the person who signs; not the author of a contract behind the candidate."""
    note: str = ""
    """What was looked at, or why."""
    candidate: str | None = None
    """Such as C0001; the one that waits when left out."""


@dg.op
def sign_off(context: dg.OpExecutionContext, config: SignOff, house: HouseResource) -> None:
    """Record the sign-off, and publish at once or when the embargo ends."""
    with value_free("approve", config.flow):
        opened = house.open()
        done = sign(opened, config.flow, config.candidate, config.person, config.note)
        context.log_event(_event(opened, done))


@dg.job
def approve() -> None:
    """Sign a candidate off: config is flow (AGENCY:ID), person, note, and candidate when not the one that waits."""
    sign_off()


@dg.op
def publish(context: dg.OpExecutionContext, house: HouseResource) -> None:
    """Publish each signed-off candidate whose embargo is over."""
    opened = house.open()
    for flow in sorted(opened.mappings.dataflows):
        with value_free("publish", flow):
            before = newest(opened.store, flow)
            if let_out(opened, flow):
                context.log_event(_event(opened, standing(opened, flow, before)))


@dg.job
def publish_due() -> None:
    """Publish what was signed off and whose time has come."""
    publish()


def _event(house: House, done: Released) -> dg.AssetMaterialization:
    """Return the new release as an event of its asset, which no step of this job is."""
    return dg.AssetMaterialization(keys.key("released", done.flow), metadata=shown.released(house, done))
