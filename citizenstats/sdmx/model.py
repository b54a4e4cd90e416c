"""The structures of SDMX as far as this project uses them, as frozen dataclasses.

The names are those of the SDMX information model 3.0. All are plain values: reading them is `load/`, writing
them is `structures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from citizenstats.errors import StructureError

Names = Mapping[str, str]
"""Language → text."""

Attachment = Literal["dataset", "series", "observation"]

Level = Literal["dataset", "group", "series", "observation"]
"""Where a data message reports an attribute."""

FLAT = "AllDimensions"
"""The dimension at the observation of a message whose observations stand alone, each with its whole key."""


@dataclass(frozen=True, order=True)
class Reference:
    """``AGENCY:ID(VERSION)`` of a maintainable artefact."""

    agency: str
    id: str
    version: str

    def __str__(self) -> str:
        """Return ``AGENCY:ID(VERSION)``."""
        return f"{self.agency}:{self.id}({self.version})"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Return the reference that ``AGENCY:ID(VERSION)`` names.

        Raises:
            StructureError: the text has another form.
        """
        agency, colon, rest = text.partition(":")
        identifier, bracket, version = rest.partition("(")
        if not (agency and colon and identifier and bracket and version.endswith(")") and len(version) > 1):
            raise StructureError("BAD_REFERENCE", f"'{text}' is not of the form AGENCY:ID(VERSION)")
        return cls(agency, identifier, version[:-1])


@dataclass(frozen=True)
class Annotation:
    """A typed note on an artefact, such as the SDG target that an indicator serves."""

    type: str
    title: str | None = None
    text: Names = field(default_factory=dict)
    url: str | None = None


