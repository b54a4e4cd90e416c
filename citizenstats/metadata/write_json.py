"""Reports of reference metadata as SDMX-JSON 2.0 and 2.1, and reading one back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from citizenstats import clock
from citizenstats.metadata.model import FLOW, URN, Report, Reported

_SCHEMAS = {
    "2.0": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/metadata-message/tools/schemas/2.0.0/"
    "sdmx-json-metadata-schema.json",
    "2.1": "https://json.sdmx.org/2.1/sdmx-json-metadata-schema.json",
}
"""Version → what the official schema calls itself."""


def write(report: Report, version: Literal["2.0", "2.1"]) -> bytes:
    """Return the message of a version."""
    languages = list(report.names)
    message = {
        "meta": {
            "schema": _SCHEMAS[version],
            "id": report.id,
            "test": False,
            "prepared": clock.stamp(report.prepared),
            "contentLanguages": languages,
            "sender": {"id": report.sender},
        },
        "data": {
            "metadataSets": [
                {
                    "id": report.id,
                    "version": "1.0.0",
                    "agencyID": report.agency,
                    "name": next(iter(report.names.values())),
                    "names": dict(report.names),
                    "metadataflow": f"{URN}metadatastructure.Metadataflow={FLOW}",
                    "targets": [report.target],
                    "attributes": [_attribute(attribute) for attribute in report.attributes],
                }
            ]
        },
    }
    if version == "2.1":
        message = {"$schema": _SCHEMAS[version], **message}
    return (json.dumps(message, ensure_ascii=False, indent=1) + "\n").encode()


def _attribute(attribute: Reported) -> dict[str, Any]:
    said: dict[str, Any] = {"id": attribute.id}
    if attribute.value is not None:
        said["value"] = dict(attribute.value) if isinstance(attribute.value, Mapping) else attribute.value
    if attribute.parts:
        said["attributes"] = [_attribute(part) for part in attribute.parts]
    return said


def read(content: bytes) -> Report:
    """Return the report that `write` wrote."""
    message = json.loads(content)
    (found,) = message["data"]["metadataSets"]
    return Report(
        id=found["id"],
        agency=found["agencyID"],
        names=found["names"],
        target=found["targets"][0],
        prepared=clock.parse(message["meta"]["prepared"]),
        sender=message["meta"]["sender"]["id"],
        attributes=tuple(map(_reported, found["attributes"])),
    )


def _reported(said: Mapping[str, Any]) -> Reported:
    return Reported(said["id"], said.get("value"), tuple(map(_reported, said.get("attributes", ()))))
