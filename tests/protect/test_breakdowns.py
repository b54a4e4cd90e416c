"""Which breakdowns may stand together."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from citizenstats.protect.breakdowns import is_decomposable, shown


def breakdowns(*names: str) -> list[frozenset[str]]:
    return [frozenset(n) for n in names]


ALL_OF_4 = [frozenset(chosen) for size in range(5) for chosen in combinations("abcd", size)]


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (["ab", "bc"], True),
        (["ab", "bc", "cd"], True),
        (["ab", "ac", "ad"], True),
        (["abc", "bcd"], True),
        (["ab", "cd"], True),
        (["a"], True),
        ([], True),
        (["ab", "bc", "ac"], False),
        (["ab", "bc", "cd", "ad"], False),
        (["abc", "abd", "acd"], False),
        (["abc", "abd", "acd", "bcd"], False),
        (["abc", "cde", "aef"], False),
    ],
)
def test_running_intersection_is_told(family: list[str], expected: bool) -> None:
    for order in (family, family[::-1]):
        assert is_decomposable(breakdowns(*order)) is expected


def test_everything_is_shown_where_nothing_is_unsafe() -> None:
    assert shown(ALL_OF_4, []) == frozenset(ALL_OF_4)


def test_nothing_finer_than_an_unsafe_breakdown_is_shown() -> None:
    chosen = shown(ALL_OF_4, breakdowns("cd"))
    assert not any(frozenset("cd") <= b for b in chosen)
    assert frozenset("abc") in chosen


def test_the_cycle_of_two_way_tables_is_never_shown_whole() -> None:
    chosen = shown(breakdowns("", "a", "b", "c", "ab", "ac", "bc", "abc"), breakdowns("abc"), order="abc")
    assert {"ab", "ac"} == {"".join(sorted(b)) for b in chosen if len(b) == 2}


def test_what_is_shown_is_closed_and_decomposable_whatever_is_unsafe() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(300):
        unsafe = chance.sample(ALL_OF_4, chance.randrange(len(ALL_OF_4)))
        chosen = shown(ALL_OF_4, unsafe)
        assert not any(u <= b for u in unsafe for b in chosen)
        assert all(inner in chosen for b in chosen for inner in ALL_OF_4 if inner < b)
        largest = [b for b in chosen if not any(b < other for other in chosen)]
        assert is_decomposable(largest)
