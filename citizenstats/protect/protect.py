"""Disclosure control of a family: unsafe cells, whole breakdowns withheld, what is left is out of reach.

Where any cell of a breakdown is unsafe, the whole breakdown is withheld for that figure and period, in all dataflows of the
family that hold the same figure; and of the rest only breakdowns that may stand together are shown (`breakdowns.py`). A figure
is one combination of all dimensions that break nothing down. What is withheld has no value, status Q, and nothing
beside it that would rebuild it; the public copy never tells which cell was unsafe and which went with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError, ReleaseError
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.protect import variables
from citizenstats.protect.breakdowns import shown
from citizenstats.protect.grid import completed
from citizenstats.protect.unsafe import unsafe_sql
from citizenstats.protect.variables import Variables
from citizenstats.sdmx.model import DataStructure
from citizenstats.store import as_json, digest, read_json

WITHHELD_COMMENT = "Confidential; the value is withheld."
"""COMMENT_OBS of a withheld cell where the structure has no CONF_STATUS, as that of the SDG indicators."""


@dataclass(frozen=True)
class Counts:
    """Cells of a dataflow: all, shown, unsafe by themselves, and withheld together with those."""

    cells: int
    shown: int
    primary: int
    withheld: int


@dataclass(frozen=True)
class Protected:
    """The publishable state of a family."""

    family: str
    state: str
    folder: Path
    flows: Mapping[str, Counts]


def protect(house: House, family: str) -> Protected:
    """Withhold what may not be shown, over all dataflows of a family.

    Raises:
        ReleaseError: ``NOT_ASSEMBLED`` when a dataflow of the family has no assembled state.
    """
    flows = house.mappings.families[family]
    states = {flow: _assembled(house, flow) for flow in flows}
    structures = house.mappings.structures
    made_of = {flow: repr(structures.structure_of(house.mappings.reference(flow))) for flow in flows}
    state = digest({f: s["state"] for f, s in states.items()}, made_of, citizenstats.__version__)
    place = house.store.protected(family)
    folder = place / state
    if not folder.exists():
        try:
            with house.store.commit_folder(folder) as work:
                counts = _make(house, states, work)
                facts = {
                    "family": family,
                    "assembled": {flow: found["state"] for flow, found in states.items()},
                    "flows": {flow: asdict(counted) for flow, counted in counts.items()},
                }
                (work / "protected.json").write_bytes(as_json(facts))
        except CitizenstatsError as error:
            if error.code != "ALREADY_THERE":
                raise
    house.store.commit_state(place, state, {})
    kept = read_json(folder / "protected.json") or {}
    return Protected(family, state, folder, {flow: Counts(**said) for flow, said in kept["flows"].items()})


def _assembled(house: House, flow: str) -> Mapping[str, Any]:
    state = house.store.state(house.store.assembled(flow))
    if state is None:
        raise ReleaseError(
            "NOT_ASSEMBLED", "this dataflow is not assembled yet", flow, f"let assembled/{flow} run first"
        )
    return state


def _make(house: House, states: Mapping[str, Mapping[str, Any]], work: Path) -> dict[str, Counts]:
    folders = [work, *(state["folder"] for state in states.values())]
    with session(folders, scratch=house.store.scratch) as engine:
        feeds = [feed for flow in states for feed in _feeds(house, flow)]
        for number, feed in enumerate(feeds):
            _judge(engine, number, feed, states[feed.flow]["folder"] / "observations.parquet")
            if feed.is_estimated:
                _judge_unknown(engine, number, feed)
        _decide(engine, feeds)
        engine.write_parquet(_audit(feeds), work / "audit.parquet")
        return {
            flow: _write(engine, work, [(n, f) for n, f in enumerate(feeds) if f.flow == flow])
            for flow in states
        }


@dataclass(frozen=True)
class _Feed:
    """The figures of one dataset in one dataflow."""

    flow: str
    dataset: str
    structure: DataStructure
    variables: Variables
    is_estimated: bool

    @property
    def fixed(self) -> list[str]:
        """The dimensions that tell figures apart."""
        return [d for d in self.structure.key if d not in self.variables.totals]


def _feeds(house: House, flow: str) -> Iterable[_Feed]:
    structures = house.mappings.structures
    structure = structures.structure_of(house.mappings.reference(flow))
    for dataset in house.mappings.dataflow(flow).feeds:
        target = next(t for t in house.mappings.dataset(dataset).contract.targets if t.dataflow == flow)
        if target.estimate is None:
            found = variables.of_compiled(structure, structures)
        else:
            totals = {d: target.estimate.totals.get(d, "_T") for d in target.estimate.breakdowns}
            found = variables.of_estimate(totals, structure, structures)
        yield _Feed(flow, dataset, structure, found, target.estimate is not None)


def _judge(engine: Engine, number: int, feed: _Feed, observations: Path) -> None:
    """Make the table of a feed's cells: the frame, the figure, the breakdown, and whether the cell is unsafe."""
    parts = [
        f"{quoted(f'{d}@{feed.structure.by_id[d].codelist}=')} || coalesce({name(d)}, '')"
        for d in sorted(feed.fixed)
    ]
    figure = " || '|' || ".join(parts) or "''"
    engine.run(
        f"CREATE TEMP TABLE cells_{number} AS SELECT *, {figure} AS _figure, {feed.variables.mask()} AS _mask, "
        f"{unsafe_sql([m.id for m in feed.structure.measures])} AS _unsafe "
        f"FROM read_parquet({quoted(str(observations))}) WHERE _dataset = {quoted(feed.dataset)}"
    )


