"""Structure maps and representation maps of the SDMX 3.0 information model, as frozen dataclasses.

Plain values only. Reading them from messages is `read`, writing them `write_ml` and `write_json`, their meaning in SQL
`rules_sql` and `time_sql`. Sources: SDMX 3.0, Section 2 (information model) and Section 6 (technical notes), structure mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from citizenstats.errors import MappingError
from citizenstats.sdmx.late_bound import bound_or_itself
from citizenstats.sdmx.model import Annotation, Names, Reference

Resolve = Literal["startOfPeriod", "endOfPeriod", "midPeriod"]
"""To which point of a longer source period a shorter target period resolves; end unless said."""

EpochPeriod = Literal["nanosecond", "microsecond", "millisecond", "second", "day"]

_URN = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.[a-z]+\.(?P<kind>[A-Za-z]+)=(?P<reference>[^:]+:[^(]+\([^)]+\))"
)


@dataclass(frozen=True)
class SourceValue:
    """What one source component must hold for a mapping to apply.

    Attributes:
        value: the text, or a regular expression; an empty text means that the component has no value.
        regex: whether `value` is a regular expression.
        start: first character, from 1, of the part that is compared; None: from the beginning.
        end: last character of that part; None: to the end.
    """

    value: str
    regex: bool = False
    start: int | None = None
    end: int | None = None

    @property
    def plain(self) -> bool:
        """Whether the whole value is compared as it stands."""
        return not self.regex and self.start is None and self.end is None


@dataclass(frozen=True)
class ValueMapping:
    r"""One line of a representation map: source values, and what they become.

    Attributes:
        sources: one for each source of the map.
        targets: one for each target; an empty text maps to nothing; ``\1`` stands for the first capture group.
        valid_from: first day of the time in which the mapping holds, ISO 8601; None: always.
        valid_to: last day of it.
    """

    sources: tuple[SourceValue, ...]
    targets: tuple[str, ...]
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def plain(self) -> bool:
        """Whether it compares whole values and holds at all times."""
        return all(source.plain for source in self.sources) and not (self.valid_from or self.valid_to)


@dataclass(frozen=True)
class RepresentationMap:
    """Which values of the sources become which values of the targets; the first mapping that applies counts.

    Attributes:
        sources: for each source the URN of a code list or value list, or the name of a data type.
        targets: the same for each target.
    """

    reference: Reference
    names: Names
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    mappings: tuple[ValueMapping, ...]
    descriptions: Names = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class ComponentMap:
    """Source components become target components, through a representation map or, without one, as they are."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    representation: Reference | None = None


@dataclass(frozen=True)
class FixedValueMap:
    """A component has a fixed value, in the target structure or, for use in the other direction, in the source."""

    component: str
    values: tuple[str, ...]
    located_in: Literal["source", "target"] = "target"


@dataclass(frozen=True)
class TimeMap:
    """What date pattern maps and epoch maps share.

    Attributes:
        pairs: source component and target component.
        frequency: the code of the target's frequency; None where a component holds it.
        frequency_component: target component that holds the frequency; None where it is fixed.
        formats: ids of the `FrequencyFormat` that say how the result is written; the usual forms unless said.
    """

    pairs: tuple[tuple[str, str], ...]
    frequency: str | None = None
    frequency_component: str | None = None
    formats: tuple[str, ...] = ()
    resolve: Resolve | None = None
    id: str | None = None


@dataclass(frozen=True)
class DatePatternMap(TimeMap):
    """Times written by a pattern of Java's SimpleDateFormat."""

    pattern: str = ""
    locale: str = "en"


@dataclass(frozen=True)
class EpochMap(TimeMap):
    """Times written as a number of periods since a base period."""

    base: str = "1970"
    period: EpochPeriod = "millisecond"


@dataclass(frozen=True)
class FrequencyFormat:
    """How periods of a frequency are written."""

    id: str
    frequency: str
    pattern: str


@dataclass(frozen=True)
class StructureMap:
    """From the components of one structure to those of another.

    Attributes:
        source: URN of the data structure or dataflow that is mapped from.
        target: URN of the data structure or dataflow that is mapped to.
    """

    reference: Reference
    names: Names
    source: str
    target: str
    times: tuple[TimeMap, ...] = ()
    formats: tuple[FrequencyFormat, ...] = ()
    components: tuple[ComponentMap, ...] = ()
    fixed: tuple[FixedValueMap, ...] = ()
    descriptions: Names = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()

    @property
    def epochs(self) -> tuple[EpochMap, ...]:
        """The maps of times given as numbers."""
        return tuple(t for t in self.times if isinstance(t, EpochMap))

    @property
    def patterns(self) -> tuple[DatePatternMap, ...]:
        """The maps of times given by patterns."""
        return tuple(t for t in self.times if isinstance(t, DatePatternMap))


@dataclass(frozen=True)
class MapMessage:
    """The maps of one structure message."""

    structure_maps: tuple[StructureMap, ...] = ()
    representation_maps: tuple[RepresentationMap, ...] = ()

    @cached_property
    def by_reference(self) -> Mapping[Reference, RepresentationMap]:
        """The representation maps by reference."""
        return {r.reference: r for r in self.representation_maps}

    def representation(self, reference: Reference, where: str) -> RepresentationMap:
        """Return a representation map; raises MappingError when the message does not hold it."""
        try:
            return self.by_reference[bound_or_itself(reference, self.by_reference)]
        except KeyError:
            raise MappingError(
                "NO_REPRESENTATION_MAP",
                f"the representation map {reference} is not in the message",
                where,
                "export the structure map together with what it refers to (references=children)",
            ) from None


def map_urn(
    kind: Literal["StructureMap", "RepresentationMap"], reference: Reference, item: str | None = None
) -> str:
    """Return the URN of a map."""
    return f"urn:sdmx:org.sdmx.infomodel.structuremapping.{kind}={reference}{f'.{item}' if item else ''}"


def referred(urn: str) -> tuple[str, Reference]:
    """Return class and reference that a URN names; raises MappingError when it is none."""
    match = _URN.fullmatch(urn)
    if match is None:
        raise MappingError("BAD_URN", f"'{urn}' is no URN of a maintainable artefact")
    return match["kind"], Reference.parse(match["reference"])
