"""The structure map that lies beside a contract: found, read, and put into the contract's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citizenstats.contracts.document import Document
from citizenstats.contracts.model import Contract, Target
from citizenstats.errors import MappingError
from citizenstats.mapping.model import MapMessage, StructureMap, map_urn
from citizenstats.mapping.read import read_maps, the_map
from citizenstats.mapping.resolve import Resolved, resolved


@dataclass(frozen=True)
class WithMaps:
    """A contract that holds what its structure maps say.

    Attributes:
        structure_maps: number of a target → its structure map.
    """

    contract: Contract
    structure_maps: Mapping[int, Resolved]


def with_structure_maps(contract: Contract, document: Document) -> WithMaps:
    """Return a contract with the rules of its structure maps in `map` and `derive`.

    Raises:
        MappingError: a file or map is missing, a rule has no meaning over the columns of the contract, or a rule would
            publish what tells who a person is.
    """
    found: dict[int, Resolved] = {}
    derive = dict(contract.derive)
    targets = list(contract.targets)
    for i, target in enumerate(contract.targets):
        if target.structure_map is None:
            continue
        where = document.where(("targets", i, "structure_map"))
        message, structure_map = structure_map_beside(document.path.parent, target.structure_map, where)
        names = [*contract.record_names, *(step for step in derive if step not in contract.derive)]
        one = resolved(structure_map, message, contract.columns, target.map, names, where)
        _check_roles(contract, target, structure_map, where)
        found[i] = one
        derive |= one.derive
        targets[i] = target.model_copy(update={"map": {**target.map, **one.map}})
    return WithMaps(contract.model_copy(update={"targets": targets, "derive": derive}), found)


def structure_map_beside(folder: Path, said: str, where: str) -> tuple[MapMessage, StructureMap]:
    """Return the structure map that a contract names by file or URN, and the message that holds it.

    Raises:
        MappingError: there is none, or it lies elsewhere.
    """
    if not said.startswith("urn:"):
        path = folder / said
        if folder.resolve() not in path.resolve().parents:
            raise MappingError(
                "BAD_PATH", "a structure map lies beside its contract", where, "give a path without .."
            )
        message = read_maps(path, where)
        return message, the_map(message, None, where)
    for path in sorted((*folder.glob("*.xml"), *folder.glob("*.json"))):
        message = read_maps(path, where)
        if said in [map_urn("StructureMap", m.reference) for m in message.structure_maps]:
            return message, the_map(message, said, where)
    raise MappingError(
        "NO_SUCH_MAP",
        f"no file beside the contract holds {said}",
        where,
        "put the message there as .xml or .json",
    )


def _check_roles(contract: Contract, target: Target, structure_map: StructureMap, where: str) -> None:
    """Check that no rule publishes an identifier or free text, as the contract's model does for `map`."""
    if target.estimate is None and contract.record.publication == "public":
        return
    used = [s for c in structure_map.components for s in c.sources]
    used += [s for t in structure_map.times for s, _ in t.pairs]
    for source in used:
        column = contract.columns.get(source)
        if column is not None and column.role in ("identifier", "free_text"):
            raise MappingError(
                "NOT_PUBLISHABLE", f"the structure map takes {source}, an identifier or free text, which may not be "
                "published", where, "leave this rule out of the map",
            )  # fmt: skip
