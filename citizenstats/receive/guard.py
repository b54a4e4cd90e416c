"""The guard: columns that look like names, telephones, e-mails, national ids, exact places or devices, and are not declared.

What belongs here: which columns of a delivery stop it in quarantine, and which texts are told. What does not: what an
identifier looks like (`identifiers`), and what becomes of the delivery (`rows`).

Each column of the file is judged, those that no contract names too, by its distinct texts: an identifier is different
in each row, and `unknown` is one text however often it stands there. A column with the role `identifier` is declared and
passes. What the contract lists (`allowed`, code maps) is known and is no identifier. Free text may hold a telephone
number here and there: that is told and stops nothing, until half of the texts have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.contracts.model import Column, Contract
from citizenstats.engine import Engine
from citizenstats.receive.header import Headers, letters
from citizenstats.receive.identifiers import (
    COORDINATES,
    FULL_NAME,
    GIVEN,
    KINDS,
    LIKE_A_NAME,
    NAME,
    NAME_ALONE,
    Hint,
    Kind,
    given_names,
    hint,
)
from citizenstats.receive.judge import WIDE, Judge
from citizenstats.receive.outcome import Finding
from citizenstats.receive.source import Source
from citizenstats.receive.typing_sql import listed, trimmed_one_by_one

STOPS = "IDENTIFIER_NOT_DECLARED"
TOLD = "IDENTIFIER_IN_TEXT"

HALF = 0.5
"""Share of distinct texts from which on a header's word, or free text, is taken at its word."""
NEARLY_ALL = 0.9
"""The share for words that headers use for other things too, such as `x`."""
ALL_NAMES, SOME_NAMES, FEW_NAMES = 0.6, 0.3, 0.1
"""Shares of texts that begin with a frequent given name: of single words; of full names; where the header says `name`.
Regions and places are in capitals too, and few of them begin with a given name."""
FEWEST = 5
"""Distinct texts from which on single words, and a header alone, are taken for names."""
FEWEST_FULL = 3
"""Distinct texts from which on full names are taken for names without a word in the header."""
SHORTEST = 3
"""Characters of the longest text below which a column is not looked at: codes, yes and no, ages."""


@dataclass(frozen=True)
class _Seen:
    """How many distinct texts of a column meet a condition, how many rows have them, and the first of these rows."""

    texts: int = 0
    rows: int = 0
    first: int | None = None


@dataclass(frozen=True)
class _Forms:
    """What of one kind is in a column: texts of its form, texts that may be where the header says so, parts of texts."""

    whole: _Seen
    hinted: _Seen
    within: _Seen


def look(
    engine: Engine, contract: Contract, headers: Headers, source: Source, judge: Judge
) -> tuple[Finding, ...]:
    """Return what is found, those that stop the delivery first; no finding holds a text of the file.

    Args:
        engine: can reach the table.
        contract: with the version applied.
        headers: matched to it.
        source: the table.
        judge: knows which texts the contract lists.
    """
    declared = {position: column for column, position in headers.position.items()}
    longest = _longest(engine, source)
    looked_at: list[int] = []
    known: dict[int, Sequence[str]] = {}
    for position, length in enumerate(longest):
        column = declared.get(position)
        if length < SHORTEST or (column is not None and contract.columns[column].role == "identifier"):
            continue
        looked_at.append(position)
        known[position] = judge.known_texts(column) if column is not None else ()
    stops: list[Finding] = []
    told: list[Finding] = []
    for position, (texts, seen) in _counted(engine, source, looked_at, known).items():
        column = declared.get(position)
        said = contract.columns[column] if column is not None else None
        stopping, inside = _of_column(source.headers[position], said, texts, seen)
        shown = headers.said(column) if column is not None else None
        for code, kinds, findings in ((STOPS, stopping, stops), (TOLD, inside, told)):
            # By its letters: a header that is not agreed may be a name itself.
            findings += [
                Finding(code, shown, s.rows, s.first, {"kind": kind, "place": letters(position)})
                for kind, s in kinds.items()
            ]
    return (*stops, *told)


