"""What adds up between breakdowns by different columns, as the observed states say: districts in regions.

The records said it (`harmonize/within.py`); everybody who knows the country does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from citizenstats.house import House
from citizenstats.protect.audit.words import Ladder, Words
from citizenstats.store import read_json


def ladders_between(house: House, assembled: dict[str, str], words: Sequence[Words]) -> Iterator[Ladder]:
    """Yield what adds up between breakdowns of which one lies in the other.

    Args:
        house: where and what.
        assembled: dataflow → its assembled state.
        words: how the keys of the dataflows are told.
    """
    told = {(w.flow, w.dataset.name): w.named for w in words}
    for dataset, pair in _pairs(house, assembled):
        fine, coarse = (
            [told.get((flow, dataset), {}).get(d) for flow, d in pair[side]] for side in ("fine", "coarse")
        )
        for below in filter(None, fine):
            for over in filter(None, coarse):
                variable, categories = below
                above = {
                    categories[code]: over[1][up]
                    for code, up in pair["codes"].items()
                    if code in categories and up in over[1]
                }
                yield Ladder(variable, above, {})


def _pairs(house: House, assembled: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    seen = set()
    for flow, state in sorted(assembled.items()):
        facts = read_json(house.store.assembled(flow) / state / "assembled.json") or {}
        for dataset, observed in sorted(facts.get("observed", {}).items()):
            if (dataset, observed) not in seen:
                seen.add((dataset, observed))
                said = read_json(house.store.observed(dataset) / observed / "observed.json") or {}
                yield from ((dataset, pair) for pair in said.get("within", ()))
