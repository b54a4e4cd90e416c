"""Texts beside withheld figures that tell why: a partner's note of four answers stands beside those alone that have few.

What belongs here: finding such texts in the message. What does not: what they mean; that no shown figure has them is enough.
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.load import Mappings
from citizenstats.engine import Engine, name, quoted

_WITHHELD = ("C", "N", "A", "D")
"""Codes of CONF_STATUS of figures that have no value for everybody."""


def telling_texts(engine: Engine, mappings: Mappings, flow: str, message: Path) -> int:
    """Return how many withheld observations of ``AGENCY:ID`` have a text of their row that no other observation has.

    Args:
        engine: one that can read the message.
        mappings: the contracts, which tell what is the same on all rows.
        flow: ``AGENCY:ID``.
        message: its SDMX-CSV.
    """
    structure = mappings.structures.structure_of(mappings.reference(flow))
    of_rows = {
        component
        for dataset in mappings.dataflow(flow).feeds
        for target in mappings.dataset(dataset).contract.targets
        if target.dataflow == flow and target.estimate is None
        for component, mapped in target.map.items()
        if mapped.value is None
    }
    texts = [
        a.id
        for a in structure.attributes
        if a.id in of_rows
        and a.codelist is None
        and a.type == "String"
        and a.attachment == "observation"
        and not a.mandatory
    ]
    if not texts or "CONF_STATUS" not in structure.by_id:
        return 0
    is_withheld = f"CONF_STATUS IN ({', '.join(map(quoted, _WITHHELD))})"
    source = f"read_csv({quoted(str(message))}, all_varchar = true, header = true)"
    alone = " OR ".join(
        f"({name(t)} IS NOT NULL AND NOT bool_or(NOT coalesce({is_withheld}, FALSE)) OVER (PARTITION BY {name(t)}))"
        for t in texts
    )
    return int(
        engine.value(
            f"SELECT count(*) FROM (FROM {source} QUALIFY coalesce({is_withheld}, FALSE) AND ({alone}))"
        )
    )
