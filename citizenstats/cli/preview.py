"""``citizenstats preview``: what a file would become, with nothing stored.

The file goes through the same steps as any delivery, in a data root of its own inside the restricted store, which
is removed at the end. It is looked at alone: as if it were all that its dataset ever delivered. Official counts of
another dataset that its contract is held against are those of the store. Only counts, findings without values, and
protected observations are shown.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, complaint, error_facts, table
from citizenstats.contracts.sound import faults_of
from citizenstats.errors import CitizenstatsError
from citizenstats.receive.outcome import COUNTS
from citizenstats.receive.words import WORDS

if TYPE_CHECKING:
    from citizenstats.contracts.load import Mappings
    from citizenstats.contracts.model import Estimate
    from citizenstats.harmonize.sample import Counts
    from citizenstats.house import House
    from citizenstats.receive.outcome import Outcome

SHOWN = 10
"""How many observations of each dataflow are shown."""


@dataclass
class _Preview:
    outcomes: list[Outcome] = field(default_factory=list)
    dataflows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[CitizenstatsError] = field(default_factory=list)
    faults: list[Mapping[str, Any]] = field(default_factory=list)
    """What keeps the observations from being released, with values."""


@click.command()
@click.argument("dataset")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--texts",
    is_flag=True,
    help="Show the partner's headers and texts too, as a receipt does; not for a log.",
)
@office_options
def preview(office: Office, dataset: str, file: Path | None, texts: bool) -> int:
    """Show what a file would become.

    FILE, or what lies in the inbox, is looked at as a delivery of DATASET (PARTNER/DATASET). Nothing is stored. The
    exit code is 1 when it would be refused or could not be released.
    """
    from citizenstats.contracts.lint.notes import notes_of

    house = office.house()
    faults = faults_of(house.mappings, dataset)
    if faults:
        # A file is not to blame for its contract.
        for fault in faults[:-1]:
            complaint(fault)
        raise faults[-1]
    for note in notes_of(house.mappings.dataset(dataset), house.mappings):
        click.echo(f"note: {note}", err=True)
    files = [file] if file else _inbox(house, dataset)
    mappings, lacking = _with_counts(house, dataset)
    mappings, waiting = _without_broken(mappings, dataset)
    lacking += waiting
    with _aside(house, mappings) as beside:
        inbox = beside.store.inbox(dataset)
        inbox.mkdir(parents=True)
        for one in files:
            shutil.copyfile(one, inbox / one.name)
        found = _taken_through(beside, dataset)
    found.errors += lacking
    if not found.outcomes and found.errors == lacking:
        pattern = house.mappings.dataset(dataset).contract.delivery.files
        raise CitizenstatsError(
            "NAME_DOES_NOT_FIT",
            "the name of this file is not one that the contract expects",
            dataset,
            f"call it {pattern}, or widen delivery.files",
        )
    if office.json:
        answer("preview", _facts(dataset, found))
    else:
        _show(found, texts=texts)
    refused = [outcome for outcome in found.outcomes if outcome.status in ("refused", "quarantined")]
    return 1 if refused or found.errors else 0


def _inbox(house: House, dataset: str) -> list[Path]:
    from citizenstats.receive.arrivals import look

    pattern = house.mappings.dataset(dataset).contract.delivery.files
    found = look(house.store, dataset, pattern)
    if not found:
        raise CitizenstatsError(
            "NOTHING_THERE",
            f"no file in its inbox is called {pattern}",
            dataset,
            "name a file: citizenstats preview DATASET FILE",
        )
    return [house.store.inbox(dataset) / name for name in found]


def _without_broken(mappings: Mappings, name: str) -> tuple[Mappings, list[CitizenstatsError]]:
    """Return the mappings with the dataflows fed by sound contracts alone, and what keeps those of `name` from release."""
    from citizenstats.contracts.load import broken

    targets = {target.dataflow for target in mappings.dataset(name).contract.targets}
    families = {mappings.dataflow(flow).family for flow in targets}
    feeds = {
        feed
        for family in families
        for flow in mappings.families[family]
        for feed in mappings.dataflow(flow).feeds
    }
    waiting = {feed: found for feed in sorted(feeds - {name}) if (found := faults_of(mappings, feed))}
    if not waiting:
        return mappings, []
    flows = {
        flow: file.model_copy(update={"feeds": [feed for feed in file.feeds if feed not in waiting]})
        for flow, file in mappings.dataflows.items()
    }
    flows = {flow: file for flow, file in flows.items() if file.feeds}
    return replace(mappings, dataflows=flows), [broken(feed, found) for feed, found in waiting.items()]


def _with_counts(house: House, name: str) -> tuple[Mappings, list[CitizenstatsError]]:
    """Return the mappings with the counts of other datasets as if they lay beside the contract, and what is lacking.

    Where the store has none, the contract is held against the others alone, with its weights as they are.
    """
    from citizenstats.harmonize.sample import official_counts

    dataset = house.mappings.dataset(name)
    if not dataset.counted_by:
        return house.mappings, []
    lacking: list[CitizenstatsError] = []
    counts = dict(dataset.counts)
    try:
        counts |= official_counts(house, dataset).counts
    except CitizenstatsError as error:
        told = f"{error.what}; the figures shown are made without these counts, and cannot be released so"
        lacking.append(CitizenstatsError(error.code, told, error.where, error.mend))
    targets = [
        target.model_copy(update={"estimate": _held(target.estimate, i, counts) if target.estimate else None})
        for i, target in enumerate(dataset.contract.targets)
    ]
    held = replace(dataset, contract=dataset.contract.model_copy(update={"targets": targets}), counts=counts)
    return replace(house.mappings, datasets={**house.mappings.datasets, name: held}), lacking


def _held(estimate: Estimate, number: int, counts: Counts) -> Estimate:
    """Return an estimate whose benchmarks are those of which there are counts, beside the contract."""
    there = {
        benchmark: said.model_copy(update={"dataset": None, "file": said.file or said.dataset})
        for benchmark, said in estimate.benchmarks.items()
        if (number, benchmark) in counts
    }
    calibrate = estimate.calibrate if set(estimate.met) <= set(there) else None
    return estimate.model_copy(update={"benchmarks": there, "calibrate": calibrate})


@contextmanager
def _aside(house: House, mappings: Mappings) -> Iterator[House]:
    """Give a house with these mappings and an empty data root that is removed at the end."""
    from citizenstats.house import House
    from citizenstats.store import Store

    with tempfile.TemporaryDirectory(prefix="preview-", dir=house.store.scratch) as folder:
        store = Store(Path(folder))
        store.prepare()
        yield House(store, mappings)


def _taken_through(house: House, dataset: str) -> _Preview:
    from citizenstats import flow
    from citizenstats.release.assemble import faults_of

    found = _Preview()
    try:
        found.outcomes += flow.receive(house, dataset, settle=0.0).outcomes
        families = {
            house.mappings.dataflow(target.dataflow).family
            for target in house.mappings.dataset(dataset).contract.targets
        }
        flows = {name for family in families for name in house.mappings.families[family]}
        for feed in sorted(
            {feed for name in flows for feed in house.mappings.dataflow(name).feeds} | {dataset}
        ):
            flow.observe(house, feed)
    except CitizenstatsError as error:
        found.errors.append(error)
        return found
    for family in sorted(families):
        try:
            for name in house.mappings.families[family]:
                flow.assemble(house, name)
            flow.protect(house, family)
            found.dataflows += [_protected(house, name) for name in house.mappings.families[family]]
        except CitizenstatsError as error:
            found.errors.append(_without_place(error))
            found.faults += [f for name in house.mappings.families[family] for f in faults_of(house, name)]
    return found


def _without_place(error: CitizenstatsError) -> CitizenstatsError:
    """Return an error that does not send anybody to a file that is removed at the end."""
    from citizenstats.release.assemble import VALUES_IN

    mend, values, _ = error.mend.partition(VALUES_IN)
    told = "; --texts shows the values" if values else ""
    return CitizenstatsError(error.code, error.what, error.where, f"{mend}{told}")


def _protected(house: House, flow: str) -> dict[str, Any]:
    """Return counts and the first observations of a dataflow after protection."""
    from citizenstats.engine import session
    from citizenstats.release.candidate import count
    from citizenstats.release.messages import observations_sql
    from citizenstats.release.publishable import publishable

    file = publishable(house, flow).file
    structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
    with session([file.parent]) as engine:
        counts = count(engine, file, structure)
        rows = engine.rows(f"{observations_sql(file, structure)} LIMIT {SHOWN}")
    columns = [component.id for component in structure.components]
    return {
        "dataflow": flow,
        "observations": counts.observations,
        "suppressed": counts.suppressed,
        "flagged": counts.flagged,
        "first": [dict(zip(columns, row, strict=True)) for row in rows],
    }


def _facts(dataset: str, found: _Preview) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "ok": not found.errors,
        "files": [
            {
                "file": outcome.delivery.file_name,
                "status": outcome.status,
                **{kind: outcome.counts[kind] for kind in COUNTS},
                "findings": [finding.shown() for finding in outcome.findings],
            }
            for outcome in found.outcomes
        ],
        "dataflows": found.dataflows,
        "errors": [error_facts(error) for error in found.errors],
    }


def _show(found: _Preview, *, texts: bool) -> None:
    cures = WORDS["en"]
    table(
        "The file (nothing is stored)",
        ("file", "status", *COUNTS),
        [(o.delivery.file_name, o.status, *(o.counts[k] for k in COUNTS)) for o in found.outcomes],
    )
    for outcome in found.outcomes:
        if outcome.findings and len(found.outcomes) > 1:
            click.echo(f"{outcome.delivery.file_name}:")
        for finding in outcome.findings:
            click.echo(f"  {finding.shown()} → {cures[finding.code].mend}")
            for example in finding.values if texts else ():
                times = f" ({example.count:,} times)" if example.count > 1 else ""
                meant = f", perhaps {example.suggestion}" if example.suggestion else ""
                click.echo(f"      {example.text}{times}{meant}")
    for dataflow in found.dataflows:
        shown = _telling(dataflow["first"])
        table(
            f"{dataflow['dataflow']}: {dataflow['observations']:,} observations, "
            f"{dataflow['suppressed']:,} suppressed, {dataflow['flagged']:,} flagged; the first after protection",
            shown,
            [[row[column] for column in shown] for row in dataflow["first"]],
        )
    for error in found.errors:
        complaint(error)
    for fault in found.faults if texts else ():
        for value in fault["values"]:
            click.echo(f"  {fault['code']} in {fault['component']}: {value}")


def _telling(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns that tell the rows apart; a table of all of them is too wide to read."""
    return [column for column in rows[0] if len({row[column] for row in rows}) > 1] if rows else []
