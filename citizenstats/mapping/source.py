"""The structure of a partner's records, made from the columns of the contract: what a structure map maps from.

The columns of the key are dimensions, all others measures. Texts are what the contract reads, after missing texts,
decimal marks and date formats were dealt with (`read` and `columns` of the contract); no structure map says those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Column
from citizenstats.sdmx.model import Component, DataStructure, Item, ItemScheme, Names, Reference

TYPES: Mapping[str, str] = {
    "text": "String",
    "integer": "Long",
    "number": "Double",
    "boolean": "Boolean",
    "date": "GregorianDay",
    "period": "ObservationalTimePeriod",
}
"""Type of a column → SDMX data type."""

ROW = "ROW_NUMBER"
"""The dimension of records that have no key."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def sayable(column: str) -> bool:
    """Return whether a column's id can be the id of a component: SDMX has none that begins with ``_``."""
    return _ID.fullmatch(column) is not None


def stem(dataset: Dataset) -> str:
    """Return the part of an artefact's id that names the dataset."""
    return f"{dataset.partner}_{dataset.id}".upper()


def source_structure(dataset: Dataset, agency: str) -> tuple[DataStructure, ItemScheme]:
    """Return the data structure of a dataset's records and the scheme of its concepts.

    Args:
        dataset: the dataset.
        agency: id of the agency that maintains them.
    """
    contract = dataset.contract
    concepts = Reference(agency, f"CS_{stem(dataset)}", contract.version)
    columns = {c: declared for c, declared in contract.columns.items() if sayable(c)}
    key = [c for c in contract.key if c in columns]
    items = [Item(c, _label(c, declared)) for c, declared in columns.items()]
    components = [_component(c, columns[c], concepts, dimension=True) for c in key]
    if not key:
        items.insert(0, Item(ROW, {"en": "Number of the row in the file"}))
        components = [Component(ROW, "dimension", concepts, ROW, type="Long")]
    components += [_component(c, d, concepts, dimension=False) for c, d in columns.items() if c not in key]
    structure = DataStructure(
        Reference(agency, f"DSD_{stem(dataset)}", contract.version), dict(contract.title), tuple(components)
    )
    return structure, ItemScheme("ConceptScheme", concepts, dict(contract.title), tuple(items))


def _component(column: str, declared: Column, concepts: Reference, *, dimension: bool) -> Component:
    role = "dimension" if dimension else "measure"
    return Component(column, role, concepts, column, type=TYPES[declared.type])  # type: ignore[arg-type]


def _label(column: str, declared: Column) -> Names:
    if declared.label:
        return dict(declared.label)
    header = declared.header if isinstance(declared.header, str) else (declared.header or [column])[0]
    return {"en": header}
