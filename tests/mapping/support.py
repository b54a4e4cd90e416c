"""What tests of structure maps share: making maps, and running them over rows without a contract around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner, Result

from citizenstats.cli.main import cli
from citizenstats.contracts.model import Column, Mapped
from citizenstats.engine import name, quoted
from citizenstats.mapping import write_json, write_ml
from citizenstats.mapping.model import (
    ComponentMap,
    FixedValueMap,
    MapMessage,
    RepresentationMap,
    SourceValue,
    StructureMap,
    TimeMap,
    ValueMapping,
)
from citizenstats.mapping.resolve import Resolved, resolved
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.selected import Selected
from tests.conftest import NOW

HEADER = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "OFFICE", test=True)
NOTHING = Selected((), (), (), (), (), ())
DSD = "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=OFFICE:{}(1.0.0)"


def ml(message: MapMessage) -> bytes:
    return write_ml.write(message, NOTHING, HEADER)


def js(message: MapMessage) -> bytes:
    return write_json.write(message, NOTHING, HEADER)


def value(said: str) -> SourceValue:
    """A source value as people write it: ``regex:…``, ``1-2:…`` for a part, or the text itself."""
    if said.startswith("regex:"):
        return SourceValue(said.removeprefix("regex:"), regex=True)
    if said[:1].isdigit() and ":" in said:
        place, _, text = said.partition(":")
        start, end = (int(n) for n in place.split("-"))
        return SourceValue(text, start=start, end=end)
    return SourceValue(said)


def line(
    sources: str | Sequence[str],
    targets: str | Sequence[str],
    since: str | None = None,
    until: str | None = None,
) -> ValueMapping:
    given = [sources] if isinstance(sources, str) else sources
    made = (targets,) if isinstance(targets, str) else tuple(targets)
    return ValueMapping(tuple(value(s) for s in given), made, since, until)


def message(
    maps: Mapping[tuple[Sequence[str], Sequence[str]], Sequence[ValueMapping] | None],
    *,
    fixed: Mapping[str, str] | None = None,
    times: Sequence[TimeMap] = (),
    **more: Any,
) -> MapMessage:
    """A message of one structure map: (sources, targets) → lines, or None to copy."""
    components, representations = [], []
    for n, ((sources, targets), lines) in enumerate(maps.items()):
        reference = Reference("OFFICE", f"RM_{n}", "1.0.0")
        if lines is not None:
            strings = ("String",) * len(sources), ("String",) * len(targets)
            representations.append(RepresentationMap(reference, {"en": f"map {n}"}, *strings, tuple(lines)))
        components.append(
            ComponentMap(tuple(sources), tuple(targets), reference if lines is not None else None)
        )
    structure_map = StructureMap(
        Reference("OFFICE", "SM", "1.0.0"),
        {"en": "a map"},
        DSD.format("FROM"),
        DSD.format("TO"),
        times=tuple(times),
        components=tuple(components),
        fixed=tuple(FixedValueMap(c, (v,)) for c, v in (fixed or {}).items()),
        **more,
    )
    return MapMessage((structure_map,), tuple(representations))


def terms(said: MapMessage, columns: Sequence[str], beside: Mapping[str, Mapped] | None = None) -> Resolved:
    """A message's only structure map in the terms of a contract with these columns of text."""
    declared = {c: Column.model_validate({}) for c in columns}
    return resolved(said.structure_maps[0], said, declared, beside or {}, columns, "here")


def run(said: MapMessage, rows: Sequence[Mapping[str, str | None]]) -> list[dict[str, Any]]:
    """What a message's only structure map makes of rows: the targets, and in `refused` the components of refusals."""
    columns = list(rows[0])
    made = terms(said, columns)
    values = ", ".join(
        "(" + ", ".join("NULL" if row[c] is None else quoted(str(row[c])) for c in columns) + ")"
        for row in rows
    )
    sql = f"SELECT * FROM (VALUES {values}) AS rows({', '.join(name(c) for c in columns)})"
    sql = (
        "SELECT " + ", ".join(f"CAST({name(c)} AS VARCHAR) AS {name(c)}" for c in columns) + f" FROM ({sql})"
    )
    for step, text in made.derive.items():
        sql = f"SELECT *, {text} AS {name(step)} FROM ({sql})"
    outputs = [f"{_sql(m)} AS {name('out_' + c)}" for c, m in made.map.items()]
    refused = [f"CASE WHEN {r.condition} THEN {quoted(r.component)} END" for r in made.refusals]
    outputs.append(f"list_filter([{', '.join(refused)}], lambda x: x IS NOT NULL) AS refused")
    with duckdb.connect(config={"threads": 1}) as engine:
        found = engine.execute(f"SELECT {', '.join(outputs)} FROM ({sql})").fetchall()
    return [dict(zip([*made.map, "refused"], row, strict=True)) for row in found]


def _sql(mapped: Mapped) -> str:
    if mapped.value is not None:
        return quoted(mapped.value)
    text = mapped.sql or name(mapped.column or "")
    if mapped.codes is None:
        return text
    assert isinstance(mapped.codes, dict)
    cases = " ".join(f"WHEN {quoted(raw)} THEN {quoted(code)}" for raw, code in mapped.codes.items())
    return f"CASE {text} {cases} END"


def command(*told: str | Path) -> Result:
    """Run a command of ours in this process: quicker than one of its own, where only its answer is looked at."""
    return CliRunner(env={"CITIZENSTATS_NOW": NOW}).invoke(cli, [str(t) for t in told], standalone_mode=False)
