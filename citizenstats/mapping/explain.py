"""Which rule made each target value of one record: for the owner of the data, at the terminal.

What comes out is restricted data. It is returned, never logged and never stored; identifiers and free text are not shown,
only whether they are given. What does not belong here: figures, which come from many records; a record shows which
indicators it enters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Target
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.harmonize.coder import Coder
from citizenstats.harmonize.frame import confidentiality_sql
from citizenstats.harmonize.observe import file_stem
from citizenstats.harmonize.select import derived_sql, status_sql, unpivoted_sql
from citizenstats.mapping.indicators import Entered, Question, entered, questions
from citizenstats.mapping.origin import Origin, origin
from citizenstats.mapping.rules_sql import matching
from citizenstats.mapping.weighting import Weighted, weighted
from citizenstats.receive.current import accepted, current_records
from citizenstats.receive.delivery import Delivery, deliveries
from citizenstats.receive.outcome import outcome_of
from citizenstats.sdmx.model import DataStructure

if TYPE_CHECKING:
    from citizenstats.house import House

HIDDEN = "(not shown)"
"""What stands for an identifier or free text that is given."""


@dataclass(frozen=True)
class Explained:
    """One component of a target and what made its value.

    Attributes:
        value: the value as text; None: it is empty, or a figure of many records.
        kind: column, codes, constant, sql, structure_map, unpivot, estimate or default.
        rule: what the rule says.
        where: ``file:line`` of it; of the code map's line for codes.
        inputs: the names that it uses → their values as text.
    """

    component: str
    value: str | None
    kind: str
    rule: str
    where: str
    inputs: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Coded:
    """What one target makes of the record; wide columns that are turned into rows make several."""

    dataflow: str
    feeds: bool
    """Whether the record meets the target's condition."""
    where: str | None
    components: tuple[Explained, ...]
    indicators: tuple[Entered, ...] = ()
    weight: Weighted | None = None
    """With which weight it enters them, where weights are calibrated."""


@dataclass(frozen=True)
class Explanation:
    """One record, and which rule made what of it.

    Attributes:
        current: whether it counts now, or was replaced by a later delivery.
        derived: the values computed from the record: where they are said, and their inputs.
    """

    dataset: str
    delivery: str
    row: int
    current: bool
    derived: tuple[Explained, ...]
    targets: tuple[Coded, ...]


def explain(house: House, dataset_name: str, row: int, delivery: str | None = None) -> Explanation:
    """Return which rule made each target value of one record.

    Args:
        house: the office.
        dataset_name: ``partner/dataset``.
        row: row in the file as a spreadsheet shows it.
        delivery: id or full name of the delivery; the newest that was accepted unless said.

    Raises:
        CitizenstatsError: there is no such delivery or record; or nothing may be computed from this dataset.
    """
    dataset = house.mappings.dataset(dataset_name)
    if dataset.contract.record.publication == "none":
        raise CitizenstatsError(
            "NOT_PUBLISHED", "nothing is computed from this dataset: its publication is none", dataset_name
        )
    found = _delivery(house, dataset_name, delivery)
    folder = found.outcome_folder(house.store, dataset)
    current = current_records(house, dataset_name)
    observed = house.store.state(house.store.observed(dataset_name))
    readable = [folder, *(current.folders if current else ()), *([observed["folder"]] if observed else [])]
    with session(readable, scratch=house.store.scratch) as engine:
        records = quoted(str(folder / "records.parquet"))
        source = f"SELECT * FROM read_parquet({records}) WHERE _row = {int(row)}"
        if not engine.rows(f"SELECT 1 FROM ({source})"):
            raise CitizenstatsError(
                "NO_SUCH_RECORD", f"row {row} of {found.id} is no accepted record", dataset_name,
                "the receipt says which rows were refused, withheld or ignored",
            )  # fmt: skip
        counts = current is not None and bool(
            engine.rows(
                f"SELECT 1 FROM ({current.sql}) WHERE _row = {int(row)} AND _delivery = {quoted(found.full_name)}"
            )
        )
        asked = _Record(engine, dataset, source, observed["folder"] if observed and counts else None)
        derived = asked.derived()
        targets = []
        for number, target in enumerate(dataset.contract.targets):
            structure = house.mappings.structures.structure_of(house.mappings.reference(target.dataflow))
            targets += asked.target(number, target, structure)
    return Explanation(dataset_name, found.full_name, row, counts, derived, tuple(targets))


def _delivery(house: House, dataset_name: str, said: str | None) -> Delivery:
    """Return the delivery asked for, of which records were accepted."""
    taken = accepted(house, dataset_name)
    if said is None:
        if not taken:
            raise CitizenstatsError("NO_DELIVERY", "no delivery of this dataset was accepted", dataset_name)
        return taken[-1]
    for one in deliveries(house.store, dataset_name):
        if said in (one.id, one.full_name, str(one.number)):
            if one in taken:
                return one
            outcome = outcome_of(house, one)
            status = outcome.status if outcome is not None else "not read yet"
            raise CitizenstatsError("NO_RECORDS", f"the delivery {one.id} is {status}", dataset_name)
    raise CitizenstatsError(
        "NO_SUCH_DELIVERY", f"there is no delivery {said}", dataset_name, "see `citizenstats deliveries`"
    )


