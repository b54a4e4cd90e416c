"""``python -m bench``: measure and print the table. Exit 1 when a target is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.measure import measured
from bench.rows import MEMORY, ROWS, Memory, Row


def main() -> int:
    """Measure what is asked for and return the exit code."""
    asked = _arguments()
    table = Table(title="Ratios on this machine, in this run")
    for column, justify in (
        ("work", "left"), ("rows", "right"), ("it took", "right"), ("yardstick", "right"),
        ("ratio", "right"), ("target", "right"), ("", "left"),
    ):  # fmt: skip
        table.add_column(column, justify=justify)
    console = Console()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder, console.status("measuring …") as status:
        kept = []
        for row in (row for row in ROWS if asked.only in row.title):
            status.update(row.title)
            kept.append(_ratio(table, row, Path(folder), asked.rows))
        for memory in (memory for memory in MEMORY if asked.only in memory.title):
            for rows in asked.memory:
                status.update(f"{memory.title}, {rows:,} rows")
                kept.append(_memory(table, memory, Path(folder), rows))
    console.print(table)
    return 0 if all(kept) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the ratios (1,000,000)")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[1_000_000, 4_000_000],
        help="rows at which peak memory is measured (1,000,000 and 4,000,000)",
    )  # fmt: skip
    parser.add_argument("--only", default="", help="only works with this in their title")
    parser.add_argument("--folder", type=Path, help="where to put the files (the system's temporary folder)")
    return parser.parse_args()


def _ratio(table: Table, row: Row, folder: Path, asked: int) -> bool:
    rows = row.rows or asked
    measured(row.prepare, folder, rows, repeat=1)
    slow = 1 if row.kind == "faster" else 3
    yardstick = measured(row.yardstick, folder, rows, repeat=slow).seconds
    taken = measured(row.work, folder, rows).seconds
    ratio = yardstick / taken if row.kind == "faster" else taken / yardstick
    kept = ratio >= row.target if row.kind == "faster" else ratio <= row.target
    sign = "≥" if row.kind == "faster" else "≤"
    table.add_row(
        row.title, f"{rows:,}", f"{taken:.2f} s", f"{yardstick:.2f} s",
        f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×", f"{sign} {row.target:g} ×", _verdict(kept),
    )  # fmt: skip
    return kept


def _memory(table: Table, memory: Memory, folder: Path, rows: int) -> bool:
    measured(memory.prepare, folder, rows, repeat=1)
    found = measured(memory.work, folder, rows, repeat=1)
    kept = found.peak < memory.target
    table.add_row(
        memory.title, f"{rows:,}", f"{found.seconds:.2f} s", "", f"{found.peak:.0f} MiB",
        f"< {memory.target:g} MiB", _verdict(kept),
    )  # fmt: skip
    return kept


def _verdict(kept: bool) -> str:
    return "[green]kept[/green]" if kept else "[red]missed[/red]"


if __name__ == "__main__":
    sys.exit(main())
