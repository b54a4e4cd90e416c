"""Measurements, on records and figures whose shares are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset
from citizenstats.contracts.model import Contract
from citizenstats.house import House
from citizenstats.quality.delivery import quality_of_delivery
from citizenstats.quality.figures import figures_of
from citizenstats.quality.measure import OF_DATASET, Subject, feeding, percent
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.outcome import Outcome
from citizenstats.store import Store, as_json
from tests.release import support

COUNTS = {"read": 100, "accepted": 90, "refused": 5, "withheld": 3, "ignored": 2}


def _contract(**record):
    return Contract.model_validate(
        {
            "title": "Votes",
            "author": "Ada",
            "delivery": {"expected_every_days": 30, "grace_days": 5},
            "record": {
                "origin": "state_with_participation",
                "initiator": "office",
                "participation": {"design": 3, "collect": 2},
                "consent": {"basis": "individual", "evidence": "form", "condition": "agreed"},
                "publication": "aggregate_only",
                "population": "people",
                "mode": "web",
                "sampling": "probability",
                "response_rate": 0.5,
                "methodology": "in a drawer",
                "licence": "CC-BY-4.0",
                "contact": "a@example.org",
                "limitations": "few",
                **record,
            },
            "columns": {
                "who": {"role": "identifier"},
                "year": {"type": "period"},
                "agreed": {"type": "boolean"},
                "voted": {"type": "boolean", "not_applicable": ["child"]},
                "happy": {"type": "integer"},
                "aside": {},
            },
            "derive": {"glad": "happy > 5"},
            "targets": [
                {
                    "dataflow": support.FLOW,
                    "map": {"TIME_PERIOD": "year"},
                    "estimate": {"indicators": {"V": {"proportion": "voted"}, "H": {"proportion": "glad"}}},
                }
            ],
        }
    )


def _subject(tmp_path, *arrivals, contract=None):
    base = support.office(tmp_path)
    dataset = Dataset("kin", "votes", contract or _contract(), Document(tmp_path, {}, {}))
    mappings = base.mappings.__class__(
        **{**vars(base.mappings), "datasets": {**base.mappings.datasets, dataset.name: dataset}}
    )
    house = House(Store(tmp_path), mappings)
    names = []
    for number, arrived in enumerate(arrivals or ("2026-03-01T12:00:00Z",), start=1):
        delivery = Delivery(dataset.name, number, f"{number:02}" * 32, "x.csv", 1, arrived, f"m{number}")
        folder = delivery.outcome_folder(house.store, dataset)
        folder.mkdir(parents=True)
        (delivery.folder(house.store) / "delivery.json").write_bytes(delivery.as_json())
        (folder / "outcome.json").write_bytes(as_json(Outcome(delivery, "accepted", COUNTS).as_facts()))
        names.append(delivery.full_name)
    _records(folder / "records.parquet")
    return Subject(house, dataset, frozenset(names))


def _records(path):
    # Of four: one did not vote by not applying, one left it open, two left their happiness open.
    rows = [
        ("a", "2023", True, True, None, 7),
        ("b", "2024", True, None, "not_applicable", None),
        ("c", "2024", True, None, None, None),
        ("d", "2024", True, False, None, 3),
    ]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t (who VARCHAR, year VARCHAR, agreed BOOLEAN, voted BOOLEAN, voted__why VARCHAR, "
            "happy BIGINT)"
        )
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def test_only_answers_that_feed_figures_are_asked_for():
    assert list(feeding(_contract())) == ["year", "voted", "happy"]


def test_item_non_response_leaves_out_what_does_not_apply(tmp_path):
    # 4 years + 3 votes + 4 answers on happiness apply; 1 vote and 2 of the others are empty.
    found = OF_DATASET["item_non_response"](_subject(tmp_path))
    assert found.value == pytest.approx(3 / 11)


def test_refused_rows_are_measured_among_those_with_consent(tmp_path):
    assert OF_DATASET["refused_share"](_subject(tmp_path)).value == pytest.approx(5 / 95)


def test_timeliness_is_from_the_recorded_arrival(tmp_path, monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", "2040-01-01T00:00:00Z")
    assert OF_DATASET["days_to_arrival"](_subject(tmp_path, "2025-01-31T00:00:00Z")).value == 30


def test_punctuality_is_the_share_of_intervals_that_were_kept(tmp_path):
    found = _subject(tmp_path, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z")
    assert OF_DATASET["punctual_share"](found).value == 0.5


def test_with_one_delivery_punctuality_is_not_known(tmp_path):
    assert OF_DATASET["punctual_share"](_subject(tmp_path)).value is None


def test_what_the_contract_says_is_measured_as_it_is(tmp_path):
    subject = _subject(tmp_path)
    assert OF_DATASET["participation"](subject).value == 3
    assert OF_DATASET["stages_told"](subject).value == pytest.approx(2 / 7)
    assert OF_DATASET["response_rate"](subject).value == 0.5
    assert OF_DATASET["methods_linked"](subject).value == 0
    assert OF_DATASET["consent_basis"](subject).value == 1


def test_a_response_rate_does_not_apply_to_a_register(tmp_path):
    contract = _contract(sampling="register")
    assert not OF_DATASET["response_rate"](_subject(tmp_path, contract=contract)).applies


def test_no_delivery_is_no_answer(tmp_path):
    subject = _subject(tmp_path)
    empty = Subject(subject.house, subject.dataset, frozenset())
    for measure in ("refused_share", "item_non_response", "days_to_arrival", "punctual_share"):
        assert OF_DATASET[measure](empty).value is None


@pytest.mark.parametrize(
    ("share", "told"), [(0, "0 %"), (0.002, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1, "100 %")]
)
def test_a_small_share_is_not_rounded_away(share, told):
    assert percent(share) == told


# --- figures ----------------------------------------------------------------------------------------------


def _figures(tmp_path, rows, former=None, **flow):
    house = support.office(tmp_path, **flow)
    support.write(tmp_path / "now" / "p.parquet", rows)
    if former is not None:
        support.write(tmp_path / "then" / "f.parquet", former)
    figures = figures_of(
        house,
        support.FLOW,
        tmp_path / "now" / "p.parquet",
        tmp_path / "then" / "f.parquet" if former else None,
    )
    return figures.measured(house.store.scratch)


def test_figures_are_measured_as_they_would_be_published(tmp_path):
    found = _figures(
        tmp_path,
        [
            support.row("DK", "F", value=1.0, SAMPLE_SIZE=30),
            support.row("DK", "M", value=2.0, SAMPLE_SIZE=10),
            support.row("NP", "F", value=None, SAMPLE_SIZE=None),
        ],
        [support.row("DK", "F", value=1.0), support.row("DK", "M", value=3.0)],
        constraint={"REF_AREA": ["DK", "NP"], "SEX": ["F", "M"]},
    )
    assert found["coverage"].value == 0.75
    assert found["disaggregation"].value == 1
    assert found["sample_size"].value == 0.5
    assert found["withheld_share"].value == pytest.approx(1 / 3)
    assert found["revised_share"].value == 0.5
    assert not found["precision"].applies
    assert found["official_difference"].value is None


def test_figures_are_compared_with_official_ones(tmp_path):
    official = tmp_path / "dataflows" / "OFFICE" / "official.csv"
    official.parent.mkdir(parents=True)
    official.write_text(
        "REF_AREA,SEX,TIME_PERIOD,OBS_VALUE\nDK,F,2020,2\nDK,M,2020,4\nNP,F,2020,0\n", "utf-8"
    )
    rows = [
        support.row("DK", "F", value=2.2),
        support.row("DK", "M", value=4.4),
        support.row("NP", "F", value=1.0),
    ]
    found = _figures(tmp_path, rows, quality={"official": "official.csv"})
    assert found["official_difference"].value == pytest.approx(0.1)


# --- the receipt ------------------------------------------------------------------------------------------


def test_a_receipt_tells_what_its_partner_can_mend_and_nothing_else(tmp_path):
    subject = _subject(tmp_path, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    told = quality_of_delivery(subject.house, subject.outcomes[-1], "da")
    assert {t["criterion"] for t in told} == {"ROWS_KEEP_CONTRACT", "ITEM_NON_RESPONSE", "PUNCTUALITY"}
    assert {t["criterion"]: (t["verdict"], t["share"]) for t in told}["PUNCTUALITY"] == ("met", "100 %")
    assert all("?" in t["question"] and not t["question"].startswith("Do ") for t in told)


def test_a_refused_delivery_is_told_no_quality(tmp_path):
    subject = _subject(tmp_path)
    outcome = replace(subject.outcomes[0], status="refused")
    assert quality_of_delivery(subject.house, outcome, "en") == []
