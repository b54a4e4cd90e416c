"""Confidentiality: does a status let its value stand where it stands?

These rules are for observations on their way out, and for messages of others: before protection, a value beside a
confidential status is right. The codes are those of SDMX:CL_CONF_STATUS and SDMX:CL_OBS_STATUS; that an embargo date goes
with CONF_STATUS N is a check of Eurostat's structural validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from citizenstats.engine import Engine, name, quoted
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.sdmx.model import DataStructure
from citizenstats.validation.conditions import Condition, no_value
from citizenstats.validation.finding import Finding, Frame
from citizenstats.validation.structural import row_findings

FREE = "F"
"""The one CONF_STATUS with which a value may be published; none at all says the same."""

WITHHELD = "Q"
"""OBS_STATUS of a value that is withheld."""

VALUELESS = ("H", "L", "M", "O", WITHHELD)
"""OBS_STATUS of a value that is missing, for whatever reason."""

KINDS = ("A", "O", "T", "G", "M", "D", "S")
"""CONF_STATUS that tell why, or in which turn, a value was withheld: primary by small counts or dominance, or secondary."""

NOT_COMPANIONS = ("UNIT_MULT", "DECIMALS")
"""Numbers that tell how a value is written and nothing of it."""


def confidentiality_findings(engine: Engine, frame: Frame, structure: DataStructure) -> Iterator[Finding]:
    """Yield what may not stand in observations that leave, by component."""
    types = {c: t for c, t in engine.columns(frame.source) if c in structure.by_id}
    yield from row_findings(engine, frame, list(_checks(structure, types)))


def _checks(structure: DataStructure, types: Mapping[str, str]) -> Iterator[tuple[str, Condition]]:
    measures = [m.id for m in structure.measures if m.id in types]
    for measure in measures:
        has = f"NOT {no_value(measure, types[measure])}"
        if "CONF_STATUS" in types:
            yield measure, Condition("CONFIDENTIAL_VALUE", f"{has} AND {_not_free()}")
        if "OBS_STATUS" in types:
            listed = ", ".join(map(quoted, VALUELESS))
            yield measure, Condition("MISSING_WITH_VALUE", f"{has} AND OBS_STATUS IN ({listed})")
    yield from _companions(structure, types, measures)
    if "CONF_STATUS" in types:
        if "EMBARGO_DATE" in types:
            condition = "EMBARGO_DATE IS NOT NULL AND CONF_STATUS IS DISTINCT FROM 'N'"
            yield "EMBARGO_DATE", Condition("EMBARGO_NOT_INTERNAL", condition)
        listed = ", ".join(map(quoted, KINDS))
        yield "CONF_STATUS", Condition("SUPPRESSION_TOLD_APART", f"CONF_STATUS IN ({listed})")


def _companions(
    structure: DataStructure, types: Mapping[str, str], measures: list[str]
) -> Iterator[tuple[str, Condition]]:
    withheld = [f"OBS_STATUS = {quoted(WITHHELD)}"] if "OBS_STATUS" in types else []
    withheld += [_not_free()] if "CONF_STATUS" in types else []
    if not withheld or not measures:
        return
    empty = " AND ".join(no_value(measure, types[measure]) for measure in measures)
    for attribute in structure.attributes:
        is_number = attribute.codelist is None and attribute.type in INTEGERS | DECIMALS
        if (
            is_number
            and attribute.attachment == "observation"
            and attribute.id in types
            and attribute.id not in NOT_COMPANIONS
        ):
            condition = f"{name(attribute.id)} IS NOT NULL AND {empty} AND ({' OR '.join(withheld)})"
            yield attribute.id, Condition("COMPANION_OF_WITHHELD", condition)


def _not_free() -> str:
    return f"coalesce(CONF_STATUS, {quoted(FREE)}) <> {quoted(FREE)}"
