"""From the rows of a message to its observations: typed, each key once, in key order.

The rules of SDMX 3.1 (``ActionType``, and the field guide of SDMX-CSV 2.1): rows count in the order of the message.
``Replace`` says all of an observation; ``Merge``, and the older ``Append`` and ``Information``, what they say and no more;
``Delete`` takes away the observations that its key covers, all of them when every dimension is left open, or, where it
marks measures or attributes, these alone. A row with open dimensions says its attributes of every observation it covers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import MessageError
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.read.message import MessageFacts
from citizenstats.sdmx.read.several import in_other_languages

_WHOLE = "[+-]?[0-9]+"
_NUMBER = r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|INF)"
"""The forms of numbers in XML Schema Part 2, which all formats share."""

MISSING = ("", "NaN", "#N/A")
"""What says in a message that a value is missing."""


@dataclass(frozen=True)
class Observations:
    """The observations of a message: what it says of itself, and how many observations the file has."""

    facts: MessageFacts
    count: int


def observations(
    engine: Engine, frame: Path, facts: MessageFacts, structures: Structures, into: Path
) -> Observations:
    """Write the observations of a frame.

    Raises:
        MessageError: ``NOT_A_NUMBER``, ``NOT_IN_LANGUAGES``.
    """
    structure = structures.data_structures[facts.structure]
    source = f"SELECT * FROM read_parquet({quoted(str(frame))})"
    keys = [name(d) for d in structure.key]
    whole = " AND ".join(f"coalesce({key}, '') <> ''" for key in keys)
    key = ", ".join(keys)
    deletes, opens = engine.rows(
        f"SELECT count(*) FILTER (WHERE _action = 'Delete'), count(*) FILTER (WHERE NOT ({whole})) FROM ({source})"
    )[0]
    twice = f"SELECT 1 FROM ({source}) GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
    if deletes or opens or engine.rows(twice):
        source = _played(engine, structure, source, whole)
    _check_numbers(engine, structure, source)
    _check_languages(engine, structure, source)
    columns = ", ".join(f"{typed(c)} AS {name(c.id)}" for c in structure.components)
    return Observations(facts, engine.write_parquet(f"SELECT {columns} FROM ({source}) ORDER BY {key}", into))


def _played(engine: Engine, structure: DataStructure, source: str, whole: str) -> str:
    """Return SQL of the observations after all rows, each with what was last said of each of its components."""
    keys = [name(d) for d in structure.key]
    others = [name(c.id) for c in structure.components if c.id not in structure.key]
    marked = " OR ".join(f"{column} IS NOT NULL" for column in others) or "FALSE"
    of = f"PARTITION BY {', '.join(keys)}"
    events = " UNION ALL ".join(_events(engine, keys, others, source, whole))
    # What is deleted as a whole is gone with all that was said before; what is replaced, with what was said of it alone.
    told = (
        f"SELECT *, max(_row) FILTER (WHERE _action = 'Delete' AND NOT ({marked})) OVER ({of}) AS _gone, "
        f"max(_row) FILTER (WHERE _action = 'Replace' AND NOT _open) OVER ({of}) AS _replaced FROM ({events})"
    )
    last = ", ".join(
        f"arg_max(CASE WHEN _action = 'Delete' THEN '' ELSE {c} END, _row) FILTER (WHERE {c} IS NOT NULL) AS {c}"
        for c in others
    )
    return (
        f"SELECT {', '.join([*keys, *([last] if last else [])])} FROM ({told}) "
        f"WHERE _row > coalesce(_gone, 0) AND (_open OR _row >= coalesce(_replaced, 0)) "
        f"GROUP BY {', '.join(keys)} HAVING bool_or(NOT _open AND _action <> 'Delete')"
    )


def _events(
    engine: Engine, keys: Sequence[str], others: Sequence[str], source: str, whole: str
) -> Iterator[str]:
    """Yield SQL of what is said of each key: by rows of its own, and by rows that leave dimensions open."""
    said = ", ".join(["_row", "_action", *others])
    yield f"SELECT {', '.join(keys)}, {said}, FALSE AS _open FROM ({source}) WHERE {whole}"
    known = f"SELECT DISTINCT {', '.join(keys)} FROM ({source}) WHERE {whole}"
    filled = ", ".join(f"coalesce({key}, '') <> ''" for key in keys)
    for row in engine.rows(f"SELECT DISTINCT {filled} FROM ({source}) WHERE NOT ({whole}) ORDER BY ALL"):
        there = [key for key, is_there in zip(keys, row, strict=True) if is_there]
        open_ = [key for key, is_there in zip(keys, row, strict=True) if not is_there]
        only = " AND ".join([*(f"{k} <> ''" for k in there), *(f"coalesce({k}, '') = ''" for k in open_)])
        on = " AND ".join(f"k.{key} = o.{key}" for key in there) or "TRUE"
        listed = ", ".join(f"o.{column}" for column in ("_row", "_action", *others))
        yield (
            f"SELECT {', '.join(f'k.{key}' for key in keys)}, {listed}, TRUE AS _open FROM ({known}) AS k "
            f"JOIN (SELECT * FROM ({source}) WHERE {only}) AS o ON {on}"
        )


def typed(component: Component) -> str:
    """Return SQL of a component's text in its type; NULL where the message says that it is missing."""
    column = name(component.id)
    kind = sql_type(component)
    if component.several:
        # A list of nothing but the word for what is missing is no value, as the word alone.
        words = [*MISSING, *(json.dumps([word]) for word in MISSING)] if component.role == "measure" else [""]
        return f"from_json({_without(column, words)}, {quoted(_shape(component))})"
    if kind == "VARCHAR":
        # A text may well be NaN; only a measure or a number says by it that it is missing.
        missing: Sequence[str] = MISSING if component.role == "measure" else MISSING[:1]
        return _without(column, missing)
    return f"CAST({_without(f'trim({column})', MISSING)} AS {kind})"


