"""What a small message looks like, as a file that people can read; `golden/` is reviewed when it changes."""

from pathlib import Path

import pytest

from citizenstats.sdmx.model import FLAT

from .support import message, row, written

GOLDEN = Path(__file__).parent / "golden"
ROWS = [
    row(period="2020", value=12.0, STD_ERROR=0.25),
    row(period="2021", value=None, SAMPLE_SIZE=None),
    row(sex="M", period="2020", value=1e-5, COMMENT_OBS='They said "no",\nand left & <all>'),
    row("NP", "_T", "2020", 0.0, TITLE=None, COMMENT_OBS="नेपाल 🏳️‍🌈"),
]


@pytest.mark.parametrize(
    ("file", "form", "more"),
    [
        ("csv-2.1.csv", "csv-2.1", {}),
        ("csv-2.1-delete.csv", "csv-2.1", {"action": "Delete"}),
        ("ml-3.0-series.xml", "ml-3.0", {}),
        ("ml-3.0-flat.xml", "ml-3.0", {"dimension_at_observation": FLAT}),
        ("ml-3.0-along-sex.xml", "ml-3.0", {"dimension_at_observation": "SEX", "action": "Append"}),
        ("ml-2.1-series.xml", "ml-2.1-structure-specific", {}),
        ("ml-2.1-flat.xml", "ml-2.1-structure-specific", {"dimension_at_observation": FLAT}),
    ],
)
def test_a_small_message_is_the_golden_file(tmp_path, file, form, more):
    assert written(message(tmp_path, ROWS, **more), form, tmp_path) == (GOLDEN / file).read_bytes()
