"""Where the rule of a component stands: in the contract, on a line of a code map, or in a structure map."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Mapped, Target
from citizenstats.engine import name
from citizenstats.mapping.resolve import Trace
from citizenstats.sdmx.model import DataStructure

DEFAULTS = {"OBS_STATUS": "A; L, M or Q where the cell says why it is empty", "CONF_STATUS": "F; C where OBS_STATUS is Q",
            "SAMPLE_SIZE": "the number of units, where it is known"}  # fmt: skip
"""Component → what it holds when no contract says more."""


@dataclass(frozen=True)
class Origin:
    """The rule of a component.

    Attributes:
        kind: column, codes, constant, sql, structure_map, unpivot, estimate or default.
        says: what the rule says.
        where: ``file:line`` of it.
        inputs: the names that it uses.
        sql: SQL of the value where the contract's map does not give it.
        key: SQL of the text that is looked up in codes.
        lines: text that is looked up → ``file:line`` of its code.
        traces: the rules of a structure map, in the order in which they are tried.
        turned: for columns turned into rows: column → its constants, and where they stand.
    """

    component: str
    kind: str
    says: str
    where: str
    inputs: tuple[str, ...] = ()
    sql: str | None = None
    key: str | None = None
    lines: Mapping[str, str] | None = None
    traces: tuple[Trace, ...] = ()
    turned: Mapping[str, tuple[Mapping[str, str], str]] | None = None

    def found(self, row: Mapping[str, str | None]) -> tuple[str, str]:
        """Return what the rule says of this record and where: the line of the code map, or the mapping that applied."""
        for column, (constants, where) in (self.turned or {}).items():
            if all(row.get(f"out:{c}") == code for c, code in constants.items()):
                return f"a constant of the column {column}", where
        if self.lines is not None:
            looked_up = row.get(f"key:{self.component}")
            if looked_up is None:
                return f"{self.says}: the cell is empty", self.where
            return self.says, self.lines.get(looked_up, self.where)
        for i, trace in enumerate(self.traces):
            if trace.representation is None:
                if len(self.traces) == 1 or i == len(self.traces) - 1:
                    return trace.says, self.where
                continue
            number = row.get(f"line:{self.component}:{i}")
            if number is not None:
                return f"mapping {number} of {trace.says}", self.where
        return self.says, self.where


def origin(
    dataset: Dataset, number: int, target: Target, component: str, structure: DataStructure
) -> Origin | None:
    """Return the rule of a component; None when nothing gives it a value."""
    document = dataset.document
    mapped = target.map.get(component)
    resolved = dataset.structure_maps.get(number)
    if mapped is not None and resolved is not None and component in resolved.map:
        return _of_structure_map(dataset, number, component, resolved.traces[component], mapped)
    if mapped is not None:
        made = _of_map(dataset, number, target, component, mapped)
        estimate = target.estimate
        if estimate is not None and component in estimate.breakdowns:
            total = estimate.totals.get(component, "_T")
            made = replace(made, says=f"{made.says}; the record counts in the total {total} too")
        return made
    if target.unpivot is not None and any(component in c for c in target.unpivot.columns.values()):
        at = ("targets", number, "unpivot")
        turned = {
            c: (dict(constants), document.where((*at, "columns", c)))
            for c, constants in target.unpivot.columns.items()
        }
        told = "a constant of the column that is turned into a row"
        return Origin(component, "unpivot", told, document.where(at), sql=name(component), turned=turned)
    if target.estimate is not None:
        found = _of_estimate(dataset, number, target, component, structure)
        if found is not None:
            return found
    if component in DEFAULTS:
        where = document.where(("targets", number))
        return Origin(component, "default", DEFAULTS[component], where)
    return None


def _of_map(dataset: Dataset, number: int, target: Target, component: str, mapped: Mapped) -> Origin:
    position = ("targets", number, "map", component)
    where = dataset.document.where(position)
    if mapped.value is not None:
        return Origin(component, "constant", mapped.value, where)
    inputs = _inputs(dataset, target, mapped, where)
    if mapped.codes is None:
        kind, says = ("sql", mapped.sql) if mapped.sql is not None else ("column", mapped.column)
        return Origin(component, kind, says or "", where, inputs)
    source = mapped.sql if mapped.sql is not None else name(mapped.column or "")
    if isinstance(mapped.codes, str):
        path = dataset.document.path.parent / mapped.codes
        lines = {raw: f"{path}:{n}" for raw, n in code_lines(path).items()}
        told = f"codes of {mapped.sql or mapped.column} in {mapped.codes}"
    else:
        lines = {raw: dataset.document.where((*position, "codes", raw)) for raw in mapped.codes}
        told = f"codes of {mapped.sql or mapped.column}"
    return Origin(component, "codes", told, where, inputs, key=f"({source})", lines=lines)


def _inputs(dataset: Dataset, target: Target, mapped: Mapped, where: str) -> tuple[str, ...]:
    if mapped.column is not None:
        return (mapped.column,)
    names = dataset.contract.record_names
    if target.unpivot is not None:
        names += [target.unpivot.into, f"{target.unpivot.into}__why"]
    used = expressions.columns_of(expressions.parse(mapped.sql or "NULL", names, where))
    return tuple(n for n in names if n in used)


def _of_structure_map(
    dataset: Dataset, number: int, component: str, traces: tuple[Trace, ...], mapped: Mapped
) -> Origin:
    target = dataset.contract.targets[number]
    where = dataset.document.where(("targets", number, "structure_map"))
    inputs = () if mapped.value is not None else _inputs(dataset, target, mapped, where)
    says = f"{' or '.join(t.says for t in traces)} in {target.structure_map}"
    return Origin(component, "structure_map", says, where, inputs, traces=traces)


def _of_estimate(
    dataset: Dataset, number: int, target: Target, component: str, structure: DataStructure
) -> Origin | None:
    estimate = target.estimate
    assert estimate is not None  # noqa: S101 - the caller asked
    where = dataset.document.where(("targets", number, "estimate"))
    fixed = any(component in indicator.set for indicator in estimate.indicators.values())
    if component == estimate.indicator_dimension or fixed:
        return Origin(component, "estimate", "the code of each indicator that the record enters", where)
    if component in {m.id for m in structure.measures}:
        return Origin(component, "estimate", "estimated over all records of the cell", where)
    return None


@cache
def _parsed_lines(content: str) -> dict[str, int]:
    reader = csv.DictReader(io.StringIO(content, newline=""))
    found: dict[str, int] = {}
    for row in reader:
        found.setdefault((row.get("raw") or "").strip(), reader.line_num)
    return found


def code_lines(path: Path) -> Mapping[str, int]:
    """Return raw text → its line in a code map."""
    return _parsed_lines(path.read_text("utf-8-sig"))
