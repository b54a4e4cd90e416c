"""What is wrong with a target of a contract against the structure of its dataflow."""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats.contracts import expressions
from citizenstats.contracts.document import Document, Position
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.lint.common import code_faults, expression_faults, no_column, no_component
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import (
    Estimate,
    Indicator,
    Mapped,
    Target,
)
from citizenstats.errors import CitizenstatsError, MappingError
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.model import DataStructure, Structures

COMPANIONS = ("_n", "_k")
"""What a compiled figure may map besides its components: unweighted sample size and numerator."""


def target_faults(
    dataset: Dataset, target: Target, at: Position, columns: list[str], mappings: Mappings
) -> Iterator[MappingError]:
    """Yield what is wrong with one target."""
    document = dataset.document
    try:
        structure = mappings.structures.structure_of(mappings.reference(target.dataflow))
    except CitizenstatsError as error:
        yield MappingError(error.code, error.what, document.where((*at, "dataflow")), error.mend)
        return
    names = [*columns, target.unpivot.into] if target.unpivot else columns
    if target.where is not None:
        yield from expression_faults(target.where, names, document.where((*at, "where")))
    for component, mapped in target.map.items():
        where = document.where((*at, "map", component))
        yield from _mapped(dataset, component, mapped, names, structure, mappings.structures, where)
    yield from _structure_map(dataset, target, structure, mappings, document.where((*at, "structure_map")))
    if target.unpivot is not None:
        for column, constants in target.unpivot.columns.items():
            where = document.where((*at, "unpivot", "columns", column))
            if column not in dataset.contract.columns:
                yield no_column(column, where, dataset.contract.columns)
            for component, code in constants.items():
                yield from code_faults(component, code, structure, mappings.structures, where)
    if target.estimate is not None:
        yield from _estimate(
            target.estimate, document, (*at, "estimate"), names, structure, mappings.structures
        )
        yield from _benchmarks(dataset, target.estimate, (*at, "estimate", "benchmarks"), names, mappings)
    yield from _measured(structure, document.where((*at, "dataflow")))
    yield from _complete(target, structure, document.where((*at, "map")))


def _mapped(
    dataset: Dataset,
    component: str,
    mapped: Mapped,
    names: list[str],
    structure: DataStructure,
    structures: Structures,
    where: str,
) -> Iterator[MappingError]:
    if component not in structure.by_id and component not in COMPANIONS:
        yield no_component(component, structure, where)
        return
    if mapped.sql is not None:
        yield from expression_faults(mapped.sql, names, where)
    if mapped.column is not None and mapped.column not in names:
        yield no_column(mapped.column, where, names)
    for code in (
        {mapped.value} if mapped.value is not None else set((dataset.codes_of(mapped) or {}).values())
    ):
        yield from code_faults(component, code, structure, structures, where)


def _structure_map(
    dataset: Dataset, target: Target, structure: DataStructure, mappings: Mappings, where: str
) -> Iterator[MappingError]:
    """Every value that a structure map gives is a code."""
    resolved = dataset.structure_maps.get(dataset.contract.targets.index(target))
    for component, given in resolved.literals.items() if resolved is not None else ():
        if component in structure.by_id:
            for value in dict.fromkeys(given):
                yield from code_faults(component, value, structure, mappings.structures, where)


def _estimate(
    estimate: Estimate,
    document: Document,
    at: Position,
    names: list[str],
    structure: DataStructure,
    structures: Structures,
) -> Iterator[MappingError]:
    for field in ("weight", "strata", "cluster", "cluster2", "population", "population2"):
        column = getattr(estimate, field)
        if column is not None and column not in names:
            yield no_column(column, document.where((*at, field)), names)
    dimensions = {c.id for c in structure.dimensions}
    margins = [d for margin in estimate.margins or [] for d in margin]
    for dimension in [*estimate.breakdowns, *margins, *estimate.known_across, estimate.indicator_dimension]:
        if dimension not in dimensions:
            yield MappingError(
                "NO_SUCH_COMPONENT",
                f"{structure.reference} has no dimension '{dimension}'",
                document.where((*at, "breakdowns")),
                expressions.nearest(dimension, list(dimensions)),
            )
    for dimension in estimate.breakdowns:
        code = estimate.totals.get(dimension, "_T")
        yield from code_faults(
            dimension, code, structure, structures, document.where((*at, "totals", dimension))
        )
    for name, indicator in estimate.indicators.items():
        where = document.where((*at, "indicators", name))
        code = indicator.set.get(estimate.indicator_dimension, name)
        yield from code_faults(estimate.indicator_dimension, code, structure, structures, where)
        yield from _indicator(indicator, names, structure, structures, where)


