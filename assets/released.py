"""``released/<AGENCY>/<FLOW>``: the releases of a dataflow, and the candidate that waits."""

import dagster as dg

from assets import columns, keys, shown
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Mappings
from resources.house import HouseResource

_REVIEW = (
    "published without review",
    "a person signs each candidate off",
    "two different persons sign each candidate off",
)


def released(said: Mappings, flow: str) -> dg.AssetsDefinition:
    """Return the asset of a dataflow's releases: nothing changed makes nothing new."""
    file = said.dataflows[flow]
    structure = said.structures.structure_of(said.reference(flow))
    review = _REVIEW[file.signatures]

    @dg.asset(
        key=keys.key("released", flow),
        deps=keys.needed("released", flow, said),
        group_name=file.family,
        kinds={"sdmx", "xml", "csv"},
        owners=keys.owners(said.agency.contact, said.agency.id),
        description=f"{keys.told(file.name)} ({said.reference(flow)}): {review}.\n\n{keys.told(file.description or {})}",
        metadata={"dagster/column_schema": columns.of_observations(structure, said.structures)},
    )
    def release(house: HouseResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with value_free("release", flow):
            opened = house.open()
            return dg.MaterializeResult(metadata=shown.released(opened, steps.release(opened, flow)))

    return release
