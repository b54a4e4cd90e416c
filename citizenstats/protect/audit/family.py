"""Everything that is public of a family, cell by cell: this message, the other dataflows of the state, former releases.

Each key of each dataflow is told in words (`words.py`), so that a figure that stands in two dataflows is one cell, shown
where either shows it. The counts behind come from the restricted accounts of protection; what is shown comes from the
messages. The words of a release are kept beside its candidate, so that what it said is known when the contracts, its codes or
its dataflow are other ones or gone. What belongs here: the tables of this state and of former ones. What does not: attacking
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.contracts.model import Protection
from citizenstats.engine import Engine, quoted, session
from citizenstats.house import House
from citizenstats.protect.audit.asked import add_asked
from citizenstats.protect.audit.combined import add_combined
from citizenstats.protect.audit.implied import add_differences
from citizenstats.protect.audit.shown import key_of, shown_in
from citizenstats.protect.audit.within import ladders_between
from citizenstats.protect.audit.words import Ladder, Words, words_of
from citizenstats.protect.recoding import recoded, recoding_of
from citizenstats.release.kept import readable_structures
from citizenstats.release.manifest import Release, released_flows, releases
from citizenstats.sdmx.model import DataStructure
from citizenstats.store import read_json

JUDGED = "judged.parquet"
"""The account that protection leaves of the counts behind each key; only its form is shared."""
ALTERED = "altered.parquet"
"""The account of counts that were changed in place of hidden."""
WORDS = "words.parquet"
"""What the keys of a candidate mean, beside its files: key, figure, categories."""
AMOUNTS = "amounts.parquet"
"""The values of totals, and the largest contributions to them."""


@dataclass(frozen=True)
class Vintage:
    """A former state of which releases went out: everybody has a copy of those, also of what was taken back.

    Attributes:
        folder: where the state lies; the family may have had another name.
        released: dataflow → the release that was made from it.
        newest: whether the newest release of a dataflow is among them.
    """

    folder: Path
    released: Mapping[str, Release]
    newest: bool


@dataclass(frozen=True)
class Family:
    """A family of dataflows in one protected state.

    Attributes:
        house: where and what.
        name: of the family.
        state: the protected state.
        flows: its dataflows.
    """

    house: House
    name: str
    state: str
    flows: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the state lies."""
        return self.house.store.protected(self.name) / self.state

    def structure(self, flow: str) -> DataStructure:
        """Return the data structure of a dataflow."""
        return self.house.mappings.structures.structure_of(self.house.mappings.reference(flow))

    def structure_then(self, flow: str, release: Release) -> DataStructure:
        """Return the data structure that a release was published with: it may have had other keys, and fewer numbers."""
        then = readable_structures(release)
        return then.structure_of(release.dataflow) if then is not None else self.structure(flow)

    def keys_of(self, words: Words, account: str) -> str:
        """Return a relation of the rows of an account that belong to a dataset in a dataflow, with the columns of the key."""
        return _keys(words, account, self)

    def words(self) -> list[Words]:
        """Return how the keys of all its dataflows are told."""
        return [words for flow in self.flows for words in words_of(self.house, flow)]

    def releases(self, flow: str) -> list[tuple[Path, Release]]:
        """Return the releases of a dataflow whose account is there, each with the folder of the state that it was made from."""
        made = ((self.made_from(flow, release), release) for release in releases(self.house.store, flow))
        return [
            (folder, release) for folder, release in made if folder is not None and (folder / JUDGED).exists()
        ]

    def made_from(self, flow: str, release: Release) -> Path | None:
        """Return the folder of the state that a release was made from, when the family may have had another name."""
        candidate = read_json(self._candidate(flow, release) / "candidate.json") or {}
        state = str(candidate.get("protected"))
        places = (self.folder.parent, *sorted(self.folder.parent.parent.glob("*/")))
        return next((place / state for place in places if (place / state).exists()), None)

    def words_then(self, flow: str, release: Release) -> Path | None:
        """Return what the keys of a release meant when it was made; None of one from before that was kept."""
        file = self._candidate(flow, release) / WORDS
        return file if file.exists() else None

    def _candidate(self, flow: str, release: Release) -> Path:
        return self.house.store.candidates(flow) / release.candidate

    def ever(self) -> Iterator[str]:
        """Yield the dataflows that are fed by the family's datasets, and those that once were and are no longer."""
        yield from self.flows
        datasets = {words.dataset.name for words in self.words()}
        for flow in released_flows(self.house.store):
            told = (release.facts["contracts"] for release in releases(self.house.store, flow))
            if flow not in self.flows and any(datasets & {of["dataset"] for of in each} for each in told):
                yield flow

    def vintages(self) -> list[Vintage]:
        """Return the former states of which anything was released and whose account is there."""
        found: dict[Path, dict[str, Release]] = {}
        newest = set()
        for flow in self.ever():
            ever = self.releases(flow)
            for folder, release in ever:
                found.setdefault(folder, {})[flow] = release
            newest |= {folder for folder, _ in ever[-1:]}
        found.pop(self.folder, None)
        return [Vintage(folder, released, folder in newest) for folder, released in found.items()]

    def shown_by_releases(self, flow: str) -> str:
        """Return the SELECT of the keys that any release of a dataflow showed."""
        parts = ["SELECT '' AS key WHERE FALSE"]
        for folder, release in self.releases(flow):
            judged = f"read_parquet({quoted(str(folder / JUDGED))})"
            parts.append(f"SELECT key FROM {judged} WHERE flow = {quoted(flow)} AND (shown OR retained)")
            if release.tombstone is None and release.observations.exists():
                parts.append(shown_in(self.structure_then(flow, release), release.observations))
        return " UNION ".join(parts)

    def readable(self, vintages: Iterable[Vintage]) -> list[Path]:
        """Return the folders that the engine must reach."""
        folders = [self.folder]
        for vintage in vintages:
            folders += [vintage.folder, *(r.folder for r in vintage.released.values())]
            folders += [self._candidate(flow, release) for flow, release in vintage.released.items()]
        return folders


