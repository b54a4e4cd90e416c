"""The `arrivals` sensor: one for all watched folders.

Each tick looks at every dataset's folder, keeps the bytes of the files that lie still as deliveries, and asks one run
for each dataset that has deliveries which nobody read. The run key names the last of them and the way of reading it,
so it is asked once; what counts is the ledger of deliveries, never a clock. A folder that cannot be listed is not an
empty folder: its marks are kept and the tick says so. Whatever is wrong with one folder, or one contract, stays there.

The daemon gives a tick 60 s, so a round ends early after `SECONDS` and the next begins where it stopped.
Messages hold counts and names of ours; a file's name may be a person's and is not shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dagster as dg

from assets import keys
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.load import broken as contract_error
from citizenstats.contracts.sound import faults_of
from citizenstats.errors import CitizenstatsError
from citizenstats.flow import Step, needs, steps
from citizenstats.house import House
from citizenstats.receive import arrivals as inbox
from citizenstats.receive import delivery as ledger
from citizenstats.receive.astray import astray
from citizenstats.receive.notice import notify
from citizenstats.store import Store, digest
from pipelines.arrivals import Ask, Cursor, Former, GiveUp, Wait, decide, in_turn
from resources.house import HouseResource

EVERY = 15
"""Seconds between two ticks: still for two of them, plus a run, is a release within a minute."""
SECONDS = 40.0
"""A round that took longer leaves the remaining folders to the next tick."""
ASKED = "citizenstats/asked"
"""Run tag: for which deliveries, read in which way, a run was asked."""


@dataclass
class Round:
    """What came of one look at all folders."""

    cursor: Cursor
    asked: dict[str, str] = field(default_factory=dict)
    """Dataset → the name of what a run is wanted for."""
    notes: list[str] = field(default_factory=list)
    settling: int = 0
    """Files that must lie still for one more look."""


def arrivals(house: HouseResource) -> dg.SensorDefinition:
    """Return the sensor over the folders of all datasets of the house."""

    @dg.sensor(
        name="arrivals",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks a run for each dataset whose folder has new files that lie still for two looks.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        opened = house.open()
        before = Cursor.parse(context.cursor)
        done = look_round(opened, before)
        requests = [
            request
            for dataset, asked in done.asked.items()
            if (request := _request(context.instance, opened, dataset, asked, done.notes))
        ]
        requests += _of_contracts(opened, before, done)
        for note in done.notes:
            context.log.warning(note)
        waiting = (
            f"{done.settling} files must lie still for one more look" if done.settling else "nothing new"
        )
        reason = None if requests else "; ".join([*done.notes, waiting])
        return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=done.cursor.dump())

    return look


def look_round(house: House, before: Cursor, clock: Callable[[], float] = time.monotonic) -> Round:
    """Look at all folders once, take in what lies still, and say which datasets need a run.

    Args:
        house: the house whose folders are watched.
        before: what the look before remembered.
        clock: seconds; a round ends early when `SECONDS` are over.
    """
    order = in_turn(house.mappings.names, before.first)
    done = Round(Cursor(first=before.first))
    seen, broken = dict(before.seen), dict(before.broken)
    started = clock()
    for name in order:
        if clock() - started > SECONDS:
            done.notes.append(f"the look took more than {SECONDS:.0f} s; the next one begins with {name}")
            done.cursor = Cursor(first=name)
            break
        try:
            faults = faults_of(house.mappings, name)
            if faults:
                # Read with such a contract, the files would be blamed for it: they are left alone.
                done.notes.append(str(contract_error(name, faults)))
                broken[name] = digest([str(fault) for fault in faults])
                continue
            seen[name] = _look_at(house, house.mappings.datasets[name], before, done)
            broken.pop(name, None)
        # One folder must never stop the others, whatever is wrong with it, and an error's text may quote a file's name.
        except Exception as error:
            told = error.code if isinstance(error, CitizenstatsError) else type(error).__name__
            done.notes.append(f"{name}: the folder could not be looked at ({told}); it is tried again")
    known = house.mappings.names
    if lost := astray(house.store, known):
        done.notes.append(str(lost))
    done.cursor = Cursor(
        {d: files for d, files in seen.items() if d in known},
        done.cursor.first,
        {d: faults for d, faults in broken.items() if d in known},
    )
    return done


def _look_at(house: House, dataset: Dataset, before: Cursor, done: Round) -> frozenset[str]:
    """Take in the still files of one folder and return what is remembered of those that are not taken yet."""
    name = dataset.name
    new = inbox.untaken(house.store, name, inbox.look(house.store, name, dataset.contract.delivery.files))
    seen = before.seen.get(name, frozenset())
    still = [file for file, mark in new.items() if digest(file, mark) in seen]
    if still:
        for kept in inbox.take_in(house, name, still):
            new.pop(kept.file_name, None)
    # What is never taken asks for no run, and its partner is told all the same.
    notify(house, name)
    done.settling += len(new)
    pending: Sequence[ledger.Delivery] = ledger.pending(house, name)
    if pending:
        done.asked[name] = f"{name}:{pending[-1].id}:{ledger.reading_digest(dataset)[:8]}"
    return frozenset(digest(file, mark) for file, mark in new.items())


def _of_contracts(house: House, before: Cursor, done: Round) -> list[dg.RunRequest]:
    """Return the runs that tell of contracts with faults, and those of what waited for one that is mended.

    The run of a contract with new faults fails with them, so that whoever is told of failed runs is told. The cursor keeps
    either from being asked twice, so neither needs a key.
    """
    now = done.cursor.broken
    failing = [name for name in now if now[name] != before.broken.get(name)]
    mended = [n for n in before.broken if n in house.mappings.datasets and n not in {*now, *done.asked}]
    tags = {name: {"citizenstats/dataset": name} for name in (*failing, *mended)}
    return [
        *(dg.RunRequest(asset_selection=[keys.key("received", n)], tags=tags[n]) for n in failing),
        *(dg.RunRequest(asset_selection=downstream(house, n), tags=tags[n]) for n in mended),
    ]


def _request(
    instance: dg.DagsterInstance, house: House, dataset: str, asked: str, notes: list[str]
) -> dg.RunRequest | None:
    former = [
        Former(run.is_finished) for run in instance.get_runs(filters=dg.RunsFilter(tags={ASKED: asked}))
    ]
    match decide(asked, former):
        case Ask(run_key):
            return dg.RunRequest(
                run_key=run_key,
                asset_selection=downstream(house, dataset),
                tags={ASKED: asked, "citizenstats/dataset": dataset},
            )
        case Wait():
            return None
        case GiveUp(runs):
            notes.append(
                f"{dataset}: {runs} runs ended without reading its deliveries; look at them, then materialize it"
            )
            return None


def downstream(house: House, dataset: str) -> list[dg.AssetKey]:
    """Return the assets from the deliveries of a dataset down to all releases that they can change.

    What feeds them from the side is left alone unless it was never made, but for the other dataflows of the family: a
    family is released whole or not at all.
    """
    order = steps(house.mappings)
    chosen = {Step("received", dataset)}
    for step in order:
        if chosen.intersection(needs(step, house.mappings)):
            chosen.add(step)
    for step in reversed(order):
        if step in chosen:
            chosen.update(need for need in needs(step, house.mappings) if _belongs(house.store, need))
    return [keys.key(step.kind, step.of) for step in order if step in chosen]


def _belongs(store: Store, need: Step) -> bool:
    """Return whether a step beside the chosen ones must run with them."""
    if need.kind == "observed":
        return store.state(store.observed(need.of)) is None
    return need.kind == "assembled"
