"""What one indicator asks of the scan: columns on each record, their sums in each cell, and sums over cells.

Who did not answer has NULL in each column, which sums and counts pass over: that is much faster than to filter.
A quantile's numerator is the weight of the units at or below it, which is another one in each breakdown (`quantiles.py`);
a difference asks for nothing, for the indicator that it is of has asked (`differences.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from citizenstats.contracts.model import Contract, Estimate, Indicator
from citizenstats.engine import quoted
from citizenstats.estimate.design import design_of
from citizenstats.harmonize.coder import Coder

CONTRIBUTED = ("mean", "total", "ratio")
"""Kinds whose numerator a single unit can dominate."""

Seconds = Literal["none", "cells", "heads"]
"""Where the two largest contributions are sought: nowhere, in the finest cells, or in `heads`, once for all drawn units."""


def seconds(contract: Contract, estimate: Estimate) -> Seconds:
    """Return where the two largest contributions are kept together.

    A list in every cell of every drawn unit would fill the memory, and no rule but these looks at a second.
    """
    rules = contract.protection
    if rules.p_percent is None and (rules.dominance is None or rules.dominance.units == 1):
        return "none"
    return "cells" if design_of(contract, estimate) is None else "heads"


class Measured:
    """The measured columns and sums of one indicator.

    Attributes:
        number: of the indicator.
        columns: select list on a record.
        cells: select list of the finest cells, over the records.
        heads: select list of the two largest contributions of the finest cells, over the records, where `cells` has none.
        sums: select list over cells.
        largest: select list over the cells of `heads`.
    """

    def __init__(
        self, number: int, indicator: Indicator, key: str, weight: str, coder: Coder, two: Seconds
    ) -> None:
        def parse(text: str | None, default: str) -> str:
            return coder.parse(text, "estimate", "indicators", key) if text is not None else default

        self.number = number
        among = parse(indicator.among, "")
        measured, of = _asked(indicator, parse)
        conditions = [*([f"({among})"] if among else []), *([f"{of} IS NOT NULL"] if of else [])]
        answer = f"CASE WHEN {' AND '.join(conditions)} THEN {measured} END" if conditions else measured
        y, weighted, base = f"_y{number}", f"_num{number}", f"_den{number}"
        self.columns = [
            f"{answer} AS {y}",
            f"{weight} * ({answer}) AS {weighted}",
            f"CASE WHEN ({answer}) IS NOT NULL THEN {weight}{f' * {of}' if of else ''} END AS {base}",
        ]
        n, k = f"_n{number}", f"_k{number}"
        # Of a sum or a mean too: who contributes nothing is nobody behind it. Of yes and no the sum is the quicker count.
        has = f"sum({y})" if indicator.kind in ("proportion", "count") else f"count(nullif({y}, 0))"
        self.cells = [
            f"count({y}) AS {n}", f"{has} AS {k}", f"sum({weighted}) AS {weighted}", f"sum({base}) AS {base}",
        ]  # fmt: skip
        self.sums = [f"CAST(coalesce(sum({count}), 0) AS BIGINT) AS {count}" for count in (n, k)]
        self.sums += [f"sum({total}) AS {total}" for total in (weighted, base)]
        self.heads: list[str] = []
        self.largest: list[str] = []
        if indicator.kind in CONTRIBUTED:
            q, most = f"_q{number}", f"_most{number}"
            self.cells.append(f"sum({weighted} * {y}) AS {q}")
            self.sums.append(f"sum({q}) AS {q}")
            if two == "none":
                self.cells.append(f"max(abs({weighted})) AS {most}")
                self.sums.append(f"max({most}) AS {most}")
            else:
                kept, summed = (self.cells, self.sums) if two == "cells" else (self.heads, self.largest)
                kept.append(f"max(abs({weighted}), 2) AS {most}")
                summed += [f"max({most}[1], 2) AS {most}", f"max({most}[2]) AS _next{number}"]


def _asked(indicator: Indicator, parse: Callable[[str | None, str], str]) -> tuple[str, str]:
    """Return SQL of what is measured on a record, and of what the weight is multiplied with beneath it."""
    told = indicator.expressions
    if indicator.kind == "proportion":
        return f"CAST(({parse(told[0], '')}) AS INTEGER)", ""
    if indicator.kind == "count":
        known = f"CAST(coalesce({parse(indicator.known_when, 'TRUE')}, FALSE) AS INTEGER)"
        return f"CAST(coalesce({parse(told[0], '')}, FALSE) AS INTEGER)", known
    measured, *of = (f"CAST(({parse(text, '')}) AS DOUBLE)" for text in told)
    return measured, of[0] if of else ""


@dataclass(frozen=True)
class Figures:
    """The struct that holds a figure: the same fields for all of an estimate.

    Attributes:
        has_design: whether it holds variances.
        has_keys: whether it holds the sums of the records' keys.
        fixed: components that some indicator fixes by `set`.
    """

    has_design: bool
    has_keys: bool
    fixed: tuple[str, ...]

    @classmethod
    def of(cls, estimate: Estimate, *, has_design: bool, has_keys: bool) -> Figures:
        """Return the struct of an estimate's figures."""
        fixed = {component for indicator in estimate.indicators.values() for component in indicator.set}
        return cls(has_design, has_keys, tuple(sorted(fixed)))

    def struct(self, key: str, estimate: Estimate, fields: Mapping[str, str]) -> str:
        """Return SQL of an indicator's figure; what `fields` does not give is NULL in it."""
        indicator = estimate.indicators[key]
        said = {"key": quoted(key), "kind": quoted(indicator.kind)}
        said["scale"] = f"CAST({estimate.scale_of(key)} AS DOUBLE)"
        types = {**_FIELDS, **(_OF_DESIGN if self.has_design else {})}
        types |= dict.fromkeys(KEYS, "BIGINT") if self.has_keys else {}
        said |= {field: f"CAST({fields.get(field, 'NULL')} AS {kind})" for field, kind in types.items()}
        for component in self.fixed:
            code = indicator.set.get(component)
            said[f"set_{component}"] = quoted(code) if code is not None else "CAST(NULL AS VARCHAR)"
        return "{" + ", ".join(f"{quoted(field)}: {text}" for field, text in said.items()) + "}"


