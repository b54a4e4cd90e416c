"""A draft from a partner's file: a contract takes it as it is, and the file is accepted under it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from citizenstats.contracts.document import read_yaml
from citizenstats.errors import DeliveryError
from citizenstats.receive.draft import draft
from tests.receive.office import Contract, Office

KOBO = (
    '"_id";"grp/år";"grp/Region";"grp/water/well";"minutes";"weight";"Phone number";"when";"code";"";"Région"\n'
    '"101";"2024";"North";"1";"7";"1,5";"+45 20 30 40 50";"2024-03-01";"007";"";"x"\n'
    '"102";"2023";"South";"0";"";"2,25";"+45 20 30 40 51";"2024-03-02";"010";"";""\n'
)


@pytest.fixture
def kobo(tmp_path: Path) -> Path:
    path = tmp_path / "kobo.csv"
    path.write_text(KOBO, "utf-8")
    return path


def test_it_tells_headers_kinds_and_roles_and_no_cell(kobo: Path, tmp_path: Path) -> None:
    said = draft(kobo, {}, None)
    assert not any(cell in said for cell in ("North", "2024", "+45", "007"))
    (tmp_path / "draft.yaml").write_text(said, "utf-8")
    assert read_yaml(tmp_path / "draft.yaml").content == {
        "read": {"decimal": ","},
        "key": ["id"],
        "columns": {
            "id": {"header": "_id", "required": True, "role": "identifier"},
            "aar": {"header": "grp/år", "type": "period", "required": True},
            "region": {"header": "grp/Region", "required": True},
            "well": {"header": "grp/water/well", "type": "integer", "required": True},
            "minutes": {"type": "integer"},
            "weight": {"type": "number", "required": True},
            "phone_number": {"header": "Phone number", "required": True, "role": "identifier"},
            "when": {"type": "date", "required": True},
            "code": {"required": True},
            "c_10": {"header": "(J)"},
            "region_2": {"header": "Région"},
        },
    }


def test_the_file_is_accepted_under_it(office_of: Callable[..., Office], kobo: Path) -> None:
    def change(contract: Contract) -> None:
        begun = yaml.safe_load(draft(kobo, {}, None))
        contract |= {"key": begun["key"], "columns": begun["columns"], "rules": [], "read": begun["read"]}
        contract["record"]["consent"] = {"basis": "public_source", "evidence": "none"}
        [target] = contract["targets"]
        target["map"] |= {"SEX": {"value": "_T"}, "TIME_PERIOD": {"column": "aar"}}
        target["estimate"] |= {"breakdowns": ["REF_AREA"], "indicators": {"SCORE": {"mean": "weight"}}}

    outcome = office_of(change).send(kobo.read_bytes(), "kobo.csv")
    assert (outcome.status, outcome.counts["accepted"], outcome.findings) == ("accepted", 2, ())


def test_what_is_no_table_is_said_in_the_words_of_a_receipt(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text('{"id": "a1"}')
    with pytest.raises(DeliveryError, match=r"NOT_A_TABLE: .* it is JSON"):
        draft(path, {}, None)
