"""What the audit found, as numbers: for the restricted store, and in coarser words for the UI.

Nothing here names a cell. Which cells were unsafe is in the accounts beside the protected state and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from citizenstats.errors import ReleaseError
from citizenstats.protect.audit.figure import Found

NAME = "audit.json"
"""The report beside a candidate."""

PRIMARY = ("few units", "few on one side", "few left out", "one unit stands out", "another rule")
"""Why a cell is unsafe by itself."""


@dataclass(frozen=True)
class Audit:
    """What an attacker finds in the messages of a dataflow; for the restricted store only.

    Attributes:
        cells: observations in the message.
        withheld: those beside which no number stands.
        reasons: why they are withheld → how many: one of `PRIMARY`, ``with others``, ``too unreliable``; or that they show what
            was published before, ``stays as published``. The rest are combinations in which nobody is.
        units_withheld: share of the units of all cells that stand behind withheld ones.
        found: what came of attacking the whole family, this message with all else that is public.
        by_flow: the same for each dataflow, of the figures that stand in it.
        shown: small counts, small changes and dominated figures that are shown as they are.
        unaccounted: observations that are shown and that protection left no account of, so that nobody can say what stands
            behind them. Combinations that were added to be empty have none either, and show nothing.
        telling: figures beside which an error is shown that is an equation in their withheld parts, counts of people beside
            which a design effect is, and withheld figures beside which stands a text that no shown one has.
        revived: former values beside this message that no former release showed.
        files: data file → its observations.
        differing: files that should say everything and have another number of observations than ``data.csv``.
        vintages: former states that it was compared with.
        tables: digest of each attacked figure with all that is known of it → what came of it.
    """

    cells: int
    withheld: int
    reasons: Mapping[str, int]
    units_withheld: float
    found: Found
    by_flow: Mapping[str, Found]
    shown: int
    unaccounted: int
    telling: int
    revived: int
    files: Mapping[str, int]
    differing: tuple[str, ...]
    vintages: int
    tables: Mapping[str, Found]

    @property
    def primary(self) -> int:
        """Cells that are withheld because they are unsafe by themselves."""
        return sum(self.reasons.get(reason, 0) for reason in PRIMARY)

    @property
    def secondary(self) -> int:
        """Cells that are withheld so that others cannot be worked out."""
        return self.reasons.get("with others", 0)

    @property
    def share_withheld(self) -> float:
        """The share of cells that is withheld."""
        return self.withheld / self.cells if self.cells else 0.0

    def as_facts(self) -> dict[str, Any]:
        """Return the content of ``audit.json``."""
        return {
            **asdict(self),
            "primary": self.primary,
            "secondary": self.secondary,
            "share_withheld": round(self.share_withheld, 4),
            "units_withheld": round(self.units_withheld, 4),
        }

    def require(self, flow: str) -> None:
        """Stop a release in which something is shown or within reach that may not be, or that nobody judged in part.

        Raises:
            ReleaseError: ``NOT_JUDGED``, ``MESSAGES_DIFFER``, ``DISCLOSIVE``.
        """
        if self.unaccounted or self.revived:
            raise ReleaseError(
                "NOT_JUDGED",
                f"protection has no account of {self.unaccounted} observations that the messages show, and of "
                f"{self.revived} former values",
                flow,
                "nothing is published; let the family's protection run again, and tell who keeps this program",
            )
        if self.differing:
            raise ReleaseError(
                "MESSAGES_DIFFER",
                f"not the same observations as in data.csv: {', '.join(self.differing)}",
                flow,
                "nothing is published; tell who keeps this program",
            )
        if self.telling:
            raise ReleaseError(
                "DISCLOSIVE",
                f"beside {self.telling} figures errors, design effects or texts tell what is withheld",
                flow,
                "nothing is published; tell who keeps this program",
            )
        found = self.found
        if self.shown or found.within_reach or found.within_reach_inside:
            raise ReleaseError(
                "DISCLOSIVE",
                f"{self.shown} small counts, changes or dominated figures are shown, {found.within_reach} are within reach of "
                f"subtraction, and {found.within_reach_inside} within reach of somebody who knows himself",
                flow,
                "nothing is published; the account beside the protected state says which",
            )


def told(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the report of ``audit.json`` in words for people of the office: sums only, and no count of fewer than ten.

    A report from before it had all this has less.
    """
    found = facts.get("found")
    if found is None:
        return _told_of_changed(facts) if "attacked" in facts else {}
    said = {
        "cells": f"{facts['cells']:,}",
        # The audit knows what is shown; what was not collected has no value either.
        "without a value": _withheld(facts),
        "unsafe by themselves": _count(facts["primary"]),
        "withheld with them": _count(facts["secondary"]),
        "stay as published": _count(facts["reasons"].get("stays as published", 0)),
        "units behind what is withheld": _share(facts["units_withheld"]),
        "attacked": f"{_count(found['attacked'])} values, with {_count(facts['vintages'])} former states"
        if found["attacked"]
        else "no value",
        "within reach": _count(found["within_reach"]),
    }
    if found["narrowest"] is not None:
        said["smallest interval"] = f"{found['narrowest']:.0f} units"
    if found["attacked_inside"]:
        said["somebody who knows himself"] = (
            f"can tell {_count(found['within_reach_inside'])} of {_count(found['attacked_inside'])} exactly"
        )
    return said


def _told_of_changed(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the report on rounded counts, or on counts with noise, in such words."""
    said = {
        "cells": f"{facts['cells']:,}",
        "withheld": _withheld(facts),
        "attacked": f"{_count(facts['attacked'])} small counts" if facts["attacked"] else "no small count",
        "within reach": _count(facts["within_reach"]),
        "shown in two ways": _count(facts["unsteady"]),
    }
    if "torn" in facts:
        said["sums that do not hold"] = _count(facts["torn"])
        if facts["narrowest"] is not None:
            said["fewest counts that are possible behind a small one"] = f"{facts['narrowest']:.0f}"
    elif facts["narrowest"] is not None:
        said["how far off the best estimate of a small count is at least"] = f"{facts['narrowest']:.1f} units"
    return said


def _withheld(facts: Mapping[str, Any]) -> str:
    share = f", {_share(facts['share_withheld'])} of the cells" if facts["withheld"] else ""
    return f"{_count(facts['withheld'])}{share}"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _count(number: int) -> str:
    return "none" if number == 0 else "fewer than 10" if number < _FEW else f"{number:,}"


_FEW = 10
"""Smaller counts of cells are not told: together with the messages they would say which."""