def keep_words(house: House, flow: str, state: str, target: Path) -> None:
    """Write what the keys of ``AGENCY:ID`` mean in a protected state."""
    named = house.mappings.dataflow(flow).family
    family = Family(house, named, state, house.mappings.families[named])
    account = next((f for name in (JUDGED, ALTERED) if (f := family.folder / name).exists()), None)
    if account is None:
        return
    judged = f"read_parquet({quoted(str(account))})"
    told = " UNION ALL ".join(
        f"SELECT _key AS key, {words.figure} AS figure, {words.categories} AS categories FROM {family.keys_of(words, judged)}"
        for words in words_of(house, flow)
    )
    with session([family.folder, target.parent], scratch=house.store.scratch) as engine:
        engine.write_parquet(f"{told} ORDER BY key", target)


def gather(engine: Engine, family: Family, flow: str, vintages: Sequence[Vintage]) -> tuple[Ladder, ...]:
    """Make the tables `keys`, `cells` and `former`, and return what adds up.

    Args:
        engine: with the table `shown` of the message that is audited.
        family: with its state.
        flow: the dataflow whose message it is; of the others the state says what they show.
        vintages: former states.

    `keys`: one row a key of a dataflow (flow, key, figure, categories, the counts, shown). `cells`: one row a cell (figure,
    categories, flows, n, k, m, o, v, minimum, guards, shown, needed, and what other figures tell of its units: `asked.py`).
    `former`: one row a cell of a vintage (vintage, newest, figure, categories, n, k, m, shown). What `o` counts are the units
    that a condition leaves out of a figure. Differences of two conditions of which one says something of the other
    (`implied.py`), and sums of several (`combined.py`), are cells as well, with `k` alone.
    """
    words = family.words()
    engine.run(f"CREATE TEMP TABLE present AS {_present(family, flow)}")
    # An account from before the base of counts was told has none.
    judged = (
        "(SELECT CAST(NULL AS BIGINT) AS base WHERE FALSE UNION ALL BY NAME "
        f"SELECT * FROM read_parquet({quoted(str(family.folder / JUDGED))}))"
    )
    told = " UNION ALL ".join(
        "SELECT j._flow AS flow, j._key AS key, _kind AS kind, _n AS n, _k AS k, _m AS m, _base AS base, _minimum AS minimum, "
        "_why AS why, "
        "coalesce(_retained, FALSE) AS retained, coalesce(_shown, FALSE) AS passed, "
        f"p.key IS NOT NULL AND NOT coalesce(_retained, FALSE) AS shown, a.value, "
        f"{_needed(w.dataset.contract.protection)} AS needed, {str(w.guards).upper()} AS guards, {_told(w)} "
        f"FROM {_keys(w, judged, family)} AS j LEFT JOIN present AS p ON p.flow = j._flow AND p.key = j._key "
        f"LEFT JOIN {_amounts(family.folder / AMOUNTS)} AS a ON a.flow = j._flow AND a.key = j._key"
        for w in words
    )
    engine.run(f"CREATE TEMP TABLE keys AS {told}")
    engine.run(
        "CREATE TEMP TABLE cells AS WITH gathered AS (SELECT figure, categories, min(population) AS population, "
        "min(measured) AS measured, min(whom) AS whom, min(about) AS about, "
        "list_sort(list(DISTINCT flow)) AS flows, max(n) FILTER (kind <> 'count') AS n, max(k) AS k, max(m) AS m, "
        "max(base) AS base_asked, min(peers) AS peers, "
        "max(value) FILTER (kind = 'total') AS v, max(needed) AS needed, coalesce(max(minimum), 0) AS minimum, "
        "bool_or(guards) AS guards, "
        "bool_or(restricted) AS restricted, bool_or(shown) AS shown FROM keys GROUP BY figure, categories) "
        "SELECT * EXCLUDE (base_asked), "
        "CASE WHEN restricted THEN max(n) OVER (PARTITION BY population, categories) - n END AS o, "
        # Of a count those who gave no answer have it not; where a share leaves them out, the two have no units in common.
        "CASE WHEN bool_and(n IS NULL OR base_asked IS NULL OR n = base_asked) OVER (PARTITION BY figure) "
        "THEN coalesce(n, base_asked) ELSE n END AS base FROM gathered"
    )
    engine.run(f"INSERT INTO cells BY NAME {_empty(family, flow, words)}")
    columns = "figure, categories, max(n) AS n, max(k) AS k, max(m) AS m, bool_or(shown) AS shown"
    engine.run(
        f"CREATE TEMP TABLE former AS SELECT vintage, newest, {columns} FROM ({_former(family, words, vintages)}) "
        "GROUP BY vintage, newest, figure, categories"
    )
    add_asked(engine)
    add_differences(engine, words)
    answers = add_combined(engine, words)
    assembled = (read_json(family.folder / "protected.json") or {}).get("assembled", {})
    between = ladders_between(family.house, assembled, words)
    return (*(ladder for w in words for ladder in w.ladders), *between, *answers)


