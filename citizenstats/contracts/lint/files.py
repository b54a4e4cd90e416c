"""What is wrong with single files: names, YAML, unknown keys, values of the wrong kind, code maps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from citizenstats.contracts.document import faults, read_yaml
from citizenstats.contracts.lint.common import caught
from citizenstats.contracts.load import load_dataset
from citizenstats.contracts.model import (
    AgencyFile,
    Contract,
    DataflowFile,
    PartnerFile,
)
from citizenstats.errors import MappingError


def file_faults(folder: Path) -> Iterator[MappingError]:
    """Yield what is wrong with single files: YAML, unknown keys, values of the wrong kind, code maps."""
    yield from _names(folder)
    yield from _file(AgencyFile, folder / "agency.yaml")
    for partner in sorted(p for p in (folder / "partners").glob("*") if p.is_dir()):
        yield from _file(PartnerFile, partner / "partner.yaml")
        for path in sorted(partner.glob("*.yaml")):
            if path.name != "partner.yaml":
                broken = list(_file(Contract, path))
                yield from broken
                if not broken:
                    yield from caught(lambda path=path: load_dataset(path))  # type: ignore[misc]
    for path in sorted((folder / "dataflows").glob("*/*.yaml")):
        yield from _file(DataflowFile, path)


def _names(folder: Path) -> Iterator[MappingError]:
    """Yield the files that would be passed over, or whose names cannot be those of a partner or dataset."""
    for path in sorted([*(folder / "partners").glob("*/*.yml"), *(folder / "dataflows").glob("*/*.yml")]):
        yield MappingError("BAD_NAME", "this file is not read", str(path), "call it .yaml")
    for path in sorted((folder / "partners").glob("*/*.yaml")):
        for named in (path.parent.name, path.stem):
            if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,59}", named):
                told = f"'{named}' can be no name of a partner or dataset"
                yield MappingError("BAD_NAME", told, str(path), "use small letters a to z, digits and _")


def _file(model: type[AgencyFile | PartnerFile | Contract | DataflowFile], path: Path) -> list[MappingError]:
    try:
        return faults(model, read_yaml(path))
    except MappingError as error:
        return [error]