_FIELDS = {
    "n": "BIGINT",
    "k": "BIGINT",
    "size": "BIGINT",
    "side": "BIGINT",
    "numerator": "DOUBLE",
    "denominator": "DOUBLE",
    "value": "DOUBLE",
    "q": "DOUBLE",
    "x1": "DOUBLE",
    "x2": "DOUBLE",
}
"""Fields of every figure.

`n` and `k` as in the frame; `size` units that answered; `side` of a quantile, units on its emptier side; numerator and
denominator weighted totals; `value` the figure itself where it is no quotient of these; `q` weighted sum of squares; `x1`, `x2`
the two largest contributions, the second where a rule of the contract looks at it.
"""

_OF_DESIGN = {"v_yy": "DOUBLE", "v_yx": "DOUBLE", "v_xx": "DOUBLE", "df": "BIGINT"}
"""Further fields under a probability design: variances and covariance of numerator and denominator, degrees of freedom."""


KEYS = ("_base_key", "_k_key")
"""Sums of the keys of the records that answered, and of those that have the characteristic."""


def keyed(number: int) -> list[str]:
    """Return the sums of record keys in a cell."""
    y = f"_y{number}"
    return [
        f"sum(CASE WHEN {y} IS NOT NULL THEN _record_key END) AS _base_key{number}",
        f"sum(CASE WHEN {y} <> 0 THEN _record_key END) AS _k_key{number}",
    ]


def fields_of(number: int, indicator: Indicator, two: Seconds) -> dict[str, str]:
    """Return the fields of an indicator's figure from its sums and variances."""
    n, k = f"_n{number}", f"_k{number}"
    fields = {"n": n, "k": k, "size": n, "numerator": f"_num{number}", "denominator": f"_den{number}"}
    fields |= {f"v_{product}": f"_v{product}{number}" for product in ("yy", "yx", "xx")}
    fields |= {"df": f"_df{number}", **{key: f"{key}{number}" for key in KEYS}}
    if indicator.kind == "count":
        fields["n"] = k
    elif indicator.kind == "quantile":
        # Its units on either side are no category that adds up.
        fields |= {"k": "NULL", "side": f"_side{number}", "value": f"_quantile{number}"}
        fields |= {"numerator": f"_to{number}"}
    elif indicator.kind in CONTRIBUTED:
        most, following = f"_most{number}", f"_next{number}"
        fields |= {"q": f"_q{number}", "x1": most}
        if two != "none":
            # The second of all is the second of the firsts, or the first of the seconds.
            fields |= {"x1": f"{most}[1]", "x2": f"greatest({most}[2], {following})"}
    return fields
