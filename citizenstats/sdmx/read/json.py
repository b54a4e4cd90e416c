"""SDMX-JSON data messages 1.0, 2.0 and 2.1, by series or flat.

Twice through the stream: first for the header, the structures and what a data set says of itself, which may stand
behind the observations; then for the observations, one series or one observation in memory at a time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any, cast

from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT, DataStructure, Reference, Structures
from citizenstats.sdmx.read.json_stream import Stream
from citizenstats.sdmx.read.message import ACTIONS, Head, Named, Used, named_by_url, named_by_urn, used
from citizenstats.sdmx.read.rows import Rows
from citizenstats.sdmx.read.several import Part, one_text

Open = Callable[[], AbstractContextManager[IO[bytes]]]
Make = Callable[[Used], Rows]
_OBSERVED = ("series", "observations")
_LAST = 1_000
"""The place in a key of a dimension that tells none: old servers leave it out at time, which comes last."""
_LEVELS = ("dataSet", "series", "observation", "dimensionGroup")


@dataclass
class _Said:
    """What a message says beside its observations."""

    meta: dict[str, Any] = field(default_factory=dict)
    structures: list[Any] = field(default_factory=list)
    data_sets: list[dict[str, Any]] = field(default_factory=list)
    schema: Any = None
    old: bool = False


def read(
    open_: Open, structures: Structures, expected: Reference | None, make: Make
) -> tuple[Head, Used, Rows]:
    """Read a message.

    Args:
        open_: opens its bytes, each time from the start.
        structures: where the structure that it names is looked up.
        expected: the dataflow that is taken when the message names none that is known.
        make: gives the collector of rows once the structure is known.

    Raises:
        MessageError: it is no such message, is damaged, or its structure is not known.
    """
    said = _Said()
    with open_() as stream:
        _walk(_text(stream), said, None)
    if not said.structures or not all(isinstance(s, dict) for s in (*said.structures, *said.data_sets)):
        raise MessageError(
            "NOT_SDMX", "this is no data message of SDMX-JSON", mend="send one of 1.0, 2.0 or 2.1"
        )
    head = _head(said)
    try:
        laid = [_laid(said, one) for one in said.data_sets] or [_laid(said, {})]
        found = [used(structures, _named(said, one.structure, one.data_set), expected) for one in laid]
        if len({f.structure.reference for f in found}) > 1:
            raise MessageError(
                "SEVERAL_STRUCTURES", "the data sets of the message have several structures",
                mend="send one message for each",
            )  # fmt: skip
        rows = make(found[0])
        head.along = laid[0].along
        filled = _Filler(rows, found[0].structure, head, laid)
        with open_() as stream:
            _walk(_text(stream), None, filled.fill)
        filled.finish()
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise MessageError(
            "NOT_SDMX", "an index, key or list is not as SDMX-JSON has it", mend="validate the message"
        ) from None
    return head, found[0], rows


def _text(stream: IO[bytes]) -> Stream:
    return Stream(io.TextIOWrapper(cast("io.BufferedReader", stream), encoding="utf-8", newline=""))


# --- the walk ---------------------------------------------------------------------------------------------

Fill = Callable[[int, str, Stream], None]


def _walk(at: Stream, said: _Said | None, fill: Fill | None) -> None:
    """Go through a message: note what it says, or fill rows from its observations."""
    for name in at.members():
        if name == "data" and at.peek() == "{":
            for inner in at.members():
                _member(inner, at, said, fill)
        else:
            _member(name, at, said, fill)
    if at.peek():
        raise at.broken()


def _member(name: str, at: Stream, said: _Said | None, fill: Fill | None) -> None:
    if name == "dataSets" and at.peek() == "[":
        for n, _ in enumerate(at.items()):
            _data_set(n, at, said, fill)
    elif said is None:
        at.skip()
    elif name == "$schema":
        said.schema = at.value()
    elif name in ("meta", "header"):
        value = at.value()
        said.meta = value if isinstance(value, dict) else {}
    elif name == "structures":
        value = at.value()
        said.structures = value if isinstance(value, list) else []
    elif name == "structure":
        said.structures, said.old = [at.value()], True
    else:
        at.skip()


def _data_set(n: int, at: Stream, said: _Said | None, fill: Fill | None) -> None:
    if said is not None:
        said.data_sets.append({})
    for name in at.members():
        if name in _OBSERVED and fill is not None:
            fill(n, name, at)
        elif name in _OBSERVED or said is None:
            at.skip()
            if said is not None:
                said.data_sets[-1][name] = None
        else:
            said.data_sets[-1][name] = at.value()


# --- header and structure ---------------------------------------------------------------------------------


def _head(said: _Said) -> Head:
    meta = said.meta
    match = re.search(r"/(1\.0|2\.[01])", str(said.schema or meta.get("schema")))
    version = match[1] if match else ("1.0" if said.old else "2.0")
    sender, receivers = meta.get("sender"), meta.get("receivers", meta.get("receiver"))
    receiver = receivers[0] if isinstance(receivers, list) and receivers else receivers
    return Head(
        f"json-{version}",
        _maybe(meta.get("id")),
        _maybe(meta.get("prepared")),
        _maybe(sender.get("id")) if isinstance(sender, dict) else None,
        _maybe(receiver.get("id")) if isinstance(receiver, dict) else None,
        meta.get("test") is True,
    )


def _maybe(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _named(said: _Said, structure: dict[str, Any], data_set: dict[str, Any]) -> Named | None:
    """Return what a data set names: its dataflow where some link tells it, else its structure."""
    links = [*data_set.get("links", []), *structure.get("links", [])]
    links += [{"href": structure["uri"]}] if isinstance(structure.get("uri"), str) else []
    told = [link.get(word) for link in links if isinstance(link, dict) for word in ("urn", "href")]
    found = [
        one
        for text in told
        if isinstance(text, str)
        for one in [named_by_urn(text) or named_by_url(text)]
        if one
    ]
    return min(
        found,
        key=lambda one: ("Dataflow", "ProvisionAgreement", "DataStructure").index(one.kind),
        default=None,
    )


@dataclass(frozen=True)
class _List:
    """A component as a message lists it: its id and the values that indices stand for; None where there are none."""

    id: str
    values: tuple[Any, ...] | None
    position: int

    def held(self, value: Any) -> Any:
        """Return a value, or what the index of one stands for."""
        return value if self.values is None or value is None else self.values[_index(value)]

    def text(self, value: Any) -> str | None:
        """Return the text of a single value or of the index of one."""
        return _plain(self.held(value))


@dataclass(frozen=True)
class _Laid:
    """A data set with the components of each level."""

    data_set: dict[str, Any]
    structure: dict[str, Any]
    dimensions: dict[str, tuple[_List, ...]]
    attributes: dict[str, tuple[_List, ...]]
    measures: tuple[_List, ...] | None

    @property
    def along(self) -> str:
        series = "series" in self.data_set
        keys = self.dimensions["observation"]
        return keys[0].id if series and len(keys) == 1 else FLAT


def _laid(said: _Said, data_set: dict[str, Any]) -> _Laid:
    structure = said.structures[_index(data_set.get("structure", "0"))]
    dimensions, attributes = structure.get("dimensions", {}), structure.get("attributes", {})
    measures = structure.get("measures")
    return _Laid(
        data_set,
        structure,
        {level: tuple(map(_list, dimensions.get(level) or ())) for level in _LEVELS},
        {level: tuple(map(_list, attributes.get(level) or ())) for level in _LEVELS},
        tuple(map(_list, measures.get("observation") or ())) if measures else None,
    )


def _list(component: dict[str, Any]) -> _List:
    values = component.get("values")
    position = component.get("keyPosition", _LAST)
    told = None if values is None else tuple(_item(value) for value in values)
    return _List(str(component["id"]), told, int(position))


def _item(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return next(
        (value[key] for key in ("id", "value", "ids", "values", "name") if value.get(key) is not None), None
    )


def _plain(value: Any) -> str | None:
    """Return a single value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _parts(value: Any) -> list[Part]:
    """Return the parts of a value: texts, or texts by language."""
    listed = value if isinstance(value, list) else [value]
    told: list[Part | None] = [
        {language: str(text) for language, text in one.items()} if isinstance(one, dict) else _plain(one)
        for one in listed
    ]
    return [part for part in told if part is not None]


