"""``citizenstats check``: every fault of contracts and structures, with file, line and how to mend it."""

from __future__ import annotations

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, error_facts
from citizenstats.errors import CitizenstatsError


@click.command()
@office_options
def check(office: Office) -> int:
    """Look all contracts and structures over.

    Each fault is told with file, line and how to mend it; exit code 1 when there is any. What may be a slip is a note, and
    stops nothing. Code lists and structures are also
    compared with those of the releases that stand under --home: what changed there needs a new version.
    """
    from citizenstats.contracts.lint import lint, notes
    from citizenstats.contracts.load import load_mappings
    from citizenstats.house import House
    from citizenstats.release.line import line_faults
    from citizenstats.store import Store

    faults = lint(office.mappings)
    if not faults:
        faults = line_faults(House(Store(office.home.absolute()), load_mappings(office.mappings)))
    try:
        noted = notes(office.mappings)
    except CitizenstatsError:
        # What is wrong with everybody's files is among the faults.
        noted = []
    if office.json:
        told = {"faults": list(map(error_facts, faults)), "notes": list(map(error_facts, noted))}
        answer("check", {"ok": not faults, **told})
    else:
        for fault in faults:
            click.echo(str(fault))
        for note in noted:
            click.echo(f"note: {note}")
        click.echo(
            f"{len(faults)} fault(s) in {office.mappings}" if faults else f"{office.mappings} is in order"
        )
    return 1 if faults else 0