@dataclass(frozen=True)
class Item:
    """A code, concept, category, agency or data provider."""

    id: str
    names: Names
    descriptions: Names = field(default_factory=dict)
    parent: str | None = None
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class ItemScheme:
    """A list of items with an identity: code list, concept scheme, category scheme, organisation scheme."""

    kind: Literal["Codelist", "ConceptScheme", "CategoryScheme", "AgencyScheme", "DataProviderScheme"]
    reference: Reference
    names: Names
    items: tuple[Item, ...]
    partial: bool = False
    annotations: tuple[Annotation, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """The items by id."""
        return {item.id: item for item in self.items}


@dataclass(frozen=True)
class Component:
    """A dimension, the time dimension, a measure or an attribute of a data structure.

    Attributes:
        codelist: the list that enumerates it; None when it is not coded.
        type: SDMX data type when not coded: String, Double, Integer, ObservationalTimePeriod, …
        attachment: where an attribute is reported; dimensions and measures say observation.
        group: the dimensions that a group attribute depends on; empty otherwise.
        group_id: what the structure calls that group.
        some: the dimensions that an attribute of the series depends on, where these are some only and no group.
        array: whether an attribute or measure has several values at once (``maxOccurs`` of SDMX 3.0).
        most: how many values it may have; None for any number.
        languages: those in which an attribute is written, where it is known which.
        any_language: whether it is written in languages of which the structure does not say which they are.
    """

    id: str
    role: Literal["dimension", "time", "measure", "attribute"]
    concept_scheme: Reference
    concept: str
    codelist: Reference | None = None
    type: str = "String"
    attachment: Attachment = "observation"
    mandatory: bool = False
    group: tuple[str, ...] = ()
    array: bool = False
    languages: tuple[str, ...] = ()
    most: int | None = None
    any_language: bool = False
    group_id: str = ""
    some: tuple[str, ...] = ()

    @property
    def occurs(self) -> str:
        """How many values it may have, in the words of ``maxOccurs``."""
        return str(self.most or "unbounded") if self.array else "1"

    @property
    def several(self) -> bool:
        """Whether a value has several parts: values, or texts by language."""
        return self.array or self.multilingual

    @property
    def multilingual(self) -> bool:
        """Whether a value is texts by language (``isMultiLingual``)."""
        return bool(self.languages) or self.any_language


@dataclass(frozen=True)
class DataStructure:
    """A data structure definition; components in their order."""

    reference: Reference
    names: Names
    components: tuple[Component, ...]

    @cached_property
    def dimensions(self) -> tuple[Component, ...]:
        """The dimensions without time, in key order."""
        return tuple(c for c in self.components if c.role == "dimension")

    @cached_property
    def time(self) -> Component | None:
        """The time dimension, if there is one."""
        return next((c for c in self.components if c.role == "time"), None)

    @cached_property
    def measures(self) -> tuple[Component, ...]:
        """The measures."""
        return tuple(c for c in self.components if c.role == "measure")

    @cached_property
    def attributes(self) -> tuple[Component, ...]:
        """The attributes, in order."""
        return tuple(c for c in self.components if c.role == "attribute")

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Ids of all dimensions, time last."""
        return tuple(c.id for c in self.dimensions) + ((self.time.id,) if self.time else ())

    @cached_property
    def by_id(self) -> Mapping[str, Component]:
        """The components by id."""
        return {c.id: c for c in self.components}

    def dimensions_of(self, attribute: Component) -> tuple[str, ...]:
        """Return the dimensions whose codes settle an attribute's value: none for one of the data set."""
        if attribute.attachment == "dataset":
            return ()
        if attribute.attachment == "observation":
            return self.key
        return attribute.group or attribute.some or tuple(dimension.id for dimension in self.dimensions)

    def group_name(self, group: tuple[str, ...]) -> str:
        """Return what the structure calls the group of these dimensions; one without a name is called by them."""
        named = (a.group_id for a in self.attributes if a.group == group and a.group_id)
        return next(named, "Group_" + "_".join(group))

    def level(self, attribute: Component, along: str) -> Level:
        """Return where a message reports an attribute when its series go along a dimension, or are `FLAT`.

        An attribute of the series stands there only as long as the dimension at the observation is none of the
        dimensions that it depends on (SDMX 2.1 and 3.0, structure-specific schema, on ``SeriesType``).
        """
        if attribute.attachment == "dataset":
            return "dataset"
        if attribute.group and attribute.attachment != "observation":
            return "group"
        return "observation" if along == FLAT or along in self.dimensions_of(attribute) else "series"


@dataclass(frozen=True)
class Dataflow:
    """A dataflow and the data structure that it uses."""

    reference: Reference
    names: Names
    structure: Reference
    descriptions: Names = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class ProvisionAgreement:
    """A data provider feeds a dataflow."""

    reference: Reference
    names: Names
    dataflow: Reference
    provider_scheme: Reference
    provider: str


@dataclass(frozen=True)
class Categorisation:
    """A dataflow stands under a category."""

    reference: Reference
    names: Names
    dataflow: Reference
    category_scheme: Reference
    category: str


@dataclass(frozen=True)
class ContentConstraint:
    """The codes that a dataflow may use, by dimension."""

    reference: Reference
    names: Names
    dataflow: Reference
    allowed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Structures:
    """All structures of a mappings folder, found by reference."""

    schemes: Mapping[Reference, ItemScheme]
    data_structures: Mapping[Reference, DataStructure]
    dataflows: Mapping[Reference, Dataflow]
    provision_agreements: tuple[ProvisionAgreement, ...] = ()
    categorisations: tuple[Categorisation, ...] = ()
    constraints: tuple[ContentConstraint, ...] = ()

    def scheme(self, reference: Reference) -> ItemScheme:
        """Return a scheme; raises StructureError when there is none."""
        try:
            return self.schemes[reference]
        except KeyError:
            alike = [r.version for r in self.schemes if (r.agency, r.id) == (reference.agency, reference.id)]
            mend = f"there is {', '.join(sorted(alike))}" if alike else ""
            raise StructureError("NO_SUCH_SCHEME", f"there is no scheme {reference}", mend=mend) from None

    def structure_of(self, dataflow: Reference) -> DataStructure:
        """Return the data structure of a dataflow; raises StructureError when one of the two is missing."""
        try:
            return self.data_structures[self.dataflows[dataflow].structure]
        except KeyError:
            raise StructureError(
                "NO_SUCH_FLOW", f"there is no dataflow {dataflow} with its data structure"
            ) from None

    def dataflow(self, agency_and_id: str) -> Dataflow:
        """Return the newest dataflow named ``AGENCY:ID``; raises StructureError when there is none."""
        found = [f for r, f in self.dataflows.items() if f"{r.agency}:{r.id}" == agency_and_id]
        if not found:
            raise StructureError("NO_SUCH_FLOW", f"there is no dataflow {agency_and_id}")
        return max(found, key=lambda f: version_key(f.reference.version))


def version_key(version: str) -> tuple[int, ...]:
    """Return a version as numbers, so that 1.10 comes after 1.9."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("-")[0].split("."))
