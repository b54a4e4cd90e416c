"""Generic SDMX-ML 2.1 data: components by id and value, valid by the official schemas alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from citizenstats.sdmx.model import Component
from citizenstats.sdmx.write.fragments import Sql, concat, has_value, when
from citizenstats.sdmx.write.message import DataMessage, Layout
from citizenstats.sdmx.write.xml import any_of, measured, structure_id, text_of, validity


@dataclass(frozen=True)
class Generic:
    """The syntax of generic data."""

    close: str = "</gen:Series>\n"

    def namespaces(self, base: str, message: DataMessage, along: str) -> str:
        """Return the declaration of the namespace that the data set uses."""
        return f'xmlns:gen="{base}/data/generic"'

    def header(self, message: DataMessage, along: str) -> str:
        """Return nothing: generic data has no namespace of its structure."""
        return ""

    def opening(self, message: DataMessage, action: str, attributes: str) -> str:
        """Return the start of the data set."""
        return (
            f'<mes:DataSet structureRef={quoteattr(structure_id(message))} action="{action}"{validity(message)}>\n'
            f"{attributes}"
        )

    def attributes(self, found: Layout) -> Sql:
        """Return the text of the data set's attributes."""
        return concat(["", *_attributes(found, found.data_set, "\n")])

    def group(self, message: DataMessage, found: Layout, group: tuple[str, ...]) -> Sql:
        """Return the text of a group; only those with a value of some attribute are asked for."""
        dimensions = [message.structure.by_id[identifier] for identifier in group]
        key = _key("GroupKey", found, dimensions)
        attributes = _attributes(found, found.groups[group])
        return concat(
            [f'<gen:Group type="{message.structure.group_name(group)}">', *key, *attributes, "</gen:Group>\n"]
        )

    def series(self, found: Layout) -> Sql:
        """Return the text that opens a series."""
        key = _key("SeriesKey", found, found.series_key)
        return concat(["<gen:Series>", *key, *_attributes(found, found.series), "\n"])

    def observation(self, message: DataMessage, found: Layout) -> Sql:
        """Return the text of an observation."""
        key: Iterable[str | Sql] = _key("ObsKey", found, found.key)
        if found.series_key:
            (dimension,) = found.key
            key = (f'<gen:ObsDimension id="{dimension.id}" value="', text_of(found, dimension), '"/>')
        value: list[Sql] = []
        for measure in found.measures:
            text = measured(found, measure)
            value = [Sql(f"""('<gen:ObsValue value="' || {text.text} || '"/>')""")]
        return concat(["<gen:Obs>", *key, *value, *_attributes(found, found.observation), "</gen:Obs>\n"])


def _key(element: str, found: Layout, dimensions: Iterable[Component]) -> Iterator[str | Sql]:
    yield f"<gen:{element}>"
    for dimension in dimensions:
        told = _value(found, dimension)
        # One that is open in what is deleted is left out.
        yield from (
            [when(has_value(dimension, found.types[dimension.id]), concat(told))] if found.deletes else told
        )
    yield f"</gen:{element}>"


def _attributes(found: Layout, components: tuple[Component, ...], end: str = "") -> Iterator[Sql]:
    """Yield the text of attributes, where any has a value: the element may not be empty."""
    if components:
        values = [when(has_value(c, found.types[c.id]), concat(_value(found, c))) for c in components]
        whole = concat(["<gen:Attributes>", *values, f"</gen:Attributes>{end}"])
        yield when(any_of(found, components), whole)


def _value(found: Layout, component: Component) -> tuple[str | Sql, ...]:
    return f'<gen:Value id="{component.id}" value="', text_of(found, component), '"/>'
