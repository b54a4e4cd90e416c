"""Showing results: tables for people on stdout, JSON for programs, errors on stderr.

Every JSON answer names its schema, ``urn:citizenstats:schema:<name>:<version>``; the schemas lie in
``citizenstats/schemas/``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from citizenstats.errors import CitizenstatsError
from citizenstats.store import as_json

VERSIONS = {
    "approve": "2.0.0",
    "check": "1.1.0",
    "explain": "1.1.0",
    "export": "1.1.0",
    "mapping": "1.1.0",
    "recall": "2.0.0",
    "releases": "2.1.0",
    "run": "2.0.0",
}
"""Schemas that are no longer the first of their name → their version."""


def answer(name: str, content: Mapping[str, Any]) -> None:
    """Write a JSON answer that keeps the schema `name`."""
    schema = f"urn:citizenstats:schema:{name}:{VERSIONS.get(name, '1.0.0')}"
    click.echo(as_json({"schema": schema, **content}).decode(), nl=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; columns whose cells are all numbers are set to the right."""
    cells = [["" if cell is None else cell for cell in row] for row in rows]
    shown = Table()
    for i, column in enumerate(columns):
        numbers = bool(cells) and all(isinstance(row[i], int) for row in cells)
        shown.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        shown.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        # A pipe has no width; nothing is cut or folded there.
        console = Console(highlight=False, markup=False, width=240)
    console.print(Text(title, style="bold"))
    console.print(shown)


def complaint(error: CitizenstatsError) -> None:
    """Write one error on one line of stderr."""
    click.echo(f"citizenstats: {error}", err=True)


def fail(error: CitizenstatsError, *, as_json: bool) -> NoReturn:
    """End the command with an error: a line on stderr, the same as JSON when asked for, exit code 1."""
    if as_json:
        answer("error", {"error": error_facts(error)})
    complaint(error)
    sys.exit(1)


def error_facts(error: CitizenstatsError) -> dict[str, str]:
    """Return an error's four parts."""
    return {"code": error.code, "what": error.what, "where": error.where, "mend": error.mend}


def short(path: Path) -> str:
    """Return a path as seen from here, where that is shorter."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
