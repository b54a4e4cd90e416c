"""``citizenstats check``: every fault of contracts and structures, with file, line and how to mend it."""

from __future__ import annotations

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, error_facts


@click.command()
@office_options
def check(office: Office) -> int:
    """Look all contracts and structures over.

    Each fault is told with file, line and how to mend it; exit code 1 when there is any.
    """
    from citizenstats.contracts.lint import lint

    faults = lint(office.mappings)
    if office.json:
        answer("check", {"ok": not faults, "faults": [error_facts(fault) for fault in faults]})
    else:
        for fault in faults:
            click.echo(str(fault))
        click.echo(
            f"{len(faults)} fault(s) in {office.mappings}" if faults else f"{office.mappings} is in order"
        )
    return 1 if faults else 0
