"""Disclosure control of a family: unsafe cells, what is hidden with them, what is left is out of reach.

A cell is unsafe by itself (`unsafe.py`), or because a former release showed nearly the same (`former.py`). Others are hidden
with it so that nothing that adds up gives it away (`decide.py`), in all dataflows of the family. What is withheld has no
value, status Q, and nothing beside it that would rebuild it; the public copy never tells which cell was unsafe and which went
with it. What is too unreliable to show looks the same, and protection takes it for shown: it hides nothing behind it. A
family may choose to have its counts changed instead (`method.py`, `altered.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats.contracts.model import DataflowFile, Hiding
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import CitizenstatsError, ReleaseError
from citizenstats.estimate.design import design_of
from citizenstats.estimate.reliability import verdict_sql
from citizenstats.harmonize.observe import file_stem
from citizenstats.house import House
from citizenstats.protect import differences, errors, office
from citizenstats.protect.altered import altered
from citizenstats.protect.answers import hide_answers
from citizenstats.protect.asked import put_asked
from citizenstats.protect.combined import hide_following, put_combined
from citizenstats.protect.decide import Decided, Patterns
from citizenstats.protect.declared import cost_sql, stays_sql
from citizenstats.protect.few import hide_where_few_moved
from citizenstats.protect.figures import Feed, numerator, parents_of
from citizenstats.protect.former import (
    AMOUNTS,
    JUDGED,
    Former,
    former_releases,
    published_now,
    remember,
    with_former,
)
from citizenstats.protect.grid import completed
from citizenstats.protect.implied import hide_alike, put_differences
from citizenstats.protect.jointly import hide_jointly
from citizenstats.protect.method import method_of
from citizenstats.protect.public import nothing, public_columns
from citizenstats.protect.secret import secret_of
from citizenstats.protect.steady import ACCOUNT, FACTS, require_steady
from citizenstats.protect.unsafe import (
    beyond_counts_sql,
    dominated,
    one_sided,
    other_side,
    unsafe_sql,
    wanted,
)
from citizenstats.protect.within import gathered
from citizenstats.sdmx.model import Structures
from citizenstats.store import as_json, digest, read_json

WITHHELD_COMMENT = "Confidential; the value is withheld."
"""COMMENT_OBS of a withheld cell where the structure has no CONF_STATUS, as that of the SDG indicators."""

UNTOLD_COMMENT = "Confidential or too unreliable; the value is withheld."
"""The same in a dataflow with rules of reliability: which of both it is, is not told."""

_ACCOUNT = 14
"""Number of the rules and of the form of the account; others are another state."""


@dataclass(frozen=True)
class Counts:
    """Cells of a dataflow: all, shown, unsafe by themselves, and withheld together with those.

    Of those that protection lets pass, `unreliable` are withheld and `flagged` shown with status U. `given_up` were declared to
    stay, and are withheld all the same.
    """

    cells: int
    shown: int
    primary: int
    withheld: int
    unreliable: int = 0
    flagged: int = 0
    given_up: int = 0


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
        ReleaseError: ``NOT_ASSEMBLED`` when a dataflow of the family has no assembled state; ``ANOTHER_METHOD`` when releases
            that were protected in another way showed the same figures.
    """
    flows = house.mappings.families[family]
    method = method_of(house.mappings, family)
    states = {flow: _assembled(house, flow) for flow in flows}
    require_steady(house, family, method, states)
    is_hiding = method.hides
    structures = house.mappings.structures
    made_of = {flow: repr(structures.structure_of(house.mappings.reference(flow))) for flow in flows}
    former = former_releases(house, family, JUDGED if is_hiding else ACCOUNT)
    behind = [[f.flow, f.release, f.file.parent.name, repr(f.recoding)] for f in former]
    # A release that was taken back stays known, and what stood as published stands no more.
    stands = [flow for flow in flows if published_now(house, flow) is not None]
    asked = {flow: repr(house.mappings.dataflow(flow).reliability) for flow in flows}
    protections = {flow: house.mappings.dataflow(flow).protection.suppression for flow in flows}
    declared = {flow: said for flow, said in protections.items() if said is not None}
    state = digest(
        {f: s["state"] for f, s in states.items()},
        made_of,
        behind,
        stands,
        asked,
        _ACCOUNT,
        citizenstats.__version__,
        *([] if is_hiding else [method.way.model_dump(), digest(secret_of(house.store))]),
        *([] if not declared else [{flow: said.model_dump() for flow, said in declared.items()}]),
    )
    place = house.store.protected(family)
    folder = place / state
    if not folder.exists():
        try:
            with house.store.commit_folder(folder) as work:
                exact = {}
                if is_hiding:
                    counts, decided = _make(house, states, work, former, method.hiding)
                    if method.hiding == "exact":
                        exact["exact"] = {"figures": decided.figures, "cheapest": decided.cheapest}
                else:
                    counted = altered(house, states, work, method, former)
                    counts = {flow: Counts(*of) for flow, of in counted.items()}
                facts = {
                    "family": family,
                    "method": method.way.model_dump(exclude={"suppression"}),
                    "assembled": {flow: found["state"] for flow, found in states.items()},
                    "flows": {flow: asdict(counted) for flow, counted in counts.items()},
                    **exact,
                }
                (work / FACTS).write_bytes(as_json(facts))
        except CitizenstatsError as error:
            if error.code != "ALREADY_THERE":
                raise
    house.store.commit_state(place, state, {})
    kept = read_json(folder / FACTS) or {}
    return Protected(family, state, folder, {flow: Counts(**said) for flow, said in kept["flows"].items()})


