"""SDMX-ML data messages 2.1, 3.0 and 3.1, generic and structure-specific, read as they stream by.

By expat, which keeps nothing of what it read: memory does not grow with the message. A document type declaration is
refused when it is met, so there are no entities to unfold and nothing is fetched; one token may not grow without end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from citizenstats.errors import MessageError
from citizenstats.sdmx.model import DataStructure, Reference, Structures
from citizenstats.sdmx.read.message import ACTIONS, Action, Head, Named, Used, named, named_by_urn, used
from citizenstats.sdmx.read.rows import Rows
from citizenstats.sdmx.read.several import OTHERWISE, Part, one_text
from citizenstats.sdmx.read.source import BLOCK

LONGEST_TOKEN = 32 << 20
"""Bytes of one tag or text: a longer one would have to be kept in memory."""

DEEPEST = 64
"""Elements inside each other: a message needs a dozen."""

_ROOT = re.compile(r"http://www\.sdmx\.org/resources/sdmxml/schemas/v(\d)_(\d)/message")
_ROOTS = {
    "StructureSpecificData": "structure-specific",
    "StructureSpecificTimeSeriesData": "structure-specific-ts",
    "GenericData": "generic",
    "GenericTimeSeriesData": "generic-ts",
}
_LANG = "http://www.w3.org/XML/1998/namespace lang"
_USAGES = ("StructureUsage", "Structure", "ProvisionAgreement", "ProvisionAgrement")
_OF_DATA_SET = (
    "action", "structureRef", "dataScope", "setID", "reportingBeginDate", "reportingEndDate", "validFromDate", "validToDate",
    "publicationYear", "publicationPeriod",
)  # fmt: skip
"""Not components of a data set, though some writers leave out the namespace that they are in."""

_TEXTS = ("Value", "StructuredText", "Text")
"""Elements that hold one value of a component with several."""

Attributes = dict[str, str]
Make = Callable[[Used], Rows]


def read(
    stream: IO[bytes], structures: Structures, expected: Reference | None, make: Make
) -> tuple[Head, Used, Rows]:
    """Read a message.

    Args:
        stream: its bytes.
        structures: where the structure that it names is looked up.
        expected: the dataflow that is taken when the message names none that is known.
        make: gives the collector of rows once the structure is known.

    Raises:
        MessageError: it is no such message, is damaged, or its structure is not known; the line is told.
    """
    reader = _Reader(structures, expected, make)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _no_doctype
    given = 0
    try:
        while block := stream.read(BLOCK):
            parser.Parse(block)
            given += len(block)
            if given - max(parser.CurrentByteIndex, 0) > LONGEST_TOKEN:
                raise MessageError(
                    "TOO_LARGE", "a single text or tag is longer than is read", mend="look at the file"
                )
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = f"line {getattr(error, 'lineno', parser.CurrentLineNumber)}"
        raise MessageError(
            "NOT_WELL_FORMED", "this is no well-formed XML", line, "write the file again"
        ) from None
    except MessageError as error:
        error.where = error.where or f"line {parser.CurrentLineNumber}"
        raise
    used_, rows = reader.whole()
    return reader.head, used_, rows


def _no_doctype(*_: object) -> None:
    raise MessageError("NOT_SDMX", "a message has no document type declaration", mend="remove it")


class _Reader:
    """Knows where in a message the parser is; what a data set says goes to the collector of rows."""

    def __init__(self, structures: Structures, expected: Reference | None, make: Make) -> None:
        self._structures, self._expected, self._make = structures, expected, make
        self.head = Head("")
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._named: dict[str, Named] = {}
        self._structure_id = ""
        self._along: dict[str, str] = {}
        self._used: Used | None = None
        self._rows: Rows | None = None
        self._components: frozenset[str] = frozenset()
        self._several: frozenset[str] = frozenset()
        self._measure = ""
        self._time: str | None = None
        # What is open in the data set.
        self._inside = False
        self._data_set: dict[str, str | None] | None = None
        self._action = ""
        self._series: dict[str, str | None] | None = None
        self._group: dict[str, str | None] | None = None
        self._obs: dict[str, str | None] | None = None
        self._empty = True
        self._series_empty = True
        self._complex: tuple[str, list[Part]] | None = None
        self._texts: dict[str, str] = {}
        self._language: str | None = None

    def whole(self) -> tuple[Used, Rows]:
        """Return structure and rows once all is read; a message without a data set has the structure of its header."""
        if self._used is None or self._rows is None:
            self._found(next(iter(self._named.values()), None), "")
        assert self._used is not None  # noqa: S101 - found above, or an error
        assert self._rows is not None  # noqa: S101
        return self._used, self._rows

    # --- what the parser says -----------------------------------------------------------------------------

    def start(self, tag: str, attributes: Attributes) -> None:
        """An element begins."""
        space, _, local = tag.rpartition(" ")
        path = self._path
        if self._inside:
            self._start_in_data(local, attributes)
        elif not path:
            self._root(space, local)
        elif local == "DataSet" and len(path) == 1:
            self._open(attributes)
        elif len(path) > 1 and path[1] == "Header":
            self._start_in_header(local, attributes)
        if len(path) >= DEEPEST:
            raise MessageError(
                "NOT_SDMX", "elements stand too deep inside each other", mend="look at the file"
            )
        path.append(local)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._path.pop()
        local = tag.rpartition(" ")[2]
        if self._inside:
            self._end_in_data(local)
        elif len(self._path) > 1 and self._path[1] == "Header":
            self._end_in_header(local)

    def text(self, text: str) -> None:
        """Some text stands here."""
        if self._text is not None:
            self._text.append(text)

    def _said(self) -> str:
        text = "".join(self._text or ())
        self._text = None
        return text

    @property
    def _structure(self) -> DataStructure:
        assert self._used is not None  # noqa: S101 - found when the data set began
        return self._used.structure

    # --- header -------------------------------------------------------------------------------------------

    def _root(self, space: str, local: str) -> None:
        match = _ROOT.fullmatch(space)
        version = f"{match[1]}.{match[2]}" if match else ""
        if version not in ("2.1", "3.0", "3.1"):
            raise MessageError(
                "NOT_SDMX", "the root is no message of SDMX-ML 2.1, 3.0 or 3.1", mend="send one of these"
            )
        if local == "Error":
            raise MessageError(
                "NOT_SDMX", "the message is an error that a service answered with", mend="ask again"
            )
        if local not in _ROOTS:
            raise MessageError("NOT_SDMX", "the message holds no data", mend="send a data message")
        self.head.format = f"ml-{version}-{_ROOTS[local]}" if version == "2.1" else f"ml-{version}"

    def _start_in_header(self, local: str, attributes: Attributes) -> None:
        depth = len(self._path)
        if depth == 2:
            if local == "Structure":
                self._structure_id = attributes.get("structureID", "")
                self._along[self._structure_id] = attributes.get("dimensionAtObservation", "")
                if by_namespace := named_by_urn(attributes.get("namespace", "")):
                    self._named[self._structure_id] = by_namespace
            elif local == "Sender":
                self.head.sender = attributes.get("id")
            elif local == "Receiver":
                self.head.receiver = self.head.receiver or attributes.get("id")
            else:
                self._text = []
        elif self._path[2] == "Structure":
            if local == "Ref" and "id" in attributes:
                self._name(attributes.get("class", _kind(self._path[3])), attributes)
            elif local in _USAGES or local == "URN":
                self._text = []

    def _name(self, kind: str, attributes: Attributes) -> None:
        identity = f"{attributes.get('agencyID', '')}:".lstrip(":") + attributes["id"]
        version = attributes.get("version")
        if found := named(kind, f"{identity}({version})" if version else identity):
            self._named[self._structure_id] = found

    def _end_in_header(self, local: str) -> None:
        depth = len(self._path)
        if self._text is None:
            return
        said = self._said().strip()
        if depth > 2 and self._path[2] == "Structure":
            if found := named_by_urn(said):
                self._named[self._structure_id] = found
        elif depth == 2 and said:
            self._fact(local, said)

    def _fact(self, local: str, said: str) -> None:
        if local == "ID":
            self.head.id = said
        elif local == "Prepared":
            self.head.prepared = said
        elif local == "Test":
            self.head.test = said in ("true", "1")
        elif local == "DataSetAction":
            self.head.action = _action(said)

    # --- data set -----------------------------------------------------------------------------------------

    def _open(self, attributes: Attributes) -> None:
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        reference = plain.get("structureRef", "")
        said = self._named.get(reference) or next(iter(self._named.values()), None)
        self._found(said, self._along.get(reference, ""))
        default = "Append" if self.head.format.startswith("ml-2") else "Merge"
        self._action = _action(plain.get("action", "")) or self.head.action or default
        components = {k: v for k, v in attributes.items() if " " not in k}
        for word in _OF_DATA_SET:
            if word not in self._components:
                components.pop(word, None)
        self._data_set = self._known(components)
        self._inside, self._empty = True, True

    def _found(self, said: Named | None, along: str) -> None:
        found = used(self._structures, said, self._expected)
        if self._used is not None and found.structure.reference != self._used.structure.reference:
            raise MessageError(
                "SEVERAL_STRUCTURES", "the data sets of the message have several structures",
                mend="send one message for each",
            )  # fmt: skip
        if self._rows is None:
            self._used, self._rows = found, self._make(found)
            structure = self._structure
            self._components = frozenset(structure.by_id)
            self._several = frozenset(c.id for c in structure.components if c.several)
            self._measure = structure.measures[0].id if structure.measures else ""
            self._time = structure.time.id if structure.time else None
            self.head.along = along or None

    def _known(self, attributes: Attributes) -> dict[str, str | None]:
        """Return the components among attributes; those of other namespaces have a space in their name."""
        if attributes.keys() <= self._components:
            known: dict[str, str | None] = dict(attributes)
        else:
            for name in attributes:
                if " " not in name and name not in self._components:
                    self.head.met_unknown(name)
            known = {name: value for name, value in attributes.items() if name in self._components}
        for name in self._several & known.keys() if self._several else ():
            known[name] = one_text(self._structure.by_id[name], [attributes[name]])
        return known

    def _start_in_data(self, local: str, attributes: Attributes) -> None:
        if local == "Obs":
            self._begin_series()
            self._obs = self._known(attributes)
        elif local == "Series":
            self._begin_data_set()
            self._series, self._series_empty = self._known(attributes), True
        elif local in ("Group", "Atts"):
            self._begin_data_set()
            words = {"type", "REPORTING_YEAR_START_DAY"} - self._components
            plain = {k: v for k, v in attributes.items() if k not in words}
            self._group = self._known(plain)
        elif local == "Comp":
            self._complex = attributes.get("id", ""), []
        else:
            self._start_value(local, attributes)

    def _start_value(self, local: str, attributes: Attributes) -> None:
        if self._complex is not None:
            if local in _TEXTS:
                self._text, self._language = [], attributes.get(_LANG) or self._language
            if local == "Value":
                self._texts = {}
        elif local == "Value" and "id" in attributes:
            self._set(attributes["id"], attributes.get("value"))
        elif local == "ObsDimension":
            along = attributes.get("id") or self.head.along or self._time or ""
            self._set(along, attributes.get("value"))
        elif local == "ObsValue":
            self._set(self._measure, attributes.get("value"))

    def _set(self, identifier: str, value: str | None) -> None:
        """Give a component a single value."""
        if identifier not in self._components:
            self.head.met_unknown(identifier)
        elif identifier in self._several and value is not None:
            self._put(identifier, one_text(self._structure.by_id[identifier], [value]))
        else:
            self._put(identifier, value)

    def _put(self, identifier: str, value: str | None) -> None:
        """Give a component a value, at the innermost that is open."""
        for level in (self._obs, self._group, self._series, self._data_set):
            if level is not None:
                level[identifier] = value
                return

    def _end_in_data(self, local: str) -> None:
        if local == "Obs":
            self._observed(self._obs or {})
            self._obs = None
        elif local == "Series":
            self._end_series()
        elif local in ("Group", "Atts"):
            self._grouped(self._group or {})
            self._group = None
        elif local == "Comp" and self._complex is not None:
            identifier, parts = self._complex
            self._complex = None
            if identifier in self._components:
                self._put(identifier, one_text(self._structure.by_id[identifier], parts))
            else:
                self.head.met_unknown(identifier)
        elif local in _TEXTS and self._complex is not None:
            self._end_text(local, self._complex[1])
        elif local == "DataSet":
            self._begin_data_set()
            if self._empty and self._action == "Delete":
                self._observed({})  # all of it
            self._inside = False

    def _end_series(self) -> None:
        if self._series_empty and self._series:
            # Attributes of a series whose observations stand elsewhere, or keys of a series to be deleted.
            self._begin_series()
            if self._series_empty:
                self._observed({})
        self._series = None
        self._collector.series({})

    def _end_text(self, local: str, parts: list[Part]) -> None:
        """A value of a component, or its text in one language, ends."""
        if self._text is not None:
            said, language = self._said(), self._language
            self._language = None
            if language or local != "Value":
                self._texts[language or OTHERWISE] = said
            else:
                parts.append(said)
        if local == "Value" and self._texts:
            parts.append(self._texts)

    @property
    def _collector(self) -> Rows:
        assert self._rows is not None  # noqa: S101 - made when the data set began
        return self._rows

    def _begin_data_set(self) -> None:
        if self._data_set is not None:
            if self._collector.data_set(self._action, self._data_set):
                self._empty = False
            self._data_set = None

    def _begin_series(self) -> None:
        self._begin_data_set()
        if self._series is not None and self._series_empty and self._collector.series(self._series):
            self._empty = self._series_empty = False

    def _grouped(self, values: dict[str, str | None]) -> None:
        """Give the collector a group, or what a data set says in elements of its own."""
        self._collector.group(values)
        if self._action == "Delete":
            self._empty = False

    def _observed(self, values: dict[str, str | None]) -> None:
        self._collector.observation(values)
        self._empty = self._series_empty = False


def _kind(element: str) -> str:
    return {"StructureUsage": "Dataflow", "Structure": "DataStructure"}.get(element, "ProvisionAgreement")


def _action(said: str) -> Action | None:
    return next((action for action in ACTIONS if action == said), None)
