"""The SQL engine: DuckDB, in memory, over Parquet files, with everything outside closed.

Each piece of work opens its own connection and closes it. Nothing is shared, nothing stays open, no database
file is ever the store. The engine's own error texts quote data, so they never leave this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from citizenstats.errors import EngineError, OutOfMemoryError

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY_LIMIT = "1400MB"
"""DuckDB's share of the 2 GB that a step may use."""

STREAMED_AHEAD = "16MB"
"""How far DuckDB computes ahead of whoever reads a result batch by batch, so that both work at the same time."""


class Engine:
    """One open connection; use `session`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Execute one statement and return its cursor.

        Raises:
            EngineError: it failed; the text holds the kind of failure and the statement's first words, no data.
        """
        try:
            return (
                self._connection.execute(sql, list(parameters))
                if parameters
                else self._connection.execute(sql)
            )
        except duckdb.Error as error:
            raise _without_data(error, sql) from None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a small result."""
        cursor = self.run(sql, parameters)
        try:
            fetched: list[tuple[Any, ...]] = cursor.fetchall()
            return fetched
        except duckdb.Error as error:
            raise _without_data(error, sql) from None

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first value of the first row; None when there is no row."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return names and types of the columns of a query, without running it."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE {sql}")]

    def batches(self, sql: str, rows: int = 20_000) -> Iterator[pa.RecordBatch]:
        """Yield the result of a query as Arrow batches of at most `rows` rows, streaming."""
        # Only here: it takes as long to load as all the rest that a reading process needs.
        import pyarrow as pa

        try:
            yield from self._connection.sql(sql).to_arrow_reader(rows)
        except (duckdb.Error, pa.ArrowException) as error:
            raise _without_data(error, sql) from None

    def register(self, name: str, table: pa.Table) -> None:
        """Let SQL read an Arrow table under a name."""
        self._connection.register(name, table)

    def write_parquet(self, sql: str, target: Path) -> int:
        """Write a query's rows in their order as Parquet and return how many there are."""
        into = f"{quoted(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
        return int(self.value(f"COPY ({sql}) TO {into}"))


@contextmanager
def session(
    folders: Iterable[Path] = (),
    *,
    threads: int | None = None,
    scratch: Path | None = None,
    memory: str = MEMORY_LIMIT,
) -> Iterator[Engine]:
    """Open an engine that can reach only `folders`; it is closed at the end.

    Args:
        folders: folders whose files may be read and written; everything else outside is closed.
        threads: 1 where sums of floating point numbers must have equal bits in each run.
        scratch: folder for spilling to disk, inside the restricted store; without it nothing spills.
        memory: what the engine may use before it spills, or fails with `OutOfMemoryError`.
    """
    connection = duckdb.connect()
    try:
        connection.execute(f"SET memory_limit = {quoted(memory)}")
        connection.execute(f"SET streaming_buffer_size = '{STREAMED_AHEAD}'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        if threads:
            connection.execute(f"SET threads = {threads}")
        allowed = [Path(folder) for folder in folders]
        if scratch is not None:
            connection.execute(f"SET temp_directory = {quoted(str(scratch))}")
        else:
            connection.execute("SET temp_directory = ''")
        listed = ", ".join(quoted(str(folder)) for folder in allowed)
        connection.execute(f"SET allowed_directories = [{listed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield Engine(connection)
    finally:
        connection.close()


def quoted(text: str) -> str:
    """Return `text` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Return `identifier` as a quoted SQL name."""
    return '"' + identifier.replace('"', '""') + '"'


def _without_data(error: Exception, sql: str) -> EngineError:
    words = " ".join(re.sub(r"'(?:[^']|'')*'", "'…'", sql).split())[:80]
    kind = OutOfMemoryError if isinstance(error, duckdb.OutOfMemoryException) else EngineError
    return kind(
        "ENGINE_FAILED", f"{type(error).__name__} in the statement «{words}»", mend="see the step's SQL"
    )
