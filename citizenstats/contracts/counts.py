"""Official counts as a CSV beside a contract: `benchmarks.<name>.file`.

What belongs here: reading and checking it. What does not: what the counts are compared with; that is `estimate/`.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.model import Benchmark
from citizenstats.errors import MappingError

Counted = tuple[tuple[str | None, tuple[str, ...], float], ...]
"""Period (None: every one), categories in the order of `Benchmark.by`, and number of units; each combination once."""


def read_counts(path: Path, benchmark: Benchmark, where: str) -> Counted:
    """Return the counts of a benchmark's file, added up over the columns that it does not name.

    Raises:
        MappingError: the file is not there or no UTF-8 CSV, lacks a column, a count is no number of 0 or more, or a row
            stands twice.
    """
    try:
        reader = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True)
        rows, header = list(reader), list(reader.fieldnames or ())
    except FileNotFoundError:
        raise MappingError(
            "NO_SUCH_FILE", f"the counts {path.name} are not there", where, "put them beside the contract"
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise MappingError(
            "BAD_CSV", f"the counts {path.name} are no UTF-8 CSV", where, "save them as UTF-8 CSV"
        ) from None
    for column in (*benchmark.by.values(), benchmark.count, *filter(None, [benchmark.period])):
        if column not in header:
            raise MappingError(
                "BAD_CSV", f"the counts have no column '{column}'", f"{path}:1", nearest(column, header)
            )
    found: dict[tuple[str | None, tuple[str, ...]], float] = {}
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows, start=2):
        here = f"{path}:{number}"
        other = tuple((row[column] or "").strip() for column in header if column != benchmark.count)
        if other in seen:
            raise MappingError("DUPLICATE_KEY", "this row stands twice", here, "count each group once")
        seen.add(other)
        period = (row[benchmark.period] or "").strip() if benchmark.period is not None else None
        key = period, tuple((row[column] or "").strip() for column in benchmark.by.values())
        found[key] = found.get(key, 0.0) + _count(row[benchmark.count], here)
    return tuple((period, categories, count) for (period, categories), count in found.items())


def _count(text: str | None, where: str) -> float:
    try:
        count = float(text or "")
    except ValueError:
        count = math.nan
    if not (math.isfinite(count) and count >= 0):
        raise MappingError(
            "BAD_CSV", "a count is a number of 0 or more", where, "write it without marks of thousands"
        )
    return count
