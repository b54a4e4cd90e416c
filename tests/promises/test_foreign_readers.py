"""What is published is read by libraries that are not ours, value for value."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pysdmx.io
import pytest
import sdmx
import sdmx.reader.xml.v21
import sdmx.reader.xml.v30  # both before the first message: sdmx1 2.28 fails on 3.0 after 2.1 otherwise

FLOWS = ("DISABILITY_BAROMETER", "LGBT_BAROMETER", "RIGHT_TO_DEFEND")
Figures = dict[tuple[str, ...], tuple[float | None, str]]


def release(home: Path, flow: str) -> Path:
    folder = home / "published" / "CITIZENSTATS" / flow
    return (folder / json.loads((folder / "latest.json").read_text("utf-8"))["manifest"]).parent


def key(folder: Path) -> list[str]:
    """The dimensions, as the structure message tells them."""
    message = pysdmx.io.read_sdmx(folder / "structures.ml-3.0.xml", validate=False)
    (definition,) = message.get_data_structure_definitions()
    return [dimension.id for dimension in definition.components.dimensions]


def figures(rows: list[dict[str, Any]], dimensions: list[str]) -> Figures:
    found = {}
    for row in rows:
        value = float(row["OBS_VALUE"]) if row["OBS_VALUE"] not in (None, "") else math.nan
        found[tuple(str(row[d]) for d in dimensions)] = (
            None if math.isnan(value) else value,
            str(row["OBS_STATUS"]),
        )
    assert len(found) == len(rows)
    return found


def stored(folder: Path, dimensions: list[str]) -> Figures:
    frame = pd.read_parquet(folder / "observations.parquet").astype(object)
    return figures(frame.where(frame.notna(), None).to_dict("records"), dimensions)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("file", ["data.csv", "data.ml-3.0.xml", "data.ml-2.1-structure-specific.xml"])
def test_pysdmx_reads_every_data_message(demonstration: Path, flow: str, file: str) -> None:
    folder = release(demonstration, flow)
    (data,) = pysdmx.io.get_datasets(folder / file, validate=False)
    dimensions = key(folder)
    assert figures(data.data.to_dict("records"), dimensions) == stored(folder, dimensions)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("version", ["3.0", "2.1"])
def test_sdmx1_reads_structures_and_then_data_with_them(demonstration: Path, flow: str, version: str) -> None:
    folder = release(demonstration, flow)
    structure: Any = sdmx.read_sdmx(folder / f"structures.ml-{version}.xml")
    file = "data.ml-3.0.xml" if version == "3.0" else "data.ml-2.1-structure-specific.xml"
    message: Any = sdmx.read_sdmx(folder / file, structure=structure.structure[flow])
    dimensions = key(folder)
    rows = [
        {
            **{k: v.value for k, v in observation.key.values.items()},
            "OBS_VALUE": observation.value,
            "OBS_STATUS": getattr(
                observation.attrib["OBS_STATUS"].value, "id", observation.attrib["OBS_STATUS"].value
            ),
        }
        for observation in message.data[0].obs
    ]
    read = [{k: getattr(v, "id", v) for k, v in row.items()} for row in rows]
    assert figures(read, dimensions) == stored(folder, dimensions)


@pytest.mark.parametrize("flow", FLOWS)
def test_pandas_alone_reads_the_csv(demonstration: Path, flow: str) -> None:
    folder = release(demonstration, flow)
    frame = pd.read_csv(folder / "data.csv")
    assert set(frame["STRUCTURE_ID"]) == {f"CITIZENSTATS:{flow}(1.0.0)"}
    assert frame["OBS_VALUE"].dtype == float
    withheld = frame[frame["OBS_STATUS"] == "Q"]
    assert len(withheld) > 0
    assert withheld["OBS_VALUE"].isna().all()
    assert withheld["SAMPLE_SIZE"].isna().all()