def _longest(engine: Engine, source: Source) -> list[int]:
    """Return the length of the longest text of each column."""
    if not source.headers:
        return []
    told = ", ".join(f"max(length(c{i}))" for i in range(len(source.headers)))
    return [int(length or 0) for length in engine.rows(f"SELECT {told} FROM ({source.sql})")[0]]


def _of_column(
    header: str, said: Column | None, texts: int, seen: Mapping[str, _Seen]
) -> tuple[dict[str, _Seen], dict[str, _Seen]]:
    """Return the kinds that stop a delivery and those that are told, of one column."""
    is_free = said is not None and said.role == "free_text"
    is_number = said is not None and said.type in ("integer", "number")
    stopping: dict[str, _Seen] = {}
    inside: dict[str, _Seen] = {}
    for i, kind in enumerate(KINDS):
        found = _Forms(*(seen.get(f"{form}{i}", _Seen()) for form in ("whole", "hinted", "within")))
        worst = _stopping(kind, hint(header, kind.id), texts, found, is_free=is_free, is_number=is_number)
        if worst is not None:
            stopping.setdefault(kind.id, worst)
        elif found.within.texts:
            inside[kind.id] = found.within
    named = None if is_number else _named(hint(header, NAME), texts, seen, is_free=is_free)
    if named is not None:
        stopping[NAME] = named
    return stopping, {kind: s for kind, s in inside.items() if kind not in stopping}


def _stopping(
    kind: Kind, said: Hint, texts: int, found: _Forms, *, is_free: bool, is_number: bool
) -> _Seen | None:
    """Return what of one kind stops the delivery; None when nothing does."""
    whole, hinted, within = found.whole, found.hinted, found.within
    if whole.texts >= kind.least and whole.texts >= (HALF if is_free else kind.share) * texts:
        return whole
    if within.texts >= HALF * texts and within.texts:
        return within
    # Whoever declared a number has said that it is none of these; a place is a number.
    if is_number and kind is not COORDINATES:
        return None
    least = {"strong": HALF, "soft": NEARLY_ALL}.get(said)
    if said == "soft" and kind is not COORDINATES:
        return None
    return hinted if least is not None and hinted.texts and hinted.texts >= least * texts else None


def _named(said: Hint, texts: int, seen: Mapping[str, _Seen], *, is_free: bool) -> _Seen | None:
    """Return the texts that are names of persons; None when a column does not hold them."""
    full, alone = seen["full_given"], seen["alone_given"]
    given = full.texts + alone.texts
    likely = seen.get("likely", _Seen())
    is_like = likely.texts >= HALF * texts
    if said == "strong" and is_like and (texts >= FEWEST or given >= SOME_NAMES * texts):
        return likely
    if said == "soft" and is_like and given and given >= FEW_NAMES * texts:
        return likely
    if is_free:
        return None
    if full.texts >= FEWEST_FULL and full.texts >= SOME_NAMES * texts:
        return seen["named"]
    if alone.texts >= FEWEST and alone.texts >= ALL_NAMES * texts:
        return seen["alone"]
    return None


