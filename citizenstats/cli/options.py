"""The options that every command takes: where the office's data and mappings are, and how to answer."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from citizenstats.house import House


@dataclass(frozen=True)
class Office:
    """Where an office's data and mappings are, and whether programs read the answers."""

    home: Path
    mappings: Path
    json: bool

    def house(self) -> House:
        """Return the office's house; raises MappingError."""
        from citizenstats.house import open_house

        return open_house(self.home, self.mappings)


class OutFile(click.Path):
    """A file to write: its folder must be there, so that a slip of the hand is said before any work is done."""

    def __init__(self, *, allow_dash: bool = True) -> None:
        """With `allow_dash`, ``-`` is stdout."""
        super().__init__(path_type=Path, dir_okay=False, writable=True, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; a wrong one ends the command with exit code 2."""
        out = Path(os.fsdecode(super().convert(value, param, ctx)))
        if str(out) != "-" and not out.parent.is_dir():
            self.fail(f"There is no folder {str(out.parent)!r}.", param, ctx)
        return out


def office_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --home, --mappings and --json to a command, which gets them as `office`.

    They may stand before the subcommand or after it; after it wins.
    """

    @click.option(
        "--home", type=click.Path(path_type=Path, file_okay=False), help="Data root  [default: data]"
    )
    @click.option(
        "--mappings",
        type=click.Path(path_type=Path, file_okay=False),
        help="What things mean  [default: sdmx_mappings]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON for programs.")
    @functools.wraps(command)
    def with_office(home: Path | None, mappings: Path | None, as_json: bool, **told: Any) -> Any:
        before = click.get_current_context().find_object(Office) or _from_environment()
        office = Office(home or before.home, mappings or before.mappings, as_json or before.json)
        return command(office=office, **told)

    return with_office


def _from_environment() -> Office:
    return Office(
        Path(os.environ.get("CITIZENSTATS_HOME") or "data"),
        Path(os.environ.get("CITIZENSTATS_MAPPINGS") or "sdmx_mappings"),
        json=False,
    )
