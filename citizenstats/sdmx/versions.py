"""What changed from one state of an artefact to another, and which version that asks for.

The levels are those that the SDMX Technical Working Group recommends (github.com/sdmx-twg/semver, on SDMX 3.0, section 6, annex
on semantic versioning): what breaks a receiver is major, what adds is minor, names and descriptions are a patch, annotations
have no impact. A reference to a list counts as late-bound, as SDMX 3.0 writes ``1.0+.0``: a list that only grew asks nothing
of the structure that uses it. What belongs here: judging two states. What does not: which states are compared (`release.line`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from citizenstats.sdmx.model import Component, DataStructure, ItemScheme, Reference, Structures, version_key

_SHOWN = 20
"""Ids that are told at most."""


class Level(IntEnum):
    """Which part of a version a change asks to be raised."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Change:
    """One thing that changed, in words, and the level of version that it asks for."""

    level: Level
    what: str


def highest(changes: Iterable[Change]) -> Level:
    """Return the level that changes ask for together."""
    return max((change.level for change in changes), default=Level.NONE)


def level_between(before: str, after: str) -> Level:
    """Return the first part in which a version is higher than another; `NONE` when it is not higher."""
    old, new = (*version_key(before), 0, 0)[:3], (*version_key(after), 0, 0)[:3]
    if new <= old:
        return Level.NONE
    return next(
        level for level, o, n in zip((Level.MAJOR, Level.MINOR, Level.PATCH), old, new, strict=True) if o != n
    )


def raised(version: str, level: Level) -> str:
    """Return the next version at a level, in as many parts as the version has."""
    parts = list(version_key(version))
    at = min(Level.MAJOR - level, len(parts) - 1)
    return ".".join(map(str, [*parts[:at], parts[at] + 1, *[0] * (len(parts) - at - 1)]))


def list_changes(before: ItemScheme, after: ItemScheme) -> tuple[Change, ...]:
    """Return what changed in a code list."""
    old, new = before.by_id, after.by_id
    both = [i for i in old if i in new]
    told = (
        (Level.MAJOR, "drops", [i for i in old if i not in new]),
        (Level.MINOR, "adds", [i for i in new if i not in old]),
        (Level.MINOR, "has other parents of", [i for i in both if old[i].parent != new[i].parent]),
        (
            Level.PATCH,
            "has other names of",
            [i for i in both if (old[i].names, old[i].descriptions) != (new[i].names, new[i].descriptions)],
        ),
    )
    return tuple(Change(level, f"{word} {_listed(ids)}") for level, word, ids in told if ids)


def structure_changes(
    before: DataStructure, after: DataStructure, old: Structures, new: Structures
) -> tuple[Change, ...]:
    """Return what changed in a data structure.

    Args:
        before: the structure then.
        after: the structure now.
        old: where the code lists of then are.
        new: where those of now are.
    """
    found = [
        *(Change(Level.MAJOR, f"drops {c.id}") for c in before.components if c.id not in after.by_id),
        *(_added(c) for c in after.components if c.id not in before.by_id),
    ]
    if set(before.key) == set(after.key) and before.key != after.key:
        found.append(Change(Level.MAJOR, "has its dimensions in another order"))
    for one in before.components:
        if one.id in after.by_id:
            found += _component(one, after.by_id[one.id], old, new)
    if before.names != after.names:
        found.append(Change(Level.PATCH, "has other names"))
    return tuple(found)


def shared_lists(before: DataStructure, after: DataStructure) -> dict[Reference, Reference]:
    """Return the code list of then → the one of the same id now, for each component of both."""
    pairs = {
        one.codelist: after.by_id[one.id].codelist
        for one in before.components
        if one.codelist is not None and one.id in after.by_id
    }
    return {one: other for one, other in sorted(pairs.items()) if other is not None and _is_same(one, other)}


def shared_concepts(before: DataStructure, after: DataStructure) -> dict[Reference, Reference]:
    """Return the concept scheme of then → the one of the same id now, for each component of both."""
    pairs = {
        one.concept_scheme: after.by_id[one.id].concept_scheme
        for one in before.components
        if one.id in after.by_id
    }
    return {one: other for one, other in sorted(pairs.items()) if _is_same(one, other)}


def concept_changes(after: DataStructure, scheme: Reference, new: Structures) -> tuple[Change, ...]:
    """Return which concepts that a structure uses its scheme has no more; those that nothing uses may come and go."""
    used = {c.concept for c in after.components if c.concept_scheme == scheme}
    there = new.schemes[scheme].by_id if scheme in new.schemes else {}
    gone = sorted(used - set(there))
    return (Change(Level.MAJOR, f"drops {_listed(gone)}, which the structure uses"),) if gone else ()


