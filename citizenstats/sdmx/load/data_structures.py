"""Data structures of a structures folder: their components, and what each of them refers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from citizenstats.contracts.document import Document, read_yaml
from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError
from citizenstats.sdmx.load.entries import (
    LANGUAGE,
    NAME,
    identity,
    known_keys,
    mapping,
    names_of,
    no_such,
    one_of,
    reference_of,
    valid_id,
)
from citizenstats.sdmx.model import Attachment, Component, DataStructure, ItemScheme, Reference
from citizenstats.sdmx.schema import TYPES

CROSS_DOMAIN = Reference("SDMX", "CROSS_DOMAIN_CONCEPTS", "2.0")

_ROLES = ("dimension", "time", "measure", "attribute")
_KEYS = ("role", "codelist", "concept", "type", "attachment", "mandatory", "group", "array", "languages")


def data_structure(path: Path, schemes: Mapping[Reference, ItemScheme]) -> DataStructure:
    """Return the data structure of a file; the lists and concepts that it refers to are among the schemes."""
    document = read_yaml(path)
    agency, where = path.parents[1].name, document.where()
    known_keys(document.content, ("version", "name", "components"), lambda *keys: document.where(keys))
    components = tuple(
        _component(identifier, facts, agency, schemes, document)
        for identifier, facts in mapping(document.content, "components", where).items()
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
    reference = identity(agency, path.stem, document.content, where)
    return DataStructure(reference, names_of(document.content, where), components)


def _component(
    identifier: str,
    facts: Mapping[str, Any],
    agency: str,
    schemes: Mapping[Reference, ItemScheme],
    document: Document,
) -> Component:
    where = document.where(("components", identifier))
    known_keys(facts, _KEYS, lambda *keys: document.where(("components", identifier, *keys)))
    role = one_of(facts, "role", _ROLES, None, where)
    attachment = one_of(facts, "attachment", get_args(Attachment), "observation", where)
    default = "ObservationalTimePeriod" if role == "time" else "String"
    type_ = one_of(facts, "type", tuple(TYPES), default, where)
    codelist = None
    if "codelist" in facts:
        lists = [r for r, s in schemes.items() if s.kind == "Codelist"]
        codelist = reference_of(facts["codelist"], lists, where)
        if codelist not in lists:
            raise no_such("NO_SUCH_SCHEME", "code list", codelist, lists, where)
    scheme, concept = _concept(identifier, facts.get("concept"), agency, schemes, where)
    group = facts.get("group", [])
    if not isinstance(group, list):
        raise MappingError("BAD_VALUE", "'group' is a list of dimensions", where, "write group: [REF_AREA]")
    return Component(
        valid_id(identifier, NAME, where),
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
        isinstance(x, str) and LANGUAGE.fullmatch(x) for x in languages
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


def _concept(
    identifier: str, said: str | None, agency: str, schemes: Mapping[Reference, ItemScheme], where: str
) -> tuple[Reference, str]:
    """Return scheme and concept: as said, else the one of the same id, our own before the cross-domain one."""
    if said is not None:
        scheme, _, concept = str(said).rpartition(".")
        reference = reference_of(scheme, schemes, where)
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