def _shape(component: Component) -> str:
    """Return what `from_json` makes of the text of a component with several parts."""
    kind = sql_type(component).removesuffix("[]")
    one = (
        json.dumps(dict.fromkeys(component.languages, "VARCHAR")) if component.languages else json.dumps(kind)
    )
    return f"[{one}]" if component.array else one


def _without(text: str, missing: Sequence[str]) -> str:
    listed = ", ".join(quoted(one) for one in missing)
    return f"CASE WHEN {text} NOT IN ({listed}) THEN {text} END"


def _is_no_number(component: Component) -> str:
    """Return the SQL condition that a text, or one of those of a list, is no number."""
    kind = sql_type(component).removesuffix("[]")

    def wrong(text: str) -> str:
        # The engine takes more for a number than XML Schema does: nan, 1_000, 1.5 for a whole one, 1e400 as infinite.
        form = _WHOLE if kind == "BIGINT" else _NUMBER
        number = f"regexp_full_match(trim({text}), {quoted(form)})"
        infinite = f"isinf(try_cast(trim({text}) AS DOUBLE)) AND NOT ends_with(trim({text}), 'INF')"
        unread = f"try_cast(trim({text}) AS {kind}) IS NULL"
        return (
            f"{_without(f'trim({text})', MISSING)} IS NOT NULL AND (NOT {number} OR {unread} OR ({infinite}))"
        )

    column = name(component.id)
    if not component.array:
        return wrong(column)
    listed = f"from_json(nullif({column}, ''), '[\"VARCHAR\"]')"
    return f"len(list_filter({listed}, lambda part: {wrong('part')})) > 0"


def _check_languages(engine: Engine, structure: DataStructure, source: str) -> None:
    """See that no text is in a language that the structure has no place for: it would be lost."""
    told = [c for c in structure.components if c.languages]
    wrong = [in_other_languages(c, name(c.id)) for c in told]
    for component, count in _counted(engine, source, told, wrong):
        raise MessageError(
            "NOT_IN_LANGUAGES",
            f"{count:,} texts are in other languages than {', '.join(component.languages)}",
            component.id,
            "add the languages to the structure",
        )


def _check_numbers(engine: Engine, structure: DataStructure, source: str) -> None:
    numbers = [
        c for c in structure.components if not c.multilingual and not sql_type(c).startswith("VARCHAR")
    ]
    for component, count in _counted(engine, source, numbers, map(_is_no_number, numbers)):
        raise MessageError(
            "NOT_A_NUMBER",
            f"{count:,} values are no numbers",
            component.id,
            "mend them where they were made",
        )


def _counted(
    engine: Engine, source: str, components: Sequence[Component], wrong: Iterable[str]
) -> Iterator[tuple[Component, int]]:
    """Yield the components with rows that meet their condition, each with how many; one look at the source for all."""
    if components:
        tests = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in wrong)
        counts = engine.rows(f"SELECT {tests} FROM ({source})")[0]
        yield from ((c, count) for c, count in zip(components, counts, strict=True) if count)
