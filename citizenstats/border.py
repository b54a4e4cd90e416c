"""The border of a step: what may be said of an error on the other side of it.

An exception crosses logs, the event log and the UI, and libraries quote data in their texts. So an error leaves a
step only as code, column and count: as the step raised it on purpose, or as type and place in the code.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citizenstats.errors import CitizenstatsError

DEBUG = "CITIZENSTATS_DEBUG"
"""Environment variable that lets unexpected exceptions through whole, for a person inside the restricted area."""


_OF_THE_MACHINE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
)
"""What the system refuses, and no program can mend; an error's own text may hold a file's name."""


@contextmanager
def border(step: object) -> Iterator[None]:
    """Let errors out of a step without values, and with nothing hanging behind them.

    Raises:
        CitizenstatsError: as the step raised it, or ``STEP_FAILED`` for an unexpected exception.
    """
    failure: CitizenstatsError | None = None
    try:
        yield
    except CitizenstatsError as error:
        failure = error
    # A step must never die with data in its last words, whatever library raised them.
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        failure = unexpected(error, step)
    if failure is not None:
        # Raised here and not above, so that no earlier exception is its context.
        failure.__cause__ = failure.__context__ = None
        raise failure


def unexpected(error: Exception, step: object) -> CitizenstatsError:
    """Return what may be said of an exception that nobody foresaw: its type and place in the code, or what the disk refused."""
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return CitizenstatsError(
            "DISK_FAILED",
            f"{os.strerror(error.errno)}, at {_place(error)}",
            str(step),
            "look at the free space and at the rights of the data root, then run again",
        )
    return CitizenstatsError(
        "STEP_FAILED",
        f"{type(error).__name__} at {_place(error)}",
        str(step),
        "this is a fault of the program; `citizenstats --debug …` shows all of it, and may quote data",
    )


def _place(error: Exception) -> str:
    """Return the innermost line of this package that an exception went through."""
    package = Path(__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(package)]
    if not inside:
        return "an unknown line"
    return f"{Path(inside[-1].filename).relative_to(package.parent)}:{inside[-1].lineno}"
