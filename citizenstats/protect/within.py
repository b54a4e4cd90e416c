"""Breakdowns by different columns of which one lies in the other, as the records say: districts in regions.

They become one variable, as the lists of one column do (`lists.py`): a region is the sum of its districts, wherever both are
published. What the records say was kept with the observations (`harmonize/within.py`); of breakdowns that are told together
already, by the lists of their columns, nothing more is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citizenstats.house import House
from citizenstats.protect.figures import Feed, feeds_of
from citizenstats.protect.lists import Categories, Dimension, Shared, tree_of
from citizenstats.store import read_json


@dataclass(frozen=True)
class _Within:
    """One breakdown lies in another: where each stands, and code of the fine one → code of the coarse one."""

    fine: frozenset[Dimension]
    coarse: frozenset[Dimension]
    codes: Mapping[str, str | None]


def gathered(house: House, states: Mapping[str, Mapping[str, Any]]) -> list[Feed]:
    """Return the feeds of dataflows, in the assembled states given, with what their breakdowns have in common."""
    feeds = [feed for flow in states for feed in feeds_of(house, flow)]
    said: dict[str, dict[str, None]] = {}
    for state in states.values():
        assembled = read_json(state["folder"] / "assembled.json") or {}
        for dataset, observed in assembled.get("observed", {}).items():
            said.setdefault(dataset, {})[observed] = None
    shared: dict[Dimension, Shared] = {}
    for dataset, observed_states in sorted(said.items()):
        taken = {(feed.flow, d) for feed in feeds if feed.dataset.name == dataset for d in feed.shared}
        lists = {
            (feed.flow, d): str(feed.structure.by_id[d].codelist)
            for feed in feeds
            if feed.dataset.name == dataset
            for d in feed.variables.totals
        }
        told = [of for of in _read(house, dataset, observed_states) if not (of.fine | of.coarse) & taken]
        shared |= dict(_shared(told, lists))
    return [
        replace(
            feed,
            shared={
                **feed.shared,
                **{d: shared[feed.flow, d] for d in feed.variables.totals if (feed.flow, d) in shared},
            },
        )
        for feed in feeds
    ]


def _read(house: House, dataset: str, states: Iterable[str]) -> list[_Within]:
    """Return what the observed states of a dataset say; nothing of a pair of which two of them say different things."""
    found: dict[tuple[frozenset[Dimension], frozenset[Dimension]], dict[str, str | None]] = {}
    against = set()
    for state in states:
        facts = read_json(house.store.observed(dataset) / state / "observed.json") or {}
        for of in facts.get("within", ()):
            pair = tuple(frozenset((flow, d) for flow, d in of[side]) for side in ("fine", "coarse"))
            codes = found.setdefault((pair[0], pair[1]), {})
            if any(codes.get(code, above) != above for code, above in of["codes"].items()):
                against.add(pair)
            codes.update(of["codes"])
    return [_Within(*pair, codes) for pair, codes in found.items() if pair not in against]


def _shared(told: Sequence[_Within], lists: Mapping[Dimension, str]) -> Iterator[tuple[Dimension, Shared]]:
    """Yield each breakdown with its categories in the variable that it has in common with what it lies in.

    The finest first: what its categories lie in are sets of them. Of two that overlap, the one with the fewer categories, as
    provinces beside regions, is left by itself.
    """
    by_fine: dict[frozenset[Dimension], list[_Within]] = {}
    for of in told:
        by_fine.setdefault(of.fine, []).append(of)
    done: set[frozenset[Dimension]] = set()
    for fine, coarser in sorted(by_fine.items(), key=lambda entry: (-len(entry[1]), sorted(entry[0]))):
        if fine in done:
            continue
        numbers = {code: i for i, code in enumerate(sorted(coarser[0].codes))}
        group = {fine: {code: frozenset([i]) for code, i in numbers.items()}}
        for of in sorted(coarser, key=lambda of: (-len(set(of.codes.values())), sorted(of.coarse))):
            sets: dict[str, set[int]] = {}
            for code, above in of.codes.items():
                if above is not None and code in numbers:
                    sets.setdefault(above, set()).add(numbers[code])
            beside = group | {of.coarse: {code: frozenset(inside) for code, inside in sets.items()}}
            if of.coarse not in done and tree_of(_named(beside, lists)) is not None:
                group = beside
        tree = tree_of(_named(group, lists))
        if len(group) > 1 and tree is not None:
            done |= group.keys()
            yield from tree.items()


def _named(
    group: Mapping[frozenset[Dimension], Mapping[str, frozenset[int]]], lists: Mapping[Dimension, str]
) -> list[Categories]:
    return [
        Categories(at, lists[at], sets)
        for breakdown, sets in group.items()
        for at in sorted(breakdown)
        if at in lists
    ]
