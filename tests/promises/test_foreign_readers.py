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

from citizenstats.release.manifest import releases
from tests.conftest import ROOT, Command, spread
from tests.release.support import FLOW
from tests.release.test_history import disseminated

FLOWS = ("DISABILITY_BAROMETER", "LGBT_BAROMETER", "RIGHT_TO_DEFEND")
SMALL = "LGBT_BAROMETER"
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


def observed(message: Any) -> list[dict[str, Any]]:
    """Return the observations of a message of sdmx1."""
    rows = [
        {
            **{k: v.value for k, v in observation.key.values.items()},
            "OBS_VALUE": observation.value,
            "OBS_STATUS": observation.attrib["OBS_STATUS"].value,
        }
        for data_set in message.data
        for observation in data_set.obs
    ]
    return [{k: getattr(v, "id", v) for k, v in row.items()} for row in rows]


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
    assert figures(observed(message), dimensions) == stored(folder, dimensions)


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


EXPORTS = {
    # Format → the readers that take it, by series and flat. What the others do is in docs/messages.md.
    "csv-1.0": ("pysdmx",),
    "csv-2.0": ("pysdmx", "sdmx1"),
    "csv-2.1": ("pysdmx", "sdmx1"),
    "ml-2.1-structure-specific": ("pysdmx", "sdmx1"),
    "ml-2.1-structure-specific-ts": ("pysdmx", "sdmx1"),
    "ml-2.1-generic": ("pysdmx", "sdmx1"),
    "ml-2.1-generic-ts": ("pysdmx", "sdmx1"),
    "ml-3.0": ("pysdmx", "sdmx1"),
    "ml-3.1": ("pysdmx",),
    "json-1.0": (),
    "json-2.0": (),
    "json-2.1": (),
}


def by_pysdmx(file: Path, folder: Path) -> list[dict[str, Any]]:
    (data,) = pysdmx.io.get_datasets(file, validate=False)
    rows: list[dict[str, Any]] = data.data.to_dict("records")
    return rows


def by_sdmx1(file: Path, folder: Path) -> list[dict[str, Any]]:
    version = "2.1" if file.name.startswith("ml-2.1") else "3.0"
    (known,) = sdmx.read_sdmx(folder / f"structures.ml-{version}.xml").structure.values()
    return observed(sdmx.read_sdmx(file, structure=known))


READERS = {"pysdmx": by_pysdmx, "sdmx1": by_sdmx1}


@pytest.mark.parametrize("form", spread(EXPORTS))
def test_exports_are_read_by_the_libraries_that_read_their_format(
    citizenstats: Command, demonstration: Path, tmp_path: Path, form: str
) -> None:
    folder = release(demonstration, SMALL)
    dimensions = key(folder)
    for shape in [(), ("--flat",)] if form.startswith(("ml", "json")) and not form.endswith("-ts") else [()]:
        file = tmp_path / f"{form}{''.join(shape)}.{ {'c': 'csv', 'm': 'xml', 'j': 'json'}[form[0]] }"
        said = citizenstats(
            "--home", demonstration, "--mappings", ROOT / "sdmx_mappings", "export", f"CITIZENSTATS:{SMALL}",
            "--format", form, *shape, "--out", file,
        )  # fmt: skip
        assert said.code == 0, said.err
        for name, read in READERS.items():
            if name in EXPORTS[form]:
                assert figures(read(file, folder), dimensions) == stored(folder, dimensions), (name, shape)
                continue
            # A reader that learns a format is told in docs/messages.md, and here.
            with pytest.raises(Exception, match=r"."):
                read(file, folder)


def test_the_page_says_who_reads_what() -> None:
    page = (ROOT / "docs" / "messages.md").read_text("utf-8")
    for form, readers in EXPORTS.items():
        told = " | ".join("yes" if name in readers else "no" for name in READERS)
        assert f"| `{form}` | {told} |" in page, form


def test_a_delta_that_deletes_is_told_by_one_format_to_each_library(tmp_path: Path) -> None:
    house = disseminated(tmp_path)
    folder = releases(house.store, FLOW)[-1].folder
    by_ml = pysdmx.io.get_datasets(folder / "delta.ml-3.0.xml", validate=False)
    assert [(str(d.action.name), len(d.data)) for d in by_ml if d.action] == [("Delete", 1), ("Replace", 1)]
    known: Any = sdmx.read_sdmx(folder / "structures.ml-3.0.xml").structure["HOMES"]
    by_csv: Any = sdmx.read_sdmx(folder / "delta.csv", structure=known)
    assert [(d.action.name, len(d.obs)) for d in by_csv.data] == [("delete", 1), ("replace", 1)]
    # What docs/messages.md warns of: the one loses what is deleted without a word, the other what is to be done.
    assert [len(d.data) for d in pysdmx.io.get_datasets(folder / "delta.csv", validate=False)] == [1]
    silent: Any = sdmx.read_sdmx(folder / "delta.ml-3.0.xml", structure=known)
    assert [d.action for d in silent.data] == [None, None]
