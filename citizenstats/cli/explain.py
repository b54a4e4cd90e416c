"""``citizenstats explain``: which rule made each target value of one record, for its owner at the terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.show import answer, table

if TYPE_CHECKING:
    from citizenstats.mapping.explain import Coded, Explained, Explanation

WARNING = (
    "citizenstats: this is restricted data about one record. Nothing of it is logged or stored; do not copy it into a "
    "mail, a ticket or a file."
)


@click.command()
@click.argument("dataset")
@click.option("--row", type=int, required=True, help="Row in the file, as a spreadsheet shows it.")
@click.option("--delivery", help="Id or number of the delivery; the newest that was accepted unless said.")
@office_options
def explain(office: Office, dataset: str, row: int, delivery: str | None) -> None:
    """Show which rule made each target value of one record.

    DATASET is PARTNER/DATASET. What is shown is restricted data.
    """
    from citizenstats.border import border
    from citizenstats.mapping.explain import explain as explained

    house = office.house()
    with border(f"explain {dataset}"):
        found = explained(house, dataset, row, delivery)
    click.echo(WARNING, err=True)
    if office.json:
        answer("explain", asdict(found))
        return
    _show(found, f"{house.mappings.folder}/")


def _show(found: Explanation, folder: str) -> None:
    counts = "counts" if found.current else "was replaced by a later delivery"
    click.echo(f"{found.delivery}, row {found.row}: {counts}")
    if found.derived:
        _table("Computed from the record", found.derived, folder)
    for coded in found.targets:
        if coded.where is not None:
            feeds = "feeds" if coded.feeds else "does not feed"
            click.echo(f"It {feeds} {coded.dataflow}: {coded.where.replace(folder, '')}")
        _table(coded.dataflow, coded.components, folder)
        _indicators(coded, folder)
        if coded.weight is not None:
            said = coded.weight
            categories = ", ".join(f"{n} = {'(empty)' if v is None else v}" for n, v in said.inputs.items())
            factor = "not known yet" if said.factor is None else f"{said.factor:.6g}"
            click.echo(
                f"Its weight {said.weight} is calibrated by {said.rule} ({said.where.removeprefix(folder)}), "
                f"with {categories}: factor {factor}"
            )


def _table(title: str, explained: tuple[Explained, ...], folder: str) -> None:
    table(
        title,
        ("component", "value", "by", "rule", "stands in", "from"),
        [
            (
                e.component,
                e.value,
                e.kind,
                e.rule,
                e.where.removeprefix(folder),
                ", ".join(f"{n} = {'(empty)' if v is None else v}" for n, v in e.inputs.items()),
            )
            for e in explained
        ],
    )


def _indicators(coded: Coded, folder: str) -> None:
    if coded.indicators:
        table(
            f"{coded.dataflow}: the indicators that it enters",
            ("indicator", "enters", "rule", "stands in", "with"),
            [
                (
                    e.indicator,
                    "yes" if e.enters and coded.feeds else "no",
                    e.rule,
                    e.where.removeprefix(folder),
                    ", ".join(f"{p} = {'(empty)' if v is None else v}" for p, v in e.values.items()),
                )
                for e in coded.indicators
            ],
        )
