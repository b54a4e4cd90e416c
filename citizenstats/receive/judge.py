"""The one SQL that judges every row of a delivery: ignored, withheld, refused, or a record.

The order is a promise: a row that is declared as no data is ignored; then a row without consent is withheld before
anything else is judged about its content; then what breaks the contract is refused, with every reason; the rest are
records. What can make a cell into a value is `typing_sql`; what is done with the judged rows is `rows`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from citizenstats.contracts import expressions
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Column, Contract
from citizenstats.engine import name, quoted
from citizenstats.receive.header import Headers
from citizenstats.receive.source import Source
from citizenstats.receive.text import LOST, TWICE
from citizenstats.receive.typing_sql import (
    FORBIDDEN,
    NOT_OF_TYPE,
    SPACE,
    example_of,
    listed,
    outside,
    trimmed,
    trimmed_one_by_one,
    typed,
    without,
)

WIDE = 200
"""Columns from which on a table is wide: planning takes longer than running."""
SHOWN = 12
"""Texts allowed that a finding names at most."""


@dataclass(frozen=True)
class Problem:
    """One thing that refuses a row: its code, the column that it is about, when it is so, and what the contract says."""

    code: str
    column: str | None
    condition: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name under which the SQL lists it."""
        return "|".join([self.code, self.column or "", *self.facts.values()])


def text_name(column: str) -> str:
    """Return the SQL name of a column's cell as text."""
    return name(f"{column}__text")


def why_name(column: str) -> str:
    """Return the SQL name of the companion that says why a cell is empty."""
    return name(f"{column}__why")


