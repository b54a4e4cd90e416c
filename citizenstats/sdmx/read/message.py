"""What reading a data message gives beside its rows, and how the structure that it names is found.

The rows themselves are Parquet: `FRAME` says which columns stand before the components.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from citizenstats.errors import MessageError, StructureError
from citizenstats.sdmx.late_bound import is_late, newest_fitting
from citizenstats.sdmx.model import Dataflow, DataStructure, Reference, Structures, version_key

Action = Literal["Append", "Merge", "Replace", "Delete", "Information"]
"""What a receiver does with a row, in the words of SDMX; what a message says is handed on, never made alike."""

ACTIONS: tuple[Action, ...] = ("Append", "Merge", "Replace", "Delete", "Information")

FRAME: Mapping[str, str] = {"_row": "BIGINT", "_action": "VARCHAR"}
"""Columns of the frame before the components: the row's number in the message from 1, and its action."""

MOST_UNKNOWN = 50
"""Names of unknown components that are kept at most."""


@dataclass(frozen=True)
class MessageFacts:
    """What a message says of itself, and what reading it found.

    Attributes:
        format: such as ``ml-3.0`` or ``csv-2.x``: SDMX-CSV 2.0 and 2.1 are read alike.
        structure: the data structure by which it was read.
        dataflow: the dataflow that it names; None when it names a structure only.
        columns: components that some row may have a value of, in the structure's order.
        rows: how many rows the frame has.
        id: of the message, as all below only where it says so.
        prepared: as it stands in the message.
        sender: id of the sender.
        receiver: id of the first receiver.
        test: whether it says that it is a test.
        along: dimension at the observation.
        unknown: components that the structure does not have, at most `MOST_UNKNOWN`; their values are not read.
    """

    format: str
    structure: Reference
    dataflow: Reference | None
    columns: tuple[str, ...]
    rows: int
    id: str | None = None
    prepared: str | None = None
    sender: str | None = None
    receiver: str | None = None
    test: bool = False
    along: str | None = None
    unknown: tuple[str, ...] = ()


@dataclass
class Head:
    """A header while it is read; `facts` makes it final."""

    format: str
    id: str | None = None
    prepared: str | None = None
    sender: str | None = None
    receiver: str | None = None
    test: bool = False
    along: str | None = None
    action: Action | None = None
    unknown: dict[str, None] = field(default_factory=dict)

    def met_unknown(self, name: str) -> None:
        """Remember a component that the structure does not have."""
        if len(self.unknown) < MOST_UNKNOWN:
            self.unknown[name[:100]] = None

    def facts(self, used: Used, columns: Iterable[str], rows: int) -> MessageFacts:
        """Return the facts once all is read."""
        held = set(columns)
        return MessageFacts(
            self.format,
            used.structure.reference,
            used.dataflow.reference if used.dataflow else None,
            tuple(c.id for c in used.structure.components if c.id in held),
            rows,
            self.id,
            self.prepared,
            self.sender,
            self.receiver,
            self.test,
            self.along,
            tuple(self.unknown),
        )


@dataclass(frozen=True)
class Named:
    """What a message names as its structure: kind of artefact, and as much of its identity as it tells."""

    kind: Literal["Dataflow", "DataStructure", "ProvisionAgreement"]
    agency: str | None
    id: str
    version: str | None = None

    def __str__(self) -> str:
        """Return kind and identity."""
        return f"{self.kind} {self.agency or '*'}:{self.id}({self.version or '*'})"


@dataclass(frozen=True)
class Used:
    """The structure by which a message is read, and the dataflow when it is known."""

    structure: DataStructure
    dataflow: Dataflow | None


_IDENTITY = re.compile(
    r"(?:(?P<agency>[A-Za-z][\w.-]*):)?(?P<id>[A-Za-z0-9_@$-]+)(?:\((?P<version>[0-9A-Za-z.+*~-]+)\))?"
)
_URN = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.\w+\.(?P<kind>Dataflow|DataStructure|ProvisionAgree?ment)=(?P<of>[^:]+:[^:]+)"
)
_URL = re.compile(
    r"/(?P<kind>dataflow|datastructure|provisionagreement)/(?P<agency>[A-Za-z][\w.-]*)/(?P<id>[A-Za-z0-9_@$-]+)"
    r"/(?P<version>[0-9A-Za-z.+*~-]+)/?(?:\?.*)?$"
)


