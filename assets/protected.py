"""``protected/<family>``: what may be published of the dataflows about the same units."""

import dagster as dg

from assets import keys, shown
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Mappings
from resources.house import HouseResource


def protected(said: Mappings, family: str) -> dg.AssetsDefinition:
    """Return the asset of a family after disclosure control."""
    flows = said.families[family]

    @dg.asset(
        key=keys.key("protected", family),
        deps=keys.needed("protected", family, said),
        group_name=family,
        kinds={"duckdb", "parquet"},
        owners=keys.owners(said.agency.contact, said.agency.id),
        description=f"Disclosure control over {', '.join(flows)}: what could point at a few people is emptied.",
    )
    def protect(house: HouseResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with value_free("protect", family):
            opened = house.open()
            done = steps.protect(opened, family)
            return dg.MaterializeResult(
                metadata=shown.protected(opened, done), data_version=dg.DataVersion(done.state)
            )

    return protect