def _indicator(
    indicator: Indicator, names: list[str], structure: DataStructure, structures: Structures, where: str
) -> Iterator[MappingError]:
    for text in (*indicator.expressions, indicator.among, indicator.known_when):
        if text is not None:
            yield from expression_faults(text, names, where)
    if (difference := indicator.difference) is not None:
        for group in difference.groups:
            yield from code_faults(difference.across, group, structure, structures, where)
    for component, code in indicator.set.items():
        yield from code_faults(component, code, structure, structures, where)


def _benchmarks(
    dataset: Dataset, estimate: Estimate, at: Position, names: list[str], mappings: Mappings
) -> Iterator[MappingError]:
    """Both sides of each benchmark have the columns that it names."""
    for benchmark, said in estimate.benchmarks.items():
        where = dataset.document.where((*at, benchmark))
        for column in said.by:
            if column not in names:
                yield no_column(column, where, names)
        # Whether one that cannot be read fits is told once it can be.
        if said.dataset is None or said.dataset in mappings.unreadable:
            continue
        other = mappings.datasets.get(said.dataset)
        if other is None or other is dataset:
            yield MappingError(
                "NO_SUCH_DATASET",
                f"there is no other dataset {said.dataset}",
                where,
                nearest(said.dataset, [d for d in mappings.names if d != dataset.name]),
            )
            continue
        if other.contract.record.publication == "none":
            yield MappingError(
                "MAY_NOT_BE_PUBLISHED",
                f"{said.dataset} says publication: none, and calibrated figures rest on it",
                where,
                "take other counts, or ask those concerned",
            )
        counted = other.contract.record_names
        for column in filter(None, (*said.by.values(), said.count, said.period)):
            if column not in counted:
                yield no_column(column, where, counted)
        declared = other.contract.columns.get(said.count)
        if declared is not None and declared.type not in ("integer", "number"):
            told = f"the counts {said.count} of {said.dataset} are no numbers"
            yield MappingError("WRONG_TYPE", told, where, f"give {said.count} the type integer there")


def _measured(structure: DataStructure, where: str) -> Iterator[MappingError]:
    """What is published is protected, and protection knows single numbers."""
    for measure in structure.measures:
        if measure.several or sql_type(measure) == "VARCHAR":
            several = "has several values" if measure.several else "is no number"
            yield MappingError(
                "MEASURE_IS_NO_NUMBER",
                f"the measure {measure.id} of {structure.reference} {several}, and no rule of protection knows such a one",
                where,
                "take a structure whose measures are single numbers; messages of this one can be read, validated and written",
            )


def _complete(target: Target, structure: DataStructure, where: str) -> Iterator[MappingError]:
    """Every dimension and every mandatory attribute comes from somewhere."""
    given = set(target.map) | {
        c for constants in (target.unpivot.columns.values() if target.unpivot else ()) for c in constants
    }
    if target.estimate is not None:
        given |= {target.estimate.indicator_dimension, *(m.id for m in structure.measures)}
        given |= {c for indicator in target.estimate.indicators.values() for c in indicator.set}
    needed = [
        *structure.key,
        *(m.id for m in structure.measures),
        *(a.id for a in structure.attributes if a.mandatory),
    ]
    for component in needed:
        if component not in given and component != "OBS_STATUS":
            yield MappingError(
                "NOT_MAPPED",
                f"{component} of {structure.reference} comes from nowhere",
                where,
                f"add '{component}:' to the map",
            )
