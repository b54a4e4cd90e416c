"""Parts of counts add up to their totals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizenstats.validation.finding import Finding
from citizenstats.validation.hierarchy import hierarchy_findings
from tests.validation.support import STRUCTURE, STRUCTURES, framed, row


def count(area: str, sex: str, value: Any, **more: Any) -> dict[str, Any]:
    return row(area, sex, OBS_VALUE=value, UNIT_MEASURE="NUMBER", **more)


def found(*rows: dict[str, Any]) -> list[Finding]:
    with framed(rows) as (engine, frame):
        return list(hierarchy_findings(engine, frame, STRUCTURE, STRUCTURES))


def told(*rows: dict[str, Any]) -> list[tuple[str, int, int | None, tuple[str, ...]]]:
    findings = found(*rows)
    assert all((f.code, f.severity) == ("DOES_NOT_ADD_UP", "warning") for f in findings)
    return [(f.component, f.count, f.row, f.values) for f in findings]


def test_parts_that_add_up_have_no_finding() -> None:
    assert told(count("DK", "F", 40), count("DK", "M", 60), count("DK", "_T", 100)) == []
    assert told(count("DK-81", "F", 40), count("DK-82", "F", 60), count("DK", "F", 100)) == []


def test_sexes_that_do_not_add_up_are_told_at_the_total() -> None:
    assert told(count("DK", "_T", 110), count("DK", "F", 40), count("DK", "M", 60)) == [
        ("SEX", 1, 1, ("A.DK._T.2020",))
    ]


def test_areas_that_do_not_add_up_are_told_by_the_hierarchy_of_their_list() -> None:
    assert told(
        count("DK-81", "F", 40), count("DK-82", "F", 60), count("DK", "F", 90), count("NP", "F", 7)
    ) == [("REF_AREA", 1, 3, ("A.DK.F.2020",))]


@pytest.mark.parametrize(("total", "wrong"), [(101.5, False), (101.6, True), (98.5, False), (98.4, True)])
def test_rounding_is_allowed_for(total: float, wrong: bool) -> None:
    assert bool(told(count("DK", "F", 40), count("DK", "M", 60), count("DK", "_T", total))) is wrong


def test_rates_are_not_added() -> None:
    assert (
        told(row("DK", "F", OBS_VALUE=40), row("DK", "M", OBS_VALUE=60), row("DK", "_T", OBS_VALUE=50)) == []
    )


def test_a_part_that_is_missing_leaves_the_total_alone_unless_the_others_are_more_than_it() -> None:
    other = [count("NP", "F", 1), count("NP", "M", 1)]
    assert told(*other, count("DK", "F", 40), count("DK", "_T", 100)) == []
    assert told(*other, count("DK", "F", 40), count("DK", "M", None), count("DK", "_T", 100)) == []
    assert told(*other, count("DK", "F", 140), count("DK", "_T", 100)) == [("SEX", 1, 4, ("A.DK._T.2020",))]


def test_parts_of_another_period_do_not_count() -> None:
    assert told(count("DK", "F", 40), count("DK", "M", 60, period="2021"), count("DK", "_T", 40)) == []


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["DK", "NP"]), st.sampled_from(["F", "M", "_T"])),
        st.one_of(st.none(), st.integers(0, 12)),
        min_size=1,
    )
)
def test_totals_are_judged_as_a_plain_reading_judges_them(cells: dict[tuple[str, str], int | None]) -> None:
    used = {sex for _, sex in cells} & {"F", "M"}
    wrong = set()
    for area in ("DK", "NP"):
        total = cells.get((area, "_T"))
        parts = [v for s in used if (v := cells.get((area, s))) is not None]
        allowed = 0.5 * (len(parts) + 1)
        if total is not None and parts:
            apart = sum(parts) - total
            if apart > allowed or (len(parts) == len(used) and abs(apart) > allowed):
                wrong.add(f"A.{area}._T.2020")
    findings = found(*(count(area, sex, value) for (area, sex), value in cells.items()))
    assert {v for f in findings for v in f.values} == wrong
