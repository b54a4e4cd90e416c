"""Protection by other counts in place of hidden cells: a family's dataflows with every count changed, by its method.

What belongs here: which figures are made of counts, what is published of them and beside them, and the account of it. What does
not: how counts are rounded (`rounded.py`), and what noise is (`cellkey.py`).

Units of a cell and those with the characteristic are changed; a share is made of both, so that nothing beside it tells more.
A cell whose changed units are none is not there, as one in which nobody is: so neither zeros nor keys tell few from nobody.
What is not made of counts, and compiled figures whose counts nobody told, are withheld. Standard errors and intervals are
emptied: they are functions of the true counts. So is every other number beside a figure but its sample size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from citizenstats.contracts.model import FlowProtection, Reliability
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.estimate.reliability import verdict_sql
from citizenstats.harmonize.frame import DECIMALS, INTEGERS
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.protect.cellkey import Noise, table
from citizenstats.protect.figures import Feed, numerator, parents_of
from citizenstats.protect.former import Former
from citizenstats.protect.method import noise_of
from citizenstats.protect.rounded import outcome
from citizenstats.protect.rounding import RoundingError, TooLargeError
from citizenstats.protect.said import said
from citizenstats.protect.secret import secret_of
from citizenstats.protect.steady import ACCOUNT
from citizenstats.protect.within import gathered
from citizenstats.sdmx.model import Component
from citizenstats.validation.confidential import NOT_COMPANIONS

COMMENT = "COMMENT_DSET"
"""Attribute of a data set in which the method is said, where a structure has it and no contract fills it."""

COMPILED_DECIMALS = 1
"""Decimals of a compiled share that is made anew."""


def altered(
    house: House,
    states: Mapping[str, Mapping[str, Any]],
    work: Path,
    protection: FlowProtection,
    former: Sequence[Former],
) -> dict[str, tuple[int, ...]]:
    """Write the publishable file of each dataflow, and the account; return the counts of its cells.

    Args:
        house: where and what.
        states: dataflow → its assembled state.
        work: the folder to fill.
        protection: the family's method, not that of hiding cells.
        former: the accounts behind former releases, of this method or another.

    Returns:
        Dataflow → cells, shown, with a small count behind, withheld, unreliable, flagged.

    Raises:
        RoundingError: there is no additive rounding.
        TooLargeError: limits ended the search for one.
    """
    folders = [work, *(state["folder"] for state in states.values()), *(f.file.parent for f in former)]
    with session(folders, scratch=house.store.scratch) as engine:
        feeds = gathered(house, states)
        for number, feed in enumerate(feeds):
            _tell(engine, number, feed, states[feed.flow]["folder"] / "observations.parquet")
        if protection.rounding is not None:
            _round(engine, house, feeds, protection.rounding.base, former)
        else:
            _perturb(
                engine, noise_of(house.mappings, house.mappings.dataflow(feeds[0].flow).family), len(feeds)
            )
        for number, feed in enumerate(feeds):
            asked = house.mappings.dataflow(feed.flow).reliability
            _make(engine, number, feed, asked, protection)
        engine.write_parquet(_account(feeds, protection), work / ACCOUNT)
        return {
            flow: _write(engine, work, [(n, f) for n, f in enumerate(feeds) if f.flow == flow])
            for flow in states
        }


def _tell(engine: Engine, number: int, feed: Feed, observations: Path) -> None:
    """Make the table of a feed's cells with their counts, and of what its values are made (`_made`)."""
    key = ", ".join(f"{name(d)}: {name(d)}" for d in feed.structure.key)
    value = name(feed.measures[0])
    of_series = "OVER (PARTITION BY _series)"
    percent = "FALSE"
    if "UNIT_MEASURE" in feed.structure.by_id:
        percent = "UNIT_MEASURE IN ('PT', 'PERCENT')"
    engine.run(
        f"CREATE TEMP TABLE cells_{number} AS WITH told AS (SELECT * REPLACE ({numerator(feed)} AS _k, "
        f"{feed.minimum()} AS _minimum), "
        f"{feed.series()} AS _series, {feed.population()} AS _population, {feed.figure()} AS _figure, {feed.at()} AS _at, "
        f"CAST({{{key}}} AS JSON)::VARCHAR AS _key, {feed.measured()} AS _measured, {feed.origin()} AS _origin, "
        f"coalesce(_base, _n) AS _about, _kind = 'count' AS _counted, {feed.sensitive()} AS _sensitive, {percent} AS _percent "
        f"FROM read_parquet({quoted(str(observations))}) WHERE _dataset = {quoted(feed.dataset.name)}) "
        f"SELECT *, {feed.cell()} AS _cell, CASE WHEN _minimum IS NULL THEN 'free' "
        f"WHEN {value} IS NULL THEN 'empty' "
        "WHEN _about IS NULL THEN 'none' "
        "WHEN _kind = 'proportion' OR (_kind = 'given' AND _percent AND _k IS NOT NULL) THEN 'share' "
        "WHEN _kind = 'count' THEN 'k' "
        f"WHEN _kind = 'given' AND bool_and({value} IS NULL OR coalesce({value} = _k, FALSE)) {of_series} THEN 'k' "
        f"WHEN _kind = 'given' AND bool_and({value} IS NULL OR coalesce({value} = _n, FALSE)) {of_series} THEN 'n' "
        "ELSE 'none' END AS _made, "
        f"CAST(CASE WHEN _kind <> 'given' THEN {feed.scale()} WHEN _percent THEN 100 ELSE 1 END AS DOUBLE) AS _scale FROM told"
    )


