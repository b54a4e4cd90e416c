"""``citizenstats mapping``: a contract's mapping as SDMX structure maps."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, table

if TYPE_CHECKING:
    from citizenstats.mapping.export import Unsaid


@click.group()
def mapping() -> None:
    """Carry mappings between contracts and SDMX registries."""


@mapping.command("export")
@click.argument("dataset")
@click.option("--format", "form", default="ml-3.0", show_default=True, help="ml-3.0 or json-2.0.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def export(office: Office, dataset: str, form: str, out: Path) -> None:
    """Write the mapping of DATASET (PARTNER/DATASET) as StructureMap and RepresentationMap.

    What no structure map can say is told by name, and stands in the message as annotations.
    """
    from citizenstats import clock
    from citizenstats.contracts.load import load_mappings
    from citizenstats.mapping.export import exported
    from citizenstats.mapping.message import message
    from citizenstats.sdmx.header import Header

    mappings = load_mappings(office.mappings)
    found = mappings.dataset(dataset)
    made = exported(mappings, found)
    sender = mappings.agency.sender or mappings.agency.id
    content = message(made, form, Header(f"MAP_{found.digest}", clock.now(), sender))
    if str(out) == "-":
        sys.stdout.buffer.write(content)
    else:
        _write(out, content)
    maps = [str(m.reference) for m in made.maps.structure_maps]
    facts = {
        "dataset": dataset,
        "format": form,
        "file": str(out),
        "structure_maps": maps,
        "representation_maps": len(made.maps.representation_maps),
        "not_said": [
            {"dataflow": u.dataflow, "part": u.part, "kind": u.kind, "says": u.says} for u in made.unsaid
        ],
    }
    if office.json and str(out) != "-":
        answer("mapping", facts)
    elif str(out) != "-":
        click.echo(f"{out}: {len(content):,} bytes, {', '.join(maps)}")
        _report(made.unsaid)


def _report(unsaid: tuple[Unsaid, ...]) -> None:
    if unsaid:
        table(
            "What no structure map can say (in the message as annotations)",
            ("dataflow", "part", "kind", "the contract says"),
            [(u.dataflow, u.part, u.kind, u.says) for u in unsaid],
        )


def _write(out: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    work = out.with_name(f".{out.name}.{uuid.uuid4().hex}.part")
    try:
        work.write_bytes(content)
        work.replace(out)
    finally:
        work.unlink(missing_ok=True)
