"""Reading ``sdmx_mappings/``: the folder as frozen models with everything that they name."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.contracts.counts import Counted, read_counts
from citizenstats.contracts.document import Document, faults, read_yaml, validated
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.model import AgencyFile, Contract, DataflowFile, Mapped, PartnerFile
from citizenstats.errors import CitizenstatsError, ContractError, MappingError
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.store import digest

if TYPE_CHECKING:
    from citizenstats.mapping.resolve import Resolved
    from citizenstats.quality.catalogue import Catalogue


@dataclass(frozen=True)
class Dataset:
    """A dataset: its partner, its contract, and the code maps that the contract names."""

    partner: str
    id: str
    contract: Contract
    document: Document
    code_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """File name as the contract gives it → raw text → code."""
    structure_maps: Mapping[int, Resolved] = field(default_factory=dict)
    """Number of a target → its structure map; `contract` holds what it says already."""
    counts: Mapping[tuple[int, str], Counted] = field(default_factory=dict)
    """Number of a target and benchmark → the official counts that lie beside the contract."""

    @property
    def counted_by(self) -> tuple[str, ...]:
        """The datasets whose records are counts that this one is held against, sorted."""
        estimates = [target.estimate for target in self.contract.targets if target.estimate is not None]
        named = {b.dataset for estimate in estimates for b in estimate.benchmarks.values()}
        return tuple(sorted(dataset for dataset in named if dataset is not None))

    @property
    def name(self) -> str:
        """``partner/dataset``."""
        return f"{self.partner}/{self.id}"

    def codes_of(self, mapped: Mapped) -> Mapping[str, str] | None:
        """Return raw text → code of a mapping; None when it has no code map."""
        if mapped.codes is None:
            return None
        return self.code_maps[mapped.codes] if isinstance(mapped.codes, str) else mapped.codes

    @cached_property
    def digest(self) -> str:
        """Sixteen hex digits that identify contract, code maps and counts."""
        return digest(
            self.contract.model_dump(mode="json"),
            {k: dict(v) for k, v in self.code_maps.items()},
            [[target, benchmark, counted] for (target, benchmark), counted in self.counts.items()],
        )

    @cached_property
    def reading(self) -> str:
        """Sixteen hex digits that identify what decides on rows: which are read, how, and which are accepted."""
        said = self.contract.model_dump(mode="json")
        decides = ("delivery", "read", "key", "columns", "derive", "rules", "ignore", "versions", "language")
        return digest(
            {part: said[part] for part in decides},
            said["record"]["consent"],
            [target["map"] for target in said["targets"]],
            {file: dict(codes) for file, codes in self.code_maps.items()},
        )


@dataclass(frozen=True)
class Mappings:
    """All that ``sdmx_mappings/`` says."""

    folder: Path
    agency: AgencyFile
    partners: Mapping[str, PartnerFile]
    datasets: Mapping[str, Dataset]
    """``partner/dataset`` → dataset whose contract could be read."""
    dataflows: Mapping[str, DataflowFile]
    """``AGENCY:ID`` → dataflow file."""
    structures: Structures
    quality: Catalogue
    """The criteria of quality."""
    unreadable: Mapping[str, tuple[MappingError, ...]] = field(default_factory=dict)
    """``partner/dataset`` → what keeps its contract from being read; never empty. The others go on without it."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All datasets, those among them whose contract cannot be read, sorted."""
        return tuple(sorted([*self.datasets, *self.unreadable]))

    @cached_property
    def verdicts(self) -> dict[str, tuple[MappingError, ...]]:
        """What `citizenstats.contracts.sound` found of contracts so far; each is looked at once."""
        return dict(self.unreadable)

    def dataset(self, name: str) -> Dataset:
        """Return a dataset by ``partner/dataset``; raises MappingError when there is none, or its contract cannot be read."""
        if name in self.unreadable:
            raise broken(name, self.unreadable[name])
        try:
            return self.datasets[name]
        except KeyError:
            raise MappingError(
                "NO_SUCH_DATASET", f"there is no dataset {name}", mend=nearest(name, self.names)
            ) from None

    def dataflow(self, name: str) -> DataflowFile:
        """Return a dataflow file by ``AGENCY:ID``; raises MappingError when there is none."""
        try:
            return self.dataflows[name]
        except KeyError:
            raise MappingError(
                "NO_SUCH_FLOW", f"there is no dataflow {name}", mend=nearest(name, self.dataflows)
            ) from None

    def reference(self, flow: str) -> Reference:
        """Return the full reference of a dataflow given as ``AGENCY:ID``."""
        agency, _, identifier = flow.partition(":")
        return Reference(agency, identifier, self.dataflow(flow).version)

    @cached_property
    def families(self) -> Mapping[str, tuple[str, ...]]:
        """Family → its dataflows, sorted."""
        found: dict[str, list[str]] = {}
        for flow in sorted(self.dataflows):
            found.setdefault(self.dataflows[flow].family, []).append(flow)
        return {family: tuple(flows) for family, flows in sorted(found.items())}


_TOLD = 3
"""Faults of a contract that an error tells; `citizenstats check` tells all."""


