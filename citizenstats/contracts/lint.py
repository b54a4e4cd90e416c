"""Lint: every fault of a mappings folder at once, each with file, line, what, and how to mend it.

What belongs here: what can be known from the YAML and the structures alone. What does not: looking at data;
a delivery that breaks its contract is refused by `receive/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from citizenstats import clock
from citizenstats.contracts import expressions
from citizenstats.contracts.binding import unbound
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.load import (
    Dataset,
    Document,
    Mappings,
    Position,
    faults,
    load_dataset,
    load_mappings,
    read_yaml,
)
from citizenstats.contracts.model import (
    AgencyFile,
    Contract,
    DataflowFile,
    Estimate,
    Indicator,
    Mapped,
    PartialKey,
    PartnerFile,
    Target,
)
from citizenstats.contracts.values import values
from citizenstats.errors import CitizenstatsError, MappingError
from citizenstats.sdmx.model import DataStructure, Structures, version_key

COMPANIONS = ("_n", "_k")
"""What a compiled figure may map besides its components: unweighted sample size and numerator."""


def lint(folder: Path) -> list[MappingError]:
    """Return all faults under a mappings folder, in the order of files and lines; empty when there are none."""
    found = list(_files(folder))
    if not found:
        try:
            mappings = load_mappings(folder)
        except CitizenstatsError as error:
            return [_as_mapping_error(error)]
        for dataset in mappings.datasets.values():
            faulty = list(_contract(dataset, mappings))
            # What names no column cannot be bound.
            found += faulty or list(unbound(dataset))
        for name in mappings.dataflows:
            found += _dataflow(name, mappings)
        found += _quality(mappings)
        found += _methods(mappings)
    return found


def _methods(mappings: Mappings) -> Iterator[MappingError]:
    """Yield families that cannot be protected in the way that their dataflow files say."""
    from citizenstats.protect.method import faults as unfit

    for family in mappings.families:
        for fault in unfit(mappings, family):
            path = mappings.folder / "dataflows" / f"{fault.flow.replace(':', '/')}.yaml"
            yield MappingError(fault.code, fault.what, read_yaml(path).where(fault.at), fault.mend)


def _quality(mappings: Mappings) -> Iterator[MappingError]:
    """Yield assessments of criteria, and minima of dimensions, that the catalogue of criteria does not know."""
    known = mappings.quality
    for dataset in mappings.datasets.values():
        for criterion in dataset.contract.assessment:
            if criterion not in known.criteria:
                where = dataset.document.where(("assessment", criterion))
                told = f"'{criterion}' is no criterion of quality"
                yield MappingError("UNKNOWN_CRITERION", told, where, nearest(criterion, known.criteria))
    for flow, file in mappings.dataflows.items():
        path = mappings.folder / "dataflows" / f"{flow.replace(':', '/')}.yaml"
        for dimension in file.quality.minimum.dimensions:
            if dimension not in known.dimensions:
                told = f"'{dimension}' is no dimension of quality"
                yield MappingError("UNKNOWN_DIMENSION", told, str(path), nearest(dimension, known.dimensions))
        if file.quality.official and not (path.parent / file.quality.official).is_file():
            told = f"the official figures {file.quality.official} are not there"
            yield MappingError("NO_SUCH_FILE", told, str(path), "put them beside this file")


def _as_mapping_error(error: CitizenstatsError) -> MappingError:
    return MappingError(error.code, error.what, error.where, error.mend)


def _files(folder: Path) -> Iterator[MappingError]:
    """Yield what is wrong with single files: YAML, unknown keys, values of the wrong kind, code maps."""
    yield from _names(folder)
    yield from _file(AgencyFile, folder / "agency.yaml")
    for partner in sorted(p for p in (folder / "partners").glob("*") if p.is_dir()):
        yield from _file(PartnerFile, partner / "partner.yaml")
        for path in sorted(partner.glob("*.yaml")):
            if path.name != "partner.yaml":
                broken = list(_file(Contract, path))
                yield from broken
                if not broken:
                    yield from _caught(lambda path=path: load_dataset(path))  # type: ignore[misc]
    for path in sorted((folder / "dataflows").glob("*/*.yaml")):
        yield from _file(DataflowFile, path)


def _names(folder: Path) -> Iterator[MappingError]:
    """Yield the files that would be passed over, or whose names cannot be those of a partner or dataset."""
    for path in sorted([*(folder / "partners").glob("*/*.yml"), *(folder / "dataflows").glob("*/*.yml")]):
        yield MappingError("BAD_NAME", "this file is not read", str(path), "call it .yaml")
    for path in sorted((folder / "partners").glob("*/*.yaml")):
        for named in (path.parent.name, path.stem):
            if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,59}", named):
                told = f"'{named}' can be no name of a partner or dataset"
                yield MappingError("BAD_NAME", told, str(path), "use small letters a to z, digits and _")


def _file(model: type[AgencyFile | PartnerFile | Contract | DataflowFile], path: Path) -> list[MappingError]:
    try:
        return faults(model, read_yaml(path))
    except MappingError as error:
        return [error]


def _caught(action: Callable[[], object]) -> list[MappingError]:
    try:
        action()
    except CitizenstatsError as error:
        return [_as_mapping_error(error)]
    return []


# --- contracts --------------------------------------------------------------------------------------------


def _contract(dataset: Dataset, mappings: Mappings) -> Iterator[MappingError]:
    contract, document = dataset.contract, dataset.document
    columns = record_names(contract)
    yield from values(contract, document)
    yield from _named_columns(contract, document)
    yield from _record_expressions(contract, document)
    if not contract.targets and not any(
        dataset.name in other.counted_by for other in mappings.datasets.values()
    ):
        yield MappingError(
            "MISSING_KEY",
            "'targets' is missing, and no benchmark takes its counts from here",
            document.where(),
            "add the dataflow that the dataset feeds",
        )
    for i, target in enumerate(contract.targets):
        at: Position = ("targets", i)
        if target.dataflow not in mappings.dataflows:
            yield MappingError(
                "NO_SUCH_FLOW",
                f"there is no dataflow {target.dataflow}",
                document.where((*at, "dataflow")),
                expressions.nearest(target.dataflow, mappings.dataflows),
            )
            continue
        if dataset.name not in mappings.dataflow(target.dataflow).feeds:
            yield MappingError(
                "NOT_FED",
                f"{target.dataflow} does not name {dataset.name} among its feeds",
                document.where((*at, "dataflow")),
                f"add {dataset.name} to `feeds` of the dataflow's file",
            )
        yield from _target(dataset, target, at, columns, mappings)


def record_names(contract: Contract) -> list[str]:
    """Return the names that expressions on a record may use: columns, their `__why` companions, derived values."""
    why = [
        f"{c}__why" for c, column in contract.columns.items() if column.not_collected or column.not_applicable
    ]
    return [*contract.columns, *why, *contract.derive]


def _named_columns(contract: Contract, document: Document) -> Iterator[MappingError]:
    """Every name of a column outside expressions names a column."""
    named: list[tuple[Position, str | None]] = [(("key", i), c) for i, c in enumerate(contract.key)]
    named.append((("delivery", "period"), contract.delivery.period))
    for i, version in enumerate(contract.versions):
        named.append((("versions", i, "when", "column"), version.when.column))
        named += [(("versions", i, "columns", c), c) for c in version.columns]
    for position, name in named:
        if name is not None and name not in contract.columns:
            yield _no_column(name, document.where(position), contract.columns)


def _no_column(name: str, where: str, known: Iterable[str]) -> MappingError:
    return MappingError(
        "UNKNOWN_COLUMN", f"'{name}' is no column", where, expressions.nearest(name, list(known))
    )


def _record_expressions(contract: Contract, document: Document) -> Iterator[MappingError]:
    seen = record_names(contract)[: -len(contract.derive) or None]
    grown: dict[str, float] = {}
    for name, text in contract.derive.items():
        where = document.where(("derive", name))
        faulty = _expression(text, seen, where) or _caught(
            # What is made of a value that is long already becomes longer still.
            lambda text=text, where=where, name=name: grown.update(  # type: ignore[misc]
                {name: expressions.growth(expressions.parse(text, seen, where), where, grown)}
            )
        )
        yield from faulty
        seen.append(name)
    if contract.record.consent.condition is not None:
        yield from _expression(
            contract.record.consent.condition, seen, document.where(("record", "consent", "condition"))
        )
    for i, rule in enumerate(contract.rules):
        yield from _expression(rule.must, seen, document.where(("rules", i, "must")))
    for i, ignored in enumerate(contract.ignore):
        yield from _expression(ignored.when, list(contract.columns), document.where(("ignore", i, "when")))
    for name, levels in contract.extract.generalise.items() if contract.extract is not None else ():
        for i, level in enumerate(levels):
            yield from _expression(level, [name], document.where(("extract", "generalise", name, i)))


def _expression(text: str, names: list[str], where: str) -> list[MappingError]:
    return _caught(lambda: expressions.parse(text, names, where))


# --- targets ----------------------------------------------------------------------------------------------


def _target(
    dataset: Dataset, target: Target, at: Position, columns: list[str], mappings: Mappings
) -> Iterator[MappingError]:
    document = dataset.document
    try:
        structure = mappings.structures.structure_of(mappings.reference(target.dataflow))
    except CitizenstatsError as error:
        yield MappingError(error.code, error.what, document.where((*at, "dataflow")), error.mend)
        return
    names = [*columns, target.unpivot.into] if target.unpivot else columns
    if target.where is not None:
        yield from _expression(target.where, names, document.where((*at, "where")))
    for component, mapped in target.map.items():
        where = document.where((*at, "map", component))
        yield from _mapped(dataset, component, mapped, names, structure, mappings.structures, where)
    yield from _structure_map(dataset, target, structure, mappings, document.where((*at, "structure_map")))
    if target.unpivot is not None:
        for column, constants in target.unpivot.columns.items():
            where = document.where((*at, "unpivot", "columns", column))
            if column not in dataset.contract.columns:
                yield _no_column(column, where, dataset.contract.columns)
            for component, code in constants.items():
                yield from _code(component, code, structure, mappings.structures, where)
    if target.estimate is not None:
        yield from _estimate(
            target.estimate, document, (*at, "estimate"), names, structure, mappings.structures
        )
        yield from _benchmarks(dataset, target.estimate, (*at, "estimate", "benchmarks"), names, mappings)
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
        yield _no_component(component, structure, where)
        return
    if mapped.sql is not None:
        yield from _expression(mapped.sql, names, where)
    if mapped.column is not None and mapped.column not in names:
        yield _no_column(mapped.column, where, names)
    for code in (
        {mapped.value} if mapped.value is not None else set((dataset.codes_of(mapped) or {}).values())
    ):
        yield from _code(component, code, structure, structures, where)


def _structure_map(
    dataset: Dataset, target: Target, structure: DataStructure, mappings: Mappings, where: str
) -> Iterator[MappingError]:
    """Every value that a structure map gives is a code."""
    resolved = dataset.structure_maps.get(dataset.contract.targets.index(target))
    for component, given in resolved.literals.items() if resolved is not None else ():
        if component in structure.by_id:
            for value in dict.fromkeys(given):
                yield from _code(component, value, structure, mappings.structures, where)


def _no_component(component: str, structure: DataStructure, where: str) -> MappingError:
    return MappingError(
        "NO_SUCH_COMPONENT",
        f"{structure.reference} has no component '{component}'",
        where,
        expressions.nearest(component, list(structure.by_id)),
    )


def _code(
    component: str, code: str | None, structure: DataStructure, structures: Structures, where: str
) -> Iterator[MappingError]:
    if component not in structure.by_id:
        yield _no_component(component, structure, where)
        return
    codelist = structure.by_id[component].codelist
    if codelist is None or code is None:
        return
    known = structures.scheme(codelist).by_id
    if code not in known:
        yield MappingError(
            "UNKNOWN_CODE", f"'{code}' is no code of {codelist}", where, expressions.nearest(code, known)
        )


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
            yield _no_column(column, document.where((*at, field)), names)
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
        yield from _code(dimension, code, structure, structures, document.where((*at, "totals", dimension)))
    for name, indicator in estimate.indicators.items():
        where = document.where((*at, "indicators", name))
        code = indicator.set.get(estimate.indicator_dimension, name)
        yield from _code(estimate.indicator_dimension, code, structure, structures, where)
        yield from _indicator(indicator, names, structure, structures, where)


def _indicator(
    indicator: Indicator, names: list[str], structure: DataStructure, structures: Structures, where: str
) -> Iterator[MappingError]:
    for text in (*indicator.expressions, indicator.among, indicator.known_when):
        if text is not None:
            yield from _expression(text, names, where)
    if (difference := indicator.difference) is not None:
        for group in difference.groups:
            yield from _code(difference.across, group, structure, structures, where)
    for component, code in indicator.set.items():
        yield from _code(component, code, structure, structures, where)


def _benchmarks(
    dataset: Dataset, estimate: Estimate, at: Position, names: list[str], mappings: Mappings
) -> Iterator[MappingError]:
    """Both sides of each benchmark have the columns that it names."""
    for benchmark, said in estimate.benchmarks.items():
        where = dataset.document.where((*at, benchmark))
        for column in said.by:
            if column not in names:
                yield _no_column(column, where, names)
        if said.dataset is None:
            continue
        other = mappings.datasets.get(said.dataset)
        if other is None or other is dataset:
            yield MappingError(
                "NO_SUCH_DATASET",
                f"there is no other dataset {said.dataset}",
                where,
                nearest(said.dataset, [d for d in mappings.datasets if d != dataset.name]),
            )
            continue
        if other.contract.record.publication == "none":
            yield MappingError(
                "MAY_NOT_BE_PUBLISHED",
                f"{said.dataset} says publication: none, and calibrated figures rest on it",
                where,
                "take other counts, or ask those concerned",
            )
        counted = record_names(other.contract)
        for column in filter(None, (*said.by.values(), said.count, said.period)):
            if column not in counted:
                yield _no_column(column, where, counted)
        declared = other.contract.columns.get(said.count)
        if declared is not None and declared.type not in ("integer", "number"):
            told = f"the counts {said.count} of {said.dataset} are no numbers"
            yield MappingError("WRONG_TYPE", told, where, f"give {said.count} the type integer there")


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


# --- dataflows --------------------------------------------------------------------------------------------


def _dataflow(name: str, mappings: Mappings) -> Iterator[MappingError]:
    agency, _, identifier = name.partition(":")
    document = read_yaml(mappings.folder / "dataflows" / agency / f"{identifier}.yaml")
    flow = mappings.dataflow(name)
    for i, feed in enumerate(flow.feeds):
        dataset = mappings.datasets.get(feed)
        if dataset is None:
            mend = expressions.nearest(feed, mappings.datasets)
            yield MappingError(
                "NO_SUCH_DATASET", f"there is no dataset {feed}", document.where(("feeds", i)), mend
            )
        elif name not in [t.dataflow for t in dataset.contract.targets]:
            yield MappingError(
                "NOT_FED",
                f"{feed} has no target {name}",
                document.where(("feeds", i)),
                "add a target to its contract",
            )
    if flow.embargo is not None:
        times: list[tuple[Position, str | None]] = [(("embargo", "until"), flow.embargo.until)]
        times += [(("embargo", "calendar", i), time) for i, time in enumerate(flow.embargo.calendar)]
        for position, time in times:
            for fault in _caught(lambda time=time: clock.parse(time or clock.stamp(clock.now()))):  # type: ignore[misc]
                yield MappingError(fault.code, fault.what, document.where(position), fault.mend)
    try:
        structure = mappings.structures.structure_of(mappings.reference(name))
    except CitizenstatsError as error:
        yield MappingError(error.code, error.what, document.where(("structure",)), error.mend)
        return
    for dimension, codes in flow.constraint.items():
        for code in codes:
            yield from _code(
                dimension, code, structure, mappings.structures, document.where(("constraint", dimension))
            )
    yield from _declared_cells(flow, structure, mappings.structures, document)
    yield from _recoded(flow, structure, mappings.structures, document)


def _declared_cells(
    flow: DataflowFile, structure: DataStructure, structures: Structures, document: Document
) -> Iterator[MappingError]:
    """Yield dimensions and codes of cells that are dear to hide, or must stay, which the structure does not have."""
    said = flow.protection.suppression
    if said is None:
        return
    named: list[tuple[Position, PartialKey]] = [
        *((("cost", i, "cells"), entry.cells) for i, entry in enumerate(said.cost)),
        *((("stay", i), cells) for i, cells in enumerate(said.stay)),
    ]
    for position, cells in named:
        for dimension, codes in cells.items():
            where = document.where(("protection", "suppression", *position, dimension))
            if dimension not in structure.key:
                told = f"{structure.reference} has no dimension '{dimension}'"
                yield MappingError(
                    "NO_SUCH_COMPONENT", told, where, expressions.nearest(dimension, structure.key)
                )
                continue
            for code in codes:
                yield from _code(dimension, code, structure, structures, where)


def _recoded(
    flow: DataflowFile, structure: DataStructure, structures: Structures, document: Document
) -> Iterator[MappingError]:
    """Yield what is wrong with the codes of former versions: their dimensions and codes are those of this version."""
    for version, dimensions in flow.recoded.items():
        at = ("recoded", version)
        if version_key(version) >= version_key(flow.version):
            yield MappingError(
                "BAD_VALUE",
                f"{version} is no former version of {flow.version}",
                document.where(at),
                "name the version that had the codes before",
            )
        for dimension, codes in dimensions.items():
            where = document.where((*at, dimension))
            if dimension not in {d.id for d in structure.dimensions}:
                yield _no_component(dimension, structure, where)
                continue
            for new in codes.values():
                for code in [new] if isinstance(new, str) else new:
                    yield from _code(dimension, code, structure, structures, where)
