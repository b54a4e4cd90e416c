"""One measurement: a named piece of work, in a process of its own, with its best time and its peak memory."""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path, int], Callable[[], object]]
"""Folder, number of rows → what is timed; all that comes before its call is preparation."""


@dataclass(frozen=True)
class Measured:
    """What a measurement gave.

    Attributes:
        seconds: the best of the repetitions.
        peak: the greatest resident memory of the process, in MiB.
    """

    seconds: float
    peak: float


def measured(work: str, folder: Path, rows: int, repeat: int = 3) -> Measured:
    """Run a piece of work, named ``module:function``, in a child process."""
    command = [sys.executable, "-m", "bench.measure", work, str(folder), str(rows), str(repeat)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{work} failed:\n{done.stderr}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _measure(work: str, folder: str, rows: str, repeat: str) -> None:
    module, _, function = work.partition(":")
    timed = getattr(importlib.import_module(module), function)(Path(folder), int(rows))
    seconds = []
    for _ in range(int(repeat)):
        begun = time.perf_counter()
        timed()
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": min(seconds), "peak": peak()}))


def peak() -> float:
    """Return the greatest resident memory of this process so far, in MiB.

    What `getrusage` tells begins with the memory of the parent, however much that was; the kernel's own mark does not.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    _measure(*sys.argv[1:])