def _index(text: Any) -> int:
    index = int(text)
    if index < 0:
        raise IndexError
    return index


# --- observations -----------------------------------------------------------------------------------------


class _Filler:
    """Gives the rows of data sets to the collector."""

    def __init__(self, rows: Rows, structure: DataStructure, head: Head, laid: Sequence[_Laid]) -> None:
        self._rows, self._head, self._laid = rows, head, laid
        self._done = 0
        self._known = structure.by_id
        self._measures = tuple(_List(m.id, None, 0) for m in structure.measures[:1])

    def fill(self, n: int, kind: str, at: Stream) -> None:
        """Read ``series`` or ``observations`` of a data set, after what those before it say beside theirs."""
        laid = self._laid[n]
        self._begin_sets(n + 1)
        self._rows.series({})
        measures = self._measures if laid.measures is None else laid.measures
        held = (*measures, *laid.attributes["observation"])
        if kind == "observations":
            for key in at.members():
                self._observation(laid, held, key, at.value())
            return
        for key in at.members():
            self._one_series(laid, held, key, at.value())

    def _begin(self, laid: _Laid) -> bool:
        data_set = laid.data_set
        action = data_set.get("action")
        default = "Append" if self._head.format == "json-1.0" else "Merge"
        shared = {
            **{d.id: d.text(0) for d in laid.dimensions["dataSet"] if d.values and d.id in self._known},
            **self._values(laid.attributes["dataSet"], data_set.get("attributes") or ()),
        }
        return self._rows.data_set(action if action in ACTIONS else default, shared)

    def _one_series(self, laid: _Laid, held: Sequence[_List], key: str, series: dict[str, Any]) -> None:
        attributes = self._values(laid.attributes["series"], series.get("attributes") or ())
        told = self._rows.series({**self._key(laid.dimensions["series"], key), **attributes})
        observations = series.get("observations") or {}
        for inner, values in observations.items():
            self._observation(laid, held, inner, values)
        if not observations and not told:
            self._rows.observation({})

    def _observation(
        self, laid: _Laid, held: Sequence[_List], key: str, values: Sequence[Any] | None
    ) -> None:
        self._rows.observation(
            {**self._key(laid.dimensions["observation"], key), **self._values(held, values or ())}
        )

    def _key(self, dimensions: Sequence[_List], key: str) -> dict[str, str | None]:
        parts = key.split(":")
        if len(parts) != len(dimensions):
            raise IndexError
        return {
            d.id: d.text(part)
            for d, part in zip(dimensions, parts, strict=True)
            if part and self._is_known(d.id)
        }

    def _values(self, components: Sequence[_List], held: Iterable[Any]) -> dict[str, str | None]:
        listed = list(held)
        if len(listed) > len(components):
            raise IndexError
        told: dict[str, str | None] = {}
        for component, value in zip(components, listed, strict=False):
            given = component.held(value)
            if given is not None and self._is_known(component.id):
                told[component.id] = self._text(component.id, given)
        return told

    def _text(self, identifier: str, value: Any) -> str | None:
        component = self._known[identifier]
        if component.several or isinstance(value, list | dict):
            return one_text(component, _parts(value))
        return _plain(value)

    def _is_known(self, identifier: str) -> bool:
        if identifier in self._known:
            return True
        self._head.met_unknown(identifier)
        return False

    def finish(self) -> None:
        """Add what the last data sets say that have no observations."""
        self._begin_sets(len(self._laid))

    def _begin_sets(self, end: int) -> None:
        """Begin the data sets up to one that were not begun, with all that they say beside observations."""
        for one in self._laid[self._done : end]:
            told = self._begin(one)
            for group in self._groups(one):
                self._rows.group(group)
                told = True
            deletes = one.data_set.get("action") == "Delete"
            if deletes and not told and not set(_OBSERVED) & one.data_set.keys():
                self._rows.observation({})
        self._done = max(self._done, end)

    def _groups(self, laid: _Laid) -> Iterator[dict[str, str | None]]:
        """Yield partial keys with their attributes."""
        ordered = [d for level in _LEVELS[:3] for d in laid.dimensions[level]]
        ordered.sort(key=lambda d: d.position)
        for key, values in (laid.data_set.get("dimensionGroupAttributes") or {}).items():
            parts = key.split(":")
            if len(parts) > len(ordered):
                # A dimension that is open in every key has no values to list, and keeps its place.
                key = ":".join(parts[d.position] for d in ordered)
            yield {**self._key(ordered, key), **self._values(laid.attributes["dimensionGroup"], values)}
