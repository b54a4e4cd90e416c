"""From judged rows to the outcome: counts, findings with examples, records and refused rows as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract
from citizenstats.engine import Engine, name, quoted
from citizenstats.receive import guard
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.header import Headers
from citizenstats.receive.judge import Judge, Problem, text_name
from citizenstats.receive.outcome import UNCLEAR, Example, Finding, Outcome, Status
from citizenstats.receive.source import Source

_LIKE_THOUSANDS = r"[+-]?[1-9]\d{0,2}\.\d{3}"
_FEWEST_MARKED = 3
"""Fewer numbers with a point can look like thousands by accident."""

EXAMPLES = 20
"""Distinct texts that a finding lists at most, the most frequent first."""

_TEXTS_TELL = frozenset(
    {"UNKNOWN_CODE", "NOT_ALLOWED", "NOT_A_NUMBER", "NOT_AN_INTEGER", "NOT_A_DATE", "NOT_A_BOOLEAN", "BAD_PERIOD",
     "OUT_OF_RANGE", "BAD_PATTERN", "GARBLED"}
)  # fmt: skip
"""Findings whose texts help to mend them."""


def judged(
    engine: Engine,
    delivery: Delivery,
    dataset: Dataset,
    contract: Contract,
    headers: Headers,
    source: Source,
    work: Path,
) -> Outcome:
    """Judge every row, write records and refused rows, and return the outcome."""
    judge = Judge(dataset, contract, headers, source)
    table = work / "judged.parquet"
    # As Parquet, which keeps texts that repeat as a dictionary: a table of the engine would write out each.
    engine.run(f"COPY ({judge.sql()}) TO {quoted(str(table))} (FORMAT parquet, COMPRESSION lz4)")
    engine.run(f"CREATE TEMP VIEW judged AS SELECT * FROM read_parquet({quoted(str(table))})")
    if contract.key:
        _judge_repeats(engine, contract, judge)
    counts = _counts(engine, source.notes)
    guarded = guard.look(engine, contract, headers, source, judge)
    if any(finding.code == guard.STOPS for finding in guarded):
        _write_withheld(engine, judge, delivery, work)
        counts |= {"accepted": 0, "refused": counts["accepted"] + counts["refused"]}
        # Nothing else is told, and no row sent back: it could hold what the delivery is stopped for.
        told = (*guarded, *_of_withheld(engine), *_of_unclear(engine))
        return Outcome(delivery, "quarantined", counts, told, source.how)
    swallowed = engine.value("SELECT count(*) FROM judged WHERE list_contains(_problems, 'SWALLOWED_ROWS|')")
    findings = [*source.findings, *guarded, *unread(headers), *_of_problems(engine, judge, headers)]
    findings += [
        *_of_keys(engine, contract),
        *_of_withheld(engine),
        *_of_unclear(engine),
        *_of_ignored(engine, source.notes),
        *_of_marks(engine, judge, contract, headers, source),
    ]
    # What a cell swallowed may be the row of somebody who takes consent back: such a file is not half read.
    status, reason = ("refused", None) if swallowed else _status(counts, contract)
    if reason is not None:
        findings.insert(0, reason)
    if status == "refused":
        counts |= {"accepted": 0, "refused": counts["accepted"] + counts["refused"]}
    else:
        # The order is said: from Parquet to Parquet, DuckDB 2.0 puts rows of large row groups out of theirs.
        accepted = (
            f"SELECT {judge.record_columns(delivery.full_name)} FROM judged WHERE {_ACCEPTED} ORDER BY _row"
        )
        engine.write_parquet(accepted, work / "records.parquet")
    refused = f"SELECT {judge.refused_columns()} FROM {_with_texts(judge, judge.columns_of_file)}"
    refused += " WHERE len(_problems) > 0 AND NOT _withheld ORDER BY _row"
    engine.write_parquet(refused, work / "refused.parquet")
    _write_withheld(engine, judge, delivery, work)
    periods = _periods(engine, contract) if status != "refused" else ()
    return Outcome(delivery, status, counts, tuple(findings), source.how, periods)


_ACCEPTED = "_ignored IS NULL AND NOT _withheld AND len(_problems) = 0"


def _with_texts(judge: Judge, columns: Iterable[str]) -> str:
    """Return the judged rows with some columns' cells as text beside."""
    return f"judged JOIN ({judge.texts(columns)}) AS texts USING (_row)"


