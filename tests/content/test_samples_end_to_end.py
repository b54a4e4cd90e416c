"""What becomes of the samples of two partners, from the inbox to the publishable figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from citizenstats.house import open_house
from citizenstats.receive.delivery import deliveries
from citizenstats.receive.outcome import outcome_of
from citizenstats.release.candidate import candidates

ROOT = Path(__file__).parents[2]
ROUNDS = ("1_first", "2_corrections")
DATASETS = (
    "indigenous_navigator/community_survey",
    "indigenous_navigator/national_survey",
    "right_to_defend/assessments",
    "right_to_defend/incidents",
)
FLOWS = ("CITIZENSTATS:INDIGENOUS_NAVIGATOR", "CITIZENSTATS:RIGHT_TO_DEFEND", "IAEG-SDGs:DF_SDG_GLC")

Shown = tuple[float | None, str]


@dataclass(frozen=True)
class Walked:
    """What both rounds gave: the outcome of each file, and the folder of each family's publishable figures."""

    outcomes: Mapping[str, tuple[str, Mapping[str, int]]]
    families: Mapping[tuple[str, str], Path]

    def figures(self, round_: str, flow: str, **key: str) -> dict[tuple[str, ...], Shown]:
        """Value and status by the rest of the key, of the figures with the given codes."""
        family = "indigenous_navigator" if "NAVIGATOR" in flow else "right_to_defend"
        path = self.families[round_, family] / f"{flow.replace(':', '.')}.parquet"
        names = [c for c in ("REF_AREA", "VICTIM_GROUP", "SEX", "ITEM", "TIME_PERIOD") if c not in key]
        held = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
        names = [c for c in names if c in held]
        where = " AND ".join(f"{c} = '{code}'" for c, code in key.items())
        listed = ", ".join([*names, "OBS_VALUE", "OBS_STATUS"])
        rows = duckdb.sql(f"SELECT {listed} FROM '{path}' WHERE {where}").fetchall()
        return {row[:-2]: row[-2:] for row in rows}


@pytest.fixture(scope="module")
def walked(demonstration: Path) -> Walked:
    house = open_house(demonstration, ROOT / "sdmx_mappings")
    outcomes = {
        outcome.delivery.file_name: (outcome.status, outcome.counts)
        for dataset in DATASETS
        for delivery in deliveries(house.store, dataset)
        if (outcome := outcome_of(house, delivery)) is not None
    }
    families = {}
    for flow in FLOWS:
        made = candidates(house, flow)
        assert len(made) == len(ROUNDS), "each round changed each dataflow once"
        for round_, candidate in zip(ROUNDS, made, strict=True):
            family = house.mappings.dataflow(flow).family
            families[round_, family] = house.store.protected(family) / candidate.facts["protected"]
    return Walked(outcomes, families)


@pytest.mark.parametrize(
    ("name", "status", "counts"),
    [
        ("community_survey_2023.csv", "partially_accepted", (251, 238, 4, 8, 1)),
        ("community_survey_2023_labels.csv", "refused", (30, 0, 30, 0, 0)),
        ("community_survey_2024.csv", "accepted", (250, 239, 0, 11, 0)),
        ("national_survey_2023.csv", "partially_accepted", (6, 4, 2, 0, 0)),
        ("national_survey_2023_thailand.csv", "accepted", (1, 1, 0, 0, 0)),
        ("assessments_2023.xlsx", "partially_accepted", (66, 57, 6, 0, 3)),
        ("assessments_2023_reviewed.xlsx", "accepted", (65, 62, 0, 0, 3)),
        ("assessments_2024_broken_upload.xlsx", "refused", (0, 0, 0, 0, 0)),
        ("assessments_2024.xlsx", "accepted", (38, 37, 0, 0, 1)),
        ("incidents_2024.csv", "partially_accepted", (640, 627, 7, 5, 1)),
        ("incidents_2024_old_form.csv", "refused", (25, 0, 25, 0, 0)),
        ("incidents_2024_amended.csv", "accepted", (7, 6, 0, 1, 0)),
    ],
)
def test_every_delivery_has_the_outcome_that_its_page_promises(
    walked: Walked, name: str, status: str, counts: tuple[int, ...]
) -> None:
    found, counted = walked.outcomes[name]
    assert found == status
    assert tuple(counted[k] for k in ("read", "accepted", "refused", "withheld", "ignored")) == counts


def test_a_country_whose_communities_took_their_data_back_has_another_figure(walked: Walked) -> None:
    flow = "CITIZENSTATS:INDIGENOUS_NAVIGATOR"
    lost = {"INDICATOR": "COM_LAND_LOSS", "ITEM": "_T", "QUESTIONNAIRE": "LCS", "TIME_PERIOD": "2023"}
    before, after = (walked.figures(round_, flow, **lost) for round_ in ROUNDS)
    assert before[("NP",)] == (60.4, "A")
    assert after[("NP",)] == (58.0, "A")
    assert before[("KE",)] == after[("KE",)]


