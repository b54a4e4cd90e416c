"""What messages show: of each data file of a candidate, the keys beside which any number stands.

A value shows a cell, and so does any number beside it: an error, a bound, a sample size. Each file is read for itself, by
nothing that wrote it, for a value that one file shows and another hides is shown. What belongs here: from files to keys.
What does not: what the keys mean.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.sdmx.model import Component, DataStructure
from citizenstats.validation.confidential import NOT_COMPANIONS

_CSV, _OBSERVATIONS, _CHANGES, _HISTORY = (
    "data.csv",
    "observations.parquet",
    "changes.parquet",
    "history.parquet",
)


@dataclass(frozen=True)
class Read:
    """How many observations each file of a state has; those of one that says everything have the same number.

    Attributes:
        files: file → its observations.
        withheld: observations of the message that no file shows.
        contrary: files with another number beside an observation than ``data.csv`` has.
    """

    files: Mapping[str, int]
    withheld: int
    contrary: tuple[str, ...] = ()

    @property
    def differing(self) -> tuple[str, ...]:
        """The files that should say everything and have other observations than the table of them, or any other number."""
        whole = {
            file: n for file, n in self.files.items() if file.startswith("data.") or file == _OBSERVATIONS
        }
        return tuple(
            dict.fromkeys([*(file for file, n in whole.items() if n != whole[_CSV]), *self.contrary])
        )


def read_shown(engine: Engine, structure: DataStructure, folder: Path) -> Read:
    """Make the tables `shown` of the keys that any data file in a folder shows, and `shown_before` of former values.

    Args:
        engine: can read the folder.
        structure: of the messages.
        folder: a candidate's files.

    Raises:
        ReleaseError: ``NO_MESSAGE``; or ``MESSAGE_UNREAD`` of a data file in a format that is not read here.
    """
    if not (folder / _CSV).exists():
        raise ReleaseError("NO_MESSAGE", "there is no message to audit", mend="let the release be made again")
    engine.run("CREATE TEMP TABLE said (file VARCHAR, key VARCHAR, tells BOOLEAN, numbers DOUBLE[])")
    counted: dict[str, int] = {}
    for file in sorted(folder.iterdir()):
        rows = _rows(structure, file)
        if rows is not None:
            counted[file.name] = 0
            engine.run(
                f"INSERT INTO said SELECT {quoted(file.name)}, {key_of(structure)}, coalesce(_tells, FALSE), "
                f"{_values(engine, structure, file.name, rows)} FROM {rows}"
            )
    former = f"file = '{_HISTORY}' OR file = 'before {_CHANGES}'"
    if (folder / _CHANGES).exists():
        rows = _in_parquet(folder / _CHANGES, [f"{m.id}_before" for m in structure.measures])
        engine.run(
            f"INSERT INTO said SELECT 'before {_CHANGES}', {key_of(structure)}, _tells, CAST([] AS DOUBLE[]) FROM {rows}"
        )
    engine.run(f"CREATE TEMP TABLE shown AS SELECT DISTINCT key FROM said WHERE tells AND NOT ({former})")
    engine.run(f"CREATE TEMP TABLE shown_before AS SELECT DISTINCT key FROM said WHERE tells AND ({former})")
    counted |= dict(
        engine.rows(f"SELECT file, count(*) FROM said WHERE file <> 'before {_CHANGES}' GROUP BY file")
    )
    withheld = engine.value(f"SELECT count(*) FROM said ANTI JOIN shown USING (key) WHERE file = '{_CSV}'")
    return Read(counted, int(withheld), _contrary(engine))


def _values(engine: Engine, structure: DataStructure, file: str, rows: str) -> str:
    """Return SQL of the list of all numbers that a file says of an observation, in the order of the structure."""
    after = "_after" if file == _CHANGES else ""
    there = {column for column, _ in engine.columns(f"SELECT * FROM {rows}")}
    columns = [f"{c.id}{after}" for c in _numbers(structure)]
    listed = (f"TRY_CAST({name(c)} AS DOUBLE)" if c in there else "CAST(NULL AS DOUBLE)" for c in columns)
    return f"CAST([{', '.join(listed)}] AS DOUBLE[])"


def _contrary(engine: Engine) -> tuple[str, ...]:
    """Return the files that say another number of an observation than the table of them: two roundings are two figures."""
    rows = engine.rows(
        "SELECT DISTINCT s.file FROM said AS s JOIN said AS d ON d.key = s.key "
        f"WHERE d.file = '{_CSV}' AND s.file NOT IN ('{_CSV}', '{_HISTORY}', 'before {_CHANGES}') "
        "AND len(list_filter(list_zip(s.numbers, d.numbers), lambda p: p[1] IS NOT NULL AND NOT isnan(p[1]) "
        "AND NOT coalesce(abs(p[1] - p[2]) <= 1e-9 * greatest(abs(p[2]), 1), FALSE))) > 0 ORDER BY s.file"
    )
    return tuple(str(file) for (file,) in rows)


def shown_in(structure: DataStructure, observations: Path) -> str:
    """Return the SELECT of the keys that a Parquet file of publishable observations shows."""
    rows = _in_parquet(observations, [c.id for c in _numbers(structure)])
    return f"SELECT {key_of(structure)} AS key FROM {rows} WHERE _tells"


def key_of(structure: DataStructure) -> str:
    """Return SQL of a key as protection's account writes it."""
    listed = ", ".join(f"{name(d)}: CAST({name(d)} AS VARCHAR)" for d in structure.key)
    return f"CAST({{{listed}}} AS JSON)::VARCHAR"


