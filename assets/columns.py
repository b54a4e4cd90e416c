"""Column schemas for the UI, from contract and data structure: names, types, labels and code lists, no values."""

from __future__ import annotations

import dagster as dg

from assets.keys import told
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Column
from citizenstats.sdmx.model import Component, DataStructure, Structures


def of_records(dataset: Dataset) -> dg.TableSchema:
    """Return the columns that a contract declares."""
    return dg.TableSchema([_declared(name, column) for name, column in dataset.contract.columns.items()])


def of_observations(structure: DataStructure, structures: Structures) -> dg.TableSchema:
    """Return the components of a data structure, with the code list of each coded one as a tag."""
    return dg.TableSchema([_component(part, structures) for part in structure.components])


def _declared(name: str, column: Column) -> dg.TableColumn:
    tags = {"role": column.role} if column.role else {}
    return dg.TableColumn(
        name,
        column.type,
        description=told(column.label) if column.label else None,
        constraints=dg.TableColumnConstraints(nullable=not column.required),
        tags=tags,
    )


def _component(part: Component, structures: Structures) -> dg.TableColumn:
    scheme = structures.schemes.get(part.concept_scheme)
    concept = scheme.by_id.get(part.concept) if scheme else None
    tags = {"role": part.role} | ({"codelist": str(part.codelist)} if part.codelist else {})
    nullable = part.role in ("measure", "attribute") and not part.mandatory
    return dg.TableColumn(
        part.id,
        "code" if part.codelist else part.type,
        description=told(concept.names) if concept else None,
        constraints=dg.TableColumnConstraints(nullable=nullable),
        tags=tags,
    )
