"""Which format can say what: the one table that writers ask before they write, and that the documentation shows.

What belongs here: features, and for each format whether it says them natively, by a declared work-around, or refuses them
with the code of the error. What does not: how a feature is written. ``python -m citizenstats.sdmx.write.features`` prints
the table as it stands in ``docs/messages.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT
from citizenstats.sdmx.schema import TAKEN
from citizenstats.sdmx.write.message import DataMessage, Words
from citizenstats.sdmx.write.options import PLAIN, Options

FORMS = (
    "csv-1.0", "csv-2.0", "csv-2.1",
    "ml-2.1-structure-specific", "ml-2.1-structure-specific-ts", "ml-2.1-generic", "ml-2.1-generic-ts", "ml-3.0", "ml-3.1",
    "json-1.0", "json-2.0", "json-2.1",
)  # fmt: skip
"""The formats, in the order of the table."""

_CSV = FORMS[:3]
_CSV_2 = FORMS[1:3]
_ML_21 = FORMS[3:7]
_GENERIC = FORMS[5:7]
_TS = (FORMS[4], FORMS[6])
_JSON = FORMS[9:]
_OLD = ("csv-1.0", *_ML_21, "json-1.0")


@dataclass(frozen=True)
class Feature:
    """Something that a message may hold or be asked for.

    Attributes:
        title: what people call it.
        lacks: what the error says of a format that refuses it, after the format's name.
        refused: format → code of the error.
        around: format → what it does instead.
        words: format → how it says it, where that is told.
    """

    title: str
    lacks: str = ""
    refused: Mapping[str, str] | None = None
    around: Mapping[str, str] | None = None
    words: Mapping[str, str] | None = None

    def cell(self, form: str) -> str:
        """Return what the table says of a format."""
        if code := (self.refused or {}).get(form):
            return f"`{code}`"
        if told := (self.around or {}).get(form):
            return told
        word = (self.words or {}).get(form)
        return f"`{word}`" if word else "yes"

    def require(self, form: str, where: str = "", told: str = "") -> None:
        """Refuse the feature where a format does not have it.

        Raises:
            MessageError: with the code of the table.
        """
        if code := (self.refused or {}).get(form):
            able = [one for one in FORMS if one not in (self.refused or {})]
            mend = f"use {' or '.join(able[-3:])}" if able else "leave it out"
            raise MessageError(code, f"{form} {self.lacks}{told}", where=where, mend=mend)


def _all(forms: Sequence[str], told: str) -> dict[str, str]:
    return dict.fromkeys(forms, told)


FLAT_SHAPE = Feature("flat", "is by series along time", _all(_TS, "NO_TIME_SERIES"))
ALONG_TIME = Feature("by series along time", around=_all(_CSV, "flat"))
ALONG_OTHER = Feature(
    "by series along another dimension",
    "is by series along time",
    _all(_TS, "NO_TIME_SERIES"),
    _all(_CSV, "flat"),
)
NO_TIME = Feature("no time dimension", "needs time at the observation", _all(_TS, "NO_TIME_SERIES"))
GROUPS = Feature(
    "attributes of a group",
    around={**_all(_CSV, "in each row"), "json-1.0": "at the series, or at the observation"},
)
MEASURES = Feature("several measures", "has one measure, OBS_VALUE", _all(_OLD, "ONE_MEASURE_ONLY"))
SEVERAL = Feature(
    "components with several values or languages",
    "has one value for each component, in no language",
    _all(_OLD, "ONE_VALUE_ONLY"),
)
NAMED_TYPE = Feature(
    f"a component called `{TAKEN}`",
    f"has an XML attribute called {TAKEN} of its own",
    _all((*FORMS[3:5], *FORMS[7:9]), "NAME_TAKEN"),
)
REPLACE = Feature(
    "action Replace", around={"csv-1.0": "not said"}, words=_all(_CSV_2, "R") | _all(FORMS[3:], "Replace")
)
MERGE = Feature(
    "action Merge",
    around={"csv-1.0": "not said"},
    words={
        "csv-2.0": "A",
        "csv-2.1": "M",
        **_all(FORMS[3:], "Append"),
        "ml-3.1": "Merge",
        "json-2.1": "Merge",
    },
)
DELETE = Feature(
    "action Delete",
    "has no actions",
    {"csv-1.0": "NO_ACTION"},
    words=_all(_CSV_2, "D") | _all(FORMS[3:], "Delete"),
)
OPEN_KEYS = Feature(
    "deletes keys with open dimensions",
    "has no place for a key with open dimensions",
    {"csv-1.0": "NO_ACTION", "json-1.0": "NO_PARTIAL_KEY"},
)
ALL_OPEN = Feature(
    "deletes everything",
    "has no place for a key that names no dimension",
    {"csv-1.0": "NO_ACTION", **_all((*_GENERIC, "json-1.0", "json-2.0"), "NO_PARTIAL_KEY")},
)
MARKS_ABOVE = Feature(
    "deletes a value above the observation",
    "deletes single values at whole keys and at the observation only",
    {"csv-1.0": "NO_ACTION", **_all(_JSON, "NO_MARK_ABOVE")},
)
DATA_SETS = Feature(
    "several data sets, such as a delta",
    "has one data set",
    {"csv-1.0": "ONE_DATA_SET", "json-1.0": "ONE_DATA_SET"},
)
VALIDITY = Feature(
    "times between which a data set was valid",
    "has no place for the time since or until which a data set was valid",
    _all(_CSV, "NO_VALIDITY"),
)
MISSING_NUMBER = Feature(
    "a missing number",
    "has no word for a missing number, and a receiver that merges would keep the former value",
    around=_all(("json-1.0", "json-2.0"), "`null`; Merge: `NO_WORD_FOR_MISSING`"),
    words=_all((*FORMS[:9], "json-2.1"), "NaN"),
)
MISSING_OTHER = Feature(
    "a missing measure of another type",
    "has no word for it, and a receiver that merges would keep the former value",
    around={
        **_all(("csv-1.0", "csv-2.0"), "empty; Merge: `NO_WORD_FOR_MISSING`"),
        **_all((*_ML_21, "ml-3.0"), "left out; Merge: `NO_WORD_FOR_MISSING`"),
        **_all(("json-1.0", "json-2.0"), "`null`; Merge: `NO_WORD_FOR_MISSING`"),
    },
    words=_all(("csv-2.1", "ml-3.1", "json-2.1"), "#N/A"),
)
OPTIONS = Feature(
    "names in one cell, normalized times, separator, language", "has none of them to choose", _all(FORMS[3:], "NO_SUCH_OPTION")
)  # fmt: skip
COLUMNS = Feature(
    "columns of names and keys", "has no such columns", _all(("csv-1.0", *FORMS[3:]), "NO_SUCH_OPTION")
)

FEATURES = (
    FLAT_SHAPE, ALONG_TIME, ALONG_OTHER, NO_TIME, GROUPS, MEASURES, SEVERAL, NAMED_TYPE, REPLACE, MERGE, DELETE, OPEN_KEYS,
    ALL_OPEN, MARKS_ABOVE, DATA_SETS, VALIDITY, MISSING_NUMBER, MISSING_OTHER, OPTIONS, COLUMNS,
)  # fmt: skip


def words(form: str) -> Words:
    """Return what a format writes for a measure that is missing on purpose."""
    return Words((MISSING_NUMBER.words or {}).get(form), (MISSING_OTHER.words or {}).get(form))


def check_features(form: str, messages: Sequence[DataMessage], options: Options) -> None:
    """See that a format has what a message holds and is asked for, as far as its structure tells.

    Raises:
        MessageError: with the code of the first feature that the format refuses.
    """
    for feature, where in _used(messages, options):
        feature.require(form, where)


def refusal(form: str, message: DataMessage) -> MessageError | None:
    """Return why a format has no place for what a message holds, as far as its structure tells; None when it has."""
    try:
        check_features(form, [message], PLAIN)
    except MessageError as error:
        return error
    return None


def _used(messages: Sequence[DataMessage], options: Options) -> Iterator[tuple[Feature, str]]:
    """Yield the features that a message uses, and the components that use them."""
    first = messages[0]
    structure = first.structure
    if structure.time is None:
        yield NO_TIME, ""
    if first.along == FLAT:
        yield FLAT_SHAPE, ""
    elif structure.time is None or first.along != structure.time.id:
        yield ALONG_OTHER, first.along
    for message in messages:
        yield {"Replace": REPLACE, "Delete": DELETE}.get(message.action, MERGE), ""
    measures = [measure.id for measure in structure.measures]
    if measures != ["OBS_VALUE"]:
        yield MEASURES, ", ".join(measures)
    if several := [component.id for component in structure.components if component.several]:
        yield SEVERAL, ", ".join(several)
    if TAKEN in structure.by_id:
        yield NAMED_TYPE, TAKEN
    yield from _used_by_sets(messages)
    if options.labels == "name" or options.keys != "none":
        yield COLUMNS, ""
    if options != Options(labels="name" if options.labels == "name" else "id", keys=options.keys):
        yield OPTIONS, ""


def _used_by_sets(messages: Sequence[DataMessage]) -> Iterator[tuple[Feature, str]]:
    if len(messages) > 1:
        yield DATA_SETS, ""
    if any(message.valid_from or message.valid_to for message in messages):
        yield VALIDITY, ""


def table() -> str:
    """Return the table as Markdown: a row a feature, a column a format, in three parts so that it can be read."""
    parts = []
    for forms in (_CSV, FORMS[3:9], _JSON):
        lines = [["", *(f"`{form}`" for form in forms)], ["---"] * (len(forms) + 1)]
        lines += [[feature.title, *(feature.cell(form) for form in forms)] for feature in FEATURES]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(table(), end="")
