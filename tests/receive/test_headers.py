"""Headers as partners write them: blank ones, one over several columns, and columns beside the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citizenstats.errors import CitizenstatsError
from tests.receive.office import DATASET, HEADER, Office, file, row

OFFICE = Callable[..., Office]
ROWS = [row(f"a{n}", comment=f"c{n}") for n in range(30)]


def called(**headers: str) -> Callable[[dict[str, Any]], None]:
    """A contract that calls columns otherwise."""

    def change(contract: dict[str, Any]) -> None:
        for column, header in headers.items():
            contract["columns"][column]["header"] = header

    return change


@pytest.mark.parametrize("notes", ["", "\n\nNotes: none"], ids=["by the engine", "row by row"])
def test_columns_without_a_header_are_called_by_their_place(office_of: OFFICE, notes: str) -> None:
    header = HEADER.replace("id;region", ";", 1).replace("comment", "")
    here = office_of(called(id="(A)", region="(b)", comment="(H)"))
    if notes:
        here.agree(
            lambda c: (called(id="(A)", region="(b)", comment="(H)")(c), c["read"].update(ends_at="^Notes"))
        )
    here.drop("\n".join([header, *ROWS]) + notes)
    (outcome,) = here.receive()
    assert outcome.status == "accepted"
    assert here.records("id, region, comment")[0] == ("a0", "North", "c0")


def test_a_cell_beside_the_header_has_a_place_too(office_of: OFFICE) -> None:
    """A flag beside the last column, as statistical offices write it, has often neither header nor separator there."""
    here = office_of(called(comment="(H)"))
    here.drop("\n".join([HEADER.removesuffix(";comment"), *ROWS]))
    (outcome,) = here.receive()
    assert (outcome.status, here.records("comment")[1]) == ("accepted", ("c1",))


def test_a_refused_row_of_a_column_without_header_can_be_sent_back(office_of: OFFICE) -> None:
    """What a statistical package writes has row numbers in a first column without a header."""
    here = office_of(called(id="(A)"))
    here.drop("\n".join([HEADER.removeprefix("id"), *ROWS, row("b", sex="x")]))
    (outcome,) = here.receive()
    assert [(f.code, f.first_row) for f in outcome.findings] == [("NOT_ALLOWED", 32)]
    (sent_back,) = here.outbox.glob("*.refused.csv")
    assert "(A)" in sent_back.read_text("utf-8-sig").splitlines()[0]


def test_of_columns_with_one_header_the_places_tell(office_of: OFFICE) -> None:
    header = HEADER.replace("comment", "region")
    here = office_of(called(region="region", comment="(H)"))
    here.drop("\n".join([header, *ROWS]))
    (outcome,) = here.receive()
    first = outcome.findings[0]
    assert (first.code, first.column, first.facts) == ("DUPLICATE_HEADER", "region", {"columns": "(B), (H)"})
    here.agree(called(region="(B)", comment="(H)"))
    (outcome,) = here.receive()
    assert (outcome.status, here.records("region, comment")[0]) == ("accepted", ("North", "c0"))


def test_a_column_with_a_header_of_its_own_is_not_called_by_its_place(office_of: OFFICE) -> None:
    here = office_of(called(region="(B)"))
    here.drop(file(*ROWS))
    (outcome,) = here.receive()
    # The header that is there is told too: it may be the one that was meant.
    told = [(f.code, f.column, [e.text for e in f.values]) for f in outcome.findings]
    assert told == [("MISSING_COLUMN", "(B)", []), ("COLUMN_NOT_READ", None, ["region"])]


def test_a_blank_header_is_refused_in_the_contract(tmp_path: Path) -> None:
    here = Office(tmp_path, called(id=""))
    with pytest.raises(CitizenstatsError, match=r"called by its place: \(A\) is the first"):
        here.house.mappings.dataset(DATASET)