def constraint_changes(
    before: tuple[Reference, Structures], after: tuple[Reference, Structures]
) -> tuple[Change, ...]:
    """Return where a dataflow allows fewer codes than it did: who built on them does not get them any more.

    Codes that left their list are told of the list; more codes break nobody.

    Args:
        before: the dataflow then, and the structures where its constraint and lists are.
        after: the dataflow now, and the structures of now.
    """
    now = after[1].structure_of(after[0]).by_id
    found = []
    for component in before[1].structure_of(before[0]).components:
        present = now.get(component.id)
        if present is None or component.codelist is None or present.codelist is None:
            continue
        fewer = _allowed(before, component.id, component.codelist) - _allowed(
            after, present.id, present.codelist
        )
        fewer &= set(after[1].scheme(present.codelist).by_id)
        if fewer:
            told = f"does not allow {_listed(sorted(fewer))} of {component.id} any more"
            found.append(Change(Level.MAJOR, told))
    return tuple(found)


def _allowed(of: tuple[Reference, Structures], component: str, codelist: Reference) -> set[str]:
    """Return the codes of a component that a dataflow allows: all of its list where no constraint says otherwise."""
    flow, structures = of
    codes = set(structures.scheme(codelist).by_id)
    for constraint in structures.constraints:
        if constraint.dataflow == flow and component in constraint.allowed:
            codes &= set(constraint.allowed[component])
    return codes


def _added(component: Component) -> Change:
    harmless = component.role == "measure" or (component.role == "attribute" and not component.mandatory)
    word = "mandatory " if component.role == "attribute" and component.mandatory else ""
    return Change(Level.MINOR if harmless else Level.MAJOR, f"adds the {word}{component.role} {component.id}")


def _component(one: Component, other: Component, old: Structures, new: Structures) -> Iterator[Change]:
    if one.role != other.role:
        yield Change(Level.MAJOR, f"makes {one.id} a {other.role}")
    if one.concept != other.concept or not _is_compatible(one.concept_scheme, other.concept_scheme):
        yield Change(Level.MAJOR, f"gives {one.id} another concept")
    yield from _representation(one, other, old, new)
    if _attached(one) != _attached(other):
        yield Change(Level.MAJOR, f"attaches {one.id} elsewhere")
    if one.role == "attribute" and one.mandatory != other.mandatory:
        level, word = (Level.MAJOR, "mandatory") if other.mandatory else (Level.MINOR, "optional")
        yield Change(level, f"makes {one.id} {word}")


def _representation(one: Component, other: Component, old: Structures, new: Structures) -> Iterator[Change]:
    if (one.codelist is None) != (other.codelist is None) or one.array != other.array:
        yield Change(Level.MAJOR, f"gives {one.id} another representation")
    elif one.codelist is not None and other.codelist is not None:
        if not _is_compatible(one.codelist, other.codelist):
            yield Change(Level.MAJOR, f"gives {one.id} the codes of {other.codelist}")
        elif highest(list_changes(old.scheme(one.codelist), new.scheme(other.codelist))) is Level.MAJOR:
            yield Change(Level.MAJOR, f"has codes fewer for {one.id}")
    elif one.type != other.type:
        yield Change(Level.MAJOR, f"gives {one.id} the type {other.type}")
    if one.array and other.array and one.most != other.most:
        wider = other.most is None or (one.most is not None and other.most > one.most)
        yield Change(
            Level.MINOR if wider else Level.MAJOR, f"allows {'more' if wider else 'fewer'} values of {one.id}"
        )
    if (one.multilingual, one.languages) != (other.multilingual, other.languages):
        grew = one.multilingual and (other.any_language or set(one.languages) < set(other.languages))
        yield Change(Level.MINOR if grew else Level.MAJOR, f"has other languages of {one.id}")


def _attached(component: Component) -> tuple[object, ...]:
    return component.attachment, component.group, component.group_id, component.some


def _is_same(one: Reference, other: Reference) -> bool:
    return (one.agency, one.id) == (other.agency, other.id)


def _is_compatible(one: Reference, other: Reference) -> bool:
    """Return whether a reference may become another one: an office that raises the major version means it."""
    return _is_same(one, other) and level_between(one.version, other.version) < Level.MAJOR


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more