class Judge:
    """The SQL of one delivery, from its contract (with the version applied), its headers, and its table."""

    def __init__(self, dataset: Dataset, contract: Contract, headers: Headers, source: Source) -> None:
        self._dataset, self._contract, self._headers, self._source = dataset, contract, headers, source
        self.problems = tuple(self._problems())

    # --- the steps ----------------------------------------------------------------------------------------

    def sql(self) -> str:
        """Return the SELECT of all rows: values, and `_ignored` (why), `_withheld`, `_problems` (names) and `_unclear`."""
        broken = " OR ".join(f"({p.condition})" for p in self.problems)
        named = ", ".join(f"CASE WHEN {p.condition} THEN {quoted(p.name)} END" for p in self.problems)
        return (
            f"WITH texts AS (SELECT _row, _ragged, {self._source.swallowed} AS _swallowed, "
            f"{', '.join(f'{text} AS {name(column)}' for column, text in self._texts().items())}, {self._blank()} AS _blank "
            f"FROM ({self._source.sql})), "
            f"kept AS (SELECT *, {self._ignored()} AS _ignored FROM texts), "
            f"typed AS (SELECT _row, _ragged, _swallowed, _ignored, {self._typed()} FROM kept), "
            f"derived AS (SELECT *{self._derived()} FROM typed), "
            f"consented AS (SELECT *, NOT coalesce({self._consent()}, FALSE) AS _withheld FROM derived) "
            # Most rows break nothing: the list of reasons is made only for those that do.
            f"SELECT _row, {', '.join(self._of_record_columns())}, _ignored, _withheld, "
            f"CASE WHEN _ignored IS NULL AND NOT _withheld AND ({broken}) "
            f"THEN list_filter([{named}], lambda p: p IS NOT NULL) ELSE [] END AS _problems, "
            f"_ignored IS NULL AND _withheld AND ({self._nobody_known()}) AS _unclear FROM consented"
        )

    def texts(self, columns: Iterable[str]) -> str:
        """Return the SELECT of some columns' cells as text (`text_name`), with their row."""
        texts = self._texts()
        listed = "".join(f", {texts[column]} AS {text_name(column)}" for column in columns)
        return f"SELECT _row{listed} FROM ({self._source.sql})"

    def record_columns(self, delivery: str) -> str:
        """Return the select list of a record: the contract's columns, why companions, delivery and row."""
        return ", ".join([*self._of_record_columns(), f"{quoted(delivery)} AS _delivery", "_row"])

    def identity_columns(self) -> str:
        """Return the select list of what tells which record a withheld row takes back: key and period; may be empty."""
        period = self._contract.delivery.period
        return ", ".join(name(c) for c in dict.fromkeys([*self._contract.key, *([period] if period else [])]))

    @property
    def columns_of_file(self) -> tuple[str, ...]:
        """The contract's columns that the file has."""
        return tuple(column for column in self._contract.columns if column in self._headers.position)

    def refused_columns(self) -> str:
        """Return the select list of a refused row: its row, what is wrong, and the cells as text under their headers."""
        cells = [
            f"{text_name(column)} AS {name(self._headers.said(column))}" for column in self.columns_of_file
        ]
        return ", ".join(["_row", "_problems", *cells])

    def known_texts(self, column: str) -> Sequence[str]:
        """Return the texts that a column may hold, for suggestions."""
        return self._known_codes.get(column) or self._contract.columns[column].allowed or []

    def is_personal(self, column: str | None) -> bool:
        """Return whether the texts of a column may tell who somebody is, so that not even their sender is told them back."""
        said = self._contract.columns[column] if column is not None else None
        if said is None:
            return False
        return said.role in ("identifier", "free_text") or (said.role, said.type) == (
            "quasi_identifier",
            "date",
        )

    # --- parts --------------------------------------------------------------------------------------------

    def _of_record_columns(self) -> list[str]:
        """Return the SQL names of the contract's columns and their why companions."""
        columns = self._contract.columns
        return [*map(name, columns), *(why_name(c) for c, declared in columns.items() if declared.reasons)]

    def _texts(self) -> dict[str, str]:
        """Return column → the SQL of its cells as text: trimmed, without footnote marks, empty as NULL."""
        marks = self._contract.read.footnote_marks
        texts = {}
        for column, declared in self._contract.columns.items():
            if column not in self._headers.position:
                texts[column] = "CAST(NULL AS VARCHAR)"
                continue
            text = self._trimmed(self._headers.position[column])
            if marks:
                text = f"trim(regexp_replace({text}, {quoted(marks)}, '', 'g'), {quoted(SPACE)})"
            text = f"nullif({text}, '')"
            if declared.same_as_above:
                text = f"last_value({text} IGNORE NULLS) OVER (ORDER BY _row)"
            texts[column] = text
        return texts

    def _blank(self) -> str:
        width = len(self._source.headers)
        if width > WIDE:
            # `coalesce` stops at the first text, but to plan it over many cells takes minutes.
            return f"trim(concat({', '.join(f'c{i}' for i in range(width))}), {quoted(SPACE)}) = ''"
        cells = ", ".join(f"nullif({self._trimmed(i)}, '')" for i in range(width))
        return f"coalesce({cells}) IS NULL"

    def _trimmed(self, position: int) -> str:
        return (trimmed_one_by_one if position in self._source.different else trimmed)(f"c{position}")

    def _ignored(self) -> str:
        cases = ["WHEN _blank AND NOT _ragged THEN 'BLANK_ROWS'"]
        same = [
            f"lower({name(column)}) = {quoted(self._headers.names[position].lower())}"
            for column, position in self._headers.position.items()
        ]
        # Years and grades stand over columns of numbers too: a row of such is an answer.
        worded = [
            p for p in self._headers.position.values() if re.search(r"[^\W\d_]", self._headers.names[p])
        ]
        if len(worded) > 1:
            cases.append(f"WHEN {' AND '.join(same)} THEN 'HEADER_AGAIN'")
        for i, ignored in enumerate(self._contract.ignore):
            condition = self._parse(ignored.when, list(self._contract.columns), ("ignore", i, "when"))
            cases.append(f"WHEN TRY({condition}) THEN {quoted(f'IGNORED|{ignored.reason}')}")
        return f"CASE {' '.join(cases)} END"

    def _typed(self) -> str:
        parts = []
        for column, declared in self._contract.columns.items():
            markers = [*self._missing(declared), *chain.from_iterable(declared.reasons.values())]
            text = without(name(column), markers)
            parts.append(f"{typed(text, declared, self._contract.read)} AS {name(column)}")
            parts.append(f"{name(column)} AS {text_name(column)}")
            if declared.reasons:
                parts.append(f"{_why(name(column), declared)} AS {why_name(column)}")
        return ", ".join(parts)

    def _derived(self) -> str:
        return "".join(f", TRY({sql}) AS {name(derived)}" for derived, sql in self._derivations.items())

    @cached_property
    def _derivations(self) -> Mapping[str, str]:
        seen = self._record_names()
        found = {}
        for derived, text in self._contract.derive.items():
            found[derived] = self._parse(text, seen, ("derive", derived))
            seen.append(derived)
        return found

    def _record_names(self) -> list[str]:
        columns = self._contract.columns
        return [*columns, *(f"{c}__why" for c, declared in columns.items() if declared.reasons)]

    def _consent(self) -> str:
        condition = self._contract.record.consent.condition
        if condition is None:
            return "TRUE"
        names = [*self._record_names(), *self._contract.derive]
        return f"TRY({self._parse(condition, names, ('record', 'consent', 'condition'))})"

    def _nobody_known(self) -> str:
        """Return the condition that a withheld row does not say which former record it takes back.

        Where a delivery replaces everything nothing else has to be told.
        """
        delivery = self._contract.delivery
        replaced: list[str] = []
        if delivery.replaces == "rows":
            replaced = self._contract.key
        elif delivery.replaces == "periods" and delivery.period is not None:
            replaced = [delivery.period]
        broken = [f"coalesce({p.condition}, FALSE)" for p in self.problems if p.column in replaced]
        return " OR ".join([*broken, *(f"{name(c)} IS NULL" for c in replaced)]) or "FALSE"

    def _parse(self, text: str, names: Sequence[str], where: tuple[str | int, ...]) -> str:
        return expressions.sql(expressions.parse(text, names, self._dataset.document.where(where)))

    def _missing(self, declared: Column) -> list[str]:
        return [*self._contract.read.missing, *declared.missing]

    # --- what refuses a row -------------------------------------------------------------------------------

    def _problems(self) -> Iterator[Problem]:
        yield Problem("RAGGED_ROW", None, "_ragged")
        yield Problem("SWALLOWED_ROWS", None, "_swallowed")
        for column, declared in self._contract.columns.items():
            if column in self._headers.position:
                yield from self._of_text(column, declared)
                yield from self._of_value(column, declared)
        if self._contract.key and not any(self._contract.columns[c].required for c in self._contract.key):
            empty = " AND ".join(f"{name(column)} IS NULL" for column in self._contract.key)
            yield Problem("NO_KEY", None, empty, {"key": ", ".join(self._contract.key)})
        yield from self._of_mapping()
        yield from self._of_record()

    def _of_text(self, column: str, declared: Column) -> Iterator[Problem]:
        text, given = text_name(column), self._given(column, declared)
        if self._source.forbidden:
            yield Problem("FORBIDDEN_CHARACTER", column, f"regexp_matches({text}, {quoted(FORBIDDEN)})")
        if self._source.garbled:
            garbled = f"regexp_matches({text}, {quoted(f'{LOST}|{TWICE}')})"
            yield Problem("GARBLED", column, garbled)
        if declared.required or self._is_replaced_by(column):
            alone = f" AND {why_name(column)} IS NULL" if declared.reasons else ""
            markers = listed(["", *self._missing(declared)])
            yield Problem("REQUIRED", column, f"coalesce({text}, '') IN ({markers}){alone}")
        if declared.allowed is not None:
            told = ", ".join([*declared.allowed[:SHOWN], *(["…"] if len(declared.allowed) > SHOWN else [])])
            condition = f"{given} AND {text} NOT IN ({listed(declared.allowed)})"
            yield Problem("NOT_ALLOWED", column, condition, {"allowed": told})
        if declared.pattern is not None:
            condition = f"{given} AND NOT regexp_full_match({text}, {quoted(declared.pattern)})"
            yield Problem("BAD_PATTERN", column, condition, {"pattern": declared.pattern})

    def _of_value(self, column: str, declared: Column) -> Iterator[Problem]:
        value = name(column)
        if declared.type in NOT_OF_TYPE:
            condition = f"{self._given(column, declared)} AND {value} IS NULL"
            facts = example_of(declared, self._contract.read)
            yield Problem(NOT_OF_TYPE[declared.type], column, condition, facts)
        if declared.range is not None:
            low, high = (f"{limit:g}" if limit is not None else "" for limit in declared.range)
            yield Problem("OUT_OF_RANGE", column, outside(value, declared.range), {"low": low, "high": high})
        if column in self._known_codes:
            # As `harmonize` looks it up: by the value as text.
            known = listed(self._known_codes[column]) or "NULL"
            unknown = f"CAST({value} AS VARCHAR) NOT IN ({known})"
            if declared.allowed is not None:
                # What is not allowed is said once.
                unknown += f" AND {text_name(column)} IN ({listed(declared.allowed)})"
            yield Problem("UNKNOWN_CODE", column, unknown)

    def _of_mapping(self) -> Iterator[Problem]:
        """Yield what no rule of a target knows, apart from the texts of a column that is looked up alone."""
        names = [*self._record_names(), *self._contract.derive]
        for i, target in enumerate(self._contract.targets):
            for component, mapped in target.map.items():
                codes = self._dataset.codes_of(mapped)
                if codes is None or mapped.sql is None or target.unpivot is not None:
                    continue
                sql = self._parse(mapped.sql, names, ("targets", i, "map", component))
                known = listed(sorted(codes)) or "NULL"
                yield Problem(
                    "UNMAPPED",
                    None,
                    f"TRY(CAST(({sql}) AS VARCHAR)) NOT IN ({known})",
                    {"component": component},
                )
            resolved = self._dataset.structure_maps.get(i)
            for refusal in resolved.refusals if resolved is not None else ():
                condition = self._parse(refusal.condition, names, ("targets", i, "structure_map"))
                yield Problem(
                    "UNMAPPED", None, f"coalesce(TRY({condition}), TRUE)", {"component": refusal.component}
                )

    def _of_record(self) -> Iterator[Problem]:
        for derived, sql in self._derivations.items():
            condition = f"TRY(coalesce(CAST(({sql}) AS VARCHAR), '')) IS NULL"
            yield Problem("CANNOT_COMPUTE", None, condition, {"value": derived})
        names = [*self._record_names(), *self._contract.derive]
        for i, rule in enumerate(self._contract.rules):
            condition = self._parse(rule.must, names, ("rules", i, "must"))
            message = rule.message.get(self._contract.language) or next(iter(rule.message.values()))
            # A rule that cannot be computed is broken; one that is NULL is met.
            broken = f"coalesce(TRY(coalesce(NOT ({condition}), FALSE)), TRUE)"
            yield Problem("RULE", None, broken, {"rule": message})

    def _given(self, column: str, declared: Column) -> str:
        """Return the condition that a cell is neither empty nor one of the texts that stand for empty."""
        text = text_name(column)
        alone = f" AND {why_name(column)} IS NULL" if declared.reasons else ""
        markers = listed([m for m in self._missing(declared) if m])
        return f"{text} IS NOT NULL{alone}" + (f" AND {text} NOT IN ({markers})" if markers else "")

    def _is_replaced_by(self, column: str) -> bool:
        delivery = self._contract.delivery
        return delivery.replaces == "periods" and delivery.period == column

    @cached_property
    def _known_codes(self) -> Mapping[str, Sequence[str]]:
        """Return column → the texts that every code map on it knows."""
        known: dict[str, set[str]] = {}
        for target in self._contract.targets:
            for mapped in target.map.values():
                codes = self._dataset.codes_of(mapped)
                if codes is None or mapped.column is None:
                    continue
                unpivot = target.unpivot
                turned = unpivot is not None and mapped.column == unpivot.into
                for column in unpivot.columns if unpivot is not None and turned else [mapped.column]:
                    if column in self._contract.columns:
                        known[column] = known.get(column, set(codes)) & set(codes)
        return {column: sorted(texts) for column, texts in known.items()}


def _why(text: str, declared: Column) -> str:
    """Return why a cell has no value, from its text, which is NULL where it is empty."""
    told = f"coalesce({text}, '')"
    cases = [
        f"WHEN {told if '' in texts else text} IN ({listed(texts)}) THEN {quoted(reason)}"
        for reason, texts in declared.reasons.items()
    ]
    return f"CASE {' '.join(cases)} END"
