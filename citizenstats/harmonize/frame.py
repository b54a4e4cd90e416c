"""The frame of observations that all steps from `observed` on share: its columns and their types.

Every component of the data structure in its order, then what protection and provenance need: `_n` unweighted units,
`_k` units with the characteristic, `_minimum` the threshold (NULL: waived), `_kind` of figure, `_dataset`, `_deliveries`.
How sure a figure is, NULL where no design-based error is defensible: `_se` its standard error, `_df` degrees of freedom,
`_neff` effective sample size, `_cv` coefficient of variation (a share, not percent), `_lower` and `_upper` of the 95 %
interval; `_se`, `_lower` and `_upper` in the scale of the figure, not rounded. `_x1` and `_x2`: the two largest
absolute contributions of single units to a total, mean or ratio, in the scale of the figure, so that `_x1` over the
figure's absolute value is the share of the largest; the second where a rule of dominance looks at it. `_base`: the units
of the cell that an estimate is about, those without the characteristic too, of a count as well, whose `_n` is its `_k`.
`_base_key`, `_k_key`: their cell keys, where the dataflow asks for noise by cell keys (`citizenstats.protect.cellkey`).
`_side`: of a quantile the units at or below it, or at or above it, where those are fewer.
"""

from __future__ import annotations

from collections.abc import Mapping

from citizenstats.engine import name, quoted
from citizenstats.sdmx.model import Component, DataStructure

INTEGERS = frozenset({"Integer", "Long", "Short", "BigInteger", "Count"})
DECIMALS = frozenset({"Double", "Float", "Decimal"})
PRIMARY = "OBS_VALUE"

COMPANIONS = {
    "_n": "BIGINT",
    "_k": "BIGINT",
    "_minimum": "BIGINT",
    "_kind": "VARCHAR",
    "_dataset": "VARCHAR",
    "_deliveries": "VARCHAR[]",
    "_se": "DOUBLE",
    "_df": "BIGINT",
    "_neff": "DOUBLE",
    "_cv": "DOUBLE",
    "_lower": "DOUBLE",
    "_upper": "DOUBLE",
    "_x1": "DOUBLE",
    "_x2": "DOUBLE",
    "_base": "BIGINT",
    "_base_key": "BIGINT",
    "_k_key": "BIGINT",
    "_side": "BIGINT",
}
"""Columns after the components, with their types."""


def sql_type(component: Component) -> str:
    """Return the column type of a component in the frame."""
    return f"{_one_type(component)}{'[]' if component.array else ''}"


def _one_type(component: Component) -> str:
    """Return the type of one value of a component."""
    if component.languages:
        languages = ", ".join(f"{name(language)} VARCHAR" for language in component.languages)
        return f"STRUCT({languages})"
    if component.any_language:
        return "MAP(VARCHAR, VARCHAR)"
    if component.codelist is None and component.type in INTEGERS:
        return "BIGINT"
    # The primary measure of 2.1 is a number, and few servers say so.
    unsaid = component.role == "measure" and component.id == PRIMARY and component.type == "String"
    if component.codelist is None and (unsaid or component.type in DECIMALS):
        return "DOUBLE"
    return "VARCHAR"


def as_component(text: str, component: Component) -> str:
    """Return SQL of what a contract maps to a component, in its type.

    Texts by language are a struct, or the JSON object in which a message of SDMX hands them on.
    """
    of_json = f"CAST({text} AS JSON)" if component.any_language else text
    return f"CAST({of_json} AS {sql_type(component)}) AS {name(component.id)}"


def columns(structure: DataStructure) -> dict[str, str]:
    """Return name → type of all columns of the frame, in order."""
    return {**{c.id: sql_type(c) for c in structure.components}, **COMPANIONS}


PRECISION = ("_se", "_df", "_neff", "_cv", "_lower", "_upper")
"""The companions that say how sure a figure is."""

CONTRIBUTIONS = ("_x1", "_x2", "_side")
"""The companions that say what single units contribute, and how few there are on a side."""


def companions(
    *,
    n: str,
    k: str,
    minimum: str,
    kind: str,
    dataset: str,
    deliveries: str,
    further: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the select list of the companions from their SQL; `dataset` is a name, `further` those that may be NULL."""
    given = {
        "_n": n,
        "_k": k,
        "_minimum": minimum,
        "_kind": kind,
        "_dataset": quoted(dataset),
        "_deliveries": deliveries,
        **(further or {}),
    }
    return [f"CAST({given.get(c, 'NULL')} AS {kind_}) AS {name(c)}" for c, kind_ in COMPANIONS.items()]


def confidentiality_sql(status: str) -> str:
    """Return CONF_STATUS where no contract says more, from OBS_STATUS: what was withheld already is not free."""
    return f"CASE {status} WHEN 'Q' THEN 'C' ELSE 'F' END"


def finished(structure: DataStructure) -> str:
    """Return the last SELECT: defaults for status and confidentiality, and the sample size where it is known."""
    replaced = []
    if "OBS_STATUS" in structure.by_id:
        replaced.append("coalesce(OBS_STATUS, 'A') AS OBS_STATUS")
    if "CONF_STATUS" in structure.by_id:
        known = confidentiality_sql("OBS_STATUS") if "OBS_STATUS" in structure.by_id else "'F'"
        replaced.append(f"coalesce(CONF_STATUS, {known}) AS CONF_STATUS")
    if "SAMPLE_SIZE" in structure.by_id:
        replaced.append("coalesce(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE")
    listed = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT *{listed} FROM observations"
