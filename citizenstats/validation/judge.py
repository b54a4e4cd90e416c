"""Which rules are asked when: of observations inside the house, and of those that stand in a message.

Inside, before protection, a count below its threshold may still stand beside a confidential status. In a message nothing
of the kind may be left, each key stands once, and a person wants to know also what is only strange.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from citizenstats.engine import Engine
from citizenstats.sdmx.model import DataStructure, Structures
from citizenstats.validation.confidential import confidentiality_findings
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.hierarchy import hierarchy_findings
from citizenstats.validation.series import series_findings
from citizenstats.validation.structural import duplicate_findings, in_order, structural_findings


def observation_findings(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    structures: Structures,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> list[Finding]:
    """Return what is wrong with observations by structure and constraints; all of it are errors.

    Args:
        engine: the engine that can read the frame.
        frame: the observations, each key once.
        structure: what they must keep.
        structures: where its code lists are.
        allowed: the content constraint of their dataflow, dimension → codes.
    """
    found = structural_findings(engine, frame, structure, structures, allowed)
    return in_order([*found, *series_findings(engine, frame, structure)], structure)


def published_findings(
    engine: Engine,
    frame: Frame,
    structure: DataStructure,
    structures: Structures,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> list[Finding]:
    """Return what is wrong or strange with observations that leave or have left: errors and warnings.

    Arguments as in `observation_findings`; a key may stand more than once, which is then told.
    """
    found = [
        *observation_findings(engine, frame, structure, structures, allowed),
        *duplicate_findings(engine, frame, structure),
        *confidentiality_findings(engine, frame, structure),
        *hierarchy_findings(engine, frame, structure, structures),
    ]
    return in_order(found, structure)
