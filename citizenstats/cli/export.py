"""``citizenstats export``: a release in a format of one's choice, written from its Parquet."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer

if TYPE_CHECKING:
    from citizenstats.sdmx.write import Action, Options
    from citizenstats.sdmx.write.options import Keys, Labels, TimeFormat


@click.command()
@click.argument("dataflow")
@click.option("--format", "form", required=True, help="Such as csv-2.1, ml-3.0, ml-2.1-structure-specific.")
@click.option("--release", "release_id", help="Such as R0002; the newest unless said.")
@click.option(
    "--as-of", metavar="TIME", help="The release that was the newest then, such as 2026-01-31T10:00:00Z."
)
@click.option("--updated-after", metavar="TIME", help="Only what changed since, with deletions.")
@click.option(
    "--include-history", is_flag=True, help="Each state, with the time since or until which it was valid."
)
@click.option(
    "--recoded",
    metavar="VERSION",
    help="A former version under the codes of this later one, where it says nothing itself.",
)
@click.option("--flat", is_flag=True, help="One element an observation, not gathered in series.")
@click.option("--series", metavar="DIMENSION", help="Gather observations along this dimension.")
@click.option("--labels", type=click.Choice(["id", "name", "both"]), default="id", help="Names in SDMX-CSV.")
@click.option(
    "--keys",
    type=click.Choice(["none", "obs", "series", "both"]),
    default="none",
    help="Columns of keys in SDMX-CSV 2.x.",
)
@click.option(
    "--time-format",
    type=click.Choice(["original", "normalized"]),
    default="original",
    help="Times in SDMX-CSV as recorded, or as the date at which they begin.",
)
@click.option(
    "--separator",
    type=click.Choice(["comma", "semicolon", "tab", "pipe"]),
    default="comma",
    help="Between the fields of SDMX-CSV.",
)
@click.option("--language", default="en", help="Of the names in SDMX-CSV, such as da.")
@click.option(
    "--action",
    type=click.Choice(["Replace", "Merge", "Append", "Information"]),
    default="Replace",
    help="What a receiver does with the observations.",
)
@click.option("--gzip", "packed", is_flag=True, help="Compress; so is a file called ….gz.")
@click.option(
    "--out",
    type=OutFile(),
    required=True,
    help="File to write; - is stdout.",
)
@office_options
def export(
    office: Office,
    dataflow: str,
    form: str,
    release_id: str | None,
    as_of: str | None,
    updated_after: str | None,
    include_history: bool,
    recoded: str | None,
    flat: bool,
    series: str | None,
    labels: Labels,
    keys: Keys,
    time_format: TimeFormat,
    separator: str,
    language: str,
    action: Action,
    packed: bool,
    out: Path,
) -> None:
    """Write a release as an SDMX message.

    DATAFLOW is AGENCY:FLOW, or AGENCY:FLOW(1.0.0) for a version that is not the newest: codes and names are those that the
    release was published with, or with --recoded those of a later version, as far as one code became one code. What changed,
    and the history, are written flat, with the actions that take a receiver from one state to the next.
    """
    from citizenstats.sdmx.write import FORMATS, Options, gzipped

    if form not in FORMATS:
        raise click.BadParameter(f"{form} is none of {', '.join(sorted(FORMATS))}", param_hint="--format")
    times = bool(as_of or updated_after or include_history)
    _check_usage(times=times, release=release_id, recoded=recoded, flat=flat, series=series)
    options = Options(labels, keys, time_format, _SEPARATORS[separator], language)
    along = "AllDimensions" if flat else series
    left_out: dict[str, str] = {}
    if updated_after or include_history:
        if series or action != "Replace":
            raise click.UsageError(
                "changes and history are flat, with actions of their own: leave out --series and --action"
            )
        parts = _history(office, dataflow, form, as_of, updated_after, include_history, options)
    elif recoded:
        parts, left_out = _recoded(office, dataflow, release_id, recoded, form, along, action, options)
    else:
        parts = _message(office, dataflow, release_id, as_of, form, along, action, options)
    if packed or out.suffix == ".gz":
        parts = gzipped(parts)
    if str(out) == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        _tell_left_out(left_out)
        return
    size = write_whole(out, parts)
    if office.json:
        told = [{"what": what, "why": why} for what, why in left_out.items()]
        facts = {"dataflow": dataflow, "format": form, "file": str(out), "size": size, "left_out": told}
        answer("export", facts)
        return
    click.echo(f"{out}: {size:,} bytes")
    _tell_left_out(left_out)


def _check_usage(
    *, times: bool, release: str | None, recoded: str | None, flat: bool, series: str | None
) -> None:
    if flat and series:
        raise click.UsageError("give --flat or --series, not both")
    for said, word in ((release, "--release"), (recoded, "--recoded")):
        if said and times:
            raise click.UsageError(f"give {word} or times, not both")


def _tell_left_out(left_out: dict[str, str]) -> None:
    for what, why in left_out.items():
        click.echo(f"left out: {what}: {why}", err=True)


_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def _message(
    office: Office,
    dataflow: str,
    release_id: str | None,
    as_of: str | None,
    form: str,
    along: str | None,
    action: Action,
    options: Options,
) -> Iterator[bytes]:
    from citizenstats import clock
    from citizenstats.border import border
    from citizenstats.engine import session
    from citizenstats.release import history
    from citizenstats.release.kept import release_message
    from citizenstats.release.manifest import released
    from citizenstats.sdmx.write import chunks

    house = office.house()
    with border(f"export {dataflow}"):
        asked = history.as_of(house, dataflow, clock.parse(as_of)) if as_of else None
        release = asked or released(house, dataflow, release_id)
        message = replace(release_message(house, release, along), action=action)
        with session([release.folder], scratch=house.store.scratch) as engine:
            yield from chunks(engine, message, form, options)


def _recoded(
    office: Office,
    dataflow: str,
    release_id: str | None,
    version: str,
    form: str,
    along: str | None,
    action: Action,
    options: Options,
) -> tuple[Iterator[bytes], dict[str, str]]:
    from citizenstats.border import border
    from citizenstats.engine import session
    from citizenstats.release.recoded import recoded_release
    from citizenstats.sdmx.write import chunks

    house = office.house()
    with border(f"export {dataflow}"):
        found = recoded_release(house, dataflow, release_id, version, along)
    left_out = dict(found.left_out)
    for count, why in (
        (found.without_counterpart, "a code of theirs has no counterpart"),
        (found.said_by_later, f"{version} says them itself"),
    ):
        if count:
            left_out[f"{count:,} observation{'s' if count > 1 else ''}"] = why

    def parts() -> Iterator[bytes]:
        with (
            border(f"export {dataflow}"),
            session(found.folders, scratch=house.store.scratch) as engine,
        ):
            yield from chunks(engine, replace(found.message, action=action), form, options)

    return parts(), left_out


def _history(
    office: Office,
    dataflow: str,
    form: str,
    as_of: str | None,
    updated_after: str | None,
    every: bool,
    options: Options,
) -> Iterator[bytes]:
    from citizenstats import clock
    from citizenstats.border import border
    from citizenstats.release.history import history
    from citizenstats.sdmx.write import chunks

    house = office.house()
    after, until = (clock.parse(time) if time else None for time in (updated_after, as_of))
    with (
        border(f"export {dataflow}"),
        history(house, dataflow, after, until, every=every) as (engine, messages),
    ):
        yield from chunks(engine, messages, form, options)


def write_whole(out: Path, parts: Iterator[bytes]) -> int:
    """Write a file whole or not at all; return its size."""
    work = out.with_name(f".{out.name}.{uuid.uuid4().hex}.part")
    try:
        with work.open("wb") as file:
            file.writelines(parts)
        work.replace(out)
    finally:
        work.unlink(missing_ok=True)
    return out.stat().st_size
