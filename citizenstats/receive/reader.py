"""The child process that reads one delivery, and the warm one that it is forked from (`children`).

It alone touches a partner's bytes, with little memory and time and no way out but its work folder. Whatever becomes of it,
its parent goes on: a child that dies is a refused delivery. What it prints goes nowhere.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from citizenstats.contracts.load import Dataset, load_dataset
from citizenstats.engine import Engine, session
from citizenstats.errors import CitizenstatsError, EngineError
from citizenstats.receive import header, versions
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.elsewhere import elsewhere
from citizenstats.receive.header import Headers
from citizenstats.receive.outcome import Finding, Outcome, RefusalError, refused
from citizenstats.receive.rows import judged, unread
from citizenstats.receive.source import Source, other_delimiter, table_of
from citizenstats.receive.typing_sql import trimmed
from citizenstats.store import as_json

WARM = ("sqlglot.dialects.duckdb", "pyarrow.parquet", "pandas")
"""What the steps of a reader import late; Arrow asks for pandas with every array that it makes."""

CHANGED = 76
"""Exit code when the contract is another one than when the run began: the file is not to blame."""
TRY_AGAIN = 75
"""Exit code when the disk failed and not the file; that of ``EX_TEMPFAIL``."""


@dataclass(frozen=True)
class Job:
    """What the parent asks: the delivery, its bytes, its contract, where the result goes, and the limits.

    Attributes:
        reading: `Dataset.reading` of the contract that the run began with.
        memory: bytes of address space.
        cpu_seconds: of the child's own work.
        wall_seconds: from its beginning.
    """

    delivery: Delivery
    content: Path
    contract: Path
    reading: str
    work: Path
    memory: int
    cpu_seconds: int
    wall_seconds: float

    @classmethod
    def parse(cls, said: str) -> Job:
        """Return the job from JSON."""
        facts: dict[str, Any] = json.loads(said)
        paths = {key: Path(facts[key]) for key in ("content", "contract", "work")}
        return cls(**{**facts, **paths, "delivery": Delivery(**facts["delivery"])})

    def dump(self) -> str:
        """Return the job as JSON."""
        return json.dumps(asdict(self), default=str)


def serve(control: socket.socket) -> None:
    """Fork a child for every job whose socket comes, until nobody is left who could send one.

    This process has one thread and opens no bytes, no contract and no engine: a child inherits nothing but imports.
    """
    for module in WARM:
        importlib.import_module(module)
    gc.freeze()
    # Nobody waits for those who wait for the children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        _, handed, _, _ = socket.recv_fds(control, 1, 1)
        if not handed:
            return
        with socket.socket(fileno=handed[0]) as asked:
            if os.fork() == 0:
                control.close()
                _keep(asked)


def _keep(asked: socket.socket) -> NoReturn:
    """Fork the child that does a job, wait for it, and tell how it ended; end it when nobody waits for it any more."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with asked.makefile("rb") as said:
            job = Job.parse(said.read().decode())
        child = os.fork()
        if child == 0:
            asked.close()
            _do(job)
        if not _done_before_asker_is_gone(child, asked):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def _done_before_asker_is_gone(child: int, asked: socket.socket) -> bool:
    """Wait for a child; return False as soon as the process that asked is gone: its run was killed."""
    ended = os.pidfd_open(child)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    # Nothing to read, but whether the other side hung up: that is always told.
    waiting.register(asked, 0)
    return any(descriptor == ended for descriptor, _ in waiting.poll())


def _do(job: Job) -> NoReturn:
    """Do a job and write its outcome."""
    code = 1
    try:
        os.setsid()
        os.chdir(job.work)
        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
        resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_seconds, job.cpu_seconds + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.setitimer(signal.ITIMER_REAL, job.wall_seconds)
        dataset = _agreed(job)
        if dataset is None:
            os._exit(CHANGED)
        outcome = read(job.delivery, job.content, dataset, job.work)
        (job.work / "outcome.json").write_bytes(as_json(outcome.as_facts()))
        code = 0
    except OSError:
        code = TRY_AGAIN
    finally:
        # At once: what the warm process would do at its end is not for its children to do.
        os._exit(code)


def _agreed(job: Job) -> Dataset | None:
    """Return the dataset as it was when the run began; None when somebody has saved another contract since."""
    try:
        dataset = load_dataset(job.contract)
    except CitizenstatsError:
        return None
    return dataset if dataset.reading == job.reading else None


def read(delivery: Delivery, content: Path, dataset: Dataset, work: Path) -> Outcome:
    """Return what becomes of a delivery; its records and refused rows are written into `work` as Parquet."""
    try:
        with session([work], scratch=work / "scratch") as engine:
            return _read(engine, delivery, content, dataset, work)
    except RefusalError as refusal:
        is_headless = refusal.finding.code == "NO_HEADER"
        hint = elsewhere(content, work, dataset.contract, 0) if is_headless else None
        return refused(delivery, *([hint] if hint else []), refusal.finding)
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
        is_missing = any(finding.code == "MISSING_COLUMN" for finding in headers.findings)
        hint = elsewhere(content, work, contract, len(headers.position)) if is_missing else None
        # Where none of the headers is one, they may be answers of the first person.
        others = unread(headers) if headers.position else []
        findings = [*([hint] if hint else []), *headers.findings, *others]
        return refused(delivery, *findings, read=rows, how_read=source.how)
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
    serve(socket.socket(fileno=int(sys.argv[1])))
