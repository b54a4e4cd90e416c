"""The child process that reads one delivery: ``python -m citizenstats.receive.reader`` with a job on standard input.

It alone touches a partner's bytes, with little memory and time and no way out but its work folder. Whatever becomes of it,
its parent goes on: a child that dies is a refused delivery. What it prints goes nowhere.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.contracts.load import Dataset, load_dataset
from citizenstats.contracts.model import Contract
from citizenstats.engine import Engine, session
from citizenstats.errors import DeliveryError, EngineError
from citizenstats.receive import header, sheet, text, versions
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.header import Headers
from citizenstats.receive.outcome import Finding, Outcome, refused
from citizenstats.receive.rows import judged
from citizenstats.receive.source import Source, from_csv, from_rows
from citizenstats.store import as_json


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
    outcome = read(job.delivery, job.content, load_dataset(job.contract), job.work)
    (job.work / "outcome.json").write_bytes(as_json(outcome.as_facts()))


def read(delivery: Delivery, content: Path, dataset: Dataset, work: Path) -> Outcome:
    """Return what becomes of a delivery; its records and refused rows are written into `work` as Parquet."""
    how: dict[str, Any] = {}
    try:
        with session([work], scratch=work / "scratch") as engine:
            return _read(engine, delivery, content, dataset, work, how)
    except DeliveryError as error:
        return refused(delivery, Finding(error.code, detail=_told(error)), how_read=how)
    except EngineError:
        finding = Finding("UNREADABLE", detail="the file could not be read as a table; send it as UTF-8 CSV")
        return refused(delivery, finding, how_read=how)


def _told(error: DeliveryError) -> str:
    return f"{error.what}; {error.mend}" if error.mend else error.what


def _read(
    engine: Engine, delivery: Delivery, content: Path, dataset: Dataset, work: Path, how: dict[str, Any]
) -> Outcome:
    candidates = versions.by_file(dataset.contract, delivery.file_name)
    source = _source(content, dataset.contract, work, how)
    headers = header.match(source.headers, dataset.contract)
    by_name = {h: p for p, h in enumerate(source.headers)}
    version = versions.choose(candidates, by_name, lambda column: _values(engine, source, headers, column))
    contract = versions.applied(dataset.contract, version)
    headers = header.match(source.headers, contract)
    how |= {
        "header": list(source.headers),
        "version": version.id if version else None,
        "reader": source.reader,
    }
    if headers.findings:
        rows = int(engine.value(f"SELECT count(*) FROM ({source.sql})") or 0)
        return refused(delivery, *headers.findings, read=rows, how_read=how)
    return judged(engine, delivery, dataset, contract, headers, source, work, how)


def _values(engine: Engine, source: Source, headers: Headers, column: str) -> list[str]:
    """Return the distinct texts of a contract's column in the file."""
    if column not in headers.position:
        return []
    cell = f"trim(c{headers.position[column]})"
    found = engine.rows(f"SELECT DISTINCT {cell} FROM ({source.sql}) WHERE {cell} <> '' LIMIT 1000")
    return [str(row[0]) for row in found]


# --- kinds of files ---------------------------------------------------------------------------------------

_NOT_READ: Mapping[bytes, tuple[str, str, str]] = {
    b"\x1f\x8b": ("COMPRESSED", "the file is compressed (gzip)", "unpack it and send the file inside"),
    b"%PDF": ("NOT_A_TABLE", "the file is a PDF", "send the table as CSV or .xlsx"),
    b"\xd0\xcf\x11\xe0": (
        "PASSWORD_OR_OLD",
        "the file is an old or password-protected Office file",
        "remove the password, save it as .xlsx and send it again",
    ),
    b"SQLite format 3": ("NOT_A_TABLE", "the file is a database", "send the table as CSV or .xlsx"),
    b"PAR1": ("NOT_A_TABLE", "the file is Parquet", "send the table as CSV or .xlsx"),
}


def _source(content: Path, contract: Contract, work: Path, how: dict[str, Any]) -> Source:
    """Return the rows of a file, whichever kind it is.

    Raises:
        DeliveryError: the file is empty, of another kind, damaged, or in another encoding.
    """
    with content.open("rb") as file:
        start = file.read(16)
    if not start.strip():
        raise DeliveryError(
            "EMPTY_FILE", "the file is empty", mend="send the file again, and look at its size first"
        )
    for magic, (code, what, mend) in _NOT_READ.items():
        if start.startswith(magic):
            raise DeliveryError(code, what, mend=mend)
    is_archive = start.startswith(b"PK\x03\x04")
    if is_archive or contract.read.format == "xlsx":
        if not is_archive:
            raise DeliveryError("NOT_A_WORKBOOK", "the file is no .xlsx workbook", mend="save it as .xlsx")
        return _workbook(content, contract, work, how)
    return _csv(content, contract, work, how)


def _workbook(content: Path, contract: Contract, work: Path, how: dict[str, Any]) -> Source:
    sheet.prescan(content)
    read = contract.read
    name, rows = sheet.rows(content, read.sheet, read.decimal, read.date_format)
    how |= {"format": "xlsx", "sheet": name}
    return from_rows(rows, contract, work, reader="workbook")


def _csv(content: Path, contract: Contract, work: Path, how: dict[str, Any]) -> Source:
    encoding = text.encoding_of(content, contract.read.encoding)
    cleaned = work / "clean.csv"
    blank_lines = text.clean(content, encoding, cleaned)
    delimiter, says_so = text.delimiter_of(cleaned, contract.read.delimiter)
    how |= {
        "format": "csv",
        "encoding": encoding.name,
        "encoding_known_by": encoding.known_by,
        "delimiter": text.shown(delimiter),
    }
    skip = 1 if says_so else 0
    plain = not blank_lines and contract.read.ends_at is None
    if plain:
        source = from_csv(cleaned, delimiter, skip, contract, work)
        if source is not None:
            return source
    rows = itertools.islice(text.rows(cleaned, delimiter, contract.read.quote), skip, None)
    return from_rows(rows, contract, work, reader="row by row")


if __name__ == "__main__":
    main()
