"""A draft of the columns of a contract, from a file that a partner sent: headers, kinds of values, and who may be told by them.

What belongs here: what the cells decide. What does not: what the columns mean; whoever writes the contract says that. Of the
cells below the headers none is told.

The file is read by a process of its own with little memory and time, as every delivery (`reader`).
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citizenstats.contracts.model import Contract, Reading
from citizenstats.engine import Engine, session
from citizenstats.errors import DeliveryError, EngineError
from citizenstats.receive.header import place_of
from citizenstats.receive.identifiers import KINDS, NAME, hint
from citizenstats.receive.outcome import RefusalError
from citizenstats.receive.source import Source, table_of
from citizenstats.receive.typing_sql import trimmed
from citizenstats.receive.words import WORDS, detail

_MEMORY, _SECONDS = 6 << 30, 300
_REFUSED = 3
"""Exit code when the file is none that we read; what it says then is why."""
_KEY = re.compile(
    r"(?:uu)?id|key|instance_?id|(?:response|respondent|submission)_?id|id_response_id|loebenummer|lbnr"
)
_PERIOD = re.compile(r"\w*(?:years?|aar|jahr)|annee|ano|rok|time|period|time_period|tid")
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ß": "ss", "ł": "l", "đ": "d"})
_FORMS: Mapping[str, str] = {
    "years": r"(?:19|20)\d\d",
    # A number that begins with zero is a code.
    "integers": r"[+-]?(?:0|[1-9]\d{0,17})",
    "points": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "commas": r"[+-]?\d+(?:,\d+)?",
    "dates": r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])",
    "coded": r"0\d+",
}


@dataclass(frozen=True)
class _Seen:
    """How many texts a column has, how many of them differ, and how many have each form."""

    texts: int
    different: int
    forms: Mapping[str, int]

    def all_are(self, *forms: str) -> bool:
        """Return whether there are texts, and all have one of the forms."""
        return self.texts > 0 and any(self.forms[form] == self.texts for form in forms)


def draft(file: Path, reading: Mapping[str, Any], language: str | None) -> str:
    """Return YAML with `read`, `key` and `columns` for a contract.

    Args:
        file: as the partner sent it.
        reading: keys of `read` that are known already.
        language: of the partner; None when nobody said.

    Raises:
        DeliveryError: it is none that we read, with the words of a receipt.
    """
    with tempfile.TemporaryDirectory() as work:
        asked = json.dumps([str(file.absolute()), work, dict(reading), language])
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "citizenstats.receive.draft", asked],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == _REFUSED:
        code, what, mend = json.loads(done.stdout)
        raise DeliveryError(code, what, file.name, mend)
    if done.returncode:
        said = WORDS["en"]["UNREADABLE"]
        raise DeliveryError("UNREADABLE", said.what, file.name, said.mend)
    return done.stdout


def drafted(source: Source, seen: Iterable[_Seen], rows: int, reading: Mapping[str, Any]) -> str:
    """Return the draft of a table that was read.

    Args:
        source: the table.
        seen: its columns in their order.
        rows: how many it has.
        reading: keys of `read` that were given.
    """
    columns = list(zip(source.headers, seen, strict=True))
    has_commas = any(s.all_are("commas") and not s.all_are("points") for _, s in columns)
    read = {**reading, **({"decimal": ","} if has_commas else {})}
    if source.how.get("encoding_known_by") == "guessed":
        read["encoding"] = source.how["encoding"]
    names = list(_names(source.headers))
    headers = list(_headers(source.headers))
    keys = [
        name
        for name, (header, s) in zip(names, columns, strict=True)
        if s.texts == s.different == rows and _KEY.fullmatch(_slug(header))
    ]
    lines = [f"# {len(columns):,} columns, {rows:,} rows. Delete the columns that you do not need."]
    if read:
        lines.append(f"read: {{{', '.join(f'{key}: {_text(value)}' for key, value in read.items())}}}")
    if keys:
        lines.append(f"key: [{keys[0]}]")
    lines.append("columns:")
    for name, header, (original, s) in zip(names, headers, columns, strict=True):
        said = {"header": _text(header)} if header != name else {}
        is_identifier = name in keys[:1] or _tells_who(original)
        kind = "text" if is_identifier else _kind(original, s, commas=has_commas)
        said |= {"type": kind} if kind != "text" else {}
        said |= {"required": "true"} if rows and s.texts == rows else {}
        said |= {"role": "identifier"} if is_identifier else {}
        lines.append(f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in said.items())}}}")
    return "\n".join(lines) + "\n"


def _kind(header: str, seen: _Seen, *, commas: bool) -> str:
    if seen.all_are("years") and _PERIOD.fullmatch(_slug(header)):
        return "period"
    if seen.all_are("dates"):
        return "date"
    if seen.forms["coded"]:
        return "text"
    if seen.all_are("integers"):
        return "integer"
    return "number" if seen.all_are("commas" if commas else "points") else "text"


def _tells_who(header: str) -> bool:
    return any(hint(header, kind) == "strong" for kind in (*(k.id for k in KINDS), NAME))


def _slug(header: str) -> str:
    """Return a header as an identifier: the question of a path, in small ASCII letters."""
    last = header.rpartition("/")[2].strip() or header
    plain = (
        unicodedata.normalize("NFKD", last.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    )
    return re.sub(r"\W+", "_", plain).strip("_")[:40].rstrip("_")


def _names(headers: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for i, header in enumerate(headers):
        slug = _slug(header)
        base = slug if re.match(r"[a-z]", slug) else f"c_{slug or i + 1}"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        yield name


def _headers(headers: tuple[str, ...]) -> Iterator[str]:
    """Yield what the contract calls each column: its header, or its place where no other column is told from it so."""
    folded = [header.casefold() for header in headers]
    for i, header in enumerate(headers):
        yield header if header and folded.count(folded[i]) == 1 else place_of(i)


def _text(value: object) -> str:
    """Return a value of YAML that is read as the same text again."""
    return json.dumps(value, ensure_ascii=False)


def _look(engine: Engine, source: Source) -> tuple[list[_Seen], int]:
    rows = int(engine.value(f"SELECT count(*) FROM ({source.sql})") or 0)
    found = []
    for i in range(len(source.headers)):
        forms = ", ".join(f"count(*) FILTER (regexp_full_match(v, '{form}'))" for form in _FORMS.values())
        [(texts, different, *counts)] = engine.rows(
            f"SELECT count(*), count(DISTINCT v), {forms} "
            f"FROM (SELECT {trimmed(f'c{i}')} AS v FROM ({source.sql})) WHERE v <> ''"
        )
        found.append(_Seen(texts, different, dict(zip(_FORMS, counts, strict=True))))
    return found, rows


def _child(asked: str) -> int:
    file, work, reading, language = json.loads(asked)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    said = {"read": Reading(**reading), "columns": {}, **({"language": language} if language else {})}
    contract = Contract.model_construct(**said)
    try:
        with session([Path(work)]) as engine:
            source = table_of(engine, Path(file), contract, Path(work))
            seen, rows = _look(engine, source)
    except RefusalError as refusal:
        finding = refusal.finding
        words, more = WORDS["en"][finding.code], detail(finding.code, finding.facts, "en")
        sys.stdout.write(json.dumps([finding.code, f"{words.what} {more}".strip(), words.mend]))
        return _REFUSED
    except EngineError:
        return 1
    sys.stdout.write(drafted(source, seen, rows, reading))
    return 0


if __name__ == "__main__":
    sys.exit(_child(sys.argv[1]))