def _round(engine: Engine, house: House, feeds: Sequence[Feed], base: int, former: Sequence[Former]) -> None:
    """Make the tables of cells with their rounded counts, `n_out` and `k_out`."""
    every = " UNION ALL ".join(
        "SELECT _figure AS figure, _counted AS counted, _population AS population, _at AS categories, _measured AS measured, "
        f"_origin AS origin, _cell AS cell, _about AS n, _k AS k FROM cells_{n} WHERE _made <> 'free'"
        for n in range(len(feeds))
    )
    engine.run(f"CREATE TEMP TABLE shown AS {_shown(former, base)}")
    bounds = ", ".join(
        f"max({c}_out) FILTER (WHERE s.{c} <= q.{c}) AS {c}_least, min({c}_out) FILTER (WHERE s.{c} >= q.{c}) AS {c}_most"
        for c in ("n", "k")
    )
    engine.run(
        f"CREATE TEMP TABLE quantities AS WITH every AS ({every}), gathered AS ("
        "SELECT figure, counted, categories, min(population) AS population, min(measured) AS measured, min(origin) AS origin, "
        "min(cell) AS cell, max(n) AS n, max(k) AS k "
        "FROM every GROUP BY figure, counted, categories), "
        # What a former release showed under other codes is known by what the partner calls it.
        "same AS (SELECT q.figure, q.counted, q.categories, s.* EXCLUDE (figure, counted, categories, cell) FROM gathered AS q "
        "JOIN shown AS s USING (figure, counted, categories) UNION SELECT q.figure, q.counted, q.categories, "
        "s.* EXCLUDE (figure, counted, categories, cell) FROM gathered AS q JOIN shown AS s USING (cell, counted)), "
        f"before AS (SELECT figure, counted, categories, {bounds} FROM gathered AS q "
        "JOIN same AS s USING (figure, counted, categories) GROUP BY ALL) "
        "SELECT * FROM gathered LEFT JOIN before USING (figure, counted, categories)"
    )
    variables = parents_of(feeds, house.mappings.structures)
    try:
        engine.register("outcome", outcome(engine, variables, base, secret_of(house.store)))
    except (RoundingError, TooLargeError) as error:
        error.where = ", ".join(dict.fromkeys(feed.flow for feed in feeds))
        raise
    for number in range(len(feeds)):
        engine.run(
            f"CREATE TEMP TABLE counted_{number} AS SELECT c.*, o.n_out, o.k_out FROM cells_{number} AS c "
            "LEFT JOIN outcome AS o ON o.figure = c._figure AND o.counted = c._counted AND o.categories = c._at"
        )


