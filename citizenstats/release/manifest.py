"""What a release says about itself: ``manifest.json`` beside its files, and the pointer ``latest.json``.

Everything here is public: deliveries are named by number, never by digest or file name, and people only by the
sign-off that they gave. The JSON Schemas are ``schemas/manifest.schema.json`` and ``schemas/latest.schema.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.compare import Changes
from citizenstats.release.decision import Signature
from citizenstats.sdmx.model import Reference, version_key
from citizenstats.store import Store, as_json, read_json, sha256_of

MANIFEST = "urn:citizenstats:schema:manifest:1.1.0"
LATEST = "urn:citizenstats:schema:latest:1.0.0"


TOMBSTONE = "tombstone.json"
"""Beside the manifest of a release that was taken back."""

REDACTED = "redacted.json"
"""Beside the manifest of a release that said what an earlier one, taken back since, had shown: the files that left."""


@dataclass(frozen=True)
class Counts:
    """How many observations a state has.

    Attributes:
        observations: all of them.
        suppressed: those whose value is withheld (OBS_STATUS Q, no value).
        flagged: those with any other status than normal: estimated, provisional, break, missing, ….
    """

    observations: int
    suppressed: int
    flagged: int


@dataclass(frozen=True)
class Release:
    """A published release, as its manifest tells it.

    Attributes:
        folder: where its files lie.
        facts: what its manifest says.
        tombstone: when and in which way it was taken back; None while it stands.
    """

    folder: Path
    facts: Mapping[str, Any]
    tombstone: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """Its name, ``R0001`` and up."""
        return str(self.facts["release"])

    @property
    def number(self) -> int:
        """The number in its name."""
        return int(self.id[1:])

    @property
    def dataflow(self) -> Reference:
        """The dataflow with its version."""
        return Reference.parse(self.facts["dataflow"])

    @property
    def prepared(self) -> datetime:
        """Latest arrival among the deliveries behind it."""
        return clock.parse(self.facts["prepared"])

    @property
    def loaded(self) -> datetime:
        """The time from which its new and changed observations are valid."""
        return clock.parse(self.facts["loaded"])

    @property
    def candidate(self) -> str:
        """The candidate that it was."""
        return str(self.facts["candidate"])

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Who signed it off, the first one first; nobody where no review was required."""
        told = self.facts["sign_off"]
        # A manifest from before two could sign names one.
        signed = told.get("signatures", [told] if told["by"] else [])
        return tuple(Signature(one["by"], one["note"], clock.parse(one["time"])) for one in signed)

    @property
    def structures(self) -> str:
        """What identifies the structures that it was published with."""
        return str(self.facts["structures"])

    @property
    def counts(self) -> Counts:
        """Its observations."""
        return Counts(**self.facts["counts"])

    @property
    def changes(self) -> Changes:
        """What it changed against its parent."""
        return Changes(**self.facts["changes"])

    @property
    def observations(self) -> Path:
        """Its observations in key order, with load times."""
        return self.folder / "observations.parquet"

    @property
    def history(self) -> Path:
        """All former versions of its observations."""
        return self.folder / "history.parquet"

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files that are there still, but the manifest."""
        named = (self.folder / file["name"] for file in self.facts["files"])
        return tuple(path for path in named if path.exists())


def releases(store: Store, flow: str) -> list[Release]:
    """Return all releases of ``AGENCY:ID``, those that were taken back too, by version and number, the newest last."""
    found = []
    for path in store.releases(flow).glob("*/R*/manifest.json"):
        facts = read_json(path)
        if facts is not None:
            found.append(Release(path.parent, facts, read_json(path.parent / TOMBSTONE)))
    return sorted(found, key=lambda r: (version_key(r.dataflow.version), r.dataflow.version, r.number))


def released_flows(store: Store) -> list[str]:
    """Return ``AGENCY:ID`` of every dataflow that was ever published, those that the mappings no longer know too."""
    return sorted(
        {f"{p.parents[3].name}:{p.parents[2].name}" for p in store.published.glob("*/*/*/R*/manifest.json")}
    )


def newest(store: Store, flow: str, version: str | None = None) -> Release | None:
    """Return the newest release of a dataflow (of one version of it) that stands; None when there is none."""
    found = [
        r for r in releases(store, flow) if r.tombstone is None and version in (None, r.dataflow.version)
    ]
    return found[-1] if found else None


def newest_loaded(store: Store, flow: str, version: str) -> Release | None:
    """Return the last release of a version that ever was, standing or not: numbers and load times go on from it."""
    found = [r for r in releases(store, flow) if r.dataflow.version == version]
    return found[-1] if found else None


def released(house: House, flow: str, release: str | None = None) -> Release:
    """Return one release of a dataflow that stands, the newest unless said.

    Without a version the newest version counts that has the release.

    Args:
        house: where.
        flow: ``AGENCY:ID`` or ``AGENCY:ID(VERSION)``.
        release: such as ``R0001``.

    Raises:
        ReleaseError: there is no such release, or ``TAKEN_BACK``.
    """
    ever = releases(house.store, flow.partition("(")[0])
    found = [r for r in of_version(ever, flow) if release in (None, r.id)]
    if release is not None and found and found[-1].tombstone is not None:
        raise ReleaseError(
            "TAKEN_BACK", f"{release} was taken back", flow, "`citizenstats releases` lists what stands"
        )
    found = [r for r in found if r.tombstone is None]
    if not found:
        versions = ", ".join(dict.fromkeys(r.dataflow.version for r in ever))
        raise ReleaseError(
            "NO_SUCH_RELEASE",
            f"there is no {'release' if release is None else release} of this dataflow",
            flow,
            f"there are releases of {versions}; `citizenstats releases` lists them"
            if versions
            else "`citizenstats releases` lists what there is; candidates wait for `citizenstats approve`",
        )
    return found[-1]


def of_version(found: Sequence[Release], flow: str) -> list[Release]:
    """Return those releases that ``AGENCY:ID`` or ``AGENCY:ID(VERSION)`` means: all, or those of the version."""
    _, named, version = flow.rstrip(")").partition("(")
    return [r for r in found if not named or r.dataflow.version == version]


def file_facts(path: Path, media_type: str) -> dict[str, Any]:
    """Return what a manifest says about one file."""
    return {
        "name": path.name,
        "media_type": media_type,
        "size": path.stat().st_size,
        "sha256": sha256_of(path),
    }


def point_at_newest(store: Store, flow: str) -> None:
    """Let ``latest.json`` of a dataflow name its newest release that stands, or say that none does.

    Nothing is written when it does already, or when there never was a release.
    """
    pointer = store.releases(flow) / "latest.json"
    while found := releases(store, flow):
        release = next((r for r in reversed(found) if r.tombstone is None), None)
        content = as_json(_pointer(release) if release else _nowhere(found[-1]))
        if pointer.exists() and pointer.read_bytes() == content:
            return
        # Look again after writing: a run beside us may have published meanwhile, and the newest wins.
        store.commit_file(pointer, content)


def _pointer(release: Release) -> dict[str, Any]:
    path = f"{release.dataflow.version}/{release.id}"
    return {
        "schema": LATEST,
        "dataflow": str(release.dataflow),
        "release": release.id,
        "path": path,
        "manifest": f"{path}/manifest.json",
        "prepared": clock.stamp(release.prepared),
        "published": release.facts["published"],
    }


def _nowhere(last: Release) -> dict[str, Any]:
    told = dict.fromkeys(("release", "path", "manifest", "prepared", "published"))
    return {"schema": LATEST, "dataflow": str(last.dataflow), **told}