class _Record:
    """Asks questions about one record, each with one SELECT."""

    def __init__(self, engine: Engine, dataset: Dataset, source: str, observed: Path | None) -> None:
        self._engine, self._dataset, self._contract = engine, dataset, dataset.contract
        self._observed = observed
        self._from = f"WITH current AS ({source}), derived AS ({derived_sql(dataset.contract, dataset)})"
        self._names = dataset.contract.record_names
        self._known = self._ask({n: name(n) for n in self._names}, self._from, "derived")[0]

    def _ask(self, columns: Mapping[str, str], start: str, relation: str) -> list[dict[str, str | None]]:
        listed = ", ".join(
            f"CAST({sql} AS VARCHAR) AS {name(f'c{i}')}" for i, sql in enumerate(columns.values())
        )
        rows = self._engine.rows(f"{start} SELECT {listed or 'NULL'} FROM {relation}")
        return [dict(zip(columns, row, strict=False)) for row in rows]

    def _shown(self, inputs: Sequence[str], known: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return the values of inputs; of an identifier or free text only that it is given."""
        return {one: self._guarded(one, known.get(one)) for one in inputs}

    def _where(self, derived: str) -> str:
        """Return where a derived value is said: in the contract, or by a structure map."""
        for number, resolved in self._dataset.structure_maps.items():
            if derived in resolved.derive:
                return self._dataset.document.where(("targets", number, "structure_map"))
        return self._dataset.document.where(("derive", derived))

    def _guarded(self, one: str, value: str | None) -> str | None:
        hidden = one in self._hidden and value not in (None, "true", "false")
        return HIDDEN if hidden else value

    @cached_property
    def _hidden(self) -> frozenset[str]:
        """Return identifiers, free text, and the values that are computed from them."""
        hidden = {c for c, d in self._contract.columns.items() if d.role in ("identifier", "free_text")}
        for derived, text in self._contract.derive.items():
            parsed = expressions.parse(text, self._names, self._where(derived))
            if expressions.columns_of(parsed) & hidden:
                hidden.add(derived)
        return frozenset(hidden)

    def derived(self) -> tuple[Explained, ...]:
        """Return the values computed from the record, in order."""
        found = []
        for derived, text in self._contract.derive.items():
            where = self._where(derived)
            parsed = expressions.parse(text, self._names, where)
            inputs = [n for n in self._names if n in expressions.columns_of(parsed)]
            shown = self._shown(inputs, self._known)
            value = self._guarded(derived, self._known[derived])
            found.append(Explained(derived, value, "sql", text, where, shown))
        return tuple(found)

    def target(self, number: int, target: Target, structure: DataStructure) -> list[Coded]:
        """Return what a target makes of the record."""
        coder = Coder(self._dataset, target, {})
        start, relation = self._from, "derived"
        extra: list[str] = []
        if target.unpivot is not None:
            start += f", long AS ({unpivoted_sql(target, self._contract)})"
            relation, extra = "long", [target.unpivot.into]
        asked: dict[str, str] = {f"in:{n}": name(n) for n in [*self._names, *extra]}
        asked["where"] = coder.parse(target.where, "where") if target.where else "TRUE"
        origins = [
            o
            for c in self._components(target, structure)
            if (o := origin(self._dataset, number, target, c, structure))
        ]
        for one in origins:
            sql = one.sql or coder.code(one.component)
            if one.kind == "default":
                sql = self._default(one.component, target, structure, coder)
            asked[f"out:{one.component}"] = sql or "NULL"
            asked |= {
                f"line:{one.component}:{i}": matching(t.representation, t.texts, t.start)
                for i, t in enumerate(one.traces)
                if t.representation is not None
            }
            if one.key is not None:
                asked[f"key:{one.component}"] = one.key
        told: list[Question] = questions(target, coder)
        asked |= {f"ask:{q.indicator}:{q.part}": q.sql for q in told}
        time = structure.time.id if structure.time else None
        return [
            replace(coded, weight=self._weighted(number, target, row.get(f"out:{time}")))
            for row in self._ask(asked, start, relation)
            for coded in [self._coded(number, target, origins, told, row)]
        ]

    def _default(self, component: str, target: Target, structure: DataStructure, coder: Coder) -> str | None:
        """Return the SQL of what a component holds when no contract says more; None where no record tells it."""
        status = coder.code("OBS_STATUS")
        if status is None and target.estimate is None:
            status = status_sql(target, structure, self._dataset, "NULL")
        match component:
            case "OBS_STATUS":
                return status
            case "CONF_STATUS":
                return confidentiality_sql(status or "NULL")
        return None

    def _weighted(self, number: int, target: Target, period: str | None) -> Weighted | None:
        """Return the calibrated weight with which the record enters figures."""
        kept = self._observed / f"{file_stem(target.dataflow)}.weights.parquet" if self._observed else None
        weights = kept if kept is not None and kept.exists() else None
        found = weighted(self._engine, self._dataset, number, self._known, period, weights)
        if found is None:
            return None
        return replace(found, inputs=self._shown(list(found.inputs), found.inputs))

    def _components(self, target: Target, structure: DataStructure) -> list[str]:
        companions = [c for c in target.map if c not in structure.by_id]
        return [*(c.id for c in structure.components), *companions]

    def _coded(
        self,
        number: int,
        target: Target,
        origins: Sequence[Origin],
        told: Sequence[Question],
        row: Mapping[str, str | None],
    ) -> Coded:
        known = {key.removeprefix("in:"): value for key, value in row.items() if key.startswith("in:")}
        components = []
        for one in origins:
            rule, where = one.found(row)
            shown = self._shown(one.inputs, known)
            components.append(
                Explained(one.component, row[f"out:{one.component}"], one.kind, rule, where, shown)
            )
        position = self._dataset.document.where(("targets", number, "where"))
        answers = {(q.indicator, q.part): row[f"ask:{q.indicator}:{q.part}"] for q in told}
        return Coded(
            target.dataflow,
            row["where"] == "true",
            f"{target.where} ({position})" if target.where else None,
            tuple(components),
            entered(target, self._dataset, number, answers),
        )
