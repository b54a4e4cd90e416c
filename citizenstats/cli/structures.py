"""``citizenstats structures``: what the figures mean, as SDMX structure messages: written, fetched, compared, submitted."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer


@click.group()
def structures() -> None:
    """Exchange code lists, data structures and dataflows with registries."""


@structures.command("export")
@click.argument("dataflow", nargs=-1)
@click.option("--format", "form", default="ml-3.1", show_default=True, help="Such as ml-2.1 or json-2.0.")
@click.option(
    "--out",
    type=OutFile(),
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


@structures.command("pull")
@click.argument("url")
@click.argument("urn")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for it  [default: structures/AGENCY/imported in the mappings]",
)
@office_options
def pull(office: Office, url: str, urn: str, into: Path | None) -> None:
    """Fetch URN and all that it refers to from the registry at URL, and keep it as received.

    URN is a URN, or AGENCY:ID(VERSION) of a dataflow. Which version of REST the registry speaks is found out.
    """
    from citizenstats.sdmx.registry.client import Registry
    from citizenstats.sdmx.registry.exchange import pull as pull_it

    with Registry(url) as registry:
        kept = pull_it(registry, urn, office.mappings / "structures", into)
    kinds = sorted(
        f"{kind} {reference}" for reference, kinds in kept.artefacts.kinds().items() for kind in kinds
    )
    if office.json:
        told = {"file": str(kept.file), "url": kept.url, "changed": kept.changed, "artefacts": kinds}
        answer("structures_pull", told)
        return
    for one in kinds:
        click.echo(one)
    click.echo(f"{kept.file}: {'kept as received' if kept.changed else 'as before'}")


@structures.command("diff")
@click.argument("url")
@click.argument("dataflow", nargs=-1)
@office_options
def diff(office: Office, url: str, dataflow: tuple[str, ...]) -> int:
    """Compare our artefacts with those of the registry at URL.

    Exit code 1 when any is new or changed. DATAFLOW is AGENCY:FLOW; all of the agency unless said.
    """
    return _compared(office, url, dataflow, None)


@structures.command("push")
@click.argument("url")
@click.argument("dataflow", nargs=-1)
@click.option("--format", "form", default="json-2.0", show_default=True, help="Format of the submission.")
@click.option("--fusion", is_flag=True, help="To the maintenance service of the Fusion Metadata Registry.")
@click.option("--submit", is_flag=True, help="Submit; else only what would change is shown (a dry run).")
@office_options
def push(office: Office, url: str, dataflow: tuple[str, ...], form: str, fusion: bool, submit: bool) -> int:
    """Show what would change in the registry at URL and, with --submit, submit it.

    Only artefacts of our agency are submitted. Credentials are taken from CITIZENSTATS_REGISTRY_TOKEN (a bearer token, or
    user:password).
    """
    from citizenstats.sdmx.structures import FORMATS

    if form not in FORMATS:
        raise click.BadParameter(f"{form} is none of {', '.join(FORMATS)}", param_hint="--format")
    if not submit:
        _compared(office, url, dataflow, None)
        return 0
    return _compared(office, url, dataflow, (form, fusion))


def _compared(office: Office, url: str, flows: tuple[str, ...], submission: tuple[str, bool] | None) -> int:
    """Show what differs, and submit it when that is asked for; return 1 when something differs and is left so."""
    from citizenstats.contracts.load import load_mappings
    from citizenstats.sdmx.registry.client import Registry
    from citizenstats.sdmx.registry.exchange import chosen, compare
    from citizenstats.sdmx.registry.exchange import push as push_it

    mappings = load_mappings(office.mappings)
    selected = chosen(mappings.structures, flows, mappings.agency.id)
    status = None
    with Registry(url) as registry:
        found = compare(registry, selected)
        differ = [one for one in found if one.state != "same"]
        if submission is not None and differ:
            sender = mappings.agency.sender or mappings.agency.id
            status = push_it(registry, selected, submission[0], sender, fusion=submission[1]).status
    if office.json:
        told = [
            {"kind": d.kind, "artefact": str(d.reference), "state": d.state, "details": list(d.details)}
            for d in found
        ]
        answer("structures_diff", {"artefacts": told, "status": status})
    else:
        for one in differ:
            click.echo(str(one))
        click.echo(f"{len(found)} artefact(s) compared, {len(differ)} new or changed")
        if status is not None:
            click.echo(f"submitted (status {status})")
    return 1 if differ and status is None else 0
