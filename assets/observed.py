"""``observed/<partner>/<dataset>``: a dataset's current records as coded observations."""

import dagster as dg

from assets import columns, keys, shown
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Dataset, Mappings
from resources.house import HouseResource


def observed(said: Mappings, dataset: Dataset) -> dg.AssetsDefinition:
    """Return the asset of a dataset's observations, mapped by one SELECT for each target dataflow."""
    flows = sorted({target.dataflow for target in dataset.contract.targets})
    first = said.structures.structure_of(said.reference(flows[0]))

    @dg.asset(
        key=keys.key("observed", dataset.name),
        deps=keys.needed("observed", dataset.name, said),
        group_name=dataset.partner,
        kinds={"duckdb", "sql", "parquet"},
        owners=keys.owners(dataset.contract.record.contact, dataset.partner),
        description=f"{keys.told(dataset.contract.title)}, coded for {', '.join(flows)}.",
        code_version=dataset.digest,
        metadata={"dagster/column_schema": columns.of_observations(first, said.structures)},
    )
    def observe(house: HouseResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with value_free("observe", dataset.name):
            done = steps.observe(house.open(), dataset.name)
            return dg.MaterializeResult(
                metadata=shown.observed(done), data_version=dg.DataVersion(done.state)
            )

    return observe
