"""Changed counts of two dataflows are attacked together: what is summed in one is summed in the other."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from citizenstats.house import House, open_house
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.audit.family import Family
from citizenstats.protect.audit.perturbed import left_together
from citizenstats.protect.audit.rounded import attacked_together
from citizenstats.protect.audit.together import Whole, whole_figures
from citizenstats.protect.audit.words import words_of
from tests.protect import linked, office
from tests.protect.test_audit_family import PEOPLE

ROUNDING = "protection: {rounding: {base: 5}}\n"
VARIANCE = 3.0


def _made(folder: Path, choice: str) -> tuple[House, Path]:
    """Return an office of two dataflows with changed counts, and the folder of their state."""
    said = linked.opened(folder).mappings.folder
    for flow in linked.GROUPS:
        with (said / f"dataflows/{flow.replace(':', '/')}.yaml").open("a", encoding="utf-8") as file:
            file.write(choice)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8")
    contract.write_text(text.replace("columns:\n", "key: [year, answer, ga, gb, gc]\ncolumns:\n", 1), "utf-8")
    house = open_house(folder / "home", said)
    return house, linked.protected(house, PEOPLE)


def _audited(house: House, state: Path, flow: str, folder: Path) -> dict[str, float]:
    folder.mkdir(exist_ok=True)
    duckdb.sql(f"COPY (FROM '{state}/{flow.replace(':', '.')}.parquet') TO '{folder}/data.csv' (HEADER)")
    found = audited(house, flow, state.name, folder)
    found.require(flow)
    return found.as_facts()


def _figures(house: House, state: Path) -> list[Whole]:
    return list(whole_figures(Family(house, office.FAMILY, state.name, tuple(sorted(linked.GROUPS)))))


def test_rounded_counts_of_two_dataflows_leave_every_count_open(tmp_path: Path) -> None:
    house, state = _made(tmp_path, ROUNDING)
    (whole,) = _figures(house, state)
    assert len(whole.cells) == 3 * 4 + 3 * 4 - 3, "the groups that both have are one cell"
    possible = attacked_together(whole, 5)
    assert possible
    assert all(counts >= asked for counts, asked in possible)
    alone = [_audited(house, state, flow, tmp_path / flow[-6:])["attacked"] for flow in linked.GROUPS]
    assert max(alone) > len(possible), "the message by itself, and both together"


def test_noise_of_two_dataflows_averages_out_more_than_that_of_one(tmp_path: Path) -> None:
    house, state = _made(tmp_path, f"protection: {{cell_key: {{deviation: 6, variance: {VARIANCE}}}}}\n")
    (whole,) = _figures(house, state)
    together = left_together(whole, VARIANCE)
    one = next(iter(linked.GROUPS))
    own = {ladder.variable for words in words_of(house, one) for ladder in words.ladders}
    inside = [
        i for i, cell in enumerate(whole.cells) if {c.partition("=")[0] for c in cell.categories} <= own
    ]
    assert 0 < len(inside) < len(whole.cells)
    place = {i: j for j, i in enumerate(inside)}
    sums = [(place[p], tuple(place[c] for c in of)) for p, of in whole.sums if {p, *of} <= place.keys()]
    alone = left_together(Whole([whole.cells[i] for i in inside], sums), VARIANCE)
    assert min(together) < min(alone)
    assert _audited(house, state, one, tmp_path / "one")["narrowest"] == pytest.approx(min(together))
