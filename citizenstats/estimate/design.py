"""Which sampling design an estimate has, and what of it was drawn.

What belongs here: from the contract to the design that standard errors rest on, the SELECT of what was drawn, and
what is wrong with it. Without a probability design there is no `Design`, and so no standard error: no formula tells how
far a sample of volunteers, a register or all communities that took part are from a population that nobody drew from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from citizenstats.contracts.model import Contract, Estimate
from citizenstats.engine import name, quoted

Lonely = Literal["fail", "certainty", "adjust", "average"]


@dataclass(frozen=True)
class Design:
    """A probability design; all but `lonely` are columns of the records.

    Attributes:
        strata: the stratum; None: one stratum.
        cluster: the primary sampling unit; None: each record is drawn by itself.
        cluster2: the secondary unit within the primary one.
        population: number of primary units of the stratum in the population; None: no finite population correction.
        population2: number of secondary units of the primary one in the population.
        weight: the sampling weight; None: equal.
        lonely: what a stratum with a single primary unit contributes.
    """

    strata: str | None
    cluster: str | None
    cluster2: str | None
    population: str | None
    population2: str | None
    weight: str | None
    lonely: Lonely

    @property
    def units(self) -> tuple[str, ...]:
        """The columns of `cells` that tell drawn units apart."""
        if self.cluster is None:
            return ("_stratum",)
        return ("_stratum", "_psu", "_ssu") if self.cluster2 is not None else ("_stratum", "_psu")

    def columns(self) -> list[str]:
        """Return the select list of `units` on a record."""
        given = {"_stratum": self.strata, "_psu": self.cluster, "_ssu": self.cluster2}
        return [f"{_text(given[unit])} AS {unit}" for unit in self.units]


def design_of(contract: Contract, estimate: Estimate) -> Design | None:
    """Return the probability design of an estimate; None where no standard error is defensible.

    Unless the contract says `design`, a probability sample with strata or clusters has one, and nothing else.
    """
    declared = estimate.design
    if (
        declared is None
        and contract.record.sampling == "probability"
        and (estimate.strata or estimate.cluster)
    ):
        declared = "probability"
    if declared == "simple_random":
        return Design(None, None, None, estimate.population, None, estimate.weight, estimate.lonely)
    if declared != "probability":
        return None
    return Design(
        strata=estimate.strata,
        cluster=estimate.cluster,
        cluster2=estimate.cluster2,
        population=estimate.population,
        population2=estimate.population2,
        weight=estimate.weight,
        lonely=estimate.lonely,
    )


def drawn(design: Design, period: str, records: str) -> list[str]:
    """Return the steps of what was drawn: `drawn`, one row a stratum and period, and `drawn_units` before it.

    ALL records count, also those that a target leaves out: a domain does not change the design.

    Args:
        design: the design.
        period: SQL of the period on a record; each period is a sample of its own.
        records: the step that holds the records.
    """
    stratum = f"{period} AS period, {_text(design.strata)} AS _stratum"
    population = f"max({_count(design.population)}) AS population"
    if design.cluster is None:
        return [
            f"drawn AS (SELECT {stratum}, CAST(count(*) AS DOUBLE) AS nh, {population} FROM {records} GROUP BY ALL)"
        ]
    secondary = f"count(DISTINCT {_text(design.cluster2)})"
    return [
        f"drawn_units AS (SELECT {stratum}, {_text(design.cluster)} AS _psu, {population}, "
        f"CAST({secondary} AS DOUBLE) AS m, max({_count(design.population2)}) AS m_population "
        f"FROM {records} GROUP BY ALL)",
        _STRATA,
    ]


def clusters(design: Design, records: str) -> str | None:
    """Return the SELECT of how many clusters were drawn; None where each record was drawn by itself."""
    if design.cluster is None:
        return None
    listed = f"{_text(design.strata)}, {_text(design.cluster)}"
    return f"SELECT count(*) FROM (SELECT DISTINCT {listed} FROM {records})"


def drawn_cells(design: Design, period: str, records: str, weight: str, cell: str) -> list[str]:
    """Return the steps of `drawn`, and before them `drawn_cells`: the weight of each drawn unit in each cell of benchmarks.

    The records are read once for both. Every record has a cell: where one has none, nothing is calibrated.

    Args:
        design: the design.
        period: SQL of the period on a record.
        records: the step that holds all records with their cells.
        weight: column of the calibrated weight.
        cell: column of the cell.
    """
    steps = [
        f"drawn_cells AS MATERIALIZED (SELECT {period} AS period, {', '.join(design.columns())}, {cell}, count(*) AS n, "
        f"sum({weight}) AS w, sum({weight} * {weight}) AS w2, max({_count(design.population)}) AS population, "
        f"max({_count(design.population2)}) AS m_population FROM {records} GROUP BY ALL)"
    ]
    if design.cluster is None:
        return [
            *steps,
            "drawn AS (SELECT period, _stratum, CAST(sum(n) AS DOUBLE) AS nh, max(population) AS population "
            "FROM drawn_cells GROUP BY ALL)",
        ]
    secondary = "count(DISTINCT _ssu)" if design.cluster2 is not None else "count(DISTINCT '')"
    return [
        *steps,
        f"drawn_units AS (SELECT period, _stratum, _psu, max(population) AS population, CAST({secondary} AS DOUBLE) AS m, "
        "max(m_population) AS m_population FROM drawn_cells GROUP BY ALL)",
        _STRATA,
    ]


_STRATA = (
    "drawn AS (SELECT period, _stratum, CAST(count(*) AS DOUBLE) AS nh, max(population) AS population "
    "FROM drawn_units GROUP BY ALL)"
)


def faults(design: Design, period: str, records: str) -> str:
    """Return the SELECT of what is wrong with the design: one row, one count of strata or records a fault."""
    stratum, cluster = _text(design.strata), _text(design.cluster)
    weight = name(design.weight) if design.weight else "1"
    population, population2 = _count(design.population), _count(design.population2)
    inner = (
        f"SELECT {period} AS period, {stratum} AS s, {'NULL' if design.cluster is None else cluster} AS c, "
        f"CAST({weight} AS DOUBLE) AS w, {population} AS pop, {_text(design.cluster2)} AS c2, {population2} AS pop2 "
        f"FROM {records}"
    )
    number = "count(*)" if design.cluster is None else "count(DISTINCT c)"
    incomplete = ["s IS NULL", _NO_WEIGHT]
    incomplete += ["c IS NULL"] if design.cluster else []
    incomplete += ["c2 IS NULL"] if design.cluster2 else []
    incomplete += ["pop IS NULL"] if design.population else []
    lonely = f"{number} = 1 AND coalesce(max(pop), 2) > 1" if design.lonely == "fail" else "FALSE"
    return (
        f"SELECT * FROM (WITH design AS ({inner}), "
        f"strata AS (SELECT {lonely} AS lonely, count(DISTINCT pop) > 1 AS differs, "
        f"coalesce(max(pop) < {number}, FALSE) AS fewer FROM design GROUP BY period, s), "
        "seconds AS (SELECT count(DISTINCT pop2) > 1 OR coalesce(max(pop2) < count(DISTINCT c2), FALSE) AS wrong "
        "FROM design GROUP BY period, s, c) "
        f"SELECT (SELECT count(*) FROM design WHERE {' OR '.join(incomplete)}) AS DESIGN_INCOMPLETE, "
        "(SELECT count(*) FROM strata WHERE differs OR fewer) + (SELECT count(*) FROM seconds WHERE wrong) "
        "AS DESIGN_POPULATION, (SELECT count(*) FROM strata WHERE lonely) AS LONELY_CLUSTER)"
    )


def faults_of_weights(weight: str, records: str, where: str) -> str:
    """Return the same SELECT where nothing was drawn: what is weighed must have a weight for all that.

    Args:
        weight: the column of the weight.
        records: the step that holds the records.
        where: SQL of which of them count; empty: all.
    """
    return (
        f"SELECT count(*) FILTER (WHERE {_NO_WEIGHT}) AS DESIGN_INCOMPLETE, 0 AS DESIGN_POPULATION, 0 AS LONELY_CLUSTER "
        f"FROM (SELECT CAST({name(weight)} AS DOUBLE) AS w FROM {records}{f' WHERE {where}' if where else ''})"
    )


_NO_WEIGHT = "w IS NULL OR NOT w > 0 OR NOT isfinite(w)"

FAULTS = {
    "DESIGN_INCOMPLETE": (
        "records without a stratum, cluster, population or weight above 0",
        "make the columns of the design required in the contract",
    ),
    "DESIGN_POPULATION": (
        "strata or clusters whose population differs between records, or is smaller than the sample",
        "give the number of units in the population, the same for the whole stratum",
    ),
    "LONELY_CLUSTER": (
        "strata (or periods) with a single cluster (or unit), whose variance nobody can know",
        "merge strata in the contract, leave such a period out with `where`, or choose estimate.lonely: certainty, adjust "
        "or average",
    ),
}
"""Fault → what is wrong, and how to mend it."""


def _text(column: str | None) -> str:
    return f"CAST({name(column)} AS VARCHAR)" if column is not None else quoted("")


def _count(column: str | None) -> str:
    return f"CAST({name(column)} AS DOUBLE)" if column is not None else "CAST(NULL AS DOUBLE)"
