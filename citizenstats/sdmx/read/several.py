"""A value of several parts as one text, the same whichever format said it.

What the structure declares decides: an attribute of several values is a JSON list, also when it has one; one in several
languages a JSON object by language; one of both a list of objects. What the structure takes for a single value and the message
gives several of is handed on in the same way, so that whoever judges the row sees it; a single one is itself.
SQL and Python here write the same JSON: without spaces, the languages in the structure's order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from citizenstats.engine import quoted
from citizenstats.sdmx.model import Component

Part = str | Mapping[str, str]
"""One value: a text, or texts by language."""

OTHERWISE = "en"
"""The language of a text that stands among texts by language and names none."""


def one_text(component: Component, parts: Sequence[Part]) -> str | None:
    """Return the parts of a value as one text; None where there is none."""
    if not parts:
        return None
    if component.array:
        return _json([_in_order(component, part) for part in parts])
    if component.multilingual or any(isinstance(part, Mapping) for part in parts):
        texts: dict[str, str] = {}
        for part in parts:
            texts |= part if isinstance(part, Mapping) else {OTHERWISE: part}
        return _json(_in_order(component, texts))
    return str(parts[0]) if len(parts) == 1 else _json(list(parts))


def _in_order(component: Component, part: Part) -> Part:
    if isinstance(part, str):
        return {OTHERWISE: part} if component.multilingual else part
    known = [language for language in component.languages if language in part]
    return {language: part[language] for language in (*known, *(x for x in part if x not in known))}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- cells of SDMX-CSV ------------------------------------------------------------------------------------


def one_text_of_cell(
    component: Component, cell: str, between: str, languages: Sequence[str], *, labelled: bool
) -> str:
    """Return SQL of the text of a cell with several parts.

    Args:
        component: what the structure says of it.
        cell: SQL of the cell.
        between: the separator between parts.
        languages: those that the header names, else those of the structure; empty where the parts are in none.
        labelled: whether codes have their names behind them, ``F: Female``.
    """
    by_language = bool(languages) or component.multilingual
    if by_language and component.array:
        whole = f"to_json(list_transform({_split(cell, between)}, lambda part: {_by_language(component, 'part', between)}))"
    elif by_language:
        whole = f"to_json({_by_language(component, cell, between)})"
    else:
        listed = _split(cell, between)
        if labelled and component.codelist is not None:
            listed = f"list_transform({listed}, lambda part: split_part(part, ': ', 1))"
        whole = f"to_json({listed})"
        if not component.array:
            whole = f"CASE WHEN len({listed}) = 1 THEN ({listed})[1] ELSE CAST({whole} AS VARCHAR) END"
    return f"CASE WHEN {cell} IS NOT NULL THEN CAST({whole} AS VARCHAR) END"


def one_text_of_single(component: Component, cell: str) -> str:
    """Return SQL of the text of a cell that the header does not say to have parts, where the structure says it."""
    one = f"{{{quoted(OTHERWISE)}: {cell}}}" if component.multilingual else cell
    return f"CASE WHEN {cell} IS NOT NULL THEN CAST(to_json({f'[{one}]' if component.array else one}) AS VARCHAR) END"


def in_other_languages(component: Component, text: str) -> str:
    """Return the SQL condition that the text of a component is in a language that the structure does not name."""
    known = ", ".join(quoted(language) for language in component.languages)
    listed = f"from_json({text}, '[\"JSON\"]')" if component.array else f"[CAST({text} AS JSON)]"
    others = f"list_filter(json_keys(part), lambda language: language NOT IN ({known}))"
    whole = f"len(list_filter({listed}, lambda part: len({others}) > 0)) > 0"
    return f"CASE WHEN json_valid({text}) AND {text} <> '' THEN {whole} ELSE false END"


def is_open(cell: str, between: str) -> str:
    """Return the SQL condition that a quotation mark of a cell with several parts stands open or behind text."""
    told = f"concat({quoted(between)}, {cell})"
    read = f"list_sum(list_transform({_matches(cell, between, 0)}, lambda part: length(part)))"
    return f"({cell} IS NOT NULL AND {read} <> length({told}))"


def _split(cell: str, between: str) -> str:
    """SQL of the parts of a cell, each without the quotation marks around it."""
    bare = """CASE WHEN starts_with(part, '"') THEN replace(part[2:-2], '""', '"') ELSE part END"""
    return f"list_transform({_matches(cell, between, 1)}, lambda part: {bare})"


def _matches(cell: str, between: str, group: int) -> str:
    """SQL of the parts as they stand; with a separator before the first, each match begins with one."""
    mark = between if between in ",; \t" else f"\\{between}"
    pattern = f'{mark}("(?:[^"]|"")*"|[^{mark}"][^{mark}]*|)'
    return f"regexp_extract_all(concat({quoted(between)}, {cell}), {quoted(pattern)}, {group}, 's')"


_LANGUAGE = "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*:"


def _by_language(component: Component, text: str, between: str) -> str:
    """SQL of a map from language to text, the languages of the structure first."""
    found = f"regexp_extract(t, {quoted(_LANGUAGE)})"
    language = f"CASE WHEN {found} = '' THEN {quoted(OTHERWISE)} ELSE {found}[:-2] END"
    entry = f"{{'k': {language}, 'v': t[length({found}) + 1:]}}"
    order = ", ".join(quoted(known) for known in component.languages)
    place = f"coalesce(list_position([{order}]::VARCHAR[], e.k), {len(component.languages) + 1})"
    entries = f"list_transform({_split(text, between)}, lambda t: {entry})"
    sorted_ = f"list_sort(list_transform({entries}, lambda e, n: {{'p': {place}, 'n': n, 'e': e}}))"
    return f"map_from_entries(list_transform({sorted_}, lambda s: s.e))"
