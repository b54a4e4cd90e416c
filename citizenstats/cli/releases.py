"""``citizenstats releases``, ``deliveries``, ``approve``, ``recall``, ``withdraw``: what came in and out, and who said so."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.run import dataflow_facts, show_files
from citizenstats.cli.show import answer, table
from citizenstats.receive.outcome import COUNTS

if TYPE_CHECKING:
    from citizenstats.house import House
    from citizenstats.release.manifest import Release


@click.command()
@click.argument("dataflow", required=False)
@office_options
def releases(office: Office, dataflow: str | None) -> None:
    """List releases, and what waits.

    All of them, or those of DATAFLOW (AGENCY:FLOW).
    """
    house = office.house()
    flows = [dataflow] if dataflow else sorted(house.mappings.dataflows)
    for flow in flows:
        house.mappings.dataflow(flow)
    rows = [row for flow in flows for row in (*_released(house, flow), *_waiting(house, flow))]
    if office.json:
        answer("releases", {"releases": rows})
        return
    columns = ("dataflow", "version", "state", "status", "prepared", "public from", "signed by")
    numbers = ("observations", "suppressed", "added", "changed", "withdrawn")
    table(
        "Releases",
        (*columns, *numbers),
        [
            (
                row["dataflow"], row["version"], row["release"] or row["candidate"], row["status"],
                row["prepared"], row["published"], row["signed_by"], *(row[n] for n in numbers),
            )
            for row in rows
        ],
    )  # fmt: skip
    for row in rows:
        if row["release"] is None and row["review"]:
            click.echo(f"{row['dataflow']} {row['candidate']}: {row['review']}")


def _released(house: House, flow: str) -> list[dict[str, Any]]:
    from citizenstats.release.manifest import releases as all_releases

    found = all_releases(house.store, flow)
    return [
        _row(flow, release, release.id, release.candidate, _status(release), release.facts["published"])
        | {
            "signed_by": release.facts["sign_off"]["by"],
            "folder": str(release.folder),
            "review": _review_of(house, flow, release.candidate),
        }
        for release in found
    ]


def _status(release: Release) -> str:
    if release.tombstone is None:
        return "published"
    return "recalled" if release.tombstone["kind"] == "recall" else "withdrawn"


def _waiting(house: House, flow: str) -> list[dict[str, Any]]:
    from citizenstats import clock
    from citizenstats.release.candidate import candidates
    from citizenstats.release.publish import public_from, unpublished

    found = candidates(house, flow)
    rows = []
    for candidate in [*unpublished(house, flow, found), *(c for c in found if c.is_waiting)]:
        time = public_from(house, candidate)
        status = "candidate" if candidate.is_waiting else "embargoed"
        rows.append(
            _row(flow, candidate, None, candidate.id, status, clock.stamp(time) if time else None)
            | {
                "signed_by": candidate.decision.by if candidate.decision else None,
                "folder": str(candidate.folder),
                "review": str(candidate.review) if candidate.review else None,
            }
        )
    return rows


def _review_of(house: House, flow: str, candidate: str) -> str | None:
    from citizenstats.release.candidate import candidates

    found = next((c.review for c in candidates(house, flow) if c.id == candidate), None)
    return str(found) if found else None


def _row(
    flow: str, state: Any, release: str | None, candidate: str, status: str, published: str | None
) -> dict[str, Any]:
    return {
        "dataflow": flow,
        "version": state.dataflow.version,
        "release": release,
        "candidate": candidate,
        "status": status,
        "prepared": state.facts["prepared"],
        "published": published,
        "quality": (state.facts.get("quality") or {}).get("score"),
        **state.facts["counts"],
        **state.facts["changes"],
    }


@click.command()
@click.argument("dataset", required=False)
@office_options
def deliveries(office: Office, dataset: str | None) -> None:
    """List deliveries and their rows.

    All of them, or those of DATASET (PARTNER/DATASET). How a partner called a file stands in that partner's receipt only: it
    may be a person's name.
    """
    from citizenstats.receive.delivery import deliveries as all_deliveries
    from citizenstats.receive.outcome import outcome_of

    house = office.house()
    names = [house.mappings.dataset(dataset).name] if dataset else sorted(house.mappings.datasets)
    rows = []
    for name in names:
        for delivery in all_deliveries(house.store, name):
            outcome = outcome_of(house, delivery)
            rows.append(
                {
                    "delivery": delivery.full_name,
                    "dataset": name,
                    "arrived": delivery.arrived,
                    "size": delivery.size,
                    "status": outcome.status if outcome else "pending",
                    **{kind: outcome.counts[kind] if outcome else None for kind in COUNTS},
                }
            )
    if office.json:
        answer("deliveries", {"deliveries": rows})
        return
    table(
        "Deliveries",
        ("delivery", "arrived", "status", *COUNTS),
        [(r["delivery"], r["arrived"], r["status"], *(r[k] for k in COUNTS)) for r in rows],
    )


@click.command()
@click.argument("dataflow")
@click.option("--by", "person", required=True, help="Who signs: a person who wrote none of the contracts.")
@click.option("--note", default="", help="What was looked at, or why.")
@click.option("--candidate", help="Such as C0002; the one that waits unless said.")
@office_options
def approve(office: Office, dataflow: str, person: str, note: str, candidate: str | None) -> None:
    """Sign a candidate of DATAFLOW off.

    DATAFLOW is AGENCY:FLOW. Who signs has looked at the candidate's files and wrote none of its contracts.
    """
    from citizenstats.release.approve import approve as sign

    released = sign(office.house(), dataflow, candidate, person, note)
    if office.json:
        answer("approve", dataflow_facts(released))
        return
    click.echo(f"{dataflow}: {released.status} {released.release or ''}".rstrip())
    show_files(released)


@click.command()
@click.argument("dataflow")
@click.argument("release")
@click.option("--by", "person", required=True, help="Who takes it back.")
@click.option("--reason", required=True, help="Why; it stays in the restricted store.")
@office_options
def recall(office: Office, dataflow: str, release: str, person: str, reason: str) -> None:
    """Take a release of DATAFLOW back: it was wrong, or shows too much.

    DATAFLOW is AGENCY:FLOW, RELEASE such as R0002. Its data leaves; what comes next needs a sign-off.
    """
    from citizenstats.release.recall import recall as take_back

    released = take_back(office.house(), dataflow, release, person, reason)
    if office.json:
        answer("recall", dataflow_facts(released))
        return
    click.echo(f"{dataflow}: {release} is recalled; {released.release or 'no release'} is the newest now")


@click.command()
@click.argument("dataset")
@click.argument("delivery", required=False)
@click.option(
    "--rows",
    "said",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Records with this value; may be given again.",
)
@click.option("--by", "person", required=True, help="Who asks for it.")
@click.option("--reason", required=True, help="Why; it stays in the restricted store.")
@office_options
def withdraw(
    office: Office, dataset: str, delivery: str | None, said: tuple[str, ...], person: str, reason: str
) -> None:
    """Take data of DATASET (PARTNER/DATASET) back.

    A whole DELIVERY (its id or number), or the records with given values in all deliveries: --rows community=Nuuk. Releases
    that rest on it leave; the next run makes one without it.
    """
    from citizenstats.release.withdraw import withdraw_delivery, withdraw_rows

    if (delivery is None) == (not said) or not all("=" in one for one in said):
        raise click.UsageError("name one DELIVERY, or give --rows COLUMN=VALUE")
    if delivery is not None:
        done = withdraw_delivery(office.house(), dataset, delivery, person, reason)
    else:
        rows = {column: value for column, _, value in (one.partition("=") for one in said)}
        done = withdraw_rows(office.house(), dataset, rows, person, reason)
    if office.json:
        answer("withdraw", {"dataset": dataset, **asdict(done)})
        return
    click.echo(f"{dataset}: taken back from {', '.join(done.deliveries)}")
    click.echo(f"releases that left: {', '.join(done.releases) or 'none'}")
    click.echo(
        f"what counts now: {', '.join(done.current) or 'nothing'}; `citizenstats run` makes releases without it"
    )


@click.command()
@click.argument("dataset", required=False)
@click.argument("delivery", required=False)
@click.option(
    "--due",
    "is_due",
    is_flag=True,
    help="What is kept longer than its contract says; lists it unless --by is given.",
)
@click.option("--by", "person", help="Who asks for it.")
@click.option("--reason", help="Why; it stays in the restricted store.")
@office_options
def erase(
    office: Office,
    dataset: str | None,
    delivery: str | None,
    is_due: bool,
    person: str | None,
    reason: str | None,
) -> None:
    """Destroy a DELIVERY (its id or number) of DATASET (PARTNER/DATASET).

    Its bytes, the copy in the inbox, records, and all that was made of them in the restricted store; hash, counts and reason
    stay. What was published stands: withdraw first what must leave.
    """
    from citizenstats.release.erase import due
    from citizenstats.release.erase import erase as destroy

    house = office.house()
    if is_due == (delivery is not None) or (is_due and dataset):
        raise click.UsageError("name DATASET and DELIVERY, or give --due")
    waiting = [(d.dataset, d.id) for d in due(house)] if is_due else []
    if is_due and person is None:
        if office.json:
            answer("erase", {"due": [f"{name}/{one}" for name, one in waiting], "erased": []})
            return
        table("Kept longer than agreed", ("dataset", "delivery"), waiting)
        return
    if person is None or reason is None:
        raise click.UsageError("give --by NAME and --reason TEXT")
    meant = waiting if is_due else [(str(dataset), str(delivery))]
    gone: list[str] = []
    for name, one in meant:
        if f"{name}/{one}" not in gone:
            gone += destroy(house, name, one, person, reason).deliveries
    if office.json:
        answer("erase", {"due": [], "erased": gone})
        return
    click.echo(f"erased: {', '.join(gone) or 'nothing'}")
