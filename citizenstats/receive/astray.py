"""Files that lie in the inbox where no dataset is: a folder misspelt, or one level too high.

Nobody can be sent a receipt for them, for whose they are is not known; so the office is told. What the folders are called
is not told: it may be a person's name. What lies in a dataset's own folder is for `arrivals` and `notice`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from citizenstats.errors import DeliveryError
from citizenstats.receive.arrivals import is_unfinished
from citizenstats.store import Store

MOST = 1_000
"""Files that are counted at most."""


def astray(store: Store, datasets: Iterable[str]) -> DeliveryError | None:
    """Return what to tell the office of files that nobody will ever take; None when there is none.

    Args:
        store: its inbox is looked at.
        datasets: all that are known, ``partner/dataset``.
    """
    root = store.home / "inbox"
    own = {root / dataset for dataset in datasets}
    count = sum(1 for _ in itertools.islice(_files(root, own), MOST))
    if not count:
        return None
    told = f"{count:,}{' or more' if count == MOST else ''}"
    return DeliveryError(
        "IN_NO_DATASET",
        f"files in the inbox that lie in no folder of a dataset, and are never taken: {told}",
        "inbox",
        "move each to inbox/PARTNER/DATASET as the contracts are called, or take it out",
    )


def _files(root: Path, own: set[Path]) -> Iterator[Path]:
    # A folder that cannot be listed is passed over: it is no dataset's.
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) not in own and not is_unfinished(name)]
        yield from (Path(folder, name) for name in files if not is_unfinished(name))