def test_conflict_over_territory_is_too_common_to_be_told(walked: Walked) -> None:
    """Fewer than twenty communities have none, which is too few of a sensitive question."""
    flow = "CITIZENSTATS:INDIGENOUS_NAVIGATOR"
    conflict = {"INDICATOR": "COM_TERRITORY_CONFLICT", "ITEM": "_T", "TIME_PERIOD": "2023"}
    found = walked.figures("2_corrections", flow, **conflict)
    areas = ("KE", "NP", "PE", "_T")
    assert {area: found[(area,)] for area in areas} == dict.fromkeys(areas, (None, "Q"))


def test_an_answer_of_a_state_that_is_not_available_is_neither_yes_nor_no(walked: Walked) -> None:
    flow = "CITIZENSTATS:INDIGENOUS_NAVIGATOR"
    special = walked.figures("2_corrections", flow, INDICATOR="I128", QUESTIONNAIRE="LNS", ITEM="_T")
    assert special[("CM", "2023")] == (None, "L")
    assert special[("KE", "2023")] == (1.0, "A")
    assert special[("TH", "2023")] == (0.0, "A")


def test_an_assessment_is_unvalidated_until_its_review(walked: Walked) -> None:
    flow = "CITIZENSTATS:RIGHT_TO_DEFEND"
    tunisia = {"REF_AREA": "TN", "INDICATOR": "Q11_TREATIES", "TIME_PERIOD": "2023"}
    (before,), (after,) = (walked.figures(round_, flow, **tunisia).values() for round_ in ROUNDS)
    assert (before[1], after[1]) == ("V", "A")
    assert before[0] == after[0]


def test_zero_withheld_and_not_monitored_are_three_things_in_the_national_report(walked: Walked) -> None:
    flow = "IAEG-SDGs:DF_SDG_GLC"
    killed = walked.figures("1_first", flow, SERIES="VC_VAW_MTUHRA", TIME_PERIOD="2024", AGE="_T", SEX="_T")
    assert killed == {
        ("404",): (15.0, "A"), ("496",): (0.0, "A"), ("524",): (None, "Q"), ("604",): (29.0, "A"),
        ("608",): (60.0, "A"), ("788",): (0.0, "A"),
    }  # fmt: skip
    missing = walked.figures("1_first", flow, SERIES="VC_VOC_ENFDIS", TIME_PERIOD="2024", SEX="_T")
    assert missing[("788",)] == (None, "L")
    assert missing[("524",)] == (0.0, "A")
    later = walked.figures("2_corrections", flow, SERIES="VC_VAW_MTUHRA", TIME_PERIOD="2024", SEX="_T")
    assert later[("288",)] == (0.0, "A")


def test_a_second_source_makes_cases_count_and_an_act_can_be_corrected(walked: Walked) -> None:
    flow = "IAEG-SDGs:DF_SDG_GLC"
    missing = {"SERIES": "VC_VOC_ENFDIS", "REF_AREA": "404", "TIME_PERIOD": "2024", "SEX": "_T"}
    killed = {"SERIES": "VC_VAW_MTUHRA", "REF_AREA": "604", "TIME_PERIOD": "2024", "SEX": "_T"}
    assert [walked.figures(r, flow, **missing)[()] for r in ROUNDS] == [(None, "Q"), (12.0, "A")]
    assert [walked.figures(r, flow, **killed)[()] for r in ROUNDS] == [(29.0, "A"), (28.0, "A")]


def test_a_case_whose_consent_was_taken_back_counts_no_more(walked: Walked) -> None:
    killed = {"SERIES": "VC_VAW_MTUHRA", "REF_AREA": "608", "TIME_PERIOD": "2024", "SEX": "_T"}
    found = [walked.figures(r, "IAEG-SDGs:DF_SDG_GLC", **killed)[()] for r in ROUNDS]
    assert found == [(60.0, "A"), (59.0, "A")]


def test_the_report_and_our_own_dataflow_tell_the_same_numbers(walked: Walked) -> None:
    for round_ in ROUNDS:
        own = walked.figures(
            round_, "CITIZENSTATS:RIGHT_TO_DEFEND", INDICATOR="ACT_KILLING", VICTIM_GROUP="_T", SEX="_T"
        )
        sdg = walked.figures(round_, "IAEG-SDGs:DF_SDG_GLC", SERIES="VC_VAW_MTUHRA", SEX="_T")
        m49 = {"GH": "288", "KE": "404", "MN": "496", "NP": "524", "PE": "604", "PH": "608", "TN": "788"}
        assert {(m49[area], period): shown for (area, period), shown in own.items()} == sdg
