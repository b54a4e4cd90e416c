"""A release of a former version under the codes of a later one, by the map that the later one declares.

Only what was published is read, and only one code that became one code is carried: what stands of the former release,
suppressed cells as suppressed, with the codes written anew. Codes that were merged or split are left out by name. So are
the keys that the later version says itself: it may withhold today what was shown then, and a message in its own codes must
not say otherwise. What belongs here: such a message. What does not: figures that are published anew; nothing of a former
version ever is (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.frame import sql_type
from citizenstats.house import House
from citizenstats.release.difference import check_same_dimensions
from citizenstats.release.kept import structures_of
from citizenstats.release.manifest import Release, released
from citizenstats.release.messages import message_of, sender_of
from citizenstats.sdmx.model import Component, DataStructure, Structures
from citizenstats.sdmx.recoding import Counterparts, Declared, counterparts
from citizenstats.sdmx.write import DataMessage


@dataclass(frozen=True)
class Recoded:
    """A former release under later codes.

    Attributes:
        message: what can be written in any format; its source reads files of `folders`.
        folders: where they lie.
        left_out: component and code, ``REF_AREA DK`` → why no figure of it is carried; those that the release has.
        without_counterpart: observations that are left out with them.
        said_by_later: observations that are left out because the later version says them itself.
    """

    message: DataMessage
    folders: tuple[Path, ...]
    left_out: Mapping[str, str]
    without_counterpart: int
    said_by_later: int


def recoded_release(
    house: House, flow: str, release: str | None, version: str, along: str | None = None
) -> Recoded:
    """Return a release of a former version of a dataflow under the codes of a later one.

    Args:
        house: where.
        flow: ``AGENCY:ID(VERSION)`` of the former version.
        release: such as ``R0002``; its newest unless said.
        version: the later version; its newest release that stands says what became of the codes.
        along: the dimension at the observation, or ``AllDimensions``; None for the format's own way.

    Raises:
        ReleaseError: ``NO_SUCH_RELEASE``; ``NO_MAP`` when the later one declares nothing of the former one; ``TWO_VERSIONS``
            when they have other dimensions; ``CANNOT_RECODE`` when the former one lacks what the later one demands;
            ``NOTHING_LEFT`` when no observation is left.
    """
    former = released(house, flow, release)
    later = released(house, f"{flow.partition('(')[0]}({version})")
    declared = later.facts.get("recoded", {}).get(former.dataflow.version)
    if declared is None:
        raise ReleaseError(
            "NO_MAP",
            f"{later.id} of {version} declares nothing of {former.dataflow.version}",
            flow,
            "name the former version, AGENCY:FLOW(1.0.0), and a later one whose file has `recoded` of it",
        )
    check_same_dimensions(former, later)
    then, now = structures_of(former), structures_of(later)
    facts = {
        **later.facts,
        "message_id": f"{former.facts['message_id']}-RECODED-{version.replace('.', '_')}",
        "prepared": former.facts["prepared"],
    }
    full = message_of(now, sender_of(house), later.observations, facts, along)
    carried = _Carried(former, then, now, full.structure, declared)
    folders = (former.folder, later.folder)
    with session(folders, scratch=house.store.scratch) as engine:
        found = carried.counted(engine, later, full.structure.key)
    if not found.left:
        told = f"{version} says every observation of {former.id} itself, or has no code for it"
        raise ReleaseError("NOTHING_LEFT", told, flow, "`citizenstats diff` compares the two")
    key = ", ".join(map(name, full.structure.key))
    source = f"SELECT * FROM ({carried.sql()}) ANTI JOIN {_parquet(later)} USING ({key}) ORDER BY {key}"
    return Recoded(
        replace(full, source=source),
        folders,
        dict(carried.left_out(found.occurring)),
        found.every - found.kept,
        found.kept - found.left,
    )


@dataclass(frozen=True)
class _Counted:
    """What one look at a former release finds.

    Attributes:
        every: its observations.
        kept: those whose codes all have a counterpart.
        left: those of them that the later version does not say itself.
        occurring: component → its codes, of components of which some code has no counterpart.
    """

    every: int
    kept: int
    left: int
    occurring: Mapping[str, frozenset[str]]


class _Carried:
    """The observations whose codes all have one counterpart."""

    def __init__(
        self,
        former: Release,
        then: Structures,
        now: Structures,
        after: DataStructure,
        declared: Mapping[str, Declared],
    ) -> None:
        self._former = former
        before = then.structure_of(former.dataflow)
        there = set(pq.read_schema(former.observations).names) & set(before.by_id)
        lacking = [
            c.id for c in after.components if c.mandatory and c.role == "attribute" and c.id not in there
        ]
        if lacking:
            raise ReleaseError(
                "CANNOT_RECODE",
                f"{former.id} of {former.dataflow.version} has no {', '.join(lacking)}, which the later version demands",
                str(former.dataflow),
                "export it as it was published",
            )
        self._components = [c for c in after.components if c.id in there]
        self._codes: dict[str, Counterparts] = {}
        for component in self._components:
            if component.codelist is None:
                continue
            there_now = now.scheme(component.codelist).by_id
            listed = before.by_id[component.id].codelist
            # Of one that was not coded then, what it holds is known by the codes of now.
            there_then = then.scheme(listed).by_id if listed is not None else there_now
            self._codes[component.id] = counterparts(declared.get(component.id, {}), there_then, there_now)

    def sql(self) -> str:
        """Return the SELECT of the observations, with the codes of now."""
        columns = ", ".join(self._recoded(c) for c in self._components)
        return f"SELECT {columns} FROM {_parquet(self._former)} WHERE {self._is_carried()}"

    def counted(self, engine: Engine, later: Release, key: Sequence[str]) -> _Counted:
        """Return how many observations there are, are carried, and are left beside a later release, in one look."""
        asked = [c for c in self._components if c.id in self._codes and self._codes[c.id].left_out]
        recoded = [self._recoded(c) for c in self._components if c.id in key]
        codes = [f"{name(c.id)} AS _then_{n}" for n, c in enumerate(asked)]
        keys = ", ".join(map(name, key))
        counts = [
            "count(*)",
            "count(*) FILTER (_carried)",
            "count(*) FILTER (_carried AND _said IS NULL)",
            *(f"list(DISTINCT _then_{n})" for n in range(len(asked))),
        ]
        every, kept, left, *held = engine.rows(
            f"SELECT {', '.join(counts)} "
            f"FROM (SELECT {', '.join([*recoded, *codes, f'{self._is_carried()} AS _carried'])} "
            f"FROM {_parquet(self._former)}) "
            f"LEFT JOIN (SELECT {keys}, TRUE AS _said FROM {_parquet(later)}) USING ({keys})"
        )[0]
        occurring = {c.id: frozenset(_flat(codes)) for c, codes in zip(asked, held, strict=True)}
        return _Counted(every, kept, left, occurring)

    def _recoded(self, component: Component) -> str:
        return f"CAST({self._column(component)} AS {sql_type(component)}) AS {name(component.id)}"

    def _is_carried(self) -> str:
        return " AND ".join(self._is_kept(c) for c in self._components if c.id in self._codes) or "true"

    def _column(self, component: Component) -> str:
        column, found = name(component.id), self._codes.get(component.id)
        changed = {then: now for then, now in found.kept.items() if then != now} if found else {}
        if not changed:
            return column
        told = " ".join(f"WHEN {quoted(then)} THEN {quoted(now)}" for then, now in sorted(changed.items()))
        if component.array:
            return f"list_transform({column}, lambda code: CASE code {told} ELSE code END)"
        return f"CASE {column} {told} ELSE {column} END"

    def _is_kept(self, component: Component) -> str:
        column = name(component.id)
        listed = f"[{', '.join(quoted(code) for code in sorted(self._codes[component.id].kept))}]::VARCHAR[]"
        if component.array:
            return f"({column} IS NULL OR list_has_all({listed}, {column}))"
        return f"({column} IS NULL OR list_contains({listed}, {column}))"

    def left_out(self, occurring: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
        """Yield the codes that occur and have no counterpart, and why."""
        for identifier, codes in occurring.items():
            for code, why in self._codes[identifier].left_out.items():
                if code in codes:
                    yield f"{identifier} {code}", why


def _flat(codes: Iterable[str | list[str] | None] | None) -> Iterator[str]:
    """Yield codes, those of an attribute with several values one by one."""
    for code in codes or ():
        if code is not None:
            yield from [code] if isinstance(code, str) else code


def _parquet(release: Release) -> str:
    return f"read_parquet({quoted(str(release.observations))})"
