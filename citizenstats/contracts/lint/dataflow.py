"""What is wrong with the file of a dataflow against its structure, its family and the catalogue of criteria."""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats import clock
from citizenstats.contracts import expressions
from citizenstats.contracts.document import Document, Position, read_yaml
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.lint.common import caught, code_faults, no_component
from citizenstats.contracts.load import Mappings
from citizenstats.contracts.model import (
    DataflowFile,
    PartialKey,
)
from citizenstats.errors import CitizenstatsError, MappingError
from citizenstats.sdmx.model import DataStructure, Structures, version_key


def method_faults(mappings: Mappings) -> Iterator[MappingError]:
    """Yield families that cannot be protected in the way that their dataflow files say."""
    from citizenstats.protect.method import faults as unfit

    for family in mappings.families:
        for fault in unfit(mappings, family):
            path = mappings.folder / "dataflows" / f"{fault.flow.replace(':', '/')}.yaml"
            yield MappingError(fault.code, fault.what, read_yaml(path).where(fault.at), fault.mend)


def quality_faults(mappings: Mappings) -> Iterator[MappingError]:
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


def dataflow_faults(name: str, mappings: Mappings) -> Iterator[MappingError]:
    """Yield what is wrong with the file of ``AGENCY:ID``."""
    agency, _, identifier = name.partition(":")
    document = read_yaml(mappings.folder / "dataflows" / agency / f"{identifier}.yaml")
    flow = mappings.dataflow(name)
    yield from _feeds(name, flow, mappings, document)
    if flow.embargo is not None:
        times: list[tuple[Position, str | None]] = [(("embargo", "until"), flow.embargo.until)]
        times += [(("embargo", "calendar", i), time) for i, time in enumerate(flow.embargo.calendar)]
        for position, time in times:
            for fault in caught(lambda time=time: clock.parse(time or clock.stamp(clock.now()))):  # type: ignore[misc]
                yield MappingError(fault.code, fault.what, document.where(position), fault.mend)
    try:
        structure = mappings.structures.structure_of(mappings.reference(name))
    except CitizenstatsError as error:
        yield MappingError(error.code, error.what, document.where(("structure",)), error.mend)
        return
    for dimension, codes in flow.constraint.items():
        for code in codes:
            yield from code_faults(
                dimension, code, structure, mappings.structures, document.where(("constraint", dimension))
            )
    yield from _declared_cells(flow, structure, mappings.structures, document)
    yield from _recoded(flow, structure, mappings.structures, document)


def _feeds(name: str, flow: DataflowFile, mappings: Mappings, document: Document) -> Iterator[MappingError]:
    """Yield feeds that are no dataset, or have no target for the dataflow; nobody knows of a contract that cannot be read."""
    for i, feed in enumerate(flow.feeds):
        dataset = mappings.datasets.get(feed)
        if feed not in mappings.names:
            mend = expressions.nearest(feed, mappings.names)
            yield MappingError(
                "NO_SUCH_DATASET", f"there is no dataset {feed}", document.where(("feeds", i)), mend
            )
        elif dataset is not None and name not in [t.dataflow for t in dataset.contract.targets]:
            yield MappingError(
                "NOT_FED",
                f"{feed} has no target {name}",
                document.where(("feeds", i)),
                "add a target to its contract",
            )


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
                yield from code_faults(dimension, code, structure, structures, where)


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
                yield no_component(dimension, structure, where)
                continue
            for new in codes.values():
                for code in [new] if isinstance(new, str) else new:
                    yield from code_faults(dimension, code, structure, structures, where)
