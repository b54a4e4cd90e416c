"""What is wrong with a contract by itself, and between it and the dataflows that it feeds."""

from __future__ import annotations

from collections.abc import Iterator

from citizenstats.contracts import expressions
from citizenstats.contracts.document import Document, Position
from citizenstats.contracts.lint.common import caught, expression_faults, no_column
from citizenstats.contracts.lint.target import target_faults
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import (
    Contract,
)
from citizenstats.contracts.values import values
from citizenstats.errors import MappingError


def contract_faults(dataset: Dataset, mappings: Mappings) -> Iterator[MappingError]:
    """Yield what is wrong with a contract and its targets."""
    contract, document = dataset.contract, dataset.document
    columns = contract.record_names
    yield from values(contract, document)
    yield from _named_columns(contract, document)
    yield from _record_expressions(contract, document)
    is_counts = any(dataset.name in other.counted_by for other in mappings.datasets.values())
    if not contract.targets and not is_counts and not mappings.unreadable:
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
        yield from target_faults(dataset, target, at, columns, mappings)


def _named_columns(contract: Contract, document: Document) -> Iterator[MappingError]:
    """Every name of a column outside expressions names a column."""
    named: list[tuple[Position, str | None]] = [(("key", i), c) for i, c in enumerate(contract.key)]
    named.append((("delivery", "period"), contract.delivery.period))
    for i, version in enumerate(contract.versions):
        named.append((("versions", i, "when", "column"), version.when.column))
        named += [(("versions", i, "columns", c), c) for c in version.columns]
    for position, name in named:
        if name is not None and name not in contract.columns:
            yield no_column(name, document.where(position), contract.columns)


def _record_expressions(contract: Contract, document: Document) -> Iterator[MappingError]:
    seen = contract.record_names[: -len(contract.derive) or None]
    grown: dict[str, float] = {}
    for name, text in contract.derive.items():
        where = document.where(("derive", name))
        faulty = expression_faults(text, seen, where) or caught(
            # What is made of a value that is long already becomes longer still.
            lambda text=text, where=where, name=name: grown.update(  # type: ignore[misc]
                {name: expressions.growth(expressions.parse(text, seen, where), where, grown)}
            )
        )
        yield from faulty
        seen.append(name)
    if contract.record.consent.condition is not None:
        yield from expression_faults(
            contract.record.consent.condition, seen, document.where(("record", "consent", "condition"))
        )
    for i, rule in enumerate(contract.rules):
        yield from expression_faults(rule.must, seen, document.where(("rules", i, "must")))
    for i, ignored in enumerate(contract.ignore):
        yield from expression_faults(
            ignored.when, list(contract.columns), document.where(("ignore", i, "when"))
        )
    for name, levels in contract.extract.generalise.items() if contract.extract is not None else ():
        for i, level in enumerate(levels):
            yield from expression_faults(level, [name], document.where(("extract", "generalise", name, i)))
