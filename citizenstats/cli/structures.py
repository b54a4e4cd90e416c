"""``citizenstats structures``: what the figures mean, as SDMX structure messages: written, fetched, compared, submitted."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer


@click.group()
def structures() -> None:
    """Exchange code lists, data structures and dataflows with registries."""


@structures.command("export")
@click.argument("dataflow", nargs=-1)
@click.option("--format", "form", default="ml-3.1", show_default=True, help="Such as ml-2.1 or json-2.0.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def export(office: Office, dataflow: tuple[str, ...], form: str, out: Path) -> None:
    """Write all that a receiver needs to understand DATAFLOW (AGENCY:FLOW), or every dataflow.

    That is its data structure with concepts and code lists, agencies, data providers, provision agreements,
    categories and constraints.
    """
    import hashlib

    from citizenstats import clock
    from citizenstats.contracts.load import load_mappings
    from citizenstats.sdmx.header import Header
    from citizenstats.sdmx.structures import FORMATS, structure_message

    if form not in FORMATS:
        raise click.BadParameter(f"{form} is none of {', '.join(FORMATS)}", param_hint="--format")
    mappings = load_mappings(office.mappings)
    known = mappings.structures
    flows = [known.dataflow(one).reference for one in dataflow] or sorted(known.dataflows)
    told = hashlib.sha256(" ".join(map(str, flows)).encode()).hexdigest()[:12]
    header = Header(f"STRUCTURES_{told}", clock.now(), mappings.agency.sender or mappings.agency.id)
    content = structure_message(known, flows, form, header)
    if str(out) == "-":
        sys.stdout.buffer.write(content)
        return
    put(out, content)
    if office.json:
        answer("structures_export", {"format": form, "file": str(out), "size": len(content)})
    else:
        click.echo(f"{out}: {len(flows)} dataflow(s), {len(content):,} bytes")


def put(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    work = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
    try:
        work.write_bytes(content)
        work.replace(file)
    finally:
        work.unlink(missing_ok=True)
