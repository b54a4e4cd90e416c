"""What the observations must keep so that a message can be written: counted before the first byte.

The values themselves (codes, periods, ranges) were checked when the dataflow was assembled; here is only what a
syntax cannot carry. An error says component and count, never a value.
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component
from citizenstats.sdmx.write.features import ALL_OPEN
from citizenstats.sdmx.write.fragments import is_free_text
from citizenstats.sdmx.write.message import DataMessage, Layout

_FORBIDDEN = r"[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{FFFE}\x{FFFF}]"
"""Characters that XML 1.0 has no way to write; the engine's texts hold no surrogates."""


def check_missing(engine: Engine, message: DataMessage, found: Layout) -> None:
    """See that a receiver that merges is told of each missing measure: what is not said, it keeps as it was.

    Raises:
        MessageError: ``NO_WORD_FOR_MISSING``.
    """
    silent = [m for m in found.measures if found.missing(m) is None]
    if message.action in ("Replace", "Delete") or not silent:
        return
    tests = ", ".join(f"count(*) FILTER (WHERE {name(measure.id)} IS NULL)" for measure in silent)
    for measure, count in zip(silent, engine.rows(f"SELECT {tests} FROM ({found.source})")[0], strict=True):
        if count:
            raise MessageError(
                "NO_WORD_FOR_MISSING",
                f"{count} observations have no value, this format has no word for that, and a receiver that merges "
                "would keep the former values",
                where=measure.id,
                mend="write with the action Replace, or in csv-2.1, ml-3.1 or json-2.1",
            )


def check_named(engine: Engine, message: DataMessage, dimensions: Sequence[str], form: str) -> None:
    """See that each key to delete names one of the dimensions, where a format has no place for a key that is all open.

    Raises:
        MessageError: ``NO_PARTIAL_KEY``.
    """
    if message.action != "Delete":
        return
    open_ = " AND ".join(f"{name(dimension)} IS NULL" for dimension in dimensions)
    if count := engine.value(f"SELECT count(*) FROM ({message.source}) WHERE {open_}"):
        ALL_OPEN.require(form, ", ".join(dimensions), f", and {count} rows delete such keys")


def check_levels(engine: Engine, layout: Layout) -> None:
    """See that attributes above the observation have one value where they stand.

    Raises:
        MessageError: ``DIFFERS_INSIDE``.
    """
    if layout.series:
        _refuse("series", layout.series, engine.rows(_differing_in_series(layout))[0])
    if layout.data_set:
        _refuse(
            "data set", layout.data_set, engine.rows(_differing_in_groups(layout, (), layout.data_set))[0]
        )
    for dimensions, attributes in layout.groups.items():
        _refuse("group", attributes, engine.rows(_differing_in_groups(layout, dimensions, attributes))[0])


def check_characters(engine: Engine, layout: Layout) -> None:
    """See that free texts hold only characters that XML has.

    Raises:
        MessageError: ``FORBIDDEN_CHARACTER``.
    """
    grouped = (attribute for attributes in layout.groups.values() for attribute in attributes)
    levels = (layout.data_set, grouped, layout.series_key, layout.series, layout.key, layout.observation)
    components = [component for level in levels for component in level]
    free = [c for c in components if is_free_text(c, layout.types[c.id])]
    if not free:
        return
    counts = ", ".join(
        f"count(*) FILTER (WHERE regexp_matches(CAST({name(c.id)} AS VARCHAR), {quoted(_FORBIDDEN)}))"
        for c in free
    )
    for component, count in zip(free, engine.rows(f"SELECT {counts} FROM ({layout.source})")[0], strict=True):
        if count:
            raise MessageError(
                "FORBIDDEN_CHARACTER",
                f"{count} texts hold a control character that XML cannot carry",
                where=component.id,
                mend="take it out of the delivery or the mapping",
            )


def _differing_in_series(layout: Layout) -> str:
    """Return SQL that counts, for each attribute, the observations that differ from the one before in their series.

    Rows of a series follow each other, so a look at the row before is enough, and memory stays flat. Few rows
    differ from the row before in any of the attributes: only those are asked whether their series changed too.
    """
    keys = [name(dimension.id) for dimension in layout.series_key]
    attributes = [name(attribute.id) for attribute in layout.series]
    lags = ", ".join(f"lag({column}) OVER () AS before_{n}" for n, column in enumerate([*keys, *attributes]))
    same_series = " AND ".join(f"{column} IS NOT DISTINCT FROM before_{n}" for n, column in enumerate(keys))
    differ = [f"{column} IS DISTINCT FROM before_{n}" for n, column in enumerate(attributes, len(keys))]
    return (
        f"SELECT {', '.join(f'count(*) FILTER (WHERE {test})' for test in differ)} "
        f"FROM (SELECT *, {lags} FROM ({layout.source})) WHERE ({' OR '.join(differ)}) AND {same_series}"
    )


def _differing_in_groups(layout: Layout, dimensions: Sequence[str], attributes: Sequence[Component]) -> str:
    """Return SQL that counts, for each attribute, the groups in which it has several values."""
    grouped = f"GROUP BY {', '.join(map(name, dimensions))}" if dimensions else ""
    columns = [name(attribute.id) for attribute in attributes]
    tests = ", ".join(
        f"min({c}) IS DISTINCT FROM max({c}) OR count({c}) NOT IN (0, count(*)) AS {c}" for c in columns
    )
    counts = ", ".join(f"count(*) FILTER (WHERE {c})" for c in columns)
    return f"SELECT {counts} FROM (SELECT {tests} FROM ({layout.source}) {grouped})"


def _refuse(where: str, attributes: Sequence[Component], counts: Sequence[int]) -> None:
    for attribute, count in zip(attributes, counts, strict=True):
        if count:
            raise MessageError(
                "DIFFERS_INSIDE",
                f"an attribute of the {where} has several values inside it, {count} times",
                where=attribute.id,
                mend="map it to what is the same for all observations there, or attach it to the observation",
            )
