"""The states of a candidate: who may sign or reject, what a rejection stops, and what is told of it everywhere."""

import json
import threading
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

import citizenstats
from citizenstats.cli.main import main
from citizenstats.errors import ReleaseError
from citizenstats.release.approve import approve
from citizenstats.release.candidate import candidates
from citizenstats.release.decision import decision_of, record, sign, signatures_of
from citizenstats.release.manifest import newest
from citizenstats.release.publish import publish_due
from citizenstats.release.recall import recall
from citizenstats.release.reject import reject
from citizenstats.release.release import release
from citizenstats.release.state import states
from citizenstats.store import Store, as_json, read_json

from .support import FIRST, FLOW, NOW, OTHER, deliver, office, protect, row, structures

JANUARY, FEBRUARY = "2026-01-10T08:00:00Z", "2026-02-10T08:00:00Z"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def prepared(house, state, rows, number=1, arrived=JANUARY, other=()):
    protect(house, state, {FLOW: rows, OTHER: list(other)}, [deliver(house, FIRST, number, arrived)])


def waiting(tmp_path, review="required", **flow):
    house = office(tmp_path, review=review, **flow)
    prepared(house, "s1", [row()])
    release(house, FLOW)
    return house


def told(house):
    return [(s.release or s.candidate, s.name) for s in states(house, FLOW)]


# --- rejection --------------------------------------------------------------------------------------------


def test_a_rejection_ends_the_waiting_and_nothing_is_published(tmp_path):
    house = waiting(tmp_path)
    done = reject(house, FLOW, None, " Rita   Reviewer ", "  the rate of NP cannot be ")
    assert (done.status, done.candidate, done.release, done.signed_by) == (
        "rejected", "C0001", None, ("Rita Reviewer",),
    )  # fmt: skip
    assert not publish_due(house, FLOW)
    with pytest.raises(ReleaseError, match="DECIDED: C0001 was rejected before"):
        approve(house, FLOW, "C0001", "Carla Chief")
    with pytest.raises(ReleaseError, match="NOTHING_WAITS"):
        approve(house, FLOW, None, "Carla Chief")
    [state] = states(house, FLOW)
    assert (state.name, state.verdict, state.by, state.note) == (
        "rejected", "rejected", "Rita Reviewer", "the rate of NP cannot be",
    )  # fmt: skip


@pytest.mark.parametrize(("person", "note", "code"), [("", "wrong", "NO_NAME"), ("Rita", "  ", "NO_REASON")])
def test_a_rejection_names_a_person_and_a_reason(tmp_path, person, note, code):
    house = waiting(tmp_path)
    with pytest.raises(ReleaseError, match=code):
        reject(house, FLOW, None, person, note)
    assert candidates(house, FLOW)[0].is_waiting


def test_the_author_of_a_contract_may_reject_what_he_may_not_sign(tmp_path):
    house = waiting(tmp_path)
    assert reject(house, FLOW, None, "Ada Author", "I mapped a column wrongly").status == "rejected"


def test_what_was_rejected_is_not_offered_again_as_long_as_nothing_changes(tmp_path):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    assert release(house, FLOW).status == "rejected"
    # The same state of this dataflow, protected again beside another one of its family.
    protect(house, "s1b", {FLOW: [row()], OTHER: [row("PH")]}, [f"{FIRST}/000001-{'ab' * 6}"])
    assert release(house, FLOW).status == "rejected"
    assert told(house) == [("C0001", "rejected")]


def test_another_delivery_with_the_same_figures_is_offered_again(tmp_path):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    prepared(house, "s2", [row()], number=2, arrived=FEBRUARY)
    assert release(house, FLOW).candidate == "C0002"
    assert told(house) == [("C0001", "rejected"), ("C0002", "waiting")]


def test_other_figures_from_the_same_delivery_are_offered_again(tmp_path):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    prepared(house, "s2", [row(value=2)])
    assert release(house, FLOW).candidate == "C0002"


