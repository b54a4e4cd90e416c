"""What differs between the artefacts here and those of a registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from citizenstats.sdmx.model import Component, DataStructure, Item, ItemScheme, Reference
from citizenstats.sdmx.registry.artefacts import Artefacts
from citizenstats.sdmx.selected import Selected

SHOWN = 20
"""Ids that a difference names at most."""


@dataclass(frozen=True)
class Difference:
    """How one artefact stands to the same of the registry.

    Attributes:
        kind: its class.
        reference: which.
        state: ``new``, ``changed`` or ``same``.
        details: what changed, in words.
    """

    kind: str
    reference: Reference
    state: Literal["new", "changed", "same"]
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return all on one line."""
        told = f": {'; '.join(self.details)}" if self.details else ""
        return f"{self.state:8} {self.kind} {self.reference}{told}"


def artefacts_of(selected: Selected) -> Artefacts:
    """Return what a message will hold in the form in which messages are read."""
    return Artefacts(
        {one.reference: one for one in selected.schemes},
        {one.reference: one for one in selected.data_structures},
        {one.reference: one for one in selected.dataflows},
        {one.reference: one for one in selected.agreements},
        {one.reference: one for one in selected.categorisations},
        {one.reference: one for one in selected.constraints},
    )


def differences(mine: Artefacts, theirs: Artefacts) -> list[Difference]:
    """Return how each artefact here stands to the same one there, in the order of kinds and references."""
    found = []
    for reference, kinds in mine.kinds().items():
        for kind in kinds:
            one, other = mine.of(kind, reference), theirs.of(kind, reference)
            if other is None:
                found.append(Difference(kind, reference, "new"))
            else:
                told = tuple(_told(one, other))
                found.append(Difference(kind, reference, "changed" if told else "same", told))
    return sorted(found, key=lambda d: (d.kind, d.reference))


def _told(one: object, other: object) -> Iterator[str]:
    if isinstance(one, ItemScheme) and isinstance(other, ItemScheme):
        yield from _items(one.by_id, other.by_id)
        if dict(one.names) != dict(other.names):
            yield "other names"
        return
    if isinstance(one, DataStructure) and isinstance(other, DataStructure):
        yield from _items(one.by_id, other.by_id)
        if one.key != other.key:
            yield "other dimensions, or in another order"
        if dict(one.names) != dict(other.names):
            yield "other names"
        return
    for field in fields(one):  # type: ignore[arg-type]
        if getattr(one, field.name) != getattr(other, field.name):
            yield f"other {field.name.replace('_', ' ')}"


def _items(mine: Mapping[str, object], theirs: Mapping[str, object]) -> Iterator[str]:
    """Tell what there is more, less and other; annotations are the business of who maintains them."""
    for word, listed in (
        ("adds", [i for i in mine if i not in theirs]),
        ("drops", [i for i in theirs if i not in mine]),
        ("changes", [i for i in mine if i in theirs and _plain(mine[i]) != _plain(theirs[i])]),
    ):
        if listed:
            yield f"{word} {_listed(listed)}"


def _plain(item: object) -> object:
    """Return what counts of an item or component; which languages its texts are in, no message of structures says."""
    if isinstance(item, Component):
        return replace(item, languages=(), any_language=item.multilingual)
    return (dict(item.names), dict(item.descriptions), item.parent) if isinstance(item, Item) else item


def _listed(ids: Iterable[str]) -> str:
    listed = list(ids)
    more = f" and {len(listed) - SHOWN:,} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
