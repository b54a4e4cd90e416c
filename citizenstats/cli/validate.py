"""``citizenstats validate``: is an SDMX message what it claims to be?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer

if TYPE_CHECKING:
    from citizenstats.contracts.model import AgencyFile
    from citizenstats.sdmx.model import Structures
    from citizenstats.sdmx.validate_finding import MessageFinding


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--html",
    type=OutFile(allow_dash=False),
    help="Write a page for people to this file, too.",
)
@click.option(
    "--sdmx",
    type=OutFile(allow_dash=False),
    help="Write the report as SDMX reference metadata, too: ….xml for SDMX-ML 3.0, ….json for SDMX-JSON 2.0.",
)
@click.option(
    "--former",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare with this message, that of the last release.",
)
@click.option(
    "--official",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare with this message, an official series of the same structure.",
)
@office_options
def validate(
    office: Office,
    file: Path,
    html: Path | None,
    sdmx: Path | None,
    former: Path | None,
    official: Path | None,
) -> int:
    """Validate an SDMX message.

    FILE is looked at: is it well-formed, valid by the official schemas and by its structure, and does its content keep
    code lists, constraints and confidentiality? A version of a dataflow that the mappings no longer have is taken from what is
    published under --home. With --former and --official the values of a valid message are also compared
    with others. The rules are those of docs/validation.md. Exit code 1 when there is an
    error; warnings alone leave it 0.
    """
    from citizenstats.border import border
    from citizenstats.contracts.load import load_mappings
    from citizenstats.release.kept import with_published
    from citizenstats.sdmx.validate import compare_messages, validate_message
    from citizenstats.store import Store
    from citizenstats.validation.report import report_facts, report_page

    with border(f"validate {file.name}"):
        mappings = load_mappings(office.mappings)
        structures = with_published(mappings.structures, Store(office.home.absolute()))
        findings = validate_message(file, structures)
        if (former or official) and not any(f.severity == "error" for f in findings):
            findings += compare_messages(file, structures, former, official)
        facts = report_facts(str(file), findings)
        if html is not None:
            html.write_bytes(report_page(facts))
        if sdmx is not None:
            sdmx.write_bytes(_as_metadata(file, sdmx, findings, structures, mappings.agency))
    if office.json:
        answer("validate", facts)
    else:
        for finding in findings:
            click.echo(f"{file}: {finding}")
        warnings = f", {facts['warnings']} warning(s)" if facts["warnings"] else ""
        click.echo(
            f"{file}: valid{warnings}" if facts["ok"] else f"{file}: {facts['errors']} error(s){warnings}"
        )
    return 0 if facts["ok"] else 1


def _as_metadata(
    file: Path, out: Path, findings: Sequence[MessageFinding], structures: Structures, agency: AgencyFile
) -> bytes:
    """Return the report as reference metadata on the dataflow that the message names."""
    from citizenstats import clock
    from citizenstats.errors import MessageError
    from citizenstats.metadata.validation import reported_on, validation_message, validation_report
    from citizenstats.sdmx.read import read_message

    structure = dataflow = None
    # A file that cannot be read names nothing to report on.
    with tempfile.TemporaryDirectory(prefix="citizenstats-validate-") as folder, suppress(MessageError):
        told = read_message(file, structures, Path(folder).absolute() / "message.parquet")
        structure, dataflow = told.structure, told.dataflow
    flow = reported_on(structures, structure, dataflow)
    return validation_message(out, validation_report(agency, flow, findings, clock.now()))
