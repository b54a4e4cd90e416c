"""``citizenstats export``: a release in a format of one's choice, written from its Parquet."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer


@click.command()
@click.argument("dataflow")
@click.option("--format", "form", required=True, help="Such as csv-2.1, ml-3.0, ml-2.1-structure-specific.")
@click.option("--release", "release_id", help="Such as R0002; the newest unless said.")
@click.option("--flat", is_flag=True, help="One element an observation, not gathered in series.")
@click.option("--series", metavar="DIMENSION", help="Gather observations along this dimension.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def export(
    office: Office,
    dataflow: str,
    form: str,
    release_id: str | None,
    flat: bool,
    series: str | None,
    out: Path,
) -> None:
    """Write a release as an SDMX message.

    DATAFLOW is AGENCY:FLOW, or AGENCY:FLOW(VERSION).
    """
    from citizenstats.sdmx.write import FORMATS

    if form not in FORMATS:
        raise click.BadParameter(f"{form} is none of {', '.join(sorted(FORMATS))}", param_hint="--format")
    if flat and series:
        raise click.UsageError("give --flat or --series, not both")
    parts = _message(office, dataflow, release_id, form, "AllDimensions" if flat else series)
    if str(out) == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        return
    size = _write(out, parts)
    if office.json:
        answer("export", {"dataflow": dataflow, "format": form, "file": str(out), "size": size})
    else:
        click.echo(f"{out}: {size:,} bytes")


def _message(
    office: Office, dataflow: str, release_id: str | None, form: str, along: str | None
) -> Iterator[bytes]:
    from citizenstats.border import border
    from citizenstats.engine import session
    from citizenstats.release.manifest import released
    from citizenstats.release.messages import message_of
    from citizenstats.sdmx.write import chunks

    house = office.house()
    with border(f"export {dataflow}"):
        release = released(house, dataflow, release_id)
        message = message_of(house, release.observations, release.facts, along)
        with session([release.folder], scratch=house.store.scratch) as engine:
            yield from chunks(engine, message, form)


def _write(out: Path, parts: Iterator[bytes]) -> int:
    """Write a file whole or not at all; return its size."""
    work = out.with_name(f".{out.name}.{uuid.uuid4().hex}.part")
    try:
        with work.open("wb") as file:
            file.writelines(parts)
        work.replace(out)
    finally:
        work.unlink(missing_ok=True)
    return out.stat().st_size