def _assembled(house: House, flow: str) -> Mapping[str, Any]:
    state = house.store.state(house.store.assembled(flow))
    if state is None:
        raise ReleaseError(
            "NOT_ASSEMBLED", "this dataflow is not assembled yet", flow, f"let assembled/{flow} run first"
        )
    return state


def _make(
    house: House,
    states: Mapping[str, Mapping[str, Any]],
    work: Path,
    former: Sequence[Former],
    hiding: Hiding,
) -> tuple[dict[str, Counts], Decided]:
    published = {flow: file for flow in states if (file := published_now(house, flow)) is not None}
    folders = [work, *(state["folder"] for state in states.values()), *(f.file.parent for f in former)]
    folders += [file.parent for file in published.values()]
    with session(folders, scratch=house.store.scratch) as engine:
        feeds = gathered(house, states)
        remember(engine, former)
        for number, feed in enumerate(feeds):
            observations = states[feed.flow]["folder"] / "observations.parquet"
            said = house.mappings.dataflow(feed.flow)
            _judge(engine, number, feed, observations, said, is_published=feed.flow in published)
        decided = _hide(engine, feeds, house.mappings.structures, hiding)
        engine.write_parquet(_judged(feeds), work / JUDGED)
        engine.write_parquet(_amounts(feeds), work / AMOUNTS)
        counts = {
            flow: _write(
                engine,
                work,
                [(n, f) for n, f in enumerate(feeds) if f.flow == flow],
                published.get(flow),
                WITHHELD_COMMENT if house.mappings.dataflow(flow).reliability is None else UNTOLD_COMMENT,
            )
            for flow in states
        }
        return counts, decided


def _judge(
    engine: Engine,
    number: int,
    feed: Feed,
    observations: Path,
    file: DataflowFile,
    *,
    is_published: bool,
) -> None:
    """Make the table of a feed's cells: the frame, what is decided together, whether the cell is unsafe, and how sure it is."""
    key = ", ".join(f"{name(d)}: {name(d)}" for d in feed.structure.key)
    value, rules = name(feed.measures[0]), feed.dataset.contract.protection
    unsafe = unsafe_sql(feed.measures, sensitive=feed.sensitive(), dominated=dominated(value, rules))
    beyond_counts = beyond_counts_sql(sensitive=feed.sensitive(), dominated=dominated(value, rules))
    former = with_former("beside", feed.flow, guards=feed.guards_revisions, is_published=is_published)
    has_design = feed.estimate is not None and design_of(feed.dataset.contract, feed.estimate) is not None
    reliability = verdict_sql(file.reliability, value=value, scale=feed.scale(), has_design=has_design)
    said = file.protection.suppression
    engine.run(
        f"CREATE TEMP TABLE cells_{number} AS WITH told AS (SELECT * REPLACE ({numerator(feed)} AS _k, "
        f"{feed.minimum()} AS _minimum), "
        f"{feed.series()} AS _series, {feed.population()} AS _population, {feed.figure()} AS _figure, {feed.at()} AS _at, "
        f"{feed.variables.mask()} AS _mask, {feed.restricted()} AS _restricted, {feed.peers()} AS _peers, "
        f"{feed.sensitive()} AS _sensitive, {feed.scope()} AS _scope, "
        f"CAST({{{key}}} AS JSON)::VARCHAR AS _key, {feed.measured()} AS _measured, {feed.origin()} AS _origin "
        f"FROM read_parquet({quoted(str(observations))}) WHERE _dataset = {quoted(feed.dataset.name)}), "
        f"beside AS (SELECT told.*, {feed.cell()} AS _cell, {other_side()} AS _m, {unsafe} AS _unsafe, "
        f"{one_sided()} AS _one_sided, {beyond_counts} AS _beyond_counts, "
        f"{reliability} AS _reliability, {office.rule_broken(dominated(value, rules), rules)} AS _rule_broken, "
        f"CASE WHEN _kind = 'total' THEN {value} END AS _v, {wanted(value, rules)} AS _wanted, "
        f"{cost_sql(said)} AS _cost, {stays_sql(said)} AS _declared FROM told) {former}"
    )
    differences.judge_by_groups(engine, f"cells_{number}", feed)