def _present(family: Family, flow: str) -> str:
    """Return the SELECT of flow and key of all that is or will be shown in this state."""
    parts = [f"SELECT {quoted(flow)} AS flow, key FROM shown"]
    for other in family.flows:
        file = family.folder / f"{other.replace(':', '.')}.parquet"
        if other != flow and file.exists():
            parts.append(f"SELECT {quoted(other)}, key FROM ({shown_in(family.structure(other), file)})")
    return " UNION ALL ".join(parts)


def _empty(family: Family, flow: str, words: Sequence[Words]) -> str:
    """Return the SELECT of the combinations that are there without a value though nobody stands in them.

    A breakdown of estimates in which anything is withheld has all of them, so that nobody can tell them from others.
    """
    parts = []
    for told in words:
        file = family.folder / f"{told.flow.replace(':', '.')}.parquet"
        if told.target.estimate is None or not (told.flow == flow or file.exists()):
            continue
        structure = family.structure(told.flow)
        listed = "SELECT key FROM said WHERE file = 'data.csv'"
        if told.flow != flow:
            listed = f"SELECT {key_of(structure)} AS key FROM read_parquet({quoted(str(file))})"
        parts.append(
            f"SELECT {told.figure} AS figure, {told.categories} AS categories FROM (SELECT UNNEST({_parsed(structure)}) "
            f"FROM ({listed}) ANTI JOIN (SELECT key FROM keys WHERE flow = {quoted(told.flow)}) USING (key))"
        )
    if not parts:
        return "SELECT * FROM cells WHERE FALSE"
    none = ", ".join(f"max(0) FILTER ({c} IS NOT NULL) AS {c}" for c in ("n", "k", "m", "o", "base"))
    of = (
        "SELECT figure, min(population) AS population, min(measured) AS measured, min(whom) AS whom, min(about) AS about, "
        "min(peers) AS peers, list_distinct(flatten(list(flows))) AS flows, "
        f"bool_or(guards) AS guards, bool_or(restricted) AS restricted, {none} FROM cells GROUP BY figure"
    )
    return (
        "SELECT DISTINCT e.figure, e.categories, f.population, f.measured, f.whom, f.about, f.peers, f.flows, "
        "f.n, f.k, f.m, f.o, f.base, f.guards, f.restricted, "
        f"0 AS minimum, FALSE AS shown FROM ({' UNION ALL '.join(parts)}) AS e JOIN ({of}) AS f USING (figure) "
        "ANTI JOIN cells AS c ON c.figure = e.figure AND c.categories = e.categories"
    )


def _parsed(structure: DataStructure) -> str:
    """Return SQL that takes a key apart."""
    typed = ", ".join(f'"{d}":"VARCHAR"' for d in structure.key)
    return f"from_json(key, {quoted('{' + typed + '}')})"


def _keys(words: Words, account: str, family: Family) -> str:
    """Return a relation of the rows of an account that belong to a dataset in a dataflow.

    It has the columns of the account, each with a line before its name, and those of the key.
    """
    return (
        f"(SELECT COLUMNS(a.*) AS '_\\0', UNNEST({_parsed(family.structure(words.flow))}) FROM {account} AS a "
        f"WHERE flow = {quoted(words.flow)} AND dataset = {quoted(words.dataset.name)})"
    )


