"""A signed-off candidate becomes the next release, in one step.

The number of a release is claimed by renaming the whole folder to it, which fails when another run was faster; so
the parent that a release names is always the one right before it. When the parent moved since the candidate was
made, its load times, history and messages are made again from the observations that were signed off.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from citizenstats import clock
from citizenstats.errors import CitizenstatsError, ReleaseError
from citizenstats.estimate.representative import for_everybody
from citizenstats.house import House
from citizenstats.quality.judge import gates_closed_now
from citizenstats.receive.delivery import arrival
from citizenstats.release import catalog
from citizenstats.release.candidate import Candidate, candidates, fill
from citizenstats.release.consent import holds
from citizenstats.release.embargo import due
from citizenstats.release.erase import complete
from citizenstats.release.kept import structures_of
from citizenstats.release.manifest import MANIFEST, Release, newest, newest_loaded, point_at_newest, releases
from citizenstats.release.messages import CHANGES
from citizenstats.release.retraction import voided_up_to
from citizenstats.release.validate import validate
from citizenstats.store import as_json


def publish_due(house: House, flow: str) -> bool:
    """Publish the newest signed-off candidate of a dataflow whose time has come; return whether there was one.

    Also completes what a crash left half done: the pointer to the newest release and the catalog.
    """
    complete(house)
    now = clock.now()
    signed = unpublished(house, flow, candidates(house, flow))
    times = [(candidate, public_from(house, candidate)) for candidate in signed]
    ready = [candidate for candidate, time in times if time is not None and time <= now]
    # Signed off, and then consent was taken back: it stays, and a newer one comes.
    ready = [c for c in ready if holds(house, flow, c.facts["deliveries"])]
    # Or a person found since that consent is not met: it stays until that is settled.
    if ready and gates_closed_now(house, flow):
        ready = []
    if ready:
        _publish(house, ready[-1])
    point_at_newest(house.store, flow)
    catalog.refresh(house.store)
    return bool(ready)


def unpublished(house: House, flow: str, found: Sequence[Candidate]) -> list[Candidate]:
    """Return those of the candidates `found` that are signed off and still wait for their time, the newest last.

    One that is older than a published one is superseded and never comes out; neither does one from before a release
    was taken back.
    """
    done = max(_published_up_to(house, flow), voided_up_to(house.store, flow))
    return [candidate for candidate in found if candidate.number > done and candidate.is_approved]


def public_from(house: House, candidate: Candidate) -> datetime | None:
    """Return when a signed-off candidate becomes public; None while no time is known, or when the dataflow is no more."""
    file = house.mappings.dataflows.get(candidate.flow)
    if candidate.decision is None or not candidate.is_approved or file is None:
        return None
    return due(file.embargo, candidate.decision.time)


def _published_up_to(house: House, flow: str) -> int:
    """Return the number of the newest candidate that was published."""
    return max((int(release.candidate[1:]) for release in releases(house.store, flow)), default=0)


def _publish(house: House, candidate: Candidate) -> None:
    version = candidate.dataflow.version
    while True:
        parent = newest(house.store, candidate.flow, version)
        last = newest_loaded(house.store, candidate.flow, version)
        # Asked after these were read: what a run beside us publishes from here on has the number that we take, and one of us
        # fails. Asked before, its release would be followed by a second one of the same candidate.
        if candidate.number <= _published_up_to(house, candidate.flow):
            return
        identifier = f"R{last.number + 1 if last else 1:04}"
        try:
            with house.store.commit_folder(
                house.store.releases(candidate.flow) / version / identifier
            ) as work:
                facts = candidate.facts
                if facts["parent"] == (parent.id if parent else None) and _is_whole(candidate, last):
                    _link(candidate, work)
                    if "validation" not in facts:  # a candidate from before messages were validated
                        found = validate(house, structures_of(candidate), candidate.folder, facts, parent)
                        facts = {**facts, "validation": found.as_facts()}
                else:
                    facts = _made_again(house, candidate, parent, work)
                manifest = _manifest(house, candidate, facts, identifier)
                (work / "manifest.json").write_bytes(as_json(manifest))
        except CitizenstatsError as error:
            if error.code != "ALREADY_THERE":
                raise


def _is_whole(candidate: Candidate, last: Release | None) -> bool:
    """Return whether a candidate has all its files and comes after the last release, taken back or not."""
    is_later = last is None or clock.parse(candidate.facts["loaded"]) > last.loaded
    return is_later and all(file.exists() for file in candidate.files)


def _link(candidate: Candidate, work: Path) -> None:
    """Put the candidate's files into the release without copying them, where the file system can."""
    for file in candidate.files:
        file.chmod(0o644)
        try:
            os.link(file, work / file.name)
        except OSError:
            shutil.copy2(file, work / file.name)


def _made_again(house: House, candidate: Candidate, parent: Release | None, work: Path) -> Mapping[str, Any]:
    source = candidate.folder / "observations.parquet"
    # In the words that were signed off: the mappings may know another version by now.
    facts = fill(house, structures_of(candidate), work, source, parent, candidate.facts)
    if facts["parent"] is None:
        (work / CHANGES).unlink()
    return facts


def _manifest(
    house: House, candidate: Candidate, facts: Mapping[str, Any], identifier: str
) -> dict[str, Any]:
    decision, published = candidate.decision, public_from(house, candidate)
    if decision is None or published is None:
        raise ReleaseError("NOT_SIGNED_OFF", f"{candidate.id} may not be published yet", candidate.flow)
    public = (
        "dataflow", "parent", "prepared", "loaded", "message_id", "deliveries", "contracts", "code_version",
        "structures", "counts", "changes", "quality", "samples", "validation", "recoded",
        "left_out", "files",
    )  # fmt: skip
    return {
        "schema": MANIFEST,
        "release": identifier,
        "candidate": candidate.id,
        "published": clock.stamp(published),
        "sign_off": {
            "required": decision.by is not None,
            "by": decision.by,
            "note": decision.note,
            "time": clock.stamp(decision.time),
            "signatures": [one.as_facts() for one in decision.signatures],
        },
        # A candidate from before quality was judged, or samples were compared, says nothing of it; few recode a version.
        **{
            key: _TOLD[key](facts[key]) if key in _TOLD else facts[key]
            for key in public
            if key not in ("quality", "samples", "recoded", "left_out") or key in facts
        },
    }


def _for_everybody(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what is told of samples without the shares of their categories, which are the office's."""
    return [
        {
            **told,
            "comparisons": [public for c in told["comparisons"] if (public := for_everybody(c)) is not None],
        }
        for told in samples
    ]


_TOLD: Mapping[str, Callable[[Any], Any]] = {
    "samples": _for_everybody,
    "deliveries": lambda names: [arrival(name) for name in names],
}
"""What is told in another way than the office knows it."""
