"""A YAML file as content with lines: every fault of it, or of the model that it should be, with file and line.

YAML is read by its 1.2 rules for plain words: only ``true``, ``false``, ``null`` and numbers are special, so that
the answer ``no`` and the country code ``NO`` stay texts. A repeated key is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from citizenstats.contracts.expressions import nearest
from citizenstats.errors import MappingError

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


_CURES = {
    "cannot start any token": "indent with blanks, not with tabs, and put a text that begins with @, %, ` in quotation marks",
    "mapping values are not allowed": "put a text with a colon in quotation marks, or look at the indentation",
    "did not find expected": "look at the indentation and brackets of this line and the one above",
    "while scanning a quoted scalar": "a quotation mark is opened and not closed",
    "unexpected end of stream": "a quotation mark or bracket is opened and not closed",
}
"""What the parser says → what it mostly is."""

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
        told = str(getattr(error, "problem", error))
        mend = next((cure for said, cure in _CURES.items() if said in told), "")
        raise MappingError("BAD_YAML", f"this is not YAML: {told}", where, mend) from None
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
    if fault["type"] == "literal_error":
        what = f"'{path}' cannot be '{fault['input']}'; it is {fault['ctx']['expected']}"
        return MappingError("BAD_VALUE", what, where, _cure(fault))
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
        case "string_too_long" if fault["ctx"]["max_length"] == 1:
            return """write the mark itself: ";" or, for a tab, "\\t" in double quotation marks"""
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