def _judge_unknown(engine: Engine, number: int, feed: _Feed) -> None:
    """Mark breakdowns from which units of an unknown category could be had: a total less its categories.

    Whoever's category is not known counts in the total and stands in no category, so the difference is a cell too.
    """
    for mask in [row[0] for row in engine.rows(f"SELECT DISTINCT _mask FROM cells_{number} ORDER BY _mask")]:
        for dimension in feed.variables.totals:
            bits = feed.variables.mask_of(dimension)
            if not mask & bits:
                continue
            others = ", ".join(["_figure", *(name(d) for d in feed.variables.totals if d != dimension)])
            summed = f"SELECT {others}, sum(_n) AS n, sum(_k) AS k FROM cells_{number} WHERE _mask = {mask} GROUP BY ALL"
            left = (
                f"SELECT c._figure, c._n - s.n AS _n, c._k - s.k AS _k, c._minimum, c._kind FROM cells_{number} AS c "
                f"JOIN ({summed}) AS s USING ({others}) WHERE c._mask = {mask & ~bits}"
            )
            engine.run(
                f"UPDATE cells_{number} SET _unsafe = TRUE WHERE _mask = {mask} AND _figure IN "
                f"(SELECT _figure FROM ({left}) WHERE {unsafe_sql([])})"
            )


def _decide(engine: Engine, feeds: list[_Feed]) -> None:
    """Make the table of the breakdowns that are shown: figure, variables in one text.

    Figures with the same breakdowns and the same unsafe ones among them are decided once.
    """
    engine.run("CREATE TEMP TABLE patterns (figure VARCHAR, variables VARCHAR[], unsafe BOOLEAN)")
    for number, feed in enumerate(feeds):
        for mask in [
            row[0] for row in engine.rows(f"SELECT DISTINCT _mask FROM cells_{number} ORDER BY _mask")
        ]:
            listed = ", ".join(quoted(v) for v in sorted(feed.variables.breakdown(mask)))
            engine.run(
                f"INSERT INTO patterns SELECT _figure, CAST([{listed}] AS VARCHAR[]), bool_or(_unsafe) FROM cells_{number} "
                f"WHERE _mask = {mask} GROUP BY _figure"
            )
    engine.run(
        "CREATE TEMP TABLE figures AS SELECT figure, list_sort(list(DISTINCT variables)) AS candidates, "
        "list_sort(coalesce(list(DISTINCT variables) FILTER (WHERE unsafe), [])) AS unsafe FROM patterns GROUP BY figure"
    )
    order = list(dict.fromkeys(variable for feed in feeds for variable in feed.variables.names))
    engine.run("CREATE TEMP TABLE shown (candidates VARCHAR[][], unsafe VARCHAR[][], variables VARCHAR[])")
    for candidates, unsafe in engine.rows("SELECT DISTINCT candidates, unsafe FROM figures ORDER BY ALL"):
        chosen = shown(map(frozenset, candidates), [frozenset(b) for b in unsafe], order)
        for breakdown in sorted(chosen, key=sorted):
            engine.run(
                "INSERT INTO shown VALUES (CAST(? AS VARCHAR[][]), CAST(? AS VARCHAR[][]), CAST(? AS VARCHAR[]))",
                [candidates, unsafe, sorted(breakdown)],
            )


