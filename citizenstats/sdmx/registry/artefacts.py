"""The artefacts of structure messages, and what components and concepts say of their values there.

What belongs here: what the readers of SDMX-ML and SDMX-JSON share. What does not: reading (`message.py` is the door).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from citizenstats.sdmx.late_bound import bound_or_itself, bound_structure
from citizenstats.sdmx.model import (
    Categorisation,
    ContentConstraint,
    Dataflow,
    DataStructure,
    ItemScheme,
    ProvisionAgreement,
    Reference,
)

TYPES = {
    "XHTML": "String",
    "TimePeriod": "ObservationalTimePeriod",
    "InclusiveValueRange": "Decimal",
    "ExclusiveValueRange": "Decimal",
    "Incremental": "Decimal",
}
"""Data types of SDMX that this project takes for another one; what it does not know is text."""


def known_type(said: str | None, role: str) -> str:
    """Return the data type as this project knows it."""
    from citizenstats.sdmx.schema import TYPES as KNOWN

    if role == "time":
        return "ObservationalTimePeriod"
    told = TYPES.get(said or "String", said or "String")
    return told if told in KNOWN else "String"


@dataclass(frozen=True)
class Representation:
    """How values of a component or concept look: a code list or a data type, how many at once, and in which languages.

    Attributes:
        codelist: the list; None where it is not coded.
        type: the data type; None where none is said.
        most: ``maxOccurs``: how many values, 0 for any number.
        multilingual: ``isMultiLingual``: whether a value is texts by language. Taken where it is said alone: the schema of
            3.0 gives it to all texts that say nothing, which nobody means.
    """

    codelist: Reference | None = None
    type: str | None = None
    most: int = 1
    multilingual: bool = False

    def several(self, role: str) -> dict[str, bool | int | None]:
        """Return what a component with this representation says of its values: no dimension has several."""
        if role not in ("attribute", "measure"):
            return {}
        array = {"array": True, "most": self.most or None} if self.most != 1 else {}
        return {**array, **({"any_language": True} if self.multilingual and self.codelist is None else {})}


def most_of(said: str | int | None) -> int:
    """Return how many values ``maxOccurs`` allows, 0 for any number.

    Raises:
        ValueError: it is neither a number nor ``unbounded``.
    """
    return 0 if said == "unbounded" else int(said or 1)


def allowed_of(
    regions: Sequence[Mapping[str, Sequence[tuple[str, str | bool]]]],
) -> dict[str, tuple[str, ...]]:
    """Return the codes that a constraint allows by component, none that it allows missing.

    Args:
        regions: what each of its regions allows: component → codes, each with what it says of the codes below
            (``cascadeValues``). A code of any region is allowed, and any code where a region does not name the component,
            or names what stands for others: codes below, or ``%``.
    """
    allowed: dict[str, tuple[str, ...]] = {}
    for component in regions[0]:
        values = [value for region in regions for value in region.get(component, ())]
        named = all(region.get(component) for region in regions)
        if named and all(below in (False, "false") and "%" not in code for code, below in values):
            allowed[component] = tuple(dict.fromkeys(code for code, _ in values))
    return allowed


def group_of(identifier: str, groups: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what an attribute of a group says of it; a name that its dimensions give it anyway is none of its own."""
    group = groups.get(identifier, ())
    named = identifier if identifier != "Group_" + "_".join(group) else ""
    return {"group": group, "group_id": named} if group else {}


def some_of(dimensions: Collection[str], key: Sequence[str]) -> dict[str, Any]:
    """Return which of the dimensions settle an attribute, where these are not all."""
    return {} if set(key) <= set(dimensions) else {"some": tuple(d for d in key if d in dimensions)}


@dataclass
class Artefacts:
    """The artefacts of one or several messages, by reference."""

    schemes: dict[Reference, ItemScheme] = field(default_factory=dict)
    data_structures: dict[Reference, DataStructure] = field(default_factory=dict)
    dataflows: dict[Reference, Dataflow] = field(default_factory=dict)
    agreements: dict[Reference, ProvisionAgreement] = field(default_factory=dict)
    categorisations: dict[Reference, Categorisation] = field(default_factory=dict)
    constraints: dict[Reference, ContentConstraint] = field(default_factory=dict)

    def kinds(self) -> dict[Reference, list[str]]:
        """Return the kinds of artefacts by reference; a dataflow and its structure may share one."""
        found: dict[Reference, list[str]] = {}
        for reference, scheme in self.schemes.items():
            found.setdefault(reference, []).append(scheme.kind)
        for kind, listed in self._others():
            for reference in listed:
                found.setdefault(reference, []).append(kind)
        return found

    def _others(self) -> Iterable[tuple[str, Iterable[Reference]]]:
        yield "DataStructure", self.data_structures
        yield "Dataflow", self.dataflows
        yield "ProvisionAgreement", self.agreements
        yield "Categorisation", self.categorisations
        yield "DataConstraint", self.constraints

    def of(self, kind: str, reference: Reference) -> object | None:
        """Return an artefact; None when there is none."""
        scheme = self.schemes.get(reference)
        if scheme is not None and scheme.kind == kind:
            return scheme
        return next((listed.get(reference) for k, listed in self._by_kind() if k == kind), None)

    def _by_kind(self) -> Iterable[tuple[str, dict[Reference, object]]]:
        yield "DataStructure", dict(self.data_structures)
        yield "Dataflow", dict(self.dataflows)
        yield "ProvisionAgreement", dict(self.agreements)
        yield "Categorisation", dict(self.categorisations)
        yield "DataConstraint", dict(self.constraints)

    def bound(self, beside: Artefacts) -> Artefacts:
        """Return these artefacts with each reference to the newest that fits bound to an artefact of these or of others.

        A reference that nothing fits stays as it is: what is not there is told where it is used.

        Args:
            beside: the others; of two alike theirs count.

        Raises:
            StructureError: ``BAD_REFERENCE``.
        """
        schemes = [*self.schemes, *beside.schemes]
        structures = [*self.data_structures, *beside.data_structures]
        flows = [*self.dataflows, *beside.dataflows]
        return Artefacts(
            dict(self.schemes),
            {r: bound_structure(one, schemes) for r, one in self.data_structures.items()},
            {
                r: replace(one, structure=bound_or_itself(one.structure, structures))
                for r, one in self.dataflows.items()
            },
            {
                r: replace(
                    one,
                    dataflow=bound_or_itself(one.dataflow, flows),
                    provider_scheme=bound_or_itself(one.provider_scheme, schemes),
                )
                for r, one in self.agreements.items()
            },
            {
                r: replace(
                    one,
                    dataflow=bound_or_itself(one.dataflow, flows),
                    category_scheme=bound_or_itself(one.category_scheme, schemes),
                )
                for r, one in self.categorisations.items()
            },
            {
                r: replace(one, dataflow=bound_or_itself(one.dataflow, flows))
                for r, one in self.constraints.items()
            },
        )

    def __len__(self) -> int:
        """Return how many artefacts there are."""
        return sum(len(kinds) for kinds in self.kinds().values())
