"""The files of reference metadata of each release, and a release's report in another format.

The JSON file is the report as it was when the release was made; other formats are written from it, so that a contract that
changed since changes nothing in what was said then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from citizenstats.errors import MessageError
from citizenstats.house import House
from citizenstats.metadata import sdg, structure, write_json, write_ml
from citizenstats.metadata.model import Report
from citizenstats.metadata.report import report
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference

_ML, _JSON = "application/vnd.sdmx.metadata+xml;version=", "application/vnd.sdmx.metadata+json;version="
KEPT = "metadata.json-2.0.json"
SDG = "metadata.ml-2.1-generic.xml"

FILES: Mapping[str, tuple[str, str]] = {
    "json-2.0": (KEPT, f"{_JSON}2.0.0"),
    "ml-3.0": ("metadata.ml-3.0.xml", f"{_ML}3.0.0"),
}
"""Format of the reports that each release has → file name, media type."""

SDG_MEDIA = "application/vnd.sdmx.genericmetadata+xml;version=2.1"
STRUCTURE = ("metadata-structure.ml-3.0.xml", "application/vnd.sdmx.structure+xml;version=3.0.0")

WRITERS: Mapping[str, Callable[[Report], bytes]] = {
    "ml-3.0": lambda told: write_ml.write(told, "3.0"),
    "ml-3.1": lambda told: write_ml.write(told, "3.1"),
    "json-2.0": lambda told: write_json.write(told, "2.0"),
    "json-2.1": lambda told: write_json.write(told, "2.1"),
}
FORMATS = (*WRITERS, "ml-2.1-generic")


def write_metadata(house: House, folder: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """Write the reference metadata of a release beside its ``observations.parquet``.

    Args:
        house: where the contracts are.
        folder: the folder of the release.
        facts: what its manifest says, but for the files.

    Returns:
        File name → media type.
    """
    told = report(house, facts)
    for form, (file_name, _) in FILES.items():
        (folder / file_name).write_bytes(WRITERS[form](told))
    media = dict(FILES.values())
    header = Header(id=f"{told.id}-MSD", prepared=told.prepared, sender=told.sender)
    (folder / STRUCTURE[0]).write_bytes(structure.message("ml-3.0", header))
    media[STRUCTURE[0]] = STRUCTURE[1]
    if sdg.is_reported(Reference.parse(facts["dataflow"])):
        (folder / SDG).write_bytes(sdg.message(house, facts, folder / "observations.parquet"))
        media[SDG] = SDG_MEDIA
    return media


def metadata_of(folder: Path, form: str) -> bytes:
    """Return the reference metadata of a release in a format.

    Raises:
        MessageError: ``NO_METADATA`` for a release from before there was any; ``SDG_ONLY`` for SDMX-ML 2.1 of a dataflow
            other than that of the SDG national reporting; ``NO_SUCH_FORMAT``.
    """
    if form == "ml-2.1-generic":
        return _kept(folder / SDG, "SDG_ONLY", "SDMX-ML 2.1 is written for the SDG national reporting only")
    if form not in WRITERS:
        raise MessageError(
            "NO_SUCH_FORMAT",
            f"reference metadata is not written as {form}",
            mend=f"use one of {', '.join(FORMATS)}",
        )
    content = _kept(folder / KEPT, "NO_METADATA", "this release has no reference metadata")
    return WRITERS[form](write_json.read(content))


def _kept(file: Path, code: str, what: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise MessageError(code, what, mend=f"other formats: {', '.join(WRITERS)}") from None
