"""Structure maps from messages: SDMX-ML 3.0 and 3.1, SDMX-JSON 2.0 and 2.1, and the JSON of the Fusion Metadata Registry.

The form is found from the content. Reading is tolerant of what registries are known to leave out or to write otherwise
(URNs, empty targets, the prefix ``regex:``); what a map needs to have a meaning is demanded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lxml import etree

from citizenstats.errors import MappingError
from citizenstats.mapping import read_fusion, read_json, read_ml
from citizenstats.mapping.model import MapMessage, StructureMap, map_urn

LARGEST = 64 * 1024 * 1024
"""Bytes of a message of maps at most."""


def read_maps(path: Path, where: str = "") -> MapMessage:
    """Return the maps of a file.

    Args:
        path: the file.
        where: what asked for it, for errors; the file itself unless said.

    Raises:
        MappingError: no such file, no such format, or a map that lacks what gives it a meaning.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise MappingError(
                "TOO_LARGE", f"a message of maps has at most {LARGEST:,} bytes", where or str(path)
            )
        content = path.read_bytes()
    except OSError:
        raise MappingError(
            "NO_SUCH_FILE", f"the structure map {path.name} is not there", where or str(path)
        ) from None
    return parse_maps(content, where or str(path))


def parse_maps(content: bytes, where: str) -> MapMessage:
    """Return the maps of a message; raises MappingError."""
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        found = _xml(content, where) if start.startswith(b"<") else _json(content, where)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise MappingError(
            "NOT_A_MAP", "a map in this message lacks what gives it a meaning", where, "validate the message"
        ) from None
    if not found.structure_maps and not found.representation_maps:
        raise MappingError("NO_MAP", "there is no structure map in this message", where)
    return found


def the_map(message: MapMessage, urn: str | None, where: str) -> StructureMap:
    """Return the structure map of a message that a URN names, or its only one.

    Raises:
        MappingError: there is none, or there are several and no URN says which.
    """
    listed = [map_urn("StructureMap", m.reference) for m in message.structure_maps]
    if urn is not None:
        if urn not in listed:
            raise MappingError(
                "NO_SUCH_MAP", f"there is no structure map {urn}", where, f"there are: {_told(listed)}"
            )
        return message.structure_maps[listed.index(urn)]
    if len(listed) != 1:
        raise MappingError(
            "WHICH_MAP",
            f"the message holds {len(listed)} structure maps",
            where,
            f"give one URN: {_told(listed)}",
        )
    return message.structure_maps[0]


def _told(urns: list[str]) -> str:
    return ", ".join(urns[:5]) or "none"


def _xml(content: bytes, where: str) -> MapMessage:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise MappingError(
            "NOT_WELL_FORMED", "this is no XML", f"{where}:{line}", "write the file again"
        ) from None
    return read_ml.maps_of(root)


def _json(content: bytes, where: str) -> MapMessage:
    try:
        message: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise MappingError(
            "NOT_WELL_FORMED", "this is neither XML nor JSON", where, "write the file again"
        ) from None
    if not isinstance(message, dict):
        raise MappingError("NO_MAP", "there is no structure map in this message", where)
    if "StructureMap" in message or "RepresentationMap" in message:
        return read_fusion.maps_of(message)
    return read_json.maps_of(message)