def _verdict(number: int, feed: _Feed) -> str:
    """Return the SELECT of a feed's cells with `_shown`."""
    masks = " ".join(
        f"WHEN {mask} THEN [{', '.join(quoted(v) for v in sorted(feed.variables.breakdown(mask)))}]::VARCHAR[]"
        for mask in range(1 << len(feed.variables.names))
    )
    return (
        f"SELECT c.*, s.variables IS NOT NULL AS _shown FROM cells_{number} c "
        f"JOIN figures f ON f.figure = c._figure "
        f"LEFT JOIN shown s ON s.candidates = f.candidates AND s.unsafe = f.unsafe "
        f"AND s.variables = CASE c._mask {masks} END"
    )


def _cells(number: int, feed: _Feed) -> str:
    """Return the SELECT of a feed's cells with `_shown`; withheld breakdowns of estimates have their whole grid."""
    verdict = _verdict(number, feed)
    return (
        completed(f"cells_{number}", verdict, feed.structure, feed.variables)
        if feed.is_estimated
        else verdict
    )


def _audit(feeds: list[_Feed]) -> str:
    """Return the SELECT of the restricted audit: flow, key, breakdown, and why a cell is withheld."""
    parts = []
    for number, feed in enumerate(feeds):
        key = ", ".join(f"{name(d)}: {name(d)}" for d in feed.structure.key)
        parts.append(
            f"SELECT {quoted(feed.flow)} AS flow, {quoted(feed.dataset)} AS dataset, CAST({{{key}}} AS JSON)::VARCHAR AS key, "
            f"_figure AS figure, _mask AS breakdown, _n AS n, _k AS k, _minimum AS minimum, "
            f"CASE WHEN _unsafe THEN 'unsafe' WHEN NOT _shown THEN 'with its breakdown' END AS withheld "
            f"FROM ({_cells(number, feed)})"
        )
    return " UNION ALL ".join(parts) + " ORDER BY flow, key"


def _write(engine: Engine, work: Path, feeds: list[tuple[int, _Feed]]) -> Counts:
    structure = feeds[0][1].structure
    columns = ", ".join(_public_columns(structure))
    listed = " UNION ALL BY NAME ".join(f"({_cells(number, feed)})" for number, feed in feeds)
    ordering = ", ".join(name(d) for d in structure.key)
    target = work / f"{file_stem(feeds[0][1].flow)}.parquet"
    engine.write_parquet(
        f"SELECT {columns}, _dataset, _deliveries FROM ({listed}) ORDER BY {ordering}", target
    )
    counted = engine.rows(
        "SELECT count(*), count(*) FILTER (WHERE _shown), count(*) FILTER (WHERE _unsafe), "
        "count(*) FILTER (WHERE NOT _shown AND NOT _unsafe) "
        f"FROM ({listed})"
    )
    return Counts(*map(int, counted[0]))


def _public_columns(structure: DataStructure) -> list[str]:
    """Return the components as they may be shown: a withheld cell keeps its key and says only that it is withheld."""
    without_place = "CONF_STATUS" not in structure.by_id
    columns = []
    for component in structure.components:
        column = name(component.id)
        withheld = column
        if component.role == "measure" or (
            component.role == "attribute" and _is_number(component.type, component.codelist)
        ):
            withheld = "NULL"
        elif component.id == "OBS_STATUS":
            withheld = "'Q'"
        elif component.id == "CONF_STATUS":
            withheld = "'C'"
        elif component.id == "COMMENT_OBS" and without_place:
            withheld = quoted(WITHHELD_COMMENT)
        columns.append(
            column
            if withheld == column
            else f"CASE WHEN _shown THEN {column} ELSE {withheld} END AS {column}"
        )
    return columns


def _is_number(kind: str, codelist: object) -> bool:
    return codelist is None and kind in INTEGERS | DECIMALS
