"""What a step's failure may say: the code, the place and the kind, never a value from the data.

Every body runs inside `value_free`. A `CitizenstatsError` is written for people and holds no value, so its text goes on.
Any other exception may quote a cell, and only its kind and where in the code it arose go on. Nothing is
retried: the same data would fail again.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from citizenstats.errors import CitizenstatsError


@contextmanager
def value_free(step: str, name: str) -> Iterator[None]:
    """Turn whatever `step` raises for `name` into a failure without values.

    Raises:
        Failure: the error's own text for a `CitizenstatsError`; for anything else kind and place in the code.
    """
    try:
        yield
    except CitizenstatsError as error:
        told = str(error) if error.where else f"{step} {name}: {error}"
        failure = dg.Failure(told, metadata={"code": error.code}, allow_retries=False)
    except dg.Failure:
        raise
    # The one place where everything is caught: an exception's text would reach the event log and may quote data.
    except Exception as error:
        failure = dg.Failure(
            f"{step} {name} failed with {type(error).__name__}; its text is withheld because it may quote data",
            metadata={"arose at": dg.MetadataValue.md(_places(error))},
            allow_retries=False,
        )
    else:
        return
    raise failure from None


def _places(error: BaseException) -> str:
    """Return the innermost calls as ``file:line function``, without source text."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return "\n".join(f"- `{Path(f.filename).name}:{f.lineno}` {f.name}" for f in frames)
