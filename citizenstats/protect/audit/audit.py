"""The verdict on the messages of one dataflow, as they would go out with all else that is public of its family."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import citizenstats
from citizenstats.engine import Engine, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.house import House
from citizenstats.protect.audit.errors import telling_effects, telling_errors
from citizenstats.protect.audit.family import JUDGED, Family, gather
from citizenstats.protect.audit.figure import Figure, Found, figures
from citizenstats.protect.audit.report import NAME, Audit
from citizenstats.protect.audit.shown import read_shown
from citizenstats.protect.audit.texts import telling_texts
from citizenstats.protect.audit.words import Ladder
from citizenstats.store import digest, read_json

_ATTACK = 6
"""Number of the way of attacking; what another found is not taken over."""


def audit(house: House, flow: str, state: str, messages: Path) -> Audit:
    """Attack the messages of the dataflow ``AGENCY:ID`` that were made from a protected state of its family.

    Args:
        house: where and what.
        flow: ``AGENCY:ID``.
        state: the protected state.
        messages: the folder with all files as they would be published.

    Raises:
        ReleaseError: ``NOT_PROTECTED`` when the state's account is not there; or what `read_shown` raises.
    """
    named = house.mappings.dataflow(flow).family
    family = Family(house, named, state, house.mappings.families[named])
    if not (family.folder / JUDGED).exists():
        raise ReleaseError(
            "NOT_PROTECTED",
            "the account of what was withheld is gone, so the message cannot be audited",
            flow,
            f"let protected/{named} run again",
        )
    vintages = family.vintages()
    with session([messages, *family.readable(vintages)], threads=1, scratch=house.store.scratch) as engine:
        read = read_shown(engine, family.structure(flow), messages)
        ladders = gather(engine, family, flow, vintages)
        shown = _as_they_are(engine)
        unaccounted, revived = _unaccounted(engine, flow), _revived(engine, family, flow)
        telling = telling_errors(engine, house.mappings, flow, messages / "data.csv", family.folder / JUDGED)
        telling += telling_effects(engine, house.mappings, flow, messages / "data.csv")
        telling += telling_texts(engine, house.mappings, flow, messages / "data.csv")
        reasons, units_withheld = _lost(engine, flow)
        listed = list(figures(*_attackable(engine)))
    before = _former_reports(house, family)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda figure: _attacked(figure[0], ladders, before), listed))
    cells, withheld = read.files["data.csv"], read.withheld
    each = [sum(of.values(), Found()) for of in found]
    by_flow = {
        of: sum((f for (_, flows), f in zip(listed, each, strict=True) if of in flows), Found())
        for of in family.flows
    }
    return Audit(
        cells=cells,
        withheld=withheld,
        reasons=reasons,
        units_withheld=units_withheld,
        found=sum(each, Found()),
        by_flow=by_flow,
        shown=shown,
        unaccounted=unaccounted,
        telling=telling,
        revived=revived,
        files=read.files,
        differing=read.differing,
        vintages=len(vintages),
        tables={known: of for tables in found for known, of in tables.items()},
    )


def _attacked(figure: Figure, ladders: Sequence[Ladder], before: Mapping[str, Found]) -> dict[str, Found]:
    """Return what comes of attacking a figure as it is, and what of its changes, each by what identifies all that is known.

    What a former audit found of exactly the same is taken over.
    """
    adding = [repr(ladder) for ladder in figure.adding(ladders)]
    now = digest("now", repr(figure.cells), adding, citizenstats.__version__, _ATTACK)
    since = digest("since", repr(figure), adding, citizenstats.__version__, _ATTACK)
    return {
        now: before[now] if now in before else figure.attacked_now(ladders),
        since: before[since] if since in before else figure.attacked_since(ladders),
    }


def _former_reports(house: House, family: Family) -> dict[str, Found]:
    """Return what the newest audits of the family's dataflows found of each table."""
    found: dict[str, Found] = {}
    told = {field.name for field in fields(Found)}
    for flow in family.flows:
        reports = sorted(
            house.store.candidates(flow).glob(f"C*/{NAME}"), key=lambda file: int(file.parent.name[1:])
        )
        if reports:
            tables = (read_json(reports[-1]) or {}).get("tables", {})
            # Another way of attacking may have told other things.
            found |= {known: Found(**facts) for known, facts in tables.items() if facts.keys() == told}
    return found


