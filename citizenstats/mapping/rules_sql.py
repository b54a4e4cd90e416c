r"""Component maps as SQL: when a mapping applies, and what a target then holds.

Source: SDMX 3.0, Section 6, structure mapping. Mappings are tried from the first to the last. A regular expression is of
RE2 and must match the whole value; one that is anchored at one end itself (``^[A-G]``) says where the other end is.
``\1`` in a target is what the first group captured, groups being counted over all sources from left to right. Parts of
values are counted in characters from 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from citizenstats.engine import Engine, quoted, session
from citizenstats.errors import EngineError, MappingError
from citizenstats.mapping.model import RepresentationMap, SourceValue, ValueMapping
from citizenstats.mapping.time_sql import holds

JOINT = "␟"
"""Stands between the values of several sources that are looked up together; no mapping's value may hold it."""

_GROUP = re.compile(r"\\([1-9])")


@dataclass(frozen=True)
class Rule:
    """What gives one target component its value.

    Attributes:
        sql: SQL of the value; None where `codes` are looked up by `key`.
        step: name of the value that `sql` is, where it has one.
        key: SQL of what is looked up in `codes`.
        codes: text → value, for maps that compare whole values.
        given: SQL condition that a source has a value.
        matched: SQL condition that a mapping applies; None: where the value is not NULL.
        literals: the values that it can give, apart from captured ones.
    """

    given: str
    sql: str | None = None
    step: str | None = None
    key: str | None = None
    codes: Mapping[str, str] | None = None
    matched: str | None = None
    literals: tuple[str, ...] = ()


def representation_rule(
    representation: RepresentationMap, texts: Sequence[str], position: int, start: str | None, where: str
) -> Rule:
    """Return the rule of one target of a component map.

    Args:
        representation: the map of values.
        texts: SQL of each source as text.
        position: which target.
        start: SQL of the first day of the record's period as text, for validity; None where there is none.
        where: for errors.

    Raises:
        MappingError: a mapping has another number of sources, a bad regular expression, or needs a period.
    """
    for mapping in representation.mappings:
        _check(mapping, representation, texts, start, where)
    patterns = tuple(s.value for m in representation.mappings for s in m.sources if s.regex)
    unknown = unknown_to_re2(patterns) if patterns else None
    if unknown is not None:
        raise MappingError(
            "BAD_PATTERN", f"{representation.reference} has the regular expression '{unknown}', which RE2 does not know",
            where, "write it without lookaround and back references",
        )  # fmt: skip
    given = " OR ".join(f"{text} IS NOT NULL" for text in texts)
    literals = tuple(
        dict.fromkeys(
            m.targets[position]
            for m in representation.mappings
            if m.targets[position] and not (_captures(m) and _GROUP.search(m.targets[position]))
        )
    )
    if _can_be_looked_up(representation, position):
        codes: dict[str, str] = {}
        for m in representation.mappings:
            codes.setdefault(JOINT.join(s.value for s in m.sources), m.targets[position])
        return Rule(given, key=f" || '{JOINT}' || ".join(texts), codes=codes, literals=literals)
    conditions = [_condition(m, texts, start) for m in representation.mappings]
    cases = " ".join(
        f"WHEN {condition} THEN {_value(m, texts, position)}"
        for m, condition in zip(representation.mappings, conditions, strict=True)
    )
    empty = any(not m.targets[position] for m in representation.mappings)
    matched = " OR ".join(f"({c})" for c in conditions) if empty else None
    sql = f"CASE {cases} END" if cases else "NULL"
    return Rule(given, sql=sql, matched=matched, literals=literals)


def matching(representation: RepresentationMap, texts: Sequence[str], start: str | None) -> str:
    """Return the SQL of the number, from 1, of the mapping that applies; NULL where none does."""
    cases = " ".join(
        f"WHEN {_condition(m, texts, start)} THEN {i}" for i, m in enumerate(representation.mappings, start=1)
    )
    return f"CASE {cases} END" if cases else "NULL"


