"""Code lists, concept schemes and category schemes of a structures folder, and the organisations that other files name.

Code lists are CSV, concepts and categories YAML (`citizenstats.sdmx.load`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citizenstats.contracts.document import read_yaml
from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError
from citizenstats.sdmx.load.entries import (
    ID,
    LANGUAGE,
    NAME,
    UNSAYABLE,
    Place,
    identity,
    known_keys,
    mapping,
    names_of,
    standing_twice,
    texts_of,
    valid_id,
)
from citizenstats.sdmx.model import Annotation, Item, ItemScheme, Reference

if TYPE_CHECKING:
    from citizenstats.contracts.model import AgencyFile, PartnerFile


def item_schemes(place: Path) -> Iterator[ItemScheme]:
    """Yield the schemes of an agency's folder."""
    agency = place.name
    for identifier, said, where in _entries(place / "codelists.yaml"):
        known_keys(said, ("id", "version", "name", "partial"), where)
        items = tuple(_codes(place / "codelists" / f"{identifier}.csv", where()))
        yield _scheme("Codelist", agency, identifier, said, items, where())
    for identifier, said, where in _entries(place / "concepts.yaml"):
        known_keys(said, ("id", "version", "name", "partial", "concepts"), where)
        concepts = mapping(said, "concepts", where())
        items = tuple(_concepts(concepts, where))
        yield _scheme("ConceptScheme", agency, identifier, said, items, where())
    for identifier, said, where in _entries(place / "categories.yaml"):
        known_keys(said, ("id", "version", "name", "partial", "categories"), where)
        items = tuple(_categories(mapping(said, "categories", where()), None, where, ("categories",)))
        if twice := standing_twice(item.id for item in items):
            raise MappingError(
                "DUPLICATE_KEY",
                f"the category '{twice}' stands twice",
                where(),
                "give one of them another id",
            )
        yield _scheme("CategoryScheme", agency, identifier, said, items, where())


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Any], Place]]:
    """Yield id, content and place of each entry of a YAML file; nothing when there is no such file."""
    if path.exists():
        document = read_yaml(path)
        if not isinstance(document.content, dict):
            raise MappingError("BAD_VALUE", "this file holds no entries", document.where(), "write ID: {…}")
        for identifier in document.content:
            yield (
                identifier,
                mapping(document.content, identifier, document.where((identifier,))),
                lambda *keys, i=identifier: document.where((i, *keys)),
            )


def _scheme(
    kind: Any, agency: str, identifier: str, said: Mapping[str, Any], items: tuple[Item, ...], where: str
) -> ItemScheme:
    reference = identity(agency, said.get("id", identifier), said, where)
    return ItemScheme(kind, reference, names_of(said, where), items, bool(said.get("partial", False)))


def _codes(path: Path, where: str) -> Iterator[Item]:
    try:
        table = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True)
        rows = list(table)
    except FileNotFoundError:
        raise MappingError(
            "NO_SUCH_FILE", f"the codes {path.name} are not there", where, f"make {path}"
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise MappingError(
            "BAD_CSV", "this file is not UTF-8 CSV", str(path), "save it as UTF-8 CSV"
        ) from None
    for column in table.fieldnames or ():
        kind, _, language = column.partition("_")
        if kind in ("name", "description") and not LANGUAGE.fullmatch(language):
            raise MappingError("BAD_VALUE", f"'{column}' names no language", f"{path}:1", f"write {kind}_en")
    known = {(row.get("id") or "").strip(): (row.get("parent") or "").strip() for row in rows}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        line = f"{path}:{number}"
        if None in row or None in row.values():
            mend = "put a text that holds a comma in quotes"
            raise MappingError("BAD_CODE", "a code needs as many cells as the header", line, mend)
        cells = {column: cell.strip() for column, cell in row.items()}
        identifier = valid_id(cells.get("id", ""), ID, line)
        if identifier in seen:
            raise MappingError("BAD_CODE", f"the code '{identifier}' stands twice", line, "leave one of them")
        seen.add(identifier)
        _parent(identifier, known, line)
        yield _code(identifier, cells, line)


def _parent(identifier: str, parents: Mapping[str, str], line: str) -> None:
    """Refuse a parent that is no code of the list, or stands below its own child."""
    parent, below = parents[identifier], {identifier}
    if parent and parent not in parents:
        raise MappingError(
            "UNKNOWN_CODE", f"the parent '{parent}' is no code of this list", line, nearest(parent, parents)
        )
    while parent:
        if parent in below:
            mend = "a parent stands above its codes; leave one out"
            raise MappingError("BAD_CODE", f"'{identifier}' is below itself", line, mend)
        below.add(parent)
        parent = parents.get(parent, "")


def _code(identifier: str, cells: Mapping[str, str], line: str) -> Item:
    if any(UNSAYABLE.search(cell) for cell in cells.values()):
        mend = "remove it; it is seen in an editor that shows them"
        raise MappingError("BAD_CODE", "a cell holds a control character", line, mend)
    names = {c.removeprefix("name_"): v for c, v in cells.items() if c.startswith("name_") and v}
    if not names:
        raise MappingError("MISSING_KEY", f"the code '{identifier}' has no name", line, "fill name_en")
    descriptions = {
        c.removeprefix("description_"): v for c, v in cells.items() if c.startswith("description_") and v
    }
    return Item(identifier, names, descriptions, cells.get("parent") or None, tuple(_annotations(cells)))


def _annotations(cells: Mapping[str, str]) -> Iterator[Annotation]:
    for column, cell in cells.items():
        if column not in ("id", "parent") and not column.startswith(("name_", "description_")):
            for value in filter(None, (part.strip() for part in cell.split(";"))):
                yield Annotation(column, title=value)


def _concepts(said: Mapping[str, Any], where: Place) -> Iterator[Item]:
    for identifier, facts in said.items():
        here = where("concepts", identifier)
        known_keys(facts, ("name", "description"), lambda *keys, i=identifier: where("concepts", i, *keys))
        yield Item(
            valid_id(identifier, NAME, here), names_of(facts, here), texts_of(facts, "description", here)
        )


def _categories(
    said: Mapping[str, Any], parent: str | None, where: Place, path: tuple[str, ...]
) -> Iterator[Item]:
    for identifier, facts in said.items():
        below = (*path, identifier)
        here = where(*below)
        known_keys(facts, ("name", "description", "children"), lambda *keys, b=below: where(*b, *keys))
        names, descriptions = names_of(facts, here), texts_of(facts, "description", here)
        yield Item(valid_id(identifier, ID, here), names, descriptions, parent)
        if facts.get("children"):
            yield from _categories(mapping(facts, "children", here), identifier, where, (*below, "children"))


def organisations(agency: AgencyFile, partners: Mapping[str, PartnerFile]) -> tuple[ItemScheme, ItemScheme]:
    """Return the agency scheme and the data provider scheme; their ids and version 1.0 are fixed by SDMX."""
    names = {"en": "Agencies"}, {"en": "Data providers"}
    itself = Item(agency.id, agency.name)
    providers = tuple(Item(p.id, p.name, p.description or {}) for p in partners.values())
    return (
        ItemScheme("AgencyScheme", Reference(agency.id, "AGENCIES", "1.0"), names[0], (itself,)),
        ItemScheme("DataProviderScheme", Reference(agency.id, "DATA_PROVIDERS", "1.0"), names[1], providers),
    )