def _told(words: Words) -> str:
    return (
        f"{words.figure} AS figure, {words.population} AS population, {words.measured} AS measured, "
        f"{quoted(words.whom)} AS whom, {words.about} AS about, {words.peers} AS peers, "
        f"{words.restricted} AS restricted, "
        f"{words.categories} AS categories"
    )


def _amounts(file: Path) -> str:
    if file.exists():
        return f"read_parquet({quoted(str(file))})"
    return "(SELECT '' AS flow, '' AS key, 0.0 AS value, 0.0 AS largest, 0.0 AS second WHERE FALSE)"


def _needed(rules: Protection) -> str:
    """Return SQL of how far from its value a total must be possible, so that no contributor is told too nearly.

    By p % the second largest, who takes his own part off, may not come within p % of the largest; by dominance the total
    would have to be so great that the largest hold no more than their share (Handbook on Statistical Disclosure Control, 4.3).
    """
    asked = ["0.0"]
    if rules.p_percent is not None:
        asked.append(
            f"{rules.p_percent / 100!r} * a.largest - (abs(a.value) - a.largest - coalesce(a.second, 0))"
        )
    if rules.dominance is not None:
        held = "a.largest" if rules.dominance.units == 1 else "a.largest + coalesce(a.second, 0)"
        asked.append(f"({held}) / {rules.dominance.share!r} - abs(a.value)")
    return f"CASE WHEN a.largest > 0 AND _minimum IS NOT NULL THEN greatest({', '.join(asked)}) END"


def _former(family: Family, words: Sequence[Words], vintages: Sequence[Vintage]) -> str:
    """Return the SELECT of the cells of former states: what stood behind them, and whether a release showed them.

    A count says nothing of units: what its account calls so are those whom it counts.
    """
    parts = [
        "SELECT 0 AS vintage, FALSE AS newest, '' AS figure, CAST([] AS VARCHAR[]) AS categories, "
        "0 AS n, 0 AS k, 0 AS m, FALSE AS shown WHERE FALSE"
    ]
    for number, vintage in enumerate(vintages):
        judged = f"read_parquet({quoted(str(vintage.folder / JUDGED))})"
        beside = f"{number}, {str(vintage.newest).upper()}"
        for flow, release in vintage.released.items():
            seen = _seen(family, flow, release)
            for told in words:
                if told.flow == flow and told.guards:
                    account, key = _account_then(family, flow, release, judged)
                    parts.append(
                        f"SELECT {beside}, {told.figure}, {told.categories}, "
                        "CASE WHEN _kind <> 'count' THEN _published_n END, _published_k, _published_m, "
                        "coalesce(_shown OR _retained, FALSE) OR s.key IS NOT NULL "
                        f"FROM {_keys(told, account, family)} AS j LEFT JOIN ({seen}) AS s ON s.key = j.{key}"
                    )
            guarded = ", ".join(sorted({quoted(told.dataset.name) for told in words if told.guards}))
            kept = family.words_then(flow, release)
            if guarded and kept is not None:
                parts.append(
                    f"SELECT {beside}, w.figure, w.categories, "
                    "CASE WHEN j.kind <> 'count' THEN j.published_n END, j.published_k, j.published_m, "
                    f"coalesce(j.shown OR j.retained, FALSE) OR s.key IS NOT NULL FROM {judged} AS j "
                    f"JOIN read_parquet({quoted(str(kept))}) AS w ON w.key = j.key LEFT JOIN ({seen}) AS s ON s.key = j.key "
                    f"WHERE j.flow = {quoted(flow)} AND j.dataset IN ({guarded})"
                )
    return " UNION ALL ".join(parts)


def _seen(family: Family, flow: str, release: Release) -> str:
    """Return the SELECT of the keys that a release shows, by its own file where it stands."""
    stands = release.tombstone is None and release.observations.exists()
    if not stands or (flow not in family.flows and readable_structures(release) is None):
        return "SELECT '' AS key"
    return shown_in(family.structure_then(flow, release), release.observations)


def _account_then(family: Family, flow: str, release: Release, judged: str) -> tuple[str, str]:
    """Return a relation of the account behind a release under the present keys, and its column of the keys then.

    Of a former version only cells count that are the same ones under other codes.
    """
    recoding = recoding_of(family.house, flow, release.dataflow.version)
    if recoding is None:
        return judged, "_key"
    told = recoded(f"SELECT * FROM {judged} WHERE flow = {quoted(flow)}", recoding)
    return f"(SELECT * FROM ({told}) WHERE is_same)", "_key_then"
