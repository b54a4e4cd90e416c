"""The content of a data message, judged: its rows as a frame, whatever format it has.

Rows are judged by what they say that they are: those that tell whole observations by all rules; those that merge into what the
receiver has, and so may leave attributes out, by all but that; those that delete, by the codes of their keys. A row that
leaves dimensions open says attributes of all observations that it covers (SDMX 3.0, partial keys), and they are put to them
first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.read import MessageFacts, read_observations, read_rows
from citizenstats.validation.conditions import is_mandatory
from citizenstats.validation.finding import Finding, Frame, finding
from citizenstats.validation.judge import published_findings
from citizenstats.validation.plausible import change_findings, official_findings
from citizenstats.validation.rules import RULES
from citizenstats.validation.structural import code_findings, in_order

_PARTIAL = ("Merge", "Append")


@dataclass(frozen=True)
class Content:
    """What is wrong or strange in the rows of a message.

    Attributes:
        facts: what the message says of itself.
        findings: errors and warnings; rows count from 1 in the order of the message.
    """

    facts: MessageFacts
    findings: tuple[Finding, ...]


def judged_content(file: Path, structures: Structures) -> Content:
    """Return what is wrong with the content of a data message.

    Args:
        file: as `citizenstats.sdmx.read.read_message` takes it.
        structures: where its structure, code lists and constraints are.

    Raises:
        MessageError: it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="citizenstats-validate-") as folder:
        work = Path(folder).absolute()
        parquet = work / "message.parquet"
        with session([work], scratch=work) as engine:
            facts = read_rows(engine, file, structures, parquet)
            structure = structures.data_structures[facts.structure]
            message = _Message(engine, parquet, facts, structure, structures)
            return Content(facts, tuple(in_order(list(message.findings()), structure)))


@dataclass(frozen=True)
class _Message:
    engine: Engine
    parquet: Path
    facts: MessageFacts
    structure: DataStructure
    structures: Structures

    def findings(self) -> Iterator[Finding]:
        """Yield all findings of the rows."""
        for unknown in self.facts.unknown:
            yield finding("NOT_IN_STRUCTURE", unknown, max(self.facts.rows, 1))
        deleted, partial, whole = self.engine.rows(
            f"SELECT count(*) FILTER (WHERE {_DELETED}), count(*) FILTER (WHERE NOT {_DELETED} AND {self._partial}), "
            f"count(*) FILTER (WHERE NOT {_DELETED} AND NOT {self._partial} AND NOT {self._open}) FROM {self._rows}"
        )[0]
        if whole:
            yield from self._judged(f"NOT {_DELETED} AND NOT {self._partial}")
        if partial:
            yield from (
                f for f in self._judged(f"NOT {_DELETED} AND {self._partial}") if not self._may_be_left_out(f)
            )
        if deleted:
            columns = ", ".join(["_row", *map(name, self.structure.key)])
            frame = Frame(f"SELECT {columns} FROM {self._rows} WHERE {_DELETED}", "_row")
            yield from code_findings(self.engine, frame, self.structure, self.structures)

    def _judged(self, which: str) -> list[Finding]:
        frame = Frame(self._filled(which), "_row")
        return published_findings(self.engine, frame, self.structure, self.structures, self._allowed())

    def _filled(self, which: str) -> str:
        """Return the SELECT of observations, with what rows of open keys say of them."""
        rows = f"SELECT * FROM {self._rows} WHERE {which} AND NOT {self._open}"
        shared = [a for a in self.structure.attributes if a.attachment != "observation"]
        said = self._said_openly(shared)
        columns = ["o._row"]
        joins = ""
        for component in self.structure.components:
            column = name(component.id)
            if component in said:
                alias = f"s{len(columns)}"
                joins += self._join(component, alias)
                columns.append(f"coalesce(o.{column}, {alias}.said) AS {column}")
            elif component.id in self.facts.columns or not is_mandatory(component):
                columns.append(f"o.{column}")
        return f"SELECT {', '.join(columns)} FROM ({rows}) AS o{joins}"

    def _join(self, attribute: Component, alias: str) -> str:
        dimensions = [name(d) for d in self.structure.dimensions_of(attribute)]
        on = " AND ".join(f"o.{d} = {alias}.{d}" for d in dimensions) or "true"
        listed = "".join(f"{d}, " for d in dimensions)
        grouped = f" GROUP BY {', '.join(dimensions)}" if dimensions else ""
        return (
            f" LEFT JOIN (SELECT {listed}arg_max({name(attribute.id)}, _row) AS said FROM {self._rows} "
            f"WHERE {self._open} AND NOT {_DELETED} AND {name(attribute.id)} IS NOT NULL{grouped}) AS {alias} ON {on}"
        )

    def _said_openly(self, attributes: Sequence[Component]) -> list[Component]:
        """Return the attributes that rows of open keys say."""
        if not attributes:
            return []
        counts = ", ".join(f"count({name(a.id)})" for a in attributes)
        row = self.engine.rows(f"SELECT {counts} FROM {self._rows} WHERE {self._open} AND NOT {_DELETED}")[0]
        return [attribute for attribute, count in zip(attributes, row, strict=True) if count]

    def _may_be_left_out(self, found: Finding) -> bool:
        component = self.structure.by_id.get(found.component)
        is_attribute = component is not None and component.role == "attribute"
        return is_attribute and found.code in ("MISSING", "COLUMN_MISSING", "MISSING_VALUE_AS_NORMAL")

    def _allowed(self) -> dict[str, Sequence[str]]:
        allowed: dict[str, Sequence[str]] = {}
        for constraint in self.structures.constraints:
            if constraint.dataflow == self.facts.dataflow:
                allowed.update(constraint.allowed)
        return allowed

    @property
    def _rows(self) -> str:
        return f"read_parquet({quoted(str(self.parquet))})"

    @property
    def _partial(self) -> str:
        """SQL of rows that may leave attributes out; files of CSV are taken as telling all, whatever they say."""
        listed = ", ".join(map(quoted, _PARTIAL))
        return "false" if self.facts.format.startswith("csv") else f"(_action IN ({listed}))"

    @property
    def _open(self) -> str:
        """SQL of rows that leave dimensions open and say nothing of a single observation."""
        open_ = " OR ".join(f"{name(key)} IS NULL" for key in self.structure.key)
        own = [c for c in self.structure.components if c.role == "measure" or c.role == "attribute"]
        own = [c for c in own if c.attachment == "observation"]
        empty = " AND ".join(f"{name(c.id)} IS NULL" for c in own) or "true"
        return f"(({open_}) AND {empty})"


