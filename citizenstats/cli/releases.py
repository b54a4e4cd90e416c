"""``releases``, ``deliveries``, ``approve``, ``reject``, ``recall``, ``withdraw``: what came in and out, and who said so."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from citizenstats.cli.options import Office, office_options
from citizenstats.cli.run import dataflow_facts, show_files
from citizenstats.cli.show import answer, complaint, table
from citizenstats.receive.outcome import COUNTS

if TYPE_CHECKING:
    from citizenstats.house import House
    from citizenstats.release.state import State


@click.command()
@click.argument("dataflow", required=False)
@office_options
def releases(office: Office, dataflow: str | None) -> None:
    """List releases and candidates, each with its state and who decided.

    All of them, or those of DATAFLOW: AGENCY:FLOW, or AGENCY:FLOW(1.0.0) for one version.
    """
    from citizenstats.release.manifest import released_flows
    from citizenstats.release.state import states

    house = office.house()
    published = released_flows(house.store)
    flow, named, version = (dataflow or "").rstrip(")").partition("(")
    if flow and flow not in published:
        house.mappings.dataflow(flow)
    flows = [flow] if flow else sorted({*house.mappings.dataflows, *published})
    rows = [
        _row(house, one, state)
        for one in flows
        for state in states(house, one)
        if not named or state.of.dataflow.version == version
    ]
    if office.json:
        answer("releases", {"releases": rows})
        return
    columns = ("dataflow", "version", "state", "status", "prepared", "public from", "by", "note")
    numbers = ("observations", "suppressed", "added", "changed", "withdrawn")
    table(
        "Releases",
        (*columns, *numbers),
        [
            (
                row["dataflow"], row["version"], row["release"] or row["candidate"], _told(row), row["prepared"],
                row["published"], *_people(row), *(row[n] for n in numbers),
            )
            for row in rows
        ],
    )  # fmt: skip
    for row in rows:
        if row["status"] in ("waiting", "signed_once", "rejected") and row["review"]:
            click.echo(f"{row['dataflow']} {row['candidate']}: {row['review']}")


def _told(row: dict[str, Any]) -> str:
    if row["status"] == "embargoed":
        return f"embargoed until {row['published'] or 'a time is set'}"
    return str(row["status"]).replace("_", " ")


def _people(row: dict[str, Any]) -> tuple[str, str]:
    """Return who decided, signed or took back, and what they noted."""
    if gone := row["taken_back"]:
        return gone["by"], gone["reason"]
    said = [(one["by"], one["note"]) for one in row["signatures"]]
    if row["verdict"] != "approved" and row["decided"]:
        said = [(row["by"], row["note"])]
    elif row["verdict"] == "approved" and not said:
        said = [(None, row["note"])]
    names = [by for by, _ in said if by]
    notes = [f"{by}: {note}" if len(said) > 1 else note for by, note in said if note]
    return ", ".join(names), "; ".join(notes)


def _row(house: House, flow: str, state: State) -> dict[str, Any]:
    from citizenstats import clock

    facts = state.of.facts
    review = house.store.candidates(flow) / state.candidate / "review.html"
    return {
        "dataflow": flow,
        "version": state.of.dataflow.version,
        "release": state.release,
        "candidate": state.candidate,
        "status": state.name,
        "prepared": facts["prepared"],
        "published": clock.stamp(state.public_from) if state.public_from else None,
        "verdict": state.verdict,
        "by": state.by,
        "note": state.note,
        "decided": clock.stamp(state.decided) if state.decided else None,
        "signatures": [one.as_facts() for one in state.signatures],
        "taken_back": state.taken_back.as_facts() if state.taken_back else None,
        "folder": str(state.of.folder),
        "review": str(review) if review.exists() else None,
        "quality": (facts.get("quality") or {}).get("score"),
        **facts["counts"],
        **facts["changes"],
    }


@click.command()
@click.argument("dataset", required=False)
@office_options
def deliveries(office: Office, dataset: str | None) -> None:
    """List deliveries and their rows.

    All of them, or those of DATASET (PARTNER/DATASET). How a partner called a file stands in that partner's receipt only: it
    may be a person's name.
    """
    from citizenstats.contracts.load import broken
    from citizenstats.receive.delivery import deliveries as all_deliveries
    from citizenstats.receive.outcome import outcome_of

    house = office.house()
    names = [house.mappings.dataset(dataset).name] if dataset else house.mappings.names
    rows = []
    for name in names:
        is_readable = name in house.mappings.datasets
        if not is_readable:
            complaint(broken(name, house.mappings.unreadable[name]))
        for delivery in all_deliveries(house.store, name):
            outcome = outcome_of(house, delivery) if is_readable else None
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

    DATAFLOW is AGENCY:FLOW. Who signs has looked at the candidate's files and wrote none of its contracts. Where the
    dataflow says four_eyes, two different persons do.
    """
    from citizenstats.release.approve import approve as sign

    released = sign(office.house(), dataflow, candidate, person, note)
    if office.json:
        answer("approve", dataflow_facts(released))
        return
    click.echo(f"{dataflow}: {released.status.replace('_', ' ')} {released.release or ''}".rstrip())
    show_files(released)


@click.command()
@click.argument("dataflow")
@click.option("--by", "person", required=True, help="Who rejects.")
@click.option("--note", required=True, help="Why, for whoever mends it; it stays in the restricted store.")
@click.option("--candidate", help="Such as C0002; the one that waits unless said.")
@office_options
def reject(office: Office, dataflow: str, person: str, note: str, candidate: str | None) -> None:
    """Reject a candidate of DATAFLOW: it must not come out.

    DATAFLOW is AGENCY:FLOW. The same figures are not offered again until deliveries, contracts, structures or the code change.
    """
    from citizenstats.release.reject import reject as refuse

    released = refuse(office.house(), dataflow, candidate, person, note)
    if office.json:
        answer("reject", dataflow_facts(released))
        return
    click.echo(
        f"{dataflow}: {released.candidate} is rejected; {released.release or 'no release'} is the newest"
    )


@click.command()
@click.argument("dataflow")
@click.argument("release")
@click.option("--by", "person", required=True, help="Who takes it back.")
@click.option("--reason", required=True, help="Why; it stays in the restricted store.")
@office_options
def recall(office: Office, dataflow: str, release: str, person: str, reason: str) -> None:
    """Take a release of DATAFLOW back: it was wrong, or shows too much.

    DATAFLOW is AGENCY:FLOW, or AGENCY:FLOW(1.0.0) for one of its versions; RELEASE is such as R0002. Its data leaves; what
    comes next needs a sign-off.
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
    from citizenstats.contracts.load import broken
    from citizenstats.release.erase import due
    from citizenstats.release.erase import erase as destroy

    house = office.house()
    if is_due == (delivery is not None) or (is_due and dataset):
        raise click.UsageError("name DATASET and DELIVERY, or give --due")
    waiting = [(d.dataset, d.id) for d in due(house)] if is_due else []
    for name, faults in house.mappings.unreadable.items() if is_due else ():
        complaint(broken(name, faults))
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
