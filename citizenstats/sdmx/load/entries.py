"""Small readers of what a structures folder says: ids, versions, names and references, each fault with file and line.

What belongs here: what every kind of artefact is made from. What does not: the artefacts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError, StructureError
from citizenstats.sdmx.late_bound import bound_or_itself, is_late
from citizenstats.sdmx.model import Reference

Place = Callable[..., str]
"""Keys inside an entry of a YAML file → ``file:line``."""

ID = re.compile(r"[A-Za-z0-9_@$-]+")
"""What the official schemas take as the id of a code or category."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What they take as the id of a list, structure, concept or component."""

_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){1,2}")

UNSAYABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML has no way to say."""


def valid_id(identifier: str, pattern: re.Pattern[str], where: str) -> str:
    """Return an id, checked by `ID` or `NAME`."""
    if not pattern.fullmatch(identifier):
        first = ", a letter first" if pattern is NAME else ""
        told = f"'{identifier}' is no id" if identifier else "the id is missing"
        raise MappingError("BAD_ID", told, where, f"use A to Z, a to z, digits, _ and -{first}")
    return identifier


def identity(agency: str, identifier: Any, said: Mapping[str, Any], where: str) -> Reference:
    """Return the reference of an artefact, each part of it checked."""
    for part in agency.split("."):
        valid_id(part, NAME, where)
    return Reference(agency, valid_id(str(identifier), NAME, where), version_of(said, where))


def known_keys(said: Any, keys: Sequence[str], where: Place) -> None:
    """Refuse a key that is not known here: a word misspelt would be without effect."""
    if not isinstance(said, dict):
        raise MappingError("BAD_VALUE", "an entry is a mapping", where(), f"write {{{keys[0]}: …}}")
    for key in said:
        if key not in keys:
            raise MappingError("UNKNOWN_KEY", f"'{key}' is no key here", where(key), nearest(key, keys))


def standing_twice(identifiers: Iterable[str]) -> str | None:
    """Return the first of some ids that stands twice; None where none does."""
    return next((i for i, times in Counter(identifiers).items() if times > 1), None)


def mapping(said: Any, key: str, where: str) -> Mapping[str, Any]:
    """Return the entries under a key, which must be there."""
    found = said.get(key) if isinstance(said, dict) else None
    if not isinstance(found, dict):
        raise MappingError(
            "MISSING_KEY", f"'{key}' is missing or has no entries", where, f"write {key}: with entries below"
        )
    return found


def names_of(facts: Any, where: str) -> Mapping[str, str]:
    """Return language → name, which must be there."""
    names = texts_of(facts, "name", where) if isinstance(facts, dict) else {}
    if not names:
        raise MappingError("MISSING_KEY", "'name' is missing", where, "write name: {en: …}")
    return names


LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def texts_of(facts: Mapping[str, Any], key: str, where: str) -> Mapping[str, str]:
    """Return language → text of a name or description; a bare text is English."""
    said = facts.get(key) or {}
    if isinstance(said, str):
        said = {"en": said}
    if not isinstance(said, dict) or not all(
        LANGUAGE.fullmatch(language) and isinstance(text, str) and not UNSAYABLE.search(text)
        for language, text in said.items()
    ):
        raise MappingError(
            "BAD_VALUE",
            f"'{key}' is a text by language",
            where,
            "put a text that holds a comma or colon in quotes",
        )
    return dict(said)


def version_of(said: Mapping[str, Any], where: str) -> str:
    """Return the version of an artefact, which must be there and have two or three parts."""
    version = said.get("version")
    if version is None:
        raise MappingError("MISSING_KEY", "'version' is missing", where, "write version: 1.0.0")
    # Without quotes 1.10 is the number 1.1.
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        told, mend = "'version' is a text like 1.0.0 or 1.10", 'write version: 1.0.0, or "1.0" in quotes'
        raise MappingError("BAD_VALUE", told, where, mend)
    return version


def reference_of(text: Any, known: Iterable[Reference], where: str) -> Reference:
    """Return what a text refers to, of the newest version that it means among those known; as it stands where none fits."""
    try:
        return bound_or_itself(Reference.parse(str(text)), known)
    except StructureError as error:
        mend = error.mend or 'write it as "AGENCY:ID(1.0.0)"'
        raise MappingError(error.code, error.what, where, mend) from None


def no_such(
    code: str, what: str, reference: Reference, known: Iterable[Reference], where: str
) -> MappingError:
    """Return the error that an artefact is not there, with those that are near it."""
    listed = list(known)
    alike = [r.version for r in listed if (r.agency, r.id) == (reference.agency, reference.id)]
    mend = nearest(str(reference), list(map(str, listed)))
    if is_late(reference.version) and alike:
        mend = f"there is {', '.join(sorted(alike))}; + takes versions of three parts from 1.0.0 on, ~ any"
    return MappingError(code, f"there is no {what} {reference}", where, mend)


def one_of(facts: Mapping[str, Any], key: str, values: Sequence[str], default: str | None, where: str) -> str:
    """Return what stands under a key, one of some words."""
    said = facts.get(key, default)
    if said not in values:
        told = f"'{key}' is one of {', '.join(values)}"
        raise MappingError("BAD_VALUE", told, where, nearest(str(said or ""), values))
    return cast("str", said)