def _rows(structure: DataStructure, file: Path) -> str | None:
    """Return a relation of the key and `_tells` of each observation in a data file; None of another file."""
    numbers = [c.id for c in _numbers(structure)]
    if file.name in (_OBSERVATIONS, _HISTORY):
        return _in_parquet(file, numbers)
    if file.name == _CHANGES:
        return _in_parquet(file, [f"{m.id}_after" for m in structure.measures])
    if not file.name.startswith(("data.", "delta.")):
        return None
    if file.suffix == ".csv":
        # A message that only deletes has no columns but those of the key.
        with file.open(encoding="utf-8", newline="") as lines:
            there = next(csv.reader(lines), [])
        tells = _written([number for number in numbers if number in there])
        return f"(SELECT *, {tells} AS _tells FROM read_csv({quoted(str(file))}, all_varchar = true, header = true))"
    if file.suffix == ".xml":
        return f"(SELECT *, {_written(numbers)} AS _tells FROM {_elements(file, [*structure.key, *numbers])})"
    raise ReleaseError(
        "MESSAGE_UNREAD", f"the audit cannot read {file.name}", mend="let no release have data in that format"
    )


def _in_parquet(file: Path, numbers: list[str]) -> str:
    tells = " OR ".join(f"{name(number)} IS NOT NULL" for number in numbers)
    return f"(SELECT *, {tells} AS _tells FROM read_parquet({quoted(str(file))}))"


def _written(numbers: list[str]) -> str:
    """Return the SQL condition that any number is written; a message may say in three ways that it is not."""
    return (
        " OR ".join(f"coalesce({name(number)}, '') NOT IN ('', 'NaN', '#N/A')" for number in numbers)
        or "FALSE"
    )


def _elements(file: Path, components: list[str]) -> str:
    """Return a relation of the observations of structure-specific SDMX-ML: each element begins a line of its own.

    Text between elements is read too, so that a component that is an element inside an observation is not overlooked:
    what is no attribute of an observation or of its series makes the number of observations differ, or the key unknown.
    """
    lines = (
        f"SELECT row_number() OVER () AS _place, _line FROM read_csv({quoted(str(file))}, columns = {{_line: 'VARCHAR'}}, "
        r"header = false, delim = '\x01', quote = '', escape = '', auto_detect = false, max_line_size = 16000000)"
    )
    placed = (
        "SELECT _line, _place, max(_place) FILTER (starts_with(_line, '<Series')) OVER (ORDER BY _place) AS _series "
        f"FROM ({lines}) WHERE starts_with(_line, '<Series') OR starts_with(_line, '<Obs')"
    )
    values = ", ".join(
        f"nullif(regexp_extract(_line, ' {c}=\"([^\"]*)\"', 1), '') AS {name(c)}" for c in components
    )
    told = f"SELECT _place, _series, starts_with(_line, '<Obs') AS _is_observation, {values} FROM ({placed})"
    both = ", ".join(f"coalesce(o.{name(c)}, s.{name(c)}) AS {name(c)}" for c in components)
    return (
        f"(WITH told AS MATERIALIZED ({told}) SELECT {both} FROM told AS o LEFT JOIN told AS s "
        "ON s._place = o._series AND NOT s._is_observation WHERE o._is_observation)"
    )


def _numbers(structure: DataStructure) -> list[Component]:
    """Return the components that tell something of single observations: measures, errors, bounds, counts."""
    return [c for c in (*structure.measures, *structure.attributes) if _tells(c)]


def _tells(component: Component) -> bool:
    if component.role == "measure":
        return True
    is_number = component.codelist is None and component.type in INTEGERS | DECIMALS
    return is_number and component.attachment == "observation" and component.id not in NOT_COMPANIONS
