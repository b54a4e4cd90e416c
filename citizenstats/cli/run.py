"""``citizenstats run`` and ``citizenstats demo``: from the inbox through to release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, complaint, error_facts, short, table
from citizenstats.errors import ContractError
from citizenstats.receive.outcome import COUNTS

if TYPE_CHECKING:
    from citizenstats.flow import StepDone
    from citizenstats.house import House
    from citizenstats.receive.outcome import Outcome
    from citizenstats.release.release import Released


@dataclass
class Summary:
    """What came of one or several walks, for the end of a command."""

    outcomes: list[Outcome] = field(default_factory=list)
    released: dict[str, Released] = field(default_factory=dict)
    stopped: list[StepDone] = field(default_factory=list)

    def add(self, done: StepDone) -> None:
        """Take note of what came of one step."""
        from citizenstats.receive.receive import Received
        from citizenstats.release.release import Released

        if done.result is None:
            self.stopped.append(done)
        elif isinstance(done.result, Received):
            self.outcomes += done.result.outcomes
        elif isinstance(done.result, Released):
            before = self.released.get(done.step.of)
            if before is None or done.result.status != "unchanged":
                self.released[done.step.of] = done.result


@click.command()
@click.option("--fetch", is_flag=True, help="Also fetch the sources that contracts name under delivery.pull.")
@office_options
def run(office: Office, fetch: bool) -> int:
    """Take the inbox through to release.

    A dataset that fails does not stop the others; the exit code is 1 when anything failed.
    """
    from citizenstats.flow import SETTLE

    summary = Summary()
    _walk(office.house(), "run", summary, settle=SETTLE, fetch=fetch)
    return _tell(summary, office)


@click.command()
@click.option(
    "--samples",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/samples"),
    show_default=True,
    help="Folder with the sample deliveries.",
)
@office_options
def demo(office: Office, samples: Path) -> int:
    """Take the samples through to release.

    The sample deliveries are dropped into the inbox round by round: first deliveries, then corrections.
    """
    from citizenstats.samples import delivered, drop, rounds

    house, summary = office.house(), Summary()
    found, before = rounds(samples), delivered(house)
    for folder in found:
        drop(house, folder, before)
        # Each file was put there in one step, so it is still: no second look is needed.
        _walk(house, folder.name, summary, settle=0.0, fetch=False)
    return _tell(summary, office)


def _walk(house: House, title: str, summary: Summary, *, settle: float, fetch: bool) -> None:
    from citizenstats.flow import steps, walk
    from citizenstats.receive.astray import astray

    names = [str(step) for step in steps(house.mappings)]
    columns = (
        TextColumn("{task.fields[title]}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(names[0] if names else "", total=len(names), title=title)
        for number, done in enumerate(walk(house, settle, fetch=fetch), start=1):
            summary.add(done)
            if done.error is not None:
                complaint(done.error)
            following = names[number] if number < len(names) else "done"
            progress.update(task, completed=number, description=following)
            if not console.is_terminal:
                click.echo(f"{title}: {number}/{len(names)} {done.step}", err=True)
    lost = astray(house.store, house.mappings.names)
    if lost is not None:
        complaint(lost)


def _tell(summary: Summary, office: Office) -> int:
    """Show the summary; return the exit code."""
    if office.json:
        answer("run", _facts(summary))
    else:
        show_summary(summary)
    return 1 if summary.stopped else 0


def _facts(summary: Summary) -> dict[str, Any]:
    return {
        "ok": not summary.stopped,
        "deliveries": [
            {
                "delivery": outcome.delivery.full_name,
                "dataset": outcome.delivery.dataset,
                "status": outcome.status,
                **{kind: outcome.counts[kind] for kind in COUNTS},
            }
            for outcome in summary.outcomes
        ],
        "dataflows": [dataflow_facts(r) for r in summary.released.values()],
        "failed": [
            {"step": str(done.step), **error_facts(done.error)} for done in summary.stopped if done.error
        ],
        "blocked": [
            {"step": str(done.step), "by": str(done.blocked_by)}
            for done in summary.stopped
            if done.blocked_by
        ],
    }


def dataflow_facts(released: Released) -> dict[str, Any]:
    """Return what JSON answers say of a dataflow."""
    return {
        "dataflow": released.flow,
        "status": released.status,
        "release": released.release,
        "candidate": released.candidate,
        "signed_by": list(released.signed_by),
        "observations": released.observations,
        "suppressed": released.suppressed,
        "flagged": released.flagged,
        "added": released.added,
        "changed": released.changed,
        "withdrawn": released.withdrawn,
        "files": [str(file) for file in released.files],
    }


def show_summary(summary: Summary) -> None:
    """Write the tables of deliveries and dataflows, and where the messages lie."""
    if summary.outcomes:
        table(
            "Deliveries",
            ("delivery", "status", *COUNTS),
            [(o.delivery.full_name, o.status, *(o.counts[k] for k in COUNTS)) for o in summary.outcomes],
        )
    else:
        click.echo("No new delivery.")
    table(
        "Dataflows",
        (
            "dataflow",
            "status",
            "state",
            "observations",
            "suppressed",
            "flagged",
            "added",
            "changed",
            "withdrawn",
        ),
        [dataflow_row(r) for r in summary.released.values()],
    )
    for released in summary.released.values():
        show_files(released)
    _stopped(summary.stopped)


def dataflow_row(released: Released) -> tuple[object, ...]:
    """Return the row of a dataflow in a table."""
    return (
        released.flow,
        released.status.replace("_", " "),
        released.release if released.status in ("unchanged", "published") else released.candidate,
        released.observations,
        released.suppressed,
        released.flagged,
        released.added,
        released.changed,
        released.withdrawn,
    )


def show_files(released: Released) -> None:
    """Write where the messages of a dataflow are, or what they wait for."""
    if released.folder is None:
        return
    click.echo(f"\n{released.flow}  {short(released.folder)}")
    click.echo(f"  {', '.join(file.name for file in released.files)}")
    signed = ", ".join(released.signed_by)
    if released.status == "waiting":
        click.echo(f"  waits for sign-off: citizenstats approve {released.flow} --by NAME")
    elif released.status == "signed_once":
        click.echo(
            f"  signed by {signed}; another person must: citizenstats approve {released.flow} --by NAME"
        )
    elif released.status == "rejected":
        click.echo(f"  rejected by {signed}; `citizenstats releases {released.flow}` tells why")
    elif released.status == "embargoed":
        click.echo("  signed off; it becomes public at the time that its dataflow file names")


def _stopped(stopped: Sequence[StepDone]) -> None:
    broken = [done.error for done in stopped if isinstance(done.error, ContractError)]
    faults = {(error.where, str(fault)): fault for error in broken for fault in error.faults}
    if faults:
        table(
            "Contracts with faults: their files wait in the inbox, and what they feed is not released",
            ("dataset", "where", "fault", "what is wrong", "how to mend it"),
            [(dataset, f.where, f.code, f.what, f.mend) for (dataset, _), f in faults.items()],
        )
    for done in stopped:
        if done.error is not None:
            click.echo(f"failed: {done.step}: {done.error}", err=True)
        else:
            click.echo(f"not done: {done.step}, because {done.blocked_by} was not", err=True)
