"""JSON Schemas of the YAML files, for editors that complete and check while one types.

They are made from the models by ``python -m citizenstats.contracts.schemas DIR`` and lie in the repository under
``sdmx_mappings/schemas/``; a test keeps them in step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from citizenstats.contracts.model import AgencyFile, Contract, DataflowFile, Model, PartnerFile
from citizenstats.quality.catalogue import CriteriaFile
from citizenstats.store import as_json

FILES: dict[str, type[Model]] = {
    "agency.schema.json": AgencyFile,
    "partner.schema.json": PartnerFile,
    "contract.schema.json": Contract,
    "dataflow.schema.json": DataflowFile,
    "criteria.schema.json": CriteriaFile,
}
"""File name → the model that it describes."""


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema that stands in the file `name`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **FILES[name].model_json_schema(mode="validation"),
    }


def write(folder: Path) -> None:
    """Write all schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(as_json(schema(name)))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