def _write_withheld(engine: Engine, judge: Judge, delivery: Delivery, work: Path) -> None:
    """Keep what tells which former records the withheld rows take back."""
    if judge.identity_columns():
        withheld = f"SELECT {judge.identity_columns()}, {quoted(delivery.full_name)} AS _delivery FROM judged"
        engine.write_parquet(
            f"{withheld} WHERE _ignored IS NULL AND _withheld ORDER BY _row", work / "withheld.parquet"
        )


def _judge_repeats(engine: Engine, contract: Contract, judge: Judge) -> None:
    """Of rows with one key: keep the first of equal ones and ignore the others; refuse all that differ."""
    key = ", ".join(name(column) for column in contract.key)
    engine.run(
        f"CREATE TEMP TABLE keys AS SELECT {key} FROM judged WHERE {_ACCEPTED} GROUP BY ALL HAVING count(*) > 1"
    )
    if not engine.value("SELECT count(*) FROM keys"):
        return
    same = " AND ".join(f"judged.{name(c)} IS NOT DISTINCT FROM keys.{name(c)}" for c in contract.key)
    engine.run(
        "CREATE TEMP TABLE repeated AS "
        f"SELECT unnest(list(_row ORDER BY _row)) AS _row, unnest(range(count(*))) AS position, "
        f"count(DISTINCT hash({', '.join(map(text_name, contract.columns))})) AS kinds "
        f"FROM {_with_texts(judge, contract.columns)} SEMI JOIN keys ON {same} WHERE {_ACCEPTED} GROUP BY {key}"
    )
    engine.run("ALTER VIEW judged RENAME TO judged_alone")
    engine.run(
        "CREATE TEMP VIEW judged AS SELECT alone.* REPLACE ("
        "CASE WHEN kinds = 1 AND position > 0 THEN 'REPEATED_ROWS' ELSE _ignored END AS _ignored, "
        "CASE WHEN kinds > 1 THEN ['DUPLICATE_KEY|'] ELSE _problems END AS _problems) "
        "FROM judged_alone AS alone LEFT JOIN repeated USING (_row)"
    )


def _counts(engine: Engine, notes: int) -> dict[str, int]:
    row = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {_ACCEPTED}), "
        "count(*) FILTER (WHERE _ignored IS NULL AND NOT _withheld AND len(_problems) > 0), "
        "count(*) FILTER (WHERE _ignored IS NULL AND _withheld), count(*) FILTER (WHERE _ignored IS NOT NULL) FROM judged"
    )[0]
    read, accepted, refused, withheld, ignored = map(int, row)
    return {
        "read": read + notes,
        "accepted": accepted,
        "refused": refused,
        "withheld": withheld,
        "ignored": ignored + notes,
    }


def _status(counts: Mapping[str, int], contract: Contract) -> tuple[Status, Finding | None]:
    judged_rows = counts["accepted"] + counts["refused"]
    limit = contract.delivery.max_refused_share
    if not counts["read"] - counts["ignored"]:
        return "refused", Finding("NO_ROWS")
    if judged_rows and counts["refused"] > limit * judged_rows:
        return "refused", Finding(
            "TOO_MANY_REFUSED", count=counts["refused"], facts={"limit": f"{limit:.0%}"}
        )
    return ("partially_accepted" if counts["refused"] else "accepted"), None


def _periods(engine: Engine, contract: Contract) -> tuple[str, ...]:
    if contract.delivery.period is None:
        return ()
    period = name(contract.delivery.period)
    holding = (
        f"SELECT DISTINCT CAST({period} AS VARCHAR) FROM judged WHERE ({_ACCEPTED}) OR _withheld ORDER BY 1"
    )
    rows = engine.rows(holding)
    return tuple(str(row[0]) for row in rows if row[0] is not None)


# --- findings ---------------------------------------------------------------------------------------------


def _of_problems(engine: Engine, judge: Judge, headers: Headers) -> list[Finding]:
    counted = engine.rows(
        "SELECT problem, count(*), min(_row) FROM (SELECT _row, unnest(_problems) AS problem FROM judged WHERE NOT _withheld) "
        "GROUP BY problem"
    )
    found = {str(problem): (int(count), int(first)) for problem, count, first in counted}
    findings = []
    for problem in judge.problems:
        if problem.name in found:
            count, first = found[problem.name]
            column = headers.said(problem.column) if problem.column else None
            tells = problem.code in _TEXTS_TELL and not judge.is_personal(problem.column)
            examples = _examples(engine, judge, problem) if tells else ()
            facts = dict(problem.facts)
            if problem.code == "UNKNOWN_CODE":
                facts["different"] = f"{_different(engine, judge, problem):,}"
            findings.append(Finding(problem.code, column, count, first, facts, examples))
    return findings


