"""Every format that `export` offers is valid, and says the same observations."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from citizenstats.sdmx.write import FORMATS
from tests.conftest import ROOT, Command, spread

FLOWS = (
    "CITIZENSTATS:DISABILITY_BAROMETER", "CITIZENSTATS:LGBT_BAROMETER", "CITIZENSTATS:RIGHT_TO_DEFEND",
)  # fmt: skip
MAPPINGS = ROOT / "sdmx_mappings"


@pytest.mark.parametrize("form", spread(FORMATS))
def test_a_release_in_any_format_is_valid(
    citizenstats: Command, demonstration: Path, tmp_path: Path, form: str
) -> None:
    flow = FLOWS[list(FORMATS).index(form) % len(FLOWS)]
    file = tmp_path / "message"
    said = citizenstats(
        "--home", demonstration, "--mappings", MAPPINGS, "export", flow, "--format", form, "--out", file
    )
    assert said.code == 0, said.err
    said = citizenstats("--mappings", MAPPINGS, "validate", file)
    assert (said.code, "valid" in said.out) == (0, True), said.out


def test_rows_are_labelled_keyed_parted_and_compressed(
    citizenstats: Command, demonstration: Path, tmp_path: Path
) -> None:
    file = tmp_path / "data.csv.gz"
    asked = ("--labels", "both", "--keys", "series", "--separator", "semicolon", "--action", "Merge")
    said = citizenstats(
        "--home",
        demonstration,
        "--mappings",
        MAPPINGS,
        "export",
        FLOWS[0],
        "--format",
        "csv-2.1",
        *asked,
        "--out",
        file,
    )
    assert said.code == 0, said.err
    header, first, *_ = gzip.decompress(file.read_bytes()).decode().splitlines()
    assert header.startswith("STRUCTURE;STRUCTURE_ID;ACTION;SERIES_KEY;FREQ: ")
    assert first.startswith(f"dataflow;{FLOWS[0]}(")
    assert ";M;A4.DK." in first


def test_the_page_names_every_format() -> None:
    page = (ROOT / "docs" / "messages.md").read_text("utf-8")
    assert [form for form in FORMATS if f"`{form}`" not in page] == []
