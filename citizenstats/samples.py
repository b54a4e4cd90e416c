"""The sample deliveries of the demonstration, dropped into the inbox as partners would do it.

They come in rounds, one folder each, in the order of the folders' names: first deliveries, then corrections. A
sample that was delivered before the demonstration began is not dropped again, so a second one changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from citizenstats.errors import CitizenstatsError
from citizenstats.house import House
from citizenstats.store import read_json, sha256_of

Delivered = frozenset[tuple[str, str]]
"""Dataset and SHA-256 of deliveries."""


def rounds(samples: Path) -> list[Path]:
    """Return the folders of the rounds in their order.

    Raises:
        CitizenstatsError: there are none.
    """
    found = sorted(path for path in samples.glob("[0-9]*") if path.is_dir())
    if not found:
        raise CitizenstatsError(
            "NO_SAMPLES",
            "there are no sample deliveries here",
            str(samples),
            "run it where the repository is, or name the folder with --samples",
        )
    return found


def delivered(house: House) -> Delivered:
    """Return what has been delivered so far."""
    found = set()
    for dataset in house.mappings.names:
        for path in house.store.deliveries(dataset).glob("[0-9]*/delivery.json"):
            found.add((dataset, str((read_json(path) or {}).get("sha256"))))
    return frozenset(found)


def drop(
    house: House, folder: Path, before: Delivered, datasets: Collection[str] | None = None
) -> list[Path]:
    """Copy the files of one round into the inboxes, each in one step; return where they lie.

    Args:
        house: where and what.
        folder: the round.
        before: what had been delivered when the demonstration began.
        datasets: those whose samples are wanted; all when left out.
    """
    wanted = house.mappings.names if datasets is None else datasets
    dropped = []
    for path in sorted(p for p in folder.glob("*/*/*") if p.is_file()):
        dataset = f"{path.parent.parent.name}/{path.parent.name}"
        if dataset not in wanted or (dataset, sha256_of(path)) in before:
            continue
        target = house.store.make_inbox(dataset) / path.name
        hidden = target.with_name(f".{path.name}.part")
        shutil.copyfile(path, hidden)
        hidden.replace(target)
        dropped.append(target)
    return dropped
