"""Jobs that a person or a schedule starts: everything, sign-off and rejection, publishing what is due, and taking back.

Add here: a reason to run that is no file's arrival. Keep out: what is decided; `citizenstats.release` decides.
"""

import dagster as dg

from assets import keys, shown
from assets.failures import value_free
from citizenstats.house import House
from citizenstats.release.approve import approve as sign
from citizenstats.release.erase import erase as destroy
from citizenstats.release.manifest import newest
from citizenstats.release.publish import publish_due as let_out
from citizenstats.release.recall import recall as take_release_back
from citizenstats.release.reject import reject as refuse
from citizenstats.release.release import Released, standing
from citizenstats.release.withdraw import withdraw_delivery
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
    """Record the sign-off, and with the last that is needed publish at once or when the embargo ends."""
    with value_free("approve", config.flow):
        opened = house.open()
        done = sign(opened, config.flow, config.candidate, config.person, config.note)
        context.log_event(_event(opened, done))


@dg.job
def approve() -> None:
    """Sign a candidate off: config is flow (AGENCY:ID), person, note, and candidate when not the one that waits."""
    sign_off()


class Rejection(dg.Config):  # type: ignore[misc]
    """Who rejects which candidate, and why."""

    flow: str
    """The dataflow as AGENCY:ID."""
    person: str
    """Name of the person who rejects."""
    note: str
    """Why; whoever may open the UI can read it there."""
    candidate: str | None = None
    """Such as C0001; the one that waits when left out."""


@dg.op
def turn_down(context: dg.OpExecutionContext, config: Rejection, house: HouseResource) -> None:
    """Record the rejection; the same figures are not offered again until something changes."""
    with value_free("reject", config.flow):
        opened = house.open()
        done = refuse(opened, config.flow, config.candidate, config.person, config.note)
        context.log_event(_event(opened, done))


@dg.job
def reject() -> None:
    """Reject a candidate: config is flow (AGENCY:ID), person, note, and candidate when not the one that waits."""
    turn_down()


class Recall(dg.Config):  # type: ignore[misc]
    """Who takes which release back, and why."""

    flow: str
    """The dataflow as AGENCY:ID."""
    release: str
    """Such as R0002."""
    person: str
    """Name of the person who asks for it."""
    reason: str
    """Why; whoever may open the UI can read it there."""


class TakenBack(dg.Config):  # type: ignore[misc]
    """Who takes which delivery back, and why."""

    dataset: str
    """The dataset as PARTNER/DATASET."""
    delivery: str
    """Its id or arrival number."""
    person: str
    """Name of the person who asks for it."""
    reason: str
    """Why; whoever may open the UI can read it there."""


@dg.op
def take_back_release(context: dg.OpExecutionContext, config: Recall, house: HouseResource) -> None:
    """Take the release back; its data leave and receivers are told."""
    with value_free("recall", config.flow):
        opened = house.open()
        done = take_release_back(opened, config.flow, config.release, config.person, config.reason)
        context.log.info(f"{config.release} is recalled; {done.release or 'no release'} is the newest now")


@dg.job
def recall() -> None:
    """Take a release back: config is flow (AGENCY:ID), release, person, reason."""
    take_back_release()


@dg.op
def take_back_delivery(context: dg.OpExecutionContext, config: TakenBack, house: HouseResource) -> None:
    """Take the delivery back, with the releases that rest on it."""
    with value_free("withdraw", config.dataset):
        opened = house.open()
        done = withdraw_delivery(opened, config.dataset, config.delivery, config.person, config.reason)
        context.log.info(
            f"taken back: {', '.join(done.deliveries)}; left: {', '.join(done.releases) or 'nothing'}"
        )


@dg.job
def withdraw() -> None:
    """Take a delivery back: config is dataset, delivery, person, reason. Rows are taken back by the command alone."""
    take_back_delivery()


@dg.op
def destroy_delivery(context: dg.OpExecutionContext, config: TakenBack, house: HouseResource) -> None:
    """Destroy the delivery's bytes and what was made of them."""
    with value_free("erase", config.dataset):
        opened = house.open()
        done = destroy(opened, config.dataset, config.delivery, config.person, config.reason)
        context.log.info(f"erased: {', '.join(done.deliveries)}")


@dg.job
def erase() -> None:
    """Destroy a delivery: config is dataset, delivery, person, reason."""
    destroy_delivery()


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
