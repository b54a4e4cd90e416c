"""Which codes of a former version have one counterpart."""

import pytest

from citizenstats.sdmx.recoding import counterparts

THEN = ("DK", "NP", "PH", "SE")


@pytest.mark.parametrize(
    ("declared", "now", "kept", "left_out"),
    [
        ({}, THEN, {c: c for c in THEN}, {}),
        ({"DK": "DNK"}, ("DNK", "NP", "PH", "SE"), {"DK": "DNK", "NP": "NP", "PH": "PH", "SE": "SE"}, {}),
        ({"DK": ["DNK"]}, ("DNK", "NP", "PH", "SE"), {"DK": "DNK", "NP": "NP", "PH": "PH", "SE": "SE"}, {}),
        ({"DK": "NP", "NP": "DK"}, THEN, {"DK": "NP", "NP": "DK", "PH": "PH", "SE": "SE"}, {}),
        (
            {"DK": "EU", "SE": "EU"}, ("EU", "NP", "PH"), {"NP": "NP", "PH": "PH"},
            {"DK": "merged with SE into EU", "SE": "merged with DK into EU"},
        ),
        # Into a code that stays.
        ({"DK": "SE"}, THEN, {"NP": "NP", "PH": "PH"}, {"DK": "merged with SE into SE", "SE": "merged with DK into SE"}),
        (
            {"DK": ["DK1", "DK2"]}, ("DK1", "DK2", "NP", "PH", "SE"), {"NP": "NP", "PH": "PH", "SE": "SE"},
            {"DK": "split into DK1, DK2"},
        ),
        # A part of one that was split is another's too: neither is the former figure.
        (
            {"DK": ["DK1", "XX"], "SE": "XX"}, ("DK1", "XX", "NP", "PH"), {"NP": "NP", "PH": "PH"},
            {"DK": "split into DK1, XX", "SE": "merged with DK into XX"},
        ),
        ({}, ("DK", "NP"), {"DK": "DK", "NP": "NP"}, {"PH": "no longer there", "SE": "no longer there"}),
    ],
)  # fmt: skip
def test_one_code_that_became_one_code_is_kept_and_why_another_is_not(declared, now, kept, left_out):
    found = counterparts(declared, THEN, now)
    assert (found.kept, found.left_out) == (kept, left_out)
    assert found.is_same == (declared == {} and now == THEN)