def _can_be_looked_up(representation: RepresentationMap, position: int) -> bool:
    return bool(representation.mappings) and all(
        m.plain and m.targets[position] and all(s.value and JOINT not in s.value for s in m.sources)
        for m in representation.mappings
    )


def _check(
    mapping: ValueMapping,
    representation: RepresentationMap,
    texts: Sequence[str],
    start: str | None,
    where: str,
) -> None:
    told = f"a mapping of {representation.reference}"
    if len(mapping.sources) != len(texts):
        raise MappingError(
            "BAD_MAPPING",
            f"{told} has {len(mapping.sources)} source values for {len(texts)} source components",
            where,
        )
    if start is None and (mapping.valid_from or mapping.valid_to):
        raise MappingError(
            "NO_PERIOD",
            f"{told} holds for a time only, but nothing is mapped to TIME_PERIOD",
            where,
            "map TIME_PERIOD",
        )


@cache
def unknown_to_re2(patterns: tuple[str, ...]) -> str | None:
    """Return the first regular expression that RE2 does not know; Java's lookarounds and back references are the usual ones."""
    with session() as engine:
        asked = [f"regexp_matches('', {quoted(anchored(pattern))})" for pattern in patterns]
        if _answers(engine, f"[{', '.join(asked)}]"):
            return None
        return next(p for p, one in zip(patterns, asked, strict=True) if not _answers(engine, one))


def _answers(engine: Engine, sql: str) -> bool:
    try:
        engine.value(f"SELECT {sql}")
    except EngineError:
        return False
    return True


def anchored(pattern: str) -> str:
    """Return a regular expression that must match as a mapping's does: whole, or as far as its own anchors say."""
    starts, ends = pattern.startswith("^"), re.search(r"(?<!\\)(?:\\\\)*\$$", pattern) is not None
    if starts or ends:
        return pattern
    return f"^(?:{pattern})$"


def _part(source: SourceValue, text: str) -> str:
    """Return the SQL of the part of a value that a mapping compares."""
    if source.start is None and source.end is None:
        return text
    first = source.start or 1
    length = f", {max(source.end - first + 1, 0)}" if source.end is not None else ""
    return f"substring({text}, {first}{length})"


def _condition(mapping: ValueMapping, texts: Sequence[str], start: str | None) -> str:
    parts = []
    for source, text in zip(mapping.sources, texts, strict=True):
        part = _part(source, text)
        if source.regex:
            parts.append(f"regexp_matches({part}, {quoted(anchored(source.value))})")
        elif source.value:
            parts.append(f"{part} = {quoted(source.value)}")
        else:
            parts.append(f"{text} IS NULL")
    if mapping.valid_from or mapping.valid_to:
        parts.append(holds(start or "NULL", mapping.valid_from, mapping.valid_to))
    return " AND ".join(parts)


def _captures(mapping: ValueMapping) -> bool:
    return any(source.regex for source in mapping.sources)


def _value(mapping: ValueMapping, texts: Sequence[str], position: int) -> str:
    r"""Return the SQL of a target value, with what was captured in the place of ``\1``."""
    target = mapping.targets[position]
    if not target:
        return "NULL"
    if not (_captures(mapping) and _GROUP.search(target)):
        return quoted(target)
    groups = _groups(mapping, texts)
    pieces = _GROUP.split(target)
    written = [
        quoted(piece) if i % 2 == 0 else groups.get(int(piece), "''")
        for i, piece in enumerate(pieces)
        if piece
    ]
    return f"nullif({' || '.join(written)}, '')"


def _groups(mapping: ValueMapping, texts: Sequence[str]) -> dict[int, str]:
    """Return number → SQL of what each group captures."""
    found: dict[int, str] = {}
    for source, text in zip(mapping.sources, texts, strict=True):
        if source.regex:
            expression = quoted(anchored(source.value))
            for group in range(1, group_count(source.value) + 1):
                found[len(found) + 1] = f"regexp_extract({_part(source, text)}, {expression}, {group})"
    return found


def group_count(pattern: str) -> int:
    """Return how many groups a regular expression captures."""
    bare = re.sub(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", "", pattern)
    return len(re.findall(r"\((?!\?)|\(\?P?<(?![=!])", bare))
