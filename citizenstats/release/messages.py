"""All files of a release, written once: data in each format, structures, and the schemas of its structure.

What belongs here: which files a release has. What does not: how one is written; that is `citizenstats.sdmx`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import MessageError
from citizenstats.house import House
from citizenstats.mapping.message import NOTHING, written
from citizenstats.mapping.model import MapMessage
from citizenstats.metadata.files import write_metadata
from citizenstats.release.compare import Changes
from citizenstats.release.delta import PAGE, changes_page, delta_messages
from citizenstats.release.manifest import file_facts
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.sdmx.schema import Version, schema
from citizenstats.sdmx.structures import structure_message
from citizenstats.sdmx.write import FORMATS, DataMessage, chunks
from citizenstats.sdmx.write.features import refusal

DATA = ("csv-2.1", "ml-3.0", "ml-2.1-structure-specific")
"""The data formats of every release; `citizenstats export` writes the others from its Parquet."""

DELTA = {"csv-2.1": "delta.csv", "ml-3.0": "delta.ml-3.0.xml"}
"""Data format → file name of what takes a receiver from the parent release to this one."""

STRUCTURES = {
    "ml-2.1": ("structures.ml-2.1.xml", "application/vnd.sdmx.structure+xml;version=2.1"),
    "ml-3.0": ("structures.ml-3.0.xml", "application/vnd.sdmx.structure+xml;version=3.0.0"),
    "json-2.0": ("structures.json-2.0.json", "application/vnd.sdmx.structure+json;version=2.0.0"),
}
"""Structure format → file name, media type."""

SCHEMAS: Mapping[Version, str] = {"2.1": "schema.ml-2.1.xsd", "3.0": "schema.ml-3.0.xsd"}
"""SDMX-ML version → file name of the schema of structure-specific data."""

RECODED = ("recoded.json-2.0.json", "application/vnd.sdmx.structure+json;version=2.0.0")
"""File name and media type of the structure maps from the codes of former versions, where the dataflow declares some.

Not in the structure messages: a registry that does not know the former version would refuse them with a map that leads from it.
"""

CHANGES = "changes.parquet"
"""What was added, changed and withdrawn against the parent, one row a key, with the values before and after."""

PARQUET = "application/vnd.apache.parquet"


def write_messages(
    engine: Engine,
    house: House,
    structures: Structures,
    folder: Path,
    facts: Mapping[str, Any],
    recoding: MapMessage,
) -> list[dict[str, Any]]:
    """Write every message of a release beside its ``observations.parquet``.

    Args:
        engine: one that can read the folder.
        house: where the contracts are, which tell what is said of the release as a whole.
        structures: those that the observations are said in.
        folder: the folder with the Parquet files.
        facts: what a manifest says of the release: its dataflow, message id, parent, changes, and when it was prepared.
        recoding: the maps from former versions of the dataflow; without any there is no file of them.

    Returns:
        What the manifest says about each file, Parquet files included, by name.
    """
    flow = Reference.parse(facts["dataflow"])
    media: dict[str, str] = {"observations.parquet": PARQUET, "history.parquet": PARQUET}
    message = message_of(structures, sender_of(house), folder / "observations.parquet", facts)
    missing = _missing(message)
    for form in (FORMATS[identifier] for identifier in DATA):
        if form.file_name in missing:
            continue
        with (folder / form.file_name).open("wb") as file:
            file.writelines(chunks(engine, message, form.name))
        media[form.file_name] = form.media_type
    if facts["parent"] is not None:
        media |= _write_delta(engine, message, folder, facts)
    for identifier, (file_name, media_type) in STRUCTURES.items():
        if file_name in missing:
            continue
        (folder / file_name).write_bytes(structure_message(structures, [flow], identifier, message.header))
        media[file_name] = media_type
    if recoding.structure_maps:
        file_name, media_type = RECODED
        (folder / file_name).write_bytes(written(recoding, NOTHING, "json-2.0", message.header))
        media[file_name] = media_type
    media |= write_metadata(house, folder, facts)
    for version, file_name in SCHEMAS.items():
        if file_name in missing:
            continue
        (folder / file_name).write_bytes(schema(structures.structure_of(flow), structures, version))
        media[file_name] = "application/xml"
    return [file_facts(folder / file_name, media[file_name]) for file_name in sorted(media)]


def left_out(
    house: House, structures: Structures, folder: Path, facts: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the files of every release that this one does not have, with the rule of ``docs/messages.md`` and why."""
    missing = _missing(message_of(structures, sender_of(house), folder / "observations.parquet", facts))
    return [{"file": file, "rule": error.code, "what": error.what} for file, error in sorted(missing.items())]


def _missing(message: DataMessage) -> dict[str, MessageError]:
    """Return the files whose format has no place for what the structure has → why.

    A version of SDMX-ML that cannot carry the data can say neither their structure nor its schema.
    """
    found: dict[str, MessageError] = {}
    for identifier in DATA:
        if error := refusal(identifier, message):
            found[FORMATS[identifier].file_name] = error
            for version, schema_file in SCHEMAS.items():
                if identifier.startswith(f"ml-{version}"):
                    found |= {schema_file: error, STRUCTURES[f"ml-{version}"][0]: error}
    return found


def _write_delta(engine: Engine, full: DataMessage, folder: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """Write what changed against the parent, as table, page and message; return file name → media type.

    A release whose structures alone changed has no message: one without a key to delete would delete everything.
    """
    changes = folder / CHANGES
    (folder / PAGE).write_bytes(changes_page(engine, changes, full.structure, facts))
    media = {CHANGES: PARQUET, PAGE: "text/html"}
    if messages := delta_messages(changes, full, Changes(**facts["changes"])):
        for identifier, file_name in DELTA.items():
            with (folder / file_name).open("wb") as file:
                file.writelines(chunks(engine, messages, identifier))
            media[file_name] = FORMATS[identifier].media_type
    return media


def message_of(
    structures: Structures, sender: str, file: Path, facts: Mapping[str, Any], along: str | None = None
) -> DataMessage:
    """Return the observations of a release as a message that every writer takes.

    Args:
        structures: those that the observations are said in: of the mappings for what is made now, those kept beside it for
            what was published (`kept.release_message`).
        sender: id of who sends it.
        file: its ``observations.parquet``.
        facts: what its manifest says.
        along: the dimension at the observation, or ``AllDimensions``; None for the format's own way.
    """
    flow = Reference.parse(facts["dataflow"])
    structure = structures.structure_of(flow)
    return DataMessage(
        dataflow=structures.dataflows[flow],
        structure=structure,
        source=observations_sql(file, structure),
        header=Header(
            id=facts["message_id"],
            prepared=clock.parse(facts["prepared"]),
            sender=sender,
            receiver=None,
            test=False,
        ),
        dimension_at_observation=along,
        structures=structures,
    )


def sender_of(house: House) -> str:
    """Return the id of who sends the messages of an office."""
    agency = house.mappings.agency
    return agency.sender or agency.id


def observations_sql(file: Path, structure: DataStructure) -> str:
    """Return the SELECT of a release's observations with the structure's components.

    What was written before an attribute came to the structure has no column of it.
    """
    import pyarrow.parquet as pq

    there = set(pq.read_schema(file).names)
    columns = ", ".join(name(c.id) for c in structure.components if c.id in there)
    return f"SELECT {columns} FROM read_parquet({quoted(str(file))})"
