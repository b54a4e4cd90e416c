"""``citizenstats metadata``: what is said of a release as a whole, in a format of one's choice."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer


@click.command()
@click.argument("dataflow")
@click.option("--format", "form", required=True, help="ml-3.0, ml-3.1, json-2.0, json-2.1 or ml-2.1-generic.")
@click.option("--release", "release_id", help="Such as R0002; the newest unless said.")
@click.option(
    "--out",
    type=OutFile(),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def metadata(office: Office, dataflow: str, form: str, release_id: str | None, out: Path) -> None:
    """Write the reference metadata of a release.

    DATAFLOW is AGENCY:FLOW, or AGENCY:FLOW(VERSION). ml-2.1-generic is for the SDG national reporting.
    """
    from citizenstats.metadata.files import FORMATS, metadata_of
    from citizenstats.release.manifest import released

    if form not in FORMATS:
        raise click.BadParameter(f"{form} is none of {', '.join(FORMATS)}", param_hint="--format")
    content = metadata_of(released(office.house(), dataflow, release_id).folder, form)
    if str(out) == "-":
        sys.stdout.buffer.write(content)
        return
    out.write_bytes(content)
    if office.json:
        answer("metadata", {"dataflow": dataflow, "format": form, "file": str(out), "size": len(content)})
    else:
        click.echo(f"{out}: {len(content):,} bytes")