def _different(engine: Engine, judge: Judge, problem: Problem) -> int:
    assert problem.column is not None  # noqa: S101 - such problems are about a column
    text = text_name(problem.column)
    having = f"list_contains(_problems, {quoted(problem.name)})"
    judged = _with_texts(judge, [problem.column])
    return int(engine.value(f"SELECT count(DISTINCT {text}) FROM {judged} WHERE {having}"))


def _examples(engine: Engine, judge: Judge, problem: Problem) -> tuple[Example, ...]:
    assert problem.column is not None  # noqa: S101 - such problems are about a column
    text = text_name(problem.column)
    rows = engine.rows(
        f"SELECT left({text}, 200), count(*) AS n FROM {_with_texts(judge, [problem.column])} "
        f"WHERE list_contains(_problems, {quoted(problem.name)}) GROUP BY 1 ORDER BY n DESC, 1 LIMIT {EXAMPLES}"
    )
    known = judge.known_texts(problem.column) if problem.code in ("UNKNOWN_CODE", "NOT_ALLOWED") else ()
    return tuple(Example(str(found), int(count), _suggestion(str(found), known)) for found, count in rows)


def _suggestion(text: str, known: Sequence[str]) -> str | None:
    from rapidfuzz import fuzz, process

    best = process.extractOne(text, known, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    return str(best[0]) if best else None


def _of_keys(engine: Engine, contract: Contract) -> list[Finding]:
    row = engine.rows(
        "SELECT count(*), min(_row) FROM judged WHERE list_contains(_problems, 'DUPLICATE_KEY|')"
    )[0]
    if not contract.key or not row[0]:
        return []
    return [Finding("DUPLICATE_KEY", None, int(row[0]), int(row[1]), {"key": ", ".join(contract.key)})]


def _of_withheld(engine: Engine) -> list[Finding]:
    row = engine.rows("SELECT count(*), min(_row) FROM judged WHERE _ignored IS NULL AND _withheld")[0]
    return [Finding("NO_CONSENT", None, int(row[0]), int(row[1]))] if row[0] else []


def _of_unclear(engine: Engine) -> list[Finding]:
    row = engine.rows("SELECT count(*), min(_row) FROM judged WHERE _unclear")[0]
    return [Finding(UNCLEAR, None, int(row[0]), int(row[1]))] if row[0] else []


def _of_ignored(engine: Engine, notes: int) -> list[Finding]:
    rows = engine.rows(
        "SELECT _ignored, count(*), min(_row) FROM judged WHERE _ignored IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    findings = []
    for ignored, count, first in rows:
        code, _, reason = str(ignored).partition("|")
        findings.append(Finding(code, None, int(count), int(first), {"reason": reason} if reason else {}))
    return [*findings, Finding("NOTES", count=notes)] if notes else findings


def _of_marks(
    engine: Engine, judge: Judge, contract: Contract, headers: Headers, source: Source
) -> list[Finding]:
    """Return the columns whose numbers are read as 1.234 where they may mean 1234: by then nothing looks wrong.

    Whoever parts cells by semicolons or tabs has a comma for decimals as a rule, and parts thousands by points.
    """
    read = contract.read
    if (read.decimal, read.thousands) != (".", "") or source.how.get("delimiter") not in ("semicolon", "tab"):
        return []
    numbers = [c for c, said in contract.columns.items() if said.type == "number" and c in headers.position]
    findings = []
    for column in numbers:
        text = text_name(column)
        marked, thousands, first = engine.rows(
            f"SELECT count(*), count(*) FILTER (WHERE regexp_full_match({text}, {quoted(_LIKE_THOUSANDS)})), min(_row) "
            f"FROM {_with_texts(judge, [column])} WHERE {_ACCEPTED} AND contains({text}, '.')"
        )[0]
        if marked >= _FEWEST_MARKED and marked == thousands:
            findings.append(Finding("THOUSANDS_UNCLEAR", headers.said(column), int(marked), int(first)))
    return findings


def unread(headers: Headers) -> list[Finding]:
    """Return that the file has columns which the contract does not name, if it has."""
    if not headers.unread:
        return []
    examples = tuple(Example(header, 1) for header in headers.unread[:EXAMPLES])
    return [Finding("COLUMN_NOT_READ", facts={"columns": str(len(headers.unread))}, values=examples)]
