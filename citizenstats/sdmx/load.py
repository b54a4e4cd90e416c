"""Reading structures: the official ones that are shipped, under those of the mappings folder.

Code lists are CSV (``id,parent,name_<language>,description_<language>``; any other column is an annotation of that
type, several values separated by ``;``), the rest is YAML. What partner and dataflow files say already (agencies, data
providers, provision agreements, categorisations, content constraints) is derived, never written twice.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError, StructureError
from citizenstats.sdmx.model import (
    Annotation,
    Categorisation,
    Component,
    ContentConstraint,
    Dataflow,
    DataStructure,
    Item,
    ItemScheme,
    ProvisionAgreement,
    Reference,
    Structures,
)

if TYPE_CHECKING:
    from citizenstats.contracts.load import Dataset, Document
    from citizenstats.contracts.model import AgencyFile, DataflowFile, PartnerFile

OFFICIAL = Path(__file__).parent / "official"
"""The official artefacts that travel with the library, one folder an agency."""

CROSS_DOMAIN = Reference("SDMX", "CROSS_DOMAIN_CONCEPTS", "2.0")


def load_structures(
    folder: Path,
    agency: AgencyFile,
    partners: Mapping[str, PartnerFile],
    datasets: Mapping[str, Dataset],
    dataflows: Mapping[str, DataflowFile],
) -> Structures:
    """Return all structures of a mappings folder over the official ones.

    Args:
        folder: the mappings folder; its ``structures/<AGENCY>/`` win over what is shipped.
        agency: the maintenance agency.
        partners: folder name → partner; they become data providers.
        datasets: ``partner/dataset`` → dataset; with the dataflows' feeds they become provision agreements.
        dataflows: ``AGENCY:ID`` → dataflow file.

    Raises:
        MappingError: a file is wrong or refers to what is not there, with file and line.
    """
    schemes: dict[Reference, ItemScheme] = {}
    structures: dict[Reference, DataStructure] = {}
    for root in (OFFICIAL, folder / "structures"):
        for place in sorted(p for p in root.glob("*") if p.is_dir()):
            schemes.update({s.reference: s for s in _schemes(place)})
    for root in (OFFICIAL, folder / "structures"):
        for path in sorted(root.glob("*/data_structures/*.yaml")):
            structure = _data_structure(path, schemes)
            structures[structure.reference] = structure
    organisations = _organisations(agency, partners)
    schemes.update({s.reference: s for s in organisations})
    flows = dict(_dataflow(name, file, structures, folder) for name, file in dataflows.items())
    providers = organisations[1].reference
    return Structures(
        schemes,
        structures,
        flows,
        tuple(_agreements(agency, partners, dataflows, providers)),
        tuple(_categorisations(agency, dataflows, schemes, folder)),
        tuple(_constraints(agency, dataflows)),
    )


# --- item schemes -----------------------------------------------------------------------------------------


def _schemes(place: Path) -> Iterator[ItemScheme]:
    agency = place.name
    for identifier, said, where in _entries(place / "codelists.yaml"):
        items = tuple(_codes(place / "codelists" / f"{identifier}.csv", where))
        yield _scheme("Codelist", agency, identifier, said, items, where)
    for identifier, said, where in _entries(place / "concepts.yaml"):
        concepts = _mapping(said, "concepts", where)
        items = tuple(
            Item(c, _names(facts, where), _texts(facts, "description", where))
            for c, facts in concepts.items()
        )
        yield _scheme("ConceptScheme", agency, identifier, said, items, where)
    for identifier, said, where in _entries(place / "categories.yaml"):
        items = tuple(_categories(_mapping(said, "categories", where), None, where))
        yield _scheme("CategoryScheme", agency, identifier, said, items, where)


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield id, content and ``file:line`` of each entry of a YAML file; nothing when there is no such file."""
    from citizenstats.contracts.load import read_yaml

    if path.exists():
        document = read_yaml(path)
        for identifier in document.content:
            yield (
                identifier,
                _mapping(document.content, identifier, document.where()),
                document.where((identifier,)),
            )


