"""The comparison of a sample with official counts: shares, the summary, and small categories."""

from __future__ import annotations

import pytest

from citizenstats.errors import CitizenstatsError
from citizenstats.estimate.benchmarks import Cell
from citizenstats.estimate.representative import (
    OTHERS,
    compared,
    for_everybody,
    most_dissimilar,
    said_of_comparison,
)
from tests.estimate.sampled import counted

OFFICIAL = counted({"N": 200, "S": 300, "E": 400, "W": 100})


def cells(period: str | None = None, **units: int) -> list[Cell]:
    return [Cell(period, (region,), n, 2.0 * n, 4.0 * n) for region, n in units.items()]


def test_shares_stand_beside_the_official_ones() -> None:
    (found,) = compared("regions", OFFICIAL, cells(N=40, S=20, E=30, W=10), 10, "here")
    assert [c["category"] for c in found["categories"]] == [["N"], ["S"], ["E"], ["W"]]
    assert [c["official"] for c in found["categories"]] == [0.2, 0.3, 0.4, 0.1]
    assert [c["unweighted"] for c in found["categories"]] == [0.4, 0.2, 0.3, 0.1]
    assert found["dissimilarity"] == 0.2
    assert found["largest"] == {"category": ["N"], "difference": 0.2}


def test_weighted_shares_are_by_weights() -> None:
    sample = [Cell(None, ("N",), 50, 10.0, 2.0), Cell(None, ("S",), 50, 30.0, 18.0)]
    (found,) = compared("regions", counted({"N": 25, "S": 75}), sample, 10, "here")
    assert [c["weighted"] for c in found["categories"]] == [0.25, 0.75]
    assert [c["unweighted"] for c in found["categories"]] == [0.5, 0.5]
    assert found["dissimilarity"] == 0


def test_small_categories_stand_together_and_never_alone() -> None:
    (found,) = compared("regions", OFFICIAL, cells(N=40, S=3, E=45, W=12), 10, "here")
    shown = {tuple(c["category"]): c["unweighted"] for c in found["categories"]}
    # 3 alone would be what is left of 100 percent, so the next smallest hides it.
    assert shown == {("N",): 0.4, ("E",): 0.45, (OTHERS,): 0.15}


def test_a_category_without_anybody_is_told() -> None:
    (found,) = compared("regions", OFFICIAL, cells(N=40, S=30, E=30), 10, "here")
    assert {tuple(c["category"]): c["unweighted"] for c in found["categories"]}[("W",)] == 0


def test_nothing_is_told_of_a_sample_that_is_too_small() -> None:
    assert compared("regions", OFFICIAL, cells(N=4, S=3, E=2), 10, "here") == []


def test_records_without_a_category_are_left_out_and_unknown_ones_are_an_error() -> None:
    open_ones = [*cells(N=40, S=40), Cell(None, (None,), 20, 40.0, 80.0)]
    (found,) = compared("regions", OFFICIAL, open_ones, 10, "here")
    assert found["categories"][0]["unweighted"] == 0.5
    with pytest.raises(CitizenstatsError, match="BENCHMARK_UNKNOWN_CATEGORY") as raised:
        compared("regions", OFFICIAL, cells(N=40, Nowhere=1), 10, "here")
    assert "Nowhere" not in str(raised.value)


def test_periods_that_nobody_counted_are_left_out() -> None:
    of_2020 = counted({"N": 200, "S": 300}, "2020")
    sample = [*cells("2016", N=50, S=50), *cells("2020", N=40, S=60)]
    assert [c["period"] for c in compared("regions", of_2020, sample, 10, "here")] == ["2020"]


def test_the_most_dissimilar_benchmark_of_the_newest_period_counts() -> None:
    old = {"benchmark": "a", "period": "2016", "dissimilarity": 0.9}
    new = {"benchmark": "a", "period": "2020", "dissimilarity": 0.1}
    other = {"benchmark": "b", "period": "2020", "dissimilarity": 0.2}
    assert most_dissimilar([old, new, other]) == other
    assert most_dissimilar([old, new]) == new
    assert most_dissimilar([]) is None


@pytest.mark.parametrize("asked", [40, 100, 300, 1000, 5000])
def test_no_count_of_the_sample_follows_from_what_everybody_is_told(asked: int) -> None:
    """Whoever knows the size of the sample and the official shares tries every count of the category that is named."""
    (found,) = compared(
        "regions", counted({"N": 30, "S": 70}), cells(N=asked // 2, S=asked - asked // 2), 10, "here"
    )
    told = for_everybody(found)
    if asked == 40:
        assert told is None
        assert "too small" in said_of_comparison(found)
        return
    assert told is not None
    assert told["categories"] == []
    assert said_of_comparison(found) == said_of_comparison(told)
    possible = [
        n
        for n in range(10, asked - 9)
        for (other,) in [
            compared("regions", counted({"N": 30, "S": 70}), cells(N=n, S=asked - n), 10, "here")
        ]
        if for_everybody(other) == told
    ]
    assert max(possible) - min(possible) >= 10
    as_for_the_office = [
        n for n in range(10, asked - 9) if round(n / asked, 2) == found["categories"][0]["unweighted"]
    ]
    assert len(as_for_the_office) <= asked / 100 + 1
