"""What is published, flagged and withheld by the rules of offices, and that own limits stand in place of theirs."""

from __future__ import annotations

import duckdb
import pytest
from pydantic import ValidationError

from citizenstats.contracts.model import Reliability
from citizenstats.estimate.reliability import PRESETS, verdict_sql

SURE = {"n": 400, "df": 30, "neff": 300.0, "se": 2.0, "cv": 0.04, "lower": 46.0, "upper": 54.0}
"""A share of 50 %, in percent."""

UNKNOWN = dict.fromkeys(("df", "neff", "se", "cv", "lower", "upper"))


def _verdict(asked, kind="proportion", *, value=50.0, has_design=True, **row):
    figure = {"v": value, **{f"_{c}": x for c, x in {**SURE, **row}.items()}}
    sql = verdict_sql(asked, value="v", scale="100", has_design=has_design)
    listed = ", ".join(f"CAST({'NULL' if x is None else x} AS DOUBLE) AS {c}" for c, x in figure.items())
    with duckdb.connect() as engine:
        return engine.sql(f"SELECT {sql} FROM (SELECT '{kind}' AS _kind, {listed})").fetchall()[0][0]


def _interval(estimate, se, width):
    return {"se": se, "cv": se / estimate, "lower": estimate - width / 2, "upper": estimate + width / 2}


@pytest.mark.parametrize(
    ("preset", "kind", "row", "expected"),
    [
        ("nchs", "proportion", {}, "publish"),
        ("nchs", "proportion", {"neff": 29.9}, "withhold"),
        ("nchs", "proportion", {"neff": 29.9, **_interval(50, 1, 4)}, "withhold"),
        ("nchs", "proportion", _interval(50, 8, 30), "withhold"),
        ("nchs", "proportion", _interval(50, 8, 29.9), "publish"),
        ("nchs", "proportion", _interval(10, 3, 13.1), "withhold"),
        # A narrow interval is shown, however wide it is beside the share.
        ("nchs", "proportion", _interval(3, 1, 4.9), "publish"),
        ("nchs", "proportion", _interval(3, 1, 5.1), "withhold"),
        ("nchs", "proportion", _interval(90, 3, 13.1), "flag"),
        ("nchs", "proportion", {"df": 7}, "flag"),
        ("nchs", "proportion", UNKNOWN, "flag"),
        ("nchs", "proportion", {**UNKNOWN, "n": 29}, "withhold"),
        ("nchs", "total", {"n": 9}, "withhold"),
        ("nchs", "total", _interval(10, 3, 15.9), "publish"),
        ("nchs", "total", _interval(10, 3, 16.1), "withhold"),
        ("statcan", "mean", {"cv": 0.165}, "publish"),
        ("statcan", "mean", {"cv": 0.17}, "flag"),
        ("statcan", "mean", {"cv": 0.333}, "flag"),
        ("statcan", "mean", {"cv": 0.334}, "withhold"),
        ("statcan", "mean", {"n": 9}, "withhold"),
        ("abs", "mean", {"cv": 0.249}, "publish"),
        ("abs", "mean", {"cv": 0.25}, "flag"),
        ("abs", "mean", {"cv": 0.5}, "flag"),
        ("abs", "mean", {"cv": 0.51}, "withhold"),
        ("meps", "mean", {"n": 20, "cv": 0.29}, "publish"),
        ("meps", "mean", {"n": 20, "cv": 0.3}, "flag"),
        ("meps", "mean", {"n": 19, "cv": 0.19}, "publish"),
        ("meps", "mean", {"n": 19, "cv": 0.2}, "withhold"),
        ("meps", "mean", {"n": 9, "cv": 0.1}, "withhold"),
        ("meps", "mean", {"n": 3, "cv": 0.09}, "publish"),
        ("meps", "mean", {"n": 2, "cv": 0.01}, "withhold"),
        ("dhs", "proportion", {"n": 24}, "withhold"),
        ("dhs", "proportion", {"n": 25}, "flag"),
        ("dhs", "proportion", {"n": 50}, "publish"),
        ("eu_silc", "proportion", {"n": 19}, "withhold"),
        ("eu_silc", "proportion", {"n": 49}, "flag"),
        ("eu_silc", "proportion", {"n": 50, **UNKNOWN}, "publish"),
    ],
)
def test_the_presets_judge_at_their_limits(preset, kind, row, expected):
    assert _verdict(Reliability(preset=preset), kind, **row) == expected


def test_without_a_design_the_size_alone_judges():
    asked = Reliability(preset="nchs")
    assert _verdict(asked, has_design=False, **UNKNOWN) == "publish"
    assert _verdict(asked, has_design=False, **{**UNKNOWN, "n": 29}) == "withhold"


def test_what_has_no_value_or_no_rule_is_not_judged():
    assert _verdict(Reliability(preset="nchs"), value=None, n=1) == "publish"
    assert _verdict(None, n=1) == "publish"
    assert _verdict(Reliability(preset="nchs"), "count", has_design=False, **{**UNKNOWN, "n": 0}) == "publish"


def test_own_limits_stand_in_place_of_the_presets():
    asked = Reliability.model_validate({"preset": "statcan", "others": {"withhold": {"cv": 0.5}}})
    assert _verdict(asked, "mean", cv=0.4) == "flag"
    assert _verdict(asked, "mean", n=9) == "withhold"
    assert _verdict(asked, "proportion", cv=0.4) == "withhold"


def test_own_limits_need_no_preset():
    asked = Reliability.model_validate({"shares": {"flag": {"width": 0.1}}})
    assert _verdict(asked, **_interval(50, 3, 10.1)) == "flag"
    assert _verdict(asked, **_interval(50, 3, 9.9)) == "publish"


def test_a_width_for_what_is_no_share_is_refused():
    with pytest.raises(ValidationError, match="relative_width is for the others"):
        Reliability.model_validate({"others": {"withhold": {"width": 0.3}}})


def test_every_preset_of_the_contract_has_its_numbers():
    assert set(PRESETS) == {"nchs", "statcan", "abs", "meps", "dhs", "eu_silc"}