def _as_they_are(engine: Engine) -> int:
    """Return how many small counts, small changes and dominated figures anything shows as they are, in any dataflow."""
    few = "BETWEEN 1 AND minimum - 1"
    small = " + ".join(f"count(*) FILTER (shown AND {c} {few})" for c in ("n", "k", "m"))
    changed = " OR ".join(
        f"abs(c.{c} - f.{c}) {few.replace('minimum', 'c.minimum')}" for c in ("n", "k", "m")
    )
    both = (
        "FROM cells AS c JOIN former AS f USING (figure, categories) WHERE c.shown AND f.shown AND c.guards"
    )
    return int(
        engine.value(
            f"SELECT (SELECT {small} + count(*) FILTER (shown AND needed > 1e-9 * abs(value)) FROM keys) "
            f"+ (SELECT count(*) FILTER (shown AND (o {few} OR (counted AND asked AND m {few}))) FROM cells) "
            # What no key tells is the difference of two counts.
            f"+ (SELECT count(*) FILTER (shown AND k {few}) FROM cells ANTI JOIN keys USING (figure, categories)) "
            f"+ (SELECT count(DISTINCT (figure, categories)) {both} AND ({changed})) + ({_left_out_since()})"
        )
    )


def _left_out_since() -> str:
    """Return the SELECT of how many cells tell, with a former release, that few more or fewer are left out of a figure.

    Of everybody and of those who are asked, both releases have to show the number.
    """
    now, then = (
        f"SELECT *, max(n) OVER place AS whole, max(n) FILTER (shown) OVER place AS told FROM {of} "
        f"WINDOW place AS (PARTITION BY {by}population, categories)"
        for of, by in (
            ("cells", ""),
            (
                "(SELECT f.*, c.population FROM former AS f JOIN cells AS c USING (figure, categories))",
                "vintage, ",
            ),
        )
    )
    return (
        f"SELECT count(DISTINCT (c.figure, c.categories)) FROM ({now}) AS c JOIN ({then}) AS f USING (figure, categories) "
        "WHERE c.restricted AND c.guards AND c.shown AND f.shown AND c.told = c.whole AND f.told = f.whole "
        "AND abs(c.whole - c.n - f.whole + f.n) BETWEEN 1 AND c.minimum - 1"
    )


def _unaccounted(engine: Engine, flow: str) -> int:
    """Return how many observations are shown whose counts nobody told."""
    return int(
        engine.value(
            "SELECT count(*) FROM present AS p ANTI JOIN keys AS k ON k.flow = p.flow AND k.key = p.key "
            f"WHERE p.flow = {quoted(flow)}"
        )
    )


def _revived(engine: Engine, family: Family, flow: str) -> int:
    """Return how many keys have a former value beside the message that no former release showed."""
    if not engine.value("SELECT count(*) FROM shown_before"):
        return 0
    return int(
        engine.value(
            f"SELECT count(*) FROM shown_before ANTI JOIN ({family.shown_by_releases(flow)}) AS r USING (key)"
        )
    )


def _lost(engine: Engine, flow: str) -> tuple[dict[str, int], float]:
    """Return why cells of a dataflow are withheld, with how many, and the share of units behind them."""
    few = "BETWEEN 1 AND k.minimum - 1"
    reason = (
        "CASE WHEN k.retained THEN 'stays as published' WHEN k.passed THEN 'too unreliable' "
        f"WHEN k.n {few} THEN 'few units' "
        f"WHEN k.k {few} OR k.m {few} THEN 'few on one side' WHEN c.o {few} THEN 'few left out' "
        "WHEN k.needed > 1e-9 * abs(k.value) THEN 'one unit stands out' WHEN k.why = 'unsafe' THEN 'another rule' "
        "ELSE 'with others' END"
    )
    told = (
        f"SELECT {reason} AS reason, coalesce(k.n, k.k, 0) AS units, k.shown FROM keys AS k "
        f"JOIN cells AS c USING (figure, categories) WHERE k.flow = {quoted(flow)}"
    )
    rows = engine.rows(
        f"SELECT reason, count(*) FROM ({told}) WHERE NOT shown GROUP BY reason ORDER BY reason"
    )
    share = engine.value(f"SELECT sum(units) FILTER (NOT shown) / sum(units) FROM ({told})")
    return {reason: int(n) for reason, n in rows}, float(share or 0.0)


def _attackable(engine: Engine) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the cells of all figures of which something is withheld, and what was of them in the newest former releases."""
    some = "SELECT figure FROM cells WHERE NOT shown AND minimum > 0"
    cells = engine.rows(
        "SELECT figure, categories, flows, n, k, m, o, v, minimum, guards, shown, needed, asked, everybody, counted "
        f"FROM cells WHERE figure IN ({some}) ORDER BY figure, categories"
    )
    former = engine.rows(
        f"SELECT figure, vintage, categories, n, k, m, shown FROM former WHERE newest AND figure IN ({some}) "
        "ORDER BY figure, vintage, categories"
    )
    return cells, former
