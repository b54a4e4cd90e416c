"""What was published when: a dataflow as of a time, what changed after one, and every state between.

The questions are those of SDMX REST 2.2 (``asOf``, ``updatedAfter``, ``includeHistory``). A state is a release that
stands, from the time of its publication on; so what was taken back is never answered again, not even as of a time at which
it could be seen. States are those of one version of the dataflow: another version has keys of its own.
What belongs here: which releases answer a question. What does not: what a release says of the one before it (`compare`,
`delta`), and how a message is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from citizenstats import clock
from citizenstats.engine import Engine, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.compare import Comparison, counted_changes
from citizenstats.release.delta import delta_messages
from citizenstats.release.kept import release_message
from citizenstats.release.manifest import Release, of_version, released, releases
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.write import DataMessage


def as_of(house: House, flow: str, time: datetime | None = None) -> Release:
    """Return the release that was the newest at a time, of those that stand; the newest of all without a time.

    Args:
        house: where.
        flow: ``AGENCY:ID`` or ``AGENCY:ID(VERSION)``.
        time: the time.

    Raises:
        ReleaseError: ``NO_SUCH_RELEASE``; ``NOTHING_YET`` when nothing that stands was published by then.
    """
    return _states(house, flow, time)[-1]


@contextmanager
def history(
    house: House, flow: str, after: datetime | None, until: datetime | None = None, *, every: bool = True
) -> Iterator[tuple[Engine, tuple[DataMessage, ...]]]:
    """Give what was published of a dataflow after a time, as the data sets of one message with an engine to write it.

    A data set deletes or replaces; who applies them in their order to what was published at `after` has what was published at
    `until`. The messages are good as long as the context is open.

    Args:
        house: where and what.
        flow: ``AGENCY:ID`` or ``AGENCY:ID(VERSION)``.
        after: the time; None for all from the first release on.
        until: the time of the last state; None for the newest.
        every: one or two data sets for each release, with the time from which they replace or to which was valid what they
            delete; else all changes in one.

    Raises:
        ReleaseError: ``NO_SUCH_RELEASE`` or ``NOTHING_YET``; ``NOTHING_CHANGED`` when there is nothing after the time;
            ``AFTER_THE_END`` when `after` is later than `until`.
    """
    if after is not None and until is not None and after > until:
        raise ReleaseError(
            "AFTER_THE_END",
            "changes are asked for after the time of the last state",
            flow,
            "let the one be before the other",
        )
    states = _states(house, flow, until)
    known = [state for state in states if after is not None and published(state) <= after]
    new = states[len(known) :]
    if not new:
        raise ReleaseError("NOTHING_CHANGED", "nothing was published after that time", flow)
    steps: list[Release | None] = [known[-1] if known else None, *(new if every else new[-1:])]
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as scratch:
        folders = [Path(scratch), *(state.folder for state in steps if state is not None)]
        with session(folders, scratch=house.store.scratch) as engine:
            messages: list[DataMessage] = []
            for number, (former, state) in enumerate(pairwise(steps)):
                assert state is not None  # noqa: S101 - only the first may be none
                messages += _step(
                    house, engine, former, state, Path(scratch) / f"{number}.parquet", every=every
                )
            if not messages:
                raise ReleaseError("NOTHING_CHANGED", "no observation changed after that time", flow)
            since = known[-1].id if known else "THE-FIRST"
            header = replace(messages[-1].header, id=f"{states[-1].facts['message_id']}-SINCE-{since}")
            yield engine, tuple(replace(message, header=header) for message in messages)


def published(release: Release) -> datetime:
    """Return when a release became public."""
    return clock.parse(release.facts["published"])


def _states(house: House, flow: str, until: datetime | None) -> Sequence[Release]:
    """Return the releases that stand of one version of a dataflow up to a time, the newest last; at least one.

    The version is the one that is named, else the newest that was published by then.
    """
    released(house, flow)
    ever = of_version(releases(house.store, flow.partition("(")[0]), flow)
    found = [r for r in ever if r.tombstone is None and (until is None or published(r) <= until)]
    if not found:
        raise ReleaseError(
            "NOTHING_YET",
            "nothing that stands was published by that time",
            flow,
            "`citizenstats releases` tells the times",
        )
    return [r for r in found if r.dataflow == found[-1].dataflow]


def _step(
    house: House, engine: Engine, former: Release | None, state: Release, file: Path, *, every: bool
) -> Sequence[DataMessage]:
    """Return the data sets that take a receiver from one state to the next; from nothing when there is no former one."""
    full = release_message(house, state, FLAT)
    if former is None:
        return [replace(full, valid_from=published(state) if every else None)]
    engine.write_parquet(
        Comparison(full.structure, state.observations, former.observations).table(engine), file
    )
    counts = counted_changes(engine, f"SELECT change FROM read_parquet({quoted(str(file))})")
    found = delta_messages(file, full, counts)
    if not every:
        return found
    time = published(state)
    return [
        replace(one, valid_to=time) if one.action == "Delete" else replace(one, valid_from=time)
        for one in found
    ]
