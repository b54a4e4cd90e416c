"""Structure-specific SDMX-ML data: components as XML attributes, valid with a schema made from the structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from xml.sax.saxutils import quoteattr

from citizenstats.sdmx.model import Component
from citizenstats.sdmx.schema import group_name, namespace
from citizenstats.sdmx.write.fragments import Sql, concat, has_value, when
from citizenstats.sdmx.write.message import DataMessage, Layout
from citizenstats.sdmx.write.xml import measured, structure_id, text_of


@dataclass(frozen=True)
class Specific:
    """The syntax of structure-specific data.

    Attributes:
        data_set: XML attributes of every data set of a version.
    """

    data_set: str = ""
    close: str = "</Series>\n"

    def namespaces(self, base: str, message: DataMessage, along: str) -> str:
        """Return the declarations of the namespaces that the data set uses."""
        specific = quoteattr(namespace(message.structure, along))
        return f'xmlns:ss="{base}/data/structurespecific" xmlns:ns1={specific}'

    def header(self, message: DataMessage, along: str) -> str:
        """Return the namespace that the header names."""
        return f" namespace={quoteattr(namespace(message.structure, along))}"

    def opening(self, message: DataMessage, action: str, attributes: str) -> str:
        """Return the start of the data set."""
        return (
            f'<mes:DataSet xsi:type="ns1:DataSetType" ss:structureRef={quoteattr(structure_id(message))} '
            f'ss:action="{action}"{self.data_set}{attributes}>\n'
        )

    def attributes(self, found: Layout) -> Sql:
        """Return the text of the data set's attributes."""
        return concat(["", *_each(found, found.data_set)])

    def group(self, message: DataMessage, found: Layout, group: tuple[str, ...]) -> Sql:
        """Return the text of a group."""
        dimensions = [message.structure.by_id[identifier] for identifier in group]
        parts = _keys(found, dimensions)
        optional = _each(found, found.groups[group])
        return concat([f'<Group xsi:type="ns1:{group_name(group)}"', *parts, *optional, "/>\n"])

    def series(self, found: Layout) -> Sql:
        """Return the text that opens a series."""
        keys = _keys(found, found.series_key)
        return concat(["<Series", *keys, *_each(found, found.series), ">\n"])

    def observation(self, message: DataMessage, found: Layout) -> Sql:
        """Return the text of an observation."""
        keys = _keys(found, found.key)
        measures = (_measure(found, m) for m in found.measures)
        return concat(["<Obs", *keys, *measures, *_each(found, found.observation), "/>\n"])


def _measure(found: Layout, measure: Component) -> Sql:
    text = measured(found, measure)
    # NULL in any part makes the whole NULL, which `concat` around it takes for nothing.
    return Sql(f"""(' {measure.id}="' || {text.text} || '"')""")


def _keys(found: Layout, dimensions: Iterable[Component]) -> Iterator[str | Sql]:
    """Yield the text of dimensions; one that is open in what is deleted is left out."""
    return (
        _each(found, dimensions)
        if found.deletes
        else chain.from_iterable(_required(found, d) for d in dimensions)
    )


def _required(found: Layout, component: Component) -> tuple[str | Sql, ...]:
    return f' {component.id}="', text_of(found, component), '"'


def _each(found: Layout, components: Iterable[Component]) -> Iterator[Sql]:
    """Yield the text of each component, where it has a value."""
    for component in components:
        yield when(has_value(component, found.types[component.id]), concat(_required(found, component)))
