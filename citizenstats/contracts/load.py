"""Reading ``sdmx_mappings/``: YAML to frozen models, every error with file and line.

YAML is read by its 1.2 rules for plain words: only ``true``, ``false``, ``null`` and numbers are special, so that
the answer ``no`` and the country code ``NO`` stay texts. A repeated key is an error.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from citizenstats.contracts.counts import Counted, read_counts
from citizenstats.contracts.expressions import nearest
from citizenstats.contracts.model import AgencyFile, Contract, DataflowFile, Mapped, PartnerFile
from citizenstats.errors import MappingError
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.store import digest

if TYPE_CHECKING:
    from citizenstats.mapping.resolve import Resolved
    from citizenstats.quality.catalogue import Catalogue

T = TypeVar("T", bound=BaseModel)
Position = tuple[str | int, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.2 core words only; parsed by libyaml where it is there."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


@dataclass(frozen=True)
class Document:
    """A YAML file: its content and the line of each position in it."""

    path: Path
    content: Any
    lines: Mapping[Position, int]

    def where(self, position: Position = ()) -> str:
        """Return ``file:line`` of a position, or of the nearest one around it."""
        while position and position not in self.lines:
            position = position[:-1]
        return f"{self.path}:{self.lines.get(position, 1)}"


_DEEPEST = 40
_MOST = 200_000
"""Levels and values of a YAML file; aliases of aliases, and one of itself, would become more than any machine holds."""


def _too_much(path: Path, line: int) -> MappingError:
    return MappingError(
        "BAD_YAML",
        "there is more in each other here than a mapping needs",
        f"{path}:{line}",
        "write it out without aliases",
    )


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8")
    except FileNotFoundError:
        raise MappingError("NO_SUCH_FILE", "there is no such file", str(path)) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MappingError(
            "BAD_YAML", "this file is not UTF-8", f"{path}:{line}", "save it as UTF-8"
        ) from None


def read_yaml(path: Path) -> Document:
    """Return a YAML file with the lines of its positions.

    Raises:
        MappingError: no such file, not UTF-8, not YAML, or a key stands twice.
    """
    text = _text_of(path)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        where = f"{path}:{text.count(chr(10), 0, error.position) + 1}"
        raise MappingError(
            "BAD_YAML", "this line holds a control character", where, "delete it, or type the line anew"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise MappingError(
            "BAD_YAML", f"this is not YAML: {getattr(error, 'problem', error)}", where
        ) from None
    except RecursionError:
        raise _too_much(path, 1) from None
    lines: dict[Position, int] = {}
    loader = _Loader("")
    try:
        content = _plain(node, (), lines, path, loader) if node is not None else {}
    finally:
        loader.dispose()
    return Document(path, content, lines)


def _plain(
    node: yaml.Node, position: Position, lines: dict[Position, int], path: Path, loader: _Loader
) -> Any:
    lines[position] = node.start_mark.line + 1
    if len(position) > _DEEPEST or len(lines) > _MOST:
        raise _too_much(path, lines[position])
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                raise MappingError(
                    "DUPLICATE_KEY", f"the key '{key}' stands twice", f"{path}:{key_node.start_mark.line + 1}"
                )
            result[key] = _plain(value_node, (*position, key), lines, path, loader)
            lines[(*position, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*position, i), lines, path, loader) for i, item in enumerate(node.value)]
    return loader.construct_object(node)


def validated(model: type[T], document: Document) -> T:
    """Return the document as `model`.

    Raises:
        MappingError: the first fault; `faults` gives them all.
    """
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        raise _fault(model, document, error.errors()[0]) from None


def faults(model: type[BaseModel], document: Document) -> list[MappingError]:
    """Return every fault of a document as `model`: file, line, what, how to mend."""
    return faults_at(model, document, (), document.content)


def faults_at(model: type[BaseModel], document: Document, at: Position, content: Any) -> list[MappingError]:
    """Return every fault of a part of a document as `model`."""
    try:
        model.model_validate(content)
    except ValidationError as error:
        return [_fault(model, document, fault, at) for fault in error.errors()]
    return []


def _fault(model: type[BaseModel], document: Document, fault: Any, at: Position = ()) -> MappingError:
    position: Position = tuple(fault["loc"])
    where = document.where((*at, *position))
    path = ".".join(str(p) for p in (*at, *position))
    if fault["type"] == "extra_forbidden":
        key = str(position[-1])
        # A comma inside braces ends a text that stands without quotation marks: what follows looks like a key.
        torn = (
            "write the keys out" if key == "<<" else "put text with a comma inside braces in quotation marks"
        )
        mend = nearest(key, _keys_at(model, position[:-1])) if re.fullmatch(r"[\w-]+", key) else torn
        return MappingError("UNKNOWN_KEY", f"'{path}' is no key here", where, mend)
    if fault["type"] == "missing":
        return MappingError("MISSING_KEY", f"'{path}' is missing", where, "add it")
    if fault["type"] == "model_type" and not position:
        return MappingError(
            "BAD_VALUE", "this is no list of keys with their values", where, "write 'key: value'"
        )
    return MappingError("BAD_VALUE", f"'{path}': {fault['msg']}", where, _cure(fault))


def _cure(fault: Any) -> str:
    """Return how to mend a value of the wrong kind, where that can be told; else an empty text."""
    said = fault["input"]
    match fault["type"]:
        case "literal_error" if isinstance(said, str):
            found = nearest(said, re.findall(r"'([^']*)'", fault["ctx"]["expected"]))
            return found if found.startswith("did you mean") else ""
        case "dict_type":
            return (
                "write a text in quotation marks"
                if isinstance(said, int | float)
                else "write 'key: value' in it"
            )
        case "string_type":
            return "put it in quotation marks" if isinstance(said, int | float) else "write a text"
        case "string_too_short" if said == "" or str(said).isspace():
            return "say it"
    return ""


def _keys_at(model: type[BaseModel], position: Position) -> list[str]:
    """Return the keys that a model knows at a position inside it."""
    schema = model.model_json_schema()
    node: Any = schema
    for step in position:
        node = _descend(schema, node, step)
    return sorted({key for option in _options(schema, node) for key in option.get("properties", {})})


def _options(schema: Any, node: Any) -> list[Any]:
    if "$ref" in node:
        return _options(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in node:
        return [o for part in node["anyOf"] for o in _options(schema, part)]
    return [node]


def _descend(schema: Any, node: Any, step: str | int) -> Any:
    for option in _options(schema, node):
        if isinstance(step, int) and "items" in option:
            return option["items"]
        if step in option.get("properties", {}):
            return option["properties"][step]
        for named in (*option.get("patternProperties", {}).values(), option.get("additionalProperties")):
            if isinstance(named, dict):
                return named
    return {}


# --- the folder -------------------------------------------------------------------------------------------


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
    """``partner/dataset`` → dataset."""
    dataflows: Mapping[str, DataflowFile]
    """``AGENCY:ID`` → dataflow file."""
    structures: Structures
    quality: Catalogue
    """The criteria of quality."""

    def dataset(self, name: str) -> Dataset:
        """Return a dataset by ``partner/dataset``; raises MappingError when there is none."""
        try:
            return self.datasets[name]
        except KeyError:
            raise MappingError(
                "NO_SUCH_DATASET", f"there is no dataset {name}", mend=nearest(name, self.datasets)
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


def load_mappings(folder: Path) -> Mappings:
    """Return everything under a mappings folder, over the official structures that are shipped.

    Raises:
        MappingError: the first file that is wrong; `citizenstats.contracts.lint` lists them all.
    """
    from citizenstats.quality.catalogue import catalogue
    from citizenstats.sdmx.load import load_structures

    criteria = catalogue(folder)
    agency = validated(AgencyFile, read_yaml(folder / "agency.yaml"))
    partners: dict[str, PartnerFile] = {}
    datasets: dict[str, Dataset] = {}
    for path in sorted((folder / "partners").glob("*/partner.yaml")):
        partners[path.parent.name] = validated(PartnerFile, read_yaml(path))
        for contract in sorted(path.parent.glob("*.yaml")):
            if contract.name != "partner.yaml":
                dataset = load_dataset(contract)
                datasets[dataset.name] = dataset
    dataflows = {
        f"{path.parent.name}:{path.stem}": validated(DataflowFile, read_yaml(path))
        for path in sorted((folder / "dataflows").glob("*/*.yaml"))
    }
    structures = load_structures(folder, agency, partners, datasets, dataflows)
    return Mappings(folder, agency, partners, datasets, dataflows, structures, criteria)


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
