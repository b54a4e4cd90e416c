"""Which artefacts go into a structure message, and their URNs.

What belongs here: what the writers of SDMX-ML and SDMX-JSON share. What does not: writing (`structures.py` is the door).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
