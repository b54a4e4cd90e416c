"""What a dataflow published is known when it is gone, renamed, or when its codes are other ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble
from citizenstats.release.release import release
from tests.protect import office

SIZES = (2, 2)
PEOPLE = {(a, b): (60, 30) for a in ("A0", "A1") for b in ("B0", "B1")}
LATER = {**PEOPLE, ("A0", "B0"): (61, 31)}


def _renamed(folder: Path) -> tuple[str, str]:
    """Give the dataflow, its structure and its family another name."""
    for file in ("dataflows/OFFICE/ANSWERS.yaml", "structures/OFFICE/data_structures/ANSWERS.yaml"):
        former = folder / file
        former.with_name("REPLIES.yaml").write_text(
            former.read_text("utf-8").replace("family: answers", "family: replies"), "utf-8"
        )
        former.unlink()
    _replace(folder / "partners/asker/answers.yaml", office.FLOW, "OFFICE:REPLIES")
    return "OFFICE:REPLIES", "replies"


def _called_otherwise(folder: Path) -> tuple[str, str]:
    """Publish the same figures under other codes."""
    _replace(folder / "partners/asker/answers.yaml", "SHARE:", "PART:")
    _replace(folder / "partners/asker/answers.yaml", "NUMBER_OF:", "AMOUNT:")
    return office.FLOW, office.FAMILY


def _replace(file: Path, one: str, other: str) -> None:
    file.write_text(file.read_text("utf-8").replace(one, other), "utf-8")


def _next(house: House, flow: str, family: str) -> Path:
    office.deliver(house, {"2020": LATER}, SIZES)
    receive(house, office.DATASET, settle=0.0)
    observe(house, office.DATASET)
    assemble(house, flow)
    return protect(house, family).folder / f"{flow.replace(':', '.')}.parquet"


@pytest.mark.parametrize("changed", [_renamed, _called_otherwise])
def test_one_person_more_is_not_told_by_a_figure_that_has_another_name_now(
    tmp_path: Path, changed: Callable[[Path], tuple[str, str]]
) -> None:
    folder = office.mappings(tmp_path / "mappings", SIZES)
    with (folder / "structures/OFFICE/codelists/CL_INDICATOR.csv").open("a", encoding="utf-8") as file:
        file.write("PART,,Part\nAMOUNT,,Amount\n")
    house = open_house(tmp_path / "home", folder)
    office.next_state(house, {"2020": PEOPLE}, SIZES)
    assert release(house, office.FLOW).release is not None
    flow, family = changed(folder)
    house = open_house(tmp_path / "home", folder)
    file = _next(house, flow, family)
    shown = set(duckdb.sql(f"SELECT GA, GB FROM '{file}' WHERE OBS_VALUE IS NOT NULL").fetchall())
    # What is as it was would tell where the one is not.
    assert shown == set()
    assert release(house, flow).release is not None
    # The audit knows it by itself.
    messages = tmp_path / "messages"
    messages.mkdir()
    duckdb.sql(
        f"COPY (SELECT * REPLACE (61 AS SAMPLE_SIZE) FROM '{file}' WHERE GA = 'A0' AND GB = 'B0') "
        f"TO '{messages}/data.csv' (HEADER)"
    )
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, flow, file.parent.name, messages).require(flow)
