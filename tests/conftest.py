"""What several tests share: a mappings folder of one partner, a demonstration home made once, the command line."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from citizenstats.cli import main

ROOT = Path(__file__).parents[1]
NOW = "2026-11-23T08:00:00Z"

# What the libraries hold for good would be looked through some thousand times.
gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True)
class Said:
    """What the command line answered."""

    code: int
    out: str
    err: str
    peak: float = 0
    """Greatest resident memory of it or a process that it started, in MiB; measured only when asked for."""

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


def _command(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Said:
    """Run the command line in this process, which has the libraries loaded."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
    code = 0
    before, place = dict(os.environ), Path.cwd()
    os.environ.update({"CITIZENSTATS_NOW": NOW, **(environment or {})})
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
    return Said(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def _process(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, peak: bool = False
) -> Said:
    """Run the command line as a process of its own, whose children's words are caught too."""
    told = {**os.environ, "CITIZENSTATS_NOW": NOW, "PYTHONPATH": str(ROOT), **(environment or {})}
    command = [sys.executable, "-m", "citizenstats", *map(str, arguments)]
    if peak:
        command = [sys.executable, "-c", _MEASURED, *command]
    done = subprocess.run(
        command, capture_output=True, text=True, env=told, cwd=ROOT, timeout=1200, check=False
    )
    measured = float(done.stderr.rsplit(maxsplit=1)[-1]) if peak else 0
    return Said(done.returncode, done.stdout, done.stderr, measured)


_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
sys.exit(done.returncode)
"""


@pytest.fixture(scope="session")
def citizenstats() -> Command:
    """The command line, as a person types it."""
    return _command


@pytest.fixture(scope="session")
def citizenstats_process() -> Command:
    """The same as a process of its own: for what it prints besides its answer, how it ends, and what it needs."""
    return _process


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home on which the demonstration was run once; do not write to it."""
    return made_once(tmp_path_factory, "demonstration", _demonstrate)


def _demonstrate(home: Path) -> None:
    said = _process("--home", home, "--mappings", ROOT / "sdmx_mappings", "demo")
    assert said.code == 0, said.out + said.err


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that one of the processes of a test run makes for all of them."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder, done = shared / f"shared_{name}", shared / f"shared_{name}.done"
    with (shared / f"shared_{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder


def spread(values: Iterable[Any], every: int = 3) -> list[Any]:
    """Return parameters of which one in so many is tried by `make test`, and the others by `make test-long`."""
    return [
        value
        if number % every == 0
        else pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long)
        for number, value in enumerate(values)
    ]


@pytest.fixture(scope="session")
def one_system(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home on which the demonstration of one system was run once, and its mappings; do not write to them."""
    folder = made_once(tmp_path_factory, "one_system", _demonstrate_one)
    return folder / "home", folder / "mappings"


def _demonstrate_one(folder: Path) -> None:
    said = _process(
        "--home", folder / "home", "--mappings", only("right_to_defend", folder / "mappings"), "demo"
    )
    assert said.code == 0, said.out + said.err


def only(partner: str, folder: Path) -> Path:
    """Make a mappings folder with the datasets of one partner and the dataflows that they feed; return it."""
    shutil.copytree(ROOT / "sdmx_mappings", folder)
    for other in (folder / "partners").iterdir():
        if other.name != partner:
            shutil.rmtree(other)
    for flow in (folder / "dataflows").glob("*/*.yaml"):
        if f"{partner}/" not in flow.read_text("utf-8"):
            flow.unlink()
    return folder


@pytest.fixture
def one_partner(tmp_path: Path) -> Path:
    """A mappings folder with the partner right_to_defend only."""
    return only("right_to_defend", tmp_path / "mappings")