def _counted(
    engine: Engine, source: Source, positions: Sequence[int], known: Mapping[int, Sequence[str]]
) -> dict[int, tuple[int, dict[str, _Seen]]]:
    """Return for each column the number of its distinct texts, and how many meet each condition; none does where it lacks."""
    engine.run("CREATE TEMP TABLE known_texts (place INTEGER, v VARCHAR)")
    engine.run("CREATE TEMP TABLE looked_at (place INTEGER, v VARCHAR, n BIGINT, first BIGINT)")
    for position in positions:
        if known[position]:
            engine.run(f"INSERT INTO known_texts SELECT {position}, unnest([{listed(known[position])}])")
    for statement in _distinct(source, positions):
        engine.run(f"INSERT INTO looked_at {statement}")
    engine.run(
        f"CREATE TEMP TABLE texts AS WITH trimmed AS (SELECT place, {trimmed_one_by_one('v')} AS v, n, first FROM looked_at) "
        "SELECT *, regexp_replace(v, '[^0-9]+', '', 'g') AS d FROM trimmed "
        "ANTI JOIN known_texts USING (place, v) WHERE v <> ''"
    )
    conditions = _conditions(engine, [source.headers[position] for position in positions])
    told = ", ".join(
        f"count(*) FILTER ({key}), sum(n) FILTER ({key}), min(first) FILTER ({key})" for key in conditions
    )
    met = ", ".join(f"{condition} AS {key}" for key, condition in conditions.items())
    engine.run(f"CREATE TEMP TABLE given_names AS SELECT unnest([{listed(given_names())}]) AS name")
    rows = engine.rows(
        # First for themselves: the conditions on given names rest on them.
        f"WITH words AS (SELECT *, {FULL_NAME} AS named, {NAME_ALONE} AS alone FROM texts), "
        f"judged AS (SELECT place, n, first, {met} FROM words) "
        f"SELECT place, count(*), {told} FROM judged GROUP BY place ORDER BY place"
    )
    for table in ("given_names", "known_texts", "looked_at", "texts"):
        engine.run(f"DROP TABLE {table}")
    return {int(row[0]): (int(row[1]), dict(zip(conditions, _seen(row[2:]), strict=True))) for row in rows}


def _distinct(source: Source, positions: Sequence[int]) -> Iterator[str]:
    """Yield the SELECTs of the distinct texts of columns as they stand, with their rows.

    Column by column the engine counts the entries of Parquet's dictionaries; of a wide table, whose rows are few, planning
    would take longer than counting.
    """
    if len(source.headers) <= WIDE:
        for position in positions:
            yield (
                f"SELECT {position}, c{position}, count(*), min(_row) FROM ({source.sql}) "
                f"WHERE c{position} IS NOT NULL GROUP BY c{position}"
            )
        return
    for start in range(0, len(positions), WIDE):
        chunk = positions[start : start + WIDE]
        places, cells = ", ".join(map(str, chunk)), ", ".join(f"c{position}" for position in chunk)
        yield (
            f"SELECT place, v, count(*), min(_row) FROM (SELECT unnest([{places}]) AS place, unnest([{cells}]) AS v, _row "
            f"FROM ({source.sql})) WHERE v IS NOT NULL GROUP BY place, v"
        )


def _conditions(engine: Engine, headers: Sequence[str]) -> dict[str, str]:
    """Return the conditions that a text in the table `texts` may meet, or that a header asks about.

    To plan all of them takes longer than to judge a small delivery by them.
    """
    formed = engine.rows(f"SELECT {', '.join(f'bool_or({kind.form})' for kind in KINDS)} FROM texts")[0]
    conditions: dict[str, str] = {}
    for i, (kind, is_there) in enumerate(zip(KINDS, formed, strict=True)):
        if is_there:
            conditions[f"whole{i}"] = kind.whole
            if kind.within is not None:
                conditions[f"within{i}"] = kind.within
        if any(hint(header, kind.id) != "none" for header in headers):
            conditions[f"hinted{i}"] = kind.hinted
    if any(hint(header, NAME) != "none" for header in headers):
        conditions["likely"] = LIKE_A_NAME
    given = f"{GIVEN} IN (SELECT name FROM given_names)"
    return conditions | {
        "named": "named",
        "alone": "alone",
        "full_given": f"(named AND {given})",
        "alone_given": f"(alone AND {given})",
    }


def _seen(counts: Sequence[int | None]) -> Iterator[_Seen]:
    for texts, rows, first in zip(counts[0::3], counts[1::3], counts[2::3], strict=True):
        yield _Seen(texts or 0, int(rows or 0), first)
