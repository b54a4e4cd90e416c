"""Versions of a contract: which one a delivery is of, and the contract as it then reads."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence

from citizenstats.contracts.model import Contract, Version, VersionWhen
from citizenstats.receive.outcome import RefusalError


def applied(contract: Contract, version: Version | None) -> Contract:
    """Return the contract with what differs in a version; columns that the version lacks become optional and empty."""
    if version is None:
        return contract
    said = contract.model_dump(mode="json")
    said["read"] |= version.read
    for column, differs in version.columns.items():
        if differs is None:
            said["columns"][column] |= {"header": [], "required": False, "optional": True}
        else:
            said["columns"][column] |= differs
    return Contract.model_validate(said)


def by_file(contract: Contract, file_name: str) -> list[Version]:
    """Return the versions that a file of this name can be of, before it is opened."""
    return [
        v for v in contract.versions if v.when.file is None or fnmatch.fnmatchcase(file_name, v.when.file)
    ]


def choose(
    candidates: Sequence[Version], headers: Iterable[str], values_of: Callable[[str], list[str]]
) -> Version | None:
    """Return the version of a delivery; None when it is of the contract as it stands.

    Args:
        candidates: versions that the file's name allows.
        headers: headers in the file.
        values_of: gives the distinct texts of a contract's column in the file.

    Raises:
        RefusalError: ``MIXED_VERSIONS`` when one file holds rows of several versions.
    """
    present = set(headers)
    found = [v for v in candidates if _has_a_test(v.when) and set(v.when.header or ()) <= present]
    for version in found:
        if version.when.column is None:
            return version
        values, wanted = set(values_of(version.when.column)), set(version.when.values or ())
        if values and values <= wanted:
            return version
        if values & wanted:
            raise RefusalError("MIXED_VERSIONS", version=version.id)
    return None


def _has_a_test(when: VersionWhen) -> bool:
    return any(test is not None for test in (when.file, when.header, when.column))
