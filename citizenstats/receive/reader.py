"""The child process that reads one delivery: ``python -m citizenstats.receive.reader`` with a job on standard input.

It alone touches a partner's bytes, with little memory and time and no way out but its work folder. Whatever becomes of it,
its parent goes on: a child that dies is a refused delivery. What it prints goes nowhere.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.contracts.load import Dataset, load_dataset
from citizenstats.engine import Engine, session
from citizenstats.errors import EngineError
from citizenstats.receive import header, versions
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.header import Headers
from citizenstats.receive.outcome import Finding, Outcome, RefusalError, refused
from citizenstats.receive.rows import judged
from citizenstats.receive.source import Source, other_delimiter, table_of
from citizenstats.receive.typing_sql import trimmed
from citizenstats.store import as_json

TRY_AGAIN = 75
"""Exit code when the disk failed and not the file; that of ``EX_TEMPFAIL``."""


@dataclass(frozen=True)
class Job:
    """What the parent asks: the delivery, its bytes, its contract, and where the result goes."""

    delivery: Delivery
    content: Path
    contract: Path
    work: Path
    memory: int
    cpu_seconds: int

    @classmethod
    def parse(cls, said: str) -> Job:
        """Return the job from JSON."""
        facts: dict[str, Any] = json.loads(said)
        paths = {key: Path(facts[key]) for key in ("content", "contract", "work")}
        return cls(
            Delivery(**facts["delivery"]), **paths, memory=facts["memory"], cpu_seconds=facts["cpu_seconds"]
        )

    def dump(self) -> str:
        """Return the job as JSON."""
        from dataclasses import asdict

        return json.dumps(asdict(self), default=str)


def main() -> None:
    """Do the job on standard input and write its outcome."""
    job = Job.parse(sys.stdin.read())
    resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_seconds, job.cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        outcome = read(job.delivery, job.content, load_dataset(job.contract), job.work)
        (job.work / "outcome.json").write_bytes(as_json(outcome.as_facts()))
    except OSError:
        sys.exit(TRY_AGAIN)


def read(delivery: Delivery, content: Path, dataset: Dataset, work: Path) -> Outcome:
    """Return what becomes of a delivery; its records and refused rows are written into `work` as Parquet."""
    try:
        with session([work], scratch=work / "scratch") as engine:
            return _read(engine, delivery, content, dataset, work)
    except RefusalError as refusal:
        return refused(delivery, refusal.finding)
    except EngineError as error:
        if "IOException" in error.what:
            # A full or failing disk is no fault of the file.
            raise OSError from None
        return refused(delivery, Finding("UNREADABLE"))


def _read(engine: Engine, delivery: Delivery, content: Path, dataset: Dataset, work: Path) -> Outcome:
    """Return what becomes of a delivery.

    Raises:
        RefusalError: the file cannot be read as the contract says.
    """
    candidates = versions.by_file(dataset.contract, delivery.file_name)
    source = _source(engine, content, dataset, work)
    headers = header.match(source.headers, dataset.contract)
    version = versions.choose(
        candidates, headers.names, lambda column: _values(engine, source, headers, column)
    )
    contract = versions.applied(dataset.contract, version)
    headers = header.match(source.headers, contract)
    if version is not None:
        source.how["version"] = version.id
    if headers.findings:
        other = other_delimiter(work, contract.read)
        if other is not None:
            raise other
        rows = int(engine.value(f"SELECT count(*) FROM ({source.sql})") or 0)
        return refused(delivery, *headers.findings, read=rows, how_read=source.how)
    return judged(engine, delivery, dataset, contract, headers, source, work)


def _source(engine: Engine, content: Path, dataset: Dataset, work: Path) -> Source:
    if dataset.contract.read.format == "sdmx":
        # Only here: it needs what reading a table does not.
        from citizenstats.receive.sdmx import from_message

        return from_message(engine, content, dataset, work)
    return table_of(engine, content, dataset.contract, work)


def _values(engine: Engine, source: Source, headers: Headers, column: str) -> list[str]:
    """Return the distinct texts of a contract's column in the file."""
    if column not in headers.position:
        return []
    cell = trimmed(f"c{headers.position[column]}")
    found = engine.rows(f"SELECT DISTINCT {cell} FROM ({source.sql}) WHERE {cell} <> '' LIMIT 1000")
    return [str(row[0]) for row in found]


if __name__ == "__main__":
    main()
