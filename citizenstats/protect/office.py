"""The office's own copy of a protected dataflow: every value, and why it may not be shown, in the codes of SDMX.

It lies in the restricted store beside the publishable file, and no step reads it. Public copies say C for all of these.
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.model import Protection
from citizenstats.engine import Engine, name
from citizenstats.sdmx.model import DataStructure

PREFIX = "office."
"""What the name of the copy begins with; the rest is that of the publishable file beside it."""


def rule_broken(dominated: str, rules: Protection) -> str:
    """Return SQL of the code of CL_CONF_STATUS for a sum in which single units stand out; NULL where none does.

    M is a mathematical rule, as p % is; O and T are dominance by one unit and by two.

    Args:
        dominated: SQL condition that single units stand out.
        rules: the contract's rules.
    """
    code = "M"
    if rules.p_percent is None and rules.dominance is not None:
        code = "O" if rules.dominance.units == 1 else "T"
    return f"CASE WHEN {dominated} THEN '{code}' END"


def write_copy(engine: Engine, cells: str, structure: DataStructure, target: Path) -> None:
    """Write the copy of one dataflow.

    CONF_STATUS is F for what is shown; A, M, O or T for what may not be shown by itself; D for what is hidden with others;
    N for what is too unreliable to be shown. It is added where the structure has no place for it.

    Args:
        engine: with the tables that `cells` reads.
        cells: SELECT of the cells with `_shown`, `_unsafe`, `_close`, `_rule_broken`, `_unreliable` and `_figure`, which only
            cells of the data have.
        structure: the data structure.
        target: the Parquet file.
    """
    why = (
        "CASE WHEN _shown THEN 'F' WHEN _rule_broken IS NOT NULL THEN _rule_broken "
        "WHEN _unsafe OR _close THEN 'A' WHEN _unreliable THEN 'N' ELSE 'D' END AS CONF_STATUS"
    )
    columns = [name(c.id) for c in structure.components if c.id != "CONF_STATUS"]
    ordering = ", ".join(name(d) for d in structure.key)
    engine.write_parquet(
        f"SELECT {', '.join(columns)}, {why} FROM ({cells}) WHERE _figure IS NOT NULL ORDER BY {ordering}",
        target,
    )
