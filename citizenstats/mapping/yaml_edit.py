"""Changes to a target's keys in the text of a contract, which keep everything else as a person wrote it.

What belongs here: where keys stand in the text, and how new ones are written. What does not: what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from citizenstats.contracts.model import Mapped

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "null"})


def edited(text: str, number: int, components: Mapping[str, str], keys: Mapping[str, str | None]) -> str:
    """Return a contract's text with components of a target's map and keys of the target set anew.

    Args:
        text: the YAML.
        number: of the target.
        components: component → what stands behind its key in `map`.
        keys: key of the target → what stands behind it; None: the key goes.
    """
    for key, value in keys.items():
        text = _with_key(text, number, key, value)
    if not components:
        return text
    mapped = _value(_target(text, number), "map")
    if mapped is None:
        text = _with_key(text, number, "map", "{}")
        mapped = _value(_target(text, number), "map")
    assert isinstance(mapped, yaml.MappingNode)  # noqa: S101 - the model says so
    if mapped.flow_style or not mapped.value:
        return _rewritten(text, number, mapped, components)
    return _replaced(text, mapped, components)


def scalar(text: str) -> str:
    """Return a text as a YAML scalar that is read as text."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def written(mapped: Mapped) -> str:
    """Return what a component's key says of a constant, a column, or a column with codes."""
    if mapped.value is not None:
        return f"{{value: {scalar(mapped.value)}}}"
    column = scalar(mapped.column or "")
    if mapped.codes is None:
        return column
    if isinstance(mapped.codes, str):
        return f"{{column: {column}, codes: {scalar(mapped.codes)}}}"
    pairs = ", ".join(f"{scalar(raw)}: {scalar(code)}" for raw, code in mapped.codes.items())
    return f"{{column: {column}, codes: {{{pairs}}}}}"


def _target(text: str, number: int) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    targets = _value(root, "targets")
    assert targets is not None  # noqa: S101 - the model says so
    found: yaml.MappingNode = targets.value[number]
    return found


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the model says so
    return next((v for k, v in node.value if k.value == key), None)


def _ends(text: str, start: int, last: int) -> int:
    """Return the line after an entry's last one: comments and blank lines at its end belong to what follows."""
    lines = text.splitlines()
    end = min(last, len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _line_after(value: yaml.Node) -> int:
    """Return the line after a value: one in block form ends where the next thing begins, any other on its last line."""
    block = isinstance(value, yaml.CollectionNode) and not value.flow_style
    return int(value.end_mark.line) + (0 if block or value.end_mark.column == 0 else 1)


def _spans(text: str, node: yaml.MappingNode) -> dict[str, tuple[int, int]]:
    """Return key → its first line and the line after its last, counted from 0, of a block mapping."""
    starts = [k.start_mark.line for k, _ in node.value]
    found = {}
    for i, (key, value) in enumerate(node.value):
        last = starts[i + 1] if i + 1 < len(starts) else _line_after(value)
        found[key.value] = (starts[i], _ends(text, starts[i], max(last, starts[i] + 1)))
    return found


def _replaced(text: str, node: yaml.MappingNode, components: Mapping[str, str]) -> str:
    """Return the text with entries of a block mapping replaced, and new ones after the last."""
    lines = text.splitlines()
    spans = _spans(text, node)
    indent = " " * node.value[0][0].start_mark.column
    after = max(end for _, end in spans.values())
    new = [f"{indent}{key}: {said}" for key, said in components.items() if key not in spans]
    lines[after:after] = new
    for key, (start, end) in sorted(spans.items(), key=lambda item: -item[1][0]):
        if key in components:
            lines[start:end] = [f"{indent}{key}: {components[key]}"]
    return "\n".join(lines) + "\n"


def _rewritten(text: str, number: int, node: yaml.MappingNode, components: Mapping[str, str]) -> str:
    """Return the text with a mapping on one line written as a block, its other entries as they were."""
    target = _target(text, number)
    column = target.value[0][0].start_mark.column + 2
    entries = {k.value: text[v.start_mark.index : v.end_mark.index] for k, v in node.value}
    block = "".join(f"\n{' ' * column}{key}: {said}" for key, said in {**entries, **components}.items())
    start = node.start_mark.index
    return text[:start].rstrip(" ") + block + text[node.end_mark.index :]


def _with_key(text: str, number: int, key: str, value: str | None) -> str:
    """Return the text with a key of a target set on one line, or without it."""
    target = _target(text, number)
    lines = text.splitlines()
    if target.flow_style:
        return _in_flow(text, target, key, value)
    spans = _spans(text, target)
    column = " " * target.value[0][0].start_mark.column
    if key in spans:
        start, end = spans[key]
        lines[start:end] = [f"{lines[start][: len(column)]}{key}: {value}"] if value is not None else []
    elif value is not None:
        after = spans["dataflow"][1]
        lines[after:after] = [f"{column}{key}: {value}"]
    return "\n".join(lines) + "\n"


def _in_flow(text: str, target: yaml.MappingNode, key: str, value: str | None) -> str:
    """Return the text with a key set in a target that stands on one line."""
    entries = {k.value: text[v.start_mark.index : v.end_mark.index] for k, v in target.value}
    if value is None:
        entries.pop(key, None)
    else:
        entries[key] = value
    column = " " * target.start_mark.column
    block = f"\n{column}".join(f"{k}: {v}" for k, v in entries.items())
    return text[: target.start_mark.index] + block + text[target.end_mark.index :]
