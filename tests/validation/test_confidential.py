"""What may not stand in observations that leave."""

from __future__ import annotations

from typing import Any

import pytest

from citizenstats.validation.confidential import confidentiality_findings
from tests.validation.support import STRUCTURE, framed, row


def found(*rows: dict[str, Any], **more: Any) -> list[tuple[str, str, int, int | None]]:
    with framed(rows, **more) as (engine, frame):
        return [
            (f.code, f.component, f.count, f.row) for f in confidentiality_findings(engine, frame, STRUCTURE)
        ]


WITHHELD = {"OBS_VALUE": None, "OBS_STATUS": "Q", "CONF_STATUS": "C"}


def test_a_value_that_is_free_or_emptied_as_it_should_be_has_no_finding() -> None:
    assert (
        found(
            row(),
            row(CONF_STATUS=None),
            row(**WITHHELD, DECIMALS="1"),
            row(**WITHHELD | {"OBS_VALUE": "NaN"}),
        )
        == []
    )
    assert found(row(OBS_VALUE=None, OBS_STATUS="L", SAMPLE_SIZE="40")) == []


@pytest.mark.parametrize(
    ("wrong", "code", "component"),
    [
        ({"CONF_STATUS": "C"}, "CONFIDENTIAL_VALUE", "OBS_VALUE"),
        ({"CONF_STATUS": "N"}, "CONFIDENTIAL_VALUE", "OBS_VALUE"),
        ({"OBS_STATUS": "Q"}, "MISSING_WITH_VALUE", "OBS_VALUE"),
        ({"OBS_STATUS": "L"}, "MISSING_WITH_VALUE", "OBS_VALUE"),
        ({**WITHHELD, "SAMPLE_SIZE": "4"}, "COMPANION_OF_WITHHELD", "SAMPLE_SIZE"),
        ({**WITHHELD, "CONF_STATUS": "F", "LOWER_BOUND": "0.1"}, "COMPANION_OF_WITHHELD", "LOWER_BOUND"),
        ({**WITHHELD, "CONF_STATUS": "D"}, "SUPPRESSION_TOLD_APART", "CONF_STATUS"),
        ({"EMBARGO_DATE": "2030-01-01T00:00:00"}, "EMBARGO_NOT_INTERNAL", "EMBARGO_DATE"),
    ],
)
def test_each_breach_is_told_with_its_row(wrong: dict[str, Any], code: str, component: str) -> None:
    assert found(row(), row(**wrong)) == [(code, component, 1, 2)]


def test_a_structure_without_conf_status_is_judged_by_obs_status() -> None:
    rows = [row(OBS_STATUS="Q"), row(OBS_VALUE=None, OBS_STATUS="Q", SAMPLE_SIZE="4")]
    assert found(*rows, without=["CONF_STATUS"]) == [
        ("MISSING_WITH_VALUE", "OBS_VALUE", 1, 1),
        ("COMPANION_OF_WITHHELD", "SAMPLE_SIZE", 1, 2),
    ]
