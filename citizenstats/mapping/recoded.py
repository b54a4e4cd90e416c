"""What became of the codes of a dataflow's former versions, as structure maps from the one version to the other.

For receivers who recode copies of their own, in a registry or by hand. A map says what has one counterpart: a code that was
merged or split has no line, because whoever executed it would get several figures for one key, or one for several; it is
named in the report and in annotations, as what a contract's map cannot say is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from citizenstats.errors import MappingError
from citizenstats.mapping.export import ANNOTATION, Unsaid
from citizenstats.mapping.model import (
    ComponentMap,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    ValueMapping,
)
from citizenstats.sdmx.model import Annotation, Reference, Structures
from citizenstats.sdmx.recoding import Declared, counterparts
from citizenstats.sdmx.selected import urn

Recoded = Mapping[str, Mapping[str, Declared]]
"""Former version → component → what became of its codes: ``recoded`` of a dataflow's file or manifest."""


@dataclass(frozen=True)
class RecodingMaps:
    """The maps to one version of a dataflow, and what they leave out."""

    maps: MapMessage
    unsaid: tuple[Unsaid, ...]


def recoding_maps(structures: Structures, flow: Reference, recoded: Recoded) -> RecodingMaps:
    """Return a structure map for each former version of a dataflow whose structures are known.

    Args:
        structures: those of the dataflow, and of the former versions that were published.
        flow: the dataflow.
        recoded: what became of the codes of each version.
    """
    maps: list[StructureMap] = []
    representations: list[RepresentationMap] = []
    unsaid: list[Unsaid] = []
    for version in sorted(recoded):
        former = Reference(flow.agency, flow.id, version)
        if (
            former in structures.dataflows
            and structures.dataflows[former].structure in structures.data_structures
        ):
            one = _Map(structures, former, flow, recoded[version])
            maps.append(one.structure_map())
            representations += one.representations
            unsaid += one.unsaid
    return RecodingMaps(MapMessage(tuple(maps), tuple(representations)), tuple(unsaid))


def exported_recoding(structures: Structures, flow: Reference, recoded: Recoded) -> RecodingMaps:
    """Return the same for a person who asked.

    Raises:
        MappingError: ``NO_MAP``: nothing is declared, or no former version is known.
    """
    name = f"{flow.agency}:{flow.id}"
    if not recoded:
        raise MappingError(
            "NO_MAP", f"{flow} declares nothing of a former version", name, "write `recoded` in its file"
        )
    found = recoding_maps(structures, flow, recoded)
    if not found.maps.structure_maps:
        told = f"the structures of {', '.join(sorted(recoded))} are not known"
        raise MappingError("NO_MAP", told, name, "they are read from the releases under --home")
    return found


class _Map:
    """Collects the map from a former version."""

    def __init__(
        self, structures: Structures, former: Reference, flow: Reference, declared: Mapping[str, Declared]
    ) -> None:
        self._structures, self._former, self._flow, self._declared = structures, former, flow, declared
        self._before, self._now = structures.structure_of(former), structures.structure_of(flow)
        between = f"{former.version}_TO_{flow.version}".replace(".", "_")
        self._id = f"{flow.id}_{between}"
        self.representations: list[RepresentationMap] = []
        self.unsaid: list[Unsaid] = []

    def structure_map(self) -> StructureMap:
        components = tuple(self._components())
        return StructureMap(
            Reference(self._flow.agency, f"SM_{self._id}", "1.0.0"),
            {"en": f"{self._former} to {self._flow}"},
            urn("Dataflow", self._former),
            urn("Dataflow", self._flow),
            components=components,
            annotations=tuple(
                Annotation(ANNOTATION, f"{u.kind}: {u.part}", {"en": u.says}) for u in self.unsaid
            ),
        )

    def _components(self) -> Iterator[ComponentMap]:
        for component in self._before.components:
            if component.id not in self._now.by_id:
                self._leave_out(component.id, "dropped", f"{self._flow} has no such component")
                continue
            present = self._now.by_id[component.id]
            if component.codelist is None or present.codelist is None:
                yield ComponentMap((component.id,), (component.id,))
                continue
            lines = self._lines(component.id, component.codelist, present.codelist)
            if lines is None:
                yield ComponentMap((component.id,), (component.id,))
            elif lines:
                made = self._representation(component.id, component.codelist, present.codelist, lines)
                self.representations.append(made)
                yield ComponentMap((component.id,), (component.id,), made.reference)
        for component in self._now.components:
            if component.id not in self._before.by_id:
                self._leave_out(component.id, "added", f"{self._former} has no such component")

    def _lines(self, component: str, then: Reference, today: Reference) -> tuple[ValueMapping, ...] | None:
        """Return the lines of a component's codes; None where each stayed what it was."""
        before, now = (self._structures.scheme(codelist).by_id for codelist in (then, today))
        found = counterparts(self._declared.get(component, {}), before, now)
        for code, why in found.left_out.items():
            self._leave_out(f"{component} {code}", "code", why)
        if found.is_same:
            return None
        return tuple(ValueMapping((SourceValue(was),), (code,)) for was, code in found.kept.items())

    def _representation(
        self, component: str, then: Reference, today: Reference, lines: tuple[ValueMapping, ...]
    ) -> RepresentationMap:
        return RepresentationMap(
            Reference(self._flow.agency, f"RM_{self._id}_{component}", "1.0.0"),
            {"en": f"{component} of {self._former.version} to {self._flow.version}"},
            (urn("Codelist", then),),
            (urn("Codelist", today),),
            lines,
        )

    def _leave_out(self, part: str, kind: str, says: str) -> None:
        self.unsaid.append(Unsaid(f"{self._flow.agency}:{self._flow.id}", part, kind, says))
