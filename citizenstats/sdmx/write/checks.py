"""What the observations must keep so that a message can be written: counted before the first byte.

The values themselves (codes, periods, ranges) were checked when the dataflow was assembled; here is only what a
syntax cannot carry. An error says component and count, never a value.
"""

from __future__ import annotations

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component
from citizenstats.sdmx.write.fragments import is_free_text
from citizenstats.sdmx.write.message import DataMessage, Layout

_FORBIDDEN = r"[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{FFFE}\x{FFFF}]"
"""Characters that XML 1.0 has no way to write; the engine's texts hold no surrogates."""


def check_levels(engine: Engine, message: DataMessage, layout: Layout) -> None:
    """See that attributes above the observation have one value where they stand.

    Raises:
        MessageError: ``DIFFERS_INSIDE``.
    """
    along_series = tuple(dimension.id for dimension in layout.series_key)
    in_series: list[Component] = []
    in_group: list[Component] = []
    for attribute in (*layout.data_set, *layout.series):
        whole = message.structure.dimensions_of(attribute) == along_series != ()
        (in_series if whole else in_group).append(attribute)
    if in_series:
        _refuse(in_series, engine.rows(_differing_in_series(layout, in_series))[0])
    for attribute in in_group:
        dimensions = message.structure.dimensions_of(attribute)
        _refuse([attribute], engine.rows(_differing_in_group(layout, attribute, dimensions))[0])


def check_characters(engine: Engine, layout: Layout) -> None:
    """See that free texts hold only characters that XML has.

    Raises:
        MessageError: ``FORBIDDEN_CHARACTER``.
    """
    components = (*layout.data_set, *layout.series_key, *layout.series, *layout.key, *layout.observation)
    free = [c for c in components if is_free_text(c, layout.types[c.id])]
    if not free:
        return
    counts = ", ".join(
        f"count(*) FILTER (WHERE regexp_matches({name(c.id)}, {quoted(_FORBIDDEN)}))" for c in free
    )
    for component, count in zip(free, engine.rows(f"SELECT {counts} FROM ({layout.source})")[0], strict=True):
        if count:
            raise MessageError(
                "FORBIDDEN_CHARACTER",
                f"{count} texts hold a control character that XML cannot carry",
                where=component.id,
                mend="take it out of the delivery or the mapping",
            )


def _differing_in_series(layout: Layout, attributes: list[Component]) -> str:
    """Return SQL that counts, for each attribute, the observations that differ from the one before in their series.

    Rows of a series follow each other, so a look at the row before is enough, and memory stays flat. Few rows
    differ from the row before in any of the attributes: only those are asked whether their series changed too.
    """
    names = [name(c.id) for c in (*layout.series_key, *attributes)]
    befores = [f"before_{position}" for position in range(len(names))]
    lags = ", ".join(f"lag({n}) OVER () AS {b}" for n, b in zip(names, befores, strict=True))
    keys = len(layout.series_key)
    differs = [f"{n} IS DISTINCT FROM {b}" for n, b in zip(names, befores, strict=True)]
    same_series = " AND ".join(f"{n} = {b}" for n, b in zip(names[:keys], befores[:keys], strict=True))
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in differs[keys:])
    return (
        f"SELECT {counts} FROM (SELECT *, {lags} FROM ({layout.source})) "
        f"WHERE ({' OR '.join(differs[keys:])}) AND {same_series}"
    )


def _differing_in_group(layout: Layout, attribute: Component, dimensions: tuple[str, ...]) -> str:
    column = name(attribute.id)
    grouped = f"GROUP BY {', '.join(map(name, dimensions))}" if dimensions else ""
    return (
        f"SELECT count(*) FROM (SELECT 1 FROM ({layout.source}) {grouped} "
        f"HAVING min({column}) IS DISTINCT FROM max({column}) OR count({column}) NOT IN (0, count(*)))"
    )


def _refuse(attributes: list[Component], counts: tuple[int, ...]) -> None:
    for attribute, count in zip(attributes, counts, strict=True):
        if count:
            raise MessageError(
                "DIFFERS_INSIDE",
                f"an attribute of the {attribute.attachment} has more than one value inside it, {count} times",
                where=attribute.id,
                mend="map it to what is the same for all observations there, or attach it to the observation",
            )
