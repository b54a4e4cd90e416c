"""What protection lets out for one dataflow, and what stands behind it.

The way back is by the records of each step: the protected state names the assembled state that it was made from,
that one names the deliveries, and each delivery says when it arrived. No clock is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.store import digest, read_json


@dataclass(frozen=True)
class Publishable:
    """The protected observations of one dataflow.

    Attributes:
        state: the protected state of the family.
        file: Parquet file with the structure's components, in key order.
        deliveries: ``partner/dataset/000001-<sha12>`` of everything behind it.
        arrived: when the latest of them arrived; None without any.
        contracts: dataset, version and digest of each contract.
        authors: who wrote them.
        structures: what identifies the structures that a message of it needs.
        samples: what may be told of each sample behind it against official counts, by dataset.
        given_up: how many cells were declared to stay and are withheld all the same.
    """

    state: str
    file: Path
    deliveries: tuple[str, ...]
    arrived: datetime | None
    contracts: tuple[dict[str, str], ...]
    authors: tuple[str, ...]
    structures: str
    samples: tuple[dict[str, Any], ...]
    given_up: int


def publishable(house: House, flow: str) -> Publishable:
    """Return what may be published of ``AGENCY:ID`` now.

    Raises:
        ReleaseError: ``NOT_PROTECTED`` when its family has not been protected with this dataflow.
    """
    file = house.mappings.dataflow(flow)
    current = house.store.state(house.store.protected(file.family))
    facts = read_json(current["folder"] / "protected.json") if current else None
    if current is None or facts is None or flow not in facts["assembled"]:
        raise ReleaseError(
            "NOT_PROTECTED",
            "its family has not been protected yet",
            flow,
            f"let protected/{file.family} run first",
        )
    assembled = read_json(house.store.assembled(flow) / facts["assembled"][flow] / "assembled.json") or {}
    deliveries = tuple(sorted({d for found in assembled["deliveries"].values() for d in found}))
    datasets = [house.mappings.dataset(name) for name in sorted(file.feeds)]
    return Publishable(
        current["state"],
        current["folder"] / f"{file_stem(flow)}.parquet",
        deliveries,
        max((_arrived(house, delivery) for delivery in deliveries), default=None),
        tuple(_contract(d.name, d.contract.version, d.digest) for d in datasets),
        tuple(sorted({d.contract.author for d in datasets})),
        structures_digest(house.mappings.structures, house.mappings.reference(flow)),
        tuple(_samples(house, flow, assembled.get("observed", {}))),
        facts.get("flows", {}).get(flow, {}).get("given_up", 0),
    )


def _samples(house: House, flow: str, observed: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what the observed states behind a dataflow tell of their samples; those from before say nothing."""
    for dataset, state in sorted(observed.items()):
        facts = read_json(house.store.observed(dataset) / state / "observed.json") or {}
        sample = facts.get("flows", {}).get(flow, {}).get("sample")
        if sample is not None:
            yield sample


def structures_digest(structures: Structures, flow: Reference) -> str:
    """Return what identifies the structures that a dataflow's figures are read with: another digest, other messages.

    Schemes that all dataflows of an agency share count only with the items that this one uses, and organisations do
    not count at all: a new partner or concept elsewhere is no new release here.
    """
    structure = structures.structure_of(flow)
    lists = {c.codelist for c in structure.components if c.codelist is not None}
    return digest(
        repr(structures.dataflows[flow]),
        repr(structure),
        [repr(structures.scheme(reference)) for reference in sorted(lists)],
        [repr(structures.scheme(c.concept_scheme).by_id[c.concept]) for c in structure.components],
        [repr(a) for a in structures.provision_agreements if a.dataflow == flow],
        [repr(c) for c in structures.categorisations if c.dataflow == flow],
        [repr(c) for c in structures.constraints if c.dataflow == flow],
    )


def _contract(dataset: str, version: str, identity: str) -> dict[str, str]:
    return {"dataset": dataset, "version": version, "digest": identity}


def _arrived(house: House, delivery: str) -> datetime:
    dataset, _, identifier = delivery.rpartition("/")
    facts: dict[str, Any] | None = read_json(house.store.deliveries(dataset) / identifier / "delivery.json")
    if facts is None:
        raise ReleaseError(
            "NO_SUCH_DELIVERY", f"the delivery {delivery} is not in the store", mend="restore it from backup"
        )
    return clock.parse(facts["arrived"])
