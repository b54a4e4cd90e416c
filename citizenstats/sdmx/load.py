"""Reading structures: the official ones that are shipped, under those of the mappings folder.

Code lists are CSV (``id,parent,name_<language>,description_<language>``; any other column is an annotation of that
type, several values separated by ``;``), the rest is YAML. What partner and dataflow files say already (agencies, data
providers, provision agreements, categorisations, content constraints) is derived, never written twice. Messages under
``structures/<AGENCY>/imported/`` are read as they were received; a file of our own of the same identity wins.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.model import FlowProtection
from citizenstats.errors import MappingError, StructureError
from citizenstats.protect import method
from citizenstats.sdmx.model import (
    Annotation,
    Attachment,
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
from citizenstats.sdmx.schema import TYPES

if TYPE_CHECKING:
    from citizenstats.contracts.load import Dataset, Document
    from citizenstats.contracts.model import AgencyFile, DataflowFile, PartnerFile
    from citizenstats.sdmx.registry.message import Artefacts

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
    imported = _imported(folder)
    schemes = dict(imported.schemes)
    structures = dict(imported.data_structures)
    for root in (OFFICIAL, folder / "structures"):
        for place in sorted(p for p in root.glob("*") if p.is_dir()):
            schemes.update({s.reference: s for s in _schemes(place)})
    for root in (OFFICIAL, folder / "structures"):
        for path in sorted(root.glob("*/data_structures/*.yaml")):
            structure = _data_structure(path, schemes)
            structures[structure.reference] = structure
    organisations = _organisations(agency, partners)
    schemes.update({s.reference: s for s in organisations})
    own = dict(_dataflow(name, file, structures, folder) for name, file in dataflows.items())
    others = {r: f for r, f in imported.dataflows.items() if r not in own and f.structure in structures}
    providers = organisations[1].reference
    return Structures(
        schemes,
        structures,
        {**others, **own},
        (
            *_agreements(agency, partners, dataflows, providers),
            *(
                a
                for a in imported.agreements.values()
                if a.dataflow in others and a.provider_scheme in schemes
            ),
        ),
        (
            *_categorisations(agency, dataflows, schemes, folder),
            *(
                c
                for c in imported.categorisations.values()
                if c.dataflow in others and c.category_scheme in schemes
            ),
        ),
        (
            *_constraints(agency, dataflows),
            *(c for c in imported.constraints.values() if c.dataflow in others),
        ),
    )


def _imported(folder: Path) -> Artefacts:
    """Return what was pulled from registries and is kept as it was received; of two alike the later file counts."""
    from citizenstats.sdmx.registry.message import Artefacts, read_structures

    found = Artefacts()
    for root in (OFFICIAL, folder / "structures"):
        for path in sorted(p for p in root.glob("*/imported/*") if p.suffix in (".xml", ".json")):
            try:
                read = read_structures(path.read_bytes())
            except StructureError as error:
                raise MappingError(
                    error.code, error.what, str(path), "pull it again, or take the file away"
                ) from None
            found.schemes |= read.schemes
            found.data_structures |= read.data_structures
            found.dataflows |= read.dataflows
            found.agreements |= read.agreements
            found.categorisations |= read.categorisations
            found.constraints |= read.constraints
    return found


# --- item schemes -----------------------------------------------------------------------------------------

Place = Callable[..., str]
"""Keys inside an entry of a YAML file → ``file:line``."""


def _schemes(place: Path) -> Iterator[ItemScheme]:
    agency = place.name
    for identifier, said, where in _entries(place / "codelists.yaml"):
        _known(said, ("id", "version", "name", "partial"), where)
        items = tuple(_codes(place / "codelists" / f"{identifier}.csv", where()))
        yield _scheme("Codelist", agency, identifier, said, items, where())
    for identifier, said, where in _entries(place / "concepts.yaml"):
        _known(said, ("id", "version", "name", "partial", "concepts"), where)
        concepts = _mapping(said, "concepts", where())
        items = tuple(_concepts(concepts, where))
        yield _scheme("ConceptScheme", agency, identifier, said, items, where())
    for identifier, said, where in _entries(place / "categories.yaml"):
        _known(said, ("id", "version", "name", "partial", "categories"), where)
        items = tuple(_categories(_mapping(said, "categories", where()), None, where, ("categories",)))
        if twice := _twice(item.id for item in items):
            raise MappingError(
                "DUPLICATE_KEY",
                f"the category '{twice}' stands twice",
                where(),
                "give one of them another id",
            )
        yield _scheme("CategoryScheme", agency, identifier, said, items, where())


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Any], Place]]:
    """Yield id, content and place of each entry of a YAML file; nothing when there is no such file."""
    from citizenstats.contracts.load import read_yaml

    if path.exists():
        document = read_yaml(path)
        if not isinstance(document.content, dict):
            raise MappingError("BAD_VALUE", "this file holds no entries", document.where(), "write ID: {…}")
        for identifier in document.content:
            yield (
                identifier,
                _mapping(document.content, identifier, document.where((identifier,))),
                lambda *keys, i=identifier: document.where((i, *keys)),
            )


def _scheme(
    kind: Any, agency: str, identifier: str, said: Mapping[str, Any], items: tuple[Item, ...], where: str
) -> ItemScheme:
    reference = _identity(agency, said.get("id", identifier), said, where)
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
    for column in table.fieldnames or ():
        kind, _, language = column.partition("_")
        if kind in ("name", "description") and not _LANGUAGE.fullmatch(language):
            raise MappingError("BAD_VALUE", f"'{column}' names no language", f"{path}:1", f"write {kind}_en")
    known = {(row.get("id") or "").strip(): (row.get("parent") or "").strip() for row in rows}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        line = f"{path}:{number}"
        if None in row or None in row.values():
            mend = "put a text that holds a comma in quotes"
            raise MappingError("BAD_CODE", "a code needs as many cells as the header", line, mend)
        cells = {column: cell.strip() for column, cell in row.items()}
        identifier = _id(cells.get("id", ""), _ID, line)
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
    if any(_UNSAYABLE.search(cell) for cell in cells.values()):
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
        _known(facts, ("name", "description"), lambda *keys, i=identifier: where("concepts", i, *keys))
        yield Item(_id(identifier, _NAME, here), _names(facts, here), _texts(facts, "description", here))


def _categories(
    said: Mapping[str, Any], parent: str | None, where: Place, path: tuple[str, ...]
) -> Iterator[Item]:
    for identifier, facts in said.items():
        below = (*path, identifier)
        here = where(*below)
        _known(facts, ("name", "description", "children"), lambda *keys, b=below: where(*b, *keys))
        names, descriptions = _names(facts, here), _texts(facts, "description", here)
        yield Item(_id(identifier, _ID, here), names, descriptions, parent)
        if facts.get("children"):
            yield from _categories(_mapping(facts, "children", here), identifier, where, (*below, "children"))


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

_ROLES = ("dimension", "time", "measure", "attribute")
_KEYS = ("role", "codelist", "concept", "type", "attachment", "mandatory", "group", "array", "languages")


def _data_structure(path: Path, schemes: Mapping[Reference, ItemScheme]) -> DataStructure:
    from citizenstats.contracts.load import read_yaml

    document = read_yaml(path)
    agency, where = path.parents[1].name, document.where()
    _known(document.content, ("version", "name", "components"), lambda *keys: document.where(keys))
    components = tuple(
        _component(identifier, facts, agency, schemes, document)
        for identifier, facts in _mapping(document.content, "components", where).items()
    )
    roles = [component.role for component in components]
    if "dimension" not in roles or "measure" not in roles or roles.count("time") > 1:
        mend = "add what is missing, with `role: dimension` or `role: measure`"
        told = "a data structure has dimensions, at most one of them time, and a measure"
        raise MappingError("BAD_VALUE", told, where, mend)
    dimensions = [component.id for component in components if component.role == "dimension"]
    for component in components:
        for dimension in component.group:
            if dimension not in dimensions:
                told = f"'{dimension}' in `group` is no dimension of this structure"
                line = document.where(("components", component.id, "group"))
                raise MappingError("UNKNOWN_COMPONENT", told, line, nearest(dimension, dimensions))
    reference = _identity(agency, path.stem, document.content, where)
    return DataStructure(reference, _names(document.content, where), components)


def _component(
    identifier: str,
    facts: Mapping[str, Any],
    agency: str,
    schemes: Mapping[Reference, ItemScheme],
    document: Document,
) -> Component:
    where = document.where(("components", identifier))
    _known(facts, _KEYS, lambda *keys: document.where(("components", identifier, *keys)))
    role = _one_of(facts, "role", _ROLES, None, where)
    attachment = _one_of(facts, "attachment", get_args(Attachment), "observation", where)
    default = "ObservationalTimePeriod" if role == "time" else "String"
    type_ = _one_of(facts, "type", tuple(TYPES), default, where)
    codelist = _reference(facts["codelist"], where) if "codelist" in facts else None
    if codelist is not None and (codelist not in schemes or schemes[codelist].kind != "Codelist"):
        known = [str(r) for r, s in schemes.items() if s.kind == "Codelist"]
        raise MappingError(
            "NO_SUCH_SCHEME", f"there is no code list {codelist}", where, nearest(str(codelist), known)
        )
    scheme, concept = _concept(identifier, facts.get("concept"), agency, schemes, where)
    group = facts.get("group", [])
    if not isinstance(group, list):
        raise MappingError("BAD_VALUE", "'group' is a list of dimensions", where, "write group: [REF_AREA]")
    return Component(
        _id(identifier, _NAME, where),
        cast("Any", role),
        scheme,
        concept,
        codelist,
        type_,
        cast("Any", attachment),
        bool(facts.get("mandatory", False)),
        tuple(str(dimension) for dimension in group),
        **_several(facts, role, type_, where),
    )


def _several(facts: Mapping[str, Any], role: str, type_: str, where: str) -> dict[str, Any]:
    """Return whether an attribute has several values, how many at most, and the languages in which it is written."""
    array, languages = facts.get("array", False), facts.get("languages", [])
    told = isinstance(languages, list) and all(
        isinstance(x, str) and _LANGUAGE.fullmatch(x) for x in languages
    )
    if not (isinstance(array, bool) or (isinstance(array, int) and array > 1)) or not told:
        mend = "write array: true or array: 3, and languages: [en, da]"
        told_of = "'array' is true, false or the largest number of values, and 'languages' a list"
        raise MappingError("BAD_VALUE", told_of, where, mend)
    if (array or languages) and (
        role != "attribute" or type_ != "String" or (languages and "codelist" in facts)
    ):
        told_of = (
            "only an attribute of text or codes has several values, and only one of text several languages"
        )
        raise MappingError("BAD_VALUE", told_of, where, "leave out `array` and `languages`")
    most = None if isinstance(array, bool) else array
    return {"array": bool(array), "languages": tuple(languages), "most": most}


def _one_of(
    facts: Mapping[str, Any], key: str, values: Sequence[str], default: str | None, where: str
) -> str:
    said = facts.get(key, default)
    if said not in values:
        told = f"'{key}' is one of {', '.join(values)}"
        raise MappingError("BAD_VALUE", told, where, nearest(str(said or ""), values))
    return cast("str", said)


def _concept(
    identifier: str, said: str | None, agency: str, schemes: Mapping[Reference, ItemScheme], where: str
) -> tuple[Reference, str]:
    """Return scheme and concept: as said, else the one of the same id, our own before the cross-domain one."""
    if said is not None:
        scheme, _, concept = str(said).rpartition(".")
        reference = _reference(scheme, where)
        if reference not in schemes or concept not in schemes[reference].by_id:
            known = [f"{r}.{i}" for r, s in schemes.items() if s.kind == "ConceptScheme" for i in s.by_id]
            raise MappingError(
                "NO_SUCH_CONCEPT", f"there is no concept {said}", where, nearest(str(said), known)
            )
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

PROTECTION = "DISCLOSURE_CONTROL"
"""Type of the annotation of a dataflow whose counts are changed, which says how."""


def _dataflow(
    name: str, file: DataflowFile, structures: Mapping[Reference, DataStructure], folder: Path
) -> tuple[Reference, Dataflow]:
    agency, _, identifier = name.partition(":")
    where = f"{folder / 'dataflows' / agency / identifier}.yaml:1"
    reference = _identity(agency, identifier, {"version": file.version}, where)
    structure = _reference(file.structure, where) if file.structure else reference
    if structure not in structures:
        mend = nearest(str(structure), [str(r) for r in structures])
        raise MappingError("NO_SUCH_STRUCTURE", f"there is no data structure {structure}", where, mend)
    changed = file.protection != FlowProtection()
    notes = (Annotation(PROTECTION, text={"en": method.said(file.protection)}),) if changed else ()
    return reference, Dataflow(reference, file.name, structure, file.description or {}, notes)


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


def _constraints(agency: AgencyFile, dataflows: Mapping[str, DataflowFile]) -> Iterator[ContentConstraint]:
    for name, file in dataflows.items():
        if file.constraint:
            owner, _, identifier = name.partition(":")
            allowed = {dimension: tuple(codes) for dimension, codes in file.constraint.items()}
            reference = Reference(agency.id, f"CN_{identifier}", "1.0.0")
            yield ContentConstraint(reference, file.name, Reference(owner, identifier, file.version), allowed)


# --- small readers ----------------------------------------------------------------------------------------


_ID = re.compile(r"[A-Za-z0-9_@$-]+")
"""What the official schemas take as the id of a code or category."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What they take as the id of a list, structure, concept or component."""

