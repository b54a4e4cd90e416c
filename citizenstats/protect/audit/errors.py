"""Numbers beside a shown figure that tell of what is withheld: errors, and design effects of counts.

Errors are of samples whose units were drawn one by one. The variance of such a figure is a sum over its parts, so it is one
more equation in their withheld shares. What belongs here: finding such numbers in the message. What does not: solving for what
they tell; that there is an equation is enough to stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from citizenstats.contracts.load import Mappings
from citizenstats.contracts.model import Contract, Estimate
from citizenstats.engine import Engine, name, quoted
from citizenstats.protect.audit.additive import parents_in

_MADE_OF_VARIANCE = (
    "STD_ERROR",
    "LOWER_BOUND",
    "UPPER_BOUND",
    "DESIGN_EFFECT",
    "EFFECTIVE_SAMPLE_SIZE",
    "DEGREES_OF_FREEDOM",
)


def telling_errors(engine: Engine, mappings: Mappings, flow: str, message: Path, account: Path) -> int:
    """Return beside how many figures of ``AGENCY:ID`` an error is shown while a part of the figure is withheld.

    Args:
        engine: one that can read both files.
        mappings: the contracts, which tell how units were drawn.
        flow: ``AGENCY:ID``.
        message: its SDMX-CSV.
        account: what protection says of each key; figures that are withheld as unreliable count as shown there.
    """
    drawn = [e for e in _estimates(mappings, flow) if _one_by_one(*e)]
    structure = mappings.structures.structure_of(mappings.reference(flow))
    columns = [c for c in _MADE_OF_VARIANCE if c in structure.by_id]
    if not drawn or not columns:
        return 0
    totals = {d: e.totals.get(d, "_T") for _, e in drawn for d in e.breakdowns}
    parents = parents_in(mappings.structures, structure, totals)
    hidden = engine.rows(
        f"SELECT key FROM read_parquet({quoted(str(account))}) WHERE flow = {quoted(flow)} AND NOT shown AND NOT retained"
    )
    above = {of for (key,) in hidden for of in _above(json.loads(key), structure.key, parents)}
    key = ", ".join(map(name, structure.key))
    told = " OR ".join(f"{name(c)} IS NOT NULL" for c in columns)
    shown = engine.rows(
        f"SELECT {key} FROM read_csv({quoted(str(message))}, all_varchar = true, header = true) WHERE {told}"
    )
    return sum(tuple(row) in above for row in shown)


def telling_effects(engine: Engine, mappings: Mappings, flow: str, message: Path) -> int:
    """Return beside how many counts of ``AGENCY:ID`` a design effect is shown.

    With the count and its error it tells how many were asked, which a count says not, and so how many of them have it not.

    Args:
        engine: one that can read the file.
        mappings: the contracts, which tell what is a count.
        flow: ``AGENCY:ID``.
        message: its SDMX-CSV.
    """
    effect, structure = "DESIGN_EFFECT", mappings.structures.structure_of(mappings.reference(flow))
    counts = {
        (estimate.indicator_dimension, code)
        for contract, estimate in _estimates(mappings, flow)
        for code, indicator in estimate.indicators.items()
        if contract.protection.waived is None and indicator.kind == "count"
    }
    if not counts or effect not in structure.by_id:
        return 0
    is_count = " OR ".join(f"{name(dimension)} = {quoted(code)}" for dimension, code in sorted(counts))
    return int(
        engine.value(
            f"SELECT count(*) FROM read_csv({quoted(str(message))}, all_varchar = true, header = true) "
            f"WHERE ({is_count}) AND {name(effect)} NOT IN ('', 'NaN', '#N/A')"
        )
    )


def _estimates(mappings: Mappings, flow: str) -> Iterator[tuple[Contract, Estimate]]:
    for dataset in mappings.dataflow(flow).feeds:
        contract = mappings.dataset(dataset).contract
        for target in contract.targets:
            if target.dataflow == flow and target.estimate is not None:
                yield contract, target.estimate


def _one_by_one(contract: Contract, estimate: Estimate) -> bool:
    """Return whether units of a probability sample were drawn one by one, not all alike."""
    is_sample = estimate.design == "probability" or (
        estimate.design is None and contract.record.sampling == "probability" and estimate.strata is not None
    )
    weighted = estimate.strata is not None or estimate.weight is not None
    return estimate.cluster is None and weighted and (is_sample or estimate.design == "simple_random")


def _above(
    cell: Mapping[str, str], key: Sequence[str], parents: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, ...]]:
    """Yield the keys of every cell that one is part of, its own too."""
    ladders = []
    for dimension in key:
        at, ladder = cell[dimension], [cell[dimension]]
        while (up := parents.get(dimension, {}).get(at)) is not None and up not in ladder:
            ladder.append(up)
            at = up
        ladders.append(ladder)
    yield from product(*ladders)
