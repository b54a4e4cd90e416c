"""``assembled/<AGENCY>/<FLOW>``: all that feeds a dataflow, one observation a key, valid by its structure."""

import dagster as dg

from assets import columns, keys, shown
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Mappings
from resources.house import HouseResource


def assembled(said: Mappings, flow: str) -> dg.AssetsDefinition:
    """Return the asset of a whole dataflow."""
    file = said.dataflows[flow]
    structure = said.structures.structure_of(said.reference(flow))

    @dg.asset(
        key=keys.key("assembled", flow),
        deps=keys.needed("assembled", flow, said),
        group_name=file.family,
        kinds={"duckdb", "parquet"},
        owners=keys.owners(said.agency.contact, said.agency.id),
        description=f"{keys.told(file.name)}: {flow} in the structure {structure.reference}, from {', '.join(file.feeds)}.",
        metadata={"dagster/column_schema": columns.of_observations(structure, said.structures)},
    )
    def assemble(house: HouseResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with value_free("assemble", flow):
            done = steps.assemble(house.open(), flow)
            return dg.MaterializeResult(
                metadata=shown.assembled(done), data_version=dg.DataVersion(done.state)
            )

    return assemble