_DELETED = "(_action = 'Delete')"


def what(found: Finding) -> str:
    """Return a finding in words: component, rule, count and some values."""
    rule = RULES.get(found.code)
    told = f"{found.component}: {rule.what if rule else found.code}"
    told += f" ({found.count:,} row{'s' if found.count != 1 else ''})"
    if found.values:
        shown = ", ".join(value if len(value) <= SHOWN else value[:SHOWN] + "…" for value in found.values[:3])
        told += f": {shown}" + (", …" if len(found.values) > 3 else "")
    return told


SHOWN = 60
"""Characters of a value that are told: a value may be as long as a book."""


def compared_content(
    file: Path, structures: Structures, former: Path | None = None, official: Path | None = None
) -> list[Finding]:
    """Return where the observations of a message are far from those of other messages; all are warnings.

    Args:
        file: the message.
        structures: where its structure is.
        former: the message of the last release.
        official: a message with an official series in the same structure.

    Raises:
        MessageError: one of them cannot be read; ``OTHER_STRUCTURE`` when their structures differ.
    """
    with tempfile.TemporaryDirectory(prefix="citizenstats-validate-") as folder:
        work = Path(folder).absolute()
        facts = read_observations(file, structures, work / "present.parquet").facts
        structure = structures.data_structures[facts.structure]
        found: list[Finding] = []
        with session([work], scratch=work) as engine:
            present = _observations(work / "present.parquet")
            for other, look in ((former, change_findings), (official, official_findings)):
                if other is not None:
                    beside = read_observations(other, structures, work / "other.parquet").facts
                    if beside.structure != facts.structure:
                        raise MessageError(
                            "OTHER_STRUCTURE",
                            f"{beside.structure} cannot be compared with {facts.structure}",
                            mend="give a message of the same structure",
                        )
                    found += look(engine, present, _observations(work / "other.parquet"), structure)
        return in_order(found, structure)


def _observations(parquet: Path) -> Frame:
    return Frame(f"SELECT * FROM read_parquet({quoted(str(parquet))})")