def named(kind: str, text: str) -> Named | None:
    """Return what ``AGENCY:ID(VERSION)``, or parts of it, names; None when it has another form."""
    match = _IDENTITY.fullmatch(text.strip())
    kinds: dict[str, Literal["Dataflow", "DataStructure", "ProvisionAgreement"]] = {
        "dataflow": "Dataflow",
        "datastructure": "DataStructure",
        "dataprovision": "ProvisionAgreement",
        "provisionagreement": "ProvisionAgreement",
        "provisionagrement": "ProvisionAgreement",  # as the official schema 2.1 spells it
    }
    if match is None or kind.lower() not in kinds:
        return None
    return Named(kinds[kind.lower()], match["agency"], match["id"], match["version"])


def named_by_urn(text: str) -> Named | None:
    """Return what a URN names, one with the dimension at the observation behind it included; None for another text."""
    match = _URN.match(text.strip())
    return named(match["kind"], match["of"]) if match else None


def named_by_url(text: str) -> Named | None:
    """Return what the address of an artefact at a service names; None for another address."""
    match = _URL.search(text.strip())
    return named(match["kind"], f"{match['agency']}:{match['id']}({match['version']})") if match else None


def used(structures: Structures, said: Named | None, otherwise: Reference | None) -> Used:
    """Return the structure that a message names.

    Args:
        structures: where it is looked up.
        said: what the message names; None when it names nothing.
        otherwise: the dataflow that the caller expects; it is taken where the message names nothing that is known.

    Raises:
        MessageError: ``UNKNOWN_STRUCTURE``.
    """
    found = _found(structures, said) if said is not None else None
    if found is None and otherwise is not None and otherwise in structures.dataflows:
        found = Used(structures.structure_of(otherwise), structures.dataflows[otherwise])
    if found is None:
        told = (
            f"the message's structure {said} is not known here" if said else "the message names no structure"
        )
        raise MessageError(
            "UNKNOWN_STRUCTURE",
            told,
            mend="pull it with `citizenstats structures pull`, or add it to the mappings",
        )
    return found


def _found(structures: Structures, said: Named) -> Used | None:
    if said.kind == "DataStructure":
        structure = _newest(structures.data_structures, said)
        return Used(structures.data_structures[structure], None) if structure else None
    if said.kind == "ProvisionAgreement":
        agreements = {a.reference: a.dataflow for a in structures.provision_agreements}
        agreement = _newest(agreements, said)
        flow = agreements[agreement] if agreement else None
    else:
        flow = _newest(structures.dataflows, said)
    if flow is None or flow not in structures.dataflows:
        return None
    return Used(structures.structure_of(flow), structures.dataflows[flow])


_Found = TypeVar("_Found")


def _newest(known: Mapping[Reference, _Found], said: Named) -> Reference | None:
    """Return the artefact of that name: of the version said or meant, else the newest."""
    alike = [r for r in known if r.id == said.id and said.agency in (None, r.agency)]
    if said.version and is_late(said.version):
        fitting = _fitting(said.version, alike)
        alike = [r for r in alike if r.version == fitting]
    elif said.version and re.fullmatch(r"[0-9]+(\.[0-9]+)*", said.version):
        wanted = _three(said.version)
        alike = [r for r in alike if _three(r.version) == wanted]
    if len({r.agency for r in alike}) > 1:
        return None
    return max(alike, key=lambda r: version_key(r.version), default=None)


def _fitting(version: str, alike: list[Reference]) -> str | None:
    try:
        return newest_fitting(version, (r.version for r in alike))
    except StructureError:  # it means no version
        return None


def _three(version: str) -> tuple[int, ...]:
    """Return a version so that ``1.0`` and ``1.0.0`` are the same."""
    numbers = version_key(version)
    return numbers + (0,) * (3 - len(numbers))
