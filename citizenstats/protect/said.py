"""What everybody is told about how the figures of a dataflow are protected.

What belongs here: the words. What does not: the choice, and whether it fits (`method.py`).
"""

from __future__ import annotations

from citizenstats.contracts.model import FlowProtection

SUPPRESSION = "Figures are withheld where they could tell something about single units."


def said(protection: FlowProtection) -> str:
    """Return what everybody is told about how figures are protected."""
    if protection.rounding is not None:
        base = protection.rounding.base
        return (
            f"Counts are rounded to multiples of {base}, at random and the same in every table and release, so that they "
            "add up; a zero may be a small count. Shares and sample sizes are made of the rounded counts; standard errors "
            "and intervals would give the true ones away and are not told. A combination that is missing has no or few units."
        )
    if protection.cell_key is not None:
        return (
            "Counts carry noise by the cell key method: the same records have the same noise in every table and release, zeros "
            "stay zero, small counts do not come out, and sums do not hold. Shares and sample sizes are made of these counts; "
            "standard errors and intervals would give the true ones away and are not told. A combination that is missing has "
            "no or few units."
        )
    return SUPPRESSION