def test_another_contract_structure_or_code_is_offered_again(tmp_path, monkeypatch):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    first = house.mappings.datasets[FIRST]
    raised = replace(
        first, contract=first.contract.model_copy(update={"version": "9.0.0", "title": {"en": "Other"}})
    )
    changed = replace(house.mappings, datasets={**house.mappings.datasets, FIRST: raised})
    assert release(replace(house, mappings=changed), FLOW).candidate == "C0002"
    reject(replace(house, mappings=changed), FLOW, None, "Rita Reviewer", "wrong")

    areas = structures().scheme(
        structures().structure_of(house.mappings.reference(FLOW)).by_id["REF_AREA"].codelist
    )
    renamed = structures(REF_AREA=replace(areas, names={"en": "Places"}))
    assert release(replace(house, mappings=replace(changed, structures=renamed)), FLOW).candidate == "C0003"
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    assert release(house, FLOW).status == "rejected"
    monkeypatch.setattr(citizenstats, "__version__", "99.0.0")
    assert release(house, FLOW).candidate == "C0004"


def test_a_state_that_returns_to_a_rejected_one_makes_what_waits_obsolete(tmp_path):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "wrong")
    prepared(house, "s2", [row(value=2)], number=2, arrived=FEBRUARY)
    release(house, FLOW)
    protect(house, "s1", {FLOW: [row()], OTHER: []}, [f"{FIRST}/000001-{'ab' * 6}"])
    assert (done := release(house, FLOW)).status == "rejected"
    assert done.candidate == "C0001"
    assert told(house) == [("C0001", "rejected"), ("C0002", "obsolete")]
    assert candidates(house, FLOW)[1].decision.note == "what C0001 held is there again, and was rejected"


def test_the_next_review_page_says_what_was_rejected_by_whom_and_why(tmp_path):
    house = waiting(tmp_path)
    reject(house, FLOW, None, "Rita Reviewer", "the rate of <NP> cannot be")
    prepared(house, "s2", [row(value=2)], number=2, arrived=FEBRUARY)
    release(house, FLOW)
    page = candidates(house, FLOW)[-1].review.read_text("utf-8")
    section = page[page.index('id="rejected"') :]
    for word in ("C0001", "Rita Reviewer", NOW, "the rate of &lt;NP&gt; cannot be"):
        assert word in section, word
    approve(house, FLOW, None, "Carla Chief")
    prepared(house, "s3", [row(value=3)], number=3, arrived=FEBRUARY)
    release(house, FLOW)
    assert 'id="rejected"' not in candidates(house, FLOW)[-1].review.read_text("utf-8")


def test_no_review_lets_out_what_was_rejected_after_a_recall(tmp_path):
    house = waiting(tmp_path, "none")
    recall(house, FLOW, "R0001", "Dora Deputy", "wrong")
    assert release(house, FLOW).status == "waiting"
    reject(house, FLOW, None, "Rita Reviewer", "still wrong")
    assert release(house, FLOW).status == "rejected"
    assert newest(house.store, FLOW) is None


def test_who_took_a_release_back_and_why_is_told_to_the_office(tmp_path, monkeypatch, capsys):
    house = waiting(tmp_path, "none")
    recall(house, FLOW, "R0001", " Dora  Deputy ", "one home can be told")
    [state] = [s for s in states(house, FLOW) if s.release]
    assert (state.name, state.taken_back.by, state.taken_back.reason) == (
        "recalled", "Dora Deputy", "one home can be told",
    )  # fmt: skip
    monkeypatch.setattr("citizenstats.house.load_mappings", lambda folder: house.mappings)
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit):
            main(["releases", FLOW, "--home", str(house.store.home), *more])
        said = capsys.readouterr().out
        # The table folds its cells.
        assert "one home can be told" in said if more else "Dora" in said
    facts = json.loads(said)
    schema = resources.files("citizenstats.schemas") / "releases.schema.json"
    jsonschema.validate(facts, json.loads(schema.read_text()))
    assert facts["releases"][0]["taken_back"] == {
        "by": "Dora Deputy", "reason": "one home can be told", "time": NOW,
    }  # fmt: skip
    assert "one home" not in (house.store.releases(FLOW) / "1.0.0" / "R0001" / "manifest.json").read_text()


