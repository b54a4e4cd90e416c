"""``citizenstats draft``: the columns of a partner's file as the beginning of a contract."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--sheet", help="Worksheet; left out: the first visible sheet.")
@click.option("--header-row", type=click.IntRange(1), help="Row of the first header row, from 1.")
@click.option("--header-rows", type=click.IntRange(1, 5), help="Number of header rows.")
@click.option("--language", help="Language of the partner, such as da: its letters tell the encoding.")
def draft(
    file: Path, sheet: str | None, header_row: int | None, header_rows: int | None, language: str | None
) -> None:
    """Write the columns of FILE as the beginning of a contract.

    Headers, kinds of values, which cells are never empty, and headers that tell who somebody is; no cell is shown. Nothing is
    stored.
    """
    from citizenstats.receive.draft import draft as drafted

    told = {"sheet": sheet, "header_row": header_row, "header_rows": header_rows}
    reading = {key: value for key, value in told.items() if value is not None}
    click.echo(drafted(file, reading, language), nl=False)
