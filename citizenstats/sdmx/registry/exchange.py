"""The work with a registry: pull into a mappings folder, compare, push."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.clock import now, stamp
from citizenstats.errors import StructureError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.sdmx.registry.artefacts import Artefacts
from citizenstats.sdmx.registry.client import Registry, Submitted
from citizenstats.sdmx.registry.differences import Difference, artefacts_of, differences
from citizenstats.sdmx.registry.urns import parts
from citizenstats.sdmx.selected import Selected, select
from citizenstats.sdmx.structures import written

_SOURCES = ("file", "urn", "url", "pulled", "sha256")


@dataclass(frozen=True)
class Kept:
    """What was pulled and where it is kept."""

    file: Path
    artefacts: Artefacts
    url: str
    changed: bool


def named(text: str) -> tuple[str, Reference]:
    """Return kind and reference of a URN, or of ``AGENCY:ID(VERSION)``, which names a dataflow.

    Raises:
        StructureError: ``BAD_REFERENCE``.
    """
    try:
        if text.startswith("urn:"):
            kind, reference, item = parts(text)
            if item:
                raise ValueError
            return kind, reference
        return "Dataflow", Reference.parse(text if "(" in text else f"{text}(latest)")
    except (ValueError, StructureError):
        raise StructureError(
            "BAD_REFERENCE", "this names no artefact", mend="write a URN, or AGENCY:ID(VERSION) of a dataflow"
        ) from None


def pull(registry: Registry, urn: str, structures: Path, into: Path | None = None) -> Kept:
    """Fetch an artefact with all that it refers to, and keep the message as it was received.

    Args:
        registry: where.
        urn: which; see `named`.
        structures: the folder ``structures`` of the mappings; the message goes to ``<AGENCY>/imported/`` in it.
        into: another folder for it.

    Returns:
        Where it is kept; the file is not touched when the registry answers as before.

    Raises:
        StructureError: see `Registry.pull`.
    """
    kind, reference = named(urn)
    pulled = registry.pull(kind, reference)
    folder = into or structures / reference.agency / "imported"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}_{reference.id}_{reference.version}{pulled.suffix}"
    changed = not file.exists() or file.read_bytes() != pulled.content
    if changed:
        _put(file, pulled.content)
        _note(folder, (file.name, urn, pulled.url, stamp(now()), hashlib.sha256(pulled.content).hexdigest()))
    return Kept(file, pulled.artefacts, pulled.url, changed)


def _note(folder: Path, row: Sequence[str]) -> None:
    """Note where a file came from in ``SOURCES.csv`` beside it."""
    path = folder / "SOURCES.csv"
    known = list(csv.reader(io.StringIO(path.read_text("utf-8"))))[1:] if path.exists() else []
    rows = sorted([*(one for one in known if one and one[0] != row[0]), list(row)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_SOURCES, *rows])
    _put(path, text.getvalue().encode())


def _put(file: Path, content: bytes) -> None:
    work = file.with_name(f".{file.name}.part")
    work.write_bytes(content)
    os.replace(work, file)  # noqa: PTH105 - one step, so that a crash leaves the former file


def chosen(structures: Structures, flows: Iterable[str], agency: str) -> Selected:
    """Return what is pushed: the dataflows asked for, else those of the agency, with what they need of that agency.

    What other agencies maintain is theirs: a registry has it from them, or refuses it from us.

    Raises:
        StructureError: there is no such dataflow.
    """
    listed = [structures.dataflow(flow).reference for flow in flows] or [
        reference for reference in sorted(structures.dataflows) if reference.agency == agency
    ]
    whole = select(structures, listed)
    return Selected(
        tuple(s for s in whole.schemes if s.reference.agency == agency),
        tuple(s for s in whole.data_structures if s.reference.agency == agency),
        tuple(f for f in whole.dataflows if f.reference.agency == agency),
        tuple(a for a in whole.agreements if a.reference.agency == agency),
        tuple(c for c in whole.categorisations if c.reference.agency == agency),
        tuple(c for c in whole.constraints if c.reference.agency == agency),
    )


def compare(registry: Registry, selected: Selected) -> list[Difference]:
    """Return how each artefact stands to the same one of a registry.

    Raises:
        StructureError: the registry does not answer.
    """
    mine, theirs = artefacts_of(selected), Artefacts()
    for reference, kinds in mine.kinds().items():
        for kind in kinds:
            _fetch(registry, kind, reference, theirs)
    return differences(mine, theirs.bound(mine))


def _fetch(registry: Registry, kind: str, reference: Reference, into: Artefacts) -> None:
    try:
        found = registry.pull(kind, reference, "none").artefacts
    except StructureError as error:
        if error.code != "NOT_THERE":
            raise
        return
    into.schemes |= found.schemes
    into.data_structures |= found.data_structures
    into.dataflows |= found.dataflows
    into.agreements |= found.agreements
    into.categorisations |= found.categorisations
    into.constraints |= found.constraints


def push(registry: Registry, selected: Selected, form: str, sender: str, *, fusion: bool) -> Submitted:
    """Submit artefacts to a registry; see `Registry.submit`.

    Raises:
        MessageError: the format cannot say them.
        StructureError: the registry does not take them.
    """
    told = hashlib.sha256(" ".join(map(str, artefacts_of(selected).kinds())).encode()).hexdigest()[:12]
    content = written(selected, form, Header(f"STRUCTURES_{told}", now(), sender))
    return registry.submit(content, form, fusion=fusion)