def _hide(engine: Engine, feeds: Sequence[Feed], structures: Structures, hiding: Hiding) -> Decided:
    """Make the table `hidden` of the cells that are not shown: figure, categories, why; return what was decided last."""
    columns = (
        "_figure, _population, _at, _measured, _origin, _n, _k, _m, _kind, _minimum, _close, _kept, _told, "
        "_n_change, _k_change, _m_change, _v, _wanted, _cost, _declared, _peers, _base, _sensitive, "
        "_scope, _close AND NOT _revised AS _lost"
    )
    # How many lie on a side of a quantile adds up with nothing: such a cell is hidden, and no other one for its sake.
    apart = "_unsafe AND NOT _one_sided AS _unsafe, _stays OR _one_sided AS _stays"
    every = " UNION ALL ".join(
        f"SELECT _restricted, {columns}, {apart} FROM cells_{number} "
        f"WHERE _kind IS DISTINCT FROM '{differences.KIND}'"
        for number in range(len(feeds))
    )
    engine.run(f"CREATE TEMP TABLE every AS {every}")
    engine.run(
        "CREATE TEMP TABLE quantities AS WITH gathered AS ("
        "SELECT _figure AS figure, min(_population) AS population, _at AS categories, "
        "min(_measured) AS measured, min(_origin) AS origin, "
        "max(_n) FILTER (_kind <> 'count') AS n, max(_k) AS k, max(_m) AS m, max(_minimum) AS minimum, "
        "max(_v) AS v, max(_wanted) AS wanted, coalesce(max(_cost), 1) AS cost, bool_or(_declared) AS declared, "
        "max(_n_change) FILTER (_kind <> 'count') AS n_change, max(_k_change) AS k_change, max(_m_change) AS m_change, "
        "bool_or(_unsafe OR _close) AS unsafe, bool_or(_stays) AS hidden, bool_or(_kept) AS kept, bool_or(_told) AS told, "
        "bool_or(_restricted) AS restricted, min(_peers) AS peers, max(_base) AS asked_base, bool_or(_sensitive) AS sensitive, "
        "min(_scope) AS scope, bool_or(_lost) AS lost FROM every GROUP BY _figure, _at), "
        # Whoever a condition leaves out is had from the sample sizes of two figures, and how those changed from four.
        "beside AS (SELECT *, max(n) OVER place - n AS others, first(n_change) OVER (place ORDER BY n DESC NULLS LAST, figure) "
        "AS whole_change FROM gathered WINDOW place AS (PARTITION BY population, categories)) "
        "SELECT * EXCLUDE (whole_change, asked_base) REPLACE (unsafe OR (restricted AND others > 0 AND others < minimum "
        "AND minimum IS NOT NULL) OR coalesce(restricted AND abs(n_change) >= minimum AND abs(whole_change) >= minimum "
        "AND abs(whole_change - n_change) BETWEEN 1 AND minimum - 1, FALSE) AS unsafe), "
        "CASE WHEN restricted THEN others END AS o, CASE WHEN restricted THEN whole_change - n_change END AS o_change, "
        # Of a count those who gave no answer have it not; where a share leaves them out, the two have no units in common.
        "CASE WHEN bool_and(n IS NULL OR asked_base IS NULL OR n = asked_base) OVER (PARTITION BY figure) "
        "THEN coalesce(n, asked_base) ELSE n END AS base FROM beside"
    )
    hide_where_few_moved(engine)
    put_asked(engine)
    put_differences(engine, feeds)
    answers = put_combined(engine, feeds)
    variables = {**parents_of(feeds, structures), **answers}
    patterns = Patterns(engine, variables, hiding)
    while True:
        decided = patterns.decide()
        engine.register("found", decided.hidden)
        engine.run("CREATE OR REPLACE TEMP TABLE hidden AS SELECT * FROM found")
        again = _same_elsewhere(engine) | hide_alike(engine) | hide_following(engine) | hide_answers(engine)
        if not again and not hide_jointly(engine, variables):
            break
    errors.above_hidden(engine, feeds, variables)
    for number, feed in enumerate(feeds):
        differences.hide_with_groups(engine, f"cells_{number}", _verdict(number, feed), feed)
    return decided


