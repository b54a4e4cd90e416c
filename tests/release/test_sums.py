"""Totals that a partner compiled and no code list tells stop the figures: hidden ones could be had by subtraction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.release.assemble import assemble
from citizenstats.sdmx.model import ItemScheme

from .support import FIRST, FLOW, LISTS, SECOND, observe, office, row, structures

COUNTS = {
    ("NP", "F"): 3, ("NP", "M"): 100, ("PH", "F"): 60, ("PH", "M"): 50, ("DK", "F"): 63, ("DK", "M"): 150,
}  # fmt: skip
"""Denmark stands for the whole of Nepal and the Philippines."""


def given(house: House, counts: dict[tuple[str, str], int], **more: Any) -> House:
    told = {"_kind": "given", "_minimum": 10, **more}
    observe(house, FIRST, "s1", [row(a, s, value=n, _n=n, **told) for (a, s), n in counts.items()])
    observe(house, SECOND, "s1", [])
    return house


def under_denmark() -> ItemScheme:
    areas = LISTS["REF_AREA"]
    items = tuple(replace(i, parent=None if i.id == "DK" else "DK") for i in areas.items)
    return replace(areas, items=items)


def test_a_total_that_the_code_list_does_not_tell_stops_the_figures(tmp_path: Path) -> None:
    house = given(office(tmp_path), COUNTS)
    with pytest.raises(
        ReleaseError, match=r"TOTAL_NOT_DECLARED in REF_AREA \(1\) → DK is the sum of all others"
    ):
        assemble(house, FLOW)
    # The list is mended, and nothing else.
    mended = replace(house, mappings=office(tmp_path, found=structures(REF_AREA=under_denmark())).mappings)
    assert assemble(mended, FLOW).observations == len(COUNTS)


@pytest.mark.parametrize(
    ("counts", "more"),
    [
        (COUNTS | {("DK", "F"): 64}, {}),
        ({key: n for key, n in COUNTS.items() if key[1] == "F"}, {}),
        (dict.fromkeys(COUNTS, 0), {}),
        (COUNTS, {"_minimum": None}),
        (COUNTS, {"_kind": "proportion"}),
    ],
    ids=[
        "no sum",
        "too few to tell",
        "nobody",
        "protection is waived",
        "an estimate, whose totals are declared",
    ],
)
def test_what_is_no_total_or_needs_no_protection_passes(
    tmp_path: Path, counts: dict[tuple[str, str], int], more: dict[str, Any]
) -> None:
    assert assemble(given(office(tmp_path), counts, **more), FLOW).observations == len(counts)
