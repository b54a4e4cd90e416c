"""What a dataflow's file says of the codes of a former version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citizenstats.contracts.lint import lint
from tests.receive.office import Office


@pytest.mark.parametrize(
    ("recoded", "code"),
    [
        ({"1.0.0": {"REF_AREA": {"XX-N": ["XX-N", "XX-S"]}}}, None),
        ({"2.0.0": {"REF_AREA": {"XX-N": "XX-S"}}}, "BAD_VALUE"),
        ({"1.0.0": {"AREA": {"XX-N": "XX-S"}}}, "NO_SUCH_COMPONENT"),
        ({"1.0.0": {"REF_AREA": {"XX-N": "XX-W"}}}, "UNKNOWN_CODE"),
    ],
)
def test_codes_of_a_former_version_become_codes_of_this_one(
    tmp_path: Path, recoded: dict[str, Any], code: str | None
) -> None:
    office = Office(tmp_path)
    office.recode({}, recoded)
    assert [fault.code for fault in lint(office.mappings)] == ([code] if code else [])
