"""Verdicts and scores: unanswered is never good, the worse answer counts, and no score outweighs consent."""

from __future__ import annotations

import json

import pytest

from citizenstats.contracts.model import Assessment
from citizenstats.errors import MappingError, ReleaseError
from citizenstats.quality.catalogue import SHIPPED, Criterion, catalogue
from citizenstats.quality.judge import Answer, answer, graded, joined, may_be_published
from citizenstats.quality.measure import Measured
from citizenstats.release import approve, release
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest
from tests.release import support

MEASURED = Criterion(
    dimension="accuracy",
    question="?",
    evidence="!",
    sources=["us"],
    measure="refused_share",
    met=0.1,
    partly=0.2,
)
BY_PEOPLE = Criterion(dimension="relevance", question="?", evidence="!", sources=["us"])


def _assessed(verdict):
    return Assessment(verdict=verdict, evidence="we looked at it", by="Ada", date="2026-01-01")


@pytest.mark.parametrize(
    ("value", "met", "partly", "verdict"),
    [
        (0.9, 0.9, 0.5, "met"),
        (0.6, 0.9, 0.5, "partly"),
        (0.4, 0.9, 0.5, "not_met"),
        (0.1, 0.1, 0.2, "met"),
        (0.15, 0.1, 0.2, "partly"),
        (0.3, 0.1, 0.2, "not_met"),
        (0, 0, 0, "met"),
        (1, 0, 0, "not_met"),
    ],
)
def test_a_value_is_graded_by_limits_in_either_direction(value, met, partly, verdict):
    assert graded(value, met, partly) == verdict


def test_of_a_measurement_and_a_person_the_worse_counts():
    good = Measured(0.05, "little refused")
    assert answer(MEASURED, good, None).verdict == "met"
    assert answer(MEASURED, good, _assessed("not_met")).verdict == "not_met"
    assert answer(MEASURED, Measured(0.5, "much"), _assessed("met")).verdict == "not_met"


def test_a_person_answers_where_nothing_could_be_measured():
    assert answer(MEASURED, Measured(None, "no rows"), _assessed("partly")).verdict == "partly"
    assert answer(MEASURED, Measured(None, "no sample", applies=False), _assessed("met")).verdict == "met"


def test_what_nobody_answered_stays_unanswered():
    assert answer(BY_PEOPLE, None, None) == Answer("unanswered", "nobody", "Nobody has looked at it.")
    assert answer(MEASURED, Measured(None, "no rows"), None).verdict == "unanswered"


def test_a_dataflow_has_the_worst_of_its_datasets():
    found = [Answer("met", "measurement", "a"), Answer("unanswered", "nobody", "b")]
    assert joined(found).verdict == "unanswered"
    assert joined([*found, Answer("not_applicable", "assessment", "c")]).verdict == "unanswered"


# --- in a release -----------------------------------------------------------------------------------------


def _candidate(house, state="p1", value=1.5):
    delivery = support.deliver(house, support.FIRST, 1)
    support.protect(house, state, {support.FLOW: [support.row(value=value)]}, [delivery])
    told = release.release(house, support.FLOW)
    return told, candidates(house, support.FLOW)[-1]


def test_unanswered_criteria_earn_nothing_and_count_against_the_minimum(tmp_path):
    _, found = _candidate(support.office(tmp_path))
    dimensions = {d["id"]: d for d in found.facts["quality"]["dimensions"]}
    institution = dimensions["institution"]
    assert (institution["criteria"], institution["answered"], institution["score"]) == (2, 0, 0.0)
    assert found.facts["quality"]["score"] < 0.6


def test_without_a_minimum_quality_is_shown_and_hinders_nothing(tmp_path):
    house = support.office(tmp_path)
    told, found = _candidate(house)
    assert told.status == "published"
    assert newest(house.store, support.FLOW).facts["quality"] == found.facts["quality"]


def test_below_the_minimum_nothing_is_published_without_review(tmp_path):
    house = support.office(tmp_path, quality={"minimum": {"overall": 0.99}})
    told, found = _candidate(house)
    assert told.status == "waiting"
    assert newest(house.store, support.FLOW) is None
    assert "99 %" in found.facts["quality"]["hindrances"][0]


