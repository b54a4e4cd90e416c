"""Structural validation: a case for each rule, and the rules against a plain reading of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizenstats.sdmx.periods import fits
from citizenstats.validation.finding import EXAMPLES, Finding
from citizenstats.validation.structural import duplicate_findings, structural_findings
from tests.validation.support import LISTS, STRUCTURE, STRUCTURES, framed, row

NEIGHBOURS = [row("NP"), row(sex="M"), row("NP", "M")]


def found(
    rows: Sequence[Mapping[str, Any]], allowed: Mapping[str, Sequence[str]] | None = None, **more: Any
) -> list[Finding]:
    with framed(rows, **more) as (engine, frame):
        findings = structural_findings(engine, frame, STRUCTURE, STRUCTURES, allowed)
        return findings + duplicate_findings(engine, frame, STRUCTURE)


def told(findings: Sequence[Finding]) -> list[tuple[str, str, int, int | None, tuple[str, ...]]]:
    return [(f.code, f.component, f.count, f.row, f.values) for f in findings]


def test_observations_that_keep_their_structure_have_no_finding() -> None:
    full = row(
        period="2021", SAMPLE_SIZE="40", LOWER_BOUND="-1.5e3", EMBARGO_DATE="2024-02-29T00:00:00Z", REVISED="true",
        PAGE="https://example.org/x?y=1", SURVEYED="2020-Q3", DECIMALS="1", VISITS="0", SHARE=".5",
        COMMENT_OBS="Kin & <co>\n“quoted”",
    )  # fmt: skip
    cells = ('["da"]', '["ne","da"]', "[]")
    several = [row(period=f"203{place}", LANGUAGES=said) for place, said in enumerate(cells)]
    missing = (
        row(period="2022", OBS_VALUE=None, OBS_STATUS="L"),
        row(period="2023", OBS_VALUE="NaN", OBS_STATUS="Q"),
    )
    assert told(found([*NEIGHBOURS, row(), full, *several, *missing], {"REF_AREA": ["DK", "NP"]})) == []


WRONG = [
    ({"FREQ": None}, "MISSING", "FREQ", ()),
    ({"SEX": None}, "MISSING", "SEX", ()),
    ({"period": None}, "MISSING", "TIME_PERIOD", ()),
    ({"OBS_STATUS": None}, "MISSING", "OBS_STATUS", ()),
    ({"UNIT_MEASURE": None}, "MISSING", "UNIT_MEASURE", ()),
    ({"sex": "X"}, "NOT_IN_CODELIST", "SEX", ("X",)),
    ({"sex": ""}, "NOT_IN_CODELIST", "SEX", ("",)),
    ({"sex": "f"}, "NOT_IN_CODELIST", "SEX", ("f",)),
    ({"OBS_STATUS": "Z"}, "NOT_IN_CODELIST", "OBS_STATUS", ("Z",)),
    ({"CONF_STATUS": " F"}, "NOT_IN_CODELIST", "CONF_STATUS", (" F",)),
    ({"LANGUAGES": '["da","xx"]'}, "NOT_IN_CODELIST", "LANGUAGES", ('["da","xx"]',)),
    ({"LANGUAGES": '["da","ne","da"]'}, "TOO_MANY_AT_ONCE", "LANGUAGES", ('["da","ne","da"]',)),
    ({"PLACES": '["Nuuk",""]'}, "EMPTY_TEXT", "PLACES", ('["Nuuk",""]',)),
    ({"PLACES": '["a","b","c"]'}, "TOO_MANY_AT_ONCE", "PLACES", ('["a","b","c"]',)),
    ({"WAVES": '["1","two"]'}, "NOT_A_NUMBER", "WAVES", ('["1","two"]',)),
    ({"LANGUAGES": "[da"}, "NOT_IN_CODELIST", "LANGUAGES", ("[da",)),
    ({"COMMENT_OBS": ""}, "EMPTY_TEXT", "COMMENT_OBS", ("",)),
    ({"COMMENT_OBS": "bell \x07"}, "BAD_CHARACTER", "COMMENT_OBS", ("bell \x07",)),
    ({"COMMENT_OBS": "\ufffe"}, "BAD_CHARACTER", "COMMENT_OBS", ("\ufffe",)),
    ({"LOWER_BOUND": "NaN"}, "NOT_A_NUMBER", "LOWER_BOUND", ("NaN",)),
    ({"DECIMALS": "32768"}, "NOT_A_NUMBER", "DECIMALS", ("32768",)),
    ({"VISITS": "-1"}, "NOT_A_NUMBER", "VISITS", ("-1",)),
    ({"SHARE": "1e3"}, "NOT_A_NUMBER", "SHARE", ("1e3",)),
    ({"REVISED": "yes"}, "NOT_OF_TYPE", "REVISED", ("yes",)),
    ({"PAGE": "no address"}, "NOT_OF_TYPE", "PAGE", ("no address",)),
    ({"SURVEYED": "spring"}, "NOT_OF_TYPE", "SURVEYED", ("spring",)),
    ({"period": "2020-Q1"}, "PERIOD_DOES_NOT_FIT", "TIME_PERIOD", ("2020-Q1",)),
    ({"period": "20"}, "PERIOD_DOES_NOT_FIT", "TIME_PERIOD", ("20",)),
    ({"OBS_VALUE": None}, "MISSING_VALUE_AS_NORMAL", "OBS_VALUE", ()),
    ({"OBS_VALUE": "NaN"}, "MISSING_VALUE_AS_NORMAL", "OBS_VALUE", ("NaN",)),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "code", "component", "values"), WRONG)
def test_one_wrong_value_is_one_finding_with_row_component_and_value(
    wrong: dict[str, Any], code: str, component: str, values: tuple[str, ...]
) -> None:
    assert told(found([*NEIGHBOURS, row(**wrong)])) == [(code, component, 1, 4, values)]


MANY = [
    ("OBS_VALUE", "NOT_A_NUMBER", ("", " 1", "0x1", "1,5", "1_0", "1e", "inf", "many")),
    ("SAMPLE_SIZE", "NOT_A_NUMBER", ("1.0", "1e3", "2147483648", "NaN")),
    (
        "EMBARGO_DATE",
        "NOT_OF_TYPE",
        ("2023-02-29T00:00:00", "2024", "2024-05-31", "2024-05-31 00:00:00", "2024-05-31T25:00:00Z"),
    ),
]


@pytest.mark.parametrize(("component", "code", "values"), MANY)
def test_each_value_that_is_not_of_its_type_is_told(
    component: str, code: str, values: tuple[str, ...]
) -> None:
    rows = [row(period=str(2000 + place), **{component: value}) for place, value in enumerate(values)]
    assert told(found(rows)) == [(code, component, len(values), 1, values)]


def test_a_code_outside_the_constraint_is_told() -> None:
    assert told(found([row("NP"), row()], {"REF_AREA": ["DK"]})) == [
        ("NOT_IN_CONSTRAINT", "REF_AREA", 1, 1, ("NP",))
    ]


def test_a_period_of_an_unknown_frequency_is_one_finding() -> None:
    assert told(found([row(FREQ="X", period="2020-Q1")])) == [("NOT_IN_CODELIST", "FREQ", 1, 1, ("X",))]


def test_columns_too_many_and_too_few_are_told() -> None:
    findings = found([row(COLOUR="red"), row("NP", COLOUR=None)], without=["SEX", "OBS_STATUS", "SHARE"])
    assert told(findings) == [
        ("NOT_IN_STRUCTURE", "COLOUR", 2, None, ()),
        ("COLUMN_MISSING", "SEX", 2, None, ()),
        ("COLUMN_MISSING", "OBS_STATUS", 2, None, ()),
    ]


def test_a_key_that_stands_twice_is_told_where_it_stands_again() -> None:
    rows = [row(), row("NP"), row(OBS_VALUE="2"), row("NP"), row(), row(period="2021")]
    assert told(found(rows)) == [("DUPLICATE_KEY", "the key", 3, 3, ("A.DK.F.2020", "A.NP.F.2020"))]


@pytest.mark.parametrize(
    ("attribute", "other", "count"),
    [("UNIT_MEASURE", "NUMBER", 2), ("REGION_TYPE", "R", 4), ("REGION_TYPE", None, 4), ("SOURCE", "S2", 6)],
)
def test_an_attribute_that_differs_where_it_is_shared_is_told(
    attribute: str, other: str | None, count: int
) -> None:
    rows = [
        *(row("NP", sex, p) for sex in "MF" for p in ("2020",)),
        row(sex="M"),
        row(sex="M", period="2021"),
        row(),
    ]
    rows.append(row(period="2021", **{attribute: other}))
    first = {"UNIT_MEASURE": 5, "REGION_TYPE": 3, "SOURCE": 1}[attribute]
    assert told(found(rows)) == [("DIFFERS_INSIDE", attribute, count, first, ())]


def test_findings_come_in_one_order_however_the_rows_come() -> None:
    rows = [row(sex="X"), row("??", "X"), row("?", OBS_VALUE="much"), row(period="now")]
    there, back = (
        [(f.code, f.component, f.count, f.values) for f in found(r)] for r in (rows, list(reversed(rows)))
    )
    assert there == back
    assert there == [
        ("NOT_IN_CODELIST", "REF_AREA", 2, ("?", "??")),
        ("NOT_IN_CODELIST", "SEX", 2, ("X",)),
        ("NOT_A_NUMBER", "OBS_VALUE", 1, ("much",)),
        ("PERIOD_DOES_NOT_FIT", "TIME_PERIOD", 1, ("now",)),
    ]


def test_a_thousand_wrong_codes_are_one_finding_with_an_exact_count() -> None:
    (finding,) = found([row(f"X{n:03}") for n in range(1000)])
    assert (finding.count, len(finding.values), finding.row) == (1000, EXAMPLES, 1)


def test_the_text_of_a_finding_holds_no_value() -> None:
    (finding,) = found([row("Jane Doe")])
    assert str(finding) == "NOT_IN_CODELIST in REF_AREA (1)"
    assert finding.values == ("Jane Doe",)


def test_several_codes_in_a_list_column_are_each_looked_up() -> None:
    with framed([row(LANGUAGES="da"), row("NP", LANGUAGES="xx")]) as (engine, frame):
        listed = type(frame)(
            f"SELECT * REPLACE (['ne', LANGUAGES] AS LANGUAGES) FROM {frame.relation}", frame.row
        )
        findings = structural_findings(engine, listed, STRUCTURE, STRUCTURES)
    assert told(findings) == [("NOT_IN_CODELIST", "LANGUAGES", 1, 2, ('["ne","xx"]',))]


def test_an_empty_frame_has_no_finding() -> None:
    with framed([row()]) as (engine, frame):
        empty = type(frame)(f"SELECT * FROM {frame.relation} WHERE false", frame.row)
        assert structural_findings(engine, empty, STRUCTURE, STRUCTURES) == []
        assert duplicate_findings(engine, empty, STRUCTURE) == []


# --- against a plain reading --------------------------------------------------------------------------------

CODES = st.sampled_from(["DK", "DK-81", "NP", "np", "", "DK ", "'; DROP TABLE t", "é", None])
PERIODS = st.sampled_from(["2020", "2020-A1", "2020-Q1", "2020-13", "2020-M02", "2020-01", "soon", "", None])
ROWS = st.lists(
    st.tuples(st.sampled_from(["A", "Q", "M", "Z", None]), CODES, PERIODS), min_size=1, max_size=30
)


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_codes_periods_and_keys_are_judged_as_a_plain_reading_judges_them(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    observations = [row(area, "F", period, FREQ=freq, REGION_TYPE=None) for freq, area, period in rows]
    findings = {(f.code, f.component): (f.count, f.row) for f in found(observations)}
    assert findings == _oracle(rows)


def _oracle(
    rows: Sequence[tuple[str | None, str | None, str | None]],
) -> dict[tuple[str, str], tuple[int, int]]:
    faults: list[tuple[tuple[str, str], int]] = []
    seen: set[Any] = set()
    for place, one in enumerate(rows, 1):
        freq, area, period = one
        for component, code in (("FREQ", freq), ("REF_AREA", area)):
            if code is None:
                faults.append((("MISSING", component), place))
            elif code not in LISTS[component].by_id:
                faults.append((("NOT_IN_CODELIST", component), place))
        if period is None:
            faults.append((("MISSING", "TIME_PERIOD"), place))
        elif not fits(period, freq if freq in LISTS["FREQ"].by_id else "_U"):
            faults.append((("PERIOD_DOES_NOT_FIT", "TIME_PERIOD"), place))
        if one in seen:
            faults.append((("DUPLICATE_KEY", "the key"), place))
        seen.add(one)
    counted = Counter(kind for kind, _ in faults)
    return {kind: (counted[kind], min(p for k, p in faults if k == kind)) for kind in counted}