def _perturb(engine: Engine, noise: Noise, feeds: int) -> None:
    """Make the tables of cells with counts that carry noise; the counts of no records stay as they are."""
    rows = table(noise)
    columns = {c: [row[i] for row in rows] for i, c in enumerate(("pcv", "ckey", "pvalue"))}
    engine.register("ptable", pa.table(columns))
    last = max(columns["pcv"])

    def noisy(count: str, key: str) -> str:
        # A count of records without keys has no noise, and so nothing that may be shown.
        chosen = f"CASE WHEN {count} = 0 THEN 0 ELSE {key} % {noise.keys} END"
        found = f"p.pcv = least({count}, {last}) AND p.ckey = {chosen}"
        return f"{count} + (SELECT p.pvalue FROM ptable AS p WHERE {found})"

    for number in range(feeds):
        engine.run(
            f"CREATE TEMP TABLE counted_{number} AS SELECT *, {noisy('_about', '_base_key')} AS n_out, "
            f"{noisy('_k', '_k_key')} AS k_out FROM cells_{number}"
        )


_UNTOLD = "SELECT CAST(NULL AS VARCHAR) AS cell WHERE FALSE"
"""Of an account from before cells were told; it says of nothing what the partner calls it."""


def _shown(former: Sequence[Former], base: int) -> str:
    """Return the SELECT of the counts that former releases showed rounded to a base, and as what."""
    parts = [
        "SELECT DISTINCT figure, counted, categories, cell, n, k, n_out, k_out FROM ("
        f"{_UNTOLD} UNION ALL BY NAME SELECT * FROM read_parquet({quoted(str(f.file))})) "
        f"WHERE flow = {quoted(f.flow)} AND base = {base}"
        for f in former
    ]
    counted = "n BIGINT, k BIGINT, n_out BIGINT, k_out BIGINT"
    return " UNION ALL ".join(parts) or (
        "SELECT * FROM (SELECT UNNEST(CAST([] AS STRUCT(figure VARCHAR, counted BOOLEAN, categories VARCHAR[], cell VARCHAR, "
        f"{counted})[]), recursive := true))"
    )


def _make(
    engine: Engine, number: int, feed: Feed, asked: Reliability | None, protection: FlowProtection
) -> None:
    """Make the table of what is published of a feed's cells: values, numbers beside them, and whether they are shown."""
    value = name(feed.measures[0])
    words = said(protection)
    # Rounded counts leave open whether it is everybody; with noise the same records have the same count.
    everybody = "_sensitive AND n_out > 0 AND k_out >= n_out" if protection.cell_key is not None else "FALSE"
    decimals = _decimals(feed)
    made = (
        f"CASE WHEN _made <> 'free' AND {everybody} THEN NULL ELSE CASE _made "
        f"WHEN 'share' THEN CASE WHEN n_out > 0 THEN round(_scale * least(k_out, n_out) / n_out, {decimals}) END "
        f"WHEN 'k' THEN round(_scale * k_out, {decimals}) WHEN 'n' THEN CAST(n_out AS DOUBLE) "
        f"WHEN 'free' THEN {value} END END"
    )
    others = [
        f"CASE WHEN _made = 'free' THEN {name(m)} END AS {name(m)}"
        for m in feed.measures[1:]
        if feed.estimate is None
    ]
    beside = [
        f"CASE WHEN _made = 'free' THEN {name(a.id)} WHEN _made <> 'none' AND {name(a.id)} = _n THEN n_out END AS {name(a.id)}"
        for a in feed.structure.attributes
        if _is_companion(a)
    ]
    same = [
        f"{made} AS {name(m)}" for m in (feed.measures if feed.estimate is not None else feed.measures[:1])
    ]
    if COMMENT in feed.structure.by_id:
        beside.append(f"coalesce({COMMENT}, {quoted(words)}) AS {COMMENT}")
    # How sure a figure is, is judged by what is shown: a flag would tell the true count.
    verdict = verdict_sql(asked, value=value, scale="1", has_design=False)
    judged = (
        "SELECT * REPLACE (n_out AS _n, CAST(NULL AS DOUBLE) AS _neff) FROM published WHERE _made <> 'free'"
    )
    there = "TRUE" if feed.estimate is None else "_made = 'free' OR n_out > 0 OR (_made = 'k' AND k_out > 0)"
    engine.run(
        f"CREATE TEMP TABLE made_{number} AS WITH "
        f"published AS (SELECT * REPLACE ({', '.join([*same, *others, *beside])}) FROM counted_{number}), "
        f"verdicts AS (SELECT _key AS key, {verdict} AS verdict FROM ({judged})) "
        f"SELECT p.*, {value} IS NOT NULL OR _made IN ('free', 'empty') AS _made_known, {there} AS _there, "
        "coalesce(v.verdict, 'publish') AS _verdict "
        "FROM published AS p LEFT JOIN verdicts AS v ON v.key = p._key"
    )


