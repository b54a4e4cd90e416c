"""The page that takes a new dataset to a published message is walked as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pysdmx.io
import pytest

from tests.conftest import Command

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "onboarding.md").read_text("utf-8")
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder in which all files of the page were written and all its commands typed, and what they said."""
    folder = tmp_path_factory.mktemp("onboarding")
    for name, content in BLOCK.findall(PAGE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    said = []
    (commands,) = COMMANDS.findall(PAGE)
    for command in commands.splitlines():
        words = shlex.split(command)
        if words[0] == "citizenstats":
            words = [sys.executable, "-m", "citizenstats", *words[1:]]
        done = subprocess.run(
            words,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(ROOT)},
            timeout=600,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said.append(done.stdout)
    return folder, said


def test_the_page_needs_no_code_and_few_lines(walked: tuple[Path, list[str]]) -> None:
    written = dict(BLOCK.findall(PAGE))
    assert len(written) >= 9
    assert {Path(name).suffix for name in written} == {".yaml", ".csv"}
    (contract,) = [text for name, text in written.items() if name.endswith("clinic_access.yaml")]
    assert len(contract.splitlines()) < 45


def test_what_it_publishes_is_what_the_file_says(
    walked: tuple[Path, list[str]], citizenstats: Command
) -> None:
    folder, _ = walked
    (data,) = (folder / "our_data" / "published").rglob("data.ml-3.0.xml")
    (dataset,) = pysdmx.io.read_sdmx(data).data
    frame = dataset.data.set_index(["REF_AREA", "SEX", "TIME_PERIOD"])
    assert len(frame) == 12
    assert float(frame.loc[("XX-N", "F", "2024"), "OBS_VALUE"]) == 45.6  # 188 of 412
    assert int(frame.loc[("XX-N", "F", "2024"), "SAMPLE_SIZE"]) == 412
    for file in data.parent.iterdir():
        if file.suffix in (".csv", ".xml", ".json") and file.name != "manifest.json":
            said = citizenstats("--mappings", folder / "our_mappings", "validate", file)
            assert said.code == 0, said.out


def test_check_and_preview_said_that_all_is_well(walked: tuple[Path, list[str]]) -> None:
    check, preview, *_, run = walked[1]
    assert "in order" in check
    assert "12" in preview
    assert "published" in run
