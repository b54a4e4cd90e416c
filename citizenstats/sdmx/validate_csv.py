"""SDMX-CSV against the structure it names: header, codes, numbers, periods, mandatory attributes, keys; in SQL, streaming."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.sdmx.model import Component, DataStructure, Reference, Structures
from citizenstats.sdmx.periods import any_period_pattern, fits_column_sql
from citizenstats.sdmx.validate_finding import MessageFinding

_OWN = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "SERIES_KEY", "OBS_KEY")
_NUMBERS = ("Double", "Float", "Decimal", "Integer", "Long", "Short", "BigInteger", "Count")
_ACTIONS = ("A", "D", "I", "M", "R")


def csv_findings(file: Path, structures: Structures | None) -> list[MessageFinding]:
    """Return what is wrong with an SDMX-CSV file, of 1.0 or 2.x; empty when it is valid."""
    try:
        _decode(file)
        header, delimiter = _header(file)
        if header[0].split("[")[0] not in ("STRUCTURE", "DATAFLOW") or len(header) < 3:
            return [
                MessageFinding(
                    "NOT_SDMX", "this is no SDMX message that is known here", 1, "see docs/messages.md"
                )
            ]
        structure = _structure(file, delimiter, header, structures)
        if isinstance(structure, MessageFinding):
            return [structure]
        unknown = [c for c in header if c not in _OWN and c not in structure.by_id]
        absent = [c for c in structure.key if c not in header]
        found = [
            MessageFinding("NOT_IN_STRUCTURE", f"the structure has no component {c}", 1) for c in unknown
        ]
        found += [
            MessageFinding("DIMENSION_MISSING", f"the column {c} is missing", 1, "add it") for c in absent
        ]
        if found:
            return found
        with session([file.parent.absolute()]) as engine:
            return list(_rows(engine, file, header, delimiter, structure, structures))
    except UnicodeDecodeError:
        return [MessageFinding("NOT_WELL_FORMED", "the file is not UTF-8", mend="save it as UTF-8")]
    except (csv.Error, CitizenstatsError):
        return [
            MessageFinding(
                "NOT_WELL_FORMED", "the rows do not have as many cells as the header", mend="write it again"
            )
        ]


def _decode(file: Path) -> None:
    """Read to the end as UTF-8: the SQL below leaves out columns that it does not ask about."""
    with file.open(encoding="utf-8") as content:
        while content.read(1 << 20):
            pass


def _header(file: Path) -> tuple[list[str], str]:
    with file.open(encoding="utf-8-sig", newline="") as content:
        line = content.readline(1 << 20)
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return next(csv.reader([line], delimiter=delimiter), [""]), delimiter


def _structure(
    file: Path, delimiter: str, header: Sequence[str], structures: Structures | None
) -> DataStructure | MessageFinding:
    with file.open(encoding="utf-8-sig", newline="") as content:
        rows = csv.reader(content, delimiter=delimiter)
        next(rows)
        first = next(rows, None)
    if first is None or len(first) < 2:
        return MessageFinding("EMPTY", "the message has no rows", 1)
    # In 1.0 the first column names the dataflow; since 2.0 two say what is named, and its name.
    kind, told = ("dataflow", first[0]) if header[0] == "DATAFLOW" else first[:2]
    told = re.sub(r":\s.*$", "", told)
    try:
        reference = Reference.parse(told)
        if structures is None:
            raise KeyError(reference)
        if kind == "datastructure":
            return structures.data_structures[reference]
        return structures.structure_of(reference)
    except (KeyError, CitizenstatsError):
        mend = "give the mappings folder that holds it"
        return MessageFinding("UNKNOWN_STRUCTURE", f"the {kind} of the first row is not known here", 2, mend)


def _rows(
    engine: Engine,
    file: Path,
    header: Sequence[str],
    delimiter: str,
    structure: DataStructure,
    structures: Structures | None,
) -> Iterator[MessageFinding]:
    columns = ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in header)
    scan = (
        f"SELECT *, row_number() OVER () + 1 AS _line FROM read_csv({quoted(str(file.absolute()))}, columns = {{{columns}}}, "
        f"auto_detect = false, header = true, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', nullstr = '', "
        "max_line_size = 67108864)"
    )
    deleted = "coalesce(ACTION, 'M') = 'D'" if "ACTION" in header else "FALSE"
    tests = list(_tests(header, structure, structures, deleted))
    counted = ", ".join(f"count(*) FILTER (WHERE {t}), min(_line) FILTER (WHERE {t})" for _, _, t in tests)
    row = engine.rows(f"SELECT {counted} FROM ({scan})")[0]
    for position, (code, what, _) in enumerate(tests):
        count, line = row[2 * position], row[2 * position + 1]
        if count:
            yield MessageFinding(code, f"{what} ({count:,} rows)", int(line) if line else None)
    key = ", ".join(name(d) for d in structure.key)
    twice = engine.rows(
        f"SELECT count(*), min(line) FROM (SELECT max(_line) AS line FROM ({scan}) WHERE NOT {deleted} "
        f"GROUP BY {key} HAVING count(*) > 1)"
    )[0]
    if twice[0]:
        yield MessageFinding(
            "DUPLICATE_KEY", f"a key stands twice ({twice[0]:,} keys)", int(twice[1]), "leave one of them"
        )


def _tests(
    header: Sequence[str], structure: DataStructure, structures: Structures | None, deleted: str
) -> Iterator[tuple[str, str, str]]:
    """Yield code, what is wrong, and the SQL condition of each kind of fault."""
    if "ACTION" in header:
        listed = ", ".join(quoted(a) for a in _ACTIONS)
        yield (
            "BAD_ACTION",
            "the action is none of A, D, I, M, R",
            f"ACTION IS NOT NULL AND ACTION NOT IN ({listed})",
        )
    for component in structure.components:
        if component.id not in header:
            if component.role == "attribute" and component.mandatory:
                yield "MANDATORY_MISSING", f"{component.id} is missing", f"NOT {deleted}"
            continue
        yield from _of_component(component, structure, structures, deleted, header)


def _of_component(
    component: Component,
    structure: DataStructure,
    structures: Structures | None,
    deleted: str,
    header: Sequence[str],
) -> Iterator[tuple[str, str, str]]:
    column = name(component.id)
    if component.role in ("dimension", "time"):
        yield "DIMENSION_MISSING", f"{component.id} is empty", f"{column} IS NULL AND NOT {deleted}"
    elif component.role == "attribute" and component.mandatory:
        yield "MANDATORY_MISSING", f"{component.id} is empty", f"{column} IS NULL AND NOT {deleted}"
    if component.codelist is not None and structures is not None:
        codes = ", ".join(quoted(code) for code in structures.scheme(component.codelist).by_id)
        yield (
            "CODE_NOT_IN_LIST",
            f"{component.id} holds what is no code of {component.codelist}",
            f"{column} NOT IN ({codes})",
        )
    elif component.type in _NUMBERS:
        yield (
            "NOT_A_NUMBER",
            f"{component.id} is no number",
            f"{column} IS NOT NULL AND try_cast({column} AS DOUBLE) IS NULL",
        )
    if component.role == "time":
        fits = (
            fits_column_sql(column, '"FREQ"')
            if "FREQ" in header and "FREQ" in structure.by_id
            else f"regexp_full_match({column}, {quoted(any_period_pattern())})"
        )
        yield (
            "BAD_PERIOD",
            f"{component.id} does not fit the frequency",
            f"{column} IS NOT NULL AND NOT {fits}",
        )