# --- four eyes --------------------------------------------------------------------------------------------


def test_two_different_persons_sign_and_the_manifest_lists_both(tmp_path):
    house = waiting(tmp_path, "four_eyes")
    once = approve(house, FLOW, None, "Carla Chief", "looked at the figures")
    assert (once.status, once.release, once.signed_by) == ("signed_once", None, ("Carla Chief",))
    assert told(house) == [("C0001", "signed_once")]
    assert release(house, FLOW) == once
    assert not publish_due(house, FLOW)
    assert not house.store.releases(FLOW).exists()
    twice = approve(house, FLOW, None, "Dora Deputy", "looked at the changes")
    assert (twice.status, twice.release) == ("published", "R0001")
    manifest = read_json(twice.folder / "manifest.json")
    schema = resources.files("citizenstats.schemas") / "manifest.schema.json"
    jsonschema.validate(manifest, json.loads(schema.read_text()))
    assert manifest["sign_off"] == {
        "by": "Dora Deputy", "note": "looked at the changes", "required": True, "time": NOW,
        "signatures": [
            {"by": "Carla Chief", "note": "looked at the figures", "time": NOW},
            {"by": "Dora Deputy", "note": "looked at the changes", "time": NOW},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("again", ["Carla Chief", " carla  CHIEF", "Carla Chief <other@example.org>"])
def test_the_same_person_is_not_two(tmp_path, again):
    house = waiting(tmp_path, "four_eyes")
    approve(house, FLOW, None, "Carla Chief")
    with pytest.raises(ReleaseError, match="SIGNED_BEFORE"):
        approve(house, FLOW, None, again)
    assert told(house) == [("C0001", "signed_once")]


def test_neither_of_the_two_wrote_a_contract(tmp_path):
    house = waiting(tmp_path, "four_eyes")
    with pytest.raises(ReleaseError, match="OWN_CONTRACT"):
        approve(house, FLOW, None, "Ada Author")
    approve(house, FLOW, None, "Carla Chief")
    with pytest.raises(ReleaseError, match="OWN_CONTRACT"):
        approve(house, FLOW, None, "Bo Writer")
    assert told(house) == [("C0001", "signed_once")]


@pytest.mark.parametrize("person", ["Rita Reviewer", "Carla Chief"])
def test_a_rejection_ends_what_one_has_signed(tmp_path, person):
    house = waiting(tmp_path, "four_eyes")
    approve(house, FLOW, None, "Carla Chief", "fine")
    assert reject(house, FLOW, None, person, "not fine").status == "rejected"
    [state] = states(house, FLOW)
    assert (state.name, state.by, [s.by for s in state.signatures]) == ("rejected", person, ["Carla Chief"])


def test_a_signature_does_not_pass_to_the_next_candidate(tmp_path):
    house = waiting(tmp_path, "four_eyes")
    approve(house, FLOW, None, "Carla Chief")
    prepared(house, "s2", [row(value=2)], number=2, arrived=FEBRUARY)
    assert release(house, FLOW).status == "waiting"
    assert told(house) == [("C0001", "obsolete"), ("C0002", "waiting")]
    assert approve(house, FLOW, None, "Dora Deputy").status == "signed_once"


def test_who_has_signed_signs_anew_when_one_is_enough_now(tmp_path):
    house = waiting(tmp_path, "four_eyes")
    approve(house, FLOW, None, "Carla Chief", "first")
    house = office(tmp_path, review="required")
    assert release(house, FLOW).status == "signed_once"
    assert approve(house, FLOW, None, "Carla Chief", "second").status == "published"
    assert [s.note for s in newest(house.store, FLOW).signatures] == ["second"]


# --- side by side -----------------------------------------------------------------------------------------


def test_however_many_sign_and_reject_at_once_one_thing_is_decided(tmp_path):
    for attempt in range(20):
        store, folder = Store(tmp_path), tmp_path / "restricted" / str(attempt)
        doers = [lambda s=store, f=folder, n=n: sign(s, f, f"Person {n % 3}", "", 2) for n in range(6)]
        doers.append(lambda s=store, f=folder: record(s, f, "rejected", "Rita Reviewer", "no"))
        threads = [threading.Thread(target=doer) for doer in doers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        decided = decision_of(folder)
        if decided.decision == "approved":
            assert len({s.by for s in decided.signatures}) == 2
            assert decided.by == decided.signatures[-1].by
        assert len(signatures_of(folder)) <= 1
        assert not list(folder.glob(".work-*"))


def test_a_signature_that_comes_after_a_rejection_is_refused(tmp_path, monkeypatch):
    house = waiting(tmp_path, "four_eyes")

    def rejected_meanwhile(store, folder, *arguments):
        reject(house, FLOW, None, "Rita Reviewer", "wrong")
        return sign(store, folder, *arguments)

    monkeypatch.setattr("citizenstats.release.approve.sign", rejected_meanwhile)
    with pytest.raises(ReleaseError, match="DECIDED: C0001 was rejected before"):
        approve(house, FLOW, None, "Carla Chief")
    assert told(house) == [("C0001", "rejected")]
    assert [s.by for s in candidates(house, FLOW)[0].signatures] == []


# --- the states by name -----------------------------------------------------------------------------------


def test_every_state_is_told_by_its_name(tmp_path, monkeypatch):
    until = {"until": "2026-03-05T09:00:00Z"}
    house = waiting(tmp_path)
    assert told(house) == [("C0001", "waiting")]
    approve(house, FLOW, None, "Carla Chief")
    assert told(house) == [("R0001", "published")]
    later = office(tmp_path, review="required", embargo=until)
    for number, value in ((2, 2.0), (3, 3.0)):
        prepared(later, f"s{number}", [row(value=value)], number=number, arrived=FEBRUARY)
        release(later, FLOW)
        approve(later, FLOW, None, "Carla Chief")
    assert told(later) == [("R0001", "published"), ("C0002", "embargoed"), ("C0003", "embargoed")]
    assert states(later, FLOW)[1].public_from.isoformat() == "2026-03-05T09:00:00+00:00"
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-03-06T09:00:00Z")
    publish_due(later, FLOW)
    assert told(later) == [("R0001", "superseded"), ("R0002", "published"), ("C0002", "superseded")]
    recall(later, FLOW, "R0002", "Dora Deputy", "wrong")
    assert told(later) == [("R0001", "published"), ("R0002", "recalled"), ("C0002", "superseded")]


def test_what_was_signed_off_and_then_voided_by_a_recall_is_obsolete(tmp_path):
    house = waiting(tmp_path)
    approve(house, FLOW, None, "Carla Chief")
    later = office(tmp_path, review="required", embargo={"until": "2026-03-05T09:00:00Z"})
    prepared(later, "s2", [row(value=2)], number=2, arrived=FEBRUARY)
    release(later, FLOW)
    approve(later, FLOW, None, "Carla Chief")
    recall(later, FLOW, "R0001", "Dora Deputy", "wrong")
    assert told(later) == [("R0001", "recalled"), ("C0002", "obsolete")]


def test_a_decision_and_a_manifest_from_before_two_could_sign_are_read(tmp_path):
    house = waiting(tmp_path)
    folder = candidates(house, FLOW)[0].folder
    old = {"decision": "approved", "by": "Carla Chief", "note": "seen", "time": NOW}
    house.store.commit_once(folder / "decision.json", as_json(old))
    assert [s.note for s in candidates(house, FLOW)[0].signatures] == ["seen"]
    publish_due(house, FLOW)
    found = newest(house.store, FLOW)
    told_then = {k: v for k, v in found.facts["sign_off"].items() if k != "signatures"}
    assert [s.by for s in replace(found, facts={**found.facts, "sign_off": told_then}).signatures] == [
        "Carla Chief"
    ]
