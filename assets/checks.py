"""Checks beside the assets: what is committed is looked at again, and the UI shows what was found.

They are made from contract and structure, and read the store themselves. A broken promise (rows that do not add
up, an invalid observation, a cell under the minimum, a changed file) is an error and stops the run. A refused
or late delivery is a warning: the partner has the receipt, nothing downstream can read a refused row, and the deliveries
beside it go on. No check is a gate: started by hand, a later step is as safe without them.
"""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from assets import keys
from assets.failures import value_free
from citizenstats import verify
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.flow import Kind
from citizenstats.house import House
from citizenstats.validation.finding import Finding
from resources.house import HouseResource

Look = Callable[[House], Sequence[Finding]]

_SHOWN = 30


def checks(said: Mappings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of all assets."""
    return [*_of_datasets(said), *_of_flows(said), *_of_families(said)]


def _of_datasets(said: Mappings) -> Iterator[dg.AssetChecksDefinition]:
    for dataset in said.datasets.values():
        yield _check(
            "received",
            dataset.name,
            "rows_add_up",
            "Every row read of every delivery is accepted, refused, withheld or ignored, and lies where it should.",
            lambda house, name=dataset.name: verify.delivery_faults(house, name),
        )
        yield _check(
            "received",
            dataset.name,
            "newest_delivery_accepted",
            _accepted(dataset),
            lambda house, name=dataset.name: verify.refusals(house, name),
            severity=dg.AssetCheckSeverity.WARN,
        )
        if (days := dataset.contract.delivery.expected_every_days) is not None:
            # The freshness policy asks when the asset was last made; this asks when something was last taken.
            yield _check(
                "received",
                dataset.name,
                "delivered_in_time",
                f"Something was taken within {days} days, and {dataset.contract.delivery.grace_days} days of grace.",
                lambda house, name=dataset.name: verify.overdue(house, name),
                severity=dg.AssetCheckSeverity.WARN,
            )


def _of_flows(said: Mappings) -> Iterator[dg.AssetChecksDefinition]:
    for flow in said.dataflows:
        structure = said.structures.structure_of(said.reference(flow))
        coded = sum(part.codelist is not None for part in structure.components)
        yield _check(
            "assembled",
            flow,
            "valid_by_structure",
            f"{structure.reference}: codes of {coded} lists, mandatory attributes, periods, constraint.",
            lambda house, name=flow: verify.assembled_faults(house, name),
        )
        yield _check(
            "released",
            flow,
            "intact_and_valid",
            "Each file of the newest release is as its manifest says, and each message is valid.",
            lambda house, name=flow: verify.release_faults(house, name),
        )


def _of_families(said: Mappings) -> Iterator[dg.AssetChecksDefinition]:
    for family, flows in said.families.items():
        yield _check(
            "protected",
            family,
            "nothing_below_the_minimum",
            f"No publishable cell of {', '.join(flows)} rests on fewer units than its contract allows.",
            lambda house, name=family: verify.protection_faults(house, name),
        )


def _check(
    kind: Kind,
    of: str,
    name: str,
    description: str,
    look: Look,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetChecksDefinition:
    @dg.asset_check(name=name, asset=keys.key(kind, of), description=description, blocking=True)
    def again(house: HouseResource) -> dg.AssetCheckResult:
        with value_free(f"check {name} of {kind}", of):
            faults = look(house.open())
            return dg.AssetCheckResult(
                passed=not faults,
                severity=severity,
                description="; ".join(map(str, faults[:_SHOWN])) or "all is well",
                metadata={"found": dg.MetadataValue.int(len(faults)), "how to mend": _table(faults)},
            )

    return again


def _accepted(dataset: Dataset) -> str:
    share = dataset.contract.delivery.max_refused_share
    return f"The newest delivery was taken without a refused row; one with more than {share:.0%} refused is refused whole."


def _table(faults: Sequence[Finding]) -> dg.MetadataValue:
    if not faults:
        return dg.MetadataValue.text("nothing to mend")
    lines = ["| what | where | how many | how to mend |", "| --- | --- | --- | --- |"]
    lines += [f"| {f.code} | {f.component} | {f.count} | {f.mend} |" for f in faults[:_SHOWN]]
    return dg.MetadataValue.md("\n".join(lines))
