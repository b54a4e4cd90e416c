"""``citizenstats diff``: what differs between two releases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from citizenstats.cli.export import write_whole
from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer, table

if TYPE_CHECKING:
    from citizenstats.release.difference import Difference
    from citizenstats.release.manifest import Release

LISTED = 1000
"""Differences in the answer; `--format` writes all of them."""


@click.command()
@click.argument("dataflow")
@click.argument("before")
@click.argument("after")
@click.option("--format", "form", help="Write a message of Delete and Replace: csv-2.1, ml-3.0, ….")
@click.option(
    "--out",
    type=OutFile(),
    help="File to write; - is stdout.",
)
@office_options
def diff(office: Office, dataflow: str, before: str, after: str, form: str | None, out: Path | None) -> None:
    """Say what differs between two releases of DATAFLOW.

    DATAFLOW is AGENCY:FLOW, or AGENCY:FLOW(1.0.0) for a version that is not the newest; BEFORE and AFTER are such as
    R0001 and R0002, or such as 1.0.0/R0002 and 2.0.0/R0001 to compare two versions under the codes of the later one.
    """
    from citizenstats.border import border
    from citizenstats.release.difference import difference

    if (form is None) != (out is None):
        raise click.UsageError("give --format and --out together")
    house = office.house()
    with border(f"diff {dataflow}"), difference(house, dataflow, before, after) as found:
        if form is not None and out is not None:
            _write(found, form, out)
        if office.json and str(out) != "-":
            _answer(found, out)
        elif str(out) != "-":
            _show(found)


def _write(found: Difference, form: str, out: Path) -> None:
    from citizenstats.errors import ReleaseError
    from citizenstats.sdmx.write import chunks

    if found.before.dataflow != found.after.dataflow:
        raise ReleaseError(
            "TWO_VERSIONS",
            "no message takes a receiver from one version to another",
            str(found.after.dataflow),
            "take the first release of the new version whole",
        )
    if not found.messages:
        raise ReleaseError(
            "NO_DIFFERENCE",
            f"{found.before.id} and {found.after.id} have the same observations",
            mend="there is no message to write",
        )
    parts = chunks(found.engine, found.messages, form)
    if str(out) == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
    else:
        write_whole(out, parts)


def _answer(found: Difference, out: Path | None) -> None:
    counts = found.changes
    answer(
        "diff",
        {
            "dataflow": str(found.after.dataflow),
            "before": _told(found, found.before),
            "after": _told(found, found.after),
            "added": counts.added,
            "changed": counts.changed,
            "withdrawn": counts.withdrawn,
            "listed": found.rows(LISTED),
            "file": str(out) if out else None,
        },
    )


def _show(found: Difference) -> None:
    counts = found.changes
    click.echo(
        f"{found.after.dataflow}: {_told(found, found.before)} → {_told(found, found.after)}: {counts.added:,} added, "
        f"{counts.changed:,} changed, {counts.withdrawn:,} withdrawn"
    )
    rows = found.rows(20)
    if rows:
        table("The first differences", list(rows[0]), [list(row.values()) for row in rows])


def _told(found: Difference, one: Release) -> str:
    """Return a release by its name, with its version where there are two."""
    is_one_line = found.before.dataflow == found.after.dataflow
    return one.id if is_one_line else f"{one.dataflow.version}/{one.id}"
