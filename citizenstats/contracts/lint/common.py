"""Faults that several sections can have: names that nothing has, expressions, codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from citizenstats.contracts import expressions
from citizenstats.errors import CitizenstatsError, MappingError
from citizenstats.sdmx.model import DataStructure, Structures


def as_mapping_error(error: CitizenstatsError) -> MappingError:
    """Return any error as one of the mappings."""
    return MappingError(error.code, error.what, error.where, error.mend)


def caught(action: Callable[[], object]) -> list[MappingError]:
    """Return the fault that an action ends in, if any."""
    try:
        action()
    except CitizenstatsError as error:
        return [as_mapping_error(error)]
    return []


def no_column(name: str, where: str, known: Iterable[str]) -> MappingError:
    """Return the fault of a name that no column has."""
    return MappingError(
        "UNKNOWN_COLUMN", f"'{name}' is no column", where, expressions.nearest(name, list(known))
    )


def no_component(component: str, structure: DataStructure, where: str) -> MappingError:
    """Return the fault of a name that no component of a structure has."""
    return MappingError(
        "NO_SUCH_COMPONENT",
        f"{structure.reference} has no component '{component}'",
        where,
        expressions.nearest(component, list(structure.by_id)),
    )


def expression_faults(text: str, names: list[str], where: str) -> list[MappingError]:
    """Return what is wrong with an SQL expression over some names."""
    return caught(lambda: expressions.parse(text, names, where))


def code_faults(
    component: str, code: str | None, structure: DataStructure, structures: Structures, where: str
) -> Iterator[MappingError]:
    """Yield a code that the list of a component does not have."""
    if component not in structure.by_id:
        yield no_component(component, structure, where)
        return
    codelist = structure.by_id[component].codelist
    if codelist is None or code is None:
        return
    known = structures.scheme(codelist).by_id
    if code not in known:
        yield MappingError(
            "UNKNOWN_CODE", f"'{code}' is no code of {codelist}", where, expressions.nearest(code, known)
        )
