"""Structures are exported in every format, whole and valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.sdmx.structures import FORMATS
from tests.conftest import ROOT, Command

MAPPINGS = ROOT / "sdmx_mappings"


@pytest.mark.parametrize("form", FORMATS)
def test_structures_in_any_format_are_valid(citizenstats: Command, tmp_path: Path, form: str) -> None:
    file = tmp_path / "structures"
    flow = "CITIZENSTATS:DISABILITY_BAROMETER"
    said = citizenstats("--mappings", MAPPINGS, "structures", "export", flow, "--format", form, "--out", file)
    assert said.code == 0, said.err
    said = citizenstats("--mappings", MAPPINGS, "validate", file)
    assert (said.code, "valid" in said.out) == (0, True), said.out


def test_an_unknown_format_is_refused(citizenstats: Command, tmp_path: Path) -> None:
    said = citizenstats(
        "--mappings", MAPPINGS, "structures", "export", "--format", "ml-9", "--out", tmp_path / "x"
    )
    assert said.code == 2
    assert "ml-3.1" in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_page_names_every_format() -> None:
    page = (ROOT / "docs" / "structures.md").read_text("utf-8")
    assert [form for form in FORMATS if f"`{form}`" not in page] == []
