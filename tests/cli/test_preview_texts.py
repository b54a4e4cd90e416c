"""What `preview` tells whoever writes a contract: texts only when asked, the contract's own faults, keys that stand twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, Said
from tests.receive.office import HEADER, Change, Office, row

Preview = Callable[..., Said]


@pytest.fixture
def preview(citizenstats: Command, tmp_path: Path) -> Preview:
    """Preview a file as a delivery of an office whose contract is changed as told."""

    def preview(content: str, *told: str, change: Change | None = None) -> Said:
        office = Office(tmp_path / "office", change)
        file = tmp_path / "answers.csv"
        file.write_text(content, "utf-8")
        return citizenstats(
            "--mappings",
            office.mappings,
            "--home",
            tmp_path / "home",
            "preview",
            "watch/answers",
            file,
            *told,
        )

    return preview


def test_the_partners_texts_are_shown_only_when_asked(preview: Preview) -> None:
    content = "\n".join([HEADER.replace("region", "landsdel"), row("a")])
    plain, told = preview(content), preview(content, "--texts")
    assert (plain.code, told.code) == (1, 1)
    assert "MISSING_COLUMN in region" in plain.out
    assert "landsdel" not in plain.out
    assert "landsdel" in told.out


def test_an_unknown_text_is_shown_with_what_may_be_meant(preview: Preview) -> None:
    said = preview("\n".join([HEADER, row("a"), row("b", region="Nort")]), "--texts")
    assert "      Nort, perhaps North" in said.out.splitlines()


def test_a_contract_with_a_fault_is_not_blamed_on_the_file(preview: Preview) -> None:
    said = preview(HEADER, change=lambda c: c["read"].update({"footnote_marks": "?%$"}))
    assert (said.code, said.out) == (1, "")
    assert re.search(r"answers\.yaml:\d+: BAD_PATTERN", said.err)


def test_keys_that_stand_twice_are_named(preview: Preview) -> None:
    def compiled(contract: dict[str, Any]) -> None:
        contract["record"]["publication"] = "public"
        contract["protection"] = {"waived": "The figures of this test are about nobody"}
        (target,) = contract["targets"]
        del target["estimate"]
        target["map"] |= {"OBS_VALUE": "score", "INDICATOR": {"value": "SCORE"}}

    content = "\n".join([HEADER, row("a"), row("b"), row("c", region="South")])
    plain, shown = preview(content, change=compiled), preview(content, "--texts", change=compiled)
    assert "KEY_TWICE_IN_DATASET in the key (1)" in plain.err
    assert "--texts shows the values" in plain.err
    assert "assembled.json" not in plain.err
    assert "A.XX-N.SCORE.F.2024" not in plain.out + plain.err
    assert "KEY_TWICE_IN_DATASET in the key: A.XX-N.SCORE.F.2024" in shown.out
