"""References that name no version but the newest that fits: ``1.0+.0``, ``2+.0.0``, ``~``, ``+``, ``*``.

The rules are those of SDMX 3.0 (section 6, semantic versioning) and of the queries for versions of SDMX REST 2.x:

    1.2+.3    the newest stable version of major 1 that is not below 1.2.3
    1+.2.3    the newest stable version that is not below 1.2.3, of whichever major
    1.2.3+    the newest stable version of 1.2 that is not below 1.2.3
    +         the newest stable version
    1.2~.3    as with +, drafts (``1.3.0-draft``) too; ``~`` alone is the newest of all, whatever its form
    *         all versions: where one is needed, the newest of all, as with ~

Stable are versions of three parts from 1.0.0 on without an extension; ``1.0`` is none. A part that is a mark alone counts
from 0. What belongs here: which version a reference means. What does not: where artefacts come from, and what a change asks
for (`versions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from citizenstats.errors import StructureError
from citizenstats.sdmx.model import DataStructure, Reference

_MARKS = "+~*"
_PART = r"(?:[0-9]+[+~*]?|[+~*])"
_FORM = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")

_Key = tuple[tuple[int, ...], bool, str]


def is_late(version: str) -> bool:
    """Return whether a version is one that a reference means and no artefact has."""
    return any(mark in version for mark in _MARKS)


def newest_fitting(said: str, versions: Iterable[str]) -> str | None:
    """Return the newest of some versions that a late-bound one means; None where none fits.

    Raises:
        StructureError: ``BAD_REFERENCE``: two marks, or ``+`` without three parts.
    """
    parts = said.split(".")
    marks = sum(said.count(mark) for mark in _MARKS)
    if not _FORM.fullmatch(said) or marks != 1 or ("+" in said and said != "+" and len(parts) != 3):
        raise StructureError(
            "BAD_REFERENCE",
            f"'{said}' is no version that a reference can mean",
            mend="write one mark behind one of three parts, such as 1.0+.0, or + or ~ alone",
        )
    mark = next(mark for mark in _MARKS if mark in said)
    fixed = next(place for place, part in enumerate(parts) if mark in part)
    least = tuple(int(part.rstrip(_MARKS) or 0) for part in ([*parts, "0", "0"] if said == "+" else parts))
    fitting = []
    for version in versions:
        numbers, released, _ = key = _key(version)
        is_stable = released and len(numbers) == 3 and numbers[0] > 0
        fits = len(numbers) == len(least) and numbers[:fixed] == least[:fixed] and numbers >= least
        if (is_stable and fits) if mark == "+" else (fits or said == mark):
            fitting.append((key, version))
    return max(fitting)[1] if fitting else None


def bound(reference: Reference, known: Iterable[Reference]) -> Reference | None:
    """Return the artefact that a reference means among those known: itself where it names a version; None where none fits.

    Raises:
        StructureError: ``BAD_REFERENCE``.
    """
    if not is_late(reference.version):
        return reference
    alike = {r.version: r for r in known if (r.agency, r.id) == (reference.agency, reference.id)}
    version = newest_fitting(reference.version, alike)
    return None if version is None else alike[version]


def bound_or_itself(reference: Reference, known: Iterable[Reference]) -> Reference:
    """Return the artefact that a reference means among those known; itself where none fits, to be told where it is used.

    Raises:
        StructureError: ``BAD_REFERENCE``.
    """
    return bound(reference, known) or reference


def bound_structure(structure: DataStructure, schemes: Iterable[Reference]) -> DataStructure:
    """Return a data structure with the lists and concept schemes that its references mean among those known.

    Raises:
        StructureError: ``BAD_REFERENCE``.
    """
    known = list(schemes)
    return replace(
        structure,
        components=tuple(
            replace(
                c,
                concept_scheme=bound_or_itself(c.concept_scheme, known),
                codelist=None if c.codelist is None else bound_or_itself(c.codelist, known),
            )
            for c in structure.components
        ),
    )


def _key(version: str) -> _Key:
    """Return a version to be compared: a draft comes before what it is a draft of."""
    numbers, _, extension = version.partition("-")
    return tuple(int(part) if part.isdigit() else 0 for part in numbers.split(".")), not extension, extension
