"""What is measured: the rows of the table, one line each. A step adds a module with its work, and its rows here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LIBRARY_ROWS = 100_000
"""Observations at which the libraries are compared: more would take minutes."""
RECORDS = 10_000_000
"""Records that are estimated, and observations that are validated."""


MEDIAN_RECORDS = 3_000_000
"""Records at which medians are compared: of more the engine's own takes many GB."""


@dataclass(frozen=True)
class Row:
    """One work against its yardstick.

    Attributes:
        title: as the table shows it.
        work: what is measured, ``module:function``.
        yardstick: what it is compared with.
        target: the ratio to keep.
        kind: ``at most`` the target times the yardstick's time, or ``faster`` than the yardstick by the target.
        prepare: makes the input of both, once for each number of rows.
        rows: number of rows; None for the one asked for.
    """

    title: str
    work: str
    yardstick: str
    target: float
    kind: Literal["at most", "faster"]
    prepare: str
    rows: int | None = None


@dataclass(frozen=True)
class Memory:
    """A work whose peak memory must not grow with the number of rows; the target is in MiB."""

    title: str
    work: str
    prepare: str
    target: float = 2048


_MESSAGES = "bench.messages:observations"
_COPY = "bench.messages:copy_csv"


def _message(title: str, work: str, target: float) -> Row:
    return Row(title, f"bench.messages:{work}", _COPY, target, "at most", _MESSAGES)


def _library(title: str, work: str, library: str) -> Row:
    return Row(
        title, f"bench.messages:{work}", f"bench.messages:{library}", 20, "faster", _MESSAGES, LIBRARY_ROWS
    )


ROWS: tuple[Row, ...] = (
    _message("write SDMX-CSV 2.1 / DuckDB COPY to CSV", "csv", 1.5),
    _message("write SDMX-ML 3.0 flat / the same", "ml_flat", 1.5),
    _message("write SDMX-ML 3.0 series / the same", "ml_series", 2.5),
    _message("write SDMX-ML 2.1 series / the same", "ml_21_series", 2.5),
    _message("write SDMX-JSON 2.0 series / the same", "json_series", 2.5),
    Row(
        "receive to assembled, CSV of microdata / DuckDB CSV to Parquet", "bench.survey:receive_to_assembled",
        "bench.survey:csv_to_parquet", 6, "at most", "bench.survey:deliveries",
    ),
    Row(
        "harmonize and estimate records / the bare aggregation", "bench.survey:estimates",
        "bench.survey:bare_aggregation", 3, "at most", "bench.survey:records", RECORDS,
    ),
    Row(
        "estimate records with a median and a difference / the bare aggregation without", "bench.survey:estimates_with_median",
        "bench.survey:bare_aggregation", 5, "at most", "bench.survey:records", RECORDS,
    ),
    Row(
        "estimate records with a median and a difference / with the engine's own median", "bench.survey:estimates_with_median",
        "bench.survey:bare_aggregation_with_median", 3, "at most", "bench.survey:records", MEDIAN_RECORDS,
    ),
    Row(
        "estimate records in strata / the bare aggregation", "bench.designs:alone",
        "bench.designs:bare_aggregation", 3, "at most", "bench.designs:records", RECORDS,
    ),
    Row(
        "validate against the SDG structure / DuckDB COPY to CSV", "bench.validation:validated",
        "bench.validation:copied", 2, "at most", "bench.validation:observations", RECORDS,
    ),
    _library("write SDMX-CSV 2.1, against pysdmx", "csv", "pysdmx_csv"),
    _library("write SDMX-ML 3.0, against pysdmx", "ml_series", "pysdmx_ml"),
    _library("write SDMX-ML 2.1, against sdmx1", "ml_21_series", "sdmx1_ml"),
)  # fmt: skip

MEMORY: tuple[Memory, ...] = (
    Memory("memory, SDMX-CSV 2.1", "bench.messages:csv", _MESSAGES),
    Memory("memory, SDMX-ML 3.0 flat", "bench.messages:ml_flat", _MESSAGES),
    Memory("memory, SDMX-ML 3.0 series", "bench.messages:ml_series", _MESSAGES),
    Memory("memory, estimates of strata", "bench.designs:alone", "bench.designs:records", 512),
    Memory("memory, estimates of 1,000 clusters", "bench.designs:few_clusters", "bench.designs:records", 512),
    Memory(
        "memory, estimates of 10,000 clusters with p %",
        "bench.designs:many_clusters",
        "bench.designs:records",
        512,
    ),
)
