"""Frames of observations for the rules: text as messages hold it, or typed as the steps hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.sdmx.model import Component, DataStructure, Item, ItemScheme, Reference, Structures
from citizenstats.validation.finding import Frame

_CONCEPTS = Reference("OFFICE", "CS_OFFICE", "1.0.0")


def codelist(identifier: str, *codes: str | tuple[str, str]) -> ItemScheme:
    """Return a code list; a pair is a code and its parent."""
    pairs = [(code, None) if isinstance(code, str) else code for code in codes]
    items = tuple(Item(code, {"en": code}, parent=parent) for code, parent in pairs)
    return ItemScheme("Codelist", Reference("OFFICE", identifier, "1.0.0"), {"en": identifier}, items)


LISTS = {
    "FREQ": codelist("CL_FREQ", "A", "Q", "M"),
    "REF_AREA": codelist("CL_AREA", "DK", ("DK-81", "DK"), ("DK-82", "DK"), "NP"),
    "SEX": codelist("CL_SEX", "F", "M", "_T"),
    "OBS_STATUS": codelist("CL_OBS_STATUS", "A", "B", "L", "Q"),
    "CONF_STATUS": codelist("CL_CONF_STATUS", "A", "C", "D", "F", "N"),
    "UNIT_MEASURE": codelist("CL_UNIT", "PT", "NUMBER"),
    "REGION_TYPE": codelist("CL_REGION_TYPE", "U", "R"),
    "LANGUAGES": codelist("CL_LANGUAGE", "da", "ne"),
    "SOURCE": codelist("CL_SOURCE", "S1", "S2"),
}


def _component(identifier: str, role: Any, **more: Any) -> Component:
    listed = LISTS[identifier].reference if identifier in LISTS else None
    return Component(identifier, role, _CONCEPTS, identifier, listed, **more)


STRUCTURE = DataStructure(
    Reference("OFFICE", "HOMES", "1.0.0"),
    {"en": "Homes"},
    (
        _component("FREQ", "dimension"),
        _component("REF_AREA", "dimension"),
        _component("SEX", "dimension"),
        _component("TIME_PERIOD", "time", type="ObservationalTimePeriod"),
        _component("OBS_VALUE", "measure", type="Double"),
        _component("OBS_STATUS", "attribute", mandatory=True),
        _component("CONF_STATUS", "attribute"),
        _component("UNIT_MEASURE", "attribute", attachment="series", mandatory=True),
        _component("REGION_TYPE", "attribute", attachment="series", group=("REF_AREA",)),
        _component("SOURCE", "attribute", attachment="dataset"),
        _component("SAMPLE_SIZE", "attribute", type="Integer"),
        _component("LOWER_BOUND", "attribute", type="Double"),
        _component("EMBARGO_DATE", "attribute", type="DateTime"),
        _component("REVISED", "attribute", type="Boolean"),
        _component("PAGE", "attribute", type="URI"),
        _component("SURVEYED", "attribute", type="ObservationalTimePeriod"),
        _component("DECIMALS", "attribute", type="Short"),
        _component("VISITS", "attribute", type="Count"),
        _component("SHARE", "attribute", type="Decimal"),
        _component("LANGUAGES", "attribute", array=True, most=2),
        _component("PLACES", "attribute", array=True, most=2),
        _component("WAVES", "attribute", array=True, type="Integer"),
        _component("COMMENT_OBS", "attribute"),
    ),
)
"""All levels of attributes, and all types."""

STRUCTURES = Structures({s.reference: s for s in LISTS.values()}, {STRUCTURE.reference: STRUCTURE}, {})


def row(
    area: str | None = "DK", sex: str | None = "F", period: str | None = "2020", **more: Any
) -> dict[str, Any]:
    """Return an observation as text, valid unless `more` makes it wrong."""
    return {
        "FREQ": "A", "REF_AREA": area, "SEX": sex, "TIME_PERIOD": period, "OBS_VALUE": "1.5", "OBS_STATUS": "A",
        "CONF_STATUS": "F", "UNIT_MEASURE": "PT", "REGION_TYPE": "U", "SOURCE": "S1", **more,
    }  # fmt: skip


@contextmanager
def framed(rows: Sequence[Mapping[str, Any]], without: Sequence[str] = ()) -> Iterator[tuple[Engine, Frame]]:
    """Open an engine with a frame of text rows, numbered from 1, with all columns but those that are left out."""
    more = [c for r in rows for c in r if c not in STRUCTURE.by_id]
    columns = [c for c in (*STRUCTURE.by_id, *dict.fromkeys(more)) if c not in without]
    with session(threads=1) as engine:
        engine.run(f"CREATE TEMP TABLE observations AS {values_sql(rows, columns)}")
        yield engine, Frame("SELECT * FROM observations", "_row")


def values_sql(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return the SELECT of rows as text, numbered from 1."""
    lines = [
        "(" + ", ".join([str(i), *(_literal(r.get(c)) for c in columns)]) + ")" for i, r in enumerate(rows, 1)
    ]
    told = ", ".join(["_row", *map(name, columns)])
    cast = ", ".join(["_row", *(f"CAST({name(c)} AS VARCHAR) AS {name(c)}" for c in columns)])
    return f"SELECT {cast} FROM (VALUES {', '.join(lines)}) AS t({told})"


def _literal(value: Any) -> str:
    return "NULL" if value is None else quoted(str(value))