def _same_elsewhere(engine: Engine) -> bool:
    """Mark what is hidden in one dataflow and shown, under other codes, in another; return whether there was any."""
    is_hidden = "q.figure = h.figure AND q.categories = h.categories"
    shown = f"SELECT q.* FROM quantities AS q ANTI JOIN hidden AS h ON {is_hidden}"
    hidden = f"SELECT q.* FROM quantities AS q SEMI JOIN hidden AS h ON {is_hidden}"
    found = (
        f"SELECT DISTINCT s.figure, s.categories FROM ({shown}) AS s JOIN ({hidden}) AS t USING (measured, origin) "
        "WHERE s.figure <> t.figure AND s.minimum IS NOT NULL AND NOT s.unsafe"
    )
    return bool(
        engine.value(
            f"UPDATE quantities SET unsafe = TRUE FROM ({found}) AS f "
            "WHERE quantities.figure = f.figure AND quantities.categories = f.categories"
        )
    )


def _verdict(number: int, feed: Feed) -> str:
    """Return the SELECT of a feed's cells with `_shown`, `_retained`, `_why` and `_bare`, shown without its error.

    A figure that changed by too few to be shown, and that was shown before, stays as it was published: everybody has it.
    """
    return (
        # Whatever the pattern says, what is unsafe by itself is not shown.
        "SELECT c.*, h.figure IS NULL AND NOT coalesce(c._unsafe, FALSE) AS _shown, "
        f"h.figure IS NOT NULL AND c._revised AS _retained, h.why AS _why, {errors.bare_sql(feed)} AS _bare "
        f"FROM cells_{number} AS c LEFT JOIN hidden AS h ON h.figure = c._figure AND h.categories = c._at"
    )


def _reliable(number: int, feed: Feed) -> str:
    """Return the SELECT of a feed's cells of which the unreliable ones are not shown, or flagged."""
    flagged = "_shown AND _reliability = 'flag'"
    status = ""
    if "OBS_STATUS" in feed.structure.by_id:
        flagged += " AND OBS_STATUS = 'A'"
        status = f", CASE WHEN {flagged} THEN 'U' ELSE OBS_STATUS END AS OBS_STATUS"
    return (
        f"SELECT * REPLACE (_shown AND _reliability <> 'withhold' AS _shown{status}), "
        f"_shown AND _reliability = 'withhold' AS _unreliable, {flagged} AS _flagged FROM ({_verdict(number, feed)})"
    )


def _cells(engine: Engine, number: int, feed: Feed, before: str) -> str:
    """Return the SELECT of a feed's cells with `_shown`; a breakdown of estimates with a withheld cell has its whole grid.

    Where nothing else of a breakdown is withheld, a cell that was not there in `before`, the observations as they are
    published, is not there: few came where nobody was, and its key alone would tell where.
    """
    verdict, cells = _reliable(number, feed), f"cells_{number}"
    if feed.estimate is None:
        return verdict
    key = " AND ".join(f"v.{name(d)} = b.{name(d)}" for d in feed.structure.key)
    told = f"told_{number}"
    engine.run(
        f"CREATE TEMP TABLE {told} AS SELECT v.*, {str(feed.guards_revisions).upper()} AND NOT (v._shown OR v._retained) "
        "AND b._there IS NULL AND coalesce(bool_or(b._there) OVER (PARTITION BY v._series, v._mask), FALSE) AS _came "
        f"FROM ({verdict}) AS v LEFT JOIN (SELECT *, TRUE AS _there FROM {before}) AS b ON {key}"
    )
    verdict = f"SELECT * FROM {told}"

    def beside(mask: int) -> list[str]:
        return list(differences.series_beside(feed, cells, verdict, mask))

    listed = completed(cells, verdict, feed.structure, feed.variables, beside)
    withheld = "coalesce(NOT (_shown OR _retained OR _came), NOT _shown)"
    known = [f"NOT coalesce(_came, FALSE) OR bool_or({withheld}) OVER (PARTITION BY _series, _mask)"]
    if feed.guards_revisions:
        # Nor is a code of which nothing is shown, and that no key had: it says that somebody who came has it.
        known += [
            f"NOT EXISTS (FROM {before}) OR {name(d)} IN (SELECT {name(d)} FROM {before}) "
            f"OR bool_or(_shown) OVER (PARTITION BY {name(d)})"
            for d in feed.variables.totals
        ]
    return f"SELECT * FROM ({listed}) QUALIFY {' AND '.join(f'({of})' for of in known)}"


