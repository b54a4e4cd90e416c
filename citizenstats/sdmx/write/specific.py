"""Structure-specific SDMX-ML data: components as XML attributes, valid with a schema made from the structure.

An attribute with several values or languages cannot be an XML attribute: since 3.0 it is a ``Comp`` element, at the data
set inside ``Atts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from xml.sax.saxutils import quoteattr

from citizenstats.sdmx.model import Component
from citizenstats.sdmx.schema import comp_name, namespace
from citizenstats.sdmx.write.fragments import Sql, concat, has_value, otherwise, when
from citizenstats.sdmx.write.message import DataMessage, Layout
from citizenstats.sdmx.write.xml import any_of, measured, structure_id, text_of, validity, values_of


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
            f'ss:action="{action}"{validity(message, "ss:")}{self.data_set}{attributes or _END}'
        )

    def attributes(self, found: Layout) -> Sql:
        """Return the text of the data set's attributes, to the end of its opening."""
        several = _several(found.data_set)
        atts = [when(any_of(found, several), concat(["<Atts>", *_comps(found, several), "</Atts>\n"]))]
        return concat([*_each(found, found.data_set), _END, *(atts if several else [])])

    def group(self, message: DataMessage, found: Layout, group: tuple[str, ...]) -> Sql:
        """Return the text of a group."""
        dimensions = [message.structure.by_id[identifier] for identifier in group]
        attributes = found.groups[group]
        parts = [*_keys(found, dimensions), *_each(found, attributes)]
        return concat(
            [
                f'<Group xsi:type="ns1:{message.structure.group_name(group)}"',
                *parts,
                *_ended(found, attributes, "Group"),
            ]
        )

    def series(self, found: Layout) -> Sql:
        """Return the text that opens a series."""
        keys = _keys(found, found.series_key)
        comps = _comps(found, _several(found.series))
        return concat(["<Series", *keys, *_each(found, found.series), _END, *comps])

    def observation(self, message: DataMessage, found: Layout) -> Sql:
        """Return the text of an observation."""
        keys = _keys(found, found.key)
        measures = (_measure(found, m) for m in found.measures if not m.several)
        attributes = _each(found, found.observation)
        ended = _ended(found, (*found.measures, *found.observation), "Obs")
        return concat(["<Obs", *keys, *measures, *attributes, *ended])


_END = ">\n"


def _ended(found: Layout, components: Iterable[Component], element: str) -> list[str | Sql]:
    """Return the end of an element: empty, or around those components that are elements themselves."""
    several = _several(components)
    if not several:
        return ["/>\n"]
    comps = concat([_END, *_comps(found, several), f"</{element}>\n"])
    if any(found.missing(one) and one.codelist is None for one in several):
        return [comps]
    return [Sql(f"CASE WHEN {any_of(found, several)} THEN {comps.text} ELSE '/>\n' END")]


def _several(components: Iterable[Component]) -> list[Component]:
    return [component for component in components if component.several]


def _comps(found: Layout, components: Iterable[Component]) -> Iterator[Sql]:
    """Yield the elements of components with several values or languages, where they have any; a missing measure says so."""
    for component in components:
        opening = f'<Comp id="{component.id}" xsi:type="ns1:{comp_name(component)}">'
        element = concat([opening, values_of(found, component), "</Comp>\n"])
        told = when(has_value(component, found.types[component.id]), element)
        word = found.missing(component)
        # No word is among the codes of a list.
        yield (
            told
            if word is None or component.codelist
            else otherwise(told, f"{opening}<Value>{word}</Value></Comp>\n")
        )


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
    """Yield the text of each component that is an XML attribute, where it has a value."""
    for component in components:
        if not component.several:
            yield when(has_value(component, found.types[component.id]), concat(_required(found, component)))
