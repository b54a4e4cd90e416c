"""``received`` and ``observed`` of a dataset whose contract cannot be read: there, and failing with what is wrong.

The assets keep their names, so that their history, and what waits for them, stays in the graph. A contract that can be read
and has faults needs nothing here: its own assets fail with them.
"""

from collections.abc import Iterator

import dagster as dg

from assets import keys
from assets.failures import value_free
from citizenstats import flow as steps
from citizenstats.contracts.load import Mappings, broken
from resources.house import HouseResource


def set_aside(said: Mappings, dataset: str) -> Iterator[dg.AssetsDefinition]:
    """Yield the assets of a dataset whose contract cannot be read."""
    yield _failing(said, "received", dataset)
    if steps.feeds_any(said, dataset):
        yield _failing(said, "observed", dataset)


def _failing(said: Mappings, kind: steps.Kind, dataset: str) -> dg.AssetsDefinition:
    partner = dataset.partition("/")[0]
    faults = said.unreadable[dataset]

    @dg.asset(
        key=keys.key(kind, dataset),
        deps=keys.needed(kind, dataset, said),
        group_name=partner,
        kinds={"broken"},
        tags={"citizenstats/contract": "broken"},
        owners=keys.owners(said.partners[partner].contact, partner),
        description=f"**THE CONTRACT OF {dataset} IS BROKEN.** Its files wait in `inbox/{dataset}/`, and nothing that it feeds "
        "is released. Mend it, then reload this code location.\n\n"
        + "\n".join(f"- `{fault}`" for fault in faults),
    )
    def fail(house: HouseResource) -> None:
        with value_free(kind, dataset):
            raise broken(dataset, house.contents().unreadable.get(dataset, faults))

    return fail
