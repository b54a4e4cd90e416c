"""What each kind of rule of a structure map makes of a record; the examples of the technical notes are tests."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizenstats.errors import MappingError
from citizenstats.mapping.model import DatePatternMap, EpochMap, FrequencyFormat, TimeMap
from citizenstats.mapping.read import read_maps
from citizenstats.mapping.rules_sql import group_count
from tests.mapping.support import line, message, run, terms

DATA = Path(__file__).parent / "data"


def one(lines: list[Any], *values: str | None) -> list[str | None]:
    """What a representation map from A to B makes of values; ``!`` stands for a refused record."""
    found = run(message({(("A",), ("B",)): lines}), [{"A": v} for v in values])
    return ["!" if row["refused"] else row["B"] for row in found]


def test_the_first_mapping_that_applies_counts() -> None:
    lines = [line("regex:A", "OUT_A"), line("regex:B", "OUT_B"), line("regex:[A-Z]", "OUT_C")]
    assert one(lines, "A", "B", "G", "g", "AB", None) == ["OUT_A", "OUT_B", "OUT_C", "!", "!", None]


def test_a_regular_expression_matches_whole_unless_it_is_anchored_itself() -> None:
    assert one([line("regex:A|B", "X")], "A", "B", "AB", "xA") == ["X", "X", "!", "!"]
    assert one([line("regex:^[A-G]", "X")], "Axes", "Hxes") == ["X", "!"]
    assert one([line("regex:[0-9]$", "X")], "A1", "1A") == ["X", "!"]
    assert one([line(r"regex:a\$", "X")], "a$", "ba$") == ["X", "!"]


def test_captured_groups_stand_in_the_target() -> None:
    lines = [line("regex:([0-9]{4})[0-9]([0-9]{1})", r"\1-Q\2")]
    assert one(lines, "200933", "20093") == ["2009-Q3", "!"]
    assert one([line("regex:(?:x|(y))z", r"\1")], "yz", "xz") == ["y", "!"]
    assert one([line("A", r"\1")], "A") == [r"\1"]


def test_groups_are_counted_over_all_sources() -> None:
    said = message({(("A", "B"), ("C",)): [line(["regex:(.)x", "regex:(.)(.)"], r"\3\2\1")]})
    assert run(said, [{"A": "1x", "B": "23"}])[0]["C"] == "321"


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [("a", 0), ("(a)(b)", 2), ("(?:a)(b)", 1), (r"\(a\)", 0), ("[(]a", 0), ("[]()]x(y)", 1), ("(?P<n>a)", 1), ("(?i)(a)", 1)],
)  # fmt: skip
def test_groups_are_counted_as_re2_counts_them(pattern: str, groups: int) -> None:
    assert group_count(pattern) == groups == re.compile(pattern).groups


def test_parts_of_values_are_compared() -> None:
    assert one([line("1-2:XU", "Y")], "XULADS", "AXU") == ["Y", "!"]
    assert one([line("5-7:DEF", "Y")], "ABC_DEF_XYZ", "DEF") == ["Y", "!"]


def test_something_may_become_nothing_and_nothing_something() -> None:
    assert one([line("-", ""), line("", "NONE"), line("A", "B")], "-", None, "A", "x") == [
        None,
        "NONE",
        "B",
        "!",
    ]


def test_several_sources_give_several_targets() -> None:
    lines = [line(["A", "N"], ["A_N", "Unadjusted"]), line(["M", "S_A1"], ["MON_SAX", "Adjusted"])]
    said = message({(("FREQ", "ADJUSTMENT"), ("INDICATOR", "NOTE")): lines})
    rows = [{"FREQ": "M", "ADJUSTMENT": "S_A1"}, {"FREQ": "A", "ADJUSTMENT": "N"}]
    assert [(r["INDICATOR"], r["NOTE"]) for r in run(said, rows)] == [
        ("MON_SAX", "Adjusted"),
        ("A_N", "Unadjusted"),
    ]
    made = terms(said, ["FREQ", "ADJUSTMENT"])
    assert made.map["NOTE"].codes == {"A␟N": "Unadjusted", "M␟S_A1": "Adjusted"}


def test_what_stands_between_joined_values_cannot_be_imitated() -> None:
    said = message({(("A", "B"), ("C",)): [line(["x␟y", "z"], "1"), line(["x", "y␟z"], "2")]})
    assert [r["C"] for r in run(said, [{"A": "x␟y", "B": "z"}, {"A": "x", "B": "y␟z"}])] == ["1", "2"]


def test_a_combination_that_nobody_mapped_refuses_the_record() -> None:
    said = message({(("A", "B"), ("C",)): [line(["regex:x.*", "1"], "C1")]})
    found = run(
        said, [{"A": "xy", "B": "1"}, {"A": "xy", "B": "2"}, {"A": None, "B": "1"}, {"A": None, "B": None}]
    )
    assert [r["refused"] for r in found] == [[], ["C"], ["C"], []]


def test_mappings_hold_for_a_time() -> None:
    lines = [
        line(["DE", "LC"], "DEM", None, "1998-12-31"),
        line(["DE", "LC"], "EUR", "1999-01-01"),
        line(["CH", "LC"], "CHF"),
    ]
    said = message({(("C", "U"), ("CURRENCY",)): lines, (("T",), ("TIME_PERIOD",)): None})
    periods = [
        "1998",
        "1998-Q4",
        "1998-12",
        "1999",
        "1999-S1",
        "1999-01-01",
        "1998-12-31",
        "1998-W53",
        "1999-D001",
    ]
    found = run(said, [{"C": "DE", "U": "LC", "T": t} for t in periods])
    assert [r["CURRENCY"] for r in found] == ["DEM", "DEM", "DEM", "EUR", "EUR", "EUR", "DEM", "DEM", "EUR"]
    assert run(said, [{"C": "CH", "U": "LC", "T": "1"}])[0]["CURRENCY"] == "CHF"
    assert run(said, [{"C": "DE", "U": "LC", "T": "1"}])[0]["refused"] == ["CURRENCY"]
    with pytest.raises(MappingError, match="TIME_PERIOD"):
        run(message({(("C", "U"), ("CURRENCY",)): lines}), [{"C": "DE", "U": "LC"}])


def period(time: TimeMap, given: str, **more: Any) -> str | None:
    made: str | None = run(message({}, times=[time], **more), [{"T": given}])[0]["TIME_PERIOD"]
    return made


def pattern(form: str, frequency: str, **more: Any) -> DatePatternMap:
    return DatePatternMap((("T", "TIME_PERIOD"),), frequency, pattern=form, **more)


@pytest.mark.parametrize(
    ("form", "frequency", "given_", "expected"),
    [
        ("dd/MM/yyyy", "A", "18/07/1981", "1981"),
        ("dd/MM/yyyy", "D", "18/07/1981", "1981-07-18"),
        ("dd/MM/yyyy", "D", "8/7/1981", "1981-07-08"),
        ("dd/MM/yyyy", "D", "30/02/1981", None),
        ("yyyy", "D", "1981", "1981-12-31"),
        ("yyyy", "A", "20245", None),
        ("MMM yy", "M", "Sep 23", "2023-09"),
        ("MMM yy", "M", "SEPT. 23", "2023-09"),
        ("MMM yy", "M", "Se 23", None),
        ("MMM yy", "M", "Septemberish 23", None),
        ("MMM yy", "A", "Sep 69", "1969"),
        ("dd MMMM yyyy", "D", "22 July 1981", "1981-07-22"),
        ("yyyyMMdd", "Q", "20240229", "2024-Q1"),
        ("yyyyMMdd", "Q", "20230229", None),
        ("yyyyMnnn", "M", "2010M001", "2010-01"),
        ("yyyyDnnn", "D", "2014D123", "2014-05-03"),
        ("yyyy'Q'n", "Q", "2020Q3", "2020-Q3"),
        ("yyyy-Qn", "S", "2020-Q3", "2020-S2"),
        ("yyyy-Sn", "T", "2020-S1", "2020-T2"),
        ("yyyy'-W'ww", "W", "2024-W01", "2024-W01"),
        ("ww yyyy", "D", "53 2020", "2021-01-03"),
        ("ww yyyy", "D", "53 2021", None),
        ("yyyy-DDD", "D", "2024-366", "2024-12-31"),
        ("yyyy-DDD", "D", "2023-366", None),
        ("yyyy-MM-dd'T'HH:mm:ss", "I", "2020-01-01T20:22:00", "2020-01-01T20:22:00"),
        ("EEEE d.M.yyyy", "D", "Friday 3.5.2024", "2024-05-03"),
        ("'o''clock' yyyy", "A", "o'clock 2024", "2024"),
    ],
)
def test_times_are_read_by_a_pattern(form: str, frequency: str, given_: str, expected: str | None) -> None:
    assert period(pattern(form, frequency), given_) == expected


@pytest.mark.parametrize(
    ("locale", "given_", "expected"),
    [
        ("fr-FR", "12 mars 2008", "2008-03-12"), ("fr", "1 juil. 2008", "2008-07-01"), ("fr", "1 JUIN 2008", "2008-06-01"),
        ("fr", "1 jui 2008", None), ("fr", "3 févr. 2008", "2008-02-03"), ("da", "24 maj 2020", "2020-05-24"),
        ("es", "5 de mayo 2020", None), ("es_ES", "5 sept 2020", "2020-09-05"), ("de", "1 MÄRZ 2020", "2020-03-01"),
        ("fr", "1 mardi 2008", None),
    ],
)  # fmt: skip
def test_months_are_named_in_the_locale(locale: str, given_: str, expected: str | None) -> None:
    assert period(pattern("d MMM yyyy", "D", locale=locale), given_) == expected


def test_a_longer_period_resolves_to_its_end_start_or_middle() -> None:
    found = [
        period(pattern("yyyy-MM", "D", resolve=r), "2024-02") for r in (None, "startOfPeriod", "midPeriod")
    ]
    assert found == ["2024-02-29", "2024-02-01", "2024-02-15"]


@pytest.mark.parametrize("form", ["hh:mm a yyyy", "G yyyy", "dd/MM", "yyyy'", "MMMM yyyy"])
def test_a_pattern_that_is_not_supported_is_refused_by_name(form: str) -> None:
    with pytest.raises(MappingError) as caught:
        period(pattern(form, "D", locale="ne"), "x")
    assert caught.value.code == "BAD_PATTERN"


@pytest.mark.parametrize(
    ("base", "unit", "frequency", "given_", "expected"),
    [
        ("1970", "millisecond", "M", "1589808220000", "2020-05"),
        ("1601", "millisecond", "D", "13000000000000", "2012-12-14"),
        ("1970", "second", "I", "1589808220", "2020-05-18T13:23:40"),
        ("1970-01-01", "day", "D", "-1", "1969-12-31"),
        ("1970", "nanosecond", "D", "1589808220000000000", "2020-05-18"),
        ("1970", "second", "D", "9223372036854775807", None),
        ("1970", "day", "D", "x", None),
    ],
)
def test_times_are_read_as_numbers(
    base: str, unit: Any, frequency: str, given_: str, expected: str | None
) -> None:
    epoch = EpochMap((("T", "TIME_PERIOD"),), frequency, base=base, period=unit)
    assert period(epoch, given_) == expected


def test_the_targets_frequency_and_its_formats_decide_how_a_time_is_written() -> None:
    time = DatePatternMap((("T", "TIME_PERIOD"),), None, "FREQ", ("F1",), pattern="dd/MM/yyyy")
    said = message(
        {(("F",), ("FREQ",)): [line("year", "A"), line("month", "M"), line("quarter", "Q")]},
        times=[time],
        formats=(FrequencyFormat("F1", "Q", "yyyy'.'Qn"),),
    )
    rows = [{"F": f, "T": "18/07/1981"} for f in ("year", "month", "quarter")]
    assert [r["TIME_PERIOD"] for r in run(said, rows)] == ["1981", "1981-07", "1981.Q3"]
    assert run(said, [{"F": "year", "T": "1981"}])[0]["refused"] == ["TIME_PERIOD"]


def test_the_sample_maps_of_the_registry_are_executed() -> None:
    said = read_maps(DATA / "wb_maps.xml")
    row = {
        "DATE": None, "YEAR": None, "REF_DATE": None, "FREQ": "M", "ADJUSTMENT": None, "SEX_DIM": "2", "OBS_CONF": "F",
        "COUNTRY": "CH", "LOCAL_CURRENCY": "LC", "SERIES_CODE": "YBOP_A_12",
    }  # fmt: skip
    found = run(
        said,
        [
            {**row, "DATE": "Sep 23"},
            {**row, "YEAR": "2024"},
            {**row, "DATE": "2024-05", "SERIES_CODE": None, "ADJUSTMENT": "S_A1"},
            {**row, "REF_DATE": "31/12/2023", "FREQ": "Q", "LOCAL_CURRENCY": "XX"},
        ],
    )
    assert [r["TIME_PERIOD"] for r in found] == ["2023-09", "2024", "2024-05", "2023-Q4"]
    assert {r["GENDER_DIM"] for r in found} == {"F"}
    assert {(r["OBS_STATUS"], r["CONF_STATUS"]) for r in found} == {("A", "F")}
    assert [r["CURRENCY_ISO3"] for r in found] == ["CHF", "CHF", "CHF", None]
    assert [(r["INDICATOR"], r["STATUS"], r["NOTE"]) for r in found] == [
        ("YB", "OK", None), ("YB", "OK", None), ("MON_SAX", None, "Seasonally adjusted"), ("YB", "OK", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (message({(("X",), ("B",)): None}), "UNKNOWN_COLUMN"),
        (message({(("A", "A"), ("B",)): None}), "BAD_MAPPING"),
        (message({(("A",), ("B",)): [line(["a", "b"], "c")]}), "BAD_MAPPING"),
        (message({(("A",), ("B",)): [line("regex:(?<=x)y", "c")]}), "BAD_PATTERN"),
        (message({(("A",), ("B",)): [line("regex:(", "c")]}), "BAD_PATTERN"),
        (message({}, times=[DatePatternMap((("A", "B"),), None, "FREQ", pattern="yyyy")]), "NO_FREQUENCY"),
        (message({}, times=[DatePatternMap((("A", "B"),), "X9", pattern="yyyy")]), "UNKNOWN_FREQUENCY"),
        (
            message({}, times=[DatePatternMap((("A", "B"),), None, "FREQ", ("F",), pattern="yyyy")]),
            "NO_FORMAT",
        ),
        (message({}, times=[EpochMap((("A", "B"),), "D", base="long ago")]), "BAD_EPOCH"),
    ],
)
def test_a_map_without_a_meaning_is_refused(said: Any, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        terms(said, ["A"])
    assert caught.value.code == code


@settings(max_examples=2, deadline=None)
@given(st.lists(st.dates(date(1900, 1, 1), date(2099, 12, 31)), min_size=30, max_size=60))
def test_a_date_is_read_in_any_form_that_it_was_written_in(days: list[date]) -> None:
    forms = {"dd/MM/yyyy": "%d/%m/%Y", "yyyyMMdd": "%Y%m%d", "yyyy-DDD": "%Y-%j", "d. MMMM yyyy": "%d. %B %Y",
             "YYYY'-W'ww'-'U": "%G-W%V-%u", "yyyyDnnn": "%YD%j"}  # fmt: skip
    for form, written in forms.items():
        said = message({}, times=[pattern(form, "D")])
        made = run(said, [{"T": d.strftime(written)} for d in days])
        assert [r["TIME_PERIOD"] for r in made] == [d.isoformat() for d in days]


PLAIN = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8).filter(
    lambda t: not t.startswith("regex:")
)


@settings(max_examples=8, deadline=None)
@given(st.dictionaries(st.tuples(PLAIN, PLAIN), PLAIN, min_size=1, max_size=6))
def test_looking_up_is_what_a_dictionary_does(pairs: dict[tuple[str, str], str]) -> None:
    from citizenstats.mapping.model import SourceValue, ValueMapping

    lines = [ValueMapping((SourceValue(a), SourceValue(b)), (c,)) for (a, b), c in pairs.items()]
    said = message({(("A", "B"), ("C",)): lines})
    rows = [{"A": a, "B": b} for a, b in pairs] + [{"A": b, "B": a} for a, b in pairs]
    assert [r["C"] for r in run(said, rows)] == [pairs.get((r["A"], r["B"])) for r in rows]