def _scheme(
    kind: Any, agency: str, identifier: str, said: Mapping[str, Any], items: tuple[Item, ...], where: str
) -> ItemScheme:
    reference = Reference(agency, said.get("id", identifier), _version(said, where))
    return ItemScheme(kind, reference, _names(said, where), items, bool(said.get("partial", False)))


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
    known = {row.get("id") for row in rows}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        line = f"{path}:{number}"
        identifier = (row.get("id") or "").strip()
        if not identifier or None in row or identifier in seen:
            raise MappingError(
                "BAD_CODE", "a code needs an id of its own and as many cells as the header", line
            )
        seen.add(identifier)
        parent = (row.get("parent") or "").strip() or None
        if parent is not None and parent not in known:
            raise MappingError(
                "UNKNOWN_CODE", f"the parent '{parent}' is no code of this list", line, nearest(parent, seen)
            )
        cells = {column: (cell or "").strip() for column, cell in row.items()}
        names = {c.removeprefix("name_"): v for c, v in cells.items() if c.startswith("name_") and v}
        if not names:
            raise MappingError("MISSING_KEY", f"the code '{identifier}' has no name", line, "fill name_en")
        descriptions = {
            c.removeprefix("description_"): v for c, v in cells.items() if c.startswith("description_") and v
        }
        yield Item(identifier, names, descriptions, parent, tuple(_annotations(cells)))


def _annotations(cells: Mapping[str, str]) -> Iterator[Annotation]:
    for column, cell in cells.items():
        if column not in ("id", "parent") and not column.startswith(("name_", "description_")):
            for value in filter(None, (part.strip() for part in cell.split(";"))):
                yield Annotation(column, title=value)


def _categories(said: Mapping[str, Any], parent: str | None, where: str) -> Iterator[Item]:
    for identifier, facts in said.items():
        yield Item(identifier, _names(facts, where), _texts(facts, "description", where), parent)
        yield from _categories(facts.get("children") or {}, identifier, where)


def _organisations(agency: AgencyFile, partners: Mapping[str, PartnerFile]) -> tuple[ItemScheme, ItemScheme]:
    """Return the agency scheme and the data provider scheme; their ids and version 1.0 are fixed by SDMX."""
    names = {"en": "Agencies"}, {"en": "Data providers"}
    itself = Item(agency.id, agency.name)
    providers = tuple(Item(p.id, p.name, p.description or {}) for p in partners.values())
    return (
        ItemScheme("AgencyScheme", Reference(agency.id, "AGENCIES", "1.0"), names[0], (itself,)),
        ItemScheme("DataProviderScheme", Reference(agency.id, "DATA_PROVIDERS", "1.0"), names[1], providers),
    )


# --- data structures --------------------------------------------------------------------------------------

_KEYS = ("role", "codelist", "concept", "type", "attachment", "mandatory", "group")


def _data_structure(path: Path, schemes: Mapping[Reference, ItemScheme]) -> DataStructure:
    from citizenstats.contracts.load import read_yaml

    document = read_yaml(path)
    agency, where = path.parents[1].name, document.where()
    components = tuple(
        _component(identifier, facts, agency, schemes, document)
        for identifier, facts in _mapping(document.content, "components", where).items()
    )
    reference = Reference(agency, path.stem, _version(document.content, where))
    return DataStructure(reference, _names(document.content, where), components)


def _component(
    identifier: str,
    facts: Mapping[str, Any],
    agency: str,
    schemes: Mapping[Reference, ItemScheme],
    document: Document,
) -> Component:
    where = document.where(("components", identifier))
    for key in facts:
        if key not in _KEYS:
            raise MappingError("UNKNOWN_KEY", f"'{key}' is no key here", where, nearest(key, _KEYS))
    role = facts.get("role")
    if role not in ("dimension", "time", "measure", "attribute"):
        raise MappingError("BAD_VALUE", "'role' is one of dimension, time, measure, attribute", where)
    attachment = facts.get("attachment", "observation")
    if attachment not in ("dataset", "series", "observation"):
        raise MappingError("BAD_VALUE", "'attachment' is one of dataset, series, observation", where)
    codelist = _reference(facts["codelist"], where) if "codelist" in facts else None
    if codelist is not None and codelist not in schemes:
        known = [str(r) for r, s in schemes.items() if s.kind == "Codelist"]
        raise MappingError(
            "NO_SUCH_SCHEME", f"there is no code list {codelist}", where, nearest(str(codelist), known)
        )
    scheme, concept = _concept(identifier, facts.get("concept"), agency, schemes, where)
    default = "ObservationalTimePeriod" if role == "time" else "String"
    return Component(
        identifier,
        role,
        scheme,
        concept,
        codelist,
        facts.get("type", default),
        cast("Any", attachment),
        bool(facts.get("mandatory", False)),
        tuple(facts.get("group", ())),
    )


