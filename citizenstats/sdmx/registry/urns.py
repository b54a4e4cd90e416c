"""URNs and references of SDMX, read."""

from __future__ import annotations

import re

from citizenstats.sdmx.model import Reference

_URN = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.(?P<package>\w+)\.(?P<kind>\w+)="
    r"(?P<agency>[^:()]+):(?P<id>[^:()]+)(?:\((?P<version>[^()]+)\))?(?:\.(?P<item>.+))?"
)


def parts(urn: str) -> tuple[str, Reference, str]:
    """Return kind, reference and item (empty when there is none) of a URN.

    Raises:
        ValueError: it is no URN of SDMX.
    """
    match = _URN.fullmatch(urn.strip())
    if match is None:
        raise ValueError("no URN of SDMX")
    return (
        match["kind"],
        Reference(match["agency"], match["id"], match["version"] or "1.0"),
        match["item"] or "",
    )


def reference(urn: str) -> Reference:
    """Return the reference of a URN; raises ValueError."""
    return parts(urn)[1]
