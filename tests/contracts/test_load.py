"""YAML is read with the line of each fault, and plain words stay words."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.contracts.load import faults, read_code_map, read_yaml
from citizenstats.contracts.model import PartnerFile
from citizenstats.errors import MappingError


def document(folder: Path, text: str) -> Path:
    path = folder / "partner.yaml"
    path.write_text(text, "utf-8")
    return path


def test_no_and_norway_stay_texts(tmp_path: Path) -> None:
    read = read_yaml(document(tmp_path, "answers: [no, yes, NO, on, off, true, 1, 1.5, null, 2024-01-31]\n"))
    assert read.content["answers"] == ["no", "yes", "NO", "on", "off", True, 1, 1.5, None, "2024-01-31"]


def test_a_key_that_stands_twice_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"partner\.yaml:2: DUPLICATE_KEY"):
        read_yaml(document(tmp_path, "a: 1\na: 2\n"))


def test_what_is_not_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"partner\.yaml:2: BAD_YAML"):
        read_yaml(document(tmp_path, "a: 1\n b: [\n"))


def test_every_fault_is_told_with_line_and_the_nearest_known_key(tmp_path: Path) -> None:
    read = read_yaml(document(tmp_path, "id: X\nname: {en: An office}\ncontakt: a@b.example\n"))
    found = [str(fault) for fault in faults(PartnerFile, read)]
    assert any("partner.yaml:3: UNKNOWN_KEY" in f and "did you mean 'contact'?" in f for f in found), found
    assert any("MISSING_KEY: 'contact' is missing" in f for f in found), found


def test_a_code_map_may_not_say_two_things_about_one_text(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("raw,code,note\nMand,M,\nMand,F,\n", "utf-8")
    with pytest.raises(MappingError, match=r"map\.csv:3: DUPLICATE_KEY"):
        read_code_map(tmp_path / "map.csv", tmp_path, "contract.yaml:1")


def test_a_code_map_lies_beside_its_contract(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="BAD_PATH"):
        read_code_map(tmp_path / ".." / "map.csv", tmp_path, "contract.yaml:9")
