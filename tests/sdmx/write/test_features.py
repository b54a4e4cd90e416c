"""The table of features is what the writers refuse by, it names each format, and the documentation shows it."""

import os
from pathlib import Path

from citizenstats.sdmx.write import FORMATS
from citizenstats.sdmx.write.features import FEATURES, FORMS, table

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"
BEGIN, END = "<!-- features: begin -->\n", "<!-- features: end -->\n"


def test_the_table_has_a_column_for_each_format_and_names_no_other():
    assert sorted(FORMS) == sorted(FORMATS)
    for feature in FEATURES:
        named = {form for told in (feature.refused, feature.around, feature.words) for form in told or {}}
        assert named <= set(FORMS)
        assert not set(feature.refused or {}) & set(feature.around or {})


def test_the_page_shows_the_table():
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    made = f"{before}{BEGIN}{table()}{end}{after}"
    if os.environ.get("CITIZENSTATS_GOLDEN") == "write":
        PAGE.write_text(made, "utf-8")
    assert PAGE.read_text("utf-8") == made, "run it with CITIZENSTATS_GOLDEN=write"
