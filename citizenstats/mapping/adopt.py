"""Structure maps taken into a contract: what its keys can say goes into `map` and code maps, the rest stays a structure map.

Nothing is written unless the contract that comes out loads, and says what the structure map says.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from citizenstats.contracts.document import Document, read_yaml, validated
from citizenstats.contracts.load import load_dataset
from citizenstats.contracts.model import Contract, Mapped, Target
from citizenstats.errors import MappingError
from citizenstats.mapping import write_ml
from citizenstats.mapping.export import ANNOTATION
from citizenstats.mapping.model import MapMessage, StructureMap, referred
from citizenstats.mapping.read import read_maps
from citizenstats.mapping.resolve import Resolved, resolved
from citizenstats.mapping.yaml_edit import edited, scalar, written
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.selected import Selected

INLINE = 6
"""Codes up to this number stand in the contract; more of them in a CSV file beside it."""


@dataclass(frozen=True)
class Adopted:
    """What becomes of a contract and the files beside it.

    Attributes:
        text: the contract's YAML.
        files: name → content of the files beside it that are new or change.
        taken: dataflow and component that `map` says now.
        kept: dataflow and component that a structure map beside the contract goes on saying.
        not_said: what the message says that it leaves out, from annotations of an export.
    """

    text: str
    files: Mapping[str, bytes]
    taken: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]
    not_said: tuple[str, ...]


def adopted(message: MapMessage, path: Path, header: Header, dataflow: str | None = None) -> Adopted:
    """Return what becomes of a contract that takes the structure maps of a message.

    Args:
        message: the maps.
        path: the contract.
        header: of the message with what stays a structure map.
        dataflow: ``AGENCY:ID`` of the only target that is changed; all whose dataflow a map names unless said.

    Raises:
        MappingError: no map is for a target of the contract, or a map has no meaning over its columns.
    """
    document = read_yaml(path)
    contract = validated(Contract, document)
    text = path.read_text("utf-8")
    files: dict[str, bytes] = {}
    taken: list[tuple[str, str]] = []
    kept: list[tuple[str, str]] = []
    chosen = _chosen(message, contract, dataflow, path)
    for number, structure_map in chosen.items():
        one = _Target(message, structure_map, contract, number, document, files, header)
        text = edited(text, number, one.components(), one.keys())
        taken += [(contract.targets[number].dataflow, c) for c in one.simple]
        kept += [(contract.targets[number].dataflow, c) for c in one.rest]
    told = tuple(a.title or "" for m in chosen.values() for a in m.annotations if a.type == ANNOTATION)
    made = Adopted(text, files, tuple(taken), tuple(kept), told)
    _check(made, path)
    return made


def _chosen(
    message: MapMessage, contract: Contract, dataflow: str | None, path: Path
) -> dict[int, StructureMap]:
    """Return number of a target → the map that is for it."""
    flows = [target.dataflow for target in contract.targets]
    if dataflow is not None and dataflow not in flows:
        raise MappingError(
            "NO_SUCH_FLOW",
            f"the contract has no target {dataflow}",
            str(path),
            f"there are: {', '.join(flows)}",
        )
    found: dict[int, StructureMap] = {}
    for structure_map in message.structure_maps:
        reference = referred(structure_map.target)[1]
        name = f"{reference.agency}:{reference.id}"
        wanted = dataflow if dataflow is not None and len(message.structure_maps) == 1 else name
        if wanted in flows and dataflow in (None, wanted):
            found[flows.index(wanted)] = structure_map
        elif len(flows) == len(message.structure_maps) == 1 and dataflow is None:
            found[0] = structure_map
    if not found:
        raise MappingError(
            "NO_TARGET", "no structure map of the message is for a target of this contract", str(path),
            "add the target, or say --dataflow",
        )  # fmt: skip
    return found


class _Target:
    """One target and the structure map that it takes."""

    def __init__(
        self, message: MapMessage, structure_map: StructureMap, contract: Contract, number: int, document: Document,
        files: dict[str, bytes], header: Header,
    ) -> None:  # fmt: skip
        self._message, self._map, self._contract, self._number = message, structure_map, contract, number
        self._folder, self._stem, self._files, self._header = (
            document.path.parent,
            document.path.stem,
            files,
            header,
        )
        self._target: Target = contract.targets[number]
        outputs = {t for c in structure_map.components for t in c.targets}
        outputs |= {f.component for f in structure_map.fixed if f.located_in == "target"}
        outputs |= {t for time in structure_map.times for _, t in time.pairs}
        beside = {c: m for c, m in self._target.map.items() if c not in outputs}
        where = document.where(("targets", number))
        self._resolved: Resolved = resolved(
            structure_map, message, contract.columns, beside, contract.record_names, where
        )
        self.simple = self._simple()
        self.rest = tuple(c for c in self._resolved.map if c not in self.simple)

    def _simple(self) -> tuple[str, ...]:
        """Return the components whose whole rule the keys of a contract can say."""
        steps = self._resolved.derive
        sayable = {
            c
            for c, m in self._resolved.map.items()
            if m.sql is None and m.column not in steps and _trimmed(m)
        }
        for fixed in self._map.fixed:
            if fixed.located_in == "source":
                sayable -= {
                    t for c in self._map.components if fixed.component in c.sources for t in c.targets
                }
        while True:
            # A map to several components stays whole as long as one of them cannot be said otherwise.
            torn = {t for c in self._map.components if not set(c.targets) <= sayable for t in c.targets}
            if not torn & sayable:
                return tuple(c for c in self._resolved.map if c in sayable)
            sayable -= torn

    def components(self) -> dict[str, str]:
        """Return component → what its key says, of those that change."""
        changed = {}
        for component in self.simple:
            mapped = self._with_file(component, self._resolved.map[component])
            if mapped != self._target.map.get(component):
                changed[component] = written(mapped)
        return changed

    def _with_file(self, component: str, mapped: Mapped) -> Mapped:
        """Return a mapping with its codes in a file, where they are many or are in one already."""
        codes = mapped.codes
        if not isinstance(codes, dict):
            return mapped
        former = self._target.map.get(component)
        own = former.codes if former is not None and isinstance(former.codes, str) else None
        if own is None and len(codes) <= INLINE:
            return mapped
        stems = (self._stem, f"{self._stem}_{self._number + 1}", f"{self._stem}_{self._number + 1}_new")
        names = [*([own] if own else []), *(f"{stem}_{component.lower()}.csv" for stem in stems)]
        name = next((n for n in names if self._may_hold(n, codes, component, own)), None)
        if name is None:
            raise MappingError(
                "FILE_EXISTS", f"{names[-1]} is there and says other codes", str(self._folder), "rename it"
            )
        if name in self._files or _codes_in(self._folder / name) != codes:
            self._files[name] = _code_map(codes, _notes(self._folder / name))
        return mapped.model_copy(update={"codes": name})

    def _may_hold(self, name: str, codes: Mapping[str, str], component: str, own: str | None) -> bool:
        """Return whether a file may hold these codes: it does, or it is free, or nothing else uses it."""
        if name in self._files:
            return self._files[name] == _code_map(codes, _notes(self._folder / name))
        path = self._folder / name
        if not path.exists() or _codes_in(path) == codes:
            return True
        users = [
            (i, c) for i, t in enumerate(self._contract.targets) for c, m in t.map.items() if m.codes == name
        ]
        return name == own and users == [(self._number, component)]

    def keys(self) -> dict[str, str | None]:
        """Return the target's key `structure_map` as it shall be, and put what stays into its file."""
        if not self.rest:
            return {"structure_map": None} if self._target.structure_map is not None else {}
        suffix = f"_{self._number + 1}" if len(self._contract.targets) > 1 else ""
        name = f"{self._stem}_map{suffix}.xml"
        remaining, file = self._remaining(), self._folder / name
        if not (file.exists() and read_maps(file) == remaining):
            self._files[name] = write_ml.write(remaining, Selected((), (), (), (), (), ()), self._header)
        return {"structure_map": scalar(name)}

    def _remaining(self) -> MapMessage:
        """Return the structure map with only what stays, and the representation maps that it uses."""
        components = tuple(c for c in self._map.components if set(c.targets) <= set(self.rest))
        kept = replace(
            self._map,
            components=components,
            fixed=tuple(f for f in self._map.fixed if f.located_in == "source" or f.component in self.rest),
        )
        used = {c.representation for c in components}
        return MapMessage((kept,), tuple(r for r in self._message.representation_maps if r.reference in used))


