"""Microdata of any size, made by the generator of the samples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def generated(persons: int, inbox: Path, wave: int = 2016) -> Path:
    """Drop one wave of so many persons into an inbox and return the file."""
    inbox.mkdir(parents=True, exist_ok=True)
    made = inbox.parent / "generated"
    script = ROOT / "data" / "samples" / "generate_dihr.py"
    subprocess.run(
        [sys.executable, str(script), "--persons", str(persons), "--waves", str(wave), "--out", str(made)],
        check=True,
    )
    (file,) = made.rglob("*.csv")
    return file.rename(inbox / file.name)
