"""Make an extract: coarsen as little as needed, drop what still stands out, audit, log who takes it, hand it out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citizenstats import clock
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.extract.plan import JUDGED, TABLE, Plan, plan_of
from citizenstats.quality.judge import closed_gates
from citizenstats.receive.current import current_records
from citizenstats.receive.delivery import deliveries, pending
from citizenstats.receive.outcome import UNCLEAR, outcome_of
from citizenstats.store import as_json, read_json, sha256_of

if TYPE_CHECKING:
    from citizenstats.house import House

FORMATS = {".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER"}
"""Suffix of the file → how it is written."""


@dataclass(frozen=True)
class Report:
    """What an extract holds and lacks, without a value of it.

    Attributes:
        records: that count and may be used.
        rows: that left.
        too_few: records dropped because fewer than k units were alike.
        too_alike: further records dropped because a sensitive question had fewer than l answers among them.
        beside: further records dropped so that those who were are not few in a total that tables may have published.
        classes: different combinations of quasi-identifiers that left.
        k: fewest units asked for.
        smallest: fewest units of a class that left; None when nothing has.
        l: fewest answers asked for.
        fewest: sensitive column → fewest different answers in a class that has any.
        coarsened: column → how many steps of its hierarchy were taken.
        merged_areas: areas that were merged into one.
    """

    records: int
    rows: int
    too_few: int
    too_alike: int
    beside: int
    classes: int
    k: int
    smallest: int | None
    l: int  # noqa: E741 - the measure's name in the field
    fewest: dict[str, int]
    coarsened: dict[str, int]
    merged_areas: int


@dataclass(frozen=True)
class Extracted:
    """An extract that was handed out."""

    dataset: str
    id: str
    file: Path
    report: Report


def extract(house: House, dataset_name: str, by: str, purpose: str, out: Path) -> Extracted:
    """Hand out a safe extract of ``partner/dataset`` as a file that only its owner reads, and log who took it.

    Args:
        house: where and what.
        dataset_name: ``partner/dataset``.
        by: the person who takes it.
        purpose: what for.
        out: a file that is not there yet, ``.parquet`` or ``.csv``, outside the folders that others read.

    Raises:
        CitizenstatsError: the contract has no extract, or had another one, a delivery was not read, nobody is named, the place
            or the kind of file is wrong, too many records would be dropped, or the audit of the file fails.
    """
    dataset = house.mappings.dataset(dataset_name)
    asked = dataset.contract.extract
    if asked is None or dataset.contract.record.publication == "none":
        raise CitizenstatsError(
            "NO_EXTRACT",
            "its contract allows no extract",
            dataset_name,
            "agree with the partner on `extract:`",
        )
    if not by.strip() or not purpose.strip():
        raise CitizenstatsError(
            "WHO_AND_WHY", "nobody is named, or no purpose", dataset_name, "give --by and --purpose"
        )
    _check_place(house, out)
    _check_consent(house, dataset_name)
    current = current_records(house, dataset_name)
    if current is None:
        raise CitizenstatsError("NO_RECORDS", "no delivery was accepted yet", dataset_name, "wait for one")
    plan = plan_of(dataset, asked)
    said_of = asked.model_dump(mode="json", exclude={"most_dropped"})
    _check_former(house, dataset_name, current.deliveries, said_of)
    number = 1 + max(
        (int(path.name) for path in house.store.extracts(dataset_name).glob("[0-9]*")), default=0
    )
    folder = house.store.extracts(dataset_name) / f"{number:06}"
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as beside:
        scratch = Path(beside)
        with session([*current.folders, scratch], threads=1, scratch=scratch) as engine:
            made = scratch / f"extract{out.suffix}"
            report = _made(engine, plan, current.sql, made, dataset_name)
        said = {
            "dataset": dataset_name,
            "by": by.strip(),
            "purpose": purpose.strip(),
            "taken": clock.stamp(clock.now()),
            "contract": dataset.digest,
            "deliveries": list(current.deliveries),
            "columns": list(plan.columns),
            "asked": said_of,
            "sha256": sha256_of(made),
            "report": asdict(report),
        }
        # The log stands before the file leaves: what nobody is known to have taken is not taken.
        with house.store.commit_folder(folder) as work:
            (work / "extract.json").write_bytes(as_json(said))
        _hand_out(made, out)
    return Extracted(dataset_name, folder.name, out, report)


def _check_place(house: House, out: Path) -> None:
    if out.suffix not in FORMATS:
        raise CitizenstatsError("NO_SUCH_FORMAT", "an extract is .parquet or .csv", mend="name the file so")
    place = out.absolute().parent.resolve()
    home = house.store.home.resolve()
    if place.is_relative_to(home):
        raise CitizenstatsError(
            "NOT_HERE",
            "an extract does not lie in the office's data root, where others read",
            mend="name another folder",
        )
    if not place.is_dir():
        raise CitizenstatsError("NOT_HERE", "there is no such folder", mend="make it, or name another one")
    if out.exists() or out.is_symlink():
        raise CitizenstatsError("ALREADY_THERE", "there is such a file already", mend="name another one")


def _check_consent(house: House, dataset_name: str) -> None:
    """Let nothing out while it is not known who agreed."""
    if pending(house, dataset_name):
        raise CitizenstatsError(
            "NOT_RECEIVED", "a delivery was not read yet", dataset_name, "`citizenstats run`, then again"
        )
    read = [o for d in deliveries(house.store, dataset_name) if (o := outcome_of(house, d)) is not None]
    last = next((o for o in reversed(read) if o.status != "duplicate"), None)
    if last is not None and any(finding.code == UNCLEAR for finding in last.findings):
        raise CitizenstatsError(
            UNCLEAR, "the newest delivery takes consent back without saying whose", dataset_name,
            "ask the partner for the file with the keys of these rows",
        )  # fmt: skip
    closed = closed_gates(house.mappings.quality, house.mappings.dataset(dataset_name).contract)
    for identifier, evidence in closed.items():
        raise CitizenstatsError(
            "GATE_CLOSED",
            f"consent is not met: {identifier}: {evidence}",
            dataset_name,
            "settle it with the partner",
        )


def _check_former(house: House, dataset_name: str, behind: Collection[str], asked: Mapping[str, Any]) -> None:
    """Let no other extract of the same deliveries out: answers that only one has join the rows of both.

    What is alike in each of them need not be in both together.
    """
    for log in sorted(house.store.extracts(dataset_name).glob("[0-9]*/extract.json")):
        former = read_json(log) or {}
        # A log from before says of what was asked the columns alone.
        is_same = former.get("asked", asked) == asked and {*former["columns"]} >= {*asked["columns"]}
        if not is_same and {*former["deliveries"]} & {*behind}:
            raise CitizenstatsError(
                "ANOTHER_EXTRACT",
                f"{log.parent.name} was taken of the same deliveries with other columns, steps or limits, and who has both "
                "joins them by answers that only one has",
                dataset_name,
                "take the former `extract` of the contract back; another one is for deliveries that come later",
            )


def _made(engine: Engine, plan: Plan, records: str, made: Path, dataset_name: str) -> Report:
    """Write the safe rows and return what is to be said of them."""
    engine.run(f"CREATE TEMP TABLE {TABLE} AS {plan.base(records)}")
    chosen = _chosen(engine, plan)
    alike = f"_units >= {plan.extract.k}"
    counted = engine.rows(
        f"SELECT count(*), count(*) FILTER (NOT ({alike})), count(*) FILTER ({alike} AND NOT _diverse), "
        f"count(*) FILTER ({alike} AND _diverse AND NOT _leaves) FROM {JUDGED}"
    )[0]
    total, too_few, too_alike, beside = map(int, counted)
    dropped = too_few + too_alike + beside
    if dropped > plan.extract.most_dropped * total:
        raise CitizenstatsError(
            "TOO_MUCH_DROPPED",
            f"{dropped:,} of {total:,} records would be dropped",
            dataset_name,
            "give coarser steps in extract.generalise, fewer columns, or a higher extract.most_dropped",
        )
    options = FORMATS[made.suffix]
    made.touch(mode=0o600)
    engine.run(f"COPY ({plan.safe()}) TO {quoted(str(made))} ({options})")
    classes, smallest, fewest = _audit(engine, plan, made, total - dropped, dataset_name)
    merged = _merged_areas(engine, plan, records)
    coarsened = {column: level for column, level in chosen.items() if level}
    return Report(
        total, total - dropped, too_few, too_alike, beside, classes, plan.extract.k, smallest, plan.extract.l,
        fewest, coarsened, merged,
    )  # fmt: skip


def _chosen(engine: Engine, plan: Plan) -> dict[str, int]:
    """Return the level of each hierarchy: coarser where most values are different, until few records are dropped.

    The table of the rows at these levels is there afterwards.
    """
    chosen = dict.fromkeys(plan.levels, 0)
    while True:
        engine.run(f"CREATE OR REPLACE TEMP TABLE {JUDGED} AS {plan.numbered(chosen)}")
        _drop_beside(engine, plan)
        share = engine.value(f"SELECT coalesce(avg(CAST(NOT _leaves AS INTEGER)), 0) FROM {JUDGED}")
        coarser = [column for column, level in chosen.items() if level + 1 < len(plan.levels[column])]
        if float(share) <= plan.extract.most_dropped or not coarser:
            return chosen
        different = engine.rows(
            "SELECT " + ", ".join(f"count(DISTINCT {name(column)})" for column in coarser) + f" FROM {JUDGED}"
        )[0]
        chosen[max(zip(different, coarser, strict=True), key=lambda pair: (pair[0], pair[1]))[1]] += 1


def _drop_beside(engine: Engine, plan: Plan) -> None:
    """Let classes stay with those that are dropped, until in no total of a published table these are few."""
    dropped = 1
    while dropped:
        dropped = sum(
            int(
                engine.value(
                    f"UPDATE {JUDGED} SET _leaves = FALSE WHERE _leaves AND _class IN ({plan.beside_few(margin)})"
                )
            )
            for margin in plan.margins()
        )


def _audit(
    engine: Engine, plan: Plan, made: Path, rows: int, dataset_name: str
) -> tuple[int, int | None, dict[str, int]]:
    """Return classes, fewest units and fewest answers, counted from the file that was written.

    Raises:
        CitizenstatsError: ``NOT_SAFE`` when the file does not keep what was asked.
    """
    read = "read_parquet" if made.suffix == ".parquet" else "read_csv"
    file = f"{read}({quoted(str(made))}{'' if made.suffix == '.parquet' else ', all_varchar = true'})"
    by = f"GROUP BY {', '.join(map(name, plan.known))}" if plan.known else ""
    answers = "".join(f", count(DISTINCT {name(c)}) AS {name(f'_l_{c}')}" for c in plan.sensitive)
    told = "".join(f", min(nullif({name(f'_l_{c}')}, 0))" for c in plan.sensitive)
    row = engine.rows(
        f"SELECT count(*), coalesce(sum(n), 0), min(n){told} FROM (SELECT count(*) AS n{answers} FROM {file} {by} HAVING "
        "count(*) > 0)"
    )[0]
    units = engine.value(f"SELECT min(_units) FROM {JUDGED} WHERE _leaves")
    fewest = {c: int(n) for c, n in zip(plan.sensitive, row[3:], strict=True) if n is not None}
    is_small = row[2] is not None and int(row[2]) < plan.extract.k
    if int(row[1]) != rows or is_small or any(n < plan.extract.l for n in fewest.values()):
        raise CitizenstatsError(
            "NOT_SAFE",
            "the file does not keep k and l",
            dataset_name,
            "tell who keeps this program; nothing was handed out",
        )
    return int(row[0]), int(units) if units is not None else None, fewest


def _merged_areas(engine: Engine, plan: Plan, records: str) -> int:
    area = plan.extract.area
    if area is None:
        return 0
    before = engine.value(
        f"SELECT count(DISTINCT coalesce(CAST({name(area.column)} AS VARCHAR), '')) FROM ({records})"
    )
    after = engine.value(
        f"SELECT count(DISTINCT coalesce({name(area.column)}, '')) FROM {TABLE} "
        f"WHERE {name(area.column)} IS DISTINCT FROM {quoted(area.merged)}"
    )
    return int(before) - int(after)


def _hand_out(made: Path, out: Path) -> None:
    """Copy the file to its place, where only its owner reads it; what is there already is never written over."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as target, made.open("rb") as source:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target)