def broken(name: str, found: Sequence[MappingError]) -> ContractError:
    """Return the error that a contract has faults, and so nothing is done with its dataset."""
    told = "; ".join(map(str, found[:_TOLD]))
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return ContractError(
        "CONTRACT_BROKEN",
        f"its contract is broken, its files wait in the inbox, and what it feeds is not released: {told}{more}",
        name,
        "mend the contract; `citizenstats check` tells all faults",
        tuple(found),
    )


def load_mappings(folder: Path) -> Mappings:
    """Return everything under a mappings folder, over the official structures that are shipped.

    A contract that cannot be read is set aside (`Mappings.unreadable`); the agency, partners, dataflows and structures are
    everybody's.

    Raises:
        MappingError: the first file that is wrong and no contract; `citizenstats.contracts.lint` lists them all.
    """
    from citizenstats.quality.catalogue import catalogue
    from citizenstats.sdmx.load import load_structures

    criteria = catalogue(folder)
    agency = validated(AgencyFile, read_yaml(folder / "agency.yaml"))
    partners: dict[str, PartnerFile] = {}
    datasets: dict[str, Dataset] = {}
    unreadable: dict[str, tuple[MappingError, ...]] = {}
    for path in sorted((folder / "partners").glob("*/partner.yaml")):
        partners[path.parent.name] = validated(PartnerFile, read_yaml(path))
        for contract in sorted(path.parent.glob("*.yaml")):
            if contract.name != "partner.yaml":
                name = f"{path.parent.name}/{contract.stem}"
                try:
                    datasets[name] = load_dataset(contract)
                except CitizenstatsError as error:
                    unreadable[name] = _faults_of(contract, error)
    dataflows = {
        f"{path.parent.name}:{path.stem}": validated(DataflowFile, read_yaml(path))
        for path in sorted((folder / "dataflows").glob("*/*.yaml"))
    }
    structures = load_structures(folder, agency, partners, dataflows)
    return Mappings(folder, agency, partners, datasets, dataflows, structures, criteria, unreadable)


def _faults_of(path: Path, first: CitizenstatsError) -> tuple[MappingError, ...]:
    """Return all faults of a contract that could not be read, or the one that stopped reading."""
    try:
        found = faults(Contract, read_yaml(path))
    except MappingError as error:
        found = [error]
    return tuple(found) or (MappingError(first.code, first.what, first.where, first.mend),)


def load_dataset(path: Path) -> Dataset:
    """Return one contract with its code maps; raises MappingError."""
    document = read_yaml(path)
    contract = validated(Contract, document)
    maps: dict[str, Mapping[str, str]] = {}
    for i, target in enumerate(contract.targets):
        for component, mapped in target.map.items():
            if isinstance(mapped.codes, str) and mapped.codes not in maps:
                where = document.where(("targets", i, "map", component, "codes"))
                maps[mapped.codes] = read_code_map(path.parent / mapped.codes, path.parent, where)
    counts = _counts(contract, document, path)
    if all(target.structure_map is None for target in contract.targets):
        return Dataset(path.parent.name, path.stem, contract, document, maps, counts=counts)
    # Only here: most contracts need none of it.
    from citizenstats.mapping.beside import with_structure_maps

    resolved = with_structure_maps(contract, document)
    return Dataset(
        path.parent.name, path.stem, resolved.contract, document, maps, resolved.structure_maps, counts
    )


def _counts(contract: Contract, document: Document, path: Path) -> dict[tuple[int, str], Counted]:
    found = {}
    for i, target in enumerate(contract.targets):
        for benchmark, said in target.estimate.benchmarks.items() if target.estimate is not None else ():
            if said.file is not None:
                where = document.where(("targets", i, "estimate", "benchmarks", benchmark, "file"))
                file = path.parent / said.file
                if path.parent.resolve() not in file.resolve().parents:
                    raise MappingError(
                        "BAD_PATH", "counts lie beside their contract", where, "give a path without .."
                    )
                found[i, benchmark] = read_counts(file, said, where)
    return found


def read_code_map(path: Path, beside: Path, where: str) -> Mapping[str, str]:
    """Return a code map ``raw,code[,note]``; raises MappingError."""
    if beside.resolve() not in path.resolve().parents:
        raise MappingError("BAD_PATH", "a code map lies beside its contract", where, "give a path without ..")
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    except FileNotFoundError:
        raise MappingError(
            "NO_SUCH_FILE",
            f"the code map {path.name} is not there",
            where,
            "make it with the columns raw,code,note",
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise MappingError(
            "BAD_CSV", f"the code map {path.name} is not UTF-8 CSV", where, "save it as UTF-8 CSV"
        ) from None
    codes: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        if row.get("raw") is None or row.get("code") is None:
            raise MappingError("BAD_CSV", "a code map has the columns raw,code,note", f"{path}:{number}")
        raw, code = row["raw"].strip(), row["code"].strip()
        if codes.setdefault(raw, code) != code:
            raise MappingError(
                "DUPLICATE_KEY", f"'{raw}' stands twice with different codes", f"{path}:{number}"
            )
    return codes


def fingerprint(folder: Path) -> str:
    """Return 16 hex digits that change when any file under a mappings folder changes."""
    hashed = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        hashed.update(
            str(path.relative_to(folder)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest()
        )
    return hashed.hexdigest()[:16]
