"""Accounts of a former version of a dataflow under the keys of the present one.

A former version had codes of its own. What became of each is declared in the dataflow's file (`recoded`); without that a code
stands for itself. What belongs here: writing keys anew. What does not: what follows from what was shown (`former`, `audit`).
"""

from __future__ import annotations

from dataclasses import dataclass

from citizenstats.engine import name, quoted
from citizenstats.house import House


@dataclass(frozen=True)
class Recoding:
    """How keys of a former version are written in this one.

    Attributes:
        key: the dimensions of this version, in its order.
        codes: dimension, code then, code now; a code that was split has several.
    """

    key: tuple[str, ...]
    codes: tuple[tuple[str, str, str], ...]


def recoding_of(house: House, flow: str, version: str) -> Recoding | None:
    """Return how keys of a version of ``AGENCY:ID`` are written in the present one; None when it is the same."""
    present = house.mappings.reference(flow)
    if version == present.version:
        return None
    said = house.mappings.dataflow(flow).recoded.get(version, {})
    codes = (
        (dimension, then, now)
        for dimension, listed in said.items()
        for then, told in listed.items()
        for now in ([told] if isinstance(told, str) else told)
    )
    return Recoding(house.mappings.structures.structure_of(present).key, tuple(sorted(codes)))


def recoded(account: str, recoding: Recoding) -> str:
    """Return the SELECT of an account of one dataflow with the keys of the present version.

    Args:
        account: SELECT with `key`.
        recoding: how keys are written.

    `key_then` is the key of the former version. `is_same`: the cell is the same one, neither a part of it, as a code that was
    split makes it, nor one that it is a part of, as one that was merged.
    """
    dimensions, joins = [], []
    for number, dimension in enumerate(recoding.key):
        path = quoted(f'$."{dimension}"')
        code = f"json_extract_string(t.key, {path})"
        codes = [(then, now) for d, then, now in recoding.codes if d == dimension]
        if codes:
            listed = ", ".join(f"({quoted(then)}, {quoted(now)})" for then, now in codes)
            joins.append(f"LEFT JOIN (VALUES {listed}) AS r{number}(old, new) ON r{number}.old = {code}")
            code = f"coalesce(r{number}.new, {code})"
        dimensions.append(f"{name(dimension)}: {code}")
    key = f"CAST({{{', '.join(dimensions)}}} AS JSON)::VARCHAR"
    return (
        "SELECT *, count(*) OVER (PARTITION BY key) = 1 AND count(*) OVER (PARTITION BY key_then) = 1 AS is_same "
        f"FROM (SELECT t.* REPLACE ({key} AS key), t.key AS key_then FROM ({account}) AS t {' '.join(joins)})"
    )
