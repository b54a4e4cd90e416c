"""What the files of partners and dataflows say already: dataflows, provision agreements, categorisations, constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError
from citizenstats.protect.said import said
from citizenstats.sdmx.load.entries import identity, no_such, reference_of
from citizenstats.sdmx.model import (
    Annotation,
    Categorisation,
    ContentConstraint,
    Dataflow,
    DataStructure,
    ItemScheme,
    ProvisionAgreement,
    Reference,
)

if TYPE_CHECKING:
    from citizenstats.contracts.model import AgencyFile, DataflowFile, PartnerFile

PROTECTION = "DISCLOSURE_CONTROL"
"""Type of the annotation of a dataflow whose counts are changed, which says how."""


def dataflow(
    name: str, file: DataflowFile, structures: Mapping[Reference, DataStructure], folder: Path
) -> tuple[Reference, Dataflow]:
    """Return the dataflow of a file, named ``AGENCY:ID``, by its reference."""
    agency, _, identifier = name.partition(":")
    where = f"{folder / 'dataflows' / agency / identifier}.yaml:1"
    reference = identity(agency, identifier, {"version": file.version}, where)
    structure = reference_of(file.structure, structures, where) if file.structure else reference
    if structure not in structures:
        raise no_such("NO_SUCH_STRUCTURE", "data structure", structure, structures, where)
    changed = not file.protection.hides
    notes = (Annotation(PROTECTION, text={"en": said(file.protection)}),) if changed else ()
    return reference, Dataflow(reference, file.name, structure, file.description or {}, notes)


def agreements(
    agency: AgencyFile,
    partners: Mapping[str, PartnerFile],
    dataflows: Mapping[str, DataflowFile],
    providers: Reference,
) -> Iterator[ProvisionAgreement]:
    """Yield one provision agreement for each partner that feeds a dataflow."""
    for name, file in dataflows.items():
        owner, _, identifier = name.partition(":")
        for partner in sorted({feed.partition("/")[0] for feed in file.feeds} & set(partners)):
            provider = partners[partner]
            reference = Reference(agency.id, f"{identifier}_{provider.id}", "1.0.0")
            names = {
                lang: f"{text} – {provider.name.get(lang, provider.id)}" for lang, text in file.name.items()
            }
            yield ProvisionAgreement(
                reference, names, Reference(owner, identifier, file.version), providers, provider.id
            )


def categorisations(
    agency: AgencyFile,
    dataflows: Mapping[str, DataflowFile],
    schemes: Mapping[Reference, ItemScheme],
    folder: Path,
) -> Iterator[Categorisation]:
    """Yield the categorisation of each dataflow that names a category."""
    known = [s for s in schemes.values() if s.kind == "CategoryScheme" and s.reference.agency == agency.id]
    for name, file in dataflows.items():
        if file.category is None:
            continue
        owner, _, identifier = name.partition(":")
        scheme = next((s for s in known if file.category in _paths(s)), None)
        if scheme is None:
            where = f"{folder / 'dataflows' / owner / identifier}.yaml:1"
            mend = nearest(file.category, [path for s in known for path in _paths(s)])
            raise MappingError("NO_SUCH_CATEGORY", f"there is no category '{file.category}'", where, mend)
        reference = Reference(agency.id, f"CAT_{identifier}", "1.0.0")
        flow = Reference(owner, identifier, file.version)
        yield Categorisation(reference, file.name, flow, scheme.reference, file.category)


def _paths(scheme: ItemScheme) -> set[str]:
    """Return each category by its whole path."""
    paths: dict[str, str] = {}
    for item in scheme.items:  # a category stands after the one above it
        paths[item.id] = f"{paths[item.parent]}.{item.id}" if item.parent else item.id
    return set(paths.values())


def constraints(agency: AgencyFile, dataflows: Mapping[str, DataflowFile]) -> Iterator[ContentConstraint]:
    """Yield the constraint of each dataflow that has one."""
    for name, file in dataflows.items():
        if file.constraint:
            owner, _, identifier = name.partition(":")
            allowed = {dimension: tuple(codes) for dimension, codes in file.constraint.items()}
            reference = Reference(agency.id, f"CN_{identifier}", "1.0.0")
            yield ContentConstraint(reference, file.name, Reference(owner, identifier, file.version), allowed)
