"""Run the command line and kill this process, as a power cut would, at the n-th step of a write.

Usage: ``crash_runner.py N COUNT_FILE -- ARGUMENTS``; N = 0 never kills. Steps are counted at every flush to disk and
before and after every rename, which is where a commit can be cut in two. The count is written to COUNT_FILE at the end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from citizenstats import store

LIMIT, COUNT_FILE = int(sys.argv[1]), Path(sys.argv[2])
_steps = 0


def step() -> None:
    global _steps
    _steps += 1
    if _steps == LIMIT:
        os.kill(os.getpid(), signal.SIGKILL)


def around(function: Any) -> Any:
    def watched(*arguments: Any, **named: Any) -> Any:
        step()
        result = function(*arguments, **named)
        step()
        return result

    return watched


store._flush = around(store._flush)
Path.rename = around(Path.rename)  # type: ignore[method-assign]
Path.replace = around(Path.replace)  # type: ignore[method-assign]

if __name__ == "__main__":
    from citizenstats.cli import main

    sys.argv = ["citizenstats", *sys.argv[sys.argv.index("--") + 1 :]]
    try:
        main()
    finally:
        COUNT_FILE.write_text(str(_steps))
