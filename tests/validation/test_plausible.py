"""Values beside those of the last release, and beside official ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from citizenstats.engine import session
from citizenstats.validation.finding import Frame
from citizenstats.validation.plausible import Limits, change_findings, official_findings
from tests.validation.support import STRUCTURE, row, values_sql

Told = list[tuple[str, str, int, int | None, tuple[str, ...]]]


def found(look: Any, present: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]], **more: Any) -> Told:
    columns = [*STRUCTURE.by_id, *({"STD_ERROR"} if "STD_ERROR" in present[0] else ())]
    with session(threads=1) as engine:
        frames = [Frame(values_sql(rows, columns), "_row") for rows in (present, other)]
        findings = list(look(engine, *frames, STRUCTURE, **more))
    assert all(f.severity == "warning" for f in findings)
    return [(f.code, f.component, f.count, f.row, f.values) for f in findings]


def value(said: Any, **more: Any) -> dict[str, Any]:
    return row(**{"OBS_VALUE": said, **more})


def test_a_value_that_is_as_before_or_a_little_off_has_no_finding() -> None:
    assert found(change_findings, [value(10), value(12, sex="M")], [value(10), value(10, sex="M")]) == []


def test_a_large_change_is_told_at_its_key() -> None:
    assert found(change_findings, [value(1, sex="M"), value(16)], [value(10), value(1, sex="M")]) == [
        ("LARGE_CHANGE", "OBS_VALUE", 1, 2, ("A.DK.F.2020",))
    ]
    assert found(change_findings, [value(16)], [value(10)], limits=Limits(change=0.7)) == []
    assert found(change_findings, [value(16)], [value(10)], limits=Limits(least=6.0)) == []


def test_with_standard_errors_a_change_is_large_beyond_three_of_them() -> None:
    now, before = value(10, STD_ERROR=1), value(16, STD_ERROR=1)
    assert [f[0] for f in found(change_findings, [now], [before])] == ["LARGE_CHANGE"]
    assert found(change_findings, [now | {"STD_ERROR": "2"}], [before]) == []


def test_another_sign_is_told() -> None:
    assert [f[0] for f in found(change_findings, [value(-1)], [value(1)], limits=Limits(change=5))] == [
        "SIGN_CHANGED"
    ]


def test_a_value_that_is_gone_or_empty_is_told() -> None:
    gone = found(
        change_findings, [value(None), value(1, sex="M")], [value(1), value(1, sex="M"), value(1, area="NP")]
    )
    assert gone == [("VALUE_GONE", "OBS_VALUE", 2, 1, ("A.DK.F.2020", "A.NP.F.2020"))]


def test_a_new_period_far_from_the_last_one_needs_a_break() -> None:
    before = [value(5, period="2019"), value(10)]
    new = value(30, period="2021")
    assert found(change_findings, [*before, new], before) == [
        ("BREAK_NOT_TOLD", "OBS_VALUE", 1, 3, ("A.DK.F.2021",))
    ]
    assert found(change_findings, [*before, new | {"OBS_STATUS": "B"}], before) == []
    assert found(change_findings, [*before, value(11, period="2021"), value(12, period="2022")], before) == []
    assert [f[4] for f in found(change_findings, [*before, new, value(70, period="2022")], before)] == [
        ("A.DK.F.2021", "A.DK.F.2022")
    ]


def test_an_official_value_that_is_far_is_told() -> None:
    assert found(official_findings, [value(10), value(10, sex="M")], [value(11), value(12, sex="M")]) == [
        ("OFFICIAL_DIFFERS", "OBS_VALUE", 1, 2, ("A.DK.M.2020",))
    ]


def test_an_official_series_is_matched_by_the_dimensions_that_both_have() -> None:
    key = ("REF_AREA", "SEX", "TIME_PERIOD")
    other = [value(20, FREQ="Q")]
    assert found(official_findings, [value(10)], other) == []
    assert found(official_findings, [value(10)], other, key=key) == [
        ("OFFICIAL_DIFFERS", "OBS_VALUE", 1, 1, ("DK.F.2020",))
    ]
