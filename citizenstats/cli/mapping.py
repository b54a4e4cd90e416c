"""``citizenstats mapping``: mappings of contracts, and between versions of dataflows, as SDMX structure maps."""

from __future__ import annotations

import difflib
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer, table
from citizenstats.errors import MappingError

if TYPE_CHECKING:
    from citizenstats.mapping.export import Unsaid
    from citizenstats.mapping.model import MapMessage


@click.group()
def mapping() -> None:
    """Carry mappings between contracts and SDMX registries."""


@mapping.command("export")
@click.argument("dataset", metavar="DATASET|DATAFLOW")
@click.option("--format", "form", default="ml-3.0", show_default=True, help="ml-3.0 or json-2.0.")
@click.option(
    "--out",
    type=OutFile(),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def export(office: Office, dataset: str, form: str, out: Path) -> None:
    """Write a mapping as StructureMap and RepresentationMap: of DATASET, or between versions of DATAFLOW.

    DATASET is PARTNER/DATASET: from the columns of its contract to the dataflows that it feeds. DATAFLOW is AGENCY:FLOW: from
    the codes of its former versions to those of the present one, as `recoded` in its file says; those that were published
    are known from --home. What no structure map can say is told by name, and stands in the message as annotations.
    """
    is_flow = ":" in dataset
    made = _between_versions if is_flow else _of_contract
    maps_made, unsaid, content = made(office, dataset, form)
    if str(out) == "-":
        sys.stdout.buffer.write(content)
    else:
        _write(out, content)
    maps = [str(m.reference) for m in maps_made.structure_maps]
    facts = {
        "dataset": None if is_flow else dataset,
        "dataflow": dataset if is_flow else None,
        "format": form,
        "file": str(out),
        "structure_maps": maps,
        "representation_maps": len(maps_made.representation_maps),
        "not_said": [
            {"dataflow": u.dataflow, "part": u.part, "kind": u.kind, "says": u.says} for u in unsaid
        ],
    }
    if office.json and str(out) != "-":
        answer("mapping", facts)
    elif str(out) != "-":
        click.echo(f"{out}: {len(content):,} bytes, {', '.join(maps)}")
        _report(unsaid)


def _of_contract(office: Office, dataset: str, form: str) -> tuple[MapMessage, tuple[Unsaid, ...], bytes]:
    from citizenstats import clock
    from citizenstats.contracts.load import load_mappings
    from citizenstats.mapping.export import exported
    from citizenstats.mapping.message import message
    from citizenstats.sdmx.header import Header

    mappings = load_mappings(office.mappings)
    found = mappings.dataset(dataset)
    made = exported(mappings, found)
    sender = mappings.agency.sender or mappings.agency.id
    return made.maps, made.unsaid, message(made, form, Header(f"MAP_{found.digest}", clock.now(), sender))


def _between_versions(
    office: Office, dataflow: str, form: str
) -> tuple[MapMessage, tuple[Unsaid, ...], bytes]:
    from citizenstats import clock
    from citizenstats.contracts.load import load_mappings
    from citizenstats.mapping.message import NOTHING, written
    from citizenstats.mapping.recoded import exported_recoding
    from citizenstats.release.kept import with_published
    from citizenstats.sdmx.header import Header
    from citizenstats.store import Store

    mappings = load_mappings(office.mappings)
    file, reference = mappings.dataflow(dataflow), mappings.reference(dataflow)
    known = with_published(mappings.structures, Store(office.home.absolute()))
    made = exported_recoding(known, reference, file.recoded)
    sender = mappings.agency.sender or mappings.agency.id
    header = Header(f"RECODED_{reference.id}_{reference.version.replace('.', '_')}", clock.now(), sender)
    return made.maps, made.unsaid, written(made.maps, NOTHING, form, header)


@mapping.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The contract that takes the maps.",
)
@click.option("--dataflow", metavar="AGENCY:ID", help="Only this target of the contract.")
@click.option("--dry-run", is_flag=True, help="Show what would change and write nothing.")
@office_options
def import_(office: Office, file: Path, into: Path, dataflow: str | None, dry_run: bool) -> None:
    """Take the structure maps of FILE into a contract.

    FILE is SDMX-ML 3.0 or 3.1, SDMX-JSON 2.0 or 2.1, or JSON of the Fusion Metadata Registry. What the keys of a contract can
    say goes into `map` and code maps beside the contract; the rest stays a structure map there. Look at the changes, and run
    `citizenstats check` after it.
    """
    from citizenstats import clock
    from citizenstats.mapping.adopt import adopted
    from citizenstats.mapping.read import read_maps
    from citizenstats.sdmx.header import Header

    message = read_maps(file)
    if not message.structure_maps:
        raise MappingError("NO_MAP", "there is no structure map in this message", str(file))
    sender = message.structure_maps[0].reference.agency
    made = adopted(message, into, Header(f"MAP_{into.stem}", clock.now(), sender), dataflow)
    before = into.read_text("utf-8")
    if not dry_run:
        for name, content in made.files.items():
            _write(into.parent / name, content)
        if made.text != before:
            _write(into, made.text.encode())
    if office.json:
        answer(
            "mapping_import",
            {
                "contract": str(into),
                "changed": made.text != before,
                "files": sorted(made.files),
                "written": not dry_run,
                "taken": [{"dataflow": d, "component": c} for d, c in made.taken],
                "kept": [{"dataflow": d, "component": c} for d, c in made.kept],
                "not_said": list(made.not_said),
            },
        )
        return
    for line in difflib.unified_diff(
        before.splitlines(), made.text.splitlines(), str(into), str(into), lineterm=""
    ):
        click.echo(line)
    for name in sorted(made.files):
        click.echo(f"{into.parent / name}: {'would be ' if dry_run else ''}written")
    kept = ", ".join(c for _, c in made.kept)
    click.echo(
        f"{len(made.taken)} components are said by `map`"
        + (f"; by the structure map: {kept}" if kept else "")
    )
    for told in made.not_said:
        click.echo(f"  the message says that it leaves out {told}")


def _report(unsaid: tuple[Unsaid, ...]) -> None:
    if unsaid:
        table(
            "What no structure map can say (in the message as annotations)",
            ("dataflow", "part", "kind", "what there is"),
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
