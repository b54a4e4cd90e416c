"""Structure messages: everything that a receiver needs to understand a dataflow, in SDMX-ML and SDMX-JSON.

What belongs here: which artefacts go into a message, their URNs, and the door to the writers (`structures_ml.py`,
`structures_json.py`). They are written here and not by pysdmx 1.21, whose model holds names in one language, and whose
writers leave out categorisations, data providers and provision agreements in 2.1 or write JSON that its own schema refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citizenstats.errors import MessageError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import (
    Categorisation,
    ContentConstraint,
    Dataflow,
    DataStructure,
    ItemScheme,
    ProvisionAgreement,
    Reference,
    Structures,
)

PACKAGES = {
    "AgencyScheme": "base",
    "DataProviderScheme": "base",
    "Agency": "base",
    "DataProvider": "base",
    "Codelist": "codelist",
    "Code": "codelist",
    "ConceptScheme": "conceptscheme",
    "Concept": "conceptscheme",
    "CategoryScheme": "categoryscheme",
    "Category": "categoryscheme",
    "Categorisation": "categoryscheme",
    "DataStructure": "datastructure",
    "Dataflow": "datastructure",
    "ProvisionAgreement": "registry",
    "ContentConstraint": "registry",
    "DataConstraint": "registry",
}
"""Class of the information model → its package, for URNs."""

ITEMS = {
    "AgencyScheme": "Agency",
    "DataProviderScheme": "DataProvider",
    "Codelist": "Code",
    "ConceptScheme": "Concept",
    "CategoryScheme": "Category",
}
"""Kind of a scheme → the class of its items."""

FORMATS = ("ml-2.1", "ml-3.0", "ml-3.1", "json-1.0", "json-2.0", "json-2.1")


@dataclass(frozen=True)
class Selected:
    """The artefacts of one message, each kind in the order of its references."""

    schemes: tuple[ItemScheme, ...]
    data_structures: tuple[DataStructure, ...]
    dataflows: tuple[Dataflow, ...]
    agreements: tuple[ProvisionAgreement, ...]
    categorisations: tuple[Categorisation, ...]
    constraints: tuple[ContentConstraint, ...]

    def of(self, kind: str) -> tuple[ItemScheme, ...]:
        """Return the schemes of a kind."""
        return tuple(scheme for scheme in self.schemes if scheme.kind == kind)


def urn(kind: str, reference: Reference, item: str | None = None) -> str:
    """Return the URN of an artefact, or of an item inside it; a nested category is given by its whole path."""
    inside = f".{item}" if item else ""
    return f"urn:sdmx:org.sdmx.infomodel.{PACKAGES[kind]}.{kind}={reference}{inside}"


def select(structures: Structures, flows: Sequence[Reference]) -> Selected:
    """Return all artefacts that dataflows need, directly or through others.

    Raises:
        StructureError: one of them is missing.
    """
    wanted = set(flows)
    data_structures = {
        structures.structure_of(flow).reference: structures.structure_of(flow) for flow in flows
    }
    agreements = [a for a in structures.provision_agreements if a.dataflow in wanted]
    categorisations = [c for c in structures.categorisations if c.dataflow in wanted]
    needed = {c.category_scheme for c in categorisations} | {a.provider_scheme for a in agreements}
    for structure in data_structures.values():
        needed |= {c.concept_scheme for c in structure.components}
        needed |= {c.codelist for c in structure.components if c.codelist is not None}
    needed |= {r for r, s in structures.schemes.items() if s.kind == "AgencyScheme"}
    return Selected(
        tuple(structures.scheme(reference) for reference in sorted(needed)),
        tuple(data_structures[reference] for reference in sorted(data_structures)),
        tuple(structures.dataflows[flow] for flow in sorted(wanted)),
        tuple(sorted(agreements, key=lambda a: a.reference)),
        tuple(sorted(categorisations, key=lambda c: c.reference)),
        tuple(sorted((c for c in structures.constraints if c.dataflow in wanted), key=lambda c: c.reference)),
    )


def structure_message(structures: Structures, flows: Sequence[Reference], form: str, header: Header) -> bytes:
    """Return the message with all artefacts that dataflows need.

    Args:
        structures: where they are.
        flows: the dataflows.
        form: one of `FORMATS`.
        header: of the message.

    Raises:
        MessageError: there is no such format.
        StructureError: an artefact is missing.
    """
    return written(select(structures, flows), form, header)


def written(selected: Selected, form: str, header: Header) -> bytes:
    """Return the message with these artefacts.

    Raises:
        MessageError: there is no such format, or it cannot say a structure.
    """
    from citizenstats.sdmx import structures_json, structures_ml

    if form == "ml-2.1":
        return structures_ml.write(selected, header, "2.1")
    if form == "ml-3.0":
        return structures_ml.write(selected, header, "3.0")
    if form == "ml-3.1":
        return structures_ml.write(selected, header, "3.1")
    if form == "json-1.0":
        return structures_json.write(selected, header, "1.0")
    if form == "json-2.0":
        return structures_json.write(selected, header, "2.0")
    if form == "json-2.1":
        return structures_json.write(selected, header, "2.1")
    raise MessageError(
        "NO_SUCH_FORMAT", f"structures are not written as {form}", mend=f"use one of {', '.join(FORMATS)}"
    )
