"""The frame of observations that all steps from `observed` on share: its columns and their types.

Every component of the data structure in its order, then what protection and provenance need: `_n` unweighted units,
`_k` units with the characteristic, `_minimum` the threshold (NULL: waived), `_kind` of figure, `_dataset`, `_deliveries`.
"""

from __future__ import annotations

from citizenstats.engine import name, quoted
from citizenstats.sdmx.model import Component, DataStructure

INTEGERS = frozenset({"Integer", "Long", "Short", "BigInteger", "Count"})
DECIMALS = frozenset({"Double", "Float", "Decimal"})

COMPANIONS = {
    "_n": "BIGINT",
    "_k": "BIGINT",
    "_minimum": "BIGINT",
    "_kind": "VARCHAR",
    "_dataset": "VARCHAR",
    "_deliveries": "VARCHAR[]",
}
"""Columns after the components, with their types."""


def sql_type(component: Component) -> str:
    """Return the column type of a component in the frame."""
    if component.several:
        languages = ", ".join(f"{name(language)} VARCHAR" for language in component.languages)
        return f"{f'STRUCT({languages})' if languages else 'VARCHAR'}{'[]' if component.array else ''}"
    if component.codelist is None and component.type in INTEGERS:
        return "BIGINT"
    if component.codelist is None and (component.role == "measure" or component.type in DECIMALS):
        return "DOUBLE"
    return "VARCHAR"


def columns(structure: DataStructure) -> dict[str, str]:
    """Return name → type of all columns of the frame, in order."""
    return {**{c.id: sql_type(c) for c in structure.components}, **COMPANIONS}


def companions(*, n: str, k: str, minimum: str, kind: str, dataset: str, deliveries: str) -> list[str]:
    """Return the select list of the companions from their SQL; `dataset` is a name."""
    given = [n, k, minimum, kind, quoted(dataset), deliveries]
    return [
        f"CAST({text} AS {kind_}) AS {name(c)}"
        for text, (c, kind_) in zip(given, COMPANIONS.items(), strict=True)
    ]


def finished(structure: DataStructure) -> str:
    """Return the last SELECT: defaults for status and confidentiality, and the sample size where it is known."""
    replaced = []
    if "OBS_STATUS" in structure.by_id:
        replaced.append("coalesce(OBS_STATUS, 'A') AS OBS_STATUS")
    if "CONF_STATUS" in structure.by_id:
        replaced.append("coalesce(CONF_STATUS, 'F') AS CONF_STATUS")
    if "SAMPLE_SIZE" in structure.by_id:
        replaced.append("coalesce(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE")
    listed = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT *{listed} FROM observations"
