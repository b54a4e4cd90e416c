"""Arrivals: what decides that a file lies still, and that a run must be asked for. Pure functions.

Add here: a rule of the decision, with a test that is a sentence. Keep out: Dagster, listing folders, keeping bytes
(that is `citizenstats.receive`), and the name of any later step.

A file is still when two looks in a row see the same size, time and inode. The cursor remembers the first look, by digests:
Dagster shows a cursor to whoever opens the UI, and a file's name may be a person's. That a file was taken is written in
the delivery ledger and nowhere else, so a lost cursor costs one look and no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TRIES = 3
"""Runs asked for the same deliveries before a person has to look."""


@dataclass(frozen=True)
class Cursor:
    """What the sensor remembers from one look to the next."""

    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Dataset → digests of name and mark of the files seen there that are not taken yet."""
    first: str = ""
    """The dataset to begin with, so that a busy folder cannot starve the others."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Dataset whose contract has faults → what names these faults."""

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Return the cursor that `dump` wrote; an empty one for anything else, which costs one look."""
        try:
            known: Any = json.loads(text or "{}")
            seen = {str(d): frozenset(map(str, files)) for d, files in known.get("seen", {}).items()}
            broken = {str(d): str(faults) for d, faults in known.get("broken", {}).items()}
            return cls(seen, str(known.get("first", "")), broken)
        except (ValueError, AttributeError, TypeError):
            return cls()

    def dump(self) -> str:
        """Return the cursor as text."""
        seen = {dataset: sorted(files) for dataset, files in self.seen.items() if files}
        broken = {"broken": dict(self.broken)} if self.broken else {}
        return json.dumps({"seen": seen, "first": self.first, **broken}, sort_keys=True)


def in_turn(datasets: Sequence[str], first: str) -> list[str]:
    """Return the datasets beginning with `first`, each once."""
    start = datasets.index(first) if first in datasets else 0
    return [*datasets[start:], *datasets[:start]]


@dataclass(frozen=True)
class Former:
    """A run that was asked for the same deliveries before."""

    finished: bool


@dataclass(frozen=True)
class Ask:
    """A run is needed, under this key."""

    run_key: str


@dataclass(frozen=True)
class Wait:
    """A run that was asked for goes on."""


@dataclass(frozen=True)
class GiveUp:
    """Every run that was asked for ended and left the deliveries unread."""

    runs: int


def decide(asked: str, former: Sequence[Former]) -> Ask | Wait | GiveUp:
    """Return what to do for deliveries that wait to be read.

    A run that ended and left them unread died; Dagster would silently drop a repeated key, so each further try has
    a key of its own.

    Args:
        asked: what names these deliveries and the way of reading them.
        former: the runs asked for under that name so far.
    """
    if any(not run.finished for run in former):
        return Wait()
    if len(former) >= TRIES:
        return GiveUp(len(former))
    return Ask(asked if not former else f"{asked}:again-{len(former)}")
