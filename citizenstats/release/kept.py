"""The structures that a release was published with, read back from the message that lies beside it.

A release says what it says in the words of its own time: its codes, names and components are those of its own structure
message, also when the mappings have moved on to another version, or no longer know the dataflow at all.
What belongs here: reading them, and releases as messages. What does not: the structures of what is made next; those are the
mappings'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from citizenstats.errors import ReleaseError, StructureError
from citizenstats.house import House
from citizenstats.release.manifest import Release, newest, released_flows, releases
from citizenstats.release.messages import STRUCTURES, message_of, sender_of
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.registry.message import read_structures
from citizenstats.sdmx.write import DataMessage
from citizenstats.store import Store, sha256_of

if TYPE_CHECKING:
    import pyarrow as pa

_MESSAGE = STRUCTURES["json-2.0"][0]
"""Of the structure messages of a release the one that leaves nothing out."""


class Kept(Protocol):
    """A release or a candidate: a folder of messages, and what is said of them."""

    @property
    def folder(self) -> Path:
        """Where the messages lie, called by its name."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its manifest or ``candidate.json`` says."""


def structures_of(state: Kept) -> Structures:
    """Return the structures that a release was published with, or a candidate was signed off with.

    Raises:
        ReleaseError: ``STRUCTURES_GONE`` when its structure message is not the one that was written.
    """
    return structures_in(state.folder, state.facts)


def structures_in(folder: Path, facts: Mapping[str, Any]) -> Structures:
    """Return the structures that lie in the folder of a release or candidate.

    Args:
        folder: where it lies, called by its name.
        facts: what its manifest or ``candidate.json`` says.

    Raises:
        ReleaseError: ``STRUCTURES_GONE`` when the structure message is not the one that was written.
    """
    message = folder / _MESSAGE
    told = next((file["sha256"] for file in facts["files"] if file["name"] == _MESSAGE), None)
    if told is None or not message.exists() or sha256_of(message) != told:
        raise ReleaseError(
            "STRUCTURES_GONE",
            f"the structure message of {folder.name} is not there as it was written",
            str(facts["dataflow"]),
            f"restore {_MESSAGE} from backup",
        )
    return _read(message, folder / "observations.parquet", told)


def readable_structures(release: Release) -> Structures | None:
    """Return the structures that a release was published with; None when they cannot be read."""
    try:
        return structures_of(release)
    except ReleaseError:
        return None


def release_message(house: House, release: Release, along: str | None = None) -> DataMessage:
    """Return a release as a message that every writer takes, with the structures that it was published with.

    Args:
        house: where; its agency is the sender.
        release: what to say.
        along: the dimension at the observation, or ``AllDimensions``; None for the format's own way.

    Raises:
        ReleaseError: ``STRUCTURES_GONE``.
    """
    return message_of(structures_of(release), sender_of(house), release.observations, release.facts, along)


def with_published(structures: Structures, store: Store) -> Structures:
    """Return structures and, under them, those of published dataflows and versions that they do not have.

    A version of which no release stands any more is not among them.
    """
    for flow in released_flows(store):
        for version in dict.fromkeys(r.dataflow.version for r in releases(store, flow)):
            release = newest(store, flow, version)
            if release is not None and release.dataflow not in structures.dataflows:
                structures = _under(structures, structures_of(release))
    return structures


def _under(above: Structures, below: Structures) -> Structures:
    return Structures(
        {**below.schemes, **above.schemes},
        {**below.data_structures, **above.data_structures},
        {**below.dataflows, **above.dataflows},
        above.provision_agreements + below.provision_agreements,
        above.categorisations + below.categorisations,
        above.constraints + below.constraints,
    )


@lru_cache(maxsize=32)
def _read(message: Path, observations: Path, _sha256: str) -> Structures:
    """Read a structure message once; what was published under this digest never changes."""
    try:
        found = read_structures(message.read_bytes())
    except StructureError as error:
        raise ReleaseError("STRUCTURES_GONE", error.what, str(message), "restore it from backup") from None
    return Structures(
        found.schemes,
        {r: _with_parts(structure, observations) for r, structure in found.data_structures.items()},
        found.dataflows,
        tuple(found.agreements.values()),
        tuple(found.categorisations.values()),
        tuple(found.constraints.values()),
    )


def _with_parts(structure: DataStructure, observations: Path) -> DataStructure:
    """Return the structure with the attributes that have several values, and the languages of their texts.

    SDMX says that a text has several languages, not which; the columns of the observations do.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(observations)
    components = tuple(
        _with_several(component, schema.field(component.id).type)
        if component.role == "attribute" and component.id in schema.names
        else component
        for component in structure.components
    )
    return replace(structure, components=components)


def _with_several(component: Component, kind: pa.DataType) -> Component:
    import pyarrow as pa

    array = pa.types.is_list(kind)
    one = kind.value_type if array else kind
    if pa.types.is_map(one):
        return replace(component, array=array, any_language=True)
    languages = tuple(field.name for field in one) if pa.types.is_struct(one) else ()
    return replace(component, array=array, languages=languages, any_language=False)
