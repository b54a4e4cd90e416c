"""From a contract's map to the SQL of each component, every expression checked again before it is used."""

from __future__ import annotations

from collections.abc import Mapping

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Mapped, Target
from citizenstats.engine import name, quoted


class Coder:
    """Gives the SQL of a component, and of an expression, from the contract's target."""

    def __init__(self, dataset: Dataset, target: Target, joins: Mapping[str, tuple[str, str]]) -> None:
        self._dataset, self._target, self._joins = dataset, target, joins
        self._names = [*dataset.contract.record_names]
        if target.unpivot is not None:
            self._names += [target.unpivot.into, f"{target.unpivot.into}__why"]

    def code(self, component: str) -> str | None:
        """Return the SQL that gives a component on one record; None when the contract does not map it."""
        mapped = self._target.map.get(component)
        if mapped is not None:
            return self._mapped(component, mapped)
        unpivoted = self._target.unpivot.columns.values() if self._target.unpivot else ()
        return name(component) if any(component in constants for constants in unpivoted) else None

    def constant(self, component: str) -> str | None:
        """Return the constant that a component is mapped to; None when it comes from the records or nowhere."""
        mapped = self._target.map.get(component)
        return mapped.value if mapped is not None else None

    def parse(self, text: str, *place: str) -> str:
        """Return an expression of the contract, checked, as SQL; `place` is where it stands inside the target."""
        position: tuple[str | int, ...] = (
            "targets",
            self._dataset.contract.targets.index(self._target),
            *place,
        )
        return expressions.sql(expressions.parse(text, self._names, self._dataset.document.where(position)))

    def _mapped(self, component: str, mapped: Mapped) -> str:
        if mapped.value is not None:
            return quoted(mapped.value)
        if mapped.sql is not None:
            source = f"({self.parse(mapped.sql, 'map', component)})"
        else:
            assert mapped.column is not None  # noqa: S101 - the model says exactly one of three
            source = name(mapped.column)
        codes = self._dataset.codes_of(mapped)
        if codes is None:
            return source
        text = f"CAST({source} AS VARCHAR)"
        if component in self._joins:
            return f"(SELECT code FROM {name(self._joins[component][0])} WHERE raw = {text})"
        cases = " ".join(f"WHEN {quoted(raw)} THEN {quoted(code)}" for raw, code in codes.items())
        return f"CASE {text} {cases} END"
