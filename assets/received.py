"""``received/<partner>/<dataset>``: what a partner has delivered, read row by row."""

from datetime import timedelta

import dagster as dg

from assets import columns, keys, shown
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import Delivery
from resources.house import HouseResource


class Look(dg.Config):  # type: ignore[misc]
    """How to look at the inbox."""

    settle: float = steps.SETTLE
    """Seconds between the two looks at a file that must be still."""
    fetch: bool = False
    """Also fetch the source that the contract names; the schedule of a pulled source does."""


def received(said: Mappings, dataset: Dataset) -> dg.AssetsDefinition:
    """Return the asset of a dataset's deliveries: new ones are kept, read, and answered with a receipt."""
    contract = dataset.contract

    @dg.asset(
        key=keys.key("received", dataset.name),
        group_name=dataset.partner,
        kinds={{"xlsx": "excel", "sdmx": "xml"}.get(contract.read.format, "csv"), "parquet"},
        owners=keys.owners(contract.record.contact, dataset.partner),
        description=_description(said, dataset),
        code_version=dataset.digest,
        freshness_policy=freshness(contract.delivery),
        metadata={
            "dagster/column_schema": columns.of_records(dataset),
            "contract": dg.MetadataValue.text(f"version {contract.version} by {contract.author}"),
            "methodology": _link(contract.record.methodology),
        },
    )
    def take_in(
        context: dg.AssetExecutionContext, config: Look, house: HouseResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with value_free("receive", dataset.name):
            done = steps.receive(house.open(), dataset.name, config.settle, fetch=config.fetch)
            for outcome in done.outcomes:
                context.log_event(shown.delivery(outcome))
            return dg.MaterializeResult(metadata=shown.received(done))

    return take_in


def freshness(delivery: Delivery) -> dg.FreshnessPolicy | None:
    """Return when the UI warns that nothing came, and when it says so in red; None when nothing is expected."""
    if delivery.expected_every_days is None:
        return None
    warn = timedelta(days=delivery.expected_every_days)
    # A policy fails only some time after it warned, so the least grace is a day.
    return dg.FreshnessPolicy.time_window(
        warn_window=warn, fail_window=warn + timedelta(days=max(delivery.grace_days, 1))
    )


def _description(said: Mappings, dataset: Dataset) -> str:
    record = dataset.contract.record
    where = (
        "fetched by schedule" if dataset.contract.delivery.pull else f"dropped into `inbox/{dataset.name}/`"
    )
    return (
        f"**{keys.told(dataset.contract.title)}**\n\n"
        f"From {keys.told(said.partners[dataset.partner].name)}, {where}. "
        f"Population: {keys.told(record.population)}. {record.mode}.\n\n"
        f"Consent: {record.consent.basis.replace('_', ' ')}; publication: {record.publication.replace('_', ' ')}. "
        f"Licence: {record.licence}.\n\nLimitations: {keys.told(record.limitations)}"
    )


def _link(text: str) -> dg.MetadataValue:
    return (
        dg.MetadataValue.url(text)
        if text.startswith(("http://", "https://"))
        else dg.MetadataValue.text(text)
    )
