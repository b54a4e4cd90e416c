"""The line of releases of a dataflow: what may change under one version of it while releases stand.

Whoever has the releases of a line reads the next one in the same way: within a version nothing goes, and nothing means
something else. So each artefact is compared with what it was in the newest release that stands, and one that changed under
the same version, or under a version that was raised too little, stops what comes next. An artefact is looked at as far
as the dataflow uses it.
What belongs here: which states are compared, and what is asked of whom. What does not: how much a change is
(`sdmx.versions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from citizenstats.errors import MappingError, ReleaseError
from citizenstats.house import House
from citizenstats.release.kept import structures_of
from citizenstats.release.manifest import Release, releases
from citizenstats.sdmx.model import Reference, Structures, version_key
from citizenstats.sdmx.versions import (
    Change,
    Level,
    concept_changes,
    constraint_changes,
    highest,
    level_between,
    list_changes,
    raised,
    shared_concepts,
    shared_lists,
    structure_changes,
)

CODE = "VERSION_NOT_RAISED"
_MEND = "raise `version`, and write the new one where it is referred to, or put back what was there (docs/structures.md)"


@dataclass(frozen=True)
class Unraised:
    """An artefact that changed more than its version says.

    Attributes:
        kind: what it is, in words.
        reference: which, as it is now.
        needs: the version that it needs.
        changes: what asks for it.
        release: that which it is compared with.
    """

    kind: str
    reference: Reference
    needs: str
    changes: tuple[Change, ...]
    release: Release

    def __str__(self) -> str:
        """Return all on one line."""
        told = ", ".join(change.what for change in self.changes)
        return f"the {self.kind} {self.reference} {told} and needs version {self.needs}"


def unraised(house: House, flow: str) -> list[Unraised]:
    """Return the artefacts of ``AGENCY:ID`` whose version says less than what changed since its releases; one entry each.

    Raises:
        ReleaseError: ``STRUCTURES_GONE`` when those of a release cannot be read.
    """
    present = house.mappings.reference(flow)
    newest = {r.dataflow: r for r in releases(house.store, flow) if r.tombstone is None}
    before = [reference for reference in newest if _rank(reference) <= _rank(present)]
    parent = max(before, key=_rank, default=None)
    found: dict[tuple[str, str, str], Unraised] = {}
    for reference, release in newest.items():
        for one in _compared(house.mappings.structures, present, release, is_parent=reference == parent):
            found.setdefault((one.kind, one.reference.agency, one.reference.id), one)
    return list(found.values())


def check_line(house: House, flow: str) -> None:
    """Stop what would break the line of releases of ``AGENCY:ID``.

    Raises:
        ReleaseError: ``VERSION_NOT_RAISED`` with what changed and which versions it needs.
    """
    if found := unraised(house, flow):
        against = found[0].release
        what = f"against {against.id} of {against.dataflow.version}: {'; '.join(map(str, found))}"
        raise ReleaseError(CODE, what, flow, _MEND)


def begins_line(house: House, flow: str) -> bool:
    """Return whether the next release of ``AGENCY:ID`` is the first of another version than was ever published.

    Two versions side by side can show what neither shows alone, where codes were merged or split: a person looks at it.
    """
    versions = {release.dataflow.version for release in releases(house.store, flow)}
    return bool(versions) and house.mappings.dataflow(flow).version not in versions


def line_faults(house: House) -> list[MappingError]:
    """Return what would break a line of releases, over all dataflows, with the file to mend; a shared list once."""
    found: dict[tuple[str, Reference], MappingError] = {}
    for flow in sorted(house.mappings.dataflows):
        for one in unraised(house, flow):
            what = f"against {one.release.dataflow} {one.release.id}: {one}"
            where = str(_file(house.mappings.folder, one) or one.reference)
            found.setdefault((one.kind, one.reference), MappingError(CODE, what, where, _MEND))
    return sorted(found.values(), key=lambda fault: fault.where)


def _compared(
    now: Structures, present: Reference, release: Release, *, is_parent: bool
) -> Iterator[Unraised]:
    """Yield what changed too much since a release; of one that is not the parent only what has the same version still."""
    then = structures_of(release)
    before, after = then.structure_of(release.dataflow), now.structure_of(present)
    for one, other in shared_lists(before, after).items():
        if is_parent or one == other:
            changes = list_changes(then.scheme(one), now.scheme(other))
            yield from _judged("code list", one, other, changes, release)
    for one, other in shared_concepts(before, after).items():
        if is_parent or one == other:
            changes = concept_changes(after, other, now)
            yield from _judged("concept scheme", one, other, changes, release)
    if not is_parent and before.reference != after.reference:
        return
    changes = structure_changes(before, after, then, now)
    same = (before.reference.agency, before.reference.id) == (after.reference.agency, after.reference.id)
    if same:
        yield from _judged("data structure", before.reference, after.reference, changes, release)
    if is_parent:
        broken = tuple(change for change in changes if change.level is Level.MAJOR)
        if not same:
            broken = (Change(Level.MAJOR, f"has the structure {after.reference}"),)
        elif broken:
            broken = (Change(Level.MAJOR, "is read another way with it"),)
        broken += constraint_changes((release.dataflow, then), (present, now))
        yield from _judged("dataflow", release.dataflow, present, broken, release)


def _judged(
    kind: str, before: Reference, after: Reference, changes: tuple[Change, ...], release: Release
) -> Iterator[Unraised]:
    asked = highest(changes)
    if asked >= Level.MINOR and level_between(before.version, after.version) < asked:
        told = tuple(change for change in changes if change.level is asked)
        yield Unraised(kind, after, raised(before.version, asked), told, release)


def _rank(reference: Reference) -> tuple[tuple[int, ...], str]:
    return version_key(reference.version), reference.version


def _file(mappings: Path, one: Unraised) -> Path | None:
    """Return the file of the mappings that says the version; None when another one than ours does."""
    folder = mappings / "structures" / one.reference.agency
    path = {
        "code list": folder / "codelists.yaml",
        "concept scheme": folder / "concepts.yaml",
        "data structure": folder / "data_structures" / f"{one.reference.id}.yaml",
        "dataflow": mappings / "dataflows" / one.reference.agency / f"{one.reference.id}.yaml",
    }[one.kind]
    return path if path.exists() else None
