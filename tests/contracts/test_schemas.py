"""The JSON Schemas for editors are those of the models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citizenstats.contracts import reference, schemas

FOLDER = Path(__file__).parents[2] / "sdmx_mappings" / "schemas"


@pytest.mark.parametrize("name", schemas.FILES)
def test_the_schema_in_the_repository_is_in_step_with_its_model(name: str) -> None:
    written = json.loads((FOLDER / name).read_text("utf-8"))
    assert written == json.loads(json.dumps(schemas.schema(name))), (
        "run `.venv/bin/python -m citizenstats.contracts.schemas sdmx_mappings/schemas`"
    )


def test_the_reference_page_is_in_step_with_the_models() -> None:
    written = (FOLDER.parents[1] / "docs" / "contract.md").read_text("utf-8")
    assert written == reference.page(), (
        "run `.venv/bin/python -m citizenstats.contracts.reference docs/contract.md`"
    )
