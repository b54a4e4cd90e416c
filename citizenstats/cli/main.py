"""The command ``citizenstats``: its subcommands, and what becomes of errors.

Exit codes: 0 all is well; 1 something is wrong that the text names; 2 the command line itself is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

import citizenstats
from citizenstats.border import DEBUG, unexpected
from citizenstats.cli import (
    check,
    diff,
    draft,
    explain,
    export,
    extract,
    mapping,
    metadata,
    preview,
    releases,
    run,
    structures,
    validate,
)
from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, fail
from citizenstats.errors import CitizenstatsError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(citizenstats.__version__)
@click.option("--debug", is_flag=True, help="Let unexpected errors through whole; they may quote data.")
@office_options
def cli(debug: bool, office: Office) -> None:
    """Citizen data, from a partner's file to a published SDMX message."""
    click.get_current_context().obj = office
    if debug:
        os.environ[DEBUG] = "1"


for command in (
    run.run,
    run.demo,
    check.check,
    draft.draft,
    preview.preview,
    export.export,
    extract.extract,
    mapping.mapping,
    metadata.metadata,
    explain.explain,
    validate.validate,
    releases.releases,
    releases.deliveries,
    releases.approve,
    releases.reject,
    diff.diff,
    structures.structures,
    releases.recall,
    releases.withdraw,
    releases.erase,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code; no error ends in a trace of the program."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in told
    try:
        code = cli.main(told, prog_name="citizenstats", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        if as_json:
            answer(
                "error",
                {
                    "error": {
                        "code": "USAGE",
                        "what": error.format_message(),
                        "where": "",
                        "mend": "see --help",
                    }
                },
            )
        error.show()
        sys.exit(error.exit_code)
    except CitizenstatsError as error:
        fail(error, as_json=as_json)
    # The last words of a command are one line, whatever library failed underneath, and never quote data.
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        fail(unexpected(error, "citizenstats"), as_json=as_json)
    else:
        sys.exit(code if isinstance(code, int) else 0)