def _decimals(feed: Feed) -> int:
    return COMPILED_DECIMALS if feed.estimate is None else feed.estimate.decimals


def _account(feeds: Sequence[Feed], protection: FlowProtection) -> str:
    """Return the SELECT of the restricted account: the true counts of each cell, and what was made of them."""
    base = protection.rounding.base if protection.rounding is not None else "NULL"
    parts = [
        f"SELECT {quoted(feed.flow)} AS flow, _dataset AS dataset, _key AS key, _figure AS figure, _counted AS counted, "
        "_cell AS cell, _at AS categories, _base_key AS n_key, _k_key AS k_key, _about AS n, _k AS k, _minimum AS minimum, "
        f"_made AS made, _scale AS scale, CAST({_decimals(feed)} AS INTEGER) AS decimals, n_out, k_out, "
        f"CAST({base} AS BIGINT) AS base FROM made_{number}"
        for number, feed in enumerate(feeds)
    ]
    return " UNION ALL ".join(parts) + " ORDER BY flow, key"


def _write(engine: Engine, work: Path, feeds: Sequence[tuple[int, Feed]]) -> tuple[int, ...]:
    structure, flow = feeds[0][1].structure, feeds[0][1].flow
    shown, flagged = "(_made_known AND _verdict <> 'withhold')", "(_made_known AND _verdict = 'flag')"
    columns = []
    for component in structure.components:
        column = name(component.id)
        if component.role == "measure" or _is_companion(component):
            column = f"CASE WHEN {shown} THEN {column} END AS {column}"
        elif component.id == "OBS_STATUS":
            flag = f"WHEN {flagged} AND OBS_STATUS = 'A' THEN 'U'"
            column = f"CASE WHEN NOT {shown} THEN 'Q' {flag} ELSE OBS_STATUS END AS OBS_STATUS"
        elif component.id == "CONF_STATUS":
            column = f"CASE WHEN {shown} THEN CONF_STATUS ELSE 'C' END AS CONF_STATUS"
        columns.append(column)
    listed = " UNION ALL BY NAME ".join(f"(SELECT * FROM made_{number} WHERE _there)" for number, _ in feeds)
    ordering = ", ".join(name(d) for d in structure.key)
    engine.write_parquet(
        f"SELECT {', '.join(columns)}, _dataset, _deliveries FROM ({listed}) ORDER BY {ordering}",
        work / f"{file_stem(flow)}.parquet",
    )
    few = "(_about BETWEEN 1 AND _minimum - 1 OR _k BETWEEN 1 AND _minimum - 1)"
    counted = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {shown}), count(*) FILTER (WHERE {few}), "
        "count(*) FILTER (WHERE NOT _made_known), count(*) FILTER (WHERE _made_known AND _verdict = 'withhold'), "
        f"count(*) FILTER (WHERE {flagged}) FROM ({listed})"
    )
    return tuple(map(int, counted[0]))


def _is_companion(component: Component) -> bool:
    """Return whether a component is a number about single observations besides the measure."""
    is_number = component.codelist is None and component.type in INTEGERS | DECIMALS
    return (
        component.role == "attribute"
        and is_number
        and component.attachment == "observation"
        and component.id not in NOT_COMPANIONS
    )