_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){1,2}")

_UNSAYABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML has no way to say."""


def _id(identifier: str, pattern: re.Pattern[str], where: str) -> str:
    if not pattern.fullmatch(identifier):
        first = ", a letter first" if pattern is _NAME else ""
        told = f"'{identifier}' is no id" if identifier else "the id is missing"
        raise MappingError("BAD_ID", told, where, f"use A to Z, a to z, digits, _ and -{first}")
    return identifier


def _identity(agency: str, identifier: Any, said: Mapping[str, Any], where: str) -> Reference:
    """Return the reference of an artefact, each part of it checked."""
    for part in agency.split("."):
        _id(part, _NAME, where)
    return Reference(agency, _id(str(identifier), _NAME, where), _version(said, where))


def _known(said: Any, keys: Sequence[str], where: Place) -> None:
    """Refuse a key that is not known here: a word misspelt would be without effect."""
    if not isinstance(said, dict):
        raise MappingError("BAD_VALUE", "an entry is a mapping", where(), f"write {{{keys[0]}: …}}")
    for key in said:
        if key not in keys:
            raise MappingError("UNKNOWN_KEY", f"'{key}' is no key here", where(key), nearest(key, keys))


def _twice(identifiers: Iterable[str]) -> str | None:
    return next((i for i, times in Counter(identifiers).items() if times > 1), None)


def _mapping(said: Any, key: str, where: str) -> Mapping[str, Any]:
    found = said.get(key) if isinstance(said, dict) else None
    if not isinstance(found, dict):
        raise MappingError(
            "MISSING_KEY", f"'{key}' is missing or has no entries", where, f"write {key}: with entries below"
        )
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
        said = {"en": said}
    if not isinstance(said, dict) or not all(
        _LANGUAGE.fullmatch(language) and isinstance(text, str) and not _UNSAYABLE.search(text)
        for language, text in said.items()
    ):
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
    # Without quotes 1.10 is the number 1.1.
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        told, mend = "'version' is a text like 1.0.0 or 1.10", 'write version: 1.0.0, or "1.0" in quotes'
        raise MappingError("BAD_VALUE", told, where, mend)
    return version


def _reference(text: Any, where: str) -> Reference:
    try:
        return Reference.parse(str(text))
    except StructureError as error:
        raise MappingError(error.code, error.what, where, 'write it as "AGENCY:ID(1.0.0)"') from None
