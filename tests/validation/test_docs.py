"""The page says the rules that there are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from citizenstats.validation.rules import RULES, TABLE, rules_table

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"
_PART = re.compile(r"(?<=-->\n)(.*)(?=<!-- end of rules -->)", re.DOTALL)


def test_the_page_holds_the_table_of_the_rules() -> None:
    text = PAGE.read_text("utf-8")
    wanted = _PART.sub(lambda _: f"\n{rules_table()}\n", text)
    if os.environ.get("CITIZENSTATS_GOLDEN") == "write":
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted


def test_a_rule_is_named_once() -> None:
    assert len(RULES) == len(TABLE)
