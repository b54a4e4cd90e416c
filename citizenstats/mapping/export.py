"""A contract's mapping as structure maps, with a report of what no structure map can say.

Constants become fixed values, columns implicit component maps, columns with codes component maps with a representation
map; the rules of a structure map beside the contract go out as they came in. Anything else (SQL, values derived from
several columns, rows chosen by a condition, wide columns turned into rows, estimates) has no form in SDMX 3.0: it is
named in the report, and stands as an annotation on the structure map, so that whoever reads the map knows that it is
not the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.contracts.model import Mapped, Target
from citizenstats.mapping.model import (
    ComponentMap,
    FixedValueMap,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    ValueMapping,
)
from citizenstats.mapping.resolve import Resolved
from citizenstats.mapping.source import TYPES, sayable, source_structure, stem
from citizenstats.sdmx.model import Annotation, DataStructure, ItemScheme, Reference
from citizenstats.sdmx.selected import urn

ANNOTATION = "CITIZENSTATS_NOT_SAID"
"""Type of the annotations that say what the map leaves out."""


@dataclass(frozen=True)
class Unsaid:
    """Something of a contract's mapping that a structure map cannot say.

    Attributes:
        dataflow: the target's ``AGENCY:ID``.
        part: the component, or the key of the target such as ``where``.
        kind: sql, derived, column, companion, where, unpivot, estimate or default.
        says: what the contract says there.
    """

    dataflow: str
    part: str
    kind: str
    says: str


@dataclass(frozen=True)
class Exported:
    """The maps of a dataset, what they map from, and what they leave out."""

    maps: MapMessage
    source: DataStructure
    concepts: ItemScheme
    unsaid: tuple[Unsaid, ...]


def exported(mappings: Mappings, dataset: Dataset) -> Exported:
    """Return the structure maps of a dataset, one for each target.

    Raises:
        StructureError: a target's structure is missing.
    """
    agency = mappings.agency.id
    source, concepts = source_structure(dataset, agency)
    maps: list[StructureMap] = []
    representations: list[RepresentationMap] = []
    unsaid: list[Unsaid] = []
    for number, target in enumerate(dataset.contract.targets):
        one = _Target(mappings, dataset, target, agency, dataset.structure_maps.get(number))
        maps.append(one.structure_map(source))
        representations += [r for r in one.representations if r not in representations]
        unsaid += one.unsaid
    return Exported(MapMessage(tuple(maps), tuple(representations)), source, concepts, tuple(unsaid))


class _Target:
    """Collects the maps of one target."""

    def __init__(
        self, mappings: Mappings, dataset: Dataset, target: Target, agency: str, beside: Resolved | None
    ) -> None:
        self._beside = beside
        self._mappings, self._dataset, self._target, self._agency = mappings, dataset, target, agency
        self._flow = mappings.reference(target.dataflow)
        self._structure = mappings.structures.structure_of(self._flow)
        self._id = f"{stem(dataset)}_TO_{self._flow.id}"
        self.representations: list[RepresentationMap] = []
        self.unsaid: list[Unsaid] = []

    def structure_map(self, source: DataStructure) -> StructureMap:
        given = self._beside.structure_map if self._beside is not None else None
        components: list[ComponentMap] = list(given.components) if given is not None else []
        fixed: list[FixedValueMap] = list(given.fixed) if given is not None else []
        if self._beside is not None:
            used = {c.representation for c in components}
            self.representations += [
                r for r in self._beside.message.representation_maps if r.reference in used
            ]
        for component, mapped in self._target.map.items():
            if self._beside is not None and component in self._beside.map:
                continue
            reason = self._reason(component, mapped)
            if reason is not None:
                self._leave_out(component, *reason)
            elif mapped.value is not None:
                fixed.append(FixedValueMap(component, (mapped.value,)))
            else:
                components.append(self._component_map(component, mapped))
        for part, kind, says in self._beyond():
            self._leave_out(part, kind, says)
        return StructureMap(
            Reference(self._agency, f"SM_{self._id}", self._dataset.contract.version),
            dict(self._dataset.contract.title),
            urn("DataStructure", source.reference),
            urn("Dataflow", self._flow),
            times=given.times if given is not None else (),
            formats=given.formats if given is not None else (),
            components=tuple(components),
            fixed=tuple(fixed),
            annotations=tuple(
                Annotation(ANNOTATION, f"{u.kind}: {u.part}", {"en": u.says}) for u in self.unsaid
            ),
        )

    def _leave_out(self, part: str, kind: str, says: str) -> None:
        self.unsaid.append(Unsaid(self._target.dataflow, part, kind, says))

    def _reason(self, component: str, mapped: Mapped) -> tuple[str, str] | None:
        """Return why a component's rule cannot be said, as kind and what it says; None when it can."""
        if component not in self._structure.by_id:
            return "companion", f"{component} is no component; it tells protection: {_short(mapped)}"
        if mapped.sql is not None:
            return "sql", mapped.sql
        if mapped.column is None:
            return None
        if mapped.column in self._dataset.contract.derive:
            return "derived", f"takes {mapped.column}, which is computed from the record"
        if mapped.column not in self._dataset.contract.columns:
            return "unpivot", f"the cell of each column that is turned into rows ({mapped.column})"
        if not sayable(mapped.column):
            return "column", f"the id of the column {mapped.column} begins with _, which SDMX does not allow"
        return None

    def _component_map(self, component: str, mapped: Mapped) -> ComponentMap:
        column = mapped.column or ""
        codes = self._dataset.codes_of(mapped)
        if codes is None:
            return ComponentMap((column,), (component,))
        made = self._representation(component, column, codes)
        self.representations.append(made)
        return ComponentMap((column,), (component,), made.reference)

    def _representation(self, component: str, column: str, codes: Mapping[str, str]) -> RepresentationMap:
        declared = self._structure.by_id[component]
        target = urn("Codelist", declared.codelist) if declared.codelist else declared.type
        return RepresentationMap(
            Reference(self._agency, f"RM_{self._id}_{component}", self._dataset.contract.version),
            {"en": f"{column} to {component}"},
            (TYPES[self._dataset.contract.columns[column].type],),
            (target,),
            tuple(ValueMapping((SourceValue(raw),), (code,)) for raw, code in codes.items()),
        )

    def _beyond(self) -> Iterator[tuple[str, str, str]]:
        """Yield what of the target stands outside its map: part, kind, what it says."""
        target = self._target
        for derived, text in self._dataset.contract.derive.items():
            if self._beside is None or derived not in self._beside.derive:
                yield derived, "derived", text
        if target.where is not None:
            yield "where", "where", target.where
        if target.unpivot is not None:
            for column, constants in target.unpivot.columns.items():
                fixed = ", ".join(f"{component} = {code}" for component, code in constants.items())
                yield column, "unpivot", f"one row with {fixed}, its cell as {target.unpivot.into}"
        if target.estimate is not None:
            yield from self._estimated()
        if "OBS_STATUS" in self._structure.by_id and "OBS_STATUS" not in target.map:
            yield "OBS_STATUS", "default", "A; L and M where the cell of the measure says why it is empty"
        if "CONF_STATUS" in self._structure.by_id and "CONF_STATUS" not in target.map:
            yield "CONF_STATUS", "default", "F; protection sets what is withheld"

    def _estimated(self) -> Iterator[tuple[str, str, str]]:
        estimate = self._target.estimate
        assert estimate is not None  # noqa: S101 - the caller asked
        for key, indicator in estimate.indicators.items():
            told = indicator.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            yield key, "estimate", f"{estimate.indicator_dimension} = {key}: {told}"
        for dimension in estimate.breakdowns:
            total = estimate.totals.get(dimension, "_T")
            yield dimension, "estimate", f"records are summed over this breakdown; the total is {total}"
        for measure in self._structure.measures:
            weight = f"weighted by {estimate.weight}" if estimate.weight else "unweighted"
            yield measure.id, "estimate", f"estimated, {weight}; the statistical unit is the {estimate.unit}"


def _short(mapped: Mapped) -> str:
    return mapped.column or mapped.sql or repr(mapped.value)
