"""YAML is read with the line of each fault, and plain words stay words."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.contracts.document import faults, read_yaml
from citizenstats.contracts.load import read_code_map
from citizenstats.contracts.model import PartnerFile, Reading
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


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("ø: 1\nb: ø\n".encode("latin-1"), 1),
        (b"a: 1\nb: \x00\n", 2),
        (b"a: 1\nb: &b [*b]\n", 2),
        (b"a: 1\nb: " + b"[" * 3000 + b"]" * 3000, 2),
        (BOMB.encode(), None),
    ],
)
def test_what_no_machine_could_hold_or_read_is_an_error_with_its_line(
    tmp_path: Path, content: bytes, line: int | None
) -> None:
    path = tmp_path / "partner.yaml"
    path.write_bytes(content)
    with pytest.raises(MappingError, match=rf"partner\.yaml:{line or '[0-9]+'}: BAD_YAML"):
        read_yaml(path)


def test_a_tab_separates_as_it_stands() -> None:
    assert Reading(delimiter="\t").delimiter == "\t"


@pytest.mark.parametrize("content", ["just a text\n", "- a\n- b\n", "null\n"])
def test_what_is_no_list_of_keys_is_told_so(tmp_path: Path, content: str) -> None:
    (fault,) = faults(PartnerFile, read_yaml(document(tmp_path, content)))
    assert "no list of keys" in str(fault)


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