def _concept(
    identifier: str, said: str | None, agency: str, schemes: Mapping[Reference, ItemScheme], where: str
) -> tuple[Reference, str]:
    """Return scheme and concept: as said, else the one of the same id, our own before the cross-domain one."""
    if said is not None:
        scheme, _, concept = said.rpartition(".")
        reference = _reference(scheme, where)
        if reference not in schemes or concept not in schemes[reference].by_id:
            raise MappingError("NO_SUCH_CONCEPT", f"there is no concept {said}", where)
        return reference, concept
    own = [s for r, s in schemes.items() if r.agency == agency and s.kind == "ConceptScheme"]
    cross_domain = [schemes[CROSS_DOMAIN]] if CROSS_DOMAIN in schemes else []
    for scheme_of in [*own, *cross_domain]:
        if identifier in scheme_of.by_id:
            return scheme_of.reference, identifier
    raise MappingError(
        "NO_SUCH_CONCEPT",
        f"there is no concept '{identifier}'",
        where,
        "add it to concepts.yaml, or name one with `concept:`",
    )


# --- what partner and dataflow files say ------------------------------------------------------------------


def _dataflow(
    name: str, file: DataflowFile, structures: Mapping[Reference, DataStructure], folder: Path
) -> tuple[Reference, Dataflow]:
    agency, _, identifier = name.partition(":")
    where = f"{folder / 'dataflows' / agency / identifier}.yaml:1"
    reference = Reference(agency, identifier, file.version)
    structure = _reference(file.structure, where) if file.structure else reference
    if structure not in structures:
        mend = nearest(str(structure), [str(r) for r in structures])
        raise MappingError("NO_SUCH_STRUCTURE", f"there is no data structure {structure}", where, mend)
    return reference, Dataflow(reference, file.name, structure, file.description or {})


def _agreements(
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


def _categorisations(
    agency: AgencyFile,
    dataflows: Mapping[str, DataflowFile],
    schemes: Mapping[Reference, ItemScheme],
    folder: Path,
) -> Iterator[Categorisation]:
    known = [s for s in schemes.values() if s.kind == "CategoryScheme" and s.reference.agency == agency.id]
    for name, file in dataflows.items():
        if file.category is None:
            continue
        owner, _, identifier = name.partition(":")
        wanted = file.category.rpartition(".")[2]
        scheme = next((s for s in known if wanted in s.by_id), None)
        if scheme is None:
            where = f"{folder / 'dataflows' / owner / identifier}.yaml:1"
            raise MappingError(
                "NO_SUCH_CATEGORY", f"there is no category '{file.category}'", where, "see categories.yaml"
            )
        reference = Reference(agency.id, f"CAT_{identifier}", "1.0.0")
        flow = Reference(owner, identifier, file.version)
        yield Categorisation(reference, file.name, flow, scheme.reference, file.category)


def _constraints(agency: AgencyFile, dataflows: Mapping[str, DataflowFile]) -> Iterator[ContentConstraint]:
    for name, file in dataflows.items():
        if file.constraint:
            owner, _, identifier = name.partition(":")
            allowed = {dimension: tuple(codes) for dimension, codes in file.constraint.items()}
            reference = Reference(agency.id, f"CN_{identifier}", "1.0.0")
            yield ContentConstraint(reference, file.name, Reference(owner, identifier, file.version), allowed)


# --- small readers ----------------------------------------------------------------------------------------


def _mapping(said: Any, key: str, where: str) -> Mapping[str, Any]:
    found = said.get(key) if isinstance(said, dict) else None
    if not isinstance(found, dict):
        raise MappingError("MISSING_KEY", f"'{key}' is missing or has no entries", where)
    return found


def _names(facts: Any, where: str) -> Mapping[str, str]:
    names = _texts(facts, "name", where) if isinstance(facts, dict) else {}
    if not names:
        raise MappingError("MISSING_KEY", "'name' is missing", where, "write name: {en: …}")
    return names


_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def _texts(facts: Mapping[str, Any], key: str, where: str) -> Mapping[str, str]:
    """Return language → text of a name or description; a bare text is English."""
    said = facts.get(key) or {}
    if isinstance(said, str):
        return {"en": said}
    for language, text in said.items():
        if not _LANGUAGE.fullmatch(str(language)) or not isinstance(text, str):
            raise MappingError(
                "BAD_VALUE",
                f"'{key}' is a text by language",
                where,
                "put a text that holds a comma or colon in quotes",
            )
    return dict(said)


def _version(said: Mapping[str, Any], where: str) -> str:
    version = said.get("version")
    if version is None:
        raise MappingError("MISSING_KEY", "'version' is missing", where, "write version: 1.0.0")
    return str(version)


def _reference(text: str, where: str) -> Reference:
    try:
        return Reference.parse(text)
    except StructureError as error:
        raise MappingError(error.code, error.what, where, error.mend) from None