def _judged(feeds: Sequence[Feed]) -> str:
    """Return the SELECT of the restricted account of each cell, from which later releases know what was shown."""
    published = ", ".join(
        f"CASE WHEN _retained THEN _was.{c} ELSE _{c} END AS published_{c}" for c in ("n", "k", "m")
    )
    parts = [
        f"SELECT {quoted(feed.flow)} AS flow, _dataset AS dataset, _key AS key, _kind AS kind, "
        "_figure AS figure, _cell AS cell, _n AS n, _k AS k, _m AS m, "
        "_base AS base, _minimum AS minimum, _shown AS shown, _retained AS retained, _declared AS declared, "
        f"{published}, "
        "CASE WHEN _unsafe OR _close THEN 'unsafe' ELSE _why END AS why "
        f"FROM ({_verdict(number, feed)})"
        for number, feed in enumerate(feeds)
    ]
    return " UNION ALL ".join(parts) + " ORDER BY flow, key"


def _amounts(feeds: Sequence[Feed]) -> str:
    """Return the SELECT of figures to which units contribute amounts, with the largest contributions, for the audit.

    They may be one unit's own: a file apart from the account, which goes when a delivery is erased.
    """
    parts = [
        f"SELECT {quoted(feed.flow)} AS flow, _key AS key, {name(feed.measures[0])} AS value, _x1 AS largest, _x2 AS second "
        f"FROM cells_{number} WHERE _x1 IS NOT NULL"
        for number, feed in enumerate(feeds)
    ]
    return " UNION ALL ".join(parts) + " ORDER BY flow, key"


def _write(
    engine: Engine,
    work: Path,
    feeds: list[tuple[int, Feed]],
    published: Path | None,
    comment: str,
) -> Counts:
    structure = feeds[0][1].structure
    of_rows = {
        c for _, feed in feeds if feed.estimate is None for c, m in feed.target.map.items() if m.value is None
    }
    columns = ", ".join(public_columns(structure, comment, of_rows))
    before = f"read_parquet({quoted(str(published))})" if published else nothing(structure)
    listed = " UNION ALL BY NAME ".join(f"({_cells(engine, number, feed, before)})" for number, feed in feeds)
    key = " AND ".join(f"c.{name(d)} = b.{name(d)}" for d in structure.key)
    listed = (
        "SELECT c.* REPLACE (coalesce(c._retained AND b._there, FALSE) AS _retained), b AS _before "
        f"FROM ({listed}) AS c LEFT JOIN (SELECT *, TRUE AS _there FROM {before}) AS b ON {key}"
    )
    ordering = ", ".join(name(d) for d in structure.key)
    target = work / f"{file_stem(feeds[0][1].flow)}.parquet"
    engine.write_parquet(
        f"SELECT {columns}, _dataset, _deliveries FROM ({listed}) ORDER BY {ordering}", target
    )
    office.write_copy(engine, listed, structure, work / f"{office.PREFIX}{target.name}")
    counted = engine.rows(
        "SELECT count(*), count(*) FILTER (WHERE _shown OR _retained), "
        "count(*) FILTER (WHERE NOT _retained AND (_unsafe OR _close)), "
        "count(*) FILTER (WHERE NOT (_shown OR _retained) AND NOT coalesce(_unsafe OR _close, FALSE) "
        "AND NOT coalesce(_unreliable, FALSE)), "
        "count(*) FILTER (WHERE _unreliable), count(*) FILTER (WHERE _flagged), "
        "count(*) FILTER (WHERE _declared AND NOT (_shown OR _retained OR coalesce(_unreliable, FALSE))) "
        f"FROM ({listed})"
    )
    return Counts(*map(int, counted[0]))
