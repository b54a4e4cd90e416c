"""``citizenstats extract``: a safe extract of records for a researcher."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from citizenstats.cli.options import Office, OutFile, office_options
from citizenstats.cli.show import answer, short, table


@click.command()
@click.argument("dataset")
@click.option("--by", "person", required=True, help="Who takes it.")
@click.option("--purpose", required=True, help="What for, such as the research project and its approval.")
@click.option(
    "--out",
    type=OutFile(allow_dash=False),
    required=True,
    help="File to write, .parquet or .csv; only its owner can read it.",
)
@office_options
def extract(office: Office, dataset: str, person: str, purpose: str, out: Path) -> None:
    """Hand out a safe extract of DATASET (PARTNER/DATASET).

    Its contract says under `extract:` which columns leave and how much alike the records must be. Who took what, when
    and why is logged in the restricted part.
    """
    from citizenstats.extract.extract import extract as take

    taken = take(office.house(), dataset, person, purpose, out)
    report = asdict(taken.report)
    if office.json:
        answer(
            "extract", {"dataset": dataset, "extract": taken.id, "file": str(taken.file), "report": report}
        )
        return
    click.echo(f"{short(taken.file)}: extract {taken.id} of {dataset}, logged")
    rows = [
        (what, ", ".join(f"{c} {n}" for c, n in value.items()) if isinstance(value, dict) else value)
        for what, value in report.items()
    ]
    table("Extract", ("what", "value"), [(what.replace("_", " "), str(value)) for what, value in rows])
