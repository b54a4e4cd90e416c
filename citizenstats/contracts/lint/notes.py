"""What a contract may well mean, and should be looked at: told by `check` and `preview`, and stopping nothing.

Add here: what is right in some contracts and a slip in others. Keep out: what can never be right; that is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from citizenstats.contracts.document import Position
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import Target
from citizenstats.errors import MappingError
from citizenstats.receive.header import aliases_of, folded
from citizenstats.sdmx.model import DataStructure

_KEPT = frozenset(
    {"footnote_marks", "ends_at", "date_format", "delimiter", "quote", "thousands", "pattern", "codes"}
)
"""Keys under which white space means something, and stays."""


def notes_of(dataset: Dataset, mappings: Mappings) -> Iterator[MappingError]:
    """Yield what should be looked at in a contract without faults, with file and line."""
    yield from _dropped_space(dataset, dataset.document.content, ())
    yield from _one_header(dataset)
    for i, target in enumerate(dataset.contract.targets):
        structure = mappings.structures.structure_of(mappings.reference(target.dataflow))
        yield from _one_sample_size(dataset, target, i, structure)


def _dropped_space(dataset: Dataset, content: Any, at: Position) -> Iterator[MappingError]:
    """Yield texts that lose the white space around them; texts that are compared with cells do, as the cells."""
    if isinstance(content, dict):
        for key, inner in content.items():
            if key not in _KEPT:
                yield from _dropped_space(dataset, inner, (*at, key))
    elif isinstance(content, list):
        for i, inner in enumerate(content):
            yield from _dropped_space(dataset, inner, (*at, i))
    # A block of lines ends with a line feed that nobody meant, and a blank is an empty cell.
    elif isinstance(content, str) and content.strip() and content.rstrip("\n") != content.strip():
        yield MappingError(
            "SPACE_DROPPED",
            f"the white space around the text of '{'.'.join(map(str, at))}' is dropped",
            dataset.document.where(at),
            "leave it out; cells are compared without it too",
        )


def _one_header(dataset: Dataset) -> Iterator[MappingError]:
    """Yield columns that take the same header as one before them: both have the same cells."""
    seen: dict[str, str] = {}
    for column in dataset.contract.columns:
        for header in {folded(alias) for alias in aliases_of(dataset.contract, column)}:
            before = seen.setdefault(header, column)
            if before != column:
                yield MappingError(
                    "SAME_HEADER",
                    f"'{column}' takes the header of '{before}': both have the same cells",
                    dataset.document.where(("columns", column, "header")),
                    "name the header that is meant; leave it, if both are",
                )


def _one_sample_size(
    dataset: Dataset, target: Target, number: int, structure: DataStructure
) -> Iterator[MappingError]:
    """Yield a sample size or numerator that several measures share: who did not answer one of them is counted all the same."""
    if target.estimate is not None:
        return
    measures = [m.id for m in structure.measures if m.id in target.map]
    of = list(target.unpivot.columns) if target.unpivot is not None else measures
    for companion in ("_n", "_k"):
        if companion in target.map and len(of) > 1:
            yield MappingError(
                "ONE_SAMPLE_SIZE",
                f"{companion} is the same for {', '.join(of)}: where fewer answered one of them, its figures pass for "
                "resting on more people than they do, and small ones may be shown",
                dataset.document.where(("targets", number, "map", companion)),
                f"give each a target of its own with its {companion}; leave it where all rest on the same people",
            )