def _trimmed(mapped: Mapped) -> bool:
    """Return whether a code map can say a mapping: it takes the space around texts away."""
    if not isinstance(mapped.codes, dict):
        return True
    return all(text and text == text.strip() for pair in mapped.codes.items() for text in pair)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def _codes_in(path: Path) -> dict[str, str]:
    return {(row.get("raw") or "").strip(): (row.get("code") or "").strip() for row in _rows(path)}


def _notes(path: Path) -> dict[tuple[str, str], str]:
    """Return raw and code → note, so that what a person wrote beside a code stays."""
    return {
        ((r.get("raw") or "").strip(), (r.get("code") or "").strip()): r.get("note") or ""
        for r in _rows(path)
    }


def _code_map(codes: Mapping[str, str], notes: Mapping[tuple[str, str], str]) -> bytes:
    written_to = io.StringIO(newline="")
    writer = csv.writer(written_to, lineterminator="\n")
    writer.writerow(("raw", "code", "note"))
    writer.writerows((raw, code, notes.get((raw, code), "")) for raw, code in codes.items())
    return written_to.getvalue().encode()


def _check(made: Adopted, path: Path) -> None:
    """Load the contract that comes out, beside copies of its files; raises MappingError."""
    with tempfile.TemporaryDirectory(prefix="adopt-") as folder:
        copy = Path(folder) / path.parent.name
        shutil.copytree(path.parent, copy)
        for name, content in made.files.items():
            (copy / name).write_bytes(content)
        (copy / path.name).write_text(made.text, "utf-8")
        try:
            load_dataset(copy / path.name)
        except MappingError as error:
            told = error.where.replace(str(copy), str(path.parent))
            raise MappingError(error.code, error.what, told, error.mend) from None
