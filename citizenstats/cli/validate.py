"""``citizenstats validate``: is an SDMX message what it claims to be?"""

from __future__ import annotations

from pathlib import Path

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@office_options
def validate(office: Office, file: Path) -> int:
    """Validate an SDMX message.

    FILE is looked at: is it well-formed, valid by the official schemas, and by its structure?
    """
    from citizenstats.border import border
    from citizenstats.contracts.load import load_mappings
    from citizenstats.sdmx.validate import validate_message

    with border(f"validate {file.name}"):
        findings = validate_message(file, load_mappings(office.mappings).structures)
    if office.json:
        told = [{"code": f.code, "what": f.what, "line": f.line, "mend": f.mend} for f in findings]
        answer("validate", {"ok": not findings, "file": str(file), "findings": told})
    else:
        for finding in findings:
            click.echo(f"{file}: {finding}")
        click.echo(f"{file}: {len(findings)} finding(s)" if findings else f"{file}: valid")
    return 1 if findings else 0