def test_below_the_minimum_of_a_dimension_nobody_can_sign(tmp_path):
    house = support.office(
        tmp_path, review="required", quality={"minimum": {"dimensions": {"institution": 0.5}}}
    )
    _candidate(house)
    with pytest.raises(ReleaseError) as refused:
        approve.approve(house, support.FLOW, None, "Carla Chief")
    assert refused.value.code == "BELOW_QUALITY"
    assert "institution" in refused.value.what


def test_consent_closes_whatever_the_score_is(tmp_path):
    house = support.office(tmp_path)
    contract = house.mappings.datasets[support.FIRST].contract
    assessment = {i: _assessed("met") for i in catalogue(tmp_path).criteria}
    assessment["CONSENT_BASIS"] = _assessed("partly")
    object.__setattr__(contract, "assessment", assessment)
    told, found = _candidate(house)
    assert told.status == "waiting"
    assert found.facts["quality"]["gate"] == "closed"
    assert not may_be_published(found.facts)
    with pytest.raises(ReleaseError) as refused:
        approve.approve(house, support.FLOW, None, "Carla Chief")
    assert refused.value.code == "GATE_CLOSED"


def test_what_is_found_later_makes_a_new_candidate(tmp_path):
    asked = {"minimum": {"dimensions": {"institution": 0.5}}}
    house = support.office(tmp_path, quality=asked)
    _, first = _candidate(house)
    for dataset in house.mappings.datasets.values():
        object.__setattr__(
            dataset.contract,
            "assessment",
            {"IMPARTIALITY": _assessed("met"), "SUSTAINED_ACCESS": _assessed("met")},
        )
    told = release.release(house, support.FLOW)
    assert told.status == "published"
    assert newest(house.store, support.FLOW).candidate != first.id


def test_nothing_of_a_delivery_is_in_the_public_verdict(tmp_path):
    house = support.office(tmp_path)
    _candidate(house)
    text = json.dumps(newest(house.store, support.FLOW).facts["quality"])
    assert "secret name" not in text
    assert "Ada" not in text


# --- the catalogue ----------------------------------------------------------------------------------------


def _own(tmp_path, text):
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "criteria.yaml").write_text(text, "utf-8")
    return catalogue(tmp_path)


def test_every_shipped_criterion_says_what_is_needed_and_where_it_comes_from(tmp_path):
    found = catalogue(tmp_path)
    assert SHIPPED.exists()
    assert {c.dimension for c in found.criteria.values()} == set(found.dimensions)
    assert all(c.question["en"] and c.evidence["en"] and c.sources for c in found.criteria.values())


def test_an_office_replaces_leaves_out_and_adds(tmp_path):
    found = _own(
        tmp_path,
        "version: 2.0.0\ndimensions: {language: Language}\ncriteria:\n"
        "  LANGUAGES: null\n"
        "  PLAIN_WORDS: {dimension: language, question: Plain, evidence: Texts, sources: [our office]}\n"
        "  TIMELINESS: {dimension: timeliness, question: Soon, evidence: Days, sources: [our office],"
        " measure: days_to_arrival, met: 30, partly: 60}\n",
    )
    assert "LANGUAGES" not in found.criteria
    assert found.criteria["PLAIN_WORDS"].dimension == "language"
    assert found.criteria["TIMELINESS"].met == 30
    assert found.version == "2.0.0"


@pytest.mark.parametrize("text", ["criteria: {CONSENT_BASIS: null}\n", (
    "criteria:\n  CONSENT_BASIS: {dimension: consent, question: '?', evidence: '!', sources: [us],"
    " measure: consent_basis, met: 0, partly: 0, gate: true}\n"
)])  # fmt: skip
def test_no_office_can_take_the_gate_away(tmp_path, text):
    with pytest.raises(MappingError) as refused:
        _own(tmp_path, text)
    assert refused.value.code == "GATE_LEFT_OUT"


def test_an_unknown_measurement_is_told(tmp_path):
    with pytest.raises(MappingError) as refused:
        _own(
            tmp_path,
            "criteria:\n  X: {dimension: accuracy, question: '?', evidence: '!', sources: [us],"
            " measure: luck, met: 1, partly: 1}\n",
        )
    assert "luck" in refused.value.what
